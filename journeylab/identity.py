"""Ids that are nobody's: words that systems write where a customer is not known, and ids that many people seem to share."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping

import pandas as pd

from journeylab import text

PLACEHOLDERS = (
    "(not set)", "not set", "null", "(null)", "<null>", "\\n", "none", "(none)", "undefined", "nan", "na", "<na>", "n/a", "#n/a",
    "nil", "-", "--", "anonymous", "(anonymous)", "unknown", "(unknown)", "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
"""What stands for no id in any system, in small letters; rows with one are left out as rows without a customer."""

DOUBTFUL = (
    "0", "-1", "1", "00000", "guest", "test", "tester", "admin", "user", "customer", "visitor", "default", "dummy", "demo", "x",
    "other", "(other)", "deleted",
)  # fmt: skip
"""What often stands for nobody but may be somebody's id: it is told where it has very many events."""

TIMES, SHARE, DOUBTFUL_TIMES = 100, 0.05, 10
"""An id is told with more events than so many times the median and more than this share of all; a doubtful word sooner."""

ROBOTIC_EVENTS = 100
"""So many events of one customer within an hour are a robot's, not a person's."""

LEAST_CUSTOMERS = 20
"""Of fewer customers nothing is told."""

RULE = (
    f"more than {TIMES} times the median of events a customer and over {text.percent(SHARE)} of all events; words such as '0' or "
    f"'guest' from {DOUBTFUL_TIMES} times the median"
)


@dataclasses.dataclass(frozen=True)
class Activity:
    """How events are spread over customers.

    Attributes
    ----------
    n_events, n_customers : int
    median : float
        Events a customer.
    most : dict of str to int
        Customers who may be told, to their events.
    """

    n_events: int
    n_customers: int
    median: float
    most: Mapping[str, int]


def placeholders(ids: pd.Series) -> pd.Series:
    """Which ids stand for none, whatever letters they are written in.

    Examples
    --------
    >>> placeholders(pd.Series(["C1", "NULL", " (not set) ", "0"])).tolist()
    [False, True, True, False]
    """
    return ids.astype("str").str.strip().str.lower().isin(PLACEHOLDERS) & ids.notna()


def reason(column: str, value: str) -> str:
    """Why a row with such an id is left out."""
    return f"without {column}: '{value.strip()}' stands for none"


def activity(counts: pd.Series) -> Activity:
    """How events are spread, from the events of each customer (index customer_id)."""
    low = counts.index.astype("str").str.lower()
    most = pd.concat([counts.nlargest(20), counts[low.isin(DOUBTFUL)]])
    median = float(counts.median()) if len(counts) else 0.0
    return Activity(int(counts.sum()), len(counts), median, {str(name): int(n) for name, n in most.items()})


def crowds(spread: Activity) -> dict[str, int]:
    """Ids that have so many events that many people may share them, by the rule of `RULE`."""
    if spread.n_customers < LEAST_CUSTOMERS:
        return {}
    found = {}
    for name, n in spread.most.items():
        many = n > TIMES * spread.median and n > SHARE * spread.n_events
        if many or (name.lower() in DOUBTFUL and n > DOUBTFUL_TIMES * spread.median):
            found[name] = n
    return found


def robots(events: pd.DataFrame) -> list[str]:
    """Customers with 100 or more events within one hour."""
    ordered = events[["customer_id", "event_time"]].sort_values(["customer_id", "event_time"], kind="stable")
    later = ordered["event_time"].shift(1 - ROBOTIC_EVENTS)
    same = ordered["customer_id"] == ordered["customer_id"].shift(1 - ROBOTIC_EVENTS)
    fast = same & (later - ordered["event_time"] <= pd.Timedelta(hours=1))
    return sorted(ordered.loc[fast, "customer_id"].unique())


def told(spread: Activity, fast: Collection[str] = ()) -> Iterator[str]:
    """Say of each such id what it has, and what to write to leave it out; `fast` are those that `robots` found."""
    for name, n in crowds(spread).items():
        if name in fast:
            yield (
                f"customer '{name}' has {text.count(n)} of {text.count(spread.n_events)} events "
                f"({text.percent(n / spread.n_events)}; the median is {text.number(spread.median)}), {ROBOTIC_EVENTS} or more "
                "within an hour: a robot? Set leave_out_robots = true under [study] to leave out all customers that are so fast."
            )
            continue
        shown = name.replace("\\", "\\\\").replace('"', '\\"')
        yield (
            f"customer '{name}' has {text.count(n)} of {text.count(spread.n_events)} events ({text.percent(n / spread.n_events)}; "
            f"the median is {text.number(spread.median)}): one person? If many share the id, leave it out: [[leave_out]] with "
            f'reason = "an id of many", column = "customer_id", match = "{shown}". Told with {RULE}.'
        )
