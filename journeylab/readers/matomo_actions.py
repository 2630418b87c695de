"""What Matomo tracks, whatever it is read from: actions, and what their kinds, channels, devices and amounts are called."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from journeylab.readers.account import Account
from journeylab.readers.cells import number_of, text_of

PAGE, DOWNLOAD, OUTLINK, SEARCH, EVENT = "page view", "download", "outlink", "site search", "event"
IMPRESSION, INTERACTION = "content impression", "content interaction"
GOAL, ORDER, CART = "goal", "order", "abandoned cart"
KINDS = {
    "action": PAGE, "": PAGE, "1": PAGE, "4": PAGE, "download": DOWNLOAD, "3": DOWNLOAD, "outlink": OUTLINK, "2": OUTLINK,
    "search": SEARCH, "8": SEARCH, "event": EVENT, "10": EVENT, "13": IMPRESSION, "content": IMPRESSION, "goal": GOAL,
    "ecommerceorder": ORDER, "ecommerceabandonedcart": CART,
}  # fmt: skip
"""What an action is, by its type in the API or in the table log_action; other types, of plugins, keep their name."""
CONVERSIONS = (GOAL, ORDER, CART)
CONTENT = (IMPRESSION, INTERACTION)

CHANNELS = {
    "1": "direct", "2": "search", "3": "website", "6": "campaign", "7": "social", "direct entry": "direct",
    "search engines": "search", "websites": "website", "campaigns": "campaign", "social networks": "social",
}  # fmt: skip
"""Referrer types as the tables and exports write them, in the words of the API."""

DEVICES = {
    "0": "desktop", "1": "smartphone", "2": "tablet", "3": "feature phone", "4": "console", "5": "tv", "6": "car browser",
    "7": "smart display", "8": "camera", "9": "portable media player", "10": "phablet", "11": "smart speaker",
    "12": "wearable", "13": "peripheral",
}  # fmt: skip
"""Kinds of device by their number in the table log_visit."""


@dataclasses.dataclass(frozen=True)
class Action:
    """One action of a visit, whatever it was read from.

    Attributes
    ----------
    place : str
        For messages.
    kind : str
        One of `KINDS`, or the type that a plugin writes.
    time : int, optional
        In microseconds since 1970; `when` is what was found there.
    name : str
        Category and action of an event, the name of a goal or of content.
    order : int
        The place in the visit; a conversion stands behind what happened in the same second.
    """

    place: str
    kind: str
    time: int | None
    when: Any
    site: str
    visit: str
    visitor: str
    login: str
    device_print: str
    title: str
    url: str
    name: str
    value: float | None
    channel: str
    device: str
    order: int


def named_kind(kind: Any, interaction: Any) -> str:
    """What an action is."""
    said = text_of(kind)
    known = KINDS.get(said.lower(), said)
    return INTERACTION if known == IMPRESSION and interaction else known


def channel_of(referrer: Any) -> str:
    """The channel by the type of the referrer."""
    said = text_of(referrer)
    return CHANNELS.get(said.lower(), f"referrer type {said}" if said.isdigit() else said)


def device_of(device: Any) -> str:
    """The kind of device; nothing where Matomo does not know it."""
    said = text_of(device).lower()
    return "" if said == "unknown" else DEVICES.get(said, said)


def joined(*words: Any) -> str:
    """Words with a colon between them, without those that are empty."""
    return ": ".join(word for word in map(text_of, words) if word)


def revenue_of(value: Any, place: str, account: Account) -> float | None:
    """A number, or an amount as Matomo shows it: ``$1,234.50`` or ``1.234,50 €``, which has two decimals or none."""
    text = text_of(value)
    number = number_of(text)
    if number is None and text:
        digits = re.sub(r"[^\d.,-]", "", text)
        whole, mark, rest = digits.rpartition("." if digits.rfind(".") > digits.rfind(",") else ",")
        whole, rest = (whole, rest) if mark and len(rest) < 3 else (digits, "")
        number = number_of(re.sub("[.,]", "", whole) + (f".{rest}" if rest else ""))
        if number is None:
            account.see("revenues are no numbers and were left out", place, text)
    return number
