"""Does what the interviews suggest hold among customers who were not interviewed?"""

# ruff: noqa: PT028  (these functions are called test_*, and are no tests of the package)
from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.impact.verdict import ACT
from journeylab.intervals import benjamini_hochberg, newcombe
from journeylab.results import Result
from journeylab.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VERDICTS = ("supported", "contradicted", "in line", "at odds", "open")

COLUMNS = ["statement", "exposure", "outcome", "direction", "estimate", "ci_low", "ci_high", "unit", "p_value", "q_value",
           "n_with", "n_without", "grade", "verdict", "registered", "method", "reason"]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class HypothesisTests(Result):
    """Hypotheses of the interviews on other customers.

    Attributes
    ----------
    table : DataFrame
        statement, exposure (touchpoint or measure), outcome, direction (``more`` or ``less``), estimate with ci_low and
        ci_high in unit (``points``: difference of shares; ``score``: difference of means), p_value, q_value (over all
        hypotheses), n_with, n_without, grade (C observational with green diagnostics, D descriptive), verdict
        (``supported``, ``contradicted``, ``open``; of grade D ``in line``, ``at odds``, ``open``), registered (what the
        dates say of it), method, reason.
    left_out : int
        Customers of interviewed people, who are in none of the tests.
    """

    left_out: int

    @property
    def shown(self) -> pd.DataFrame:
        """The table for readers."""
        rows = []
        for row in self.table.itertuples():
            style = "points" if row.unit == "points" else "number"
            effect = text.points(row.estimate) if style == "points" else text.signed(row.estimate, 2)
            ends = text.interval(row.ci_low, row.ci_high, style)
            rows.append((row.statement, row.verdict, f"{effect} ({ends})" if not text.is_missing(row.estimate) else text.MISSING,
                         text.p_value(row.q_value), f"{text.count(row.n_with)} / {text.count(row.n_without)}", row.grade,
                         "; ".join(part for part in (row.registered, row.reason) if part)))  # fmt: skip
        return pd.DataFrame(
            rows, columns=["hypothesis", "verdict", "effect (95 % interval)", "q", "n with / without", "grade", "note"]
        )

    def summary(self) -> str:
        """Say which hypotheses hold, and that interviewed people are not among those tested."""
        if self.table.empty:
            return (
                "No hypothesis is stated in study.toml ([[hypotheses]]), so nothing of the interviews is put to a test."
            )
        counts = self.table["verdict"].value_counts()
        parts = [f"{counts[word]} {word}" for word in VERDICTS if word in counts]
        return (
            f"Of {len(self.table)} hypotheses from the interviews, tested without the {text.count(self.left_out)} "
            "customers who were "
            f"interviewed: {text.sentence_list(parts)}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the effects in points with their intervals; other units stand in the table."""
        frame = self.table[(self.table["unit"] == "points") & self.table["estimate"].notna()].iloc[::-1]
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.5))
        rows = np.arange(len(frame))
        reach = 100 * np.abs(np.vstack([frame["estimate"] - frame["ci_low"], frame["ci_high"] - frame["estimate"]]))
        ax.errorbar(100 * frame["estimate"], rows, xerr=reach, fmt="o", color=figures.BLUE, capsize=4)
        ax.axvline(0, color=figures.INK, linewidth=1)
        ax.set_yticks(rows, [f"{row.exposure}: {row.verdict}" for row in frame.itertuples()])
        ax.set_xlabel("points on the outcome, with 95 % interval")
        ax.grid(axis="y", visible=False)
        figures.subtitle(ax, "Hypotheses of the interviews, on other customers", "")
        return figures.describe(ax, f"Forest plot of hypotheses. {self.summary()}")


def test_hypothesis(
    study: Study,
    statement: str,
    *,
    touchpoint: str | None = None,
    measure: str | None = None,
    outcome: str,
    direction: str,
    registered: datetime.date | None = None,
    window: str = "14d",
    seed: int = 0,
) -> HypothesisTests:
    """Test one hypothesis on customers who were not interviewed; see `test_hypotheses`.

    Parameters
    ----------
    statement : str
        The hypothesis in words.
    touchpoint, measure : str
        One of them: a touchpoint that customers met or not, or a name of the study's measures (met at least once or not).
    outcome : str
        The name of an outcome of study.toml, or of a survey.
    direction : str
        ``more`` or ``less`` of the outcome with it.
    registered : date, optional
        When the hypothesis was written down.
    window : str
        The outcome must follow the start of the visit within it.

    Raises
    ------
    StudyError
        For an unknown touchpoint, measure, outcome or direction, or a study without events.
    """
    stated = {"statement": statement, "touchpoint": touchpoint, "measure": measure, "outcome": outcome,
              "direction": direction, "registered": registered}  # fmt: skip
    return _tests(study, [stated], window, seed)


