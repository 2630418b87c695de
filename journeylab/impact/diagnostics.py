"""Are the compared visits alike? The emulated trial as a table, balance and overlap as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.impact.panel import Panel
from journeylab.impact.verdict import BALANCED

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def protocol(panel: Panel, outcome: str, window: str) -> pd.DataFrame:
    """The target trial that is emulated.

    References
    ----------
    Hernan and Robins (2016), American Journal of Epidemiology 183:758.
    """
    dropped = "; ".join(f"{text.count(n)} {reason}" for reason, n in panel.dropped.items())
    rows = [
        ("Eligibility", f"{text.count(len(panel.outcome))} of {text.count(panel.n_visits)} visits (left out: {dropped}); "
                        "for each touchpoint, those of customers who had not met it before"),
        ("Time zero", "the start of the visit"),
        ("Strategies", f"meet the touchpoint at this visit, before any '{outcome}', or do not; later visits as they come"),
        ("Assignment", f"as if at random given {len(panel.names)} facts from before the visit"),
        ("Follow-up", f"{window} from time zero, for every visit in full"),
        ("Outcome", f"'{outcome}' within the follow-up"),
        ("Estimand", "difference of the outcome's share, averaged over eligible visits (ATE)"),
        ("Analysis", "augmented inverse probability weighting, cross-fitted; errors clustered by customer"),
        ("Within the visit", "what would have a verdict is compared again from the moment it was met, given what came before it"),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["part", "trial"])


def balance(found: list[tuple[str, dict[str, tuple[float, float]]]]) -> pd.DataFrame:
    """Standardised differences, a row a touchpoint and covariate."""
    rows = [(name, label, *pair) for name, each in found for label, pair in each.items()]
    return pd.DataFrame(rows, columns=["touchpoint", "covariate", "raw", "weighted"])


def overlap(found: list[tuple[str, NDArray[np.int64]]]) -> pd.DataFrame:
    """Visits by propensity, a row a touchpoint and bin."""
    rows = []
    for name, counts in found:
        middles = (np.arange(counts.shape[1]) + 0.5) / max(counts.shape[1], 1)
        rows += [(name, middle, *pair) for middle, pair in zip(middles, counts.T.tolist(), strict=True)]
    return pd.DataFrame(rows, columns=["touchpoint", "propensity", "unexposed", "exposed"])


def largest_differences(table: pd.DataFrame) -> pd.DataFrame:
    """The largest standardised difference of each covariate over touchpoints, raw and weighted, as `love_plot` draws them."""
    sizes = table.assign(raw=table["raw"].abs(), weighted=table["weighted"].abs())
    return sizes.groupby("covariate")[["raw", "weighted"]].max().sort_values("raw", ascending=False).reset_index()


def overlap_shares(table: pd.DataFrame) -> pd.DataFrame:
    """What `overlap_plot` draws: of visits with and without a touchpoint the share at each chance of meeting it."""
    of = table.groupby("touchpoint")[["unexposed", "exposed"]].transform("sum").clip(lower=1)
    shares = table.assign(
        share_of_visits_without=table["unexposed"] / of["unexposed"],
        share_of_visits_with=table["exposed"] / of["exposed"],
    )
    filled = shares[(shares["unexposed"] > 0) | (shares["exposed"] > 0)].rename(columns={"propensity": "chance_about"})
    columns = ["touchpoint", "chance_about", "share_of_visits_without", "share_of_visits_with"]
    return filled[columns].reset_index(drop=True)


def love_plot(table: pd.DataFrame, ax: Axes | None = None, *, most: int = 12) -> Axes:
    """Draw the largest standardised difference of each covariate over touchpoints, raw (hollow) and weighted (filled).

    References
    ----------
    Love (2004), as in Austin (2011), Multivariate Behavioral Research 46:399.
    """
    largest = largest_differences(table).set_index("covariate")
    shown = largest.head(most)[::-1]
    ax = figures.new_axes(ax, width=9, height=figures.row_height(len(shown)))
    place = np.arange(len(shown))
    ax.hlines(place, shown["weighted"], shown["raw"], color=figures.GRID, linewidth=2)
    ax.plot(shown["raw"], place, "D", markerfacecolor="none", markeredgecolor=figures.MUTED, markersize=7)
    ax.plot(shown["weighted"], place, "o", color=figures.BLUE, markersize=7)
    ax.axvline(BALANCED, color=figures.ORANGE, linewidth=1, linestyle="--")
    ax.set_yticks(place, shown.index.tolist())
    ax.set_ylim(-0.7, len(shown) - 0.3)
    ax.set_xlim(left=0)
    ax.set_xlabel("largest standardised difference (hollow: raw; filled: weighted; dashed: 0.1)")
    ax.grid(axis="y", visible=False)
    n = table["touchpoint"].nunique()
    note = f"{len(shown)} of {len(largest)} facts from before the visit, {n} touchpoints"
    figures.subtitle(ax, "How alike are visits with and without a touchpoint?", note)
    ends = (
        f"from up to {text.fixed(largest['raw'].max(), 2)} raw to at most {text.fixed(largest['weighted'].max(), 2)} weighted"
        if n
        else ""
    )
    series = {"raw": "raw", "weighted": "weighted"}
    draws = figures.drawn(shown[::-1].reset_index(), "covariate", series, unit="number")
    return figures.describe(ax, f"Standardised differences of facts from before the visit go {ends}.", draws)


def overlap_plot(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw, for each touchpoint, how likely visits with it (above the line) and without it (below) were to meet it."""
    names = list(dict.fromkeys(table["touchpoint"]))
    ax = figures.new_axes(ax, width=9, height=figures.row_height(len(names), each=0.55))
    for row, name in enumerate(reversed(names)):
        part = table[table["touchpoint"] == name]
        middle = part["propensity"].to_numpy()
        for column, sign, colour in (("exposed", 1, figures.BLUE), ("unexposed", -1, figures.MUTED)):
            share = part[column].to_numpy() / max(part[column].sum(), 1)
            # the root keeps thin tails visible, and tails are what overlap is about
            ax.fill_between(
                middle, row, row + sign * 0.42 * np.sqrt(share), step="mid", color=colour, alpha=0.8, linewidth=0
            )
        ax.axhline(row, color=figures.GRID, linewidth=0.8)
    ax.set_yticks(np.arange(len(names)), names[::-1])
    ax.set_ylim(-0.7, len(names) - 0.3)
    ax.set_xlim(0, 1)
    ax.set_xlabel("chance of meeting the touchpoint at the visit, given the history before it")
    ax.grid(axis="y", visible=False)
    figures.subtitle(
        ax,
        "Were both possible?",
        "above each line visits with the touchpoint, below it visits without; height by the root of the share",
    )
    return figures.describe(
        ax,
        f"Distribution of the chance of meeting each of {len(names)} touchpoints, by whether it was met.",
        figures.PEOPLE,
    )  # thin tails are single visits
