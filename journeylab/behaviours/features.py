"""Journeys as vectors: which touchpoints and steps they have, where they spend their time, which channels they use."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from journeylab.journeys import Journeys

LONGEST_STAY = 1800.0
"""Seconds; a longer time to the next event is an absence, and counts as this much."""


def features(
    sequences: Sequence[NDArray[np.int64]], j: Journeys | None = None, *, channels: Mapping[str, str] | None = None
) -> csr_matrix:
    """One row a sequence; Euclidean distances between rows are the distances of ``method="features"``.

    Parameters
    ----------
    sequences : sequences of arrays of codes
    j : Journeys, optional
        The journeys that the sequences are the beginnings of: adds the time spent at each touchpoint.
    channels : mapping, optional
        The channel of a touchpoint, as in study.toml: adds the share of steps in each channel; used with `j`.

    Notes
    -----
    TF-IDF of touchpoints and of pairs of touchpoints in a row (smoothed, sublinear); logarithm of a second more than the
    time to the next event, summed by touchpoint, at most half an hour each; shares of the channels. Each of the parts has
    length one in every row that has it, so the parts weigh the same.
    """
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    n = len(sequences)
    parts = [csr_matrix((n, 1))]
    if any(len(x) for x in sequences):
        grams = TfidfVectorizer(analyzer=_grams, sublinear_tf=True)
        parts.append(csr_matrix(grams.fit_transform(sequences)))
    if j is not None:
        parts.append(normalize(np.log1p(_dwell(sequences, j))))
        if channels:
            parts.append(normalize(_channel_shares(sequences, j, channels)))
    return csr_matrix(hstack([csr_matrix(part) for part in parts]))


def _grams(codes: NDArray[np.int64]) -> list[Any]:
    """Touchpoints and steps."""
    line = codes.tolist()
    return [str(code) for code in line] + [f"{a} {b}" for a, b in itertools.pairwise(line)]


def _dwell(sequences: Sequence[NDArray[np.int64]], j: Journeys) -> NDArray[np.float64]:
    """Seconds at each touchpoint up to the next event, shape (n, touchpoints)."""
    size = len(j.touchpoints)
    lengths = np.array([len(x) for x in sequences], dtype=np.int64)
    stays = np.zeros(j.n_events)
    stays[:-1] = np.diff(j.times) / np.timedelta64(1, "s")
    stays = np.where(j.has_next & ~np.isnat(j.times), np.nan_to_num(stays), 0.0).clip(0.0, LONGEST_STAY)
    kept = j.position < lengths[j.event_journey]
    cells = j.event_journey[kept] * size + j.codes[kept]
    seconds = np.bincount(cells, weights=stays[kept], minlength=j.n_journeys * size).astype(float)
    return seconds.reshape(j.n_journeys, size)


def _channel_shares(
    sequences: Sequence[NDArray[np.int64]], j: Journeys, channels: Mapping[str, str]
) -> NDArray[np.float64]:
    """Steps in each channel, shape (n, channels)."""
    names = sorted(set(channels.values()))
    counts = np.zeros((len(sequences), len(names)))
    place = np.array([names.index(channels[name]) if name in channels else -1 for name in j.touchpoints], dtype=int)
    for number, codes in enumerate(sequences):
        used = place[codes]
        counts[number] = np.bincount(used[used >= 0], minlength=len(names))
    return counts
