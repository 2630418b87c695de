"""Journeys from an entry on, within a window, up to an outcome and without repeats; every event is accounted for."""

from __future__ import annotations

import datetime
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab import journeys
from journeylab.errors import StudyError
from journeylab.journeys import Journeys
from tests.journeys.direct import journeys_of
from tests.journeys.slow import START, Path, slow_visits
from tests.walks import Rows, frame_of, slowly, tables

kinds = st.sampled_from(["customer", "session"])
options = st.fixed_dictionaries(
    {},
    optional={
        "entry": st.sampled_from(["home", "cart"]),
        "window": st.integers(1, 120),
        "outcome": st.sampled_from(["order", "cart"]),
        "collapse": st.booleans(),
    },
)


def slow_cut(visit: Path, entry: str = "", window: int = 10**6, outcome: str = "", collapse: bool = False) -> Path:
    names = [name for _, name in visit]
    if entry:
        visit = visit[names.index(entry) :] if entry in names else []
    visit = [(minute, name) for minute, name in visit if minute - visit[0][0] <= window]
    names = [name for _, name in visit]
    if outcome in names:
        visit = visit[: names.index(outcome) + 1]
    if collapse:
        visit = visit[:1] + [after for before, after in itertools.pairwise(visit) if before[1] != after[1]]
    return visit


def paths(j: Journeys) -> list[tuple[str, ...]]:
    return [j.path(i) for i in range(j.n_journeys)]


def is_accounted_for(j: Journeys, read: int) -> bool:
    report = j.report
    return report["read"] == read == report["kept"] + sum(report["dropped"].values()) and report["kept"] == j.n_events


@settings(max_examples=25, deadline=None)
@given(tables, kinds, options)
def test_what_is_cut_when_journeys_are_built(rows: Rows, by: str, chosen: dict[str, object]) -> None:
    there = {name for _, _, name in rows}
    if not {chosen.get("entry", rows[0][2]), chosen.get("outcome", rows[0][2])} <= there:
        return
    written = chosen | ({"window": f"{chosen['window']}min"} if "window" in chosen else {})
    j = journeys.build(frame_of(rows), by=by, **written)
    cut = [slow_cut(visit, **chosen) for _, visit in slow_visits(rows, by)]
    assert paths(j) == [tuple(name for _, name in visit) for visit in cut if visit]
    assert is_accounted_for(j, len(rows))
    assert j.report.get("journeys_dropped", {}).get("without_entry", 0) == sum(not visit for visit in cut)


@slowly
@given(tables, kinds, st.integers(1, 3))
def test_since_counts_what_came_before_and_who_never_came(rows: Rows, by: str, occurrence: int) -> None:
    j = journeys_of(rows, by)
    if not {"home", "cart"} <= set(j.touchpoints):
        return
    found = journeys.since(j, ["home", "cart"], occurrence)
    before = without = gone = 0
    expected = []
    for _, visit in slow_visits(rows, by):
        names = [name for _, name in visit]
        at = [place for place, name in enumerate(names) if name in ("home", "cart")]
        if len(at) < occurrence:
            without, gone = without + len(names), gone + 1
        else:
            before += at[occurrence - 1]
            expected.append(tuple(names[at[occurrence - 1] :]))
    assert paths(found) == expected
    assert found.report["dropped"] == {"before_entry": before, "without_entry": without}
    assert found.report["journeys_dropped"] == {"without_entry": gone}
    assert is_accounted_for(found, len(rows))
    assert is_accounted_for(j, len(rows))  # the journeys given stay as they were


@slowly
@given(tables, kinds, st.integers(1, 120), st.sampled_from([None, "home"]))
def test_within_a_window(rows: Rows, by: str, window: int, of: str | None) -> None:
    j = journeys_of(rows, by)
    if of is not None and of not in j.touchpoints:
        return
    found = journeys.within(j, datetime.timedelta(minutes=window), of=of)
    cut = [slow_cut(visit, entry=of or "", window=window) for _, visit in slow_visits(rows, by)]
    assert paths(found) == [tuple(name for _, name in visit) for visit in cut if visit]
    assert is_accounted_for(found, len(rows))


@pytest.mark.parametrize(("extra", "n"), [(-1, 2), (0, 2), (1, 1)])
def test_a_window_ends_with_its_last_microsecond(extra: int, n: int) -> None:
    later = START + pd.Timedelta(days=7) + pd.Timedelta(microseconds=extra)
    times = pd.DatetimeIndex([START, later]).as_unit("us")
    events = pd.DataFrame({"customer_id": "p", "event_time": times, "touchpoint": ["home", "cart"]})
    j = journeys.build(events, window="7d")
    assert j.n_events == n
    assert j.report["dropped"]["after_window"] == 2 - n


@slowly
@given(tables, kinds)
def test_cuts_that_follow_each_other_add_up(rows: Rows, by: str) -> None:
    j = journeys_of(rows, by)
    if not {"home", "order"} <= set(j.touchpoints):
        return
    once = journeys.collapse_repeats(journeys.until(journeys.since(j, "home"), "order"))
    assert is_accounted_for(once, len(rows))
    again = journeys.within(journeys.since(once, "home"), "1min")
    assert is_accounted_for(again, len(rows))
    assert again.report["dropped"]["before_entry"] == once.report["dropped"]["before_entry"]


@pytest.mark.parametrize("window", ["soon", "0min", "-5min", 7, 7_000_000, "7000000", None, "NaT", "900000d"])
def test_a_window_that_is_none(window: object) -> None:
    j = journeys_of([("p", 0, "home")])
    with pytest.raises(StudyError, match="no span of time"):
        journeys.within(j, window)


def test_an_entry_that_is_not_there_and_no_journeys() -> None:
    j = journeys_of([("p", 0, "home")])
    with pytest.raises(StudyError, match="Did you mean 'home'"):
        journeys.since(j, "hoem")
    none = journeys.within(journeys.since(journeys.select(j, np.array([False])), "home"), "1d")
    assert none.n_journeys == 0
    assert is_accounted_for(journeys.since(j, "home"), 1)
