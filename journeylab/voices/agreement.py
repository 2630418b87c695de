"""Do the coders agree, code by code, and how sure is that?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.intervals import CONFIDENCE
from journeylab.results import Result
from journeylab.voices import coefficients, measures
from journeylab.voices.coefficients import LABELS
from journeylab.voices.dots import draw_dots
from journeylab.voices.judging import ALL, COLUMNS, Judge, usable
from journeylab.voices.uncertainty import HOW, SOLID, TENTATIVE
from journeylab.voices.units import Units, clusters_of, code_names, make_units, usual_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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

    @property
    def shown(self) -> pd.DataFrame:
        """The table for readers: one row a code, one column a measure with its interval."""
        first = next(iter(dict.fromkeys(self.table["measure"])), "")
        lines = []
        for code, rows in self.table.groupby("code", sort=False):
            by = rows.set_index("measure")
            lead = by.loc["alpha" if "alpha" in by.index else first]
            told = {
                LABELS[name]: text.estimate(row["value"], row["ci_low"], row["ci_high"]) for name, row in by.iterrows()
            }
            known = pd.notna(lead["p_below_667"])
            lines.append(
                {
                    "Code": code,
                    **told,
                    "chance under 0.667": text.percent(lead["p_below_667"], 0) if known else text.MISSING,
                    "given in": text.percent(lead["prevalence"]) if pd.notna(lead["prevalence"]) else text.MISSING,
                    f"{self.unit}s": text.count(int(lead["n_units"])),
                    "note": lead["reason"],
                }
            )
        return pd.DataFrame(lines)

    def summary(self) -> str:
        """Say how many codes reach which bar, and the overall value."""
        first = "alpha" if "alpha" in set(self.table["measure"]) else str(self.table["measure"].iloc[0])
        name = "alpha" if first == "alpha" else LABELS[first]
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
            f"'{worst['code']}' ({text.fixed(worst['value'], 2)}, {sure}).{rest} {self.headline()}"
        )

    def headline(self) -> str:
        """Write the overall values in one line."""
        rows = self.table[(self.table["code"] == ALL) & self.table["value"].notna()]
        parts = [f"{LABELS[row.measure]} {text.fixed(row.value, 4)}" for row in rows.itertuples()]
        if not parts:
            return "No overall value."
        return f"Over all codes, {text.count(int(rows['n_units'].max()))} {self.unit}s: {', '.join(parts)}."

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
            f"up to n = {text.count(n)} {self.unit}s, intervals over {self.cluster}s",
            f"{LABELS[chosen]}, with {text.percent(CONFIDENCE, 0)} interval",
            f"Dot plot of {LABELS[chosen]} for {len(frame)} codes. {self.summary()}",
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
        raise DataError(f"agreement: name at least one measure of {listing(coefficients.MEASURES)}.")
    for kind, names, allowed in (
        ("measure", wanted, coefficients.MEASURES),
        ("level", [level], coefficients.LEVELS),
        ("interval", [interval], HOW),
    ):
        for name in names:
            if name not in allowed:
                raise DataError(f"{kind} '{name}' is none of {listing(allowed)}.{did_you_mean(name, allowed)}")
    units = make_units(codings, segments, documents, unit, coded_by)
    cluster, what = clusters_of(units, documents, unit)
    judge = Judge(units, cluster, what, wanted, coders_identified, interval, resamples, seed, _nothing(codings, units))
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
        (code_id, name, measures.alpha(usable(units.presence(code_id), coders_identified)))
        for code_id, name in code_names(codings, codes).items()
    ]
    return _weak(pd.DataFrame(rows, columns=["code_id", "code", "value"]).assign(measure="alpha"))


def _weak(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of codes with an alpha under the bar, the weakest first."""
    low = table[(table["measure"] == "alpha") & (table["code"] != ALL) & (table["value"] < TENTATIVE)]
    return low[["code_id", "code", "value"]].rename(columns={"value": "alpha"}).sort_values("alpha", ignore_index=True)


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


def _assumptions(
    unit: str, what: str, interval: str, resamples: int, units: Units, identified: bool
) -> tuple[str, ...]:  # fmt: skip
    """What must hold, and what was left out."""
    sure = text.percent(CONFIDENCE, 0)
    kinds = {
        "jackknife": f"{sure} from leaving out one {what} after another, t-distributed on Fisher's z scale",
        "percentile": f"{sure} percentile bootstrap over {what}s, {text.count(resamples)} resamples",
        "pairs": f"{sure} from {text.count(resamples)} resamples of pairs of ratings, as the KALPHA macro makes them: too "
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
