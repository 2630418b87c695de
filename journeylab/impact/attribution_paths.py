"""What is credit shared out over? Paths with how many converted and how many did not, as flat arrays."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.intervals import CONFIDENCE
from journeylab.journeys import Journeys, first_position, keep_events
from journeylab.journeys.model import cut_before
from journeylab.journeys.paths import same_path

DAY = np.timedelta64(1, "D")
Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Paths:
    """Paths: path ``i`` is ``codes[offsets[i]:offsets[i + 1]]``, and none is empty.

    Attributes
    ----------
    touchpoints : tuple of str
        The sorted vocabulary.
    codes : ndarray of int64, shape (n_events,)
    offsets : ndarray of int64, shape (n_paths + 1,)
    conversions, nulls : ndarray of float64, shape (n_paths,)
        Journeys that took the path and converted, or did not.
    value : ndarray of float64, shape (n_paths,), or None
        What all conversions of the path are worth together.
    age : ndarray of float64, shape (n_events,), or None
        Days from the event to the end of its journey.
    owner : ndarray of int64, shape (n_paths,), or None
        The customer of each path, where a customer may have several; else every journey is drawn on its own.
    untouched : float
        Conversions without any of the touchpoints before them: nothing can be credited.
    """

    touchpoints: tuple[str, ...]
    codes: NDArray[np.int64]
    offsets: NDArray[np.int64]
    conversions: Floats
    nulls: Floats
    value: Floats | None = None
    age: Floats | None = None
    owner: NDArray[np.int64] | None = None
    untouched: float = 0.0

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Events of each path."""
        return np.diff(self.offsets)

    @property
    def row(self) -> NDArray[np.int64]:
        """The path of each event."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.lengths)

    @property
    def members(self) -> NDArray[np.bool_]:
        """Which touchpoints each path meets, shape (n_paths, n_touchpoints)."""
        found = np.zeros((len(self.conversions), len(self.touchpoints)), dtype=bool)
        found[self.row, self.codes] = True
        return found

    def met_by(self) -> tuple[Floats, Floats]:
        """Journeys that meet each touchpoint, and those of them that converted, each shape (n_touchpoints,)."""
        row, code = np.nonzero(self.members)
        size = len(self.touchpoints)
        converted = np.bincount(code, weights=self.conversions[row], minlength=size).astype(float)
        return converted + np.bincount(code, weights=self.nulls[row], minlength=size), converted

    def keep(self, mask: NDArray[np.bool_]) -> Paths:
        """Only the paths of a mask."""
        events = np.repeat(mask, self.lengths)
        return dataclasses.replace(
            self,
            codes=self.codes[events],
            offsets=np.concatenate(([0], np.cumsum(self.lengths[mask]))),
            conversions=self.conversions[mask],
            nulls=self.nulls[mask],
            value=None if self.value is None else self.value[mask],
            age=None if self.age is None else self.age[events],
            owner=None if self.owner is None else self.owner[mask],
        )

    def without_repeats(self) -> Paths:
        """Each run of one touchpoint within a path as one event: A A B A becomes A B A."""
        again = np.zeros(len(self.codes), dtype=bool)
        again[1:] = self.codes[1:] == self.codes[:-1]
        again[self.offsets[:-1]] = False
        lengths = self.lengths - np.add.reduceat(again, self.offsets[:-1], dtype=np.int64)
        return dataclasses.replace(
            self,
            codes=self.codes[~again],
            offsets=np.concatenate(([0], np.cumsum(lengths))),
            age=None if self.age is None else self.age[~again],
        )


def read_paths(
    paths: pd.DataFrame | Journeys,
    *,
    outcome: str | None = None,
    touchpoints: Sequence[str] | None = None,
    lookback: str | None = None,
    times: bool = False,
) -> Paths:
    """Turn a table of paths, or journeys cut before their outcome, into `Paths`.

    Parameters
    ----------
    paths : DataFrame or Journeys
        A table has path (a tuple, a list, or text such as ``"A > B > C"``) and conversions, and perhaps nulls and value; or n
        and converted, as `journeys.path_table` makes it.
    outcome : str, optional
        Touchpoint; needed for journeys. It ends a journey and gets no credit itself.
    touchpoints : sequence of str, optional
        Only these can be credited; others are left out of the paths.
    lookback : str, optional
        Only for journeys: what lies longer before the end of its journey gets no credit, such as ``"30d"``.
    times : bool
        Keep the times of events, with one path a journey; else equal journeys are merged.

    Raises
    ------
    DataError, StudyError
        When a column is missing, a count is negative or no path has a touchpoint; for unknown touchpoints and spans of time.
    """
    if isinstance(paths, Journeys):
        found = _of_journeys(paths, outcome, touchpoints, lookback, times)
    else:
        if lookback is not None:
            raise StudyError(
                "lookback needs the times of events: give journeys (journeys.build), not a table of paths."
            )
        found = _of_table(paths, outcome, touchpoints)
    weight = found.conversions + found.nulls
    held = (found.lengths > 0) & (weight > 0)
    untouched = float(found.conversions[found.lengths == 0].sum())
    found = dataclasses.replace(found.keep(held), untouched=untouched)
    if not len(found.codes):
        raise DataError("attribution: no journey meets a touchpoint before its end, so there is nothing to credit.")
    return found


def _of_journeys(
    j: Journeys, outcome: str | None, touchpoints: Sequence[str] | None, lookback: str | None, times: bool
) -> Paths:
    if outcome is None:
        raise StudyError("attribution of journeys needs outcome=..., the touchpoint that ends a journey.")
    at = first_position(j, outcome)
    reached = at >= 0
    end = j.last_times
    end[reached] = j.times[at[reached]]
    cut = cut_before(j, np.where(reached, at, j.offsets[1:]))
    age = (np.repeat(end, cut.lengths) - cut.times) / DAY
    kept = np.ones(cut.n_events, dtype=bool)
    if touchpoints is not None:
        kept &= np.isin(cut.codes, [j.code(name) for name in touchpoints])
    if lookback is not None:
        kept &= age <= span(lookback, "lookback") / DAY
    cut, age = keep_events(cut, kept, drop_empty=False), age[kept]
    converted = reached.astype(float)
    owner = cut.customer if j.by == "session" else None
    if not times and owner is None:
        first, path = same_path(cut)
        converted = np.bincount(path, weights=converted, minlength=len(first)).astype(float)
        everyone = np.bincount(path, minlength=len(first)).astype(float)
        chosen = np.zeros(cut.n_journeys, dtype=bool)
        chosen[first] = True
        names, codes = _used(cut.touchpoints, cut.codes[np.repeat(chosen, cut.lengths)])
        offsets = np.concatenate(([0], np.cumsum(cut.lengths[chosen])))
        return Paths(names, codes, offsets, converted, everyone - converted)
    names, codes = _used(cut.touchpoints, cut.codes)
    return Paths(names, codes, cut.offsets, converted, 1 - converted, age=age, owner=owner)


def _used(names: Sequence[str], codes: NDArray[np.integer]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Only the touchpoints that some path meets, in sorted order, and codes into them."""
    present = np.flatnonzero(np.bincount(codes, minlength=len(names)))
    order = sorted(present.tolist(), key=lambda place: names[place])
    number = np.zeros(len(names), dtype=np.int64)
    number[order] = np.arange(len(order))
    return tuple(names[place] for place in order), number[codes]


