"""Text files with a separator (.csv, .tsv, also .gz): unpacked, decoded, split into records."""

from __future__ import annotations

import collections
import csv
import gzip
import io
import itertools
import zipfile
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path

import pandas as pd

from journeylab.errors import DataError, did_you_mean, listing
from journeylab.readers.files import (
    MOST_BYTES,
    MOST_TIMES,
    PLAUSIBLE_BYTES,
    RawTable,
    build_table,
    finish_table,
    header_names,
)
from journeylab.readers.options import TableOptions
from journeylab.text import count

MAGIC = ((b"PK\x03\x04", ".xlsx"), (b"PAR1", ".parquet"), (b"\x1f\x8b", ".csv.gz"), (b"\xd0\xcf\x11\xe0", ".xls"))


def read_delimited(path: Path, options: TableOptions) -> RawTable:
    """Read a text file with a separator; encoding and separator are found out where not said.

    Raises
    ------
    DataError
        When it is no text, has no header, or cannot be split into rows.
    """
    text, separator, notes = _open(path, options)
    records = _records(text, separator, path)
    names = header_names(next(records), path)
    quick = _plain_columns(text, separator, len(names))
    if quick is not None:
        records.close()
        return finish_table(path, names, quick, notes)
    return build_table(path, names, records, notes)


def read_header(path: Path, options: TableOptions) -> list[str]:
    """Read the names of the columns alone.

    Raises
    ------
    DataError
        When it is no text, or has no header.
    """
    text, separator, _ = _open(path, options)
    records = _records(text, separator, path)
    names = header_names(next(records), path)
    records.close()
    return names


def _open(path: Path, options: TableOptions) -> tuple[str, str, list[str]]:
    """The text of a file, its separator, and notes on both."""
    content = _unpack(path)
    text, notes = _decode(content, options.encoding, path)
    place = text.find("\0")
    if place >= 0:
        line = text.count("\n", 0, place) + 1
        raise DataError(
            f"{path}: line {line} holds a NUL byte, so this is no plain text; save it as CSV in UTF-8, "
            "or name its encoding, such as encoding = 'utf-16-le'."
        )
    if not text.strip():
        raise DataError(f"{path}: is blank; it needs a row of column names and rows under it.")
    separator = _separator(text, options.separator, path)
    if separator != "," and options.separator is None:
        notes.append(f"separator {'tab' if separator == chr(9) else repr(separator)} found")
    return text, separator, notes


def _plain_columns(text: str, separator: str, width: int) -> pd.DataFrame | None:
    """The columns of a text without quotation marks and broken rows, ten times as fast; None for any other."""
    if '"' in text:
        return None
    import pyarrow as pa
    from pyarrow import csv as arrow

    names = [str(position) for position in range(width)]
    try:
        table = arrow.read_csv(
            io.BytesIO(text.encode("utf-8")),
            read_options=arrow.ReadOptions(use_threads=False, column_names=names, skip_rows=1),
            parse_options=arrow.ParseOptions(delimiter=separator, quote_char=False, ignore_empty_lines=False),
            convert_options=arrow.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, UnicodeEncodeError):
        return None
    frame = pd.DataFrame({k: pd.array(table[k].to_pandas(), dtype="str") for k in range(width)})
    return frame.set_axis(pd.RangeIndex(2, len(frame) + 2, name="row"))


def _is_project(path: Path) -> bool:
    """Whether a zip archive holds the project of a coding program."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.lower().endswith(".qde") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def _unpack(path: Path) -> bytes:
    """The bytes of a text file, unpacked where it is gzipped."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from None
    packed = path.suffix.lower() == ".gz"
    if start.startswith(b"PK") and _is_project(path):
        raise DataError(
            f"{path}: is a REFI-QDA project by its content; rename it to end in .qdpx, and read it as interviews."
        )
    for magic, suffix in MAGIC:
        if start.startswith(magic) and not (packed and suffix == ".csv.gz"):
            raise DataError(
                f"{path}: is a {suffix} file by its content, not what its name says; rename it to end in {suffix}."
            )
    try:
        content = (
            _unpacked(path)
            if packed
            else path.read_bytes()
            if path.stat().st_size <= MOST_BYTES
            else b" " * (MOST_BYTES + 1)
        )
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be unpacked or read ({error}); copy or export it again.") from None
    if len(content) > MOST_BYTES:
        raise DataError(
            f"{path}: is larger than {MOST_BYTES / 1024**3:.0f} GB of text; save it as .parquet, or split it."
        )
    return content


def _unpacked(path: Path) -> bytes:
    """The bytes in a gzip file, unless it is one that unpacks to far more than a table would."""
    plausible = max(PLAUSIBLE_BYTES, MOST_TIMES * path.stat().st_size)
    with gzip.open(path, "rb") as stream:
        content = stream.read(min(plausible, MOST_BYTES) + 1)
    if plausible < len(content) <= MOST_BYTES:
        raise DataError(
            f"{path}: unpacks to more than {MOST_TIMES} times its size, which no table does; export it again."
        )
    return content


