"""What every task shares: the questions, a clock, and the line that a task prints."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

os.environ["RETENTIONEERING_NO_TRACK"] = "1"  # measured runs call nobody

MINUTES = 30
"""A visit ends after more than so many minutes of silence."""

STEPS = ["page k", "cart", "order"]
"""Of the funnel."""

LENGTH = 10
"""Steps of the step matrix."""

BEHAVIOURS = 6
"""Groups of customers to find."""

Part: TypeAlias = tuple[Callable[[], Any], Callable[[Any], Any]]
"""An analysis, and what makes a number of its result that shows equal work."""


def analyse(parts: dict[str, Part], only: Iterable[str] = ()) -> None:
    """Run the parts in order, or those named; print the number and the seconds of each."""
    checks, seconds = {}, {}
    for name in only or parts:
        run, count = parts[name]
        begin = time.perf_counter()
        found = run()
        seconds[name] = time.perf_counter() - begin
        checks[name] = count(found)
        del found
    say(checks, seconds)


def measure_distances(find: Callable[[], Any], costs: str) -> None:
    """Run once; print the seconds, and mean and most of the distances, be they a square or the half of it as one line."""
    begin = time.perf_counter()
    found = find()
    seconds = time.perf_counter() - begin
    pairs = found.size if found.ndim == 1 else len(found) * (len(found) - 1)
    mean, most = float(found.sum(dtype=float)) / pairs, float(found.max())
    say({f"mean, {costs}": round(mean, 4), f"most, {costs}": round(most, 4)}, {costs: seconds})


def say(checks: dict[str, Any], seconds: dict[str, float] | None = None) -> None:
    """Print what the driver reads: numbers that show equal work, and seconds within the process."""
    print(json.dumps({"checks": checks, "seconds": seconds or {}}))
