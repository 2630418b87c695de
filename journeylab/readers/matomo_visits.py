"""Matomo's visits as its Live API answers them, in JSON or XML: one visit at a time, and the actions in it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from journeylab.errors import DataError
from journeylab.readers.account import Account
from journeylab.readers.cells import EPOCH, object_of, text_of, whole_of
from journeylab.readers.json_objects import decoded, json_objects
from journeylab.readers.matomo_actions import (
    CONVERSIONS,
    EVENT,
    GOAL,
    Action,
    channel_of,
    device_of,
    joined,
    named_kind,
    revenue_of,
)
from journeylab.readers.stream import LONGEST, chunks
from journeylab.readers.xml_elements import xml_text
from journeylab.text import count

PAGES_OF_VISITS = r"lastVisits|\d{4}(?:-\d\d){0,2}(?:,[\d-]+)?"
"""Keys whose arrays hold visits: of a visitor's profile, and of answers by date."""

BROKEN = "where the file is no longer XML (damaged or cut short)"
HEAD, EXCERPT = 1024**2, 200
ROW = re.compile(r"<row>\s*<(\w+)")
PROFILE = re.compile("<lastVisits>")
"""What stands before the visits in a visitor's profile, where other lists have rows as well."""
EDGE = re.compile(r"<(/?)row\b[^>]*?(/?)>")
FAILED = re.compile(r"<error\s+message=\"([^\"]*)")

QUARTER = 900
"""Every zone is off UTC by a multiple of so many seconds."""
FURTHEST = 14 * 3600
LATEST = 253_000_000_000
"""Times up to the year 9987 are times."""


def visit_actions(path: Path, zone: str | None, account: Account, *, xml: bool) -> Iterator[Action]:
    """The actions of every visit in a file; visits without any are read and lost here."""
    clocks: dict[str, int] = {}
    for place, visit in _xml_visits(path, account) if xml else _json_visits(path, account):
        yield from _of_visit(place, visit, zone, clocks, account)


def _of_visit(
    place: str, visit: dict[str, Any], zone: str | None, clocks: dict[str, int], account: Account
) -> Iterator[Action]:
    found = visit.get("actionDetails")
    found = list(found.values()) if isinstance(found, dict) else found
    if not isinstance(found, list) or not found:
        account.read()
        if visit.get("result") == "error":
            account.lose("that are Matomo's answer to a request that failed", place, visit.get("message"))
        elif "actionDetails" in visit:
            account.lose("that are visits without actions", place)
        else:
            account.lose("that are no visits (without actionDetails)", place)
        return
    missing = whole_of(visit.get("truncatedActionsCount")) or 0
    if missing > 0:
        account.see("actions are missing in visits that Matomo has cut short", place, n=missing)
    details = [object_of(item) for item in found]
    stamps = [whole_of(item.get("timestamp")) for item in details]
    shift = _shift(visit, stamps, zone, clocks, place, account)
    ranks = sorted(range(len(details)), key=lambda n: (stamps[n] or 0, _is_conversion(details[n]), n))
    orders = {n: rank for rank, n in enumerate(ranks, 1)}
    common = {
        "site": _known(visit.get("idSite")),
        "visit": _known(visit.get("idVisit")),
        "visitor": _known(visit.get("visitorId")),
        "login": _known(visit.get("userId")),
        "device_print": _known(visit.get("fingerprint")),
        "channel": channel_of(visit.get("referrerType")),
        "device": device_of(visit.get("deviceType")),
    }
    for number, (item, stamp) in enumerate(zip(details, stamps, strict=True)):
        account.read()
        here = f"{place}, action {number + 1}"
        if not item:
            account.lose("that are no action", here, found[number])
            continue
        kind = named_kind(item.get("type"), item.get("contentInteraction"))
        yield Action(
            place=here,
            kind=kind,
            time=_utc(stamp, shift, zone),
            when=item.get("timestamp"),
            title=text_of(item.get("pageTitle") or item.get("title")),
            url=text_of(item.get("url")),
            name=_name(kind, item),
            value=revenue_of(item.get("revenue"), here, account) if kind in CONVERSIONS else None,
            order=orders[number],
            **common,
        )


def _name(kind: str, item: dict[str, Any]) -> str:
    if kind == EVENT:
        return joined(item.get("eventCategory"), item.get("eventAction"))
    return text_of(item.get("goalName") or item.get("goalId") if kind == GOAL else item.get("contentName"))


def _is_conversion(item: dict[str, Any]) -> bool:
    return named_kind(item.get("type"), None) in CONVERSIONS


def _known(value: Any) -> str:
    """An id; Matomo writes false where it has none."""
    return "" if value is False else text_of(value)


