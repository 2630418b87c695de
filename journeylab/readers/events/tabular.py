"""Any table of events: one row an event, or one row a customer or order with a column of times a touchpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from journeylab.contracts import TABLES
from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.readers.columns import Mapped, convert, map_columns, optional_columns, select_rows
from journeylab.readers.conditions import parse_condition
from journeylab.readers.files import read_file
from journeylab.readers.ledger import Ledger
from journeylab.readers.options import TableOptions, check_timezone
from journeylab.readers.values import known_text
from journeylab.tables import ImportReport, validate
from journeylab.text import count

ROLES = {column.name: column for column in TABLES["events"].columns if column.name != "source"}
RESERVED = ("source", "stage", "planned")
TOUCHPOINT_KEYS = ("name", "time", "when", "timezone")


@dataclasses.dataclass(frozen=True, kw_only=True)
class EventOptions(TableOptions):
    """Options of event tables, beside those of every table.

    Attributes
    ----------
    shape : str
        "long" (one row an event) or "wide" (`touchpoints`).
    touchpoints : sequence of mappings, optional
        Of a wide file: name, time (a column), when? (a condition), timezone? of that column.
    touchpoint : str, optional
        The touchpoint of all rows of a long file that names none.
    channel, device : str, optional
        Those of all rows, where no column is named.
    """

    shape: str = "long"
    touchpoints: Sequence[Mapping[str, str]] | None = None
    touchpoint: str | None = None
    channel: str | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._one_of("shape", ("long", "wide"))
        for name in ("touchpoint", "channel", "device"):
            self._typed(name, str, "text")
        if self.shape == "long" and self.touchpoints:
            raise StudyError("option touchpoints: belongs to wide tables; add shape = 'wide'.")
        if self.shape == "wide" and not self.touchpoints:
            raise StudyError(
                "option touchpoints: a wide table needs at least one, such as {name = 'order', time = 'ordered_at'}."
            )
        for position, item in enumerate(self.touchpoints or (), start=1):
            where = f"option touchpoints[{position}]"
            if not isinstance(item, Mapping) or not all(isinstance(value, str) for value in item.values()):
                raise StudyError(
                    f"{where}: found {item!r}, expected a table such as {{name = 'order', time = 'ordered_at'}}."
                )
            for key in item:
                if key not in TOUCHPOINT_KEYS:
                    raise StudyError(
                        f"{where}: unknown key '{key}'; allowed: {listing(TOUCHPOINT_KEYS)}.{did_you_mean(key, TOUCHPOINT_KEYS)}"
                    )
            for key in ("name", "time"):
                if not item.get(key):
                    raise StudyError(f"{where}: needs '{key}'.")
            if "timezone" in item:
                check_timezone(item["timezone"])


def read(path: str | Path, options: EventOptions) -> tuple[pd.DataFrame, ImportReport]:
    """Read a table of events.

    Returns
    -------
    events : DataFrame
        customer_id, event_time (UTC), touchpoint, then the optional columns that there are, then the extra ones.
    report : ImportReport
        Counts rows of the file, also where one row gave several events.

    Raises
    ------
    DataError
        When a column is missing or cannot be read without an option, or no row can be used.
    """
    raw = read_file(path, options)
    ledger = Ledger(raw, source=options.source, format="tabular", table="events")
    if options.shape == "wide":
        events, n_kept = _wide(ledger, options)
    else:
        events = long_events(ledger, select_rows(ledger, options), options)
        n_kept = len(events)
    report = ledger.close(n_kept)
    validate(events, "events", ledger.path)
    return events.reset_index(drop=True), report


def _constants(options: EventOptions) -> dict[str, str]:
    """Columns that an option fills for all rows."""
    named = {name: getattr(options, name) for name in ("touchpoint", "channel", "device")}
    return {name: value for name, value in named.items() if value is not None and name not in options.columns}


def long_events(ledger: Ledger, frame: pd.DataFrame, options: EventOptions) -> pd.DataFrame:
    """Make events of the selected rows of a table that has one row an event."""
    constants = _constants(options)
    mapped = map_columns(ledger.raw, ROLES.values(), options, given=constants, reserved=RESERVED)
    own = [name for name in RESERVED if name in ledger.raw.frame and name not in mapped.named.values()]
    if own:
        ledger.note(
            f"the file's own {listing(own)} is left out, as the study says these itself; rename a column to keep it"
        )
    frame = _drop_empty(ledger, frame, mapped, "customer_id")
    if "touchpoint" in mapped:
        frame = _drop_empty(ledger, frame, mapped, "touchpoint")
    column = mapped.named["event_time"]
    frame = _drop_empty(ledger, frame, mapped, "event_time")
    times, bad = convert(frame[column], ROLES["event_time"], ledger, options)
    frame = ledger.drop(frame, bad, f"with a {column} that is no time", column)
    ids = known_text(frame[mapped.named["customer_id"]])
    events = {"customer_id": ids, "event_time": times[~bad]}
    if "touchpoint" in mapped:
        events["touchpoint"] = known_text(frame[mapped.named["touchpoint"]])
    return _complete(pd.DataFrame(events), frame, mapped, constants, ledger, options)


def _wide(ledger: Ledger, options: EventOptions) -> tuple[pd.DataFrame, int]:
    """One row a customer or order, one column of times a touchpoint; the number of rows that gave events."""
    constants = {name: value for name, value in _constants(options).items() if name != "touchpoint"}
    items = list(options.touchpoints or ())
    present = [str(column) for column in ledger.raw.frame.columns]
    roles = [role for name, role in ROLES.items() if name not in {"event_time", "touchpoint", "order"}]
    narrow = options if options.keep is not None else dataclasses.replace(options, keep=())
    mapped = map_columns(
        ledger.raw, roles, narrow, given=constants, reserved=(*RESERVED, "event_time", "touchpoint", "order")
    )
    for position, item in enumerate(items, start=1):
        if item["time"] not in present:
            raise DataError(
                f"{ledger.path}: option touchpoints[{position}].time: the file has no column '{item['time']}'; it has "
                f"{listing(present, 40)}.{did_you_mean(item['time'], present)}"
            )
    zones = {item["time"]: item["timezone"] for item in items if "timezone" in item}
    frame = select_rows(ledger, options)
    frame = _drop_empty(ledger, frame, mapped, "customer_id")
    times = {}
    for column in dict.fromkeys(item["time"] for item in items):
        times[column], bad = convert(frame[column], ROLES["event_time"], ledger, options, timezone=zones.get(column))
        ledger.note_cells(frame[column][bad], f"cells of '{column}' are no times and gave no event")
    parts = []
    for position, item in enumerate(items):
        happened = times[item["time"]].notna().to_numpy()
        if item.get("when"):
            where = f"{ledger.path}: option touchpoints[{position + 1}].when"
            condition = parse_condition(item["when"], present, where)
            happened = happened & condition.holds(frame, options, ledger.path, zones)
        part = pd.DataFrame({"event_time": times[item["time"]][happened]})
        parts.append(part.assign(touchpoint=item["name"], order=position))
        ledger.note(f"{count(int(happened.sum()))} events '{item['name']}' from column '{item['time']}'")
    events = pd.concat(parts)
    frame = ledger.drop(frame, ~frame.index.isin(events.index), f"without any of the {len(items)} touchpoints")
    ledger.note(f"{count(len(frame))} rows gave {count(len(events))} events")
    rows = frame.loc[events.index]
    events.insert(0, "customer_id", known_text(rows[mapped.named["customer_id"]]))
    first = ~events.index.duplicated()
    events = _complete(events.astype({"touchpoint": "str"}), rows, mapped, constants, ledger, options)
    if "value" in events:
        events["value"] = events["value"].where(first)
        ledger.note(
            "the value of a row stands on the first of its touchpoints in the listed order, so that sums are right"
        )
    return events.sort_index(kind="stable"), len(frame)


def _complete(
    events: pd.DataFrame,
    rows: pd.DataFrame,
    mapped: Mapped,
    constants: dict[str, str],
    ledger: Ledger,
    options: EventOptions,
) -> pd.DataFrame:
    """Add constants, optional and extra columns, in the order of the contract."""
    wanted = {name: role for name, role in ROLES.items() if not role.required and name not in events}
    unique = ~rows.index.duplicated()
    found = optional_columns(rows[unique], mapped, wanted, ledger, options)
    repeat = None if unique.all() else rows.index
    added = {name: values if repeat is None else values.loc[repeat] for name, values in found.items()}
    columns: dict[str, object] = {name: events[name] for name in events}
    columns |= {name: values.array for name, values in added.items()}
    columns |= {
        name: pd.array(np.full(len(events), value, dtype=object), dtype="str") for name, value in constants.items()
    }
    columns |= {name: known_text(rows[name]).array for name in mapped.extra}
    order = [name for name in ROLES if name in columns] + [name for name in columns if name not in ROLES]
    return pd.DataFrame({name: columns[name] for name in order}, index=events.index)


def _drop_empty(ledger: Ledger, frame: pd.DataFrame, mapped: Mapped, name: str) -> pd.DataFrame:
    """Leave out rows without an entry in a required column."""
    column = mapped.named[name]
    empty = (frame[column].str.strip() == "").to_numpy()
    label = column if column == name else f"{name} ({column})"
    frame = ledger.drop(frame, empty, f"without {label}")
    return ledger.drop_placeholders(frame, column, label) if name == "customer_id" else frame
