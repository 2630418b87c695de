"""The fuzz target: one number makes one input, it is read, and the answer is a result that adds up or a message."""

from __future__ import annotations

import dataclasses
import random
import re
import shutil
import traceback
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

import journeylab.readers as readers
from journeylab import journeymap
from journeylab.check import check_study
from journeylab.errors import DataQualityWarning, JourneylabError, ReportError
from journeylab.readers.codings.model import CodedStudy
from journeylab.study_toml import read_config
from journeylab.tables import ImportReport
from tests.fuzzing import raw_bytes, structured
from tests.fuzzing.seeds import Seed

LONGEST_MESSAGE = 20_000
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e]")
"""Signs that move a terminal's cursor, turn its text, or cannot be printed."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What became of an input.

    Attributes
    ----------
    outcome : str
        "read", "refused" or "finding".
    what : str
        Of a finding: one line by which the like are told together.
    detail : str
    """

    outcome: str
    what: str = ""
    detail: str = ""


def mutate(seeds: list[Seed], seed: int, number: int) -> tuple[Seed, bytes, random.Random]:
    """The input of that number: always the same."""
    rng = random.Random(f"{seed}/{number}")
    kinds: dict[str, list[Seed]] = {}
    for one in seeds:  # formats are equally likely, however many files they have
        kinds.setdefault(one.label.partition("/")[0], []).append(one)
    chosen = rng.choice(kinds[rng.choice(list(kinds))])
    data = chosen.data
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        before = data
        try:
            data = structured.change(chosen.name, data, rng) if rng.random() < 0.7 else raw_bytes.damage(data, rng)
        except Exception:  # what was damaged before can no longer be changed by its structure
            data = raw_bytes.damage(before, rng)
    return chosen, data[: raw_bytes.MOST], rng


def place(folder: Path, seed: Seed, data: bytes) -> Path:
    """Write an input into an empty folder; the path of the file."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in {**seed.beside, seed.name: data}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder / seed.name


def answer(seed: Seed, file: Path, folder: Path, rng: random.Random) -> Answer:
    """Read an input and judge the answer."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            faults = list(_read(seed, file, folder, rng))
            outcome = "read"
        except JourneylabError as error:
            outcome, faults = "refused", list(_faults_of_message(error, folder))
        except Exception as error:  # what a reader must never let through
            return Answer("finding", _place_of(error), traceback.format_exc()[-3_000:])
    faults += [fault for one in warned for fault in _faults_of_warning(one)]
    return Answer("finding", faults[0], "\n".join(faults)[:3_000]) if faults else Answer(outcome)


def _faults_of_warning(one: warnings.WarningMessage) -> Iterable[str]:
    """Warnings of ours must be fit to be printed, others must not be."""
    if issubclass(one.category, DataQualityWarning):
        yield from _faults_of_text(str(one.message))
    else:
        yield f"warning {one.category.__name__}: {str(one.message)[:80]}"


def _read(seed: Seed, file: Path, folder: Path, rng: random.Random) -> Iterable[str]:
    """Read an input as its kind is read; yield what is wrong with the result."""
    options: dict[str, Any] = dict(seed.options)
    for name, value in options.items():
        if isinstance(value, dict) and "path" in value:
            options[name] = {**value, "path": str(folder / value["path"])}
    if seed.kind == "config":
        read_config(file)
    elif seed.kind == "study":
        check = check_study(folder)
        yield from (fault for line in check.problems for fault in _faults_of_text(line))
        for report in check.study.reports.values() if check.study and not check.problems else ():
            yield from _faults_of_report(report)
    elif seed.kind == "map":
        journeymap.read(file).to_json()
    elif seed.kind == "codings":
        study = readers.read_codings(file, seed.format, **options)
        yield from _faults_of_codings(study)
    elif seed.kind == "survey":
        yield from _faults_of_table(*readers.read_survey(file, seed.format or "tabular", **options))
    elif seed.kind == "events":
        if seed.format != "tabular" and rng.random() < 0.3:
            options["pages"] = rng.choice(("path", "event", "title"))
            options["customer"] = rng.choice((None, "login", "visitor"))
        if seed.format != "tabular" and rng.random() < 0.3:
            yield from _faults_of_report(
                readers.events_to_parquet(file, folder / "to.parquet", str(seed.format), **options)
            )
        else:
            yield from _faults_of_table(*readers.read_events(file, str(seed.format), **options))
    else:
        yield from _faults_of_table(*readers.read_table(file, seed.kind, **options))


def _faults_of_table(frame: pd.DataFrame, report: ImportReport) -> Iterable[str]:
    yield from _faults_of_report(report)
    if report.table == "events" and report.n_kept != len(frame) and report.format != "tabular":
        yield f"kept {report.format}: the report says other than the table"
    try:
        frame.to_parquet(None)
    except Exception as error:  # whatever a result raises that cannot be kept
        yield f"cannot be kept as Parquet: {type(error).__name__}"


def _faults_of_report(report: ImportReport) -> Iterable[str]:
    report.check()
    if any(loss.n <= 0 or not loss.reason for loss in report.dropped):
        yield "a loss without number or reason"
    if min(report.n_read, report.n_kept) < 0:
        yield "a number below nought"
    for words in (*report.notes, *(text for loss in report.dropped for text in (loss.reason, *loss.examples))):
        yield from (fault.replace("message", "note") for fault in _faults_of_text(words))


def _faults_of_codings(study: CodedStudy) -> Iterable[str]:
    study.check()
    for report in study.reports or (study.report,):
        yield from _faults_of_report(report)
    for frame in (study.documents, study.codes, study.segments, study.codings):
        try:
            frame.to_parquet(None)
        except Exception as error:
            yield f"cannot be kept as Parquet: {type(error).__name__}"


def _faults_of_message(error: JourneylabError, folder: Path) -> Iterable[str]:
    message = str(error)
    if isinstance(error, ReportError):
        yield f"lost count: {message[-60:]}"
    if str(folder) not in message:
        yield f"message names no file: {message[:80]}"
    yield from _faults_of_text(message)


def _faults_of_text(message: str) -> Iterable[str]:
    if len(message) > LONGEST_MESSAGE:
        yield f"message of {len(message):,} signs: ...{message[100:160]}"
    if found := CONTROL.search(message):
        start = max(found.start() - 60, 0)
        yield f"message with the sign {found[0]!r}: {message[start : found.start()]}"
    if "Traceback (most recent" in message:
        yield "message with a traceback"


def _place_of(error: BaseException) -> str:
    """The kind of an error, and the last line of the package that it came through."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "/journeylab/" in one.filename]
    where = f"{frames[-1].filename.rpartition('/journeylab/')[2]}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {where}"
