"""Would more documents bring new codes?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.intervals import CONFIDENCE
from journeylab.results import Result
from journeylab.voices.unseen import Unseen, unseen

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FROZEN = 0.8
"""With so large a share of all codes in the first document the codebook was most likely made beforehand."""
FEWEST = 5
"""Documents, and codes, under which a codebook is not called frozen."""
BASES, RUNS, THRESHOLDS = (4, 5, 6), (2, 3), (0.05, 0.0)
"""The rules that Guest, Namey and Chen compare."""
REFLEXIVE = (
    "Counting codes until none is new suits coding that looks for what is there. In reflexive thematic analysis, where themes "
    "are made by the researcher, it does not fit (Braun and Clarke 2021): do not read it as a reason to stop."
)


@dataclasses.dataclass(frozen=True)
class Saturation(Result):
    """New codes by document.

    Attributes
    ----------
    table : DataFrame
        document_id, number (from 1), new_codes, cumulative, ratio (new codes of the run that ends here over the codes of the
        base; NaN before the first whole run), quiet (whether ratio is at most the threshold), expected, envelope_low,
        envelope_high (mean and middle 95 % of the cumulative curve over random orders of the documents).
    base, run : int
    threshold : float
    reached : int or None
        The number of documents before the first run whose ratio is at most the threshold.
    broken_at : tuple of int
        Documents at whose end a later run was over the threshold again.
    rules : DataFrame
        base, run, threshold, base_codes, reached (NaN where never), holds (whether every later run stayed quiet).
    unseen : Unseen
        How many codes are estimated not to have been heard, and the coverage.
    frozen : bool
        Whether nearly all codes are in the first document.
    """

    base: int
    run: int
    threshold: float
    reached: int | None
    broken_at: tuple[int, ...]
    rules: pd.DataFrame
    unseen: Unseen
    frozen: bool

    def summary(self) -> str:
        """Say how many codes there are, whether new ones have stopped, and how many are estimated to be missing."""
        if self.table.empty:
            return "There are no coded documents."
        total, n = int(self.table["cumulative"].iloc[-1]), len(self.table)
        first = int(self.table["cumulative"].iloc[min(self.base, n) - 1])
        parts = [f"{text.count(n)} documents bring {total} codes, {first} of them in the first {min(self.base, n)}."]
        share = text.percent(self.threshold, 0)
        if self.reached is None:
            parts.append(f"New codes had not stopped coming by the rule of {self.base} and {self.run}.")
        else:
            parts.append(
                f"After {self.reached} (+{self.run}) documents a run of {self.run} brought at most {share} as many new codes "
                f"as the first {self.base}."
            )
        if self.broken_at:
            parts.append(
                f"Later runs brought more again, the last at document {self.broken_at[-1]}, so look at the whole curve."
            )
        parts.append(self.unseen.summary())
        if self.frozen:
            parts.append(self.frozen_warning)
        return " ".join(parts)

    @property
    def frozen_warning(self) -> str:
        """Why a curve from a codebook that was fixed beforehand says nothing."""
        first, total = int(self.table["new_codes"].iloc[0]), int(self.table["cumulative"].iloc[-1])
        return (
            f"Warning: {first} of {total} codes are in the first document already, as where a finished codebook was put on "
            "all documents; then the curve shows the codebook, not saturation."
        )

    @property
    def shown(self) -> pd.DataFrame:
        """The rules for a report."""
        frame = self.rules.copy()
        frame["reached"] = [
            "not reached" if pd.isna(row.reached) else f"{int(row.reached)} (+{row.run})" for row in frame.itertuples()
        ]
        frame["threshold"] = [f"≤ {text.percent(value, 0)}" for value in frame["threshold"]]
        frame["holds"] = [
            text.MISSING if row.reached == "not reached" else "yes" if row.holds else "broken later"
            for row in frame.itertuples()
        ]
        return frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the cumulative curve in its envelope, the new codes under it, and the estimated number of codes."""
        ax = figures.new_axes(ax, height=3.8)
        if self.table.empty:
            return figures.describe(ax, f"An empty figure. {self.summary()}")
        number, cumulative = self.table["number"], self.table["cumulative"]
        ax.fill_between(
            number, self.table["envelope_low"], self.table["envelope_high"], color=figures.GRID, linewidth=0, step=None
        )
        ax.plot(number, self.table["expected"], color=figures.MUTED, linewidth=1.2, linestyle="--")
        ax.plot(number, cumulative, color=figures.BLUE, linewidth=2)
        ax.bar(number, self.table["new_codes"], color=figures.ORANGE, width=0.8)
        last = number.iloc[-1]
        top = float(cumulative.max())
        ax.annotate("codes so far, in the order of collection", (last, top), xytext=(0, 5), textcoords="offset points",
                    ha="right", color=figures.BLUE)  # fmt: skip
        middle = len(self.table) // 2
        ax.annotate("mean and middle 95 % over random orders", (last, float(self.table["envelope_low"].iloc[middle])),
                    xytext=(0, -4), textcoords="offset points", ha="right", va="top", color=figures.MUTED)  # fmt: skip
        tallest = int(self.table["new_codes"].idxmax())
        ax.annotate("new codes", (float(number[tallest]) + 0.4, float(self.table["new_codes"][tallest])), xytext=(5, 0),
                    textcoords="offset points", color=figures.ORANGE, va="top")  # fmt: skip
        estimate = self.unseen.estimate
        if np.isfinite(estimate) and estimate - top >= 0.5:
            ax.axhline(estimate, color=figures.PURPLE, linewidth=1.2, linestyle=":")
            ax.annotate(f"estimated in all: {text.number(estimate, 1)} (Chao2)", (number.iloc[0], estimate), xytext=(0, 3),
                        textcoords="offset points", color=figures.PURPLE)  # fmt: skip
            top = max(top, estimate)
        ax.set_xlabel("documents, in the order they were collected")
        ax.set_ylabel("codes")
        ax.set_ylim(bottom=0, top=max(1.0, top * 1.15))
        figures.subtitle(
            ax, "Codes by document", f"{text.count(len(self.table))} documents, {int(cumulative.iloc[-1])} codes"
        )
        said = f"Line of cumulative codes over documents, within the band of random orders. {self.summary()}"
        return figures.describe(ax, said, figures.PEOPLE)  # a step a document, and so a person


