"""How many customers would settle a question, and which difference could a test have seen?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import StudyError
from journeylab.intervals import CONFIDENCE, normal_quantile
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POWER = 0.8
"""The chance with which a test should see the effect that it is made for."""

PEEKING = 1.91
"""How many times as many customers a sequence needs that may be looked at daily: ((3.03 + 0.84) / (1.96 + 0.84))²."""


@dataclasses.dataclass(frozen=True)
class Plan(Result):
    """Customers and weeks that a test needs.

    Attributes
    ----------
    table : DataFrame
        One row an effect: base_rate, effect, n_per_arm, n_total, weeks (of assigning, and the window after them; NaN where
        the traffic is not known), power.
    per_week : float or None
        Customers a week who can be assigned.
    kind : str
        ``share`` or ``mean``.
    """

    per_week: float | None
    kind: str

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {
            "base_rate": "Without the change",
            "effect": "Difference to be seen",
            "n_per_arm": "Customers an arm",
            "n_total": "Customers in all",
            "weeks": "Weeks at this traffic",
        }

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        styles = {"base_rate": "percent", "effect": "points"} if self.kind == "share" else {}
        return {**styles, "weeks": "number"}

    def summary(self) -> str:
        """Write how many customers each effect needs, and how long that takes."""
        parts = []
        for row in self.table.itertuples():
            effect = text.points(row.effect) if self.kind == "share" else text.signed(row.effect, 2)
            long = (
                ""
                if np.isnan(row.weeks)
                else (
                    f", {text.number(row.weeks, 0)} weeks at {text.number(self.per_week or 0, 0)} a week and the wait for "
                    "the last outcomes"
                )
            )
            parts.append(
                f"{effect} needs {text.count(row.n_total)} customers ({text.count(row.n_per_arm)} an arm{long})"
            )
        return f"Seen with {text.percent(float(self.table['power'].iloc[0]), 0)} power: {'; '.join(parts)}."

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how many customers (or weeks) each effect needs."""
        ax = figures.new_axes(ax, height=3.4)
        frame = self.table.sort_values("effect", key=abs)
        scale = 100 if self.kind == "share" else 1
        timed = frame["weeks"].notna().all()
        ax.plot(scale * frame["effect"], frame["weeks" if timed else "n_total"], color=figures.BLUE, marker="o")
        ax.set_ylim(bottom=0)
        ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.set_xlabel("difference to be seen" + (", points" if self.kind == "share" else ""))
        ax.set_ylabel("weeks" if timed else "customers")
        figures.subtitle(ax, "What a test needs", f"{text.percent(POWER, 0)} power, two-sided 5 %")
        return figures.describe(ax, f"Line chart of what a test needs by the difference to be seen. {self.summary()}")


def plan_experiment(
    base_rate: float,
    effect: float | Sequence[float],
    *,
    per_week: float | None = None,
    spread: float | None = None,
    arms: int = 2,
    power: float = POWER,
    window: str | None = None,
    peeking: bool = False,
) -> Plan:
    """Say how many customers, and weeks, a randomised test needs to see an effect.

    Parameters
    ----------
    base_rate : float
        Share of customers with the outcome today; with `spread`, the mean of today.
    effect : float or sequence of float
        The difference worth seeing, on the same scale (0.02 is two points).
    per_week : float, optional
        Customers a week who can be put into the test.
    spread : float, optional
        Standard deviation of the outcome, where it is a number and not a share.
    arms : int
        With the control, all of one size; with more than two the level is shared among them (Bonferroni).
    power : float
        The chance of seeing it.
    window : str, optional
        How long outcomes are waited for after the last assignment, such as ``"30d"``; added to the weeks.
    peeking : bool
        The test will be looked at while it runs, and judged by its confidence sequence: 1.9 times as many at most.

    Raises
    ------
    StudyError
        For an effect of zero, shares beyond 0 and 1, and what else no test can be planned with.

    Notes
    -----
    Shares: two-sided z test, ``n = (z sqrt(2 p q) + z_power sqrt(p1 q1 + p0 q0))² / effect²`` with p the mean of both shares.
    Means: two-sided t test with the noncentral t. Both by statsmodels.

    References
    ----------
    Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, 4.3; Cohen (1988), chapter 2.

    Examples
    --------
    >>> plan = plan_experiment(0.05, 0.005, per_week=4000)
    >>> plan.table[["n_per_arm", "n_total", "weeks"]].iloc[0].tolist()
    [31234.0, 62468.0, 16.0]
    """
    effects = [float(effect)] if isinstance(effect, (int, float)) else [float(item) for item in effect]
    _check(base_rate, effects, per_week, spread, arms, power)
    try:
        wait = pd.Timedelta(window or 0) / pd.Timedelta("7D")
    except ValueError:
        raise StudyError(f"window='{window}' is no span of time, write one such as '30d'.") from None
    alpha = (1 - CONFIDENCE) / (arms - 1)
    rows = []
    for item in effects:
        each = customers_an_arm(base_rate, item, spread, alpha, power) * (PEEKING if peeking else 1.0)
        n_arm = int(np.ceil(each - 1e-9))
        weeks = np.ceil(arms * n_arm / per_week + wait) if per_week else np.nan
        rows.append((base_rate, item, n_arm, arms * n_arm, weeks, power))
    return Plan(
        pd.DataFrame(rows, columns=["base_rate", "effect", "n_per_arm", "n_total", "weeks", "power"]),
        f"Sample size of a two-sided {'t' if spread else 'z'} test of two {'means' if spread else 'shares'}",
        (
            f"The outcome without the change is as today ({text.number(base_rate)}), and as many customers come.",
            "Customers are put into arms of one size by chance, once, and do not influence each other.",
            "The test is judged by its confidence sequence, as often as one likes."
            if peeking
            else "The test is judged once, at its end.",
        ),
        per_week,
        "mean" if spread else "share",
    )


