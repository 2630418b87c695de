"""A study.toml drafted from a file of events, one of quotes, or both."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from journeylab import new
from journeylab.drafting.codes import DraftedCode, codes_toml, draft_codes
from journeylab.drafting.columns import EVENTS, QUOTES, Columns, find_columns, time_options
from journeylab.drafting.journey import Plan, plan_stages
from journeylab.drafting.toml import numbered, quoted, remark
from journeylab.drafting.touchpoints import draft_touchpoints, goal_toml, outcome_toml, touchpoints_toml
from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.identity import ROBOTIC_EVENTS, placeholders, robots
from journeylab.paths import resolved
from journeylab.readers import FORMATS, CodedStudy, read_codings, read_events
from journeylab.readers.codings.codebook import tidy_path
from journeylab.readers.codings.guess import tell
from journeylab.readers.files import READABLE, RawTable, read_file, suffix_of
from journeylab.readers.options import TableOptions
from journeylab.readers.times import parse_times
from journeylab.readers.values import known_text


@dataclasses.dataclass(frozen=True)
class Drafted:
    """A study that was drafted.

    Attributes
    ----------
    file : Path
        The study.toml.
    notes : tuple of str
        What was found, what is a guess, and what a person has to say.
    """

    file: Path
    notes: tuple[str, ...]


def draft_study(
    folder: str | Path,
    *,
    events: str | Path | None = None,
    quotes: str | Path | None = None,
    format: str = "tabular",
    columns: Mapping[str, str] | None = None,
) -> Drafted:
    """Write a study.toml from somebody's own files; files that lie elsewhere are copied into the study's ``raw/``.

    Parameters
    ----------
    folder : str or Path
    events : str or Path, optional
        What customers did.
    quotes : str or Path, optional
        What customers said: a table of codings, or a project of a coding program.
    format : str
        Of the events; see `journeylab.readers.FORMATS`.
    columns : mapping, optional
        Ours to yours, for columns whose headings do not tell.

    Raises
    ------
    StudyError
        When the folder has a study.toml, a column cannot be told, or the folder cannot be written.
    DataError
        When a file cannot be read.
    """
    folder, given = Path(folder), dict(columns or {})
    file = folder / "study.toml"
    resolved(folder)
    if os.path.lexists(file):
        raise StudyError(
            f"{file}: is there already; nothing was changed. Draft into another folder, and copy from there what you need."
        )
    known = (*EVENTS, *QUOTES)
    for role in given:
        if role not in known:
            raise StudyError(f"--column {role}: unknown; there are {listing(known)}.{did_you_mean(role, known)}")
    name, title = new.name_of(folder)
    notes: list[str] = []
    said, plan = [new.INTERVIEWS], Plan()
    told: list[str] = []
    if quotes is not None:  # first, since they may name the stages
        source = Path(quotes)
        section, codes, plan = _quotes(source, _inside(folder, source), given, told)
        said = [section, codes_toml(codes, plan)]
        loose = sum(code.stage is None for code in codes)
        told.append(f"{numbered(len(codes), 'code')} in [[codes]]; the stage of {loose} is left to you.")
        if plan != Plan():
            told.append(f"[[stages]]: {plan.told}.")
    head, did, draft = new.STUDY.format(name=name, title=title), [_commented(new.EVENTS), new.TOUCHPOINTS], None
    if events is not None:
        source = Path(events)
        section, frame = _events(source, _inside(folder, source), format, given, notes)
        draft = draft_touchpoints(frame, plan)
        did = [section, touchpoints_toml(draft)]
        notes.append(draft.summary())
        head = _robots(head, frame, notes)
    aims = [new.OUTCOMES, new.GOALS] if draft is None else [outcome_toml(draft), goal_toml(draft)]
    parts = [head, plan.toml(), *did, new.LEAVE_OUT, *aims, *said]
    notes += told
    _write(file, "\n".join([*parts, new.REST]), [Path(one) for one in (events, quotes) if one is not None])
    return Drafted(file, tuple(notes))


def _robots(head: str, events: pd.DataFrame, notes: list[str]) -> str:
    """The section [study], with how many customers are as fast as robots beside the key that leaves them out."""
    if "event_time" not in events:
        return head
    fast = robots(events.dropna(subset=["event_time"]))
    if not fast:
        return head
    n = int(events["customer_id"].isin(fast).sum())
    found = f"{numbered(len(fast), 'customer')} with {numbered(n, 'event')}: {ROBOTIC_EVENTS} or more within an hour"
    notes.append(f"robots? {found}; leave_out_robots = true in study.toml leaves them out.")
    return re.sub(r"(?m)^(# leave_out_robots = true +# ).*$", lambda line: f"{line[1]}yours: {found}", head)


def _events(path: Path, place: str, format: str, given: dict[str, str], notes: list[str]) -> tuple[str, pd.DataFrame]:
    """The section [events], and the events: customer_id, touchpoint, and event_time where it can be read."""
    lines = [
        "# What customers did: one row an event. The left side is ours, the right side is your column.",
        "[events]",
    ]
    lines.append(f"path = {quoted(place)}")
    if format != "tabular":
        if format not in FORMATS["events"] or not FORMATS["events"][format].file:
            names = [name for name, known in FORMATS["events"].items() if known.file]
            raise StudyError(f"--format {format}: there are {listing(names, 20)}.{did_you_mean(format, names)}")
        frame, _ = read_events(path, format=format)
        if frame.empty:
            raise DataError(f"{path}: holds no event that can be used, so there is nothing to draft from.")
        return "\n".join([*lines, f"format = {quoted(format)}"]) + "\n", frame
    if suffix_of(path) not in READABLE:
        raise StudyError(
            f"{path}: is no table ({', '.join(READABLE)}); say what wrote it with --format, "
            f"one of {listing([name for name, known in FORMATS['events'].items() if known.export], 20)}."
        )
    raw = read_file(path)
    found = find_columns(raw, EVENTS, given)
    _require_filled(raw, found)
    options, question = time_options(raw, found.named["event_time"])
    for key, value in options.items():
        lines.append(f"{key} = {quoted(value) if isinstance(value, str) else str(value).lower()}")
    if question:
        lines += [f"# {remark(question)}", "# day_first = true"]
        notes.append(f"to decide before a check: {question}")
    lines += ["[events.columns]", *_columns(found), *_unused(found, "channel, device, value and session_id")]
    notes.append(_told(path, found))
    frame = pd.DataFrame({role: known_text(raw.frame[found.named[role]]) for role in ("customer_id", "touchpoint")})
    known = ~placeholders(frame["customer_id"].fillna("-"))
    if not question:
        frame["event_time"] = _times(raw.frame[found.named["event_time"]], options)
    frame = frame[known].dropna(subset=["customer_id", "touchpoint"])
    if frame.empty:
        raise DataError(
            f"{path}: no row has both a customer_id ('{found.named['customer_id']}') and a touchpoint "
            f"('{found.named['touchpoint']}'), so there is nothing to draft from; say other columns with --column."
        )
    if frame["touchpoint"].nunique() == 1:
        notes.append(
            f"{path.name}: '{found.named['touchpoint']}' holds one name only, '{frame['touchpoint'].iloc[0]}'."
        )
    return "\n".join(lines) + "\n", frame


def _require_filled(raw: RawTable, found: Columns) -> None:
    """Refuse events of which a column that is needed is empty in every row."""
    for role in ("customer_id", "event_time", "touchpoint"):
        column = found.named[role]
        if not (raw.frame[column].str.strip() != "").any():
            raise DataError(
                f"{raw.path}: column '{column}' ({role}) is empty in every row; export the events with it, or say another "
                f"column with --column {role}=YOURS."
            )


def _times(cells: pd.Series, options: dict[str, str | bool]) -> pd.Series:
    """The times of events, to know their order; none where they cannot be read."""
    try:
        return parse_times(cells, TableOptions(timezone="UTC", **options), column="event_time", path="").values  # type: ignore[arg-type]
    except DataError:
        return pd.Series(pd.NaT, index=cells.index, dtype="datetime64[us, UTC]")


def _quotes(path: Path, place: str, given: dict[str, str], notes: list[str]) -> tuple[str, list[DraftedCode], Plan]:
    """The section [interviews], what is known of its codes, and the stages that the quotes speak of."""
    lines = ["# What customers said: one row a coding.", "[interviews]", f"path = {quoted(place)}"]
    if suffix_of(path) not in READABLE or path.is_dir():
        return "\n".join(lines) + "\n", _coded(read_codings(path)), Plan()
    raw = read_file(path)
    if not given and tell([str(column) for column in raw.frame.columns]) != "tabular":
        return "\n".join(lines) + "\n", _coded(read_codings(path)), Plan()
    found = find_columns(raw, (*QUOTES, "stage", "valence"), given)
    ours = {role: column for role, column in found.named.items() if role in QUOTES}
    coded = read_codings(path, format="tabular", columns=ours)
    codings = pd.DataFrame(
        {role: raw.frame[found.named[role]] for role in ("code", "stage", "valence") if role in found.named}
    )
    codings["code"] = codings["code"].map(tidy_path)
    lines += ["[interviews.columns]", *_columns(Columns(ours, found.others)), *_unused(found, "start, end and memo")]
    notes.append(_told(path, Columns(ours, found.others)))
    used = [found.named[role] for role in ("stage", "valence") if role in found.named]
    if used:
        notes.append(f"{path.name}: {listing(used)} belong to a code, not to a coding, and became [[codes]].")
    plan = plan_stages(codings["stage"]) if "stage" in codings else Plan()
    return "\n".join(lines) + "\n", draft_codes([str(code) for code in coded.codes["path"]], codings, plan), plan


def _coded(coded: CodedStudy) -> list[DraftedCode]:
    """Codes of a coding program's file, by how often they were used."""
    paths = coded.codes.set_index("code_id")["path"]
    codings = pd.DataFrame({"code": coded.codings["code_id"].map(paths)})
    return draft_codes([str(path) for path in paths[paths.index.isin(coded.codings["code_id"])]], codings)


