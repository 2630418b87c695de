"""Adobe Analytics: the data feed, with its manifest or as one file of hits beside its lookups."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylab.readers.account import Account, ExportOptions
from journeylab.readers.adobe_feed import EVENT_NAMES, REFERRER_TYPES, hits, open_feed, table
from journeylab.readers.cells import first_of, micros_of, number_of, page_of, text_of, whole_of

PURCHASE = "1"
EVENTS = {
    PURCHASE: "Purchase", "2": "Product View", "10": "Cart Open", "11": "Checkout", "12": "Cart Add", "13": "Cart Remove",
    "14": "Cart View",
}  # fmt: skip
"""Where a delivery has no lookup of events."""

REFERRERS = {
    "1": "Inside Your Site", "2": "Other Web Sites", "3": "Search Engines", "4": "Hard Drive", "5": "USENET",
    "6": "Typed/Bookmarked", "7": "Email", "8": "No JavaScript", "9": "Social Networks",
}  # fmt: skip
"""Where a delivery has no lookup of referrer types."""

LINKS = {"10": "link", "100": "link", "11": "download", "101": "download", "12": "exit", "102": "exit"}
"""What a hit is that is no page view, by ``page_event`` and ``post_page_event``."""

NOT_REPORTED = ("5", "7", "8", "9")


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdobeOptions(ExportOptions):
    """Options of the data feed.

    Attributes
    ----------
    pages : str
        What a page view is called: "title" (the page's name, which Adobe's reports show), "path" or "event".
    """

    pages: str = "title"


OPTIONS = AdobeOptions


def records(path: Path, options: AdobeOptions, account: Account) -> Iterator[dict[str, Any]]:
    """Yield one dictionary a hit.

    Notes
    -----
    The customer is ``cust_visid`` (login), else ``visid_high.visid_low`` (visitor), in the columns that begin with
    ``post_`` first. A session is the visitor with ``visit_num``. Hits with ``exclude_hit`` or with a ``hit_source`` of 5,
    7, 8 or 9 are lost, as Adobe leaves them out of its reports. The value is the revenue in the product list of a
    purchase that is no duplicate, in the currency of the report suite.
    """
    feed = open_feed(path, account)
    names = EVENTS | table(feed.lookups.get(EVENT_NAMES, ""))
    referrers = REFERRERS | table(feed.lookups.get(REFERRER_TYPES, ""))
    for place, hit in hits(feed, account):
        account.read()
        visitor = _visitor(hit)
        login = text_of(first_of(hit, ("post_cust_visid", "cust_visid")))
        customer = options.choose(login, visitor)
        time = micros_of(hit["hit_time_gmt"], unit="s")
        source = text_of(hit.get("hit_source"))
        if (number_of(hit.get("exclude_hit")) or 0) > 0:
            account.lose("that Adobe excludes (exclude_hit)", place, hit["exclude_hit"])
        elif source in NOT_REPORTED:
            account.lose("that Adobe does not report (hit_source 5, 7, 8 or 9)", place, source)
        elif not customer:
            account.lose("without visid_high and visid_low or cust_visid", place)
        elif not time:
            account.lose("with no hit_time_gmt that is a time", place, hit["hit_time_gmt"])
        else:
            ids = _events(hit)
            mobile = text_of(hit.get("mobile_id"))
            visit = text_of(hit.get("visit_num"))
            referrer = text_of(hit.get("ref_type"))
            yield {
                "customer_id": customer,
                "event_time": time,
                "touchpoint": _touchpoint(hit, options),
                "channel": referrers.get(referrer, referrer),
                "device": ("desktop" if mobile == "0" else "mobile") if mobile else "",
                "value": _revenue(hit) if PURCHASE in ids else None,
                "session_id": f"{visitor or login}.{visit}" if visit else "",
                "order": whole_of(hit.get("visit_page_num")),
                "events": ", ".join(names.get(number, number) for number in ids),
                "page": _first(hit, "page_url"),
                "marketing_channel": text_of(hit.get("va_closer_id")),
                "visitor_id": visitor,
                "login_id": login,
            }


def _first(hit: dict[str, str], name: str) -> str:
    """A column as Adobe has processed it, else as it was sent."""
    return text_of(hit.get(f"post_{name}")) or text_of(hit.get(name))


def _visitor(hit: dict[str, str]) -> str:
    """The visitor's number, which Adobe splits in two; a point keeps the halves apart."""
    for prefix in ("post_", ""):
        high, low = text_of(hit.get(f"{prefix}visid_high")), text_of(hit.get(f"{prefix}visid_low"))
        if high.strip("0") or low.strip("0"):
            return f"{high}.{low}"
    return ""


def _events(hit: dict[str, str]) -> list[str]:
    """The numbers of the events of a hit; one that counts for more than one is ``number=count``."""
    return [number for event in _first(hit, "event_list").split(",") if (number := event.partition("=")[0].strip())]


def _touchpoint(hit: dict[str, str], options: AdobeOptions) -> str:
    kind = _first(hit, "page_event")
    if kind in LINKS:
        name = _first(hit, "page_event_var2") or page_of(_first(hit, "page_event_var1"))
        return f"{LINKS[kind]}: {name}" if name else LINKS[kind]
    if kind.strip("0"):
        return f"page event {kind}"
    if options.pages == "event":
        return "page view"
    name, path = _first(hit, "pagename"), page_of(_first(hit, "page_url"))
    return (name or path if options.pages == "title" else path or name) or "page view"


def _revenue(hit: dict[str, str]) -> float | None:
    """The sum over the products (``category;product;quantity;revenue;…``); a caret before a sign makes it text."""
    if text_of(hit.get("duplicate_purchase")) == "1":
        return None
    products = re.split(r"(?<!\^),", _first(hit, "product_list").replace("^^", ""))
    prices = [number_of(fields[3]) for product in products if len(fields := re.split(r"(?<!\^);", product)) > 3]
    found = [price for price in prices if price is not None]
    return sum(found) if found else None
