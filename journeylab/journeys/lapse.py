"""Who has not been back for longer than usual? A rule for lapsing, and how many it says have lapsed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.errors import StudyError
from journeylab.intervals import wilson
from journeylab.journeys import clusters
from journeylab.journeys.model import Journeys
from journeylab.journeys.observation import DAY, Moment, observed, occurrences
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STATUS = ("active", "at risk", "lapsed")
OTHERS = (0.8, 0.9, 0.95)
NO_GAPS = "too few came back for a usual gap"


@dataclasses.dataclass(frozen=True)
class Lapse(Result):
    """Customers by how long they have been silent.

    Attributes
    ----------
    table : DataFrame
        status (active, at risk, lapsed), n (customers), once (of them, those who came once only), share, ci_low, ci_high
        (Wilson, under the rule as it stands), reason.
    rules : DataFrame
        The same with other borders: quantile (of the gaps), days (the border), days_ci_low, days_ci_high (clustered by
        customer), lapsed, share, ci_low, ci_high.
    rule : str
        The rule in words.
    n, gaps : int
        Customers with the outcome, and gaps between two of them.
    """

    rules: pd.DataFrame
    rule: str
    n: int
    gaps: int

    def summary(self) -> str:
        """Say how many have lapsed by which rule, and how much hangs on the rule."""
        if not self.gaps:
            return f"{text.count(self.n)} customers, but {NO_GAPS}: who has lapsed cannot be told."
        row = self.table.iloc[2]
        low, high = self.rules["share"].min(), self.rules["share"].max()
        return (
            (
                f"{self.rule} So {text.percent(row['share'])} ({text.interval(row['ci_low'], row['ci_high'])}) of "
                f"{text.count(self.n)} "
                f"customers have lapsed; with borders between the {self.rules['quantile'].min():.0%} and the "
                f"{self.rules['quantile'].max():.0%} gap it would be {text.interval(low, high)}."
            )
            .replace("0% ", "0 % ")
            .replace("5% ", "5 % ")
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw a bar a status with its interval."""
        ax = figures.new_axes(ax, height=figures.row_height(3, each=0.6))
        frame = self.table.iloc[::-1]
        rows, share = np.arange(3), 100 * frame["share"].to_numpy(dtype=float)
        reach = 100 * np.vstack([frame["share"] - frame["ci_low"], frame["ci_high"] - frame["share"]]).astype(float)
        ax.barh(rows, share, color=[figures.ORANGE, "#8a6d00", figures.GREEN], alpha=0.85, height=0.6)
        ax.errorbar(share, rows, xerr=np.abs(reach), fmt="none", ecolor=figures.INK, capsize=3)
        for row, value, high, n in zip(rows, share, 100 * frame["ci_high"], frame["n"], strict=True):
            if np.isfinite(value):
                ax.text(high + 2, float(row), f"{text.fixed(value, 0)} %  ({text.count(n)})", va="center")
        ax.set_yticks(rows, frame["status"])
        ax.set_ylim(-0.5, 2.5)
        ax.set_xlim(0, 120)
        ax.set_xticks(range(0, 101, 20), [f"{tick} %" for tick in range(0, 101, 20)])
        ax.grid(axis="y", visible=False)
        border = self.rules["days"].iloc[int(np.argmax(self.rules["chosen"]))]
        note = f"share of {text.count(self.n)} customers; lapsed: silent for more than {text.number(border, 0)} days"
        figures.subtitle(ax, "Who is silent for longer than usual", note if self.gaps else NO_GAPS)
        return figures.describe(ax, f"Bar chart of active, at-risk and lapsed customers. {self.summary()}")


