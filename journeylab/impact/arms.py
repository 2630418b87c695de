"""Who was in which arm of a randomised test, were the arms as planned, and what did each customer do afterwards?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import text
from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.intervals import holm
from journeylab.journeys.build import build
from journeylab.journeys.cuts import microseconds

MEASURES = ("share", "count", "value")
CONTROLS = {"control", "a", "off", "baseline", "kontrolle"}
CUTS = ["experiment", "cut", "level", "n", "planned_share", "share", "p_value", "p_holm"]
MISMATCH = 0.001
"""Arms whose sizes are this unlikely under the plan void a test."""

CROSSED = 0.1
"""Where more customers than this share are in two arms, it was not customers who were randomised."""

FEWEST_EXPECTED = 5
"""Days and devices on which an arm should have fewer customers are not checked: chi-square does not hold there."""


@dataclasses.dataclass(frozen=True)
class Trial:
    """One randomised test.

    Attributes
    ----------
    name, control : str
    arms : tuple of str
        The arms that are held against the control, the largest first.
    customers : DataFrame
        customer_id, arm, assigned_at: one row a customer whose window is complete, in the order of assignment.
    sizes : Series
        Customers assigned, by arm, those with an incomplete window included.
    srm_p : float
        Of the sample-ratio check.
    cuts : DataFrame
        The check by day and by device: experiment, cut, level, n, planned_share, share (of the control), p_value, p_holm.
    n_excluded : int
        Customers in two arms, and customers whose window is not complete.
    crossed : float
        Share of customers who are in two arms.
    per_week : float
        Customers assigned a week.
    """

    name: str
    control: str
    arms: tuple[str, ...]
    customers: pd.DataFrame
    sizes: pd.Series
    srm_p: float
    cuts: pd.DataFrame
    n_excluded: int
    crossed: float
    per_week: float

    @property
    def void(self) -> str:
        """Why nothing can be learned from the test; empty where something can."""
        if self.crossed > CROSSED:
            much = text.percent(self.crossed, 0)
            return f"{much} of customers are in two arms, so it was not customers who were randomised"
        if self.srm_p < MISMATCH:
            return f"the arms are not of the planned sizes (p {text.p_value(self.srm_p)}), so something selects"
        return ""

    def pair(self, arm: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Who is in the arm or its control, of all `customers`; and which of these are in the arm."""
        both = self.customers["arm"].isin([arm, self.control]).to_numpy()
        return both, (self.customers["arm"] == arm).to_numpy()[both]


def read_window(window: str) -> pd.Timedelta:
    """The span of time in which the outcome counts.

    Raises
    ------
    StudyError
        When it is none, or not above zero.
    """
    return pd.Timedelta(microseconds(window, "window"), unit="us")


def read_trial(
    name: str,
    assigned: pd.DataFrame,
    events: pd.DataFrame,
    span: pd.Timedelta,
    *,
    control: str | None = None,
    expected: Mapping[str, Any] | None = None,
) -> Trial:
    """Put the customers of one test into arms and hold the sizes of the arms against the plan.

    Raises
    ------
    DataError
        For a control that is no arm, or a plan that leaves an arm out.
    """
    rows = assigned.sort_values("assigned_at", kind="stable")
    arms_of = rows.groupby("customer_id")["arm"].nunique()
    twice = arms_of.index[arms_of > 1]
    once = rows[~rows["customer_id"].isin(twice)].drop_duplicates("customer_id")
    sizes = once["arm"].value_counts()
    sizes = sizes.reindex(sizes.index.union(rows["arm"].unique(), sort=False), fill_value=0)
    base = _control(name, sizes.index, control)
    planned = _plan(name, sizes.index, expected)
    end = events["event_time"].max()
    complete = once.loc[once["assigned_at"] + span <= end, ["customer_id", "arm", "assigned_at"]]
    seen = once["assigned_at"].max() - once["assigned_at"].min()
    return Trial(
        name,
        base,
        tuple(arm for arm in sizes.index if arm != base),
        complete.reset_index(drop=True),
        sizes,
        sample_ratio(sizes.to_numpy(), planned),
        _cuts(name, once, events, base, sizes.index, planned),
        len(once) - len(complete) + len(twice),
        len(twice) / len(arms_of),
        len(once) / max(seen / pd.Timedelta("7D"), 1.0) if len(once) else 0.0,
    )


