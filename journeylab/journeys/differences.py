"""How do shares and lengths of two segments differ, and could it be chance?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from journeylab.intervals import CONFIDENCE, Interval, wilson
from journeylab.journeys import clusters
from journeylab.journeys.model import Journeys
from journeylab.journeys.segments import Pair
from journeylab.journeys.tallies import NOTHING

LEAST = 10
"""Differences are tested where so many customers of each segment could have done it and so many of both did or did not."""


def share_differences(kind: str, touchpoint: np.ndarray, to: np.ndarray, pair: Pair, plain: bool) -> pd.DataFrame:
    """Table of differences of shares, cell by cell, with intervals, tests and z.

    Parameters
    ----------
    kind : str
    touchpoint, to : ndarray of object, shape (n_cells,)
    plain : bool
        Whether each customer is one journey: then Newcombe's interval and a z test with pooled share, else both clustered.

    Notes
    -----
    The z test is a score test: its variance is that under no difference, so it stands where one of the shares is 0. A cell
    is tested where at least LEAST customers of each segment could have done it, and LEAST in all did and did not.
    """
    a, b, overlap = pair
    share_a, share_b = a.share, b.share
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (a.count + b.count) / (a.among + b.among)
        if plain:
            variance = pooled * (1 - pooled) * (1 / a.among + 1 / b.among)
        else:
            variance = a.variance(pooled) + b.variance(pooled) - 2 * overlap.covariance(a, b, pooled, pooled)
        alike = variance <= NOTHING * pooled * (1 - pooled)
        z = (share_a - share_b) / np.sqrt(np.where(alike, np.nan, variance))
        own = a.variance(share_a), b.variance(share_b)
        varies = (own[0] > NOTHING * share_a * (1 - share_a)) & (own[1] > NOTHING * share_b * (1 - share_b))
        correlation = np.clip(overlap.covariance(a, b, share_a, share_b) / np.sqrt(own[0] * own[1]), -1, 1)
    ends: list[Interval] = []
    for one, share in ((a, share_a), (b, share_b)):
        worth = one.among if plain else one.effective(one.clusters[one.base_of])
        known = np.where(one.among > 0, worth, 0.0)
        ends.append(wilson(np.nan_to_num(share) * known, known))
    difference, low, high = clusters.difference(ends[0], ends[1], np.where(varies, correlation, 0.0))
    could = np.minimum(a.clusters[a.base_of], b.clusters[b.base_of])
    did = a.customers + b.customers
    did_not = a.clusters[a.base_of] - a.always + b.clusters[b.base_of] - b.always
    few = (could < LEAST) | (did < LEAST) | (did_not < LEAST)
    reason = np.where(
        could == 0,
        "nobody in a segment could",
        np.where(few, f"fewer than {LEAST} customers", np.where(alike, "every customer does it alike", "")),
    )
    z = np.where(few, np.nan, z)
    columns = {
        "kind": kind,
        "touchpoint": touchpoint,
        "to_touchpoint": to,
        "n_a": a.among.astype(np.int64),
        "n_b": b.among.astype(np.int64),
        "value_a": share_a,
        "value_b": share_b,
        "difference": difference,
        "ci_low": low,
        "ci_high": high,
        "p_value": _two_sided(z),
        "z": z,
        "reason": reason,
    }
    return pd.DataFrame(columns)


def _two_sided(z: np.ndarray) -> np.ndarray:
    """Two-sided p-value of a standard normal statistic."""
    from scipy.special import ndtr

    return 2 * ndtr(-np.abs(z))


def length_difference(a: Journeys, b: Journeys) -> pd.DataFrame:
    """Difference of mean events a journey by Welch's t, on customers where they have several journeys; one row as above."""
    from scipy.special import stdtr, stdtrit

    n = max(len(a.customer_ids), 1)
    means, parts, errors, customers = [], [], [], []
    for j in (a, b):
        journeys = np.bincount(j.customer, minlength=n).astype(float)
        events = np.bincount(j.customer, weights=j.lengths, minlength=n)
        means.append(j.n_events / j.n_journeys if j.n_journeys else np.nan)
        customers.append(int(np.count_nonzero(journeys)))
        parts.append((events - means[-1] * journeys) / max(j.n_journeys, 1))
        errors.append((parts[-1] ** 2).sum() * customers[-1] / (customers[-1] - 1) if customers[-1] > 1 else np.nan)
    variance = errors[0] + errors[1] - 2 * (parts[0] * parts[1]).sum()
    reason = (
        f"fewer than {LEAST} customers" if min(customers) < LEAST else "" if variance > 0 else "lengths do not vary"
    )
    difference, half, p_value, t = means[0] - means[1], np.nan, np.nan, np.nan
    if variance > 0:
        freedom = (errors[0] + errors[1]) ** 2 / sum(
            error**2 / (many - 1) for error, many in zip(errors, customers, strict=True)
        )
        half = stdtrit(freedom, 0.5 + CONFIDENCE / 2) * np.sqrt(variance)
        if not reason:
            t = difference / np.sqrt(variance)
            p_value = 2 * stdtr(freedom, -abs(t))
    row = ("length", "", "", a.n_journeys, b.n_journeys, *means, difference, difference - half, difference + half)
    columns = [
        "kind",
        "touchpoint",
        "to_touchpoint",
        "n_a",
        "n_b",
        "value_a",
        "value_b",
        "difference",
        "ci_low",
        "ci_high",
    ]
    return pd.DataFrame([row], columns=columns).assign(p_value=p_value, z=t, reason=reason)
