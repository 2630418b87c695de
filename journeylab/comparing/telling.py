"""Differences in words and units, for sentences and tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from journeylab import text

TIMED = ("KPI", "outcome", "funnel")
"""Kinds of figures that count customers who were seen for a fixed time: who came last, and some who had come before."""


def show(table: pd.DataFrame) -> pd.DataFrame:
    """A table of differences with every number written in its unit."""
    lines = [
        (row.label, row.kind, amount(row.before, row.unit, signed=False), amount(row.new, row.unit, signed=False),
         int(row.n_before), int(row.n_new), amount(row.difference, row.unit), between(row.ci_low, row.ci_high, row.unit),
         text.p_value(row.q_value), row.verdict if not row.reason else f"{row.verdict}: {row.reason}")
        for row in table.itertuples(index=False)
    ]  # fmt: skip
    heads = ["what", "kind", "before", "new", "n before", "n new", "difference", "95 % interval", "q", "moved"]
    return pd.DataFrame(lines, columns=heads)


def amount(value: float, unit: str, *, signed: bool = True) -> str:
    """A figure or a difference in its unit."""
    if signed or unit == "effect":
        return text.signed(value, 2) if unit == "number" else text.points(value)
    return text.number(value) if unit == "number" else text.percent(value)


def between(low: float, high: float, unit: str) -> str:
    """The interval of a difference."""
    if text.is_missing(low) or unit != "number":
        return text.interval(low, high, "points")
    return f"{text.signed(low, 2)} to {text.signed(high, 2)}"


def tell(row: Any) -> str:
    """A difference in a sentence, with its interval and both n."""
    does = "rose" if row.difference > 0 else "fell"
    judged = f", which is {row.way}" if row.way in {"better", "worse"} else ""
    timed = getattr(row, "kind", "") in TIMED and ", within " in row.label
    fresh = "of those whose time ended since" if timed else "of what came since"
    sides = fresh if row.how == "new against earlier" else "now"
    return (
        f"{_subject(row)} {does} by {amount(abs(row.difference), row.unit).lstrip('+')} (95 % interval of the difference "
        f"{between(row.ci_low, row.ci_high, row.unit)}){judged}: {amount(row.new, row.unit, signed=False)} {sides} "
        f"(n = {text.fixed(row.n_new, 0)}), {amount(row.before, row.unit, signed=False)} before "
        f"(n = {text.fixed(row.n_before, 0)})."
    )


def _subject(row: Any) -> str:
    return {
        "KPI": f"KPI '{row.name}' ({row.label})",
        "outcome": f"The share of customers who {row.label},",
        "funnel": f"The share of customers who {row.label},",
        "voices": f"The share of people who name '{row.label}'",
        "scores": f"Score '{row.label}'",
        "behaviours": f"The share of behaviour '{row.label}'",
    }.get(row.kind, f"The {row.label}")


def short(row: Any) -> str:
    """A difference in a few words."""
    return f"{row.label} ({amount(row.difference, row.unit)})"
