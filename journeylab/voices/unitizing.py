"""Do the coders mark the same passages, and call them the same?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.intervals import CONFIDENCE
from journeylab.results import Result
from journeylab.voices.agreement import ALL, code_names
from journeylab.voices.continuum import Tally, merge_overlaps, overlapping, tally
from journeylab.voices.dots import draw_dots
from journeylab.voices.measures import Array, Sums
from journeylab.voices.prevalence import people_of
from journeylab.voices.uncertainty import OF_CLUSTERS, SOLID, TENTATIVE, Stake, measure_uncertainty
from journeylab.voices.units import coders_of, placed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAMILY = {"u_alpha": "ci", "binary_u_alpha": "binary", "cu_alpha": "cu", "ku_alpha": "ku"}
"""Each coefficient, and what the columns of its interval begin with."""

COLUMNS = [
    "code",
    *(name for value, stem in FAMILY.items() for name in (value, f"{stem}_low", f"{stem}_high")),
    "coverage",
    "share_marked",
    "n_documents",
    "n_clusters",
    "n_coders",
    "length",
    "p_below_667",
    "p_below_800",
    "reason",
    "code_id",
]


@dataclasses.dataclass(frozen=True)
class UnitizingAgreement(Result):
    """Agreement on free passages.

    Attributes
    ----------
    table : DataFrame
        code; u_alpha (where and what), binary_u_alpha (where alone), cu_alpha (what, where two coders marked something),
        ku_alpha (this code told from others, where two coders marked something), each with its interval: ci_low and ci_high
        of u_alpha, binary_low and so on; coverage (share of the code's length where another coder marked anything),
        share_marked (of the text, mean over coders), n_documents, n_clusters, n_coders, length (characters), p_below_667
        and p_below_800 (of u_alpha), reason, code_id. The first rows are over all codes, or those of a domain. Of one code
        u_alpha and binary_u_alpha are the same, and cu_alpha has nothing to tell apart.
    cluster : str
        What the intervals take for independent: ``participant`` or ``document``.
    """

    cluster: str

    def summary(self) -> str:
        """Say how far coders agree over all codes, and which code is the weakest."""
        overall = self.table[self.table["code_id"] == ""]
        each = self.table[self.table["code_id"] != ""].dropna(subset=["u_alpha"])
        parts = []
        for row in overall.itertuples():
            values = [
                f"{words} {getattr(row, name):.2f}"
                + ("" if np.isnan(low) else f" ({text.interval(low, getattr(row, f'{stem}_high'), 'number')})")
                for (name, stem), words in zip(
                    FAMILY.items(), ("where and what", "where to mark", "what to call it"), strict=False
                )
                if not np.isnan(getattr(row, name)) and (low := getattr(row, f"{stem}_low")) is not None
            ]
            if values:
                parts.append(f"Agreement on passages, {row.code.strip('()')}: {'; '.join(values)}.")
        if len(each):
            worst = each.loc[each["u_alpha"].idxmin()]
            parts.append(
                f"Of {len(each)} codes {(each['u_alpha'] >= SOLID).sum()} reach a u-alpha of 0.80 and "
                f"{(each['u_alpha'] >= TENTATIVE).sum()} reach 0.667; the weakest is '{worst['code']}' ({worst['u_alpha']:.2f}"
                f"{'' if np.isnan(worst['ci_low']) else ', ' + text.interval(worst['ci_low'], worst['ci_high'], 'number')}; "
                f"n = {int(worst['n_documents']):,} documents)."
            )
        if parts:
            return " ".join(parts)
        reasons = self.table["reason"].replace("", np.nan).dropna()
        return f"Agreement on passages cannot be measured: {reasons.iloc[0] if len(reasons) else 'nothing was coded'}."

    def plot(self, ax: Axes | None = None, *, most: int = 30) -> Axes:
        """Draw u-alpha by code with its interval, and the two bars."""
        frame = self.table.dropna(subset=["u_alpha"]).head(most).assign(value=lambda part: part["u_alpha"])
        n = int(self.table["n_documents"].max()) if len(self.table) else 0
        return draw_dots(
            ax, frame, "Agreement on passages, by code", f"n = {n:,} documents, intervals over {self.cluster}s",
            f"u-alpha, with {text.percent(CONFIDENCE, 0)} interval",
            f"Dot plot of u-alpha for {len(frame)} codes. {self.summary()}",
        )  # fmt: skip


def unitizing_agreement(
    codings: pd.DataFrame,
    segments: pd.DataFrame | None,
    documents: pd.DataFrame | None,
    *,
    codes: pd.DataFrame | None = None,
    domains: Mapping[str, str] | None = None,
    coded_by: pd.DataFrame | None = None,
    interval: str = "jackknife",
    resamples: int = 2000,
    seed: int = 0,
) -> UnitizingAgreement:
    """Measure agreement on passages that coders cut out of texts themselves.

    Parameters
    ----------
    codings, segments, documents : DataFrame
        Contract tables; passages with start and end, documents with their text.
    codes : DataFrame, optional
        The codebook: gives names to codes, and lists codes that nobody used.
    domains : mapping of code_id to str, optional
        Codes of which a coder gives a passage one at most. The first rows are then one a domain, not one over all codes.
    coded_by : DataFrame, optional
        document_id, coder: who worked on which document, also where they marked nothing.
    interval : str
        ``jackknife`` or ``percentile``, over participants or documents.
    resamples, seed : int
        Of the latter.

    Returns
    -------
    UnitizingAgreement
        Without numbers, and with a reason, where passages have no place, documents have no text, or one coder worked alone.

    Notes
    -----
    Texts are laid one after another, in an order that does not matter; text that nobody marked counts. Overlapping
    passages of one coder and code are one; those that only touch stay apart. Over several codes alphas exist only where no
    coder gave two of them to the same stretch; where to mark (binary) exists always. A code alone is judged against all
    text that does not carry it. See `journeylab.voices.continuum.tally` for the formulas.

    Raises
    ------
    DataError
        For an unknown interval.

    References
    ----------
    Krippendorff (2019), Content Analysis, 4th ed., section 12.6.
    """
    if interval not in OF_CLUSTERS:
        raise DataError(
            f"interval '{interval}' is none of {listing(OF_CLUSTERS)}.{did_you_mean(interval, OF_CLUSTERS)}"
        )
    names = code_names(codings, codes)
    field = _lay_out(codings, segments, documents, coded_by)
    how = {"how": interval, "resamples": resamples, "seed": seed}
    groups = _groups(names, domains)
    rows: list[dict[str, object]] = []
    joint: dict[str, tuple[Tally | str, int]] = {}
    for group, members in groups.items():
        row, one = field.overall(group, members, how)
        rows.append(row)
        joint |= {code: (one, place) for place, code in enumerate(members)}
    rows += [field.code(code, name, joint[code], how) for code, name in names.items()]
    table = pd.DataFrame(rows, columns=COLUMNS)
    assumptions = (
        "All text of the documents counts, also what nobody marked.",
        "Passages of one coder and code that overlap are one; those that only touch stay apart.",
        f"Intervals: {text.percent(CONFIDENCE, 0)} over {field.what}s; characters of one text are far from independent, and "
        "never drawn.",
        "Coders worked alone, with the same codebook. Whoever marked nothing in a document did not work on it, unless coded_by "
        "says so.",
        *(f"{text.sentence(line)}." for line in field.left_out),
    )
    return UnitizingAgreement(table, "Krippendorff's alpha for unitising (u-alpha, 2016)", assumptions, field.what)


def _groups(names: dict[str, str], domains: Mapping[str, str] | None) -> dict[str, list[str]]:
    """The rows over several codes: name and members."""
    if domains is None:
        return {ALL: list(names)}
    groups: dict[str, list[str]] = {}
    for code in names:
        groups.setdefault(str(domains.get(code, "(no domain)")), []).append(code)
    return groups


@dataclasses.dataclass(frozen=True)
class _Field:
    """Texts and passages as numbers, ready to be tallied."""

    spans: pd.DataFrame
    lengths: Array
    covered: np.ndarray
    cluster: np.ndarray
    what: str
    nothing: str
    left_out: tuple[str, ...]

    @property
    def base(self) -> dict[str, object]:
        """What every row says of the texts."""
        row: dict[str, object] = dict.fromkeys(COLUMNS, np.nan)
        return row | {
            "n_documents": len(self.lengths),
            "n_clusters": len(np.unique(self.cluster)),
            "n_coders": len(self.covered),
            "length": int(self.lengths.sum()),
            "reason": self.nothing,
            "code_id": "",
        }

    def tally(self, spans: pd.DataFrame, q: int) -> Tally:
        return tally(spans, self.lengths, self.covered, q)

    def by_cluster(self, sums: Sums) -> Sums:
        """Documents of one participant are one cluster."""
        each = np.zeros((self.cluster.max() + 1, sums.each.shape[1]))
        np.add.at(each, self.cluster, sums.each)
        return Sums(each, sums.parts)

    def fill(self, row: dict[str, object], name: str, sums: Sums, how: dict[str, object], why: str) -> str:
        """Put a coefficient and its interval into a row; returns why there is none."""
        value = float(sums.total.value[0])
        if np.isnan(value):
            return why
        row[name] = value
        clustered = self.by_cluster(sums)
        sure = measure_uncertainty(sums=clustered, what=self.what, stake=_stake(clustered.each, name), **how)  # type: ignore[arg-type]
        row[f"{FAMILY[name]}_low"], row[f"{FAMILY[name]}_high"] = sure.low, sure.high
        if name == "u_alpha":
            row["p_below_667"], row["p_below_800"] = sure.below_667, sure.below_800
        return f"{name}: {sure.reason}" if sure.reason else ""

    def overall(self, name: str, members: list[str], how: dict[str, object]) -> tuple[dict[str, object], Tally | str]:
        """The row over several codes, and their common tally, or why there is none."""
        row = self.base | {"code": name}
        if self.nothing:
            return row, self.nothing
        spans = self.spans[self.spans["code_id"].isin(members)]
        if spans.empty:
            return row | {"reason": "nobody marked anything"}, "nobody marked anything"
        value = spans["code_id"].map({code: place for place, code in enumerate(members, start=1)})
        spans = merge_overlaps(spans.assign(value=value.astype(np.int64)))
        union = self.tally(merge_overlaps(spans.assign(value=1)), 1)
        reasons = [self.fill(row, "binary_u_alpha", union.binary(), how, "everything was marked as one passage")]
        row["share_marked"] = _share(union)
        several = overlapping(spans)
        if several:
            clash = (
                f"coders gave {several:,} passages a second code: u-alpha over several codes needs one at a time; read the "
                "codes one by one, or pass domains"
            )
            return row | {"reason": "; ".join([clash, *filter(None, reasons)])}, clash
        one = self.tally(spans, len(members))
        reasons.append(self.fill(row, "u_alpha", one.u_alpha(), how, "there is nothing to agree about"))
        reasons.append(
            self.fill(
                row,
                "cu_alpha",
                one.cu_alpha(),
                how,
                "cu_alpha: two coders marked the same with one code only, or never",
            )
        )
        return row | {"reason": "; ".join(filter(None, reasons))}, one

    def code(
        self, code: str, name: str, joint: tuple[Tally | str, int], how: dict[str, object]
    ) -> dict[str, object]:  # fmt: skip
        """The row of one code."""
        row = self.base | {"code": name, "code_id": code}
        if self.nothing:
            return row
        spans = self.spans[self.spans["code_id"] == code]
        if spans.empty:
            return row | {"share_marked": 0.0, "reason": "nobody marked it"}
        alone = self.tally(merge_overlaps(spans.assign(value=1)), 1)
        reasons = [self.fill(row, "u_alpha", alone.binary(), how, "everything was marked as one passage")]
        for end in ("", "_low", "_high"):
            row[f"binary{end or '_u_alpha'}"] = row[f"ci{end}" if end else "u_alpha"]
        row["share_marked"] = _share(alone)
        together, place = joint
        if isinstance(together, Tally) and len(together.paired_squares.T) > 1:
            row["coverage"] = together.coverage(place)
            reasons.append(
                self.fill(row, "ku_alpha", together.ku_alpha(place), how, "ku_alpha: nobody else marked what it marks")
            )
        return row | {"reason": "; ".join(filter(None, reasons))}


def _stake(each: Array, name: str) -> Stake:
    """What could have been disputed: what was marked, or left unmarked where that is less; all that two coders marked."""
    q = round((np.sqrt(1 + 4 * each.shape[1]) - 1) / 2)  # each row is a table of q by q and q squares
    margin = each[:, : q * q].reshape(-1, q, q).sum(axis=2)
    if name in {"cu_alpha", "ku_alpha"}:
        return Stake(1.0, int(margin.any(axis=1).sum()))
    gap, marked = margin[:, 0], margin[:, 1:].sum(axis=1)
    rarer = marked if marked.sum() <= gap.sum() else gap
    return Stake(float(rarer.sum() / margin.sum()), int((rarer > 0).sum()))


def _share(one: Tally) -> float:
    """The share of the text that is marked, mean over coders."""
    total = one.coincidences.sum(axis=0)
    return float(total[1:].sum() / total.sum())


def _lay_out(
    codings: pd.DataFrame, segments: pd.DataFrame | None, documents: pd.DataFrame | None, coded_by: pd.DataFrame | None
) -> _Field:
    """Find what can be used, and say what cannot."""
    frame, left_out = placed(codings, segments)
    who = coders_of(frame, coded_by)
    nothing = ""
    if not len(codings):
        nothing = "nothing was coded"
    elif "coder" not in codings or codings["coder"].isna().all():
        nothing = "the codings do not say who coded"
    elif codings["coder"].nunique() < 2 and not len(who):
        nothing = "one coder worked alone, so there is nobody to agree with"
    elif not len(who):
        nothing = "no document was coded by two coders"
    elif documents is None or "text" not in documents or documents["text"].isna().all():
        nothing = "the documents have no text, so it is not known what was left unmarked"
    elif not {"start", "end"} <= set(frame) or frame["start"].isna().all():
        nothing = "the passages have no place in their texts"
    if nothing:
        empty = pd.DataFrame({name: [] for name in ("document", "coder", "start", "end", "code_id")})
        return _Field(empty, np.zeros(0), np.zeros((0, 0), dtype=bool), np.zeros(0, int), "document", nothing, left_out)
    assert documents is not None
    texts = documents.dropna(subset=["text"]).set_index("document_id")["text"].astype(str)
    lengths = texts[texts.index.isin(who.index)].str.len()
    frame = frame[frame["document_id"].isin(who.index)]
    beyond = frame["end"] > frame["document_id"].map(lengths)
    n = len(who)
    unplaced = set(frame.loc[frame["start"].isna() | frame["end"].isna() | beyond, "document_id"])
    for lost, words in (
        (set(who.index) - set(lengths.index), "have no text"),
        (unplaced & set(lengths.index), "have passages without a place in the text"),
    ):
        if lost:
            left_out += (f"{len(lost):,} of {n:,} documents {words} and are left out",)
            who = who[~who.index.isin(lost)]
    frame = frame[frame["document_id"].isin(who.index)]
    hollow = frame["end"] <= frame["start"]
    if hollow.any():
        left_out += (f"{int(hollow.sum()):,} passages have no length and are left out",)
    frame = frame[~hollow]
    ids = list(who.index)
    coders = sorted({coder for names in who for coder in names})
    people = pd.Series(ids, dtype=object)
    what = "document"
    if "participant_id" in documents and documents["participant_id"].notna().any():
        what, people = "participant", people.map(people_of(documents)).fillna(people)
    spans = pd.DataFrame(
        {
            "document": frame["document_id"].map({name: place for place, name in enumerate(ids)}).astype(np.int64),
            "coder": frame["coder"].map({name: place for place, name in enumerate(coders)}).astype(np.int64),
            "start": frame["start"].astype(np.int64),
            "end": frame["end"].astype(np.int64),
            "code_id": frame["code_id"],
        }
    )
    covered = np.array([[coder in who[name] for name in ids] for coder in coders], dtype=bool).reshape(len(coders), -1)
    nothing = "" if ids else "no document has both a text and places of passages"
    return _Field(
        spans, lengths.reindex(ids).to_numpy(dtype=float), covered, pd.factorize(people)[0], what, nothing, left_out
    )
