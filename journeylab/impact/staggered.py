"""Which differences of differences make up an effect: group-time effects, and their averages."""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Estimand:
    """A number that is a weighted sum of the cohorts' mean series.

    Attributes
    ----------
    weights : (cohorts, periods)
        The estimate is the sum of these times the mean series of each cohort.
    """

    weights: np.ndarray

    def scores(self, values: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """What each unit adds to the estimate were it in each cohort, (cohorts, units)."""
        return (self.weights / sizes[:, None]) @ values.T


def group_time(start: np.ndarray, sizes: np.ndarray, periods: int) -> dict[tuple[int, int], Estimand]:
    """Group-time effects: for each changed cohort and period, its change since before, less that of units not yet changed.

    Parameters
    ----------
    start : (cohorts,)
        First period after the change, infinite for never.
    sizes : (cohorts,)
        Units of each.
    periods : int

    Returns
    -------
    dict
        By cohort and period; periods before the last one before the change are leads, which should be zero.

    Notes
    -----
    ``ATT(g, t) = E[Y_t - Y_{g-1} | g] - E[Y_t - Y_{g-1} | not yet changed at t]``, without covariates. Cells without a
    unit that is not yet changed are absent.

    References
    ----------
    Callaway and Sant'Anna (2021), Journal of Econometrics 225:200.
    """
    cells = {}
    for cohort in np.flatnonzero(np.isfinite(start)):
        base = int(start[cohort]) - 1
        for period in range(periods):
            controls = (start > max(period, base)) & (np.arange(len(start)) != cohort)
            if period == base or not controls.any():
                continue
            weights = np.zeros((len(start), periods))
            weights[cohort, [period, base]] = 1, -1
            share = sizes[controls] / sizes[controls].sum()
            weights[controls, period], weights[controls, base] = -share, share
            cells[int(cohort), period] = Estimand(weights)
    return cells


def by_time_since(
    cells: dict[tuple[int, int], Estimand], start: np.ndarray, sizes: np.ndarray
) -> dict[int, tuple[Estimand, int]]:
    """Average effect by periods since the change, and over how many units; cohorts count by their units."""
    found = {}
    for since in sorted({period - int(start[cohort]) for cohort, period in cells}):
        here = [(cohort, cell) for (cohort, period), cell in cells.items() if period - int(start[cohort]) == since]
        total = sum(int(sizes[cohort]) for cohort, _ in here)
        weights = sum(sizes[cohort] / total * cell.weights for cohort, cell in here)
        found[since] = (Estimand(np.asarray(weights)), total)
    return found


def overall(cells: dict[tuple[int, int], Estimand], start: np.ndarray, sizes: np.ndarray) -> Estimand | None:
    """Average over changed units of each one's mean effect after its change; None where there is no such cell.

    With one date of change and units that never changed it is difference in differences with unit and period effects:
    all periods before serve as the base, not only the last.
    """
    cohorts = sorted({cohort for cohort, period in cells if period >= start[cohort]})
    if not cohorts:
        return None
    changed = np.isfinite(start)
    if changed.sum() == 1 and len(start) == 2:
        (cohort,) = cohorts
        periods = next(iter(cells.values())).weights.shape[1]
        after = np.arange(periods) >= start[cohort]
        contrast = after / after.sum() - ~after / (~after).sum()
        return Estimand(np.outer(np.where(changed, 1, -1), contrast))
    total = sizes[cohorts].sum()
    weights = np.zeros_like(next(iter(cells.values())).weights)
    for cohort in cohorts:
        after = [cell.weights for (which, period), cell in cells.items() if which == cohort and period >= start[cohort]]
        weights += sizes[cohort] / total * np.mean(after, axis=0)
    return Estimand(weights)
