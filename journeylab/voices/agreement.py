"""Do the coders agree, code by code, and how sure is that?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.intervals import CONFIDENCE
from journeylab.results import Result
from journeylab.voices import measures
from journeylab.voices.units import Units, make_units

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL = "(all codes)"
SOLID, TENTATIVE = 0.8, 0.667


@dataclasses.dataclass(frozen=True)
class Agreement(Result):
    """Agreement between coders.

    Attributes
    ----------
    table : DataFrame
        code, measure, value, ci_low, ci_high, n_units, n_coders, prevalence (share of ratings that give the code),
        p_below_667, p_below_800 (of alpha: share of resamples under the bound), reason (where there is no number).
    unit : str
        What was rated.
    """

    unit: str

    def summary(self) -> str:
        """Say how many codes reach which bar, and the overall value."""
        alphas = self.table[(self.table["measure"] == "alpha") & (self.table["code"] != ALL)]
        known = alphas.dropna(subset=["value"])
        if known.empty:
            reasons = self.table["reason"].replace("", np.nan).dropna()
            return f"Agreement cannot be measured: {reasons.iloc[0] if len(reasons) else 'no code was used'}."
        solid, usable = (known["value"] >= SOLID).sum(), (known["value"] >= TENTATIVE).sum()
        worst = known.loc[known["value"].idxmin()]
        return (
            f"Of {len(known)} codes {solid} reach an alpha of 0.80 and {usable} reach 0.667; the weakest is '{worst['code']}' "
            f"({worst['value']:.2f}, {text.interval(worst['ci_low'], worst['ci_high'], 'number')}). {self.headline()}"
        )

    def headline(self) -> str:
        """Write the overall values in one line."""
        rows = self.table[(self.table["code"] == ALL) & self.table["value"].notna()]
        parts = [f"{LABELS[row.measure]} {row.value:.4f}" for row in rows.itertuples()]
        if not parts:
            return "No overall value."
        return f"Over all codes, {int(rows['n_units'].max()):,} {self.unit}s: {', '.join(parts)}."

    def plot(self, ax: Axes | None = None, *, most: int = 30) -> Axes:
        """Draw alpha by code with its interval, and the two bars."""
        frame = self.table[(self.table["measure"] == "alpha")].dropna(subset=["value"]).head(most)
        frame = frame.sort_values("value")
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.27))
        rows = np.arange(len(frame))
        reach = np.vstack([frame["value"] - frame["ci_low"], frame["ci_high"] - frame["value"]])
        ax.errorbar(frame["value"], rows, xerr=np.abs(np.nan_to_num(reach)), fmt="o", color=figures.BLUE, capsize=3)
        for bar, name in ((TENTATIVE, "usable"), (SOLID, "solid")):
            ax.axvline(bar, color=figures.MUTED, linestyle="--", linewidth=1)
            ax.text(
                bar, len(frame) - 0.3, f"{name}\n{bar:g}", fontsize=8.5, color=figures.MUTED, ha="center", va="bottom"
            )
        ax.set_yticks(rows, frame["code"])
        ax.set_ylim(-0.7, len(frame) + 0.7)
        ax.set_xlim(min(0.0, float(frame["ci_low"].min(skipna=True)) if len(frame) else 0.0), 1.02)
        ax.set_xlabel("Krippendorff's alpha, with 95 % interval")
        ax.grid(axis="y", visible=False)
        figures.subtitle(ax, "Agreement by code\n")
        return figures.describe(ax, f"Dot plot of Krippendorff's alpha for {len(frame)} codes. {self.summary()}")


LABELS = {
    "alpha": "Krippendorff's alpha",
    "cohen": "Cohen's kappa",
    "fleiss": "Fleiss' kappa",
    "ac1": "Gwet's AC1",
    "brennan_prediger": "Brennan-Prediger",
    "percent": "mean pairwise agreement",
}


def agreement(
    codings: pd.DataFrame,
    segments: pd.DataFrame | None = None,
    *,
    measure: str | Sequence[str] = "alpha",
    unit: str = "segment",
    level: str = "nominal",
    seed: int = 0,
    documents: pd.DataFrame | None = None,
    codes: pd.DataFrame | None = None,
    coders_identified: bool = True,
    resamples: int = 1000,
) -> Agreement:
    """Measure agreement between coders.

    Parameters
    ----------
    codings : DataFrame
        Contract codings; with ``document_id``, or `segments` to find it in.
    measure : str or sequence of str
        ``alpha``, ``cohen``, ``fleiss``, ``ac1``, ``brennan_prediger``, ``percent``.
    unit : str
        ``document``, ``segment`` (overlapping spans of a document are one unit; without spans the segment itself),
        ``sentence`` (needs the text of `documents`).
    level : str
        Of the overall row, where every coder gives every unit one code that is a number; codes are nominal.
    codes : DataFrame, optional
        The codebook: gives names to codes, and lists codes that nobody used.
    coders_identified : bool
        False where coders are only counted (votes): then Cohen's kappa does not exist, and only units with the usual
        number of votes are used.

    Notes
    -----
    Per code: whether each coder gave it to each unit, over all units of documents that two or more coders coded. Overall:
    the code itself as the rating where every coder gives each unit exactly one; else the mean over codes. Intervals are
    percentile bootstraps over documents, since the units of one document resemble each other; a bootstrap over pairs
    (as in the KALPHA macro) is narrower and takes them for independent.

    Raises
    ------
    DataError
        For an unknown measure or unit, or when segments or texts are needed and absent.
    """
    wanted = [measure] if isinstance(measure, str) else list(measure)
    for name in wanted:
        if name not in measures.MEASURES:
            raise DataError(
                f"measure '{name}' is none of {listing(measures.MEASURES)}.{did_you_mean(name, measures.MEASURES)}"
            )
    units = make_units(codings, segments, documents, unit)
    names = _names(codings, codes)
    rng = np.random.default_rng(seed)
    weights = _resample(units, resamples, rng)
    rows: list[dict[str, object]] = []
    exclusive = units.one_code_each
    if exclusive:
        rows += _measure(ALL, units.chosen_codes(), units, wanted, level, weights, coders_identified)
    for code_id, name in names.items():
        rows += _measure(name, units.presence(code_id), units, wanted, "nominal", weights, coders_identified)
    table = pd.DataFrame(rows, columns=COLUMNS)
    if not exclusive:
        table = pd.concat([_mean_rows(table, wanted, units), table], ignore_index=True)
    assumptions: tuple[str, ...] = (
        f"A unit is a {unit}; only documents that two or more coders coded count.",
        f"Intervals: {CONFIDENCE:.0%} percentile bootstrap over documents, {resamples:,} resamples.",
        "Coders worked alone, with the same codebook.",
    )
    if not coders_identified:
        assumptions += ("Coders cannot be told apart: only units with the usual number of votes are used.",)
    return Agreement(table, "Krippendorff's alpha and others, by code", assumptions, unit)


COLUMNS = [
    "code",
    "measure",
    "value",
    "ci_low",
    "ci_high",
    "n_units",
    "n_coders",
    "prevalence",
    "p_below_667",
    "p_below_800",
    "reason",
]


def _names(codings: pd.DataFrame, codes: pd.DataFrame | None) -> dict[str, str]:
    """Code id to name, in the order of the codebook, for codes that may be given."""
    used = set(codings["code_id"])
    if codes is None:
        return {code: code for code in sorted(used)}
    listed = codes[codes["codable"].astype(bool) | codes["code_id"].isin(used)]
    return dict(zip(listed["code_id"], listed["name"], strict=True))


def _resample(units: Units, resamples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Weights of the units when documents are drawn anew, shape (resamples, n_units)."""
    n = units.n_documents
    if n < 2 or resamples < 1:
        return np.empty((0, len(units.document)))
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=resamples)
    return drawn[:, units.document].astype(float)


