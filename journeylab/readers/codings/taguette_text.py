"""The text of a document of Taguette, and where the bytes that Taguette counts lie in it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

BLOCKS = set(
    re.findall(
        r"\w+",
        "address article aside blockquote body br caption center dd details dialog div dl dt fieldset "
        "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr legend li main nav ol p pre section "
        "summary table tbody td tfoot th thead tr ul",
    )
)
"""Elements that stand in lines of their own."""

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
DEEPEST = 100
"""Elements in elements; Taguette's own documents have a handful, and the parser's work grows with the square."""

MOST_WORK = 3_000_000
"""Tags, each counted as often as elements are open there, which the parser may have to open again."""


@dataclasses.dataclass(frozen=True)
class Flat:
    """The text of a document, and where its bytes lie.

    Attributes
    ----------
    text : str
        With a line break between blocks.
    bare : str
        As Taguette counts it, without these.
    edges : (n + 1,) int array
        The byte at which each code point of the bare text begins, and its end.
    breaks : (m,) int array
        Positions in the bare text before which a line break was put in.
    """

    text: str
    bare: str
    edges: np.ndarray
    breaks: np.ndarray

    def span(self, start: int | None, end: int | None) -> tuple[int | None, int | None]:
        """Positions in the bare text of two positions in bytes; None where no sign begins or ends there."""
        if start is None or end is None or not 0 <= start < end <= self.edges[-1]:
            return None, None
        first, last = np.searchsorted(self.edges, [start, end])
        found = self.edges[first] == start and self.edges[last] == end
        return (int(first), int(last)) if found else (None, None)

    def shown(self, first: int, last: int) -> tuple[int, int]:
        """The same span in the text with its line breaks."""
        before = np.searchsorted(self.breaks, first, side="right"), np.searchsorted(self.breaks, last, side="left")
        return int(first + before[0]), int(last + before[1])


def flatten(html: str, part: bool = False) -> Flat:
    """Take the text out of a document as Taguette does, and put line breaks between its blocks and at its end.

    A `part` of a document gets no break at its end, and keeps white space at its beginning, which a document loses.
    """
    import html5lib

    parse = html5lib.parseFragment if part else html5lib.parse
    tree = parse(html, treebuilder="etree", namespaceHTMLElements=False)
    pieces: list[str] = []
    breaks: list[int] = []
    length, pending = 0, False
    for piece in _pieces(tree):
        if piece is None:
            pending = True
            continue
        if pending and pieces and not pieces[-1].endswith("\n") and not piece.startswith("\n"):
            breaks.append(length)
        pending = False
        pieces.append(piece)
        length += len(piece)
    bare = "".join(pieces)
    text = bare
    if breaks:
        parts = [bare[start:end] for start, end in zip([0, *breaks], [*breaks, length], strict=True)]
        text = "\n".join(parts)
    if not part and pending and text and not text.endswith("\n"):
        text += "\n"
    signs = np.frombuffer(bare.encode("utf-32-le", "replace"), dtype="<u4")
    widths = 1 + (signs >= 0x80).astype(np.int64) + (signs >= 0x800) + (signs >= 0x10000)
    return Flat(text, bare, np.concatenate([[0], np.cumsum(widths)]), np.array(breaks, dtype=np.int64))


def _pieces(tree: Any) -> Iterator[str | None]:
    """The text nodes of a tree in order, and None where a block begins or ends."""
    stack: list[Any] = [tree]
    while stack:
        item = stack.pop()
        if item is None or isinstance(item, str):
            yield item
            continue
        if item.tail:
            stack.append(item.tail)
        if not isinstance(item.tag, str):  # a comment
            continue
        block = item.tag in BLOCKS
        if block:
            stack.append(None)
        stack.extend(reversed(item))
        if item.text:
            stack.append(item.text)
        if block:
            stack.append(None)


def too_deep(html: str) -> bool:
    """Whether elements stand in elements, or do so as often, beyond what anyone writes."""
    depth = work = 0
    for tag in TAG.finditer(html):
        if tag[1]:
            depth = max(depth - 1, 0)
        elif tag[2].lower() not in VOID:
            depth += 1
        work += depth
        if depth > DEEPEST or work > MOST_WORK:
            return True
    return False
