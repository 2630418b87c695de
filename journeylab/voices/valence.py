"""Do people speak well or ill of each stage?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.intervals import mean
from journeylab.results import Result
from journeylab.voices.prevalence import RULE, asked_people, complete, said_by

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class StageValence(Result):
    """Valence by stage.

    Attributes
    ----------
    table : DataFrame
        stage, n (people whose words there carry a valence), asked (people whom the guide asked; NaN where that is not known),
        pains, gains (people who named at least one), valence (-1 to 1, mean of the people's means), ci_low, ci_high (t over
        people), reason (why there is no interval).
    """

    def summary(self) -> str:
        """Name the stages of lowest and highest valence."""
        known = self.table.dropna(subset=["valence"])
        if known.empty:
            return (
                "No code has both a stage and a valence: with both in [[codes]] or the codebook, each stage is heard."
            )

        def say(row: pd.Series) -> str:
            ends = f"{text.signed(row['ci_low'], 2)} to {text.signed(row['ci_high'], 2)}"
            ends = f"95 % interval {ends}" if not row["reason"] else f"no interval: {row['reason']}"
            return f"'{row['stage']}' ({text.signed(row['valence'], 2)}, {ends}, n = {text.people(row['n'])})"

        low, high = known.loc[known["valence"].idxmin()], known.loc[known["valence"].idxmax()]
        if low["stage"] == high["stage"]:
            return f"What people say of {say(low)}."
        return f"On a scale from −1 to +1 people speak worst of {say(low)} and best of {say(high)}."

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the mean valence of each stage with its interval."""
        ax = figures.new_axes(ax, height=3.4)
        places = np.arange(len(self.table))
        value = self.table["valence"].to_numpy(dtype=float)
        reach = np.abs(np.vstack([value - self.table["ci_low"], self.table["ci_high"] - value]))
        ax.axhline(0, color=figures.MUTED, linewidth=1)
        ax.plot(places, value, color=figures.GRID, linewidth=2, zorder=1)
        for mask, colour, marker in (
            (value < 0, figures.ORANGE, "v"),
            (value > 0, figures.GREEN, "^"),
            (value == 0, figures.MUTED, "o"),
        ):
            if mask.any():
                ax.errorbar(
                    places[mask], value[mask], yerr=reach[:, mask], fmt=marker, color=colour, capsize=3, markersize=8
                )
        ax.set_xticks(places, [f"{row.stage}\nn = {row.n}" for row in self.table.itertuples()])
        ax.set_ylim(-1.05, 1.05)
        ax.set_xlim(-0.5, len(self.table) - 0.5)
        ax.set_ylabel("ill  ←  valence  →  well")
        ax.grid(axis="x", visible=False)
        figures.subtitle(ax, "How people speak of each stage", "mean of people's means, with 95 % t interval")
        series = {"mean valence": ("valence", "ci_low", "ci_high")}
        draws = figures.drawn(self.table, "stage", series, unit="number", also=["n"])
        return figures.describe(ax, f"Points of mean valence at {len(self.table)} stages. {self.summary()}", draws)


def valence_by_stage(
    codings: pd.DataFrame,
    codes: pd.DataFrame,
    documents: pd.DataFrame,
    asked: pd.DataFrame | None = None,
    *,
    stages: Sequence[str] | None = None,
) -> StageValence:
    """Average the valence of what people said, stage by stage.

    Parameters
    ----------
    codings, codes, documents : DataFrame
        Contract tables; codes with valence and stage, codings with document_id.
    asked : DataFrame, optional
        What the guide raised.
    stages : sequence of str, optional
        The stages in their order; else those of the codebook, as they stand.

    Notes
    -----
    First the mean over a person's codes of a stage, each code once, then the mean over people with Student's t interval,
    clipped to -1 and 1: who says much counts as much as who says little. Where all people have the same mean there is no
    spread to estimate from, and so no interval.
    """
    codes = complete(codes)
    known = codes.dropna(subset=["valence", "stage"])
    said = said_by(codings, documents).merge(known[["code_id", "stage", "valence"]], on="code_id")
    guide = None if asked is None else asked_people(asked, documents).groupby("stage")["person"].nunique()
    silent = "nobody spoke of it" if len(known) else "no code has both a stage and a valence"
    rows = []
    for stage in stages if stages is not None else known["stage"].unique():
        part = said[said["stage"] == stage]
        people = part.groupby("person")["valence"].mean()
        value, low, high = mean(people)
        reason = ""
        if len(people) < 2:
            reason = silent if people.empty else "one person"
        elif people.nunique() == 1:
            low = high = float("nan")
            reason = "all people have the same mean, so there is no spread to estimate from"
        rows.append(
            (stage, len(people), float("nan") if guide is None else int(guide.get(stage, 0)),
             part.loc[part["valence"] < 0, "person"].nunique(), part.loc[part["valence"] > 0, "person"].nunique(), value,
             np.clip(low, -1, 1), np.clip(high, -1, 1), reason)
        )  # fmt: skip
    columns = ["stage", "n", "asked", "pains", "gains", "valence", "ci_low", "ci_high", "reason"]
    return StageValence(
        pd.DataFrame(rows, columns=columns),
        "Mean of people's mean valence by stage, with t interval over people",
        (
            RULE,
            "The valence of a code is the researcher's, one number a code; it is not the strength of what was felt.",
        ),
    )
