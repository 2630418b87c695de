"""Columns of a SQLite table, whose cells may be anything: as numbers, texts, times and keys; what is none is missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from journeylab.readers.cells import micros_of, number_of, text_of
from journeylab.text import count


def whole_numbers(cells: pd.Series) -> pd.Series:
    """Cells as whole numbers (Int64); what is none is missing."""
    numbers = [number_of(cell) for cell in cells]
    fit = [int(n) if n is not None and abs(n) < 2**53 and n == int(n) else None for n in numbers]
    return pd.Series(pd.array(fit, dtype="Int64"), index=cells.index)


def plain_texts(cells: pd.Series) -> pd.Series:
    """Cells as text, as it stands; null is missing."""
    texts = [
        None if cell is None else cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)
        for cell in cells
    ]
    return pd.Series(pd.array(texts, dtype="str"), index=cells.index)


def short_texts(cells: pd.Series) -> pd.Series:
    """Cells as text without space around it; empty is missing."""
    texts = [text_of(cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell) or None for cell in cells]
    return pd.Series(pd.array(texts, dtype="str"), index=cells.index)


def moments(cells: pd.Series, zone: str) -> pd.Series:
    """Cells as times in UTC; those written without a zone are in `zone`, what is no time is missing."""
    micros = [micros_of(cell, zone=zone) if isinstance(cell, str) else None for cell in cells]
    times = np.array([np.datetime64("NaT") if n is None else n for n in micros], dtype="datetime64[us]")
    return pd.Series(pd.DatetimeIndex(times).tz_localize("UTC"), index=cells.index)


def keyed(frame: pd.DataFrame, column: str, what: str, notes: list[str]) -> pd.DataFrame:
    """The rows of a table under their number; rows without one, or with that of an earlier row, are noted and left out."""
    numbers = whole_numbers(frame[column])
    usable = numbers.notna() & ~numbers.duplicated()
    if not usable.all():
        notes.append(f"{count(int((~usable).sum()))} {what} have no number of their own and are left out")
    kept = frame[usable.to_numpy()]
    return kept.set_index(pd.Index([int(number) for number in numbers[usable]], dtype="object"))


def numbered(cells: pd.Series) -> list[int | None]:
    """References to rows of another table; what is no number refers to nothing."""
    return [None if pd.isna(number) else int(number) for number in whole_numbers(cells)]


def only(frame: pd.DataFrame, column: str, wanted: int) -> pd.DataFrame:
    """The rows whose number is the wanted one, or unknown."""
    return frame[np.array([number in (wanted, None) for number in numbered(frame[column])], dtype=bool)]


def as_keys(values: Iterable[Any], index: pd.Index) -> pd.Series:
    """Keys as a column; None stays None."""
    return pd.Series(list(values), index=index, dtype="object")
