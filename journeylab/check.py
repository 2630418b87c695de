"""Is a study in order? Every mistake at once, each with its place and its cure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from journeylab import identity
from journeylab.errors import JourneylabError, StudyError, did_you_mean, listing, readable
from journeylab.journeys.split import chosen
from journeylab.opening import open_study
from journeylab.study import Study
from journeylab.text import count
from journeylab.watching import stage_notes


@dataclasses.dataclass(frozen=True)
class Check:
    """What `check_study` found.

    Attributes
    ----------
    study : Study or None
        The opened study, with its tables read; None where study.toml itself is wrong.
    problems : tuple of str
        What must be mended before a run.
    notes : tuple of str
        What a careful researcher would look at: losses, words that match nothing.
    """

    study: Study | None
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def check_study(path: str | Path, data_dir: str | Path | None = None) -> Check:
    """Open a study, read every source and hold the sources against each other.

    Parameters
    ----------
    path : str or Path
        The study's folder or its study.toml.
    data_dir : str or Path, optional
        Where the raw files lie, if not beside the study.toml.
    """
    try:
        study = open_study(path, data_dir)
    except JourneylabError as error:
        return Check(None, tuple(str(error).splitlines()), ())
    problems: list[str] = []
    counted = study._uses_all and study.config.events
    events = "_names" if counted else "events"  # counting is enough, and takes less memory
    for table in ("_whole_crosswalk", events, "customers", "coded", "responses", "screener", "assignments", "changes"):
        try:
            getattr(study, table)
        except JourneylabError as error:
            problems += [line for line in str(error).splitlines() if line not in problems]
            setattr(study, table, None)  # so that what needs it is read, and its own mistakes are told too
    notes: list[str] = []
    if not problems:
        problems += list(_problems(study))
        notes += list(_notes(study))
    if not study.sources:
        problems.append(f"{study.path}: names no source; add [events], [interviews] or [surveys.NAME].")
    return Check(study, tuple(map(readable, problems)), tuple(map(readable, notes)))


def require_sound(path: str | Path, data_dir: str | Path | None = None) -> None:
    """Raise with every problem of a study.

    Raises
    ------
    StudyError
        When there is any problem.
    """
    problems = check_study(path, data_dir).problems
    if problems:
        raise StudyError("\n".join(problems))


def _problems(study: Study) -> Iterator[str]:
    """Words and people that no other source knows."""
    if study.config.events:
        seen = set(study.touchpoints["touchpoint"])
        if not seen:
            reasons = [f"{count(row.n)} by '{row.reason}'" for row in study.left_out.itertuples()]
            yield (
                f"{study.path}: no event is left to count; left out were {', '.join(reasons) or 'all'}. "
                "Mend the rules of [[leave_out]] or [[touchpoints]] that leave them out."
            )
            return
        for position, outcome in enumerate(study.config.outcomes):
            if outcome.touchpoint not in seen:
                yield (
                    f"{study.path}: outcomes[{position + 1}].touchpoint: no event is called '{outcome.touchpoint}'; "
                    f"there are {listing(sorted(seen))}.{did_you_mean(outcome.touchpoint, seen)}"
                )
        for name, goal in study.config.goals.items():
            if goal.among is not None and goal.among not in seen:
                yield (
                    f"{study.path}: goals.{name}.among: no event is called '{goal.among}'."
                    f"{did_you_mean(goal.among, seen)}"
                )
    for name, goal in study.config.goals.items():
        instruments = [] if study.responses is None else sorted(study.responses["instrument"].unique())
        if goal.score is not None and goal.score not in instruments:
            yield (
                f"{study.path}: goals.{name}.score: no survey is called '{goal.score}'; there are "
                f"{listing(instruments) or 'none'}.{did_you_mean(goal.score, instruments)}"
            )
    yield from _stage_problems(study)
    yield from _joint_problems(study)
    yield from _map_problems(study)
    yield from _crosswalk_problems(study)
    yield from _segment_problems(study)
    yield from _alert_problems(study)


def _alert_problems(study: Study) -> Iterator[str]:
    """Alerts on scores that no survey gives."""
    instruments = [] if study.responses is None else sorted(study.responses["instrument"].unique())
    for position, rule in enumerate(study.config.alerts):
        if rule.when == "score_worse" and rule.of is not None and rule.of.partition(", ")[0] not in instruments:
            yield (
                f"{study.path}: alerts[{position + 1}].of: no survey is called '{rule.of}'; there are "
                f"{listing(instruments) or 'none'}.{did_you_mean(rule.of, instruments)}"
            )


def _segment_problems(study: Study) -> Iterator[str]:
    """Segments that a notebook shall compare, groups and survey items that are not there."""
    for notebook, values in study.config.parameters.items():
        where = f'{study.path}: [parameters."{notebook}"]'
        group, people = values.get("group"), study.participants
        if isinstance(group, str) and group and people is not None and group not in people:
            yield f"{where} group: participants have no column '{group}'.{did_you_mean(group, map(str, people))}"
        drivers = values.get("drivers_of")
        if isinstance(drivers, str) and drivers and study.responses is not None:
            items = study.responses.reindex(columns=["instrument", "item"]).drop_duplicates().astype("str")
            known = [f"{row.instrument}.{row.item}" for row in items.itertuples()]
            if drivers not in known:
                yield f"{where} drivers_of: no survey item is called '{drivers}'.{did_you_mean(drivers, known)}"
        column, names = values.get("compare"), values.get("between", "")
        if not study.config.events or not isinstance(column, str) or not column:
            continue
        try:
            chosen(study.attribute(column).astype("str").value_counts().index, names if isinstance(names, str) else "")
        except StudyError as error:
            yield f"{where}: {str(error).removeprefix(f'{study.path}: ')}"


def _joint_problems(study: Study) -> Iterator[str]:
    """Touchpoints that overrides, measures and hypotheses speak of, and that nobody met."""
    known = set(study.touchpoints["touchpoint"])
    spoken = known | (set() if study.codes is None else set(study.codes["touchpoint"].dropna()))
    for position, said in enumerate(study.config.joint.overrides):
        if said.level == "touchpoint" and said.row not in spoken:
            yield (
                f"{study.path}: joint.overrides[{position + 1}].row: no touchpoint is called '{said.row}'; there are "
                f"{listing(sorted(spoken))}.{did_you_mean(said.row, spoken)}"
            )
    for position, stated in enumerate(study.config.hypotheses):
        if stated.touchpoint is not None and stated.touchpoint not in known:
            yield (
                f"{study.path}: hypotheses[{position + 1}].touchpoint: no event is called '{stated.touchpoint}'; there are "
                f"{listing(sorted(known))}.{did_you_mean(stated.touchpoint, known)}"
            )
    for position, measure in enumerate(study.config.measures):
        if known and not study.measures[measure.name][0]:
            yield f"{study.path}: measures[{position + 1}].match: matches no touchpoint; there are {listing(sorted(known))}."


def _map_problems(study: Study) -> Iterator[str]:
    """A file of edits of the map that cannot be read."""
    if study.config.journey_map.edits is None:
        return
    from journeylab.journeymap.edits import study_edits

    try:
        study_edits(study)
    except JourneylabError as error:
        yield f"{study.path}: journey_map.edits: {error}"


def _stage_problems(study: Study) -> Iterator[str]:
    """Stages in the data that study.toml does not name."""
    tables = {"asked": study.asked, "responses": study.responses}
    for name, frame in tables.items():
        if frame is None or "stage" not in frame:
            continue
        for stage in sorted(set(frame["stage"].dropna()) - set(study.stages)):
            yield (
                f"{study.path}: the '{name}' source speaks of a stage '{stage}', which is not one of "
                f"{listing(study.stages)}.{did_you_mean(stage, study.stages)}"
            )


def _crosswalk_problems(study: Study) -> Iterator[str]:
    """People in the crosswalk whom nobody interviewed or observed."""
    crosswalk = study.crosswalk
    if crosswalk is None or study.config.crosswalk is None or study.config.crosswalk.same_ids:
        return
    where = study.files["crosswalk"]
    again = crosswalk.duplicated(
        [name for name in ("participant_id", "customer_id", "valid_from") if name in crosswalk]
    )
    if again.any():
        pair = crosswalk.loc[again].iloc[0]
        yield (
            f"{where}: column participant_id: '{pair['participant_id']}' is linked to customer '{pair['customer_id']}' "
            "more than once; keep the row whose consent is right and remove the others."
        )
    spoken = set()
    for frame in (study.participants, study.documents):
        if frame is not None and "participant_id" in frame:
            spoken |= set(frame["participant_id"].dropna())
    if spoken:
        unknown = crosswalk.loc[~crosswalk["participant_id"].isin(spoken), "participant_id"]
        if len(unknown):
            yield (
                f"{where}: column participant_id: {len(unknown)} of {len(crosswalk)} rows name nobody who was "
                f"interviewed, such as {listing(unknown, 3)}; correct the id or remove the row."
                f"{did_you_mean(str(unknown.iloc[0]), spoken)}"
            )
    if study.events is not None and len(crosswalk):
        seen = set(study.events["customer_id"])
        unknown = crosswalk.loc[~crosswalk["customer_id"].isin(seen), "customer_id"]
        if len(unknown) == len(crosswalk):
            yield (
                f"{where}: column customer_id: none of the {len(crosswalk)} customers, such as {listing(unknown, 3)}, "
                f"occurs in the events; are these ids of another system? An id there is '{next(iter(seen))}'."
            )


def _notes(study: Study) -> Iterator[str]:
    """Losses and loose ends that do not stop a run."""
    for report in study.reports.values():
        if report.n_dropped:
            yield report.summary()
        yield from (f"{report.source}: {note}" for note in report.notes)
    if study.config.events:
        spread = study.activity
        many = identity.crowds(spread)
        events = study.events if many else None
        fast = [] if events is None else identity.robots(events[events["customer_id"].isin(many)])
        yield from identity.told(spread, fast)
    for row in study.left_out.itertuples():
        yield f"{count(row.n)} events of {count(row.customers)} customers are left out: {row.reason}."
    reasons = set(study.left_out["reason"]) if study.config.leave_out else set()
    for place, rule in enumerate(study.config.leave_out):
        if rule.reason not in reasons:
            yield f"leave_out[{place + 1}] ({rule.reason}): leaves out no event; does it match what the column holds?"
    yield from without_stage(study)
    yield from stage_notes(study)
    crosswalk = study.crosswalk
    if crosswalk is not None and study.events is not None:
        blank = crosswalk["customer_id"].isna() | (crosswalk["customer_id"] == "")
        absent = ~blank & ~crosswalk["customer_id"].isin(set(study.events["customer_id"]))
        if blank.any():
            yield f"{blank.sum()} of {len(crosswalk)} people in the crosswalk have no customer_id."
        if absent.any():
            yield f"{absent.sum()} of {len(crosswalk)} people in the crosswalk have a customer_id without events."
    for reason, rows in study.refused_links.groupby("reason"):
        if reason not in {"did not agree to linking", "no customer id"}:
            some = listing(rows["participant_id"].dropna().unique(), 4)
            yield f"{len(rows)} rows of the crosswalk are not used: {reason} (participants {some}); mend or remove them."
    if study.withdrawn_participants:
        yield f"{len(study.withdrawn_participants)} people withdrew: their words and traces are not used."
    if study.coded is not None and study.coded.codings.empty:
        yield "the interviews hold a codebook but no coding, so nothing is known of what was said."
    if study.codes is not None and study.config.events:
        met = set(study.touchpoints["touchpoint"])
        for touchpoint in sorted(set(study.codes["touchpoint"].dropna()) - met):
            yield f"codes speak of a touchpoint '{touchpoint}' that no event has.{did_you_mean(touchpoint, met)}"
    if study.codes is not None and pd.isna(study.codes["stage"]).all():
        yield "no code has a stage, so words cannot be put on the journey; add stage to the codebook or [[codes]]."


def without_stage(study: Study) -> list[str]:
    """Say how many events stand on no stage, and the most frequent of their touchpoints; empty where all do."""
    if not study.config.events or not study.config.touchpoints:
        return []
    loose = study.touchpoints[study.touchpoints["stage"].isna()].nlargest(len(study.touchpoints), "n")
    if loose.empty:
        return []
    named = [f"'{row.touchpoint}' ({count(row.n)})" for row in loose.head(5).itertuples()]
    more = f" and {len(loose) - 5} more" if len(loose) > 5 else ""
    return [
        f"{count(loose['n'].sum())} events of {len(loose)} touchpoints match no [[touchpoints]] rule with a stage: "
        f"{', '.join(named)}{more}."
    ]


QUESTIONS = {
    "Which journey do customers take": ("events",),
    "What do customers say": ("codings", "codes", "documents"),
    "Do words and behaviour agree": ("events", "codings", "codes"),
    "What did the same people say and do": ("events", "codings", "links"),
    "How do customers score their journey": ("responses",),
    "Which behaviours recur": ("events",),
    "Which touchpoints work": ("events",),
    "What did randomised tests show": ("assignments", "events"),
    "What did dated changes do": ("changes", "events"),
}
"""The questions of the notebooks, and the tables each needs."""


def unanswered(study: Study) -> list[str]:
    """Say which questions a study cannot answer, and what it lacks for them."""
    found = []
    for question, tables in QUESTIONS.items():
        lacking = [table for table in tables if not study.has(table)]
        if lacking:
            found.append(f"{question}? The study has no {', no '.join(lacking)}.")
    if study.config.events and study.outcome is None:
        found.append("Which touchpoints work? study.toml names no [[outcomes]] to measure them by.")
    if study.has("documents") and study.asked is None:
        found.append("Who was not asked? No interview guide was given, so silence may mean that nobody asked.")
    return found
