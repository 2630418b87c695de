"""Which people are in both runs? The days of two runs' data, held against each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from journeylab import text

SOURCES = {"customers": "customers", "responses": "answers", "interviews": "people interviewed"}
"""Sources of figures, and what is counted of each."""


class Overlap(NamedTuple):
    """How the data of one source in two runs stand to each other.

    Attributes
    ----------
    how : str
        ``same``: the same data. ``grown``: the newer hold the older, and more. ``apart``: nobody is in both. ``overlap``: some
        are. ``unknown``: a run does not say.
    shared, before, now : float
        People in both, in the older, in the newer.
    """

    how: str
    shared: float
    before: float
    now: float


def relate(old: Mapping[str, Any], new: Mapping[str, Any], source: str) -> Overlap:
    """Say how the data of a source stand to each other.

    Parameters
    ----------
    old, new : mapping
        ``basis`` of two runs: a source has ``mark`` (a hash of its table) and ``days`` (people by the day on which they came
        into the data).

    Notes
    -----
    The newer data hold the older where every day up to the last of the older has as many people as it had. Where days agree
    only in part, people in both are counted as the smaller number of each day.
    """
    a, b = old.get(source), new.get(source)
    if not isinstance(a, Mapping) or not isinstance(b, Mapping) or not a.get("days") or not b.get("days"):
        return Overlap("unknown", 0.0, 0.0, 0.0)
    before, now = ({str(day): float(n) for day, n in part["days"].items()} for part in (a, b))
    total, more = sum(before.values()), sum(now.values())
    if a.get("mark") == b.get("mark"):
        return Overlap("same", total, total, more)
    last = max(before)
    earlier = {day: n for day, n in now.items() if day < last}
    if earlier == {day: n for day, n in before.items() if day < last} and now.get(last, 0.0) >= before[last]:
        return Overlap("grown", total, total, more)
    shared = sum(min(n, now.get(day, 0.0)) for day, n in before.items())
    return Overlap("overlap" if shared else "apart", shared, total, more)


def describe(overlaps: Mapping[str, Overlap]) -> str:
    """Say in a sentence how the data of two runs stand to each other."""
    if overlaps and all(found.how == "same" for found in overlaps.values()):
        return "Both runs read the same data: whatever moved is due to settings, code or chance of the method."
    parts = []
    for source, noun in SOURCES.items():
        found = overlaps.get(source)
        if found is None or (found.how == "unknown" and not found.before):
            continue
        if found.how == "grown":
            parts.append(
                f"{text.fixed(found.now - found.before, 0)} {noun} came to the {text.fixed(found.before, 0)} of the earlier run"
            )
        elif found.how == "same":
            parts.append(f"the {text.fixed(found.now, 0)} {noun} are the same")
        elif found.how == "apart":
            parts.append(
                f"{text.fixed(found.now, 0)} {noun} are others than the {text.fixed(found.before, 0)} of the earlier run"
            )
        else:
            parts.append(
                f"about {text.fixed(found.shared, 0)} of {text.fixed(found.now, 0)} {noun} are also "
                f"among the {text.fixed(found.before, 0)} earlier"
            )
    if not parts:
        return "At least one of the runs does not say which days its data are of: they are compared as independent."
    joined = "; ".join(parts)
    return f"{joined[:1].upper()}{joined[1:]}."
