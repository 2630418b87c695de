"""Raw events and codes get the study's own names: touchpoint, stage, channel, valence."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from journeylab.config import Code, Touchpoint
from journeylab.errors import DataError, StudyError, did_you_mean, listing


def name_touchpoints(events: pd.DataFrame, rules: list[Touchpoint]) -> pd.DataFrame:
    """Apply [[touchpoints]]: the first rule that matches wins.

    Parameters
    ----------
    events : DataFrame
        Contract events with raw names as touchpoint.
    rules : list of Touchpoint
        In the order of study.toml.

    Returns
    -------
    DataFrame
        Events with touchpoint, stage, planned and channel of their rule, without those whose rule says ``drop``.
        Unmatched events keep their raw name, have no stage, and count as planned.
    """
    matchers = [(rule, _matcher(rule.match)) for rule in rules]
    raw = events["touchpoint"]
    of = {name: next((rule for rule, match in matchers if match(name)), None) for name in raw.unique()}
    dropped = {name for name, rule in of.items() if rule and rule.drop}
    channel = raw.map({name: rule.channel for name, rule in of.items() if rule and rule.channel}).astype("str")
    named = events.assign(
        touchpoint=raw.map({name: (rule.name or name) if rule else name for name, rule in of.items()}).astype("str"),
        stage=raw.map({name: rule.stage for name, rule in of.items() if rule and rule.stage}).astype("str"),
        planned=raw.map({name: rule.planned if rule else True for name, rule in of.items()}).astype(bool),
        channel=channel.where(channel.notna(), events["channel"]) if "channel" in events else channel,
    )
    return named[~raw.isin(dropped)].reset_index(drop=True) if dropped else named


def in_file_order(events: pd.DataFrame) -> pd.DataFrame:
    """Give the events of one file an ``order`` within equal times, where it has none: as they stand in the file.

    A file in which times fall more often than they rise lists the newest first, and is counted from its end.
    """
    if "order" in events and events["order"].notna().any():
        return events
    steps = np.diff(events["event_time"].to_numpy(dtype="datetime64[us]").astype("int64"))
    place = np.arange(len(events))
    return events.assign(order=place[::-1] if (steps < 0).sum() > (steps > 0).sum() else place)


def touchpoint_table(events: pd.DataFrame | None, rules: list[Touchpoint], stages: list[str]) -> pd.DataFrame:
    """One row a touchpoint on the journey, by stage and then by number of events.

    Returns
    -------
    DataFrame
        touchpoint, stage, channel, planned, required (cannot be removed), tested (its effect is asked for), n (events).
    """
    columns = ["touchpoint", "stage", "channel", "planned", "required", "tested", "n"]
    if events is None:
        return pd.DataFrame(columns=columns)
    grouped = events.groupby("touchpoint", sort=True)
    frame = grouped[["stage", "channel", "planned"]].first().assign(n=grouped.size()).reset_index()
    named = {rule.name: rule for rule in reversed(rules) if rule.name}
    unnamed = [(_matcher(rule.match), rule) for rule in rules if not rule.name]
    known = [
        named.get(name) or next((rule for matches, rule in unnamed if matches(name)), None)
        for name in frame["touchpoint"]
    ]
    frame["required"] = [rule is not None and rule.required for rule in known]
    frame["tested"] = [rule is None or rule.tested for rule in known]
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
    for position, code in enumerate(added):
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


def _matcher(patterns: str | list[str]) -> Callable[[str], bool]:
    """Whether a raw touchpoint matches one of the patterns; only ``*`` and ``?`` are special."""
    texts = [patterns] if isinstance(patterns, str) else patterns
    compiled = [re.compile(fnmatch.translate(text.replace("[", "[[]"))) for text in texts]
    return lambda name: any(pattern.match(name) for pattern in compiled)
