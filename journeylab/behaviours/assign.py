"""Which of the behaviours known before does a new customer follow?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.behaviours.chains import Chains, likelihood
from journeylab.intervals import wilson
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from journeylab.journeys import Journeys

CLEAR = 0.7
"""Whoever has no behaviour more probable than this is represented by none."""


@dataclasses.dataclass(frozen=True)
class Assigned(Result):
    """Customers placed in behaviours of a stored model.

    Attributes
    ----------
    table : DataFrame
        behaviour, name, n, share, ci_low, ci_high (Wilson), clear (share of them with a posterior over the bar), model_share.
    labels : Series
        Most probable behaviour of each journey; index journey id.
    posterior : DataFrame
        Probability of each behaviour, one row a journey.
    unseen : float
        Share of all starts, steps and ends that the model never saw; they tell nothing and are left out.
    unclear : int
        Journeys whose highest posterior is under the bar.
    """

    labels: pd.Series = dataclasses.field(repr=False)
    posterior: pd.DataFrame = dataclasses.field(repr=False)
    unseen: float
    unclear: int

    def summary(self) -> str:
        """Say how the customers spread over the behaviours, and how many fit none."""
        n = len(self.labels)
        if not n:
            return "There are no journeys, so nobody is placed."
        parts = [
            f"{row.name or row.behaviour} {text.percent(row.share, 0)}" for row in self.table.itertuples(index=False)
        ]
        share, low, high = wilson(self.unclear, n)
        return (
            f"Of {text.count(n)} journeys: {text.sentence_list(parts)}; {text.percent(share)} "
            f"({text.interval(low, high)}) are clear in "
            f"none (posterior under {text.short(CLEAR)}), and {text.percent(self.unseen)} of the steps are new to the model."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of each behaviour with its interval, and the model's share as a line."""
        frame = self.table.iloc[::-1].reset_index(drop=True)
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.5))
        rows = np.arange(len(frame))
        reach = 100 * np.abs(np.vstack([frame["share"] - frame["ci_low"], frame["ci_high"] - frame["share"]]))
        ax.errorbar(100 * frame["share"], rows, xerr=np.nan_to_num(reach), fmt="o", color=figures.BLUE, capsize=3)
        ax.plot(100 * frame["model_share"], rows, linestyle="none", marker="|", markersize=16, color=figures.ORANGE)
        ax.set_yticks(rows, frame["name"].where(frame["name"] != "", frame["behaviour"]))
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.set_xlabel("share of journeys (dot) and in the stored model (bar)")
        ax.set_ylim(-0.6, len(frame) - 0.4)
        figures.subtitle(ax, "Which known behaviours they follow", f"n = {text.count(len(self.labels))} journeys")
        return figures.describe(ax, f"Dot plot of shares of behaviours. {self.summary()}")


def assign(stored: Chains, j: Journeys) -> Assigned:
    """Place customers in the behaviours of a stored model.

    Parameters
    ----------
    stored : Chains
        See `journeylab.behaviours.model` and `load`.
    j : Journeys
        Of any customers; cut as the model's were.

    Notes
    -----
    Bayes' rule with the model's shares and chains. A start, step or end that the model never saw tells behaviours nothing and
    is left out; who has no other has the shares of the behaviours as posterior.
    """
    found = likelihood(stored, j)
    joint = found.joint + stored.log_shares
    joint -= joint.max(axis=1, keepdims=True, initial=-np.inf)
    chances = np.exp(joint)
    chances /= chances.sum(axis=1, keepdims=True)
    best = chances.argmax(axis=1) if len(chances) else np.empty(0, dtype=int)
    index = pd.Index(j.ids, name="journey")
    clear = chances.max(axis=1, initial=0.0) >= CLEAR
    share_of = np.exp(stored.log_shares)
    rows = []
    for number, label in enumerate(stored.behaviours):
        inside = best == number
        n = int(inside.sum())
        rows.append((label, stored.names[number], n, *wilson(n, len(best)), float(clear[inside].mean()) if n else np.nan,
                     float(share_of[number])))  # fmt: skip
    return Assigned(
        pd.DataFrame(rows, columns=["behaviour", "name", "n", "share", "ci_low", "ci_high", "clear", "model_share"]),
        "Posterior of stored Markov chains",
        (
            "The chains and their shares are those of the stored model; a behaviour that it does not have cannot be found.",
            "Steps that the model never saw are left out of the likelihood of every behaviour.",
        ),
        pd.Series(np.array(stored.behaviours, dtype=object)[best], index=index, name="behaviour", dtype=object),
        pd.DataFrame(chances, index=index, columns=list(stored.behaviours)),
        float(found.unseen.sum() / found.steps.sum()) if found.steps.sum() else 0.0,
        int((~clear).sum()),
    )
