"""The contracts themselves: every table that a reader makes, column by column."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

import pandas as pd
from pandas.api import types

KindName = Literal["text", "time", "number", "whole", "flag"]


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of value: how messages call it, and whether a column holds it."""

    words: str
    holds: Callable[[pd.Series], bool]


def _is_time(values: pd.Series) -> bool:
    return isinstance(values.dtype, pd.DatetimeTZDtype) and str(values.dtype.tz) == "UTC"


def _is_whole(values: pd.Series) -> bool:
    return types.is_integer_dtype(values.dtype) or (
        types.is_float_dtype(values.dtype) and bool((values.dropna() % 1 == 0).all())
    )


def _is_number(values: pd.Series) -> bool:
    return types.is_numeric_dtype(values.dtype) and not types.is_bool_dtype(values.dtype)


def _is_text(values: pd.Series) -> bool:
    return types.is_string_dtype(values.dtype) or bool(values.isna().all())


KINDS: dict[str, Kind] = {
    "text": Kind("text", _is_text),
    "time": Kind("a time in UTC", _is_time),
    "number": Kind("a number", _is_number),
    "whole": Kind("a whole number", _is_whole),
    "flag": Kind("yes or no", lambda values: types.is_bool_dtype(values.dtype)),
}


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a contract table.

    Attributes
    ----------
    name : str
    kind : str
        text, time, number, whole or flag.
    required : bool
        Whether the table is wrong without it.
    filled : bool
        Whether every cell must hold something.
    unique : bool
        Whether a value may stand only once.
    low, high : float, optional
        The range of numbers.
    """

    name: str
    kind: KindName = "text"
    required: bool = True
    filled: bool = True
    unique: bool = False
    low: float | None = None
    high: float | None = None


@dataclasses.dataclass(frozen=True)
class Table:
    """A contract table; extra columns are kept.

    Attributes
    ----------
    columns : tuple of Column
    one_of : tuple of str
        At least one of these columns must be there.
    """

    columns: tuple[Column, ...]
    one_of: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]


def _optional(name: str, kind: KindName = "text", low: float | None = None, high: float | None = None) -> Column:
    return Column(name, kind, required=False, filled=False, low=low, high=high)


TABLES: dict[str, Table] = {
    "events": Table(
        (
            Column("customer_id"),
            Column("event_time", "time"),
            Column("touchpoint"),
            _optional("channel"),
            _optional("device"),
            _optional("value", "number"),
            _optional("session_id"),
            _optional("order", "whole"),
            _optional("source"),
        )
    ),
    "customers": Table((Column("customer_id", unique=True),)),
    "participants": Table((Column("participant_id", unique=True),)),
    "documents": Table(
        (
            Column("document_id", unique=True),
            _optional("participant_id"),
            Column("name", filled=False),
            _optional("text"),
            _optional("collected_at", "time"),
            Column("source_file", filled=False),
        )
    ),
    "codes": Table(
        (
            Column("code_id", unique=True),
            Column("path", unique=True),
            Column("name"),
            _optional("parent_id"),
            Column("codable", "flag"),
            _optional("description"),
            _optional("valence", "number", -1, 1),
            _optional("stage"),
            _optional("touchpoint"),
        )
    ),
    "segments": Table(
        (
            Column("segment_id", unique=True),
            Column("document_id"),
            _optional("start", "whole"),
            _optional("end", "whole"),
            _optional("text"),
            _optional("memo"),
        )
    ),
    "codings": Table(
        (
            Column("segment_id"),
            Column("code_id"),
            Column("coder"),
            _optional("created_at", "time"),
            _optional("weight", "number"),
        )
    ),
    "asked": Table(
        (_optional("document_id"), _optional("participant_id"), Column("stage")),
        one_of=("document_id", "participant_id"),
    ),
    "responses": Table(
        (
            Column("respondent_id"),
            Column("response_time", "time", filled=False),
            Column("instrument"),
            Column("item"),
            Column("score", "number"),
            Column("scale_min", "number"),
            Column("scale_max", "number"),
            Column("higher_is_better", "flag"),
            _optional("touchpoint"),
            _optional("stage"),
            _optional("verbatim"),
        )
    ),
    "crosswalk": Table(
        (
            Column("participant_id"),
            Column("customer_id", filled=False),
            Column("link_method", filled=False),
            Column("consent_linkage", "flag"),
            Column("consent_quotes", "flag"),
            _optional("valid_from", "time"),
            _optional("valid_to", "time"),
            _optional("withdrawn_at", "time"),
        )
    ),
    "screener": Table((Column("respondent_id", unique=True), _optional("recontact", "flag"))),
    "assignments": Table((Column("customer_id"), Column("experiment"), Column("arm"), Column("assigned_at", "time"))),
    "changes": Table(
        (
            Column("changed_at", "time"),
            Column("touchpoint", filled=False),
            Column("description", filled=False),
            _optional("control"),
            _optional("unit"),
        )
    ),
}
"""Every contract table by name; times are UTC in microseconds, ids are text."""
