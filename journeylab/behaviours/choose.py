"""How many behaviours there are, and whether one finds the same ones again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.behaviours.counts import Counts, Paths, count
from journeylab.behaviours.mixture import Mixture, fit, simulate

SELECTION_COLUMNS = (
    "k", "log_likelihood", "parameters", "bic", "icl", "entropy", "smallest_share", "stability", "chosen",
)  # fmt: skip
NULL_JOURNEYS = 3000
NULL_DRAWS = 19
STABILITY_JOURNEYS = 3000
RESAMPLES = 10
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
    """

    fewer: int
    k: int
    gain: float
    null_gain: float
    p_value: float
    n: int
    draws: int

    @property
    def passed(self) -> bool:
        """Whether the observed gain exceeds every simulated one."""
        return self.gain > self.null_gain


def candidates(counts: Counts, sizes: list[int], seed: int) -> dict[int, Mixture]:
    """Fit a mixture of each size."""
    return {k: fit(counts, k, seed=np.random.SeedSequence([seed, k]), tolerance=SELECTION_TOLERANCE) for k in sizes}


def selection(fitted: dict[int, Mixture], counts: Counts, stability: dict[int, float], chosen: int) -> pd.DataFrame:
    """Tabulate every criterion, one row a k; see `SELECTION_COLUMNS`.

    Notes
    -----
    ``bic = -2 log L + parameters log n`` and ``icl = bic + 2 E`` with E the entropy of the posterior; smaller is
    better. ``entropy`` is E / (n log k): 0 where every journey has one clear behaviour, 1 where all is a guess.
    """
    rows = []
    n = counts.n_journeys
    for k, model in fitted.items():
        posterior = model.posterior(counts)
        terms = np.where(posterior > 0, posterior * np.log(np.maximum(posterior, 1e-300)), 0.0)
        entropy = max(0.0, -float(counts.weights @ terms.sum(axis=1)))
        bic = model.bic(n)
        rows.append(
            {
                "k": k,
                "log_likelihood": model.log_likelihood,
                "parameters": model.parameters,
                "bic": bic,
                "icl": bic + 2 * entropy,
                "entropy": entropy / (n * np.log(k)) if k > 1 else 0.0,
                "smallest_share": _smallest(posterior, counts),
                "stability": stability.get(k, np.nan),
                "chosen": k == chosen,
            }
        )
    return pd.DataFrame(rows, columns=list(SELECTION_COLUMNS))


def choose(
    fitted: dict[int, Mixture], counts: Counts, found: Paths, *, minimum_share: float, seed: int
) -> tuple[int, tuple[NullCheck, ...]]:
    """Choose k: the best BIC whose smallest behaviour is large enough, if it beats what chance gives.

    The choice must pass two parametric-bootstrap checks: k chains against one, and k against k - 1; failing
    the second, k - 1 is put to the same question. The simulated journeys are as long as the observed ones, so
    that lengths that no chain can make do not pass for behaviours.

    Returns
    -------
    int, tuple of NullCheck
        1 where nothing beats chance.

    References
    ----------
    McLachlan (1987), Applied Statistics 36:318; Studer (2021), Sociological Methodology 51:290.
    """
    n = counts.n_journeys
    admissible = [
        k for k, model in fitted.items() if k == 1 or _smallest(model.posterior(counts), counts) >= minimum_share
    ]
    best = min(admissible, key=lambda k: (fitted[k].bic(n), k))
    if best == 1:
        return 1, ()
    rng = np.random.default_rng([seed, 77])
    journeys = np.flatnonzero(found.lengths > 0)
    if len(journeys) > NULL_JOURNEYS:
        journeys = np.sort(rng.choice(journeys, size=NULL_JOURNEYS, replace=False))
    sample = found.take(journeys)
    checks = [null_check(sample, 1, best, seed=seed)]
    if not checks[0].passed:
        return 1, tuple(checks)
    while best > 2:
        checks.append(null_check(sample, best - 1, best, seed=seed))
        if checks[-1].passed:
            break
        best = max(k for k in admissible if k < best)
    return best, tuple(checks)


