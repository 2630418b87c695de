"""Groups of journeys that lie close together: how many, which, and whether one finds them again."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import text
from journeylab.behaviours.chance import NULL_DRAWS, reach
from journeylab.behaviours.counts import Paths, count
from journeylab.behaviours.distances import Measure, measure_of, merged
from journeylab.behaviours.hierarchy import LINKAGES, cut, tree
from journeylab.behaviours.medoids import Medoids, assign, faster_pam, silhouette
from journeylab.behaviours.mixture import fit, simulate
from journeylab.behaviours.recurrence import Labels, Sample, Weights, prediction_strength, stability
from journeylab.journeys import Journeys

GROUPINGS = ("medoids", *LINKAGES)
LARGEST = 3000
"""Above so many distinct journeys, groups are made from samples of so many, and the rest goes to the nearest medoid."""
SAMPLES = 5
NULL_STEPS = 6000
AGAIN_ROWS = 600
"""Stability and prediction strength look at so many distinct journeys."""
DISTANCE_COLUMNS = (
    "k", "mean_distance", "smallest_share", "silhouette", "null_silhouette", "prediction_strength", "stability", "chosen",
)  # fmt: skip
BY_LENGTH = 0.5
"""From this share of the variance of the logarithm of length on, behaviours are said to sort by length."""


@dataclasses.dataclass(frozen=True)
class Groups:
    """Groups of journeys by distance, not yet in order of size.

    Attributes
    ----------
    labels : ndarray of int64, shape (n_journeys,)
        -1 for a journey without events.
    posterior : ndarray, shape (n_journeys, k)
    stability : ndarray, shape (k,)
    selection : DataFrame
        One row a k, see `DISTANCE_COLUMNS` and `journeylab.behaviours.Behaviours`; mean_distance is from the nearest medoid.
    medoids : ndarray of int64, shape (k,)
        A journey that is the medoid.
    mean_distance : ndarray, shape (k,)
        Of the members from their medoid.
    reason : str
    notes : tuple of str
    """

    labels: NDArray[np.int64]
    posterior: NDArray[np.float64]
    stability: NDArray[np.float64]
    selection: pd.DataFrame
    medoids: NDArray[np.int64]
    mean_distance: NDArray[np.float64]
    reason: str
    notes: tuple[str, ...]


def group(
    found: Paths, j: Journeys, *, method: str, k: int | None, k_max: int, seed: int, minimum_share: float, grouping: str,
    largest: int = LARGEST, every: bool = True, **options: Any,
) -> Groups | str:  # fmt: skip
    """Group journeys by their distances; returns the reason where all are equal.

    Parameters
    ----------
    found : Paths
    j : Journeys
        The same journeys, uncut.
    grouping : str
        ``medoids``, ``ward`` or ``average``.
    largest : int
        Above so many distinct journeys samples are taken.
    every : bool
        Work out what chance gives, prediction strength and stability for every number of groups.
    options : dict
        As `distances`.

    Notes
    -----
    The number of groups is the one with the widest average silhouette among those whose smallest group is large enough, if it is
    wider than in every one of 19 sets (99 where it is near, see `chance.reach`) simulated from one chain, as long and grouped
    alike; else there is one group. Above `largest` distinct journeys, five samples are grouped, and the medoids kept that lie
    closest to all journeys.

    References
    ----------
    Kaufman and Rousseeuw (1990), Finding groups in data, chapter 3 (CLARA); Studer (2021), Sociological Methodology 51:290;
    Krishnapuram et al. (2001), IEEE Transactions on Fuzzy Systems 9:595 (membership by distance).
    """
    known = np.flatnonzero(found.lengths > 0)
    measure, inverse = _measure(found, known, j, method, options)
    weights = np.bincount(inverse, minlength=len(measure.sequences)).astype(float)
    rng = np.random.default_rng([seed, 91])
    rows, drawn = _sample(weights, largest, rng)
    square = measure.square(rows)
    if not square.any():
        return "all journeys are equal"
    sizes = sorted({1, *range(2, min(k_max, len(rows) - 1) + 1), *([min(k, len(rows))] if k else [])})
    fitted = {size: _split(square, size, drawn, grouping, seed) for size in sizes}
    widths = {size: silhouette(square, fitted[size].labels, drawn) for size in sizes}
    chosen, null, notes = _choose(
        fitted, widths, drawn, found, j, k, minimum_share, seed, method, grouping, options, every
    )
    if k is not None:
        chosen = min(k, len(rows))
    wanted = chosen
    while (
        apart := len(np.unique(fitted[chosen].labels))
    ) < chosen:  # costs of 0 leave different journeys at no distance
        chosen = apart
        fitted[chosen] = _split(square, chosen, drawn, grouping, seed)
        widths[chosen] = silhouette(square, fitted[chosen].labels, drawn)
    fitted = dict(sorted(fitted.items()))
    sizes = list(fitted)
    if len(rows) < len(weights):
        notes.append(
            f"{text.count(len(weights))} distinct journeys: the medoids come from {SAMPLES} samples of "
            f"{text.count(largest)} journeys, and every "
            "journey belongs to the nearest."
        )
    ends, to_medoids = _everyone(measure, rows, drawn, fitted[chosen], weights, chosen, grouping, largest, seed, rng)
    labelled = {size: end.labels for size, end in fitted.items() if size > 1 and (every or size == chosen)}
    if chosen > 1:
        labelled[chosen] = ends.labels[rows]
    again, strength = _again(square, drawn, rows, labelled, inverse, found.customer[known], grouping, seed, every)
    steady = again.get(chosen, np.ones(1))
    labels = np.full(len(found.lengths), -1, dtype=np.int64)
    labels[known] = ends.labels[inverse]
    shares = np.bincount(ends.labels, weights=weights, minlength=chosen) / weights.sum()
    posterior = np.tile(shares, (len(labels), 1))
    membership = _membership(to_medoids) if grouping == "medoids" else np.eye(chosen)[ends.labels]
    posterior[known] = membership[inverse]
    own = to_medoids[np.arange(len(ends.labels)), ends.labels] * weights
    totals = np.bincount(ends.labels, weights=own, minlength=chosen)
    members = np.bincount(ends.labels, weights=weights, minlength=chosen)
    notes.append(
        "Membership falls with the squared distance from the medoids, relative to the others."
        if grouping == "medoids"
        else "Membership is 0 or 1: a tree knows no in-between."
    )
    notes.extend(_by_length(labels[known], found.lengths[known], options.get("normalise")))
    reason = ""
    if chosen == 1 and k is None:
        reason = "no number of groups is set apart more than chance sets journeys of a single chain apart"
    elif k is not None and chosen < k:
        kinds = "distinct journeys" if chosen == wanted else "journeys at a distance from each other"
        reason = f"only {chosen} {kinds}, so {chosen} behaviours instead of {k}"
    table = pd.DataFrame(
        {
            "k": sizes,
            "mean_distance": [end.cost / drawn.sum() for end in fitted.values()],
            "smallest_share": [_smallest(end, drawn) for end in fitted.values()],
            "silhouette": [widths[size] for size in sizes],
            "null_silhouette": [null.get(size, np.nan) for size in sizes],
            "prediction_strength": [strength.get(size, np.nan) for size in sizes],
            "stability": [_least(again[size]) if size in again else np.nan for size in sizes],
            "chosen": [size == chosen for size in sizes],
        },
        columns=list(DISTANCE_COLUMNS),
    )
    first = np.unique(inverse, return_index=True)[1]
    away = np.divide(totals, members, out=np.full(chosen, np.nan), where=members > 0)
    return Groups(labels, posterior, steady, table, known[first[ends.rows]], away, reason, tuple(notes))


def _measure(
    found: Paths, known: NDArray[np.int64], j: Journeys, method: str, options: dict[str, Any]
) -> tuple[Measure, NDArray[np.int64]]:
    """The distinct journeys with their measure, and which one each known journey is."""
    lines = np.split(found.codes, found.offsets[1:-1])
    if method == "features":
        whole = measure_of(lines, np.ones(len(lines)), j.touchpoints, method=method, j=j, **options)
        seen = [lines[i] for i in known]
        vectors = None if whole.vectors is None else whole.vectors[known]
        return dataclasses.replace(whole, sequences=seen, tokens=seen, vectors=vectors), np.arange(len(known))
    distinct, inverse, weights = merged([lines[i] for i in known])
    options = {name: value for name, value in options.items() if name != "channels"}
    return measure_of(distinct, weights, j.touchpoints, method=method, **options), inverse


def _sample(
    weights: NDArray[np.float64], largest: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """All rows, or those of so many journeys drawn by weight; and how often each was drawn."""
    if len(weights) <= largest:
        return np.arange(len(weights)), weights
    rows, times = np.unique(rng.choice(len(weights), size=largest, p=weights / weights.sum()), return_counts=True)
    return rows, times.astype(float)


def _split(
    square: NDArray[Any], k: int, weights: NDArray[np.float64], grouping: str, seed: int | list[int], restarts: int = 4
) -> Medoids:
    """Groups of rows, each with its medoid."""
    if grouping == "medoids" or k == 1:
        seeds = seed if isinstance(seed, list) else [seed, k]
        return faster_pam(square, k, weights, seed=seeds, restarts=restarts)
    joins, heights = tree(square, weights, linkage=grouping)
    k = min(k, 1 + int((heights > 0).sum()))  # what joins at height 0 is one
    labels = cut(joins, k)
    rows = np.zeros(k, dtype=np.int64)
    for number in range(k):
        members = np.flatnonzero(labels == number)
        rows[number] = members[(square[np.ix_(members, members)] @ weights[members]).argmin()]
    return Medoids(rows, labels, float(weights @ square[np.arange(len(labels)), rows[labels]]))


def _choose(
    fitted: dict[int, Medoids], widths: dict[int, float], weights: NDArray[np.float64], found: Paths, j: Journeys,
    k: int | None, minimum_share: float, seed: int, method: str, grouping: str, options: dict[str, Any], every: bool,
) -> tuple[int, dict[int, float], list[str]]:  # fmt: skip
    """The widest silhouette, if it is wider than by chance; what chance gives; and what to say."""
    able = [
        size
        for size, end in fitted.items()
        if size > 1 and widths[size] > 0 and _smallest(end, weights) >= minimum_share
    ]
    best = 1 if k is not None or not able else max(able, key=lambda size: (widths[size], -size))
    sizes = [size for size in fitted if size > 1 and (every or size == best)]
    if not sizes:
        return 1, {}, []
    rng = np.random.default_rng([seed, 77])
    known = np.flatnonzero(found.lengths > 0)
    few = int(np.clip(NULL_STEPS / found.lengths[known].mean(), 60, 300))
    sample = found.take(np.sort(rng.choice(known, size=min(few, len(known)), replace=False)))
    observed = _widths(sample, j, sizes, method, grouping, options, seed)
    counts = count(sample)
    chain = fit(counts, 1)
    same = np.zeros(len(sample.lengths), dtype=np.int64)
    drawn: list[dict[int, float]] = []

    def draw(number: int) -> float:
        asked = sizes if number < NULL_DRAWS else [best]
        drawn.append(_widths(simulate(chain, counts, sample, same, rng), j, asked, method, grouping, options, seed))
        return drawn[-1].get(best, np.nan)

    if best == 1:
        for number in range(NULL_DRAWS):
            draw(number)
    else:
        reach(draw, observed[best])
    most = {size: max(one[size] for one in drawn if size in one) for size in sizes}
    if best == 1:
        return 1, most, []
    note = (
        f"{best} groups against one chain: silhouette {text.number(observed[best])}, by chance at most "
        f"{text.number(most[best])} ({len(drawn)} simulated sets of {text.count(len(same))} journeys)"
    )
    return best if observed[best] > most[best] else 1, most, [note]


def _widths(
    found: Paths, j: Journeys, sizes: list[int], method: str, grouping: str, options: dict[str, Any], seed: int
) -> dict[int, float]:
    """The silhouettes of a few journeys in so many groups; by their paths only, as simulated ones have no times."""
    options = {name: value for name, value in options.items() if name != "channels"}
    distinct, _, weights = merged(np.split(found.codes, found.offsets[1:-1]))
    able = [k for k in sizes if k < len(distinct)]
    if not able:
        return dict.fromkeys(sizes, 1.0)
    square = measure_of(distinct, weights, j.touchpoints, method=method, **options).square()
    wide = {k: silhouette(square, _split(square, k, weights, grouping, seed).labels, weights) for k in able}
    return {k: float(np.nan_to_num(wide[k])) if k in wide else 1.0 for k in sizes}


def _everyone(
    measure: Measure, rows: NDArray[np.int64], drawn: NDArray[np.float64], end: Medoids, weights: NDArray[np.float64],
    k: int, grouping: str, largest: int, seed: int, rng: np.random.Generator,
) -> tuple[Medoids, NDArray[np.float64]]:  # fmt: skip
    """All distinct journeys by their medoids, from the best sample; and their distances from these."""
    every = np.arange(len(weights))
    to_medoids = measure.between(rows[end.rows], every).T
    if len(rows) == len(weights):
        return end if grouping != "medoids" else assign(end.rows, to_medoids, weights), to_medoids
    best = assign(rows[end.rows], to_medoids, weights), to_medoids
    for number in range(1, SAMPLES):
        rows, drawn = _sample(weights, largest, rng)
        other = rows[_split(measure.square(rows), k, drawn, grouping, seed + number).rows]
        to_medoids = measure.between(other, every).T
        new = assign(other, to_medoids, weights)
        if new.cost < best[0].cost:
            best = new, to_medoids
    return best


def _again(
    square: NDArray[Any], drawn: NDArray[np.float64], rows: NDArray[np.int64], labels: dict[int, NDArray[np.int64]],
    inverse: NDArray[np.int64], customer: NDArray[np.int64], grouping: str, seed: int, every: bool,
) -> tuple[dict[int, NDArray[np.float64]], dict[int, float]]:  # fmt: skip
    """Stability of each grouping, given as labels of `rows`; and prediction strength, where every number is weighed."""
    kept = np.arange(len(rows))
    if len(kept) > AGAIN_ROWS:
        rng = np.random.default_rng([seed, 54])
        kept = np.sort(rng.choice(len(kept), size=AGAIN_ROWS, replace=False, p=drawn / drawn.sum()))
    part = square[np.ix_(kept, kept)]
    place = np.full(int(inverse.max()) + 1, -1)
    place[rows[kept]] = np.arange(len(kept))
    there = place[inverse] >= 0
    sample = Sample(place[inverse[there]], np.unique(customer[there], return_inverse=True)[1], len(kept))

    def regroup(weights: Weights, k: int, seeds: list[int]) -> Labels:
        seen = np.flatnonzero(weights)
        end = _split(part[np.ix_(seen, seen)], k, weights[seen], grouping, seeds, restarts=2)
        nearest = part[:, seen[end.rows]].argmin(axis=1)
        nearest[seen] = end.labels
        return nearest

    steady = {k: stability(sample, label[kept], k, regroup, seed=seed) for k, label in labels.items()}
    strength = {k: prediction_strength(sample, k, regroup, seed=seed) for k in labels} if every else {}
    return steady, strength


def _membership(to_medoids: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse squared distances as shares; a journey that lies on medoids belongs to the first of them."""
    nearest = to_medoids.argmin(axis=1)
    least = to_medoids[np.arange(len(nearest)), nearest][:, None]
    on = least[:, 0] == 0
    relative = np.divide(least, to_medoids, out=np.zeros_like(to_medoids), where=to_medoids > 0) ** 2
    relative[on] = np.eye(to_medoids.shape[1])[nearest[on]]
    return relative / relative.sum(axis=1, keepdims=True)


def _by_length(labels: NDArray[np.int64], lengths: NDArray[np.int64], normalise: object) -> list[str]:
    """A warning where groups mostly sort journeys by length."""
    steps = np.log1p(lengths.astype(float))
    sizes = np.bincount(labels).astype(float)
    if np.count_nonzero(sizes) < 2 or steps.var() == 0:
        return []
    means = np.bincount(labels, weights=steps) / np.maximum(sizes, 1)
    share = float(sizes @ (means - steps.mean()) ** 2 / len(steps) / steps.var())
    if share < BY_LENGTH:
        return []
    advice = "" if normalise else " Distances by length (normalise='maxlength') or method 'markov' depend less on it."
    return [
        f"Warning: the behaviours sort mostly by length. {text.percent(share, 0)} of the variance of the logarithm of the number "
        f"of steps lies between them (warned from {text.percent(BY_LENGTH, 0)}).{advice}"
    ]


def _smallest(end: Medoids, weights: NDArray[np.float64]) -> float:
    return float(np.bincount(end.labels, weights=weights, minlength=len(end.rows)).min() / weights.sum())


def _least(values: NDArray[np.float64]) -> float:
    return float(np.nanmin(values)) if np.isfinite(values).any() else float("nan")
