"""Segment: payloads of the spec as JSON lines, and the tables of its warehouses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylab.readers.account import Account, ExportOptions
from journeylab.readers.cells import first_of, micros_of, number_of, object_of, page_of, text_of
from journeylab.readers.stream import records_of

OPTIONS = ExportOptions

EVENTS = ("track", "page", "screen")
PERSONS = ("identify", "group", "alias")
TIMES = ("timestamp", "originalTimestamp", "original_timestamp", "sentAt", "sent_at", "receivedAt", "received_at")


def records(path: Path, options: ExportOptions, account: Account) -> Iterator[dict[str, Any]]:
    """Yield one dictionary an event.

    Notes
    -----
    The customer is ``userId`` (login), else ``anonymousId`` (visitor). The time is ``timestamp``, which Segment has
    corrected for the clock of the device, else ``originalTimestamp``, ``sentAt`` or ``receivedAt``. A warehouse's table
    has no type: a row with ``event`` is of ``tracks``, one with ``url`` or ``path`` of ``pages``, and a file is of
    ``screens`` by its name. Segment has no sessions; newer libraries send ``context.sessionId``.
    """
    screens = "screen" in path.stem.lower()
    for place, record in records_of(path, account):
        account.read()
        kind = _kind(record, screens)
        login = text_of(first_of(record, ("userId", "user_id")))
        visitor = text_of(first_of(record, ("anonymousId", "anonymous_id")))
        customer = options.choose(login, visitor)
        when = first_of(record, TIMES)
        time = micros_of(when, zone=options.timezone or "UTC")
        if kind in PERSONS:
            account.lose("that identify a person, not an event", place, kind)
            account.see(f"{kind} records that tell who somebody is", place)
        elif kind not in EVENTS:
            account.lose("that are neither track, page nor screen", place, kind)
        elif not customer:
            account.lose("without userId or anonymousId", place, first_of(record, ("event", "name")))
        elif time is None:
            account.lose("with no timestamp that is a time", place, when or first_of(record, ("event", "name")))
        else:
            context = object_of(record.get("context"))
            properties = object_of(record.get("properties"))
            touchpoint = _touchpoint(kind, record, properties, context, options)
            yield {
                "customer_id": customer,
                "event_time": time,
                "touchpoint": touchpoint,
                "channel": text_of(
                    object_of(context.get("campaign")).get("medium") or record.get("context_campaign_medium")
                ),
                "device": text_of(object_of(context.get("device")).get("type") or record.get("context_device_type")),
                "value": number_of(first_of(properties or record, ("revenue", "total", "value"))),
                "session_id": _session(context, record, visitor or login),
                "event": text_of(record.get("event")) or kind,
                "page": text_of(_of_page("url", record, properties, context)),
                "visitor_id": visitor,
                "login_id": login,
            }


def _kind(record: dict[str, Any], screens: bool) -> str:
    """The call that made a record: said by type, or known by the columns of a warehouse's table."""
    said = text_of(first_of(record, ("type", "action"))).lower()
    if said in EVENTS or said in PERSONS:
        return said
    if record.get("event"):
        return "track"
    if record.get("url") or record.get("path"):
        return "page"
    return "screen" if screens else said


def _touchpoint(
    kind: str, record: dict[str, Any], properties: dict[str, Any], context: dict[str, Any], options: ExportOptions
) -> str:
    if kind == "track":
        return text_of(first_of(record, ("event_text", "event"))) or kind
    name = text_of(record.get("name")) or text_of(properties.get("name")) or kind
    if kind == "screen" or options.pages == "event":
        return name
    if options.pages == "title":
        return text_of(_of_page("title", record, properties, context)) or name
    path = text_of(_of_page("path", record, properties, context))
    return path or page_of(_of_page("url", record, properties, context)) or name


def _of_page(what: str, record: dict[str, Any], properties: dict[str, Any], context: dict[str, Any]) -> Any:
    """Of the page: the url, path or title, from the properties, the columns of a table or the context."""
    column = record.get(what) or record.get(f"context_page_{what}")
    return properties.get(what) or column or object_of(context.get("page")).get(what)


def _session(context: dict[str, Any], record: dict[str, Any], who: str) -> str:
    session = text_of(context.get("sessionId") or record.get("context_session_id"))
    return f"{who}.{session}" if session else ""
