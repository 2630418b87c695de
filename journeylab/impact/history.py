"""What was known before each visit: earlier touchpoints, recency, depth, clock, channel, device, attributes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import text
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.journeys.model import Journeys, session_begins

DAY = np.timedelta64(1, "D")
RARE = 0.01
"""Categories and touchpoints of fewer visits than this share are no covariates of their own."""

LONG = np.timedelta64(12, "h")
"""Where visits last longer, as a household's week does, the clock of the first event tells what was met, not when."""

Columns = list[tuple[str, NDArray[np.generic]]]


@dataclasses.dataclass(frozen=True)
class Visits:
    """The visits of journeys, in the order of customers and time.

    Attributes
    ----------
    first : ndarray of int64, shape (n_visits,)
        Place of the first event.
    customer : ndarray of int64, shape (n_visits,)
    start : ndarray of datetime64[us], shape (n_visits,)
    of_event : ndarray of int64, shape (n_events,)
        The visit of each event.
    """

    first: NDArray[np.int64]
    customer: NDArray[np.int64]
    start: NDArray[np.datetime64]
    of_event: NDArray[np.int64]


def visits_of(j: Journeys) -> Visits:
    """Cut journeys by customer into visits."""
    opens = session_begins(j)
    first = np.flatnonzero(opens)
    return Visits(first, j.event_journey[first], j.times[first], np.cumsum(opens) - 1)


def counts_before(
    codes: NDArray[np.int32], first: NDArray[np.int64], begin: NDArray[np.int64], size: int
) -> NDArray[np.int32]:
    """How often each touchpoint was met before each visit, shape (n_visits, size)."""
    counts = np.empty((len(first), size), dtype=np.int32)
    for code in range(size):
        running = np.concatenate([[0], np.cumsum(codes == code)])
        counts[:, code] = running[first] - running[begin]
    return counts


def from_events(
    j: Journeys, visits: Visits, counts: NDArray[np.int32], target: int
) -> tuple[NDArray[np.float64], list[str]]:
    """Covariates from earlier events and from the clock, shape (n_visits, p), and their names."""
    first, customer, start, times = visits.first, visits.customer, visits.start, j.times
    begin = j.offsets[:-1][customer]
    new = first == begin
    number = np.arange(len(first)) - np.searchsorted(customer, customer)
    since = np.where(new, 0.0, (start - times[np.maximum(first - 1, 0)]) / DAY)
    age = (start - times[begin]) / DAY
    recent = first_after(times, begin, first, start - np.timedelta64(7, "D"))
    week = first - recent
    month = first - first_after(times, begin, first, start - np.timedelta64(28, "D"))
    before_last = np.where(new, 0, first - np.concatenate([[0], first[:-1]]))
    columns: Columns = [
        ("first visit", new),
        ("second visit", number == 1),
        ("earlier visits (log)", np.log1p(number)),
        ("earlier events (log)", np.log1p(first - begin)),
        ("events a visit (log)", np.log1p((first - begin) / np.maximum(number, 1))),
        ("events in the last 7 days (log)", np.log1p(week)),
        ("events in the last 28 days (log)", np.log1p(month)),
        ("any event in the last 7 days", week > 0),
        ("events of the last visit (log)", np.log1p(before_last)),
        ("days since the last event (log)", np.log1p(since)),
        ("last event within 3 days", ~new & (since <= 3)),
        ("days since the first event (log)", np.log1p(age)),
        *_calendar(start, clock=_short(j, visits)),
    ]
    for name, values in (("7 days", week), ("the last visit", before_last)):
        for share in (0.5, 0.8):
            bar = np.quantile(values[~new], share) if not new.all() else 0
            columns.append((f"more than {text.fixed(bar, 0)} events in {name}", values > bar))
    for code in _repeated(j, visits):
        running = np.concatenate([[0], np.cumsum(j.codes == code)])
        last = np.where(new, 0, running[first] - running[np.concatenate([[0], first[:-1]])])
        columns.append(
            (f"times '{j.touchpoints[code]}' in the last 7 days (log)", np.log1p(running[first] - running[recent]))
        )
        columns.append((f"times '{j.touchpoints[code]}' at the last visit (log)", np.log1p(last)))
    inside = _met_last(j, visits, new)
    for code, name in enumerate(j.touchpoints):
        if code == target:
            continue
        for label, values in (
            (f"earlier '{name}'", counts[:, code] > 0),
            (f"earlier '{name}' (log)", np.log1p(counts[:, code])),
            (f"'{name}' at the last visit", inside[:, code]),
        ):
            often = counts[:, code] > 1 if label.endswith("(log)") else values > 0
            if often.mean() >= RARE:
                columns.append((label, values))
    return np.column_stack([column.astype(float) for _, column in columns]), [name for name, _ in columns]


