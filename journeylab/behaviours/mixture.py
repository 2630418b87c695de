"""Mixtures of Markov chains: journeys come from k kinds of customers, each with its own way of moving."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from journeylab.behaviours.counts import Block, Counts, Paths
from journeylab.journeys.groups import in_turn

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ALPHA = 0.1
"""Dirichlet smoothing: this much of a journey is added to every observed start, step and end of every chain."""

RESTARTS = 8
START_ROWS = 3000
MIDDLE_ROWS = 30_000
"""Restarts are run on a sample of at most so many distinct journeys, the best of them on a larger one, and of these the best on
all of them."""

LONGEST_LEAP = 100.0
"""Steps of expectation maximisation that one leap takes at most."""

_Point: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
_Expected: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


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
        return self._explained(counts)[0]

    def _explained(self, counts: Counts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Posterior (n_rows, k) and log-likelihood (n_rows,)."""
        posterior, evidence = np.empty((len(counts.weights), self.k)), np.empty(len(counts.weights))
        log_shares, begin = np.log(self.shares)[None], 0
        for chances, total in _each(lambda block: _explain(block[0], self.log_chain, log_shares), counts.blocks):
            end = begin + chances.shape[2]
            posterior[begin:end], evidence[begin:end] = chances[0].T, total[0]
            begin = end
        return posterior, evidence


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
    Starts are drawn as in k-means++: a journey, then journeys badly explained by the chains so far. They climb on
    a sample of `START_ROWS` distinct journeys, the best go on with `MIDDLE_ROWS`, the best of these with all.
    Threads share the rows in blocks; sums keep their order, so the fit does not depend on how many there are.

    References
    ----------
    Cadez, Heckerman, Meek, Smyth and White (2003), Data Mining and Knowledge Discovery 7:399;
    Biernacki, Celeux and Govaert (2003), Computational Statistics & Data Analysis 41:561 (short runs first);
    Varadhan and Roland (2008), Scandinavian Journal of Statistics 35:335 (SQUAREM).
    """
    membership = _membership(counts)
    parameters = k * counts.n_free + k - 1
    if k == 1:
        log_chain = _maximise(counts.matrix.T @ counts.weights[:, None], membership)
        value = float((counts.weights * (counts.matrix @ log_chain)[:, 0]).sum())
        return Mixture(np.ones(1), log_chain, value, np.array([value + ALPHA * log_chain.sum()]), parameters)
    rng = np.random.default_rng(seed)
    small, middle = _sample(counts, START_ROWS, rng), _sample(counts, MIDDLE_ROWS, rng)
    starts = np.stack([_start(small, k, membership, rng) for _ in range(restarts)], axis=1)
    log_chain, _, objective = _climb(small, starts, membership, 15, 10 * tolerance)
    best = np.argsort(-objective[-1], kind="stable")[: max(1, restarts // 4)]
    log_chain, _, objective = _climb(small, log_chain[:, best], membership, iterations, 3 * tolerance)
    if middle is not small:
        log_chain, _, objective = _climb(middle, log_chain, membership, iterations, 3 * tolerance)
    winner = [int(np.argmax(objective[-1]))]
    log_chain, log_shares, objective = _climb(counts, log_chain[:, winner], membership, iterations, tolerance)
    found = Mixture(np.exp(log_shares[0]), log_chain[:, 0], np.nan, objective[:, 0], parameters)
    value = float((counts.weights * found._explained(counts)[1]).sum())
    return dataclasses.replace(found, log_likelihood=value)


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
    as a start. A category of time is drawn for every step that has one.
    """
    starts, steps, waits = _tables(model, counts)
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
    if like.waits is None or waits is None:
        return dataclasses.replace(like, codes=codes)
    drawn = like.waits.copy()
    timed = np.flatnonzero(drawn >= 0)
    drawn[timed] = _draw(waits[np.repeat(component, lengths)[timed]], rng)
    return dataclasses.replace(like, codes=codes, waits=drawn)


