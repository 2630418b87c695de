"""Do the coders agree, code by code, and how sure is that?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import text
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.intervals import CONFIDENCE
from journeylab.results import Result
from journeylab.voices import measures
from journeylab.voices.dots import draw_dots
from journeylab.voices.prevalence import people_of
from journeylab.voices.uncertainty import (
    HOW,
    SOLID,
    TENTATIVE,
    Stake,
    Uncertainty,
    drawn_pairs,
    measure_uncertainty,
    of_samples,
    unknown,
)
from journeylab.voices.units import Units, make_units, usual_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL = "(all codes)"
NAMED = ("cohen", "cohen_linear", "cohen_quadratic", "scott", "conger", "holsti")
"""Measures that must know who coded."""

COLUMNS = [
    "code",
    "measure",
    "value",
    "ci_low",
    "ci_high",
    "n_units",
    "n_coders",
    "n_clusters",
    "prevalence",
    "agree_given",
    "agree_not_given",
    "p_below_667",
    "p_below_800",
    "reason",
    "code_id",
]


@dataclasses.dataclass(frozen=True)
class Agreement(Result):
    """Agreement between coders.

    Attributes
    ----------
    table : DataFrame
        code, measure, value, ci_low, ci_high, n_units, n_coders, n_clusters (documents or participants that the interval
        draws on), prevalence (share of ratings that give the code), agree_given and agree_not_given (how often a coder's
        giving, or not giving, the code is matched by another), p_below_667, p_below_800 (probability that the value lies
        under the bar), reason (why there is no number, or no interval), code_id.
    unit : str
        What was rated.
    cluster : str
        What the interval takes for independent: ``participant``, ``document`` or the unit.
    """

    unit: str
    cluster: str

    @property
    def weak(self) -> pd.DataFrame:
        """Codes whose alpha lies under 0.667: code_id, code, alpha. No finding should rest on them unsaid.

        Raises
        ------
        DataError
            When alpha was not asked for.
        """
        if "alpha" not in set(self.table["measure"]):
            raise DataError("which codes are weak is told by alpha: ask for it with measure='alpha'.")
        return _weak(self.table)

    def summary(self) -> str:
        """Say how many codes reach which bar, and the overall value."""
        first = "alpha" if "alpha" in set(self.table["measure"]) else str(self.table["measure"].iloc[0])
        name = "alpha" if first == "alpha" else measures.LABELS[first]
        each = self.table[(self.table["measure"] == first) & (self.table["code"] != ALL)]
        known = each.dropna(subset=["value"])
        if known.empty:
            reasons = self.table["reason"].replace("", np.nan).dropna()
            return f"Agreement cannot be measured: {reasons.iloc[-1] if len(reasons) else 'no code was used'}."
        solid, usable = (known["value"] >= SOLID).sum(), (known["value"] >= TENTATIVE).sum()
        worst = known.loc[known["value"].idxmin()]
        sure = (
            text.interval(worst["ci_low"], worst["ci_high"], "number")
            if pd.notna(worst["ci_low"])
            else f"no interval: {worst['reason']}"
        )
        silent = len(each) - len(known)
        rest = f" For {silent} more nothing can be said." if silent else ""
        return (
            f"Of {len(known)} codes {solid} reach an {name} of 0.80 and {usable} reach 0.667; the weakest is "
            f"'{worst['code']}' ({worst['value']:.2f}, {sure}).{rest} {self.headline()}"
        )

    def headline(self) -> str:
        """Write the overall values in one line."""
        rows = self.table[(self.table["code"] == ALL) & self.table["value"].notna()]
        parts = [f"{measures.LABELS[row.measure]} {row.value:.4f}" for row in rows.itertuples()]
        if not parts:
            return "No overall value."
        return f"Over all codes, {int(rows['n_units'].max()):,} {self.unit}s: {', '.join(parts)}."

    def plot(self, ax: Axes | None = None, *, measure: str = "", most: int = 30) -> Axes:
        """Draw a measure (alpha where it was asked for) by code with its interval, and the two bars."""
        there = list(dict.fromkeys(self.table["measure"]))
        chosen = measure or ("alpha" if "alpha" in there else there[0])
        frame = self.table[(self.table["measure"] == chosen)].dropna(subset=["value"]).head(most)
        n = int(self.table["n_units"].max()) if len(self.table) else 0
        return draw_dots(
            ax,
            frame,
            "Agreement by code",
            f"up to n = {n:,} {self.unit}s, intervals over {self.cluster}s",
            f"{measures.LABELS[chosen]}, with {text.percent(CONFIDENCE, 0)} interval",
            f"Dot plot of {measures.LABELS[chosen]} for {len(frame)} codes. {self.summary()}",
        )


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
    coded_by: pd.DataFrame | None = None,
    interval: str = "jackknife",
    resamples: int = 2000,
) -> Agreement:
    """Measure agreement between coders.

    Parameters
    ----------
    codings : DataFrame
        Contract codings; with ``document_id``, or `segments` to find it in.
    measure : str or sequence of str
        ``alpha``, ``percent``, ``holsti``, ``cohen`` (``_linear``, ``_quadratic``), ``scott``, ``fleiss``, ``conger``,
        ``ac1``, ``ac2_linear``, ``ac2_quadratic``, ``brennan_prediger``.
    unit : str
        ``document``; ``segment`` (overlapping spans of a document are one unit; without spans the segment itself);
        ``sentence``, ``line``, ``paragraph`` or ``turn`` of the text of `documents`. A unit is coded where any coding
        overlaps it.
    level : str
        Of alpha's overall row, where every coder gives every unit one code: above ``nominal`` codes must be numbers (at the
        ordinal level their order in `codes` does, too). Whether a code was given is always nominal.
    seed : int
        Of the intervals that draw at random.
    documents : DataFrame, optional
        With ``participant_id`` intervals are over participants; with ``text`` units may be pieces of it.
    codes : DataFrame, optional
        The codebook: gives names to codes, and lists codes that nobody used.
    coders_identified : bool
        False where coders are only counted (votes): then measures that must know who coded do not exist, and only units
        with the usual number of votes are used.
    coded_by : DataFrame, optional
        document_id, coder: who worked on which document, also where they marked nothing.
    interval : str
        ``jackknife`` (over participants or documents, see `journeylab.voices.uncertainty.jackknife`); ``percentile`` (they
        are drawn anew); ``pairs`` (pairs of ratings are drawn anew, for alpha only: a habit not to trust).
    resamples : int
        Of intervals that draw at random.

    Notes
    -----
    Per code: whether each coder gave it to each unit, over all units of documents that two or more coders coded. Overall:
    the code itself as the rating where every coder gives each unit exactly one; else the mean over codes. Units of one
    document or participant resemble each other, so these are what the interval takes for independent. Where coders agree
    on all there is to see, or nothing varies, the value is NaN and the reason says so.

    Raises
    ------
    DataError
        For an unknown measure, unit, level or interval, or when segments or texts are needed and absent.

    References
    ----------
    Krippendorff (2019), Content Analysis, 4th ed., ch. 12; of the other measures see `journeylab.voices.measures`.
    """
    wanted = [measure] if isinstance(measure, str) else list(measure)
    if not wanted:
        raise DataError(f"agreement: name at least one measure of {listing(measures.MEASURES)}.")
    for kind, names, allowed in (
        ("measure", wanted, measures.MEASURES),
        ("level", [level], measures.LEVELS),
        ("interval", [interval], HOW),
    ):
        for name in names:
            if name not in allowed:
                raise DataError(f"{kind} '{name}' is none of {listing(allowed)}.{did_you_mean(name, allowed)}")
    units = make_units(codings, segments, documents, unit, coded_by)
    cluster, what = clusters_of(units, documents, unit)
    judge = _Judge(units, cluster, what, wanted, coders_identified, interval, resamples, seed, _nothing(codings, units))
    rows: list[dict[str, object]] = []
    values = _values(codings, codes, level) if units.one_code_each else None
    if values is not None:
        rows += judge.rows(ALL, "", units.chosen_codes(values), level)
    by_code = [
        row for code_id, name in code_names(codings, codes).items()
        for row in judge.rows(name, code_id, units.presence(code_id), "nominal")
    ]  # fmt: skip
    if values is None:
        rows += [judge.mean_row(measure, by_code) for measure in wanted]
    table = pd.DataFrame(rows + by_code, columns=COLUMNS)
    if values is None and level != "nominal":
        note: tuple[str, ...] = (f"Level '{level}' was not used: a coder may give a {unit} several codes, or none.",)
    else:
        note = ()
    return Agreement(
        table,
        "Krippendorff's alpha and others, by code" if "alpha" in wanted else "Agreement of coders, by code",
        (*_assumptions(unit, what, interval, resamples, units, coders_identified), *note, *judge.habit(table)),
        unit,
        what,
    )


def weak_codes(
    codings: pd.DataFrame,
    segments: pd.DataFrame | None = None,
    documents: pd.DataFrame | None = None,
    codes: pd.DataFrame | None = None,
    *,
    coders_identified: bool = True,
) -> pd.DataFrame:
    """Codes on whose use coders agree too little to build on: code_id, code, alpha (under 0.667).

    Parameters
    ----------
    codings, segments, documents, codes, coders_identified
        As for `agreement`; the unit is the usual one.

    Returns
    -------
    DataFrame
        The weakest first; empty where one coder worked alone, since then nothing is known.
    """
    if "coder" not in codings or codings["coder"].nunique() < 2:
        return pd.DataFrame(columns=["code_id", "code", "alpha"])
    units = make_units(codings, segments, documents, usual_unit(segments))
    rows = [
        (code_id, name, measures.alpha(_usable(units.presence(code_id), coders_identified)))
        for code_id, name in code_names(codings, codes).items()
    ]
    return _weak(pd.DataFrame(rows, columns=["code_id", "code", "value"]).assign(measure="alpha"))


def _usable(matrix: NDArray[np.float64], identified: bool) -> NDArray[np.float64]:
    """Ratings without the units that cannot be used: of one rating, or of votes an unusual number."""
    counts, _ = measures.counts_of(matrix)
    used = counts.sum(axis=1) >= 2
    return np.where(used if identified else used & measures.usual_ratings(counts), matrix, np.nan)


def _weak(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of codes with an alpha under the bar, the weakest first."""
    low = table[(table["measure"] == "alpha") & (table["code"] != ALL) & (table["value"] < TENTATIVE)]
    return low[["code_id", "code", "value"]].rename(columns={"value": "alpha"}).sort_values("alpha", ignore_index=True)