def _calendar(start: NDArray[np.datetime64], *, clock: bool) -> Columns:
    """Day, season and weekday of each visit, and the hour where it means something."""
    day = (start - start.min()) / DAY if len(start) else np.empty(0)
    hour = (start - start.astype("datetime64[D]")) / np.timedelta64(1, "h")
    weekday = (start.astype("datetime64[D]").view("int64") - 4) % 7
    half = day / max(float(day.max()), 1.0) if len(day) else day
    columns: Columns = [
        ("day", day),
        ("day squared", day**2),
        ("second half of the data", half > 0.5),
        ("season, sine", np.sin(2 * np.pi * day / 365.25)),
        ("season, cosine", np.cos(2 * np.pi * day / 365.25)),
    ]
    if clock:
        columns += [
            ("weekend", weekday >= 5),
            ("morning", hour < 12),
            ("evening", hour >= 18),
            ("hour, sine", np.sin(2 * np.pi * hour / 24)),
            ("hour, cosine", np.cos(2 * np.pi * hour / 24)),
        ]
    return columns


def _short(j: Journeys, visits: Visits) -> bool:
    """Whether nearly all visits end within half a day."""
    if not len(visits.first):
        return True
    last = np.concatenate([visits.first[1:], [j.n_events]]) - 1
    return bool((j.times[last] - visits.start < LONG).mean() >= 0.95)


def _repeated(j: Journeys, visits: Visits) -> list[int]:
    """Touchpoints such as pages, met several times in the same visit: how often says more than whether."""
    found = []
    for code in range(len(j.touchpoints)):
        held = visits.of_event[j.codes == code]
        if len(held) and len(np.unique(held)) >= 0.1 * len(visits.first) and len(held) >= 1.3 * len(np.unique(held)):
            found.append(code)
    return found


