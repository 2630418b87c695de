"""Visits as trial starts: what was known before each visit, what was met in it, and what came of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.journeys import build

DAY = np.timedelta64(1, "D")
CLOCK = ("hour, sine", "hour, cosine", "weekend")
RARE = 0.01
"""Categories and touchpoints of fewer visits than this share are no covariates of their own."""


@dataclasses.dataclass(frozen=True)
class Panel:
    """One row a visit that could start a trial.

    Attributes
    ----------
    customer : ndarray of int64, shape (n,)
        For folds and standard errors.
    history : ndarray of float64, shape (n, p)
        What was known before the visit, standardised; the same for every exposure.
    names : tuple of str
        Of the columns of `history`.
    met : ndarray of bool, shape (n, n_touchpoints)
        Touchpoints met in the visit before any outcome.
    before : ndarray of bool, shape (n, n_touchpoints)
        Touchpoints met in an earlier visit.
    outcome : ndarray of bool, shape (n,)
        The outcome within the window from the start of the visit.
    start : ndarray of datetime64[us], shape (n,)
    touchpoints : tuple of str
    ever, converted : ndarray
        (n_customers, n_touchpoints) bool and (n_customers,) bool: what a dashboard would compare.
    follows : ndarray of bool, shape (n_touchpoints,)
        Touchpoints that (nearly) no customer met before their first outcome.
    dropped : dict of str to int
        Visits that cannot start a trial, by reason; with the rows kept they add up to `n_visits`.
    n_visits : int
    """

    customer: NDArray[np.int64]
    history: NDArray[np.float64]
    names: tuple[str, ...]
    met: NDArray[np.bool_]
    before: NDArray[np.bool_]
    outcome: NDArray[np.bool_]
    start: NDArray[np.datetime64]
    touchpoints: tuple[str, ...]
    ever: NDArray[np.bool_]
    converted: NDArray[np.bool_]
    follows: NDArray[np.bool_]
    dropped: dict[str, int]
    n_visits: int


def trial_panel(
    events: pd.DataFrame,
    customers: pd.DataFrame | None = None,
    *,
    outcome: str,
    window: str,
    gap: str = "30min",
    covariates: list[str] | None = None,
) -> Panel:
    """Turn events into eligible visits with their history, exposures and outcome.

    Parameters
    ----------
    events : DataFrame
        Contract events; visits from session_id where present, else by `gap`.
    customers : DataFrame, optional
        Attributes known before the journey; numbers, categories, and ``entry_time`` as tenure.
    outcome : str
        Touchpoint.
    window : str
        The outcome must follow the start of the visit within it.
    covariates : list of str, optional
        Which attributes of `customers` to use; all where not given.

    Notes
    -----
    Eligible is a visit of a customer without an earlier outcome whose window ends within the data. History counts only
    events of earlier visits. An exposure counts only before the first outcome of its visit, so that it precedes what it is
    held to account for.

    Raises
    ------
    StudyError
        For an unknown outcome or a window that is not understood.
    """
    try:
        span = pd.Timedelta(window).to_timedelta64()
    except ValueError:
        raise StudyError(f"window='{window}' is no span of time, write one such as '14d'.") from None
    j = build(events, gap=gap)
    if outcome not in j.touchpoints:
        raise StudyError(
            f"outcome '{outcome}' is not a touchpoint of these events; there are {listing(j.touchpoints)}."
            f"{did_you_mean(outcome, j.touchpoints)}"
        )
    target = j.touchpoints.index(outcome)
    owner, size = j.event_journey, len(j.touchpoints)
    opens = np.ones(j.n_events, dtype=bool)
    opens[1:] = (owner[1:] != owner[:-1]) | (j.session[1:] != j.session[:-1])
    first = np.flatnonzero(opens)
    customer = owner[first]
    start = j.times[first]
    hits = np.flatnonzero(j.codes == target)
    earliest = np.full(j.n_journeys, j.n_events, dtype=np.int64)
    np.minimum.at(earliest, owner[hits], hits)
    had = earliest[customer] < first
    end = j.times.max() if j.n_events else np.datetime64("NaT")
    cut = start + span > end
    eligible = ~had & ~cut
    when = np.full(j.n_journeys, np.datetime64("NaT"), dtype=j.times.dtype)
    reached = earliest < j.n_events
    when[reached] = j.times[earliest[reached]]
    result = ~np.isnat(when[customer]) & (when[customer] - start < span)
    visit = np.cumsum(opens) - 1
    counting = np.arange(j.n_events) < earliest[owner]
    met = np.zeros((len(first), size), dtype=bool)
    met[visit[counting], j.codes[counting]] = True
    counts = _counts_before(j.codes, first, j.offsets[:-1][customer], size)
    ever = np.zeros((j.n_journeys, size), dtype=bool)
    ever[owner, j.codes] = True
    early = np.zeros((j.n_journeys, size), dtype=bool)
    early[owner[counting], j.codes[counting]] = True
    with np.errstate(divide="ignore", invalid="ignore"):
        follows = ~(early.sum(axis=0) > 0.01 * ever.sum(axis=0))
    history, names = _history(j.codes, j.times, first, customer, start, j.offsets, counts, j.touchpoints, target)
    if "session_id" in events and events["session_id"].notna().any():
        # such a visit (a week, a day) has no hour of its own: the clock of its first event would tell what was met
        clock = [name not in CLOCK for name in names]
        history, names = history[:, clock], [name for name, kept in zip(names, clock, strict=True) if kept]
    device = _device(events, j.ids, customer, start)
    known, known_names = _attributes(customers, j.ids, customer, start, covariates)
    whole = np.column_stack([history, device[0], known])[eligible]
    labels = (*names, *device[1], *known_names)
    spread = whole.std(axis=0)
    used = spread > 1e-9
    whole = (whole[:, used] - whole[:, used].mean(axis=0)) / spread[used]
    return Panel(
        customer=customer[eligible],
        history=whole,
        names=tuple(np.array(labels, dtype=object)[used].tolist()),
        met=met[eligible],
        before=counts[eligible] > 0,
        outcome=result[eligible],
        start=start[eligible],
        touchpoints=j.touchpoints,
        ever=ever,
        converted=reached,
        follows=follows,
        dropped={"after an earlier outcome": int(had.sum()), "window not complete": int((cut & ~had).sum())},
        n_visits=len(first),
    )


def _counts_before(
    codes: NDArray[np.int32], first: NDArray[np.int64], begin: NDArray[np.int64], size: int
) -> NDArray[np.int32]:
    """How often each touchpoint was met before each visit, shape (n_visits, size)."""
    counts = np.empty((len(first), size), dtype=np.int32)
    for code in range(size):
        running = np.concatenate([[0], np.cumsum(codes == code)])
        counts[:, code] = running[first] - running[begin]
    return counts


def _history(
    codes: NDArray[np.int32], times: NDArray[np.datetime64], first: NDArray[np.int64], customer: NDArray[np.int64],
    start: NDArray[np.datetime64], offsets: NDArray[np.int64], counts: NDArray[np.int32], touchpoints: tuple[str, ...],
    target: int,
) -> tuple[NDArray[np.float64], list[str]]:  # fmt: skip
    """Covariates from earlier events and from the clock."""
    begin = offsets[:-1][customer]
    new = first == begin
    number = np.arange(len(first)) - np.searchsorted(customer, customer)
    last = np.maximum(first - 1, 0)
    since = np.where(new, 0.0, (start - times[last]) / DAY)
    age = (start - times[begin]) / DAY
    week = _recent(times, offsets, customer, first, start, np.timedelta64(7, "D"))
    previous = np.where(new, 0, first - np.concatenate([[0], first[:-1]]))
    day = (start - start.min()) / DAY if len(start) else np.empty(0)
    hour = (start - start.astype("datetime64[D]")) / np.timedelta64(1, "h")
    weekday = (start.astype("datetime64[D]").view("int64") - 4) % 7
    columns: list[tuple[str, NDArray[np.generic]]] = [
        ("first visit", new),
        ("earlier visits (log)", np.log1p(number)),
        ("third visit or later", number >= 2),
        ("earlier events (log)", np.log1p(first - begin)),
        ("events in the last 7 days (log)", np.log1p(week)),
        ("events of the last visit (log)", np.log1p(previous)),
        ("days since the last event (log)", np.log1p(since)),
        ("days since the first event (log)", np.log1p(age)),
        ("day", day),
        ("day squared", day**2),
        ("season, sine", np.sin(2 * np.pi * day / 365.25)),
        ("season, cosine", np.cos(2 * np.pi * day / 365.25)),
        ("hour, sine", np.sin(2 * np.pi * hour / 24)),
        ("hour, cosine", np.cos(2 * np.pi * hour / 24)),
        ("weekend", weekday >= 5),
    ]
    for code, name in enumerate(touchpoints):
        if code != target and (counts[:, code] > 0).mean() >= RARE:
            columns.append((f"earlier '{name}'", counts[:, code] > 0))
            if (counts[:, code] > 1).mean() >= RARE:
                columns.append((f"earlier '{name}' (log)", np.log1p(counts[:, code])))
    return np.column_stack([column.astype(float) for _, column in columns]), [name for name, _ in columns]


def _recent(
    times: NDArray[np.datetime64], offsets: NDArray[np.int64], customer: NDArray[np.int64], first: NDArray[np.int64],
    start: NDArray[np.datetime64], span: np.timedelta64,
) -> NDArray[np.int64]:  # fmt: skip
    """Events of the same customer in the span before each visit, found by bisection within the customer."""
    low, high = offsets[:-1][customer].copy(), first.copy()
    while (low < high).any():
        middle = (low + high) // 2
        inside = low < high
        old = inside & (times[np.minimum(middle, len(times) - 1)] < start - span)
        low = np.where(old, middle + 1, low)
        high = np.where(inside & ~old, middle, high)
    return first - low


def _device(
    events: pd.DataFrame, ids: NDArray[np.object_], customer: NDArray[np.int64], start: NDArray[np.datetime64]
) -> tuple[NDArray[np.float64], list[str]]:
    """The device of each customer's first event: known from the first visit on."""
    if "device" not in events or events["device"].isna().all():
        return np.empty((len(customer), 0)), []
    ordered = events.sort_values("event_time", kind="stable").dropna(subset=["device"])
    device = ordered.drop_duplicates("customer_id").set_index("customer_id")["device"].reindex(ids)
    return _dummies(device.to_numpy(dtype=object)[customer], "device")


