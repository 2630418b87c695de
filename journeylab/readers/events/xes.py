"""XES (IEEE 1849): event logs of process mining, a trace for each case."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.readers.account import Account, ExportOptions
from journeylab.readers.cells import micros_of, number_of, text_of
from journeylab.readers.xml_elements import xml_elements

NAME = "concept:name"
TIME = "time:timestamp"
LIFECYCLE = "lifecycle:transition"
CONTAINERS = ("trace", "event")


@dataclasses.dataclass(frozen=True, kw_only=True)
class XesOptions(ExportOptions):
    """Options of an event log.

    Attributes
    ----------
    case : str
        The attribute of a trace, or else of its events, that is the customer.
    lifecycle : str
        "complete" leaves out events that say that something was only started, assigned and so on; "all" reads them.
    value : str
        The attribute of an event that is its value.
    """

    case: str = NAME
    lifecycle: str = "complete"
    value: str = "cost:total"

    def __post_init__(self) -> None:
        super().__post_init__()
        allowed = ["complete", "all"]
        if self.lifecycle not in allowed:
            raise StudyError(
                f"option lifecycle: found {self.lifecycle!r}, allowed: {listing(allowed)}."
                + did_you_mean(str(self.lifecycle), allowed)
            )


OPTIONS = XesOptions


def records(path: Path, options: XesOptions, account: Account) -> Iterator[dict[str, Any]]:
    """Yield one dictionary an event.

    Notes
    -----
    The customer is the trace's ``concept:name``, or the attribute that option ``case`` names; then the trace's name is
    the session. The time is ``time:timestamp``, the touchpoint ``concept:name``. Events keep their place in the trace as
    their order. Of a file that is cut short, the events of the last trace are read as far as they are whole. Tags may
    have a namespace or none. Options ``customer`` and ``pages`` change nothing, since a log has neither logins nor pages.
    """
    for place, element in xml_elements(path, account, "trace", outside=("event",), partial=True):
        trace = {} if _tag(element) == "event" else _attributes(element)
        events = [element] if _tag(element) == "event" else [part for part in element if _tag(part) == "event"]
        if not events:
            account.read()
            account.lose("without events", place, trace.get(NAME))
        for number, event in enumerate(events, 1):
            account.read()
            yield from _event(f"{place}, event {number}", trace, _attributes(event), number, options, account)


def _event(
    place: str, trace: dict[str, str], event: dict[str, str], number: int, options: XesOptions, account: Account
) -> Iterator[dict[str, Any]]:
    customer = text_of(trace.get(options.case)) or (event.get(options.case, "") if options.case != NAME else "")
    name, transition = event.get(NAME, ""), event.get(LIFECYCLE, "")
    time = micros_of(event.get(TIME), zone=options.timezone or "UTC")
    if not customer:
        account.lose(f"without {options.case} of the trace", place, name)
    elif not name:
        account.lose(f"without {NAME}", place)
    elif time is None:
        account.lose(f"with no {TIME} that is a time", place, event.get(TIME))
    elif options.lifecycle == "complete" and transition.lower() not in ("", "complete"):
        account.lose(f"that are not complete ({LIFECYCLE}; option lifecycle = 'all' reads them)", place, transition)
    else:
        yield {
            "customer_id": customer,
            "event_time": time,
            "touchpoint": name,
            "value": number_of(event.get(options.value)),
            "session_id": trace.get(NAME, "") if options.case != NAME else "",
            "order": number,
            "lifecycle": transition,
        }


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _attributes(element: Any) -> dict[str, str]:
    """The attributes of a trace or event by key, without those that are nested; the first of two counts."""
    found: dict[str, str] = {}
    for part in element:
        if _tag(part) not in CONTAINERS and part.get("key"):
            found.setdefault(text_of(part.get("key")), text_of(part.get("value")))
    return found
