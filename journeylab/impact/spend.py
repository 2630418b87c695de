"""Which touchpoints move how much is spent? The same trials, with an amount as the outcome."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from journeylab import figures, text
from journeylab.impact.effects import TouchpointEffects, estimate_all

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class SpendEffects(TouchpointEffects):
    """Effects on an amount; the table is that of `TouchpointEffects`, in the unit of ``value``, without customary number."""

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        names = super().columns | {"base_rate": "Spent without it"}
        return {name: words for name, words in names.items() if name not in ("naive", "verdict")}

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        return {"estimate": "signed", "base_rate": "number", "q_value": "p"}

    def summary(self) -> str:
        """Say which touchpoints move the amount."""
        known = self.table[self.table["estimate"].notna() & (self.table["grade"] != "D")]
        clear = known[(known["ci_low"] > 0) | (known["ci_high"] < 0)]
        named = [
            f"'{row.touchpoint}' ({text.signed(row.estimate)}, {text.signed(row.ci_low)} to {text.signed(row.ci_high)}; "
            f"without it {text.number(row.base_rate)})"
            for row in clear.itertuples()
        ]
        head = text.sentence_list(named) if named else "No touchpoint"
        return f"{head} seemed to move the sum of '{self.outcome}' within {self.window}; {len(self.table) - len(clear)} not known."

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw effects with intervals."""
        frame = self.table.dropna(subset=["estimate"]).sort_values("estimate").reset_index(drop=True)
        ax = figures.new_axes(ax, width=9, height=figures.row_height(len(frame), each=0.42))
        ends = [frame["estimate"] - frame["ci_low"], frame["ci_high"] - frame["estimate"]]
        ax.errorbar(frame["estimate"], frame.index, xerr=ends, fmt="o", color=figures.BLUE, capsize=4, markersize=8)
        ax.axvline(0, color=figures.INK, linewidth=1)
        ax.set_yticks(frame.index, frame["touchpoint"].tolist())
        ax.set_ylim(-0.7, len(frame) - 0.3)
        ax.set_xlabel(f"change of the sum of '{self.outcome}' within {self.window} of a visit")
        ax.grid(axis="y", visible=False)
        figures.subtitle(ax, f"Effect on how much is spent ('{self.outcome}')", f"{len(frame)} touchpoints")
        return figures.describe(ax, f"Forest plot of effects on an amount. {self.summary()}")


def spend_effects(
    events: pd.DataFrame,
    customers: pd.DataFrame | None = None,
    *,
    outcome: str,
    window: str,
    exposures: Sequence[str] | None = None,
    covariates: Sequence[str] | None = None,
    negative_controls: Sequence[str] | None = None,
    gap: str = "30min",
    seed: int = 0,
) -> SpendEffects:
    """Estimate the effect of every touchpoint on the sum of an outcome's values within a window.

    Parameters
    ----------
    outcome : str
        The touchpoint whose ``value`` is summed, such as a shopping trip.

    Returns
    -------
    SpendEffects

    Raises
    ------
    StudyError, DataError
        As `touchpoint_effects`, and where no event of the outcome has a value.

    Notes
    -----
    As `touchpoint_effects`, but visits after an earlier outcome start trials too, earlier amounts are part of the history,
    and an exposure counts before the first outcome of its visit. The outcome model is linear. The E-value is of the
    standardised difference d, by the risk ratio ``exp(0.91 d)``.

    References
    ----------
    VanderWeele and Ding (2017), Annals of Internal Medicine 167:268.
    """
    return estimate_all(
        events, customers, outcome=outcome, window=window, exposures=exposures, covariates=covariates,
        negative_controls=negative_controls, gap=gap, seed=seed, amounts=True, kind=SpendEffects,
    )  # fmt: skip