def power_of_shares(base: float, effect: float, n1: float, n0: float) -> float:
    """The chance that a two-sided z test sees a difference of shares; the far side is left out.

    Examples
    --------
    >>> round(power_of_shares(0.5, 0.25, 50, 50), 4)
    0.7402
    """
    from scipy.special import ndtr

    other = base + effect
    pooled = (n0 * base + n1 * other) / (n0 + n1)
    null = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
    error = np.sqrt(base * (1 - base) / n0 + other * (1 - other) / n1)
    if not error > 0:
        return 1.0 if effect else 0.0
    return float(ndtr((abs(effect) - normal_quantile() * null) / error))


def detectable_share(base: float, n1: float, n0: float, power: float = POWER) -> float:
    """The smallest rise of a share that a test of this size sees with the given power; a fall where no rise has room.

    Returns
    -------
    float
        Above zero; NaN where even the largest difference would be missed too often.

    Examples
    --------
    >>> round(detectable_share(0.05, 31234, 31234), 5)
    0.005
    """
    from scipy.optimize import brentq

    if min(n1, n0) < 2 or not 0 <= base <= 1:
        return float("nan")
    for room in (1 - base, -base):
        if room and power_of_shares(base, room, n1, n0) >= power:
            return abs(float(brentq(lambda effect: power_of_shares(base, effect, n1, n0) - power, 1e-12 * room, room)))
    return float("nan")


def detectable_mean(error: float, power: float = POWER, *, half: float | None = None) -> float:
    """The smallest difference that an estimate with this standard error shows with the given power.

    Parameters
    ----------
    half : float, optional
        Half the width of the interval that it is judged by, where that is not the usual one.
    """
    from scipy.special import ndtri

    return float((normal_quantile() * error if half is None else half) + ndtri(power) * error)


def customers_an_arm(
    base: float, effect: float, spread: float | None = None, alpha: float = 1 - CONFIDENCE, power: float = POWER
) -> float:
    """Customers an arm that a two-sided test needs to see a difference of shares, or of means with a spread.

    Examples
    --------
    >>> round(customers_an_arm(0.10, 0.02))
    3841
    """
    if spread:
        from statsmodels.stats.power import TTestIndPower

        return float(TTestIndPower().solve_power(abs(effect) / spread, power=power, alpha=alpha))
    from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

    low = base if effect > 0 else 1 - base  # a fall of the share is a rise of those without the outcome
    return float(samplesize_proportions_2indep_onetail(abs(effect), low, power, alpha=alpha / 2, alternative="larger"))


def _check(
    base: float, effects: list[float], per_week: float | None, spread: float | None, arms: int, power: float
) -> None:
    """Say what no test can be planned with."""
    if spread is not None and not spread > 0:
        raise StudyError(f"spread={spread}: a standard deviation is above zero.")
    for effect in effects:
        if not effect or not np.isfinite(effect):
            raise StudyError(
                f"effect={effect}: no test is large enough to see nothing; name the difference worth seeing."
            )
        if spread is None and not (0 < base < 1 and 0 < base + effect < 1):
            raise StudyError(
                f"base_rate={base:g} and effect={effect:+g}: both shares lie between 0 and 1; for a mean give spread=."
            )
    if not effects or arms < 2 or not 0 < power < 1 or (per_week is not None and not per_week > 0):
        raise StudyError(
            f"effect={effects}, arms={arms}, power={power}, per_week={per_week}: needs an effect, two arms or more, a power "
            "between 0 and 1, and customers a week above zero."
        )
