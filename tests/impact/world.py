"""Journeys whose touchpoint effects are known: a generator apart from the shop's, in several worlds, with counterfactuals.

Interest wanders and shows in pages and carts of earlier visits; these, attributes, clock and earlier touchpoints decide who
meets what. A hidden need moves orders and the newsletter in every world; only where a world is hidden does it also decide
who meets what.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TOUCHPOINTS = (
    "guide", "chat", "advice", "try-out", "pop-up", "form", "upsell", "banner", "video", "forum", "fax", "tour"
)  # fmt: skip
HELPFUL, HARMFUL = ("guide", "chat", "advice", "try-out"), ("pop-up", "form", "upsell")
NULL, RARE, FOLLOWS, TWIN = ("banner", "video", "forum"), "fax", "receipt", ("try-out", "tour")
COMMON = (*HELPFUL[:3], *HARMFUL, *NULL)
"""Touchpoints that an analysis can and should estimate; the tour always comes with the try-out."""

CONTROL = "newsletter"
PER_POINT = np.array([0.055, 0.045, 0.035, 0.04, -0.045, -0.04, -0.03, 0, 0, 0, 0.05, 0.0])
"""Change of the chance of an order at the visit itself, a touchpoint."""

SHARES = np.array([0.12, 0.10, 0.14, 0.10, 0.12, 0.10, 0.15, 0.16, 0.12, 0.08, 0.0004, 1e-6])
FEATURES = (
    "pages of 7 days", "pages last time", "cart", "first", "recent", "member", "city", "mobile", "evening", "email",
    "met before", "late",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class World:
    """What may differ from one log to another.

    Attributes
    ----------
    window : int
        Days.
    base, back : float
        Chance of an order at a visit, and of coming back after one.
    gap : float
        Mean days between visits.
    tail : float
        Spread of the logarithm of pages and gaps.
    early : float
        Log-odds by which touchpoints are likelier at the first visit.
    steps : bool
        Touchpoints depend on thresholds of what was seen, not on logarithms.
    sessions, attributes, alone, odds, hidden : bool
        Events have session_id; attributes are measured; the newsletter is read apart from visits; effects are on log-odds;
        a hidden need decides who meets what.
    slope : float
        How strongly history decides.
    coefficients : int
        Seed of the coefficients.
    """

    window: int = 14
    base: float = 0.05
    back: float = 0.75
    gap: float = 5.0
    tail: float = 0.6
    early: float = 0.0
    steps: bool = False
    sessions: bool = False
    attributes: bool = True
    alone: bool = False
    odds: bool = False
    hidden: bool = False
    slope: float = 1.0
    coefficients: int = 0
    days: int = 240

    @property
    def on_exposure(self) -> Floats:
        """Log-odds of meeting, shape (features, touchpoints); interest always adds."""
        rng = np.random.default_rng([self.coefficients, 1])
        weights = rng.normal(0, 0.35, (len(FEATURES), len(TOUCHPOINTS)))
        weights[:3] += np.array([[0.25], [0.25], [0.5]])
        weights[3] = self.early + rng.normal(0, 0.2, len(TOUCHPOINTS))
        if not self.attributes:
            weights[5:7] = 0
        return self.slope * weights

    @property
    def on_order(self) -> Floats:
        """The same of an order, in multiples of the base chance."""
        return np.array([0.20, 0.12, 0.60, -0.15, 0.15, 0.45, 0.1, -0.2, 0.15, 0.1, 0.08, 0.15])


WORLDS = {
    "plain": World(),
    "long": World(window=30, back=0.86, gap=4.0, base=0.035, sessions=True, tail=1.0, coefficients=1, alone=True),
    "early": World(window=7, back=0.62, gap=3.0, early=1.2, base=0.07, attributes=False, coefficients=2),
    "steep": World(window=14, steps=True, slope=1.5, odds=True, coefficients=3, back=0.8),
    "weekly": World(window=14, gap=8.0, back=0.8, sessions=True, steps=True, coefficients=4, tail=1.2),
}


@dataclasses.dataclass
class State:
    """Customers at the start of a visit; every array has them as first axis."""

    need: Floats
    interest: Floats
    member: Bools
    city: Bools
    mobile: Bools
    time: Floats
    number: NDArray[np.int64]
    cart: Bools
    seen: Floats
    when: Floats
    met: Bools
    met_time: Floats

    def take(self, rows: NDArray[np.int64]) -> State:
        """Copy some customers."""
        return State(*(getattr(self, field.name)[rows].copy() for field in dataclasses.fields(self)))


KEPT = 6
"""Visits whose pages are remembered, enough for seven days."""


def _start(world: World, n: int, rng: np.random.Generator) -> State:
    need = rng.normal(size=n)
    member = rng.random(n) < 1 / (1 + np.exp(1.0 - 0.5 * need))
    enter = np.floor(rng.random(n) * world.days * 0.8)
    return State(
        need, 0.5 * need + 0.6 * rng.normal(size=n), member, rng.random(n) < 0.4, rng.random(n) < 0.55,
        enter + _hour(n, rng) / 24,
        np.zeros(n, np.int64), np.zeros(n, bool), np.zeros((n, KEPT)), np.full((n, KEPT), -1e6),
        np.zeros((n, len(TOUCHPOINTS)), bool), np.full((n, len(TOUCHPOINTS)), -1e6),
    )  # fmt: skip


def _hour(n: int, rng: np.random.Generator) -> Floats:
    return np.clip(np.where(rng.random(n) < 0.5, rng.normal(20, 1.2, n), rng.normal(12, 2.5, n)), 7, 23)


def _features(world: World, state: State, mobile: Bools, email: Bools) -> Floats:
    week = np.where(state.time[:, None] - state.when < 7, state.seen, 0).sum(axis=1)
    last = state.seen[:, 0]
    first = state.number == 0
    recent = ~first & (state.time - state.when[:, 0] <= 3)
    met = np.minimum(state.met[:, :7].sum(axis=1), 4)  # nulls move nothing, not even later touchpoints
    pages = (2.0 * (week > 6), 1.5 * (last > 3)) if world.steps else (np.log1p(week), np.log1p(last))
    evening = state.time % 1 > 18 / 24
    return np.column_stack([*pages, state.cart, first, recent, state.member, state.city, mobile, evening, email,
                            met, state.time > world.days / 2]).astype(float)  # fmt: skip


def _logit(share: Floats) -> Floats:
    share = np.clip(share, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(share / (1 - share)))


def _expit(value: Floats) -> Floats:
    return 1 / (1 + np.exp(-value))


def _visit(
    world: World, state: State, rng: np.random.Generator, force: tuple[int, bool] | None = None
) -> dict[str, Floats]:
    """Draw what every customer meets at a visit, and the chance of an order."""
    n = len(state.need)
    mobile = state.mobile ^ (rng.random(n) < 0.15)
    email = rng.random(n) < 0.25
    features = _features(world, state, mobile, email)
    centre = np.array([1.0, 0.7, 0.2, 0.4, 0.3, 0.3, 0.4, 0.5, 0.5, 0.25, 1.0, 0.4])
    odds = _logit(SHARES) + (features - centre) @ world.on_exposure - 0.5 * state.met
    odds += 0.6 * state.met[:, [0]] * (np.arange(len(TOUCHPOINTS)) == 1)
    if world.hidden:
        odds = odds + 0.8 * state.need[:, None]
    met = rng.random((n, len(TOUCHPOINTS))) < _expit(odds)
    met[:, 11] = met[:, 3] & (rng.random(n) < 0.99)
    if force is not None:
        met[:, force[0]] = force[1]
    carried = state.met & (state.time[:, None] - state.met_time < world.window)
    effect = met @ PER_POINT + 0.25 * carried @ PER_POINT
    base = world.base * np.exp((features - centre) @ world.on_order * 0.6 + 0.35 * state.need + 0.25 * state.interest)
    chance = _expit(_logit(base) + 12 * effect) if world.odds else base + effect
    pages = 1 + np.floor(
        rng.exponential(np.exp(0.3 + 0.5 * state.interest + 0.1 * met[:, 0] + world.tail * rng.normal(size=n)))
    )
    return {
        "mobile": mobile, "email": email, "met": met, "chance": np.clip(chance, 0.003, 0.9), "pages": np.minimum(pages, 60),
        "cart": rng.random(n) < _expit(-1.5 + 0.7 * state.interest + 0.3 * met[:, 1]),
        "letter": rng.random(n) < _expit(-1.2 + 0.9 * state.need), "back": rng.random(n), "gap": rng.exponential(size=n),
        "walk": rng.normal(size=n), "tail": rng.normal(size=n), "hour": _hour(n, rng),
    }  # fmt: skip


def _move_on(world: World, state: State, visit: dict[str, Floats]) -> Bools:
    """Bring the state to the start of the next visit; who comes back."""
    met = visit["met"].astype(bool)
    state.met |= met
    state.met_time = np.where(met, state.time[:, None], state.met_time)
    state.cart = state.cart | visit["cart"].astype(bool)
    state.seen = np.column_stack([visit["pages"], state.seen[:, :-1]])
    state.when = np.column_stack([state.time, state.when[:, :-1]])
    state.number = state.number + 1
    comes = visit["back"] < _expit(_logit(np.array(world.back)) + 0.25 * state.interest - 0.4 * met[:, 5])
    state.interest = 0.85 * state.interest + 0.1 + 0.35 * visit["walk"]
    gap = np.maximum(1, visit["gap"] * world.gap * np.exp(world.tail * visit["tail"] - world.tail**2 / 2))
    state.time = np.floor(state.time) + np.floor(gap) + visit["hour"] / 24
    return np.asarray(comes)


@dataclasses.dataclass(frozen=True)
class Log:
    """A simulated log in contract tables, and the state at each visit, for branching."""

    events: pd.DataFrame
    customers: pd.DataFrame
    states: list[tuple[NDArray[np.int64], State]]


def simulate(world: World, n: int = 4_000, *, seed: int = 0, tables: bool = True) -> Log:
    """Draw a log of `n` customers."""
    rng = np.random.default_rng([seed, 77])
    state = _start(world, n, rng)
    who = np.arange(n)
    attributes = pd.DataFrame({"member": state.member, "region": np.where(state.city, "city", "land")})
    entry = state.time.copy()
    parts, states = [], []
    while len(who):
        states.append((who, state.take(np.arange(len(who)))))
        visit = _visit(world, state, rng)
        ordered = rng.random(len(who)) < visit["chance"]
        if tables:
            parts.append(_events(world, who, state, visit, ordered, rng))
        comes = _move_on(world, state, visit) & ~ordered & (state.time < world.days)
        who, state = who[comes], state.take(np.flatnonzero(comes))
    if not tables:
        return Log(pd.DataFrame(), pd.DataFrame(), states)
    events = pd.concat(parts, ignore_index=True)
    if world.alone:
        times = rng.random((n, 40)) * world.days
        read = rng.random((n, 40)) < 0.25 * _expit(1.2 * states[0][1].need[:, None] - 0.5)
        row, column = np.nonzero(read)
        events = pd.concat(
            [events, pd.DataFrame({"who": row, "time": times[row, column], "touchpoint": CONTROL, "number": 10_000 + column,
                                   "device": "desktop", "channel": "email", "place": 0})]
        )  # fmt: skip
    events = events.sample(frac=1, random_state=seed).sort_values(["who", "time"], kind="stable", ignore_index=True)
    frame = pd.DataFrame(
        {
            "customer_id": "c" + events["who"].astype(str).str.zfill(7),
            "event_time": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(events["time"] * 86_400, unit="s").dt.floor("s"),
            "touchpoint": events["touchpoint"],
            "device": events["device"],
            "channel": events["channel"],
            "order": events["place"],
        }
    )  # fmt: skip
    frame["event_time"] = frame["event_time"].astype("datetime64[us, UTC]")
    if world.sessions:
        frame["session_id"] = frame["customer_id"] + "-" + events["number"].astype(str)
    customers = pd.DataFrame({"customer_id": [f"c{number:07d}" for number in range(n)]})
    customers["entry_time"] = (
        pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.floor(entry) * 86_400, unit="s")
    ).astype("datetime64[us, UTC]")
    return Log(frame, customers.join(attributes) if world.attributes else customers, states)


def _events(world: World, who, state: State, visit, ordered, rng) -> pd.DataFrame:  # type: ignore[no-untyped-def]
    """The events of one visit of every customer, in their order; some share a second."""
    rows, names, keys = [], [], []

    def add(index: NDArray[np.int64], name: object, key: Floats) -> None:
        rows.append(index)
        names.append(np.full(len(index), name, dtype=object) if isinstance(name, str) else name)
        keys.append(key)

    n = len(who)
    add(np.arange(n), "page", np.full(n, -1.0))
    more = np.repeat(np.arange(n), (visit["pages"] - 1).astype(int))
    add(more, "page", rng.random(len(more)))
    row, column = np.nonzero(visit["met"])
    add(row, np.array(TOUCHPOINTS, dtype=object)[column], rng.random(len(row)))
    add(np.flatnonzero(visit["cart"]), "cart", rng.random(int(visit["cart"].sum())))
    if not world.alone:
        letters = np.flatnonzero(visit["letter"])
        add(letters, CONTROL, rng.random(len(letters)))
    buys = np.flatnonzero(ordered)
    add(buys, "order", np.full(len(buys), 2.0))
    add(buys, FOLLOWS, np.full(len(buys), 3.0))
    later = buys[rng.random(len(buys)) < 0.3]
    add(later, np.array(TOUCHPOINTS[:10], dtype=object)[rng.integers(0, 10, len(later))], np.full(len(later), 4.0))
    row, key = np.concatenate(rows), np.concatenate(keys)
    order = np.lexsort((key, row))
    row = row[order]
    opens = np.r_[True, row[1:] != row[:-1]]
    gap = np.where(opens, 0, np.where(rng.random(len(row)) < 0.15, 0, np.minimum(rng.exponential(50, len(row)), 900)))
    total = np.cumsum(gap)
    seconds = total - np.maximum.accumulate(np.where(opens, total, 0))
    return pd.DataFrame(
        {
            "who": who[row],
            "time": state.time[row] + seconds / 86_400,
            "touchpoint": np.concatenate(names)[order],
            "number": state.number[row],
            "device": np.where(visit["mobile"], "phone", "desktop")[row],
            "channel": np.where(visit["email"], "email", "web")[row],
            "place": np.arange(len(row)),
        }
    )


def truth(world: World, *, n: int = 30_000, visits: int = 25_000, seed: int = 1) -> pd.Series:
    """The estimand of each touchpoint, by following sampled eligible visits in both branches with the same random numbers.

    Returns
    -------
    Series
        By touchpoint: P(order within the window | met first at this visit, later visits as they come) less P(| not met at
        this visit, later visits as they come), averaged over eligible visits.
    """
    states = simulate(world, n, seed=seed + 10_000, tables=False).states
    found = {}
    for number, name in enumerate(TOUCHPOINTS):
        parts = []
        for _, state in states:
            parts.append(state.take(np.flatnonzero(~state.met[:, number] & (state.time + world.window < world.days))))
        whole = State(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in dataclasses.fields(State)))
        rng = np.random.default_rng([seed, number])
        chosen = rng.choice(len(whole.need), min(visits, len(whole.need)), replace=False)
        with_, without = (_branch(world, whole.take(chosen), (number, met), seed) for met in (True, False))
        found[name] = float((with_ - without).mean())
    return pd.Series(found, name="truth")


def _branch(world: World, state: State, force: tuple[int, bool], seed: int) -> Floats:
    """Chance of an order within the window from this visit on."""
    rng = np.random.default_rng([seed, 5, force[0]])
    end = state.time + world.window
    none, here = np.ones(len(end)), np.ones(len(end), bool)
    for step in range(40):
        visit = _visit(world, state, rng, force if step == 0 else None)
        none *= 1 - np.where(here, visit["chance"], 0)
        here &= _move_on(world, state, visit) & (state.time < end)
        if not here.any():
            break
    return 1 - none
