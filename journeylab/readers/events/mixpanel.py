"""Mixpanel: the raw export's JSON lines, and the table or the records of a connector."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylab.readers.account import Account, ExportOptions
from journeylab.readers.cells import EPOCH, first_of, micros_of, number_of, object_of, page_of, text_of
from journeylab.readers.connectors import unwrapped
from journeylab.readers.stream import records_of

OPTIONS = ExportOptions

PAGE_VIEW = "$mp_web_page_view"
PERSONS = ("$identify", "$create_alias", "$merge")
DEVICE = "$device:"
DAY = 86_400_000_000


def records(path: Path, options: ExportOptions, account: Account) -> Iterator[dict[str, Any]]:
    """Yield one dictionary an event.

    Notes
    -----
    The customer is ``$user_id`` (login), else ``$device_id`` (visitor). ``distinct_id`` is either of them: the login
    where the event has another ``$device_id``, else the visitor; Mixpanel writes ``$device:`` before that of a device.
    ``time`` counts the seconds since 1970 on the clock of the project: option `timezone` for projects that were made
    before 2023 and are not in UTC.

    The raw export holds events as often as they were sent. As in Mixpanel's own reports, the same event of the same
    ``distinct_id`` on the same day with the same ``$insert_id`` is kept once. A mark of eight bytes of each such
    event is remembered: about 100 MB for a million events, whatever they hold.
    """
    seen: set[bytes] = set()
    for place, wrapped in records_of(path, account):
        account.read()
        record = unwrapped(wrapped, "distinct_id") if "properties" not in wrapped else wrapped
        properties = object_of(record.get("properties")) or record
        name = text_of(first_of(record, ("event", "name")))
        login, visitor = _ids(record, properties)
        customer = options.choose(login, visitor)
        when = first_of(record, ("time",)) or properties.get("time")
        time = _time(when, options)
        if not name:
            account.lose("without event", place)
        elif name in PERSONS:
            account.lose("that identify a person, not an event", place, name)
        elif not customer:
            account.lose("without distinct_id, $user_id or $device_id", place, name)
        elif time is None:
            account.lose("with no time", place, when)
        elif _is_repeated(text_of(_own("insert_id", record, properties)), name, customer, time, seen):
            account.lose("that repeat the $insert_id of an event of the same day", place, name)
        else:
            page = _own("current_url", record, properties)
            yield {
                "customer_id": customer,
                "event_time": time,
                "touchpoint": _touchpoint(name, page, properties, options),
                "channel": text_of(properties.get("utm_medium")),
                "device": text_of(_own("device", record, properties) or _own("os", record, properties)),
                "value": number_of(first_of(properties, ("$amount", "amount", "revenue", "Revenue", "$revenue"))),
                "event": name,
                "page": text_of(page),
                "visitor_id": visitor,
                "login_id": login,
            }


def _own(name: str, record: dict[str, Any], properties: dict[str, Any]) -> Any:
    """One of Mixpanel's own properties; connectors make a column of it and take the dollar away."""
    return first_of({"own": properties.get(f"${name}"), "column": record.get(name)}, ("own", "column"))


def _ids(record: dict[str, Any], properties: dict[str, Any]) -> tuple[str, str]:
    """The login and the visitor."""
    device = text_of(_own("device_id", record, properties))
    login = text_of(_own("user_id", record, properties))
    distinct = text_of(first_of(properties, ("distinct_id",)) or record.get("distinct_id"))
    anonymous = distinct.startswith(DEVICE)
    distinct = distinct.removeprefix(DEVICE)
    if device and distinct and not anonymous and distinct != device:
        login = login or distinct
    return login, device or ("" if distinct == login else distinct)


def _time(value: Any, options: ExportOptions) -> int | None:
    zone = options.timezone or "UTC"
    number = number_of(value)
    if number is None:
        return micros_of(value, zone=zone)
    micros = micros_of(value, unit="ms" if abs(number) > 1e11 else "s")
    if micros is None or zone == "UTC":
        return micros
    try:
        clock = (EPOCH + dt.timedelta(microseconds=micros)).replace(tzinfo=None)
    except OverflowError:
        return None
    return micros_of(clock, zone=zone)


def _is_repeated(insert: str, name: str, customer: str, time: int, seen: set[bytes]) -> bool:
    """Whether an event was there before; one without an id for that never was."""
    if not insert:
        return False
    key = "\0".join((insert, name, customer, str(time // DAY))).encode()
    mark = hashlib.blake2b(key, digest_size=8).digest()
    if mark in seen:
        return True
    seen.add(mark)
    return False


def _touchpoint(name: str, page: Any, properties: dict[str, Any], options: ExportOptions) -> str:
    if name != PAGE_VIEW or options.pages == "event":
        return name
    if options.pages == "title":
        return text_of(properties.get("current_page_title")) or name
    return text_of(properties.get("current_url_path")) or page_of(page) or name
