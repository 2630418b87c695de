"""The first screen: five questions and their answers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pandas as pd

from journeylab import text
from journeylab.findings.model import ACTS, PAGES, Evidence, decided, rows, yearly
from journeylab.html import escape, link
from journeylab.joint.placing import NOT_PLACED, placing
from journeylab.study import Study

RESTS = {
    "A": "by a randomised test",
    "B": "by a dated change with controls",
    "C": "likely, not proven, by observation",
}
"""What a verdict of each grade rests on, in a reader's words."""


def headline(study: Study, evidence: Evidence) -> list[dict[str, str]]:
    """Answer the five questions of the first screen.

    Returns
    -------
    list of dict
        question, answer, evidence, link, sure; one a question, also where it cannot be answered.
    """
    return [
        _where(study, evidence),
        _what_said(study, evidence),
        _act_on(evidence),
        _how_sure(evidence),
        _how_far(study, evidence),
    ]


def _how_far(study: Study, evidence: Evidence) -> dict[str, str]:
    question = "How far do customers get?"
    reached = evidence.stages[evidence.stages["n_customers"] > 0]
    if study.events is None or reached.empty:
        return _answer(question, "Not known: the study has no events.", "", PAGES["map"], "")
    total = study.events["customer_id"].nunique()
    place = study.events["stage"].map({stage: place for place, stage in enumerate(study.stages)})
    furthest = place.groupby(study.events["customer_id"]).max()
    stages = [study.stages.index(name) for name in reached["stage"]]
    shares = [float((furthest >= stage).sum()) / total for stage in stages]
    lost = [before - after for before, after in pairwise(shares)]
    parts = []
    if study.outcome is not None:
        hits = study.events.loc[study.events["touchpoint"] == study.outcome, "customer_id"].nunique()
        parts.append(f"{text.percent(hits / total, 0)} reach the outcome, '{study.config.outcomes[0].name}'")
    if lost and max(lost) >= 0.005:
        at = lost.index(max(lost))
        names = [study.stages[stage] for stage in stages[at : at + 2]]
        parts.append(
            f"most stay behind between {names[0]} and {names[1]}: of all customers, {text.percent(shares[at], 0)} get "
            f"as far as {names[0]}, {text.percent(shares[at + 1], 0)} as far as {names[1]}"
        )
    else:
        parts.append(f"all but a few get as far as {study.stages[stages[-1]]}")
    return _answer(
        question,
        f"{text.sentence('; '.join(parts))}.",
        f"n = {text.count(total)} customers",
        PAGES["map"],
        "counted",
    )


def _where(study: Study, evidence: Evidence) -> dict[str, str]:
    question = "Where do they leave or struggle?"
    row = _worst(evidence.stages)
    if row is None:
        return _answer(question, "Not known: no stage has a measure of trouble.", "", PAGES["friction"], "")
    parts = []
    if row["left"] > 0:
        parts.append(f"{text.percent(row['left'], 0)} leave there")
    if row["unplanned"] > 0:
        parts.append(f"{text.percent(row['unplanned'], 0)} meet something unplanned{', some do both' if parts else ''}")
    only = "leave without going on" if row["left"] > 0 and not row["unplanned"] > 0 else "meet trouble"
    return _answer(
        question,
        f"At {row['stage']}{_met_there(study, row['stage'])}: {text.percent(row['trouble'], 0)} of those who come there "
        f"{only}"
        f"{f' ({text.sentence_list(parts)})' if len(parts) > 1 else ''}.{_most_leave(evidence.stages, row['stage'])}",
        f"95 % interval {text.interval(row['trouble_low'], row['trouble_high'])}, n = {text.count(row['n_customers'])} customers",
        PAGES["friction"],
        "counted",
    )


def _most_leave(stages: pd.DataFrame, worst: str) -> str:
    """Where most leave, if it is not where trouble is largest."""
    known = stages[stages["left"].fillna(0) > 0]
    if known.empty:
        return ""
    row = known.loc[known["left"].idxmax()]
    return "" if row["stage"] == worst else f" Most leave at {row['stage']}: {text.percent(row['left'], 0)}."


def _met_there(study: Study, stage: str) -> str:
    """The touchpoints by which readers know a stage: the three that most of its customers meet."""
    if study.events is None:
        return ""
    here = study.events[study.events["stage"] == stage]
    most = here.groupby("touchpoint")["customer_id"].nunique().sort_values(ascending=False, kind="stable").index[:3]
    return f" ({', '.join(most)})" if len(most) > 1 else ""


def _what_said(study: Study, evidence: Evidence) -> dict[str, str]:
    question = "What do they say there?"
    row, placed = _worst(evidence.stages), placing(study)
    if placed.none:
        return _answer(
            question, f"Not known: {placed.sentence()[0].lower() + placed.sentence()[1:]}", "", PAGES["voices"], ""
        )
    if row is None or row["n_asked"] == 0:
        return _answer(question, "Not known: nobody was interviewed about it.", "", PAGES["voices"], "")
    if not row["top_pain"]:
        elsewhere = [other for other in rows(evidence.stages) if other.top_pain]
        most = max(elsewhere, key=lambda other: other.n_pain / other.n_asked, default=None)
        nowhere = f"; but {placed.loose}, so it may be said and not placed" if placed.n_pains else ""
        rest = "" if most is None else f" Elsewhere, at {most.stage}: “{most.top_pain.rpartition(' (')[0]}”."
        return _answer(
            question,
            f"None of {text.count(row['n_asked'])} people asked named a pain there{nowhere}.{rest}",
            ""
            if most is None
            else f"{text.count(most.n_pain)} of {text.count(most.n_asked)} people name a pain at {most.stage}",
            PAGES["voices"],
            "said",
        )
    name = row["top_pain"].rpartition(" (")[0]
    count = row["top_pain"].rpartition(" (")[2].rstrip(")")
    fit = {"confirm": "Words confirm behaviour.", "discord": "Words contradict behaviour."}.get(row["fit"], "")
    return _answer(
        question,
        f"“{name}”, named by {count} of {text.count(row['n_asked'])} people asked. {fit}".strip(),
        f"{text.count(row['n_pain'])} of {text.count(row['n_asked'])} name any pain there "
        f"({text.interval(row['pain_low'], row['pain_high'])})"
        f"{evidence.doubt(name)}",
        PAGES["joint"],
        "said",
    )


