"""The frame that all pages of a run share: one look, no scripts, no requests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from journeylab.html import escape

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


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


def page(*, title: str, study: str, links: Sequence[Link], body: str, footer: str) -> str:
    """Bind a page.

    Parameters
    ----------
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
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)} – {escape(study)}</title><style>{style()}</style></head>"
        f'<body><a class="skip" href="#main">Skip to the content</a>'
        f'<header class="page"><p class="study">{escape(study)}</p>'
        f'<nav aria-label="Pages of this report"><ol>{items}</ol></nav></header>'
        f'<main id="main">{body}</main><footer class="page">{footer}</footer></body></html>\n'
    )


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """A small list of names and values, escaped."""
    return (
        f'<dl class="facts">{"".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)}</dl>'
    )
