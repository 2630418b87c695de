"""A small made-up log, and what pm4py 2.7.23.11 and retentioneering 5.2.4 found in it; benchmarks/equality.py asks them anew."""

from __future__ import annotations

import random

import pandas as pd

NAMES = ["cart", "chat", "home", "look", "order"]
STEPS = ["look", "home", "chat"]
LENGTH = 4

TRANSITIONS = {
    ("cart", "cart"): (4, 4, 90.0),
    ("cart", "chat"): (1, 1, 120.0),
    ("cart", "home"): (6, 5, 120.0),
    ("cart", "look"): (4, 4, 150.0),
    ("chat", "cart"): (2, 2, 90.0),
    ("chat", "chat"): (4, 3, 90.0),
    ("chat", "home"): (9, 8, 120.0),
    ("chat", "look"): (2, 2, 60.0),
    ("chat", "order"): (4, 4, 990.0),
    ("home", "cart"): (3, 3, 120.0),
    ("home", "chat"): (9, 8, 120.0),
    ("home", "home"): (8, 7, 120.0),
    ("home", "look"): (2, 2, 930.0),
    ("home", "order"): (5, 5, 180.0),
    ("look", "cart"): (4, 4, 1020.0),
    ("look", "chat"): (6, 5, 90.0),
    ("look", "home"): (4, 4, 180.0),
    ("look", "look"): (4, 3, 930.0),
    ("look", "order"): (4, 4, 150.0),
    ("order", "cart"): (5, 4, 180.0),
    ("order", "chat"): (6, 6, 150.0),
    ("order", "home"): (6, 6, 90.0),
    ("order", "look"): (5, 5, 180.0),
    ("order", "order"): (5, 5, 1800.0),
}
"""Steps (both peers), customers (retentioneering), median seconds (pm4py)."""

FIRST = {"cart": 5, "chat": 4, "look": 9, "order": 12}
LAST = {"cart": 8, "chat": 9, "home": 6, "look": 4, "order": 3}
"""First and last touchpoints (pm4py)."""

VARIANTS = (28, {("look",): 3})
"""How many distinct journeys, and those of more than one customer (pm4py)."""

TRIPLES = (
    63,
    86,
    {
        ("cart", "home", "order"): 3,
        ("home", "home", "chat"): 3,
        ("look", "chat", "home"): 3,
        ("order", "chat", "home"): 3,
        ("order", "home", "chat"): 3,
    },
)
"""Distinct stretches of three, how often any occurs, and those that occur more than twice (pm4py)."""

STEP_MATRIX = {
    "cart": [5, 5, 4, 1],
    "chat": [4, 6, 5, 4],
    "home": [0, 6, 6, 7],
    "look": [9, 4, 4, 3],
    "order": [12, 5, 3, 4],
}
"""Journeys by touchpoint and step (retentioneering; its shares times 30)."""

FUNNEL = [20, 9, 4]
"""Journeys that come to each of STEPS, in order (retentioneering)."""

VISITS = 49
WITHIN_VISITS = {
    ("cart", "cart"): 4,
    ("cart", "chat"): 1,
    ("cart", "home"): 6,
    ("cart", "look"): 4,
    ("chat", "cart"): 2,
    ("chat", "chat"): 3,
    ("chat", "home"): 8,
    ("chat", "look"): 2,
    ("chat", "order"): 3,
    ("home", "cart"): 2,
    ("home", "chat"): 8,
    ("home", "home"): 6,
    ("home", "look"): 1,
    ("home", "order"): 4,
    ("look", "cart"): 2,
    ("look", "chat"): 6,
    ("look", "home"): 3,
    ("look", "look"): 3,
    ("look", "order"): 4,
    ("order", "cart"): 3,
    ("order", "chat"): 5,
    ("order", "home"): 6,
    ("order", "look"): 4,
    ("order", "order"): 3,
}
"""Visits that end after 30 minutes of silence, and the steps within them (retentioneering)."""


def log() -> pd.DataFrame:
    """Events of 30 customers by the minute, unsorted; many have no time between them, some lie more than a visit apart."""
    draw = random.Random(2026).random
    rows = []
    for customer in range(30):
        minute = int(draw() * 10_000)
        for _ in range(1 + int(draw() * 9)):
            minute += int(draw() * 4) if draw() < 0.75 else 29 + int(draw() * 5)
            rows.append((f"c{customer:02d}", minute, NAMES[int(draw() * len(NAMES))]))
    ranked = sorted(rows, key=lambda row: (row[1] % 7, row[0], row[1]))
    customers, minutes, names = zip(*ranked, strict=True)
    times = pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(list(minutes), unit="min")
    return pd.DataFrame({"customer_id": customers, "event_time": times.as_unit("us"), "touchpoint": names})
