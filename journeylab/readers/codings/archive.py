"""A zip archive read member by member: nothing is unpacked to disk, no path in it is followed, and sizes are capped."""

from __future__ import annotations

import contextlib
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import unquote

from journeylab.errors import DataError, listing
from journeylab.text import count

MEGABYTE = 1024**2
MOST_MEMBERS = 100_000
MOST_MEMBER = 512 * MEGABYTE
"""The largest member that is read, unpacked."""
MOST_BYTES = 2048 * MEGABYTE
"""The most that is read of one archive, unpacked."""
MOST_RATIO = 200
"""Unpacked to packed: text reaches 3 to 30, and only a bomb, or one sentence over and over, comes near to this."""
SMALL_MEMBER, SMALL_ARCHIVE = 10 * MEGABYTE, 256 * MEGABYTE
"""Below these the ratio does not matter."""
CHUNK = MEGABYTE

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""What zipfile raises for members that are damaged, encrypted or packed in a way it does not know."""


class MemberError(DataError):
    """One member of an archive cannot be read; the others may be."""


class Archive:
    """The members of an open zip archive, and how much of them was read.

    Attributes
    ----------
    path : Path
    names : tuple of str
        Members that may be read, folders left out.
    refused : tuple of str
        Members whose names point outside of the archive (``../x``, ``/x``, ``C:/x``); never read.
    """

    def __init__(self, path: Path, file: zipfile.ZipFile) -> None:
        self.path = path
        self._file = file
        self._packed = path.stat().st_size
        self._spent: dict[str, int] = {}
        self._total = 0
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._by_name: dict[str, list[str]] = {}
        refused = []
        members = file.infolist()
        if len(members) > MOST_MEMBERS:
            raise DataError(f"{path}: holds {count(len(members))} members; at most {count(MOST_MEMBERS)} are read.")
        for member in members:
            name = member.filename.replace("\\", "/")
            if name.endswith("/"):
                continue
            if _points_outside(name):
                refused.append(member.filename)
                continue
            key = name.lower()
            if key not in self._members:
                self._members[key] = member
                self._by_name.setdefault(key.rsplit("/", 1)[-1], []).append(key)
        self.names = tuple(self._members)
        self.refused = tuple(refused)

    def find(self, wanted: str, folder: str = "sources") -> str | None:
        """The member that a reference such as ``0b05.txt`` means, whatever its case; None where there is none.

        It is looked for in the folder, then as a whole path, then by its name alone, where only one member has it.
        """
        for spelled in (wanted, unquote(wanted)):
            key = spelled.replace("\\", "/").lower().lstrip("/")
            if not key or _points_outside(key):
                return None
            for known in (f"{folder}/{key}", key):
                if known in self._members:
                    return known
            same = self._by_name.get(key.rsplit("/", 1)[-1], [])
            if len(same) == 1:
                return same[0]
        return None

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[CappedStream]:
        """Open a member for reading in portions.

        Raises
        ------
        MemberError
            When the member is damaged, encrypted or packed in an unusual way; also while reading.
        DataError
            When it, or all that was read so far, is too large or looks like a zip bomb; also while reading.
        """
        member = self._members[name]
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise MemberError(f"{self.path}: {name}: is packed by a method that is not read; zip it again, 'deflated'.")
        self._weigh(name, member.file_size, self._total)
        self._total -= self._spent.get(name, 0)  # a member that is read again counts once
        self._spent[name] = 0
        try:
            stream = self._file.open(member)
        except DAMAGE as error:
            raise MemberError(f"{self.path}: {name}: cannot be unpacked ({_reason(error)}).") from None
        with contextlib.closing(stream):
            yield CappedStream(self, name, stream)

    def read(self, name: str) -> bytes:
        """All bytes of a member; raises what `open` raises."""
        with self.open(name) as stream:
            return b"".join(iter(lambda: stream.read(CHUNK), b""))

    def _weigh(self, name: str, size: int, total: int) -> None:
        """Refuse a member of that size, as it says itself or as it turns out, and an archive of that total."""
        member = self._members[name]
        if size > MOST_MEMBER or total > MOST_BYTES:
            raise DataError(
                f"{self.path}: {name}: holds more than is read ({count(MOST_MEMBER // MEGABYTE)} MB a member and "
                f"{count(MOST_BYTES // MEGABYTE)} MB in all, unpacked); split the project, or leave media out of its texts."
            )
        if size > SMALL_MEMBER and size > MOST_RATIO * max(member.compress_size, 1):
            raise DataError(f"{self.path}: {name}: {BOMB}")
        if total > SMALL_ARCHIVE and total > MOST_RATIO * max(self._packed, 1):
            raise DataError(f"{self.path}: {BOMB}")

    def grow(self, name: str, size: int) -> None:
        """Count what was read of a member; raises DataError once it is too much."""
        self._spent[name] += size
        self._total += size
        self._weigh(name, self._spent[name], self._total)


BOMB = f"unpacks to more than {MOST_RATIO} times its size, as a zip bomb does; it was not read on."


class CappedStream:
    """A member as a file to read from, which stops at the caps of its archive."""

    def __init__(self, archive: Archive, name: str, stream: IO[bytes]) -> None:
        self._archive, self._name, self._stream = archive, name, stream

    def read(self, size: int = CHUNK) -> bytes:
        """The next bytes; none at the end."""
        try:
            data = self._stream.read(size if size >= 0 else CHUNK)
        except DAMAGE as error:
            where = f"{self._archive.path}: {self._name}"
            raise MemberError(f"{where}: is damaged or cut short ({_reason(error)}); export it again.") from None
        self._archive.grow(self._name, len(data))
        return data


@contextlib.contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a zip archive.

    Raises
    ------
    DataError
        When the file is no zip archive, is cut short, or has too many members.
    """
    try:
        file = zipfile.ZipFile(path)
    except DAMAGE as error:
        raise DataError(
            f"{path}: is no zip archive, or one that is cut short or damaged ({_reason(error)}); export it again."
        ) from None
    with file:
        yield Archive(path, file)


def no_member(archive: Archive, wanted: str) -> DataError:
    """The error for an archive without the member that makes it what it should be."""
    held = listing(archive.names, 8) or "nothing"
    return DataError(f"{archive.path}: holds no {wanted}; it holds {held}. Is it another kind of file?")


def _points_outside(name: str) -> bool:
    """Whether the name of a member would lead out of a folder it is unpacked to."""
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0] or "\0" in name


def _reason(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
