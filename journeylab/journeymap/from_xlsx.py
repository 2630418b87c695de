"""A workbook of a map, as people sent it back: nothing is run, and what is not as it was written is told by its place."""

from __future__ import annotations

import contextlib
import datetime
import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from journeylab.errors import DataError, did_you_mean, listing
from journeylab.journeymap.as_xlsx import (
    ABOUT,
    COLUMNS,
    COMPUTED,
    LANE_COLUMNS,
    LONG,
    MOVES,
    STEPS,
    UNPLACED,
    checksum,
    long_key,
)
from journeylab.journeymap.model import JourneyMap
from journeylab.journeymap.plain_text import restore, split_lines
from journeylab.journeymap.schema import build_map
from journeylab.journeymap.words import FIELDS, make_word

MOST_BYTES = 16 * 1024**2
MOST_TIMES = 200
MOST_ROWS, MOST_COLUMNS = 20_000, 100
DECLARED = re.compile(rb"<\0?!\0?(?:D\0?O\0?C\0?T\0?Y\0?P\0?E|E\0?N\0?T\0?I\0?T\0?Y)", re.IGNORECASE)


def read_xlsx(content: bytes, where: str) -> JourneyMap:
    """Read a map from the bytes of an .xlsx file.

    Raises
    ------
    DataError
        When the file is damaged, holds a formula, lacks a sheet, column or row, or what the data say was changed; the
        message names sheet, row and column.
    """
    pages = _Pages(_open(content, where), where)
    about = pages.rows(ABOUT, COLUMNS[ABOUT])
    plain: dict[str, Any] = {"assumptions": [], "stages": [], "lanes": [], "steps": [], "moves": [], "unplaced": []}
    lanes = []
    for row in about:
        what, value = row.text("what"), row.text("value")
        if what in {"format", "title", "behaviour", "data_until", "method"}:
            plain[what] = value
        elif what == "version":
            plain[what] = row.whole("value")
        elif what in {"assumption", "stage"}:
            plain[f"{what}s"].append(value)
        elif what == "lane":
            lanes.append((value, row.text("kind"), row.text("title")))
        elif what != "help":
            raise DataError(f"{row.place('what')}: found '{what[:40]}', which no map has; export the map again.")
    for sheet, kind, title in lanes:
        cells = [_cell(row) for row in _lane(pages, sheet, plain["stages"])]
        plain["lanes"].append({"kind": kind, "title": title, "cells": cells})
    for row in pages.rows(STEPS, COLUMNS[STEPS]):
        step: dict[str, Any] = {name: row.text(name) for name in ("touchpoint", "stage", "channel")}
        planned = {"yes": True, "no": False}.get(row.text("planned"))
        if planned is None:
            raise DataError(f"{row.place('planned')}: found '{row.text('planned')[:40]}', expected yes or no.")
        plain["steps"].append({**step, "planned": planned, "n": row.whole("n")})
    for row in pages.rows(MOVES, COLUMNS[MOVES]):
        move: dict[str, Any] = {name: row.text(name) for name in ("from_stage", "to_stage")}
        shares = {name: row.number(name) for name in ("share", "low", "high")}
        plain["moves"].append({**move, "n": row.whole("n"), **shares})
    for row in pages.rows(UNPLACED, COLUMNS[UNPLACED]):
        edit: dict[str, Any] = {name: row.text(name) for name in ("lane", "stage", "why")}
        plain["unplaced"].append({**edit, "word": _said(row)})
    return build_map(plain, where)


def _lane(pages: _Pages, sheet: str, stages: list[str]) -> list[_Row]:
    """The rows of a lane in the order of the stages."""
    found: dict[str, _Row] = {}
    for row in pages.rows(sheet, LANE_COLUMNS):
        stage = row.text("stage")
        if stage not in stages:
            raise DataError(
                f"{row.place('stage')}: found '{stage[:40]}', the stages are {listing(stages)}; write it as it was."
                f"{did_you_mean(stage, stages)}"
            )
        if stage in found:
            raise DataError(f"{row.place('stage')}: the stage '{stage}' is there twice; keep one row.")
        found[stage] = row
    for stage in stages:
        if stage not in found:
            raise DataError(f"{pages.where}: sheet '{sheet}': has no row for the stage '{stage}'; put it back.")
    return [found[stage] for stage in stages]


def _cell(row: _Row) -> dict[str, Any]:
    cell: dict[str, Any] = {
        name: row.text(name) for name in ("evidence", "flag", "reason", "source", "by", "unit", "until")
    }
    cell["lines"] = list(split_lines(row.raw("text")))
    cell["n"] = row.whole("n")
    cell |= {name: row.number(name) for name in ("value", "low", "high")}
    values = {**cell, "stage": row.text("stage"), "text": tuple(cell["lines"])}
    if checksum({name: values[name] for name in COMPUTED}) != row.text("check"):
        raise DataError(
            f"{row.place(None)}: what the data say in this row was changed by hand; put it back, and write what you say "
            "instead into the yellow column 'override', with a reason."
        )
    said = _said(row)
    return {**cell, "said": said if any(said.values()) else None}


def _said(row: _Row) -> dict[str, str]:
    """What the team says in a row; a mistake in it is told by its place in the sheet."""
    said = {field: row.text(field) for field in FIELDS}
    make_word(said, row.place)
    return said


