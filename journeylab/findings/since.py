"""What changed since the last good run of this study?"""

from __future__ import annotations

import os
from pathlib import Path

from journeylab import results
from journeylab.comparing import Comparison, compare, read_results
from journeylab.errors import DataError


def since_last(*, minimum: int = 0) -> Comparison | None:
    """Compare the results that this run saved so far with the last good run; None outside a run, or where there is none.

    Parameters
    ----------
    minimum : int
        Figures of fewer people are left out, also where only what came between the runs is so small.

    Notes
    -----
    The same as `journeylab compare`. A last run that cannot be read any more counts as none: a report must not fail for it.
    """
    now, last = (os.environ.get(name, "") for name in (results.FOLDER, results.LAST))
    if not now or not last or not Path(last).is_dir():
        return None
    try:
        before = read_results(Path(last))
    except DataError:
        return None
    moved = compare(before, read_results(Path(now)))
    return moved.without_small(minimum) if minimum else moved


def nothing_before(share: str) -> str:
    """Why there is nothing to compare with: no earlier run, or for a public run no earlier public one."""
    if share != "public":
        return "There is no earlier good run of this study to compare with."
    return ("There is no earlier public run of this study to compare with, and a public run is compared with public ones only. "
            "This says nothing of what moved: see the internal runs.")  # fmt: skip
