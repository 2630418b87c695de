"""Which behaviours grew, shrank, appeared or dissolved since the last run, and which is still which?"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.behaviours.chains import Chains, model
from journeylab.behaviours.portraits import two_proportions
from journeylab.intervals import FALSE_DISCOVERY_RATE, benjamini_hochberg, newcombe
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from journeylab.behaviours.find import Behaviours
    from journeylab.journeys import Journeys

FARTHEST = 0.3
"""Chains farther apart than this (0 the same, 1 nothing in common) are not one behaviour."""


@dataclasses.dataclass(frozen=True)
class Change(Result):
    """Behaviours of two runs, matched.

    Attributes
    ----------
    table : DataFrame
        behaviour (of the newer run; missing where dissolved), before (label in the older; missing where new), name, distance
        (0 to 1), n_before, share_before, n, share, difference, ci_low, ci_high (Newcombe), q_value, change (``grew``,
        ``shrank``, ``no clear change``, ``appeared``, ``dissolved``).
    """

    def summary(self) -> str:
        """Name the behaviours that grew, shrank, appeared or dissolved."""
        parts = []
        for change in ("grew", "shrank", "appeared", "dissolved"):
            rows = self.table[self.table["change"] == change]
            if len(rows):
                named = [f"{row.name} ({_moved(row)})" for row in rows.itertuples(index=False)]
                parts.append(f"{change}: {text.sentence_list(named)}")
        steady = int((self.table["change"] == "no clear change").sum())
        rest = f"{steady} of {len(self.table)} behaviours show no clear change of their share."
        return f"{text.sentence('; '.join(parts))}. {rest}" if parts else rest

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {"name": "Behaviour", "change": "Change", "share_before": "Share before", "share": "Share now",
                "difference": "Difference", "ci": "95 % interval", "q_value": "q (false discovery)",
                "distance": "Distance of the chains"}  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of each behaviour before and now, joined by a line."""
        frame = self.table.iloc[::-1].reset_index(drop=True)
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.55))
        rows = np.arange(len(frame))
        before, now = 100 * frame["share_before"].fillna(0), 100 * frame["share"].fillna(0)
        ax.hlines(rows, before, now, color=figures.MUTED, linewidth=1.5)
        ax.plot(before, rows, linestyle="none", marker="o", markerfacecolor="white", color=figures.BLUE, markersize=8)
        ax.plot(now, rows, linestyle="none", marker="o", color=figures.BLUE, markersize=8)
        right = np.maximum(before, now)
        for row, change in zip(rows, frame["change"], strict=True):
            ax.annotate(
                change, (right[row], row), xytext=(10, 0), textcoords="offset points", va="center", fontsize=9.5
            )
        ax.set_yticks(rows, frame["name"])
        ax.set_xlim(0, 1.25 * max(float(right.max()), 1.0))
        ax.set_ylim(-0.6, len(frame) - 0.4)
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.set_xlabel("share of customers before (open) and now (full)")
        figures.subtitle(
            ax,
            "How behaviours changed",
            f"n = {text.fixed(self.table['n_before'].sum(), 0)} before, {text.fixed(self.table['n'].sum(), 0)} now",
        )
        series = {"before": "share_before", "now": "share"}
        draws = figures.drawn(frame[::-1], "name", series)
        return figures.describe(ax, f"Dot plot of shares of behaviours before and now. {self.summary()}", draws)


def distances(old: Chains, new: Chains) -> NDArray[np.float64]:
    """How far apart the chains of two models are, shape (old.k, new.k).

    Notes
    -----
    The Jensen-Shannon divergence (base 2) of where one goes from each touchpoint, and of where one starts, averaged with the
    mean of how often both chains are there; its square root, 0 for the same chain, 1 for nothing in common. A touchpoint that
    one chain never meets counts as wholly different there. Times until a step count like a touchpoint where both models cut them
    alike, else not at all.

    References
    ----------
    Endres and Schindelin (2003), IEEE Transactions on Information Theory 49:1858.
    """
    if old.waits != new.waits:
        old, new = old.without_waits(), new.without_waits()
    steps = list(dict.fromkeys([*old.steps, *new.steps]))
    places = {step: number for number, step in enumerate(steps)}
    sides = []
    for side in (old, new):
        dense = np.zeros((len(steps), side.k))
        if side.steps:
            dense[[places[step] for step in side.steps]] = side.expected
        sides.append(dense)
    origins, group = np.unique([step[0] for step in steps], return_inverse=True)
    result = np.zeros((old.k, new.k))
    for a in range(old.k):
        for b in range(new.k):
            result[a, b] = _distance(sides[0][:, a], sides[1][:, b], group, len(origins))
    return result


def _distance(p: NDArray[np.float64], q: NDArray[np.float64], group: NDArray[np.intp], groups: int) -> float:
    """The distance of two chains from their counts."""
    visits = [np.bincount(group, weights=part, minlength=groups) for part in (p, q)]
    if not visits[0].sum() or not visits[1].sum():
        return 0.0 if visits[0].sum() == visits[1].sum() else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        p, q = np.nan_to_num(p / visits[0][group]), np.nan_to_num(q / visits[1][group])
        middle = (p + q) / 2
        terms = np.where(p > 0, p * np.log2(p / middle), 0) + np.where(q > 0, q * np.log2(q / middle), 0)
    divergence = np.bincount(group, weights=terms, minlength=groups) / 2
    divergence[(visits[0] == 0) | (visits[1] == 0)] = 1.0
    weight = (visits[0] / visits[0].sum() + visits[1] / visits[1].sum()) / 2
    return float(np.sqrt(np.clip(weight @ divergence, 0, 1)))


