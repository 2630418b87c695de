"""NVivo: results of a Matrix Coding Query, counts of codings by case and code, one file or a folder of them."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pandas as pd

from journeylab.errors import DataError, listing
from journeylab.readers.codings.codebook import make_codes
from journeylab.readers.codings.exports import (
    UNKNOWN,
    CodedExportOptions,
    code_path,
    document_ids,
    levels_of,
    open_ledger,
    wanted_rows,
)
from journeylab.readers.codings.linked import build
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.files import RawTable, read_file, suffix_of
from journeylab.readers.ledger import Ledger
from journeylab.readers.values import parse_numbers
from journeylab.tables import Loss
from journeylab.text import count

PREFIX = re.compile(r"^\s*(?:[A-Z]+|\d+) : ")
MATRICES = (".xlsx", ".xlsm", ".csv", ".tsv", ".txt")


@dataclasses.dataclass(frozen=True, kw_only=True)
class MatrixOptions(CodedExportOptions):
    """Options of matrices, beside those of other tables of codings.

    Attributes
    ----------
    shape : str
        "long" where codes are rows and cases are columns, as the query is mostly asked; "wide" where codes are columns.
    """

    shape: str = "long"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._one_of("shape", ("long", "wide"))


OPTIONS = MatrixOptions


def read(path: str | Path, options: MatrixOptions) -> CodedStudy:
    """Read a matrix, or all matrices of a folder, whose files are then the documents, in the order of their names.

    Raises
    ------
    DataError
        When a file is no such matrix, a case stands twice, or no row can be used.

    Notes
    -----
    A count above 0 is one coding of the document as a whole, with the count as its weight; there is no text. The prefixes
    `A : ` and `1 : ` are left away. NVivo writes only the last name of a code, so rows of the same name are added up; a
    `codebook` gives the levels. Where a file of a folder holds one case, the file's name is the document's id and the
    case its name, and where the two differ that is noted.
    """
    path = Path(path)
    folder = path.is_dir()
    ledgers, parts = [], []
    for file in matrices_in(path) if folder else [path]:
        raw = read_file(file, options)
        if folder:
            numbered = raw.frame.set_axis([f"{row} of {file.name}" for row in raw.frame.index])
            raw = dataclasses.replace(raw, frame=numbered.rename_axis("row"))
        ledgers.append(open_ledger(raw, options, "nvivo"))
        parts.append(_cells(ledgers[-1], options).assign(file=file.name))
    ledger = _one_ledger(path, ledgers, options)
    cells = pd.concat(parts)
    cells["document_id"] = _documents(cells, folder, ledger)
    rows = cells[["document_id", "case", "file"]].rename(columns={"case": "name", "file": "source_file"})
    counted = cells[cells["count"] > 0]
    if (counted["count"] % 1 != 0).any():
        ledger.note("some cells are no whole numbers: the matrix holds shares rather than counts")
    sums = counted.groupby(["document_id", "code"], sort=False)["count"].transform("sum")
    first = ~counted.duplicated(["document_id", "code"])
    marks = counted.loc[first, ["document_id", "code"]].assign(
        coder=pd.Series(options.coder or UNKNOWN, index=counted.index[first], dtype="str"),
        weight=sums[first],
        segment_id=counted.loc[first, "document_id"],
    )
    return build(ledger, path, rows, marks, options, codes=make_codes(cells["code"]))


def matrices_in(folder: Path) -> list[Path]:
    """The files of a folder that may be matrices.

    Raises
    ------
    DataError
        When there is none.
    """
    files = sorted(
        file for file in folder.iterdir() if suffix_of(file) in MATRICES and not file.name.startswith(("~", "."))
    )
    if not files:
        raise DataError(
            f"{folder}: is a folder that holds no matrix; NVivo exports them as .xlsx, and one folder is one study. Name a file "
            "to read another format."
        )
    return files


def _cells(ledger: Ledger, options: MatrixOptions) -> pd.DataFrame:
    """The cells of a matrix: index row; case, code, count. Rows without a name or any number are dropped."""
    present = [str(column) for column in ledger.raw.frame.columns]
    if len(present) < 2:
        raise DataError(f"{ledger.path}: has one column; a matrix has the names of codes and a column for each case.")
    frame = wanted_rows(ledger, options)
    label, columns = present[0], present[1:]
    names = [_plain(column) for column in columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{ledger.path}: {listing(twice)} stands in several columns; export each case and code once.")
    frame = ledger.drop(frame, frame[label].map(_plain) == "", "without the name of a code or case")
    numbers = {}
    usable = pd.Series(False, index=frame.index)
    for column in columns:
        numbers[column], bad = parse_numbers(frame[column], options.decimal)
        bad |= numbers[column] < 0
        numbers[column] = numbers[column].mask(bad)
        usable |= numbers[column].notna()
    frame = ledger.drop(frame, ~usable, "without a count")
    for column in columns:
        unread = numbers[column].loc[frame.index].isna()
        ledger.note_cells(frame[column][unread], f"cells of '{column}' are no counts and were read as 0")
    labels = frame[label].map(_plain)
    repeated = labels[labels.duplicated()]
    if len(repeated):
        some = listing(dict.fromkeys(repeated), 3)
        if options.shape == "wide":
            raise DataError(f"{ledger.path}: {some} stands in several rows; export each case once.")
        ledger.note(f"several rows are called {some}: codes of different branches, whose counts were added up")
    parts = [
        pd.DataFrame({"order": range(len(frame)), "label": labels, "name": name, "count": numbers[column][frame.index]})
        for name, column in zip(names, columns, strict=True)
    ]
    cells = pd.concat(parts).sort_values("order", kind="stable").fillna({"count": 0.0})
    code, case = ("label", "name") if options.shape == "long" else ("name", "label")
    paths = cells[code].map(lambda name: code_path(name, levels_of(options, None)))
    return pd.DataFrame({"case": cells[case], "code": paths.astype("str"), "count": cells["count"]})


def _plain(label: str) -> str:
    """A name without the letter or number that NVivo puts before it."""
    return PREFIX.sub("", str(label)).strip()


def _one_ledger(path: Path, ledgers: list[Ledger], options: MatrixOptions) -> Ledger:
    """The books of all files as one."""
    if not path.is_dir():
        return ledgers[0]
    losses: dict[str, Loss] = {}
    for loss in (loss for ledger in ledgers for loss in ledger.losses):
        before = losses.get(loss.reason, Loss(loss.reason, 0))
        losses[loss.reason] = Loss(loss.reason, before.n + loss.n, (before.examples + loss.examples)[:3])
    n_read = sum(ledger.raw.n_read for ledger in ledgers)
    raw = RawTable(path, ledgers[0].raw.frame, n_read, tuple(losses.values()))
    whole = open_ledger(raw, options, "nvivo")
    whole.note(f"{count(len(ledgers))} files were read as one study")
    for ledger in ledgers:
        for note in ledger.notes:
            whole.note(f"{ledger.raw.path.name}: {note}")
    return whole


def _documents(cells: pd.DataFrame, folder: bool, ledger: Ledger) -> pd.Series:
    """The id of the document of every cell."""
    by_case = document_ids(cells["case"])
    if not folder:
        return by_case
    alone = cells.groupby("file")["case"].transform("nunique") == 1
    by_file = cells["file"].str.rpartition(".")[0]
    differ = (cells[alone & (by_case != by_file)])[["file", "case"]].drop_duplicates()
    if len(differ):
        pairs = "; ".join(f"{file} holds '{case}'" for file, case in differ.itertuples(index=False))
        ledger.note(
            f"{len(differ)} files are called differently from the case in them: {pairs}; the file's name was taken"
        )
    ids = by_file.where(alone, by_case)
    twice = cells.assign(id=ids)[["file", "id"]].drop_duplicates()
    twice = twice[twice["id"].duplicated(keep=False)]
    if len(twice):
        word = twice["id"].iloc[0]
        raise DataError(
            f"{ledger.path}: case '{word}' stands in several files ({listing(twice.loc[twice['id'] == word, 'file'])}); "
            "a folder of matrices is one study, in which every case stands once."
        )
    return ids