def _tables(
    model: Mixture, counts: Counts
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None]:
    """Cumulated start (k, S) and step (k, S, S) probabilities, given that the journey goes on, and of times until a step."""
    size, k = counts.n_states, model.k
    ends = 2 * size + size * size
    dense = np.zeros((k, max(ends, int(counts.columns.max(initial=0)) + 1)))
    dense[:, counts.columns] = np.exp(model.log_chain.T)
    starts = dense[:, :size]
    steps = dense[:, size : size + size * size].reshape(k, size, size).copy()
    never = steps.sum(axis=2) == 0
    steps[never] = np.broadcast_to(starts[:, None, :], steps.shape)[never]
    waits = dense[:, ends:]
    return _cumulate(starts), _cumulate(steps), _cumulate(waits) if waits.size else None


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
    """Expectation maximisation from several starts at once, sped up by SQUAREM.

    Takes chains (n_columns, starts, k) and returns them so, with log shares (starts, k) and the objective
    (iterations, starts). After two steps each start leaps along them; a leap that is no gain is not taken.
    """
    starts, k = log_chain.shape[1:]
    least = tolerance * counts.weights.sum()
    now = (log_chain, np.full((starts, k), -np.log(k)))
    objective: list[NDArray[np.float64]] = []
    blocks = counts.blocks
    while len(objective) < iterations:
        value, first = _step(blocks, now, membership)
        objective.append(value)
        if len(objective) > 1 and np.all(value - objective[-2] < least):
            break
        value, second = _step(blocks, first, membership)
        objective.append(value)
        if np.all(value - objective[-2] < least):
            now = first
            break
        value, further = _step(blocks, _leap(now, first, second, membership), membership)
        gains = value >= objective[-1]
        objective.append(np.where(gains, value, objective[-1]))
        now = (np.where(gains[:, None], further[0], second[0]), np.where(gains[:, None], further[1], second[1]))
    return *now, np.array(objective)


def _step(blocks: list[Block], at: _Point, membership: csr_matrix) -> tuple[NDArray[np.float64], _Point]:
    """The objective at a point, and the point after one step of expectation maximisation."""
    log_chain, log_shares = at
    flat = log_chain.reshape(len(log_chain), -1)
    value = ALPHA * (log_chain.sum(axis=(0, 2)) + log_shares.sum(axis=1))
    expected, shares = np.zeros_like(flat), np.full_like(log_shares, ALPHA)
    for evidence, steps, members in _each(lambda block: _expect(block, flat, log_shares), blocks):
        value, expected, shares = value + evidence, expected + steps, shares + members
    new = _maximise(expected, membership).reshape(log_chain.shape)
    return value, (new, np.log(shares) - np.log(shares.sum(axis=1, keepdims=True)))


def _expect(block: Block, log_chain: NDArray[np.float64], log_shares: NDArray[np.float64]) -> _Expected:
    """Of a block the log-likelihood (starts,), the expected counts (n_columns, starts * k) and members (starts, k)."""
    matrix, weights = block
    joint, evidence = _explain(matrix, log_chain, log_shares)
    joint *= weights
    back = np.ascontiguousarray(joint.reshape(log_shares.size, -1).T)
    return (evidence * weights).sum(axis=1), matrix.T @ back, joint.sum(axis=2)


def _explain(
    matrix: csr_matrix, log_chain: NDArray[np.float64], log_shares: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Posterior (starts, k, rows) and log evidence (starts, rows); rows come last, which is several times faster."""
    joint = np.ascontiguousarray((matrix @ log_chain).T).reshape(*log_shares.shape, -1)
    joint += log_shares[:, :, None]
    top = joint.max(axis=1)
    joint -= top[:, None]
    np.exp(joint, out=joint)
    total = joint.sum(axis=1)
    joint /= total[:, None]
    return joint, np.log(total) + top


def _leap(start: _Point, first: _Point, second: _Point, membership: csr_matrix) -> _Point:
    """Extrapolate two steps in the logarithms of the probabilities, a length for each start (SQUAREM, scheme S3)."""
    step = [b - a for a, b in zip(start, first, strict=True)]
    bend = [c - b - r for b, c, r in zip(first, second, step, strict=True)]
    r2, v2 = ((each[0] ** 2).sum(axis=(0, 2)) + (each[1] ** 2).sum(axis=1) for each in (step, bend))
    length = np.sqrt(np.clip(r2 / np.maximum(v2, 1e-300), 1.0, LONGEST_LEAP**2))[:, None]
    chain, shares = (a + 2 * length * r + length**2 * v for a, r, v in zip(start, step, bend, strict=True))
    flat = np.clip(chain.reshape(len(chain), -1), -500, 500)  # what overflows no exponential
    flat = flat - membership.T @ np.log(membership @ np.exp(flat))
    return flat.reshape(chain.shape), shares - _logsumexp(shares)[:, None]


def _each(explain: Callable[[Block], tuple[NDArray[np.float64], ...]], blocks: list[Block]) -> Iterable[Any]:
    """What is found of each block, in their order; several are worked on in threads."""
    return in_turn(explain, blocks) if len(blocks) > 1 else map(explain, blocks)


def _logsumexp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the last axis."""
    top = values.max(axis=-1)
    return np.asarray(top + np.log(np.exp(values - top[..., None]).sum(axis=-1)))
