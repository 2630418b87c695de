"""The event sources of a study, each as a Parquet file of contract events and the report of its import."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from journeylab import identity
from journeylab.cache import FOLDER, files_in, fingerprint
from journeylab.contracts import TABLES
from journeylab.naming import in_file_order, tally_touchpoints
from journeylab.tables import ImportReport, Loss
from journeylab.text import count

if TYPE_CHECKING:
    from journeylab.config import EventSource
    from journeylab.journeys.engine import Opened, Part
    from journeylab.journeys.prepare import Prepared, Recipe

PLAIN = {"path", "source", "format", "columns", "timezone"}
"""A Parquet file whose source says no more than this can be left where it is."""

PROBED = 50_000
"""So many rows tell whether a file lists the newest events first."""

REQUIRED = ("customer_id", "touchpoint", "event_time")


@dataclasses.dataclass(frozen=True)
class Events:
    """One source of events.

    Attributes
    ----------
    part : Part
    report : ImportReport
    identified : bool
        Whether its customers may be visitors, to be stitched to logins.
    sound : bool
        Whether every row has a customer, a touchpoint and a time, without blanks around them.
    """

    part: Part
    report: ImportReport
    identified: bool
    sound: bool = True


@dataclasses.dataclass(frozen=True)
class Gathered:
    """Prepared events in memory.

    Attributes
    ----------
    events : DataFrame
        Sorted by customer, time and order.
    left_out : DataFrame
        reason, n (events), customers.
    stitching : str or None
    """

    events: pd.DataFrame
    left_out: pd.DataFrame
    stitching: str | None


@dataclasses.dataclass(frozen=True)
class Named:
    """Prepared events by touchpoint.

    Attributes
    ----------
    tally : DataFrame
        touchpoint, stage, channel, planned, n.
    unmatched : DataFrame
        Raw names that no rule matches: touchpoint, n.
    left_out : DataFrame
        reason, n (events), customers.
    stitching : str or None
    """

    tally: pd.DataFrame
    unmatched: pd.DataFrame
    left_out: pd.DataFrame
    stitching: str | None


def gather_events(parts: list[Part], recipe: Recipe, engine: str) -> Gathered:
    """Prepare the events of a study in its engine, and fetch them."""
    from journeylab.journeys.engine import PLACE, open_table
    from journeylab.journeys.prepare import prepare

    with open_table(parts, engine) as opened:
        prepared = prepare(opened, recipe)
        table = prepared.table.orderBy("customer_id", "event_time", "order", PLACE)
        events = opened.fetch(table).drop_columns([PLACE]).to_pandas()
        left_out, stitching = _told(opened, prepared)
    events["event_time"] = events["event_time"].dt.as_unit("us")
    first = [name for name in (*TABLES["events"].names, "stage", "planned") if name in events]
    events = events[[*first, *(name for name in events if name not in first)]]
    return Gathered(events, left_out, stitching)


def tally_events(parts: list[Part], recipe: Recipe, engine: str) -> Named:
    """Count the prepared events of a study by touchpoint, in its engine."""
    from journeylab.journeys.engine import open_table
    from journeylab.journeys.prepare import prepare

    with open_table(parts, engine) as opened:
        prepared = prepare(opened, recipe, named=False)
        table = prepared.table
        keys = [name for name in ("touchpoint", "channel") if name in table.columns]
        counts = table.groupBy(*keys).agg(opened.F.count(opened.F.lit(1)).alias("n"))
        counted = opened.fetch(counts.orderBy(*keys)).to_pandas()
        left_out, stitching = _told(opened, prepared)
    if "channel" not in counted:
        counted["channel"] = pd.array([None] * len(counted), dtype="str")
    assert recipe.name is not None
    names = recipe.name(list(counted["touchpoint"].unique()))
    merged = counted.merge(names, left_on="touchpoint", right_on="raw", suffixes=("_raw", ""))
    merged["channel"] = merged["channel"].where(merged["channel"].notna(), merged["channel_raw"])
    merged[["matched", "dropped"]] = merged[["matched", "dropped"]].astype(
        bool
    )  # an empty table has no type of its own
    loose = merged[~merged["matched"]].groupby("raw", as_index=False)["n"].sum()
    loose = loose.rename(columns={"raw": "touchpoint"}).sort_values("n", ascending=False, kind="stable")
    tally = tally_touchpoints(merged[~merged["dropped"]])
    return Named(tally, loose.reset_index(drop=True), left_out, stitching)


def spread_events(parts: list[Part], recipe: Recipe, engine: str) -> identity.Activity:
    """How the prepared events of a study are spread over customers, counted in its engine."""
    from journeylab.journeys.engine import open_table
    from journeylab.journeys.prepare import prepare

    with open_table(parts, engine) as opened:
        table = prepare(opened, recipe, named=False).table
        own = table.groupBy("customer_id").agg(opened.F.count(opened.F.lit(1)).alias("n"))
        counts = opened.fetch(own.orderBy("customer_id")).to_pandas()
    return identity.activity(counts.set_index("customer_id")["n"])


def _told(opened: Opened, prepared: Prepared) -> tuple[pd.DataFrame, str | None]:
    """What was left out and why, and what was done to visitor ids."""
    from journeylab.journeys.prepare import REPEATED, STITCHED

    left_out = pd.DataFrame(columns=["reason", "n", "customers"])
    if prepared.left_out is not None:
        left_out = opened.fetch(prepared.left_out.orderBy("left_out")).to_pandas()
        left_out = left_out.rename(columns={"left_out": "reason"})
    if prepared.repeats is not None:
        row = opened.fetch(prepared.repeats).to_pylist()[0]
        if row["n"]:
            left_out.loc[len(left_out)] = [REPEATED, int(row["n"]), int(row["customers"])]
    if prepared.stitched is None:
        return left_out, None
    row = opened.fetch(prepared.stitched).to_pylist()[0]
    one, several = int(row["stitched"] or 0), int(row["several"] or 0)
    return left_out, f"{count(one)} visitor ids belong to a login, {count(several)} have several: {STITCHED}."


def scratch() -> Path:
    """The folder of tables that were read already: the run's, or one of this process."""
    given = os.environ.get(FOLDER)
    if given:
        Path(given).mkdir(parents=True, exist_ok=True)
        return Path(given)
    if not _OWN:
        _OWN.append(tempfile.TemporaryDirectory(prefix="journeylab-"))
    return Path(_OWN[0].name)


