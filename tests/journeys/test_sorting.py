"""The one sort: whatever the key and however the batches fall, journeys are the same."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pytest

from journeylab import journeys
from journeylab.journeys import Journeys, engine

N = 30_000  # DuckDB makes no batch shorter than 2,048


def events(seed: int, with_visits: bool) -> pd.DataFrame:
    """Events of 40 customers in any order, with ties, a customer longer than two batches, and events without a visit."""
    random = np.random.default_rng(seed)
    n = N
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in random.integers(40, size=n) ** 2 // 40],
            "event_time": pd.Timestamp("2026-01-01", tz="UTC")
            + pd.to_timedelta(random.integers(50_000, size=n), "min"),
            "touchpoint": random.choice(["ad", "email", "shop", "chat", None], size=n),
        }
    )
    if with_visits:
        frame["session_id"] = random.choice(["v1", "v2", None], size=n)
    return frame


def assert_same(found: Journeys, wanted: Journeys) -> None:
    for field in dataclasses.fields(Journeys):
        np.testing.assert_equal(getattr(found, field.name), getattr(wanted, field.name))


def plainly(frame: pd.DataFrame) -> tuple[list[str], list[int]]:
    """Touchpoints and visits in the order of customers and times, event by event."""
    touchpoints, visits, last, number = [], [], None, 0
    for row in frame.dropna(subset="touchpoint").sort_values(["customer_id", "event_time"], kind="stable").itertuples():
        visit = getattr(row, "session_id", None)
        visit = visit if isinstance(visit, str) else None
        if last is None or last[0] != row.customer_id:
            number = 0
        elif visit and last[2]:
            number += visit != last[2]
        else:
            number += row.event_time - last[1] > pd.Timedelta("30min")
        touchpoints.append(row.touchpoint)
        visits.append(number)
        last = (row.customer_id, row.event_time, visit)
    return touchpoints, visits


@pytest.mark.parametrize("with_visits", [False, True])
@pytest.mark.parametrize("batch", [2048, 1 << 18])
def test_journeys_equal_a_plain_sort_however_batches_fall(
    monkeypatch: pytest.MonkeyPatch, batch: int, with_visits: bool
) -> None:
    monkeypatch.setattr(engine, "BATCH", batch)
    frame = events(batch, with_visits)
    j = journeys.build(frame)
    touchpoints, visits = plainly(frame)
    assert [j.touchpoints[code] for code in j.codes] == touchpoints
    assert j.session.tolist() == visits
    assert j.ids.tolist() == sorted(set(frame["customer_id"][frame["touchpoint"].notna()]))
    assert j.report["read"] == N == j.report["kept"] + sum(j.report["dropped"].values())


@pytest.mark.parametrize("with_visits", [False, True])
def test_customers_whose_hashes_meet_stay_apart(monkeypatch: pytest.MonkeyPatch, with_visits: bool) -> None:
    frame = events(3, with_visits)
    wanted = journeys.build(frame)
    opening = engine._open_duckdb

    @contextmanager
    def poorly_hashed(source: engine.Source) -> Iterator[engine.Opened]:
        with opening(source) as opened:

            def lengths(column: Any) -> Any:
                return opened.F.length(column)

            yield dataclasses.replace(opened, hashed=lengths)

    monkeypatch.setattr(engine, "_open_duckdb", poorly_hashed)
    assert_same(journeys.build(frame), wanted)
