"""The study.toml schema: what a study may say, and a message for everything it says wrong."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from journeylab.config_values import Duration, Engine, LocaleName, Pattern, Reason, Slug, Timezone

DEFAULT_STAGES = ("awareness", "consideration", "decision", "purchase", "evaluation")
"""The five stages of the literature, used where a study names none."""


class Section(BaseModel):
    """A table of study.toml; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StudySection(Section):
    """``[study]``: what the study is called and how its times are read."""

    name: Slug
    title: str
    timezone: Timezone = "UTC"
    engine: Engine = "duckdb"
    session_gap: Duration = "30min"
    data_dir: str | None = None
    source_note: str | None = None
    first_day: datetime.date | None = None
    last_day: datetime.date | None = None
    leave_out_robots: bool = False
    stitch: bool = True
    drop_repeats: bool = False
    currency: str = ""
    keep: Annotated[int, Field(ge=1)] | None = None
    locale: LocaleName = ""


class Stage(Section):
    """``[[stages]]``: one phase of the journey, in order; what the customer wants there, and who sees to it."""

    name: str
    goal: str | None = None
    owner: str | None = None


class Goal(Section):
    """``[goals.NAME]``: a KPI, its target and how it is measured from the data."""

    kpi: str
    target: float
    by: datetime.date | None = None
    horizon: Literal["short", "long"] = "short"
    outcome: str | None = None
    among: str | None = None
    within: Duration | None = None
    score: str | None = None
    lower_is_better: bool = False


class TableSource(Section):
    """A file and how it is read; the keys are the options of the tabular readers."""

    path: str
    format: str = "tabular"
    columns: dict[str, str] = {}
    separator: str | None = None
    encoding: str | None = None
    decimal: Literal[".", ","] = "."
    date_format: str | None = None
    day_first: bool | None = None
    timezone: Timezone | None = None
    mixed_zones: Literal["study"] | None = None
    sheet: str | None = None
    where: str | None = None
    keep: list[str] | None = None
    drop_duplicates: bool | list[str] | None = None
    duplicate_ignore: list[str] | None = None


class WideTouchpoint(Section):
    """``[[events.touchpoints]]`` of a wide file: one column of times is one touchpoint."""

    name: str
    time: str
    when: str | None = None
    timezone: Timezone | None = None


class EventSource(TableSource):
    """``[events]``, or one ``[[events]]`` of several: what customers did, from one system."""

    path: str | None = None  # type: ignore[assignment]  # a database has none
    source: str | None = None
    shape: Literal["long", "wide"] = "long"
    touchpoint: str | None = None
    touchpoints: list[WideTouchpoint] | None = None
    channel: str | None = None
    device: str | None = None
    # of exports; which format takes which is said by its reader
    pages: Literal["path", "event", "title"] | None = None
    customer: Literal["login", "visitor"] | None = None
    pings: str | None = None
    case: str | None = None
    lifecycle: str | None = None
    value: str | None = None
    visitor: str | None = None
    site: str | None = None
    assets: str | None = None
    errors: str | None = None
    robots: str | None = None
    # of databases
    database: str | None = None
    table: str | None = None
    query: str | None = None


class InterviewSource(TableSource):
    """``[interviews]``: coded text, with its documents, codebook, participants and interview guide."""

    shape: Literal["long", "wide", "votes"] = "long"
    codes: dict[str, str] | None = None
    coders: int | None = None
    coder: str | None = None
    unknown_codes: Literal["keep"] | None = None
    offsets: str | None = None  # of REFI-QDA projects
    participant: str | None = None
    project: str | None = None
    hierarchy: str | None = None  # of tables of qualitative tools
    documents: TableSource | None = None
    codebook: TableSource | None = None
    participants: TableSource | None = None
    asked: TableSource | None = None


class SurveyInstrument(Section):
    """``[surveys.NAME.instruments.INSTRUMENT]``: which columns of an export are its items."""

    columns: list[str] | None = None
    items: dict[str, str] | None = None
    scale_min: float | None = None
    scale_max: float | None = None
    higher_is_better: bool | None = None
    touchpoint: str | None = None
    stage: str | None = None
    verbatim: str | None = None
    values: dict[str, float] | None = None


class SurveySource(TableSource):
    """``[surveys.NAME]``: answers to one instrument, or to several of one export."""

    shape: Literal["long", "wide"] = "long"
    instrument: str | None = None
    scale_min: float | None = None
    scale_max: float | None = None
    higher_is_better: bool | None = None
    touchpoint: str | None = None
    stage: str | None = None
    items: dict[str, str] | None = None
    # of exports
    instruments: dict[str, SurveyInstrument] | None = None
    values: dict[str, float] | None = None
    unfinished: Literal["keep", "drop"] | None = None


class ChangeSource(TableSource):
    """``[changes]``: what was changed on the journey, when, and where only some units were, which attribute they are of."""

    units: str | None = None


class CrosswalkSource(Section):
    """``[crosswalk]``: who is who, from a file, or ``same_ids`` where participants are the customers."""

    path: str | None = None
    same_ids: bool = False
    consent_linkage: bool | None = None
    consent_quotes: bool | None = None
    columns: dict[str, str] = {}
    separator: str | None = None
    encoding: str | None = None
    date_format: str | None = None
    day_first: bool | None = None
    timezone: Timezone | None = None

    @model_validator(mode="after")
    def _one_way(self) -> CrosswalkSource:
        if (self.path is None) == (not self.same_ids):
            raise ValueError("give either 'path' or 'same_ids = true'.")
        if self.path is not None and (self.consent_linkage is not None or self.consent_quotes is not None):
            raise ValueError(
                "with 'path' each person's consent stands in the file, in columns consent_linkage and consent_quotes; "
                "'consent_linkage' and 'consent_quotes' here go with 'same_ids = true'."
            )
        if self.same_ids and (self.consent_linkage is None or self.consent_quotes is None):
            raise ValueError("'same_ids' needs 'consent_linkage' and 'consent_quotes', true or false, said for all.")
        return self