def code_names(codings: pd.DataFrame, codes: pd.DataFrame | None) -> dict[str, str]:
    """Code id to name, in the order of the codebook, for codes that may be given; the path where two have one name."""
    used = set(codings["code_id"].dropna())
    if codes is None:
        return {code: code for code in sorted(used)}
    listed = codes[codes["codable"].astype(bool) | codes["code_id"].isin(used)]
    double = listed["name"].duplicated(keep=False)
    names = listed["name"].where(~double, listed["path"] if "path" in listed else listed["code_id"])
    beyond = {code: code for code in sorted(used - set(codes["code_id"]))}
    return dict(zip(listed["code_id"], names, strict=True)) | beyond


def clusters_of(units: Units, documents: pd.DataFrame | None, unit: str) -> tuple[NDArray[np.int64], str]:
    """What is independent: the participant of each unit where known, else its document; the unit where each has its own."""
    names = pd.Series(units.documents, dtype=object)
    what = "document"
    if documents is not None and "participant_id" in documents and documents["participant_id"].notna().any():
        what = "participant"
        names = names.map(people_of(documents)).fillna(names)
    place = pd.factorize(names)[0] if len(names) else np.empty(0, dtype=np.int64)
    group = place[units.document].astype(np.int64)
    return (group, unit) if len(np.unique(group)) == len(group) and what == "document" else (group, what)


