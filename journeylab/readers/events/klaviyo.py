"""Klaviyo: the tables of its connectors, and the events of its API as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylab.readers.account import Account, ExportOptions
from journeylab.readers.beside import names_beside
from journeylab.readers.cells import first_of, micros_of, number_of, object_of, text_of
from journeylab.readers.connectors import paged, unwrapped
from journeylab.readers.stream import records_of

OPTIONS = ExportOptions

CHANNELS = {r"\be-?mails?\b": "e-mail", r"\b(sms|text messages?)\b": "SMS", r"\bpush\b": "push"}
"""Klaviyo says the channel in the names of its own metrics; those of a shop, such as Placed Order, have none."""


def records(path: Path, options: ExportOptions, account: Account) -> Iterator[dict[str, Any]]:
    """Yield one dictionary an event.

    Notes
    -----
    The customer is ``person_id``, in the API the related profile. The touchpoint is the name of the metric in a table
    ``metric`` beside the file, else what the row itself calls it, else the metric's id. Flows and campaigns are named
    from the tables ``flow`` and ``campaign`` beside the file in the same way; these three are held in memory. The time
    is ``datetime``, else ``timestamp``, in UTC where it says no zone. Klaviyo has no sessions. Subjects, addresses and
    other properties are not read.
    """
    metrics, flows, campaigns = (names_beside(path, table, account) for table in ("metric", "flow", "campaign"))
    for place, record in paged(records_of(path, account), "data"):
        account.read()
        event = _flat(unwrapped(record, "attributes"))
        customer, metric = text_of(event["person"]), text_of(event["metric"])
        said = metrics.get(metric) or text_of(event["name"])
        time = _time(event["time"], options)
        if text_of(event["deleted"]).lower() in ("true", "1"):
            account.lose("that were deleted (_fivetran_deleted)", place, said)
        elif not customer:
            account.lose("without person_id or a related profile", place, said)
        elif not said and not metric:
            account.lose("without a metric", place)
        elif time is None:
            account.lose("with no datetime or timestamp that is a time", place, event["time"] or said)
        else:
            touchpoint = said or _named("metric", metric, metrics, place, account)
            yield {
                "customer_id": customer,
                "event_time": time,
                "touchpoint": touchpoint,
                "channel": _channel(touchpoint),
                "value": number_of(event["value"]),
                "flow": _named("flow", text_of(event["flow"]), flows, place, account),
                "campaign": _named("campaign", text_of(event["campaign"]), campaigns, place, account),
            }


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """The parts of an event out of a row of a table or an object of the API, old or new."""
    attributes = object_of(record.get("attributes"))
    properties = object_of((attributes or record).get("event_properties"))
    flow = record.get("flow_id") or properties.get("$flow")
    return {
        "person": first_of(record, ("person_id", "profile_id")) or _related(record, "profile"),
        "metric": first_of(record, ("metric_id", "statistic_id")) or _related(record, "metric"),
        "name": None if attributes else first_of(record, ("event_name", "type")),
        "time": first_of(attributes or record, ("datetime", "timestamp")),
        "value": first_of({**record, **properties}, ("property_value", "propertyvalue", "$value")),
        "flow": flow,
        "campaign": record.get("campaign_id") or (None if flow else properties.get("$message")),
        "deleted": record.get("_fivetran_deleted"),
    }


def _related(record: dict[str, Any], kind: str) -> Any:
    """The id of what an event belongs to; in the old API the person stood in the event."""
    relation = object_of(object_of(record.get("relationships")).get(kind))
    inside = object_of(record.get("person")) if kind == "profile" else {}
    return object_of(relation.get("data")).get("id") or inside.get("id")


def _time(value: Any, options: ExportOptions) -> int | None:
    seconds = text_of(value).isdigit()
    return micros_of(value, unit="s" if seconds else None, zone=options.timezone or "UTC")


def _named(kind: str, number: str, names: dict[str, str], place: str, account: Account) -> str:
    """The name of a metric, flow or campaign; its id, and a note, where no table beside the file has it."""
    if number and not names.get(number):
        account.see(f"events with a {kind} that no table {kind} beside the file names; its id is used", place, number)
    return names.get(number) or number


def _channel(touchpoint: str) -> str:
    return next((channel for sign, channel in CHANNELS.items() if re.search(sign, touchpoint, re.IGNORECASE)), "")
