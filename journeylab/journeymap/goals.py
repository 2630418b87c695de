"""How do the KPIs stand to their goals?"""

from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.config import Goal
from journeylab.intervals import wilson
from journeylab.results import Result
from journeylab.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class Goals(Result):
    """KPIs against goals.

    Attributes
    ----------
    table : DataFrame
        goal, kpi, horizon, by, target, value, ci_low, ci_high, n, status (``met``, ``missed``,
        ``behind``: not met, and not due when the data end, ``open``: the
        interval holds the target, ``unknown``), unit (``share`` or ``points``), stage, reason, survey (its instrument; empty
        where events are counted).
    """

    @property
    def shown(self) -> pd.DataFrame:
        """The table with every number written in its unit."""
        lines = []
        for row in self.table.itertuples():
            style = "percent" if row.unit == "share" else "number"
            target, value = write_value(row.target, row.unit), write_value(row.value, row.unit)
            ends = text.interval(row.ci_low, row.ci_high, style)
            lines.append((row.goal, row.kpi, target, value, ends, row.n, row.status, row.horizon,
                          text.date(row.by) if row.by else ""))  # fmt: skip
        return pd.DataFrame(
            lines,
            columns=["goal", "what is measured", "target", "measured", "95 % interval", "n", "status", "horizon", "by"],
        )

    def summary(self) -> str:
        """Say which goals are met, missed and open."""
        if self.table.empty:
            return "The study sets no goals."
        parts = []
        for row in self.table.itertuples():
            if row.status == "unknown":
                parts.append(f"{row.kpi}: not known, {row.reason}")
                continue
            value, target = write_value(row.value, row.unit), write_value(row.target, row.unit)
            ends = text.interval(row.ci_low, row.ci_high, "percent" if row.unit == "share" else "number")
            parts.append(f"{row.kpi}: {value} ({ends}, n = {text.count(row.n)}) against {target}, {row.status}")
        return "; ".join(parts) + "."

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each KPI's distance from its goal, in units of the goal."""
        frame = self.table[self.table["status"] != "unknown"].iloc[::-1]
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.6))
        ratio = [frame[column] / frame["target"] for column in ("value", "ci_low", "ci_high")]
        rows = np.arange(len(frame))
        reach = 100 * np.vstack([ratio[0] - ratio[1], ratio[2] - ratio[0]])
        ax.errorbar(100 * ratio[0], rows, xerr=np.abs(reach), fmt="o", color=figures.BLUE, capsize=4, markersize=8)
        ax.axvline(100, color=figures.ORANGE, linewidth=2)
        ax.text(100, len(frame) - 0.45, "goal", color=figures.ORANGE, ha="center", va="bottom", fontweight="bold")
        ax.set_yticks(rows, [f"{goal}: {status}" for goal, status in zip(frame["goal"], frame["status"], strict=True)])
        ax.set_ylim(-0.6, len(frame) - 0.2)
        ax.set_xlabel("measured, as per cent of the goal, with 95 % interval")
        figures.subtitle(ax, "KPIs against goals\n")
        series = {"measured": ("value", "ci_low", "ci_high"), "goal": "target"}
        draws = figures.drawn(frame[::-1], "goal", series, unit="number")
        return figures.describe(ax, f"Dot plot of KPIs against goals. {self.summary()}", draws)


def measure_goals(study: Study) -> Goals:
    """Measure every goal of study.toml from the data.

    Notes
    -----
    A goal with ``outcome`` is the share of customers with that outcome (among those who met the touchpoint ``among``,
    after they first met it; within ``within`` of their first event or of that touchpoint, counting only customers
    observed that long). A goal with ``score`` is the score of that survey: NPS, CSAT top-two share, or the mean.
    """
    rows = []
    until = None if study.events is None else study.events["event_time"].max().date()
    for name, goal in study.config.goals.items():
        measured = outcome_share(study, goal) if goal.outcome else _score(study, goal)
        rows.append({"goal": name.replace("_", " "), "kpi": goal.kpi, "horizon": goal.horizon, "by": goal.by,
                     "target": goal.target, **measured, "status": _status(goal, measured, until),
                     "survey": goal.score or ""})  # fmt: skip
    columns = [
        "goal",
        "kpi",
        "horizon",
        "by",
        "target",
        "value",
        "ci_low",
        "ci_high",
        "n",
        "status",
        "unit",
        "stage",
        "reason",
        "survey",
    ]
    return Goals(
        pd.DataFrame(rows, columns=columns),
        "Measured share with Wilson interval, or score with its own",
        (
            "Customers seen in the data stand for all customers.",
            "A goal is met or missed only if its interval is clear of it.",
        ),
    )