def _met_last(j: Journeys, visits: Visits, new: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which touchpoints were met at the visit before, shape (n_visits, n_touchpoints)."""
    met = np.zeros((len(visits.first), len(j.touchpoints)), dtype=bool)
    met[visits.of_event, j.codes] = True
    last = np.zeros_like(met)
    last[1:] = met[:-1]
    last[new] = False
    return last


def first_after(
    times: NDArray[np.datetime64], low: NDArray[np.int64], high: NDArray[np.int64], limit: NDArray[np.datetime64]
) -> NDArray[np.int64]:
    """The first place in [low, high) whose time is not before the limit, else high; bisection of all rows at once."""
    low, high = low.copy(), high.copy()
    while (low < high).any():
        middle = (low + high) // 2
        inside = low < high
        old = inside & (times[np.minimum(middle, len(times) - 1)] < limit)
        low = np.where(old, middle + 1, low)
        high = np.where(inside & ~old, middle, high)
    return low


def from_context(
    events: pd.DataFrame, j: Journeys, visits: Visits, column: str
) -> tuple[NDArray[np.float64], list[str]]:
    """Channel or device of the visit and of the customer's first visit, where touchpoints do not decide it.

    A channel that belongs to its touchpoint tells what was met, so of such a column later visits know the first value only.
    """
    if column not in events or events[column].isna().all():
        return np.empty((len(visits.customer), 0)), []
    known = events[["customer_id", "event_time", "touchpoint", column]].dropna()
    varies = known.groupby("touchpoint", observed=True)[column].nunique() > 1
    free = known["touchpoint"].map(varies).to_numpy(dtype=bool)
    own = free.mean() > 0.5
    if own:
        known = known[free]
    owner = pd.Index(j.ids).get_indexer(known["customer_id"].to_numpy(dtype=object))
    times = known["event_time"].dt.tz_convert(None).to_numpy(dtype="datetime64[us]")
    order = np.lexsort((times, owner))
    order = order[owner[order] >= 0]
    owner, times, values = owner[order], times[order], known[column].astype(str).to_numpy(dtype=object)[order]
    opens, place = np.unique(owner, return_index=True)
    entry = np.full(j.n_journeys, None, dtype=object)
    entry[opens] = values[place]
    entry = entry[visits.customer]
    if not own:
        new = visits.first == j.offsets[:-1][visits.customer]
        return dummies(np.where(new, "none yet", entry), f"first {column}")
    found = np.full(len(visits.first), None, dtype=object)
    visit = _visit_at(visits, owner, times)
    inside = visit >= 0
    opens, place = np.unique(visit[inside], return_index=True)
    found[opens] = values[inside][place]
    found = np.where(pd.isna(found), entry, found)
    block, names = dummies(entry, f"first {column}")
    more, labels = dummies(found, f"{column} of the visit:")
    return np.column_stack([block, more]), [*names, *labels]


def _visit_at(visits: Visits, owner: NDArray[np.int64], times: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """The visit of each time: the customer's last that started by then, else -1."""
    n = len(visits.first)
    late = np.concatenate([np.zeros(n, dtype=bool), np.ones(len(owner), dtype=bool)])
    order = np.lexsort((late, np.concatenate([visits.start, times]), np.concatenate([visits.customer, owner])))
    visit = np.empty(len(order), dtype=np.int64)
    visit[order] = np.cumsum(~late[order]) - 1
    visit = visit[n:]
    return np.where((visit >= 0) & (visits.customer[np.maximum(visit, 0)] == owner), visit, -1)


def from_attributes(
    customers: pd.DataFrame | None, ids: NDArray[np.object_], customer: NDArray[np.int64], start: NDArray[np.datetime64],
    wanted: list[str] | None,
) -> tuple[NDArray[np.float64], list[str]]:  # fmt: skip
    """Attributes known before the journey; days since those that are times, such as ``entry_time``."""
    if customers is None or len(customers) == 0:
        return np.empty((len(customer), 0)), []
    names = [name for name in customers.columns if name != "customer_id"]
    for name in wanted or []:
        if name not in names:
            raise DataError(
                f"customers: has no attribute '{name}'; there are {listing(names)}.{did_you_mean(name, names)}"
            )
    frame = customers.drop_duplicates("customer_id").set_index("customer_id").reindex(ids)
    parts, labels = [], []
    for name in names if wanted is None else wanted:
        values = frame[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            times = values.dt.tz_convert(None) if values.dt.tz is not None else values
            tenure = (start - times.to_numpy(dtype="datetime64[us]")[customer]) / DAY
            parts.append(np.log1p(np.maximum(np.nan_to_num(tenure.astype(float)), 0))[:, None])
            labels.append(f"days since {name} (log)")
        elif pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
            block, found = dummies(values.astype("object").to_numpy()[customer], name)
            parts.append(block)
            labels += found
        else:
            block, found = _number(values.astype(float), name)
            parts.append(block[customer])
            labels += found
    return (np.column_stack(parts) if parts else np.empty((len(customer), 0))), labels


def _number(values: pd.Series, name: str) -> tuple[NDArray[np.float64], list[str]]:
    """A numeric attribute, missing ones at the median and marked, and its bend where it has more than a few values."""
    middle = float(values.median()) if values.notna().any() else 0.0
    filled = values.fillna(middle).to_numpy()
    columns: Columns = [(name, filled)]
    if values.nunique() > 4:
        low, high = np.quantile(filled, [0.01, 0.99])
        columns.append((f"{name} (square)", (np.clip(filled, low, high) - filled.mean()) ** 2))
        columns.append((f"{name} over the median", filled > middle))
    if values.isna().mean() >= RARE:
        columns.append((f"{name} not known", values.isna().to_numpy()))
    return np.column_stack([column.astype(float) for _, column in columns]), [label for label, _ in columns]


def dummies(values: NDArray[np.object_], name: str) -> tuple[NDArray[np.float64], list[str]]:
    """One column a category of at least 1 % of the visits, but for the most frequent."""
    words = pd.Series(values, dtype="object").where(lambda part: part.notna(), "not known").astype(str)
    codes, categories = pd.factorize(words, sort=True)
    shares = np.bincount(codes, minlength=len(categories)) / max(len(codes), 1)
    kept = [code for code in np.argsort(-shares, kind="stable") if shares[code] >= RARE][1:]
    block = np.column_stack([codes == code for code in kept]).astype(float) if kept else np.empty((len(values), 0))
    return block, [f"{name} {categories[code]}" for code in kept]
