"""How far apart are two journeys?"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel, Levenshtein
from rapidfuzz.process import cdist

from journeylab.behaviours.alignment import Codes, in_step, optimal
from journeylab.behaviours.costs import dynamic_costs, indel_cost, substitution_costs
from journeylab.behaviours.features import features
from journeylab.errors import DataError, StudyError, did_you_mean
from journeylab.journeys import Journeys

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

METHODS = ("om", "lcs", "hamming", "dhd", "omspell", "features")
NORMS = ("auto", "maxlength", "gmean", "maxdist", "yujianbo")
SINGLE = 5000
"""From so many sequences on, the matrix is in single precision: half the memory, seven digits."""
THREADS = min(4, os.cpu_count() or 1)
HIGH, WIDE = 256, 4096
"""Rows and columns of a tile, which one thread fills; the second a multiple of the first."""
STEP = 0.5
"""What a further step in the same spell costs (``omspell``)."""


@dataclasses.dataclass(frozen=True)
class Measure:
    """Distinct sequences, and what is needed to compare them.

    Attributes
    ----------
    sequences : list of arrays of codes
        Distinct.
    method : str
    normalise : str or None
    substitution : ndarray
        Shape (A, A), or (places, A, A) for ``hamming`` and ``dhd``; of spells for ``omspell``.
    indel : ndarray, shape (A,)
    tokens : list of arrays
        What is aligned: the codes, or the spells.
    vectors : csr_matrix or None
        Of ``features``.
    """

    sequences: list[Codes]
    method: str
    normalise: str | None
    substitution: NDArray[np.float64]
    indel: NDArray[np.float64]
    tokens: list[Codes]
    vectors: csr_matrix | None = None

    def square(self, chosen: NDArray[np.int64] | None = None, *, size: int | None = None) -> NDArray[Any]:
        """Distances among the sequences at the positions `chosen` (all), in a matrix of `size` rows where there are more."""
        chosen = np.arange(len(self.sequences)) if chosen is None else chosen
        out = np.zeros((size or len(chosen),) * 2, dtype=np.float64 if (size or len(chosen)) < SINGLE else np.float32)
        order = self._order(chosen)
        in_order = self._edits is not None  # whole stretches are written faster than scattered cells

        def fill(rows: slice, columns: slice) -> None:
            here, there = order[rows], order[columns]
            block = self._block(chosen[here], chosen[there])
            if rows.stop == columns.stop:
                _mirror(block[:, rows.start - columns.start :])
            out[(rows, columns) if in_order else np.ix_(here, there)] = block
            out[(columns, rows) if in_order else np.ix_(there, here)] = block.T

        _in_tiles(fill, len(chosen))
        return out

    def between(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """Distances of the sequences at `left` from those at `right`, shape (left, right)."""
        out = np.zeros((len(left), len(right)))
        one, two = self._order(left), self._order(right)

        def fill(rows: slice, columns: slice) -> None:
            out[np.ix_(one[rows], two[columns])] = self._block(left[one[rows]], right[two[columns]])

        _in_tiles(fill, len(left), len(right))
        return out

    def _order(self, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        """Shorter sequences first, and like beginnings together; as they are where that does not matter."""
        if self._edits is not None:
            return np.arange(len(chosen))
        keys = [(len(self.tokens[i]), tuple(self.tokens[i].tolist())) for i in chosen]
        return np.array(sorted(range(len(chosen)), key=keys.__getitem__), dtype=np.int64)

    def _block(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """Distances of a few sequences from a few."""
        if self.vectors is not None:
            return _euclidean(self.vectors[left], self.vectors[right])
        if self._edits is not None:
            one, two = ([self._strings[i] for i in positions] for positions in (left, right))
            raw = self.indel[0] * cdist(one, two, scorer=self._edits, dtype=np.int32)
        else:
            one, two = ([self.tokens[i] for i in positions] for positions in (left, right))
            if self.method in {"hamming", "dhd"}:
                raw = in_step(one, two, self.substitution)
            else:
                raw = optimal(one, two, self.substitution, self.indel)
        return self._scaled(raw, self._lengths[left][:, None], self._lengths[right])

    @functools.cached_property
    def _edits(self) -> Callable[..., int] | None:
        """What counts edits of one cost: no substitution pays, or one costs as much as a deletion; None for other costs."""
        if self.method not in {"om", "lcs"} or not len(self.indel):
            return None
        apart = self.substitution[~np.eye(len(self.indel), dtype=bool)]
        if (apart >= 2 * self.indel[0]).all():
            return Indel.distance
        return Levenshtein.distance if (apart == self.indel[0]).all() else None

    @functools.cached_property
    def _strings(self) -> list[str]:
        return ["".join(map(chr, x.tolist())) for x in self.sequences]

    def _scaled(
        self, raw: NDArray[np.float64], one: NDArray[np.float64], two: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Distances made comparable over lengths, as in TraMineR."""
        if self.normalise is None:
            return raw
        longer, shorter = np.maximum(one, two), np.minimum(one, two)
        if self.normalise == "maxlength":
            return _ratio(raw, longer)
        if self.method in {"hamming", "dhd"}:
            most = np.full(raw.shape, self.substitution.max(axis=(1, 2), initial=0.0).sum())
        else:
            indel = float(self.indel[0]) if len(self.indel) else 0.0
            dearest = 2 * indel
            if self.normalise != "yujianbo":
                dearest = min(dearest, float(self.substitution.max(initial=0.0)))
            most = (longer - shorter) * indel + dearest * shorter
        if self.normalise == "gmean":
            mean = np.sqrt(one * two)
            close = 1 - _ratio(most - raw, 2 * mean)
            return np.where(raw == 0, 0.0, np.where(mean > 0, close, 1.0))
        return _ratio(raw, most) if self.normalise == "maxdist" else _ratio(2 * raw, raw + most)

    @functools.cached_property
    def _lengths(self) -> NDArray[np.float64]:
        return np.array([len(x) for x in self.sequences], dtype=float)


