"""Units by the date of their change: estimates from their mean series, with what clustering or shuffling says of chance."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from journeylab.errors import DataError, listing
from journeylab.impact import shuffling, staggered
from journeylab.impact.interrupted import Contrast
from journeylab.impact.weekly import naive
from journeylab.intervals import CONFIDENCE

LEADS = 3
"""Periods before the change that a test of trends needs."""


@dataclasses.dataclass(frozen=True)
class Cohorts:
    """A square panel and its cohorts, and what is estimated from it."""

    values: np.ndarray
    labels: np.ndarray
    sizes: np.ndarray

    def parts(self, estimand: staggered.Estimand) -> np.ndarray:
        """What each unit adds to the estimate, (units,)."""
        return estimand.scores(self.values, self.sizes)[self.labels, np.arange(len(self.labels))]

    def deviations(self, estimand: staggered.Estimand) -> tuple[float, np.ndarray, np.ndarray]:
        """The estimate, each unit's deviation from its cohort (scaled so that squares sum to the variance), and variances."""
        parts = self.parts(estimand)
        means = np.bincount(self.labels, parts) / self.sizes
        scale = np.sqrt(self.sizes / np.maximum(self.sizes - 1, 1))
        deviations = (parts - means[self.labels]) * scale[self.labels]
        return float(parts.sum()), deviations, np.bincount(self.labels, deviations**2)

    def clustered(self, estimand: staggered.Estimand) -> Contrast:
        """Estimate with the variance clustered by unit and Satterthwaite's degrees of freedom."""
        from scipy.special import stdtr, stdtrit

        estimate, _, variances = self.deviations(estimand)
        error = float(np.sqrt(variances.sum()))
        if error == 0:
            return Contrast(estimate, estimate, estimate, float(estimate == 0), 0.0)
        df = _freedom(variances, self.sizes)
        half = float(stdtrit(df, 0.5 + CONFIDENCE / 2)) * error
        return Contrast(estimate, estimate - half, estimate + half, float(2 * stdtr(df, -abs(estimate) / error)), error)

    def shuffled(self, estimand: staggered.Estimand, given: np.ndarray, exposed: np.ndarray) -> Contrast:
        """Estimate with p and interval of other assignments; `exposed` says where the effect would be, (units, periods)."""
        effects = shuffling.effects_of(estimand.scores(self.values, self.sizes), given)
        overlap = shuffling.effects_of(estimand.scores(exposed, self.sizes), given)
        return shuffling.invert(effects, overlap)

    def trend(self, leads: list[staggered.Estimand], given: np.ndarray) -> float:
        """p of all leads being zero: squares against their spread under shuffled units."""
        if len(leads) < LEADS:
            return float("nan")
        total = np.zeros(len(given))
        for lead in leads:
            effects = shuffling.effects_of(lead.scores(self.values, self.sizes), given)
            total += effects**2 / max(float(effects.var()), 1e-300)
        return float(np.mean(total >= total[0] * (1 - 1e-9)))


def _freedom(variances: np.ndarray, sizes: np.ndarray) -> float:
    several = sizes > 1
    return float(variances.sum() ** 2 / np.sum(variances[several] ** 2 / (sizes[several] - 1)))


