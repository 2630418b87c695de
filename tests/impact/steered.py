"""Visits in which one step leads to a touchpoint and to the outcome as well: what seems to work only came along.

Who searches is offered the chat, and orders more often for having searched; whoever meets an error reads the help page, and orders
less often for the error. Chat and help page do nothing; search and tour help, the error harms, wherever they are met.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

NULL = ("chat", "help page", "product page")
MOVES = {"search": 0.15, "tour": 0.08, "error": -0.06}
"""Change of the chance of an order at the visit."""


def steered(customers: int, seed: int) -> pd.DataFrame:
    """Draw events: customer_id, event_time, touchpoint."""
    rng = np.random.default_rng([seed, 5])
    rows: list[tuple[str, float, str]] = []
    for customer in range(customers):
        day = float(rng.integers(0, 60))
        for _ in range(1 + rng.poisson(1.2)):
            path, ordered = _visit(rng)
            start = day * 86_400 + rng.integers(8, 20) * 3600
            rows += [(f"c{customer:05d}", start + 40 * place, name) for place, name in enumerate(path)]
            if ordered:
                break
            day += float(1 + rng.integers(0, 8))
    frame = pd.DataFrame(rows, columns=["customer_id", "event_time", "touchpoint"])
    return frame.assign(
        event_time=pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(frame["event_time"], unit="s")
    )


def _visit(rng: np.random.Generator) -> tuple[list[str], bool]:
    """The touchpoints of a visit, and whether it ends with an order."""
    draw = rng.random(7)
    searched, failed = draw[0] < 0.4, draw[3] < 0.3
    there = {
        "home page": True, "search": searched, "chat": draw[1] < (0.5 if searched else 0.05), "tour": draw[2] < 0.25,
        "error": failed, "help page": draw[4] < (0.5 if failed else 0.03), "product page": draw[5] < 0.5,
    }  # fmt: skip
    path = [name for name, met in there.items() if met]
    ordered = bool(draw[6] < 0.08 + sum(move for name, move in MOVES.items() if there[name]))
    return path + ["cart", "order"] * ordered, ordered
