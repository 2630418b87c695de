"""Records as connectors hand them on: what Airbyte wraps around those of the system."""

from __future__ import annotations

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
