"""Options of Qualtrics exports: which columns are which instrument and item."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.readers.options import TableOptions

ROLES = ("respondent_id", "response_time", "verbatim")
KEYS = ("columns", "items", "scale_min", "scale_max", "higher_is_better", "touchpoint", "stage", "verbatim", "values")


@dataclasses.dataclass(frozen=True, kw_only=True)
class QualtricsOptions(TableOptions):
    """Options of Qualtrics exports, beside those of every table.

    Attributes
    ----------
    columns : mapping
        respondent_id (the response's id where not said), response_time (its end) and verbatim: columns of the file.
    instrument : str, optional
        Where the file is read for one instrument only: its name; nps where nothing else is said and Qualtrics marks one.
    items : mapping, optional
        Of one instrument: column to the name of the item.
    scale_min, scale_max, higher_is_better, touchpoint, stage : optional
        Of every instrument that does not say its own; the known instruments know their scale.
    instruments : mapping, optional
        Of several: name to a table of `columns` (a list) or `items`, and `scale_min`, `scale_max`, `higher_is_better`,
        `touchpoint`, `stage`, `verbatim` (a column), `values`.
    values : mapping, optional
        Choice texts to numbers, where the texts do not tell them.
    unfinished : str
        "keep" (default) or "drop" responses that were not finished.
    """

    instrument: str | None = None
    items: Mapping[str, str] | None = None
    scale_min: float | None = None
    scale_max: float | None = None
    higher_is_better: bool | None = None
    touchpoint: str | None = None
    stage: str | None = None
    instruments: Mapping[str, Mapping[str, Any]] | None = None
    values: Mapping[str, float] | None = None
    unfinished: str = "keep"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._one_of("unfinished", ("keep", "drop"))
        self._mapping("items")
        for name in ("instrument", "touchpoint", "stage"):
            self._typed(name, str, "text")
        for name in ("scale_min", "scale_max"):
            self._typed(name, (int, float), "a number")
        self._typed("higher_is_better", bool, "true or false")
        for name in self.columns:
            if name not in ROLES:
                raise StudyError(
                    f"option columns: '{name}' is not read; there are {listing(ROLES)}. Questions belong to items or "
                    f"instruments.{did_you_mean(name, ROLES)}"
                )
        if self.instruments is not None and (self.items or self.instrument):
            raise StudyError("option instruments: says all instruments; leave items and instrument away.")
        if self.items and not self.instrument:
            raise StudyError("option items: belongs to an instrument; say it, such as instrument = 'sus'.")
        for name, said in (self.instruments or {}).items():
            _check_instrument(name, said)


@dataclasses.dataclass(frozen=True)
class Asked:
    """One instrument and the columns that hold its items.

    Attributes
    ----------
    name : str
    items : mapping
        Column to the name of the item.
    low, high : float
        The ends of the scale.
    values : mapping
        Choice texts to numbers.
    """

    name: str
    items: Mapping[str, str]
    low: float
    high: float
    higher_is_better: bool
    touchpoint: str | None
    stage: str | None
    verbatim: str | None
    values: Mapping[str, float]


def _check_instrument(name: str, said: object) -> None:
    """Refuse an instrument that cannot be read."""
    place = f"option instruments.{name}"
    if not isinstance(said, Mapping) or not ("columns" in said) ^ ("items" in said):
        raise StudyError(
            f"{place}: found {said!r}, expected a table with columns or items, such as {{columns = ['Q1']}}."
        )
    for key in said:
        if key not in KEYS:
            raise StudyError(f"{place}: has no key '{key}'; there are {listing(KEYS)}.{did_you_mean(str(key), KEYS)}")
    columns, items = said.get("columns"), said.get("items")
    if columns is not None and (isinstance(columns, str) or not isinstance(columns, Sequence) or not columns):
        raise StudyError(f"{place}.columns: found {columns!r}, expected a list of columns.")
    if items is not None and (not isinstance(items, Mapping) or not items):
        raise StudyError(f"{place}.items: found {items!r}, expected a table of columns and names of items.")
    for key in ("scale_min", "scale_max"):
        if said.get(key) is not None and (isinstance(said[key], bool) or not isinstance(said[key], int | float)):
            raise StudyError(f"{place}.{key}: found {said[key]!r}, expected a number.")
