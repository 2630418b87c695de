"""What a user may get wrong is said, and too little data give no verdict."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from journeylab import impact, journeys
from journeylab.errors import DataError, StudyError


def log(customers: int = 120) -> pd.DataFrame:
    """Two visits a customer; neither page does anything."""
    rng = np.random.default_rng(3)
    rows = []
    for who in range(customers):
        for visit in range(2):
            start = pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=10 * visit + rng.random())
            names = ["home", *["chat"] * (rng.random() < 0.4), *["order"] * (rng.random() < 0.3)]
            rows += [(f"c{who}", start + pd.Timedelta(minutes=place), name) for place, name in enumerate(names)]
    return pd.DataFrame(rows, columns=["customer_id", "event_time", "touchpoint"])


EVENTS = log()
ASSIGNED = pd.DataFrame(
    {
        "customer_id": [f"c{who}" for who in range(120)],
        "experiment": "banner",
        "arm": np.arange(120) % 2,
        "assigned_at": pd.Timestamp("2026-01-01"),
    }
)
SERIES = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=40, freq="7D"), "value": 5.0})


def effects(events: pd.DataFrame = EVENTS, **options: object) -> pd.DataFrame:
    return impact.touchpoint_effects(events, **{"outcome": "order", "window": "3d", **options}).table  # type: ignore[arg-type]


def judged(assigned: pd.DataFrame) -> pd.Series:
    return impact.experiment(assigned, EVENTS, outcome="order", window="3d").table.iloc[0]


def test_categories_naive_times_and_text_times_are_read_alike() -> None:
    plain = effects()
    for odd in (
        EVENTS.astype({"touchpoint": "category", "customer_id": "category"}),
        EVENTS.assign(event_time=EVENTS["event_time"].dt.tz_localize(None)),
        EVENTS.assign(event_time=EVENTS["event_time"].astype(str)),
    ):
        pd.testing.assert_frame_equal(effects(odd), plain)
    assert journeys.build(EVENTS.astype({"touchpoint": "category"})).n_events == len(EVENTS)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: effects(window="-3d"), StudyError, "window='-3d' is no span"),
        (lambda: effects(window=None), StudyError, "window=None"),
        (lambda: effects(EVENTS.drop(columns="event_time")), DataError, "no column 'event_time'"),
        (lambda: effects(customers=pd.DataFrame({"x": [1]})), DataError, "customers: has no column 'customer_id'"),
        (lambda: effects(negative_controls=["order"]), StudyError, "'order' is the outcome"),
        (lambda: effects(exposures="chat"), StudyError, "brackets"),
        (lambda: effects(EVENTS.assign(event_time="soon")), DataError, "no time"),
        (lambda: impact.touchpoint_effects([], outcome="order", window="3d"), StudyError, "found list"),  # type: ignore[arg-type]
        (lambda: judged(ASSIGNED.assign(customer_id="zz" + ASSIGNED["customer_id"])), DataError, "none of 120 customers"),
        (lambda: judged(ASSIGNED.drop(columns="arm")), DataError, "no column 'arm'"),
        (lambda: impact.dated_change(SERIES, changed_at="abc"), StudyError, "changed_at='abc' is no date"),
        (lambda: impact.dated_change(SERIES.assign(value=-1.0), changed_at="2024-06-01", counts=True), DataError, "at least 0"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(call: Callable[[], object], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_nothing_to_test_is_an_empty_table() -> None:
    assert effects(exposures=[]).empty
    assert effects(EVENTS[EVENTS["touchpoint"] == "order"]).empty


def test_few_customers_give_no_verdict() -> None:
    few = judged(ASSIGNED.head(12))
    assert few["verdict"] == "not known"
    assert "too few customers" in few["reason"]
    assert judged(ASSIGNED)["grade"] == "A"
    assert judged(ASSIGNED.assign(arm=ASSIGNED["arm"] == 1))["arm"] == "True"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "does not vary"),
        ({"controls": SERIES.assign(value=4.9)}, "does not vary"),
        ({"counts": True}, "does not vary"),
    ],
)
def test_a_series_without_noise_is_no_finding(options: dict[str, object], words: str) -> None:
    row = impact.dated_change(SERIES, changed_at="2024-06-01", **options).table.iloc[0]  # type: ignore[arg-type]
    assert words in row["reason"]
    assert np.isnan(row["estimate"])


def test_nothing_counted_before_is_no_finding() -> None:
    late = SERIES.assign(value=np.where(SERIES["time"] < "2024-06-01", 0.0, 3.0 + np.arange(40) % 3))
    row = impact.dated_change(late, changed_at="2024-06-01", counts=True).table.iloc[0]
    assert "nothing to count" in row["reason"]


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_window_longer_than_the_data_is_told_without_a_warning() -> None:
    found = impact.touchpoint_effects(EVENTS, outcome="order", window="90d").table
    assert found["reason"].str.contains("followed for so long").any()
    assert (found["verdict"] == "not known").all()
