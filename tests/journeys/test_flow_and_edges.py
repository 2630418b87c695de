"""Streams from step to step, and where journeys begin and end, against plain counting."""

from __future__ import annotations

import random
import re
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeylab import figures, journeys
from journeylab.errors import StudyError
from tests.walks import Rows, frame_of, names, slowly, tables


@slowly
@given(tables, st.integers(2, 5), st.integers(1, 4))
def test_streams_from_step_to_step(rows: Rows, steps: int, most: int) -> None:
    found = journeys.flow(journeys.build(frame_of(rows)), steps, most)
    early = Counter(name for walk in names(rows) for name in walk[:steps])
    shown = sorted(early, key=lambda name: (-early[name], name))[:most]
    expected: Counter[tuple[int, str, str]] = Counter()
    for walk in names(rows):
        called = [name if name in shown else "other" for name in walk] + ["(end)"]
        for step in range(1, min(steps, len(called))):
            expected[step, called[step - 1], called[step]] += 1
    counted = {(row.step, row.from_touchpoint, row.to_touchpoint): row.n for row in found.table.itertuples()}
    assert found.shown == tuple(shown)
    assert counted == dict(expected)
    assert found.n == len(names(rows)) == found.table.loc[found.table["step"] == 1, "n"].sum()
    assert found.table.groupby(["step", "from_touchpoint"])["share"].sum().to_numpy() == pytest.approx(1)


def test_no_two_labels_of_a_flow_lie_on_each_other() -> None:
    draw = random.Random(0)
    places = [f"a rather long name of touchpoint {letter}" for letter in "abcdefghijkl"]
    rows = [(f"c{n}", step, draw.choice(places)) for n in range(300) for step in range(draw.randint(1, 9))]
    ax = journeys.flow(journeys.build(frame_of(rows))).plot()
    figures.png(ax)
    boxes = [label.get_window_extent() for label in ax.texts]
    assert len(boxes) > 50
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:place])
    assert "Flow picture" in figures.alt_text(ax)


def test_the_flow_of_a_page_has_every_band_as_thick_as_its_journeys_and_names_as_text() -> None:
    draw = random.Random(1)
    places = ["<b>home</b>", "chat & call", "cart", "a rather long name of a touchpoint"]
    rows = [(f"c{n}", step, draw.choice(places)) for n in range(200) for step in range(draw.randint(1, 6))]
    found = journeys.flow(journeys.build(frame_of(rows)))
    made = found.to_html()
    root = ElementTree.fromstring(made[made.index("<svg") : made.index("</svg>") + 6])
    assert "<b>" not in made
    bands = {path[0].text.split(": ")[0]: path for path in root.iter("path")}
    assert len(bands) == len(found.table)
    thick = {name: float(re.search(r"v(-?[\d.]+)C", path.get("d"))[1]) for name, path in bands.items()}  # type: ignore
    unit = max(thick.values()) / found.table["n"].max()
    for row in found.table.itertuples():
        name = f"{row.from_touchpoint} → {row.to_touchpoint}, step {row.step} to {row.step + 1}"
        assert thick[name] == pytest.approx(row.n * unit, abs=0.11)
        assert f"{row.n} journeys" in bands[name][0].text
    keys = {node.get("data-n") for node in root.iter("g")}
    assert {key for path in bands.values() for key in path.get("data-b").split()} == keys
    assert (root.get("role"), root[0].tag, root[1].tag) == ("img", "title", "desc")


@pytest.mark.parametrize(("steps", "most"), [(1, 8), (6, 0)])
def test_a_flow_needs_steps_and_touchpoints(steps: int, most: int) -> None:
    with pytest.raises(StudyError, match="at least"):
        journeys.flow(journeys.build(frame_of([("p", 0, "home")])), steps, most)


@slowly
@given(tables, st.sampled_from(["customer", "session"]))
def test_beginnings_and_ends(rows: Rows, by: str) -> None:
    j = journeys.build(frame_of(rows), by=by)
    walks = [j.path(i) for i in range(j.n_journeys)]
    table = journeys.entries_and_exits(j).table.set_index("touchpoint")
    assert set(table.index) == {name for walk in walks for name in walk}
    for name, row in table.iterrows():
        begin = sum(walk[0] == name for walk in walks)
        end = sum(walk[-1] == name for walk in walks)
        met = sum(name in walk for walk in walks)
        assert (row["n"], row["entries"], row["exits"]) == (met, begin, end)
        assert (row["entry_share"], row["exit_share"]) == pytest.approx((begin / len(walks), end / len(walks)))
        assert row["exit_rate"] == pytest.approx(end / met)
        assert row["rate_ci_low"] <= row["exit_rate"] <= row["rate_ci_high"]


def test_no_journeys_have_no_beginnings() -> None:
    none = journeys.select(journeys.build(frame_of([("p", 0, "home")])), np.array([False]))
    assert journeys.entries_and_exits(none).summary() == journeys.flow(none).summary() == "There are no journeys."
