"""Gamma: agreement on free passages after finding out which passages of the coders belong together."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from journeylab import text
from journeylab.errors import DataError

Unit = tuple[float, float, str]
MOST = 300_000
"""So many possible alignments are weighed; more would take minutes and gigabytes."""


@dataclasses.dataclass(frozen=True)
class Costs:
    """What differences cost: ``position`` and ``category`` weights, and ``empty``, a passage that another coder lacks."""

    position: float = 3.0
    category: float = 1.0
    empty: float = 1.0


@dataclasses.dataclass(frozen=True)
class Alignment:
    """Passages that belong together.

    Attributes
    ----------
    groups : tuple of tuples
        One passage or None a coder; every passage is in one group.
    disorder : float
        Sum of the costs of the groups, over the mean number of passages a coder.
    """

    groups: tuple[tuple[Unit | None, ...], ...]
    disorder: float


@dataclasses.dataclass(frozen=True)
class Gamma:
    """Gamma, gamma-cat (categories of aligned passages alone) and gamma-k (of one category), by category."""

    gamma: float
    gamma_cat: float
    gamma_k: dict[str, float]
    observed: Alignment
    expected_disorder: float
    n_samples: int


def best_alignment(coders: Sequence[Sequence[Unit]], costs: Costs | None = None) -> Alignment:
    """Find the groups of passages, one at most of each coder, with the least disorder.

    Parameters
    ----------
    coders : sequence of sequences
        Passages (start, end, category) of each coder.

    Raises
    ------
    DataError
        For fewer than two coders, or more passages than can be weighed.

    Notes
    -----
    The cost of a group is the mean over pairs of coders: position x ((|s - s'| + |e - e'|) / (length + length'))^2 +
    category x [c != c'], or ``empty`` where a coder has no passage in it. A group that costs more than its passages alone
    cannot be part of the best alignment; among the others an integer program picks.

    References
    ----------
    Mathet, Widlöcher and Métivier (2015), Computational Linguistics 41:437.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    costs = costs or Costs()
    sizes = [len(units) for units in coders]
    if len(sizes) < 2:
        raise DataError(f"gamma compares two or more coders; found {len(sizes)}.")
    if np.prod([size + 1.0 for size in sizes]) > MOST:
        raise DataError(
            f"gamma of {' x '.join(map(str, sizes))} passages weighs more than {text.count(MOST)} alignments; pass "
            "one text at a time."
        )
    if not sum(sizes):
        return Alignment((), 0.0)
    places = np.indices([size + 1 for size in sizes]).reshape(len(sizes), -1)[:, :-1]
    pairs = list(itertools.combinations(range(len(sizes)), 2))
    cost = np.mean([_pair_costs(coders[a], coders[b], costs)[places[a], places[b]] for a, b in pairs], axis=0)
    filled = places < np.array(sizes)[:, None]
    kept = cost <= filled.sum(axis=0) * costs.empty + 1e-12
    places, cost, filled = places[:, kept], cost[kept], filled[:, kept]
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    who, column = np.nonzero(filled)
    chooses = coo_array((np.ones(len(who)), (first[who] + places[who, column], column)), shape=(sum(sizes), len(cost)))
    # of equally good alignments the one with the fewest groups
    solved = milp(
        cost + 1e-6 * costs.empty,
        constraints=LinearConstraint(chooses.tocsc(), 1, 1),
        integrality=1,
        bounds=Bounds(0, 1),
    )
    chosen = np.flatnonzero(solved.x > 0.5)
    groups = tuple(
        tuple(
            units[place] if place < len(units) else None for units, place in zip(coders, places[:, group], strict=True)
        )
        for group in chosen
    )
    return Alignment(groups, float(cost[chosen].sum() / np.mean(sizes)))


def _pair_costs(one: Sequence[Unit], other: Sequence[Unit], costs: Costs) -> NDArray[np.float64]:
    """Cost of every pair of passages; the last row and column are for none."""
    table = np.full((len(one) + 1, len(other) + 1), costs.empty)
    for row, mine in enumerate(one):
        for column, theirs in enumerate(other):
            table[row, column] = costs.position * _apart(mine, theirs) * costs.empty
            table[row, column] += costs.category * (mine[2] != theirs[2]) * costs.empty
    return table


def _apart(one: Unit, other: Unit) -> float:
    """How far two passages are apart, relative to their lengths, squared."""
    gap = abs(one[0] - other[0]) + abs(one[1] - other[1])
    return float((gap / (one[1] - one[0] + other[1] - other[0])) ** 2)


def category_disorder(alignment: Alignment, costs: Costs, category: str | None = None) -> float:
    """Share of aligned pairs with two categories; of one category, of its pairs.

    Notes
    -----
    Pairs weigh by how well the passages lie on each other, over the passages of the group less one. A passage beside nothing
    is a pair with two categories that weighs ``empty``.
    """
    total = weight = 0.0
    for group in alignment.groups:
        n = sum(unit is not None for unit in group)
        for one, other in itertools.combinations(group, 2):
            names = {unit[2] for unit in (one, other) if unit}
            if not names or (category is not None and category not in names):
                continue
            if one is None or other is None:
                share, differ = costs.empty, True
            else:
                share, differ = (
                    max(0.0, 1 - costs.position * _apart(one, other) * costs.empty) / (n - 1),
                    len(names) > 1,
                )
            total += share * differ * costs.empty
            weight += share
    return total / weight if weight else 0.0


def shuffled(coders: Sequence[Sequence[Unit]], rng: np.random.Generator) -> list[list[Unit]]:
    """Coders by chance: each is one of the coders, turned around the text by a place apart from those of the others."""
    units = [unit for mine in coders for unit in mine]
    low, high = min(0.0, *(unit[0] for unit in units)), max(unit[1] for unit in units)
    apart = float(np.mean([unit[1] - unit[0] for unit in units])) / 2
    free = [(low, high)]
    found = []
    for _ in coders:
        lengths = np.array([end - start for start, end in free])
        if lengths.sum() > 0:
            start, end = free[rng.choice(len(free), p=lengths / lengths.sum())]
            pivot = rng.uniform(start, end)
            free = [
                piece
                for start, end in free
                for piece in ((start, min(end, pivot - apart)), (max(start, pivot + apart), end))
                if piece[1] > piece[0]
            ]
        else:
            pivot = rng.uniform(low, high)
        moved = []
        for start, end, category in coders[int(rng.integers(len(coders)))]:
            shift = pivot - (high - low if start + pivot > high else 0.0)
            moved.append((start + shift, end + shift, category))
        found.append(moved)
    return found


def gamma(coders: Sequence[Sequence[Unit]], *, costs: Costs | None = None, samples: int = 100, seed: int = 0) -> Gamma:
    """One minus the disorder of the best alignment over that of coders by chance.

    Parameters
    ----------
    coders : sequence of sequences
        Passages (start, end, category) of each coder in one text.
    samples : int
        How many times chance is played; more make the value steadier.

    Returns
    -------
    Gamma
        NaN where nobody marked anything.

    Raises
    ------
    DataError
        See `best_alignment`.

    References
    ----------
    Mathet, Widlöcher and Métivier (2015), Computational Linguistics 41:437; of gamma-cat and gamma-k Mathet (2017),
    Computational Linguistics 43:661.
    """
    costs = costs or Costs()
    observed = best_alignment(coders, costs)
    categories = sorted({unit[2] for mine in coders for unit in mine})
    if not categories:
        return Gamma(np.nan, np.nan, {}, observed, np.nan, 0)
    rng = np.random.default_rng(seed)
    chance = [best_alignment(shuffled(coders, rng), costs) for _ in range(samples)]
    expected = float(np.mean([each.disorder for each in chance]))

    def of_categories(name: str | None) -> float:
        by_chance = float(np.mean([category_disorder(each, costs, name) for each in chance]))
        return 1 - category_disorder(observed, costs, name) / by_chance if by_chance > 0 else float("nan")

    return Gamma(
        1 - observed.disorder / expected,
        of_categories(None),
        {name: of_categories(name) for name in categories},
        observed,
        expected,
        samples,
    )
