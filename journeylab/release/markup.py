"""A page as a tree that can be changed in places and is written back as it was everywhere else."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterator
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "div", "dl", "dt", "figcaption",
    "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "html", "li", "main", "nav", "ol", "p", "pre",
    "section", "summary", "svg", "table", "tbody", "td", "text", "tfoot", "th", "thead", "title", "tr", "ul",
}  # fmt: skip
DEEPEST = 200


class DepthError(ValueError):
    """A page whose elements lie in each other more than 200 times."""


@dataclasses.dataclass(eq=False)
class Text:
    """A stretch of text, unescaped; `raw` where it is script or style."""

    words: str
    raw: bool = False
    parent: Element | None = dataclasses.field(default=None, repr=False)


@dataclasses.dataclass(eq=False)
class Element:
    """An element with its children.

    Attributes
    ----------
    tag : str
        In small letters; empty for the page itself.
    attributes : dict
        Name to unescaped value, None where there is none.
    start : str
        The tag as it stood, or empty where it must be written anew.
    aside : dict
        Attributes that were taken out, and are still to be read.
    """

    tag: str
    attributes: dict[str, str | None]
    start: str = ""
    closed: bool = True
    children: list[Element | Text] = dataclasses.field(default_factory=list)
    parent: Element | None = dataclasses.field(default=None, repr=False)
    aside: dict[str, str] = dataclasses.field(default_factory=dict)

    def set(self, name: str, value: str | None) -> None:
        """Change an attribute, or take it away with None."""
        if value is None:
            self.attributes.pop(name, None)
        else:
            self.attributes[name] = value
        self.start = ""

    def fill(self, words: str) -> None:
        """Let the element hold nothing but these words."""
        self.children = [Text(words, parent=self)]

    def leave(self) -> None:
        """Take the element out of the page."""
        if self.parent is not None:
            self.parent.children = [child for child in self.parent.children if child is not self]
            self.parent = None

    def become(self, other: Element) -> None:
        """Put another element in the place of this one."""
        assert self.parent is not None
        other.parent = self.parent
        self.parent.children = [other if child is self else child for child in self.parent.children]
        self.parent = None

    def within(self, *tags: str) -> Element | None:
        """The nearest element of one of these tags around this one."""
        around = self.parent
        while around is not None and around.tag not in tags:
            around = around.parent
        return around

    def every(self, *tags: str) -> Iterator[Element]:
        """All elements of these tags (of any tag where none is said), in the order of the page."""
        for child in list(self.children):
            if isinstance(child, Element):
                if not tags or child.tag in tags:
                    yield child
                yield from child.every(*tags)

    @property
    def words(self) -> str:
        """All text, with blanks as a reader sees them."""
        return " ".join("".join(_spoken(self)).split())


def _spoken(element: Element) -> Iterator[str]:
    for child in element.children:
        if isinstance(child, Text):
            yield "" if child.raw else child.words
        else:
            if child.tag in BLOCKS or child.tag == "br":
                yield "\n"
            yield from _spoken(child)
            if child.tag in BLOCKS:
                yield "\n"


def runs(element: Element) -> Iterator[list[Text]]:
    """Stretches of text that are read in one: paragraphs, cells, items, and loose words between blocks."""
    run: list[Text] = []
    for child in _leaves(element):
        if child is None:
            if any(text.words.strip() for text in run):
                yield run
            run = []
        else:
            run.append(child)
    if any(text.words.strip() for text in run):
        yield run


def _leaves(element: Element) -> Iterator[Text | None]:
    for child in element.children:
        if isinstance(child, Text):
            if not child.raw:
                yield child
        elif child.tag in BLOCKS or child.tag == "br":
            yield None
            yield from _leaves(child)
            yield None
        else:
            yield from _leaves(child)


def place(run: list[Text]) -> str:
    """Where a stretch of text stands, in words: the table and row, or the part of the page."""
    element = run[0].parent
    inside = [element] if element is not None else []
    while inside and inside[-1].parent is not None:
        inside.append(inside[-1].parent)
    by = {around.tag: around for around in reversed(inside)}
    if "table" in by:
        caption = next((found.words for found in by["table"].every("caption")), "")
        if "tr" in by:
            head = next(by["tr"].every("th", "td"), None)
            return f"table '{caption[:60]}', row '{head.words[:40] if head is not None else ''}'"
        return f"table '{caption[:60]}'"
    for tag in ("section", "main"):
        if tag in by:
            heading = next((found.words for found in by[tag].every("h1", "h2")), "")
            return f"part '{heading[:60]}'"
    return f"<{element.tag}>" if element is not None and element.tag else "its beginning"


class _Builder(HTMLParser):
    """Builds the tree; comments and processing instructions are dropped."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.page = Element("", {})
        self.open = [self.page]

    def handle_decl(self, decl: str) -> None:
        if decl.lower().startswith("doctype"):
            self._add(Text("<!DOCTYPE html>", raw=True))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), self.get_starttag_text() or "", closed=tag not in VOID)
        self._add(element)
        if tag not in VOID:
            if len(self.open) > DEEPEST:
                raise DepthError
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add(Element(tag, dict(attrs), self.get_starttag_text() or "", closed=False))

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self.open[1:]):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self._say(data, raw=self.open[-1].tag in {"script", "style"})

    def handle_entityref(self, name: str) -> None:
        self._say(html.unescape(f"&{name};"))

    def handle_charref(self, name: str) -> None:
        self._say(html.unescape(f"&#{name};"))

    def _say(self, words: str, raw: bool = False) -> None:
        last = self.open[-1].children[-1] if self.open[-1].children else None
        if isinstance(last, Text) and last.raw == raw:
            last.words += words
        else:
            self._add(Text(words, raw))

    def _add(self, child: Element | Text) -> None:
        child.parent = self.open[-1]
        self.open[-1].children.append(child)


def parse(page: str) -> Element:
    """Read a page; raises `DepthError` where elements lie too deep."""
    builder = _Builder()
    builder.feed(page)
    builder.close()
    return builder.page


def write(element: Element | Text) -> str:
    """Write a tree: text and changed tags escaped, tags that did not change as they stood."""
    if isinstance(element, Text):
        return element.words if element.raw else html.escape(element.words, quote=True)
    inner = "".join(map(write, element.children))
    if not element.tag:
        return inner
    if element.tag in VOID or (not element.closed and element.start):
        return element.start or _start(element)
    return f"{element.start or _start(element)}{inner}</{element.tag}>"


def _start(element: Element) -> str:
    given = "".join(
        f" {name}" if value is None else f' {name}="{html.escape(value, quote=True)}"'
        for name, value in element.attributes.items()
    )
    return f"<{element.tag}{given}{'' if element.closed or element.tag in VOID else '/'}>"
