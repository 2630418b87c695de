"""Google Analytics 360 (Universal Analytics): sessions of the export to BigQuery, and flat tables of their hits."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylab.readers.account import Account, ExportOptions
from journeylab.readers.cells import first_of, micros_of, number_of, object_of, page_of, text_of, whole_of
from journeylab.readers.stream import records_of

OPTIONS = ExportOptions

COLUMNS = (
    "fullVisitorId", "visitId", "visitStartTime", "userId", "channelGrouping", "trafficSource.medium",
    "device.deviceCategory", "hits.hitNumber", "hits.time", "hits.type", "hits.page", "hits.appInfo.screenName",
    "hits.eventInfo", "hits.eCommerceAction", "hits.transaction",
)  # fmt: skip
"""What is read of nested Parquet, whose hits have hundreds of fields; all is read where there is no ``hits``."""

PURCHASE = "purchase"
ACTIONS = {
    "1": "click-through", "2": "product view", "3": "add to cart", "4": "remove from cart", "5": "checkout",
    "6": PURCHASE, "7": "refund", "8": "checkout option",
}  # fmt: skip
"""What a hit does in the shop, by ``eCommerceAction.action_type``; "0" is nothing."""

FLAT = {
    "visitor": ("fullvisitorid", "visitorid"),
    "login": ("userid",),
    "visit": ("visitid",),
    "start": ("visitstarttime",),
    "offset": ("time",),
    "time": ("hittsutc", "hittimestamp"),
    "number": ("hitnumber",),
    "type": ("type", "hittype"),
    "path": ("pagepagepath", "pagepath"),
    "title": ("pagepagetitle", "pagetitle"),
    "screen": ("appinfoscreenname", "screenname"),
    "category": ("eventinfoeventcategory", "eventcategory"),
    "action": ("eventinfoeventaction", "eventaction"),
    "ecommerce": ("ecommerceactionactiontype", "ecommerceactiontype", "actiontype"),
    "micros": ("transactiontransactionrevenue", "transactionrevenue"),
    "revenue": ("transactionrevenueusd",),
    "deal": ("transactiontransactionid", "transactionid"),
    "channel": ("channelgrouping", "channel"),
    "medium": ("trafficsourcemedium", "medium"),
    "device": ("devicedevicecategory", "devicecategory", "device"),
}
"""The columns of a table of hits, without ``hits`` in front, points, underscores and capitals."""


def records(path: Path, options: ExportOptions, account: Account) -> Iterator[dict[str, Any]]:
    """Yield one dictionary a hit.

    Notes
    -----
    The customer is ``userId`` (login), else ``fullVisitorId`` (visitor). A session is ``fullVisitorId`` with ``visitId``,
    which is not unique by itself. The time is ``visitStartTime`` (seconds) and the hit's ``time`` (milliseconds). What a
    hit does in the shop ("add to cart") is the touchpoint before its page or event. A page that sends an order again in
    the same session has no revenue, as Google counts the order once, and is read as the page. Whole numbers may be text.
    A table of one row a hit is known by its columns, such as ``hits.page.pagePath`` or ``page_path``.
    """
    session, orders = "", set[str]()
    for place, hit in _hits(path, account):
        visitor, login, visit = (text_of(hit[name]) for name in ("visitor", "login", "visit"))
        customer = options.choose(login, visitor)
        time = _time(hit, options)
        touchpoint = _touchpoint(hit, options)
        if not customer:
            account.lose("without fullVisitorId or userId", place, touchpoint)
        elif time is None:
            account.lose("with no visitStartTime and time that are a time", place, hit["start"] or hit["time"])
        elif not touchpoint:
            account.lose("without type", place)
        else:
            order = text_of(hit["deal"])
            if session != f"{visitor}.{visit}":
                session, orders = f"{visitor}.{visit}", set[str]()
            value = _value(hit)
            if touchpoint == PURCHASE and order in orders and value is None:
                account.see("purchases are sent again with the same order and were read as their page", place, order)
                touchpoint = _touchpoint({**hit, "ecommerce": None}, options) or touchpoint
            elif touchpoint == PURCHASE and order:
                orders.add(order)
            yield {
                "customer_id": customer,
                "event_time": time,
                "touchpoint": touchpoint,
                "channel": text_of(hit["channel"]) or text_of(hit["medium"]),
                "device": text_of(hit["device"]),
                "value": value,
                "session_id": f"{visitor or login}.{visit}" if visit else "",
                "order": whole_of(hit["number"]),
                "event": text_of(hit["type"]),
                "page": text_of(hit["path"]),
                "visitor_id": visitor,
                "login_id": login,
            }


def _hits(path: Path, account: Account) -> Iterator[tuple[str, dict[str, Any]]]:
    """The hits of every session by the names of `FLAT`; each is read here, and a session without hits is lost here."""
    for place, record in records_of(path, account, COLUMNS if _is_nested(path) else ()):
        hits = record.get("hits")
        if isinstance(hits, list) and hits:
            for number, hit in enumerate(hits, 1):
                account.read()
                if isinstance(hit, dict):
                    yield f"{place}, hit {number}", _nested(record, hit)
                else:
                    account.lose("that are no hit", f"{place}, hit {number}", hit)
            continue
        account.read()
        flat = _flat(record)
        if first_of(flat, ("number", "type", "path", "offset", "time")) is None:
            account.lose("without hits", place, record.get("visitId"))
        else:
            yield place, flat


def _is_nested(path: Path) -> bool:
    """Whether a Parquet file holds sessions with their hits; of other files it does not matter."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return "hits" in pq.read_schema(path).names
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return False