def _shift(
    visit: dict[str, Any],
    stamps: list[int | None],
    zone: str | None,
    clocks: dict[str, int],
    place: str,
    account: Account,
) -> int | None:
    """By how many seconds the site's clock, which the times of actions are written by, is ahead of UTC.

    The first and the last time of the visit itself are in UTC. None where neither shows the clock but a zone is given.
    """
    known = [stamp for stamp in stamps if stamp is not None]
    site = _known(visit.get("idSite"))
    if not known:
        return 0
    last = visit.get("lastActionTimestamp") or visit.get("serverTimestamp")
    for said, found in ((visit.get("firstActionTimestamp"), min(known)), (last, max(known))):
        stamp = whole_of(said)
        ahead = None if stamp is None else found - stamp
        if ahead is not None and ahead % QUARTER == 0 and abs(ahead) <= FURTHEST:
            if ahead:
                account.note(
                    "Matomo writes the times of actions by the site's clock; they were put back to UTC, which visits have"
                )
            clocks[site] = ahead
            return ahead
    if zone is not None:
        return None
    account.see(
        "visits do not show how far the site's clock is off UTC; "
        + ("that of the visit before was taken" if site in clocks else "they were read as UTC, option timezone helps"),
        place,
    )
    return clocks.get(site, 0)


def _utc(stamp: int | None, shift: int | None, zone: str | None) -> int | None:
    if stamp is None or not 0 <= stamp < LATEST:
        return None
    if shift is not None:
        return (stamp - shift) * 1_000_000
    local = (EPOCH + dt.timedelta(seconds=stamp)).replace(tzinfo=ZoneInfo(zone or "UTC"))
    return (local - EPOCH) // dt.timedelta(microseconds=1)


def _json_visits(path: Path, account: Account) -> Iterator[tuple[str, dict[str, Any]]]:
    parts = decoded(chunks(path, account), account)
    for _, place, visit in json_objects(parts, account, within=PAGES_OF_VISITS, fits=lambda value: "idVisit" in value):
        yield place, visit


def _xml_visits(path: Path, account: Account) -> Iterator[tuple[str, dict[str, Any]]]:
    """The visits of an XML file, each parsed by itself, so that a damaged one costs no other."""
    from xml.etree.ElementTree import ParseError

    from defusedxml.ElementTree import fromstring

    number = 0
    for piece, last in _pieces(path, account):
        rows, rest = _rows(piece)
        for row in rows:
            number += 1
            try:
                yield f"visit {number}", _visit(fromstring(row, forbid_dtd=True))
            except ParseError:
                account.read()
                account.lose(BROKEN, f"visit {number}", row[:EXCERPT])
        if rest.strip() and not (rows and rest.lstrip().startswith("</")):
            number += 1
            account.read()
            account.lose(BROKEN, f"visit {number}", rest[:EXCERPT])
        elif last and not rest.strip():
            account.note("the file ends before its list of visits is closed; it may be cut short")


def _pieces(path: Path, account: Account) -> Iterator[tuple[str, bool]]:
    """The text of an XML file, cut where visits begin, and whether it is the last piece."""
    parts = xml_text(path, account)
    text = ""
    while len(text) < HEAD and (part := next(parts, None)) is not None:
        text += part
    profile = PROFILE.search(text)
    found = ROW.search(text, profile.end() if profile else 0)
    opening = text[: found.start()] if found else text
    if re.search("<!(DOCTYPE|ENTITY)", opening, re.IGNORECASE):
        raise DataError(f"{path}: defines entities or a document type, which no export needs; it was not read.")
    if found is None:
        failure = FAILED.search(text)
        account.read()
        if failure:
            account.lose("that are Matomo's answer to a request that failed", "the file", failure[1])
        else:
            account.lose(BROKEN, "the file", text[:EXCERPT])
        return
    edge = re.compile(rf"<row>\s*<{found[1]}(?=[\s/>])")
    start = found.start()
    seen = start + 1
    while True:
        if found := edge.search(text, seen):
            yield text[start : found.start()], False
            start, seen = found.start(), found.start() + 1
            continue
        part = next(parts, None)
        if part is None:
            yield text[start:], True
            return
        if len(text) - start > LONGEST:
            account.read()
            account.lose(f"longer than {count(LONGEST)} characters", "a visit")
            start = len(text) - EXCERPT
        seen = max(len(text) - EXCERPT, start + 1) - start
        text, start = text[start:] + part, 0


def _rows(piece: str) -> tuple[list[str], str]:
    """The rows that stand side by side at the start of a piece, each whole, and what is left."""
    rows, depth, start = [], 0, 0
    for edge in EDGE.finditer(piece):
        if edge[2]:
            continue
        if depth == 0 and piece[start : edge.start()].strip():
            break
        depth += -1 if edge[1] else 1
        if depth == 0:
            rows.append(piece[start : edge.end()])
            start = edge.end()
    return rows, piece[start:]


def _visit(row: Any) -> dict[str, Any]:
    """A row as the API's JSON has it: text, or lists of rows."""
    visit: dict[str, Any] = {}
    for part in row:
        inner = [{cell.tag: cell.text or "" for cell in item} for item in part if item.tag == "row"]
        visit[part.tag] = inner or (part.text or "").strip()
    return visit
