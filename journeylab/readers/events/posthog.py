"""PostHog: events of a batch export, of the API or of a table, as JSON lines, CSV or Parquet.

Written from PostHog's documentation and tried on made-up samples, not on a customer's file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylab.readers.account import Account, ExportOptions
from journeylab.readers.cells import first_of, micros_of, number_of, object_of, page_of, text_of
from journeylab.readers.stream import records_of

OPTIONS = ExportOptions

COLUMNS = (
    "uuid",
    "event",
    "distinct_id",
    "person_id",
    "person",
    "properties",
    "timestamp",
    "elements",
    "elements_chain",
)
"""The columns that are read of a Parquet file."""

PERSONS = ("$identify", "$set", "$create_alias", "$merge_dangerously", "$groupidentify")


def records(path: Path, options: ExportOptions, account: Account) -> Iterator[dict[str, Any]]:
    """Yield one dictionary an event.

    Notes
    -----
    The customer is ``person_id`` (login: the person whom PostHog knows behind several devices), else ``distinct_id``
    (visitor). ``properties`` is an object, JSON text, or columns that begin with ``properties.``. Times without a zone
    are UTC.
    """
    for place, record in records_of(path, account, COLUMNS):
        account.read()
        name = text_of(record.get("event"))
        visitor = text_of(record.get("distinct_id"))
        login = text_of(record.get("person_id") or _person(record))
        customer = options.choose(login, visitor)
        time = micros_of(record.get("timestamp"), zone=options.timezone or "UTC")
        if not name:
            account.lose("without event", place)
        elif name in PERSONS:
            account.lose("that identify a person, not an event", place, name)
        elif not customer:
            account.lose("without distinct_id or person_id", place, name)
        elif time is None:
            account.lose("with no timestamp that is a time", place, record.get("timestamp"))
        else:
            properties = _properties(record)
            yield {
                "customer_id": customer,
                "event_time": time,
                "touchpoint": _touchpoint(name, record, properties, options),
                "channel": text_of(properties.get("utm_medium")),
                "device": text_of(properties.get("$device_type")),
                "value": number_of(first_of(properties, ("$revenue", "revenue", "total", "value", "amount"))),
                "session_id": text_of(properties.get("$session_id")),
                "event": name,
                "page": text_of(properties.get("$current_url")),
                "visitor_id": visitor,
                "login_id": login,
            }


def _person(record: dict[str, Any]) -> Any:
    """The person's id as the API nests it and as its tables write it."""
    person = object_of(record.get("person"))
    return person.get("uuid") or person.get("id") or record.get("person.uuid") or record.get("person.id")


def _properties(record: dict[str, Any]) -> dict[str, Any]:
    nested = object_of(record.get("properties"))
    if nested:
        return nested
    return {key.removeprefix("properties."): value for key, value in record.items() if key.startswith("properties.")}


def _touchpoint(name: str, record: dict[str, Any], properties: dict[str, Any], options: ExportOptions) -> str:
    if name == "$autocapture":
        element = _element(record, properties)
        return f"autocapture: {element}" if element else "autocapture"
    if name == "$screen" and options.pages != "event":
        return text_of(properties.get("$screen_name")) or name
    if name != "$pageview" or options.pages == "event":
        return name
    if options.pages == "title":
        return text_of(first_of(properties, ("title", "$title"))) or name
    return page_of(properties.get("$current_url")) or text_of(properties.get("$pathname")) or name


def _element(record: dict[str, Any], properties: dict[str, Any]) -> str:
    """The text of what was clicked, else its tag; PostHog writes elements from the innermost outwards."""
    text = text_of(properties.get("$el_text"))
    if text:
        return text
    for elements in (record.get("elements"), properties.get("$elements")):
        if isinstance(elements, list) and elements and isinstance(elements[0], dict):
            return text_of(first_of(elements[0], ("text", "$el_text", "tag_name")))
    chain = text_of(record.get("elements_chain") or properties.get("$elements_chain"))
    tag = re.match(r"[\w-]*", chain)
    said = re.search(r'(?<!\w)text="((?:[^"\\]|\\.)*)"', _innermost(chain))
    return (said[1].replace('\\"', '"').strip() if said else "") or (tag[0] if tag else "")


def _innermost(chain: str) -> str:
    """The first element of a chain, which ends at a semicolon that no quotation mark holds."""
    first = re.match(r'(?:[^";]|"(?:[^"\\]|\\.)*")*', chain)
    return first[0] if first else ""
