"""Run a study's notebooks into a report: beside its final name, and moved there when whole."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from journeylab.cache import FOLDER as CACHE
from journeylab.errors import ReportError
from journeylab.report.apart import processes
from journeylab.report.execute import run_child
from journeylab.report.index import write_index
from journeylab.report.notebooks import choose, find_notebooks, read_notebook, title
from journeylab.report.page import Link
from journeylab.report.parameters import check_parameters, read_parameters
from journeylab.report.record import code_digest, describe_inputs, latest_run, now, point_latest, versions
from journeylab.report.render import dumps, render
from journeylab.report.reuse import Reused, reuse
from journeylab.report.tables import write_tables
from journeylab.results import FOLDER, LAST, NOTEBOOK
from journeylab.study import Study

AFTER = {"04": ("07",), "09": ("01", "02", "03", "04", "05", "06", "07", "08")}
"""Notebooks that read what others of the run saved, and so wait for them."""

CACHE_FOLDER = ".cache"
MEMORY = "JOURNEYLAB_MEMORY"

SECONDS = {"07": 40.0, "05": 30.0, "04": 12.0, "02": 10.0, "06": 10.0, "01": 9.0}
"""How long notebooks usually take, so that long ones begin first."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How one notebook went.

    Attributes
    ----------
    name : str
    status : str
        ``done`` or ``failed``.
    seconds : float
    failure : dict or None
        Cell, name and message of the error.
    """

    name: str
    status: str
    seconds: float
    failure: dict[str, Any] | None


@dataclasses.dataclass(frozen=True)
class Run:
    """A run that was written.

    Attributes
    ----------
    folder, index : Path
        Absolute.
    notebooks : tuple of Outcome
    """

    folder: Path
    index: Path
    notebooks: tuple[Outcome, ...]

    @property
    def ok(self) -> bool:
        """Whether every notebook ran to its end."""
        return all(item.status == "done" for item in self.notebooks)


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
    progress : callable, optional
        Gets one line a finished notebook.

    Returns
    -------
    Run
        Where it lies; ``latest`` points to it only when every notebook ran to its end and none was left out.

    Raises
    ------
    StudyError, ReportError
        Before any kernel starts, or when the folder cannot be written.
    """
    everything = find_notebooks(notebooks_dir)
    chosen = choose(everything, only)
    settings = gather_parameters(chosen, study.config.parameters, parameters or {})
    for name, file in ((file.stem, file) for file in chosen):
        known = read_parameters(file)
        fixed = {"study_path": str(study.path), "data_dir": str(study.data_dir)}
        settings[name] |= {key: value for key, value in fixed.items() if key in known}
    home = (reports_dir or Path("reports")).resolve() / study.name
    created = now()
    final = _free(home, created)
    work = home / f".{final.name}.partial"
    try:
        for stale in home.glob(".*.partial"):
            shutil.rmtree(stale, ignore_errors=True)
        (work / "results").mkdir(parents=True)
    except OSError as error:
        raise ReportError(f"{home}: cannot be written: {error.strerror}.") from None
    try:
        before = time.monotonic()
        inputs = describe_inputs(study, created)
        last = None if force else latest_run(home)
        kept = reuse(chosen, settings, inputs, last, work, AFTER)
        fresh = [file for file in chosen if file.stem not in kept.names]
        if progress is not None and kept.names:
            progress(f"{len(kept.names)} of {len(chosen)} notebooks are unchanged since the last good run and are kept")
        done = {item.name: item for item in _execute_all(fresh, settings, work, home, jobs, timeout, progress)}
        outcomes = [done.get(file.stem) or Outcome(file.stem, "done", kept.seconds[file.stem], None) for file in chosen]
        record = _record(study, created, settings, outcomes, time.monotonic() - before, inputs, kept)
        (work / "run.json").write_text(dumps(record), encoding="utf-8")
        _render_all(chosen, outcomes, settings, work, study, record)
        write_index(work, study.title, outcomes, record)
        shutil.rmtree(work / CACHE_FOLDER, ignore_errors=True)
        work.rename(final)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    run = Run(final, final / "index.html", tuple(outcomes))
    if run.ok and len(chosen) == len(everything):
        point_latest(home, final.name)
    return run


