"""The unitising family of Krippendorff's alpha: do coders mark the same stretches of a text, and call them the same?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from journeylab.voices.coefficients import Array, Parts, Sums


@dataclasses.dataclass(frozen=True)
class Tally:
    """What the family needs to know of each document; all of it adds up over documents, in any order.

    Attributes
    ----------
    coincidences : ndarray, shape (n_documents, q + 1, q + 1)
        Lengths on which two coders gave two values, over m - 1; place 0 is the gap.
    squares : ndarray, shape (n_documents, q + 1)
        Squared lengths of the units of a value; of gaps the length itself.
    paired_squares : ndarray, shape (n_documents, q)
        Squares of what other coders also marked of each unit, over m - 1.
    """

    coincidences: Array
    squares: Array
    paired_squares: Array

    def u_alpha(self) -> Sums:
        """Agreement on where units are and what they are called (equation 34 of the 4th edition)."""
        return _sums(self.coincidences, self.squares)

    def binary(self) -> Sums:
        """Agreement on where units are, whatever they are called: valued or gap (equation 35)."""
        valued = self.coincidences[:, 1:, :].sum(axis=1)
        pair = np.empty((len(valued), 2, 2))
        pair[:, 0, 0] = self.coincidences[:, 0, 0]
        pair[:, 0, 1] = pair[:, 1, 0] = valued[:, 0]
        pair[:, 1, 1] = valued[:, 1:].sum(axis=1)
        return _sums(pair, np.stack([self.squares[:, 0], self.squares[:, 1:].sum(axis=1)], axis=1))

    def cu_alpha(self) -> Sums:
        """Agreement on what units are called, where two coders marked one (equations 36 and 37)."""
        return _sums(self.coincidences[:, 1:, 1:], self.paired_squares)

    def ku_alpha(self, value: int) -> Sums:
        """How reliably one value is told from the others, where two coders marked a unit (equation 38)."""
        return _sums(self.coincidences[:, 1:, 1:], self.paired_squares, value)

    def coverage(self, value: int) -> float:
        """The share of a value's length on which another coder marked a unit of any value."""
        column = self.coincidences[:, 1 + value, :].sum(axis=0)
        return float(column[1:].sum() / column.sum()) if column.sum() > 0 else float("nan")


def _sums(coincidences: Array, squares: Array, value: int | None = None) -> Sums:
    """One minus observed over expected, from coincident lengths and what units would gain by meeting themselves."""
    n, q = squares.shape

    def parts(sums: Array) -> Parts:
        lengths, own = sums[:, : q * q].reshape(len(sums), q, q), sums[:, q * q :]
        margin = lengths.sum(axis=2)
        total = margin.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            correction = total - own.sum(axis=1) / total
            on_diagonal = (margin**2 - own) / correction[:, None]
            diagonal = np.diagonal(lengths, axis1=1, axis2=2)
            if value is None:
                observed, expected = total - diagonal.sum(axis=1), total - on_diagonal.sum(axis=1)
            else:
                column = (margin[:, value] * total - own[:, value]) / correction
                observed = 1 - diagonal[:, value] / margin[:, value]
                expected = 1 - on_diagonal[:, value] / column
                return Parts(observed, np.nan_to_num(expected))
            return Parts(observed / total, np.nan_to_num(expected / total))

    return Sums(np.concatenate([coincidences.reshape(n, q * q), squares], axis=1), parts)


