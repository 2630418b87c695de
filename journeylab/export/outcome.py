"""What became of the rows of a study when it was written: written + left out = in the study."""

from __future__ import annotations

import dataclasses
from collections import defaultdict

from journeylab.tables import Loss


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of the rows of one table: n = written + lost.

    Attributes
    ----------
    what : str
    n, written : int
    lost : tuple of Loss
    """

    what: str
    n: int
    written: int
    lost: tuple[Loss, ...] = ()


@dataclasses.dataclass(frozen=True)
class Written:
    """A file to be, and what is in it.

    Attributes
    ----------
    content : bytes
    outcomes : tuple of Outcome
    notes : tuple of str
    """

    content: bytes
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]


class Losses:
    """Counts what is left out, by reason, with the first examples."""

    def __init__(self) -> None:
        self._examples: dict[str, list[str]] = defaultdict(list)

    def add(self, reason: str, example: str) -> None:
        """Leave one out."""
        self._examples[reason].append(example)

    @property
    def found(self) -> tuple[Loss, ...]:
        """One loss a reason."""
        return tuple(Loss(reason, len(all_), tuple(all_[:3])) for reason, all_ in self._examples.items())
