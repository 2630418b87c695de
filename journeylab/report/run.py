"""Run a study's notebooks into a report: beside its final name, and moved there when whole."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import errno
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from journeylab import locales
from journeylab.cache import FOLDER as CACHE
from journeylab.check import require_sound
from journeylab.comparing import alert_run, model_damage
from journeylab.errors import ReportError
from journeylab.opening import open_study
from journeylab.report.alone import alone
from journeylab.report.apart import apart, warm_up
from journeylab.report.execute_all import AFTER, CACHE_FOLDER, Outcome, execute_all
from journeylab.report.index import write_index
from journeylab.report.notebooks import choose, find_notebooks, read_notebook, title
from journeylab.report.page import Link
from journeylab.report.parameters import check_parameters, read_parameters
from journeylab.report.prune import prune, sweep
from journeylab.report.record import (
    code_digest,
    describe_inputs,
    is_public,
    last_alike,
    now,
    point_latest,
    versions,
)
from journeylab.report.render import dumps, render
from journeylab.report.reuse import Reused, reuse
from journeylab.report.scratch import scratch
from journeylab.report.tables import write_tables
from journeylab.study import Study

FINDS_BEHAVIOURS = {"04", "05"}
"""Notebooks that keep the labels of the last run's model."""


@dataclasses.dataclass(frozen=True)
class Run:
    """A run that was written.

    Attributes
    ----------
    folder, index : Path
        Absolute.
    notebooks : tuple of Outcome
    alerts : str
        The line for a mail; empty where no rule of study.toml fired.
    notes : tuple of str
        What of the last good run could not be read, and what was done instead.
    """

    folder: Path
    index: Path
    notebooks: tuple[Outcome, ...]
    alerts: str = ""
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every notebook ran to its end."""
        return all(item.status == "done" for item in self.notebooks)

    def require_ok(self, *, alerts: bool = False) -> None:
        """Raise `ReportError` with the names of the notebooks that failed, where any did; with `alerts` also for an alert."""
        failed = [item.name for item in self.notebooks if item.status != "done"]
        if failed:
            raise ReportError(f"{self.index}: failed: {', '.join(failed)}; the others are whole.")
        if alerts and self.alerts:
            raise ReportError(f"{self.alerts} (the report is whole: {self.index})")


def gather_parameters(
    notebooks: Iterable[Path], settings: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Check every parameter before any kernel starts.

    Parameters
    ----------
    notebooks : iterable of Path
    settings : mapping
        ``[parameters."NOTEBOOK"]`` of study.toml.
    given : mapping
        From the command line: each must be a parameter of at least one notebook.

    Raises
    ------
    StudyError
        For an unknown notebook or parameter, or a wrong type.
    """
    from journeylab.errors import StudyError, did_you_mean, listing
    from journeylab.report.parameters import ParameterError

    notebooks = list(notebooks)
    everything = {file.stem for file in find_notebooks(notebooks[0].parent)} if notebooks else set()
    for name in settings:
        if name not in everything:
            raise StudyError(
                f'study.toml: [parameters."{name}"]: there is no such notebook; there are {listing(sorted(everything))}.'
                f"{did_you_mean(name, everything)}"
            )
    known = {file.stem: read_parameters(file) for file in notebooks}
    for name in given:
        if not any(name in parameters for parameters in known.values()):
            names = sorted({parameter for parameters in known.values() for parameter in parameters})
            raise ParameterError(
                f"-p {name}: no chosen notebook has such a parameter; there are {listing(names, 30)}.{did_you_mean(name, names)}"
            )
    checked = {}
    for file in notebooks:
        merged = check_parameters(file, settings.get(file.stem, {}), where=f'study.toml: [parameters."{file.stem}"]')
        mine = {name: value for name, value in given.items() if name in known[file.stem]}
        checked[file.stem] = {**merged, **check_parameters(file, mine, where="-p")}
    return checked


