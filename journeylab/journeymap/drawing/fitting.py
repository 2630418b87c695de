"""Words that fit into a box: measured, wrapped, and cut with an ellipsis."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

ELLIPSIS = "…"
LEADING = 1.22
"""Height of a line, in sizes of its letters."""

BREAKS = re.compile(r"[^\S\u00a0]+|[\x00-\x1f\x7f]+")
"""Where a line may break: at any space but that which keeps words together."""


@lru_cache(maxsize=1)
def _renderer() -> Any:
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(10, 10, 72)


@lru_cache(maxsize=20_000)
def width(words: str, size: float, bold: bool = False) -> float:
    """Width of words in points."""
    from matplotlib.font_manager import FontProperties

    letters = FontProperties(size=size, weight="bold" if bold else "normal")
    return float(_renderer().get_text_width_height_descent(words, letters, False)[0])


def wrap(words: str, room: float, measure: Callable[[str], float]) -> list[str]:
    """Break words into lines that are no wider than the room; a word that is wider alone is broken itself."""
    lines: list[str] = []
    line = ""
    for word in BREAKS.sub(" ", words).strip(" ").split(" "):
        while measure(word) > room and len(word) > 1:
            if line:
                lines.append(line)
                line = ""
            part = min(len(word), int(room) + 1)
            while part > 1 and measure(word[:part]) > room:
                part -= 1
            lines.append(word[:part])
            word = word[part:]
        longer = f"{line} {word}" if line else word
        if measure(longer) <= room:
            line = longer
        else:
            lines.append(line)
            line = word
    return [*lines, line] if line else lines


def fit(parts: Iterable[str], room: float, most: int, measure: Callable[[str], float]) -> list[str]:
    """Lines of several texts, each begun on a line of its own; what is beyond the most lines is cut with an ellipsis.

    Examples
    --------
    >>> fit(["one two three", "four"], 8, 2, len), fit(["one two three"], 8, 1, len)
    (['one two', 'three …'], ['one two…'])
    """
    enough = int(most * room) + 2  # no letter is narrower than a point
    lines = [line for part in parts for line in wrap(part[:enough], room, measure)]
    if len(lines) <= most:
        return lines
    kept = lines[:most]
    if not kept:
        return []
    last = f"{kept[-1]} {ELLIPSIS}" if measure(f"{kept[-1]} {ELLIPSIS}") <= room else f"{kept[-1]}{ELLIPSIS}"
    while measure(last) > room and len(last) > 1:
        last = f"{last[:-2].rstrip()}{ELLIPSIS}"
    return [*kept[:-1], last]
