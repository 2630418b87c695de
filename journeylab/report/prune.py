"""Which old runs are taken away: all but the newest, and never the latest good one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from journeylab.cache import FOLDER
from journeylab.report.record import list_runs

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
    runs = list_runs(home.parent, home.name)
    gone = [run.folder for run in reversed(runs[keep:]) if not run.latest]
    for run in gone:
        doomed = home / f".{run.name}.partial"
        os.rename(run, doomed)
        shutil.rmtree(doomed, ignore_errors=True)
    return [run.name for run in gone]
