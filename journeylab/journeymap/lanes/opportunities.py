"""What could be done, ranked: how many customers it is about in a year, and how sure that is."""

from __future__ import annotations

import dataclasses

import numpy as np

from journeylab import text
from journeylab.intervals import Interval
from journeylab.journeymap.lanes.moments import moments_of_truth
from journeylab.journeymap.material import NO_EFFECTS, OF_ALL, YEAR, Material
from journeylab.journeymap.model import SOME, STRONG, Lane, empty, grade

WEIGHTS = {"A": 1.0, "B": 0.75, "C": 0.5, "D": 0.25}
"""How much an opportunity counts in the ranking by the grade of its evidence; a convention, not a finding."""

MOST = 3


@dataclasses.dataclass(frozen=True)
class Opportunity:
    """Something that could be done on a stage.

    Attributes
    ----------
    stage, what : str
        What to do.
    size : Interval
        Customers, a year or in the data: outcomes lost, customers in more trouble than usual, or short of a goal.
    of : str
        What is counted, in words.
    grade : str
        A to D.
    more : str
        What else is known of it.
    """

    stage: str
    what: str
    size: Interval
    of: str
    grade: str
    more: str = ""

    @property
    def weight(self) -> float:
        """By which opportunities are ranked."""
        return float(self.size.value) * WEIGHTS[self.grade]

    def written(self, rank: int) -> str:
        """One line, with its place in the ranking."""
        value, low, high = self.size
        size = f"{text.fixed(value)} {self.of} ({text.fixed(max(low, 0))} to {text.fixed(high)})"
        return f"{rank}. {self.what}: {size}, grade {self.grade}{self.more}"


def rank_opportunities(material: Material) -> list[Opportunity]:
    """Find and rank what could be done.

    Notes
    -----
    Three kinds, each counted in customers a year, or in the data where these run for less than 13 weeks: a *touchpoint*
    that page 07 would mend or remove (what it costs in
    outcomes: its yearly value, divided by the worth of an outcome where study.toml has one; without a table of decisions
    its effect times the visits with it); a *stage* whose trouble is clearly above the average stage (the customers above
    that average); and a *goal* that is missed or behind (the customers short of it). Ranked by size times the weight of the grade,
    `WEIGHTS`; trouble and goals are descriptive, grade D. A goal is one for all customers, and no opportunity on the map of
    one behaviour.
    """
    found = [*_touchpoints(material), *_trouble(material), *(_goals(material) if material.whole else [])]
    return sorted(
        (item for item in found if item.size.value > 0), key=lambda item: (-item.weight, item.stage, item.what)
    )


def _touchpoints(material: Material) -> list[Opportunity]:
    stage_of, moments = material.study.stage_of, set(moments_of_truth(material)["touchpoint"])
    worth = next((each.worth for each in material.study.config.outcomes[:1] if each.worth), None)
    table = material.decisions if material.decisions is not None else material.effects
    if table is None:
        return []
    column = "decision" if "decision" in table else "verdict"
    factor, when = material.a_year
    found = []
    for row in table[table[column].isin(("fix", "remove"))].itertuples():
        stage, act = stage_of.get(row.touchpoint), {"fix": "mend", "remove": "remove"}[getattr(row, column)]
        if stage is None:
            continue
        more = ", a moment of truth" if row.touchpoint in moments else ""
        if "value" in table:
            ends = np.array([row.value, row.value_high, row.value_low], dtype=float)
            if worth and when == "a year":
                more += f"; {_money(row.value_low, row.value_high)} {material.unit} a year"
            ends = -ends / (worth or 1.0) * factor * material.weeks / YEAR
        else:
            ends = -np.array([row.estimate, row.ci_high, row.ci_low]) * row.n_exposed * factor
        of = f"outcomes' worth {when}" if worth and "value" in table else f"outcomes lost {when}"
        found.append(
            Opportunity(stage, f"{act} '{row.touchpoint}'", Interval(*map(float, ends)), of, row.grade or "D", more)
        )
    return found


def _money(low: float, high: float) -> str:
    """What a touchpoint brings, said as what it costs where that is sure."""
    if high < 0:
        return f"costs {text.fixed(-high)} to {text.fixed(-low)}"
    return f"brings {text.signed(low, 0)} to {text.signed(high, 0)}"


def _trouble(material: Material) -> list[Opportunity]:
    """Stages with clearly more trouble than the average stage, and the pain that most name there."""
    factor, when = material.a_year
    found = []
    for stage, row in material.evidence.iterrows():
        if row["behaviour_says"] != "friction":
            continue
        ends = (row[["trouble", "trouble_low", "trouble_high"]].astype(float) - row["reference"]) * row["n_customers"]
        pain = ""
        if row["top_pain"] and row["n_pain"] >= material.minimum:
            pain = f"; most name '{row['top_pain'].rpartition(' (')[0]}'"
        of = f"customers {when} above the average stage"
        found.append(
            Opportunity(str(stage), "look into the trouble here", Interval(*(ends * factor)), of, "D", pain)
        )  # fmt: skip
    return found


def _goals(material: Material) -> list[Opportunity]:
    """Missed goals that count customers."""
    factor, when = material.a_year
    found = []
    goals = material.goals.table
    for row in goals[
        goals["status"].isin(["missed", "behind"]) & (goals["unit"] == "share") & (goals["survey"] == "")
    ].itertuples():
        if row.stage not in material.study.stages:
            continue
        short = np.array([row.value, row.ci_low, row.ci_high]) - row.target
        short = short if row.value > row.target else -short[[0, 2, 1]]
        of = f"customers {when} {'over' if row.value > row.target else 'short of'} it"
        found.append(
            Opportunity(row.stage, f"close the goal '{row.goal}'", Interval(*(short * row.n * factor)), of, "D")
        )
    return found


def opportunities_lane(material: Material) -> Lane:
    """The opportunities of each stage, numbered over the whole map; what the team writes comes first, see `edits`."""
    ranked = list(enumerate(rank_opportunities(material), start=1))
    cells = []
    for stage in material.study.stages:
        here = [(rank, item) for rank, item in ranked if item.stage == stage]
        n = material.n_customers(stage)
        if not here or n < material.minimum:
            cells.append(empty(_why(material, stage)))
            continue
        lines = [item.written(rank) for rank, item in here[:MOST]]
        if len(here) > MOST:
            lines.append(f"and {len(here) - MOST} more")
        top = here[0][1]
        cells.append(
            dataclasses.replace(
                material.counted(stage, lines, n, value=top.size.value, low=top.size.low, high=top.size.high),
                evidence=_strength(top, n),
            )
        )
    return Lane("opportunities", "Opportunities, ranked", tuple(cells))


def _strength(top: Opportunity, n: int) -> str:
    """What is only described is never strong evidence for doing something, however many it counts."""
    found = grade(n)
    return SOME if top.grade == "D" and found == STRONG else found


def _why(material: Material, stage: str) -> str:
    """Why a stage has no opportunity."""
    looked = "no trouble clearly above the average stage" + (", no missed goal" if material.whole else "")
    if not material.whole:
        return f"{looked}; {OF_ALL}"
    if material.effects is None and material.decisions is None:
        return f"{looked}; {NO_EFFECTS}" if not material.unreached(stage) else material.unreached(stage)
    return f"no touchpoint to mend or remove, {looked}"
