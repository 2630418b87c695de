"""Qualtrics: responses as .csv, .tsv or .xlsx, with three rows of headings, numeric values or choice texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from journeylab.contracts import TABLES
from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.readers.columns import select_rows
from journeylab.readers.files import read_file
from journeylab.readers.ledger import Ledger, shorten
from journeylab.readers.options import check_timezone
from journeylab.readers.surveys.choices import choice_numbers
from journeylab.readers.surveys.instruments import SCALES, is_better_high, scale_of
from journeylab.readers.surveys.qualtrics_head import EXTRA, PERSONAL, Head, plain_word, read_head
from journeylab.readers.surveys.qualtrics_options import Asked, QualtricsOptions
from journeylab.readers.times import parse_times
from journeylab.readers.values import known_text, parse_flags, parse_numbers, settle
from journeylab.tables import ImportReport, validate
from journeylab.text import count

ADDRESS = r"^\s*(?:[^@\s]+@[^@\s]+\.[^@\s]+|\d{1,3}(?:\.\d{1,3}){3})\s*$"
NOT_REAL = {1: "survey previews", 2: "survey tests", 8: "marked as spam"}
"""What a status says by its bits; in words it holds "preview", "test" or "spam"."""

OPTIONS = QualtricsOptions


def read(path: str | Path, options: QualtricsOptions) -> tuple[pd.DataFrame, ImportReport]:
    """Read the responses, one row each, into one row an answer.

    Returns
    -------
    responses : DataFrame
        The contract table, with finished, progress and distribution_channel where the file has them.
    report : ImportReport
        Counts responses; the rows of headings are none.

    Raises
    ------
    DataError
        When the file is no Qualtrics export, a column or scale is missing, or no response can be used.

    Notes
    -----
    Times are in the zone that the third row of headings names. Previews, tests and spam are dropped. Questions that no
    instrument names are left out, unless `keep` names them, and names, addresses and places are never kept.
    """
    head = read_head(read_file(path, options))
    ledger = Ledger(head.raw, source=options.source, format="qualtrics", table="responses")
    asked = _asked(head, options)
    people = options.columns.get("respondent_id") or head.find("ResponseId")
    if people is not None and people not in head.present:
        raise DataError(
            f"{head.raw.path}: option columns.respondent_id: the file has no column '{people}'; it has "
            f"{listing(head.present, 40)}.{did_you_mean(people, head.present)}"
        )
    if people is None:
        raise DataError(
            f"{head.raw.path}: has no column ResponseId; say with columns.respondent_id who answered. There are "
            f"{listing(head.present, 40)}."
        )
    frame = _real(select_rows(ledger, options), head, ledger, options)
    frame = ledger.drop(frame, (frame[people].str.strip() == "").to_numpy(), f"without respondent_id ({people})")
    parts = [_answers(frame, one, ledger) for one in asked]
    answers = pd.concat(parts).sort_index(kind="stable") if parts else pd.DataFrame()
    frame = ledger.drop(frame, ~frame.index.isin(answers.index), "without an answer to any item")
    ledger.note(
        f"{count(len(frame))} responses gave {count(len(answers))} answers to {sum(len(one.items) for one in asked)} items"
    )
    told = pd.DataFrame(
        {"respondent_id": known_text(frame[people]), "response_time": _times(frame, head, ledger, options)}
    )
    told = told.join(_extra(frame, head, {people, *_used(asked)}, ledger, options))
    rows = answers.index
    beside = told.loc[rows]
    columns = {name: beside[name].array for name in told} | {name: answers[name].array for name in answers}
    order = [name for name in TABLES["responses"].names if name in columns]
    responses = pd.DataFrame(
        {name: columns[name] for name in [*order, *(c for c in columns if c not in order)]}, index=rows
    )
    report = ledger.close(len(frame))
    validate(responses.rename_axis("row"), "responses", ledger.path)
    return responses.reset_index(drop=True), report


def _real(frame: pd.DataFrame, head: Head, ledger: Ledger, options: QualtricsOptions) -> pd.DataFrame:
    """The responses that people gave: no previews, tests and spam."""
    status, channel, finished = (head.find(name) for name in ("Status", "DistributionChannel", "Finished"))
    for bit, what in NOT_REAL.items():
        word = what.split()[-1].removesuffix("s")
        gone = pd.Series(False, index=frame.index)
        if status is not None:
            numbers = parse_numbers(frame[status])[0]
            gone |= numbers.fillna(0).clip(0, 255).astype("int64") & bit > 0
            gone |= frame[status].str.contains(word, case=False, regex=False)
        if channel is not None:
            gone |= frame[channel].str.strip().str.lower() == word
        frame = ledger.drop(frame, gone, f"that are {what}", status or channel)
    if finished is not None:
        done = parse_flags(frame[finished])[0].fillna(True).astype("bool")
        if options.unfinished == "drop":
            frame = ledger.drop(frame, ~done, "that were not finished (option unfinished = 'keep' reads them)")
        elif not done.all():
            ledger.note(
                f"{count(int((~done).sum()))} responses were not finished and are kept; unfinished = 'drop' drops them"
            )
    return frame


def _asked(head: Head, options: QualtricsOptions) -> list[Asked]:
    """The instruments that the options name, else the one question that Qualtrics marks as NPS."""
    if options.instruments:
        return [_one(head, name, dict(said), options) for name, said in options.instruments.items()]
    if options.items:
        return [_one(head, str(options.instrument), {"items": options.items}, options)]
    marked = [column for column in head.present if f"{column}_NPS_GROUP" in head.present]
    if len(marked) != 1 or (options.instrument and scale_of(options.instrument) not in (None, SCALES["nps"])):
        raise DataError(
            f"{head.raw.path}: which columns are which instrument? Say it with instruments = {{nps = {{columns = ['Q1']}}}}, or "
            f"with instrument and items. There are {head.questions()}."
        )
    low, high = SCALES["nps"]
    said = {"columns": marked, "scale_min": low, "scale_max": high}
    return [_one(head, options.instrument or "nps", said, options)]


def _one(head: Head, name: str, said: dict[str, Any], options: QualtricsOptions) -> Asked:
    """One instrument, with what is said of it, of all, or known."""

    def setting(key: str) -> Any:
        return said[key] if said.get(key) is not None else getattr(options, key)

    items = dict(said.get("items") or {})
    if not items:
        columns = [found for column in said["columns"] for found in _expand(column, head)]
        items = {column: name if len(columns) == 1 else column for column in columns}
    verbatim = said.get("verbatim") or options.columns.get("verbatim")
    for column in [*items, *([verbatim] if verbatim else [])]:
        if column not in head.present:
            raise DataError(
                f"{head.raw.path}: instrument '{name}': the file has no column '{column}'; there are {head.questions()}."
                + did_you_mean(column, head.present)
            )
        if column.endswith("_NPS_GROUP"):
            raise DataError(
                f"{head.raw.path}: instrument '{name}': '{column}' holds groups, not answers; name "
                f"'{column.removesuffix('_NPS_GROUP')}'."
            )
    known = scale_of(name) or (None, None)
    low, high = (setting(key) if setting(key) is not None else known[place] for place, key in
                 enumerate(("scale_min", "scale_max")))  # fmt: skip
    if low is None or high is None:
        raise DataError(
            f"{head.raw.path}: instrument '{name}': which scale? Say it with scale_min and scale_max; only those of "
            f"{listing(SCALES)} are known."
        )
    if not low < high:
        raise StudyError(f"instrument '{name}': scale_max is {high}, expected more than scale_min, {low}.")
    better = setting("higher_is_better")
    return Asked(
        name,
        items,
        float(low),
        float(high),
        is_better_high(name) if better is None else better,
        setting("touchpoint"),
        setting("stage"),
        verbatim,
        {**(options.values or {}), **(said.get("values") or {})},
    )


def _expand(column: str, head: Head) -> list[str]:
    """A column, or those of a matrix question: `Q3` stands for `Q3_1`, `Q3_2` and so on."""
    if column in head.present:
        return [column]
    parts = [other for other in head.present if re.fullmatch(re.escape(column) + r"_\d+", other)]
    return sorted(parts, key=lambda part: int(part.rpartition("_")[2])) or [column]


def _answers(frame: pd.DataFrame, asked: Asked, ledger: Ledger) -> pd.DataFrame:
    """The answers to one instrument: index row, in the order of its items."""
    parts = []
    # pssuq agrees downwards; of other scales that are turned round nobody knows which way their words go
    usual = 1 if asked.higher_is_better else -1 if not is_better_high(asked.name) else 0
    for column, item in asked.items.items():
        text = frame[column]
        scores, bad, how = choice_numbers(text, asked.values, (asked.low, asked.high), usual)
        if how:
            ledger.note(f"choice texts of '{column}' were read as numbers {how}")
        ledger.note_cells(
            text[bad], f"answers in '{column}' are no numbers and were left out (option values says what texts mean)"
        )
        outside = (scores < asked.low) | (scores > asked.high)
        ledger.note_cells(
            text[outside], f"answers in '{column}' are outside of {asked.low:g} to {asked.high:g} and were left out"
        )
        scores = scores[scores.notna() & ~outside]
        parts.append(pd.DataFrame({"item": pd.Series(item, index=scores.index, dtype="str"), "score": scores}))
    answers = pd.concat(parts)
    answers["instrument"] = pd.Series(asked.name, index=answers.index, dtype="str")
    answers["scale_min"], answers["scale_max"] = asked.low, asked.high
    answers["higher_is_better"] = asked.higher_is_better
    for name, value in (("touchpoint", asked.touchpoint), ("stage", asked.stage)):
        if value is not None:
            answers[name] = pd.array([value] * len(answers), dtype="str")
    if asked.verbatim is not None:
        answers["verbatim"] = known_text(frame[asked.verbatim]).loc[answers.index].array
    return answers


def _used(asked: Sequence[Asked]) -> set[str]:
    """The columns that instruments use."""
    return {column for one in asked for column in (*one.items, one.verbatim) if column}


def _times(frame: pd.DataFrame, head: Head, ledger: Ledger, options: QualtricsOptions) -> pd.Series:
    """When each response ended, in UTC."""
    column = options.columns.get("response_time") or next(
        (found for name in ("EndDate", "RecordedDate", "StartDate") if (found := head.find(name))), None
    )
    if column is None:
        ledger.note("the file does not say when the answers were given (no EndDate)")
        return pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]")
    if column not in head.present:
        raise DataError(
            f"{ledger.path}: option columns.response_time: the file has no column '{column}'; it has "
            f"{listing(head.present, 40)}.{did_you_mean(column, head.present)}"
        )
    zone = str(head.marks.get(column, {}).get("timeZone") or "")
    zone = "UTC" if zone == "Z" else zone
    try:
        check_timezone(zone or "UTC")
    except StudyError:
        ledger.note(f"the file names a zone that nobody knows, {shorten(zone)}")
        zone = ""
    if zone and options.timezone not in (None, zone):
        ledger.note(f"times are in {zone}, as the file says")
    times = parse_times(frame[column], options, column=column, path=ledger.path, timezone=zone or None)
    for note in times.notes:
        ledger.note(note)
    ledger.note_cells(frame[column][times.bad], f"values of '{column}' are no times; the answers are kept without one")
    return times.values


def _extra(frame: pd.DataFrame, head: Head, used: set[str], ledger: Ledger, options: QualtricsOptions) -> pd.DataFrame:
    """What else is kept: how far people came and by which channel, and the columns that `keep` names."""
    columns: dict[str, Any] = {}
    for name, ours in EXTRA.items():
        found = head.find(name)
        if found is not None:
            columns[ours] = settle(frame[found])
    for column in options.keep or ():
        if column not in head.present:
            raise DataError(
                f"{ledger.path}: option keep: the file has no column '{column}'; there are {head.questions()}."
                + did_you_mean(column, head.present)
            )
        marks = {plain_word(column), plain_word(head.marks.get(column, {}).get("ImportId", ""))}
        what = next((PERSONAL[mark] for mark in marks if mark in PERSONAL), None)
        if what is not None:
            raise DataError(
                f"{ledger.path}: option keep: '{column}' is a person's {what}, which is not kept; map it as "
                "columns.respondent_id if it is the id to link by, and pseudonymise it first."
            )
        filled = frame[column][frame[column].str.strip() != ""]
        if len(filled) and filled.str.match(ADDRESS).mean() > 0.5:
            ledger.note(f"column '{column}' holds e-mail or IP addresses and was left out")
            continue
        columns[column] = settle(frame[column])
    present = set(head.present)
    personal = [column for column in head.present if plain_word(column) in PERSONAL and column not in used]
    if personal:
        ledger.note(f"columns that say who somebody is were left out: {listing(personal)}")
    rest = present - used - set(personal) - set(options.keep or ()) - {head.find(name) for name in EXTRA}
    if rest:
        ledger.note(f"{len(rest)} further columns were left out; keep names those that are wanted")
    return pd.DataFrame(columns, index=frame.index)