def tally(spans: pd.DataFrame, lengths: ArrayLike, covered: ArrayLike, q: int) -> Tally:
    """Lay the documents one after another, and the coders' units side by side.

    Parameters
    ----------
    spans : DataFrame
        document, coder (places from 0), start, end (half open, within the document), value (1 to q). Units of one coder
        may touch but not overlap: see `merge_overlaps` and `overlapping`.
    lengths : array_like, shape (n_documents,)
    covered : array_like of bool, shape (n_coders, n_documents)
        Who worked on which document; at least two on each.
    q : int
        How many values there are.

    Notes
    -----
    With l the lengths on which coder i gave c and coder j gave k, over all ordered pairs of coders and m - 1, and S_c the sum
    of squared lengths of the units of c (of gaps: of lengths), expected is
    (l_c. l_.k - [c = k] S_c) / (l.. - S / l..). For the alphas of units that both coders marked, S_c sums w squared with w
    what the other coders marked of the unit, over m - 1. Where documents have different coders, each has its own m.

    References
    ----------
    Krippendorff (2019), Content Analysis, 4th ed., section 12.6; Krippendorff, Mathet, Bouvry and Widlöcher (2016), Quality
    and Quantity 50:2347.
    """
    length = np.asarray(lengths, dtype=np.int64)
    worked = np.asarray(covered, dtype=bool)
    offset = np.concatenate([[0], np.cumsum(length)])
    document = spans["document"].to_numpy(dtype=np.int64)
    start, end = (offset[document] + spans[name].to_numpy(dtype=np.int64) for name in ("start", "end"))
    value, coder = spans["value"].to_numpy(dtype=np.int64), spans["coder"].to_numpy(dtype=np.int64)
    edges = np.unique(np.concatenate([offset, start, end]))
    first, last = np.searchsorted(edges, start), np.searchsorted(edges, end)
    size = np.diff(edges).astype(float)
    place = np.searchsorted(offset, edges[:-1], side="right") - 1
    m = worked.sum(axis=0)[place]
    label = np.where(worked[:, place], 0, -1)
    for who, begin, stop, what in zip(coder, first, last, value, strict=True):
        label[who, begin:stop] = what
    counts = np.stack([(label == what).sum(axis=0) for what in range(q + 1)], axis=1).astype(float)
    scaled = counts * (size / (m - 1))[:, None]
    n = len(length)
    coincidences = np.zeros((n, q + 1, q + 1))
    for a in range(q + 1):
        rows = np.flatnonzero(counts[:, a])
        for b in np.flatnonzero(counts[rows].any(axis=0)):
            coincidences[:, a, b] = np.bincount(place[rows], scaled[rows, a] * (counts[rows, b] - (a == b)), n)
    squares = np.zeros((n, q + 1))
    squares[:, 0] = np.bincount(place, counts[:, 0] * size, n)
    np.add.at(squares, (document, value), (end - start).astype(float) ** 2)
    valued = counts[:, 1:].sum(axis=1)
    shared = np.concatenate([[0.0], np.cumsum(size * np.maximum(valued - 1, 0) / (m - 1))])
    paired = np.zeros((n, q))
    np.add.at(paired, (document, value - 1), (shared[last] - shared[first]) ** 2)
    return Tally(coincidences, squares, paired)


def merge_overlaps(spans: pd.DataFrame, by: Sequence[str] = ("document", "coder", "value")) -> pd.DataFrame:
    """Join the spans of one coder and value that overlap; those that only touch stay apart."""
    frame = spans.sort_values([*by, "start", "end"], kind="stable", ignore_index=True)
    keys = [frame[name] for name in by]
    reached = frame.groupby(list(by), sort=False)["end"].cummax().groupby(keys, sort=False).shift(1)
    run = (reached.isna() | (frame["start"] >= reached)).cumsum()
    named = {name: (name, "first") for name in frame.columns if name not in {"start", "end"}}
    return (
        frame.groupby(run, sort=False).agg(**named, start=("start", "min"), end=("end", "max")).reset_index(drop=True)
    )


def overlapping(spans: pd.DataFrame) -> int:
    """How many spans begin before an earlier one of the same coder ends."""
    return len(spans) - len(merge_overlaps(spans, by=("document", "coder")))


