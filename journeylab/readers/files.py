"""One file as a frame of text: .csv, .tsv, .txt (also .gz), .parquet and .xlsx; nothing is guessed but the dialect."""

from __future__ import annotations

import dataclasses
import itertools
import operator
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from journeylab.errors import DataError, did_you_mean, listing
from journeylab.paths import too_long
from journeylab.readers.options import TableOptions
from journeylab.tables import Loss
from journeylab.text import count

MOST_BYTES = 2 * 1024**3
"""The largest file, after unpacking, that is read into memory."""

PLAUSIBLE_BYTES, MOST_TIMES = 64 * 1024**2, 200
"""What unpacks to more than so many bytes, and to more than so many times its size, is refused: no table does so."""

MOST_COLUMNS = 16_384
"""The most columns of a table, as many as a spreadsheet has."""

PORTION = 20_000
"""Records that are turned into columns at a time."""

DELIMITED = (".csv", ".tsv", ".tab", ".txt")
READABLE = (*DELIMITED, ".parquet", ".xlsx", ".xlsm")
CURES = {
    ".xls": "open it in a spreadsheet program and save it as .xlsx or .csv",
    ".xlsb": "open it in a spreadsheet program and save it as .xlsx or .csv",
    ".ods": "open it in a spreadsheet program and save it as .xlsx or .csv",
    ".numbers": "open it in a spreadsheet program and save it as .xlsx or .csv",
    ".zip": "unpack it and name the file inside",
    ".7z": "unpack it and name the file inside",
    ".rar": "unpack it and name the file inside",
    **dict.fromkeys(
        (".nvp", ".nvpx", ".atlproj", ".mx20", ".mx22", ".mx24", ".mx26"),
        "export the project as REFI-QDA (.qdpx) from the program, which read_codings reads",
    ),
    ".sav": "save it as .csv from the statistics program",
    ".dta": "save it as .csv from the statistics program",
    ".json": "save it as a table, .csv or .parquet",
    ".jsonl": "save it as a table, .csv or .parquet",
    ".sqlite3": "name the program that wrote it, such as format = 'taguette'",
    ".qda": "say format = 'qualcoder'",
    ".requal": "say format = 'requal'",
    ".rqda": "say format = 'rqda'",
}


@dataclasses.dataclass(frozen=True)
class RawTable:
    """A file as text.

    Attributes
    ----------
    path : Path
    frame : DataFrame
        All text, empty cells are ""; the index ``row`` holds row numbers as a spreadsheet shows them.
    n_read : int
        Rows under the header that are not blank, the broken ones included.
    losses : tuple of Loss
        Broken rows that are not in the frame.
    notes : tuple of str
        The dialect that was found.
    """

    path: Path
    frame: pd.DataFrame
    n_read: int
    losses: tuple[Loss, ...] = ()
    notes: tuple[str, ...] = ()


def read_file(path: str | Path, options: TableOptions | None = None) -> RawTable:
    """Read a file as text, by its extension.

    Raises
    ------
    DataError
        When the file is absent, empty, too large, of a kind that cannot be read, or broken as a whole.
    """
    path, options = find_file(path), options or TableOptions()
    suffix = suffix_of(path)
    if suffix in DELIMITED:
        if options.sheet is not None:
            raise DataError(f"{path}: is a text file and has no sheet '{options.sheet}'; remove the option sheet.")
        from journeylab.readers.delimited import read_delimited

        raw = read_delimited(path, options)
    elif suffix == ".parquet":
        from journeylab.readers.workbooks import read_parquet

        raw = read_parquet(path)
    else:
        from journeylab.readers.workbooks import read_workbook

        raw = read_workbook(path, options.sheet)
    if raw.n_read == 0:
        raise DataError(f"{path}: has a header but no rows under it; export it again, or remove the source.")
    return raw


def read_headings(path: str | Path, options: TableOptions | None = None) -> list[str]:
    """Read the names of a file's columns alone.

    Raises
    ------
    DataError
        As `read_file` does.
    """
    path, options = find_file(path), options or TableOptions()
    suffix = suffix_of(path)
    if suffix in DELIMITED:
        from journeylab.readers.delimited import read_header

        return read_header(path, options)
    from journeylab.readers.workbooks import read_parquet, read_workbook

    raw = read_parquet(path) if suffix == ".parquet" else read_workbook(path, options.sheet, most=1)
    return [str(column) for column in raw.frame.columns]


