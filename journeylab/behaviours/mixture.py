"""Mixtures of Markov chains: journeys come from k kinds of customers, each with its own way of moving."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from journeylab.behaviours.counts import Counts, Paths

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ALPHA = 0.1
"""Dirichlet smoothing: this much of a journey is added to every observed start, step and end of every chain."""

RESTARTS = 8
START_ROWS = 3000
"""Restarts are run on a sample of at most this many distinct journeys; the best goes on with all of them."""


@dataclasses.dataclass(frozen=True)
class Mixture:
    """A fitted mixture of first-order chains.

    Attributes
    ----------
    shares : ndarray
        Mixing weights, shape (k,).
    log_chain : ndarray
        Log probabilities of the columns of `Counts`, shape (n_columns, k).
    log_likelihood : float
        Of the journeys, without the smoothing term.
    objective : ndarray
        The smoothed log-likelihood after each iteration; it never falls.
    parameters : int
        Free parameters: the chains' and the mixing weights'.
    """

    shares: NDArray[np.float64]
    log_chain: NDArray[np.float64]
    log_likelihood: float
    objective: NDArray[np.float64]
    parameters: int

    @property
    def k(self) -> int:
        """How many chains."""
        return len(self.shares)

    def bic(self, n: int) -> float:
        """Bayesian information criterion, smaller is better."""
        return -2 * self.log_likelihood + self.parameters * float(np.log(n))

    def posterior(self, counts: Counts) -> NDArray[np.float64]:
        """Probability of each chain for each row of `counts`, shape (n_rows, k)."""
        joint = counts.matrix @ self.log_chain + np.log(self.shares)
        joint -= joint.max(axis=1, keepdims=True)
        np.exp(joint, out=joint)
        return joint / joint.sum(axis=1, keepdims=True)


def fit(
    counts: Counts,
    k: int,
    *,
    seed: int | np.random.SeedSequence = 0,
    restarts: int = RESTARTS,
    iterations: int = 500,
    tolerance: float = 1e-5,
) -> Mixture:
    """Fit a mixture of k first-order Markov chains by expectation maximisation.

    Parameters
    ----------
    counts : Counts
        At least one row.
    k : int
        Number of chains, 1 or more.
    seed : int or SeedSequence
        Draws the starting journeys.
    restarts : int
        Starts tried; the best by the smoothed log-likelihood is kept.
    iterations : int
        At most so many on all journeys.
    tolerance : float
        Stop when the objective gains less than this a journey in an iteration.

    Notes
    -----
    A journey's probability under a chain is start x steps x end; the end is a state like any other, so length
    counts. Chains are smoothed by ``ALPHA`` (a symmetric Dirichlet prior, the fit is its posterior mode).
    Starts are drawn as in k-means++: a journey, then journeys badly explained by the chains so far.

    References
    ----------
    Cadez, Heckerman, Meek, Smyth and White (2003), Data Mining and Knowledge Discovery 7:399;
    Biernacki, Celeux and Govaert (2003), Computational Statistics & Data Analysis 41:561 (short runs first).
    """
    membership = _membership(counts)
    parameters = k * counts.n_free + k - 1
    if k == 1:
        log_chain = _maximise(counts.matrix.T @ counts.weights[:, None], membership)
        value = float(counts.weights @ (counts.matrix @ log_chain)[:, 0])
        return Mixture(np.ones(1), log_chain, value, np.array([value + ALPHA * log_chain.sum()]), parameters)
    rng = np.random.default_rng(seed)
    small = _sample(counts, START_ROWS, rng)
    starts = np.stack([_start(small, k, membership, rng) for _ in range(restarts)], axis=1)
    log_chain, log_shares, objective = _climb(small, starts, membership, 15, 10 * tolerance)
    best = np.argsort(-objective[-1], kind="stable")[: max(1, restarts // 4)]
    log_chain, log_shares, objective = _climb(small, log_chain[:, best], membership, iterations, 3 * tolerance)
    winner = [int(np.argmax(objective[-1]))]
    if len(small.weights) < len(counts.weights):
        small = counts
    log_chain, log_shares, objective = _climb(small, log_chain[:, winner], membership, iterations, tolerance)
    log_chain, log_shares = log_chain[:, 0], log_shares[0]
    value = float(counts.weights @ _logsumexp(counts.matrix @ log_chain + log_shares))
    return Mixture(np.exp(log_shares), log_chain, value, objective[:, 0], parameters)


def simulate(
    model: Mixture, counts: Counts, like: Paths, component: NDArray[np.int64], rng: np.random.Generator
) -> Paths:
    """Draw journeys from the chains of a mixture, each as long as the journey it stands for.

    Parameters
    ----------
    model : Mixture
        Fitted on `counts`.
    like : Paths
        Gives the lengths, and which journeys were cut.
    component : ndarray of int64
        The chain of each journey, shape (n_journeys,).

    Notes
    -----
    Steps are drawn given that the journey goes on, so that lengths stay as observed: a gain that comes from
    lengths alone is then a gain under the null too. From a state that was only ever last, the next is drawn
    as a start.
    """
    starts, steps = _tables(model, counts)
    lengths, size = like.lengths, like.n_states
    codes = np.zeros(len(like.codes), dtype=np.int64)
    active = np.flatnonzero(lengths > 0)
    state = _draw(starts[component[active]], rng)
    step = 0
    while len(active):
        codes[like.offsets[:-1][active] + step] = state
        step += 1
        on = lengths[active] > step
        active, state = active[on], state[on]
        if len(active):
            state = _draw(steps.reshape(-1, size)[component[active] * size + state], rng)
    return dataclasses.replace(like, codes=codes)


def _tables(model: Mixture, counts: Counts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cumulated start (k, S) and step (k, S, S) probabilities, given that the journey goes on."""
    size, k = counts.n_states, model.k
    dense = np.zeros((k, size + size * size + size))
    dense[:, counts.columns] = np.exp(model.log_chain.T)
    starts = dense[:, :size]
    steps = dense[:, size : size + size * size].reshape(k, size, size).copy()
    never = steps.sum(axis=2) == 0
    steps[never] = np.broadcast_to(starts[:, None, :], steps.shape)[never]
    return _cumulate(starts), _cumulate(steps)


