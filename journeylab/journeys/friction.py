"""Where do customers struggle? Exits, going back and forth, extra steps and dwell, touchpoint by touchpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.intervals import wilson
from journeylab.journeys.groups import distinct, in_blocks, quantiles
from journeylab.journeys.model import Journeys, cut_before, first_position
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST = 30
"""Touchpoints met by fewer journeys are not named in summaries or drawn."""


@dataclasses.dataclass(frozen=True)
class Friction(Result):
    """Friction on the way to a goal.

    Attributes
    ----------
    table : DataFrame
        One row a touchpoint, before the goal only: touchpoint, visits (journeys that meet it), exits (journeys that end
        there without the goal), exit_share, exit_ci_low, exit_ci_high, loops (times that a journey left it for another
        and came straight back), loop_share (of journeys that meet it), loop_ci_low, loop_ci_high, revisits (mean further
        meetings), excess_steps (median steps of goal-reaching journeys through it, less that of all goal-reaching
        journeys), median_seconds (dwell until the next event of the visit), q90_seconds.
    goal : str
    """

    goal: str

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {
            "touchpoint": "Touchpoint",
            "visits": "Journeys there",
            "exits": "Ended there",
            "exit_share": "Share ended",
            "exit_ends": "95 % interval",
            "loop_share": "Went away and straight back",
            "loop_ends": "95 % interval of that",
            "revisits": "Further visits, mean",
            "excess_steps": "Extra steps, median",
            "median_seconds": "Dwell, median",
        }

    @property
    def shown(self) -> pd.DataFrame:
        """The table with the two intervals of the figure written out."""
        ends = {
            f"{kind}_ends": [
                text.interval(row[f"{kind}_ci_low"], row[f"{kind}_ci_high"]) for _, row in self.table.iterrows()
            ]
            for kind in ("exit", "loop")
        }
        return self.table.assign(**ends)

    @property
    def formats(self) -> dict[str, Callable[[float], str]]:
        """How they are written."""
        return dict.fromkeys(("revisits", "excess_steps"), lambda value: text.number(value, 1))

    def summary(self) -> str:
        """Name where most end, and where most go back and forth."""
        frame = self.table[self.table["visits"] >= LEAST]
        if frame.empty:
            return f"Fewer than {LEAST} journeys meet any touchpoint before '{self.goal}'."
        end = frame.loc[frame["exit_share"].idxmax()]
        loop = frame.loc[frame["loop_share"].idxmax()]
        return (
            f"The largest share ends at '{end['touchpoint']}': {text.percent(end['exit_share'])} "
            f"({text.interval(end['exit_ci_low'], end['exit_ci_high'])}) of the {text.count(end['visits'])} that come "
            "there never reach "
            f"'{self.goal}' and stop there. Most go back and forth at '{loop['touchpoint']}' ({text.percent(loop['loop_share'])})."
        )

    def plot(self, ax: Axes | None = None, *, most: int = 14) -> Axes:
        """Draw the share that ends at each touchpoint and the share that goes back and forth, with intervals."""
        frame = self.table[self.table["visits"] >= LEAST].nlargest(most, "exit_share").iloc[::-1]
        ax = figures.new_axes(ax, height=figures.row_height(len(frame)))
        rows = np.arange(len(frame))
        for shift, kind, colour, marker, label in (
            (0.12, "exit", figures.ORANGE, "o", "end there"),
            (-0.12, "loop", figures.BLUE, "s", "go away and straight back"),
        ):
            share = frame[f"{kind}_share"]
            reach = 100 * np.vstack([share - frame[f"{kind}_ci_low"], frame[f"{kind}_ci_high"] - share])
            ax.errorbar(100 * share, rows + shift, xerr=np.abs(reach), fmt=marker, color=colour, capsize=3, label=label)
        ax.set_yticks(rows, frame["touchpoint"])
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.set_xlim(left=0)
        ax.legend(frameon=False, loc="lower right")
        figures.subtitle(
            ax, f"Friction before '{self.goal}'", "share of the journeys that come there, with 95 % intervals"
        )
        series = {
            "end there": ("exit_share", "exit_ci_low", "exit_ci_high"),
            "go away and straight back": ("loop_share", "loop_ci_low", "loop_ci_high"),
        }
        draws = figures.drawn(frame[::-1], "touchpoint", series)
        return figures.describe(ax, f"Dot plot of friction at {len(frame)} touchpoints. {self.summary()}", draws)


def friction(j: Journeys, goal: str) -> Friction:
    """Measure friction on the way to a goal; what follows the first goal does not count.

    Raises
    ------
    StudyError
        When no event has the goal as its touchpoint.
    """
    j.code(goal)
    size = len(j.touchpoints)
    counts = {name: np.zeros(size, dtype=np.int64) for name in ("visits", "meetings", "exits", "loops", "looping")}
    long: list[tuple[np.ndarray, ...]] = []
    for found, more in in_blocks(j, lambda part: _block(part, goal)):
        long.append(more)
        for name, codes in found.items():
            counts[name] += np.bincount(codes, minlength=size)
    at, dwell, passed, length, steps = (
        np.concatenate(parts) for parts in zip(*(long or [_block(j, goal)[1]]), strict=True)
    )
    long.clear()
    visits, exits = counts["visits"], counts["exits"]
    median, q90 = quantiles(at.astype(np.int32), dwell.astype(np.int64), size, (0.5, 0.9)) / 1e6
    usual = float(np.median(steps)) if len(steps) else np.nan
    through = quantiles(passed.astype(np.int32), length.astype(np.int64), size)[0]
    exit_share, exit_low, exit_high = wilson(exits, visits)
    loop_share, loop_low, loop_high = wilson(counts["looping"], visits)
    with np.errstate(divide="ignore", invalid="ignore"):
        revisits = (counts["meetings"] - visits) / visits
    table = pd.DataFrame(
        {
            "touchpoint": list(j.touchpoints),
            "visits": visits,
            "exits": exits,
            "exit_share": exit_share,
            "exit_ci_low": exit_low,
            "exit_ci_high": exit_high,
            "loops": counts["loops"],
            "loop_share": loop_share,
            "loop_ci_low": loop_low,
            "loop_ci_high": loop_high,
            "revisits": revisits,
            "excess_steps": through - usual,
            "median_seconds": median,
            "q90_seconds": q90,
        }
    )
    table = table[table["visits"] > 0].sort_values("exits", ascending=False, kind="stable", ignore_index=True)
    return Friction(
        table,
        "Counts before the first goal, with Wilson intervals",
        (
            "A journey that has not reached the goal when the data end counts as ended.",
            "Customers who want more go further and meet more friction: a high share is a place to look, not a cause.",
            "Dwell is the time to the next event of the same visit; the last event of a visit has none.",
        ),
        goal,
    )


def _block(j: Journeys, goal: str) -> tuple[dict[str, np.ndarray], tuple[np.ndarray, ...]]:
    """What is counted in a block of journeys.

    Returns
    -------
    tuple
        Codes to be counted: of each journey and touchpoint it meets, of each event, of the last events of those who stop,
        of each going back, of each journey and touchpoint it comes back to. And what quantiles are taken of: codes and
        dwell times (microseconds), codes and lengths of journeys that make it, and these lengths a journey.
    """
    reached, before = before_goal(j, goal)
    n, owner, codes = before.n_journeys, before.event_journey, before.codes
    pair, _ = distinct(codes * np.int64(n) + owner)
    at = pair // n
    who = pair - at * n
    stopped = (before.lengths > 0) & ~reached
    back = np.zeros(before.n_events, dtype=bool)
    if before.n_events > 2:
        back[:-2] = (owner[2:] == owner[:-2]) & (codes[2:] == codes[:-2]) & (codes[1:-1] != codes[:-2])
    together = (owner[1:] == owner[:-1]) & (before.session[1:] == before.session[:-1])
    made_it = reached[who]
    return {
        "visits": at,
        "meetings": codes,
        "exits": codes[before.offsets[1:][stopped] - 1],
        "loops": codes[back],
        "looping": distinct(codes[back] * np.int64(n) + owner[back])[0] // n,
    }, (
        codes[:-1][together],
        np.diff(before.times)[together].view(np.int64),
        at[made_it].astype(np.int32),
        before.lengths[who[made_it]].astype(np.int32),
        before.lengths[reached].astype(np.int32),
    )


def before_goal(j: Journeys, goal: str) -> tuple[np.ndarray, Journeys]:
    """Which journeys reach a goal, and all journeys without the goal and what follows it."""
    position = first_position(j, goal)
    cut = np.where(position >= 0, position, j.offsets[1:])
    return position >= 0, cut_before(j, cut)
