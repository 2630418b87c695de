"""What is known of people and documents, as variables of a kind that REFI-QDA knows."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.api import types

from journeylab.text import is_missing

Kind = Literal["Text", "Boolean", "Integer", "Float", "DateTime"]


@dataclasses.dataclass(frozen=True)
class Variable:
    """One variable and the values that are known.

    Attributes
    ----------
    name : str
    kind : str
        Text, Boolean, Integer, Float or DateTime.
    values : mapping
        Of a person or document, by its id; who has no value is not in it.
    description : str
    """

    name: str
    kind: Kind
    values: Mapping[str, Any]
    description: str = ""


def variables_of(frame: pd.DataFrame, key: str, columns: Iterable[Hashable]) -> list[Variable]:
    """Make one variable a column, with the values of the rows that have one."""
    found = []
    for column in columns:
        filled = frame[[key, column]].dropna()
        kind = _kind(frame[column])
        values = {
            str(one): value
            for one, value in zip(filled[key], filled[column], strict=True)
            if value_text(kind, value) is not None
        }
        found.append(Variable(str(column), kind, values))
    return found


def _kind(values: pd.Series) -> Kind:
    if types.is_bool_dtype(values.dtype):
        return "Boolean"
    if types.is_integer_dtype(values.dtype):
        return "Integer"
    if types.is_float_dtype(values.dtype):
        return "Float"
    return "DateTime" if types.is_datetime64_any_dtype(values.dtype) else "Text"


def value_text(kind: Kind, value: Any) -> str | None:
    """Write a value as the schema wants it; None where there is none.

    Examples
    --------
    >>> value_text("Float", 1e-7), value_text("Boolean", True), value_text("Float", float("inf"))
    ('0.0000001', 'true', None)
    """
    if is_missing(value):
        return None
    if kind == "Boolean":
        return "true" if value else "false"
    if kind == "Integer":
        return str(int(value))
    if kind == "Float":
        number = float(value)
        return format(Decimal(repr(number)), "f") if np.isfinite(number) else None
    return time_text(value) if kind == "DateTime" else str(value) or None


def time_text(time: pd.Timestamp) -> str:
    """Write a time in UTC.

    Examples
    --------
    >>> time_text(pd.Timestamp("2026-03-01T10:00:00+01:00"))
    '2026-03-01T09:00:00Z'
    """
    stamp = pd.Timestamp(time)
    stamp = stamp.tz_localize("UTC") if stamp.tz is None else stamp.tz_convert("UTC")
    return stamp.isoformat().replace("+00:00", "Z")