def u_alphas(coders: Sequence[Sequence[tuple[int, int, object]]], length: int) -> dict[str, object]:
    """The whole family for one text.

    Parameters
    ----------
    coders : sequence of sequences
        The units (start, end, value) of each coder, half open; units of one coder do not overlap.
    length : int
        Of the text.

    Returns
    -------
    dict
        u_alpha, binary_u_alpha, cu_alpha (floats; NaN where there is nothing to agree about), ku_alpha and coverage (by
        value).

    Examples
    --------
    >>> found = u_alphas([[(0, 4, "a"), (6, 9, "b")], [(0, 4, "a"), (5, 9, "b")]], 12)
    >>> round(found["u_alpha"], 3), found["cu_alpha"]
    (0.889, 1.0)
    """
    rows = [(0, who, *unit) for who, units in enumerate(coders) for unit in units]
    spans = pd.DataFrame(rows, columns=["document", "coder", "start", "end", "name"])
    values = sorted(spans["name"].unique())
    spans["value"] = spans["name"].map({name: place for place, name in enumerate(values, start=1)}).astype(np.int64)
    one = tally(spans, [length], np.ones((len(coders), 1), dtype=bool), len(values))
    return {
        "u_alpha": float(one.u_alpha().total.value[0]),
        "binary_u_alpha": float(one.binary().total.value[0]),
        "cu_alpha": float(one.cu_alpha().total.value[0]) if values else float("nan"),
        "ku_alpha": {name: float(one.ku_alpha(place).total.value[0]) for place, name in enumerate(values)},
        "coverage": {name: one.coverage(place) for place, name in enumerate(values)},
    }


def older_alpha(coders: Sequence[Sequence[tuple[float, float]]], length: float) -> tuple[float, float]:
    """Observed and expected disagreement of the unitising alpha before 2016, for one category.

    Parameters
    ----------
    coders : sequence of sequences
        The units (start, length) of each coder, in order, from the beginning of the continuum.
    length : float
        Of the continuum.

    Returns
    -------
    tuple of float
        Alpha is one minus the first over the second; of several categories, one minus the ratio of their sums. It compares
        squared lengths and is not comparable with u-alpha: it is here to check what others printed.

    References
    ----------
    Krippendorff (1995), Sociological Methodology 25:47; (2004), Content Analysis, 2nd ed., pp. 251-256.
    """
    sections = [_sections(units, length) for units in coders]
    m = len(sections)
    observed = sum(
        _older_distance(one, other)
        for place, mine in enumerate(sections)
        for j, theirs in enumerate(sections)
        if j != place
        for one in mine
        for other in theirs
    )
    gaps = np.array([size for mine in sections for _, size, unit in mine if not unit])
    sizes = np.array([size for mine in sections for _, size, unit in mine if unit])
    n = len(sizes)
    expected = 0.0
    for size in sizes:
        in_gaps = (gaps[gaps >= size] - size + 1).sum()
        expected += (n - 1) / 3 * (2 * size**3 - 3 * size**2 + size) + size**2 * in_gaps
    pairs = m * length * (m * length - 1) - (sizes * (sizes - 1)).sum()
    return float(observed / (m * (m - 1) * length**2)), float(2 / length * expected / pairs)


def _sections(units: Sequence[tuple[float, float]], length: float) -> list[tuple[float, float, bool]]:
    """Units and the gaps between them: start, length, whether it is a unit."""
    found, reached = [], 0.0
    for start, size in units:
        if start > reached:
            found.append((reached, start - reached, False))
        found.append((start, size, True))
        reached = start + size
    return [*found, (reached, length - reached, False)] if reached < length else found


def _older_distance(one: tuple[float, float, bool], other: tuple[float, float, bool]) -> float:
    """Squared difference of two sections of different coders."""
    (b, size, unit), (b2, size2, unit2) = one, other
    if unit and unit2:
        return (b - b2) ** 2 + (b + size - b2 - size2) ** 2 if -size < b - b2 < size2 else 0.0
    if unit and not unit2:
        return size**2 if size2 - size >= b - b2 >= 0 else 0.0
    if unit2 and not unit:
        return size2**2 if size - size2 >= b2 - b >= 0 else 0.0
    return 0.0
