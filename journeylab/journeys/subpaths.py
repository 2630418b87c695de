"""Which stretches of journeys recur, and which set those who convert apart?"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.errors import StudyError
from journeylab.intervals import FALSE_DISCOVERY_RATE, benjamini_hochberg, lift
from journeylab.journeys.groups import LARGEST
from journeylab.journeys.model import Journeys, cut_before, first_position, has
from journeylab.journeys.stretches import PRODUCTS, count_stretches, most_met
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class Subpaths(Result):
    """Stretches of journeys.

    Attributes
    ----------
    table : DataFrame
        subpath (tuple), n (occurrences; with gaps the journeys that have it), customers; with an outcome also lift,
        lift_ci_low, lift_ci_high, p_value, q_value; most frequent first.
    gapped : bool
        Whether other touchpoints may come between.
    untested : int
        Stretches of too few customers, neither tested nor shown.
    left_out : tuple of str
        Touchpoints that were not looked at, because others are met by more journeys.
    """

    gapped: bool = False
    untested: int = 0
    left_out: tuple[str, ...] = ()

    def summary(self) -> str:
        """Name the most frequent stretch, and the one that sets converters most apart."""
        if self.table.empty:
            few = f" ({text.count(self.untested)} occur, of too few customers)" if self.untested else ""
            return f"No stretch of two or more touchpoints recurs{few}."
        top = self.table.iloc[0]
        between = ", whatever comes between" if self.gapped else ""
        times = f"{text.count(top['n'])} journeys" if self.gapped else f"{text.count(top['n'])} times"
        sentence = (
            f"The most frequent stretch is {' → '.join(top['subpath'])}{between}: {times}, "
            f"{text.count(top['customers'])} customers."
        )
        if "lift" in self.table:
            telling = self.telling
            if len(telling) and telling.iloc[0]["lift"] > 1:
                best = telling.iloc[0]
                sentence += (
                    f" Converters have {' → '.join(best['subpath'])} {text.number(best['lift'], 1)} times "
                    f"({text.interval(best['lift_ci_low'], best['lift_ci_high'], 'number')}) as often as all."
                )
        if self.left_out:
            sentence += f" {len(self.left_out)} touchpoints that fewer journeys meet were not looked at."
        return sentence

    @property
    def shown(self) -> pd.DataFrame:
        """What a report shows: the telling stretches of the figure, then all others, the most frequent first."""
        told = set(self.telling["subpath"])
        return pd.concat([self.telling, self.table[~self.table["subpath"].isin(told)]], ignore_index=True)

    @property
    def telling(self) -> pd.DataFrame:
        """Stretches that set converters apart (q at most 0.10), six that they have more and six that they have less often.

        First those whose interval lies furthest from 1, so that a large lift of few does not lead.
        """
        if "lift" not in self.table:
            return self.table.iloc[:0]
        clear = self.table[self.table["q_value"] <= FALSE_DISCOVERY_RATE]
        more = clear[clear["lift"] > 1].sort_values("lift_ci_low", ascending=False, kind="stable").head(6)
        less = clear[clear["lift"] < 1].sort_values("lift_ci_high", kind="stable").head(6)
        return pd.concat([more, less.iloc[::-1]], ignore_index=True)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the lift of the most telling stretches with its interval, or how often the most frequent occur."""
        frame = (self.telling if "lift" in self.table else self.table.head(12)).iloc[::-1]
        ax = figures.new_axes(ax, width=9, height=figures.row_height(max(len(frame), 2), each=0.4))
        rows = np.arange(len(frame))
        ax.set_yticks(rows, [" → ".join(path) for path in frame["subpath"]])
        ax.grid(axis="y", visible=False)
        if "lift" in self.table:
            value = frame["lift"].to_numpy(dtype=float)
            reach = np.abs(np.vstack([value - frame["lift_ci_low"], frame["lift_ci_high"] - value]))
            colours = [figures.GREEN if each > 1 else figures.ORANGE for each in value]
            ax.errorbar(value, rows, xerr=reach, fmt="none", ecolor=figures.INK, capsize=3)
            ax.scatter(value, rows, color=colours, s=45, zorder=3)
            ax.axvline(1, color=figures.INK, linewidth=1)
            ax.set_xlabel("times as frequent among converters as among all")
            title = "What sets those who make it apart"
        else:
            ax.barh(rows, frame["n"], color=figures.BLUE, alpha=0.8, height=0.6)
            ax.set_xlabel("journeys that have it" if self.gapped else "times it occurs")
            title = "The most frequent stretches"
        note = "others may come between" if self.gapped else "directly one after the other"
        figures.subtitle(ax, title, note + ("; 95 % intervals" if "lift" in self.table else ""))
        value = ("lift", "lift_ci_low", "lift_ci_high") if "lift" in self.table else "n"
        named = frame[::-1].assign(subpath=[" → ".join(path) for path in frame["subpath"][::-1]])
        draws = figures.drawn(named, "subpath", {title: value}, unit="number")
        return figures.describe(ax, f"{len(frame)} stretches of journeys. {self.summary()}", draws)


