"""Names of columns that an engine takes for names: what a file calls its columns must never be read as SQL."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

PLAIN = re.compile(r"[^\W\d]\w*(?: \w+)*")
RESERVED = frozenset({"left_out", "repeat", "own_name", "own_channel"})
"""Columns that the preparation makes itself."""


@functools.cache
def plain_name(name: str) -> str:
    """Write a name so that it is no SQL: letters, digits, underscores and single spaces; such names stay as they are.

    Examples
    --------
    >>> plain_name("order id"), plain_name("device.category"), plain_name("count(*)"), plain_name("*"), plain_name("7")
    ('order id', 'device_category', 'count_', '_', '_7')
    >>> plain_name("date"), plain_name("from"), plain_name("current_date")
    ('date', 'from_', 'current_date_')
    """
    if not PLAIN.fullmatch(name):
        name = re.sub(r"\W+", "_", name) or "_"
        name = f"_{name}" if name[0].isdigit() else name
    return f"{name}_" if name.lower() in RESERVED or (" " not in name and _is_word_of_sql(name)) else name


def _is_word_of_sql(name: str) -> bool:
    """Whether SQL reads a word otherwise than as the name of a column."""
    import sqlglot
    from sqlglot import exp

    try:
        read = sqlglot.parse_one(name, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return True
    return not (isinstance(read, exp.Column) and read.name == name)


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """Give every column a plain name of its own; those that are plain keep theirs.

    Examples
    --------
    >>> plain_names(["a.b", "a_b", "a-b"])
    {'a.b': 'a_b_2', 'a_b': 'a_b', 'a-b': 'a_b_3'}
    """
    found = {name: plain_name(name) for name in names}
    taken = {name.lower() for name, plain in found.items() if plain == name}
    for name, plain in found.items():
        if plain == name:
            continue
        number, free = 1, plain
        while free.lower() in taken:
            number += 1
            free = f"{plain}_{number}"
        found[name] = free
        taken.add(free.lower())
    return found
