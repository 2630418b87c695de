"""Write a study as a file for another program: beside its final name, and renamed when whole."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from journeylab.errors import ReportError, StudyError, did_you_mean, listing
from journeylab.export.journey_map import NAMES, map_file
from journeylab.export.outcome import Outcome, Written
from journeylab.export.people import gather_people
from journeylab.export.refi import Coded, codebook_file, project_file
from journeylab.study import Study
from journeylab.voices.prevalence import people_of


@dataclasses.dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes
    ----------
    path : Path
    table : DataFrame
        what, n (in the study), written, left_out, reasons; n = written + left_out.
    notes : tuple of str
        What is not written that is no row, and what was moved.
    holds : str
        Whose words the file holds, to be known before it is passed on.
    """

    path: Path
    table: pd.DataFrame
    notes: tuple[str, ...]
    holds: str

    def summary(self) -> str:
        """Say what the file holds, and what was left out and why."""
        held = ", ".join(_counted(row.written, row.what) for row in self.table.itertuples())
        left = [f"of the {row.what} {row.reasons}" for row in self.table.itertuples() if row.left_out]
        return f"{self.path} holds {held}." + (f" Left out: {'; '.join(left)}." if left else "")


def export(
    study: Study, to: str | Path, *, force: bool = False, seed: int | None = None, share: str = "internal"
) -> Exported:
    """Write a study's coded interviews, or its journey map, to a file that other programs open.

    Parameters
    ----------
    to : str or Path
        ``.qdpx``: documents, codebook, codings and people, with what the study knows of each person as variables.
        ``.qdc``: the codebook alone. ``map.json``, ``map.xlsx``, ``map.cjml.xml``, ``map.csv``, ``map.png`` (a slide): the
        journey map.
    force : bool
        Replace a file that is there.
    seed : int, optional
        Of the search for behaviours; that of the study's notebook 05 where not given.
    share : str
        Of a map: ``internal``, or ``public`` without quotes that lack consent and small cells.

    Raises
    ------
    StudyError
        When the study has no interviews, or for a codebook no code (a map needs neither).
    ReportError
        When the ending is unknown, the file is there already, or it cannot be written.
    """
    to = Path(to)
    make = ENDINGS[ending(to)]
    _require_place(to, force)
    written, holds = make(study, seed, share)
    _write(to, written.content)
    rows = [(one.what, one.n, one.written, one.n - one.written, _reasons(one)) for one in written.outcomes]
    table = pd.DataFrame(rows, columns=["what", "n", "written", "left_out", "reasons"])
    return Exported(to, table, written.notes, holds)


PICTURES = {".png", ".svg", ".jpg", ".jpeg", ".gif", ".pdf"}


def ending(to: Path) -> str:
    """Return the ending of a file that can be written.

    Raises
    ------
    ReportError
        When nothing is written with this ending.
    """
    name = to.name.lower()
    found = next((end for end in NAMES if name.endswith(end)), to.suffix.lower())
    if found not in ENDINGS:
        what = f"found '{found}'" if found else "has no ending"
        hint = did_you_mean(found, ENDINGS)
        if f"map{found}" in ENDINGS or found in PICTURES:
            kind = found if f"map{found}" in ENDINGS else ".png"
            hint = f" The journey map can be {'a picture' if found in PICTURES else 'such a file'}: name it {to.stem}_map{kind}."
        if found in PICTURES:
            hint += " Figures of the pages are saved in JupyterLab: jl.save(result.plot(), 'figure.png')."
        raise ReportError(f"{to}: {what}; what can be written ends in {listing(ENDINGS)}.{hint}")
    return found


