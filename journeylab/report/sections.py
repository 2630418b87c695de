"""A page's headings get anchors, its parts become sections, and its contents are listed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import NamedTuple

from journeylab.html import escape

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
TAKEN = {"main", "contents"}


class Heading(NamedTuple):
    """A heading of the second level."""

    anchor: str
    text: str


class _Place(NamedTuple):
    """Where a heading or a caption begins and ends in the text, and whether nothing encloses it."""

    offset: int
    end: int
    tag: str
    text: str
    top: bool
    anchor: str


class _Places(HTMLParser):
    """Finds headings, captions and the ids in use."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[_Place] = []
        self.ids = set(TAKEN)
        self._open: list[str] = []
        self._text = text
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._reading: tuple[int, str, bool, str] | None = None
        self._words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        anchor = dict(attrs).get("id") or ""
        if tag in {"h2", "h3", "caption"}:
            self._reading, self._words = (self._offset(), tag, not self._open, anchor), []
        if anchor:
            self.ids.add(anchor)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass
        if self._reading is not None and tag == self._reading[1]:
            offset, _, top, anchor = self._reading
            end = self._text.index(">", self._offset()) + 1
            self.found.append(_Place(offset, end, tag, " ".join("".join(self._words).split()), top, anchor))
            self._reading = None

    def _offset(self) -> int:
        """Where the tag that is read begins."""
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_data(self, data: str) -> None:
        if self._reading is not None:
            self._words.append(data)


def slug(text: str, most: int = 60) -> str:
    """Words as they may stand in an anchor or in the name of a file.

    Examples
    --------
    >>> slug("Where they leave, stage by stage"), slug("Wörter: „ja“?"), slug("–")
    ('where-they-leave-stage-by-stage', 'worter-ja', 'part')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:most].strip("-") or "part"


def arrange(body: str, stem: str) -> tuple[str, list[Heading]]:
    """Give headings an anchor, captions the name of their file of the run, and parts a section.

    Parameters
    ----------
    body : str
        HTML of the main part.
    stem : str
        Name of the page's file without ending.

    Returns
    -------
    tuple of str and list of Heading
        The body, and its headings of the second level for the contents. A heading inside something else (a quote, a map)
        gets an anchor and begins no section.
    """
    places = _Places(body)
    taken, edits, headings, tables, opened = places.ids, [], [], 0, False
    for place in places.found:
        after = place.offset + 1 + len(place.tag)
        if place.tag == "caption":
            tables += 1
            edits.append((after, f' title="data/{file_name(stem, tables, place.text)}"'))
            continue
        anchor = place.anchor or _free(slug(place.text), taken)
        if not place.anchor:
            taken.add(anchor)
            edits.append((after, f' id="{anchor}" tabindex="-1"'))
        if place.tag == "h2" and place.top:
            edits.append((place.offset, f"{'</div></section>' if opened else ''}<section>"))
            edits.append((place.end, '<div class="part">'))
            headings.append(Heading(anchor, place.text))
            opened = True
    if opened:
        edits.append((len(body), "</div></section>"))
    return _edited(body, edits), headings


def contents(headings: Iterable[Heading]) -> str:
    """The list of contents; nothing where there are fewer than two headings."""
    headings = list(headings)
    if len(headings) < 2:
        return ""
    items = "".join(f'<li><a href="#{escape(item.anchor)}">{escape(item.text)}</a></li>' for item in headings)
    return (
        '<nav class="contents" aria-label="Contents"><details id="contents" open><summary>Contents</summary>'
        f"<ol>{items}</ol></details></nav>"
    )


def file_name(stem: str, number: int, caption: str) -> str:
    """The name of the file that holds a table: page, place on the page, caption.

    Examples
    --------
    >>> file_name("05_behaviours", 3, "Portraits"), file_name("index", 1, "Touchpoints")
    ('05-behaviours-03-portraits.csv', 'index-01-touchpoints.csv')
    """
    return f"{slug(stem)}-{number:02d}-{slug(caption)}.csv"


def _free(anchor: str, taken: set[str]) -> str:
    """An anchor that no other element has."""
    number = 1
    while (anchor if number == 1 else f"{anchor}-{number}") in taken:
        number += 1
    return anchor if number == 1 else f"{anchor}-{number}"


def _edited(text: str, edits: list[tuple[int, str]]) -> str:
    """The text with what is put in at each place."""
    parts, last = [], 0
    for offset, added in sorted(edits, key=lambda edit: edit[0]):
        parts += [text[last:offset], added]
        last = offset
    return "".join([*parts, text[last:]])
