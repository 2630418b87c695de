"""Records as connectors hand them on: what Airbyte wraps around those of the system, and pages of an API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from journeylab.readers.cells import object_of


def unwrapped(record: dict[str, Any], field: str) -> dict[str, Any]:
    """The system's record inside one of Airbyte, or the record itself.

    Parameters
    ----------
    field : str
        A field that every record of the system has: one that has it is not opened, since ``data`` may also be a
        field of the system.

    Notes
    -----
    Airbyte writes ``_airbyte_data`` (raw tables, an object or JSON text), ``{"stream": …, "data": {…}}`` (records) or
    ``{"type": "RECORD", "record": {"data": {…}}}`` (messages).
    """
    if field in record:
        return record
    outer = object_of(record.get("record")) or record
    return object_of(outer.get("_airbyte_data")) or object_of(outer.get("data")) or record


def paged(records: Iterator[tuple[str, dict[str, Any]]], field: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records on the pages that an API answers, ``{field: [record, …], …}``; others are handed on as they are."""
    for place, record in records:
        page = record.get(field)
        if not isinstance(page, list):
            yield place, record
            continue
        for number, item in enumerate(page, start=1):
            yield f"{place}, {field} {number}", object_of(item)