def distances(
    sequences: Sequence[Sequence[Any]] | Journeys, *, method: str = "om", substitution: object = "constant",
    indel: float | str = 1.0, normalise: str | None = None, channels: Mapping[str, str] | None = None,
) -> NDArray[Any]:  # fmt: skip
    """Measure how far apart sequences are, each from each.

    Parameters
    ----------
    sequences : sequence of tuples of names, or Journeys
    method : str
        ``om``: optimal matching. ``lcs``: all that is not in the longest common subsequence. ``hamming`` and ``dhd`` (dynamic
        Hamming): place by place, for sequences of one length. ``omspell``: optimal matching of spells, which are stretches
        of one touchpoint. ``features``: see `journeylab.behaviours.features.features`.
    substitution : str, float, array or DataFrame
        ``constant`` (2; 1 for ``hamming``), ``trate`` (transition rates), a number, or a symmetric matrix: an array in the
        order of the sorted names (of ``j.touchpoints``), or a DataFrame with the names as rows and columns.
    indel : float or str
        Cost of leaving out or putting in; ``auto`` is half the dearest substitution.
    normalise : str, optional
        ``maxlength``, ``gmean``, ``maxdist``, ``yujianbo``, or ``auto``: gmean for ``lcs``, else maxlength. ``omspell`` takes
        maxlength only; ``features`` none, as it does not depend on length.
    channels : mapping, optional
        The channel of a touchpoint, for ``features`` of Journeys.

    Returns
    -------
    ndarray, shape (n, n)
        Symmetric, zero on the diagonal; float64, from 5,000 sequences on float32.

    Notes
    -----
    Costs and distances are TraMineR's. Equal sequences are compared once. ``omspell`` lets an insertion cost `indel` and 0.5
    for each further step of the spell; putting one spell in the place of another of the same touchpoint costs 0.5 for each
    step that it differs in length.

    References
    ----------
    Studer and Ritschard (2016), Journal of the Royal Statistical Society A 179:481; Gabadinho et al. (2011), Journal of
    Statistical Software 40(4); Lesnard (2010), Sociological Methods and Research 38:389 (dhd); Yujian and Bo (2007), IEEE
    Transactions on Pattern Analysis and Machine Intelligence 29:1091.

    Raises
    ------
    StudyError
        For an unknown method, cost or normalisation.
    DataError
        For a matrix that is not one of costs, or sequences of several lengths where one is needed.

    Examples
    --------
    >>> distances([("home", "search", "order"), ("home", "order"), ("home",)])
    array([[0., 1., 2.],
           [1., 0., 1.],
           [2., 1., 0.]])
    """
    codes, vocabulary = _encoded(sequences)
    j = sequences if isinstance(sequences, Journeys) else None
    if method == "features":
        measure = measure_of(
            codes, np.ones(len(codes)), vocabulary, method=method, normalise=normalise, j=j, channels=channels
        )
        return measure.square()
    distinct, inverse, weights = merged(codes)
    measure = measure_of(
        distinct, weights, vocabulary, method=method, substitution=substitution, indel=indel, normalise=normalise
    )
    out = measure.square(size=len(codes))
    if len(distinct) < len(codes):
        # Sequences are numbered as they first appear: row i needs only a row up to i, so it is spread in place from the end
        for number in range(len(codes) - 1, -1, -1):
            out[number] = out[inverse[number], inverse]
    return out


