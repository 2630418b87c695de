"""The files that belong to a file of codings: documents, codebook, participants and the interview guide."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from journeylab.errors import StudyError
from journeylab.readers.codings.codebook import read_codebook
from journeylab.readers.options import TableOptions, make_options
from journeylab.readers.records import read_plain
from journeylab.tables import ImportReport

PARTS = ("documents", "codebook", "participants", "asked")


def check_parts(options: TableOptions) -> None:
    """Refuse options of parts that name no file.

    Raises
    ------
    StudyError
        When a part is not a table with a path.
    """
    for name in PARTS:
        part = getattr(options, name)
        if part is not None and (not isinstance(part, Mapping) or "path" not in part):
            raise StudyError(
                f"option {name}: found {part!r}, expected a table with a path, such as {{path = 'x.csv'}}."
            )


def read_parts(path: Path, options: TableOptions, source: str) -> dict[str, tuple[pd.DataFrame, ImportReport]]:
    """Read the files that the options name; a relative path may start from the folder of the codings.

    Raises
    ------
    DataError
        When one of them cannot be read.
    """
    return {name: _read_part(path, name, options, source) for name in PARTS if getattr(options, name) is not None}


def _read_part(path: Path, name: str, options: TableOptions, source: str) -> tuple[pd.DataFrame, ImportReport]:
    given = dict(getattr(options, name))
    given.pop("format", None)
    file = Path(given.pop("path"))
    folder = path if path.is_dir() else path.parent
    if not file.is_file() and not file.is_absolute() and (folder / file).is_file():
        file = folder / file
    given.setdefault("timezone", options.timezone)
    given.setdefault("source", f"{source}.{name}")
    chosen = make_options(TableOptions, given, name)
    if name == "codebook":
        return read_codebook(file, chosen)
    frame, report = read_plain(file, name, chosen)
    return frame.reset_index(drop=True), report
