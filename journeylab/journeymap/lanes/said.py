"""What people say: how they feel, what they name, their words."""

from __future__ import annotations

import pandas as pd

from journeylab import text
from journeylab.joint import mean_valence, mentions
from journeylab.joint.said import asked_by_stage
from journeylab.journeymap.model import Cell, Lane, empty, grade
from journeylab.study import Study


def feeling_lane(study: Study, minimum: int) -> Lane:
    """The mean valence of what people said of each stage."""
    cells = []
    asked, guide = asked_by_stage(study)
    for row in mean_valence(study).itertuples():
        if row.n == 0:
            reason = (
                "not asked"
                if guide and not asked.get(row.stage)
                else "nobody spoke of it"
                if study.codes is not None
                else "no interviews"
            )
            cells.append(empty(reason))
        elif row.n < minimum:
            cells.append(empty("too few to show"))
        else:
            words = f"{text.signed(row.valence)}" + (
                f" ({text.interval(row.low, row.high, 'number')})" if row.n > 1 else ""
            )
            flag = "bad" if row.high < 0 else "good" if row.low > 0 else ""
            cells.append(
                Cell((words, f"{text.count(row.n)} people"), n=row.n, evidence=grade(row.n), value=row.valence, low=row.low,
                     high=row.high, flag=flag, source="coded interviews")
            )  # fmt: skip
    return Lane("feeling", "Feeling, −1 to +1", tuple(cells))


def voices_lane(study: Study, evidence: pd.DataFrame, side: str, minimum: int) -> Lane:
    """The pains or the gains that most of those asked name on each stage."""
    said = mentions(study)
    said = said[said["valence"] < 0] if side == "pain" else said[said["valence"] > 0]
    cells = []
    for stage in study.stages:
        row = evidence.loc[stage]
        n = int(row["n_asked"])
        if n == 0:
            cells.append(empty("not asked" if study.has("documents") else "no interviews"))
            continue
        counts = (
            said[said["stage"] == stage].groupby("name")["person"].nunique().sort_values(ascending=False, kind="stable")
        )
        counts = counts[counts >= minimum]
        if counts.empty:
            cells.append(empty("none named" if row[f"n_{side}"] == 0 else "too few to show"))
            continue
        lines = tuple(f"{name}: {text.count(k)} of {text.count(n)}" for name, k in counts.head(3).items())
        cells.append(
            Cell(lines, n=n, evidence=grade(n), value=row[side], low=row[f"{side}_low"], high=row[f"{side}_high"],
                 flag="bad" if side == "pain" else "good", source="coded interviews")
        )  # fmt: skip
    return Lane(f"{side}s", f"{side.capitalize()}s named, people of those asked", tuple(cells))


def quotes_lane(study: Study, share: str) -> Lane | None:
    """A passage of each stage on what most name there, by consent; None without coded interviews."""
    from journeylab import voices

    if not study.has("codings", "segments", "documents", "codes"):
        return None
    cells = []
    for stage in study.stages:
        found = voices.quotes(
            study.codings, study.quotable, study.documents, study.codes, study.crosswalk,
            stage=stage, per=1, share=share, names=study.config.privacy.names,
        )  # fmt: skip
        loudest = mentions(study)
        counts = loudest[loudest["stage"] == stage]["name"].value_counts()
        if len(found):
            rank = found["code"].map(counts).fillna(0)
            row = found.loc[rank.idxmax()]
            cells.append(
                Cell((f"“{row['quote']}”", f"{row['participant']}, on {row['code']}"), n=1, source="interview")
            )
        else:
            cells.append(empty("no quote with consent" if len(counts) else "nobody spoke of it"))
    return Lane("quotes", "In their words", tuple(cells))
