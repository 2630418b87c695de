"""Texts and passages as numbers, and a row of agreement for each code or domain."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.voices.coefficients import Array, Sums
from journeylab.voices.continuum import Tally, merge_overlaps, overlapping, tally
from journeylab.voices.prevalence import people_of
from journeylab.voices.uncertainty import Stake, measure_uncertainty
from journeylab.voices.units import coders_of, placed

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
class Field:
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
        """Tally passages over these texts."""
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
                f"coders gave {text.count(several)} passages a second code: u-alpha over several codes needs one at a "
                "time; read the "
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


def lay_out(
    codings: pd.DataFrame, segments: pd.DataFrame | None, documents: pd.DataFrame | None, coded_by: pd.DataFrame | None
) -> Field:
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
        return Field(empty, np.zeros(0), np.zeros((0, 0), dtype=bool), np.zeros(0, int), "document", nothing, left_out)
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
            left_out += (f"{text.count(len(lost))} of {text.count(n)} documents {words} and are left out",)
            who = who[~who.index.isin(lost)]
    frame = frame[frame["document_id"].isin(who.index)]
    hollow = frame["end"] <= frame["start"]
    if hollow.any():
        left_out += (f"{text.count(int(hollow.sum()))} passages have no length and are left out",)
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
    return Field(
        spans, lengths.reindex(ids).to_numpy(dtype=float), covered, pd.factorize(people)[0], what, nothing, left_out
    )