def write_value(value: float, unit: str) -> str:
    """Write a KPI in its unit."""
    return text.percent(value) if unit == "share" else text.number(value)


def _status(goal: Goal, measured: dict[str, object], until: datetime.date | None) -> str:
    """Met, missed, behind where the data end before the goal is due, or open where the interval holds the target."""
    low, high = float(measured["ci_low"]), float(measured["ci_high"])  # type: ignore[arg-type]
    if np.isnan(low):
        return "unknown"
    if low <= goal.target <= high:
        return "open"
    if (low > goal.target) != goal.lower_is_better:
        return "met"
    return "behind" if goal.by is not None and until is not None and until < goal.by else "missed"


def outcome_share(study: Study, goal: Goal) -> dict[str, Any]:
    """Share of customers with the outcome of a goal, as a row of `Goals`."""
    outcome = next(item for item in study.config.outcomes if item.name == goal.outcome)
    stage = _stage_of(study, outcome.touchpoint)
    events = study.events
    if events is None or events.empty:
        return _unknown("the study has no events", stage)
    start, needed = outcome_times(study, goal)
    done = needed.notna()
    if goal.within is not None:
        span = pd.Timedelta(goal.within)
        start = start[start + span <= events["event_time"].max()]
        done = needed[start.index] <= span
    if not len(start):
        return _unknown("no customer was observed long enough", stage)
    value, low, high = wilson(int(done.sum()), len(start))
    return {"value": value, "ci_low": low, "ci_high": high, "n": len(start), "unit": "share",
            "stage": stage, "reason": ""}  # fmt: skip


def outcome_times(study: Study, goal: Goal) -> tuple[pd.Series, pd.Series]:
    """When each customer of a goal began, and how long the outcome then took; missing where it never came.

    Returns
    -------
    start, needed : Series by customer_id
        Of customers, or of those who met ``among``; outcomes before that count as none.
    """
    outcome = next(item for item in study.config.outcomes if item.name == goal.outcome)
    events = study.events
    if events is None:
        raise ValueError("the study has no events")
    hits = events[events["touchpoint"] == outcome.touchpoint]
    nth = hits.groupby("customer_id")["event_time"].nth(outcome.occurrence - 1)
    reached = hits.loc[nth.index].set_index("customer_id")["event_time"]
    base = events if goal.among is None else events[events["touchpoint"] == goal.among]
    start = base.groupby("customer_id")["event_time"].min()
    needed = reached.reindex(start.index) - start
    return start, needed.where(needed >= pd.Timedelta(0))


def _score(study: Study, goal: Goal) -> dict[str, object]:
    """The score of a survey."""
    from journeylab import voices

    stage = _asked_on(study, str(goal.score))
    if study.responses is None:
        return _unknown("the study has no surveys", stage)
    answers = study.responses[study.responses["instrument"] == goal.score]
    if answers.empty:
        return _unknown(f"nobody answered '{goal.score}'", stage)
    row = voices.score_table(answers).table.iloc[0]
    named = answers["stage"].dropna() if "stage" in answers else pd.Series(dtype=object)
    return {"value": row["value"], "ci_low": row["ci_low"], "ci_high": row["ci_high"], "n": int(row["n"]),
            "unit": "share" if row["unit"] == "share" else "points",
            "stage": named.iloc[0] if len(named) else stage, "reason": row["reason"]}  # fmt: skip


def _stage_of(study: Study, touchpoint: str) -> str | None:
    """The stage of a touchpoint, also of one that nobody met."""
    rules = (rule.stage for rule in study.config.touchpoints if rule.name == touchpoint)
    return study.stage_of.get(touchpoint) or next(rules, None)


def _asked_on(study: Study, instrument: str) -> str | None:
    """The stage that study.toml gives a survey."""
    survey = study.config.surveys.get(instrument)
    return None if survey is None else survey.stage


def _unknown(reason: str, stage: str | None) -> dict[str, object]:
    """A KPI that cannot be measured."""
    return {
        "value": np.nan,
        "ci_low": np.nan,
        "ci_high": np.nan,
        "n": 0,
        "unit": "share",
        "stage": stage,
        "reason": reason,
    }
