"""A study.toml drafted from a file of events, one of quotes, or both."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from journeylab import new
from journeylab.config import DEFAULT_STAGES
from journeylab.drafting.codes import DraftedCode, codes_toml, draft_codes
from journeylab.drafting.columns import EVENTS, QUOTES, Columns, find_columns, time_options
from journeylab.drafting.toml import numbered, quoted, remark
from journeylab.drafting.touchpoints import Draft, draft_touchpoints, outcome_toml, touchpoints_toml
from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.readers import FORMATS, CodedStudy, read_codings, read_events
from journeylab.readers.codings.codebook import tidy_path
from journeylab.readers.codings.guess import tell
from journeylab.readers.files import READABLE, read_file, suffix_of
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
    if file.exists():
        raise StudyError(
            f"{file}: is there already; nothing was changed. Draft into another folder, and copy from there what you need."
        )
    known = (*EVENTS, *QUOTES)
    for role in given:
        if role not in known:
            raise StudyError(f"--column {role}: unknown; there are {listing(known)}.{did_you_mean(role, known)}")
    name, title = new.name_of(folder)
    notes: list[str] = []
    parts = [new.STUDY.format(name=name, title=title), _stages()]
    draft = None
    if events is not None:
        source = Path(events)
        section, draft = _events(source, _inside(folder, source), format, given, notes)
        parts += [section, touchpoints_toml(draft)]
        notes.append(draft.summary())
    else:
        parts += [_commented(new.EVENTS), new.TOUCHPOINTS]
    parts += [new.LEAVE_OUT, new.OUTCOMES if draft is None else outcome_toml(draft), new.GOALS]
    if quotes is not None:
        source = Path(quotes)
        section, codes = _quotes(source, _inside(folder, source), given, notes)
        parts += [section, codes_toml(codes)]
        loose = sum(code.stage is None for code in codes)
        notes.append(f"{numbered(len(codes), 'code')} in [[codes]]; the stage of {loose} is left to you.")
    else:
        parts.append(new.INTERVIEWS)
    _write(file, "\n".join([*parts, new.REST]), [Path(one) for one in (events, quotes) if one is not None])
    return Drafted(file, tuple(notes))


def _stages() -> str:
    lines = [
        "# The stages of the journey, in order: these are the five of the literature. Rename, remove or add your own."
    ]
    for stage in DEFAULT_STAGES:
        lines += ["[[stages]]", f"name = {quoted(stage)}", '# goal = "what the customer wants here"']
    return "\n".join(lines) + "\n"


def _events(path: Path, place: str, format: str, given: dict[str, str], notes: list[str]) -> tuple[str, Draft]:
    """The section [events], and rules for its touchpoints."""
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
        return "\n".join([*lines, f"format = {quoted(format)}"]) + "\n", draft_touchpoints(frame)
    if suffix_of(path) not in READABLE:
        raise StudyError(
            f"{path}: is no table ({', '.join(READABLE)}); say what wrote it with --format, "
            f"one of {listing([name for name, known in FORMATS['events'].items() if known.export], 20)}."
        )
    raw = read_file(path)
    found = find_columns(raw, EVENTS, given)
    options, question = time_options(raw, found.named["event_time"])
    for key, value in options.items():
        lines.append(f"{key} = {quoted(value) if isinstance(value, str) else str(value).lower()}")
    if question:
        lines += [f"# {remark(question)}", "# day_first = true"]
        notes.append(f"to decide before a check: {question}")
    lines += ["[events.columns]", *_columns(found)]
    notes.append(_told(path, found))
    frame = pd.DataFrame({role: known_text(raw.frame[found.named[role]]) for role in ("customer_id", "touchpoint")})
    return "\n".join(lines) + "\n", draft_touchpoints(frame.dropna())


def _quotes(path: Path, place: str, given: dict[str, str], notes: list[str]) -> tuple[str, list[DraftedCode]]:
    """The section [interviews], and what is known of its codes."""
    lines = ["# What customers said: one row a coding.", "[interviews]", f"path = {quoted(place)}"]
    if suffix_of(path) not in READABLE or path.is_dir():
        return "\n".join(lines) + "\n", _coded(read_codings(path))
    raw = read_file(path)
    if not given and tell([str(column) for column in raw.frame.columns]) != "tabular":
        return "\n".join(lines) + "\n", _coded(read_codings(path))
    found = find_columns(raw, (*QUOTES, "stage", "valence"), given)
    ours = {role: column for role, column in found.named.items() if role in QUOTES}
    coded = read_codings(path, format="tabular", columns=ours)
    codings = pd.DataFrame(
        {role: raw.frame[found.named[role]] for role in ("code", "stage", "valence") if role in found.named}
    )
    codings["code"] = codings["code"].map(tidy_path)
    lines += ["[interviews.columns]", *_columns(Columns(ours, found.others))]
    notes.append(_told(path, Columns(ours, found.others)))
    used = [found.named[role] for role in ("stage", "valence") if role in found.named]
    if used:
        notes.append(f"{path.name}: {listing(used)} belong to a code, not to a coding, and became [[codes]].")
    return "\n".join(lines) + "\n", draft_codes([str(code) for code in coded.codes["path"]], codings)


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
    here, there = folder.resolve(), source.resolve()
    if there.is_relative_to(here):
        return there.relative_to(here).as_posix()
    return f"raw/{source.name}"


def _write(file: Path, text: str, sources: list[Path]) -> None:
    """Copy the files that lie elsewhere, then write study.toml; nothing that is there is replaced."""
    folder = file.parent
    copies = [(source, folder / "raw" / source.name) for source in sources]
    copies = [(source, to) for source, to in copies if not source.resolve().is_relative_to(folder.resolve())]
    for source, to in copies:
        if to.exists() or sum(other == to for _, other in copies) > 1:
            raise StudyError(f"{to}: is there already; rename {source} or remove the other. Nothing was changed.")
    try:
        (folder / "raw").mkdir(parents=True, exist_ok=True)
        for source, to in copies:
            if source.is_dir():
                shutil.copytree(source, to)
            else:
                shutil.copyfile(source, to)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StudyError(f"{folder}: cannot be written: {error.strerror}.") from None
