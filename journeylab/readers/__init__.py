"""Readers: a file that some system or person exported becomes a contract table and an import report.

A new format is one module and one line in `FORMATS`.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.readers.account import Account, batches, read_export
from journeylab.readers.codings.databases import SUFFIXES, tell_format
from journeylab.readers.codings.guess import guess_table
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.codings.parts import with_guide
from journeylab.readers.files import READABLE, find_file, suffix_of
from journeylab.readers.options import TableOptions, make_options
from journeylab.readers.stream import find_export
from journeylab.tables import ImportReport
from journeylab.text import count

__all__ = ["FORMATS", "CodedStudy", "events_to_parquet", "read_codings", "read_events", "read_survey", "read_table"]


@dataclasses.dataclass(frozen=True)
class Format:
    """One format: where its reader lives, what its options are called, and the extensions it is guessed by.

    An export is read record by record, see `journeylab.readers.account`; other readers have a function ``read``. One that
    reads no file has a function ``place`` that says, from the options, what is read. Some read a folder as well.
    """

    module: str
    options: str
    suffixes: tuple[str, ...] = ()
    export: bool = False
    file: bool = True
    folder: bool = False

    def locate(self, module: ModuleType, path: str | Path | None, options: Any) -> Path:
        """The file that is there, or what stands in its place in reports."""
        if self.folder and path and Path(path).is_dir():
            return Path(path)
        if self.file:
            return find_export(path or "")
        if path and Path(path).is_file():
            raise StudyError(f"{path}: is a file, which this format does not read; leave the path away.")
        return module.place(options)


EVENTS, CODINGS = "journeylab.readers.events", "journeylab.readers.codings"

FORMATS: dict[str, dict[str, Format]] = {
    "events": {
        "tabular": Format(f"{EVENTS}.tabular", "EventOptions", READABLE),
        "ga4": Format(f"{EVENTS}.ga4", "OPTIONS", export=True),
        "snowplow": Format(f"{EVENTS}.snowplow", "OPTIONS", export=True),
        "segment": Format(f"{EVENTS}.segment", "OPTIONS", export=True),
        "amplitude": Format(f"{EVENTS}.amplitude", "OPTIONS", export=True),
        "mixpanel": Format(f"{EVENTS}.mixpanel", "OPTIONS", export=True),
        "posthog": Format(f"{EVENTS}.posthog", "OPTIONS", export=True),
        "adobe": Format(f"{EVENTS}.adobe", "OPTIONS", export=True),
        "ga360": Format(f"{EVENTS}.ga360", "OPTIONS", export=True),
        "xes": Format(f"{EVENTS}.xes", "OPTIONS", export=True),
        "weblog": Format(f"{EVENTS}.weblog", "OPTIONS", export=True),
        "klaviyo": Format(f"{EVENTS}.klaviyo", "OPTIONS", export=True),
        "zendesk": Format(f"{EVENTS}.zendesk", "OPTIONS", export=True),
        "matomo": Format(f"{EVENTS}.matomo", "OPTIONS", export=True, folder=True),
        "sql": Format(f"{EVENTS}.sql", "OPTIONS", export=True, file=False),
    },
    "codings": {
        "tabular": Format(f"{CODINGS}.tabular", "CodingOptions", READABLE),
        "refi": Format(f"{CODINGS}.refi", "RefiOptions", (".qdpx", ".qdc")),
        "taguette": Format(f"{CODINGS}.taguette", "OPTIONS", SUFFIXES),
        "qualcoder": Format(f"{CODINGS}.qualcoder", "OPTIONS", (".qda", ".zip"), folder=True),
        "requal": Format(f"{CODINGS}.requal", "OPTIONS", (".requal",)),
        "rqda": Format(f"{CODINGS}.rqda", "OPTIONS", (".rqda",)),
        "maxqda": Format(f"{CODINGS}.maxqda", "OPTIONS"),
        "atlasti": Format(f"{CODINGS}.atlasti", "OPTIONS"),
        "dedoose": Format(f"{CODINGS}.dedoose", "OPTIONS"),
        "nvivo": Format(f"{CODINGS}.nvivo", "OPTIONS", folder=True),
        "taguette_tables": Format(f"{CODINGS}.taguette_tables", "OPTIONS"),
    },
    "survey": {
        "tabular": Format("journeylab.readers.surveys.tabular", "SurveyOptions", READABLE),
        "qualtrics": Format("journeylab.readers.surveys.qualtrics", "OPTIONS"),
    },
}
"""Every format by what it holds and by name."""

OWN = (".qdpx", ".qdc", ".qda", ".requal", ".rqda")
"""Extensions that say by themselves what wrote a file."""


def read_events(
    path: str | Path | None = None, format: str = "tabular", **options: Any
) -> tuple[pd.DataFrame, ImportReport]:
    """Read what customers did.

    Parameters
    ----------
    path : str or Path, optional
        The file; none for a database (format "sql").
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