def lapse(
    j: Journeys,
    outcome: str | None = None,
    quantile: float = 0.9,
    *,
    risk: float = 0.75,
    least: int = 30,
    until_time: Moment | None = None,
) -> Lapse:
    """Call customers lapsed who have been silent for longer than most gaps of those who came back.

    Parameters
    ----------
    j : Journeys
        Visits are joined to customers.
    outcome : str, optional
        Such as a purchase; several at one moment are one. Default: any event, and gaps are those between visits.
    quantile : float
        Lapsed: silent for longer than this share of the gaps.
    risk : float
        At risk: silent for longer than this share of the gaps, and not lapsed.
    least : int
        With fewer gaps there is no rule.
    until_time : str, datetime or datetime64, optional
        When observation ended, UTC; default: the last event of `j`.

    Raises
    ------
    StudyError
        When the outcome is unknown, not 0 < `risk` < `quantile` < 1, or `until_time` is no moment.

    Notes
    -----
    Nobody says that he has left: lapse is a rule, not a fact. By its making, of the gaps that did end in a return one in
    ten was longer than the border at 0.9. Gaps that have not ended are not among them, so the usual gap looks shorter than
    it is, most so in short data; and frequent customers have more gaps than others, and weigh more. The border's interval
    is Woodruff's, clustered by customer.

    References
    ----------
    Woodruff (1952), JASA 47:635, on the interval of a quantile.
    """
    if not 0 < risk < quantile < 1:
        raise StudyError(f"quantile={quantile}, risk={risk}: needs 0 < risk < quantile < 1, such as 0.75 and 0.9.")
    j, end = observed(j, until_time)
    gap, owner, last, times = _visits(j) if outcome is None else _outcomes(j, outcome)
    if len(gap) < least:
        gap, owner = gap[:0], owner[:0]
    silence = (end - last).astype("timedelta64[us]").view(np.int64)
    n = len(silence)
    at = sorted({*OTHERS, quantile})
    borders = [clusters.quantile(gap, owner, share) for share in at]
    rules = pd.DataFrame(
        [
            (
                share,
                *(value / DAY for value in border),
                *_share(silence > border.value, border.value),
                share == quantile,
            )
            for share, border in zip(at, borders, strict=True)
        ],
        columns=["quantile", "days", "days_ci_low", "days_ci_high", "lapsed", "share", "ci_low", "ci_high", "chosen"],
    )
    middle, border = clusters.quantile(gap, owner, risk).value, borders[at.index(quantile)]
    status = np.digitize(silence, [middle, border.value], right=True) if len(gap) else np.full(n, -1)
    counts = np.array([[(status == place).sum(), ((status == place) & (times == 1)).sum()] for place in range(3)])
    share, low, high = wilson(counts[:, 0], np.full(3, n if len(gap) else 0))
    known = counts if len(gap) else np.full((3, 2), np.nan)
    table = pd.DataFrame({"status": STATUS, "n": known[:, 0], "once": known[:, 1]})
    table = table.assign(share=share, ci_low=low, ci_high=high, reason="" if len(gap) else NO_GAPS)
    return Lapse(
        table,
        "Silence against the gaps of those who came back",
        (
            "Lapse is a rule, not a fact: somebody who is silent may come back, and the rule does not ask why they are.",
            f"{text.percent(1 - quantile, 0)} of the gaps that ended in a return were longer than the border.",
            "Gaps that have not ended yet are not counted, so the usual gap looks shorter than it is.",
            "Whoever came once has no gap of their own and is measured by those of others; frequent customers weigh most.",
            "The intervals of the shares take the border as given; the table of rules shows what another would change.",
        ),
        rules,
        _words(outcome, quantile, border),
        n,
        len(gap),
    )


def _share(lapsed: NDArray[np.bool_], border: float) -> tuple[float, float, float, float]:
    """How many have lapsed, with the share and its interval."""
    if np.isnan(border):
        return np.nan, np.nan, np.nan, np.nan
    return float(lapsed.sum()), *wilson(int(lapsed.sum()), len(lapsed))


def _words(outcome: str | None, quantile: float, border: tuple[float, float, float]) -> str:
    """The rule as a sentence."""
    what = "any event" if outcome is None else f"'{outcome}'"
    if np.isnan(border[0]):
        return f"There is no rule: {NO_GAPS}."
    days, low, high = (text.number(value / DAY, 0 if value >= 10 * DAY else 1) for value in border)
    return (
        f"A customer has lapsed after more than {days} days ({low} to {high}) without {what}: "
        f"{text.percent(quantile, 0)} of the gaps after which customers came back were not longer."
    )


Gaps = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.datetime64], NDArray[np.int64]]


def _outcomes(j: Journeys, outcome: str) -> Gaps:
    """Gaps between outcomes with their customers, and each customer's last outcome and how many there are."""
    at, owner, _ = occurrences(j, outcome)
    times = j.times[at]
    again = owner[1:] == owner[:-1]
    final = np.append(~again, True) if len(at) else np.empty(0, dtype=bool)
    counts = np.diff(np.flatnonzero(final), prepend=-1)
    return np.diff(times)[again].view(np.int64), owner[1:][again], times[final], counts


def _visits(j: Journeys) -> Gaps:
    """Gaps between visits with their customers, and each customer's last event and how many visits there are."""
    owner, held = j.event_journey, j.lengths > 0
    new = (owner[1:] == owner[:-1]) & (j.session[1:] != j.session[:-1])
    counts = np.bincount(owner[1:][new], minlength=j.n_journeys)[held] + 1
    return np.diff(j.times)[new].view(np.int64), owner[1:][new], j.last_times[held], counts
