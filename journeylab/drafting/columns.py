"""Which column of somebody's table is which: told by its heading, or asked for."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable, Mapping

import pandas as pd

from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.readers.files import RawTable
from journeylab.readers.options import TableOptions
from journeylab.readers.times import looks_like_times, parse_times

HEADINGS = {
    "customer_id": "customer_id customer customerid client_id client clientid user_id userid user visitor_id visitor "
    "visitorid full_visitor_id fullvisitorid user_pseudo_id member_id member account_id person_id household_id shopper_id "
    "anonymous_id cookie_id device_id session_id case_id",
    "event_time": "event_time timestamp event_timestamp time datetime date_time occurred_at created_at event_date date "
    "when ts at hit_time server_time viewed_at started_at",
    "touchpoint": "touchpoint page_url page_path page url path page_location screen screen_name page_title event_name "
    "event action activity step event_type type title name",
    "channel": "channel",
    "device": "device device_type device_category device_class",
    "document_id": "document_id document interview_id interview doc_id doc transcript participant_id participant "
    "respondent_id respondent person review_id id",
    "code": "code codes code_name theme tag label topic category",
    "text": "text quote verbatim excerpt passage segment comment content answer sentence",
    "coder": "coder rater analyst researcher coded_by annotator",
    "stage": "stage journey_stage phase",
    "valence": "valence sentiment polarity",
}
"""Headings by what they mean, the likeliest first."""

LIKELY = {
    "customer_id": r"(?:customer|user|visitor|client|member|shopper|kunden?|besucher)(?:_?(?:no|nr|number|nummer|key|hash))?",
    "event_time": r".*(?:time|timestamp|date|_at|zeit|datum)",
    "touchpoint": r".*(?:page|event|contact|action|screen|activity|seite|ereignis).*",
    "document_id": r".*(?:interview|participant|respondent).*",
    "code": r".*(?:code|theme|tag)s?",
}
"""Where no usual heading is there: what one that means a role looks like."""

EVENTS, QUOTES = (
    ("customer_id", "event_time", "touchpoint", "channel", "device"),
    ("document_id", "code", "text", "coder"),
)
NEEDED = {"customer_id", "event_time", "touchpoint", "document_id", "code"}
UNIX = {10: "unix", 13: "unix_ms", 16: "unix_us"}


@dataclasses.dataclass(frozen=True)
class Columns:
    """The columns of a table.

    Attributes
    ----------
    named : dict of str to str
        Ours to theirs.
    others : dict of str to tuple of str
        Of what was guessed, the columns that might be meant as well.
    unused : tuple of str
        Columns that have no part in it.
    """

    named: dict[str, str]
    others: dict[str, tuple[str, ...]]
    unused: tuple[str, ...] = ()


def find_columns(raw: RawTable, wanted: tuple[str, ...], given: Mapping[str, str]) -> Columns:
    """Find columns by their headings; what is given is taken as it is.

    Raises
    ------
    StudyError
        When a column that is needed cannot be told.
    DataError
        When a given column is not in the file.
    """
    present = [str(column) for column in raw.frame.columns]
    named, others = {}, {}
    for role in wanted:
        if role in given:
            if given[role] not in present:
                raise DataError(
                    f"{raw.path}: --column {role}={given[role]}: the file has no such column; it has "
                    f"{listing(present, 40)}.{did_you_mean(given[role], present)}"
                )
            named[role] = given[role]
            continue
        taken = {*named.values(), *(column for ours, column in given.items() if ours in wanted)}
        free = [column for column in present if column not in taken]
        found = [column for column in _by_heading(free, role) if FITS.get(role, _anything)(raw.frame[column])]
        if role == "event_time" and not found:
            found = [column for column in free if looks_like_times(raw.frame[column], TableOptions())]
        hint = _wide(raw, role, named) if role in NEEDED and not found else ""
        if role == "touchpoint" and not found and not hint:
            found = [column for column in _by_heading(free, role) if _one(raw.frame[column])]
        if found:
            named[role], others[role] = found[0], tuple(found[1:4])
        elif role in NEEDED:
            raise StudyError(
                f"{raw.path}: which column is the {role}? {_why_none(_by_heading(free, role))}; say it with --column "
                f"{role}=YOURS. There are {listing(present, 40)}.{hint}"
            )
    return Columns(named, others, tuple(column for column in present if column not in named.values()))


def time_options(raw: RawTable, column: str) -> tuple[dict[str, str | bool], str]:
    """How the times of a column are written, as far as the cells prove it, and what a person has to say.

    Returns
    -------
    options : dict
        date_format, or day_first.
    question : str
        Empty where nothing is open.
    """
    cells = raw.frame[column].str.strip()
    cells = cells[cells != ""]
    lengths = cells.str.extract(r"^(\d+)(?:\.\d+)?$")[0].str.len()
    if len(cells) and lengths.notna().all() and lengths.nunique() == 1 and int(lengths.iloc[0]) in UNIX:
        return {"date_format": UNIX[int(lengths.iloc[0])]}, ""
    fits = []
    for day_first, mixed in itertools.product((None, True, False), (None, "study")):
        try:
            options = TableOptions(timezone="UTC", day_first=day_first, mixed_zones=mixed)
            bad = parse_times(cells, options, column=column, path=str(raw.path)).bad
        except DataError:
            continue
        said = {"day_first": day_first, "mixed_zones": mixed}
        found = {name: value for name, value in said.items() if value is not None}
        if day_first is None:
            return found, ""
        fits.append((found, int(bad.sum())))
    fits = [one for one in fits if one[1] == min(n for _, n in fits)]
    if len({found["day_first"] for found, _ in fits}) == 1:
        return fits[0][0], ""
    if fits:
        return (
            {},
            f"{column}: is '{cells.iloc[0]}' day or month first? The file does not tell; set day_first in study.toml.",
        )
    return {}, f"{column}: how times such as '{cells.iloc[0]}' are written is not known; set date_format in study.toml."


def _by_heading(present: list[str], role: str) -> list[str]:
    """The columns whose heading means a role, the likeliest first."""
    loose = {_loose(column): column for column in reversed(present)}
    usual = [loose[word] for word in HEADINGS[role].split() if word in loose]
    like = [column for word, column in reversed(loose.items()) if re.fullmatch(LIKELY.get(role, "(?!)"), word)]
    return list(dict.fromkeys([*usual, *like]))


def _wide(raw: RawTable, role: str, named: Mapping[str, str]) -> str:
    """A hint where a table of events has several columns of times, each of them a touchpoint."""
    times = [str(name) for name, cells in raw.frame.items() if looks_like_times(cells, TableOptions())]
    if role != "touchpoint" or len(times) < 2:
        return ""
    return (
        f" Or is each of {listing(times)} the time of one touchpoint? Then the table is wide: begin with `journeylab new DIR` "
        "alone, and say shape = 'wide' (docs/readers.md, order tables)."
    )


def _loose(heading: str) -> str:
    """A heading in small letters with ``_`` between its words."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", heading).lower()).strip("_")


def _anything(cells: pd.Series) -> bool:
    return True


def _many(cells: pd.Series) -> bool:
    """Whether a column tells events apart: more than one word, and not only numbers or times."""
    filled = cells.str.strip()
    filled = filled[filled != ""]
    return (
        filled.nunique() > 1
        and not filled.str.fullmatch(r"[\d.,:\s-]+").all()
        and not looks_like_times(filled, TableOptions())
    )


def _one(cells: pd.Series) -> bool:
    """Whether a column holds one word, which tells what all events are."""
    filled = cells.str.strip()
    filled = filled[filled != ""]
    return (
        filled.nunique() == 1
        and not filled.str.fullmatch(r"[\d.,:\s-]+").any()
        and not looks_like_times(filled, TableOptions())
    )


def _why_none(usual: list[str]) -> str:
    """Why no column was taken, of those that have a usual name."""
    if not usual:
        return "None has a usual name"
    return f"{listing(usual)} {'holds' if len(usual) == 1 else 'hold'} no names of events (numbers, times, or nothing)"


def _filled(cells: pd.Series) -> bool:
    return bool((cells.str.strip() != "").any())


FITS: dict[str, Callable[[pd.Series], bool]] = {"touchpoint": _many, "channel": _filled, "device": _filled}