def _nested(session: dict[str, Any], hit: dict[str, Any]) -> dict[str, Any]:
    page, event, deal = (object_of(hit.get(name)) for name in ("page", "eventInfo", "transaction"))
    return {
        "visitor": session.get("fullVisitorId"),
        "login": session.get("userId"),
        "visit": session.get("visitId"),
        "start": session.get("visitStartTime"),
        "offset": hit.get("time"),
        "time": None,
        "number": hit.get("hitNumber"),
        "type": hit.get("type"),
        "path": page.get("pagePath"),
        "title": page.get("pageTitle"),
        "screen": object_of(hit.get("appInfo")).get("screenName"),
        "category": event.get("eventCategory"),
        "action": event.get("eventAction"),
        "ecommerce": object_of(hit.get("eCommerceAction")).get("action_type"),
        "micros": deal.get("transactionRevenue"),
        "revenue": None,
        "deal": deal.get("transactionId"),
        "channel": session.get("channelGrouping"),
        "medium": object_of(session.get("trafficSource")).get("medium"),
        "device": object_of(session.get("device")).get("deviceCategory"),
    }


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    row = {_plain(name): value for name, value in record.items()}
    return {field: first_of(row, names) for field, names in FLAT.items()}


@functools.lru_cache(maxsize=1024)
def _plain(name: str) -> str:
    return name.lower().replace(".", "").replace("_", "").removeprefix("hits")


def _time(hit: dict[str, Any], options: ExportOptions) -> int | None:
    if hit["time"] is not None:
        return micros_of(hit["time"], zone=options.timezone or "UTC")
    start, offset = micros_of(hit["start"], unit="s"), micros_of(hit["offset"] or 0, unit="ms")
    return start + offset if start and offset is not None else None


def _touchpoint(hit: dict[str, Any], options: ExportOptions) -> str:
    kind, action = text_of(hit["type"]), ACTIONS.get(text_of(hit["ecommerce"]), "")
    if action:
        return action
    if kind == "EVENT":
        return ": ".join(word for word in (text_of(hit["category"]), text_of(hit["action"])) if word) or "event"
    if kind in ("APPVIEW", "SCREENVIEW"):
        return text_of(hit["screen"]) if hit["screen"] and options.pages != "event" else "screen view"
    if kind not in ("PAGE", ""):
        return kind.lower()
    path = page_of(hit["path"])
    if options.pages == "event":
        return "page view" if kind or path else ""
    return (text_of(hit["title"]) if options.pages == "title" else "") or path or ("page view" if kind else "")


def _value(hit: dict[str, Any]) -> float | None:
    """The order's revenue, which Google writes in millionths."""
    micros = number_of(hit["micros"])
    return micros / 1e6 if micros is not None else number_of(hit["revenue"])