def match(old: Chains, new: Chains, *, farthest: float = FARTHEST) -> dict[int, tuple[int, float]]:
    """Of each behaviour of `new` its place in `old` and the distance, by the Hungarian algorithm; none beyond `farthest`."""
    from scipy.optimize import linear_sum_assignment

    away = distances(old, new)
    # Pairs beyond the bar cost the bar: they never push out a pair within it.
    rows, columns = linear_sum_assignment(np.minimum(away, farthest))
    return {int(b): (int(a), float(away[a, b])) for a, b in zip(rows, columns, strict=True) if away[a, b] <= farthest}


def compare(old: Chains, new: Chains, *, farthest: float = FARTHEST) -> Change:
    """Say which behaviours grew, shrank, appeared or dissolved.

    Parameters
    ----------
    old, new : Chains
        Stored models of two runs.
    farthest : float
        Chains farther apart are not one behaviour, see `distances`.

    Notes
    -----
    Behaviours are matched so that the sum of distances is least (Kuhn 1955, Naval Research Logistics Quarterly 2:83). Shares
    are compared by Newcombe's interval and the pooled z test, q by Benjamini and Hochberg over all rows; what appeared or
    dissolved is compared with a share of nought.
    """
    pairs = match(old, new, farthest=farthest)
    total_old, total_new = sum(old.n), sum(new.n)
    rows: list[tuple[str | None, str | None, str, float, int, int, str]] = []
    for b, label in enumerate(new.behaviours):
        a, distance = pairs.get(b, (None, np.nan))
        name = new.names[b] or (old.names[a] if a is not None else "") or label
        rows.append((label, None if a is None else old.behaviours[a], name, distance, old.n[a] if a is not None else 0,
                     new.n[b], "" if a is not None else "appeared"))  # fmt: skip
    taken = {a for a, _ in pairs.values()}
    rows += [
        (None, label, old.names[a] or label, np.nan, old.n[a], 0, "dissolved")
        for a, label in enumerate(old.behaviours)
        if a not in taken
    ]
    table = pd.DataFrame(rows, columns=["behaviour", "before", "name", "distance", "n_before", "n", "change"])
    k1, k0 = table["n"].to_numpy(float), table["n_before"].to_numpy(float)
    table["share_before"], table["share"] = k0 / max(total_old, 1), k1 / max(total_new, 1)
    table["difference"], table["ci_low"], table["ci_high"] = newcombe(k1, total_new, k0, total_old)
    table["q_value"] = benjamini_hochberg(two_proportions(k1, total_new, k0, total_old))
    sure = table["q_value"] <= FALSE_DISCOVERY_RATE
    moved = np.where(
        sure & (table["difference"] > 0),
        "grew",
        np.where(sure & (table["difference"] < 0), "shrank", "no clear change"),
    )
    table["change"] = table["change"].where(table["change"] != "", moved)
    order = ["behaviour", "before", "name", "distance", "n_before", "share_before", "n", "share", "difference", "ci_low",
             "ci_high", "q_value", "change"]  # fmt: skip
    return Change(
        table[order],
        "Behaviours of two runs matched by the Hungarian algorithm",
        (
            f"Two chains more than {text.short(farthest)} apart (root of the mean Jensen-Shannon divergence) are not "
            "one behaviour.",
            "The two runs count as independent samples; where the same customers are in both, the intervals are too wide.",
            "A share also moves when the chains were estimated anew; place customers in the old model to hold them fixed.",
            *(
                (
                    "The models cut the time until a step differently: only where customers go is compared, not their tempo.",
                )
                if old.waits != new.waits
                else ()
            ),
        ),
    )


def keep_labels(found: Behaviours, j: Journeys, last: Chains | None, *, until: str | None = None) -> Behaviours:
    """Give each behaviour the label that it had in the last run, so that a weekly run renames none.

    Parameters
    ----------
    found : Behaviours
    j : Journeys
        In which they were found.
    last : Chains, optional
        The last run's model; without it the labels stay.

    Notes
    -----
    Behaviours are matched as in `compare`. One that was not there gets the first label that no run used.
    """
    if last is None:
        return found
    labels = list(found.table["behaviour"])
    pairs = match(last, model(found, j, until=until))
    used = {*last.behaviours, *last.retired}
    free = (f"B{number}" for number in itertools.count(1) if f"B{number}" not in used)
    renamed = {label: last.behaviours[pairs[b][0]] if b in pairs else next(free) for b, label in enumerate(labels)}
    return dataclasses.replace(
        found,
        table=found.table.assign(behaviour=found.table["behaviour"].map(renamed)),
        labels=found.labels.map(renamed),
        posterior=found.posterior.rename(columns=renamed),
    )


def _moved(row: object) -> str:
    share, before = row.share, row.share_before  # type: ignore[attr-defined]
    if row.change == "appeared":  # type: ignore[attr-defined]
        return text.percent(share)
    if row.change == "dissolved":  # type: ignore[attr-defined]
        return f"was {text.percent(before)}"
    ends = text.interval(row.ci_low, row.ci_high, "points")  # type: ignore[attr-defined]
    return f"{text.percent(before)} to {text.percent(share)}; {text.points(row.difference)}, {ends}"  # type: ignore[attr-defined]
