"""Which old runs are taken away: all but the newest, and never the latest good one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from journeylab.cache import FOLDER
from journeylab.report.record import latest_run

PARTIAL = ".*.partial"
"""What a run is called while it is made, and while it is taken away: whatever is found by this name is of no use."""


def sweep(home: Path) -> None:
    """Take away what broken runs left. Only whoever holds the study's lock may do so."""
    for stale in home.glob(PARTIAL):
        if stale != Path(os.environ.get(FOLDER, "")):
            shutil.rmtree(stale, ignore_errors=True)
    for pointer in home.glob(".latest.*"):
        pointer.unlink(missing_ok=True)


def prune(home: Path, keep: int | None) -> list[str]:
    """Take away all but the newest `keep` runs and the latest good one.

    Parameters
    ----------
    home : Path
        The folder of a study's runs.
    keep : int or None
        None takes nothing away.

    Returns
    -------
    list of str
        The names of the runs that were taken away, oldest first.

    Notes
    -----
    Newest by the time in their names. A run is first renamed to what a broken run is called, so that nobody ever sees half
    of it.
    """
    if keep is None:
        return []
    latest = latest_run(home)
    runs = [record.parent for record in home.glob("*/run.json") if not record.parent.is_symlink()]
    runs = sorted((run for run in runs if not run.name.startswith(".")), key=lambda run: _age(run.name))
    gone = [run for run in runs[: max(0, len(runs) - keep)] if run != latest]
    for run in gone:
        doomed = home / f".{run.name}.partial"
        os.rename(run, doomed)
        shutil.rmtree(doomed, ignore_errors=True)
    return [run.name for run in gone]


def _age(name: str) -> tuple[str, int]:
    """The time in a run's name, then its number among those of one second."""
    time, _, number = name.partition("Z-")
    return time.rstrip("Z"), int(number) if number.isdigit() else 1
