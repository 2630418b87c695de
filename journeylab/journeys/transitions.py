"""Who comes next? Counts, shares with intervals and times of the steps between touchpoints."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import StudyError
from journeylab.intervals import wilson
from journeylab.journeys.groups import DENSE, blocks, in_blocks, in_turn, number, quantiles
from journeylab.journeys.model import Journeys
from journeylab.journeys.tallies import Tally, steps_of
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST, LEAST = 12, 0.05
"""Touchpoints of the figure, and the share of steps away from one that has a colour there."""


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
            f"The most frequent step to another touchpoint leads from '{top['from_touchpoint']}' to '{top['to_touchpoint']}': "
            f"{text.count(top['n'])} times, {text.percent(top['share'])} "
            f"({text.interval(top['ci_low'], top['ci_high'])}) of all steps "
            "away from there."
        )

    def _names(self, most: int) -> list[str]:
        """The touchpoints between which most steps are."""
        steps = [self.table.groupby(f"{end}_touchpoint")["n"].sum() for end in ("from", "to")]
        return list(steps[0].add(steps[1], fill_value=0).nlargest(most).index)

    def _between(self, names: list[str]) -> pd.DataFrame:
        """The steps between these touchpoints that the figure draws, the most frequent first."""
        inside = self.table["from_touchpoint"].isin(names) & self.table["to_touchpoint"].isin(names)
        return self.table[inside & (self.table["share"] >= LEAST)].sort_values("n", ascending=False, kind="stable")

    @property
    def shown(self) -> pd.DataFrame:
        """What the figure draws, as a table."""
        return self._between(self._names(MOST)).reset_index(drop=True)

    def plot(self, ax: Axes | None = None, *, most: int = MOST) -> Axes:
        """Draw a heat map of shares between the most frequent touchpoints."""
        names = self._names(most)
        wide = self.table.pivot(index="from_touchpoint", columns="to_touchpoint", values="share").reindex(
            index=names, columns=names
        )
        ax = figures.new_axes(ax, width=9, height=figures.row_height(len(names), each=0.42) + 0.8)
        values = wide.where(wide >= LEAST).to_numpy(dtype=float)
        ax.imshow(100 * np.nan_to_num(values), cmap="Blues", vmin=0, vmax=100, aspect="auto")
        for row, column in zip(*np.nonzero(np.nan_to_num(values) > 0), strict=True):
            share = values[row, column]
            ax.text(column, row, text.fixed(100 * share, 0), ha="center", va="center", fontsize=9,
                    color="white" if share > 0.55 else figures.INK)  # fmt: skip
        ax.set_xticks(range(len(names)), names, rotation=40, ha="right")
        ax.set_yticks(range(len(names)), names)
        ax.grid(visible=False)
        ax.set_xlabel("to")
        ax.set_ylabel("from")
        figures.subtitle(
            ax, "Where each touchpoint leads", "per cent of the steps away from it; shares under 5 % are left blank"
        )
        draws = figures.drawn(
            self._between(names), ["from_touchpoint", "to_touchpoint"], {"of the steps away": "share"}
        )
        said = f"Heat map of steps between the {len(names)} most frequent touchpoints. {self.summary()}"
        return figures.describe(ax, said, draws)


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
    inside = j.has_next[:-1]
    used, place, n = number(j.codes[:-1][inside].astype(np.int64) * size + j.codes[1:][inside], size * size)
    a, b = used // max(size, 1), used % max(size, 1)
    gap = (j.times[1:] - j.times[:-1])[inside].view(np.int64)
    middle = quantiles(place, gap, len(used))[0] / 1e6
    away = np.bincount(a, weights=n, minlength=size).astype(np.int64)[a]
    share = n / away
    tally = _tally(j, place, a)
    effective = tally.effective(away.astype(float))
    _, low, high = wilson(share * effective, effective)
    names = np.array(j.touchpoints, dtype=object)
    table = pd.DataFrame(
        {
            "from_touchpoint": names[a],
            "to_touchpoint": names[b],
            "n": n,
            "customers": tally.customers.astype(np.int64),
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


def transition_matrix(j: Journeys) -> pd.DataFrame:
    """Count the steps from each touchpoint to the next as a square table, for further reckoning.

    Returns
    -------
    DataFrame of int64, shape (n_touchpoints, n_touchpoints)
        A row a touchpoint that is left, a column one that is gone to, both all touchpoints in order; 0 where no step leads.

    Raises
    ------
    StudyError
        For more than 4,096 touchpoints, where `transitions` gives the pairs that occur.
    """
    size = len(j.touchpoints)
    if size**2 > DENSE:
        raise StudyError(
            f"A square table of {text.count(size)} touchpoints is too large to be read; take transitions(j), or relabel them first."
        )

    def count(part: Journeys) -> np.ndarray:
        pair = part.codes[:-1] * np.int32(size) + part.codes[1:]
        return np.bincount(pair[part.has_next[:-1]], minlength=size**2)

    total = np.zeros(size**2, dtype=np.int64)
    for counts in in_blocks(j, count):
        total += counts
    names = list(j.touchpoints)
    return pd.DataFrame(
        total.reshape(size, size),
        index=pd.Index(names, name="from_touchpoint", dtype=object),
        columns=pd.Index(names, name="to_touchpoint", dtype=object),
    )


def _tally(j: Journeys, place: np.ndarray, a: np.ndarray) -> Tally:
    """Customers behind each pair, and what the variance of its share needs; `a` is where each pair leads from."""
    size = len(j.touchpoints)
    tally = Tally.empty(a, size)
    parts = list(blocks(j))
    ends = np.cumsum([0, *(int(np.maximum(part.lengths - 1, 0).sum()) for part in parts)])
    steps = [place[begin:end] for begin, end in itertools.pairwise(ends)]
    for counts in in_turn(lambda part, own: steps_of(part, own, a, size, int(part.customer[0])), parts, steps):
        tally.add(counts)
    return tally