def _attributes(
    customers: pd.DataFrame | None, ids: NDArray[np.object_], customer: NDArray[np.int64], start: NDArray[np.datetime64],
    wanted: list[str] | None,
) -> tuple[NDArray[np.float64], list[str]]:  # fmt: skip
    """Attributes known before the journey; tenure from entry_time."""
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
    for name in wanted or names:
        values = frame[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            times = values.dt.tz_convert(None) if values.dt.tz is not None else values
            tenure = (start - times.to_numpy(dtype="datetime64[us]")[customer]) / DAY
            parts.append(np.log1p(np.maximum(np.nan_to_num(tenure.astype(float)), 0))[:, None])
            labels.append(f"days since {name} (log)")
        elif pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
            block, found = _dummies(values.astype("object").to_numpy()[customer], name)
            parts.append(block)
            labels += found
        else:
            filled = values.astype(float).fillna(values.astype(float).median())
            parts.append(filled.to_numpy()[customer][:, None])
            labels.append(name)
    return (np.column_stack(parts) if parts else np.empty((len(customer), 0))), labels


def _dummies(values: NDArray[np.object_], name: str) -> tuple[NDArray[np.float64], list[str]]:
    """One column a category of at least 1 % of the visits, but for the most frequent."""
    text = pd.Series(values, dtype="object").where(lambda part: part.notna(), "not known").astype(str)
    shares = text.value_counts(normalize=True)
    kept = [category for category, share in shares.items() if share >= RARE][1:]
    return np.column_stack([(text == category).to_numpy(float) for category in kept]) if kept else (
        np.empty((len(values), 0))
    ), [f"{name} {category}" for category in kept]  # fmt: skip