_OWN: list[tempfile.TemporaryDirectory[str]] = []


def read_source(source: EventSource, path: Path | None, name: str, options: dict[str, Any]) -> Events:
    """Read one source, or find that it was read already.

    Raises
    ------
    DataError, StudyError
        What its reader says.
    """
    from journeylab.journeys.engine import Part

    identified = source.format not in ("tabular", "sql") and source.customer is None
    if path is not None and path.is_file() and (direct := _direct(source, path, name)) is not None:
        report, padded = _counted(direct, path)
        return Events(direct, report, identified=False, sound=not padded and not report.n_dropped)
    said = json.dumps(options, default=str, sort_keys=True)
    key = fingerprint([name, said], files_in(path))[:16]
    file = scratch() / f"events-{key}.parquet"
    notes = file.with_suffix(".json")
    if source.format != "sql" and file.is_file() and notes.is_file():
        return Events(Part(str(file), name), _report(json.loads(notes.read_text(encoding="utf-8"))), identified)
    report = _read(path, file, options)
    fresh = notes.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(dataclasses.asdict(report)), encoding="utf-8")
    fresh.replace(notes)
    return Events(Part(str(file), name), report, identified)


def _read(path: Path | None, to: Path, options: dict[str, Any]) -> ImportReport:
    """Read a source into a Parquet file: record by record where its format allows it."""
    from journeylab.readers import FORMATS, events_to_parquet, read_events

    format_ = options.get("format", "tabular")
    found = FORMATS["events"].get(format_)
    if found is not None and found.export:
        return events_to_parquet(path or "", to, **options)
    frame, report = read_events(path or "", **options)
    fresh = to.with_suffix(f".{os.getpid()}")
    in_file_order(frame).to_parquet(fresh, index=False)
    fresh.replace(to)
    return report


def _report(saved: dict[str, Any]) -> ImportReport:
    losses = tuple(Loss(loss["reason"], loss["n"], tuple(loss["examples"])) for loss in saved["dropped"])
    return ImportReport(**{**saved, "dropped": losses, "notes": tuple(saved["notes"])})