def _columns(found: Columns) -> list[str]:
    lines = []
    for role, column in found.named.items():
        others = found.others.get(role, ())
        also = f"  # or is it {remark(' or '.join(others))}?" if others else ""
        lines.append(f"{role} = {quoted(column)}{also}")
    return lines


def _unused(found: Columns, known: str) -> list[str]:
    """A comment that names the columns that are not used."""
    if not found.unused:
        return []
    return [f"# Not used: {remark(listing(found.unused, 40), 400)}. Ours are also {known}: docs/readers.md."]


def _told(path: Path, found: Columns) -> str:
    pairs = ", ".join(f"{role} = '{column}'" for role, column in found.named.items())
    return f"{path.name}: columns by their headings: {pairs}; mend them in study.toml where this is wrong."


def _commented(section: str) -> str:
    """A section that a study does not use yet, every line of it as a comment."""
    return "".join(
        f"{line if line.startswith('#') or not line.strip() else f'# {line}'}" for line in section.splitlines(True)
    )


def _inside(folder: Path, source: Path) -> str:
    """How study.toml names a file: where it lies within the study, or will lie in its ``raw/``."""
    here, there = resolved(folder), resolved(source)
    place = there.relative_to(here).as_posix() if there.is_relative_to(here) else f"raw/{source.name}"
    if any("\ud800" <= sign <= "\udfff" for sign in place):
        raise StudyError(f"{source}: its name is not UTF-8 text, which study.toml cannot hold; rename it.")
    return place


def _write(file: Path, text: str, sources: list[Path]) -> None:
    """Write study.toml and copy the files that lie elsewhere; nothing that is there is replaced."""
    folder = file.parent
    copies = [(source, folder / "raw" / source.name) for source in sources]
    copies = [(source, to) for source, to in copies if not resolved(source).is_relative_to(resolved(folder))]
    for source, to in copies:
        if os.path.lexists(to) or sum(other == to for _, other in copies) > 1:
            raise StudyError(f"{to}: is there already; rename {source} or remove the other. Nothing was changed.")
    new.begin(file, text, {to: source for source, to in copies})
