"""What is counted in the engine is what is counted in memory, on DuckDB and on Spark."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylab as jl
from journeylab import journeys
from journeylab.errors import StudyError
from journeylab.journeys import in_engine
from journeylab.journeys.engine import Part
from journeylab.journeys.in_engine import InEngine
from journeylab.journeys.prepare import LeaveOut, Recipe
from journeylab.naming import name_touchpoints
from journeylab.patterns import matcher
from tests.journeys.test_prepare import write_parts
from tests.walks import Rows, frame_of, tables

SPARK = "spark://local[2]"
needs_spark = pytest.mark.skipif(
    importlib.util.find_spec("pyspark") is None or shutil.which("java") is None,
    reason="Spark or Java is not here; `make programs spark` adds them",
)
bys = st.sampled_from(["customer", "session"])


def same_table(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, expected, check_exact=True, check_dtype=False)


@settings(max_examples=12, deadline=None)
@given(tables, bys)
def test_paths_are_those_in_memory(rows: Rows, by: str) -> None:
    events = frame_of(rows)
    found = in_engine.path_table(InEngine(events, by=by), "order" if "order" in set(events["touchpoint"]) else None)
    j = journeys.build(events, by=by)
    expected = journeys.path_table(j, "order" if "order" in j.touchpoints else None)
    assert found.n == expected.n
    by_path = [result.table.sort_values("path", ignore_index=True) for result in (found, expected)]
    same_table(*by_path)


@settings(max_examples=12, deadline=None)
@given(tables, bys)
def test_counts_are_those_in_memory(rows: Rows, by: str) -> None:
    where = InEngine(frame_of(rows), by=by)
    j = journeys.build(where.events, by=by)
    steps = in_engine.step_counts(where)
    keys = ["from_touchpoint", "to_touchpoint"]
    expected = journeys.transitions(j).table.sort_values(keys, ignore_index=True)
    same_table(
        steps[[*keys, "n", "customers", "median_seconds"]], expected[[*keys, "n", "customers", "median_seconds"]]
    )
    met = in_engine.touchpoint_counts(where).set_index("touchpoint")
    assert met["n"].to_dict() == pd.Series([j.touchpoints[code] for code in j.codes]).value_counts().to_dict()
    assert met["journeys"].to_dict() == {name: int(journeys.has(j, name).sum()) for name in j.touchpoints}


@settings(max_examples=12, deadline=None)
@given(tables, bys, st.sampled_from([(True, None), (True, "45min"), (False, None)]))
def test_funnels_are_those_in_memory(rows: Rows, by: str, rule: tuple[bool, str | None]) -> None:
    rows = [*rows, ("z", 0, "home"), ("z", 1, "chat"), ("z", 2, "cart"), ("z", 3, "order")]
    where, steps = InEngine(frame_of(rows), by=by), ["home", ["chat", "cart"], "order"]
    expected = journeys.funnel(journeys.build(where.events, by=by), steps, *rule)
    found = in_engine.funnel(where, steps, *rule)
    same_table(found.table, expected.table)
    assert found.assumptions == expected.assumptions


def test_a_touchpoint_that_is_not_there_is_named() -> None:
    with pytest.raises(StudyError, match="Did you mean 'order'"):
        in_engine.funnel(InEngine(frame_of([("p", 0, "order")])), ["ordre"])


def parts_of(folder: Path) -> list[Part]:
    """Two sources of events with visitors, logins, own sessions, repeats, padded names and equal times."""
    draw = np.random.default_rng(11)
    parts = []
    for source, n in (("web", 3000), ("shop", 900)):
        person = draw.integers(0, 120, n)
        stamps = pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(draw.integers(0, 3000, n), unit="min")
        login = np.where(draw.random(n) < 0.3, [f"c{each}" for each in person], None)
        visitor = np.array([f"v{each}" for each in person])
        frame = pd.DataFrame(
            {
                "customer_id": pd.array(np.where(pd.isna(login), visitor, login), dtype="str"),
                "event_time": stamps.as_unit("us"),
                "touchpoint": pd.array(draw.choice(["/home", " /chat", "/cart/1", "/cart/2", "order"], n), dtype="str"),
                "visitor_id": pd.array(visitor, dtype="str"),
                "login_id": pd.array(login, dtype="str"),
                "page": pd.array(draw.choice(["office", "street"], n, p=[0.02, 0.98]), dtype="str"),
            }
        )
        if source == "shop":
            frame["session_id"] = pd.array([f"s{each}" if each % 3 else None for each in person], dtype="str")
        frame.loc[draw.random(n) < 0.01, "touchpoint"] = None
        frame.to_parquet(folder / f"{source}.parquet", index=False)
        parts.append(Part(str(folder / f"{source}.parquet"), source, newest_first=source == "shop"))
    return parts


def recipe_of(rules: list[Any]) -> Recipe:
    return Recipe(
        trim=True,
        stitch=True,
        leave_out=[LeaveOut("team", "page", matcher("office"))],
        repeats=True,
        gone=frozenset({"c7"}),
        name=lambda raw: name_touchpoints(raw, rules),
    )


@needs_spark
def test_spark_gives_what_duckdb_gives(tmp_path: Path) -> None:
    from journeylab.config import Touchpoint

    rules = [Touchpoint(match="re:/cart/[0-9]+", name="cart", stage="decision"), Touchpoint(match="/home", drop=True)]
    parts, recipe = parts_of(tmp_path), recipe_of(rules)
    here, there = (InEngine(parts, by="session", engine=engine, recipe=recipe) for engine in ("duckdb", SPARK))
    same_table(in_engine.touchpoint_counts(there), in_engine.touchpoint_counts(here))
    same_table(in_engine.step_counts(there), in_engine.step_counts(here))
    for within in (None, "90min"):
        steps = ["/chat", "cart", "order"]
        same_table(
            in_engine.funnel(there, steps, True, within).table, in_engine.funnel(here, steps, True, within).table
        )
    here, there = (InEngine(parts, engine=engine, recipe=recipe) for engine in ("duckdb", SPARK))
    same_table(in_engine.path_table(there, "order").table, in_engine.path_table(here, "order").table)
    same_table(in_engine.funnel(there, steps, False).table, in_engine.funnel(here, steps, False).table)
    mine, theirs = (journeys.build(parts, engine=engine, recipe=recipe) for engine in ("duckdb", SPARK))
    assert mine.report == theirs.report
    assert mine.touchpoints == theirs.touchpoints
    for name in ("ids", "offsets", "codes", "times", "session"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))


@needs_spark
def test_a_study_on_spark_is_the_study_on_duckdb(tmp_path: Path) -> None:
    studies = []
    for engine in ("duckdb", SPARK):
        folder = tmp_path / engine[:5]
        folder.mkdir()
        studies.append(jl.open_study(write_parts(folder, engine)))
    here, there = studies
    same_table(there.events, here.events)
    same_table(there.left_out, here.left_out)
    same_table(there.touchpoints, here.touchpoints)
    same_table(there.unmatched, here.unmatched)
    assert there.stitching == here.stitching
    same_table(in_engine.touchpoint_counts(there.in_engine()), in_engine.touchpoint_counts(here.in_engine()))