def _values(codings: pd.DataFrame, codes: pd.DataFrame | None, level: str) -> dict[str, float]:
    """The number behind each code: its name where that is one, else its place."""
    names = code_names(codings, codes)
    if level == "nominal":
        return {code: float(place) for place, code in enumerate(names)}
    numbers = pd.to_numeric(pd.Series(list(names.values()), dtype="str"), errors="coerce")
    if numbers.isna().any():
        if level == "ordinal" and codes is not None:
            return {code: float(place) for place, code in enumerate(names)}
        bad = list(names.values())[int(np.flatnonzero(numbers.isna())[0])]
        raise DataError(f"level '{level}' needs codes that are numbers; found '{bad}'. Use level='nominal'.")
    return dict(zip(names, numbers.astype(float), strict=True))


def _nothing(codings: pd.DataFrame, units: Units) -> str:
    """Why there is nothing to compare; empty where there is."""
    if not len(codings):
        return "nothing was coded"
    if "coder" not in codings or codings["coder"].isna().all():
        return "the codings do not say who coded"
    if len(units.document):
        return ""
    if codings["coder"].nunique() < 2:
        return "one coder worked alone, so there is nobody to agree with"
    return units.left_out[-1] if units.left_out else "no document was coded by two coders"


@dataclasses.dataclass(frozen=True)
class _Judge:
    """Every measure of one matrix after another, over the same units and clusters."""

    units: Units
    cluster: NDArray[np.int64]
    what: str
    wanted: list[str]
    identified: bool
    how: str
    resamples: int
    seed: int
    nothing: str

    def rows(self, name: str, code_id: str, matrix: NDArray[np.float64], level: str) -> list[dict[str, object]]:
        """One row a measure."""
        matrix = _usable(matrix, self.identified)
        used = ~np.isnan(matrix).all(axis=0)
        matrix, cluster = matrix[:, used], self.cluster[used]
        counts, categories = measures.counts_of(matrix)
        ratings = counts.sum()
        given = counts[:, categories > 0].sum() / ratings if ratings and code_id else np.nan
        base: dict[str, object] = {
            "code": name,
            "code_id": code_id,
            "n_units": len(counts),
            "n_coders": int((~np.isnan(matrix)).any(axis=1).sum()),
            "n_clusters": len(np.unique(cluster)),
            "prevalence": given,
            **_matched(counts, categories, bool(code_id)),
        }
        found = []
        for measure in self.wanted:
            reason = self._why_not(measure, counts, matrix, bool(code_id))
            value, sure = np.nan, unknown(reason)
            if not reason:
                sums = measures.prepare(measure, matrix, level=level, clusters=cluster)
                value = float(sums.total.value[0])
                stake = _stake(matrix, cluster, bool(code_id)) if level == "nominal" or measure != "alpha" else None
                sure = self._sure(measure, sums, matrix, level, stake)
                reason = sure.reason if not np.isnan(value) else "chance alone would give full agreement"
            found.append({**base, "measure": measure, "value": value, **_columns(sure), "reason": reason})
        return found

    def _sure(
        self, measure: str, sums: measures.Sums, matrix: NDArray[np.float64], level: str, stake: Stake | None
    ) -> Uncertainty:
        """The interval of one value."""
        if self.how == "pairs":
            if measure != "alpha":
                return unknown("pairs are drawn anew for alpha only")
            return of_samples(drawn_pairs(matrix, level, resamples=self.resamples, seed=self.seed))
        return measure_uncertainty(
            self.how,
            sums,
            what=self.what,
            least=_least(measure),
            stake=stake,
            resamples=self.resamples,
            seed=self.seed,
        )

    def _why_not(self, measure: str, counts: NDArray[np.float64], matrix: NDArray[np.float64], of_a_code: bool) -> str:
        """Why a measure has no number, in words; empty where it has one."""
        if self.nothing or not len(counts):
            return self.nothing or "no unit was rated by two coders"
        varied = (counts.sum(axis=0) > 0).sum() >= 2
        if not varied and measure not in measures.UNCORRECTED:
            same = "every coder gave every unit the same"
            if of_a_code:
                same = "every coder gave it to every unit" if np.nansum(matrix) else "nobody gave it to any unit"
            return f"{same}: there is no variation to agree about"
        coders = int((~np.isnan(matrix)).any(axis=1).sum())
        if measure in NAMED and not self.identified:
            return "the file counts votes and does not say whose they are"
        if measure in measures.FOR_TWO and coders != 2:
            return f"{measures.LABELS[measure]} is for two coders; there are {coders}"
        return ""

    def mean_row(self, measure: str, by_code: list[dict[str, object]]) -> dict[str, object]:
        """The overall row where a unit may carry several codes: the mean over codes, and its interval."""
        known = [row for row in by_code if row["measure"] == measure and not np.isnan(float(str(row["value"])))]
        row: dict[str, object] = dict.fromkeys(COLUMNS, np.nan)
        row |= {"code": ALL, "code_id": "", "measure": measure, "n_units": len(self.units.document),
                "n_coders": len(self.units.coders), "n_clusters": len(np.unique(self.cluster))}  # fmt: skip
        if not known:
            return row | {"reason": self.nothing or "no code can be measured"}
        reason = f"mean over {len(known)} codes, since a unit may carry several"
        row["value"] = float(np.mean([float(str(other["value"])) for other in known]))
        if self.how != "pairs":
            prepared = [
                measures.prepare(
                    measure, _usable(self.units.presence(str(other["code_id"])), self.identified), clusters=self.cluster
                )
                for other in known
            ]
            sure = measure_uncertainty(
                self.how,
                _mean_of(prepared),
                what=self.what,
                least=_least(measure),
                resamples=self.resamples,
                seed=self.seed,
            )
            row |= _columns(sure)
            reason += f"; {sure.reason}" if sure.reason else ""
        return row | {"reason": reason}

    def habit(self, table: pd.DataFrame) -> tuple[str, ...]:
        """What resampling pairs would have claimed of the weakest code."""
        frame = table[(table["measure"] == "alpha") & (table["code_id"] != "")].dropna(subset=["value", "ci_low"])
        if frame.empty or self.how == "pairs":
            return ()
        row = frame.loc[frame["value"].idxmin()]
        pairs = of_samples(
            drawn_pairs(
                _usable(self.units.presence(str(row["code_id"])), self.identified), resamples=2000, seed=self.seed
            )
        )
        return (
            f"Drawing pairs of ratings anew, as the KALPHA macro does, takes them for independent. Of '{row['code']}' it would "
            f"say {text.interval(pairs.low, pairs.high, 'number')}, where {self.what}s give "
            f"{text.interval(row['ci_low'], row['ci_high'], 'number')}.",
        )


