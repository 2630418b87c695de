"""What people say: how they feel, what they name, their words."""

from __future__ import annotations

from typing import Any

from journeylab import text
from journeylab.joint import mean_valence
from journeylab.joint.said import asked_by_stage
from journeylab.journeymap.material import NO_INTERVIEWS, TOO_FEW, Material
from journeylab.journeymap.model import Cell, Lane, empty, grade


def feeling_lane(material: Material) -> Lane:
    """The mean valence of what people said of each stage."""
    study = material.study
    cells = []
    asked, guide = asked_by_stage(study)
    for row in mean_valence(study).itertuples():
        if row.n == 0:
            reason = (
                NO_INTERVIEWS
                if not study.has("documents")
                else material.unplaced
                if material.unplaced
                else "not asked"
                if guide and not asked.get(row.stage)
                else "nobody spoke of it"
            )
            cells.append(empty(reason))
        elif row.n < material.minimum:
            cells.append(empty(TOO_FEW))
        else:
            words = f"{text.signed(row.valence)}" + (
                f" ({text.interval(row.low, row.high, 'number')})" if row.n > 1 else ""
            )
            flag = "bad" if row.high < 0 else "good" if row.low > 0 else ""
            ends = {"value": row.valence, "low": row.low, "high": row.high}
            cells.append(_people(material, (words, text.people(row.n)), row.n, flag=flag, **ends))
    return Lane("feeling", "Feeling, −1 to +1", tuple(cells))


def voices_lane(material: Material, side: str) -> Lane:
    """The pains or the gains that most of those asked name on each stage."""
    said = material.said
    said = said[said["valence"] < 0] if side == "pain" else said[said["valence"] > 0]
    cells = []
    for stage in material.study.stages:
        row = material.evidence.loc[stage]
        n = int(row["n_asked"])
        if n == 0:
            cells.append(
                empty(material.unplaced or ("not asked" if material.study.has("documents") else NO_INTERVIEWS))
            )
            continue
        counts = (
            said[said["stage"] == stage].groupby("name")["person"].nunique().sort_values(ascending=False, kind="stable")
        )
        counts = counts[counts >= material.minimum]
        if counts.empty:
            cells.append(empty(f"nobody named any {side}" if row[f"n_{side}"] == 0 else TOO_FEW))
            continue
        lines = tuple(f"{name}: {text.count(k)} of {text.count(n)}" for name, k in counts.head(3).items())
        ends = {"value": row[side], "low": row[f"{side}_low"], "high": row[f"{side}_high"]}
        cells.append(_people(material, lines, n, flag="bad" if side == "pain" else "good", **ends))
    return Lane(f"{side}s", f"{side.capitalize()}s named, people of those asked", tuple(cells))


def quotes_lane(material: Material) -> Lane | None:
    """A passage of each stage on what most name there, by consent; None without coded interviews."""
    from journeylab import voices

    study = material.study
    if study.coded is None or study.codings is None or study.codes is None or study.documents is None:
        return None
    cells = []
    for stage in study.stages:
        found = voices.quotes(
            study.codings, study.quotable, study.documents, study.codes, study.crosswalk,
            stage=stage, per=1, share=material.share, names=study.config.privacy.names,
        )  # fmt: skip
        counts = material.said.loc[material.said["stage"] == stage, "name"].value_counts()
        if len(found):
            rank = found["code"].map(counts).fillna(0)
            row = found.loc[rank.idxmax()]
            words = (f"“{row['quote']}”", f"{row['participant']}, on {row['code']}")
            cells.append(Cell(words, n=1, unit="people", **material.origins.interviews.of_cell))
        elif not study.has("documents"):
            cells.append(empty(NO_INTERVIEWS))
        else:
            cells.append(empty("no quote with consent" if len(counts) else material.unplaced or "nobody spoke of it"))
    return Lane("quotes", "In their words", tuple(cells))


def _people(material: Material, lines: tuple[str, ...], n: int, *, flag: str, **ends: Any) -> Cell:
    """A cell that counts interviewed people."""
    origin = material.origins.interviews.of_cell
    return Cell(lines, n=int(n), unit="people", evidence=grade(n), flag=flag, **origin, **ends)
