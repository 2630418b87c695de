"""The numbers that pm4py and retentioneering give for a small log, recorded so that neither must be installed."""

from __future__ import annotations

import numpy as np
import pytest

from journeylab import journeys
from journeylab.journeys import Journeys
from tests.journeys import recorded


@pytest.fixture(scope="module")
def whole() -> Journeys:
    return journeys.build(recorded.log())


@pytest.fixture(scope="module")
def visits() -> Journeys:
    return journeys.build(recorded.log(), by="session", gap="30min")


def test_steps_their_customers_and_times_are_those_of_both_peers(whole: Journeys) -> None:
    table = journeys.transitions(whole).table.set_index(["from_touchpoint", "to_touchpoint"])
    ours = {pair: (row["n"], row["customers"], row["median_seconds"]) for pair, row in table.iterrows()}
    assert ours == recorded.TRANSITIONS
    matrix = journeys.transition_matrix(whole).stack()
    assert matrix[matrix > 0].to_dict() == {pair: n for pair, (n, _, _) in recorded.TRANSITIONS.items()}


def test_journeys_begin_and_end_where_pm4py_says(whole: Journeys) -> None:
    table = journeys.entries_and_exits(whole).table.set_index("touchpoint")
    assert {name: n for name, n in table["entries"].items() if n} == recorded.FIRST
    assert {name: n for name, n in table["exits"].items() if n} == recorded.LAST


def test_distinct_journeys_are_the_variants_of_pm4py(whole: Journeys) -> None:
    table = journeys.path_table(whole).table
    several = table[table["n"] > 1]
    assert (len(table), dict(zip(several["path"], several["n"], strict=True))) == recorded.VARIANTS


def test_stretches_of_three_are_the_triples_of_pm4py(whole: Journeys) -> None:
    table = journeys.subpaths(whole, 3).table
    triples = table[table["subpath"].str.len() == 3].set_index("subpath")["n"]
    assert (len(triples), triples.sum(), triples[triples > 2].to_dict()) == recorded.TRIPLES


def test_the_step_matrix_is_that_of_retentioneering(whole: Journeys) -> None:
    matrix = journeys.step_matrix(whole, recorded.LENGTH)
    assert matrix.table.index.tolist() == list(recorded.STEP_MATRIX)
    np.testing.assert_allclose(matrix.table.to_numpy() * matrix.n, list(recorded.STEP_MATRIX.values()), atol=1e-9)


def test_the_funnel_in_order_is_that_of_retentioneering(whole: Journeys) -> None:
    assert journeys.funnel(whole, recorded.STEPS).table["n"].tolist() == recorded.FUNNEL


def test_visits_and_the_steps_within_them_are_those_of_retentioneering(visits: Journeys) -> None:
    table = journeys.transitions(visits).table.set_index(["from_touchpoint", "to_touchpoint"])
    assert visits.n_journeys == recorded.VISITS
    assert table["n"].to_dict() == recorded.WITHIN_VISITS
