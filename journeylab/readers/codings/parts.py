"""The files that belong to a file of codings: documents, codebook, participants; and, of every format, the interview guide."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from journeylab.errors import StudyError
from journeylab.paths import is_file
from journeylab.readers.codings.codebook import read_codebook
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.options import TableOptions, make_options
from journeylab.readers.records import read_plain
from journeylab.tables import ImportReport

PARTS = ("documents", "codebook", "participants")


def check_parts(options: TableOptions) -> None:
    """Refuse options of parts that name no file.

    Raises
    ------
    StudyError
        When a part is not a table with a path.
    """
    for name in PARTS:
        _check_part(name, getattr(options, name))


def _check_part(name: str, part: object) -> None:
    if part is not None and (not isinstance(part, Mapping) or "path" not in part):
        raise StudyError(f"option {name}: found {part!r}, expected a table with a path, such as {{path = 'x.csv'}}.")


def read_parts(path: Path, options: TableOptions, source: str) -> dict[str, tuple[pd.DataFrame, ImportReport]]:
    """Read the files that the options name; a relative path may start from the folder of the codings.

    Raises
    ------
    DataError
        When one of them cannot be read.
    """
    parts = {name: getattr(options, name) for name in PARTS}
    return {
        name: _read_part(path, name, part, options.timezone, source) for name, part in parts.items() if part is not None
    }


def with_guide(study: CodedStudy, path: Path, asked: Mapping[str, Any], timezone: str | None) -> CodedStudy:
    """Read who was asked about which stage, and put it beside the codings.

    Raises
    ------
    DataError
        When it cannot be read, or speaks of documents that are not there.
    StudyError
        When `asked` names no file.
    """
    _check_part("asked", asked)
    guide, report = _read_part(path, "asked", asked, timezone, study.report.source)
    return dataclasses.replace(study, asked=guide, reports=(*study.reports, report)).check()


def _read_part(
    path: Path, name: str, part: Mapping[str, Any], timezone: str | None, source: str
) -> tuple[pd.DataFrame, ImportReport]:
    given = dict(part)
    given.pop("format", None)
    file = Path(given.pop("path"))
    folder = path if path.is_dir() else path.parent
    if not is_file(file) and not file.is_absolute() and is_file(folder / file):
        file = folder / file
    given.setdefault("timezone", timezone)
    given.setdefault("source", f"{source}.{name}")
    chosen = make_options(TableOptions, given, name)
    if name == "codebook":
        return read_codebook(file, chosen)
    frame, report = read_plain(file, name, chosen)
    return frame.reset_index(drop=True), report