def measure_of(
    distinct: list[Codes], weights: NDArray[np.float64], vocabulary: Sequence[Any], *, method: str,
    substitution: object = "constant", indel: float | str = 1.0, normalise: str | None = None, j: Journeys | None = None,
    channels: Mapping[str, str] | None = None,
) -> Measure:  # fmt: skip
    """Check the options, and work out costs from all sequences, each counted `weights` times."""
    if method not in METHODS:
        raise StudyError(f"method '{method}' is not one of {METHODS}.{did_you_mean(str(method), METHODS)}")
    if normalise is not None and normalise not in NORMS:
        raise StudyError(f"normalise '{normalise}' is not one of {NORMS}.{did_you_mean(str(normalise), NORMS)}")
    if normalise == "auto":
        normalise = "gmean" if method == "lcs" else "maxlength"
    size = len(vocabulary)
    none = np.zeros(0)
    if method == "features":
        vectors = features(distinct, j, channels=channels)
        return Measure(distinct, method, None, none, none, distinct, vectors)
    if method in {"hamming", "dhd"}:
        places = _one_length(distinct, method)
        if method == "dhd":
            if not (isinstance(substitution, str) and substitution in {"constant", "trate"}):
                raise StudyError(
                    "method 'dhd' takes its costs from the transition rates; leave substitution out, or use 'hamming'."
                )
            costs = dynamic_costs(distinct, weights, size) if distinct else np.zeros((0, size, size))
        else:
            plain = substitution_costs(substitution, vocabulary, distinct, weights, constant=1.0)
            costs = np.repeat(plain[None], places, axis=0)
        return Measure(distinct, method, normalise, costs, none, distinct)
    costs = substitution_costs("constant" if method == "lcs" else substitution, vocabulary, distinct, weights)
    single = 1.0 if method == "lcs" else indel_cost(indel, costs)
    if method == "omspell":
        if normalise not in {None, "maxlength"}:
            raise StudyError(f"method 'omspell' can be normalised by 'maxlength' only, not by '{normalise}'.")
        tokens, costs, indels = _spells(distinct, costs, single)
        return Measure(distinct, method, normalise, costs, indels, tokens)
    return Measure(distinct, method, normalise, costs, np.full(size, single), distinct)


def merged(codes: Sequence[Codes]) -> tuple[list[Codes], NDArray[np.int64], NDArray[np.float64]]:
    """Distinct sequences in the order of their first appearance, which one each sequence is, and how often each occurs."""
    seen: dict[bytes, int] = {}
    inverse = np.array([seen.setdefault(x.tobytes(), len(seen)) for x in codes], dtype=np.int64)
    first = np.unique(inverse, return_index=True)[1]
    return [codes[i] for i in first], inverse, np.bincount(inverse, minlength=len(first)).astype(float)