class _Row:
    """One row of a sheet, with the place of each of its cells."""

    def __init__(self, place: str, number: int, values: dict[str, Any]) -> None:
        self._place, self._number, self._values = place, number, values

    def place(self, column: str | None) -> str:
        """Name a cell for a message."""
        return f"{self._place}, row {self._number}{f', column {column!r}' if column else ''}"

    def raw(self, column: str) -> str:
        """A cell as it is written."""
        value = self._values.get(column)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            return str(int(value))
        if isinstance(value, datetime.datetime) and value.time() == datetime.time():
            return value.date().isoformat()
        return str(value)

    def text(self, column: str) -> str:
        """A cell as text."""
        return restore(self.raw(column))

    def number(self, column: str) -> float | None:
        """A cell as a number, or None where it is blank."""
        value = self._values.get(column)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise DataError(f"{self.place(column)}: found '{str(value)[:40]}', expected a number.")
        return float(value)

    def whole(self, column: str) -> int:
        """A cell as a whole number, 0 where it is blank."""
        text = self.raw(column) or "0"
        if not re.fullmatch(r"\d{1,18}", text):
            raise DataError(f"{self.place(column)}: found '{text[:40]}', expected a whole number.")
        return int(text)


class _Pages:
    """The sheets of a workbook, each read with the columns that it must have."""

    def __init__(self, book: Any, where: str) -> None:
        self.where, self._book = where, book
        self._long: dict[tuple[str, str, str], str] = {}
        if LONG in book.sheetnames:
            parts = sorted(self.rows(LONG, COLUMNS[LONG]), key=lambda row: row.whole("part"))
            for row in parts:
                key = (row.text("sheet"), row.text("row"), row.text("column"))
                self._long[key] = self._long.get(key, "") + row.text("text")

    def rows(self, name: str, columns: tuple[str, ...]) -> list[_Row]:
        """The rows of a sheet that are not blank."""
        if name not in self._book.sheetnames:
            raise DataError(
                f"{self.where}: sheet '{name}' is missing; there are {listing(self._book.sheetnames)}. Give it its name "
                f"back, or export the map again.{did_you_mean(name, self._book.sheetnames)}"
            )
        sheet = self._book[name]
        place = f"{self.where}: sheet '{name}'"
        if not hasattr(sheet, "iter_rows"):
            raise DataError(f"{place}: is a chart, not a table; export the map again.")
        with _sound(self.where):
            grid = _grid(sheet, place)
        heads = ["" if head is None else str(head).strip() for head in (grid[0] if grid else ())]
        for column in columns:
            if heads.count(column) != 1:
                spare = [head for head in heads if head and head not in columns]
                found = "is missing" if column not in heads else "is there twice"
                raise DataError(
                    f"{place}: column '{column}' {found}"
                    + (f"; unknown is {listing(spare)}" if spare else "")
                    + f". Name the columns as they were exported.{did_you_mean(column, spare)}"
                )
        spare = [head for head in heads if head and head not in columns]
        if spare:
            raise DataError(
                f"{place}: column {listing(spare)} is none of a map; move your notes to a sheet of your own."
            )
        rows = []
        for number, cells in enumerate(grid[1:], start=2):
            values = {head: cell for head, cell in zip(heads, cells, strict=True) if head and cell not in (None, "")}
            if not values:
                continue
            for column in columns:
                more = self._long.get((name, long_key(columns, values.get("stage"), number), column))
                if more is not None:
                    values[column] = f"{values.get(column, '')}{more}"
            rows.append(_Row(place, number, values))
        return rows


def _grid(sheet: Any, place: str) -> list[list[Any]]:
    """The values of a sheet, rows of equal length; neither a formula nor an error is one."""
    sheet.reset_dimensions()  # a file may say any
    grid: list[list[Any]] = []
    for cells in sheet.iter_rows():
        if len(grid) == MOST_ROWS or len(cells) > MOST_COLUMNS:
            raise DataError(f"{place}: is larger than a map ever is; remove what stands far below or to the right.")
        for cell in cells:
            if cell.data_type == "f":
                raise DataError(
                    f"{place}, cell {cell.coordinate}: holds a formula, which is not run; write the words themselves."
                )
            if cell.data_type == "e":
                raise DataError(
                    f"{place}, cell {cell.coordinate}: holds the error {cell.value}; write the words themselves."
                )
        grid.append([cell.value for cell in cells])
    width = max(map(len, grid), default=0)
    return [[*cells, *[None] * (width - len(cells))] for cells in grid]


def _open(content: bytes, where: str) -> Any:
    """Open a workbook without running or following anything; merged cells, styles and links are never looked at."""
    import openpyxl

    with _sound(where):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(item.file_size for item in archive.infolist())
            if any(item.compress_size > len(content) for item in archive.infolist()):
                raise zipfile.BadZipFile("a part of it is said to be larger than the file")
            if size > MOST_BYTES or (size > 1024**2 and size > MOST_TIMES * len(content)):
                raise DataError(
                    f"{where}: unpacks to {size / 1024**2:,.0f} MB from {len(content) / 1024**2:,.2f}, which no map does; "
                    "export the map again."
                )
            for item in archive.infolist():
                if item.filename.endswith((".xml", ".rels")) and DECLARED.search(archive.read(item)):
                    raise DataError(
                        f"{where}: defines entities or a document type, which no map needs; it was not read."
                    )
        return openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)


@contextlib.contextmanager
def _sound(where: str) -> Iterator[None]:
    """Tell as ours what openpyxl raises for a workbook that is damaged; sheets are read only when they are asked for."""
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about drop-down lists and styles, which carry no data
            yield
    except (
        zipfile.BadZipFile, zlib.error, InvalidFileException, OSError, EOFError, LookupError, ValueError, TypeError,
        AttributeError, AssertionError, RuntimeError, OverflowError, SyntaxError, struct.error,
    ) as error:  # fmt: skip
        raise DataError(f"{where}: is no sound .xlsx workbook ({str(error)[:120]}); export the map again.") from None
