"""Where a cell comes from, and until when: the real names of the sources, and the last day of each."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from journeylab.study import Study

INTERVIEWS = "coded interviews"
WRITTEN = "study.toml"


@dataclasses.dataclass(frozen=True)
class Origin:
    """A source, or several: their names, and the last day of the latest of them (ISO 8601; empty where unknown)."""

    source: str = ""
    until: str = ""

    @property
    def of_cell(self) -> dict[str, Any]:
        """The fields of a cell that say so."""
        return {"source": self.source, "until": self.until}


@dataclasses.dataclass(frozen=True)
class Origins:
    """The sources of a study.

    Attributes
    ----------
    by_stage : dict of str to Origin
        The sources that have events of each stage; the day is the last of these sources, on whatever stage.
    events, interviews : Origin
    surveys : dict of str to Origin
        By instrument.
    """

    by_stage: dict[str, Origin]
    events: Origin
    interviews: Origin
    surveys: dict[str, Origin]


def find_origins(study: Study) -> Origins:
    """Name the sources of a study, with the last day of each in the study's time zone."""
    zone = study.config.study.timezone
    by_stage, events = {}, Origin()
    if study.events is not None and len(study.events):
        frame = study.events
        named = frame["source"].fillna("events") if "source" in frame else pd.Series("events", index=frame.index)
        last = frame["event_time"].groupby(named).max()
        declared = [str(source.source) for source in study.config.events]
        order = [name for name in declared if name in last.index]
        order += [name for name in last.index if name not in order]
        events = _origin(order, last, zone)
        for stage, names in named.groupby(frame["stage"]):
            there = set(names.unique())
            by_stage[str(stage)] = _origin([name for name in order if name in there], last, zone)
    return Origins(by_stage, events, Origin(INTERVIEWS, _interviewed(study, zone)), _surveys(study, zone))


def _origin(names: list[str], last: pd.Series, zone: str) -> Origin:
    return Origin(", ".join(names), day(last[names].max(), zone))


def _interviewed(study: Study, zone: str) -> str:
    documents = study.documents
    if documents is None or "collected_at" not in documents:
        return ""
    return day(documents["collected_at"].max(), zone)


def _surveys(study: Study, zone: str) -> dict[str, Origin]:
    if study.responses is None:
        return {}
    last = study.responses.groupby("instrument")["response_time"].max()
    return {str(name): Origin(f"survey {name}", day(when, zone)) for name, when in last.items()}


def day(when: pd.Timestamp, zone: str) -> str:
    """The day of a time as the study writes it; empty where there is none."""
    return "" if pd.isna(when) else str(when.tz_convert(zone).date().isoformat())
