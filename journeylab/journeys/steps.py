"""Which touchpoint stands at which step? Shares of journeys by position from the start."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import StudyError
from journeylab.journeys.model import Journeys
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class StepMatrix(Result):
    """Touchpoints by step.

    Attributes
    ----------
    table : DataFrame
        Index touchpoint, columns 1..steps: share of all journeys whose n-th event it is; the columns add up to the share
        of journeys that are so long.
    n : int
        Journeys.
    """

    n: int

    def summary(self) -> str:
        """Name the touchpoint most journeys begin with."""
        if self.table.empty:
            return "There are no journeys."
        first = self.table.iloc[:, 0]
        return f"Of {text.count(self.n)} journeys {text.fixed(100 * first.max(), 0)} % begin with '{first.idxmax()}'."

    def plot(self, ax: Axes | None = None, *, most: int = 14) -> Axes:
        """Draw a heat map of the most frequent touchpoints."""
        frame = self.table.loc[self.table.sum(axis=1).nlargest(most).index]
        ax = figures.new_axes(ax, height=figures.row_height(len(frame)))
        ax.imshow(100 * frame.to_numpy(), cmap="Blues", aspect="auto")
        ax.set_yticks(range(len(frame)), list(frame.index))
        ax.set_xticks(range(frame.shape[1]), list(frame.columns))
        ax.set_xlabel("step")
        ax.grid(visible=False)
        figures.subtitle(ax, "Touchpoints by step", f"share of {text.count(self.n)} journeys")
        return figures.describe(ax, f"Heat map of touchpoints by step. {self.summary()}")


def step_matrix(j: Journeys, steps: int = 10) -> StepMatrix:
    """Share of journeys whose 1st, 2nd, ... event is each touchpoint.

    Raises
    ------
    StudyError
        When `steps` is less than 1.
    """
    if steps < 1:
        raise StudyError(f"steps={steps}: needs at least 1.")
    position = j.position
    early = position < steps
    size = len(j.touchpoints)
    counts = np.bincount(j.codes[early].astype(np.int64) * steps + position[early], minlength=size * steps)
    shares = counts.reshape(size, steps) / max(j.n_journeys, 1)
    table = pd.DataFrame(shares, index=pd.Index(j.touchpoints, name="touchpoint"), columns=range(1, steps + 1))
    return StepMatrix(
        table, "Shares of journeys by step", ("Steps are counted from the first event seen.",), j.n_journeys
    )
