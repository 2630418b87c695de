"""The files of one delivery of an Adobe Analytics data feed: manifest, archive of lookups, hit data."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import itertools
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from journeylab.errors import DataError, listing
from journeylab.paths import is_file, too_long
from journeylab.readers.account import Account
from journeylab.readers.ledger import shorten
from journeylab.readers.stream import CHUNK, LONGEST, chunks, lines, lines_of
from journeylab.text import count as counted

MANIFEST = "Datafeed-Manifest-Version"
HEADERS, EVENT_NAMES, REFERRER_TYPES, HITS = "column_headers.tsv", "event.tsv", "referrer_type.tsv", "hit_data.tsv"
LOOKUPS = (HEADERS, EVENT_NAMES, REFERRER_TYPES)
LARGEST = 16 * 1024**2
"""A lookup of more bytes is not read: those that are used have some thousand lines."""
TRIED = 50
"""So many rows tell whether the rows of a file lack their last, empty field."""


@dataclasses.dataclass(frozen=True)
class HitFile:
    """A file of hits, and what its manifest says about it."""

    path: Path
    digest: str = ""
    n_hits: int | None = None


@dataclasses.dataclass(frozen=True)
class Feed:
    """One delivery.

    Attributes
    ----------
    files : tuple of HitFile
    lookups : dict
        The text of each lookup by its name.
    packed : bool
        Whether the hits are a member of the archive, as older feeds deliver them.
    """

    files: tuple[HitFile, ...]
    lookups: dict[str, str]
    packed: bool = False


def open_feed(path: Path, account: Account) -> Feed:
    """Find the files that belong to a manifest, a file of hits, or an archive that holds everything.

    Raises
    ------
    DataError
        When the manifest names a file outside of its folder, or an archive holds lookups only.
    """
    if _is_archive(path):
        names = {name for name, _ in _members(path, account)}
        if HITS not in names:
            raise DataError(
                f"{path}: is an archive without {HITS}; name the manifest (….txt) or a file of hits (….tsv.gz) beside it."
            )
        return Feed((HitFile(path),), _unpacked(path, account), packed=True)
    probe = Account(path, None, account.format)
    head = next(lines(path, probe), (0, ""))[1]
    if not head.startswith(MANIFEST):
        return Feed((HitFile(path),), _lookups_beside(path, account))
    files, lookups = _manifest(path, account)
    return Feed(files, _unpacked(lookups, account) if lookups else _lookups_beside(path, account))


def hits(feed: Feed, account: Account) -> Iterator[tuple[str, dict[str, str]]]:
    """The hits of a delivery; rows that are too short or too long, and files that are not there, are lost here."""
    digests: dict[str, str] = {}
    for file in feed.files:
        name, before = file.path.name, account.n_read
        if is_file(file.path):
            if file.digest:
                _compare(file, digests, account)
            source = lines_of(_member(file.path, HITS, account), account) if feed.packed else lines(file.path, account)
            for number, hit in _rows(source, file, feed, account):
                yield f"{name} row {number}" if len(feed.files) > 1 else f"row {number}", hit
        missing = 0 if file.n_hits is None else file.n_hits - (account.n_read - before)
        if missing > 0:
            account.read(missing)
            account.lose("that the manifest counts and the files do not hold", name, n=missing)
        elif missing < 0:
            account.note(f"{name} holds {counted(-missing)} hits more than the manifest counts")
        if not is_file(file.path):
            account.note(f"{name} is named by the manifest and is not there")


def table(text: str) -> dict[str, str]:
    """A lookup of two or more columns: the first by the second."""
    rows = (line.rstrip("\r").split("\t") for line in text.split("\n"))
    return {row[0]: row[1] for row in rows if len(row) > 1}


def _manifest(path: Path, account: Account) -> tuple[tuple[HitFile, ...], Path | None]:
    """The files of hits, and the archive of lookups."""
    found: list[dict[str, str]] = [{}]
    for _, line in lines(path, account):
        key, _, value = line.partition(":")
        if key in ("Data-File", "Lookup-File"):
            found.append({})
        found[-1][key] = value.strip()
    for part in found:
        name = part.get("Data-File") or part.get("Lookup-File") or "x"
        if name != Path(name).name or "\\" in name or name in ("..", "."):
            raise DataError(f"{path}: names the file {shorten(name)}, which is not in its folder; it was not read.")
        if wrong := too_long(Path(name)):
            raise DataError(f"{path}: {wrong}; the manifest is damaged, fetch it again.")
    files = tuple(
        HitFile(
            path.with_name(part["Data-File"]),
            part.get("MD5-Digest", "").lower(),
            int(count) if (count := part.get("Record-Count", "")).isdecimal() else None,
        )
        for part in found
        if part.get("Data-File")
    )
    if not files:
        raise DataError(f"{path}: is a manifest that names no Data-File; is it cut short? Fetch it again.")
    archives = [path.with_name(part["Lookup-File"]) for part in found if part.get("Lookup-File")]
    there = [archive for archive in archives if is_file(archive)]
    if archives and not there:
        account.note(f"{archives[0].name} is named by the manifest and is not there")
    return files, there[0] if there else None


def _compare(file: HitFile, digests: dict[str, str], account: Account) -> None:
    """Note a file that is not the one that was delivered, and one that is there twice."""
    with file.path.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if digest != file.digest:
        account.note(f"{file.path.name} is not the file that the manifest describes (its MD5 digest differs)")
    if digest in digests:
        account.note(f"{file.path.name} holds the same as {digests[digest]}, byte for byte; its hits are read twice")
    digests.setdefault(digest, file.path.name)


def _is_archive(path: Path) -> bool:
    start = next(chunks(path, Account(path, None, "")), b"")
    return start[257:262] == b"ustar"


def _members(path: Path, account: Account) -> Iterator[tuple[str, IO[bytes]]]:
    """The files in an archive one after the other, none of them written to disk."""
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                name = PurePosixPath(member.name)
                if name.is_absolute() or ".." in name.parts:
                    account.note(f"{path.name}: a member with a path outside of the archive was ignored")
                elif member.isfile() and (content := archive.extractfile(member)) is not None:
                    yield name.name, content
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        account.note(f"the archive {path.name} is cut short or damaged; what comes before the damage was read")


def _member(path: Path, wanted: str, account: Account) -> Iterator[bytes]:
    """The bytes of a member, in parts."""
    for name, content in _members(path, account):
        if name == wanted:
            while part := content.read(CHUNK):
                yield part
            return


def _unpacked(archive: Path, account: Account) -> dict[str, str]:
    """The lookups of an archive that are used."""
    found: dict[str, str] = {}
    for name, content in _members(archive, account):
        if name in LOOKUPS and name not in found:
            data = content.read(LARGEST + 1)
            if len(data) > LARGEST:
                account.note(f"{archive.name}: {name} is larger than any lookup and was ignored")
            else:
                found[name] = data.decode("utf-8", "replace")
        if len(found) == len(LOOKUPS):
            break
    return found


def _lookups_beside(path: Path, account: Account) -> dict[str, str]:
    """The lookups of a file of hits: the archive of the same name, the only one in the folder, or loose files."""
    stem = re.sub(r"^\d+-", "", path.name).partition(".")[0]
    archives = sorted(path.parent.glob("*lookup*.tar.gz"))
    own = [archive for archive in archives if archive.name.startswith(stem)]
    chosen = own[:1] or (archives if len(archives) == 1 else [])
    if chosen:
        if not own:
            account.note(f"the lookups are those of {chosen[0].name}, the only ones in the folder")
        return _unpacked(chosen[0], account)
    loose = {name: path.with_name(name) for name in LOOKUPS}
    return {
        name: file.read_bytes().decode("utf-8", "replace")
        for name, file in loose.items()
        if file.is_file() and file.stat().st_size <= LARGEST
    }


def _rows(
    source: Iterator[tuple[int, str]], file: HitFile, feed: Feed, account: Account
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows as dictionaries; the headers are those of the lookups, or of the first row of a file that has some."""
    rows = _split(source, account)
    first = list(itertools.islice(rows, TRIED))
    if first and "hit_time_gmt" in first[0][1]:
        header = first.pop(0)[1]
    elif HEADERS in feed.lookups:
        header = feed.lookups[HEADERS].strip("\r\n").split("\t")
    else:
        raise DataError(
            f"{file.path}: has no headers, and there is no {HEADERS} for it; put the archive of lookups"
            " (…-lookup_data.tar.gz), which comes with every delivery, beside it, or name the manifest (….txt)."
        )
    _check(header, file)
    width = len(header)
    widths = collections.Counter(len(cells) for _, cells in first if len(cells) in (width, width - 1))
    if widths and widths.most_common(1)[0][0] == width - 1:
        account.note(f"the rows lack their last field ({header[-1]}), as where a tool has cut blanks; it is empty")
        header = header[:-1]
    for number, cells in itertools.chain(first, rows):
        if len(cells) == len(header):
            yield number, dict(zip(header, cells, strict=True))
        else:
            account.read()
            account.lose(
                f"with {'more' if len(cells) > len(header) else 'fewer'} fields than the {len(header)} columns",
                f"{file.path.name} row {number}",
                len(cells),
            )


