"""Which stretches of journeys recur, and which set those who convert apart?"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.errors import StudyError
from journeylab.intervals import FALSE_DISCOVERY_RATE, benjamini_hochberg
from journeylab.journeys.model import Journeys, first_position, has, keep_events
from journeylab.results import Result


@dataclasses.dataclass(frozen=True)
class Subpaths(Result):
    """Contiguous stretches of journeys.

    Attributes
    ----------
    table : DataFrame
        subpath (tuple), n (occurrences), customers; with an outcome also lift, p_value, q_value; most frequent first.
    """

    def summary(self) -> str:
        """Name the most frequent stretch, and the one that sets converters most apart."""
        if self.table.empty:
            return "No stretch of two or more touchpoints recurs."
        top = self.table.iloc[0]
        sentence = f"The most frequent stretch is {' → '.join(top['subpath'])}: {top['n']:,} times, {top['customers']:,} customers."
        if "lift" in self.table:
            clear = self.table[(self.table["q_value"] <= FALSE_DISCOVERY_RATE) & (self.table["lift"] > 1)]
            if len(clear):
                best = clear.loc[clear["lift"].idxmax()]
                sentence += (
                    f" Converters have {' → '.join(best['subpath'])} {text.number(best['lift'])} times as often as all."
                )
        return sentence


def subpaths(j: Journeys, max_length: int = 3, outcome: str | None = None, *, least: int = 10) -> Subpaths:
    """Count the stretches of 2 to `max_length` touchpoints that follow directly on each other.

    Parameters
    ----------
    outcome : str, optional
        Compare journeys that reach it with those that do not; only what comes before it counts.
    least : int
        Stretches of fewer journeys are not tested or shown when there is an outcome.

    Notes
    -----
    ``lift`` is the share of converting journeys with the stretch over the share of all journeys. The p-value is that of a
    z test of two proportions with pooled variance, adjusted for the number of stretches by Benjamini and Hochberg.

    Raises
    ------
    StudyError
        When `max_length` is under 2, or the outcome is unknown.
    """
    if max_length < 2:
        raise StudyError(f"max_length={max_length}: a stretch has at least 2 touchpoints.")
    converted = None
    if outcome is not None:
        converted = has(j, outcome)
        position = first_position(j, outcome)
        cut = np.where(position >= 0, position, j.offsets[1:])
        j = keep_events(j, np.arange(j.n_events) < np.repeat(cut, j.lengths), drop_empty=False)
    size = len(j.touchpoints)
    owner = j.event_journey
    parts = []
    for length in range(2, max_length + 1):
        if j.n_events < length:
            break
        whole = owner[length - 1 :] == owner[: j.n_events - length + 1]
        key = np.zeros(j.n_events - length + 1, dtype=np.int64)
        for shift in range(length):
            key = key * size + j.codes[shift : j.n_events - length + 1 + shift]
        key, journey = key[whole], owner[: j.n_events - length + 1][whole]
        used, inverse, n = np.unique(key, return_inverse=True, return_counts=True)
        once = np.unique(inverse.astype(np.int64) * max(j.n_journeys, 1) + journey)
        which, who = once // max(j.n_journeys, 1), once % max(j.n_journeys, 1)
        journeys = np.bincount(which, minlength=len(used))
        columns = {
            "subpath": [_decode(code, length, j) for code in used],
            "n": n,
            "journeys": journeys,
            "customers": _distinct(which, j.customer[who], len(used)),
        }
        if converted is not None:
            columns["converting"] = np.bincount(which, weights=converted[who], minlength=len(used))
        parts.append(pd.DataFrame(columns))
    table = (
        pd.concat(parts, ignore_index=True)
        if parts
        else pd.DataFrame(columns=["subpath", "n", "journeys", "customers"])
    )
    if converted is not None and len(table):
        table = _compare(table[table["journeys"] >= least].copy(), int(converted.sum()), j.n_journeys)
    table = table.drop(columns="journeys").sort_values("n", ascending=False, kind="stable", ignore_index=True)
    return Subpaths(
        table, "Counts of contiguous stretches", ("A stretch counts as often as it occurs; lift counts journeys once.",)
    )


def _decode(code: int, length: int, j: Journeys) -> tuple[str, ...]:
    names = []
    for _ in range(length):
        code, last = divmod(int(code), len(j.touchpoints))
        names.append(j.touchpoints[last])
    return tuple(reversed(names))


def _distinct(which: np.ndarray, customer: np.ndarray, n: int) -> np.ndarray:
    """Distinct customers of each stretch."""
    total = int(customer.max(initial=0)) + 1
    pairs = np.unique(which * total + customer)
    return np.bincount(pairs // total, minlength=n)


def _compare(table: pd.DataFrame, converting: int, journeys: int) -> pd.DataFrame:
    """Lift and tests of converting journeys against the others."""
    from scipy.special import ndtr

    k1, n1 = table.pop("converting").to_numpy(), max(converting, 1)
    k0, n0 = table["journeys"].to_numpy() - k1, max(journeys - converting, 1)
    pooled = (k1 + k0) / (n1 + n0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (k1 / n1 - k0 / n0) / np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
        table["lift"] = (k1 / n1) / (table["journeys"] / max(journeys, 1))
    table["p_value"] = 2 * ndtr(-np.abs(z))
    table["q_value"] = benjamini_hochberg(table["p_value"])
    return table
