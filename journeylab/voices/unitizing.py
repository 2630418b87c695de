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
from journeylab.voices.continuum import Tally
from journeylab.voices.dots import draw_dots
from journeylab.voices.judging import ALL
from journeylab.voices.passages import COLUMNS, FAMILY, lay_out
from journeylab.voices.uncertainty import OF_CLUSTERS, SOLID, TENTATIVE
from journeylab.voices.units import code_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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

    @property
    def shown(self) -> pd.DataFrame:
        """The table for readers: one row a code, each coefficient with its interval; empty columns are left out."""
        heads = {
            "u_alpha": "where and what",
            "binary_u_alpha": "where",
            "cu_alpha": "what",
            "ku_alpha": "this code or another",
        }
        shown = pd.DataFrame({"Code": self.table["code"]})
        for name, stem in FAMILY.items():
            if self.table[name].notna().any():
                ends = self.table[[name, f"{stem}_low", f"{stem}_high"]].itertuples(index=False)
                shown[heads[name]] = [text.estimate(*row) for row in ends]
        shown["text marked"] = [text.percent(share) for share in self.table["share_marked"]]
        shown["documents"] = [text.fixed(n, 0) for n in self.table["n_documents"]]
        return shown.assign(note=self.table["reason"])

    def summary(self) -> str:
        """Say how far coders agree over all codes, and which code is the weakest."""
        overall = self.table[self.table["code_id"] == ""]
        each = self.table[self.table["code_id"] != ""].dropna(subset=["u_alpha"])
        parts = []
        for row in overall.itertuples():
            values = [
                f"{words} {text.fixed(getattr(row, name), 2)}"
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
                f"{(each['u_alpha'] >= TENTATIVE).sum()} reach 0.667; the weakest is '{worst['code']}' "
                f"({text.fixed(worst['u_alpha'], 2)}"
                f"{'' if np.isnan(worst['ci_low']) else ', ' + text.interval(worst['ci_low'], worst['ci_high'], 'number')}; "
                f"n = {text.count(int(worst['n_documents']))} documents)."
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
            ax, frame, "Agreement on passages, by code", f"n = {text.count(n)} documents, intervals over {self.cluster}s",
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
    field = lay_out(codings, segments, documents, coded_by)
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
