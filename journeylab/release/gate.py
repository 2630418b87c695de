"""The gate: from a public run to one zip that tells of no person; or a refusal that says where and why."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import functools
import getpass
import hashlib
import os
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path

from journeylab.errors import ReportError
from journeylab.paths import too_long
from journeylab.release.check import check_released
from journeylab.release.differencing import read_ledger, suspects
from journeylab.release.exhibits import Exhibit, hide_figures
from journeylab.release.grid import Grid
from journeylab.release.hiding import hide_rows, hide_words
from journeylab.release.judge import small_whole
from journeylab.release.key import pseudonym, read_key
from journeylab.release.languages import language_of
from journeylab.release.markup import write
from journeylab.release.pack import pack
from journeylab.release.page import Page, mask_words, name_anew
from journeylab.release.people import Ids, Names, People, know
from journeylab.release.prose import tells_few
from journeylab.release.runs import RunFolder, find_run, open_run
from journeylab.release.scan import scan
from journeylab.release.tables import echoing, judged, refuse
from journeylab.release.tokens import Secrets
from journeylab.release.words import masked, tidy
from journeylab.report.files import write_all
from journeylab.report.record import digest
from journeylab.report.tables import read_tables, write_tables
from journeylab.study import Study

RULES = 2
"""The version of the rules by which this was made; it goes up when a rule changes."""
LEDGER = "releases.json"
COMMON_USERS = {"root", "user", "admin", "runner", "ubuntu", "jovyan", "localhost", "app", "docker", "guest"}


@dataclasses.dataclass(frozen=True)
class Release:
    """A release that was made, or would be.

    Attributes
    ----------
    path : Path
    run : Path
    written : bool
        False after a dry run.
    files : tuple of str
    tally : dict of str to int
        How many rows, figures and sentences are left out, words masked and ids replaced.
    hidden : tuple of str
        The hidden rows, with page, table and reason; for those who make the release, never a part of it.
    warnings : tuple of str
        What a person should look at.
    notes : tuple of str
    figures : tuple of Exhibit
        Figures that are left out or drawn anew, with the reason.
    """

    path: Path
    run: Path
    written: bool
    files: tuple[str, ...]
    tally: dict[str, int]
    hidden: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    figures: tuple[Exhibit, ...] = ()

    def summary(self) -> str:
        """Say what was made in one sentence."""
        done = ", ".join(f"{number:,} {what}" for what, number in sorted(self.tally.items()) if number)
        verb = "holds" if self.written else "would hold"
        return f"{self.path}: {verb} {len(self.files)} files of {self.run.name}; {done or 'nothing had to be left out'}"


def release(
    run: str,
    to: Path,
    *,
    study: Study,
    reports: Path = Path("reports"),
    key: Path | None = None,
    dry_run: bool = False,
    force: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Release:
    """Make a release of a public run.

    Parameters
    ----------
    run : str
        A run's folder, ``latest``, or a study.
    to : Path
        The zip.
    study : Study
        The study of the run; its crosswalk is read anew.
    reports : Path
        Where runs lie.
    key : Path, optional
        The key of the pseudonyms, outside of the project.
    dry_run : bool
        Say what would be done, and write nothing.
    force : bool
        Replace a zip that is there.
    environment : mapping, optional
        The environment variables whose secret-like values must stand nowhere; those of this process by default.

    Raises
    ------
    ReportError
        With every place and reason, when something cannot be masked; nothing is written then.
    """
    found = open_run(find_run(run, reports))
    if found.record["study"] != study.name:
        raise ReportError(
            f"{found.folder}: is a run of '{found.record['study']}', and the study given is '{study.name}'."
        )
    _target(to, force or dry_run)
    outside = (
        study.folder,
        study.data_dir,
        reports,
        found.folder.parent,
        to.resolve().parent / to.stem,
        *_project(study.folder),
    )
    secret, note = read_key(key, outside=outside, create=not dry_run)
    _unchanged(found, study)
    people = know(study)
    named = Ids({*people.ids, *people.withdrawn}, people.vocabulary)
    refuse(
        [
            f"{page.name}: the name of the page holds the id '{who}'"
            for page in found.pages
            for _, who in named.find(page.stem)
        ]
    )
    secrets = Secrets(os.environ if environment is None else environment)
    refuse(scan(found, people, secrets))
    ledger = read_ledger(found.folder.parent / LEDGER)
    pages, grids = judged(found, people, study.minimum_cell, ledger)
    warnings = suspects(grids, study.minimum_cell)
    hidden = tuple(
        f"{grid.page}: table '{grid.caption[:70]}', row '{grid.name(row)[:50]}': {why}"
        for grid in grids
        for row, why in [
            *sorted(grid.hidden.items()),
            *((row, why) for (row, _), why in sorted(grid.cells_hidden.items())),
        ]
    )
    figures = _apply(pages, grids, people, study, secret)
    files = _files(pages)
    refuse(check_released(files, people, secrets))
    tally: collections.Counter[str] = sum((page.tally for page in pages), collections.Counter())
    content = pack(files, _manifest(found, study, tally, figures))
    if not dry_run:
        listed = ledger.add(grids, hashlib.sha256(content).hexdigest())
        write_all({ledger.path: listed, to: content})  # the list first, so that none leaves unlisted
    notes = () if note is None else (note,)
    names = (*sorted(files), "manifest.json")
    return Release(to, found.folder, not dry_run, names, dict(tally), hidden, tuple(warnings), notes, tuple(figures))


def _target(to: Path, force: bool) -> None:
    if wrong := too_long(to):
        raise ReportError(f"--to: {wrong}.")
    if to.suffix != ".zip":
        raise ReportError(f"--to {to}: a release is a zip; name it so: {to.with_suffix('.zip')}")
    if to.exists() and not force:
        raise ReportError(f"{to}: is there already; --force replaces it.")
    if not to.resolve().parent.is_dir():
        raise ReportError(f"{to}: the folder {to.parent} is not there; make it first.")


def _project(folder: Path) -> list[Path]:
    """The repository around a folder."""
    return [base for base in (folder, *folder.parents) if (base / ".git").exists()][:1]


def _unchanged(run: RunFolder, study: Study) -> None:
    """Refuse a run that was made before the crosswalk was changed: people may have withdrawn, and its counts hold them.

    Raises
    ------
    ReportError
        Naming those who withdrew, as far as the crosswalk dates them after the run.
    """
    file = study.files.get("crosswalk")
    if file is None:
        return
    before = next((item.get("sha256") for item in run.record["inputs"] if item.get("source") == "crosswalk"), None)
    if file.is_file() and before == digest(file):
        return
    refuse([
        f"{file}: was changed after the run {run.folder.name}, whose counts and quotes follow the old one"
        f"{_withdrew_since(run, study)}. Run the study again, then release that run: journeylab run STUDY -p share public"
    ])  # fmt: skip


def _withdrew_since(run: RunFolder, study: Study) -> str:
    import pandas as pd

    rows = study.withdrawals
    try:
        moment = pd.Timestamp(datetime.datetime.fromisoformat(run.record["created"])).tz_convert("UTC")
    except (ValueError, TypeError):
        return ""
    since = rows[rows["withdrawn_at"] >= moment.normalize()] if len(rows) else rows
    who = since if len(since) else rows
    if not len(who):
        return ""
    told = ", ".join(
        f"'{row.participant_id}' (row {row.row}, withdrew {row.withdrawn_at:%Y-%m-%d})"
        for row in list(who.itertuples())[:10]
    )
    return f"; of those who withdrew, the run may hold {told}"


def _apply(pages: list[Page], grids: list[Grid], people: People, study: Study, key: bytes) -> list[Exhibit]:
    """Take out and mask, page by page; what was done with figures."""
    echoes = echoing(grids, study.minimum_cell)
    ids = Ids(people.ids, people.vocabulary)
    here = [name for name in (getpass.getuser(), socket.gethostname()) if len(name) > 3 and name not in COMMON_USERS]

    def into(name: str) -> str:
        return pseudonym(key, study.name, name, people.ids.get(name, "P"))

    language = language_of(study.config.study.locale)
    whole_study = small_whole(max(people.customers, 1), study.minimum_cell)
    few = functools.partial(tells_few, minimum=study.minimum_cell, language=language, whole_study=whole_study)

    def tells(words: str) -> bool:
        plain = tidy(words)
        return (
            few(plain)
            or echoes(plain)
            or people.unsaid.within(plain)
            or bool(masked(plain)[1])
            or any(True for _ in ids.find(plain))
            or bool(people.names.mask(plain)[1])
        )

    done: list[Exhibit] = []
    for page in pages:
        hide_rows(page, study.minimum_cell)
        hide_words(page, study.minimum_cell, echoes, people.unsaid, language=language, whole_study=whole_study)
        mask_words(page, ids, people.names, into)
        if here:
            mask_words(page, Ids(()), Names(here), into)
        done += [
            dataclasses.replace(figure, page=page.name) for figure in hide_figures(page, tells, study.minimum_cell)
        ]
        name_anew(page)
    return done


def _files(pages: list[Page]) -> dict[str, bytes]:
    """The files of the release: the pages, and their tables as CSV, made anew from what the pages now show."""
    files: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory(prefix="journeylab-release-") as place:
        for page in pages:
            html = write(page.tree)
            files[page.name] = html.encode()
            if read_tables(html):
                for table in write_tables(html, Path(place)):
                    files[f"data/{table.name}"] = table.read_bytes()
    return files


def _manifest(
    run: RunFolder, study: Study, tally: collections.Counter[str], figures: list[Exhibit]
) -> dict[str, object]:
    """What the release says of itself; no detail by which something hidden could be found."""
    return {
        "format": "journeylab release",
        "rules": RULES,
        "study": study.name,
        "run": run.record["created"],
        "minimum_cell": study.minimum_cell,
        "done": dict(sorted(tally.items())),
        "figures": [dataclasses.asdict(figure) for figure in figures],
        "left_out": "notebooks, code, results/*.json, run.json, and every file that is no page",
        "protects": "small cells, ids, quotes without consent, names, addresses, secrets; it is not differential privacy",
    }
