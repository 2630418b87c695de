"""Web server logs: the Common and Combined Log Format of Apache and nginx, and the W3C extended format of IIS."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import hashlib
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.readers.account import Account, ExportOptions
from journeylab.readers.cells import first_of, micros_of, page_of
from journeylab.readers.stream import lines

LONGEST_LINE = 100_000
"""Web servers refuse requests of more than some thousand characters."""
LOOKED_AT, FEWEST_REFERRED = 5_000, 10
"""Lines at the start from which the site's own name is found, and the fewest with a referrer that show it."""

LINE = re.compile(
    r"(?:(?P<site>[^\s:]+):\d+ )?(?P<address>\S+) \S+ (?P<user>[^\[]*?) ?\[(?P<time>\d[^\]]*)\] "
    r'"(?P<request>.*?)" (?P<status>\d{3}) (?:\d+|-)(?P<rest>.*)$'
)
QUOTED = r'"((?:[^"\\]|\\.)*)"'
ENDS = (re.compile(rf"\s+{QUOTED}\s+{QUOTED}"), re.compile(r'\s+"(.*?)" "(.*)"'))
"""Referrer and user agent: with quotation marks escaped as they should be, else as some servers write them."""
TIME = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.\d+)? ?([+-]\d{4})?")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
REQUEST = re.compile(r"([A-Z]{3,20}) (\S.*?)(?: HTTP/[\d.]+)?$")

ASSETS = re.compile(
    r"\.(?:css|js|mjs|map|png|jpe?g|gif|svg|ico|webp|avif|bmp|tiff?|woff2?|ttf|otf|eot|mp[34]|m4[av]|webm|og[gv]|wav|avi"
    r"|mov|flv|swf|webmanifest)$|/robots\.txt$",
    re.IGNORECASE,
)
ROBOTS = re.compile(
    r"(?<!cu)bot|crawl|spider|slurp|curl|wget|python|perl|ruby|java/|go-http|libwww|httpclient|headless|phantom|monitor"
    r"|uptime|pingdom|feed|\brss|archiver|fetch|scan|validator|preview|check",
    re.IGNORECASE,
)
SEARCH = re.compile(r"(?:^|\.)(?:google|bing|yahoo|duckduckgo|baidu|yandex|ecosia|qwant|startpage|ask)\.|^search\.")
TABLET = re.compile(r"iPad|Tablet|Android(?!.*Mobile)", re.IGNORECASE)
MOBILE = re.compile(r"Mobi|Android|iPhone|iPod", re.IGNORECASE)

