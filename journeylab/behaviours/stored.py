"""Which model of behaviours did an earlier run store, and can it be read?"""

from __future__ import annotations

import os
from pathlib import Path

from journeylab import results
from journeylab.behaviours.chains import Chains, from_dict
from journeylab.errors import DataError

SAVED = "behaviour_model"
"""The name under which a run saves its model in its results."""


ANEW = "So behaviours get new labels and names, which do not go on from those of earlier runs."
"""What is done where a stored model cannot be read."""


def saved_by(folder: str | Path | None) -> tuple[Chains | None, str]:
    """Read the model that a run saved in its folder of results.

    Returns
    -------
    model : Chains or None
        None where there is none that can be read.
    damage : str
        Where one was saved that cannot be read: the file, why, and what is done instead. Else empty.
    """
    if not folder:
        return None, ""
    try:
        stored = results.saved_in(Path(folder), SAVED)
    except DataError as error:
        return None, f"{str(error).removesuffix('.')}. {ANEW}"
    try:
        return None if stored is None else from_dict(stored), ""
    except DataError as error:
        where = "/".join((Path(folder) / f"{SAVED}.json").parts[-3:])
        return None, f"{where}: {str(error).partition('; make it anew')[0].removesuffix('.')}. {ANEW}"


def last_run() -> Chains | None:
    """Return the model that the last good run of the study saved; None where there is none that can be read."""
    return saved_by(os.environ.get(results.LAST))[0]


def last_damage() -> str:
    """Say that the model of the last good run cannot be read, why, and what is done instead; empty where nothing is wrong."""
    return saved_by(os.environ.get(results.LAST))[1]