def _free(home: Path, created: datetime.datetime) -> Path:
    """A name for the run that is not taken."""
    name = created.strftime("%Y-%m-%dT%H-%M-%SZ")
    number = 1
    while (home / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return home / (name if number == 1 else f"{name}-{number}")


def _execute_all(
    chosen: list[Path], settings: dict[str, dict[str, Any]], work: Path, home: Path, jobs: int, timeout: float | None,
    progress: Callable[[str], None] | None,
) -> list[Outcome]:  # fmt: skip
    """Run the notebooks, some at a time, those first that take longest and that others wait for."""
    waiting = sorted(chosen, key=lambda file: -SECONDS.get(file.stem[:2], 5.0))
    numbers = {file.stem[:2] for file in chosen}
    done: dict[str, Outcome] = {}
    running: dict[Future[Outcome], Path] = {}
    last = latest_run(home)
    environment = {
        **os.environ,
        FOLDER: str(work / "results"),
        LAST: str(last / "results") if last else "",
        MEMORY: os.environ.get(MEMORY, "400"),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
        "PYTHONHASHSEED": "0",
        CACHE: os.environ.get(CACHE) or str(work / CACHE_FOLDER),
    }
    begun = time.monotonic()
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        while waiting or running:
            finished = {name[:2] for name in done}
            for file in list(waiting):
                needs = set(AFTER.get(file.stem[:2], ())) & numbers
                if len(running) < max(1, jobs) and needs <= finished:
                    waiting.remove(file)
                    running[pool.submit(_execute, file, settings[file.stem], work, environment, timeout)] = file
            ready, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ready:
                file = running.pop(future)
                done[file.stem] = future.result()
                if progress is not None:
                    progress(_line(done[file.stem], len(done), len(chosen), time.monotonic() - begun))
    return [done[file.stem] for file in chosen]


def _line(outcome: Outcome, number: int, total: int, elapsed: float) -> str:
    """One line of progress."""
    left = elapsed / number * (total - number)
    rest = f" (about {left:.0f} s left)" if number < total else ""
    if outcome.status == "done":
        return f"[{number}/{total}] {outcome.name}: done in {outcome.seconds:.0f} s{rest}"
    assert outcome.failure is not None
    return f"[{number}/{total}] {outcome.name}: FAILED: {outcome.failure['name']}: {outcome.failure['message'][:300]}{rest}"


def _execute(
    notebook: Path, parameters: dict[str, Any], work: Path, environment: dict[str, str], timeout: float | None
) -> Outcome:
    """Run one notebook in a process of its own, forked from one that has the slow imports behind it."""
    out = work / f"{notebook.stem}.ipynb"
    said = work / f".{notebook.stem}.log"
    before = time.monotonic()
    given = {**environment, NOTEBOOK: notebook.stem}
    process = processes().Process(  # type: ignore[attr-defined]
        target=run_child, args=(str(notebook), str(out), parameters, timeout, given, str(said))
    )
    process.start()
    process.join()
    seconds = time.monotonic() - before
    noted = out.with_suffix(".failure.json")
    if process.exitcode == 0:
        said.unlink(missing_ok=True)
        return Outcome(notebook.stem, "done", seconds, None)
    if noted.is_file():
        failure = json.loads(noted.read_text(encoding="utf-8"))
        noted.unlink()
    else:
        words = said.read_text(encoding="utf-8", errors="replace") if said.is_file() else ""
        failure = {
            "cell": None,
            "line": "",
            "name": "The notebook could not be run",
            "message": (words.strip().splitlines() or ["its process ended without a word"])[-1],
            "traceback": words,
        }
    said.unlink(missing_ok=True)
    if not out.is_file():
        shutil.copyfile(notebook, out)
    return Outcome(notebook.stem, "failed", seconds, failure)


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
