"""One visit after another: who meets which touchpoint, who orders, who comes back."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from journeylab.simulate import world
from journeylab.simulate.world import Bools, Floats, Ints, expit, logit

_REGISTRATION = world.TESTED.index("registration form")
_CALL = world.TESTED.index("call centre")


@dataclass
class State:
    """What has happened to each customer before a visit; every array has the customers as first axis.

    Attributes
    ----------
    behaviour, member, mobile, city, banner
        Fixed: the behaviour's number, loyalty member, mostly on a phone, lives in a city, sees the banner.
    entered, day, visits, previous
        Day of the first visit, day of this visit, visits so far, day of the visit before.
    cart, products, met, met_day
        Cart seen, product pages seen, tested touchpoints met and the day when last met (n, touchpoints).
    orders
        Orders so far.
    """

    behaviour: Ints
    member: Bools
    mobile: Bools
    city: Bools
    banner: Bools
    entered: Ints
    day: Ints
    visits: Ints
    previous: Ints
    cart: Bools
    products: Ints
    met: Bools
    met_day: Ints
    orders: Ints

    def take(self, rows: Ints | Bools) -> State:
        """Copy some customers, in this order."""
        return State(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def put(self, rows: Ints, other: State) -> None:
        """Write back what changed for some customers."""
        for name in ("day", "visits", "previous", "cart", "products", "met", "met_day", "orders"):
            getattr(self, name)[rows] = getattr(other, name)


@dataclass
class Visit:
    """What happens at one visit of each customer.

    Attributes
    ----------
    mobile : (n,) device of the visit
    exposed : (n, tested) tested touchpoints that are met
    products : (n,) product pages seen
    cart : (n,) whether the cart is seen, if nothing is ordered
    probability : (n,) of an order
    """

    mobile: Bools
    exposed: Bools
    products: Ints
    cart: Bools
    probability: Floats


def exposure_probability(state: State, mobile: Bools) -> Floats:
    """Probability of meeting each tested touchpoint, (n, tested); known at the start of the visit."""
    first = state.visits == 0
    recent = ~first & (state.day - state.previous <= 3)
    odds = logit(world.EXPOSURE_SHARE)[state.behaviour]
    for on, coefficients in (
        (mobile, world.ON_MOBILE),
        (state.member, world.ON_MEMBER),
        (state.city, world.ON_CITY),
        (state.cart, world.ON_CART),
        (first, world.ON_FIRST),
        (recent, world.ON_RECENT),
        (np.log1p(state.products), world.ON_PRODUCTS),
    ):
        odds = odds + np.outer(on, coefficients)
    odds = odds + world.EXPOSED_BEFORE * state.met
    odds[:, _CALL] += world.CALL_AFTER_REGISTRATION * state.met[:, _REGISTRATION]
    return expit(odds)


def order_probability(state: State, mobile: Bools, exposed: Bools) -> Floats:
    """Probability of an order at this visit, given what is met at it and what was met before."""
    carried = state.met & (state.day[:, None] - state.met_day < world.WINDOW_DAYS)
    base = (
        world.BASE_ORDER[state.behaviour]
        + 0.030 * state.member
        - 0.012 * mobile
        + 0.035 * state.cart
        + 0.012 * np.minimum(np.log1p(state.visits), 1.6)
        + 0.012 * np.minimum(np.log1p(state.products), 2.0)
        + 0.015 * (state.day >= 305)
        + world.BANNER_EFFECT * (state.banner & (state.day - state.entered < world.BANNER_DAYS))
    )
    total = base + exposed @ world.EFFECT_NOW + carried @ world.EFFECT_LATER
    return np.clip(total, 0.008, 0.9)


def draw_visit(state: State, rng: np.random.Generator) -> Visit:
    """Draw a visit of every customer; the order itself is left to the caller."""
    n = len(state.day)
    mobile = state.mobile ^ (rng.random(n) < 0.08)
    exposed = rng.random((n, len(world.TESTED))) < exposure_probability(state, mobile)
    products = np.minimum(rng.poisson(world.PRODUCT_MEAN[state.behaviour]), 5).astype(np.int64)
    cart = rng.random(n) < world.CART_SHARE[state.behaviour]
    return Visit(mobile, exposed, products, cart, order_probability(state, mobile, exposed))


def remember(state: State, visit: Visit, ordered: Bools) -> None:
    """Bring the state up to the end of the visit."""
    state.met |= visit.exposed
    state.met_day = np.where(visit.exposed, state.day[:, None], state.met_day)
    state.cart = (state.cart | visit.cart) & ~ordered
    state.products = state.products + visit.products
    state.visits = state.visits + 1
    state.previous = state.day
    state.orders = state.orders + ordered


def next_visit(state: State, exposed: Bools, rng: np.random.Generator) -> tuple[Bools, Ints]:
    """Whether a customer who did not order comes back, and after how many days."""
    odds = logit(world.CONTINUE_SHARE)[state.behaviour] - world.LAPSE_AFTER_REGISTRATION * exposed[:, _REGISTRATION]
    comes = rng.random(len(odds)) < expit(odds)
    gap = 1 + rng.exponential(world.GAP_DAYS[state.behaviour] - 0.5).astype(np.int64)
    return comes, np.minimum(gap, 60)