def sample_ratio(sizes: NDArray[np.int64], planned: NDArray[np.float64]) -> float:
    """p of the chi-square test of the sizes of arms against their planned shares.

    References
    ----------
    Fabijan et al. (2019), KDD, 2156; Kohavi, Tang and Xu (2020), chapter 3.

    Examples
    --------
    >>> f"{sample_ratio(np.array([821588, 815482]), np.array([0.5, 0.5])):.1e}"
    '1.8e-06'
    """
    from scipy.special import gammaincc

    total = sizes.sum()
    if len(sizes) < 2 or not total:
        return float("nan")
    chi = float(((sizes - planned * total) ** 2 / (planned * total)).sum())
    return float(gammaincc((len(sizes) - 1) / 2, chi / 2))


def measure_outcome(
    customers: pd.DataFrame,
    events: pd.DataFrame,
    span: pd.Timedelta,
    *,
    outcome: str,
    measure: str = "share",
    per: str | None = None,
    gap: str = "30min",
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each customer did within the window after the assignment.

    Parameters
    ----------
    customers : DataFrame
        Of a `Trial`.
    measure : str
        ``share`` (had the outcome or not), ``count`` (how often) or ``value`` (the sum of `value` of the outcome).
    per : str, optional
        What it is counted per: ``visit``, or a touchpoint; else the customer.

    Returns
    -------
    ndarray, ndarray, each of shape (n_customers,)
        What is counted, and per how many: ones where `per` is the customer.

    Raises
    ------
    StudyError
        For a measure that is none, or one per something that cannot be counted.
    DataError
        For an unknown outcome, or values that the events do not have.
    """
    known = events["touchpoint"].unique()
    for name in (outcome, *([per] if per not in (None, "visit") else [])):
        if name not in known:
            raise DataError(
                f"no event is called '{name}'; there are {listing(sorted(known))}.{did_you_mean(str(name), known)}"
            )
    if measure not in MEASURES:
        raise StudyError(f"measure '{measure}' is not one of {MEASURES}.{did_you_mean(measure, MEASURES)}")
    if measure == "share" and per not in (None, "visit"):
        raise StudyError(
            f"measure='share' is of customers or of visits, not of '{per}'; write per='visit', or 'count'."
        )
    if measure == "value" and "value" not in events:
        raise DataError("measure='value' needs the column 'value' in the events, which have none.")
    part = events if per == "visit" else events[events["touchpoint"].isin([outcome, per])]
    place = pd.Index(customers["customer_id"]).get_indexer(part["customer_id"])
    part, place = part[place >= 0], place[place >= 0]
    since = instants(part["event_time"]) - instants(customers["assigned_at"])[place]
    inside = (since >= np.timedelta64(0)) & (since < span.to_timedelta64())
    part, place, n = part[inside], place[inside], len(customers)
    hit = (part["touchpoint"] == outcome).to_numpy()
    if per == "visit" and len(part):
        visit = _visits(part, place, gap)
        first = np.unique(visit, return_index=True)[1]
        per_many = np.bincount(place[first], minlength=n).astype(float)
        if measure == "share":
            first = np.flatnonzero(hit)[np.unique(visit[hit], return_index=True)[1]]
            return np.bincount(place[first], minlength=n).astype(float), per_many
    else:
        counted = np.zeros(len(part), dtype=bool) if per == "visit" else (part["touchpoint"] == per).to_numpy()
        per_many = np.ones(n) if per is None else np.bincount(place[counted], minlength=n).astype(float)
    weights = part["value"].fillna(0).to_numpy(dtype=float)[hit] if measure == "value" else None
    total = np.bincount(place[hit], weights=weights, minlength=n).astype(float)
    return (np.minimum(total, 1) if measure == "share" else total), per_many


def instants(times: pd.Series) -> NDArray[np.datetime64]:
    """Times as numpy knows them, in UTC."""
    return (times.dt.tz_convert(None) if times.dt.tz is not None else times).to_numpy()


def _visits(part: pd.DataFrame, place: NDArray[np.int64], gap: str) -> NDArray[np.int64]:
    """The visit of each event, numbered over all customers."""
    columns = [name for name in ("event_time", "touchpoint", "session_id", "order") if name in part]
    # customers and events by number: the visits come back to the rows that they belong to
    rows = part[columns].assign(customer_id=[f"{number:012d}" for number in place]).reset_index(drop=True)
    order = ["customer_id", "event_time", *(["order"] if "order" in rows else [])]
    rows = rows.sort_values(order, kind="stable")
    j = build(rows, gap=gap)
    visit = np.empty(len(rows), dtype=np.int64)
    visit[rows.index.to_numpy()] = j.event_journey * (int(j.session.max()) + 1) + j.session
    return visit


def _control(experiment: str, arms: pd.Index, wanted: str | None) -> str:
    """The arm that the others are held against."""
    if wanted is not None:
        if wanted not in arms:
            raise DataError(
                f"control='{wanted}' is not an arm of '{experiment}'; there are {listing(arms)}.{did_you_mean(wanted, arms)}"
            )
        return wanted
    usual = [str(arm) for arm in arms if str(arm).lower() in CONTROLS]
    return usual[0] if usual else str(sorted(arms)[0])


def _plan(experiment: str, arms: pd.Index, expected: Mapping[str, Any] | None) -> NDArray[np.float64]:
    """The planned share of each arm; `expected` is of one test, or holds one a test."""
    if expected and any(isinstance(value, Mapping) for value in expected.values()):
        expected = expected.get(experiment)
    if not expected:
        return np.full(len(arms), 1 / max(len(arms), 1))
    lacking = [arm for arm in arms if not expected.get(arm, 0) > 0]
    if lacking:
        raise DataError(
            f"expected names no share above zero of {listing(lacking)} in '{experiment}'; it names {listing(expected)}."
        )
    shares = np.array([float(expected[arm]) for arm in arms])
    return shares / shares.sum()


def _cuts(
    name: str, once: pd.DataFrame, events: pd.DataFrame, base: str, arms: pd.Index, planned: NDArray[np.float64]
) -> pd.DataFrame:
    """The sample-ratio check by day of assignment and by the device known last before it."""
    keys = {"day": once["assigned_at"].dt.strftime("%Y-%m-%d").to_numpy()}
    if "device" in events and len(once):
        last = events.loc[events["device"].notna(), ["customer_id", "event_time", "device"]]
        last = last[last["customer_id"].isin(once["customer_id"])].merge(once[["customer_id", "assigned_at"]])
        last = last[last["event_time"] <= last["assigned_at"]].sort_values("event_time", kind="stable")
        device = last.drop_duplicates("customer_id", keep="last").set_index("customer_id")["device"]
        keys["device"] = once["customer_id"].map(device).to_numpy()
    rows: list[tuple[object, ...]] = []
    at = list(arms).index(base)
    for cut, levels in keys.items():
        counts = pd.crosstab(levels, once["arm"].to_numpy()).reindex(columns=list(arms), fill_value=0)
        for level, sizes in zip(counts.index, counts.to_numpy(), strict=True):
            n = int(sizes.sum())
            if (n * planned >= FEWEST_EXPECTED).all():
                p_value = sample_ratio(sizes, planned)
                rows.append((name, cut, str(level), n, planned[at], sizes[at] / n, p_value, np.nan))
    table = pd.DataFrame(rows, columns=CUTS)
    return table.assign(p_holm=holm(table["p_value"].to_numpy(dtype=float)))
