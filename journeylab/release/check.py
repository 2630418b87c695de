"""The last look at what is about to leave: whatever is still there that should not be makes the gate refuse."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping

from journeylab.release.markup import Element, parse, place, runs
from journeylab.release.people import Ids, People
from journeylab.release.tokens import Secrets
from journeylab.release.words import masked
from journeylab.report.page import script

MOST_FOUND = 20
STYLE_ASKS = re.compile(r"url\(|@import|expression\(", re.IGNORECASE)


def check_scripts(name: str, tree: Element) -> list[str]:
    """Scripts and styles that a run does not write itself; they cannot be cleaned."""
    problems = []
    for element in tree.every("script"):
        if (
            "".join(child.words for child in element.children if not isinstance(child, Element)) != script()
            or element.attributes
        ):
            problems.append(
                f"{name}, {place_of(element)}: there is a script that is not journeylab's own. Take it out of the notebook."
            )
    for element in tree.every("style"):
        words = "".join(child.words for child in element.children if not isinstance(child, Element))
        if STYLE_ASKS.search(words):
            problems.append(f"{name}, {place_of(element)}: a style asks for another file. Take it out of the notebook.")
    return problems


def place_of(element: Element) -> str:
    """Where an element stands."""
    around = element.within("section", "main")
    heading = next((found.words for found in around.every("h1", "h2")), "") if around is not None else ""
    return f"part '{heading[:60]}'" if heading else f"<{element.tag}>"


def check_released(files: Mapping[str, bytes], people: People, secrets: Secrets) -> list[str]:
    """Hold every released file once more against all rules of words; each finding is a reason to refuse."""
    ids = Ids({*people.ids, *people.withdrawn}, people.vocabulary)
    problems: list[str] = []
    for name, content in sorted(files.items()):
        text = content.decode("utf-8-sig")
        problems += [f"{name}, line {line}: {kind}" for line, kind in secrets.find(text)]
        if name.endswith(".csv"):
            told = [
                (f"row {number}", cell, cell)
                for number, row in enumerate(csv.reader(io.StringIO(text)), 1)
                for cell in row
            ]
        else:
            tree = parse(text)
            told = []
            for run in runs(tree):
                words = "".join(part.words for part in run)
                told.append((place(run), words, words))
            told += [
                ("its styles", COLOUR.sub("", child.words), COLOUR.sub("", child.words))
                for style in tree.every("style")
                for child in style.children
                if not isinstance(child, Element)
            ]
            told += [("its tags", " ".join((element.tag, *element.attributes)), "") for element in tree.every()]
            told += [
                (
                    f"attribute {key} of <{element.tag}>",
                    value,
                    "" if key in {"class", "d", "points", "viewbox", "content"} else value,
                )
                for element in tree.every()
                for key, value in element.attributes.items()
                if value and not value.startswith("data:image/png;base64,") and not key.startswith("data-")
            ]
        for where, words, wording in told:
            for _, who in ids.find(words):
                problems.append(f"{name}, {where}: the id '{who}' is still there")
            if wording and wording[:5] != "data/" and not _number(wording):
                problems += [f"{name}, {where}: there is still a {kind}" for kind in masked(wording)[1]]
            if people.names.mask(words)[1]:
                problems.append(f"{name}, {where}: there is still a name")
            if len(words) >= 12 and where != "its styles":
                problems += [f"{name}, {where}: {kind}" for _, kind in secrets.find(words)]
            short = bool(wording) and where != "its styles" and SHORT_IN.match(where) is not None
            if people.unsaid.within(words, short=short) or people.gone.within(words, short=short):
                problems.append(f"{name}, {where}: there is still a quote without consent")
        if len(problems) > MOST_FOUND:
            break
    return list(dict.fromkeys(problems))


SHORT_IN = re.compile(r"(?!attribute )|attribute (?:alt|title|aria-label|summary|label|placeholder|abbr) ")
"""Where a passage of one or two words is looked for: what is read, not the ids and links of a page."""
COLOUR = re.compile(r"#[0-9A-Fa-f]{3,8}(?=[\s;,)}!])")
"""A colour of a style, which may read as an order number."""


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
