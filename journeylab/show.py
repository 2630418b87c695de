"""Show a result in a notebook so that its HTML report can be read by everyone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from journeylab import figures, html
from journeylab.errors import ReportError
from journeylab.text import sentence_list

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from journeylab.study import Study


def say(sentence: str) -> None:
    """Show a computed sentence as a paragraph; text from data stays text."""
    _display_html(f'<p class="finding">{html.escape(sentence)}</p>')


def say_list(sentences: list[str]) -> None:
    """Show computed sentences as a list; nothing where there are none."""
    if not sentences:
        return
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    _display_html(f'<ul class="finding">{items}</ul>')


def missing(reason: str) -> None:
    """Say what cannot be answered, and why."""
    _display_html(f'<p class="missing"><strong>Cannot be answered here.</strong> {html.escape(reason)}</p>')


def available(study: Study, *tables: str, question: str) -> bool:
    """Say whether a study has these tables; where not, show which question stays open and why."""
    lacking = [name for name in tables if not study.has(name)]
    if lacking:
        missing(f"{question}: this study has no {sentence_list(lacking)}.")
    return not lacking


def assumptions(result: object) -> None:
    """Show what must hold for a result, folded under its method's name."""
    _display_html(html.assumptions(result.method, result.assumptions))  # type: ignore[attr-defined]


def figure(ax: Axes, alt: str | None = None) -> None:
    """Show the figure of `ax` as PNG with its alt text and, as caption, its title.

    Raises
    ------
    ReportError
        When the alt text is shorter than 20 characters.
    """
    from IPython.display import Image, display

    alt = alt or figures.alt_text(ax)
    if len(alt) < 20:
        raise ReportError(
            f"A figure needs an alt text of at least 20 characters that says what it shows; found {alt!r}."
        )
    told = {"alt": alt, "caption": figures.caption(ax)}
    picture = figures.png(ax)  # first, since ticks get their words when they are drawn
    if draws := figures.mark(ax):
        told |= {"draws": draws, "words": "\n".join(figures.words(ax))}
    display(Image(picture, format="png"), metadata={"image/png": told})


def table(
    frame: pd.DataFrame,
    caption: str,
    *,
    columns: Mapping[str, str] | list[str] | None = None,
    formats: Mapping[str, html.Format] | None = None,
    interval_style: str | None = None,
    most: int | None = None,
    folded: bool = False,
    links: str | None = None,
) -> None:
    """Show a frame as an accessible table, see `journeylab.html.table`; `folded` hides it behind its caption."""
    content = html.table(
        frame, caption, columns=columns, formats=formats, interval_style=interval_style, most=most, links=links
    )
    if folded:
        content = f"<details><summary>Data: {html.escape(caption)}</summary>{content}</details>"
    _display_html(content)


def markup(fragment: str) -> None:
    """Show HTML that the package itself drew (a map, a table); never pass text from data unescaped."""
    _display_html(fragment)


def _display_html(fragment: str) -> None:
    from IPython.display import HTML, display

    display(HTML(fragment))
