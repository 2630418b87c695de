"""Files of records, read one at a time: memory does not grow with the file, and damage costs only the damaged records."""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from journeylab.errors import DataError, did_you_mean, listing
from journeylab.paths import too_long
from journeylab.readers.account import Account
from journeylab.readers.cells import object_of
from journeylab.readers.json_objects import decoded, json_objects
from journeylab.readers.separated import cells_of, split_row
from journeylab.readers.workbooks import first_line, plausible_parquet
from journeylab.text import count

CHUNK = 1 << 20
LONGEST = 64 * 1024**2
"""A line, or a value in a JSON file, of more characters is left out: no system writes one."""
LIST_STEPS = ("list", "element", "item", "bag", "array", "array_element")
PLAUSIBLE_BYTES, MOST_TIMES = 64 * 1024**2, 100
"""A compressed file that unpacks to more than so many bytes, and to more than so many times its size, is not read on."""
HEAD = 3
"""So many lines are looked at to tell what a file is; the first may be damaged."""


def find_export(path: str | Path) -> Path:
    """Return the path of a file that is there, not empty and no zip archive.

    Raises
    ------
    DataError
        With the nearest name in the folder.
    """
    path = find_present(path)
    with path.open("rb") as stream:
        if stream.read(4) == b"PK\x03\x04":
            raise DataError(f"{path}: is a zip archive; unpack it and name one file in it.")
    return path


def find_present(path: str | Path) -> Path:
    """Return the path of a file that is there and not empty.

    Raises
    ------
    DataError
        With the nearest name in the folder.
    """
    path = Path(path)
    if "\0" in str(path):
        raise DataError(f"{str(path)!r}: is no file name.")
    if wrong := too_long(path):
        raise DataError(f"{str(path.parent)[:200]}: {wrong}.")
    if path.is_dir():
        names = sorted(item.name for item in path.iterdir() if item.is_file())
        raise DataError(f"{path}: is a folder; name one file in it: {listing(names) or 'it holds none'}.")
    if not path.is_file():
        names = sorted(item.name for item in path.parent.iterdir()) if path.parent.is_dir() else []
        raise DataError(
            f"{path}: there is no such file; the folder holds {listing(names) or 'nothing'}.{did_you_mean(path.name, names)}"
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path}: is empty (0 bytes); export it again.")
    return path


def chunks(path: Path, account: Account) -> Iterator[bytes]:
    """The bytes of a file, unpacked where it is gzip; of one that is cut short or damaged, what comes before."""
    with path.open("rb") as stream:
        first = stream.read(CHUNK)
        if first[:2] != b"\x1f\x8b":
            while first:
                yield first
                first = stream.read(CHUNK)
            return
        unpack = zlib.decompressobj(31)
        most, total = max(PLAUSIBLE_BYTES, MOST_TIMES * path.stat().st_size), 0
        while first:
            try:
                data = unpack.decompress(first, CHUNK)
            except zlib.error:
                account.note("the compressed file is damaged; what comes before the damage was read")
                return
            total += len(data)
            if total > most:
                raise DataError(
                    f"{path}: unpacks to more than {MOST_TIMES} times its size, which no export does; export it again."
                )
            if data:
                yield data
            if unpack.eof and unpack.unused_data:
                first = unpack.unused_data
                unpack = zlib.decompressobj(31)
            else:
                first = unpack.unconsumed_tail or stream.read(CHUNK)
                if unpack.eof and first:
                    unpack = zlib.decompressobj(31)
        if not unpack.eof:
            account.note("the compressed file is cut short; what comes before the cut was read")


def lines(path: Path, account: Account) -> Iterator[tuple[int, str]]:
    """The lines of a text file that are not blank, with their numbers.

    A line that is not UTF-8 is read as Windows-1252, and noted; a file that begins with the mark of UTF-16 is read so.
    """
    return lines_of(chunks(path, account), account)


def lines_of(parts: Iterable[bytes], account: Account) -> Iterator[tuple[int, str]]:
    """The lines of a text that comes in parts, such as a member of an archive; see `lines`."""
    number, rest, encoding = 0, b"", ""
    for chunk in parts:
        if not encoding:
            encoding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(chunk[:2], "utf-8")
            chunk = chunk[2:] if encoding != "utf-8" else chunk.removeprefix(b"\xef\xbb\xbf")
            if encoding != "utf-8":
                account.note(f"the file is {encoding[:6].upper()}")
        end = b"\n" if encoding == "utf-8" else "\n".encode(encoding)
        found = _split(rest + chunk, end)
        rest = found.pop()
        for part in found:
            number += 1
            if not part:
                continue
            yield from _decode(part, number, encoding, account)
        if len(rest) > LONGEST:
            number += 1
            account.read()
            account.lose(f"longer than {count(LONGEST)} characters", f"line {number}")
            return
    yield from _decode(rest, number + 1, encoding or "utf-8", account)


def _split(data: bytes, end: bytes) -> list[bytes]:
    """Split at ends of line; of two bytes only at even places."""
    if len(end) == 1:
        return data.split(end)
    parts, start, place = [], 0, data.find(end)
    while place >= 0:
        if place % 2 == 0:
            parts.append(data[start:place])
            start = place + 2
        place = data.find(end, place + (2 if place % 2 == 0 else 1))
    return [*parts, data[start:]]


def _decode(part: bytes, number: int, encoding: str, account: Account) -> Iterator[tuple[int, str]]:
    try:
        text = part.decode(encoding)
    except UnicodeDecodeError:
        text = part.decode("cp1252", errors="replace")
        account.see("lines are not UTF-8 and were read as Windows-1252", f"line {number}")
    text = text.rstrip("\r")
    if text.strip("\0 \t"):
        yield number, text