def _project(study: Study, seed: int | None, share: str) -> tuple[Written, str]:
    """Everything that is known of the interviews."""
    _require_interviews(study, ".qdpx", share)
    tables = (study.documents, study.codes, study.segments, study.codings)
    documents, codes, segments, codings = (frame for frame in tables if frame is not None)
    gone = people_of(documents).isin(study.withdrawn_participants)
    kept = documents[~documents["document_id"].isin(gone.index[gone])].reset_index(drop=True)
    segments = segments[segments["document_id"].isin(kept["document_id"])].reset_index(drop=True)
    codings = codings[codings["segment_id"].isin(segments["segment_id"])].reset_index(drop=True)
    people = gather_people(study, kept, seed)
    withdrawn = len(study.withdrawn_participants)
    full = "text" in kept and kept["text"].notna().any()
    holds = (
        f"This is a working copy: {'interviews in full and unmasked' if full else 'no text of an interview'}, "
        "people under the ids that the study has for them. "
        + _consent(len(people.ids), people.unquotable)
        + (f" Not in it: {_counted(withdrawn, 'people')} who withdrew." if withdrawn else "")
        + " Keep it within the team."
    )
    description = f"{study.title}, written by journeylab. {holds}"
    whole = Coded(kept, codes, segments, codings, people)
    written = project_file(study.name, study.title, description, whole)
    asked = ("Which stages an interview guide raised is not written.",) if study.asked is not None else ()
    return dataclasses.replace(written, notes=(*written.notes, *asked)), holds


def _consent(n: int, unquotable: int | None) -> str:
    if unquotable is None:
        return "Nobody wrote down who agreed to be quoted."
    if not unquotable:
        return f"All {n:,} people agreed to be quoted."
    return f"{unquotable:,} of {n:,} people did not agree to be quoted (variable 'consent to quotes')."


def _require_interviews(study: Study, suffix: str, share: str) -> None:
    if share != "internal":
        raise ReportError(f"--share {share} is for a map; a {suffix} is the team's working copy.")
    if study.coded is None:
        raise StudyError(f"{study.path}: has no [interviews], so there is nothing that {suffix} could hold.")


def _codebook(study: Study, seed: int | None, share: str) -> tuple[Written, str]:
    """The codes alone."""
    _require_interviews(study, ".qdc", share)
    codes = study.codes
    if codes is None or codes.empty:
        raise StudyError(f"{study.path}: has no code, so there is no codebook to write; a .qdpx can do without.")
    return codebook_file(study.name, codes), "The file holds codes and their descriptions alone."


def _map(name: str) -> Callable[[Study, int | None, str], tuple[Written, str]]:
    return lambda study, seed, share: map_file(study, name, share)


ENDINGS: dict[str, Callable[[Study, int | None, str], tuple[Written, str]]] = {
    ".qdpx": _project,
    ".qdc": _codebook,
    **{name: _map(name) for name in NAMES},
}
"""What can be written, by the ending of the file."""


def _reasons(outcome: Outcome) -> str:
    return ", ".join(f"{loss.n:,} that {loss.reason} (such as {', '.join(loss.examples[:2])})" for loss in outcome.lost)


def _counted(n: int, what: str) -> str:
    one = {"people": "person"}.get(what, what.removesuffix("s"))
    return f"{n:,} {one if n == 1 else what}"


def _require_place(to: Path, force: bool) -> None:
    """Refuse what would fail after the work, before it."""
    if to.is_dir():
        raise ReportError(f"{to}: is a folder; name a file.")
    if to.exists() and not force:
        raise ReportError(f"{to}: is there already, and nothing was changed; --force replaces it.")
    if not to.parent.is_dir():
        raise ReportError(f"{to.parent}: there is no such folder; make it first.")
    if not os.access(to.parent, os.W_OK):
        raise ReportError(f"{to.parent}: nothing can be written into this folder; choose another.")


def _write(to: Path, content: bytes) -> None:
    """Write beside the final name, and rename when whole."""
    beside = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        beside.replace(to)
    except OSError as error:
        raise ReportError(f"{to}: cannot be written: {error.strerror}.") from None
    finally:
        beside.unlink(missing_ok=True)
