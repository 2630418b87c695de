"""An attacker with the released table, every total and a solver learns no hidden count, and not even that it is small."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from journeylab.intervals import wilson
from journeylab.opening import open_study
from journeylab.release.cells import protect
from journeylab.release.people import know
from journeylab.text import interval
from tests.release.house import House, shown, unpacked, write_house

MINIMUM = 5


def attack(
    labels: list[tuple[str, ...]], counts: np.ndarray, hidden: set[int], column: int
) -> dict[int, tuple[float, float]]:
    """Least and most of each hidden count, from what is shown, the grand total and the totals of every label.

    Written apart from the package: it knows the totals of all labels from elsewhere, as the worst attacker would.
    """
    rows = sorted(hidden)
    lines, told = [], []
    groups = [set(range(len(labels)))]
    if len(labels[0]) > 1:
        for place in range(len(labels[0])):
            for value in sorted({label[place] for label in labels}):
                groups.append({row for row, label in enumerate(labels) if label[place] == value})
    for group in groups:
        lines.append([float(row in group) for row in rows])
        told.append(sum(counts[row, column] for row in group) - sum(counts[row, column] for row in group - hidden))
    found = {}
    for place, row in enumerate(rows):
        aim = np.zeros(len(rows))
        aim[place] = 1
        ends = [linprog(sign * aim, A_eq=lines, b_eq=told, bounds=(0, None)) for sign in (1, -1)]
        assert all(end.status in {0, 3} for end in ends)
        found[row] = (ends[0].fun, -ends[1].fun if ends[1].status == 0 else np.inf)
    return found


def small(counts: np.ndarray) -> set[int]:
    return {row for row in range(len(counts)) if ((counts[row] > 0) & (counts[row] < MINIMUM)).any()}


def learned(labels: list[tuple[str, ...]], counts: np.ndarray, hidden: set[int]) -> tuple[int, int]:
    """How many hidden counts above zero are told exactly, and how many small ones are told to be small."""
    exactly = fewer = 0
    for column in range(counts.shape[1]):
        for row, (low, high) in attack(labels, counts, hidden, column).items():
            exactly += counts[row, column] > 0 and high - low < 1
            fewer += 0 < counts[row, column] < MINIMUM and high < MINIMUM
    return exactly, fewer


@pytest.mark.parametrize("seed", range(12))
def test_lists_give_no_hidden_count_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = [(f"page {number}",) for number in range(rng.integers(6, 14))]
    counts = rng.negative_binomial(1, 0.04, (len(labels), 2)).astype(float)
    primary = small(counts)
    hidden = protect(labels, counts, primary, MINIMUM)
    assert primary <= hidden
    if len(hidden) < len(labels):
        assert learned(labels, counts, hidden) == (0, 0)


@pytest.mark.parametrize("seed", range(12))
def test_cross_tables_give_no_hidden_count_back(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    shape = rng.integers(3, 6, 2)
    labels = [(f"a{one}", f"b{two}") for one, two in itertools.product(range(shape[0]), range(shape[1]))]
    counts = rng.negative_binomial(2, 0.06, (len(labels), 1)).astype(float)
    primary = small(counts)
    hidden = protect(labels, counts, primary, MINIMUM)
    if len(hidden) < len(labels):
        assert learned(labels, counts, hidden) == (0, 0)


def test_the_attacker_wins_where_only_the_small_cells_are_hidden() -> None:
    labels = [(f"page {number}",) for number in range(4)]
    counts = np.array([[60.0], [40.0], [3.0], [12.0]])
    assert learned(labels, counts, {2}) == (1, 1)
    crossed = [(one, two) for one in "ab" for two in "xyz"]
    counts = np.array([[30.0], [2.0], [25.0], [40.0], [35.0], [50.0]])
    assert learned(crossed, counts, {1}) == (1, 1)


def test_a_bridge_between_two_safe_blocks_is_found_by_the_audit() -> None:
    # Two blocks of four hidden cells with one more hidden cell between them: each line has two, and yet the bridge is told.
    rows, columns = range(5), range(5)
    labels = [(f"r{row}", f"c{column}") for row in rows for column in columns]
    counts = np.full((25, 1), 50.0)
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1), (3, 3), (3, 4), (4, 3), (4, 4)):
        counts[5 * row + column] = 4
    bridge = 5 * 1 + 3
    counts[bridge] = 3
    hidden = small(counts)
    assert learned(labels, counts, hidden)[0] > 0
    assert learned(labels, counts, protect(labels, counts, hidden, MINIMUM)) == (0, 0)


def test_rows_are_added_from_the_smallest_and_no_more_than_needed() -> None:
    labels = [("a",), ("b",), ("c",), ("d",)]
    counts = np.array([[60.0], [40.0], [3.0], [12.0]])
    assert protect(labels, counts, {2}, MINIMUM) == {2, 3}
    assert protect(labels, counts, set(), MINIMUM) == set()
    assert protect(labels, np.array([[60.0], [4.0], [3.0], [12.0]]), {1, 2}, MINIMUM) == {1, 2}


def small_house(tmp_path: Path) -> House:
    """A house of 17 customers, as in a usability test."""
    folder = write_house(tmp_path / "small")
    events = folder / "raw" / "events.csv"
    lines = events.read_text(encoding="utf-8").splitlines()
    place = lines[0].split(",").index("visitor")
    kept = {f"c{number}" for number in range(17)}
    events.write_text(
        "\n".join([lines[0], *(line for line in lines[1:] if line.split(",")[place] in kept)]) + "\n", encoding="utf-8"
    )
    return House(tmp_path, open_study(folder))


def test_in_a_small_study_nothing_tells_of_those_who_lack(tmp_path: Path) -> None:
    house = small_house(tmp_path)
    assert 5 < know(house.study).customers <= 50
    n = know(house.study).customers
    four = f"{400 / n:.1f} %"
    wilson_of_four = interval(*wilson(4, n)[1:])
    body = (
        shown("T", page=["a", "b", "c", "d"], n=[n, n - 3, 7, 8])
        + shown("Goals", goal=["alone", "score"], measured=[four, "1.85"], n=[str(n), str(n)])
        + "".join(f'<p class="finding">{words}</p>' for words in (
            f"The first goal is missed: {four}.", f"{n - 2} people stayed at the pier.", f"At the mole n = {n - 4}.",
            f"With an interval of {wilson_of_four} at the quay.", f"Two numbers: {four}, n = {n}; 1.85, n = {n} at the dock.",
            f"All {n} people and {n - 5} people came to the beach.",
        ))
    )  # fmt: skip
    house.release(house.run(body))
    page = unpacked(house.zip)["03_voices.html"]
    for gone in (four, f">{n - 3}<", "pier", "mole", "quay", "dock"):
        assert gone not in page, gone
    assert "beach" in page
    assert f">{n}<" in page


def test_a_large_study_keeps_counts_that_lack_a_few_of_all(house: House) -> None:
    n = know(house.study).customers
    assert n > 50
    house.release(
        house.run(shown("T", page=["a", "b"], n=[n - 3, 20]) + f'<p class="finding">{n - 3} people at the pier.</p>')
    )
    page = unpacked(house.zip)["03_voices.html"]
    assert "pier" in page
    assert f">{n - 3}<" in page
