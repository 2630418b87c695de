"""Rows and sentences that are left out of a page."""

from __future__ import annotations

from collections.abc import Callable

from journeylab.release.exhibits import NO_FIGURE, hide_figures
from journeylab.release.markup import Element, Text, runs
from journeylab.release.page import SHOWN, Page, say, touch
from journeylab.release.people import Passages
from journeylab.release.prose import tells_few
from journeylab.release.words import tidy

__all__ = ["NO_FIGURE", "hide_figures", "hide_rows", "hide_words"]

FEW_WORDS = "A sentence was left out here: it tells of few people, or would give a hidden number back."
UNSAID_WORDS = "[left out: a quote without consent]"
NOT_SHOWN = "not shown"
LONGEST_EMPTY = 8
"""A longer table of which no row is shown keeps its headings only."""
COMPUTED = {"finding", "answer", "more", "missing", "first"}


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
        spanned = any(
            "rowspan" in cell.attributes for cells in grid.cells for cell in cells
        )  # such rows cannot change places
        gone = sorted(grid.hidden, key=lambda row: grid.labels[row])
        for row in gone:
            line, cells = grid.rows[row], grid.cells[row]
            if any("→" in label for label in grid.labels[row]) and not spanned:
                line.leave()  # a journey is a label that tells by itself what few did
                continue
            for place_, cell in enumerate(cells):
                if place_ >= grid.heads or len(cells) == 1:
                    _empty(page, cell)
            body = line.parent
            if body is not None and not spanned:
                line.leave()
                line.parent = body
                body.children.append(line)
        note = Element("p", {"class": "more"})
        if len(gone) == len(grid.rows) > LONGEST_EMPTY:
            for row in gone:
                grid.rows[row].leave()
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


def hide_words(
    page: Page, minimum: int, echoes: Callable[[str], bool], unsaid: Passages, *, language: str = "", whole_study: int = 0
) -> None:  # fmt: skip
    """Leave out sentences that tell of few people or repeat a hidden row, and quotes without consent."""

    def few(words: str, spelt: bool) -> bool:
        return tells_few(words, minimum, spelt=spelt, language=language, whole_study=whole_study) or echoes(words)

    for run in list(runs(page.tree)):
        words = "".join(text.words for text in run)
        element = run[0].parent
        if id(element) in page.own:
            continue
        spelt = element is not None and _computed(element)
        if "\n" in words.strip() and _inside(run[0], "pre"):
            lines = [FEW_WORDS if few(line, spelt) else line for line in words.split("\n")]
            kept = "\n".join(lines)
            page.tally["sentences left out"] += sum(line == FEW_WORDS for line in lines)
        elif unsaid.within(tidy(words)):
            kept = UNSAID_WORDS
            page.tally["quotes without consent"] += 1
        elif few(words, spelt):
            titled = _inside(run[0], "caption") or _inside(run[0], "figcaption")
            kept = (_title(words, few) if titled else "") or (NOT_SHOWN if _inside(run[0], "td") else FEW_WORDS)
            page.tally["sentences left out"] += 1
            cell = run[0].parent if run[0].parent is not None and run[0].parent.tag == "td" else None
            if cell is not None and cell.attributes.get("data-value"):
                cell.set("data-value", "")
                cell.set("data-high", None)
        else:
            continue
        say(run, kept)
        touch(page, run[0].parent)
    for element in page.tree.every():
        for name in SHOWN:
            value = element.attributes.get(name)
            if value and name != "content" and (few(value, True) or unsaid.within(value)):
                element.set(name, FEW_WORDS)
                page.left.add(FEW_WORDS)
                page.tally["descriptions left out"] += 1


def _title(words: str, few: Callable[[str, bool], bool]) -> str:
    """What a caption is called, without the sentence that tells of few and all after it."""
    sentences = words.split(". ")
    kept = next((place for place, sentence in enumerate(sentences) if few(sentence, True)), 0)
    return "".join(f"{sentence}. " for sentence in sentences[:kept]).strip()


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