def _of_table(paths: pd.DataFrame, outcome: str | None, touchpoints: Sequence[str] | None) -> Paths:
    if {"path", "n", "converted"} <= set(paths) and "conversions" not in paths:
        paths = paths.assign(conversions=paths["converted"], nulls=paths["n"] - paths["converted"])
    for name in ("path", "conversions"):
        if name not in paths:
            raise DataError(
                f"attribution: the table of paths has no column '{name}'; there are {listing(paths.columns)}."
                f"{did_you_mean(name, list(map(str, paths.columns)))}"
            )
    counts = {name: _counts(paths, name) for name in ("conversions", "nulls", "value") if name in paths}
    labels, found, lengths = _tokens(paths["path"])
    # text may be written with or without blanks around ">": two labels may be one touchpoint
    stripped = [label.strip() for label in labels]
    names = sorted(set(stripped))
    number = {name: code for code, name in enumerate(names)}
    codes = np.array([number[name] for name in stripped], dtype=np.int64)[found]
    kept = np.ones(len(codes), dtype=bool)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    kept[codes == number.get("", -1)] = False
    if outcome in number:
        kept[codes == number[outcome]] = False
    for name in touchpoints or ():
        if name not in number:
            raise StudyError(
                f"No touchpoint {name!r} in these paths.{did_you_mean(name, names)} Found: {listing(names)}."
            )
    if touchpoints is not None:
        kept &= np.isin(codes, [number[name] for name in touchpoints])
    running = np.concatenate(([0], np.cumsum(kept)))
    used, codes = _used(names, codes[kept])
    nulls = counts.get("nulls", np.zeros(len(paths)))
    return Paths(used, codes, running[offsets], counts["conversions"], nulls, counts.get("value"))


