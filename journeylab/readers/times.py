"""Text to times in UTC: ISO as it stands, other forms only by an explicit option, zones never guessed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from journeylab.errors import DataError
from journeylab.readers.ledger import examples, shorten
from journeylab.readers.options import TableOptions
from journeylab.text import count

ZONE = r"\s*(?:[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)"
ISO = rf"^\d{{4}}([-/])\d{{1,2}}\1\d{{1,2}}(?:[Tt ]\d{{2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d+)?)?(?:{ZONE})?)?$"
DAY_MONTH = (
    r"^(?P<a>\d{1,2})[./-](?P<b>\d{1,2})[./-](?P<year>\d{4}|\d{2})"
    r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d{1,6})?))?\s*(?P<half>[AaPp][Mm])?"
    rf"(?P<zone>{ZONE})?)?$"
)
UNIX = {"unix": "s", "unix_ms": "ms", "unix_us": "us"}
TOLERATED = 0.05
"""A larger share of dates that only the other order of day and month can explain is an error of the option."""


class NoTimesError(DataError):
    """Not one value of a column is a time."""


@dataclasses.dataclass(frozen=True)
class Times:
    """Parsed times.

    Attributes
    ----------
    values : Series of datetime64[us, UTC]
        NaT where empty or bad.
    bad : Series of bool
        Cells that hold something that is no time.
    notes : tuple of str
        Conversions that a reader should know of.
    """

    values: pd.Series
    bad: pd.Series
    notes: tuple[str, ...] = ()


def parse_times(
    text: pd.Series, options: TableOptions, *, column: str, path: str, timezone: str | None = None
) -> Times:
    """Parse a column of text.

    Parameters
    ----------
    text : Series of str
        Index ``row``; empty cells are "".
    options : TableOptions
        `date_format`, `day_first`, `timezone` and `mixed_zones` are used.
    column, path : str
        For messages.
    timezone : str, optional
        Zone of this column, where it is not that of the options.

    Raises
    ------
    DataError
        When the column cannot be read without an option: day or month first, no zone, zones in some cells only,
        or not one cell is a time.

    Notes
    -----
    A local time that a clock skips in spring is moved to the next that exists; one that it shows twice in autumn
    is taken as the first. Both are counted in the notes. Fractions beyond microseconds are cut.
    """
    text = text.str.strip()
    filled = text != ""
    place = f"{path}: column {column}"
    if options.date_format in UNIX:
        values = _unix(text, UNIX[str(options.date_format)])
        return _checked(values, filled, text, place, ())
    if options.date_format is not None:
        naive, zoned = _by_format(text, options.date_format, place)
    else:
        naive, zoned = _by_shape(text, options, place)
    notes: list[str] = []
    has_naive, has_zoned = naive.notna(), zoned.notna()
    if has_naive.any() and has_zoned.any():
        if options.mixed_zones != "study":
            raise DataError(
                f"{place}: {count(int(has_zoned.sum()))} times carry a zone ({_first(text, has_zoned)}) and "
                f"{count(int(has_naive.sum()))} do not ({_first(text, has_naive)}); set mixed_zones = 'study' to read the "
                "latter in the study's timezone, or mend the export."
            )
        notes.append(f"{column}: {count(int(has_naive.sum()))} times without a zone stand among times with one")
    values = zoned
    if has_naive.any():
        zone = timezone or options.timezone
        if zone is None:
            raise DataError(
                f"{place}: times such as {_first(text, has_naive)} carry no zone; say it with the option timezone, "
                "such as timezone = 'Europe/Berlin' or 'UTC'."
            )
        values = zoned.where(~has_naive, _localise(naive, zone, column, notes))
    return _checked(values.dt.as_unit("us"), filled, text, place, tuple(notes))


def looks_like_times(text: pd.Series, options: TableOptions) -> bool:
    """Say whether nearly all filled cells are written like times."""
    text = text.str.strip()
    text = text[text != ""]
    if text.empty:
        return False
    if options.date_format in UNIX:
        return False
    if options.date_format is not None:
        naive, zoned = _by_format(text, options.date_format, "")
        return bool((naive.notna() | zoned.notna()).mean() >= 0.9)
    return bool((text.str.match(ISO) | text.str.match(DAY_MONTH)).mean() >= 0.9)


def _checked(values: pd.Series, filled: pd.Series, text: pd.Series, place: str, notes: tuple[str, ...]) -> Times:
    bad = filled & values.isna()
    if bad.any() and int(bad.sum()) == int(filled.sum()):
        raise NoTimesError(
            f"{place}: not one of its {count(int(filled.sum()))} values is a time that can be read, such as "
            f"{', '.join(examples(text.index[bad], text[bad]))}; times look like 2025-01-31T14:05:00Z. "
            "Name another column, or say how they are written with date_format, such as '%d.%m.%Y %H:%M'."
        )
    return Times(values, bad, notes)


def _first(text: pd.Series, mask: pd.Series) -> str:
    """The first cell of some, with its row."""
    return ", ".join(examples(text.index[mask][:1], text[mask].iloc[:1]))


def _never(index: pd.Index) -> pd.Series:
    """No time at all."""
    return pd.Series(pd.NaT, index=index, dtype="datetime64[us]")


def _unix(text: pd.Series, unit: str) -> pd.Series:
    """Seconds, milliseconds or microseconds since 1970."""
    scale = {"s": 1_000_000, "ms": 1_000, "us": 1}[unit]
    numbers = pd.to_numeric(text.where(text.str.match(r"^-?\d{1,18}(\.\d+)?$")), errors="coerce") * scale
    numbers = numbers.where(numbers.abs() < 2**62)
    values = _never(text.index)
    known = numbers.notna()
    values[known] = np.datetime64(0, "us") + numbers[known].round().astype("int64").to_numpy().astype("timedelta64[us]")
    return values.dt.tz_localize("UTC")


def _by_format(text: pd.Series, format: str, place: str) -> tuple[pd.Series, pd.Series]:
    """Times by a strptime format: without a zone, and with one."""
    zoned = "%z" in format or "%Z" in format
    try:
        values = pd.to_datetime(text.where(text != ""), format=format, errors="coerce", utc=zoned)
    except ValueError as error:
        raise DataError(f"{place}: option date_format: {format!r} is no format of strptime ({error}).") from None
    values = values.dt.as_unit("us")
    never = _never(text.index)
    return (never, values) if zoned else (values, never.dt.tz_localize("UTC"))


def _by_shape(text: pd.Series, options: TableOptions, place: str) -> tuple[pd.Series, pd.Series]:
    """Times by how they are written: ISO, or day and month in the order that the option says."""
    iso = text.str.match(ISO)
    other = ~iso & (text != "")
    if other.any():
        other &= text.str.match(DAY_MONTH)
    naive, zoned = _iso(text.where(iso, ""))
    if other.any():
        if options.day_first is None:
            raise DataError(
                f"{place}: {_first(text, other)} may be day or month first; say it with day_first = true or false, "
                "or write the form with date_format, such as '%d.%m.%Y'."
            )
        ordered = _ordered(text[other], options.day_first, place)
        naive_too, zoned_too = _iso(ordered)
        naive, zoned = naive.fillna(naive_too.reindex(text.index)), zoned.fillna(zoned_too.reindex(text.index))
    return naive, zoned


def _iso(text: pd.Series) -> tuple[pd.Series, pd.Series]:
    """ISO times: without a zone, and with one."""
    joined = text.str.replace(",", ".", regex=False)
    if joined.str.contains(r"\.\d{7}").any():
        joined = joined.str.replace(r"(\.\d{6})\d+", r"\1", regex=True)
    has_zone = joined.str.contains(rf":.*{ZONE}$")
    plain = joined.where(~has_zone & (joined != ""))
    naive = pd.to_datetime(plain, format="ISO8601", errors="coerce").dt.as_unit("us")
    if not has_zone.any():
        return naive, _never(text.index).dt.tz_localize("UTC")
    marked = joined.where(has_zone).str.replace(r"\s*([Zz]|UTC|GMT)$", "Z", regex=True)
    marked = marked.str.replace(r"\s+([+-]\d{2}(?::?\d{2})?)$", r"\1", regex=True)
    zoned = pd.to_datetime(marked, format="ISO8601", utc=True, errors="coerce").dt.as_unit("us")
    return naive, zoned


def _ordered(text: pd.Series, day_first: bool, place: str) -> pd.Series:
    """Rewrite dates with day and month into ISO."""
    parts = text.str.extract(DAY_MONTH).fillna("")
    day, month = (parts["a"], parts["b"]) if day_first else (parts["b"], parts["a"])
    turned = (month.astype("int64") > 12) & (day.astype("int64") <= 12)
    if turned.mean() > TOLERATED:
        raise DataError(
            f"{place}: with day_first = {str(day_first).lower()} {count(int(turned.sum()))} of {count(len(text))} dates have a "
            f"month above 12, such as {_first(text, turned)}; set day_first = {str(not day_first).lower()}, or date_format."
        )
    year = parts["year"].where(parts["year"].str.len() == 4, "20" + parts["year"])
    hour = pd.to_numeric(parts["hour"].where(parts["hour"] != "", "0")).astype("int64")
    half = parts["half"].str.lower()
    impossible = (half != "") & ((hour < 1) | (hour > 12))
    hour = hour.where(half == "", hour % 12 + 12 * (half == "pm"))
    minute = parts["minute"].where(parts["minute"] != "", "00")
    second = parts["second"].where(parts["second"] != "", "00")
    clock = hour.astype("str").str.zfill(2) + ":" + minute + ":" + second
    written = year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2) + "T" + clock + parts["zone"].str.strip()
    return written.where(~impossible, "")


def _localise(naive: pd.Series, zone: str, column: str, notes: list[str]) -> pd.Series:
    """Put local times into UTC, and note those that a change of the clock makes doubtful."""
    first = np.ones(len(naive), dtype=bool)
    values = naive.dt.tz_localize(zone, nonexistent="shift_forward", ambiguous=first)
    if zone != "UTC":
        doubled = naive.notna() & naive.dt.tz_localize(zone, nonexistent="shift_forward", ambiguous="NaT").isna()
        skipped = naive.notna() & naive.dt.tz_localize(zone, nonexistent="NaT", ambiguous=first).isna()
        for mask, what in (
            (doubled, "occur twice, as clocks go back; taken as the first"),
            (skipped, "do not exist, as clocks go forward; moved to the next that does"),
        ):
            if mask.any():
                example = f"row {naive.index[mask][0]} ({shorten(naive[mask].iloc[0])})"
                notes.append(f"{column}: {count(int(mask.sum()))} times in {zone} {what}, such as {example}")
    return values.dt.tz_convert("UTC")
