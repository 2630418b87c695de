"""Run the notebooks of a run, some at a time, each in a process of its own."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from journeylab import locales
from journeylab.cache import FOLDER as CACHE
from journeylab.report.apart import processes
from journeylab.report.execute import run_child
from journeylab.report.record import is_public
from journeylab.report.scratch import scratch
from journeylab.results import FOLDER, LAST, NOTEBOOK

AFTER = {"02": ("05", "07"), "04": ("07",), "09": ("01", "02", "03", "04", "05", "06", "07", "08")}
"""Notebooks that read what others of the run saved, and so wait for them."""

CACHE_FOLDER = ".cache"
MEMORY = "JOURNEYLAB_MEMORY"

SECONDS = {"07": 40.0, "05": 30.0, "04": 12.0, "02": 17.0, "06": 10.0, "01": 9.0}
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


def execute_all(
    chosen: list[Path], settings: dict[str, dict[str, Any]], work: Path, home: Path, last: Path | None, jobs: int,
    timeout: float | None, limit: float | None, progress: Callable[[str], None] | None,
) -> list[Outcome]:  # fmt: skip
    """Run the notebooks, some at a time, those first that take longest and that others wait for."""
    waiting = sorted(chosen, key=lambda file: -SECONDS.get(file.stem[:2], 5.0))
    numbers = {file.stem[:2] for file in chosen}
    done: dict[str, Outcome] = {}
    running: dict[Future[Outcome], Path] = {}
    temporary = scratch(home)
    environment = {
        **os.environ,
        locales.PLAINLY: "1" if is_public(settings) else os.environ.get(locales.PLAINLY, ""),
        "TMPDIR": str(temporary),
        "JUPYTER_RUNTIME_DIR": str(temporary / "jupyter"),
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
    end = None if limit is None else begun + limit
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        while waiting or running:
            finished = {name[:2] for name in done}
            for file in list(waiting):
                needs = set(AFTER.get(file.stem[:2], ())) & numbers
                if len(running) < max(1, jobs) and needs <= finished:
                    waiting.remove(file)
                    running[pool.submit(_execute, file, settings[file.stem], work, environment, timeout, end)] = file
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
    notebook: Path, parameters: dict[str, Any], work: Path, environment: dict[str, str], timeout: float | None,
    end: float | None,
) -> Outcome:  # fmt: skip
    """Run one notebook in a process of its own, forked from one that has the slow imports behind it."""
    out = work / f"{notebook.stem}.ipynb"
    said = work / f".{notebook.stem}.log"
    before = time.monotonic()
    given = {**environment, NOTEBOOK: notebook.stem}
    process = processes().Process(  # type: ignore[attr-defined]
        target=run_child, args=(str(notebook), str(out), parameters, timeout, given, str(said))
    )
    late = end is not None and end <= before
    if not late:
        process.start()
        process.join(None if end is None else end - before)
        late = process.is_alive()
    if late:
        return _cut(notebook, process, out, said, time.monotonic() - before)
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


def _cut(notebook: Path, process: BaseProcess, out: Path, said: Path, seconds: float) -> Outcome:
    """End a notebook for which the run has no time left."""
    if process.pid is not None:
        process.kill()
        process.join()
    out.with_suffix(".failure.json").unlink(missing_ok=True)
    said.unlink(missing_ok=True)
    shutil.copyfile(notebook, out)
    failure = {
        "cell": None,
        "line": "",
        "name": "No time left",
        "message": "The run had used all the time it was given (--limit) before this notebook was done.",
        "traceback": "",
    }
    return Outcome(notebook.stem, "failed", seconds, failure)
