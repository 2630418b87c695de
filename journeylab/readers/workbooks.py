"""Workbooks (.xlsx) and Parquet files as frames of text; formulas are never run."""

from __future__ import annotations

import datetime
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from journeylab.errors import DataError, did_you_mean, listing
from journeylab.readers.files import MOST_BYTES, MOST_TIMES, PLAUSIBLE_BYTES, RawTable, build_table, header_names

MOST_CELLS = 20_000_000
"""The most cells of a sheet, the empty ones before a filled one included: one far to the right costs a whole row."""
MOST_ROWS = 1_048_576
"""The most rows of a sheet, as many as a spreadsheet program has."""
PLAUSIBLE_CELLS, MOST_CELLS_A_BYTE = 20_000_000, 200
"""A Parquet file of more cells, and of more than so many a byte, is refused."""
SMALL_PARQUET = 8 * 1024**2
"""In a Parquet file of fewer bytes it is looked whether a text that it holds once fills many rows."""
DECLARED = re.compile(rb"<\0?!\0?(?:D\0?O\0?C\0?T\0?Y\0?P\0?E|E\0?N\0?T\0?I\0?T\0?Y)", re.IGNORECASE)
HEAD = 65_536
"""Document types stand in so many bytes at the start of a part."""


def read_workbook(path: Path, sheet: str | None, most: int | None = None) -> RawTable:
    """Read one sheet of an .xlsx file: the values that were saved, never formulas; only its first rows where `most` says so.

    Raises
    ------
    DataError
        When the file is no workbook, or has no such sheet.
    """
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    notes: list[str] = []
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(item.file_size for item in archive.infolist())
            if any(item.compress_size > path.stat().st_size for item in archive.infolist()):
                raise zipfile.BadZipFile("a part of it is said to be larger than the file")
            if size > MOST_BYTES:
                raise DataError(f"{path}: unpacks to more than {MOST_BYTES / 1024**3:.0f} GB; save the sheet as .csv.")
            if size > PLAUSIBLE_BYTES and size > MOST_TIMES * path.stat().st_size:
                raise DataError(
                    f"{path}: unpacks to {size / path.stat().st_size:,.0f} times its size, which no table does; save the sheet "
                    "as .csv."
                )
            _refuse_entities(archive, path)
        with path.open("rb") as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about drop-down lists and styles, which carry no data
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
            try:
                name = _sheet_name(book.sheetnames, sheet, path)
                if sheet is None and len(book.sheetnames) > 1:
                    others = listing(other for other in book.sheetnames if other != name)
                    notes.append(f"sheet '{name}' read, the first; there are also {others}")
                page = book[name]
                if not hasattr(page, "iter_rows"):
                    raise DataError(f"{path}: sheet '{name}' is a chart, not a table; name another sheet.")
                page.reset_dimensions()
                records = _records(page.iter_rows(values_only=True, max_row=most), path)
            finally:
                book.close()
    except (
        zipfile.BadZipFile,
        zlib.error,
        InvalidFileException,
        OSError,
        EOFError,
        LookupError,  # a key, a place, or an encoding that is none of text
        ValueError,
        TypeError,
        AttributeError,
        AssertionError,
        SyntaxError,  # of XML
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


def _records(rows: Iterable[tuple[Any, ...]], path: Path) -> list[list[str]]:
    """The cells of a sheet as text."""
    records: list[list[str]] = []
    count = 0
    for cells in rows:
        count += len(cells)
        if count > MOST_CELLS or len(records) == MOST_ROWS:
            raise DataError(
                f"{path}: has more than {MOST_ROWS:,} rows or {MOST_CELLS:,} cells; remove what stands far below or to the "
                "right, or save the sheet as .csv."
            )
        records.append([cell_text(cell) for cell in cells])
    return records


def _refuse_entities(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse a workbook whose parts define entities or a document type, which spreadsheet programs do not write."""
    for item in archive.infolist():
        if item.filename.endswith((".xml", ".rels")):
            with archive.open(item) as part:
                if DECLARED.search(part.read(HEAD)):
                    raise DataError(
                        f"{path}: defines entities or a document type, which no workbook needs; it was not read."
                    )


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
        plausible_parquet(path)
        table = pq.read_table(path)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise DataError(f"{path}: is no sound Parquet file ({first_line(error)}); write it again.") from None
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


def plausible_parquet(path: Path) -> None:
    """Refuse a Parquet file that says it holds far more than its size can: a value and a count make millions of cells.

    Raises
    ------
    DataError
    """
    import pyarrow.parquet as pq

    about, size = pq.read_metadata(path), path.stat().st_size
    cells = about.num_rows * about.num_columns
    unpacked = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
    if (
        (cells > PLAUSIBLE_CELLS and cells > MOST_CELLS_A_BYTE * size)
        or (unpacked > PLAUSIBLE_BYTES and unpacked > MOST_TIMES * size)
        or _written_out(path) > max(PLAUSIBLE_BYTES, MOST_TIMES * size)
    ):
        raise DataError(f"{path}: holds far more than its {size:,} bytes can, which no table does; write it again.")


def _written_out(path: Path) -> int:
    """The bytes that the texts of a Parquet file take once each stands where its number stands; 0 for a large file.

    A text that a file holds once can stand in every row. In a file of megabytes that is what a dictionary is for; in a
    small one it may be a bomb, so its texts are read as numbers first, and counted.
    """
    import pyarrow.parquet as pq

    if path.stat().st_size > SMALL_PARQUET:
        return 0
    about = pq.read_metadata(path)
    names = [
        about.schema.column(n).path
        for n in range(len(about.schema))
        if about.schema.column(n).physical_type == "BYTE_ARRAY"
    ]
    file = pq.ParquetFile(path, read_dictionary=names)
    return sum(_size(column) for batch in file.iter_batches(columns=names) for column in batch.columns) if names else 0


def _size(column: Any) -> int:
    """The bytes of a column when no text of it is kept only once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        lengths = pc.binary_length(column.dictionary.cast(pa.large_binary()))
        return int(pc.sum(pc.take(lengths, column.indices)).as_py() or 0)
    if pa.types.is_struct(column.type):
        return sum(map(_size, column.flatten()))
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return _size(column.flatten())
    return 0


def first_line(error: Exception) -> str:
    """The first line of what a library says; its kind where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


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
