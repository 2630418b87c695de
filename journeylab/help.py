"""What a mistake looks like in a notebook cell: which line of the cell, what was found, what to do."""

from __future__ import annotations

import linecache
import os
import re
import traceback
from pathlib import Path

from journeylab.errors import JourneylabError

PACKAGE = f"{Path(__file__).resolve().parent}{os.sep}"

BOLD, PLAIN = "\x1b[1m", "\x1b[0m"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Signs by which text from a file could write over the cell."""


def explain(error: JourneylabError) -> list[str]:
    """Return the lines that stand in the cell instead of a traceback."""
    lines = [f"{BOLD}{error.heading}{PLAIN} ({type(error).__name__})"]
    place = _place(error)
    if place:
        lines.append(place)
    found = [CONTROL.sub(" ", line) for line in str(error).splitlines()] or ["no more is known"]
    lines += ["", *(found if len(found) == 1 else [f"{number}. {line}" for number, line in enumerate(found, 1)])]
    return [*lines, "", f"{BOLD}What to do:{PLAIN} {error.advice}"]


def _place(error: JourneylabError) -> str:
    """The line of the caller's own code: the last before ours."""
    mine = None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(PACKAGE):
            break
        mine = frame
    if mine is None or mine.lineno is None:
        return ""
    written = (mine.line or linecache.getline(mine.filename, mine.lineno)).strip()
    cell = "of the cell" if "ipykernel" in mine.filename or "ipython-input" in mine.filename else f"of {mine.filename}"
    return f"line {mine.lineno} {cell}: {written}"