def _stake(matrix: NDArray[np.float64], cluster: NDArray[np.int64], of_a_code: bool) -> Stake:
    """What could have been disputed: all that was rated, or of one code the rarer of giving and not giving it."""
    if not of_a_code:
        return Stake(1.0, len(np.unique(cluster)))
    share = float(np.nanmean(matrix))
    rarer = (matrix == (1.0 if share <= 0.5 else 0.0)).any(axis=0)
    return Stake(min(share, 1 - share), len(np.unique(cluster[rarer])))


def _least(measure: str) -> float:
    """The least that a measure can be."""
    return 0.0 if measure in measures.UNCORRECTED else -1.0


def _mean_of(prepared: list[measures.Sums]) -> measures.Sums:
    """The mean of several values over the same clusters, as one measure."""
    rows = max(len(sums.each) for sums in prepared)
    padded = [np.pad(sums.each, ((0, rows - len(sums.each)), (0, 0))) for sums in prepared]
    ends = np.cumsum([sums.each.shape[1] for sums in prepared])[:-1]

    def parts(total: NDArray[np.float64]) -> measures.Parts:
        cut = np.split(total, ends, axis=1)
        values = np.array([sums.parts(part).value for sums, part in zip(prepared, cut, strict=True)])
        known = ~np.isnan(values)
        n = known.sum(axis=0)
        mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(n, 1)
        return measures.Parts(1 - mean, np.where(n > 0, 1.0, 0.0))

    return measures.Sums(np.concatenate(padded, axis=1), parts)


