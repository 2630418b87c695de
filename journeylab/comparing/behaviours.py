"""Which behaviour of one run is which of another? Matched by their chains, and counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from journeylab.comparing.reading import Figure
from journeylab.errors import DataError


def model_damage(results: Path) -> str:
    """Say that the model of behaviours in a run's results cannot be read, and what is done instead; empty where it can."""
    from journeylab.behaviours import saved_by

    return saved_by(results)[1]


def unread(model: Mapping[str, Any] | None) -> str:
    """Why a stored model of behaviours is not compared; empty where it is, or where there is none."""
    from journeylab.behaviours.chains import from_dict

    try:
        if model is not None:
            from_dict(model)
    except DataError as error:
        return str(error).partition("; make it anew")[0].removesuffix(".")
    return ""


def behaviour_figures(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[tuple[Figure, Figure]]:
    """Pairs of the share of each behaviour in two runs, from their stored models; none where one has no model.

    Notes
    -----
    Chains are matched as `journeylab.behaviours.compare` does; what appeared or vanished is paired with a share of nought.
    """
    if old is None or new is None:
        return
    from journeylab.behaviours import compare
    from journeylab.behaviours.chains import from_dict

    if unread(old) or unread(new):
        return
    one, other = from_dict(old), from_dict(new)
    totals = sum(one.n), sum(other.n)
    if not all(totals):
        return
    names: set[str] = set()
    for row in compare(one, other).table.itertuples(index=False):
        state = {"appeared": ", which is new", "dissolved": ", which is gone"}.get(row.change, "")
        name = row.name if row.name not in names else f"{row.name} ({row.before or row.behaviour})"
        names.add(name)
        yield tuple(
            Figure("behaviours", name, f"{name}{state}", k / total, np.nan, np.nan, float(total), float(k), "share", "",
                   "customers", settled=False, modelled=True)
            for k, total in zip((row.n_before, row.n), totals, strict=True)
        )  # type: ignore[misc]  # fmt: skip
