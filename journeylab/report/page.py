"""The frame that all pages of a run share: one look, one small script, no requests."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from journeylab import locales
from journeylab.html import escape
from journeylab.report.sections import arrange, contents


class Link(NamedTuple):
    """One entry of the navigation."""

    href: str
    label: str
    current: bool = False


@cache
def style() -> str:
    """The style sheet, on few lines."""
    text = (resources.files("journeylab.report") / "style.css").read_text(encoding="utf-8")
    return text.replace("\n", "")


@cache
def script() -> str:
    """The script of every page, without indents and comments; a page can be read without it."""
    text = (resources.files("journeylab.report") / "page.js").read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def fingerprint(text: str) -> str:
    """The hash by which a policy allows a script or a style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy(styles: Iterable[str]) -> str:
    """The policy of a page: nothing but its own script, styles and pictures, whatever words from data may hold."""
    allowed = " ".join(sorted({fingerprint(text) for text in styles}))
    return (
        f"default-src 'none'; img-src data:; style-src {allowed}; script-src {fingerprint(script())}; "
        "base-uri 'none'; form-action 'none'"
    )


def page(*, stem: str, title: str, study: str, links: Sequence[Link], body: str, footer: str) -> str:
    """Bind a page.

    Parameters
    ----------
    stem : str
        Name of the page's file without ending.
    title, study : str
        Plain text.
    links : sequence of Link
        To the other pages of the run.
    body, footer : str
        HTML that is safe already.
    """
    items = "".join(
        f'<li><a href="{escape(link.href)}"{" aria-current=page" if link.current else ""}>{escape(link.label)}</a></li>'
        for link in links
    )
    body, headings = arrange(body, stem)
    listed = contents(headings)
    styles = [style(), *re.findall(r"<style[^>]*>(.*?)</style>", body, flags=re.DOTALL)]
    return (
        f'<!DOCTYPE html>\n<html lang="en"{_marks()}><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy(styles))}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)} – {escape(study)}</title><style>{style()}</style></head>"
        f'<body><a class="skip" href="#main">Skip to the content</a>'
        f'<header class="page"><p class="study">{escape(study)}</p>'
        f'<nav aria-label="Pages of this report"><ol>{items}</ol></nav></header>'
        f'<div class="{"beside" if listed else "alone"}">{listed}<main id="main" tabindex="-1">{body}</main></div>'
        f'<footer class="page">{footer}</footer><script>{script()}</script></body></html>\n'
    )


def _marks() -> str:
    """What the script must know to read numbers as the study's locale writes them."""
    marks = locales.marks()
    return "" if marks is locales.PLAIN else f' data-marks="{escape(marks.decimal + marks.group)}"'


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """A small list of names and values, escaped."""
    return (
        f'<dl class="facts">{"".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)}</dl>'
    )
