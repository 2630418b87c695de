"""One page of a release: what is taken out of it, and what is masked in it."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Callable, Iterable

from journeylab.html import number_attributes
from journeylab.release.grid import Grid, read_grid
from journeylab.release.markup import Element, Text, runs
from journeylab.release.people import ID_HEADING, Ids, Names
from journeylab.release.pictures import PictureError, clean_source
from journeylab.release.words import masked, tidy
from journeylab.report.page import policy
from journeylab.report.sections import file_name

FORBIDDEN = {
    "iframe", "object", "embed", "applet", "form", "fieldset", "input", "textarea", "select", "link", "base", "frame",
    "frameset", "metadata", "audio", "video", "source", "track", "portal", "template", "noscript", "foreignobject",
    "animate", "set", "use", "image",
}  # fmt: skip
ATTRIBUTE = re.compile(r' (data-\w+)="([^"]*)"')
REMARK = re.compile(r"/\*.*?\*/", re.DOTALL)
PLACES = {"data-n", "data-b"}
"""By which the script of a page knows the bars of a flow picture, and the two that a band joins."""
PLACE = re.compile(r"\d{1,3}\.\d{1,3}(?: \d{1,3}\.\d{1,3})?")
PLAIN = re.compile(r"(?:width=device-width, initial-scale=1|light dark)?")
UNSEEN = {"srcset", "action", "formaction", "style", "ping", "background", "poster"}
KEPT_META = {"viewport", "color-scheme"}
TOUCHED = {"table", "td", "th", "figure", "svg", "img", "g", "text", "p", "figcaption"}
MARKS = {"data-draws": "draws", "data-words": "words"}
"""What a figure says of itself, which the gate reads and takes out."""
SHOWN = ("alt", "title", "aria-label", "content", "summary", "label", "placeholder", "abbr")


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
    touched: set[int] = dataclasses.field(default_factory=set)
    """Tables, cells, figures and what they draw in which words were masked or left out: a picture of them may show what they no
    longer say."""
    left: set[str] = dataclasses.field(default_factory=set)
    """What stands where a description was left out."""
    headings: dict[int, str] = dataclasses.field(default_factory=dict)
    """What headings said before anything was masked."""

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
        except PictureError:
            (image.within("figure") or image).leave()
            tally["pictures that cannot be cleaned"] += 1
        else:
            if dropped:
                tally["hidden parts of pictures"] += dropped
                image.set("src", source)
    _plain_styles(tree)
    for cell in tree.every("td", "th"):
        if "data-value" in cell.attributes or "data-high" in cell.attributes:
            _agree(cell)
    grids = [grid for table in tree.every("table") if (grid := read_grid(table, name)) is not None]
    headings = {id(heading): heading.words for heading in tree.every("h2", "h3")}
    return Page(name, tree, grids, tally, headings=headings)


def _plain_styles(tree: Element) -> None:
    """Styles without remarks, and a policy that follows from them and from nothing that stood in the page."""
    styles = []
    for style in tree.every("style"):
        for child in style.children:
            if isinstance(child, Text):
                child.words = REMARK.sub("", child.words)
                styles.append(child.words)
    for meta in tree.every("meta"):
        if "http-equiv" in meta.attributes:
            meta.set("content", policy(styles))
        elif not PLAIN.fullmatch(meta.attributes.get("content") or ""):
            meta.set("content", None)


def _agree(cell: Element) -> None:
    """Let the number behind a cell be the one that it shows."""
    told = {"data-value": None, "data-high": None} | dict(ATTRIBUTE.findall(number_attributes(cell.words)))
    for name, value in told.items():
        if cell.attributes.get(name) != value:
            cell.set(name, value)


def _plain_meta(element: Element) -> bool:
    given = element.attributes
    kind = (given.get("http-equiv") or "").lower()
    return "charset" in given or kind == "content-security-policy" or (given.get("name") or "").lower() in KEPT_META


def _plain_attributes(element: Element, tally: collections.Counter[str]) -> None:
    """Links within the release, numbers that are shown, and no other attributes that a reader does not see."""
    for name in list(element.attributes):
        value = element.attributes[name] or ""
        if name in MARKS:
            element.aside[MARKS[name]] = value
        if name in {"href", "xlink:href"} and not _inner(value):
            element.set(name, None)
            tally["links to elsewhere"] += 1
        elif (
            name.startswith("on")
            or name in UNSEEN
            or (name.startswith("data-") and not _shown_number(name, value))
            or (name == "src" and element.tag != "img")
        ):
            element.set(name, None)
        elif value != (clean := tidy(value)) and name in SHOWN:
            element.set(name, clean)


def _inner(href: str) -> bool:
    page, _, _ = href.partition("#")
    return not page or (
        page.endswith(".html") and all(sign.isalnum() or sign in "_-." for sign in page) and ".." not in page
    )


def _shown_number(name: str, value: str) -> bool:
    return (name in {"data-value", "data-high"} and _number(value)) or (
        name in PLACES and PLACE.fullmatch(value) is not None
    )


def _number(value: str) -> bool:
    try:
        float(value or "0")
    except ValueError:
        return False
    return True


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
            say(run, kept)
            touch(page, run[0].parent)
    for element in page.tree.every():
        for name in SHOWN:
            value = element.attributes.get(name)
            if value and not (element.tag == "meta" and name == "content"):
                kept = plain(value, within=False)
                if kept != value:
                    element.set(name, kept)
                    touch(page, element)


def touch(page: Page, element: Element | None) -> None:
    """Note that words of an element, or of one around it, are not as they were."""
    while element is not None:
        if element.tag in TOUCHED:
            page.touched.add(id(element))
        element = element.parent


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
        if anchor and page.headings.get(id(heading)) != heading.words:  # an anchor is made of the words of its heading
            hrefs[f"#{anchor}"] = f"#part-{number}"
            heading.set("id", f"part-{number}")
    for link in page.tree.every("a"):
        if (link.attributes.get("href") or "") in hrefs:
            link.set("href", hrefs[link.attributes["href"] or ""])


def say(run: list[Text], words: str) -> None:
    """Let a stretch of text be these words."""
    run[0].words = words
    for text in run[1:]:
        text.words = ""
