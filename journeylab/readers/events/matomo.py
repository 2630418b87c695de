"""Matomo: visits of its Live API, the export of a data subject, and the log tables of its database."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.readers import matomo_actions as kinds
from journeylab.readers.account import Account, ExportOptions
from journeylab.readers.cells import page_of
from journeylab.readers.matomo_actions import Action, joined
from journeylab.readers.matomo_files import is_subject, is_table
from journeylab.readers.matomo_tables import table_actions
from journeylab.readers.matomo_visits import visit_actions
from journeylab.readers.stream import first_sign

INSTEAD = ("fingerprint", "visit", "none")


@dataclasses.dataclass(frozen=True, kw_only=True)
class MatomoOptions(ExportOptions):
    """Options of Matomo's visits.

    Attributes
    ----------
    pages : str
        What a page view is called: "path", "title", or "event", which calls pages "page view" and leaves away which file
        is downloaded, which site a link leads to and which content is shown.
    timezone : str, optional
        The site's, for answers of the API whose visits do not show it; see `records`.
    visitor : str
        What counts as visitor where the visitor's id is missing: "fingerprint" of the device, which changes with the day;
        "visit", the fingerprint or else the visit itself; or "none".
    """

    visitor: str = "fingerprint"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.visitor not in INSTEAD:
            raise StudyError(
                f"option visitor: found {self.visitor!r}, allowed: {listing(INSTEAD)}."
                + did_you_mean(str(self.visitor), INSTEAD)
            )


OPTIONS = MatomoOptions


def records(path: Path, options: MatomoOptions, account: Account) -> Iterator[dict[str, Any]]:
    """Yield one dictionary an action: a page, download, link, event, search, content, goal, order or abandoned cart.

    Notes
    -----
    The customer is the user id (login), else the visitor id; what counts where a visit has neither says option
    ``visitor``, and such ids are no ``visitor_id`` to stitch by. The session is the visit. Order is the place in the
    visit; conversions stand behind the actions of the same second. The value is the revenue of goals and orders, and what
    an abandoned cart is worth. The words of searches, addresses, places and custom variables are not read.

    The API writes the time of actions by the site's clock, as if it were UTC. Each visit also has its first and last time
    in UTC: where the two differ by a multiple of a quarter of an hour, that is taken off. The database holds UTC.

    A folder, or one of its files, of log tables (CSV, JSON or Parquet) is joined on disk; see
    `journeylab.readers.matomo_tables`.
    """
    for action in _actions(path, options, account):
        visitor = action.visitor or (action.device_print if options.visitor != "none" else "")
        if not visitor and not action.login and options.visitor == "visit" and action.visit:
            visitor = f"visit {action.visit}"
        customer = options.choose(action.login, visitor)
        if not customer:
            account.lose("without userId or visitorId, or what option visitor takes for one", action.place, action.kind)
        elif action.time is None:
            account.lose("with no time of the server that is one", action.place, action.when or action.kind)
        else:
            if customer != action.login and not action.visitor:
                account.see("actions have no visitorId; another sign is their customer (option visitor)", action.place)
            yield {
                "customer_id": customer,
                "event_time": action.time,
                "touchpoint": _touchpoint(action, options),
                "channel": action.channel,
                "device": action.device,
                "value": action.value,
                "session_id": action.visit,
                "order": action.order,
                "event": action.kind,
                "page": action.url,
                "site": action.site,
                "visitor_id": action.visitor,
                "login_id": action.login,
            }


def _actions(path: Path, options: MatomoOptions, account: Account) -> Iterator[Action]:
    """The actions of log tables or of visits, whichever a path holds."""
    if is_table(path) or is_subject(path, account):
        return table_actions(path, account)
    sign = first_sign(path)
    if sign not in ("<", "{", "["):
        raise DataError(
            f"{path}: is neither JSON nor XML, nor called as a log table, such as log_link_visit_action.csv; name the folder "
            "of the log tables, or one of them."
        )
    return visit_actions(path, options.timezone, account, xml=sign == "<")


def _touchpoint(action: Action, options: MatomoOptions) -> str:
    short = options.pages == "event"
    if action.kind == kinds.PAGE:
        path = page_of(_with_host(action.url))
        return (
            kinds.PAGE
            if short
            else (action.title if options.pages == "title" else "") or path or action.title or kinds.PAGE
        )
    if action.kind in (kinds.DOWNLOAD, kinds.OUTLINK):
        named = page_of(_with_host(action.url)) if action.kind == kinds.DOWNLOAD else _host(action.url)
    elif action.kind in kinds.CONTENT:
        named = action.name
    elif action.kind == kinds.GOAL:
        return joined(kinds.GOAL, action.name)
    elif action.kind == kinds.EVENT:
        return action.name or kinds.EVENT
    else:
        named = "" if action.kind in (kinds.SEARCH, kinds.ORDER, kinds.CART) else action.title
    return action.kind if short else joined(action.kind, named)


def _with_host(url: str) -> str:
    """An address that begins with its host, as old Matomo writes it, so that the host is known as such."""
    return url if "://" in url or url.startswith("/") or not url else f"//{url}"


def _host(url: str) -> str:
    try:
        return urlsplit(_with_host(url)).hostname or url
    except ValueError:
        return url
