"""Lines to cells: a quoted cell may run over several lines, and a stray quotation mark costs its own row only."""

from __future__ import annotations

import collections
import csv
from collections.abc import Iterator

from journeylab.readers.account import Account

MOST_LINES, MOST_SIGNS = 1_000, 16 * 1024**2
"""No row is longer: where a quotation mark is open for so long, it is a stray one."""


def cells_of(
    source: Iterator[tuple[int, str]], separator: str, width: int, account: Account
) -> Iterator[tuple[int, list[str]]]:
    """The cells of every row, with the number of its first line.

    Notes
    -----
    Where a mark that opens leads to no row of `width` cells, the row is read and lost here, and reading goes on with the
    next line that is a row by itself: it was not meant to stand in a cell.
    """
    waiting: collections.deque[tuple[int, str]] = collections.deque()
    while (line := waiting.popleft() if waiting else next(source, None)) is not None:
        number, text = line
        if '"' not in text:
            yield number, text.split(separator)
            continue
        if text.count('"') % 2 == 0 or not _is_open(text, separator):
            yield number, split_row(text, separator)
            continue
        taken, is_open = [line], True
        size = len(text)
        while is_open and len(taken) < MOST_LINES and size < MOST_SIGNS:
            line = waiting.popleft() if waiting else next(source, None)
            if line is None:
                break
            taken.append(line)
            size += len(line[1])
            if '"' in line[1]:
                is_open = _is_open(_joined(taken), separator)
        cells = [] if is_open else split_row(_joined(taken), separator, strict=True)
        if len(cells) == width:
            yield number, cells
            continue
        own = next(
            (place for place, other in enumerate(taken) if place and _is_row(other[1], separator, width)), len(taken)
        )
        waiting.extendleft(reversed(taken[own:]))
        account.read()
        account.lose("with a quotation mark that is never closed, or a stray one", f"row {number}", text)


def _joined(lines: list[tuple[int, str]]) -> str:
    return "\n".join(text for _, text in lines)


def split_row(text: str, separator: str, *, quotes: bool = True, strict: bool = False) -> list[str]:
    """The cells of a row; none where a sign in it is not allowed, or the strict rules are broken."""
    if not quotes:
        return text.split(separator)
    csv.field_size_limit(2**31 - 1)  # lines are limited already
    try:
        return next(csv.reader([text], delimiter=separator, strict=strict), [])
    except csv.Error:
        return []


def _is_open(text: str, separator: str) -> bool:
    """Whether a quoted cell goes on in the next line."""
    csv.field_size_limit(2**31 - 1)
    try:
        next(csv.reader([text], delimiter=separator, strict=True), [])
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _is_row(text: str, separator: str, width: int) -> bool:
    return text.count('"') % 2 == 0 and len(split_row(text, separator)) == width
