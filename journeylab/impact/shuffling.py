"""What if other units had changed? Randomisation inference over units."""

from __future__ import annotations

import itertools
import math

import numpy as np

from journeylab.impact.interrupted import Contrast
from journeylab.intervals import CONFIDENCE

MOST, DRAWN = 5000, 2000
"""Where there are at most so many assignments all are tried, else some are drawn."""


def assignments(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Other ways to give the same labels to the units, the true one first; all of them where they are few.

    Parameters
    ----------
    labels : (units,)
        Cohort of each unit, from 0.

    Returns
    -------
    (assignments, units)
    """
    n, counts = len(labels), np.bincount(labels)
    kinds = np.flatnonzero(counts)
    if len(kinds) == 2 and math.comb(n, int(counts[kinds[0]])) <= MOST:
        rows = [np.isin(np.arange(n), chosen) for chosen in itertools.combinations(range(n), int(counts[kinds[0]]))]
        table = np.where(np.array(rows), kinds[0], kinds[1])
        true = (table == labels).all(axis=1)
        return np.vstack([table[true], table[~true]])
    drawn = rng.permuted(np.tile(labels, (DRAWN, 1)), axis=1)
    return np.vstack([labels, drawn])


def effects_of(scores: np.ndarray, given: np.ndarray) -> np.ndarray:
    """The estimate under each assignment, from what each unit adds in each cohort."""
    units = np.arange(scores.shape[1])
    parts = np.array_split(given, max(1, given.size // 2_000_000))
    return np.concatenate([scores[part, units].sum(axis=1) for part in parts])


def invert(effects: np.ndarray, overlap: np.ndarray) -> Contrast:
    """p and interval from the estimates under all assignments, the true one first.

    Parameters
    ----------
    effects : (assignments,)
        Estimates.
    overlap : (assignments,)
        By how much each would fall were the units' true effect larger by one; 1 for the true assignment.

    Notes
    -----
    p is the share of assignments with an estimate as large in size (Fisher). The interval holds every effect, the same for
    all changed units, that taken away leaves p above 0.05: an assignment is as extreme as the true one between two points that
    are known, so no search is needed. With fewer than 20 assignments no effect is ever excluded, and the ends are infinite.

    References
    ----------
    Fisher (1935), The Design of Experiments; Rosenbaum (2002), Observational Studies, 2.6.
    """
    found = effects[0]
    slack = 1e-9 * max(1.0, float(np.abs(effects).max()))
    p_value = float(np.mean(np.abs(effects) >= abs(found) - slack))
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (found - effects) / (1 - overlap), (found + effects) / (1 + overlap)
    always_below, always_above = np.abs(1 - overlap) < 1e-9, np.abs(1 + overlap) < 1e-9
    # Where the estimate falls as fast as the true one, it is as extreme on one whole side.
    low, high = np.minimum(one, other), np.maximum(one, other)
    same = np.abs(found - effects) < slack
    opposite = np.abs(found + effects) < slack
    low = np.where(always_below, np.where(same | (effects > found), -np.inf, other), low)
    high = np.where(always_below, np.where(same | (effects < found), np.inf, other), high)
    low = np.where(always_above, np.where(opposite | (effects < -found), -np.inf, one), low)
    high = np.where(always_above, np.where(opposite | (effects > -found), np.inf, one), high)
    needed = int(np.floor((1 - CONFIDENCE) * len(effects) + 1e-9))
    ends = float(np.sort(low)[needed]), float(np.sort(high)[::-1][needed])
    return Contrast(float(found), *ends, p_value, float("nan"))
