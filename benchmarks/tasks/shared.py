"""What every task shares: the questions, a clock, and the line that a task prints."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

os.environ["RETENTIONEERING_NO_TRACK"] = "1"  # measured runs call nobody

MINUTES = 30
"""A visit ends after more than so many minutes of silence."""

STEPS = ["page k", "cart", "order"]
"""Of the funnel."""

LENGTH = 10
"""Steps of the step matrix."""


def clock(parts: dict[str, Callable[[], Any]]) -> tuple[dict[str, float], dict[str, Any]]:
    """Run some parts in order: the seconds of each, and what each returns."""
    seconds, found = {}, {}
    for name, part in parts.items():
        begin = time.perf_counter()
        found[name] = part()
        seconds[name] = time.perf_counter() - begin
    return seconds, found


def say(checks: dict[str, Any], seconds: dict[str, float] | None = None) -> None:
    """Print what the driver reads: numbers that show equal work, and seconds within the process."""
    print(json.dumps({"checks": checks, "seconds": seconds or {}}))
