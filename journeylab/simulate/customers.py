"""Who the customers of the simulated shop are, and their journeys through the year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from journeylab.simulate import world
from journeylab.simulate.visits import State, Visit, draw_visit, next_visit, remember
from journeylab.simulate.world import Bools, Ints


@dataclass(frozen=True)
class VisitLog:
    """Every visit, one row each, in the order in which they were drawn.

    Attributes
    ----------
    customer, day, number : (n,)
        Who, on which day of the year, and the customer's how-manieth visit (from 0).
    state : State
        What had happened before the visit.
    visit : Visit
        What happened at it.
    ordered, last : (n,)
        Whether it ended in an order; whether the customer came no more.
    order_row : (n,)
        Row of `Orders` for visits that ordered, else -1.
    """

    customer: Ints
    day: Ints
    number: Ints
    state: State
    visit: Visit
    ordered: Bools


@dataclass(frozen=True)
class Orders:
    """Every order, in the order of the visits of a `VisitLog` that ended in one.

    Attributes
    ----------
    row : (n,) row of the visit log
    late : (n,) delivered after the promised day
    delivered, promised : (n,) days after the order
    calls, returns, reviews : (n,) days after the order (calls) or the delivery; -1 for none
    """

    row: Ints
    late: Bools
    promised: Ints
    delivered: Ints
    calls: Ints
    returns: Ints
    reviews: Ints


def make_customers(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw the customers: what is known of them at entry, and the planted behaviour."""
    behaviour = rng.choice(len(world.BEHAVIOURS), n, p=world.BEHAVIOUR_SHARES)
    noise = rng.random(n) < world.ACQUISITION_NOISE
    acquisition = np.where(noise, rng.integers(0, len(world.ACQUISITION), n), behaviour)
    member = rng.random(n) < np.array([0.30, 0.35, 0.40, 0.35])[behaviour]
    mobile = rng.random(n) < np.array([0.55, 0.35, 0.50, 0.65])[behaviour]
    region = np.where(rng.random(n) < 0.4, 0, 1 + (rng.random(n) < 0.45))
    age = np.minimum(rng.binomial(3, np.array([0.40, 0.50, 0.62, 0.33])[behaviour]), 3)
    # More customers arrive early, so that most journeys end within the year.
    entered = np.minimum((rng.beta(1.0, 1.15, n) * 345).astype(np.int64), 344)
    entered = np.sort(entered)
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{number:05d}" for number in rng.permutation(n) + 10_000],
            "behaviour": behaviour,
            "acquisition": np.array(world.ACQUISITION)[acquisition],
            "member": member,
            "mobile": mobile,
            "region": np.array(world.REGIONS)[region],
            "age_band": np.array(world.AGE_BANDS)[age],
            "entered": entered,
        }
    )
    frame["in_banner_test"] = (entered >= world.BANNER_FROM) & (entered < world.BANNER_TO)
    frame["banner"] = frame["in_banner_test"] & (rng.random(n) < 0.5)
    frame["in_checkout_test"] = (entered >= world.CHECKOUT_FROM) & (entered < world.CHECKOUT_TO)
    frame["one_page"] = frame["in_checkout_test"] & (rng.random(n) < 0.5)
    return frame


def first_state(customers: pd.DataFrame) -> State:
    """The state of every customer at the first visit."""
    n, tested = len(customers), len(world.TESTED)
    entered = customers["entered"].to_numpy(np.int64)
    return State(
        behaviour=customers["behaviour"].to_numpy(np.int64),
        member=customers["member"].to_numpy(bool),
        mobile=customers["mobile"].to_numpy(bool),
        city=(customers["region"] == "city").to_numpy(bool),
        banner=customers["banner"].to_numpy(bool),
        entered=entered,
        day=entered.copy(),
        visits=np.zeros(n, np.int64),
        previous=entered.copy(),
        cart=np.zeros(n, bool),
        products=np.zeros(n, np.int64),
        met=np.zeros((n, tested), bool),
        met_day=np.full((n, tested), -10_000, np.int64),
        orders=np.zeros(n, np.int64),
    )


def _concatenate(parts: list[Any]) -> Any:
    """One dataclass of arrays from many of the same kind."""
    names = parts[0].__dataclass_fields__
    return type(parts[0])(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def live_a_year(customers: pd.DataFrame, rng: np.random.Generator) -> tuple[VisitLog, Orders]:
    """Let every customer visit, order and come back until the year ends or the interest does."""
    whole = first_state(customers)
    active = np.arange(len(customers))
    log: dict[str, list] = {name: [] for name in ("customer", "day", "number", "state", "visit", "ordered")}
    orders: list[Orders] = []
    rows = 0
    for _ in range(world.MAX_VISITS):
        state = whole.take(active)
        visit = draw_visit(state, rng)
        ordered = rng.random(len(active)) < visit.probability
        for name, value in zip(
            log, (active, state.day.copy(), state.visits.copy(), whole.take(active), visit, ordered), strict=True
        ):
            log[name].append(value)
        remember(state, visit, ordered)
        comes, gap = next_visit(state, visit.exposed, rng)
        fate = draw_orders(rows + np.flatnonzero(ordered), state.day[ordered], rng)
        orders.append(fate)
        rows += len(active)
        returning = np.where(fate.late, world.RETURNING["late"], world.RETURNING["on time"])
        comes[ordered] = rng.random(len(returning)) < returning
        gap[ordered] = fate.delivered + 6 + rng.exponential(22.0, len(returning)).astype(np.int64)
        state.day = state.day + gap
        whole.put(active, state)
        active = active[comes & (state.day < world.DAYS)]
        if not len(active):
            break
    parts = {name: log[name] for name in ("customer", "day", "number", "ordered")}
    flat = {name: np.concatenate(values) for name, values in parts.items()}
    return VisitLog(**flat, state=_concatenate(log["state"]), visit=_concatenate(log["visit"])), _concatenate(orders)


def call_probability(day: Ints, late: Bools) -> np.ndarray:
    """Probability of an order status call after an order on a day; the tracking mail lowers it."""
    rate = np.where(late, world.CALL_RATE["late"], world.CALL_RATE["on time"])
    return rate * np.where(day >= world.CHANGE_DAY, world.CALL_RATIO, 1.0)


def draw_orders(row: Ints, day: Ints, rng: np.random.Generator) -> Orders:
    """What happens after each order: delivery, calls, return, review."""
    n = len(row)
    promised = rng.integers(4, 8, n)
    late = rng.random(n) < world.LATE_SHARE
    delivered = np.where(late, promised + rng.integers(2, 7, n), rng.integers(2, 5, n))
    called = rng.random(n) < call_probability(day, late)
    calls = np.where(called, rng.integers(1, delivered + 1), -1)
    returned = rng.random(n) < np.where(late, world.RETURN_SHARE["late"], world.RETURN_SHARE["on time"])
    returns = np.where(returned, rng.integers(1, 6, n), -1)
    reviewed = rng.random(n) < world.REVIEW_SHARE
    reviews = np.where(reviewed, rng.integers(1, 6, n), -1)
    return Orders(row, late, promised, delivered, calls, returns, reviews)