def saturation(
    codings: pd.DataFrame,
    order: Sequence[str] | None = None,
    base: int = 4,
    run: int = 2,
    threshold: float = 0.05,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> Saturation:
    """Count new codes by document, apply the rule of base, run and threshold, and estimate what was not heard.

    Parameters
    ----------
    codings : DataFrame
        With document_id and code_id.
    order : sequence of str, optional
        All documents in the order they were collected, also those without codes; else as they stand in `codings`.
    base, run : int
        Documents whose codes are the base, and documents of a run after it. Runs overlap.
    threshold : float
        A run is quiet when it brings at most this share of the base's codes.
    draws : int
        Random orders of the documents behind the envelope.

    Notes
    -----
    The curve is never cut at the first quiet run: ``broken_at`` says where later runs were over the threshold again, and
    `rules` gives all of Guest's bases (4, 5, 6), runs (2, 3) and thresholds (5 %, 0). A code counts from the first document
    in which any coder used it.

    References
    ----------
    Guest, Namey and Chen (2020), PLoS ONE 15:e0232076; Chao (1987), Biometrics 43:783 (`journeylab.voices.unseen`); Braun and
    Clarke (2021), Qualitative Research in Sport, Exercise and Health 13:201.
    """
    names = list(order) if order is not None and len(order) else list(codings["document_id"].unique())
    place = {name: number for number, name in enumerate(names)}
    known = codings[codings["document_id"].isin(place)].drop_duplicates(["document_id", "code_id"])
    where = known["document_id"].map(place)
    first = where.groupby(known["code_id"]).min() if len(known) else pd.Series(dtype=int)
    new = np.bincount(first.to_numpy(dtype=np.int64), minlength=len(names)) if names else np.empty(0, dtype=int)
    ratio = guest_ratios(new, base, run)
    quiet = ratio <= threshold + 1e-12
    reached, broken = _hits(ratio, quiet, run)
    low, expected, high = _envelope(where.to_numpy(np.int64), known["code_id"], len(names), draws, seed)
    table = pd.DataFrame(
        {
            "document_id": names,
            "number": range(1, len(names) + 1),
            "new_codes": new,
            "cumulative": np.cumsum(new),
            "ratio": ratio,
            "quiet": quiet,
            "expected": expected,
            "envelope_low": low,
            "envelope_high": high,
        }
    )
    rules = [(*rule, *_rule(new, *rule)) for rule in _rules(base, run, threshold)]
    return Saturation(
        table,
        "New codes by document (base, run, threshold), with the envelope of random orders; Chao2 for codes not heard",
        (
            "The order is the one of collection; another order gives another curve, and the envelope shows how much.",
            "Chao2 takes the documents for a random sample of those that there could be, and is rather too low; where nearly every "
            "code was heard its interval is too short (see the coverage in docs/03_voices.md).",
            "With a codebook that was fixed beforehand the curve says nothing about what was not asked.",
            REFLEXIVE,
        ),
        base,
        run,
        threshold,
        reached,
        broken,
        pd.DataFrame(rules, columns=["base", "run", "threshold", "base_codes", "reached", "holds"]),
        unseen(known["code_id"].value_counts().to_numpy(), len(names)),
        bool(len(names) >= FEWEST and new.sum() >= FEWEST and new[0] >= FROZEN * new.sum()),
    )


def guest_ratios(new: Sequence[int] | NDArray[np.int64], base: int, run: int) -> NDArray[np.float64]:
    """New codes of each run over the codes of the base, at the document where the run ends; NaN before the first whole run.

    Parameters
    ----------
    new : array_like, shape (n_documents,)
        Codes first seen in each document.

    Examples
    --------
    >>> guest_ratios([5, 4, 3, 1, 1, 1, 0, 1], base=4, run=2).round(3).tolist()
    [nan, nan, nan, nan, nan, 0.154, 0.077, 0.077]
    """
    counts = np.asarray(new, dtype=float)
    ratio = np.full(len(counts), np.nan)
    if len(counts) >= base + run and counts[:base].sum() > 0:
        total = np.concatenate([[0.0], np.cumsum(counts)])
        ends = np.arange(base + run, len(counts) + 1)
        ratio[ends - 1] = (total[ends] - total[ends - run]) / total[base]
    return ratio


def _hits(ratio: NDArray[np.float64], quiet: NDArray[np.bool_], run: int) -> tuple[int | None, tuple[int, ...]]:
    """Documents before the first quiet run, and the ends of later runs that were not quiet."""
    ends = np.flatnonzero(quiet)
    if not len(ends):
        return None, ()
    later = np.flatnonzero(~np.isnan(ratio) & ~quiet)
    return int(ends[0] - run + 1), tuple(int(end) + 1 for end in later if end > ends[0])


def _rules(base: int, run: int, threshold: float) -> list[tuple[int, int, float]]:
    """The rule asked for, then those that Guest, Namey and Chen compare."""
    rules = [(base, run, threshold), *((b, r, t) for t in THRESHOLDS for b in BASES for r in RUNS)]
    return list(dict.fromkeys(rules))


def _rule(new: NDArray[np.int64], base: int, run: int, threshold: float) -> tuple[int, float, bool]:
    ratio = guest_ratios(new, base, run)
    reached, broken = _hits(ratio, ratio <= threshold + 1e-12, run)
    return (
        int(new[:base].sum()),
        float("nan") if reached is None else float(reached),
        reached is not None and not broken,
    )


def _envelope(
    where: NDArray[np.int64], code_ids: pd.Series, n: int, draws: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The cumulative curve over random orders of all documents: low end, mean, high end at each number of documents."""
    if n == 0 or not len(where):
        return np.zeros(n), np.zeros(n), np.zeros(n)
    rng = np.random.default_rng(seed)
    order = np.argsort(code_ids.to_numpy(), kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(pd.factorize(code_ids.iloc[order])[0]) != 0])
    curves = np.zeros((draws, n), np.int32)
    for draw in range(draws):
        first = np.minimum.reduceat(rng.permutation(n)[where[order]], starts)
        curves[draw] = np.cumsum(np.bincount(first, minlength=n))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(curves, [tail, 1 - tail], axis=0)
    return low, curves.mean(axis=0), high