class Code(Section):
    """``[[codes]]``: what the study adds to the codebook: where on the journey a code belongs, and its valence."""

    path: str
    description: str | None = None
    valence: Annotated[float, Field(ge=-1, le=1)] | None = None
    stage: str | None = None
    touchpoint: str | None = None


class Touchpoint(Section):
    """``[[touchpoints]]``: how raw events are called on the journey; the first match wins.

    ``*`` is any text, ``?`` any sign; ``re:`` begins a regular expression for the whole name.
    """

    match: Pattern
    name: str | None = None
    stage: str | None = None
    channel: str | None = None
    planned: bool = True
    required: bool = False
    tested: bool = True
    cost: Annotated[float, Field(ge=0)] | None = None
    owner: str | None = None
    drop: bool = False


class LeaveOut(Section):
    """``[[leave_out]]``: events that are none of a customer's, such as those of the team or a test."""

    reason: str
    column: str
    match: Pattern
    whole_customer: bool = False


class Outcome(Section):
    """``[[outcomes]]``: what counts as success; the first is the study's main outcome."""

    name: str
    touchpoint: str
    occurrence: Annotated[int, Field(ge=1)] = 1
    worth: Annotated[float, Field(gt=0)] | None = None


class Privacy(Section):
    """``[privacy]``: the smallest cell a public report shows, names to mask in quotes, and who speaks but is no customer."""

    minimum_cell: Annotated[int, Field(ge=1)] = 5
    names: list[str] = []
    interviewers: list[str] = []


class Behaviours(Section):
    """``[behaviours]``: names that the team gave to behaviours."""

    names: dict[str, str] = {}


class Override(Section):
    """``[[joint.overrides]]``: a fit that the team judges otherwise than the rule, with the reason, which is printed."""

    level: Literal["stage", "touchpoint", "behaviour"]
    row: str
    fit: Literal["confirm", "expand", "discord", "silence"]
    reason: Reason


class Joint(Section):
    """``[joint]``: what the team adds to the joint display."""

    overrides: list[Override] = []


class JourneyMapSection(Section):
    """``[journey_map]``: the file in which the team edited the map: owners, names, opportunities, overrides."""

    edits: str | None = None


class Measure(Section):
    """``[[measures]]``: how often a person met some touchpoints, to be held against their words and scores."""

    name: str
    match: Pattern
    higher_is_better: bool | None = None


class Hypothesis(Section):
    """``[[hypotheses]]``: what the interviews suggest, to be tested on customers who were not interviewed."""

    statement: Reason
    touchpoint: str | None = None
    measure: str | None = None
    outcome: str
    direction: Literal["more", "less"]
    registered: datetime.date | None = None

    @model_validator(mode="after")
    def _one_exposure(self) -> Hypothesis:
        if (self.touchpoint is None) == (self.measure is None):
            raise ValueError("give either 'touchpoint' (whoever met it) or 'measure' (a name of [[measures]]).")
        return self


class Alert(Section):
    """``[[alerts]]``: what to be told of after a run; ``of`` names one goal, outcome, stage, score, code or touchpoint."""

    when: Literal[
        "kpi_below_goal",
        "kpi_worse",
        "outcome_worse",
        "drop_off_worse",
        "score_worse",
        "new_pain_code",
        "verdict_changed",
    ]
    of: str | None = None
    participants: Annotated[int, Field(ge=1)] | None = None
    repeat: bool = False

    @model_validator(mode="after")
    def _fitting(self) -> Alert:
        if self.participants is not None and self.when != "new_pain_code":
            raise ValueError(
                f'\'participants\' goes with when = "new_pain_code", not with "{self.when}"; take it away.'
            )
        if self.repeat and self.when in {"new_pain_code", "verdict_changed"}:
            raise ValueError(f"'repeat' does not go with when = \"{self.when}\": it is news only once; take it away.")
        return self


class Gramms(Section):
    """``[gramms]``: what only a person can say of a mixed-methods study (O'Cathain, Murphy and Nicholl 2008)."""

    justification: str | None = None
    design: str | None = None
    sampling: str | None = None
    integrated_by: str | None = None
    limits: str | None = None
    insights: str | None = None


class Config(Section):
    """A whole study.toml."""

    study: StudySection
    stages: list[Stage] = [Stage(name=name) for name in DEFAULT_STAGES]
    goals: dict[str, Goal] = {}
    events: list[EventSource] = []
    leave_out: list[LeaveOut] = []
    touchpoints: list[Touchpoint] = []
    outcomes: list[Outcome] = []
    interviews: InterviewSource | None = None
    codes: list[Code] = []
    surveys: dict[str, SurveySource] = {}
    customers: TableSource | None = None
    crosswalk: CrosswalkSource | None = None
    screener: TableSource | None = None
    assignments: TableSource | None = None
    changes: ChangeSource | None = None
    joint: Joint = Joint()
    journey_map: JourneyMapSection = JourneyMapSection()
    measures: list[Measure] = []
    hypotheses: list[Hypothesis] = []
    gramms: Gramms = Gramms()
    alerts: list[Alert] = []
    privacy: Privacy = Privacy()
    behaviours: Behaviours = Behaviours()
    parameters: dict[str, dict[str, Any]] = {}

    @property
    def stage_names(self) -> list[str]:
        """The names of the stages, in order."""
        return [stage.name for stage in self.stages]