def subpaths(
    j: Journeys,
    max_length: int = 3,
    outcome: str | None = None,
    *,
    least: int = 10,
    gapped: bool = False,
    most: int = 25,
) -> Subpaths:
    """Count the stretches of 2 to `max_length` touchpoints that follow on each other.

    Parameters
    ----------
    outcome : str, optional
        Compare journeys that reach it with those that do not; only what comes before it counts.
    least : int
        Stretches of fewer customers are not tested or shown when there is an outcome; the result counts them.
    gapped : bool
        Any other touchpoints may come between; a stretch counts once a journey, and has 2 or 3 touchpoints.
    most : int
        With gaps, look only at so many touchpoints, those that most journeys meet; the result names the others.

    Notes
    -----
    ``lift`` is the share of converting journeys with the stretch over the share of all journeys, with the interval of
    `journeylab.intervals.lift`. The p-value is that of a z test of two proportions with pooled variance, adjusted for the
    number of stretches by Benjamini and Hochberg.

    Where customers have several journeys these are not independent. The design effect, the variance of the difference in
    shares between customers over that between journeys, widens both: the variance of the test is multiplied by it, and
    the interval is drawn with the numbers of journeys divided by it. It is never taken as less than 1.

    Raises
    ------
    StudyError
        When `max_length` is under 2 or too long to be counted, or the outcome is unknown.

    References
    ----------
    Rao and Scott (1992), Biometrics 48:577, on counts divided by a design effect; Boos (1992), The American Statistician
    46:327, on its score form.
    """
    if max_length < 2:
        raise StudyError(f"max_length={max_length}: a stretch has at least 2 touchpoints.")
    if gapped and max_length > 3:
        raise StudyError(f"max_length={max_length}: with gaps a stretch has 2 or 3 touchpoints.")
    if most < 1:
        raise StudyError(f"most={most}: needs at least 1 touchpoint to look at.")
    converted, left_out = None, tuple[str, ...]()
    if outcome is not None:
        converted = has(j, outcome)
        position = first_position(j, outcome)
        cut = np.where(position >= 0, position, j.offsets[1:])
        j = cut_before(j, cut)
    if gapped:
        j, left_out = most_met(j, most)
    if len(j.touchpoints) ** max_length > LARGEST:
        raise StudyError(f"max_length={max_length} is too long for {len(j.touchpoints)} touchpoints.")
    table = count_stretches(j, max_length, converted, gapped)
    untested = 0
    if converted is not None:
        enough = table["customers"] >= least
        untested = int((~enough).sum())
        table = table[enough]
    table.insert(0, "subpath", _names(table.pop("key").to_numpy(), table.pop("length").to_numpy(), j))
    if converted is not None:
        table = _compare(table, j, converted)
    columns = ["subpath", "n", "customers", "lift", "lift_ci_low", "lift_ci_high", "p_value", "q_value"]
    table = table[[name for name in columns if name in table]]
    return Subpaths(
        table.sort_values("n", ascending=False, kind="stable", ignore_index=True),
        "Counts of stretches with gaps" if gapped else "Counts of contiguous stretches",
        tuple(_assumptions(converted, gapped, least, untested, len(left_out))),
        gapped,
        untested,
        left_out,
    )