def suffix_of(path: Path) -> str:
    """The extension that says what is inside, .gz set aside."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
        if not suffixes or suffixes[-1] not in DELIMITED:
            return ".gz"
    return suffixes[-1] if suffixes else ""


def find_file(path: str | Path, readable: tuple[str, ...] = READABLE) -> Path:
    """Return the path of a file that is there, not empty and of a kind that can be read.

    Raises
    ------
    DataError
        With the nearest name in the folder, or what to do with a file of this kind.
    """
    path = Path(path)
    if "\0" in str(path):
        raise DataError(f"{str(path)!r}: is no file name.")
    if wrong := too_long(path):
        raise DataError(f"{str(path.parent)[:200]}: {wrong}.")
    try:
        return _found(path, readable)
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read: {error.strerror}.") from None


def _found(path: Path, readable: tuple[str, ...]) -> Path:
    if path.is_dir():
        names = sorted(item.name for item in path.iterdir() if suffix_of(item) in readable)
        raise DataError(
            f"{path}: is a folder; name one file in it: {listing(names) or 'it holds none that can be read'}."
        )
    if not path.is_file():
        folder = path.parent
        if not folder.is_dir():
            raise DataError(f"{path}: there is no such file, nor is there a folder {folder}.")
        names = sorted(item.name for item in folder.iterdir() if item.is_file())
        raise DataError(
            f"{path}: there is no such file; the folder holds {listing(names) or 'nothing'}.{did_you_mean(path.name, names)}"
        )
    suffix = suffix_of(path)
    if suffix not in readable:
        cure = CURES.get(suffix, "save it as one of these")
        raise DataError(
            f"{path}: files of kind '{suffix}' cannot be read; allowed: {listing(readable, 30)}. Please {cure}."
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path}: is empty (0 bytes); export it again.")
    path.open("rb").close()  # whether it may be read
    return path


def header_names(cells: list[str], path: Path) -> list[str]:
    """Check the names in a header row.

    Raises
    ------
    DataError
        When there is none, a name stands twice, or there are more than `MOST_COLUMNS`.
    """
    names = [cell.strip() for cell in cells]
    if not any(names):
        raise DataError(f"{path}: row 1 is blank; the first row must hold the names of the columns.")
    if len(names) > MOST_COLUMNS:
        raise DataError(
            f"{path}: row 1 has {len(names):,} columns; at most {MOST_COLUMNS:,} are read. Is it a table, and is its "
            "separator the right one?"
        )
    found: dict[str, list[int]] = {}
    for position, name in enumerate(names, start=1):
        found.setdefault(name, []).append(position)
    for name, places in found.items():
        if len(places) > 1 and name:
            raise DataError(
                f"{path}: row 1: the column name '{name}' stands {len(places)} times (columns "
                f"{', '.join(map(str, places))}); rename all but one."
            )
    return names


def build_table(path: Path, names: list[str], records: Iterable[list[str]], notes: list[str]) -> RawTable:
    """Make the text frame from the records under the header; those with too many or too few cells are counted.

    The first record is row 2. Blank records are not rows, but they count when rows are numbered.
    """
    width = len(names)
    wide: list[str] = []
    short: list[str] = []
    cut = 0
    parts: list[pd.DataFrame] = []
    stream, first = iter(records), 2
    # in portions, so that millions of small lists never live at the same time
    while portion := list(itertools.islice(stream, PORTION)):
        index = np.arange(first, first + len(portion))
        first += len(portion)
        if any(map(width.__ne__, map(len, portion))):
            kept = []
            for position, (number, cells) in enumerate(zip(index, portion, strict=True)):
                if not any(cells):
                    cells = [""] * width
                elif len(cells) > width and not any(cells[width:]):
                    cells, cut = cells[:width], cut + 1
                if len(cells) != width:
                    (wide if len(cells) > width else short).append(f"row {number} ({len(cells)} fields)")
                    continue
                portion[position] = cells
                kept.append(position)
            index, portion = index[kept], [portion[position] for position in kept]
        columns = {k: pd.array(list(map(operator.itemgetter(k), portion)), dtype="str") for k in range(width)}
        parts.append(pd.DataFrame(columns, index=pd.Index(index, name="row")))
    empty = pd.DataFrame({k: pd.array([], dtype="str") for k in range(width)}, index=pd.RangeIndex(0, name="row"))
    frame = pd.concat(parts) if parts else empty
    reasons = (
        (f"with more fields than the {width} columns", wide),
        (f"with fewer fields than the {width} columns", short),
    )
    losses = tuple(Loss(reason, len(lost), tuple(lost[:3])) for reason, lost in reasons if lost)
    if cut:
        notes.append(f"{count(cut)} rows end in empty fields beyond the last column")
    raw = finish_table(path, names, frame, notes)
    return dataclasses.replace(raw, n_read=raw.n_read + len(wide) + len(short), losses=losses)


def finish_table(path: Path, names: list[str], frame: pd.DataFrame, notes: list[str]) -> RawTable:
    """Name the columns of a text frame, and leave out blank rows and columns without a name but the first."""
    frame = _without_blank(frame.set_axis(pd.Index(names, dtype="str"), axis=1), notes)
    unnamed = [position for position, name in enumerate(names) if not name][1:]
    if unnamed:
        notes.append(f"{len(unnamed)} further columns without a name were left out")
        frame = frame.iloc[:, [position for position in range(len(names)) if position not in unnamed]]
    return RawTable(path, frame, len(frame), (), tuple(notes))


def _without_blank(frame: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Leave out rows in which every cell is empty, and note those between other rows."""
    filled = np.zeros(len(frame), dtype=bool)
    for position in range(frame.shape[1]):
        filled |= (frame.iloc[:, position].str.strip() != "").to_numpy()
        if filled.all():
            return frame
    between = int((frame.index[~filled] < frame.index[filled].max()).sum()) if filled.any() else 0
    if between:
        notes.append(f"{count(between)} blank {'line is' if between == 1 else 'lines are'} not counted as rows")
    return frame[filled]
