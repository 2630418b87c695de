"""Estimates beside the planted truth, where a study is simulated."""

from __future__ import annotations

import json

import pandas as pd

from journeylab.study import Study


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


def planted(study: Study, name: str) -> dict[str, object] | None:
    """Read one file of a simulated study's truth, such as ``experiment``; None where the study is real."""
    file = study.folder / "truth" / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
