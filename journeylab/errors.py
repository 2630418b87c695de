"""What journeylab says when a study, its data or a report is not right."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable
from typing import ClassVar

ANEW = "After a change of study.toml or of a file open the study anew: jl.open_study()."


MOST_LINES, LONGEST_LINE = 100, 2_000
"""A message has at most so many lines of so many signs; of what is longer the middle is left out."""
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Signs that move a terminal's cursor, turn its text round, or cannot be printed at all."""


def printable(text: str) -> str:
    r"""Write signs that no message may hold by their numbers: what a file holds can then not act on a terminal or a page.

    Examples
    --------
    >>> print(printable("a\x1b[2Jb\ud800"))
    a\x1b[2Jb\ud800
    """
    return UNSEEN.sub(lambda sign: ascii(sign[0])[1:-1], text)


def readable(message: str) -> str:
    """Make a message printable and of a length that a person reads, whatever the file holds that it speaks of."""
    lines = printable(message).split("\n")
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"... and {len(lines) - MOST_LINES:,} more lines."]
    start, end = LONGEST_LINE * 2 // 3, LONGEST_LINE // 3  # what to do stands at the end
    return "\n".join(line if len(line) <= LONGEST_LINE else f"{line[:start]} ... {line[-end:]}" for line in lines)


class JourneylabError(Exception):
    """Base of every error that a user can mend; the message says where, what and how."""

    def __init__(self, *told: object) -> None:
        super().__init__(*(readable(one) if isinstance(one, str) else one for one in told))

    heading: ClassVar[str] = "This did not work"
    advice: ClassVar[str] = "change what the message names, and run the cell again."

    @property
    def _render_traceback_(self) -> Callable[[], list[str]]:
        """How IPython shows it in a cell: as help. A run keeps the traceback, which its page folds away."""
        if os.environ.get("JOURNEYLAB_NOTEBOOK"):
            raise AttributeError("a run shows the traceback")
        from journeylab.help import explain

        return lambda: explain(self)


class StudyError(JourneylabError):
    """A study.toml is wrong: the message names the file and the key."""

    heading = "The study, or a word in this cell, needs a change"
    advice = (
        f"change what the message names, and run the cell again. {ANEW} "
        "`journeylab check STUDY` in a terminal lists every mistake at once."
    )


class DataError(JourneylabError):
    """A data file or table is wrong: the message names the file, the row and the column."""

    heading = "The data need a change"
    advice = (
        f"mend the rows or columns that the message names, or say in study.toml how they are to be read. {ANEW} "
        "`journeylab check STUDY` in a terminal lists every mistake at once."
    )


class ReportError(JourneylabError):
    """A run, a notebook or a report could not be made."""

    heading = "The report could not be made"


class StatisticalWarning(UserWarning):
    """An estimate exists, but one of its assumptions looks doubtful."""


class DataQualityWarning(UserWarning):
    """The data could be read, but something in them deserves a look."""


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the nearest allowed word, or an empty string.

    Examples
    --------
    >>> did_you_mean("customerid", ["customer_id", "event_time"])
    " Did you mean 'customer_id'?"
    >>> did_you_mean("zzz", ["customer_id"])
    ''
    """
    by_lower = {str(name).lower(): str(name) for name in allowed}
    near = difflib.get_close_matches(str(word).lower(), list(by_lower), n=1, cutoff=0.6)
    return f" Did you mean '{by_lower[near[0]]}'?" if near else ""


LONGEST = 120
"""Signs of a word in a message."""


def listing(words: Iterable[str], most: int = 12) -> str:
    """Join words for a message, cut after `most` of them.

    Examples
    --------
    >>> listing(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    words = [f"'{word if len(str(word)) <= LONGEST else str(word)[:LONGEST] + '…'}'" for word in words]
    if len(words) <= most:
        return ", ".join(words)
    return f"{', '.join(words[:most])} and {len(words) - most} more"
