"""How does each behaviour move? Its chain, kept so that new customers can be placed and a later run can be compared."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import text
from journeylab.behaviours.counts import Counts, count, paths
from journeylab.behaviours.mixture import ALPHA
from journeylab.errors import DataError

if TYPE_CHECKING:
    from journeylab.behaviours.find import Behaviours
    from journeylab.journeys import Journeys

FORMAT = "journeylab.behaviours/1"

Step = tuple[str, str]
"""From and to; the start and the end of a journey are the empty text."""

WAIT = "\ttime until a step"
"""Stands for the touchpoint in steps that count times, ``(WAIT, "1min to 1d")``; the tab keeps it apart from touchpoints."""


@dataclasses.dataclass(frozen=True)
class Chains:
    """The stored model of behaviours: aggregates only, no customer.

    Attributes
    ----------
    behaviours : tuple of str
        Labels; those of the last run where `keep_labels` matched them.
    names : tuple of str
        What each is called; empty where nothing is.
    n : tuple of int
        Customers (or journeys) of each, by their most probable behaviour.
    weights : ndarray
        Sum of posteriors of each, shape (k,).
    steps : tuple of (from, to)
        Starts ``("", a)``, steps ``(a, b)``, ends ``(a, "")`` and times until a step ``(WAIT, category)`` that were seen.
    expected : ndarray
        How often each behaviour made each step, by the posterior, shape (n_steps, k).
    until : str or None
        The touchpoint before which journeys were cut.
    retired : tuple of str
        Labels of earlier runs, which no other behaviour may take.
    waits : tuple of str
        Cut points of the time until a step; empty where times did not count.
    """

    behaviours: tuple[str, ...]
    names: tuple[str, ...]
    n: tuple[int, ...]
    weights: NDArray[np.float64]
    steps: tuple[Step, ...]
    expected: NDArray[np.float64]
    until: str | None = None
    retired: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()

    @property
    def k(self) -> int:
        """How many behaviours."""
        return len(self.behaviours)

    @property
    def log_shares(self) -> NDArray[np.float64]:
        """Log of the mixing weights, shape (k,)."""
        smoothed = self.weights + ALPHA
        return np.asarray(np.log(smoothed / smoothed.sum()))

    @property
    def log_chain(self) -> NDArray[np.float64]:
        """Log probability of each step given where it is from, with the smoothing of the fit, shape (n_steps, k)."""
        smoothed = self.expected + ALPHA
        totals = pd.DataFrame(smoothed).groupby([step[0] for step in self.steps], sort=False).transform("sum")
        return np.asarray(np.log(smoothed) - np.log(totals.to_numpy()))

    @property
    def names_of(self) -> dict[str, str]:
        """What each behaviour is called, by its label."""
        return dict(zip(self.behaviours, self.names, strict=True))

    def without_waits(self) -> Chains:
        """Return the model without times: where customers go, whatever their tempo."""
        kept = [number for number, step in enumerate(self.steps) if step[0] != WAIT]
        steps = tuple(self.steps[number] for number in kept)
        return dataclasses.replace(self, steps=steps, expected=self.expected[kept], waits=())

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold, see `from_dict`."""
        return {
            "format": FORMAT,
            "until": self.until,
            "retired": list(self.retired),
            "waits": list(self.waits),
            "behaviours": [
                {"label": label, "name": name, "n": n, "weight": round(float(weight), 6)}
                for label, name, n, weight in zip(self.behaviours, self.names, self.n, self.weights, strict=True)
            ],
            "steps": [
                [*step, *(round(float(value), 6) for value in row)]
                for step, row in zip(self.steps, self.expected, strict=True)
            ],
        }

    def save(self, path: str | Path) -> None:
        """Write the model as JSON."""
        Path(path).write_text(json.dumps(self.as_dict(), ensure_ascii=False) + "\n", encoding="utf-8")


def from_dict(stored: Mapping[str, Any]) -> Chains:
    """Read a model from what `Chains.as_dict` gave.

    Raises
    ------
    DataError
        When it is no such model.
    """
    if not isinstance(stored, Mapping) or stored.get("format") != FORMAT:
        found = stored.get("format") if isinstance(stored, Mapping) else type(stored).__name__
        raise DataError(f"this is no stored model of behaviours: its format is {found!r}, expected {FORMAT!r}.")
    try:
        groups, steps = stored["behaviours"], stored["steps"]
        k = len(groups)
        found = Chains(
            tuple(str(group["label"]) for group in groups),
            tuple(str(group["name"]) for group in groups),
            tuple(int(group["n"]) for group in groups),
            np.array([group["weight"] for group in groups], dtype=float),
            tuple((str(row[0]), str(row[1])) for row in steps),
            np.array([row[2:] for row in steps], dtype=float).reshape(len(steps), k),
            stored["until"],
            tuple(map(str, stored["retired"])),
            tuple(map(str, stored.get("waits", ()))),
        )
        _require_counts(found)
        return found
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise DataError(
            f"the stored model of behaviours is damaged ({error!r}); make it anew with `behaviours.model`."
        ) from None


def _require_counts(found: Chains) -> None:
    """Raise ValueError where labels are not apart, or counts are none."""
    if len(set(found.behaviours)) < found.k:
        raise ValueError(f"labels {list(found.behaviours)} are not apart")
    if not isinstance(found.until, str | None):
        raise ValueError(f"until is {found.until!r}")
    for counted in (np.array(found.n, dtype=float), found.weights, found.expected):
        if not (np.isfinite(counted) & (counted >= 0)).all():
            raise ValueError("a number of people or steps is none")


