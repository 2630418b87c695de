"""Which stretches of journeys recur, and which set those who convert apart?"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.errors import StudyError
from journeylab.intervals import FALSE_DISCOVERY_RATE, benjamini_hochberg
from journeylab.journeys.groups import LARGEST, blocks, runs
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
        When `max_length` is under 2 or too long to be counted, or the outcome is unknown.
    """
    if max_length < 2:
        raise StudyError(f"max_length={max_length}: a stretch has at least 2 touchpoints.")
    if len(j.touchpoints) ** max_length > LARGEST:
        raise StudyError(f"max_length={max_length} is too long for {len(j.touchpoints)} touchpoints.")
    converted = None
    if outcome is not None:
        converted = has(j, outcome)
        position = first_position(j, outcome)
        cut = np.where(position >= 0, position, j.offsets[1:])
        j = keep_events(j, np.arange(j.n_events) < np.repeat(cut, j.lengths), drop_empty=False)
    table = _table(j, max_length, converted)
    if converted is not None:
        table = table[table["journeys"] >= least]
    table.insert(0, "subpath", _names(table.pop("key").to_numpy(), table.pop("length").to_numpy(), j))
    if converted is not None:
        table = _compare(table, int(converted.sum()), j.n_journeys)
    table = table.drop(columns=["journeys", "converting"], errors="ignore")
    return Subpaths(
        table.sort_values("n", ascending=False, kind="stable", ignore_index=True),
        "Counts of contiguous stretches",
        ("A stretch counts as often as it occurs; lift counts journeys once.",),
    )


def _table(j: Journeys, max_length: int, converted: np.ndarray | None) -> pd.DataFrame:
    """Count every stretch: length, key, n, journeys, customers and, where converted is known, converting.

    Notes
    -----
    A stretch is a number whose digits, in base of the number of touchpoints, are its touchpoints. It is packed with the
    journey it stands in, block by block of whole customers, so that one sort brings the occurrences in a journey together.
    """
    columns = ["n", "journeys", "customers", *(["converting"] if converted is not None else [])]
    found: list[list[np.ndarray]] = [[] for _ in range(max_length + 1)]
    begin = 0
    for part in blocks(j):
        reached = None if converted is None else converted[begin : begin + part.n_journeys]
        begin += part.n_journeys
        owner = part.event_journey
        left = np.repeat(part.offsets[1:], part.lengths) - np.arange(part.n_events) - 1
        at, key = np.arange(part.n_events), part.codes.astype(np.int64)
        for length in range(2, max_length + 1):
            more = left[at] > 0
            at = at[more] + 1
            key = key[more] * len(j.touchpoints) + part.codes[at]
            if len(key):
                found[length].append(_count(part, key, owner[at], len(j.touchpoints) ** length, reached))
    tables = []
    for length, counts in enumerate(found):
        if counts:
            together = np.concatenate(counts, axis=1)
            key, place = np.unique(together[0], return_inverse=True)
            sums = [np.bincount(place, weights=row).astype(np.int64) for row in together[1:]]
            tables.append(pd.DataFrame({"length": length, "key": key, **dict(zip(columns, sums, strict=True))}))
    if not tables:
        return pd.DataFrame({name: np.empty(0, dtype=np.int64) for name in ["length", "key", *columns]})
    return pd.concat(tables, ignore_index=True)


def _count(part: Journeys, key: np.ndarray, owner: np.ndarray, bound: int, converted: np.ndarray | None) -> np.ndarray:
    """Distinct keys of a block and, row by row, their occurrences, journeys, customers and converting journeys."""
    n = part.n_journeys
    used = None
    if bound * n > LARGEST:
        used, key = np.unique(key, return_inverse=True)
    packed = np.sort(key * n + owner)
    each = runs(packed)
    which = packed[each] // n
    who = packed[each] - which * n
    first = runs(which)
    journeys = np.diff(first, append=len(which))
    customers = journeys
    if part.n_customers < n:
        other = np.ones(len(who), dtype=np.int64)
        other[1:] = np.diff(part.customer[who]) != 0
        other[first] = 1
        customers = np.add.reduceat(other, first)
    rows = [which[first] if used is None else used, np.diff(each[first], append=len(packed)), journeys, customers]
    if converted is not None:
        rows.append(np.add.reduceat(converted[who].astype(np.int64), first))
    return np.array(rows)


def _names(key: np.ndarray, length: np.ndarray, j: Journeys) -> list[tuple[str, ...]]:
    """The touchpoints of each stretch, the last digit of its key being the last of them."""
    size = len(j.touchpoints)
    return [
        tuple(j.touchpoints[int(number) // size**place % size] for place in reversed(range(digits)))
        for number, digits in zip(key.tolist(), length.tolist(), strict=True)
    ]


def _compare(table: pd.DataFrame, converting: int, journeys: int) -> pd.DataFrame:
    """Lift and tests of converting journeys against the others."""
    from scipy.special import ndtr

    k1, n1 = table["converting"].to_numpy(dtype=float), max(converting, 1)
    k0, n0 = table["journeys"].to_numpy() - k1, max(journeys - converting, 1)
    pooled = (k1 + k0) / (n1 + n0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (k1 / n1 - k0 / n0) / np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
        table["lift"] = (k1 / n1) / (table["journeys"] / max(journeys, 1))
    table["p_value"] = 2 * ndtr(-np.abs(z))
    table["q_value"] = benjamini_hochberg(table["p_value"])
    return table