def run_checked(
    study: str | Path,
    data_dir: str | Path | None = None,
    *,
    reports_dir: Path = Path("reports"),
    only: Iterable[str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    **options: Any,
) -> Run:
    """Check a study and run it: what the command does, and the notebook for schedulers.

    Parameters
    ----------
    study : str or Path
        Its folder, or its study.toml.
    data_dir : str or Path, optional
        Where the raw files lie, if not beside study.toml.
    reports_dir, only, parameters, **options
        As of `run_study`.

    Raises
    ------
    StudyError, DataError, ReportError
        When the study, its data or a parameter is wrong; nothing was run then.
    """
    opened = open_study(study, data_dir)
    gather_parameters(choose(find_notebooks(), only), opened.config.parameters, parameters or {})
    with ready(reports_dir.resolve() / opened.name):
        warm_up()
        apart(require_sound, study, data_dir)
        return run_study(opened, reports_dir=reports_dir, only=only, parameters=parameters, **options)


def run_study(
    study: Study,
    *,
    notebooks_dir: Path | None = None,
    reports_dir: Path | None = None,
    only: Iterable[str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    jobs: int = 2,
    force: bool = False,
    timeout: float | None = 1800,
    limit: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> Run:
    """Run notebooks on a study and write the report.

    Parameters
    ----------
    study : Study
        Checked by the caller.
    notebooks_dir, reports_dir : Path, optional
        ``notebooks`` beside the package, and ``reports`` here.
    only : iterable of str, optional
        Numbers or names of notebooks.
    parameters : mapping, optional
        For every notebook that has them.
    jobs : int
        How many notebooks run at a time.
    force : bool
        Run also the notebooks whose inputs, parameters and code did not change since the last good run.
    timeout : float, optional
        Seconds that one cell may take.
    limit : float, optional
        Seconds that all notebooks together may take; those that are not done by then count as failed.
    progress : callable, optional
        Gets one line a finished notebook.

    Returns
    -------
    Run
        Where it lies; ``latest`` points to it only when every notebook ran to its end and none was left out.

    Raises
    ------
    StudyError, ReportError
        Before any kernel starts; when another run of the study is under way; when the folder cannot be written.
    """
    everything = find_notebooks(notebooks_dir)
    chosen = choose(everything, only)
    settings = gather_parameters(chosen, study.config.parameters, parameters or {})
    for name, file in ((file.stem, file) for file in chosen):
        known = read_parameters(file)
        fixed = {"study_path": str(study.path), "data_dir": str(study.data_dir)}
        settings[name] |= {key: value for key, value in fixed.items() if key in known}
    if is_public(settings):
        locales.use("")  # the privacy gate reads numbers that are written the plain way
    home = (reports_dir or Path("reports")).resolve() / study.name
    created = now()
    whole = len(chosen) == len(everything)
    with _explained(home):
        home.mkdir(parents=True, exist_ok=True)
        with alone(home, f"{created:%Y-%m-%d %H:%M:%S} UTC"):
            sweep(home)
            try:
                run = _write(
                    study, chosen, settings, home, created, jobs, force, timeout, limit, progress, len(everything)
                )
                if run.ok and whole:
                    if (
                        not is_public(settings) or last_alike(home, {}, len(everything)) is None
                    ):  # a public run beside internal ones is no news
                        point_latest(home, run.folder.name)
                    gone = prune(home, study.config.study.keep)
                    if gone and progress is not None:
                        progress(f"old runs taken away, since keep = {study.config.study.keep}: {', '.join(gone)}")
            finally:
                sweep(home)
    return run


@contextlib.contextmanager
def ready(home: Path) -> Iterator[None]:
    """Make the folder of a study's runs, be sure that no run is under way, and share what is read in a cache there.

    The cache goes away at the end; where the process is killed, with the next run.
    """
    cache = home / f".cache-{os.getpid()}.partial"
    with _explained(home):
        home.mkdir(parents=True, exist_ok=True)
        with alone(home, "now"):
            sweep(home)
        scratch(home)
        if CACHE not in os.environ:
            cache.mkdir(exist_ok=True)
    if CACHE in os.environ:
        yield
        return
    os.environ[CACHE] = str(cache)
    try:
        yield
    finally:
        del os.environ[CACHE]
        shutil.rmtree(cache, ignore_errors=True)


@contextlib.contextmanager
def _explained(home: Path) -> Iterator[None]:
    """Say what a full disk or a folder that cannot be written means, without a traceback."""
    try:
        yield
    except OSError as error:
        cure = {
            errno.ENOSPC: "make room there",
            errno.EDQUOT: "make room there",
            errno.EROFS: "choose another --reports",
        }
        raise ReportError(
            f"{error.filename or home}: cannot be written: {error.strerror or error}; "
            f"{cure.get(error.errno or 0, 'see to the folder and its rights')} and run again. Earlier runs are as they "
            "were, nothing is left of this one."
        ) from None


def _write(
    study: Study, chosen: list[Path], settings: dict[str, dict[str, Any]], home: Path, created: datetime.datetime, jobs: int,
    force: bool, timeout: float | None, limit: float | None, progress: Callable[[str], None] | None,
    n_all: int,
) -> Run:  # fmt: skip
    """Write a run beside its final name, and move it there when it is whole."""
    final = _free(home, created)
    work = home / f".{final.name}.partial"
    (work / "results").mkdir(parents=True)
    before = time.monotonic()
    inputs = describe_inputs(study, created)
    last = last_alike(home, settings, n_all)
    finds = any(file.stem[:2] in FINDS_BEHAVIOURS for file in chosen)
    damage = model_damage(last / "results") if last and finds else ""  # is not taken over, nor what rests on it
    kept = reuse(chosen, settings, inputs, None if force or damage else last, work, AFTER, study.config)
    fresh = [file for file in chosen if file.stem not in kept.names]
    if progress is not None and kept.names:
        progress(f"{len(kept.names)} of {len(chosen)} notebooks are unchanged since the last good run and are kept")
    done = {item.name: item for item in execute_all(fresh, settings, work, home, last, jobs, timeout, limit, progress)}
    outcomes = [done.get(file.stem) or Outcome(file.stem, "done", kept.seconds[file.stem], None) for file in chosen]
    record = _record(study, created, settings, outcomes, time.monotonic() - before, inputs, kept)
    (work / "run.json").write_text(dumps(record), encoding="utf-8")
    # A run that is not whole, or not good, is not what the next is held against: it has no alerts.
    good = len(chosen) == n_all and all(item.status == "done" for item in outcomes)
    alerts = alert_run(work, last, study.config.alerts, study.name, public=is_public(settings)) if good else None
    _render_all(chosen, outcomes, settings, work, study, record)
    write_index(work, study.title, outcomes, record)
    shutil.rmtree(work / CACHE_FOLDER, ignore_errors=True)
    work.rename(final)
    line = f"{study.name}: {alerts.summary()}" if alerts is not None and len(alerts.table) else ""
    unseen = f"{study.name}: {alerts.summary()}" if alerts is not None and alerts.unseen and not line else ""
    notes = tuple(filter(None, [damage, unseen if alerts is not None and alerts.waiting else ""]))
    if unseen and unseen not in notes and progress is not None:
        progress(unseen)
    return Run(final, final / "index.html", tuple(outcomes), line, notes)


def _free(home: Path, created: datetime.datetime) -> Path:
    """A name for the run that comes after those of the same second."""
    name = created.strftime("%Y-%m-%dT%H-%M-%SZ")
    taken = [item.name.removeprefix(name) for item in home.glob(f"{name}*")]
    number = 1 + max((int(rest[1:]) if rest[1:].isdigit() else 1 for rest in taken), default=0)
    return home / (name if number == 1 else f"{name}-{number}")


def _record(
    study: Study,
    created: datetime.datetime,
    settings: dict[str, dict[str, Any]],
    outcomes: list[Outcome],
    seconds: float,
    inputs: list[dict[str, Any]],
    kept: Reused,
) -> dict[str, Any]:
    """What run.json says; no machine paths."""
    hidden = {"study_path", "data_dir"}
    return {
        "study": study.name,
        "title": study.title,
        "created": created.isoformat(),
        "seconds": round(seconds, 1),
        "engine": study.config.study.engine,
        "locale": "" if is_public(settings) else study.config.study.locale,
        "inputs": inputs,
        "code_sha256": code_digest(),
        "versions": versions(),
        "parameters": {
            name: {key: value for key, value in values.items() if key not in hidden}
            for name, values in settings.items()
        },
        "notebooks": [
            {
                "name": item.name,
                "status": item.status,
                "seconds": round(item.seconds, 1),
                "kept": item.name in kept.names,
                "fingerprint": kept.fingerprints[item.name],
                "error": None if item.failure is None else f"{item.failure['name']}: {item.failure['message']}",
            }
            for item in outcomes
        ],
    }


def _render_all(
    chosen: list[Path], outcomes: list[Outcome], settings: dict[str, dict[str, Any]], work: Path, study: Study,
    record: dict[str, Any],
) -> None:  # fmt: skip
    """Write one page a notebook."""
    from journeylab.report.index import provenance

    for file, outcome in zip(chosen, outcomes, strict=True):
        executed = read_notebook(work / f"{file.stem}.ipynb")
        links = [Link("index.html", "Overview")]
        links += [Link(f"{other.stem}.html", title(other.stem), other.stem == file.stem) for other in chosen]
        shown = {key: value for key, value in settings[file.stem].items() if key not in {"study_path", "data_dir"}}
        html = render(
            executed, stem=file.stem, study=study.title, links=links, parameters=shown, footer=provenance(record),
            failure=outcome.failure,
        )  # fmt: skip
        (work / f"{file.stem}.html").write_text(html, encoding="utf-8")
        write_tables(html, work)
