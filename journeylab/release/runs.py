"""Which run is released, and what lies in it; nothing that a file says leads out of it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeylab.errors import JourneylabError, ReportError, listing
from journeylab.report.find_run import find_run as one_run
from journeylab.report.find_run import is_run
from journeylab.report.find_run import study_of as named_study
from journeylab.report.record import LATEST, latest_run, list_runs
from journeylab.report.record import read_record as record_of

if TYPE_CHECKING:
    from journeylab.study import Study

MOST_FILE = 30_000_000
MOST_RUN = 400_000_000
MOST_FILES = 2_000
MOST_RECORD = 5_000_000
TEXTS = {".html", ".json", ".ipynb", ".csv", ".txt", ".md", ".wrote", ".svg", ".xml", ".log"}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""Of a study and of a notebook."""


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """A run that may be released.

    Attributes
    ----------
    folder : Path
    record : dict
        Its run.json.
    pages : tuple of Path
        The HTML files at its top.
    others : tuple of Path
        All other files.
    """

    folder: Path
    record: dict[str, Any]
    pages: tuple[Path, ...]
    others: tuple[Path, ...]


def find_run(run: str, reports: Path) -> Path:
    """The folder of a run: given itself, as ``latest``, or as a study, whose newest good public run it is then.

    Raises
    ------
    ReportError
        When there is none.
    """
    if run == LATEST:
        homes = [home for home in sorted(reports.glob("*")) if latest_run(home) is not None]
        if len(homes) == 1:
            return latest_run(homes[0]).resolve()  # type: ignore[union-attr]
        raise ReportError(
            f"{reports}: has {len(homes)} studies with a good run{': ' + listing(h.name for h in homes) if homes else ''}; "
            "say which: journeylab release STUDY --to FILE.zip"
        )
    if is_run(run, reports):
        return one_run(run, reports).resolve()
    given = Path(run)
    home = given if any(given.glob("*/run.json")) else reports / named_study(run, reports)
    past = list_runs(home.parent, home.name)
    if not past:
        raise ReportError(
            f"{run}: is no run, and {home} holds none; make one with: journeylab run STUDY -p share public"
        )
    for fit in ((one for one in past if one.ok and one.public), (one for one in past if one.ok), past):
        if (best := next(iter(fit), None)) is not None:
            return best.folder.resolve()
    raise AssertionError  # the last of these is not empty


def study_of(run: str, study: str | None, data_dir: str | None, reports: Path) -> Study:
    """Open the study of a run: the one given, the run itself where it is a study, or the one of its name.

    Nothing in the run says where the study lies: a path from a run is not followed.

    Raises
    ------
    ReportError
        When none of the name is here.
    """
    from journeylab.opening import open_study
    from journeylab.study_toml import read_config

    if study is not None or (Path(run) / "study.toml").is_file():
        return open_study(study or run, data_dir)
    name = read_record(find_run(run, reports))["study"]
    here = Path.cwd()
    for base in (here, *here.parents):
        for file in (base / "study.toml", *sorted(base.glob("data/*/study.toml")), *sorted(base.glob("*/study.toml"))):
            if file.is_file():
                with contextlib.suppress(JourneylabError):
                    if read_config(file).study.name == name:
                        return open_study(file, data_dir)
    raise ReportError(
        f"{run}: is a run of the study '{name}', whose study.toml is not found from here; who withdrew is read there. Say where: "
        "--study DIR"
    )


def read_record(folder: Path) -> dict[str, Any]:
    """Read run.json, and hold against what a run writes what the gate alone reads of it.

    Raises
    ------
    ReportError
        When it is not one that a run writes.
    """
    file = folder / "run.json"
    try:
        if file.stat().st_size > MOST_RECORD:
            raise ReportError(f"{file}: is larger than a run's record.")
        record = record_of(file)
    except (OSError, ValueError, RecursionError) as error:
        raise ReportError(f"{file}: is not a run's record: {error}; release a run that journeylab made.") from None
    if (
        not isinstance(record.get("study"), str)
        or not NAME.fullmatch(record["study"])
        or not isinstance(record.get("inputs"), list)
        or not all(isinstance(item, dict) for item in record["inputs"])
        or not record["notebooks"]
        or not all(NAME.fullmatch(item["name"]) for item in record["notebooks"])
        or not _is_moment(record["created"])
    ):
        raise ReportError(f"{file}: is not a run's record; release a run that journeylab made.")
    return record


def _is_moment(written: str) -> bool:
    """Whether a text is a time as a run writes it, and nothing else."""
    try:
        return datetime.datetime.fromisoformat(written).isoformat() == written
    except ValueError:
        return False


def _failed(record: dict[str, Any]) -> list[str]:
    return [item["name"] for item in record["notebooks"] if item["status"] != "done"]


def internal(record: dict[str, Any]) -> list[str]:
    """The notebooks that did not run with ``share = "public"``."""
    return [
        item["name"] for item in record["notebooks"]
        if record["parameters"].get(item["name"], {}).get("share") != "public"
    ]  # fmt: skip


def open_run(folder: Path) -> RunFolder:
    """List a run's files.

    Raises
    ------
    ReportError
        When a notebook failed or was not public, or a file is a link, too large, or there are too many.
    """
    record = read_record(folder)
    if failed := _failed(record):
        raise ReportError(
            f"{folder}: the run is not good: {listing(failed)} failed; mend and run again, then release that run."
        )
    if secret := internal(record):
        raise ReportError(
            f'{folder}: the run is internal ({listing(secret, 3)} ran without share = "public"): it may hold quotes without '
            "consent. Run the study publicly, then release it: journeylab run STUDY -p share public"
        )
    index = folder / "index.html"
    if not index.is_file():
        raise ReportError(f"{folder}: has no index.html; release a run that journeylab made.")
    if b" data-marks=" in index.read_bytes()[:2_000]:
        raise ReportError(
            f"{folder}: its numbers are written by a locale, which the gate does not read. Run the study publicly, which "
            "writes them the plain way, then release that run: journeylab run STUDY -p share public"
        )
    known = {"index.html", *(f"{item['name']}.html" for item in record["notebooks"])}
    pages: list[Path] = []
    others: list[Path] = []
    size = 0
    for file in sorted(folder.rglob("*")):
        if file.is_symlink():
            raise ReportError(f"{file}: is a link; a release takes nothing from outside of the run. Remove it.")
        if file.is_dir():
            continue
        if not file.is_file() or not os.access(file, os.R_OK):
            raise ReportError(
                f"{ascii(str(file))[1:-1]}: is no file that can be read, so nobody knows what is in it. Remove it."
            )
        if file.suffix == ".html" and file.parent == folder and file.name not in known:
            raise ReportError(
                f"{ascii(str(file))[1:-1]}: is a page of no notebook that run.json names; a release takes no other. Remove it."
            )
        size += file.stat().st_size
        if file.stat().st_size > MOST_FILE or size > MOST_RUN or len(pages) + len(others) >= MOST_FILES:
            raise ReportError(
                f"{file}: the run is too large to be looked through: at most {MOST_FILE:,} bytes a file, {MOST_RUN:,} in all, "
                f"{MOST_FILES:,} files."
            )
        (pages if file.suffix == ".html" and file.parent == folder else others).append(file)
    return RunFolder(folder, record, tuple(pages), tuple(others))
