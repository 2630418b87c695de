"""The statements that matter, each with its evidence, its n and its grade."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.findings.model import ACTS, PAGES, Evidence, Finding, decided, rows, yearly
from journeylab.journeymap import measure_goals
from journeylab.journeymap.goals import write_value
from journeylab.study import Study


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
        *_effects(evidence),
        *_changes(evidence.changes),
        *_stages(evidence),
        *_voices(evidence),
        *_goals(study),
        *_behaviours(evidence.portraits),
        *_unknown(evidence),
    ]
    return found[:most]


def _experiments(table: pd.DataFrame | None) -> Iterator[Finding]:
    """What randomised tests showed."""
    for row in rows(table):
        if row.grade != "A" or pd.isna(row.estimate):
            continue
        clear = row.ci_low > 0 or row.ci_high < 0
        does = "raises" if row.estimate > 0 else "lowers"
        share = getattr(row, "measure", "share") == "share"
        size = text.points(row.estimate) if share else text.number(row.estimate)
        turned = f"; {row.reason}" if clear and row.verdict not in {"keep", "remove"} else ""
        yield Finding(
            f"'{row.experiment}' ({row.arm}) {does} the outcome by {size}."
            if clear
            else f"'{row.experiment}' ({row.arm}) showed no clear difference.",
            f"randomised test, 95 % interval {text.interval(row.ci_low, row.ci_high, 'points' if share else 'number')}, "
            f"p {_p(row.p_value)}{turned}",
            int(row.n_arm + row.n_control),
            "A",
            PAGES["experiments"],
            "act" if clear else "unknown",
        )


def _effects(evidence: Evidence) -> Iterator[Finding]:
    """Touchpoints to act on, the dearest first."""
    judged = [row for row in decided(evidence) if row.decision in ACTS or row.verdict in ACTS]
    for row in judged[:5]:
        does = "helps" if row.estimate > 0 else "harms"
        base = getattr(row, "base_rate", np.nan)
        size = text.points(row.estimate)
        if not pd.isna(base):
            size = f"{size}, from {text.percent(base, 0)} of visits that reach the outcome without it"
        worth = "" if pd.isna(row.value) else f" ({text.money(row.value, evidence.unit, sign=True)} a year)"
        said = f"it {does}, {size}{worth}" if row.decision == row.verdict else f"{row.why}{worth}"
        yield Finding(
            f"{text.sentence(row.decision)} '{row.touchpoint}': {said}.",
            f"visits with against without it, adjusted for earlier history: {text.points(row.estimate)}, 95 % interval "
            f"{text.interval(row.ci_low, row.ci_high, 'points')}{yearly(row, evidence.unit)}; consistent with an effect, not a "
            "proof",
            int(row.n_exposed),
            row.grade,
            PAGES["impact"],
            "act",
        )


def _changes(table: pd.DataFrame | None) -> Iterator[Finding]:
    """What moved after a dated change."""
    for row in rows(table):
        if pd.isna(row.estimate) or not (row.ci_low > 0 or row.ci_high < 0):
            continue
        yield Finding(
            f"After '{row.description}' the weekly rate of {row.series} {'rose' if row.estimate > 0 else 'fell'} by "
            f"{text.points(abs(row.estimate)).lstrip('+')}.",
            f"{row.design}, 95 % interval {text.interval(row.ci_low, row.ci_high, 'points')}"
            f"{'; ' + row.reason.partition('; ')[2] if row.grade == 'D' else ''}",
            int(row.n_before + row.n_after),
            row.grade,
            PAGES["changes"],
            "act",
        )


def _stages(evidence: Evidence) -> Iterator[Finding]:
    """Stages where words and behaviour confirm or contradict each other."""
    order = {"confirm": 0, "discord": 1}
    clear = [row for row in rows(evidence.stages) if row.fit in order]
    for row in sorted(clear, key=lambda row: (order[row.fit], -(row.trouble if row.trouble == row.trouble else 0))):
        pain = (
            f"{text.count(row.n_pain)} of {text.count(row.n_asked)} people name pains, {text.count(row.n_gain)} gains"
        )
        top = row.top_pain if row.voice_says == "pain" else row.top_gain
        yield Finding(
            f"At '{row.stage}' words and behaviour {'agree' if row.fit == 'confirm' else 'contradict each other'}: "
            f"{'trouble' if row.behaviour_says == 'friction' else 'little trouble'}, and people speak of "
            f"{top or row.voice_says}.",
            f"trouble {text.percent(row.trouble)} ({text.interval(row.trouble_low, row.trouble_high)}) of "
            f"{text.count(row.n_customers)} customers; {pain}{evidence.doubt(top.rpartition(' (')[0])}",
            int(row.n_asked),
            "D",
            PAGES["joint"],
            "trouble",
        )


def _voices(evidence: Evidence) -> Iterator[Finding]:
    """The pain that most people name, where words and behaviour do not say it together already."""
    named = [row for row in rows(evidence.stages) if row.top_pain and row.fit not in {"confirm", "discord"}]
    if not named:
        return
    row = max(named, key=lambda row: row.n_pain / row.n_asked)
    code, _, count = row.top_pain.rpartition(" (")
    yield Finding(
        f"At '{row.stage}' people most often name '{code}' as a pain: {count.rstrip(')')} of {text.count(row.n_asked)} asked.",
        f"{text.count(row.n_pain)} of {text.count(row.n_asked)} name any pain there ({text.interval(row.pain_low, row.pain_high)})"
        f"{evidence.doubt(code)}",
        int(row.n_asked),
        "D",
        PAGES["voices"],
        "voice",
    )


STANDS = {
    "met": "is met",
    "missed": "is missed",
    "behind": "is not met so far, and not due when the data end",
    "open": "is not decided",
}


def _goals(study: Study) -> Iterator[Finding]:
    """Goals met or missed."""
    for row in rows(measure_goals(study).table):
        if row.status == "unknown":
            continue
        word = STANDS[row.status]
        ends = text.interval(row.ci_low, row.ci_high, "percent" if row.unit == "share" else "number")
        yield Finding(
            f"The goal '{row.goal}' {word}: {write_value(row.value, row.unit)} against "
            f"{write_value(row.target, row.unit)}.",
            f"{row.kpi}, 95 % interval {ends}",
            int(row.n),
            "D",
            PAGES["goals"],
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


def _unknown(evidence: Evidence) -> Iterator[Finding]:
    """What could not be told."""
    names = [row.touchpoint for row in decided(evidence) if row.decision not in ACTS]
    if names and evidence.effects is not None:
        many = len(names) > 3
        yield Finding(
            f"Not known: {f'{len(names)} touchpoints have' if many else 'there is'} no effect that could be told"
            f"{', among them' if many else ' of'} {text.sentence_list(names[:3])}.",
            "the interval holds zero, there are too few visits, or a diagnostic failed; the impact notebook gives each reason",
            int(evidence.effects["n_eligible"].max()),
            "D",
            PAGES["impact"],
            "unknown",
        )


def _p(value: float) -> str:
    written = text.p_value(value)
    return written if written.startswith("<") else f"= {written}"