def _counts(paths: pd.DataFrame, name: str) -> Floats:
    """A column of counts or sums, checked."""
    numbers = pd.to_numeric(paths[name], errors="coerce").to_numpy(dtype=float)
    wrong = np.flatnonzero(~np.isfinite(numbers) | (numbers < 0))
    if len(wrong):
        raise DataError(
            f"attribution: column '{name}', row {wrong[0] + 1}: found {paths[name].tolist()[wrong[0]]!r}, "
            "but a number of 0 or more is needed."
        )
    return numbers


def _tokens(column: pd.Series) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """The distinct touchpoints, which of them each event of all paths is, and how many events each path has."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pd.api.types.is_string_dtype(column) and column.notna().all():
        try:
            split = pc.split_pattern(pa.array(column, type=pa.large_string()), ">")
        except pa.ArrowTypeError:
            pass
        else:
            coded = pc.dictionary_encode(split.flatten())
            lengths = pc.list_value_length(split).to_numpy().astype(np.int64)
            return coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64), lengths
    rows = column.tolist()
    wanted = str if rows and isinstance(rows[0], str) else (tuple, list)
    for place, path in enumerate(rows):
        if not isinstance(path, wanted):
            raise DataError(
                f"attribution: path, row {place + 1}: found {path!r}; write a tuple of touchpoints or 'A > B > C', "
                "the same kind in every row."
            )
    tokens = list(map(str, itertools.chain.from_iterable(rows)))
    lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    coded = pc.dictionary_encode(pa.array(tokens, type=pa.large_string()))
    return coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64), lengths


def span(written: str, name: str) -> np.timedelta64:
    """A span of time such as ``"7d"``.

    Raises
    ------
    StudyError
        When it is not understood, or not longer than nothing.
    """
    try:
        found = pd.Timedelta(written).to_timedelta64()
    except ValueError:
        raise StudyError(f"{name}='{written}' is no span of time, write one such as '30d'.") from None
    if not found > np.timedelta64(0):
        raise StudyError(f"{name}='{written}' must be longer than nothing, such as '30d'.")
    return found


Compute = Callable[[Floats, Floats], Floats]


def bootstrap(paths: Paths, compute: Compute, draws: int, seed: int) -> Floats:
    """What `compute` makes of counts (conversions, nulls) of journeys drawn anew, shape (draws, ...)."""
    return np.array([compute(*counts) for counts in _resampled(paths, draws, seed)])


def _resampled(paths: Paths, draws: int, seed: int) -> Iterator[tuple[Floats, Floats]]:
    """Counts of as many journeys (or customers) drawn with replacement."""
    rng = np.random.default_rng(seed)
    if paths.owner is not None:
        size = int(paths.owner.max()) + 1
        present = np.flatnonzero(np.bincount(paths.owner, minlength=size))
        for _ in range(draws):
            times = np.bincount(rng.choice(present, len(present)), minlength=size)[paths.owner]
            yield paths.conversions * times, paths.nulls * times
        return
    counts = np.concatenate([paths.conversions, paths.nulls])
    held = np.flatnonzero(counts)
    total = counts.sum()
    n = max(round(total), 1)
    share = counts[held] / total
    for _ in range(draws):
        again = np.zeros(len(counts))
        again[held] = rng.multinomial(n, share) * (total / n)
        yield again[: len(paths.conversions)], again[len(paths.conversions) :]


def middle(drawn: Floats) -> Floats:
    """The middle 95 % of each column, shape (2, ...); NaN without draws."""
    if not len(drawn):
        return np.full((2, *drawn.shape[1:]), np.nan)
    tail = (1 - CONFIDENCE) / 2
    return np.asarray(np.quantile(drawn, [tail, 1 - tail], axis=0))