def _decode(content: bytes, encoding: str | None, path: Path) -> tuple[str, list[str]]:
    """The text of a file, and a note where its encoding is not plain UTF-8."""
    if encoding is not None:
        try:
            return content.decode("utf-8-sig" if encoding.lower() in {"utf-8", "utf8"} else encoding), []
        except LookupError:
            known = ("utf-8", "utf-16", "cp1252", "latin-1", "cp1250", "cp1251", "mac-roman", "shift-jis", "gb18030")
            raise DataError(
                f"{path}: option encoding: '{encoding}' is no encoding, such as {listing(known)}.{did_you_mean(encoding, known)}"
            ) from None
        except (UnicodeError, ValueError) as error:
            place = f" (byte {error.start})" if isinstance(error, UnicodeDecodeError) else ""
            raise DataError(
                f"{path}: is not written in {encoding}{place}; remove the option encoding or correct it."
            ) from None
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            text = content.decode(name, errors="replace")
            return text, [] if name == "utf-8-sig" else [f"encoding {name} found"]
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError:
        pass
    text = content.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    sound = sum(1 for sign in text if ord(sign) > 127) - broken
    if sound > 9 * broken:
        return text, [f"encoding UTF-8, but {count(broken)} signs are broken and shown as \ufffd"]
    try:
        return content.decode("cp1252"), ["encoding Windows-1252 found, since it is not UTF-8"]
    except UnicodeDecodeError:
        return content.decode("latin-1"), ["encoding Latin-1 found, since it is not UTF-8"]


def _separator(text: str, given: str | None, path: Path) -> str:
    """The separator that splits the first records evenly and into most fields."""
    if given is not None:
        sign = {"tab": "\t", "\\t": "\t"}.get(given.lower(), given)
        if len(sign) != 1 or sign in '"\r\n':
            raise DataError(
                f"{path}: option separator: found {given!r}, expected one sign such as ',', ';', '|' or 'tab'."
            )
        return sign
    sample = text[:65536]
    best, best_score = ",", 0.0
    for sign in (",", ";", "\t", "|"):
        try:
            records = list(itertools.islice(csv.reader(io.StringIO(sample, newline=""), delimiter=sign), 50))
        except csv.Error:
            continue
        records = [cells for cells in records if any(cells)]
        if len(text) > len(sample) and len(records) < 50:
            records = records[:-1]
        if not records or len(records[0]) < 2:
            continue
        even = sum(len(cells) == len(records[0]) for cells in records) / len(records)
        score = even * len(records[0]) if even > 0.5 else even
        if score > best_score:
            best, best_score = sign, score
    return best


class _Lines:
    """Lines that remember which of them make a record, so that rows behind a stray quotation mark can be read again."""

    def __init__(self, source: Iterator[str]) -> None:
        self.source = source
        self.taken: list[str] = []
        self.again: collections.deque[str] = collections.deque()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else next(self.source)
        self.taken.append(line)
        return line

    def without_others(self, record: list[str], width: int, separator: str) -> list[str]:
        """A record of several lines, if a cell of it was meant to hold them; else its first line, without its cells."""
        if len(record) == width and _is_strict(self.taken, separator):
            return record
        own = next((n for n, line in enumerate(self.taken) if n and line.count('"') % 2 == 0
                    and len(next(csv.reader([line], delimiter=separator), [])) == width), len(self.taken))  # fmt: skip
        if own == len(self.taken):
            return record
        self.again.extendleft(reversed(self.taken[own:]))
        return [self.taken[0]] * (1 if width > 1 else 2)


def _is_strict(lines: list[str], separator: str) -> bool:
    """Whether quotation marks stand only around cells."""
    try:
        next(csv.reader(iter(lines), delimiter=separator, strict=True))
    except csv.Error:
        return False
    return True


def _records(text: str, separator: str, path: Path) -> Generator[list[str], None, None]:
    """The records of a text, the header first; at least one."""
    end = "\x03journeylab end of file\x03"
    lines = _Lines(
        itertools.chain(io.StringIO(text if text.endswith(("\n", "\r")) else text + "\n", newline=""), [end])
    )
    limit = csv.field_size_limit(len(text) + len(end) + 1)
    number, record = 0, None
    width = 0
    try:
        for number, following in enumerate(csv.reader(lines, delimiter=separator)):  # noqa: B007 (told when it fails)
            if record is not None:
                yield record
            width = width or len(following)
            record = following if len(lines.taken) == 1 else lines.without_others(following, width, separator)
            lines.taken.clear()
    except csv.Error as error:
        raise DataError(
            f"{path}: row {number + 2} cannot be split into fields ({error}); mend it or export again."
        ) from None
    finally:
        csv.field_size_limit(limit)
    if record != [end]:
        raise DataError(
            f"{path}: row {number + 1}: a quotation mark is opened there and never closed, so all the rest "
            "of the file would be one field; close or remove it."
        )