def _measure(
    name: str, matrix: NDArray[np.float64], units: Units, wanted: list[str], level: str, weights: NDArray[np.float64],
    identified: bool,
) -> list[dict[str, object]]:  # fmt: skip
    """All measures of one matrix of coders by units."""
    counts, categories = measures.counts_of(matrix)
    used = counts.sum(axis=1) >= 2 if identified else measures.usual_ratings(counts) & (counts.sum(axis=1) >= 2)
    counts, matrix, weights = counts[used], matrix[:, used], weights[:, used] if len(weights) else weights
    ratings = counts.sum()
    given = counts[:, categories > 0].sum() / ratings if ratings and name != ALL else np.nan
    base = {
        "code": name,
        "n_units": len(counts),
        "n_coders": int((~np.isnan(matrix)).any(axis=1).sum()),
        "prevalence": given,
    }
    rows = []
    for measure in wanted:
        reason = _why_not(measure, counts, matrix, categories, identified)
        row = {**base, "measure": measure, "value": np.nan, "ci_low": np.nan, "ci_high": np.nan, "reason": reason,
               "p_below_667": np.nan, "p_below_800": np.nan}  # fmt: skip
        if not reason:
            row["value"] = float(_estimate(measure, counts, matrix, categories, level, None)[0])
            samples = _estimate(measure, counts, matrix, categories, level, weights) if len(weights) else np.empty(0)
            samples = samples[~np.isnan(samples)]
            if len(samples) >= 20:
                row["ci_low"], row["ci_high"] = np.quantile(samples, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
                if measure == "alpha":
                    row["p_below_667"], row["p_below_800"] = (samples < 0.667).mean(), (samples < 0.8).mean()
        rows.append(row)
    return rows


def _why_not(
    measure: str,
    counts: NDArray[np.float64],
    matrix: NDArray[np.float64],
    categories: NDArray[np.float64],
    identified: bool,
) -> str:
    """Why a measure has no number, in words; empty where it has one."""
    if not len(counts):
        return "no unit was rated by two coders"
    if len(categories) < 2 or (counts.sum(axis=0) > 0).sum() < 2:
        return "every coder gave every unit the same: there is no variation to agree about"
    coders = int((~np.isnan(matrix)).any(axis=1).sum())
    if measure == "cohen" and not identified:
        return "the file counts votes and does not say whose they are"
    if measure == "cohen" and coders != 2:
        return f"Cohen's kappa is for two coders; there are {coders}"
    if measure == "fleiss" and len(np.unique(counts.sum(axis=1))) > 1 and not measures.usual_ratings(counts).any():
        return "no units with the same number of ratings"
    return ""


def _estimate(
    measure: str, counts: NDArray[np.float64], matrix: NDArray[np.float64], categories: NDArray[np.float64], level: str,
    weights: NDArray[np.float64] | None,
) -> NDArray[np.float64]:  # fmt: skip
    """A measure for each row of weights over units (all ones where None), shape (n_samples,)."""
    if measure == "alpha":
        return measures.alpha_from_counts(counts[None], categories, level, weights)
    if measure == "fleiss":
        usual = measures.usual_ratings(counts)
        counts, weights = counts[usual], weights[:, usual] if weights is not None else None
    weights = np.ones((1, len(counts))) if weights is None else weights
    m = counts.sum(axis=1)
    total = weights.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "cohen":
            both = matrix[~np.isnan(matrix).all(axis=1)]
            index = np.searchsorted(categories, both)
            q = len(categories)
            joint = np.zeros((len(weights), q, q))
            for pair in range(q * q):
                joint[:, pair // q, pair % q] = weights @ ((index[0] == pair // q) & (index[1] == pair % q))
            joint /= total[:, None, None]
            chance = (joint.sum(axis=2) * joint.sum(axis=1)).sum(axis=1)
            return (np.trace(joint, axis1=1, axis2=2) - chance) / (1 - chance)
        observed = weights @ ((counts * (counts - 1)).sum(axis=1) / (m * (m - 1))) / total
        if measure == "percent":
            return observed
        share = weights @ (counts / m[:, None]) / total[:, None]
        if measure == "fleiss":
            chance = (share**2).sum(axis=1)
        elif measure == "ac1":
            chance = (share * (1 - share)).sum(axis=1) / (len(categories) - 1)
        else:
            chance = np.full(len(weights), 1 / len(categories))
        return (observed - chance) / (1 - chance)


def _mean_rows(table: pd.DataFrame, wanted: list[str], units: Units) -> pd.DataFrame:
    """The overall rows where a unit may carry several codes: the mean over codes, without an interval."""
    rows = []
    for measure in wanted:
        known = table[(table["measure"] == measure)].dropna(subset=["value"])
        rows.append(
            {
                "code": ALL,
                "measure": measure,
                "value": known["value"].mean() if len(known) else np.nan,
                "ci_low": np.nan,
                "ci_high": np.nan,
                "n_units": len(units.document),
                "n_coders": len(units.coders),
                "prevalence": np.nan,
                "p_below_667": np.nan,
                "p_below_800": np.nan,
                "reason": f"mean over {len(known)} codes, since a unit may carry several"
                if len(known)
                else "no code can be measured",
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)
