"""What the lanes of a map are made of, worked out once for all of them."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from journeylab.joint import display, mentions
from journeylab.joint.display import tied
from journeylab.joint.placing import placing
from journeylab.journeymap.goals import Goals, measure_goals
from journeylab.journeymap.model import Cell, grade
from journeylab.journeymap.origins import Origins, find_origins
from journeylab.journeymap.walks import Walks, walk
from journeylab.journeys import Journeys
from journeylab.study import Study

NO_INTERVIEWS = "no interviews"
NO_EVENTS = "no events in this study"
NOBODY_HERE = "no events on this stage"
TOO_FEW = "too few to show"
NO_EFFECTS = "effects are measured on page 07"
OF_ALL = "effects are measured on all customers together"

OF_A_BEHAVIOUR = {
    NO_INTERVIEWS: "nobody of this behaviour was interviewed",
    NOBODY_HERE: "nobody of this behaviour comes here",
    NO_EFFECTS: OF_ALL,
}
"""What the reasons become on the map of one behaviour, whose study holds its members only."""

YEAR = 365.25 / 7
WEEK = pd.Timedelta(7, "D")
ENOUGH_WEEKS = 13
"""Data of a shorter time are not reckoned up to a year."""


@dataclasses.dataclass(frozen=True)
class Material:
    """A study, and what several lanes take from it.

    Attributes
    ----------
    study : Study
    origins : Origins
        Of the whole study, also where only members of a behaviour are drawn.
    share : str
    effects, decisions : DataFrame or None
        The tables of `impact.touchpoint_effects` and `impact.decide`.
    unit : str
        Of the values of the decisions.
    whole : bool
        Whether the map is of all customers, and not of one behaviour.
    journeys : Journeys or None
        Of the study's customers, where they are built already.
    """

    study: Study
    origins: Origins
    share: str = "internal"
    effects: pd.DataFrame | None = None
    decisions: pd.DataFrame | None = None
    unit: str = "outcomes"
    whole: bool = True
    journeys: Journeys | None = None

    @property
    def minimum(self) -> int:
        """The fewest customers or people that are shown."""
        return self.study.minimum_cell if self.share == "public" else 1

    @cached_property
    def evidence(self) -> pd.DataFrame:
        """The joint display by stage."""
        return display(self.study, "stage").table.set_index("stage")

    @cached_property
    def said(self) -> pd.DataFrame:
        """Who said what, see `journeylab.joint.mentions`."""
        return mentions(self.study)

    @cached_property
    def unplaced(self) -> str:
        """Why nothing that was said stands on any stage; empty where some does, or nobody was interviewed."""
        return "no code has a stage: add it to [[codes]]" if placing(self.study).none else ""

    @cached_property
    def by_touchpoint(self) -> pd.DataFrame | None:
        """The joint display by touchpoint; None where no code is tied to one."""
        return display(self.study, "touchpoint", effects=self.effects).table if tied(self.study) else None

    @cached_property
    def goals(self) -> Goals:
        """The KPIs against their goals."""
        return measure_goals(self.study)

    @cached_property
    def walks(self) -> Walks | None:
        """Each customer's way through the stages; None without events."""
        if not self.study.has("events"):
            return None
        return walk(self.study.journeys() if self.journeys is None else self.journeys, self.study)

    @cached_property
    def reach(self) -> dict[str, int]:
        """How many customers each touchpoint reached."""
        if self.study.events is None:
            return {}
        pairs = self.study.events[["touchpoint", "customer_id"]].drop_duplicates()
        return {str(name): int(n) for name, n in pairs["touchpoint"].value_counts().items()}

    @cached_property
    def weeks(self) -> float:
        """How long the data run."""
        events = self.study.events
        if events is None or events.empty:
            return np.nan
        times = events["event_time"]
        return max(float((times.max() - times.min()) / WEEK), 1 / 7)

    @property
    def a_year(self) -> tuple[float, str]:
        """What a number in the data is multiplied with, and of which time it is then; a few weeks make no year."""
        return (YEAR / self.weeks, "a year") if self.weeks >= ENOUGH_WEEKS else (1.0, "in the data")

    def few(self, k: float) -> bool:
        """Whether so many customers or people are some, and too few to be shown."""
        return 0 < round(k) < self.minimum

    def n_customers(self, stage: str) -> int:
        """How many customers come to a stage."""
        return int(self.evidence.loc[stage, "n_customers"])

    def unreached(self, stage: str) -> str:
        """Why a stage has no customers; empty where it has."""
        if self.study.events is None:
            return NO_EVENTS
        return "" if self.n_customers(stage) else NOBODY_HERE

    def counted(self, stage: str, lines: list[str], n: int, **fields: Any) -> Cell:
        """A cell that counts customers of a stage."""
        origin = self.origins.by_stage.get(stage, self.origins.events)
        return Cell(tuple(lines), n=n, unit="customers", evidence=grade(n), **origin.of_cell, **fields)


def gather_material(study: Study, **known: Any) -> Material:
    """Begin a map: name the sources; the rest is worked out when a lane asks for it."""
    return Material(study, find_origins(study), **known)