def events_to_parquet(path: str | Path | None, to: str | Path, format: str, **options: Any) -> ImportReport:
    """Read an export into a Parquet file of contract events without ever holding it whole.

    Parameters
    ----------
    path : str or Path, optional
        The export; none for a database (format "sql").
    to : str or Path
        The Parquet file to write; `journeylab.journeys.build` opens it.
    format : str
        Any export of `FORMATS`.
    **options
        Those of the format.

    Raises
    ------
    DataError
        When the file cannot be read, or the format is not read record by record.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = FORMATS["events"].get(format)
    if found is None or not found.export:
        exports = [name for name, known in FORMATS["events"].items() if known.export]
        raise DataError(f"{path}: '{format}' is not read record by record; {listing(exports, 30)} are.")
    module = importlib.import_module(found.module)
    chosen = make_options(getattr(module, found.options), options, f"{format} events")
    where = found.locate(module, path, chosen)
    account = Account(where, chosen.source, format)
    n, writer = 0, None
    part = Path(to).with_name(f".{Path(to).name}.part")
    try:
        for frame in batches(module, where, chosen, account):
            table = pa.Table.from_pandas(frame, preserve_index=False)
            if writer is None:
                schema = pa.schema([field.with_nullable(True) for field in table.schema])
                writer = pq.ParquetWriter(part, schema)
            writer.write_table(_fitted(table, writer.schema, account))
            n += len(frame)
        report = account.close(n)
    except BaseException:
        if writer is not None:
            writer.close()
        part.unlink(missing_ok=True)
        raise
    if writer is not None:
        writer.close()
    part.replace(to)
    return report


def _fitted(table: Any, schema: Any, account: Account) -> Any:
    """A portion with the columns of the first one."""
    import pyarrow as pa

    for name in table.column_names:
        if name not in schema.names:
            account.note(f"column {name} first occurs after {count(50_000)} events and is left out")
    columns = [
        table.column(field.name).cast(field.type)
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def read_codings(
    path: str | Path,
    format: str | None = None,
    *,
    participant: str | None = None,
    asked: Mapping[str, Any] | None = None,
    **options: Any,
) -> CodedStudy:
    """Read what customers said: coded interviews, reviews or notes.

    Parameters
    ----------
    path : str or Path
    format : str, optional
        See `FORMATS`; where not said guessed from the extension, of SQLite files from their tables, of tables from their
        headings.
    participant : str, optional
        For documents that name no participant: a regular expression whose first group is the participant, searched in the
        document's name, such as ``^(P\\d+)_``; or "document", where each document is one.
    asked : mapping, optional
        The interview guide: the path of a table of who was asked about which stage, and the options of a table.
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
    study = _read("codings", path, format, options)
    if asked is not None:
        study = with_guide(study, Path(path), asked, options.get("timezone"))
    if format is None and study.report.format != "tabular" and suffix_of(Path(path)) not in OWN:
        notes = (f"read as '{study.report.format}', since no format was said", *study.report.notes)
        report = dataclasses.replace(study.report, notes=notes)
        reports = tuple(report if one is study.report else one for one in study.reports)
        study = dataclasses.replace(study, report=report, reports=reports)
    if participant is None:
        return study
    from journeylab.readers.codings.names import name_participants, read_rule

    return name_participants(study, read_rule(participant))


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


def _read(kind: str, path: str | Path | None, format: str | None, options: dict[str, Any]) -> Any:
    """Find the reader of a format and call it with its options."""
    formats = FORMATS[kind]
    if format is None:
        format = _guess(Path(path or ""), formats, options)
    if format not in formats:
        raise DataError(
            f"{path}: there is no format '{format}' of {kind}; there are {listing(formats)}.{did_you_mean(format, formats)}"
        )
    found = formats[format]
    module = importlib.import_module(found.module)
    chosen = make_options(getattr(module, found.options), options, f"{format} {kind}")
    if found.export:
        return read_export(module, found.locate(module, path, chosen), chosen, format)
    return module.read(path or "", chosen)


def _guess(path: Path, formats: dict[str, Format], options: dict[str, Any]) -> str:
    """The format of a file: by its extension, of a SQLite file by its tables, of a table of codings by its headings."""
    suffix = suffix_of(path)
    fitting = [name for name, known in formats.items() if suffix in known.suffixes]
    if path.is_dir():
        return fitting[0] if any(formats[name].folder for name in fitting) else guess_table(path, options)
    find_file(path, tuple(dict.fromkeys(ending for known in formats.values() for ending in known.suffixes)))
    if suffix in SUFFIXES:
        return tell_format(path)
    return guess_table(path, options) if fitting[0] == "tabular" else fitting[0]
