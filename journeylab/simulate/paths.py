"""The pages and contacts of each visit in order, and what follows an order: the events of the study."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journeylab.simulate import world
from journeylab.simulate.customers import Orders, VisitLog
from journeylab.simulate.world import Bools

DWELL = {
    "search ad": 12,
    "social ad": 12,
    "e-mail newsletter": 25,
    "home page": 20,
    "store locator": 45,
    "site search": 25,
    "offers page": 45,
    "product page": 70,
    "reviews read": 80,
    "comparison page": 110,
    "3D configurator": 220,
    "VR showroom": 200,
    "chat": 260,
    "call centre": 420,
    "store visit": 600,
    "survey pop-up": 25,
    "cart": 40,
    "checkout": 75,
    "registration form": 130,
    "order placed": 8,
    "order confirmation page": 30,
}
"""Median seconds until the next event of the visit."""

TOUCHPOINTS = (*DWELL, "order status call", "delivered on time", "delivered late", "return", "review written")
CODE = {name: code for code, name in enumerate(TOUCHPOINTS)}
AFTER = tuple(CODE[name] for name in TOUCHPOINTS[len(DWELL) :])


def visit_events(log: VisitLog, rng: np.random.Generator) -> pd.DataFrame:
    """Lay out every visit as events.

    Returns
    -------
    DataFrame
        visit (row of the log), code (index into TOUCHPOINTS), second (since the start of the year, local time),
        position (within the visit).
    """
    names, present, keys = _slots(log, rng)
    n = len(log.customer)
    codes = np.array([CODE[name] for name in names])
    keys = np.where(present, keys, np.inf)
    order = np.argsort(keys, axis=1, kind="stable")
    length = present.sum(axis=1)
    width = int(length.max())
    ordered_codes = codes[order[:, :width]]
    medians = np.array(list(DWELL.values()), float)
    gaps = medians[ordered_codes] * np.exp(0.6 * rng.standard_normal((n, width)))
    gaps = np.clip(gaps, 2, 1500).astype(np.int64)
    start = log.day * 86_400 + _second_of_day(n, rng)
    seconds = start[:, None] + np.cumsum(gaps, axis=1) - gaps
    kept = np.arange(width) < length[:, None]
    visit, position = np.nonzero(kept)
    return pd.DataFrame({"visit": visit, "code": ordered_codes[kept], "second": seconds[kept], "position": position})


def _second_of_day(n: int, rng: np.random.Generator) -> np.ndarray:
    """Second of the day at which a visit starts, between 8 and 22 h, most in the evening."""
    hour = np.where(rng.random(n) < 0.6, rng.normal(19.0, 1.6, n), rng.normal(12.5, 2.2, n))
    return (np.clip(hour, 8.0, 21.8) * 3600).astype(np.int64) + rng.integers(0, 600, n)


def _slots(log: VisitLog, rng: np.random.Generator) -> tuple[list[str], Bools, np.ndarray]:
    """Which slots of the longest possible visit each visit fills, and the key that sorts them."""
    behaviour, visit, ordered = log.state.behaviour, log.visit, log.ordered
    n = len(behaviour)
    names: list[str] = []
    present: list[np.ndarray] = []
    keys: list[np.ndarray] = []

    def slot(name: str, there: np.ndarray, key: np.ndarray) -> None:
        names.append(name)
        present.append(there)
        keys.append(key)

    def chance(shares: np.ndarray | float) -> Bools:
        return rng.random(n) < (shares[behaviour] if isinstance(shares, np.ndarray) else shares)

    def between(low: float, high: float) -> np.ndarray:
        return low + (high - low) * rng.random(n)

    entry_odds = np.log(world.ENTRY_SHARE)[behaviour]
    entry_odds[:, 2] += 0.6 * log.state.member + 0.3 * (log.state.visits > 0)
    entry_odds[:, 0] += 0.3 * (log.state.visits == 0)
    entry = np.argmax(entry_odds + rng.gumbel(size=entry_odds.shape), axis=1)
    for number, name in enumerate(world.ENTRIES):
        slot(name, entry == number, np.full(n, -10.0))
    slot("home page", chance(world.HOME_SHARE) & (entry != 3), np.full(n, -9.0))

    exposed = dict(zip(world.TESTED, visit.exposed.T, strict=True))
    registration = exposed["registration form"]
    cart = visit.cart | ordered
    pages = visit.products
    for number in range(int(pages.max()) if n else 0):
        slot("product page", pages > number, number + between(0.0, 1.0))
    end = np.maximum(pages, 1)
    slot("site search", chance(world.SEARCH_SHARE), between(-0.9, 0.3))
    slot("offers page", chance(world.OFFERS_SHARE), between(-0.9, 0.6))
    slot("reviews read", chance(world.REVIEWS_SHARE), end * between(0.3, 1.1))
    slot("store locator", chance(world.LOCATOR_SHARE), between(-1.0, 0.6))
    slot("VR showroom", chance(world.VR_SHARE), end * between(0.1, 1.1))
    slot("comparison page", exposed["comparison page"], end * between(0.2, 1.1))
    slot("comparison page", exposed["comparison page"] & chance(world.COMPARE_AGAIN), end * between(0.2, 1.1))
    slot("3D configurator", exposed["3D configurator"], end * between(0.2, 1.1))
    slot("survey pop-up", exposed["survey pop-up"], end * between(0.0, 1.2))
    slot("store visit", exposed["store visit"], end * 1.0 + between(0.1, 0.4))
    slot("chat", exposed["chat"], end * between(0.3, 1.0) + between(0.0, 1.0))

    back = cart & chance(world.BACK_TO_PRODUCT)
    slot("cart", cart, end + 1.2)
    slot("product page", back, end + 1.3)
    slot("cart", back & (ordered | chance(0.6)), end + 1.4)
    slot("call centre", exposed["call centre"], end + between(0.9, 1.7))
    # Who meets the form and does not order leaves at it: the planted friction.
    slot("checkout", ordered | (visit.cart & registration) | (visit.cart & chance(world.ABANDONED_CHECKOUT)), end + 1.8)
    slot("registration form", registration, end + 2.0)
    slot("checkout", ordered & registration, end + 2.2)
    slot("order placed", ordered, end + 3.0)
    slot("order confirmation page", ordered & (rng.random(n) < 0.95), end + 4.0)
    return names, np.column_stack(present), np.column_stack(keys)


def after_events(log: VisitLog, orders: Orders, rng: np.random.Generator) -> pd.DataFrame:
    """Events that follow orders, in the form of `visit_events` (visit is the visit of the order)."""
    day = log.day[orders.row]
    delivered = day + orders.delivered
    kinds = [
        (CODE["order status call"], orders.calls >= 0, day + orders.calls, (9.0, 12.5)),
        (CODE["delivered on time"], ~orders.late, delivered, (13.0, 17.0)),
        (CODE["delivered late"], orders.late, delivered, (13.0, 17.0)),
        (CODE["return"], orders.returns >= 0, delivered + orders.returns, (9.0, 13.0)),
        (CODE["review written"], orders.reviews >= 0, delivered + orders.reviews, (17.0, 22.0)),
    ]
    parts = []
    for code, there, on, (low, high) in kinds:
        second = on * 86_400 + (rng.uniform(low, high, len(on)) * 3600).astype(np.int64)
        part = pd.DataFrame({"visit": orders.row, "code": code, "second": second, "position": -1})
        parts.append(part[there])
    after = pd.concat(parts, ignore_index=True)
    return after[after["second"] < world.DAYS * 86_400].reset_index(drop=True)