def _check(header: list[str], file: HitFile) -> None:
    """Refuse a feed whose columns, which its owner chooses, tell neither when nor who."""
    if "hit_time_gmt" not in header:
        raise DataError(f"{file.path}: the feed has no column hit_time_gmt; add it to the feed and deliver it again.")
    who = [["post_visid_high", "post_visid_low"], ["visid_high", "visid_low"], ["post_cust_visid"], ["cust_visid"]]
    if not any(set(names) <= set(header) for names in who):
        raise DataError(
            f"{file.path}: the feed has no columns {listing(who[0])}; add them to the feed and deliver it again."
        )


def _split(source: Iterable[tuple[int, str]], account: Account) -> Iterator[tuple[int, list[str]]]:
    """Rows of cells; a backslash before a tab, an end of line or a backslash makes it a part of the value."""
    held, since = "", 0
    for number, line in source:
        text = f"{held}\n{line}" if since else line
        since = since or number
        slashes = len(line) - len(line.rstrip("\\"))
        if slashes % 2 and len(text) < LONGEST and number - since < 1000:
            held = text
            continue
        yield since, _cells(text)
        held, since = "", 0
    if since:
        yield since, _cells(held)


def _cells(row: str) -> list[str]:
    if "\\" not in row:
        return row.split("\t")
    cells = re.split(r"\t", re.sub(r"\\([\\\t\n])", lambda found: MARKS[found[1]], row))
    return [cell.translate(UNMARK) for cell in cells]


MARKS = {"\\": "\ue000", "\t": "\ue001", "\n": "\ue002"}
"""Stand for escaped characters while a row is split; from the range that no text uses."""
UNMARK = {ord(mark): sign for sign, mark in MARKS.items()}