def test_hypotheses(study: Study, *, window: str | None = None, seed: int = 0) -> HypothesisTests:
    """Test the [[hypotheses]] of study.toml on customers who were not interviewed.

    Parameters
    ----------
    window : str, optional
        Else the study's parameter of notebook 07, else 14 days.

    Notes
    -----
    Whoever is in the crosswalk is left out, so that no hypothesis is tested on the people who suggested it. A touchpoint and
    an outcome that is a touchpoint: the effect of `journeylab.impact.touchpoint_effects`, grade C with green
    diagnostics, else D. A measure, or a second occurrence: the difference of shares between customers with and without it (Newcombe
    interval, pooled z test), D. A survey: the difference of mean scores of the customers who answered (Welch), D. q is by Benjamini
    and Hochberg over all hypotheses. *Supported* (*contradicted*): the interval lies on the stated (other) side of
    zero and q is at most 0.05, as on page 07; else *open*. Grade D carries no verdict: there it is only *in line* or *at odds*.
    """
    chosen = window or study.config.parameters.get("07_touchpoint_impact", {}).get("window", "14d")
    return _tests(study, [item.model_dump() for item in study.config.hypotheses], str(chosen), seed)


def _tests(study: Study, stated: list[dict[str, Any]], window: str, seed: int) -> HypothesisTests:
    """Test each hypothesis, and judge them together."""
    if stated and study.events is None:
        raise StudyError(f"{study.path}: has no events, so no hypothesis about behaviour can be tested.")
    known = set() if study.crosswalk is None else set(study.crosswalk["customer_id"].dropna())
    for item in stated:
        _check(study, item)
    effects = _effects(study, stated, known, window, seed)
    rows = []
    for item in stated:
        rows.append(
            {
                "statement": item["statement"],
                "exposure": item["touchpoint"] or item["measure"],
                "outcome": item["outcome"],
                "direction": item["direction"],
                "registered": _registered(study, item["registered"]),
                **_test(study, item, known, effects),
            }
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["q_value"] = benjamini_hochberg(table["p_value"].astype(float))
    table["verdict"] = [_verdict(row) for row in table.itertuples()]
    left_out = (
        0
        if study.events is None
        else study.events.loc[study.events["customer_id"].isin(known), "customer_id"].nunique()
    )
    return HypothesisTests(
        table,
        "Effects and differences among customers who were not interviewed",
        (
            "A hypothesis is tested on other people than those who suggested it; customers in the crosswalk are left out.",
            "Grade C is adjusted for what was known before; grade D only describes and may be confounded.",
            "Registered after the data were there means that this is a test on other people, not a prediction.",
        ),
        left_out,
    )


def _check(study: Study, item: dict[str, Any]) -> None:
    """Words that the study does not know."""
    touchpoints = list(study.touchpoints["touchpoint"])
    outcomes = [outcome.name for outcome in study.config.outcomes]
    allowed = {
        "touchpoint": touchpoints,
        "measure": list(study.measures),
        "outcome": outcomes + list(study.config.surveys),
        "direction": ["more", "less"],
    }
    if (item["touchpoint"] is None) == (item["measure"] is None):
        raise StudyError("a hypothesis needs either a touchpoint or a measure.")
    for key, words in allowed.items():
        if item[key] is not None and item[key] not in words:
            raise StudyError(
                f"{study.path}: hypothesis '{item['statement']}': {key}: found '{item[key]}', allowed: {listing(words, 30)}."
                f"{did_you_mean(str(item[key]), words)}"
            )


def _outcome(study: Study, item: dict[str, Any]) -> Any:
    """The outcome of study.toml that a hypothesis speaks of; None where it is a survey."""
    return next((found for found in study.config.outcomes if found.name == item["outcome"]), None)


def _effects(
    study: Study, stated: list[dict[str, Any]], known: set[str], window: str, seed: int
) -> dict[tuple[str, str], dict[str, Any]]:
    """The adjusted effects of all touchpoints that are asked for: by touchpoint and outcome."""
    from journeylab import impact

    wanted: dict[str, list[str]] = {}
    for item in stated:
        outcome = _outcome(study, item)
        if item["touchpoint"] and outcome is not None and outcome.occurrence == 1:
            wanted.setdefault(outcome.touchpoint, []).append(item["touchpoint"])
    found = {}
    for outcome, touchpoints in wanted.items():
        assert study.events is not None
        table = impact.touchpoint_effects(
            study.events[~study.events["customer_id"].isin(known)], study.customers, outcome=outcome, window=window,
            exposures=sorted(set(touchpoints)), gap=study.config.study.session_gap, seed=seed,
        ).table  # fmt: skip
        for row in table.to_dict("records"):
            found[row["touchpoint"], outcome] = {
                **{name: row[name] for name in ("estimate", "ci_low", "ci_high", "p_value", "grade")},
                "unit": "points",
                "n_with": int(row["n_exposed"]),
                "n_without": int(row["n_eligible"]) - int(row["n_exposed"]),
                "method": f"effect within {window} of a visit, adjusted (AIPW)",
                "reason": row["reason"] if row["grade"] != "C" else "",
            }
    return found


def _test(
    study: Study, item: dict[str, Any], known: set[str], effects: dict[tuple[str, str], dict[str, Any]]
) -> dict[str, Any]:
    """One hypothesis."""
    assert study.events is not None
    events = study.events[~study.events["customer_id"].isin(known)]
    meant = {item["touchpoint"]} if item["touchpoint"] else study.measures[item["measure"]][0]
    outcome = _outcome(study, item)
    if outcome is None:
        return _by_score(study, events, meant, known, item["outcome"])
    if item["touchpoint"] and outcome.occurrence == 1:
        return effects[item["touchpoint"], outcome.touchpoint]
    return _by_share(events, meant, outcome.touchpoint, outcome.occurrence)


def _by_share(events: pd.DataFrame, meant: set[str], outcome: str, occurrence: int) -> dict[str, Any]:
    """Shares of customers with the outcome, with and without the exposure."""
    from scipy.special import ndtr

    everybody = pd.Index(events["customer_id"].unique())
    met = everybody.isin(events.loc[events["touchpoint"].isin(meant), "customer_id"])
    times = events.loc[events["touchpoint"] == outcome, "customer_id"].value_counts()
    reached = everybody.isin(times.index[times >= occurrence])
    k1, n1, k0, n0 = int((met & reached).sum()), int(met.sum()), int((~met & reached).sum()), int((~met).sum())
    line: dict[str, Any] = {"unit": "points", "n_with": n1, "n_without": n0, "grade": "D",
                            "method": "difference of shares (Newcombe)", "reason": "not adjusted"}  # fmt: skip
    if not n1 or not n0:
        return {**line, "estimate": np.nan, "ci_low": np.nan, "ci_high": np.nan, "p_value": np.nan,
                "reason": "everybody or nobody met it"}  # fmt: skip
    value, low, high = newcombe(k1, n1, k0, n0)
    pooled = (k1 + k0) / (n1 + n0)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
    p = float(2 * ndtr(-abs(value) / error)) if error > 0 else np.nan
    return {**line, "estimate": value, "ci_low": low, "ci_high": high, "p_value": p}


def _by_score(study: Study, events: pd.DataFrame, meant: set[str], known: set[str], survey: str) -> dict[str, Any]:
    """Mean scores of customers who met it and of those who did not."""
    from scipy.special import stdtr, stdtrit

    from journeylab.intervals import CONFIDENCE

    source = study.config.surveys[survey]
    answers = study.responses
    assert answers is not None
    answers = answers[(answers["instrument"] == (source.instrument or survey)) & ~answers["respondent_id"].isin(known)]
    score = answers.groupby("respondent_id")["score"].mean()
    score = score[score.index.isin(set(events["customer_id"]))]
    met = score.index.isin(events.loc[events["touchpoint"].isin(meant), "customer_id"])
    one, two = score[met].to_numpy(float), score[~met].to_numpy(float)
    line: dict[str, Any] = {"unit": "score", "n_with": len(one), "n_without": len(two), "grade": "D",
                            "method": "difference of mean scores (Welch)", "reason": "not adjusted"}  # fmt: skip
    parts = [x.var(ddof=1) / len(x) if len(x) > 1 else np.nan for x in (one, two)]
    error = float(np.sqrt(sum(parts)))
    if not error > 0:
        return {**line, "estimate": np.nan, "ci_low": np.nan, "ci_high": np.nan, "p_value": np.nan,
                "reason": "too few answers, or no spread in them"}  # fmt: skip
    value = float(one.mean() - two.mean())
    freedom = sum(parts) ** 2 / sum(part**2 / (len(x) - 1) for part, x in zip(parts, (one, two), strict=True))
    half = float(stdtrit(freedom, 0.5 + CONFIDENCE / 2)) * error
    p = float(2 * stdtr(freedom, -abs(value) / error))
    return {**line, "estimate": value, "ci_low": value - half, "ci_high": value + half, "p_value": p}


def _verdict(row: Any) -> str:
    """What a hypothesis' interval and q say."""
    if not row.q_value <= ACT:
        return "open"
    side = 1 if row.ci_low > 0 else -1 if row.ci_high < 0 else 0
    wanted = 1 if row.direction == "more" else -1
    if side == 0:
        return "open"
    for_it, against = ("in line", "at odds") if row.grade == "D" else ("supported", "contradicted")
    return for_it if side == wanted else against


def _registered(study: Study, date: datetime.date | None) -> str:
    """What the date of registration says, in words."""
    if date is None:
        return "not registered"
    documents, parts = study.documents, []
    if documents is not None and "collected_at" in documents and documents["collected_at"].notna().any():
        last = documents["collected_at"].max().date()
        parts.append(f"{'before' if date < last else 'after'} the last interview ({text.date(last)})")
    assert study.events is not None
    end = study.events["event_time"].max().date()
    parts.append(f"{'before' if date < end else 'after'} the last event ({text.date(end)})")
    return f"registered {text.date(date)}, {' and '.join(parts)}"
