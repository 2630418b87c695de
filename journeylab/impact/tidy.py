"""Tables as they come from a notebook, made fit for what follows, or refused with what is wrong."""

from __future__ import annotations

import pandas as pd

from journeylab.errors import DataError, StudyError, listing

WORDS = ("customer_id", "touchpoint", "channel", "device", "experiment", "arm")


def tidy(frame: pd.DataFrame, what: str, needed: tuple[str, ...], time: str | None = None) -> pd.DataFrame:
    """Hold a table against the columns it needs; categories become text, and times become UTC.

    Parameters
    ----------
    frame : DataFrame
    what : str
        What the table is called in messages.
    needed : tuple of str
        Columns.
    time : str, optional
        The column of times; naive ones are read as UTC.

    Raises
    ------
    StudyError
        When it is no DataFrame.
    DataError
        When a column is missing, or holds what are no times.
    """
    if not isinstance(frame, pd.DataFrame):
        raise StudyError(
            f"{what}: found {type(frame).__name__}, expected a DataFrame with the columns {listing(needed)}."
        )
    missing = [name for name in needed if name not in frame]
    if missing:
        raise DataError(f"{what}: has no column {listing(missing)}; there are {listing(map(str, frame.columns))}.")
    changed = {
        name: frame[name].astype(object)
        for name in WORDS
        if name in frame and isinstance(frame[name].dtype, pd.CategoricalDtype)
    }
    if "arm" in frame and not pd.api.types.is_string_dtype(frame["arm"].dtype):
        changed["arm"] = frame["arm"].where(frame["arm"].isna(), frame["arm"].astype(str)).astype(object)
    if time is not None:
        changed[time] = _times(frame[time], f"{what}: {time}")
    return frame.assign(**changed) if changed else frame


def _times(values: pd.Series, where: str) -> pd.Series:
    """Times in UTC."""
    if not pd.api.types.is_datetime64_any_dtype(values):
        try:
            values = pd.to_datetime(values, utc=True, format="ISO8601")
        except (TypeError, ValueError) as error:
            raise DataError(f"{where} holds what is no time ({error}); give times such as 2026-01-31 14:05.") from None
    return values if values.dt.tz is not None else values.dt.tz_localize("UTC")