def clustered_events(
    panel: Cohorts, since: dict[int, tuple[staggered.Estimand, int]], draws: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Effects by time since the change, each with its interval and a band for all."""
    rows = []
    signs = rng.choice([-1.0, 1.0], size=(draws, len(panel.labels)))
    largest = np.zeros(draws)
    for when, (estimand, n) in since.items():
        found = panel.clustered(estimand)
        _, deviations, variances = panel.deviations(estimand)
        flipped = np.array(
            [
                signs[:, panel.labels == cohort] @ deviations[panel.labels == cohort]
                for cohort in range(len(panel.sizes))
            ]
        )
        # Studentised: flipping signs moves a cohort's mean, and what it moves it by is no more spread within the cohort.
        spread = (variances[:, None] - flipped**2 / panel.sizes[:, None]) * (
            panel.sizes / np.maximum(panel.sizes - 1, 1)
        )[:, None]
        largest = np.maximum(largest, np.abs(flipped.sum(axis=0)) / np.sqrt(np.maximum(spread.sum(axis=0), 1e-300)))
        rows.append((when, *found[:3], found.error, n))
    frame = pd.DataFrame(rows, columns=["since", "estimate", "ci_low", "ci_high", "error", "n_changed"])
    half = float(np.quantile(largest, CONFIDENCE)) * frame.pop("error")
    frame.insert(4, "band_low", frame["estimate"] - half)
    frame.insert(5, "band_high", frame["estimate"] + half)
    return frame


def shuffled_events(
    panel: Cohorts,
    since: dict[int, tuple[staggered.Estimand, int]],
    given: np.ndarray,
    start: np.ndarray,
    several: bool,
) -> pd.DataFrame:
    """Effects by time since the change; intervals by shuffling where there is one date, and no bands."""
    rows = []
    for when, (estimand, n) in since.items():
        at = np.arange(panel.values.shape[1]) - start[:, None] == when
        found = panel.shuffled(estimand, given, at.astype(float))
        ends = (np.nan, np.nan) if several else (found.low, found.high)
        rows.append((when, found.estimate, *ends, np.nan, np.nan, n))
    return pd.DataFrame(rows, columns=list(no_events())).replace([np.inf, -np.inf], np.nan)


def cell_table(
    panel: Cohorts, cells: dict[tuple[int, int], staggered.Estimand], starts: np.ndarray, times: pd.DatetimeIndex, few: bool
) -> pd.DataFrame:  # fmt: skip
    """Each cohort at each time, with intervals where they can be clustered."""
    rows = []
    for (cohort, period), cell in cells.items():
        found = panel.clustered(cell)
        ends = (np.nan, np.nan) if few else found[1:3]
        rows.append((times[int(starts[cohort])], times[period], found.estimate, *ends, int(panel.sizes[cohort])))
    return pd.DataFrame(rows, columns=list(no_cells()))


def square(panel: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, pd.DatetimeIndex, int]:
    """Values (units, periods), the first period after each unit's change, the times, and how many units were left out."""
    for column in ("unit", "time", "value", "changed_at"):
        if column not in panel:
            raise DataError(f"panel: has no column '{column}'; there are {listing(panel.columns)}.")
    twice = panel.duplicated(["unit", "time"])
    if twice.any():
        one = panel[twice].iloc[0]
        raise DataError(f"panel: unit '{one['unit']}' has two values at {one['time']}; give one a unit and time.")
    dates = panel.groupby("unit")["changed_at"]
    if (dates.nunique(dropna=False) > 1).any():
        unit = dates.nunique(dropna=False).idxmax()
        raise DataError(f"panel: unit '{unit}' has several dates in changed_at; a unit changes once, or never (NaT).")
    wide = panel.pivot(index="unit", columns="time", values="value").sort_index(axis=1)
    whole = wide.dropna()
    if whole.shape[0] < 2 or whole.shape[1] < 2:
        raise DataError(
            "panel: fewer than two units have a value at every time; leave out times that most units lack, or such units."
        )
    times = pd.DatetimeIndex([naive(time) for time in whole.columns])
    step = pd.Series(times).diff().median()
    when = dates.first().reindex(whole.index)
    start = np.full(len(whole), np.inf)
    for place, moment in enumerate(when):
        after = np.zeros(0, dtype=int) if pd.isna(moment) else np.flatnonzero(times + step > naive(moment))
        start[place] = after[0] if len(after) else np.inf
    kept = start > 0
    return whole.to_numpy(dtype=float)[kept], start[kept], times, len(wide) - int(kept.sum())


def no_events() -> pd.DataFrame:
    """Effects by time since the change, none."""
    return pd.DataFrame(
        columns=["since", "estimate", "ci_low", "ci_high", "band_low", "band_high", "n_changed"], dtype=float
    )


def no_cells() -> pd.DataFrame:
    """Effects of cohorts by time, none."""
    return pd.DataFrame(columns=["changed_at", "time", "estimate", "ci_low", "ci_high", "n_changed"])
