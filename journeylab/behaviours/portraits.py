"""Who is behind each behaviour: size, conversion, what sets it apart, a typical journey, a name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.behaviours.find import Behaviours
from journeylab.intervals import FALSE_DISCOVERY_RATE, benjamini_hochberg, newcombe, wilson
from journeylab.journeys import Journeys, collapse_repeats, has
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TYPICAL = 8


@dataclasses.dataclass(frozen=True)
class Portraits(Result):
    """Portraits of behaviours.

    Attributes
    ----------
    table : DataFrame
        behaviour, name, n, share, ci_low, ci_high, conversion, conversion_low, conversion_high (Wilson; NaN without an
        outcome), median_steps, median_seconds, entry (most frequent first touchpoint), typical (a journey), distinctive (words).
    distinctive : DataFrame
        behaviour, touchpoint, share_in, share_elsewhere, difference, ci_low, ci_high (Newcombe), q_value.
    outcome : str or None
    """

    distinctive: pd.DataFrame = dataclasses.field(repr=False)
    outcome: str | None

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        shown = {"name": "Behaviour", "n": "Customers", "share": "Share"}
        if self.outcome:
            shown["conversion"] = f"Reach '{self.outcome}'"
        return {**shown, "median_steps": "Steps, median", "median_seconds": "Time, median", "distinctive": "What sets it apart",
                "typical": "A typical journey"}  # fmt: skip

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        return {"conversion": "percent"}

    def summary(self) -> str:
        """Name the behaviours by size, with their conversion."""
        parts = []
        for row in self.table.itertuples():
            part = f"{row.name} ({text.percent(row.share, 0)}"
            part += f", {text.percent(row.conversion, 0)} reach '{self.outcome}')" if self.outcome else ")"
            parts.append(part)
        return f"{text.sentence_list(parts)}."

    def plot(self, ax: Axes | None = None, *, most: int = 14) -> Axes:
        """Draw how many members of each behaviour meet each touchpoint, for the touchpoints that differ most."""
        spread = self.distinctive.groupby("touchpoint")["difference"].apply(lambda part: part.abs().max())
        names = list(spread.nlargest(most).index)
        wide = self.distinctive.pivot(index="touchpoint", columns="behaviour", values="share_in").reindex(names)
        wide = wide.iloc[::-1]
        ax = figures.new_axes(ax, width=9, height=figures.row_height(len(names)) + 0.6)
        rows = np.arange(len(wide))
        for number, (label, name) in enumerate(zip(self.table["behaviour"], self.table["name"], strict=True)):
            shift = 0.16 * (number - (len(self.table) - 1) / 2)
            ax.plot(100 * wide[label], rows - shift, linestyle="none", marker=figures.MARKERS[number % len(figures.MARKERS)],
                    color=figures.PALETTE[number % len(figures.PALETTE)], label=name, markersize=7)  # fmt: skip
        ax.set_yticks(rows, wide.index)
        ax.set_xlim(0, 100)
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.set_xlabel("share of the behaviour's customers who meet it")
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.4, -0.12), ncols=2)
        figures.subtitle(ax, "What sets the behaviours apart", f"n = {int(self.table['n'].sum()):,} customers")
        return figures.describe(ax, f"Dot plot of touchpoints by behaviour. {self.summary()}")


def portraits(
    behaviours: Behaviours, j: Journeys, outcome: str | None = None, *, names: Mapping[str, str] | None = None
) -> Portraits:
    """Describe each behaviour.

    Parameters
    ----------
    j : Journeys
        Whole journeys of the same customers, in the same order as `behaviours` was made from.
    outcome : str, optional
        The touchpoint whose reach is the conversion.
    names : mapping, optional
        The team's names, such as ``{"B1": "decided searchers"}``; else a name is proposed from what is distinctive.

    Notes
    -----
    A touchpoint is distinctive where the share of members who meet it differs from that of all others (Newcombe interval,
    q by Benjamini and Hochberg over all pairs). The typical journey is the one of median length, without repeats, whose
    membership is most certain.
    """
    labels = behaviours.labels.to_numpy()
    size, n = len(j.touchpoints), j.n_journeys
    met = np.zeros((n, size), dtype=bool)
    met[j.event_journey, j.codes] = True
    skipped = j.touchpoints.index(outcome) if outcome in j.touchpoints else -1
    rows, distinct = [], []
    for label in behaviours.table["behaviour"]:
        inside = labels == label
        k1, n1, k0, n0 = met[inside].sum(axis=0), inside.sum(), met[~inside].sum(axis=0), (~inside).sum()
        if n0:
            difference, low, high = newcombe(k1, n1, k0, n0)
        else:
            difference = low = high = np.full(size, np.nan)
        p_values = _two_proportions(k1, n1, k0, n0)
        for code in range(size):
            if code != skipped:
                distinct.append(
                    (label, j.touchpoints[code], k1[code] / max(n1, 1), k0[code] / n0 if n0 else np.nan, difference[code],
                     low[code], high[code], p_values[code])
                )  # fmt: skip
    columns = ["behaviour", "touchpoint", "share_in", "share_elsewhere", "difference", "ci_low", "ci_high", "q_value"]
    distinctive = pd.DataFrame(distinct, columns=columns)
    distinctive["q_value"] = benjamini_hochberg(distinctive["q_value"])
    converted = has(j, outcome) if outcome in j.touchpoints else None
    given = dict(names or {})
    taken: set[str] = set()
    for row in behaviours.table.itertuples():
        inside = labels == row.behaviour
        name = given.get(row.behaviour) or _propose(distinctive, row.behaviour, taken)
        taken.add(name)
        hits = int(converted[inside].sum()) if converted is not None else 0
        conversion = wilson(hits, int(inside.sum())) if converted is not None else (np.nan,) * 3
        first = np.bincount(j.codes[j.offsets[:-1][inside & (j.lengths > 0)]], minlength=size)
        rows.append(
            (row.behaviour, name, row.n, row.share, row.ci_low, row.ci_high, *conversion, row.median_length,
             row.median_seconds, j.touchpoints[int(first.argmax())] if size else "",
             _typical(j, behaviours, row.behaviour, inside), _words(distinctive, row.behaviour))
        )  # fmt: skip
    columns = ["behaviour", "name", "n", "share", "ci_low", "ci_high", "conversion", "conversion_low", "conversion_high",
               "median_steps", "median_seconds", "entry", "typical", "distinctive"]  # fmt: skip
    return Portraits(
        pd.DataFrame(rows, columns=columns),
        "Shares by behaviour with Wilson and Newcombe intervals",
        (
            "Conversion describes a behaviour; it is not caused by it.",
            "Names are proposed from what is distinctive; the team may change them in study.toml.",
        ),
        distinctive,
        outcome,
    )


def _two_proportions(k1: np.ndarray, n1: int, k0: np.ndarray, n0: int) -> np.ndarray:
    """Two-sided p-values of the pooled z test."""
    from scipy.special import ndtr

    if not n1 or not n0:
        return np.full(len(k1), np.nan)
    pooled = (k1 + k0) / (n1 + n0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (k1 / n1 - k0 / n0) / np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
    return np.asarray(2 * ndtr(-np.abs(z)))


def _clear(distinctive: pd.DataFrame, label: str) -> pd.DataFrame:
    frame = distinctive[(distinctive["behaviour"] == label) & (distinctive["q_value"] <= FALSE_DISCOVERY_RATE)]
    return frame.sort_values("difference", ascending=False)


def _propose(distinctive: pd.DataFrame, label: str, taken: set[str]) -> str:
    """A one-line name from the touchpoints that members meet more than others."""
    more = [row.touchpoint for row in _clear(distinctive, label).itertuples() if row.difference > 0.05]
    for count in range(2, len(more) + 1):
        name = text.sentence_list(more[:count])
        name = f"{label}: {name}"
        if name not in taken:
            return name
    if more:
        return f"{label}: {more[0]}"
    less = [row.touchpoint for row in _clear(distinctive, label).itertuples() if row.difference < -0.05]
    return f"{label}: little {less[-1]}" if less else f"{label}: like all"


def _words(distinctive: pd.DataFrame, label: str) -> str:
    """The three strongest differences, in words."""
    frame = _clear(distinctive, label)
    more = [
        f"{row.touchpoint} ({100 * row.share_in:.0f} against {100 * row.share_elsewhere:.0f} %)"
        for row in frame.head(3).itertuples()
        if row.difference > 0
    ]
    less = [
        f"{row.touchpoint} ({100 * row.share_in:.0f} against {100 * row.share_elsewhere:.0f} %)"
        for row in frame.tail(2).iloc[::-1].itertuples()
        if row.difference < 0
    ]
    parts = [f"more {text.sentence_list(more)}"] if more else []
    parts += [f"less {text.sentence_list(less)}"] if less else []
    return "; ".join(parts) or "nothing clear"


def _typical(j: Journeys, behaviours: Behaviours, label: str, inside: np.ndarray) -> str:
    """A journey of median length, without repeats, whose membership is most certain."""
    if not inside.any():
        return ""
    short = collapse_repeats(j)
    lengths = short.lengths.astype(float)
    middle = np.median(lengths[inside])
    distance = np.where(inside, np.abs(lengths - middle), np.inf)
    near = distance <= distance.min() + 1
    certain = np.where(near, behaviours.posterior[label].to_numpy(), -1.0)
    path = short.path(int(certain.argmax()))
    return " → ".join(path[:TYPICAL]) + (" → …" if len(path) > TYPICAL else "")