def _act_on(evidence: Evidence) -> dict[str, str]:
    question = "What should we do?"
    judged = [row for row in decided(evidence) if row.decision in ACTS]
    if not judged:
        return _look_first(question, evidence)
    act = [row for row in judged if row.decision != "keep"]
    keep = [row for row in judged if row.decision == "keep"]
    proven = [row for row in rows(evidence.experiments) if row.grade == "A" and row.verdict == "keep"][:1]
    chosen = [*act[:2], *keep[: (0 if proven else 1) if act else 2]]
    parts = [f"{row.decision} '{row.touchpoint}' ({_worth(row, evidence.unit)})" for row in chosen]
    first = chosen[0]
    parts += [f"keep '{row.experiment}' (proven by a test)" for row in proven]
    return _answer(
        question,
        f"{text.sentence(text.sentence_list(parts))}.",
        f"'{first.touchpoint}': {text.points(first.estimate)} on the outcome, 95 % interval "
        f"{text.interval(first.ci_low, first.ci_high, 'points')}{yearly(first, evidence.unit)}, "
        f"{text.count(first.n_exposed)} of {text.count(first.n_eligible)} visits had it",
        PAGES["impact"],
        f"grade {first.grade}",
    )


def _look_first(question: str, evidence: Evidence) -> dict[str, str]:
    """Where to look where nothing is known to help: the stage with most trouble, and what people name there."""
    tested = evidence.effects is not None and len(evidence.effects)
    why = (
        "no touchpoint has an effect that the data can tell" if tested else "there is no outcome to measure effects by"
    )
    row = _worst(evidence.stages)
    if row is None:
        return _answer(question, f"Not known: {why}.", "", PAGES["impact"], "not known")
    if row["top_pain"]:
        name, _, count = row["top_pain"].rpartition(" (")
        said = f"mend “{name}” there, named by {count.rstrip(')')} people,"
        said += " where behaviour shows trouble too" if row["fit"] == "confirm" else " the pain most named"
    else:
        said = (
            "place the codes on the journey, to see what was said there"
            if row["voice_says"] == NOT_PLACED
            else "ask customers there what holds them up"
            if row["n_asked"] == 0
            else "ask again there: people named no pain"
        )
    return _answer(
        question,
        f"Look at {row['stage']} first: {said}, and measure what changes.",
        f"what would help is not known: {why}",
        PAGES["joint"],
        "grade D",
    )


def _worth(row: Any, unit: str) -> str:
    """What a touchpoint brings in a year, or its effect where that is not known."""
    return text.points(row.estimate) if pd.isna(row.value) else f"{text.money(row.value, unit, sign=True)} a year"


def _how_sure(evidence: Evidence) -> dict[str, str]:
    question = "How sure are we?"
    grades = [row.grade for row in decided(evidence) if row.decision in ACTS]
    grades += [row.grade for row in rows(evidence.experiments) if row.grade == "A"]
    grades += [row.grade for row in rows(evidence.changes) if row.grade == "B"]
    if not grades:
        row = _worst(evidence.stages)
        known = (
            ""
            if row is None
            else f"Where it hurts rests on {text.count(row['n_customers'])} customers; what was said is not placed there. "
            if row["voice_says"] == NOT_PLACED
            else f"Where it hurts rests on {text.count(row['n_customers'])} customers and {text.people(int(row['n_asked']))} "
            "asked. "
        )
        return _answer(
            question,
            f"{known}What would help is not proven: this describes, and nothing here shows a cause.",
            "a randomised test, or a dated change with controls, would prove more",
            PAGES["impact"],
            "grade D",
        )
    counted = [f"{grades.count(grade)} {RESTS[grade]} ({grade})" for grade in sorted(set(grades))]
    unknown = sum(row.decision not in ACTS for row in decided(evidence))
    left = f" {unknown} touchpoints are to be tested or stay 'not known'." if unknown else ""
    return _answer(
        question,
        f"Of {len(grades)} verdicts, {text.sentence_list(counted)}.{left}",
        "what is likely, not proven, could still be due to something that was not measured",
        PAGES["impact"],
        "",
    )


def _worst(stages: pd.DataFrame) -> pd.Series | None:
    """The stage with the most trouble."""
    known = stages.dropna(subset=["trouble"])
    return None if known.empty else known.loc[known["trouble"].idxmax()]


def _answer(question: str, answer: str, evidence: str, link: str, sure: str) -> dict[str, str]:
    return {"question": question, "answer": answer, "evidence": evidence, "link": link, "sure": sure}


def answers_html(answers: list[dict[str, str]]) -> str:
    """Write the answers as a description list; all text is escaped."""
    items = "".join(
        f"<div><dt>{escape(item['question'])}</dt><dd><p class='answer'>{escape(item['answer'])}</p>"
        f"<p class='more'>{escape(item['evidence'])} {link(item['link'], 'See the evidence')}</p></dd></div>"
        for item in answers
    )
    return f"<dl class='answers'>{items}</dl>"
