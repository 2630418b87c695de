"""The map as a workbook for people to edit: a sheet about it, a sheet a lane, yellow columns for what the team says."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

from journeylab.journeymap.plain_text import join_lines, protect
from journeylab.journeymap.schema import plain_map
from journeylab.journeymap.words import FIELDS

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from journeylab.journeymap.model import JourneyMap

ABOUT, STEPS, MOVES, UNPLACED, LONG = "about", "steps", "moves", "not placed", "long text"
COMPUTED = ("stage", "text", "n", "evidence", "value", "low", "high", "flag", "reason", "source", "by", "unit", "until")
COLUMNS = {
    ABOUT: ("what", "value", "kind", "title"),
    STEPS: ("touchpoint", "stage", "channel", "planned", "n"),
    MOVES: ("from_stage", "to_stage", "n", "share", "low", "high"),
    UNPLACED: ("lane", "stage", *FIELDS, "why"),
    LONG: ("sheet", "row", "column", "part", "text"),
}
LANE_COLUMNS = (*COMPUTED, *FIELDS, "check")
MOST_IN_A_CELL, PIECE = 32_000, 4_000
"""Signs (UTF-16 units) that a cell holds, and that a longer text is cut into; a sign may be written as six."""
EPOCH = (1980, 1, 1, 0, 0, 0)
HELP = (
    "Write only in the yellow columns; they come back with [journey_map] edits = \"FILE\" in study.toml.",
    "An override needs a reason. What the data say stays beside it.",
)  # fmt: skip


def write_xlsx(journey: JourneyMap) -> bytes:
    """Write a map as the bytes of an .xlsx file; the same map gives the same bytes.

    Notes
    -----
    Every text is written as text, also one that begins as a formula. A text that is too long for a cell goes on in the
    sheet 'long text'.
    """
    from openpyxl import Workbook

    plain = plain_map(journey)
    book = Workbook()
    about = book.active
    assert about is not None
    about.title = ABOUT
    writer = _Writer(book)
    rows = [
        (name, str(plain[name]), "", "") for name in ("format", "version", "title", "behaviour", "data_until", "method")
    ]
    for many, one in (("assumptions", "assumption"), ("stages", "stage")):
        rows += [(one, value, "", "") for value in plain[many]]
    sheets = sheet_names([lane["kind"] for lane in plain["lanes"]])
    rows += [("lane", sheet, lane["kind"], lane["title"]) for sheet, lane in zip(sheets, plain["lanes"], strict=True)]
    rows += [("help", line, "", "") for line in HELP]
    writer.fill(about, COLUMNS[ABOUT], rows)
    for sheet, lane in zip(sheets, plain["lanes"], strict=True):
        cells = zip(plain["stages"], lane["cells"], strict=True)
        writer.fill(book.create_sheet(sheet), LANE_COLUMNS, [_row(stage, cell) for stage, cell in cells], free=FIELDS)
    steps = [tuple(step[name] for name in COLUMNS[STEPS]) for step in plain["steps"]]
    writer.fill(
        book.create_sheet(STEPS), COLUMNS[STEPS], [(*row[:3], "yes" if row[3] else "no", row[4]) for row in steps]
    )
    moves = [tuple(move[name] for name in COLUMNS[MOVES]) for move in plain["moves"]]
    writer.fill(book.create_sheet(MOVES), COLUMNS[MOVES], moves)
    loose = [{**edit, **edit["word"]} for edit in plain["unplaced"]]
    rows = [tuple(edit[name] for name in COLUMNS[UNPLACED]) for edit in loose]
    writer.fill(book.create_sheet(UNPLACED), COLUMNS[UNPLACED], rows, free=("lane", "stage", *FIELDS))
    if writer.long:
        writer.fill(book.create_sheet(LONG), COLUMNS[LONG], writer.long)
    return _pack(book)


def sheet_names(kinds: list[str]) -> list[str]:
    """Name a sheet a lane: what Excel allows, each once, in any case.

    Examples
    --------
    >>> sheet_names(["pains", "a/b", "A?B", "about"])
    ['pains', 'a b', 'A B 2', 'about 2']
    """
    taken = {ABOUT, STEPS, MOVES, UNPLACED, LONG, "history"}
    names = []
    for kind in kinds:
        base = re.sub(r"[^\w .-]+", " ", kind).strip(" .'")[:20] or "lane"
        name, number = base, 1
        while name.casefold() in taken:
            number += 1
            name = f"{base} {number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _row(stage: str, cell: dict[str, Any]) -> tuple[Any, ...]:
    values = {**cell, "stage": stage, "text": tuple(cell["lines"])}
    computed = tuple(values[name] for name in COMPUTED)
    said = cell["said"] or {}
    return (*computed, *(said.get(field, "") for field in FIELDS), checksum(dict(zip(COMPUTED, computed, strict=True))))


def checksum(computed: dict[str, Any]) -> str:
    """A mark of what the data say in a row, to tell where it was changed by hand; nine digits of a number count."""
    words = []
    for name in COMPUTED:
        value = computed[name]
        if isinstance(value, tuple):
            value = join_lines(value)
        words.append("" if value is None else f"{value:.9g}" if isinstance(value, float) else str(value))
    return hashlib.sha256("\x1f".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def long_key(columns: tuple[str, ...], stage: object, number: int) -> str:
    """What the sheet 'long text' calls a row: by its stage in a lane, since people sort, elsewhere by its number."""
    return str(stage) if "check" in columns else str(number)


class _Writer:
    """Fills sheets, and keeps what is too long for a cell."""

    def __init__(self, book: Any) -> None:
        from openpyxl.styles import Alignment, Font, PatternFill, Protection

        self._wrap = Alignment(wrap_text=True, vertical="top")
        self._bold = Font(bold=True)
        self._free_head = PatternFill("solid", fgColor="FFD54F")
        self._free = PatternFill("solid", fgColor="FFF8DC")
        self._open = Protection(locked=False)
        self.long: list[tuple[str, str, str, int, str]] = []

    def fill(
        self, sheet: Worksheet, columns: tuple[str, ...], rows: list[tuple[Any, ...]], *, free: tuple[str, ...] = ()
    ) -> None:
        """Write a header and rows; `free` columns are for people, the others are locked against slips."""
        for place, name in enumerate(columns, start=1):
            head = sheet.cell(1, place, name)
            head.font = self._bold
            if name in free:
                head.fill = self._free_head
            letter = sheet.cell(1, place).column_letter
            sheet.column_dimensions[letter].width = 28 if name in {"text", "value", *free} else 14
            if name == "check":
                sheet.column_dimensions[letter].hidden = True
        for number, row in enumerate(rows, start=2):
            for place, (name, value) in enumerate(zip(columns, row, strict=True), start=1):
                key = long_key(columns, protect(str(row[0])), number)
                self._put(sheet, number, place, name, value, key)
                if name in free:
                    sheet.cell(number, place).fill = self._free
                    sheet.cell(number, place).protection = self._open
                    sheet.cell(number, place).number_format = "@"  # what is typed stays text
        sheet.freeze_panes = "B2"
        sheet.protection.sheet = True
        sheet.protection.formatColumns = False
        sheet.protection.formatRows = False

    def _put(self, sheet: Worksheet, row: int, place: int, name: str, value: Any, key: str) -> None:
        if value is None or value == "" or value == ():
            return
        cell = sheet.cell(row, place)
        if not isinstance(value, (str, tuple)):
            cell.value = repr(value)  # as text, since openpyxl writes 16 digits of a number, and 17 tell it
            cell.data_type = "n"
            return
        pieces = _pieces(value)
        cell.value = pieces[0]
        cell.data_type = "s"
        cell.alignment = self._wrap
        if pieces[0].startswith(("=", "+", "-", "@")):
            cell.quotePrefix = True
        self.long += [(sheet.title, key, name, part, piece) for part, piece in enumerate(pieces[1:], start=2)]


def _pieces(value: str | tuple[str, ...]) -> list[str]:
    """A protected text in pieces that a cell holds."""
    whole = join_lines(value) if isinstance(value, tuple) else protect(value)
    if len(whole.encode("utf-16-le")) // 2 <= MOST_IN_A_CELL:
        return [whole]
    return [whole[start : start + PIECE] for start in range(0, len(whole), PIECE)]


def _pack(book: Any) -> bytes:
    """Save a workbook with fixed times."""
    import datetime

    from openpyxl.writer.excel import ExcelWriter

    book.properties.creator = "journeylab"
    book.properties.created = book.properties.modified = datetime.datetime(*EPOCH)
    made = io.BytesIO()
    ExcelWriter(book, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED)).save()
    packed = io.BytesIO()
    with zipfile.ZipFile(made) as loose, zipfile.ZipFile(packed, "w") as archive:
        for name in loose.namelist():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, loose.read(name), zipfile.ZIP_DEFLATED, 6)
    return packed.getvalue()
