"""Paths that a study or an export names: they may be anything, and asking after them must not fail."""

from __future__ import annotations

import os
from pathlib import Path

from journeylab.errors import StudyError, printable

LONGEST_NAME, LONGEST_PATH = 255, 4_000
"""Bytes; file systems take no more."""
LINK_LOOP = "Symlink loop from "
"""How Python begins to say that links lead in a circle."""


def too_long(path: Path) -> str:
    """Say that a path is longer than a file system takes; empty where it is not.

    Examples
    --------
    >>> too_long(Path("data") / ("a" * 300))
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…' (300 signs) is too long for the name of a file"
    """
    part = max(path.parts, key=lambda name: len(os.fsencode(name)), default="")
    if len(os.fsencode(part)) <= LONGEST_NAME and len(os.fsencode(path)) <= LONGEST_PATH:
        return ""
    return f"'{part[:40]}…' ({len(part):,} signs) is too long for the name of a file"


def is_file(path: Path) -> bool:
    """Whether there is such a file; no where the path cannot be one."""
    try:
        return path.is_file()
    except (OSError, RuntimeError):  # a name that is too long, a folder that may not be entered, links in a circle
        return False


def is_dir(path: Path) -> bool:
    """Whether there is such a folder; no where the path cannot be one."""
    try:
        return path.is_dir()
    except (OSError, RuntimeError):
        return False


def why_not(error: OSError | RuntimeError) -> str:
    """What is wrong with a path, of the error that its use gave."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "its links lead in a circle"


def resolved(path: Path) -> Path:
    """The path without links, absolute.

    Raises
    ------
    StudyError
        When it is too long, or its links lead in a circle.
    """
    if wrong := too_long(path):
        raise StudyError(f"{str(path.parent)[:200]}: {wrong}.")
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise StudyError(f"{path}: cannot be used: {why_not(error)}.") from None


def unusable(error: OSError | RuntimeError) -> str:
    """Say which path cannot be used and why; empty where an error speaks of no path and of no file or connection."""
    if isinstance(error, OSError):
        place = error.filename if error.filename is not None else "a file or a connection"
        place = os.fsdecode(place) if isinstance(place, bytes) else str(place)
    elif str(error).startswith(LINK_LOOP):
        place = str(error).removeprefix(LINK_LOOP).strip("'\"")
    else:
        return ""
    return printable(f"{place}: cannot be used: {why_not(error)}.")
