"""Conditions on the rows of a file, such as ``status == 'delivered' and late is not empty``; nothing is executed."""

from __future__ import annotations

import dataclasses
import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.errors import DataError, did_you_mean, listing
from journeylab.readers.options import TableOptions
from journeylab.readers.times import looks_like_times, parse_times
from journeylab.readers.values import parse_numbers

TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*'|\"[^\"]*\")|(?P<number>[+-]?\d+(?:\.\d+)?(?![\w]))|(?P<sign>==|!=|<=|>=|<|>)"
    r"|`(?P<quoted>[^`]*)`|(?P<word>[^\W\d][\w.]*))"
)
SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
GRAMMAR = (
    "allowed is COLUMN SIGN VALUE with a sign of == != < <= > >= and a column, a 'text' or a number as value, "
    "or COLUMN is empty, or COLUMN is not empty, joined by 'and'; a column with spaces stands in `back quotes`"
)


@dataclasses.dataclass(frozen=True)
class Operand:
    """A column, a text or a number."""

    kind: str
    value: str


@dataclasses.dataclass(frozen=True)
class Clause:
    """One comparison; the sign "empty" or "filled" has no right side."""

    left: Operand
    sign: str
    right: Operand | None = None


@dataclasses.dataclass(frozen=True)
class Condition:
    """Clauses that must all hold.

    Attributes
    ----------
    text : str
        As it was written.
    clauses : tuple of Clause
    """

    text: str
    clauses: tuple[Clause, ...]

    def holds(
        self, frame: pd.DataFrame, options: TableOptions, path: str, zones: dict[str, str] | None = None
    ) -> NDArray[np.bool_]:
        """Say for every row of a text frame whether the condition holds; shape (n_rows,).

        Two sides are compared as times where both are written as times, else as numbers where both are numbers,
        else as text. A side that is empty, or not of the kind that its column is, makes every comparison of times
        or numbers false. `zones` holds the zones of single columns.
        """
        result = np.ones(len(frame), dtype=bool)
        for clause in self.clauses:
            result &= _holds(clause, frame, options, path, zones or {})
        return result


def parse_condition(text: str, columns: list[str], where: str) -> Condition:
    """Parse a condition.

    Parameters
    ----------
    text : str
    columns : list of str
        The columns that there are.
    where : str
        File and option, for messages.

    Raises
    ------
    DataError
        With the place in the text where it goes wrong, and the grammar.
    """
    tokens = _tokens(text, where)
    clauses = []
    while True:
        clauses.append(_clause(tokens, columns, text, where))
        if not tokens:
            return Condition(text, tuple(clauses))
        kind, word = tokens.pop(0)
        if kind != "word" or word.lower() != "and":
            raise DataError(f"{where}: {text!r}: expected 'and' before {word!r}; {GRAMMAR}.")


def _tokens(text: str, where: str) -> list[tuple[str, str]]:
    """Cut a condition into tokens: (kind, value)."""
    tokens, place = [], 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if match is None:
            rest = text[place:].strip()
            cure = " Write == for equality." if rest.startswith("=") else ""
            raise DataError(f"{where}: {text!r}: cannot read {rest[:20]!r}; {GRAMMAR}.{cure}")
        kind = str(match.lastgroup)
        value = match[kind]
        tokens.append((kind, value[1:-1] if kind == "text" else value))
        place = match.end()
    return tokens


def _clause(tokens: list[tuple[str, str]], columns: list[str], text: str, where: str) -> Clause:
    """Take one comparison off the tokens."""
    left = _operand(tokens, columns, text, where)
    words = [value.lower() for _, value in tokens[:3]]
    if words[:3] == ["is", "not", "empty"]:
        del tokens[:3]
        return Clause(left, "filled")
    if words[:2] == ["is", "empty"]:
        del tokens[:2]
        return Clause(left, "empty")
    if not tokens or tokens[0][0] != "sign":
        found = repr(tokens[0][1]) if tokens else "the end"
        raise DataError(f"{where}: {text!r}: expected a sign after {left.value!r}, found {found}; {GRAMMAR}.")
    sign = tokens.pop(0)[1]
    right = _operand(tokens, columns, text, where)
    if left.kind != "column":
        raise DataError(f"{where}: {text!r}: the left side {left.value!r} is no column; {GRAMMAR}.")
    return Clause(left, sign, right)


def _operand(tokens: list[tuple[str, str]], columns: list[str], text: str, where: str) -> Operand:
    """Take one side of a comparison off the tokens."""
    if not tokens:
        raise DataError(f"{where}: {text!r}: ends too early; {GRAMMAR}.")
    kind, value = tokens.pop(0)
    if kind in {"text", "number"}:
        return Operand(kind, value)
    if kind == "sign":
        raise DataError(f"{where}: {text!r}: expected a column or a value, found {value!r}; {GRAMMAR}.")
    if value not in columns:
        raise DataError(
            f"{where}: {text!r}: there is no column '{value}'; there are {listing(columns, 20)}."
            f"{did_you_mean(value, columns)} A text stands in quotes: '{value}'."
        )
    return Operand("column", value)


def _holds(
    clause: Clause, frame: pd.DataFrame, options: TableOptions, path: str, zones: dict[str, str]
) -> NDArray[np.bool_]:
    left = frame[clause.left.value]
    if clause.sign in {"empty", "filled"}:
        empty = (left.str.strip() == "").to_numpy(dtype=bool)
        return empty if clause.sign == "empty" else ~empty
    assert clause.right is not None
    compare, right = SIGNS[clause.sign], clause.right
    if right.kind == "column":
        other, written = frame[right.value], options
    else:
        # a value in a condition is written in ISO and with a point, however the file writes its own
        other = pd.Series([right.value], dtype="str")
        written = dataclasses.replace(options, date_format=None, decimal=".")
    if right.kind != "number" and _timelike(left, options) and _timelike(other, written):
        a = _times(left, options, clause.left.value, path, zones)
        b = _times(other, written, right.value, path, zones if right.kind == "column" else {})
        return _compare(compare, a, b, right.kind == "column")
    ordering = clause.sign not in {"==", "!="}
    numbers = right.kind == "column" or ordering
    if right.kind == "number" or (numbers and _numeric(left, options) and _numeric(other, written)):
        a, b = parse_numbers(left, options.decimal)[0], parse_numbers(other, written.decimal)[0]
        return _compare(compare, a, b, right.kind == "column")
    left, other = left.str.strip(), other.str.strip()
    return np.asarray(compare(left, other if right.kind == "column" else other.iloc[0]), dtype=bool)


def _compare(compare: Callable[[Any, Any], Any], a: pd.Series, b: pd.Series, whole: bool) -> NDArray[np.bool_]:
    """Compare a column with a column or with one value; false where either is unknown."""
    known = a.notna() & (b.notna() if whole else bool(b.notna().iloc[0]))
    return (known & compare(a, b if whole else b.iloc[0])).to_numpy(dtype=bool)


def _timelike(text: pd.Series, options: TableOptions) -> bool:
    sample = text[text.str.strip() != ""].iloc[:1000]
    return looks_like_times(sample, options)


def _times(text: pd.Series, options: TableOptions, column: str, path: str, zones: dict[str, str]) -> pd.Series:
    return parse_times(text, options, column=column, path=path, timezone=zones.get(column)).values


def _numeric(text: pd.Series, options: TableOptions) -> bool:
    """Whether nearly all filled cells are numbers."""
    filled = text[text.str.strip() != ""].iloc[:1000]
    return not filled.empty and bool(parse_numbers(filled, options.decimal)[1].mean() <= 0.1)
