"""The study.toml schema: what a study may say, and a message for everything it says wrong."""

from __future__ import annotations

import datetime
import re
import tomllib
import types
import typing
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from journeylab.errors import StudyError, did_you_mean, listing

DEFAULT_STAGES = ("awareness", "consideration", "decision", "purchase", "evaluation")
"""The five stages of the literature, used where a study names none."""


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(
            f"'{name}' is no known time zone, write one such as 'Europe/Berlin' or 'UTC'."
            + did_you_mean(name, available_timezones())
        )
    return name


def _duration(span: str) -> str:
    import pandas as pd

    try:
        seconds = pd.Timedelta(span).total_seconds()
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise ValueError(f"'{span}' is no span of time, write one such as '30min', '12h' or '14d'.")
    return span


def _slug(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise ValueError(f"'{name}' names the report folder: use letters, digits, '-' and '_' only.")
    return name


def _engine(name: str) -> str:
    if name != "duckdb" and not re.fullmatch(r"(spark|sc)://\S+", name):
        raise ValueError(
            f"'{name}' is no engine; there are 'duckdb', and Spark: 'spark://local[2]' in this process, "
            f"'spark://host:7077' or 'sc://host:15002' on a cluster.{did_you_mean(name, ['duckdb', 'spark://local[2]'])}"
        )
    return name


def _pattern(match: str | list[str]) -> str | list[str]:
    for text in [match] if isinstance(match, str) else match:
        if text.startswith("re:"):
            try:
                re.compile(text.removeprefix("re:"))
            except re.error as error:
                raise ValueError(f"'{text}' is no regular expression: {error}.") from None
    return match


def _reason(words: str) -> str:
    if not words.strip():
        raise ValueError("is empty; write a sentence, it is printed in the report.")
    return words


Timezone = Annotated[str, AfterValidator(_timezone)]
Duration = Annotated[str, AfterValidator(_duration)]
Slug = Annotated[str, AfterValidator(_slug)]
Engine = Annotated[str, AfterValidator(_engine)]
Pattern = Annotated[str | list[str], AfterValidator(_pattern)]
Reason = Annotated[str, AfterValidator(_reason)]


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


class Stage(Section):
    """``[[stages]]``: one phase of the journey, in order."""

    name: str
    goal: str | None = None


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
    changes: TableSource | None = None
    joint: Joint = Joint()
    measures: list[Measure] = []
    hypotheses: list[Hypothesis] = []
    gramms: Gramms = Gramms()
    privacy: Privacy = Privacy()
    behaviours: Behaviours = Behaviours()
    parameters: dict[str, dict[str, Any]] = {}

    @property
    def stage_names(self) -> list[str]:
        """The names of the stages, in order."""
        return [stage.name for stage in self.stages]


def read_config(path: Path) -> Config:
    """Read and validate a study.toml.

    Raises
    ------
    StudyError
        With every mistake at once: line, key, what was found, what is allowed.
    """
    if not path.is_file():
        raise StudyError(f"{path}: there is no such file. `journeylab new {path.parent}` writes a commented one.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudyError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path}: is not valid TOML: {error}. Text needs quotes, and each key stands once.") from None
    if isinstance(raw.get("events"), dict):
        raw["events"] = [raw["events"]]
    problems = list(_unknown_keys(raw, Config, ()))
    config = None
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        problems += [
            (item["loc"], _say(item)) for item in error.errors(include_url=False) if item["type"] != "extra_forbidden"
        ]
    problems += list(_cross_check(raw))
    if problems or config is None:
        lines = [f"{path}{_line(text, loc)}: {_key(loc)}: {message}" for loc, message in problems]
        raise StudyError("\n".join(dict.fromkeys(lines)))
    return config


Problem = tuple[tuple[int | str, ...], str]


def _unknown_keys(raw: Any, model: type[BaseModel], loc: tuple[int | str, ...]) -> typing.Iterator[Problem]:
    """Find the keys that no section knows, with the nearest allowed word."""
    if not isinstance(raw, dict):
        return
    allowed = list(model.model_fields)
    for key, value in raw.items():
        if key not in allowed:
            yield (*loc, key), f"unknown key '{key}'; allowed here: {listing(allowed, 30)}.{did_you_mean(key, allowed)}"
            continue
        inner, many = _inner_model(model.model_fields[key].annotation)
        if inner is None:
            continue
        if many == "list" and isinstance(value, list):
            for position, item in enumerate(value):
                yield from _unknown_keys(item, inner, (*loc, key, position))
        elif many == "dict" and isinstance(value, dict):
            for name, item in value.items():
                yield from _unknown_keys(item, inner, (*loc, key, name))
        else:
            yield from _unknown_keys(value, inner, (*loc, key))


def _inner_model(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The section inside an annotation, and whether it stands in a list or dict."""
    origin = typing.get_origin(annotation)
    if origin in (list, dict):
        inner, _ = _inner_model(typing.get_args(annotation)[-1])
        return inner, origin.__name__
    if origin in (typing.Union, types.UnionType):
        for part in typing.get_args(annotation):
            inner, many = _inner_model(part)
            if inner is not None:
                return inner, many
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    return None, ""


def _cross_check(raw: dict[str, Any]) -> typing.Iterator[Problem]:
    """Find words in one section that another section should know; runs on what was written, right or wrong."""
    stages = [item.get("name") for item in _tables(raw, "stages")] or list(DEFAULT_STAGES)
    for position, stage in enumerate(stages):
        if stage in stages[:position]:
            yield ("stages", position, "name"), f"the stage '{stage}' is named twice."
    for section in ("touchpoints", "codes"):
        for position, item in enumerate(_tables(raw, section)):
            yield from _not_among(item.get("stage"), stages, "stages", (section, position, "stage"))
    for position, source in enumerate(_tables(raw, "events")):
        if source.get("format") == "sql" and "path" in source:
            yield (
                ("events", position, "path"),
                "a database (format = 'sql') has none; give 'database', and 'table' or 'query'.",
            )
        elif source.get("format") != "sql" and "path" not in source:
            yield ("events", position, "path"), "is missing; it names the file of events."
    outcomes = _tables(raw, "outcomes")
    names = [outcome.get("name") for outcome in outcomes]
    goals = raw.get("goals")
    for name, goal in goals.items() if isinstance(goals, dict) else ():
        if isinstance(goal, dict):
            yield from _not_among(goal.get("outcome"), names, "outcomes", ("goals", name, "outcome"))
            if goal.get("outcome") is None and goal.get("score") is None:
                yield ("goals", name), "needs 'outcome' or 'score', so that the KPI can be measured from the data."
    yield from _cross_check_joint(raw, stages, names)
    rules = _tables(raw, "touchpoints")
    if rules and all(rule.get("name") for rule in rules):
        known = [rule["name"] for rule in rules]
        for position, outcome in enumerate(outcomes):
            yield from _not_among(
                outcome.get("touchpoint"), known, "names in [[touchpoints]]", ("outcomes", position, "touchpoint")
            )


def _cross_check_joint(raw: dict[str, Any], stages: list[Any], outcomes: list[Any]) -> typing.Iterator[Problem]:
    """Find overrides and hypotheses that speak of stages, measures or outcomes that nobody named."""
    joint = raw.get("joint")
    for position, item in enumerate(_tables(joint, "overrides") if isinstance(joint, dict) else ()):
        if item.get("level") == "stage":
            yield from _not_among(item.get("row"), stages, "stages", ("joint", "overrides", position, "row"))
    measures = [item.get("name") for item in _tables(raw, "measures")]
    surveys = raw.get("surveys")
    known = [*outcomes, *(surveys if isinstance(surveys, dict) else ())]
    for position, item in enumerate(_tables(raw, "hypotheses")):
        yield from _not_among(item.get("measure"), measures, "[[measures]]", ("hypotheses", position, "measure"))
        yield from _not_among(
            item.get("outcome"), known, "[[outcomes]] or surveys", ("hypotheses", position, "outcome")
        )


def _tables(raw: dict[str, Any], section: str) -> list[dict[str, Any]]:
    """The tables of an array section, as far as they are tables."""
    found = raw.get(section)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _not_among(word: Any, allowed: list[Any], what: str, loc: tuple[int | str, ...]) -> typing.Iterator[Problem]:
    """A problem where a word is none of the allowed ones."""
    if isinstance(word, str) and word not in allowed:
        yield loc, f"'{word}' is not one of the {what}: {listing(allowed)}.{did_you_mean(word, map(str, allowed))}"


def _say(item: Any) -> str:
    """A pydantic error in our words."""
    kind, found = item["type"], item.get("input")
    if kind == "missing":
        return "is missing; every study needs it." if len(item["loc"]) <= 2 else "is missing; it is needed here."
    if kind == "value_error":
        return str(item["ctx"]["error"])
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", item["ctx"]["expected"])
        return f"found {found!r}, allowed: {listing(allowed)}.{did_you_mean(str(found), allowed)}"
    expected = {
        "string_type": "text in quotes",
        "float_type": "a number",
        "float_parsing": "a number",
        "int_type": "a whole number",
        "int_parsing": "a whole number",
        "bool_type": "true or false",
        "bool_parsing": "true or false",
        "list_type": "a list",
        "dict_type": "a table",
        "model_type": "a table",
        "date_from_datetime_parsing": "a date such as 2027-06-30",
        "date_type": "a date such as 2027-06-30",
        "greater_than_equal": f"at least {item.get('ctx', {}).get('ge')}",
        "less_than_equal": f"at most {item.get('ctx', {}).get('le')}",
    }.get(kind, item["msg"])
    return f"found {found!r}, expected {expected}."


def _key(loc: tuple[int | str, ...]) -> str:
    """A location as a reader of TOML writes it: ``touchpoints[2].stage``."""
    text = ""
    for part in loc:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _line(text: str, loc: tuple[int | str, ...]) -> str:
    """The line on which the key of a location stands, as ``:12``; empty where it cannot be told."""
    words = [str(part) for part in loc if not isinstance(part, int)]
    entry = next((part for part in loc if isinstance(part, int)), 0)
    depth = next((place for place, part in enumerate(loc) if isinstance(part, int)), 1)
    seen = -1
    section: list[str] = []
    best = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", line)
        if header:
            section = [part.strip().strip("'\"") for part in re.split(r"\.(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", header[2])]
            if header[1] == "[[" and section == words[: len(section)] and len(section) == depth:
                seen += 1
            if section == words[: len(section)] and (header[1] == "[" or seen == entry):
                best = f":{number}"
            continue
        key = re.match(r"\s*[\"']?([^\"'=]+?)[\"']?\s*=", line)
        if key and [*section, key[1]] == words[: len(section) + 1] and seen in (-1, entry):
            return f":{number}"
    return best
