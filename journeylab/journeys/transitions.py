"""Who comes next? Counts, shares with intervals and times of the steps between touchpoints."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.intervals import wilson
from journeylab.journeys.model import Journeys
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class Transitions(Result):
    """Steps between touchpoints.

    Attributes
    ----------
    table : DataFrame
        from_touchpoint, to_touchpoint, n (steps), customers, share (of the steps away from there), ci_low, ci_high,
        median_seconds; most frequent first.
    """

    def summary(self) -> str:
        """Name the most frequent step to another touchpoint."""
        moves = self.table[self.table["from_touchpoint"] != self.table["to_touchpoint"]]
        if moves.empty:
            return "No journey has two touchpoints one after the other."
        top = moves.iloc[0]
        return (
            f"The most frequent step leads from '{top['from_touchpoint']}' to '{top['to_touchpoint']}': {top['n']:,} times, "
            f"{text.percent(top['share'])} ({text.interval(top['ci_low'], top['ci_high'])}) of all steps away from there."
        )

    def plot(self, ax: Axes | None = None, *, most: int = 12) -> Axes:
        """Draw a heat map of shares between the most frequent touchpoints."""
        weight = (
            self.table.groupby("from_touchpoint")["n"]
            .sum()
            .add(self.table.groupby("to_touchpoint")["n"].sum(), fill_value=0)
        )
        names = list(weight.nlargest(most).index)
        wide = self.table.pivot(index="from_touchpoint", columns="to_touchpoint", values="share").reindex(
            index=names, columns=names
        )
        ax = figures.new_axes(ax, width=9, height=figures.row_height(len(names), each=0.42) + 0.8)
        values = wide.to_numpy(dtype=float)
        ax.imshow(100 * np.nan_to_num(values), cmap="Blues", vmin=0, vmax=100, aspect="auto")
        for row, column in zip(*np.nonzero(np.nan_to_num(values) >= 0.05), strict=True):
            share = values[row, column]
            ax.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=9,
                    color="white" if share > 0.55 else figures.INK)  # fmt: skip
        ax.set_xticks(range(len(names)), names, rotation=40, ha="right")
        ax.set_yticks(range(len(names)), names)
        ax.grid(visible=False)
        ax.set_xlabel("to")
        ax.set_ylabel("from")
        figures.subtitle(
            ax, "Where each touchpoint leads", "per cent of the steps away from it; shares under 5 % are left blank"
        )
        return figures.describe(
            ax, f"Heat map of steps between the {len(names)} most frequent touchpoints. {self.summary()}"
        )


def transitions(j: Journeys) -> Transitions:
    """Count the steps from each touchpoint to the next.

    Returns
    -------
    Transitions
        One row a pair that occurs.

    Notes
    -----
    The share of steps from a to b among steps away from a is a ratio of two totals over customers; its variance is that of
    a ratio estimator clustered by customer (linearisation), drawn as a Wilson interval with the effective number of steps.
    Where customers repeat themselves the interval is wider than one that takes steps as independent.

    References
    ----------
    Cochran (1977), Sampling Techniques, ch. 6; Dean and Pagano (2015), Stat. Med. 34:2637, on effective sample size.
    """
    size = len(j.touchpoints)
    owner = j.event_journey
    inside = owner[1:] == owner[:-1] if j.n_events else np.empty(0, dtype=bool)
    origin, target = j.codes[:-1][inside].astype(np.int64), j.codes[1:][inside].astype(np.int64)
    customer = j.customer[owner[1:][inside]] if j.n_events else np.empty(0, dtype=np.int64)
    seconds = (j.times[1:] - j.times[:-1])[inside] / np.timedelta64(1, "s") if j.n_events else np.empty(0)
    pair = origin * size + target
    used, inverse, n = np.unique(pair, return_inverse=True, return_counts=True)
    a, b = used // max(size, 1), used % max(size, 1)
    away = np.bincount(origin, minlength=size)[a] if size else np.empty(0)
    share = n / away if len(n) else np.empty(0)
    customers, effective = _clustered(pair, origin, customer, used, a, share, away, size)
    _, low, high = wilson(share * effective, effective)
    order = np.argsort(inverse, kind="stable")
    middle = [float(np.median(part)) for part in np.split(seconds[order], np.cumsum(n)[:-1])] if len(n) else []
    names = np.array(j.touchpoints, dtype=object)
    table = pd.DataFrame(
        {
            "from_touchpoint": names[a] if len(a) else [],
            "to_touchpoint": names[b] if len(b) else [],
            "n": n,
            "customers": customers,
            "share": share,
            "ci_low": low,
            "ci_high": high,
            "median_seconds": middle,
        }
    )
    return Transitions(
        table.sort_values(["n", "from_touchpoint", "to_touchpoint"], ascending=[False, True, True], ignore_index=True),
        "Step shares with intervals clustered by customer",
        ("Customers act independently of each other; the steps of one customer need not be.",),
    )


def _clustered(
    pair: np.ndarray, origin: np.ndarray, customer: np.ndarray, used: np.ndarray, a: np.ndarray, share: np.ndarray,
    away: np.ndarray, size: int,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Customers behind each pair, and the number of independent steps that its share is worth."""
    if not len(used):
        return np.empty(0, dtype=int), np.empty(0)
    n_customers = int(customer.max()) + 1
    by_pair, steps = np.unique(pair * n_customers + customer, return_counts=True)
    by_origin, leaving = np.unique(origin * n_customers + customer, return_counts=True)
    row = np.searchsorted(used, by_pair // n_customers)
    key = (by_pair // n_customers // size) * n_customers + by_pair % n_customers
    all_away = leaving[np.searchsorted(by_origin, key)]
    customers = np.bincount(row, minlength=len(used))
    # sum over customers of (steps - share * leaving)^2; those who left a but never to b add (share * leaving)^2
    left = np.bincount(by_origin // n_customers, weights=leaving.astype(float) ** 2, minlength=size)[a]
    squares = np.bincount(
        row, weights=(steps - share[row] * all_away) ** 2 - (share[row] * all_away) ** 2, minlength=len(used)
    )
    variance = (squares + share**2 * left) / away.astype(float) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(variance > 0, share * (1 - share) / variance, away)
    return customers, np.clip(effective, 1.0, away)
