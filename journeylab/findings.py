"""What should we do, and how sure are we? The statements that matter, each with its evidence and its n."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

import pandas as pd

from journeylab import text
from journeylab.journeymap import measure_goals
from journeylab.journeymap.goals import write_value
from journeylab.study import Study

PAGES = {
    "map": "02_journey_map.html",
    "voices": "03_voices.html",
    "joint": "04_joint_display.html",
    "behaviours": "05_behaviours.html",
    "friction": "06_friction.html",
    "impact": "07_touchpoint_impact.html",
    "experiments": "08_experiments.html",
}

GRADES = {
    "A": "randomised and sound",
    "B": "dated change with controls",
    "C": "observational, diagnostics green",
    "D": "descriptive only",
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """One statement.

    Attributes
    ----------
    statement : str
        What is claimed, in a sentence.
    evidence : str
        The numbers behind it, with interval and method.
    n : int
        How many customers or people stand behind it.
    grade : str
        A to D, see `GRADES`.
    link : str
        The notebook that shows the evidence.
    kind : str
        act, trouble, voice, goal, behaviour, unknown.
    """

    statement: str
    evidence: str
    n: int
    grade: str
    link: str
    kind: str


@dataclasses.dataclass(frozen=True)
class Evidence:
    """The tables that findings are drawn from; None where the study lacks the source."""

    stages: pd.DataFrame
    effects: pd.DataFrame | None = None
    experiments: pd.DataFrame | None = None
    changes: pd.DataFrame | None = None
    portraits: pd.DataFrame | None = None


def find(study: Study, evidence: Evidence, *, most: int = 10) -> list[Finding]:
    """Draw the statements that matter, the actionable ones first.

    Parameters
    ----------
    evidence : Evidence
        ``stages`` is the table of `joint.display` by stage; the others are tables of impact and behaviours.
    most : int
        How many statements are kept.

    Returns
    -------
    list of Finding
        Only statements that the data bear: verdicts come from grades A to C, descriptive ones are graded D.
    """
    found = [
        *_experiments(evidence.experiments),
        *_effects(evidence.effects),
        *_changes(evidence.changes),
        *_stages(evidence.stages),
        *_goals(study),
        *_behaviours(evidence.portraits),
        *_unknown(evidence.effects),
    ]
    return found[:most]


def _experiments(table: pd.DataFrame | None) -> Iterator[Finding]:
    """What randomised tests showed."""
    for row in _rows(table):
        if row.grade != "A" or pd.isna(row.estimate):
            continue
        clear = row.ci_low > 0 or row.ci_high < 0
        does = "raises" if row.estimate > 0 else "lowers"
        yield Finding(
            f"'{row.experiment}' ({row.arm}) {does} the outcome by {text.points(row.estimate)}."
            if clear
            else f"'{row.experiment}' ({row.arm}) showed no clear difference.",
            f"randomised test, 95 % interval {text.interval(row.ci_low, row.ci_high, 'points')}, p {_p(row.p_value)}",
            int(row.n_arm + row.n_control),
            "A",
            PAGES["experiments"],
            "act" if clear else "unknown",
        )


def _effects(table: pd.DataFrame | None) -> Iterator[Finding]:
    """Touchpoints with a verdict, the largest effect first."""
    rows = [row for row in _rows(table) if row.verdict in {"keep", "fix", "remove"}]
    for row in sorted(rows, key=lambda row: -abs(row.estimate))[:4]:
        does = "helps" if row.estimate > 0 else "harms"
        yield Finding(
            f"{row.verdict.capitalize()} '{row.touchpoint}': it {does}, {text.points(row.estimate)} on the outcome.",
            f"visits with against without it, adjusted for earlier history; 95 % interval "
            f"{text.interval(row.ci_low, row.ci_high, 'points')}; consistent with an effect, not a proof",
            int(row.n_exposed),
            row.grade,
            PAGES["impact"],
            "act",
        )


def _changes(table: pd.DataFrame | None) -> Iterator[Finding]:
    """What moved after a dated change."""
    for row in _rows(table):
        if pd.isna(row.estimate) or not (row.ci_low > 0 or row.ci_high < 0):
            continue
        yield Finding(
            f"After '{row.description}' the weekly rate of {row.series} {'rose' if row.estimate > 0 else 'fell'} by "
            f"{text.points(abs(row.estimate)).lstrip('+')}.",
            f"before and after with AR(1) errors, 95 % interval {text.interval(row.ci_low, row.ci_high, 'points')}; "
            "nothing else is held constant",
            int(row.n_before + row.n_after),
            row.grade,
            PAGES["experiments"],
            "act",
        )


def _stages(table: pd.DataFrame) -> Iterator[Finding]:
    """Stages where words and behaviour confirm or contradict each other."""
    order = {"confirm": 0, "discord": 1}
    rows = [row for row in _rows(table) if row.fit in order]
    for row in sorted(rows, key=lambda row: (order[row.fit], -(row.trouble if row.trouble == row.trouble else 0))):
        pain = f"{row.n_pain} of {row.n_asked} people name pains, {row.n_gain} gains"
        top = row.top_pain if row.voice_says == "pain" else row.top_gain
        yield Finding(
            f"At '{row.stage}' words and behaviour {'agree' if row.fit == 'confirm' else 'contradict each other'}: "
            f"{'trouble' if row.behaviour_says == 'friction' else 'little trouble'}, and people speak of "
            f"{top or row.voice_says}.",
            f"trouble {text.percent(row.trouble)} ({text.interval(row.trouble_low, row.trouble_high)}) of "
            f"{row.n_customers:,} customers; {pain}",
            int(row.n_asked),
            "D",
            PAGES["joint"],
            "trouble",
        )


def _goals(study: Study) -> Iterator[Finding]:
    """Goals met or missed."""
    for row in _rows(measure_goals(study).table):
        if row.status == "unknown":
            continue
        word = {"met": "is met", "missed": "is missed", "open": "is not decided"}[row.status]
        ends = text.interval(row.ci_low, row.ci_high, "percent" if row.unit == "share" else "number")
        yield Finding(
            f"The goal '{row.goal}' {word}: {write_value(row.value, row.unit)} against "
            f"{write_value(row.target, row.unit)}.",
            f"{row.kpi}, 95 % interval {ends}",
            int(row.n),
            "D",
            PAGES["map"],
            "goal",
        )


def _behaviours(table: pd.DataFrame | None) -> Iterator[Finding]:
    """How many behaviours there are, and the most and least converting."""
    if table is None or len(table) < 2 or "conversion" not in table:
        return
    ordered = table.sort_values("conversion")
    low, high = ordered.iloc[0], ordered.iloc[-1]
    yield Finding(
        f"{len(table)} behaviours recur; '{high['name']}' converts most ({text.percent(high['conversion'], 0)}), "
        f"'{low['name']}' least ({text.percent(low['conversion'], 0)}).",
        f"mixture of Markov chains; they are {text.percent(high['share'], 0)} and {text.percent(low['share'], 0)} "
        "of customers; a description, not a cause",
        int(table["n"].sum()),
        "D",
        PAGES["behaviours"],
        "behaviour",
    )


def _unknown(table: pd.DataFrame | None) -> Iterator[Finding]:
    """What could not be told."""
    names = [row.touchpoint for row in _rows(table) if row.verdict == "not known"]
    if names:
        yield Finding(
            f"Not known: {len(names)} touchpoints have no effect that could be told, among them "
            f"{text.sentence_list(names[:3])}.",
            "their intervals hold zero, or a diagnostic failed; the impact notebook gives the reason for each",
            int(max(table["n_eligible"])),  # type: ignore[index]
            "D",
            PAGES["impact"],
            "unknown",
        )


def headline(study: Study, evidence: Evidence) -> list[dict[str, str]]:
    """Answer the five questions of the first screen.

    Returns
    -------
    list of dict
        question, answer, evidence, link, sure; one a question, also where it cannot be answered.
    """
    return [_how_far(study, evidence), _where(evidence), _what_said(evidence), _act_on(evidence), _how_sure(evidence)]


def _how_far(study: Study, evidence: Evidence) -> dict[str, str]:
    question = "How far do customers get?"
    reached = evidence.stages[evidence.stages["n_customers"] > 0]
    if study.events is None or reached.empty:
        return _answer(question, "Not known: the study has no events.", "", PAGES["map"], "")
    total = study.events["customer_id"].nunique()
    steps = [f"{text.percent(row.n_customers / total, 0)} reach {row.stage}" for row in _rows(reached)]
    outcome = ""
    if study.outcome is not None:
        share = text.percent(
            study.events.loc[study.events["touchpoint"] == study.outcome, "customer_id"].nunique() / total, 0
        )
        outcome = f" {share} get to '{study.config.outcomes[0].name}'."
    return _answer(
        question,
        f"{text.sentence_list(steps).capitalize()}.{outcome}",
        f"n = {total:,} customers",
        PAGES["map"],
        "counted",
    )


def _where(evidence: Evidence) -> dict[str, str]:
    question = "Where do they leave or struggle?"
    row = _worst(evidence.stages)
    if row is None:
        return _answer(question, "Not known: no stage has a measure of trouble.", "", PAGES["friction"], "")
    parts = []
    if row["left"] > 0:
        parts.append(f"{text.percent(row['left'], 0)} leave there")
    if row["unplanned"] > 0:
        parts.append(f"{text.percent(row['unplanned'], 0)} meet something unplanned")
    return _answer(
        question,
        f"At {row['stage']}: {text.percent(row['trouble'], 0)} of those who come there meet trouble"
        f"{f' ({text.sentence_list(parts)})' if len(parts) > 1 else ''}.",
        f"95 % interval {text.interval(row['trouble_low'], row['trouble_high'])}, n = {row['n_customers']:,} customers",
        PAGES["friction"],
        "counted",
    )


def _what_said(evidence: Evidence) -> dict[str, str]:
    question = "What do they say there?"
    row = _worst(evidence.stages)
    if row is None or row["n_asked"] == 0:
        return _answer(question, "Not known: nobody was interviewed about it.", "", PAGES["voices"], "")
    if not row["top_pain"]:
        return _answer(question, f"None of {row['n_asked']} people asked named a pain there.", "", PAGES["voices"], "")
    name = row["top_pain"].rpartition(" (")[0]
    count = row["top_pain"].rpartition(" (")[2].rstrip(")")
    fit = {"confirm": "Words confirm behaviour.", "discord": "Words contradict behaviour."}.get(row["fit"], "")
    return _answer(
        question,
        f"“{name}”, named by {count} of {row['n_asked']} people asked. {fit}".strip(),
        f"{row['n_pain']} of {row['n_asked']} name any pain there ({text.interval(row['pain_low'], row['pain_high'])})",
        PAGES["joint"],
        "said",
    )


def _act_on(evidence: Evidence) -> dict[str, str]:
    question = "Which touchpoint should we act on?"
    rows = [row for row in _rows(evidence.effects) if row.verdict in {"keep", "fix", "remove"}]
    if not rows:
        tested = evidence.effects is not None and len(evidence.effects)
        why = "no touchpoint has an effect that the data can tell" if tested else "there is no outcome to measure it by"
        return _answer(question, f"None yet: {why}.", "", PAGES["impact"], "not known")
    act = sorted((row for row in rows if row.verdict != "keep"), key=lambda row: row.estimate)
    keep = sorted((row for row in rows if row.verdict == "keep"), key=lambda row: -row.estimate)
    parts = [f"{row.verdict} '{row.touchpoint}' ({text.points(row.estimate)})" for row in act[:2]]
    parts += [f"keep '{row.touchpoint}' ({text.points(row.estimate)})" for row in keep[: 1 if parts else 2]]
    first = (act or keep)[0]
    sentence = text.sentence_list(parts)
    return _answer(
        question,
        f"{sentence[:1].upper()}{sentence[1:]}.",
        f"'{first.touchpoint}': 95 % interval {text.interval(first.ci_low, first.ci_high, 'points')}, "
        f"{first.n_exposed:,} of {first.n_eligible:,} visits had it",
        PAGES["impact"],
        f"grade {first.grade}",
    )


def _how_sure(evidence: Evidence) -> dict[str, str]:
    question = "How sure are we?"
    grades = [row.grade for row in _rows(evidence.effects) if row.verdict in {"keep", "fix", "remove"}]
    grades += [row.grade for row in _rows(evidence.experiments) if row.grade == "A"]
    if not grades:
        return _answer(
            question,
            "This describes; nothing here proves that one thing causes another.",
            "grade D",
            PAGES["impact"],
            "",
        )
    best = min(grades)
    counted = [f"{grades.count(grade)} of grade {grade} ({GRADES[grade]})" for grade in sorted(set(grades))]
    unknown = sum(row.verdict == "not known" for row in _rows(evidence.effects))
    return _answer(
        question,
        f"{text.sentence_list(counted).capitalize()}; {unknown} touchpoints stay 'not known'.",
        "A and B prove more than C; C could still be due to something that was not measured",
        PAGES["impact"],
        f"best grade {best}",
    )


def _worst(stages: pd.DataFrame) -> pd.Series | None:
    """The stage with the most trouble."""
    known = stages.dropna(subset=["trouble"])
    return None if known.empty else known.loc[known["trouble"].idxmax()]


def _answer(question: str, answer: str, evidence: str, link: str, sure: str) -> dict[str, str]:
    return {"question": question, "answer": answer, "evidence": evidence, "link": link, "sure": sure}


def _rows(table: pd.DataFrame | None) -> list[pd.Series]:
    """The rows of a table, none where there is no table."""
    return [] if table is None else list(table.itertuples(index=False))  # type: ignore[arg-type]


def _p(value: float) -> str:
    written = text.p_value(value)
    return written if written.startswith("<") else f"= {written}"


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
