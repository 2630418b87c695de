"""One page of a release: what is taken out of it, and what is masked in it."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Iterable

from journeylab.release.grid import Grid, read_grid
from journeylab.release.markup import Element, Text, place, runs
from journeylab.release.people import ID_HEADING, Ids, Names, Passages
from journeylab.release.pictures import NoPicture, clean_source
from journeylab.release.prose import tells_few
from journeylab.release.words import masked, tidy
from journeylab.report.sections import file_name

FORBIDDEN = {
    "iframe", "object", "embed", "applet", "form", "input", "textarea", "select", "link", "base", "frame", "frameset", "metadata",
    "audio", "video", "source", "track", "portal", "template", "noscript", "foreignobject", "animate", "set", "use", "image",
}  # fmt: skip
KEPT_META = {"viewport", "color-scheme"}
SHOWN = ("alt", "title", "aria-label", "content", "summary", "label", "placeholder", "abbr")
FEW_WORDS = "Left out: it tells of fewer people than this report may tell of."
UNSAID_WORDS = "[left out: a quote without consent]"
NO_FIGURE = "A figure is left out here: it draws rows that are not shown, or has no table by which it could be checked."
NOT_SHOWN = "not shown"
COMPUTED = {"finding", "answer", "more", "missing", "first"}


@dataclasses.dataclass
class Page:
    """A page while it is made fit to leave.

    Attributes
    ----------
    name : str
        Its file.
    tree : Element
    grids : list of Grid
    tally : Counter
        What was done, by kind.
    """

    name: str
    tree: Element
    grids: list[Grid]
    tally: collections.Counter[str]
    own: set[int] = dataclasses.field(default_factory=set)
    """Elements that the gate itself wrote."""

    @property
    def stem(self) -> str:
        """The name of the file without ending."""
        return self.name.rsplit(".", 1)[0]


def read_page(name: str, tree: Element) -> Page:
    """Take out what never leaves (code, frames, hidden metadata, pictures that cannot be cleaned), and read the tables."""
    tally: collections.Counter[str] = collections.Counter()
    for element in list(tree.every()):
        if element.tag in FORBIDDEN or (element.tag == "meta" and not _plain_meta(element)):
            element.leave()
            tally["elements taken out"] += 1
        elif element.tag == "details" and element.attributes.get("class") == "code":
            element.leave()
            tally["cells of code left out"] += 1
        else:
            _plain_attributes(element, tally)
    for image in list(tree.every("img")):
        try:
            source, dropped = clean_source(image.attributes.get("src") or "")
        except NoPicture:
            (image.within("figure") or image).leave()
            tally["pictures that cannot be cleaned"] += 1
        else:
            if dropped:
                tally["hidden parts of pictures"] += dropped
                image.set("src", source)
    grids = [grid for table in tree.every("table") if (grid := read_grid(table, name)) is not None]
    return Page(name, tree, grids, tally)


def _plain_meta(element: Element) -> bool:
    given = element.attributes
    kind = (given.get("http-equiv") or "").lower()
    return "charset" in given or kind == "content-security-policy" or (given.get("name") or "").lower() in KEPT_META


def _plain_attributes(element: Element, tally: collections.Counter[str]) -> None:
    """Links within the release, numbers that are shown, and no other attributes that a reader does not see."""
    for name in list(element.attributes):
        value = element.attributes[name] or ""
        if name in {"href", "xlink:href"} and not _inner(value):
            element.set(name, None)
            tally["links to elsewhere"] += 1
        elif name.startswith("on") or name in {"srcset", "action", "formaction", "style", "ping", "background", "poster"}:
            element.set(name, None)
        elif name == "src" and element.tag != "img":
            element.set(name, None)
        elif name.startswith("data-") and not (name in {"data-value", "data-high"} and _number(value)):
            element.set(name, None)
        elif value != (clean := tidy(value)) and name in SHOWN:
            element.set(name, clean)


def _inner(href: str) -> bool:
    page, _, _ = href.partition("#")
    return not page or (page.endswith(".html") and all(sign.isalnum() or sign in "_-." for sign in page) and ".." not in page)


def _number(value: str) -> bool:
    try:
        float(value or "0")
    except ValueError:
        return False
    return True


def hide_rows(page: Page, minimum: int) -> None:
    """Empty the hidden rows of every table, and put them last, so that the order tells nothing of them."""
    for grid in page.grids:
        for row, column in grid.cells_hidden:
            if row not in grid.hidden and column < len(grid.cells[row]):
                _empty(page, grid.cells[row][column])
                page.tally["shares not shown"] += 1
        if not grid.hidden:
            continue
        page.tally["rows not shown"] += len(grid.hidden)
        gone = sorted(grid.hidden, key=lambda row: grid.labels[row])
        for row in gone:
            line, cells = grid.rows[row], grid.cells[row]
            body = line.parent
            line.leave()
            if body is None or any("→" in label for label in grid.labels[row]):
                continue  # a journey is a label that tells by itself what few did
            for place_, cell in enumerate(cells):
                if place_ >= grid.heads or len(cells) == 1:
                    _empty(page, cell)
            line.parent = body
            body.children.append(line)
        note = Element("p", {"class": "more"})
        note.fill(
            f"{len(gone)} of {len(grid.rows)} rows are not shown: they tell of fewer than {minimum} people, or would give such "
            "rows back."
        )
        page.own.add(id(note))
        _after(grid.element.within("div") or grid.element, note)


def _empty(page: Page, cell: Element) -> None:
    cell.fill(NOT_SHOWN)
    page.own.add(id(cell))
    cell.set("data-value", "")
    cell.set("data-high", None)


def _after(element: Element, other: Element) -> None:
    parent = element.parent
    if parent is not None:
        other.parent = parent
        place_ = next(number for number, child in enumerate(parent.children) if child is element)
        parent.children.insert(place_ + 1, other)


def hide_words(page: Page, minimum: int, echoes: Callable[[str], bool], unsaid: Passages) -> None:
    """Leave out sentences that tell of few people or repeat a hidden row, and quotes without consent."""
    for run in list(runs(page.tree)):
        words = "".join(text.words for text in run)
        element = run[0].parent
        if id(element) in page.own:
            continue
        spelt = element is not None and _computed(element)
        if "\n" in words.strip() and _inside(run[0], "pre"):
            lines = [
                FEW_WORDS if tells_few(line, minimum, spelt=spelt) or echoes(line) else line for line in words.split("\n")
            ]
            kept = "\n".join(lines)
            page.tally["sentences left out"] += sum(line == FEW_WORDS for line in lines)
        elif unsaid.within(tidy(words)):
            kept = UNSAID_WORDS
            page.tally["quotes without consent"] += 1
        elif tells_few(words, minimum, spelt=spelt) or echoes(words):
            kept = NOT_SHOWN if _inside(run[0], "td") else FEW_WORDS
            page.tally["sentences left out"] += 1
            cell = run[0].parent if run[0].parent is not None and run[0].parent.tag == "td" else None
            if cell is not None and cell.attributes.get("data-value"):
                cell.set("data-value", "")
                cell.set("data-high", None)
        else:
            continue
        _say(run, kept)
    for element in page.tree.every():
        for name in SHOWN:
            value = element.attributes.get(name)
            if value and name != "content" and (tells_few(value, minimum) or echoes(value) or unsaid.within(value)):
                element.set(name, FEW_WORDS)
                page.tally["descriptions left out"] += 1


def _computed(element: Element) -> bool:
    around: Element | None = element
    while around is not None:
        if around.tag in {"td", "th", "figcaption", "caption", "pre"}:
            return True
        if set((around.attributes.get("class") or "").split()) & COMPUTED:
            return True
        around = around.parent
    return False


def _inside(text: Text, tag: str) -> bool:
    return text.parent is not None and (text.parent.tag == tag or text.parent.within(tag) is not None)


def _say(run: list[Text], words: str) -> None:
    run[0].words = words
    for text in run[1:]:
        text.words = ""


def hide_figures(page: Page) -> None:
    """Leave out figures whose table hides something, and those without a table that vouches for them.

    The data of a figure stand in the tables that follow it, up to the next figure of its part; where none follows, all tables of
    the part count.
    """
    for picture in [*page.tree.every("figure"), *page.tree.every("svg")]:
        part = picture.within("section") or picture.within("main") or page.tree
        grids = _data_of(picture, part, page.grids)
        hidden = any(grid.hidden or grid.cells_hidden for grid in grids)
        told = [picture, *picture.every("img")]
        if grids and not hidden and not any(element.attributes.get(name) == FEW_WORDS for element in told for name in SHOWN):
            continue
        note = Element("p", {"class": "missing"})
        note.fill(NO_FIGURE)
        page.own.add(id(note))
        picture.become(note)
        page.tally["figures left out"] += 1


def _data_of(picture: Element, part: Element, grids: list[Grid]) -> list[Grid]:
    """The tables that hold what a picture draws."""
    around = picture.within("table")
    if around is not None:
        return [grid for grid in grids if grid.element is around]
    by = {id(grid.element): grid for grid in grids}
    inside = [element for element in part.every("figure", "table") if element.tag == "figure" or id(element) in by]
    after: list[Grid] = []
    for element in inside[next((n for n, element in enumerate(inside) if element is picture), 0) + 1 :]:
        if element.tag == "figure":
            break
        after.append(by[id(element)])
    return after or [by[id(element)] for element in inside if element.tag == "table"]


def mask_words(page: Page, ids: Ids, names: Names, into: Callable[[str], str]) -> None:
    """Replace ids by pseudonyms, and mask names, addresses and numbers, in text and in what is read out."""

    def plain(text: str, within: bool) -> str:
        text, found = masked(text)
        page.tally.update(f"{kind} masked" for kind in found)
        text, times = ids.replace(text, into, within=within)
        page.tally["ids replaced"] += times
        text, times = names.mask(text)
        page.tally["names masked"] += times
        return text

    about_ids = {id(cell) for grid in page.grids for cell in _id_cells(grid)}
    for run in runs(page.tree):
        words = "".join(text.words for text in run)
        within = any(_in_cell(text, about_ids) for text in run)
        kept = plain(words, within)
        if kept != words:
            _say(run, kept)
    for element in page.tree.every():
        for name in SHOWN:
            value = element.attributes.get(name)
            if value and not (element.tag == "meta" and name == "content"):
                kept = plain(value, within=False)
                if kept != value:
                    element.set(name, kept)


def _in_cell(text: Text, cells: set[int]) -> bool:
    around = text.parent
    while around is not None:
        if id(around) in cells:
            return True
        around = around.parent
    return False


def _id_cells(grid: Grid) -> Iterable[Element]:
    """Cells of columns whose heading speaks of people or ids, and which are no counts."""
    counting = set(grid.columns)
    for column, heading in enumerate(grid.headings):
        if ID_HEADING.fullmatch(heading) and column not in counting:
            for cells in grid.cells:
                if column < len(cells):
                    yield cells[column]


def name_anew(page: Page) -> None:
    """Give tables and parts names that follow from what they are called now."""
    for number, caption in enumerate(page.tree.every("caption"), 1):
        caption.set("title", f"data/{file_name(page.stem, number, caption.words)}")
        region = caption.within("div")
        if region is not None and "aria-label" in region.attributes:
            region.set("aria-label", caption.words)
    hrefs: dict[str, str] = {}
    for number, heading in enumerate(page.tree.every("h2", "h3"), 1):
        anchor = heading.attributes.get("id")
        if anchor and any(mark in heading.words for mark in ("[", "Left out")):
            hrefs[f"#{anchor}"] = f"#part-{number}"
            heading.set("id", f"part-{number}")
    for link in page.tree.every("a"):
        if (link.attributes.get("href") or "") in hrefs:
            link.set("href", hrefs[link.attributes["href"] or ""])


def where(run: list[Text]) -> str:
    """The place of a stretch of text, for messages."""
    return place(run)
