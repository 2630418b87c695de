"""Steps between channels against plain Python."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from statistics import median

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab import figures, journeys
from journeylab.errors import StudyError
from journeylab.intervals import wilson
from journeylab.journeys import groups
from tests.journeys.quick import Rows, journeys_of
from tests.journeys.slow import slow_visits

CHANNELS = {"home": "web", "cart": "web", "chat": "phone", "visit": "store", "advert": None}

event = st.tuples(st.sampled_from("pqrst"), st.integers(0, 200), st.sampled_from([*CHANNELS, "mail"]))
tables = st.lists(event, min_size=1, max_size=50)
slowly = settings(max_examples=100, deadline=None)


def clustered(count: dict[str, int], base: dict[str, int]) -> tuple[float, float, float]:
    """A ratio of totals with the Wilson interval of as many independent draws as it is worth."""
    total = sum(base.values())
    share = sum(count.values()) / total
    variance = sum((count[who] - share * n) ** 2 for who, n in base.items()) / total**2
    worth = share * (1 - share) / variance if variance > 1e-15 else sum(n > 0 for n in base.values())
    worth = min(max(worth, 1), total)
    return tuple(wilson(share * worth, worth))


@slowly
@given(tables, st.sampled_from(["customer", "session"]))
def test_switches(rows: Rows, by: str) -> None:
    if not {name for _, _, name in rows} & {"home", "cart", "chat", "visit"}:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "EVENTS", 7)
        found = journeys.channel_switches(journeys_of(rows, by), CHANNELS)
    own = defaultdict(list)
    for customer, path in slow_visits(rows, by):
        known = [(minute, CHANNELS[name]) for minute, name in path if CHANNELS.get(name)]
        if known:
            own[customer].append(known)
    paths = [(customer, path) for customer, each in own.items() for path in each]
    steps, waits, changes, many, took = Counter(), defaultdict(list), Counter(), Counter(), []
    used = {"1": Counter(), "2": Counter(), "3 or more": Counter()}
    for customer, path in paths:
        used[("1", "2", "3 or more")[min(len({channel for _, channel in path}), 3) - 1]][customer] += 1
        for (start, a), (end, b) in itertools.pairwise(path):
            steps[a, b] += 1
            waits[a, b].append(60 * (end - start))
            many[customer] += 1
            if a != b:
                changes[customer] += 1
                took.append(60 * (end - start))
    table = found.table.set_index(["from_channel", "to_channel"])
    assert table["n"].to_dict() == dict(steps)
    assert table["median_seconds"].to_dict() == {pair: median(each) for pair, each in waits.items()}
    assert (found.n, found.left_out) == (len(paths), sum(not CHANNELS.get(name) for _, _, name in rows))
    for row in found.usage.itertuples():
        counts = used[row.channels]
        assert row.n == sum(counts.values())
        assert (row.share, row.ci_low, row.ci_high) == pytest.approx(
            clustered(counts, {customer: len(each) for customer, each in own.items()})
        )
    share, wait = found.switching.itertuples()
    assert (share.n, wait.n) == (sum(many.values()), len(took))
    if many:
        assert (share.value, share.ci_low, share.ci_high) == pytest.approx(clustered(changes, many))
    assert wait.value == pytest.approx(median(took) if took else np.nan, nan_ok=True)
    assert (share.reason != "", wait.reason != "") == (not many, not took)
    assert found.summary()
    assert found.to_json()


def test_a_series_serves_and_a_wrong_mapping_is_refused() -> None:
    j = journeys_of([("p", 0, "home"), ("p", 1, "chat"), ("q", 1, "chat")])
    series = pd.Series({"home": "web", "chat": "phone", "visit": np.nan}, dtype="object")
    assert journeys.channel_switches(j, series).table["n"].tolist() == [1]
    for wrong in ({"hom": "web"}, {}, {"home": None}):
        with pytest.raises(StudyError, match="Map touchpoint to channel"):
            journeys.channel_switches(j, wrong)
    with pytest.raises(StudyError, match="Did you mean 'home'"):
        journeys.channel_switches(j, {"hom": "web"})


def test_the_picture_has_one_label_a_pair_and_none_lies_on_another() -> None:
    rng = np.random.default_rng(1)
    names = [f"touchpoint {letter}" for letter in "abcdefghijkl"]
    rows = [(f"c{n}", k, str(rng.choice(names))) for n in range(200) for k in range(12)]
    j = journeys_of(rows)
    ax = journeys.channel_switches(j, {name: f"a channel {name[-1]}" for name in names}).plot()
    figures.png(ax)
    boxes = [label.get_window_extent() for label in [*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels()]]
    cells = boxes[:144]
    for place, box in enumerate(cells):
        assert not any(box.overlaps(other) for other in cells[:place])
    none = journeys.select(j, np.zeros(200, dtype=bool))
    empty = journeys.channel_switches(none, {names[0]: "web"})
    assert "No journey" in empty.summary()
    assert figures.png(empty.plot())
