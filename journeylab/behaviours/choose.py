"""How many behaviours there are, and whether there are any: what each number of chains is worth."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.behaviours import memory
from journeylab.behaviours.chance import NULL_DRAWS, reach
from journeylab.behaviours.counts import Counts, Paths, count
from journeylab.behaviours.medoids import silhouette
from journeylab.behaviours.mixture import Mixture, fit, simulate
from journeylab.behaviours.recurrence import Labels, Sample, Weights, prediction_strength, stability
from journeylab.progress import over

Reached = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Log-likelihood gained and average silhouette, one of each a number of chains."""

SELECTION_COLUMNS = (
    "k", "log_likelihood", "parameters", "bic", "icl", "entropy", "smallest_share", "silhouette", "null_silhouette",
    "prediction_strength", "stability", "gain", "null_gain", "chosen",
)  # fmt: skip
NULL_JOURNEYS = 3000
"""The test of the chosen number looks at so many journeys."""
BAND_JOURNEYS = 1000
"""What chance gives for every number is read on so many."""
SAMPLE_JOURNEYS = 3000
"""Stability and prediction strength look at customers who bring at most about so many journeys."""
WIDTH_ROWS = 1000
"""The silhouette looks at so many distinct journeys, and at half as many of each simulated set."""
SELECTION_TOLERANCE = 5e-5


@dataclasses.dataclass(frozen=True)
class NullCheck:
    """One question put to simulated journeys: do `k` chains gain more than chance, over `fewer` chains?

    Attributes
    ----------
    fewer, k : int
        The null has `fewer` chains; the claim is `k`.
    gain : float
        Log-likelihood gained on the observed journeys.
    null_gain : float
        The most gained on journeys simulated from `fewer` chains.
    p_value : float
        Share of draws, the observed one among them, that gain as much: at best 1 / (draws + 1).
    n, draws : int
        Journeys used, and simulated sets.
    memory : bool
        Whether the null is one chain in which the last two steps count.
    """

    fewer: int
    k: int
    gain: float
    null_gain: float
    p_value: float
    n: int
    draws: int
    memory: bool = False

    @property
    def passed(self) -> bool:
        """Whether the observed gain exceeds every simulated one."""
        return self.gain > self.null_gain


