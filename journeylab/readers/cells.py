"""One cell of an export: text, number, time or the page behind an address."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import numpy as np

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
EARLIEST, LATEST = -(2**61), 2**62


def text_of(value: Any) -> str:
    """A cell as text: nothing for null, no ``.0`` for a whole number, and no half of a character that JSON may hold."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def number_of(value: Any) -> float | None:
    """A cell as a finite number, or None."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if np.isfinite(number) else None


def whole_of(value: Any) -> int | None:
    """A cell as a whole number of at most 64 bits, or None."""
    number = number_of(value)
    return int(number) if number is not None and abs(number) < 2**63 and number == int(number) else None


def micros_of(value: Any, *, unit: str | None = None, zone: str = "UTC") -> int | None:
    """A time in microseconds since 1970, or None where it is none.

    Parameters
    ----------
    unit : str, optional
        "s", "ms" or "us" of a number; None reads ISO 8601, and what is written so with ``UTC`` behind it.
    zone : str
        Of a time written without one.
    """
    if unit is not None:
        number = number_of(value)
        if number is None:
            return None
        exact = int(value) if isinstance(value, int | str) and str(value).lstrip("-").isdigit() else None
        scale = {"s": 1_000_000, "ms": 1_000, "us": 1}[unit]
        if abs(number) * scale > LATEST:
            return None
        micros = exact * scale if exact is not None else round(number * scale)
        return micros if EARLIEST < micros < LATEST else None
    if isinstance(value, dt.datetime):
        time = value
    else:
        text = text_of(value)
        if text.endswith((" UTC", " GMT")):
            text = text[:-4] + "Z"
        try:
            time = dt.datetime.fromisoformat(text)
        except ValueError:
            return None
    if time.tzinfo is None:
        time = time.replace(tzinfo=dt.UTC if zone == "UTC" else ZoneInfo(zone))
    return (time - EPOCH) // dt.timedelta(microseconds=1)


def page_of(address: Any) -> str:
    """The path of a page's address, without host, query and fragment: ``https://x.org/a?b#c`` is ``/a``."""
    text = text_of(address)
    if not text:
        return ""
    try:
        path = urlsplit(text).path
    except ValueError:
        return text
    return path or "/"


def object_of(value: Any) -> dict[str, Any]:
    """A nested object, or one that is written as JSON text; empty where the cell holds neither."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def first_of(record: dict[str, Any], names: Iterable[str]) -> Any:
    """The first of several fields that holds something, else None."""
    for name in names:
        value = record.get(name)
        if value is not None and value != "":
            return value
    return None


def shorten(value: object, most: int = 40) -> str:
    """Quote something for a message."""
    text = " ".join(str(value).split()) if value is not None else ""
    return "" if not text else f"'{text}'" if len(text) <= most else f"'{text[: most - 1]}…'"
