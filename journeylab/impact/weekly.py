"""Weekly rates from events: what a dated change is looked for in, by unit, and who the customers were."""

from __future__ import annotations

import pandas as pd

from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.impact.interrupted import LEAST, ar1_regression, places, step_design
from journeylab.intervals import benjamini_hochberg

WEEK = pd.Timedelta(days=7)

SHIFTED = 0.05
"""q under which a step in who the customers were is named."""


def weekly_rate(
    events: pd.DataFrame, numerator: str, denominator: str | None = None, *, within: str = "14d"
) -> pd.DataFrame:
    """A weekly rate to analyse: how many of the week's base are followed by a touchpoint.

    Parameters
    ----------
    numerator : str
        Touchpoint.
    denominator : str, optional
        The touchpoint whose events of the week are the base; without it, customers with any event in the week, and the
        numerator counts in the same week.
    within : str
        How soon after the base the numerator must follow.

    Returns
    -------
    DataFrame
        time (Monday of the week, naive UTC), value (share), n; only whole weeks whose `within` lies within the data.

    Raises
    ------
    DataError
        For an unknown touchpoint.
    """
    return _share(_hits(events, numerator, denominator, within), ["time"])


def unit_rates(
    events: pd.DataFrame,
    numerator: str,
    denominator: str | None = None,
    *,
    units: pd.Series,
    changed_at: pd.Series,
    within: str = "14d",
) -> pd.DataFrame:
    """Weekly rates by unit, such as region or store, for `changed_units`.

    Parameters
    ----------
    units : Series
        Each customer's unit, by customer_id.
    changed_at : Series
        When each changed unit changed, by unit; units that are not in it never did.
    numerator, denominator, within
        As in `weekly_rate`.

    Returns
    -------
    DataFrame
        unit, time, value, n, changed_at.
    """
    unknown = sorted(set(changed_at.index) - set(units))
    if unknown:
        raise DataError(
            f"changes: no customer is of unit '{unknown[0]}'; there are {listing(sorted(set(units)))}."
            + did_you_mean(unknown[0], units.unique())
        )
    if changed_at.index.has_duplicates:
        twice = changed_at.index[changed_at.index.duplicated()][0]
        raise DataError(f"changes: unit '{twice}' stands twice in one change; a unit changes once.")
    hits = _hits(events, numerator, denominator, within)
    panel = _share(hits.assign(unit=hits["customer_id"].map(units)), ["unit", "time"])
    return panel.assign(changed_at=panel["unit"].map(changed_at))


def traffic_mix(
    events: pd.DataFrame,
    *,
    changed_at: str | pd.Timestamp,
    denominator: str | None = None,
    columns: tuple[str, ...] = ("channel", "device"),
) -> pd.DataFrame:
    """Look for a step in who the customers were: the weekly share that came by each channel or device.

    Parameters
    ----------
    changed_at : str or Timestamp
    denominator : str, optional
        Only weeks and customers with this touchpoint, the base of the rate.
    columns : tuple of str
        Columns of the events; those that are absent, or hold one value, are passed over.

    Returns
    -------
    DataFrame
        column, value, share_before, share_after, estimate (step of the share, beside its trend), ci_low, ci_high, p_value,
        q_value (Benjamini-Hochberg over all rows), shifted (q under 0.05).

    Notes
    -----
    A customer counts in a week by the first event of the week. Each share is a series of its own, with the regression of
    `dated_change`; shares under 2 % are passed over.
    """
    when = naive(changed_at)
    stamp = events["event_time"].dt.tz_convert(None)
    frame = pd.DataFrame({"time": _monday(stamp), "customer_id": events["customer_id"]})
    frame = frame.assign(**{name: events[name] for name in columns if name in events}).iloc[
        stamp.argsort(kind="stable")
    ]
    if denominator is not None:
        base = frame.loc[events["touchpoint"] == denominator, ["time", "customer_id"]].drop_duplicates()
        frame = frame.merge(base, on=["time", "customer_id"])
    frame = frame[(frame["time"] >= stamp.min().normalize()) & (frame["time"] + WEEK <= stamp.max())]
    rows = []
    for name in [name for name in columns if name in frame]:
        known = frame.dropna(subset=[name]).drop_duplicates(["time", "customer_id"])
        shares = pd.crosstab(known["time"], known[name], normalize="index")
        shares = shares[~((shares.index < when) & (shares.index + WEEK > when))]
        before = int((shares.index < when).sum())
        if shares.shape[1] < 2 or min(before, len(shares) - before) < LEAST:
            continue
        place, _ = places(shares.index.to_series())
        design = step_design(place, place[before])
        for value in shares.columns[shares.mean() >= 0.02]:
            found = ar1_regression(shares[value].to_numpy(), design, place).contrast(0, 0, 1)
            rows.append((name, value, shares[value][:before].mean(), shares[value][before:].mean(), *found[:4]))
    names = ["column", "value", "share_before", "share_after", "estimate", "ci_low", "ci_high", "p_value"]
    table = pd.DataFrame(rows, columns=names)
    table["q_value"] = benjamini_hochberg(table["p_value"].astype(float))
    return table.assign(shifted=table["q_value"] < SHIFTED)


def _hits(events: pd.DataFrame, numerator: str, denominator: str | None, within: str) -> pd.DataFrame:
    """Each base of a rate with its customer, its week, and whether it was hit; only whole weeks."""
    known = events["touchpoint"].unique()
    for name in filter(None, (numerator, denominator)):
        if name not in known:
            raise DataError(
                f"no event is called '{name}'; there are {listing(sorted(known))}.{did_you_mean(name, known)}"
            )
    stamp = events["event_time"].dt.tz_convert(None)
    if denominator is None:
        span = pd.Timedelta(0)
        base = pd.DataFrame(
            {"time": _monday(stamp), "customer_id": events["customer_id"], "hit": events["touchpoint"] == numerator}
        )
        rows = base.groupby(["time", "customer_id"], as_index=False)["hit"].any()
    else:
        span = pd.Timedelta(within)
        base = events.loc[events["touchpoint"] == denominator, ["customer_id", "event_time"]].sort_values("event_time")
        hits = events.loc[events["touchpoint"] == numerator, ["customer_id", "event_time"]].sort_values("event_time")
        rows = pd.merge_asof(
            base,
            hits.assign(hit_time=hits["event_time"]),
            on="event_time",
            by="customer_id",
            direction="forward",
            tolerance=span,
            allow_exact_matches=False,
        )
        rows = rows.assign(time=_monday(rows["event_time"].dt.tz_convert(None)), hit=rows["hit_time"].notna())
    return rows[(rows["time"] >= stamp.min().normalize()) & (rows["time"] + WEEK + span <= stamp.max())]


def _share(hits: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    table = hits.groupby(by)["hit"].agg(["mean", "size"])
    return table.rename(columns={"mean": "value", "size": "n"}).reset_index()


def naive(time: str | pd.Timestamp) -> pd.Timestamp:
    """A time as naive UTC; NaT stays."""
    try:
        stamp = pd.Timestamp(time)
    except (TypeError, ValueError):
        raise StudyError(f"changed_at={time!r} is no date, write one such as '2026-01-31'.") from None
    return stamp.tz_convert(None) if stamp.tzinfo is not None else stamp


def _monday(stamp: pd.Series) -> pd.Series:
    return stamp.dt.normalize() - pd.to_timedelta(stamp.dt.weekday, unit="D")