@dataclasses.dataclass(frozen=True)
class Band:
    """What a number of chains reaches, and at most by chance: log-likelihood gained a journey over one chain, silhouette."""

    gain: float
    null_gain: float
    null_silhouette: float


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A mixture of one size, and what it makes of all journeys.

    Attributes
    ----------
    model : Mixture
    smallest_share : float
        Of the journeys, in the smallest behaviour.
    entropy : float
        Of the posterior, in nats, summed over journeys.
    """

    model: Mixture
    smallest_share: float
    entropy: float


@dataclasses.dataclass(frozen=True)
class Criteria:
    """What is worked out on samples for every k, by k; NaN where a k is missing."""

    silhouette: Mapping[int, float]
    prediction_strength: Mapping[int, float]
    stability: Mapping[int, NDArray[np.float64]]


def candidates(counts: Counts, sizes: list[int], seed: int) -> dict[int, Candidate]:
    """Fit a mixture of each size."""
    found = {}
    for k in over(sizes, "Fitting behaviours"):
        model = fit(counts, k, seed=np.random.SeedSequence([seed, k]), tolerance=SELECTION_TOLERANCE)
        posterior = model.posterior(counts)
        members = np.bincount(posterior.argmax(axis=1), weights=counts.weights, minlength=k)
        terms = np.where(posterior > 0, posterior * np.log(np.maximum(posterior, 1e-300)), 0.0)
        entropy = max(0.0, -float(counts.weights @ terms.sum(axis=1)))
        found[k] = Candidate(model, float(members.min() / members.sum()), entropy)
    return found


def selection(
    fitted: Mapping[int, Candidate], n: int, criteria: Criteria, by_chance: Mapping[int, Band], chosen: int
) -> pd.DataFrame:
    """Tabulate every criterion, one row a k; see `SELECTION_COLUMNS`.

    Notes
    -----
    ``bic = -2 log L + parameters log n`` and ``icl = bic + 2 E`` with E the entropy of the posterior; smaller is
    better. ``entropy`` is E / (n log k): 0 where every journey has one clear behaviour, 1 where all is a guess.
    ``stability`` is that of the least stable behaviour. ``gain`` is the log-likelihood a journey over one chain, in the
    sample of 1,000 journeys; ``null_gain`` and ``null_silhouette`` are the most that journeys simulated from one
    chain reach with as many.
    """
    rows = []
    for k, one in fitted.items():
        bic = one.model.bic(n)
        chance, steady = by_chance.get(k), criteria.stability.get(k) if k > 1 else None
        rows.append(
            {
                "k": k,
                "log_likelihood": one.model.log_likelihood,
                "parameters": one.model.parameters,
                "bic": bic,
                "icl": bic + 2 * one.entropy,
                "entropy": one.entropy / (n * np.log(k)) if k > 1 else 0.0,
                "smallest_share": one.smallest_share,
                "silhouette": criteria.silhouette.get(k, np.nan),
                "null_silhouette": chance.null_silhouette if chance else np.nan,
                "prediction_strength": criteria.prediction_strength.get(k, np.nan),
                "stability": np.nan if steady is None or np.isnan(steady).all() else float(np.nanmin(steady)),
                "gain": chance.gain if chance else np.nan,
                "null_gain": chance.null_gain if chance else np.nan,
                "chosen": k == chosen,
            }
        )
    return pd.DataFrame(rows, columns=list(SELECTION_COLUMNS))


def choose(
    fitted: Mapping[int, Candidate], n: int, found: Paths, *, minimum_share: float, seed: int
) -> tuple[int, tuple[NullCheck, ...]]:
    """Choose k: the best BIC whose smallest behaviour is large enough, if it beats what chance gives.

    Parameters
    ----------
    n : int
        Journeys that were fitted.
    found : Paths
        These journeys.

    Returns
    -------
    int, tuple of NullCheck
        1 where nothing beats chance.

    Notes
    -----
    The choice must pass two parametric-bootstrap checks: k chains against one, and k against k - 1; failing
    the second, k - 1 is put to the same question. The simulated journeys are as long as the observed ones, so
    that lengths that no chain can make do not pass for behaviours. Where one chain in which the last two steps
    count has a lower BIC than k chains, these must also gain more than on journeys simulated from that chain.

    References
    ----------
    McLachlan (1987), Applied Statistics 36:318; Studer (2021), Sociological Methodology 51:290.
    """
    admissible = [k for k, one in fitted.items() if k == 1 or one.smallest_share >= minimum_share]
    best = min(admissible, key=lambda k: (fitted[k].model.bic(n), k))
    if best == 1:
        return 1, ()
    sample = null_sample(found, seed, NULL_JOURNEYS)
    checks = [null_check(sample, 1, best, seed=seed)]
    if checks[-1].passed and memory.bic(found) < fitted[best].model.bic(n):
        checks.append(null_check(sample, 1, best, seed=seed, remembering=True))
    if not checks[-1].passed:
        return 1, tuple(checks)
    while best > 2:
        checks.append(null_check(sample, best - 1, best, seed=seed))
        if checks[-1].passed:
            break
        best = max(k for k in admissible if k < best)
    return best, tuple(checks)


def null_sample(found: Paths, seed: int, most: int) -> Paths:
    """The journeys that are held against simulated ones, at most so many."""
    journeys = np.flatnonzero(found.lengths > 0)
    if len(journeys) > most:
        rng = np.random.default_rng([seed, 77])
        journeys = np.sort(rng.choice(journeys, size=most, replace=False))
    return found.take(journeys)


def null_check(found: Paths, fewer: int, k: int, *, seed: int, remembering: bool = False) -> NullCheck:
    """Compare the gain of `k` over `fewer` chains with the gains on journeys simulated from `fewer` chains, see `reach`.

    With `remembering` they are simulated from one chain in which the last two steps count.
    """
    draw, observed = _null(found, fewer, [k], seed, remembering=remembering)
    gain = float(observed[0][0])
    gains = reach(lambda number: float(draw(number)[0][0]), gain)
    p_value = (1 + int((gains >= gain).sum())) / (len(gains) + 1)
    return NullCheck(fewer, k, gain, float(gains.max()), p_value, len(found.lengths), len(gains), remembering)


def band(found: Paths, sizes: list[int], *, seed: int) -> dict[int, Band]:
    """What each number of chains reaches on journeys, and at most on 19 sets simulated from one chain."""
    draw, (gain, _) = _null(found, 1, sizes, seed)
    drawn = [draw(number) for number in range(NULL_DRAWS)]
    gains, widths = (np.array([one[which] for one in drawn]) for which in (0, 1))
    n = len(found.lengths)
    return {
        k: Band(float(gain[i]) / n, float(gains[:, i].max()) / n, float(np.fmax.reduce(widths[:, i])))
        for i, k in enumerate(sizes)
    }


def _null(
    found: Paths, fewer: int, sizes: list[int], seed: int, *, remembering: bool = False
) -> tuple[Callable[[int], Reached], Reached]:
    """How to draw a set and what each size reaches on it; and what they reach on the observed journeys."""
    counts = count(found)
    rng = np.random.default_rng([seed, fewer])
    null, *observed = _gains(counts, fewer, sizes, seed)
    cumulated = np.cumsum(null.posterior(counts)[counts.row], axis=1)

    def draw(number: int) -> Reached:
        if remembering:
            drawn = memory.simulate(found, rng)
        else:
            component = (cumulated[:, :-1] <= rng.random(len(cumulated))[:, None]).sum(axis=1)
            drawn = simulate(null, counts, found, component, rng)
        return _gains(count(drawn), fewer, sizes, seed + number + 1)[1:]

    return draw, (observed[0], observed[1])


def weigh(fitted: Mapping[int, Candidate], counts: Counts, chosen: int, *, seed: int, every: bool = True) -> Criteria:
    """Work out the criteria that need samples: for every k, or only the stability of the chosen one.

    Notes
    -----
    The silhouette's distance is Hellinger's, between the shares of starts, steps and ends of two journeys: 0 where they
    are the same, 1 where nothing is in common. It is read on at most 1,000 distinct journeys.
    """
    few, sample = _few(counts, seed)

    def regroup(weights: Weights, k: int, seeds: list[int]) -> Labels:
        seen = weights > 0
        part = dataclasses.replace(few, matrix=few.matrix[seen], weights=weights[seen])
        again = fit(part, k, seed=np.random.SeedSequence(seeds), restarts=4, tolerance=SELECTION_TOLERANCE)
        return np.asarray(again.posterior(few).argmax(axis=1))

    sizes = [k for k in fitted if k > 1 and (every or k == chosen)]
    labels = {k: fitted[k].model.posterior(few).argmax(axis=1) for k in sizes}
    steady = {k: stability(sample, labels[k], k, regroup, seed=seed) for k in sizes}
    if not every:
        return Criteria({}, {}, steady)
    strength = {k: prediction_strength(sample, k, regroup, seed=seed) for k in sizes}
    return Criteria(_widths(few, labels, WIDTH_ROWS, seed), strength, steady)


def _few(counts: Counts, seed: int) -> tuple[Counts, Sample]:
    """The counts of a few customers, and who has which."""
    known = np.flatnonzero(counts.row >= 0)
    customers, owner = np.unique(counts.customer[known], return_inverse=True)
    n_drawn = min(len(customers), max(2, round(SAMPLE_JOURNEYS * len(customers) / len(known))))
    drawn = np.zeros(len(customers), dtype=bool)
    drawn[np.random.default_rng([seed, 54]).choice(len(customers), size=n_drawn, replace=False)] = True
    kept = drawn[owner]
    rows, row = np.unique(counts.row[known[kept]], return_inverse=True)
    owner = np.unique(owner[kept], return_inverse=True)[1]
    weights = np.bincount(row).astype(float)
    few = dataclasses.replace(counts, matrix=counts.matrix[rows], weights=weights, row=row, customer=owner)
    return few, Sample(row, owner, len(rows))


def _widths(counts: Counts, labels: Mapping[int, Labels], most: int, seed: int) -> dict[int, float]:
    """Average silhouette of each grouping, by Hellinger's distance, over at most so many distinct journeys."""
    rows = np.arange(len(counts.weights))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng([seed, 57]).choice(rows, size=most, replace=False))
    part = counts.matrix[rows]
    shares = np.sqrt(part.multiply(1 / part.sum(axis=1).reshape(-1, 1))).tocsr()
    square = np.sqrt(np.maximum(1 - (shares @ shares.T).toarray(), 0.0))
    np.fill_diagonal(square, 0.0)
    return {k: silhouette(square, label[rows], counts.weights[rows]) for k, label in labels.items()}


def _gains(
    counts: Counts, fewer: int, sizes: list[int], seed: int
) -> tuple[Mixture, NDArray[np.float64], NDArray[np.float64]]:
    """The smaller mixture, the log-likelihood that each larger one adds, and their silhouettes where several are asked for."""

    def fitted(k: int) -> Mixture:
        return fit(counts, k, seed=np.random.SeedSequence([seed, k]), restarts=4, tolerance=SELECTION_TOLERANCE)

    small, large = fitted(fewer), {k: fitted(k) for k in sizes}
    gains = np.array([model.log_likelihood - small.log_likelihood for model in large.values()])
    if len(sizes) < 2:
        return small, gains, np.full(len(sizes), np.nan)
    labels = {k: model.posterior(counts).argmax(axis=1) for k, model in large.items()}
    return small, gains, np.array(list(_widths(counts, labels, WIDTH_ROWS // 2, seed).values()))
