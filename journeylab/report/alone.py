"""One run of a study at a time: a lock that the system takes away when its process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from journeylab.errors import ReportError

LOCK = ".lock"

FAR = 1 << 30
"""The byte that Windows locks: beyond the words, since what is locked there nobody else can read."""

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]
    import msvcrt


@contextlib.contextmanager
def alone(home: Path, since: str) -> Iterator[None]:
    """Hold the lock of a study's reports.

    Parameters
    ----------
    home : Path
        The folder of the study's runs; it is there.
    since : str
        When this run began, for the message that another one gets.

    Raises
    ------
    ReportError
        When another run of the study is under way.
    """
    with _held(home) as stream:
        stream.truncate(0)
        stream.write(f"process {os.getpid()}, since {since}")
        stream.flush()
        try:
            yield
        finally:
            with contextlib.suppress(
                PermissionError
            ):  # Windows takes no open file away; an unlocked one is in nobody's way
                (home / LOCK).unlink(missing_ok=True)


@contextlib.contextmanager
def _held(home: Path) -> Iterator[TextIO]:
    """Open and lock the file; once more where its last holder took it away in between."""
    while True:
        with (home / LOCK).open("a+", encoding="utf-8") as stream:
            if not _locked(stream):
                stream.seek(0)
                holder = stream.read().strip() or "another process"
                raise ReportError(
                    f"{home}: a run of this study is under way ({holder}); wait until it has ended, or stop it. Nothing "
                    "was changed."
                )
            if not _is(stream, home / LOCK):
                continue
            yield stream
            return


def _locked(stream: TextIO) -> bool:
    """Lock a file for as long as it is open in this process; False where another one has."""
    try:
        if fcntl is not None:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            os.lseek(stream.fileno(), FAR, os.SEEK_SET)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except BlockingIOError:
        return False
    except PermissionError:  # how msvcrt tells it
        if fcntl is not None:
            raise
        return False
    return True


def _is(stream: TextIO, path: Path) -> bool:
    """Whether an open file still has this name."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False