def null_check(found: Paths, fewer: int, k: int, *, seed: int, draws: int = NULL_DRAWS) -> NullCheck:
    """Compare the gain of `k` over `fewer` chains with the gains on journeys simulated from `fewer` chains."""
    counts = count(found)
    rng = np.random.default_rng([seed, fewer, k])
    null, gain = _gain(counts, fewer, k, seed)
    posterior = null.posterior(counts)[counts.row]
    cumulated = np.cumsum(posterior, axis=1)
    gains = np.empty(draws)
    for draw in range(draws):
        component = (cumulated[:, :-1] <= rng.random(len(cumulated))[:, None]).sum(axis=1)
        gains[draw] = _gain(count(simulate(null, counts, found, component, rng)), fewer, k, seed + draw + 1)[1]
    p_value = (1 + int((gains >= gain).sum())) / (draws + 1)
    return NullCheck(fewer, k, gain, float(gains.max()), p_value, len(found.offsets) - 1, draws)


def stability(
    model: Mixture, counts: Counts, *, seed: int, resamples: int = RESAMPLES, journeys: int = STABILITY_JOURNEYS
) -> NDArray[np.float64]:
    """How well each behaviour is found again when customers are drawn anew, shape (k,).

    Returns
    -------
    ndarray
        Mean over resamples of the largest Jaccard similarity between the behaviour's members and those of any
        behaviour of a fit from scratch; NaN for an empty one.

    Notes
    -----
    Customers, not journeys, are resampled, at most so many that they bring `journeys` journeys.

    References
    ----------
    Hennig (2007), Computational Statistics & Data Analysis 52:258: above 0.85 very stable, 0.75 stable, 0.6 a
    pattern without sharp borders, below not to be trusted.
    """
    rng = np.random.default_rng([seed, 55])
    known = counts.row >= 0
    label = np.full(len(counts.row), -1)
    label[known] = model.posterior(counts).argmax(axis=1)[counts.row[known]]
    customers, owner = np.unique(counts.customer, return_inverse=True)
    n_drawn = min(len(customers), max(2, round(journeys * len(customers) / max(int(known.sum()), 1))))
    similar = np.full((resamples, model.k), np.nan)
    pool = np.sort(rng.choice(len(customers), size=n_drawn, replace=False))
    for number in range(resamples):
        times = np.zeros(len(customers), dtype=np.int64)
        np.add.at(times, rng.choice(pool, size=n_drawn), 1)
        drawn = counts.reweighted(times[owner])
        seen = drawn.weights > 0
        again = fit(
            dataclasses.replace(drawn, matrix=drawn.matrix[seen], weights=drawn.weights[seen]),
            model.k, seed=np.random.SeedSequence([seed, model.k, number]), restarts=4, tolerance=SELECTION_TOLERANCE,
        )  # fmt: skip
        present = known & (times[owner] > 0)
        new = again.posterior(counts).argmax(axis=1)[counts.row[present]]
        both = np.zeros((model.k, model.k))
        np.add.at(both, (label[present], new), 1)
        union = both.sum(axis=1)[:, None] + both.sum(axis=0)[None, :] - both
        with np.errstate(invalid="ignore"):
            jaccard = np.where(union > 0, both / union, 0.0)
        similar[number] = np.where(both.sum(axis=1) > 0, jaccard.max(axis=1), np.nan)
    counted = (~np.isnan(similar)).sum(axis=0)
    return np.where(counted > 0, np.nansum(similar, axis=0) / np.maximum(counted, 1), np.nan)


def _gain(counts: Counts, fewer: int, k: int, seed: int) -> tuple[Mixture, float]:
    """The smaller mixture, and the log-likelihood that the larger one adds."""
    small, large = (
        fit(counts, size, seed=np.random.SeedSequence([seed, size]), restarts=4, tolerance=SELECTION_TOLERANCE)
        for size in (fewer, k)
    )
    return small, large.log_likelihood - small.log_likelihood


def _smallest(posterior: NDArray[np.float64], counts: Counts) -> float:
    """Share of journeys in the smallest behaviour."""
    members = np.bincount(posterior.argmax(axis=1), weights=counts.weights, minlength=posterior.shape[1])
    return float(members.min() / members.sum())
