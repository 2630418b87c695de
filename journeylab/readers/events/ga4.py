"""Google Analytics 4: the export to BigQuery, as JSON lines or nested Parquet, and the flat table of connectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylab.readers.account import Account, ExportOptions
from journeylab.readers.cells import first_of, micros_of, number_of, page_of, text_of, whole_of
from journeylab.readers.stream import records_of

OPTIONS = ExportOptions

COLUMNS = (
    "event_date", "event_timestamp", "event_name", "event_params", "event_value_in_usd", "event_bundle_sequence_id",
    "batch_event_index", "user_id", "user_pseudo_id", "device", "traffic_source", "collected_traffic_source", "ecommerce",
    "platform",
)  # fmt: skip
"""The columns that are read of a Parquet file."""

VALUES = ("string_value", "int_value", "float_value", "double_value")


def records(path: Path, options: ExportOptions, account: Account) -> Iterator[dict[str, Any]]:
    """Yield one dictionary an event.

    Notes
    -----
    The customer is ``user_id`` (login), else ``user_pseudo_id`` (visitor). A session is the visitor with ``ga_session_id``,
    since Google numbers sessions only within a visitor. Whole numbers may be text, as BigQuery writes them to JSON. Events
    of one batch share a time and are ordered by ``batch_event_index``.
    """
    for place, record in records_of(path, account, COLUMNS):
        account.read()
        params = _params(record)
        visitor, login = text_of(record.get("user_pseudo_id")), text_of(record.get("user_id"))
        name = text_of(first_of(record, ("event_name", "name")))
        time = _time(record, options)
        customer = options.choose(login, visitor)
        if not name:
            account.lose("without event_name", place)
        elif not customer:
            account.lose("without user_pseudo_id or user_id", place, name)
        elif time is None:
            account.lose(
                "with no event_timestamp that is a time", place, first_of(record, ("event_timestamp", "timestamp"))
            )
        else:
            session = text_of(params.get("ga_session_id"))
            yield {
                "customer_id": customer,
                "event_time": time,
                "touchpoint": _touchpoint(name, params, options),
                "channel": _channel(record),
                "device": text_of(_inner(record, "device", "category") or record.get("device_category")),
                "value": number_of(_revenue(record)),
                "session_id": f"{visitor or login}.{session}" if session else "",
                "order": whole_of(record.get("batch_event_index")),
                "event": name,
                "page": text_of(params.get("page_location")),
                "visitor_id": visitor,
                "login_id": login,
            }


def _params(record: dict[str, Any]) -> dict[str, Any]:
    """The event's parameters by name, from the nested list or from columns that begin with ``param_``."""
    nested = record.get("event_params")
    if isinstance(nested, list):
        found = {}
        for item in nested:
            if isinstance(item, dict) and isinstance(item.get("value"), dict):
                found[text_of(item.get("key"))] = first_of(item["value"], VALUES)
        return found
    return {name.removeprefix("param_"): value for name, value in record.items() if name.startswith("param_")}


def _time(record: dict[str, Any], options: ExportOptions) -> int | None:
    if "event_timestamp" in record:
        return micros_of(record["event_timestamp"], unit="us")
    return micros_of(record.get("timestamp"), zone=options.timezone or "UTC")


def _touchpoint(name: str, params: dict[str, Any], options: ExportOptions) -> str:
    if name not in ("page_view", "screen_view") or options.pages == "event":
        return name
    if options.pages == "title":
        return text_of(params.get("page_title")) or name
    return page_of(params.get("page_location")) or text_of(params.get("firebase_screen")) or name


def _inner(record: dict[str, Any], outer: str, name: str) -> Any:
    value = record.get(outer)
    return value.get(name) if isinstance(value, dict) else None


def _channel(record: dict[str, Any]) -> str:
    """The medium of the traffic, first of the event's own, then of the user's first visit."""
    own = record.get("collected_traffic_source")
    medium = own.get("manual_medium") if isinstance(own, dict) else record.get("collected_traffic_source_manual_medium")
    return text_of(medium or _inner(record, "traffic_source", "medium") or record.get("traffic_source_medium"))


def _revenue(record: dict[str, Any]) -> Any:
    """The worth of the event in US dollars."""
    if isinstance(record.get("ecommerce"), dict):
        revenue = record["ecommerce"].get("purchase_revenue_in_usd")
        if revenue is not None:
            return revenue
    return first_of(record, ("ecommerce_purchase_revenue_in_usd", "event_value_in_usd", "value_in_usd"))
