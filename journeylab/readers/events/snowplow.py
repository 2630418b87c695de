"""Snowplow: the table atomic.events, enriched events without header, JSON wide rows and bad rows."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.readers.account import Account, ExportOptions
from journeylab.readers.cells import first_of, micros_of, number_of, object_of, page_of, shorten, text_of
from journeylab.readers.stream import HEAD, delimited_rows, lines, records_of

ENRICHED = [
    "app_id", "platform", "etl_tstamp", "collector_tstamp", "dvce_created_tstamp", "event", "event_id", "txn_id",
    "name_tracker", "v_tracker", "v_collector", "v_etl", "user_id", "user_ipaddress", "user_fingerprint",
    "domain_userid", "domain_sessionidx", "network_userid", "geo_country", "geo_region", "geo_city", "geo_zipcode",
    "geo_latitude", "geo_longitude", "geo_region_name", "ip_isp", "ip_organization", "ip_domain", "ip_netspeed",
    "page_url", "page_title", "page_referrer", "page_urlscheme", "page_urlhost", "page_urlport", "page_urlpath",
    "page_urlquery", "page_urlfragment", "refr_urlscheme", "refr_urlhost", "refr_urlport", "refr_urlpath",
    "refr_urlquery", "refr_urlfragment", "refr_medium", "refr_source", "refr_term", "mkt_medium", "mkt_source",
    "mkt_term", "mkt_content", "mkt_campaign", "contexts", "se_category", "se_action", "se_label", "se_property",
    "se_value", "unstruct_event", "tr_orderid", "tr_affiliation", "tr_total", "tr_tax", "tr_shipping", "tr_city",
    "tr_state", "tr_country", "ti_orderid", "ti_sku", "ti_name", "ti_category", "ti_price", "ti_quantity",
    "pp_xoffset_min", "pp_xoffset_max", "pp_yoffset_min", "pp_yoffset_max", "useragent", "br_name", "br_family",
    "br_version", "br_type", "br_renderengine", "br_lang", "br_features_pdf", "br_features_flash", "br_features_java",
    "br_features_director", "br_features_quicktime", "br_features_realplayer", "br_features_windowsmedia",
    "br_features_gears", "br_features_silverlight", "br_cookies", "br_colordepth", "br_viewwidth", "br_viewheight",
    "os_name", "os_family", "os_manufacturer", "os_timezone", "dvce_type", "dvce_ismobile", "dvce_screenwidth",
    "dvce_screenheight", "doc_charset", "doc_width", "doc_height", "tr_currency", "tr_total_base", "tr_tax_base",
    "tr_shipping_base", "ti_currency", "ti_price_base", "base_currency", "geo_timezone", "mkt_clickid", "mkt_network",
    "etl_tags", "dvce_sent_tstamp", "refr_domain_userid", "refr_dvce_tstamp", "derived_contexts", "domain_sessionid",
    "derived_tstamp", "event_vendor", "event_name", "event_format", "event_version", "event_fingerprint",
    "true_tstamp",
]  # fmt: skip
"""The 131 fields of an enriched event in their order."""

COLUMNS = (
    "event_id", "event", "event_name", "user_id", "domain_userid", "network_userid", "domain_sessionid", "derived_tstamp",
    "collector_tstamp", "page_url", "page_urlpath", "page_title", "se_category", "se_action", "se_value", "tr_total",
    "mkt_medium", "refr_medium", "dvce_type",
)  # fmt: skip
"""The columns that are read of a Parquet file."""

BAD_ROWS = "iglu:com.snowplowanalytics.snowplow.badrows/"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SnowplowOptions(ExportOptions):
    """Options of Snowplow's events.

    Attributes
    ----------
    pings : str
        "keep" reads page pings (a page stays open, one every few seconds) as events, "drop" leaves them out.
    """

    pings: str = "keep"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pings not in ("keep", "drop"):
            raise StudyError(
                f"option pings: found {self.pings!r}, allowed: {listing(['keep', 'drop'])}."
                + did_you_mean(str(self.pings), ["keep", "drop"])
            )


OPTIONS = SnowplowOptions


def records(path: Path, options: SnowplowOptions, account: Account) -> Iterator[dict[str, Any]]:
    """Yield one dictionary an event.

    Notes
    -----
    The customer is ``user_id`` (login), else ``domain_userid`` (visitor), else ``network_userid``. Times are UTC and end
    in nanoseconds, which are cut to microseconds. Snowplow delivers at least once, so that an ``event_id`` may stand
    twice; both are kept. Bad rows are events that Snowplow itself refused: each is lost, with Snowplow's reason.
    """
    for place, record in _rows(path, account):
        account.read()
        refused = _refusal(record)
        visitor = text_of(first_of(record, ("domain_userid", "network_userid")))
        login = text_of(record.get("user_id"))
        customer = options.choose(login, visitor)
        name = text_of(first_of(record, ("event_name", "event")))
        when = first_of(record, ("derived_tstamp", "collector_tstamp"))
        time = micros_of(when, zone=options.timezone or "UTC")
        ping = "page_ping" in (record.get("event"), name)
        if refused:
            account.lose(refused, place, _details(record))
        elif not name:
            account.lose("without event or event_name", place)
        elif not customer:
            account.lose("without user_id, domain_userid or network_userid", place, name)
        elif time is None:
            account.lose("with no derived_tstamp or collector_tstamp that is a time", place, when)
        elif ping and options.pings == "drop":
            account.lose("that are page pings (option pings = 'drop')", place)
        else:
            yield {
                "customer_id": customer,
                "event_time": time,
                "touchpoint": _touchpoint(name, record, options),
                "channel": text_of(first_of(record, ("mkt_medium", "refr_medium"))),
                "device": text_of(record.get("dvce_type")),
                "value": number_of(first_of(record, ("tr_total", "se_value"))),
                "session_id": text_of(record.get("domain_sessionid")),
                "event": name,
                "page": text_of(record.get("page_url")),
                "visitor_id": visitor,
                "login_id": login,
            }


def _rows(path: Path, account: Account) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a file with a header or of JSON; else enriched events, which are known by their tabs."""
    probe = Account(path, None, account.format)
    head = [line for _, line in itertools.islice(lines(path, probe), HEAD)]
    header = head and "event_id" in head[0].split("\t")
    if not header and any(line.count("\t") > 100 for line in head):
        return delimited_rows(path, account, separator="\t", header=ENRICHED, quotes=False)
    return records_of(path, account, COLUMNS)


