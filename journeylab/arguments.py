"""What the command line takes as a number, a pair or a file, and what it says of anything else."""

from __future__ import annotations

import argparse
from pathlib import Path


def positive(word: str) -> int:
    """A whole number from 1."""
    try:
        number = int(word)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"found '{word}', expected a whole number from 1")
    return number


def pair(word: str) -> tuple[str, str]:
    """Our name of a column and theirs."""
    ours, sign, yours = word.partition("=")
    if not (ours and sign and yours):
        raise argparse.ArgumentTypeError(f"found '{word}', expected OURS=YOURS, such as customer_id=visitor")
    return ours, yours


def natural(word: str) -> int:
    """A whole number from 0."""
    return 0 if word == "0" else positive(word)


def exportable(word: str) -> Path:
    """A file that an export can be written to."""
    from journeylab.errors import ReportError
    from journeylab.export.write import ending

    try:
        ending(Path(word))
    except ReportError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return Path(word)
