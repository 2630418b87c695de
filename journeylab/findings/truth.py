"""Estimates beside the planted truth, where a study is simulated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from journeylab import text
from journeylab.findings.model import rows
from journeylab.study import Study

if TYPE_CHECKING:
    from journeylab.impact import ChangedUnits, DatedChange


def against_truth(study: Study, effects: pd.DataFrame) -> pd.DataFrame | None:
    """Estimates beside the planted truth of a simulated study.

    Returns
    -------
    DataFrame or None
        touchpoint, role, truth, estimate, ci_low, ci_high, naive, covered; None where the study is real.
    """
    file = study.folder / "truth" / "effects.csv"
    if not file.is_file():
        return None
    truth = pd.read_csv(file).rename(columns={"effect": "truth"})
    merged = truth[["touchpoint", "role", "truth"]].merge(effects, on="touchpoint")
    merged["covered"] = (merged["ci_low"] <= merged["truth"]) & (merged["truth"] <= merged["ci_high"])
    columns = ["touchpoint", "role", "truth", "estimate", "ci_low", "ci_high", "naive", "verdict", "covered"]
    return merged[columns].sort_values("truth", ascending=False, ignore_index=True)


def experiment_truth(
    study: Study, experiments: pd.DataFrame | None, changes: list[DatedChange | ChangedUnits] | None = None
) -> list[str]:
    """Say for each planted test and change whether its interval holds the truth; empty where the study is real."""
    lines = []
    known = planted(study, "experiment") or {}
    for row in rows(experiments):
        truth = known.get(row.experiment)
        if truth is not None and row.measure != "share":
            lines.append(
                f"'{row.experiment}': the truth was planted on the share with the outcome, and not on its {row.measure}."
            )
        elif truth is not None and row.grade == "A":
            inside = "holds" if row.ci_low <= truth["effect"] <= row.ci_high else "misses"
            lines.append(f"'{row.experiment}': planted {text.points(truth['effect'])}; the interval {inside} it.")
        elif truth is not None:
            lines.append(f"'{row.experiment}': {truth.get('note', 'planted fault')}; the check found it.")
    change = planted(study, "change")
    for found in changes or []:
        row = found.table.iloc[0]
        if change is not None:
            inside = "holds" if row["ci_low"] <= change["level"] <= row["ci_high"] else "misses"
            lines.append(f"'{row['description']}': planted {text.points(change['level'])}; the interval {inside} it.")
    return lines


def planted(study: Study, name: str) -> dict[str, Any] | None:
    """Read one file of a simulated study's truth, such as ``experiment``; None where the study is real."""
    file = study.folder / "truth" / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