def _matched(counts: NDArray[np.float64], categories: NDArray[np.float64], of_a_code: bool) -> dict[str, float]:
    """How often another coder also gives the code, where one gives it; and likewise where one does not."""
    matched = {"agree_given": np.nan, "agree_not_given": np.nan}
    m = counts.sum(axis=1)
    for place, category in enumerate(categories if of_a_code else []):
        n = counts[:, place]
        if n.sum():
            matched["agree_given" if category > 0 else "agree_not_given"] = float(
                (n * (n - 1) / (m - 1)).sum() / n.sum()
            )
    return matched


def _columns(sure: Uncertainty) -> dict[str, float]:
    """An interval as columns of the table."""
    return {
        "ci_low": sure.low,
        "ci_high": sure.high,
        "p_below_667": sure.below_667,
        "p_below_800": sure.below_800,
    }


def _assumptions(
    unit: str, what: str, interval: str, resamples: int, units: Units, identified: bool
) -> tuple[str, ...]:  # fmt: skip
    """What must hold, and what was left out."""
    sure = text.percent(CONFIDENCE, 0)
    kinds = {
        "jackknife": f"{sure} from leaving out one {what} after another, t-distributed on Fisher's z scale",
        "percentile": f"{sure} percentile bootstrap over {what}s, {resamples:,} resamples",
        "pairs": f"{sure} from {resamples:,} resamples of pairs of ratings, as the KALPHA macro makes them: too "
        "narrow, since pairs of one unit and units of one document are not independent",
    }
    lines = [f"A unit is a {unit}; only documents that two or more coders coded count."]
    if unit == "segment":
        lines.append("Only passages that somebody coded are units; agreement to leave text uncoded does not count.")
    lines += [f"Intervals: {kinds[interval]}.", "Coders worked alone, with the same codebook."]
    lines.append("Whoever marked nothing in a document did not work on it, unless coded_by says so.")
    if not identified:
        lines.append("Coders cannot be told apart: only units with the usual number of votes are used.")
    return (*lines, *(f"{text.sentence(line)}." for line in units.left_out))
