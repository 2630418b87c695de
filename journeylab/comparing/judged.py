"""Of the customers who came since the last run, how many can be judged yet, and when the others?"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.comparing.overlap import Overlap
from journeylab.comparing.reading import Key, Reading

COLUMNS = ["kind", "name", "within", "came", "judged", "ended", "first", "last"]

MOST_NAMES = 3


def judge(old: Reading | None, new: Reading | None, overlap: Overlap | None) -> pd.DataFrame:
    """Count the customers who came since, and those of them whose time is over when the newer data end.

    Parameters
    ----------
    old, new : Reading
        No older one for the first run.
    overlap : Overlap
        Of their customers.

    Returns
    -------
    DataFrame
        kind, name, within (the time that each customer gets), came (customers of the newer run only), judged (of them, whose
        time is over), ended (earlier customers whose time ended since: they are what is compared), first, last (days from
        which the first and the last of those who came can be judged, ISO; empty where all can). A row a figure with a fixed
        time; none where nobody knows who came since.

    Notes
    -----
    Whose time is over are the first to come. Where the newer data hold the older, the older customers came before all
    others, so that of `followed` customers whose time is over those over the number of the older are new.
    """
    rows = []
    if old is not None and new is not None and overlap is not None and overlap.how in {"grown", "apart"}:
        known = overlap.shared if overlap.how == "grown" else 0.0
        came = overlap.now - known
        days = _days(old, new, overlap.how == "grown")
        for figure in new.figures.values():
            if not figure.within or math.isnan(figure.followed) or came <= 0 or not days:
                continue
            judged = min(max(figure.followed - known, 0.0), came)
            before = old.figures.get(figure.key)
            was = before.followed if before is not None and before.within == figure.within else np.nan
            ended = max(figure.followed - judged - (0.0 if math.isnan(was) else was), 0.0) if known else 0.0
            ready = ["", ""] if judged >= came else [_ready(day, figure.within) for day in (days[0], days[-1])]
            rows.append((figure.kind, figure.name, figure.within, int(came), int(judged), int(ended), *ready))
    return pd.DataFrame(rows, columns=COLUMNS)


def _days(old: Reading, new: Reading, grown: bool) -> list[str]:
    """The days on which customers of the newer run only came, the first first."""
    now: Mapping[str, float] = new.basis["customers"]["days"]
    before: Mapping[str, float] = old.basis["customers"]["days"] if grown else {}
    return sorted(day for day, n in now.items() if n > before.get(day, 0))


def _ready(day: str, within: str) -> str:
    """The day on which the time of who came on a day is over; empty where the day is none, as in a table made by hand."""
    try:
        return (datetime.date.fromisoformat(day) + pd.Timedelta(within).ceil("D").to_pytimedelta()).isoformat()
    except ValueError:
        return ""


def tell_judged(table: pd.DataFrame) -> list[str]:
    """Say of rows of `judge` how many can be judged, a sentence for each time that customers get."""
    if table.empty:
        return []
    if (table["judged"] >= table["came"]).all():
        spans = sorted(set(table["within"]), key=pd.Timedelta)
        return [
            f"All {text.count(table['came'].iloc[0])} customers who came since can be judged (within {' or '.join(spans)})."
        ]
    lines = []
    for within, rows in sorted(table.groupby("within", sort=False), key=lambda item: pd.Timedelta(str(item[0]))):
        row = rows.iloc[0]
        names = [f"'{name}'" for name in dict.fromkeys(rows["name"])]
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        on = f"{', '.join(names[:MOST_NAMES])}{more}" if more else text.sentence_list(names)
        came = f"the {text.count(row['came'])} customers who came since can be judged on {on}"
        if row["judged"] >= row["came"]:
            lines.append(f"All of {came} (within {within}).")
            continue
        when = f": the first from {text.day(row['first'])}, all from {text.day(row['last'])}" if row["first"] else ""
        if row["judged"]:
            when = f": all from {text.day(row['last'])}" if row["last"] else ""
        line = f"{text.count(row['judged'])} of {came} {'so far' if row['judged'] else 'yet'} (within {within}{when})."
        if not row["judged"]:
            compared = (
                f" What is compared are {text.count(row['ended'])} who had come before and whose {within} ended since."
                if row["ended"]
                else ""
            )
            line = f"Not judged yet: {line}{compared} A shorter `within` of page 09 shows a change sooner."
        lines.append(line)
    return lines


def unjudged(table: pd.DataFrame) -> set[Key]:
    """The figures of rows of `judge` that say nothing of the customers who came since."""
    none = table[table["judged"] == 0]
    return {(str(kind), str(name)) for kind, name in zip(none["kind"], none["name"], strict=True)}
