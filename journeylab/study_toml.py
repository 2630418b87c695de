"""Read a study.toml: every mistake at once, with its line, its key and what is allowed."""

from __future__ import annotations

import re
import tomllib
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from journeylab.config import DEFAULT_STAGES, Config
from journeylab.errors import MOST_LINES, StudyError, did_you_mean, listing
from journeylab.paths import is_file


def read_config(path: Path) -> Config:
    """Read and validate a study.toml.

    Raises
    ------
    StudyError
        With every mistake at once: line, key, what was found, what is allowed.
    """
    if not is_file(path):
        raise StudyError(f"{path}: there is no such file. `journeylab new {path.parent}` writes a commented one.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise StudyError(f"{path}: cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise StudyError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path}: is not valid TOML: {error}. Text needs quotes, and each key stands once.") from None
    except ValueError:  # Python refuses to convert it
        raise StudyError(f"{path}: holds a number of thousands of digits; write one that a study can mean.") from None
    except RecursionError:
        raise StudyError(f"{path}: nests lists or tables too deeply; no key of a study needs more than five.") from None
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
        told = problems if len(problems) <= MOST_LINES else problems[: MOST_LINES - 1]
        lines = [f"{path}{_line(text, loc)}: {_key(loc)}: {message}" for loc, message in told]
        if more := len(problems) - len(told):
            lines.append(f"{path}: and {more:,} more mistakes, told once these are mended.")
        raise StudyError("\n".join(dict.fromkeys(lines)))
    return config


LONGEST_KEY = 400
"""Keys and headers stand in so many signs at the start of a line."""

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
    yield from _cross_check_alerts(raw, stages)
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


def _cross_check_alerts(raw: dict[str, Any], stages: list[Any]) -> typing.Iterator[Problem]:
    """Find alerts on goals, outcomes and stages that nobody named, and goals where there are none."""
    goals = raw.get("goals")
    known = [str(name) for name in goals] if isinstance(goals, dict) else []
    for position, item in enumerate(_tables(raw, "alerts")):
        when, loc = item.get("when"), ("alerts", position, "of")
        if not isinstance(when, str):
            continue  # told as a wrong word by the section itself
        if when in {"kpi_below_goal", "kpi_worse"}:
            if not known:
                yield ("alerts", position, "when"), f"'{when}' needs a goal; set one with [goals.NAME]."
            else:
                yield from _not_among(item.get("of"), known, "goals", loc)
        elif when == "outcome_worse":
            yield from _not_among(
                item.get("of"), [one.get("name") for one in _tables(raw, "outcomes")], "outcomes", loc
            )
        elif when == "drop_off_worse":
            yield from _not_among(item.get("of"), stages, "stages", loc)


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
        line = line[:LONGEST_KEY]
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
