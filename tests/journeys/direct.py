"""Small journeys put together without an engine, so that tests with many of them are quick."""

from __future__ import annotations

import numpy as np

from journeylab import journeys
from journeylab.journeys import Journeys
from tests.journeys.slow import START, Path, slow_paths, split


def journeys_of(rows: list[tuple[str, int, str]], by: str = "customer") -> Journeys:
    """What `journeys.build` makes of customers, minutes and touchpoints."""
    paths = slow_paths(rows)
    events = [(minute, name, number) for path in paths.values() for minute, name, number in _numbered(path)]
    names = sorted({name for _, name, _ in events})
    minutes = np.array([minute for minute, _, _ in events], dtype="timedelta64[m]")
    j = Journeys(
        ids=np.array(list(paths), dtype=object),
        customer=np.arange(len(paths)),
        customer_ids=np.array(list(paths), dtype=object),
        offsets=np.cumsum([0, *(len(path) for path in paths.values())]),
        codes=np.array([names.index(name) for _, name, _ in events], dtype=np.int32),
        times=np.datetime64(START.tz_localize(None), "us") + minutes,
        session=np.array([number for _, _, number in events], dtype=np.int32),
        touchpoints=tuple(names),
        report={"read": len(events), "kept": len(events), "dropped": {}, "gap": "30min"},
    )
    return journeys.split_sessions(j) if by == "session" else j


def _numbered(path: Path) -> list[tuple[int, str, int]]:
    return [(minute, name, number) for number, visit in enumerate(split(path)) for minute, name in visit]