def load(path: str | Path) -> Chains:
    """Read a model that `Chains.save` wrote.

    Raises
    ------
    DataError
        When the file is not there or is no such model.
    """
    file = Path(path)
    if not file.is_file():
        raise DataError(f"{file}: there is no such file; `behaviours.model(found, journeys).save(path)` writes one.")
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{file}: is no JSON: {error}.") from None
    try:
        return from_dict(stored)
    except DataError as error:
        raise DataError(f"{file}: {error}") from None


def model(
    found: Behaviours, j: Journeys, *, until: str | None = None, names: Mapping[str, str] | Sequence[str] | None = None,
    last: Chains | None = None,
) -> Chains:  # fmt: skip
    """Keep how each behaviour moves.

    Parameters
    ----------
    found : Behaviours
        By any method: the chains are made from its posterior.
    j : Journeys
        The journeys it was found in, in the same order.
    until : str, optional
        Where `find` cut them.
    names : mapping or sequence, optional
        What each behaviour is called.
    last : Chains, optional
        The last run's model, whose labels are not given to other behaviours later on.

    Notes
    -----
    Counts of starts, steps and ends (and times, where `find` counted them) weighted by the posterior: one maximisation step
    after `find`.

    Raises
    ------
    DataError
        When `found` is of other journeys.
    """
    if len(found.posterior) != j.n_journeys:
        raise DataError(
            f"these behaviours are of {text.count(len(found.posterior))} journeys, and {text.count(j.n_journeys)} are given; "
            "pass the journeys they were found in."
        )
    labels = tuple(found.table["behaviour"])
    cut = until if until in j.touchpoints else None
    counts = count(paths(j, until=cut, waits=found.waits))
    posterior = found.posterior[list(labels)].to_numpy(float)
    known = counts.row >= 0
    rows = counts.row[known]
    by_row = np.empty((len(counts.weights), len(labels)))
    for number in range(len(labels)):
        by_row[:, number] = np.bincount(rows, weights=posterior[known, number], minlength=len(by_row))
    given = dict(names) if isinstance(names, Mapping) else dict(zip(labels, names or (), strict=False))
    return Chains(
        labels,
        tuple(given.get(label, "") for label in labels),
        tuple(int(n) for n in found.table["n"]),
        by_row.sum(axis=0),
        tuple(steps_of(counts, j.touchpoints, found.waits)),
        np.asarray(counts.matrix.T @ by_row).reshape(len(counts.columns), len(labels)),
        until,
        () if last is None else tuple(sorted({*last.retired, *last.behaviours} - {*labels})),
        found.waits,
    )


def steps_of(counts: Counts, touchpoints: Sequence[str], waits: Sequence[str] = ()) -> list[Step]:
    """What each column of counts is, by name."""
    size = counts.n_states
    found: list[Step] = []
    lengths = (
        [f"up to {waits[0]}", *(f"{a} to {b}" for a, b in itertools.pairwise(waits)), f"over {waits[-1]}"]
        if waits
        else []
    )
    for column in counts.columns.tolist():
        if column < size:
            found.append(("", touchpoints[column]))
        elif column < size + size * size:
            found.append((touchpoints[(column - size) // size], touchpoints[(column - size) % size]))
        elif column < 2 * size + size * size:
            found.append((touchpoints[column - size - size * size], ""))
        else:
            found.append((WAIT, lengths[column - 2 * size - size * size]))
    return found


@dataclasses.dataclass(frozen=True)
class Likelihood:
    """What a stored model makes of journeys.

    Attributes
    ----------
    joint : ndarray
        Log likelihood under each behaviour, without its share, shape (n_journeys, k).
    steps : ndarray
        Starts, steps and ends of each journey, shape (n_journeys,).
    unseen : ndarray
        Those among them that the model never saw, shape (n_journeys,); they are left out.
    """

    joint: NDArray[np.float64]
    steps: NDArray[np.float64]
    unseen: NDArray[np.float64]


def likelihood(stored: Chains, j: Journeys) -> Likelihood:
    """Measure how likely each journey is under each stored behaviour."""
    cut = stored.until if stored.until in j.touchpoints else None
    counts = count(paths(j, until=cut, waits=stored.waits))
    place = {step: number for number, step in enumerate(stored.steps)}
    met = steps_of(counts, j.touchpoints, stored.waits)
    row_of = np.array([place.get(step, -1) for step in met], dtype=int)
    moves = np.array([step[0] != WAIT for step in met], dtype=bool)
    seen = row_of >= 0
    log_chain = np.zeros((len(row_of), stored.k))
    if seen.any():
        log_chain[seen] = stored.log_chain[row_of[seen]]
    n = len(counts.weights)
    by_row = np.asarray(counts.matrix @ log_chain).reshape(n, stored.k)
    steps = np.asarray(counts.matrix @ moves.astype(float)).reshape(n)
    unseen = np.asarray(counts.matrix @ (moves & ~seen).astype(float)).reshape(n)
    known = counts.row >= 0
    joint, total, left = np.zeros((j.n_journeys, stored.k)), np.zeros(j.n_journeys), np.zeros(j.n_journeys)
    joint[known], total[known], left[known] = (
        by_row[counts.row[known]],
        steps[counts.row[known]],
        unseen[counts.row[known]],
    )
    return Likelihood(joint, total, left)
