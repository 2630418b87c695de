"""Questionnaires of several items: satisfaction after a delivery, with planted drivers, and ease of use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from journeylab.simulate.exports import write_csv

ANSWER = 0.14
"""Share of those with a delivery who answer about their satisfaction."""
DRIVERS = {"choice": 0.15, "price": 0.10, "ordering": 0.20, "delivery": 0.45, "advice": 0.05}
"""What a point more on an item adds to overall satisfaction."""
MEANS = {"choice": 5.7, "price": 4.6, "ordering": 4.9, "delivery": 5.6, "advice": 5.0}
LATE = -1.9
"""What a late delivery takes from the item on delivery."""
HALO = 0.6
"""How far one good or bad mood moves all items, so that they go together."""
SESSIONS = 30
"""Customers who took part in a test of the site, and filled in the System Usability Scale."""
SKIPPED = 0.02
"""Share of items without an answer."""
EASE = 0.05
"""Share of those who ordered who answer the two items on ease of use."""


def write_questionnaires(raw: Path, orders: pd.DataFrame, rng: np.random.Generator) -> dict[str, Any]:
    """Write satisfaction.csv, umux_lite.csv and sus.csv.

    Returns
    -------
    dict
        What was planted: the weight of each item on overall satisfaction.
    """
    delivered = orders[orders["delivered"].notna()].drop_duplicates("customer_id")
    write_csv(_satisfaction(delivered[rng.random(len(delivered)) < ANSWER], rng), raw / "satisfaction.csv")
    write_csv(_ease(delivered[rng.random(len(delivered)) < EASE], rng), raw / "umux_lite.csv")
    write_csv(_sus(delivered, rng), raw / "sus.csv")
    return {
        "survey": "satisfaction",
        "outcome": "overall",
        "weights": DRIVERS,
        "late_delivery_on_delivery": LATE,
        "note": "points of overall satisfaction a point of each item; answers are rounded and cut at 1 and 7",
    }


def _when(orders: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    seconds = rng.integers(2 * 86_400, 7 * 86_400, len(orders)).astype("timedelta64[s]")
    times = orders["delivered"].to_numpy().astype("datetime64[s]") + seconds
    return np.char.replace(np.datetime_as_string(times, unit="s"), "T", " ")


def _rounded(values: np.ndarray, high: int) -> np.ndarray:
    return np.clip(np.rint(values), 1, high).astype(np.int64)


def _satisfaction(orders: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Overall satisfaction and five items, 1 to 7."""
    n = len(orders)
    mood = HALO * rng.standard_normal(n)
    felt = {name: MEANS[name] + mood + 0.9 * rng.standard_normal(n) for name in DRIVERS}
    felt["delivery"] = felt["delivery"] + LATE * orders["late"].to_numpy(bool)
    overall = 5.3 + sum(weight * (felt[name] - MEANS[name]) for name, weight in DRIVERS.items())
    frame = pd.DataFrame(
        {
            "respondent": orders["customer_id"].to_numpy(),
            "answered_at": _when(orders, rng),
            "overall": _rounded(overall + 0.6 * rng.standard_normal(n), 7),
            **{name: _rounded(values, 7) for name, values in felt.items()},
        }
    )
    return _in_order(_with_gaps(frame, list(DRIVERS), rng))


def _ease(orders: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """UMUX-Lite: whether it meets the requirements, and is easy to use; 1 to 7."""
    liking = 5.4 + 0.9 * rng.standard_normal(len(orders))
    return _in_order(
        pd.DataFrame(
            {
                "respondent": orders["customer_id"].to_numpy(),
                "answered_at": _when(orders, rng),
                "meets_my_requirements": _rounded(liking + 0.7 * rng.standard_normal(len(orders)), 7),
                "easy_to_use": _rounded(liking - 0.4 + 0.7 * rng.standard_normal(len(orders)), 7),
            }
        )
    )


def _sus(orders: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """System Usability Scale: ten items, 1 to 5, every second one the wrong way round."""
    people = orders.sort_values("customer_id", kind="stable")
    people = people.iloc[np.sort(rng.choice(len(people), min(SESSIONS, len(people)), replace=False))]
    liking = 0.9 + 0.6 * rng.standard_normal(len(people))
    items = {}
    for number in range(1, 11):
        side = 1 if number % 2 else -1
        items[f"q{number}"] = _rounded(3 + side * liking + 0.7 * rng.standard_normal(len(people)), 5)
    frame = pd.DataFrame({"respondent": people["customer_id"].to_numpy(), "answered_at": _when(people, rng), **items})
    return _in_order(_with_gaps(frame, list(items), rng))


def _with_gaps(frame: pd.DataFrame, items: list[str], rng: np.random.Generator) -> pd.DataFrame:
    """Leave out a few answers."""
    skipped = rng.random((len(frame), len(items))) < SKIPPED
    text = frame[items].astype("str").mask(skipped, "")
    return frame.assign(**{name: text[name] for name in items})


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Answers until the end of the year, in order."""
    frame = frame[frame["answered_at"] < "2026"]
    return frame.sort_values(["answered_at", "respondent"], kind="stable", ignore_index=True)
