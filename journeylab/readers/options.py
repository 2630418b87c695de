"""The options of the tabular readers, and a message for every option that is wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from journeylab.errors import StudyError, did_you_mean, listing

Options = TypeVar("Options", bound="TableOptions")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TableOptions:
    """How a file is read and which of its columns is which; every tabular reader takes these.

    Attributes
    ----------
    columns : mapping
        Name in the contract to column in the file.
    separator, encoding : str, optional
        Of a text file; found out where not said.
    decimal : str
        "." or ",".
    date_format : str, optional
        How times are written, in the signs of strptime, or "unix", "unix_ms", "unix_us".
    day_first : bool, optional
        Whether 03/04/2025 is the third of April.
    timezone : str, optional
        The zone of times written without one.
    mixed_zones : str, optional
        "study": in a column with both kinds, times without a zone are in `timezone`.
    sheet : str, optional
        Of a workbook; the first where not said.
    where : str, optional
        Which rows to read, such as ``status == 'delivered'``; see `journeylab.readers.conditions`.
    keep : sequence of str, optional
        The extra columns to keep; all where not said.
    drop_duplicates : bool or sequence of str, optional
        Drop rows that repeat an earlier one, in all columns or in these.
    duplicate_ignore : sequence of str, optional
        Columns that do not count when rows are compared.
    source : str, optional
        The name of the source in reports.
    """

    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    separator: str | None = None
    encoding: str | None = None
    decimal: str = "."
    date_format: str | None = None
    day_first: bool | None = None
    timezone: str | None = None
    mixed_zones: str | None = None
    sheet: str | None = None
    where: str | None = None
    keep: Sequence[str] | None = None
    drop_duplicates: bool | Sequence[str] | None = None
    duplicate_ignore: Sequence[str] | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        self._one_of("decimal", (".", ","))
        self._one_of("mixed_zones", (None, "study"))
        self._mapping("columns")
        for name in ("separator", "encoding", "date_format", "timezone", "sheet", "where", "source"):
            self._typed(name, str, "text")
        self._typed("day_first", bool, "true or false")
        self._names("keep")
        self._names("duplicate_ignore")
        if not isinstance(self.drop_duplicates, bool):
            self._names("drop_duplicates")
        if self.timezone is not None:
            check_timezone(self.timezone)

    def _one_of(self, name: str, allowed: tuple[object, ...]) -> None:
        value = getattr(self, name)
        if value not in allowed:
            words = [str(word) for word in allowed if word is not None]
            raise StudyError(
                f"option {name}: found {value!r}, allowed: {listing(words)}.{did_you_mean(str(value), words)}"
            )

    def _typed(self, name: str, kind: type | tuple[type, ...], words: str) -> None:
        value = getattr(self, name)
        if value is not None and not isinstance(value, kind):
            raise StudyError(f"option {name}: found {value!r}, expected {words}.")

    def _mapping(self, name: str) -> None:
        value = getattr(self, name)
        if value is None:
            return
        if not isinstance(value, Mapping) or not all(
            isinstance(k, str) and isinstance(v, str) for k, v in value.items()
        ):
            raise StudyError(f"option {name}: found {value!r}, expected a table of names, such as {{ours = 'theirs'}}.")

    def _names(self, name: str) -> None:
        value = getattr(self, name)
        if value is None:
            return
        if (
            isinstance(value, str)
            or not isinstance(value, Sequence)
            or not all(isinstance(item, str) for item in value)
        ):
            raise StudyError(f"option {name}: found {value!r}, expected a list of column names.")


def make_options(kind: type[Options], given: Mapping[str, Any], reader: str) -> Options:
    """Make the options of a reader from keyword arguments.

    Raises
    ------
    StudyError
        For an option that the reader does not know, with the nearest one it knows, or a value it cannot use.
    """
    allowed = [field.name for field in dataclasses.fields(kind)]
    unknown = [name for name in given if name not in allowed]
    if unknown:
        raise StudyError(
            f"the reader of {reader} has no option '{unknown[0]}'; it has {listing(allowed, 40)}."
            + did_you_mean(unknown[0], allowed)
        )
    return kind(**given)


def check_timezone(name: str) -> None:
    """Refuse a time zone that nobody knows.

    Raises
    ------
    StudyError
        With the nearest zone that exists.
    """
    from zoneinfo import available_timezones

    if name not in available_timezones():
        raise StudyError(
            f"option timezone: '{name}' is no known time zone, write one such as 'Europe/Berlin' or 'UTC'."
            + did_you_mean(name, available_timezones())
        )
