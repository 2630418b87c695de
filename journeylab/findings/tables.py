"""Findings as tables, and against those of the last run."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from journeylab import html, text
from journeylab.findings.model import ACTS, Evidence, Finding, decided


def whole(value: object) -> str:
    """Outcomes or money a year, without decimals: beside their intervals they would say more than is known."""
    return text.number(float(str(value)), 0)


VERDICT_FORMATS: dict[str, html.Format] = {"value": whole, "estimate": "points", "naive": "points"}
TRUTH_FORMATS: dict[str, html.Format] = {"truth": "points", "estimate": "points", "naive": "points"}


def to_frame(findings: list[Finding]) -> pd.DataFrame:
    """One row a finding."""
    return pd.DataFrame(
        [dataclasses.asdict(item) for item in findings], columns=[field.name for field in dataclasses.fields(Finding)]
    )


def as_dict(finding: Finding) -> dict[str, Any]:
    """A finding as it is saved."""
    return dataclasses.asdict(finding)


def verdict_table(evidence: Evidence) -> pd.DataFrame:
    """Touchpoints with what to do about them, those to act on first and the dearest of them first.

    Returns
    -------
    DataFrame
        touchpoint, decision, value (a year), value_interval (in words), estimate, ci_low, ci_high, n_exposed, grade,
        naive, reason.
    """
    columns = [
        "touchpoint",
        "decision",
        "value",
        "value_interval",
        "estimate",
        "ci_low",
        "ci_high",
        "n_exposed",
        "grade",
        "naive",
        "reason",
    ]
    found = pd.DataFrame(decided(evidence))
    if found.empty:
        return pd.DataFrame(columns=columns)
    place = found["decision"].map({name: number for number, name in enumerate((*ACTS, "test", "not known"))})
    between = [
        text.MISSING if pd.isna(row.value) else f"{text.signed(row.value_low, 0)} to {text.signed(row.value_high, 0)}"
        for row in found.itertuples()
    ]
    found = found.assign(reason=found["why"], value_interval=between).loc[place.sort_values(kind="stable").index]
    return found[columns].reset_index(drop=True)


def clear_and_unknown(shown: pd.DataFrame, verdict: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of a table with a verdict, and those whose `verdict` is ``not known``."""
    unknown = shown[verdict] == "not known"
    return shown[~unknown], shown[unknown]


def why_unknown(unknown: pd.DataFrame, why: str) -> list[str]:
    """Say each reason once, with the touchpoints it holds for; the most frequent first.

    Parameters
    ----------
    unknown : DataFrame
        touchpoint, and the column `why`; of a reason what stands before its first semicolon.
    """
    reasons = unknown[why].astype(str).str.partition(";")[0]
    said = []
    for reason in reasons.value_counts().index:
        names = list(unknown.loc[reasons == reason, "touchpoint"])
        more = f" and {text.count(len(names) - 3)} more" if len(names) > 3 else ""
        said.append(f"{text.count(len(names))} not known: {reason} ({', '.join(names[:3])}{more}).")
    return said


def verdict_columns(unit: str) -> dict[str, str]:
    """The columns of the table of decisions, as they are headed."""
    return {
        "touchpoint": "Touchpoint",
        "decision": "Decision",
        "value": f"Brings a year ({unit})",
        "value_interval": "95 % interval of that",
        "estimate": "Effect",
        "ci": "95 % interval",
        "n_exposed": "Visits with it",
        "grade": "Grade",
        "naive": "Met it, less others",
        "reason": "Why",
    }


def verdict_json(verdicts: pd.DataFrame, unit: str) -> dict[str, Any]:
    """The table of decisions as the index page shows it: caption, columns, rows of text."""
    rows = [
        [
            row.touchpoint,
            row.decision,
            text.signed(row.value, 0),
            row.value_interval,
            text.points(row.estimate),
            text.interval(row.ci_low, row.ci_high, "points"),
            text.fixed(row.n_exposed, 0),
            row.grade or text.MISSING,
            text.points(row.naive),
        ]
        for row in verdicts.itertuples()
    ]
    return {
        "caption": "Touchpoints: what to do, what it is worth, and how sure",
        "columns": [heading for name, heading in verdict_columns(unit).items() if name != "reason"],
        "rows": rows,
    }