def json_values(path: Path, account: Account) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON file: one a line, or one array, or written over several lines.

    Yields
    ------
    tuple of str and dict
        The place for messages, and the object. Objects that are damaged are read and lost here, the others only yielded.
    """
    if first_sign(path) == "[":  # all of it may stand in one line
        for _, place, value in json_objects(decoded(chunks(path, account), account), account):
            yield place, value
        return
    text = lines(path, account)
    first = next(text, None)
    while first is not None and not first[1].lstrip().startswith(("{", "[")):
        account.read()
        account.lose("that is not JSON (damaged or cut short)", f"line {first[0]}", first[1])
        first = next(text, None)
    if first is None:
        return
    if not _is_object(first[1]):
        for _, place, value in json_objects(_whole(_chained(first, text)), account):
            yield place, value
        return
    for number, line in _chained(first, text):
        place = f"line {number}"
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            account.read()
            account.lose("that is not JSON (damaged or cut short)", place, line)
            continue
        if isinstance(value, dict):
            yield place, value
        else:
            account.read()
            account.lose("that is no JSON object", place, line)


def first_sign(path: Path) -> str:
    """The first sign of a text that is no blank."""
    probe = Account(path, None, "")
    start = next(decoded(chunks(path, probe), probe), "")
    return start.lstrip()[:1]


def _is_object(line: str) -> bool:
    """Whether a line is a JSON object by itself, or at least looks like the damaged first of many."""
    text = line.strip()
    return text.startswith("{") and text.endswith("}")


def _chained(first: tuple[int, str], rest: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    yield first
    yield from rest


def _whole(text: Iterable[tuple[int, str]]) -> Iterator[str]:
    """Lines with their ends, those included that were blank, so that the lines count as before."""
    last = 0
    for number, line in text:
        yield "\n" * (number - last - 1) + line + "\n"
        last = number


def delimited_rows(
    path: Path, account: Account, *, separator: str = ",", header: list[str] | None = None, quotes: bool = True
) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a delimited file as dictionaries of text; rows with too few or too many cells are read and lost here.

    Parameters
    ----------
    header : list of str, optional
        The columns of a file without a header row.
    quotes : bool
        Whether cells may stand in quotation marks, and then hold line breaks.

    Notes
    -----
    A column that stands twice is noted, and the first is used.
    """
    source = lines(path, account)
    if header is None:
        first = next(source, None)
        if first is None:
            return
        header = [name.strip() for name in split_row(first[1], separator, quotes=quotes)]
        if not header:
            account.read()
            account.lose("that cannot be split into cells", f"row {first[0]}", first[1])
            return
        for number, name in enumerate(header):
            if name and name in header[:number]:
                account.note(f"the column {name} stands more than once; the first is used")
                header[number] = f"{name} ({number + 1})"
    width = len(header)
    rows = cells_of(source, separator, width, account) if quotes else ((n, line.split(separator)) for n, line in source)
    for number, cells in rows:
        if len(cells) != width:
            account.read()
            account.lose(
                f"with {'more' if len(cells) > width else 'fewer'} fields than the {width} columns",
                f"row {number}",
                len(cells),
            )
            continue
        yield f"row {number}", dict(zip(header, cells, strict=True))


def parquet_records(path: Path, account: Account, columns: Iterable[str] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a Parquet file, nested as they are.

    Parameters
    ----------
    columns : iterable of str
        Those to read, as far as they are there; all where none is given. ``hits.page`` is a part of a nested column.

    Raises
    ------
    DataError
        When the file is damaged: Parquet cannot be read in part.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        plausible_parquet(path)
        file = pq.ParquetFile(path)
        wanted = _leaves([file.schema.column(number).path for number in range(len(file.schema))], columns) or None
        row = 0
        for batch in file.iter_batches(batch_size=2_000, columns=wanted):
            for record in _records_of(batch):
                row += 1
                if record is None:
                    account.read()
                    account.lose("with a time that no calendar has", f"row {row}")
                else:
                    yield f"row {row}", record
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise DataError(f"{path}: is damaged or no Parquet file ({first_line(error)}); export it again.") from None


def _records_of(batch: Any) -> Iterator[dict[str, Any] | None]:
    """The rows of a batch; None for one that holds a time which Python cannot."""
    try:
        yield from batch.to_pylist()
    except (OverflowError, ValueError):
        for place in range(batch.num_rows):
            try:
                yield batch.slice(place, 1).to_pylist()[0]
            except (OverflowError, ValueError):
                yield None


def _leaves(paths: list[str], columns: Iterable[str]) -> list[str]:
    """The paths of a Parquet file that lie in some columns; the steps that a list adds to a path do not count."""
    wanted = [f"{name}." for name in columns]
    plain = {path: ".".join([part for part in path.split(".") if part not in LIST_STEPS]) for path in paths}
    return [path for path, name in plain.items() if any(f"{name}.".startswith(column) for column in wanted)]


def records_of(path: Path, account: Account, columns: Iterable[str] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records of a file whatever it is: Parquet, JSON (lines, an array, documents) or a table with a header."""
    with path.open("rb") as stream:
        if stream.read(4) == b"PAR1":
            return parquet_records(path, account, columns)
    if first_sign(path) == "[":
        return json_values(path, account)
    probe = Account(path, None, account.format)
    head = [line.lstrip() for _, line in itertools.islice(lines(path, probe), HEAD)]
    start = head[0] if head else ""
    if start.startswith("{") or any(object_of(line) for line in head):
        return json_values(path, account)
    return delimited_rows(
        path, account, separator="\t" if "\t" in start else ";" if start.count(";") > start.count(",") else ","
    )
