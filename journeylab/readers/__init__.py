"""Readers: a file that some system or person exported becomes a contract table and an import report.

A new format is one module and one line in `FORMATS`.
"""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import Any

import pandas as pd

from journeylab.errors import DataError, did_you_mean, listing
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.files import READABLE, find_file, suffix_of
from journeylab.readers.options import TableOptions, make_options
from journeylab.tables import ImportReport

__all__ = ["FORMATS", "CodedStudy", "read_codings", "read_events", "read_survey", "read_table"]


@dataclasses.dataclass(frozen=True)
class Format:
    """One format: where its reader lives, what its options are called, and the extensions it is guessed by."""

    module: str
    options: str
    suffixes: tuple[str, ...] = ()


FORMATS: dict[str, dict[str, Format]] = {
    "events": {"tabular": Format("journeylab.readers.events.tabular", "EventOptions", READABLE)},
    "codings": {"tabular": Format("journeylab.readers.codings.tabular", "CodingOptions", READABLE)},
    "survey": {"tabular": Format("journeylab.readers.surveys.tabular", "SurveyOptions", READABLE)},
}
"""Every format by what it holds and by name."""


def read_events(path: str | Path, format: str = "tabular", **options: Any) -> tuple[pd.DataFrame, ImportReport]:
    """Read what customers did.

    Parameters
    ----------
    path : str or Path
    format : str
        See `FORMATS`.
    **options
        Those of the format, for tables see `journeylab.readers.events.tabular.EventOptions`.

    Returns
    -------
    events : DataFrame
        The contract table ``events``.
    report : ImportReport

    Raises
    ------
    DataError
        When the file cannot be read: file, row, column, what was found, what is allowed.
    StudyError
        For an option that the format does not know.
    """
    return _read("events", path, format, options)


def read_codings(path: str | Path, format: str | None = None, **options: Any) -> CodedStudy:
    """Read what customers said: coded interviews, reviews or notes.

    Parameters
    ----------
    path : str or Path
    format : str, optional
        See `FORMATS`; guessed from the extension where not said.
    **options
        Those of the format, for tables see `journeylab.readers.codings.tabular.CodingOptions`.

    Returns
    -------
    CodedStudy

    Raises
    ------
    DataError
        When the file cannot be read.
    StudyError
        For an option that the format does not know.
    """
    return _read("codings", path, format, options)


def read_survey(path: str | Path, format: str = "tabular", **options: Any) -> tuple[pd.DataFrame, ImportReport]:
    """Read survey answers.

    Parameters
    ----------
    path : str or Path
    format : str
        See `FORMATS`.
    **options
        Those of the format, for tables see `journeylab.readers.surveys.tabular.SurveyOptions`.

    Returns
    -------
    responses : DataFrame
        The contract table ``responses``.
    report : ImportReport

    Raises
    ------
    DataError
        When the file cannot be read.
    StudyError
        For an option that the format does not know.
    """
    return _read("survey", path, format, options)


def read_table(
    path: str | Path, table: str, format: str = "tabular", **options: Any
) -> tuple[pd.DataFrame, ImportReport]:
    """Read a plain table: customers, participants, crosswalk, assignments, changes, asked or documents.

    Parameters
    ----------
    path : str or Path
    table : str
        The contract table.
    format : str
        Only "tabular".
    **options
        See `journeylab.readers.options.TableOptions`.

    Returns
    -------
    frame : DataFrame
        The contract table; extra columns are kept.
    report : ImportReport

    Raises
    ------
    DataError
        With every mistake of the table.
    StudyError
        For an option that it does not know.
    """
    from journeylab.readers import records

    if format != "tabular":
        raise DataError(f"{path}: there is no format '{format}' of {table}; the one there is: 'tabular'.")
    return records.read_table(path, table, make_options(TableOptions, options, f"the table {table}"))


def _read(kind: str, path: str | Path, format: str | None, options: dict[str, Any]) -> Any:
    """Find the reader of a format and call it with its options."""
    formats = FORMATS[kind]
    if format is None:
        suffix = suffix_of(find_file(path))
        format = next(name for name, known in formats.items() if suffix in known.suffixes)
    if format not in formats:
        raise DataError(
            f"{path}: there is no format '{format}' of {kind}; there are {listing(formats)}.{did_you_mean(format, formats)}"
        )
    found = formats[format]
    module = importlib.import_module(found.module)
    return module.read(path, make_options(getattr(module, found.options), options, f"{format} {kind}"))
