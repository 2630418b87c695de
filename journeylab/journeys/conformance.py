"""Do customers take the journey that was planned for them?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.journeys.groups import runs
from journeylab.journeys.model import Journeys, meetings, select
from journeylab.journeys.series import longest_series
from journeylab.journeys.shares import clusters, mean_of_journeys, share_of_journeys
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Plan: TypeAlias = "Sequence[str | Sequence[str]] | pd.DataFrame"

FAULTS = {
    "missed": (figures.BLUE, "", "miss it"),
    "repeated": (figures.GREEN, "///", "meet it again"),
    "out_of_order": (figures.ORANGE, "xxx", "meet it before an earlier step"),
}
"""What can be amiss at a planned step: colour, hatching and words of its bars."""


@dataclasses.dataclass(frozen=True)
class Conformance(Result):
    """Journeys against the plan.

    Attributes
    ----------
    table : DataFrame
        One row a planned step: place (from 1; steps of one place come in any order), touchpoint, n (journeys that meet
        it), missed, missed_ci_low, missed_ci_high, repeated, repeated_ci_low, repeated_ci_high, out_of_order,
        out_of_order_ci_low, out_of_order_ci_high; shares of all journeys.
    extra : DataFrame
        One row a touchpoint that is not planned: touchpoint, n (journeys that meet it), share, ci_low, ci_high; most
        frequent first.
    n : int
        Journeys with events.
    conforming, conforming_ci_low, conforming_ci_high : float
        Share of journeys that are as planned: every step once, in order, and nothing else.
    fitness, fitness_ci_low, fitness_ci_high : float
        Mean over journeys of the share of planned steps that are taken in the planned order.
    """

    extra: pd.DataFrame
    n: int
    conforming: float
    conforming_ci_low: float
    conforming_ci_high: float
    fitness: float
    fitness_ci_low: float
    fitness_ci_high: float

    def summary(self) -> str:
        """Say how many follow the plan, how much of it they take, and where they leave it most."""
        if self.n == 0:
            return "There are no journeys."
        sentence = (
            f"Of {text.count(self.n)} journeys {text.percent(self.conforming)} "
            f"({text.interval(self.conforming_ci_low, self.conforming_ci_high)}) are exactly as planned; on average they "
            f"take {text.percent(self.fitness, 0)} ({text.interval(self.fitness_ci_low, self.fitness_ci_high)}) of the "
            f"{len(self.table)} planned steps in order."
        )
        worst = {name: self.table.loc[self.table[name].idxmax()] for name in FAULTS}
        said = {
            "missed": "do not meet '{}'",
            "repeated": "meet '{}' more than once",
            "out_of_order": "meet '{}' before an earlier step",
        }
        parts = [
            f"{text.percent(row[name], 0)} {said[name].format(row['touchpoint'])}"
            for name, row in worst.items()
            if row[name] > 0
        ]
        if len(self.extra):
            top = self.extra.iloc[0]
            parts.append(f"{text.percent(top['share'], 0)} meet '{top['touchpoint']}', which is not planned")
        return f"{sentence} Most often: {'; '.join(parts)}." if parts else sentence

    def _rows(self) -> list[tuple[str, int, *tuple[float, ...]]]:
        """Touchpoint, n, then share, low and high of each fault, and of being met unplanned."""
        none = (np.nan,) * 3
        ends = [f"{fault}{end}" for fault in FAULTS for end in ("", "_ci_low", "_ci_high")]
        planned = [
            (row["touchpoint"], int(row["n"]), *(float(row[end]) for end in ends), *none)
            for _, row in self.table.iterrows()
        ]
        faults = none * len(FAULTS)
        return planned + [
            (row.touchpoint, int(row.n), *faults, row.share, row.ci_low, row.ci_high) for row in self.extra.itertuples()
        ]

    @property
    def shown(self) -> pd.DataFrame:
        """What the figure draws, with every interval written out: the planned steps, then what is met though not planned."""
        rows = []
        for name, n, *numbers in self._rows():
            cells = [numbers[place : place + 3] for place in range(0, len(numbers), 3)]
            rows.append((name, n, *(text.MISSING if np.isnan(share) else f"{text.percent(share)} ({text.interval(low, high)})"
                                    for share, low, high in cells)))  # fmt: skip
        return pd.DataFrame(
            rows, columns=["touchpoint", "n", "missed", "repeated", "too early", "met, though not planned"]
        )

    def plot(self, ax: Axes | None = None, *, most: int = 6) -> Axes:
        """Draw for each step the shares that miss it, repeat it or meet it too early, and the touchpoints not planned."""
        extra = self.extra.head(most)
        rows = len(self.table) + len(extra)
        ax = figures.new_axes(ax, height=figures.row_height(rows, each=0.55))
        for shift, (fault, (colour, hatch, label)) in enumerate(FAULTS.items(), start=-1):
            ends = self.table[[fault, f"{fault}_ci_low", f"{fault}_ci_high"]].to_numpy().T
            _bars(ax, np.arange(len(self.table)) + 0.27 * shift, ends, colour, hatch, label)
        if len(extra):
            ends = extra[["share", "ci_low", "ci_high"]].to_numpy().T
            label = "meet it, though it is not planned"
            _bars(ax, np.arange(len(self.table), rows), ends, figures.MUTED, "", label)
        steps = [f"{row.place}  {row.touchpoint}" for row in self.table.itertuples()]
        ax.set_yticks(range(rows), [*steps, *extra["touchpoint"]])
        ax.set_ylim(rows - 0.4, -0.6)
        ax.set_xlim(left=0)
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.grid(axis="y", visible=False)
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
        figures.subtitle(
            ax,
            "Where journeys leave the plan",
            f"share of {text.count(self.n)} journeys at each planned step, with 95 % intervals",
        )
        shown = self.shown.head(rows)
        numbers = [[*row[2:]] for row in self._rows()[:rows]]
        draws = figures.Drawn(tuple((name,) for name in shown["touchpoint"]), (), tuple(map(tuple, numbers)))
        return figures.describe(ax, f"Bars of {len(self.table)} planned steps. {self.summary()}", draws)


def _bars(ax: Axes, rows: NDArray[Any], shares: NDArray[Any], colour: str, hatch: str, label: str) -> None:
    """Draw shares with their intervals."""
    share, low, high = 100 * shares
    reach = np.abs(np.vstack([share - low, high - share]))
    look: dict[str, Any] = {
        "color": colour,
        "hatch": hatch,
        "edgecolor": "white",
        "linewidth": 0,
        "ecolor": figures.INK,
    }
    ax.barh(rows, share, xerr=reach, height=0.25, capsize=2, label=label, **look)


def conformance(j: Journeys, planned: Plan, *, never_met: bool = False) -> Conformance:
    """Hold each journey against the planned one.

    Parameters
    ----------
    planned : sequence of str, or DataFrame
        The planned touchpoints in order; those in a list within it come in any order. Or a table with touchpoint, stage
        and planned in stage order, such as ``study.touchpoints``: the planned ones, in any order within a stage.
    never_met : bool
        Whether a planned step may be missing from all events: it is missed by every journey then, and otherwise taken for
        a mistake in writing. Steps of a table may always be.

    Raises
    ------
    StudyError
        When the plan is empty, names a step twice, or one that no event has.

    Notes
    -----
    A step is *missed* by a journey that never meets it, *repeated* by one that meets it more than once, and *out of order*
    where it is first met before the first meeting of a step that is planned earlier. A touchpoint outside the plan is
    *extra*. Intervals of shares are Wilson's, that of fitness Student's t, clustered by customer.

    Fitness is the length of the longest series of events that is in the planned order, each step once, over the number of
    planned steps. It does not fall with repeats and extra touchpoints; the share that conforms does.

    References
    ----------
    van der Aalst (2016), Process Mining, ch. 8, on fitness, which there is measured by the costs of an alignment.
    """
    places = _places(j, planned, never_met)
    j = select(j, j.lengths > 0)
    of, owner = clusters(j), j.event_journey
    as_planned, latest = np.ones(j.n_journeys, dtype=bool), np.full(j.n_journeys, -1)
    rows = []
    for place, steps in enumerate(places, start=1):
        firsts = latest.copy()
        for step in steps:
            hits, begin, journeys = _met(j, owner, step)
            again = journeys[np.diff(begin, append=len(hits)) > 1]
            early = journeys[hits[begin] < latest[journeys]]
            firsts[journeys] = np.maximum(firsts[journeys], hits[begin])
            there = np.zeros(j.n_journeys, dtype=bool)
            there[journeys] = True
            missed = np.flatnonzero(~there)
            shares = [share_of_journeys(of, which) for which in (missed, again, early)]
            rows.append((place, step, len(journeys), *(number for share in shares for number in share)))
            for which in (missed, again, early):
                as_planned[which] = False
        latest = firsts
    inside = {step for steps in places for step in steps}
    extra = []
    for touchpoint in sorted(set(j.touchpoints) - inside):
        _, _, journeys = _met(j, owner, touchpoint)
        if len(journeys):
            as_planned[journeys] = False
            extra.append((touchpoint, len(journeys), *share_of_journeys(of, journeys)))
    columns = [f"{fault}{end}" for fault in FAULTS for end in ("", "_ci_low", "_ci_high")]
    others = pd.DataFrame(extra, columns=["touchpoint", "n", "share", "ci_low", "ci_high"])
    return Conformance(
        pd.DataFrame(rows, columns=["place", "touchpoint", "n", *columns]),
        "Journeys against the plan, by their longest series in the planned order",
        (
            "The plan is one journey that suits every customer; leaving it can be wanted.",
            "Customers are independent of each other; the journeys of one customer need not be.",
            "Journeys that are not over yet miss steps that may come.",
        ),
        others.sort_values("n", ascending=False, kind="stable", ignore_index=True),
        j.n_journeys,
        *share_of_journeys(of, np.flatnonzero(as_planned)),
        *mean_of_journeys(of, longest_series(j, places) / len(inside)),
    )


def _places(j: Journeys, planned: Plan, never_met: bool) -> list[list[str]]:
    """The steps of each place of the plan."""
    if isinstance(planned, pd.DataFrame):
        lacking = {"touchpoint", "stage", "planned"} - set(planned.columns)
        if lacking:
            raise StudyError(
                f"The plan is a table without {listing(sorted(lacking))}; give one such as study.touchpoints."
            )
        kept = planned[planned["planned"].astype(bool) & planned["stage"].notna()]
        places = [list(part["touchpoint"]) for _, part in kept.groupby("stage", sort=False)]
        never_met = True
    else:
        places = [[step] if isinstance(step, str) else list(step) for step in planned]
    steps = [step for place in places for step in place]
    if not steps:
        raise StudyError("The plan has no steps: give the planned touchpoints in order, or stages and planned = true.")
    twice = sorted({step for step in steps if steps.count(step) > 1})
    if twice:
        raise StudyError(f"The plan names {listing(twice)} more than once; each step has one place.")
    for step in steps:
        if step not in j.touchpoints and not never_met:
            raise StudyError(
                f"No touchpoint {step!r} in these journeys.{did_you_mean(step, j.touchpoints)} Found: "
                f"{listing(j.touchpoints)}. Where it is planned and nobody meets it, say never_met=True."
            )
    return places


def _met(
    j: Journeys, owner: NDArray[np.int64], touchpoint: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The events of a touchpoint, where among them each journey begins, and these journeys."""
    hits = meetings(j, touchpoint) if touchpoint in j.touchpoints else np.empty(0, dtype=np.int64)
    begin = runs(owner[hits])
    return hits, begin, owner[hits[begin]]