def _cumulate(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cumulated shares along the last axis, ending at exactly one."""
    total = np.cumsum(table, axis=-1)
    return np.asarray(total / total[..., -1:])


def _draw(cumulated: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """One state a row of cumulated probabilities."""
    return np.asarray((cumulated <= rng.random(len(cumulated))[:, None]).sum(axis=1), dtype=np.int64)


def _membership(counts: Counts) -> csr_matrix:
    """Distribution x column: which columns make up a distribution."""
    from scipy.sparse import csr_matrix

    compact = np.unique(counts.group, return_inverse=True)[1]
    n = len(counts.columns)
    return csr_matrix((np.ones(n), (compact, np.arange(n))), shape=(int(compact.max(initial=-1)) + 1, n))


def _maximise(expected: NDArray[np.float64], membership: csr_matrix) -> NDArray[np.float64]:
    """Smoothed log probabilities from expected counts, shape (n_columns, chains)."""
    smoothed = expected + ALPHA
    totals = membership @ smoothed
    return np.asarray(np.log(smoothed) - membership.T @ np.log(totals))


def _sample(counts: Counts, rows: int, rng: np.random.Generator) -> Counts:
    """At most so many rows, drawn by weight where there are more."""
    if len(counts.weights) <= rows:
        return counts
    drawn = rng.choice(len(counts.weights), size=rows, replace=True, p=counts.weights / counts.weights.sum())
    chosen, weights = np.unique(drawn, return_counts=True)
    return dataclasses.replace(counts, matrix=counts.matrix[chosen], weights=weights.astype(float))


def _start(counts: Counts, k: int, membership: csr_matrix, rng: np.random.Generator) -> NDArray[np.float64]:
    """Chains around k journeys that differ, shape (n_columns, k)."""
    total = np.asarray(counts.matrix.T @ counts.weights)
    pooled = total / np.maximum(membership.T @ (membership @ total), 1e-300)
    own = counts.matrix @ np.log(np.maximum(pooled, 1e-300))
    chance = counts.weights
    chains: list[NDArray[np.float64]] = []
    nearest = np.full(len(counts.weights), -np.inf)
    for _ in range(k):
        seat = int(rng.choice(len(chance), p=chance / chance.sum()))
        seen = counts.matrix[[seat]].toarray()[0]
        chains.append(_maximise((seen + 3 * pooled)[:, None], membership)[:, 0])
        nearest = np.maximum(nearest, counts.matrix @ chains[-1])
        lost = own - nearest
        gap = counts.weights * (lost - lost.min())
        chance = gap if gap.sum() > 0 else counts.weights
    return np.stack(chains, axis=1)


def _climb(
    counts: Counts, log_chain: NDArray[np.float64], membership: csr_matrix, iterations: int, tolerance: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Expectation maximisation from several starts at once.

    Takes chains (n_columns, starts, k) or returns them so, with log shares (starts, k) and the objective
    (iterations, starts).
    """
    n_columns, starts, k = log_chain.shape
    rows = len(counts.weights)
    transposed = counts.matrix.T.tocsr()
    total = counts.weights.sum()
    log_shares = np.full((starts, k), -np.log(k))
    objective: list[NDArray[np.float64]] = []
    for _ in range(iterations):
        joint = (counts.matrix @ log_chain.reshape(n_columns, -1)).reshape(rows, starts, k) + log_shares
        evidence = _logsumexp(joint)
        value = counts.weights @ evidence + ALPHA * (log_chain.sum(axis=(0, 2)) + log_shares.sum(axis=1))
        objective.append(value)
        if len(objective) > 1 and np.all(value - objective[-2] < tolerance * total):
            break
        joint -= evidence[:, :, None]
        np.exp(joint, out=joint)
        joint *= counts.weights[:, None, None]
        expected = transposed @ joint.reshape(rows, -1)
        log_chain = _maximise(expected, membership).reshape(n_columns, starts, k)
        shares = joint.sum(axis=0) + ALPHA
        log_shares = np.log(shares) - np.log(shares.sum(axis=1, keepdims=True))
    return log_chain, log_shares, np.array(objective)


def _logsumexp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the last axis."""
    top = values.max(axis=-1)
    return np.asarray(top + np.log(np.exp(values - top[..., None]).sum(axis=-1)))