def _direct(source: EventSource, path: Path, name: str) -> Part | None:
    """The part of a Parquet file that holds contract events as it is, or None where a reader has to read it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from journeylab.journeys.engine import Part

    if source.format != "tabular" or path.suffix not in (".parquet", ".pq") or source.model_fields_set - PLAIN:
        return None
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError):
        return None
    kinds = {field.name: field.type for field in file.schema_arrow}
    ours = {role: source.columns.get(role, role) for role in _TYPES}
    if not set(source.columns.values()) <= set(kinds) or set(source.columns) - set(_TYPES):
        return None
    if any(ours[role] not in kinds for role in REQUIRED):
        return None
    if not all(fits(kinds[ours[role]]) for role, fits in _TYPES.items() if ours[role] in kinds):
        return None
    if len(set(ours.values()) & set(kinds)) < len([role for role in ours if ours[role] in kinds]):
        return None
    if "source" in kinds or file.metadata.num_rows == 0:
        return None
    return Part(str(path), name, dict(source.columns), _newest_first(file, ours["event_time"]))


def _is_text(kind: Any) -> bool:
    import pyarrow.types as is_

    return is_.is_string(kind) or is_.is_large_string(kind)


def _is_time(kind: Any) -> bool:
    import pyarrow.types as is_

    return is_.is_timestamp(kind) and kind.unit != "ns" and kind.tz is not None


def _is_number(kind: Any) -> bool:
    import pyarrow.types as is_

    return is_.is_floating(kind)


def _is_whole(kind: Any) -> bool:
    import pyarrow.types as is_

    return is_.is_integer(kind)


_TYPES = {
    "customer_id": _is_text,
    "event_time": _is_time,
    "touchpoint": _is_text,
    "channel": _is_text,
    "device": _is_text,
    "value": _is_number,
    "session_id": _is_text,
    "order": _is_whole,
}


def _newest_first(file: Any, column: str) -> bool:
    import numpy as np

    batch = next(file.iter_batches(batch_size=PROBED, columns=[column]))
    steps = np.diff(batch.column(0).drop_null().cast("int64").to_numpy(zero_copy_only=False))
    return bool((steps < 0).sum() > (steps > 0).sum())


def _counted(part: Part, path: Path) -> tuple[ImportReport, int]:
    """Count a file that is left where it is, or remember its counts."""
    state = path.stat()
    key = fingerprint([repr(part), str(state.st_size), str(state.st_mtime_ns)], [])[:16]
    notes = scratch() / f"counts-{key}.json"
    if notes.is_file():
        saved = json.loads(notes.read_text(encoding="utf-8"))
        return _report(saved["report"]), saved["padded"]
    report, padded = _count(part, path)
    fresh = notes.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps({"report": dataclasses.asdict(report), "padded": padded}), encoding="utf-8")
    fresh.replace(notes)
    return report, padded


def _count(part: Part, path: Path) -> tuple[ImportReport, int]:
    """Report on a file that is left where it is: rows without a customer, touchpoint or time are dropped.

    Returns
    -------
    tuple
        The report, and the number of customers and touchpoints with blanks around them.
    """
    from journeylab.journeys.engine import open_table

    with open_table([part]) as opened:
        F = opened.F
        nobody, said = F.lower(F.trim(F.col("customer_id"))).isin(list(identity.PLACEHOLDERS)), []
        gone, sums, padded = F.lit(False), [], F.lit(0)
        for role in REQUIRED:
            cell = F.col(role)
            empty = cell.isNull()
            if role != "event_time":
                blank = cell.startswith(" ") | cell.endswith(" ")
                empty = empty | (cell == "") | (blank & (F.trim(cell) == ""))
                padded = padded + F.when(blank, 1).otherwise(0)
            sums.append(F.sum(F.when(~gone & empty, 1).otherwise(0)).alias(role))
            gone = gone | empty
            if role == "customer_id":
                found = opened.table.where(nobody).groupBy("customer_id").agg(F.count(F.lit(1)).alias("n"))
                said = opened.fetch(found.orderBy("customer_id")).to_pylist()
                gone = gone | F.coalesce(nobody, F.lit(False))
        counts = opened.table.agg(F.count(F.lit(1)).alias("n"), F.sum(padded).alias("padded"), *sums)
        row = opened.fetch(counts).to_pylist()[0]
    losses = []
    for role in REQUIRED:
        theirs = part.columns.get(role, role)
        label = role if role == theirs else f"{role} ({theirs})"
        if row[role]:
            losses.append(Loss(f"without {label}", int(row[role])))
        if role == "customer_id":
            losses += [Loss(identity.reason(label, one["customer_id"]), int(one["n"])) for one in said]
    n_read = int(row["n"])
    n_kept = n_read - sum(loss.n for loss in losses)
    return ImportReport(part.source, str(path), "tabular", "events", n_read, n_kept, tuple(losses)), int(row["padded"])
