"""Paths that a study or an export names: they may be anything, and asking after them must not fail."""

from __future__ import annotations

import os
from pathlib import Path

LONGEST_NAME, LONGEST_PATH = 255, 4_000
"""Bytes; file systems take no more."""


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
    except OSError:  # a name that is too long, or a folder that may not be entered
        return False


def is_dir(path: Path) -> bool:
    """Whether there is such a folder; no where the path cannot be one."""
    try:
        return path.is_dir()
    except OSError:
        return False
