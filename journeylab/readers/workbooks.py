"""Workbooks (.xlsx) and Parquet files as frames of text; formulas are never run."""

from __future__ import annotations

import datetime
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pandas as pd

from journeylab.errors import DataError, did_you_mean, listing
from journeylab.readers.files import MOST_BYTES, RawTable, build_table, header_names

PLAUSIBLE_BYTES, MOST_TIMES = 64 * 1024**2, 200
"""A workbook that unpacks to more than so many bytes, and to more than so many times its size, is refused."""


def read_workbook(path: Path, sheet: str | None, most: int | None = None) -> RawTable:
    """Read one sheet of an .xlsx file: the values that were saved, never formulas; only its first rows where `most` says so.

    Raises
    ------
    DataError
        When the file is no workbook, or has no such sheet.
    """
    from xml.etree.ElementTree import ParseError

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    notes: list[str] = []
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(item.file_size for item in archive.infolist())
            if size > MOST_BYTES:
                raise DataError(f"{path}: unpacks to more than {MOST_BYTES / 1024**3:.0f} GB; save the sheet as .csv.")
            if size > PLAUSIBLE_BYTES and size > MOST_TIMES * path.stat().st_size:
                raise DataError(
                    f"{path}: unpacks to {size / path.stat().st_size:,.0f} times its size, which no table does; save the sheet "
                    "as .csv."
                )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about drop-down lists and styles, which carry no data
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                name = _sheet_name(book.sheetnames, sheet, path)
                if sheet is None and len(book.sheetnames) > 1:
                    others = listing(other for other in book.sheetnames if other != name)
                    notes.append(f"sheet '{name}' read, the first; there are also {others}")
                page = book[name]
                if not hasattr(page, "iter_rows"):
                    raise DataError(f"{path}: sheet '{name}' is a chart, not a table; name another sheet.")
                page.reset_dimensions()
                records = [
                    [cell_text(cell) for cell in cells] for cells in page.iter_rows(values_only=True, max_row=most)
                ]
            finally:
                book.close()
    except (
        zipfile.BadZipFile,
        zlib.error,
        InvalidFileException,
        ParseError,
        OSError,
        EOFError,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        AssertionError,
        RuntimeError,  # a locked archive, or one packed in a way that nobody reads
        OverflowError,
        struct.error,
    ) as error:
        raise DataError(f"{path}: is no sound .xlsx workbook ({error}); save it again as .xlsx or .csv.") from None
    if not any(map(any, records)):
        raise DataError(f"{path}: sheet '{name}' is blank; it needs a row of column names and rows under it.")
    while not records[0][-1]:
        records[0].pop()
    names = header_names(records[0], path)
    # a workbook leaves out empty cells at the end of a row
    rows = [cells + [""] * (len(names) - len(cells)) for cells in records[1:]]
    return build_table(path, names, rows, notes)


def _sheet_name(names: list[str], wanted: str | None, path: Path) -> str:
    if wanted is None:
        return names[0]
    if wanted not in names:
        raise DataError(f"{path}: has no sheet '{wanted}'; it has {listing(names)}.{did_you_mean(wanted, names)}")
    return wanted


def cell_text(value: Any) -> str:
    """A cell as text: whole numbers without decimals, times in ISO."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    return str(value)


def read_parquet(path: Path) -> RawTable:
    """Read a Parquet file as text; columns of lists and records are left out, and named in the notes.

    Raises
    ------
    DataError
        When the file is no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    notes: list[str] = []
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: is no sound Parquet file ({str(error).splitlines()[0]}); write it again.") from None
    names = header_names(table.column_names, path)
    columns: dict[str, pd.Series] = {}
    nested = []
    for name, column in zip(names, table.columns, strict=True):
        text = column_text(column)
        if text is None:
            nested.append(name)
        else:
            columns[name] = text
    if nested:
        notes.append(f"columns that hold lists, records or bytes were left out: {listing(nested)}")
    if not columns:
        raise DataError(f"{path}: has no column that is a plain value; flatten it first.")
    frame = pd.DataFrame(columns)
    frame.index = pd.RangeIndex(2, len(frame) + 2, name="row")
    return RawTable(path, frame, len(frame), (), tuple(notes))


def column_text(column: Any) -> pd.Series | None:
    """An Arrow column as text, missing cells as ""; None where its values are no plain ones."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_nested(column.type):
        return None
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        text = column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    if pa.types.is_floating(column.type):
        text = pc.if_else(pc.is_nan(column), "", text)
    return pd.Series(pc.fill_null(text, "").to_pandas(), dtype="str")
