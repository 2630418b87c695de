"""Can everyone read a page, and does it stand alone? What a browser's checks do not see."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from journeylab.report.page import fingerprint
from journeylab.report.sections import VOID

MOST_BYTES = 1_000_000
PLACEHOLDERS = ("a figure of this notebook", "image", "figure", "png", "untitled")


class _Reader(HTMLParser):
    """Collects what the checks need."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self.headings: list[int] = []
        self.seen: set[str] = set()
        self.lang = ""
        self.title = ""
        self.skip = False
        self.policy = ""
        self.scripts: list[str] = []
        self._open: list[str] = []
        self._caption: list[bool] = []
        self._figure = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.seen.add(tag)
        if tag not in VOID:
            self._open.append(tag)
        if tag == "html":
            self.lang = given.get("lang", "")
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "a" and given.get("class") == "skip" and given.get("href", "").startswith("#"):
            self.skip = True
        if tag == "img":
            alt = given.get("alt", "")
            if len(alt) < 20 or alt.lower().startswith(PLACEHOLDERS):
                self.problems.append(f"an image has no alt text that says what it shows: {alt!r}")
        if tag == "figure":
            self.end_figure()
            self._figure = True
        if tag == "table":
            self._figure = False
            self._caption.append(False)
        if tag == "caption" and self._caption:
            self._caption[-1] = True
        if tag == "th" and given.get("scope") not in {"col", "row"}:
            self.problems.append("a table heading has no scope")
        if tag == "meta" and given.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = given.get("content", "")
        if tag == "script":
            self.scripts.append("")
        for name in ("src", "href", "data", "poster"):
            value = given.get(name, "")
            if re.match(r"(https?:)?//", value) and not (tag == "a" and name == "href"):
                self.problems.append(f"<{tag} {name}> asks another host: {value[:80]}")
        if any(name.startswith("on") for name in given):
            self.problems.append(f"<{tag}> has an event handler")
        self._styles(given.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self._caption and not self._caption.pop():
            self.problems.append("a table has no caption")
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def end_figure(self) -> None:
        """Where the next figure or the page's end has come, and no table in between."""
        if self._figure:
            self.problems.append("a figure is not followed by a table of its data")
        self._figure = False

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "title":
            self.title += data
        if self._open and self._open[-1] == "script":
            self.scripts[-1] += data
        if self._open and self._open[-1] == "style":
            self._styles(data)

    def _styles(self, text: str) -> None:
        if re.search(r"url\(\s*['\"]?(https?:)?//|@import", text):
            self.problems.append("a style asks another host")


def check_page(path: Path) -> list[str]:
    """Read a page and say what is wrong with it.

    Returns
    -------
    list of str
        Images without a real alt text, figures without a table of their data after them, tables without caption or scopes,
        headings that skip a level, more or less than one h1, no language, title, main or skip link, a script that the page's
        policy does not allow by its hash, requests to other hosts, more than 1 MB. Empty for a good page.
    """
    text = path.read_text(encoding="utf-8")
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.end_figure()
    problems = list(reader.problems)
    for script in reader.scripts:
        if fingerprint(script) not in reader.policy.partition("script-src")[2].partition(";")[0]:
            problems.append("there is a script that the page's policy does not allow")
    if reader.headings.count(1) != 1:
        problems.append(f"there are {reader.headings.count(1)} headings of the first level")
    for above, below in zip(reader.headings, reader.headings[1:], strict=False):
        if below > above + 1:
            problems.append(f"a heading of level {below} follows one of level {above}")
    if not reader.lang:
        problems.append("the language is not said")
    if not reader.title.strip():
        problems.append("there is no title")
    if "main" not in reader.seen:
        problems.append("there is no main part")
    if not reader.skip:
        problems.append("there is no skip link")
    if path.stat().st_size > MOST_BYTES:
        problems.append(f"{path.stat().st_size:,} bytes are more than {MOST_BYTES:,}")
    return [f"{path.name}: {problem}" for problem in problems]
