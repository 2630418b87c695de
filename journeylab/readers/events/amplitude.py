"""Amplitude: the export's JSON lines, and the table or the records of a connector."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylab.readers.account import Account, ExportOptions
from journeylab.readers.cells import first_of, micros_of, number_of, object_of, page_of, text_of, whole_of
from journeylab.readers.connectors import unwrapped
from journeylab.readers.stream import records_of

OPTIONS = ExportOptions

PAGE_VIEWS = ("[Amplitude] Page Viewed", "Page Viewed")
PERSONS = ("$identify", "$groupidentify")


def records(path: Path, options: ExportOptions, account: Account) -> Iterator[dict[str, Any]]:
    """Yield one dictionary an event.

    Notes
    -----
    The customer is ``user_id`` (login), else ``device_id`` (visitor), else ``amplitude_id``. ``event_time`` is UTC and
    written without a zone. A session is the device with ``session_id``, which is the time it began and therefore not
    unique; -1 is an event outside of a session. Events of one time are ordered by ``event_id``, which counts within a
    device.
    """
    for place, wrapped in records_of(path, account):
        account.read()
        record = unwrapped(wrapped, "event_type")
        name = text_of(record.get("event_type"))
        login = text_of(record.get("user_id"))
        visitor = text_of(first_of(record, ("device_id", "amplitude_id")))
        customer = options.choose(login, visitor)
        time = micros_of(record.get("event_time"), zone=options.timezone or "UTC")
        if not name:
            account.lose("without event_type", place)
        elif name in PERSONS:
            account.lose("that identify a person, not an event", place, name)
        elif not customer:
            account.lose("without user_id, device_id or amplitude_id", place, name)
        elif time is None:
            account.lose("with no event_time that is a time", place, record.get("event_time"))
        else:
            properties = object_of(record.get("event_properties"))
            session = text_of(record.get("session_id"))
            yield {
                "customer_id": customer,
                "event_time": time,
                "touchpoint": _touchpoint(name, properties, options),
                "channel": text_of(
                    properties.get("utm_medium") or object_of(record.get("user_properties")).get("utm_medium")
                ),
                "device": text_of(first_of(record, ("platform", "device_type"))),
                "value": number_of(first_of(properties, ("$revenue", "revenue"))),
                "session_id": f"{visitor or login}.{session}" if session not in ("", "-1") else "",
                "order": whole_of(record.get("event_id")),
                "event": name,
                "page": text_of(properties.get("[Amplitude] Page URL")),
                "visitor_id": visitor,
                "login_id": login,
            }


def _touchpoint(name: str, properties: dict[str, Any], options: ExportOptions) -> str:
    if name not in PAGE_VIEWS or options.pages == "event":
        return name
    if options.pages == "title":
        return text_of(properties.get("[Amplitude] Page Title")) or name
    path = text_of(properties.get("[Amplitude] Page Path"))
    return path or page_of(properties.get("[Amplitude] Page URL")) or name
