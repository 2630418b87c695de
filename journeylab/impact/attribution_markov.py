"""How much of the way to conversion leads through a touchpoint? Removal effects in a Markov chain, solved exactly."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from journeylab.errors import StudyError
from journeylab.impact.attribution_paths import Floats, Paths

DENSE = 100
"""Up to so many states the whole inverse is taken; beyond, each touchpoint's system is solved by iteration."""
TABLE = 1 << 23
"""Keys under it are numbered by a table, others by sorting."""


@dataclasses.dataclass(frozen=True)
class Chain:
    """The places of a chain and what leads from which to which.

    Attributes
    ----------
    last : ndarray of int64, shape (n_states,)
        The touchpoint that each state ends in.
    source, target : ndarray of int64, shape (n_edges,)
        States; the source ``n_states`` is the start.
    edge : ndarray of int64, shape (n_events,)
        The edge by which each event is entered.
    final : ndarray of int64, shape (n_paths,)
        The state in which each path ends.
    """

    last: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    edge: NDArray[np.int64]
    final: NDArray[np.int64]


def chain(paths: Paths, order: int) -> Chain:
    """Number the states (the last `order` touchpoints, fewer near the start) and the edges of all paths.

    Raises
    ------
    StudyError
        When `order` is not at least 1, or so high that states cannot be numbered.
    """
    base = len(paths.touchpoints) + 1
    if not isinstance(order, (int, np.integer)) or order < 1:
        raise StudyError(f"order={order!r}: a whole number from 1 is needed; 1 to 3 are usual.")
    if order * np.log2(base) > 40:
        raise StudyError(f"order={order}: too high for {base - 1} touchpoints; 1 to 3 are usual.")
    codes, first = paths.codes, paths.offsets[:-1]
    key = codes + 1
    if order > 1:
        place = np.arange(len(codes)) - np.repeat(first, paths.lengths)
        for back in range(1, order):
            earlier = np.zeros_like(codes)
            earlier[back:] = codes[:-back] + 1
            key = key + np.where(place >= back, earlier, 0) * base**back
    keys, state = _number(key, base**order)
    n = len(keys)
    before = np.empty_like(state)
    before[1:] = state[:-1]
    before[first] = n
    pairs, edge = _number(before * n + state, (n + 1) * n)
    return Chain(keys % base - 1, pairs // n, pairs % n, edge, state[paths.offsets[1:] - 1])


def _number(key: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct keys in order, and the number of each."""
    if size > TABLE:
        return np.unique(key, return_inverse=True)
    present = np.zeros(size, dtype=bool)
    present[key] = True
    keys = np.flatnonzero(present)
    number = np.empty(size, dtype=np.int64)
    number[keys] = np.arange(len(keys))
    return keys, number[key]


def removal(paths: Paths, order: int) -> Callable[[Floats, Floats], Floats]:
    """Make the function from counts (conversions, nulls) to removal effects.

    Returns
    -------
    callable
        It gives an array of shape (n_touchpoints, 2): the removal effect on conversions, and on their value (NaN without).

    Notes
    -----
    With P the chance to convert from the start and P_j the same when whatever leads to a state that ends in j leads to the end
    without conversion, the removal effect is ``1 - P_j / P``. Let N be the inverse of I - Q (Q: from state to state), v the
    expected visits from the start, x the chance to convert. Conversions lost with S, the states that end in j, are those of
    journeys that come to S, counted where they first do: ``v_S N_SS^-1 x_S``. One inverse thus serves all touchpoints. At order 1
    S is one state, and the removal effect is ``v_j x_j / (N_jj P)``.
    """
    from scipy import sparse

    places = chain(paths, order)
    n, edges, touchpoints = len(places.last), len(places.source), len(paths.touchpoints)
    own = None if paths.value is None else np.divide(
        paths.value, paths.conversions, out=np.zeros_like(paths.value), where=paths.conversions > 0
    )  # fmt: skip
    groups = [np.flatnonzero(places.last == code) for code in range(touchpoints)]
    from_start = places.source == n
    warm: dict[int, Floats] = {}

    def compute(conversions: Floats, nulls: Floats) -> Floats:
        weight = conversions + nulls
        count = np.bincount(places.edge, weights=np.repeat(weight, paths.lengths), minlength=edges)
        visits = np.bincount(places.target, weights=count, minlength=n)
        safe = np.where(visits > 0, visits, 1)
        step = np.where(from_start, count / weight.sum(), count / np.append(safe, 1)[places.source])
        start = np.zeros(n)
        start[places.target[from_start]] = step[from_start]
        ends = [conversions] if own is None else [conversions, conversions * own]
        gain = np.stack([np.bincount(places.final, weights=end, minlength=n) / safe for end in ends], axis=1)
        inner = ~from_start
        q = sparse.csr_array((step[inner], (places.source[inner], places.target[inner])), shape=(n, n))
        lost, whole = _lost(q, start, gain, groups) if n <= DENSE else _lost_by_iteration(q, start, gain, groups, warm)
        found = np.full((touchpoints, 2), np.nan)
        found[:, : len(whole)] = np.divide(lost, whole, out=np.zeros_like(lost), where=whole > 0)
        return found

    return compute


def _lost(q, start: Floats, gain: Floats, groups: list[NDArray[np.int64]]) -> tuple[Floats, Floats]:  # type: ignore[no-untyped-def]
    """What is lost without each group of states, and what there is, by one inverse."""
    inverse = np.linalg.inv(np.eye(len(start)) - q.toarray())
    visits, ahead = start @ inverse, inverse @ gain
    if all(len(group) == 1 for group in groups):
        single = np.concatenate(groups)
        return (visits[single] / np.diag(inverse)[single])[:, None] * ahead[single], start @ ahead
    lost = [np.linalg.solve(inverse[np.ix_(group, group)].T, visits[group]) @ ahead[group] for group in groups]
    return np.array(lost), start @ ahead


def _lost_by_iteration(  # type: ignore[no-untyped-def]
    q, start: Floats, gain: Floats, groups: list[NDArray[np.int64]], warm: dict[int, Floats]
) -> tuple[Floats, Floats]:
    """The same without an inverse: visits where a group is never entered, by GMRES; later calls begin where the first ended."""
    from scipy.sparse.linalg import LinearOperator, gmres
    from threadpoolctl import threadpool_limits

    turned, n = q.T.tocsr(), len(start)
    tolerance = 1e-7 if warm else 1e-13
    found = {}
    with threadpool_limits(limits=1):
        for place, group in enumerate([np.empty(0, dtype=np.int64), *groups]):
            inside = np.ones(n)
            inside[group] = 0
            system = LinearOperator((n, n), matvec=lambda x, inside=inside: x - inside * (turned @ x), dtype=float)
            found[place], _ = gmres(
                system, start * inside, x0=warm.get(place), rtol=tolerance, atol=0.0, restart=60, maxiter=50
            )
    warm.update(found if not warm else {})
    kept = np.array([visits @ gain for visits in found.values()])
    return kept[0] - kept[1:], kept[0]