def _assumptions(
    converted: NDArray[np.bool_] | None, gapped: bool, least: int, untested: int, left_out: int
) -> Iterable[str]:
    """What must hold, and what was not looked at."""
    yield "A stretch counts once a journey." if gapped else "A stretch counts as often as it occurs."
    if left_out:
        yield f"{left_out} touchpoints are not looked at: others are met by more journeys."
    if converted is not None:
        yield "Lift counts journeys once, compares those who convert with those who do not, and does not say why."
        yield "Customers are independent of each other; the journeys of one customer need not be."
        if untested:
            yield f"{text.count(untested)} stretches of fewer than {least} customers are neither tested nor shown."
        if len(converted) and (converted.all() or not converted.any()):
            who = "Every journey reaches" if converted.all() else "No journey reaches"
            yield f"{who} the outcome, so there is nobody to compare with and no interval or test."


def _names(key: np.ndarray, length: np.ndarray, j: Journeys) -> list[tuple[str, ...]]:
    """The touchpoints of each stretch, the last digit of its key being the last of them."""
    size = len(j.touchpoints)
    return [
        tuple(j.touchpoints[int(number) // size**place % size] for place in reversed(range(digits)))
        for number, digits in zip(key.tolist(), length.tolist(), strict=True)
    ]


def _compare(table: pd.DataFrame, j: Journeys, converted: NDArray[np.bool_]) -> pd.DataFrame:
    """Lift and tests of converting journeys against the others."""
    from scipy.special import ndtr

    n1, n0 = converted.sum(dtype=float), (~converted).sum(dtype=float)
    k1 = table["converting"].to_numpy(dtype=float)
    k0 = table["journeys"].to_numpy() - k1
    effect = _design_effect(table, j, converted) if j.n_customers < j.n_journeys else np.ones(len(table))
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (k1 + k0) / (n1 + n0)
        z = (k1 / n1 - k0 / n0) / np.sqrt(effect * pooled * (1 - pooled) * (1 / n1 + 1 / n0))
    value, low, high = lift(k1 / effect, n1 / effect, k0 / effect, n0 / effect)
    p_value = 2 * ndtr(-np.abs(z))
    return table.assign(
        lift=value, lift_ci_low=low, lift_ci_high=high, p_value=p_value, q_value=benjamini_hochberg(p_value)
    )


def _design_effect(table: pd.DataFrame, j: Journeys, converted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How many journeys of these customers tell as much as one independent one about a difference in shares.

    Notes
    -----
    With x and s in {0, 1} for converting and having the stretch, the score of a journey is ``(x - mean x) * (s - mean s)``;
    the effect is the sum of squares of customers' scores over that of journeys' scores, both multiplied out.
    """
    c = np.bincount(j.customer, weights=converted)
    m = np.bincount(j.customer).astype(float)
    n1, n = c.sum(), m.sum()
    x, p = n1 / n, table["journeys"].to_numpy() / n
    k1, k = table["converting"].to_numpy(), table["journeys"].to_numpy()

    def squared(aa, ab, ac, am, bb, bc, bm, cc, cm, mm):
        """The sum of ``(a - x * b - p * c + x * p * m) ** 2``."""
        return (
            aa + x**2 * bb + p**2 * cc + (x * p) ** 2 * mm
            - 2 * (x * ab + p * ac - x * p * (am + bc) + x**2 * p * bm + x * p**2 * cm)
        )  # fmt: skip

    of = {name: table[name].to_numpy() for name in PRODUCTS}
    customers = squared(**of, cc=(c * c).sum(), cm=(c * m).sum(), mm=(m * m).sum())
    journeys = squared(k1, k1, k1, k1, k, k1, k, n1, n1, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(journeys > 0, np.maximum(customers / journeys, 1), 1)
