"""Would more documents bring new codes?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class Saturation(Result):
    """New codes by document.

    Attributes
    ----------
    table : DataFrame
        document_id, number (from 1), new_codes, cumulative, ratio (new codes of the run that ends here over the codes of the
        base; NaN before the first whole run).
    base, run : int
    threshold : float
    reached : int or None
        The number of documents before the first run whose ratio is at most the threshold.
    """

    base: int
    run: int
    threshold: float
    reached: int | None

    def summary(self) -> str:
        """Say how many codes there are, and whether new ones have stopped."""
        if self.table.empty:
            return "There are no coded documents."
        total, n = int(self.table["cumulative"].iloc[-1]), len(self.table)
        first = int(self.table["cumulative"].iloc[min(self.base, n) - 1])
        sentence = f"{n:,} documents bring {total} codes, {first} of them in the first {min(self.base, n)}."
        if self.reached is None:
            return f"{sentence} New codes had not stopped coming by the rule of {self.base} and {self.run}."
        later = self.table["ratio"].iloc[self.reached + self.run :]
        broken = (later > self.threshold).any()
        after = " Later runs brought more again, so look at the curve." if broken else ""
        return (
            f"{sentence} After {self.reached} documents a run of {self.run} brought at most "
            f"{text.percent(self.threshold, 0)} as many new codes as the first {self.base}.{after}"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the cumulative curve and the new codes under it."""
        ax = figures.new_axes(ax, height=3.4)
        ax.plot(self.table["number"], self.table["cumulative"], color=figures.BLUE, linewidth=2)
        ax.bar(self.table["number"], self.table["new_codes"], color=figures.ORANGE, width=0.8)
        ax.annotate("codes so far", (self.table["number"].iloc[-1], self.table["cumulative"].iloc[-1]), xytext=(0, 5),
                    textcoords="offset points", ha="right", color=figures.BLUE)  # fmt: skip
        ax.annotate("new codes", (self.table["number"].iloc[0], self.table["new_codes"].iloc[0]), xytext=(8, -2),
                    textcoords="offset points", color=figures.ORANGE, va="top")  # fmt: skip
        ax.set_xlabel("documents, in the order they were collected")
        ax.set_ylim(bottom=0, top=float(self.table["cumulative"].max()) * 1.15)
        figures.subtitle(
            ax, "Codes by document", f"{len(self.table):,} documents, {int(self.table['cumulative'].iloc[-1])} codes"
        )
        return figures.describe(ax, f"Line of cumulative codes over documents. {self.summary()}")


def saturation(
    codings: pd.DataFrame, order: Sequence[str] | None = None, base: int = 4, run: int = 2, threshold: float = 0.05
) -> Saturation:
    """Count new codes by document and apply the rule of base, run and threshold.

    Parameters
    ----------
    codings : DataFrame
        With document_id and code_id.
    order : sequence of str, optional
        All documents in the order they were collected, also those without codes; else as they stand in `codings`.
    base, run : int
        Documents whose codes are the base, and documents of a run after it.
    threshold : float
        A run is quiet when it brings at most this share of the base's codes.

    References
    ----------
    Guest, Namey and Chen (2020), PLoS ONE 15:e0232076.
    """
    names = list(order) if order is not None and len(order) else list(codings["document_id"].unique())
    place = {name: number for number, name in enumerate(names)}
    known = codings[codings["document_id"].isin(place)]
    first = known["document_id"].map(place).groupby(known["code_id"]).min() if len(known) else pd.Series(dtype=int)
    new = np.bincount(first.to_numpy(dtype=np.int64), minlength=len(names)) if len(names) else np.empty(0, dtype=int)
    cumulative = np.cumsum(new)
    ratio = np.full(len(names), np.nan)
    found = None
    if len(names) > base and cumulative[base - 1] > 0:
        for end in range(base + run - 1, len(names)):
            ratio[end] = new[end - run + 1 : end + 1].sum() / cumulative[base - 1]
            if found is None and ratio[end] <= threshold:
                found = end - run + 1
    table = pd.DataFrame(
        {
            "document_id": names,
            "number": range(1, len(names) + 1),
            "new_codes": new,
            "cumulative": cumulative,
            "ratio": ratio,
        }
    )
    return Saturation(
        table,
        "New codes by document (base, run, threshold)",
        (
            "The order is the one of collection; another order gives another curve.",
            "With a codebook that was fixed beforehand the curve says nothing about what was not asked.",
        ),
        base,
        run,
        threshold,
        found,
    )
