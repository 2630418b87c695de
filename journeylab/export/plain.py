"""Texts as REFI-QDA wants them: lines end in LF, no byte-order mark, nothing that XML or UTF-8 cannot hold."""

from __future__ import annotations

import dataclasses
import re
from bisect import bisect_left

ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
SURROGATE = re.compile("[\ud800-\udfff]")
MARK = "\ufeff"
UNKNOWN = "\ufffd"


def for_xml(text: str) -> str:
    r"""Write LF for every end of a line, and U+FFFD for what XML 1.0 cannot hold.

    Examples
    --------
    >>> for_xml("one\r\ntwo\x00")
    'one\ntwo�'
    """
    return ILLEGAL.sub(UNKNOWN, text.replace("\r\n", "\n").replace("\r", "\n"))


@dataclasses.dataclass(frozen=True)
class PlainText:
    """A text as it is written, and where its places went.

    Attributes
    ----------
    text : str
        Lines end in LF; no byte-order mark.
    n_before : int
        Code points that it had before.
    """

    text: str
    n_before: int
    _pairs: tuple[int, ...] = dataclasses.field(repr=False)
    _marks: int = dataclasses.field(repr=False)

    def place(self, start: int, end: int) -> tuple[int, int] | None:
        """Where a span (code points, half open) of the text before now lies; None where it was outside of it, or empty."""
        if not 0 <= start < end <= self.n_before:
            return None
        # A start within CR LF moves before it and an end behind it, so that no passage becomes empty.
        moved = max(0, start - bisect_left(self._pairs, start) - self._marks)
        reached = max(0, end - bisect_left(self._pairs, end - 1) - self._marks)
        return (moved, reached) if moved < reached else None


def plain_text(text: str) -> PlainText:
    r"""Make a text ready to be written.

    Examples
    --------
    >>> plain = plain_text("one\r\ntwo")
    >>> plain.text, plain.place(5, 8)
    ('one\ntwo', (4, 7))
    """
    pairs = tuple(match.start() for match in re.finditer("\r\n", text))
    marks = len(text) - len(text.lstrip(MARK))
    written = text.lstrip(MARK).replace("\r\n", "\n").replace("\r", "\n")
    return PlainText(SURROGATE.sub(UNKNOWN, written), len(text), pairs, marks)