CHOICES = {
    "visitor": ("ip+agent", "ip"),
    "assets": ("drop", "keep"),
    "robots": ("drop", "keep"),
    "errors": ("keep", "drop"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class WeblogOptions(ExportOptions):
    """Options of a web server's log.

    Attributes
    ----------
    visitor : str
        What makes a visitor where nobody is logged in: "ip+agent", the address with the user agent, or "ip".
    assets : str
        "drop" leaves out requests for images, styles, scripts, fonts and media, "keep" reads them.
    robots : str
        "drop" leaves out requests of user agents that look like a robot's, "keep" reads them.
    errors : str
        "keep" reads a request that failed as the touchpoint ``error 404``, "drop" leaves it out.
    site : str, optional
        The site's own host, whose referrers are no channel; the host that refers most requests where not said.
    """

    visitor: str = "ip+agent"
    assets: str = "drop"
    robots: str = "drop"
    errors: str = "keep"
    site: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, allowed in CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise StudyError(
                    f"option {name}: found {value!r}, allowed: {listing(allowed)}.{did_you_mean(str(value), allowed)}"
                )


OPTIONS = WeblogOptions


def records(path: Path, options: WeblogOptions, account: Account) -> Iterator[dict[str, Any]]:
    """Yield one dictionary a request.

    Notes
    -----
    The customer is the user who is logged in, else the visitor: a hash (BLAKE2b) of address and user agent, or of the
    address alone. No address leaves this reader, not even in a message. The hash is a pseudonym, not anonymous: it has no
    key, so that files read on different days agree, and whoever tries every address finds the one behind it. A log knows
    no sessions. Times carry their zone; those of the W3C format are UTC. The touchpoint is the path without its query.
    Of redirections only 304 is read, where the browser shows its own copy of a page. Lines that begin with ``#`` are
    no requests.
    """
    site = _host(options.site) or _own_host(path, account)
    for place, entry in _entries(path, options, account):
        account.read()
        if entry is None:
            account.lose("that are no line of a web server's log, or damaged", place)
            continue
        request = REQUEST.match(entry["request"])
        status, agent = entry["status"], entry["agent"]
        visitor = _pseudonym(entry["address"], agent, options)
        customer = options.choose(entry["user"], visitor)
        page = _page(request[2]) if request else ""
        if entry["time"] is None:
            account.lose("with no time that is one", place)
        elif not request:
            account.lose("with no request that can be read", place, status)
        elif request[1] not in ("GET", "POST"):
            account.lose("with a method other than GET and POST", place, request[1])
        elif options.robots == "drop" and ROBOTS.search(agent):
            account.lose("that look like a robot's (user agent; option robots = 'keep' reads them)", place, agent)
        elif options.assets == "drop" and ASSETS.search(page):
            account.lose("that ask for an asset (option assets = 'keep' reads them)", place, page)
        elif status.startswith("3") and status != "304":
            account.lose("that were redirected (status 3xx)", place, page)
        elif status >= "400" and options.errors == "drop":
            account.lose("that failed (status 400 or more; option errors = 'keep' reads them)", place, status)
        elif not customer:
            account.lose("without a user or an address", place, page)
        else:
            yield {
                "customer_id": customer,
                "event_time": entry["time"],
                "touchpoint": f"error {status}"
                if status >= "400"
                else "page view"
                if options.pages == "event"
                else page,
                "channel": _channel(entry["referrer"], entry["site"] or site),
                "device": _device(agent),
                "event": f"{request[1]} {status}",
                "page": page,
                "visitor_id": visitor,
                "login_id": entry["user"],
            }


def _entries(path: Path, options: WeblogOptions, account: Account) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """The requests of a log, None for a line that is none; the W3C format names its fields in a line of its own."""
    fields: list[str] = []
    for number, line in lines(path, account):
        if line.startswith("#"):
            if line.startswith("#Fields:"):
                fields = line.removeprefix("#Fields:").split()
        elif len(line) > LONGEST_LINE:
            yield f"line {number}", None
        else:
            yield f"line {number}", _extended(line, fields) if fields else _common(line, options.timezone or "UTC")


def _common(line: str, zone: str) -> dict[str, Any] | None:
    found = LINE.match(line)
    if not found:
        return None
    rest = found["rest"]
    end = next((match for pattern in ENDS if (match := pattern.match(rest))), None)
    if end is None and '"' in rest:
        return None
    referrer, agent = (_said(cell) for cell in end.groups()) if end else ("", "")
    return {
        "address": _said(found["address"]),
        "user": _said(found["user"].strip('"')),
        "time": _time(found["time"], zone),
        "request": found["request"],
        "status": found["status"],
        "referrer": referrer,
        "agent": agent,
        "site": _host(found["site"]),
    }


def _extended(line: str, fields: list[str]) -> dict[str, Any] | None:
    cells = line.split("\t") if "\t" in line else line.split()
    if len(cells) != len(fields):
        return None
    row = {name: _said(cell) for name, cell in zip(fields, cells, strict=True)}
    return {
        "address": row.get("c-ip", ""),
        "user": row.get("cs-username", ""),
        "time": micros_of(f"{row.get('date')} {row.get('time')}"),
        "request": f"{row.get('cs-method', '')} {row.get('cs-uri-stem', '')}",
        "status": row.get("sc-status", ""),
        "referrer": row.get("cs(Referer)", ""),
        "agent": unquote_plus(row.get("cs(User-Agent)", "")),
        "site": _host(first_of(row, ("x-host-header", "cs-host", "cs(Host)"))),
    }


def _said(cell: str) -> str:
    """A cell, empty where it is the dash for nothing."""
    return "" if cell == "-" else cell.replace('\\"', '"').strip()


def _time(text: str, zone: str) -> int | None:
    found = TIME.fullmatch(text)
    if not found or found[2] not in MONTHS:
        return micros_of(text, zone=zone)
    day, _, year, hour, minute, second, offset = found.groups()
    try:
        time = dt.datetime(int(year), MONTHS.index(found[2]) + 1, int(day), int(hour), int(minute), int(second))
        if offset:
            ahead = dt.timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
            time = time.replace(tzinfo=dt.timezone(-ahead if offset[0] == "-" else ahead))
    except ValueError:
        return None
    return micros_of(time, zone=zone)


def _pseudonym(address: str, agent: str, options: WeblogOptions) -> str:
    """A visitor's hash; nothing where there is no address, since many share a user agent."""
    if not address:
        return ""
    said = f"{address}\n{agent}" if options.visitor == "ip+agent" else address
    return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _page(target: str) -> str:
    """The path of what was asked for, without query and session."""
    path = page_of("/" + target.lstrip("/") if target.startswith("/") else target)
    return re.sub(r";jsessionid=[^/]*", "", path, flags=re.IGNORECASE)


def _host(address: Any) -> str:
    """The host of an address or a bare host, without ``www.`` and port."""
    text = str(address or "")
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.")


def _own_host(path: Path, account: Account) -> str:
    """The host that refers most requests at the start of a log, if it refers half of those that any host refers."""
    probe = Account(path, None, account.format)
    counts: collections.Counter[str] = collections.Counter()
    for _, entry in itertools.islice(_entries(path, WeblogOptions(), probe), LOOKED_AT):
        if entry and entry["referrer"]:
            counts[_host(entry["referrer"])] += 1
    host, n = max(counts.items(), key=lambda item: item[1], default=("", 0))
    if counts.total() < FEWEST_REFERRED or 2 * n < counts.total():
        return ""
    account.note(f"the site is taken to be {host}, which refers most requests (option site says another)")
    return host


def _channel(referrer: str, site: str) -> str:
    host = _host(referrer)
    if not host or host == site:
        return ""
    return "search" if SEARCH.search(host) else "referral"


def _device(agent: str) -> str:
    if not agent:
        return ""
    return "tablet" if TABLET.search(agent) else "mobile" if MOBILE.search(agent) else "desktop"