def _refusal(record: dict[str, Any]) -> str:
    """Why Snowplow refused an event: the kind of bad row, and the kind of failure where it says one."""
    schema = text_of(record.get("schema"))
    if not schema.startswith(BAD_ROWS):
        return ""
    failure = _failure(record)
    kind = text_of(failure.get("type"))
    return f"that Snowplow refused: {shorten(schema.removeprefix(BAD_ROWS).partition('/')[0])}" + (
        f", {shorten(kind)}" if kind else ""
    )


def _failure(record: dict[str, Any]) -> dict[str, Any]:
    return object_of(object_of(record.get("data")).get("failure"))


def _details(record: dict[str, Any]) -> str:
    """What Snowplow says about a failure: its messages, else its figures."""
    failure = _failure(record)
    if failure.get("messages"):
        return text_of(failure["messages"])
    return ", ".join(f"{name} {value}" for name, value in failure.items() if isinstance(value, int | float))


def _touchpoint(name: str, record: dict[str, Any], options: SnowplowOptions) -> str:
    kind = record.get("event") or name
    if kind in ("page_ping", "pp"):
        return "page ping"
    if kind == "struct":
        words = [text_of(record.get("se_category")), text_of(record.get("se_action"))]
        return ": ".join(word for word in words if word) or name
    if kind != "page_view" or options.pages == "event":
        return name
    if options.pages == "title":
        return text_of(record.get("page_title")) or name
    return page_of(record.get("page_url")) or text_of(record.get("page_urlpath")) or name
