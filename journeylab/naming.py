"""Raw events and codes get the study's own names: touchpoint, stage, channel, valence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from journeylab.config import Code, Touchpoint
from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.patterns import matcher

OWN = 0.9
"""A channel belongs to a touchpoint when this share of its events has it; where visitors came from belongs to no page."""


def name_touchpoints(raw: Sequence[str], rules: list[Touchpoint]) -> pd.DataFrame:
    """Apply [[touchpoints]] to raw names: the first rule that matches wins.

    Returns
    -------
    DataFrame
        raw, touchpoint, stage, planned, channel (of the rule), matched, dropped. Unmatched names stay as they are, have
        no stage, and count as planned.
    """
    found = first_rules(raw, rules)
    return pd.DataFrame(
        {
            "raw": pd.array(list(raw), dtype="str"),
            "touchpoint": pd.array(
                [rule.name or name if rule else name for name, rule in zip(raw, found, strict=True)], dtype="str"
            ),
            "stage": pd.array([rule.stage if rule else None for rule in found], dtype="str"),
            "planned": [rule.planned if rule else True for rule in found],
            "channel": pd.array([rule.channel if rule else None for rule in found], dtype="str"),
            "matched": [rule is not None for rule in found],
            "dropped": [rule.drop if rule else False for rule in found],
        }
    )


def first_rules(names: Sequence[str], rules: Sequence[Touchpoint]) -> list[Touchpoint | None]:
    """The first rule that each name matches, or None."""
    found: list[Touchpoint | None] = [None] * len(names)
    for rule in reversed(rules):
        for place in np.flatnonzero(matcher(rule.match)(names)):
            found[place] = rule
    return found


def in_file_order(events: pd.DataFrame) -> pd.DataFrame:
    """Give the events of one file an ``order`` within equal times, where it has none: as they stand in the file.

    A file in which times fall more often than they rise lists the newest first, and is counted from its end.
    """
    if "order" in events and events["order"].notna().any():
        return events
    steps = np.diff(events["event_time"].to_numpy(dtype="datetime64[us]").astype("int64"))
    place = np.arange(len(events))
    return events.assign(order=place[::-1] if (steps < 0).sum() > (steps > 0).sum() else place)


def tally_touchpoints(counted: pd.DataFrame) -> pd.DataFrame:
    """Count events by touchpoint.

    Parameters
    ----------
    counted : DataFrame
        touchpoint, stage, channel, planned, and n (events of the row, else one).

    Returns
    -------
    DataFrame
        touchpoint, stage, channel (that nine of ten of its events have, else none), planned, n.
    """
    weighted = counted if "n" in counted else counted.assign(n=1)
    frame = weighted.groupby("touchpoint", sort=True).agg(
        stage=("stage", "first"), planned=("planned", "first"), n=("n", "sum")
    )
    by_channel = weighted.dropna(subset=["channel"]).groupby(["touchpoint", "channel"])["n"].sum().reset_index()
    of_all = by_channel["n"] / by_channel.groupby("touchpoint")["n"].transform("sum")
    frame["channel"] = by_channel[of_all >= OWN].set_index("touchpoint")["channel"]
    return frame.reset_index()


def touchpoint_table(tally: pd.DataFrame | None, rules: list[Touchpoint], stages: list[str]) -> pd.DataFrame:
    """One row a touchpoint on the journey, by stage and then by number of events.

    Parameters
    ----------
    tally : DataFrame
        See `tally_touchpoints`.

    Returns
    -------
    DataFrame
        touchpoint, stage, channel, planned, required (cannot be removed), tested (its effect is asked for), cost (a visit),
        owner (empty where none is named), n (events).
    """
    columns = ["touchpoint", "stage", "channel", "planned", "required", "tested", "cost", "owner", "n"]
    if tally is None:
        return pd.DataFrame(columns=columns)
    frame = tally.sort_values("touchpoint", ignore_index=True)
    named = {rule.name: rule for rule in reversed(rules) if rule.name}
    unnamed = first_rules(frame["touchpoint"], [rule for rule in rules if not rule.name])
    known = [named.get(name) or rule for name, rule in zip(frame["touchpoint"], unnamed, strict=True)]
    frame["required"] = [rule is not None and rule.required for rule in known]
    frame["tested"] = [rule is None or rule.tested for rule in known]
    frame["cost"] = [0.0 if rule is None or rule.cost is None else rule.cost for rule in known]
    frame["owner"] = ["" if rule is None else rule.owner or "" for rule in known]
    place = frame["stage"].map({stage: position for position, stage in enumerate(stages)}).fillna(len(stages))
    order = pd.DataFrame({"place": place, "n": -frame["n"]}).sort_values(["place", "n"], kind="stable").index
    return frame.loc[order, columns].reset_index(drop=True)


def complete_codebook(codes: pd.DataFrame, added: list[Code], stages: list[str], path: Path) -> pd.DataFrame:
    """Fill a codebook from [[codes]] and hold its stages against the study's.

    Raises
    ------
    StudyError
        When [[codes]] names a code that nobody used or defined.
    DataError
        When the codebook names a stage that the study does not have.
    """
    codes = codes.copy()
    for column in ("description", "valence", "stage", "touchpoint"):
        if column not in codes:
            codes[column] = pd.Series(index=codes.index, dtype="float64" if column == "valence" else "object")
        elif column != "valence":
            codes[column] = codes[column].astype("object")
    paths = [code.path for code in added]
    for position, code in enumerate(added):
        if code.path in paths[:position]:
            raise StudyError(f"{path}: codes[{position + 1}].path: '{code.path}' stands in [[codes]] twice; keep one.")
        rows = codes["path"] == code.path
        if not rows.any():
            raise StudyError(
                f"{path}: codes[{position + 1}].path: no code '{code.path}' was read; "
                f"there are {listing(codes['path'])}.{did_you_mean(code.path, codes['path'])}"
            )
        for column in ("description", "valence", "stage", "touchpoint"):
            value = getattr(code, column)
            if value is not None:
                codes.loc[rows, column] = value
    for row in codes.dropna(subset=["stage"]).itertuples():
        if row.stage not in stages:
            raise DataError(
                f"{path}: the codebook puts code '{row.path}' on stage '{row.stage}', which is not one of the stages "
                f"{listing(stages)}.{did_you_mean(str(row.stage), stages)}"
            )
    return codes
