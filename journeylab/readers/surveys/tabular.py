"""Any table of survey answers: one row an answer, or one row a person with a column an item."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from journeylab.contracts import TABLES
from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.readers.columns import Mapped, convert, map_columns, optional_columns, select_rows
from journeylab.readers.files import RawTable, read_file
from journeylab.readers.ledger import Ledger
from journeylab.readers.options import TableOptions
from journeylab.readers.surveys.instruments import SCALES, is_better_high, scale_of
from journeylab.readers.values import known_text, parse_numbers
from journeylab.tables import ImportReport, validate
from journeylab.text import count

ROLES = {column.name: column for column in TABLES["responses"].columns}
CONSTANT = ("instrument", "scale_min", "scale_max", "higher_is_better", "touchpoint", "stage")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SurveyOptions(TableOptions):
    """Options of survey tables, beside those of every table.

    Attributes
    ----------
    shape : str
        "long" (one row an answer) or "wide" (`items`).
    instrument : str, optional
        nps, csat, ces, sus, stars, seq, umux_lite, pssuq, completion or another name; the scales of these are known.
    scale_min, scale_max : float, optional
    higher_is_better : bool, optional
        Where not said true, but for pssuq and task_time.
    touchpoint, stage : str, optional
        What all answers are about.
    items : mapping, optional
        Of a wide file: column to the name of the item.
    """

    shape: str = "long"
    instrument: str | None = None
    scale_min: float | None = None
    scale_max: float | None = None
    higher_is_better: bool | None = None
    touchpoint: str | None = None
    stage: str | None = None
    items: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._one_of("shape", ("long", "wide"))
        for name in ("instrument", "touchpoint", "stage"):
            self._typed(name, str, "text")
        for name in ("scale_min", "scale_max"):
            self._typed(name, (int, float), "a number")
        self._typed("higher_is_better", bool, "true or false")
        self._mapping("items")
        if (self.shape == "wide") != bool(self.items):
            raise StudyError("option items: belongs to shape = 'wide', such as items = {q1 = 'I would use it often'}.")
        if self.scale_min is not None and self.scale_max is not None and self.scale_min >= self.scale_max:
            raise StudyError(
                f"option scale_max: found {self.scale_max}, expected more than scale_min, {self.scale_min}."
            )


def read(path: str | Path, options: SurveyOptions) -> tuple[pd.DataFrame, ImportReport]:
    """Read a table of survey answers.

    Returns
    -------
    responses : DataFrame
        The contract table; response_time is NaT where it is not known.
    report : ImportReport
        Counts rows of the file, also where one row holds several items.

    Raises
    ------
    DataError
        When a column or the scale is missing, or no row can be used.
    """
    raw = read_file(path, options)
    ledger = Ledger(raw, source=options.source, format="tabular", table="responses")
    mapped = _map(raw, options)
    frame = select_rows(ledger, options)
    people = mapped.named["respondent_id"]
    frame = ledger.drop(
        frame, (frame[people].str.strip() == "").to_numpy(), f"without {_label('respondent_id', people)}"
    )
    if options.shape == "wide":
        cells, items, frame = _wide(frame, ledger, options)
    else:
        cells, items, frame = _long(frame, mapped, ledger, options)
    responses = _assemble(cells, items, frame, mapped, ledger, options)
    report = ledger.close(frame.index.nunique())
    validate(responses, "responses", ledger.path)
    return responses.reset_index(drop=True), report


def _map(raw: RawTable, options: SurveyOptions) -> Mapped:
    """Find the columns; constants and what has a default need none."""
    optional = {"item", "response_time", "instrument", "scale_min", "scale_max", "higher_is_better"}
    if options.shape == "wide":
        optional.add("score")
    roles = [dataclasses.replace(role, required=role.required and name not in optional) for name, role in ROLES.items()]
    given = [name for name in CONSTANT if getattr(options, name) is not None and name not in options.columns]
    if options.shape == "wide":
        given += ["score", "item"]
    mapped = map_columns(raw, roles, options, given=given, used=options.items or ())
    if options.instrument is None and "instrument" not in mapped:
        raise DataError(
            f"{raw.path}: which instrument is this? Say it with instrument = 'nps', 'csat', 'ces', 'sus' or a name."
        )
    present = [str(column) for column in raw.frame.columns]
    for column in options.items or ():
        if column not in present:
            raise DataError(
                f"{raw.path}: option items: the file has no column '{column}'; it has {listing(present, 40)}."
                + did_you_mean(column, present)
            )
    return mapped


def _long(
    frame: pd.DataFrame, mapped: Mapped, ledger: Ledger, options: SurveyOptions
) -> tuple[pd.Series, pd.Series | None, pd.DataFrame]:
    """One row an answer: scores, items, and the rows that they stand in."""
    column = mapped.named["score"]
    frame = ledger.drop(frame, (frame[column].str.strip() == "").to_numpy(), f"without an answer ({column} is empty)")
    scores, bad = parse_numbers(frame[column], options.decimal)
    frame = ledger.drop(frame, bad, f"with a {column} that is no number", column)
    scores = scores[~bad]
    low, high = _scale(frame, mapped, ledger, options)
    outside = ((scores < low) | (scores > high)).to_numpy()
    frame = ledger.drop(frame, outside, f"with a {column} outside of {_range(low, high)}", column)
    items = known_text(frame[mapped.named["item"]]) if "item" in mapped else None
    return scores[~outside], items, frame


def _wide(
    frame: pd.DataFrame, ledger: Ledger, options: SurveyOptions
) -> tuple[pd.Series, pd.Series | None, pd.DataFrame]:
    """One row a person: scores, items, and for each the row it stands in."""
    low, high = _scale(frame, Mapped({}, frozenset()), ledger, options)
    scores, items = [], []
    for column, item in (options.items or {}).items():
        values, bad = parse_numbers(frame[column], options.decimal)
        ledger.note_cells(frame[column][bad], f"answers in '{column}' are no numbers and were left out")
        outside = (values < low) | (values > high)
        ledger.note_cells(
            frame[column][outside], f"answers in '{column}' are outside of {_range(low, high)} and were left out"
        )
        values = values[values.notna() & ~outside]
        scores.append(values)
        items.append(pd.Series(item, index=values.index, dtype="str"))
    score, item_names = pd.concat(scores), pd.concat(items)
    order = np.argsort(score.index.to_numpy(), kind="stable")
    frame = ledger.drop(frame, ~frame.index.isin(score.index), "without an answer to any item")
    score, item_names = score.iloc[order], item_names.iloc[order]
    ledger.note(f"{count(len(frame))} rows gave {count(len(score))} answers to {len(options.items or {})} items")
    return score, item_names, frame.loc[score.index]


def _scale(
    frame: pd.DataFrame, mapped: Mapped, ledger: Ledger, options: SurveyOptions
) -> tuple[pd.Series | float, pd.Series | float]:
    """The ends of the scale: of all answers, or of each."""
    ends: list[pd.Series | float] = []
    for position, name in enumerate(("scale_min", "scale_max")):
        given = getattr(options, name)
        if name in mapped:
            column = frame[mapped.named[name]]
            values, bad = parse_numbers(column, options.decimal)
            wrong = bad | values.isna()
            if wrong.any():
                raise DataError(
                    f"{ledger.path}: row {frame.index[wrong][0]}, column {column.name}: needs a number in every row."
                )
            ends.append(values)
        elif given is not None:
            ends.append(float(given))
        elif (known := scale_of(options.instrument)) is not None:
            ends.append(known[position])
        else:
            raise DataError(
                f"{ledger.path}: which scale? Say it with scale_min and scale_max, such as scale_min = 1, scale_max = 5; "
                f"only those of {listing(SCALES)} are known."
            )
    return ends[0], ends[1]


def _assemble(
    scores: pd.Series,
    items: pd.Series | None,
    rows: pd.DataFrame,
    mapped: Mapped,
    ledger: Ledger,
    options: SurveyOptions,
) -> pd.DataFrame:
    """Put the contract table together; `rows` stand beside `scores`, one to one."""
    index = scores.index
    constants = {name: getattr(options, name) for name in CONSTANT if name not in mapped}
    low, high = _scale(rows, mapped, ledger, options)
    constants |= {"scale_min": low, "scale_max": high}
    if constants.get("higher_is_better") is None and "higher_is_better" not in mapped:
        constants["higher_is_better"] = is_better_high(options.instrument)
    columns: dict[str, object] = {"respondent_id": known_text(rows[mapped.named["respondent_id"]]), "score": scores}
    columns["response_time"] = _times(rows, mapped, ledger, options)
    for name in ("instrument", "touchpoint", "stage"):
        if constants.get(name) is not None:
            columns[name] = pd.Series(constants[name], index=index, dtype="str")
        elif name in mapped:
            columns[name] = known_text(rows[mapped.named[name]])
    columns |= {name: constants[name] for name in ("scale_min", "scale_max")}
    if "higher_is_better" in mapped:
        columns["higher_is_better"] = _flags(rows[mapped.named["higher_is_better"]], ledger)
    else:
        columns["higher_is_better"] = constants["higher_is_better"]
    instrument = columns["instrument"]
    columns["item"] = instrument if items is None else items.fillna(instrument)
    once = rows[~rows.index.duplicated()]
    for name, values in optional_columns(once, mapped, {"verbatim": ROLES["verbatim"]}, ledger, options).items():
        columns[name] = values.loc[index]
    columns |= {name: known_text(rows[name]) for name in mapped.extra}
    order = [name for name in ROLES if name in columns] + [name for name in columns if name not in ROLES]
    frame = pd.DataFrame({name: getattr(columns[name], "array", columns[name]) for name in order}, index=index)
    return frame.astype({"scale_min": "float64", "scale_max": "float64"})


def _times(rows: pd.DataFrame, mapped: Mapped, ledger: Ledger, options: SurveyOptions) -> pd.Series:
    """When each answer was given; unknown times are noted, the answers stay."""
    if "response_time" not in mapped:
        ledger.note("the file does not say when the answers were given (no response_time)")
        return pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us, UTC]")
    text = rows[mapped.named["response_time"]]
    times, bad = convert(text, ROLES["response_time"], ledger, options)
    once = ~text.index.duplicated()
    ledger.note_cells(
        text[once & bad.to_numpy()], f"values of '{text.name}' are no times; the answers are kept without one"
    )
    return times


def _flags(text: pd.Series, ledger: Ledger) -> pd.Series:
    flags, _ = convert(text, ROLES["higher_is_better"], ledger, TableOptions())
    if flags.isna().any():
        row = text.index[flags.isna()][0]
        raise DataError(
            f"{ledger.path}: row {row}, column {text.name}: found {text[row]!r}, needs yes or no in every row."
        )
    return flags.astype("bool")


def _range(low: pd.Series | float, high: pd.Series | float) -> str:
    return f"{low:g} to {high:g}" if isinstance(low, float) and isinstance(high, float) else "its scale"


def _label(name: str, column: str) -> str:
    return name if column == name else f"{name} ({column})"