def _encoded(sequences: Sequence[Sequence[Any]] | Journeys) -> tuple[list[Codes], Sequence[Any]]:
    """Sequences as arrays of codes, and the sorted names."""
    if isinstance(sequences, Journeys):
        codes = np.asarray(sequences.codes, dtype=np.int64)
        return np.split(codes, sequences.offsets[1:-1]) if sequences.n_journeys else [], sequences.touchpoints
    lines: list[tuple[Any, ...]] = []
    for number, sequence in enumerate(sequences):
        if isinstance(sequence, (str, bytes)) or not isinstance(sequence, (Sequence, np.ndarray)):
            raise DataError(
                f"sequence {number} is {sequence!r}; each must be a tuple of touchpoints, such as ('home', 'order')."
            )
        lines.append(tuple(sequence))
    names = {name for line in lines for name in line}
    try:
        vocabulary = sorted(names)
    except TypeError:
        vocabulary = sorted(names, key=str)
    place = {name: number for number, name in enumerate(vocabulary)}
    return [np.array([place[name] for name in line], dtype=np.int64) for line in lines], vocabulary


def _one_length(distinct: list[Codes], method: str) -> int:
    lengths = sorted({len(x) for x in distinct})
    if len(lengths) > 1:
        raise DataError(
            f"method '{method}' compares place by place and needs sequences of one length; these have {lengths[0]} to "
            f"{lengths[-1]} touchpoints. Use 'om' or 'lcs'."
        )
    return lengths[0] if lengths else 0


def _spells(
    distinct: list[Codes], costs: NDArray[np.float64], indel: float
) -> tuple[list[Codes], NDArray[np.float64], NDArray[np.float64]]:
    """Sequences of spells, the costs between spells, and of leaving each out."""
    lines: list[list[tuple[int, int]]] = []
    for x in distinct:
        starts = np.flatnonzero(np.concatenate([[True], x[1:] != x[:-1]])) if len(x) else np.zeros(0, dtype=int)
        further = np.diff(np.append(starts, len(x))) - 1
        lines.append(list(zip(x[starts].tolist(), further.tolist(), strict=True)))
    spells = sorted({spell for line in lines for spell in line})
    place = {spell: number for number, spell in enumerate(spells)}
    state = np.array([spell[0] for spell in spells], dtype=int)
    further = np.array([spell[1] for spell in spells], dtype=float)
    same = state[:, None] == state[None, :]
    between = np.where(
        same, np.abs(further[:, None] - further), costs[np.ix_(state, state)] / STEP + further[:, None] + further
    )
    tokens = [np.array([place[spell] for spell in line], dtype=np.int64) for line in lines]
    return tokens, STEP * between, indel + STEP * further


def _euclidean(left: csr_matrix, right: csr_matrix) -> NDArray[np.float64]:
    """Euclidean distances between the rows of sparse matrices."""
    from sklearn.metrics.pairwise import euclidean_distances

    return np.asarray(euclidean_distances(left, right))


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _mirror(square: NDArray[Any]) -> None:
    """Make a matrix of distances symmetric to the last digit, with 0 on its diagonal."""
    np.maximum(square, square.T.copy(), out=square)
    np.fill_diagonal(square, 0.0)


def _in_tiles(fill: Callable[[slice, slice], None], n: int, columns: int | None = None) -> None:
    """Call `fill` for every tile of a matrix, in several threads; of a square one only on and under the diagonal."""
    tiles = [
        (slice(start, stop), slice(across, min(across + WIDE, end)))
        for start in range(0, n, HIGH)
        for stop in [min(start + HIGH, n)]
        for end in [stop if columns is None else columns]
        for across in range(0, end, WIDE)
    ]
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(fill, *zip(*tiles, strict=True)) if tiles else ():
            pass
