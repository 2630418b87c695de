"""Which figures stay in a release, which are drawn anew from the rows that are shown, and which are left out, and why."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Sequence

from journeylab.release.drawn import Line, Mark, Row, read_mark, tables_of, vouched
from journeylab.release.markup import Element
from journeylab.release.page import Page
from journeylab.release.redraw import MOST, redraw

NO_FIGURE = "A figure is left out here: it draws rows that are not shown, or has no table by which it could be checked."
UNMARKED = "it does not say which rows of a table it draws"
SINGLE = "it draws single people or single journeys"
UNSHOWN = "it draws rows or numbers that no table of the page shows"
MORE = "it draws more than the table under it, such as the single steps of a curve"
PAINTED = "words in it are masked, or tell of few people"
NAMED = re.compile(r"Figure \d{1,3}(?=\.)")
STEP = re.compile(r"step \d{1,2}")
SOME_ARCS = "Some of what is drawn here; the table under it has all that may be told."


@dataclasses.dataclass(frozen=True)
class Exhibit:
    """What was done with a figure: ``left out`` or ``drawn anew``, with the reason, and on which page."""

    name: str
    done: str
    why: str
    page: str = ""

    @property
    def line(self) -> str:
        """The same in one line."""
        return f"{self.page}: {self.name} {self.done}: {self.why}"


def _anything(words: str) -> bool:
    """Whether words tell of somebody: in doubt, all do."""
    return bool(words.strip())


def hide_figures(page: Page, tells: Callable[[str], bool] = _anything, minimum: float = math.inf) -> list[Exhibit]:
    """Leave out figures that show more than the tables of their page, or that do not say what they show.

    Parameters
    ----------
    page : Page
        After its rows and words were hidden and masked: what the tables say now is held against the figures.
    tells : callable
        Whether words that are painted in a figure must not be told.
    minimum : float
        The fewest people that may be told of.

    Returns
    -------
    list of Exhibit
        What was left out or drawn anew.
    """
    tables = tables_of(page.tree)
    gone = _parts(page, tables)
    found = [_figure(page, figure, tables, tells, gone, minimum) for figure in list(page.tree.every("figure"))]
    for svg in [svg for svg in page.tree.every("svg") if svg.within("figure", "svg") is None]:
        found.append(_drawing(page, svg, gone))
    return [exhibit for exhibit in found if exhibit is not None]


def _parts(page: Page, tables: Sequence[Sequence[Line]]) -> dict[int, int]:
    """Take out the marked parts of drawings whose numbers are not shown; how many each drawing then lacks."""
    groups: dict[tuple[int, int], list[tuple[Element, Element | None, Mark | None]]] = {}
    for part in [element for element in page.tree.every() if element.tag != "figure" and "draws" in element.aside]:
        mark = read_mark(part.aside["draws"])
        around = _drawing_of(part)
        labels = len(mark.rows[0].labels) if mark is not None and mark.rows else 0
        groups.setdefault((id(around or part.within("table")), labels), []).append((part, around, mark))
    gone: dict[int, int] = {}
    for parts in groups.values():
        told = [row for _, _, mark in parts if mark is not None for row in mark.rows]
        shown = dict(zip(told, vouched(told, tables), strict=True))
        for part, around, mark in parts:
            touched = page.touched & {id(part), *(id(element) for element in part.every())}
            if mark is None or not mark.rows or touched or any(shown[row] is None for row in mark.rows):
                gone[id(around)] = gone.get(id(around), 0) + 1
                part.leave()
                page.tally["arcs and bands left out" if around is not None else "moves left out"] += 1
    return gone


def _drawing_of(part: Element) -> Element | None:
    """The outermost drawing around a part."""
    svg = part.within("svg")
    while svg is not None and (outer := svg.within("svg")) is not None:
        svg = outer
    return svg


def _figure(
    page: Page,
    figure: Element,
    tables: Sequence[Sequence[Line]],
    tells: Callable[[str], bool],
    gone: dict[int, int],
    minimum: float,
) -> Exhibit | None:
    mark = read_mark(figure.aside.get("draws", ""))
    inner = [svg for svg in figure.every("svg") if any("draws" in part.aside for part in svg.every())]
    if mark is None and len(inner) == 1 and next(figure.every("img"), None) is None:
        caption = next(figure.every("figcaption"), None)
        if caption is None or id(caption) not in page.touched:
            return _drawing(page, inner[0], gone)
    if mark is None:
        return _out(page, figure, UNMARKED, NO_FIGURE)
    if mark.people:
        return _out(page, figure, SINGLE)
    rows = [row for row in vouched(mark.rows, tables) if row is not None]
    if mark.more and not rows:
        return _out(page, figure, UNSHOWN)
    painted = any(id(element) in page.touched for element in (figure, *figure.every())) or any(
        tells(line) for line in figure.aside.get("words", "").split("\n")
    )
    few = not mark.rows and mark.least < minimum
    if len(rows) == len(mark.rows) and not painted and not mark.more and not few:
        _call(page, figure)
        return None
    why = PAINTED if painted else SINGLE if few else UNSHOWN if len(rows) < len(mark.rows) else MORE
    named = any(tells(name) for name in (*mark.series, *(label for row in rows for label in row.labels)))
    drawn = sum(any(math.isfinite(value) for value in row.numbers[: 3 * len(mark.series) : 3]) for row in rows)
    if drawn < 2 or named:
        return _out(page, figure, why)
    return _anew(page, figure, mark, rows, why)


def _call(page: Page, figure: Element) -> None:
    """Let a description that was left out say at least what the figure is; it was never painted in it."""
    caption = next((element.words for element in figure.every("figcaption")), "")
    for image in figure.every("img"):
        if image.attributes.get("alt") in page.left and caption:
            image.set("alt", f"{caption} The table under it has its numbers.")


def _anew(page: Page, figure: Element, mark: Mark, rows: list[Row], why: str) -> Exhibit:
    caption = next((element.words for element in figure.every("figcaption")), "")
    rows = [row for row in rows if any(math.isfinite(value) for value in row.numbers[: 3 * len(mark.series) : 3])]
    few = len(rows) < len(mark.rows) or len(rows) > MOST
    some = (
        f"Drawn anew from {min(len(rows), MOST)} of {len(mark.rows)} rows that the table shows."
        if few
        else "Drawn anew."
    )
    said = f"{caption.rstrip('.')}. {some}" if caption else some
    drawing = redraw(rows, mark.series, mark.unit, said)
    below = Element("figcaption", {}, parent=figure)
    below.fill(said)
    other = Element("figure", {}, children=[drawing, below])
    drawing.parent = below.parent = other
    figure.become(other)
    page.own |= {id(other), *(id(element) for element in other.every())}
    page.tally["figures drawn anew"] += 1
    return Exhibit(_name(caption), "drawn anew", why)


def _drawing(page: Page, svg: Element, gone: dict[int, int]) -> Exhibit | None:
    """A drawing within words: it stays where it repeats untouched words, or has marked parts of which some are left."""
    if svg.attributes.get("aria-hidden") == "true":
        if not _repeats(page, svg):
            svg.leave()
        return None
    marked = [part for part in svg.every() if "draws" in part.aside]
    if len(marked) < gone.get(id(svg), 0):  # what is left of it would mislead
        return _out(page, svg, UNSHOWN)
    if not marked:
        return _out(page, svg, UNSHOWN if id(svg) in gone else UNMARKED, NO_FIGURE)
    for child in [child for child in svg.children if isinstance(child, Element)]:
        if "draws" not in child.aside and child.tag not in {"title", "desc"} and not _frame(child):
            child.leave()
    if id(svg) in gone or svg.attributes.get("aria-label") in page.left:
        svg.set("aria-label", SOME_ARCS)
    return None


def _frame(part: Element) -> bool:
    """Whether a part without a mark tells no number: words without digits, numbers of steps, and the outlines of stages."""
    if any(sign.isdigit() for sign in part.words) and not STEP.fullmatch(part.words):
        return False
    return all(
        element.tag in {"g", "text", "tspan"} or (element.tag == "rect" and element.attributes.get("class") == "pill")
        for element in (part, *part.every())
    )


def _repeats(page: Page, svg: Element) -> bool:
    """Whether a drawing that is not read out stands in a cell whose words are as they were: they say what it draws."""
    cell, row = svg.within("td", "th"), svg.within("tr")
    if cell is None or row is None or cell.within("table") is None:
        return False
    # a curve leads on from its neighbours, so its whole row must be as it was
    cells = [cell] if "bar" in (svg.attributes.get("class") or "").split() else list(row.every("td", "th"))
    return not any(id(element) in page.touched or id(element) in page.own for element in cells)


def _out(page: Page, picture: Element, why: str, said: str = "") -> Exhibit:
    caption = next((element.words for element in picture.every("figcaption")), "")
    name = _name(caption)
    note = Element("p", {"class": "missing"})
    note.fill(said or f"{name or 'A figure'} is left out here: {why}.")
    page.own.add(id(note))
    picture.become(note)
    page.tally["figures left out"] += 1
    return Exhibit(name or "a drawing", "left out", why)


def _name(caption: str) -> str:
    """The number of a figure: its words may say what is hidden."""
    match = NAMED.match(caption)
    return match[0] if match else ""
