"""Which touchpoints get the credit for conversions under one rule? Credit shares out what happened; it is no effect."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.impact.attribution_markov import removal
from journeylab.impact.attribution_paths import Compute, Floats, Paths, bootstrap, middle, read_paths
from journeylab.impact.attribution_rules import RULES, rule_credit
from journeylab.impact.attribution_shapley import MOST, shapley_credit
from journeylab.journeys import Journeys
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWS = 200

NOT_AN_EFFECT = (
    "Credit, not effect: it shares out conversions over journeys that happened, and holds no journey with a touchpoint against a "
    "like one without it. No verdict follows from it (evidence grade D).",
    "Whatever interested customers meet on their way gets credit, also what did nothing.",
)
"""Printed under every attribution."""
NEVER_NEGATIVE = "Credit cannot be negative, so harm never shows."
DRAWN = "Intervals are of journeys drawn anew; they say how sure the share is, not whether the rule is right."


@dataclasses.dataclass(frozen=True)
class Credit(Result):
    """Credit by one rule.

    Attributes
    ----------
    table : DataFrame
        Most credited first: touchpoint, n (journeys that meet it before their end), n_converted (of them), credit
        (conversions), ci_low, ci_high (of the credit), share (of all credit), share_low, share_high, grade (``D``); of Markov
        chains also removal_effect, removal_low, removal_high, and with values value_removal_effect and value_credit; of sampled
        Shapley values sampling_se.
    rule : str
    conversions, n : float
        Conversions shared out, and journeys with at least one touchpoint.
    untouched : float
        Conversions without a touchpoint before them: nobody gets them.
    """

    rule: str
    conversions: float
    n: float
    untouched: float

    def summary(self) -> str:
        """Say who gets most, and that it is not an effect."""
        if not self.conversions:
            return f"No conversion among {text.fixed(self.n, 0)} journeys: there is nothing to credit."
        row = self.table.iloc[0]
        ends = (
            ""
            if np.isnan(row["share_low"])
            else f", 95 % interval {text.interval(row['share_low'], row['share_high'])}"
        )
        return (
            f"{self.rule} credits '{row['touchpoint']}' with most of {text.number(self.conversions)} conversions: "
            f"{text.number(row['credit'])} ({text.percent(row['share'])}{ends}; n = {text.fixed(self.n, 0)} journeys). "
            "This is credit, not effect."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw credits with their intervals."""
        frame = self.table.iloc[::-1].reset_index(drop=True)
        ax = figures.new_axes(ax, height=figures.row_height(len(frame)))
        ends = np.abs(np.vstack([frame["share"] - frame["share_low"], frame["share_high"] - frame["share"]]))
        ax.errorbar(100 * frame["share"], frame.index, xerr=100 * ends, fmt="o", color=figures.MUTED, capsize=3)
        ax.axvline(0, color=figures.INK, linewidth=1)
        ax.set_yticks(frame.index, frame["touchpoint"])
        ax.set_xlabel("part of all credit, %")
        ax.grid(axis="y", visible=False)
        figures.subtitle(
            ax,
            f"Credit by {self.rule}: credit, not effect",
            f"{text.number(self.conversions)} conversions of {text.fixed(self.n, 0)} journeys; bars are 95 % intervals",
        )
        draws = figures.drawn(frame[::-1], "touchpoint", {"credit": ("share", "share_low", "share_high")})
        return figures.describe(ax, f"Dots of the credit of {len(frame)} touchpoints. {self.summary()}", draws)


def markov_attribution(
    paths: pd.DataFrame | Journeys,
    *,
    order: int = 1,
    nulls: bool = True,
    collapse_repeats: bool = False,
    outcome: str | None = None,
    touchpoints: Sequence[str] | None = None,
    lookback: str | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Credit:
    """Share conversions out by removal effects in a Markov chain, solved exactly.

    Parameters
    ----------
    paths : DataFrame or Journeys
        path (tuple, list or ``"A > B > C"``), conversions, nulls? (journeys of the path that did not convert), value? (of all its
        conversions); or the table of `journeys.path_table`; or journeys, which are cut before `outcome`.
    order : int
        How many last touchpoints the next step depends on; see `markov_order`.
    nulls : bool
        Use journeys that did not convert. Without them every chain converts, and what everybody meets has a removal effect of 1.
    collapse_repeats : bool
        Take A A B as A B. At order 1 it changes nothing.
    outcome : str, optional
        The touchpoint that ends a journey; needed for journeys.
    touchpoints : sequence of str, optional
        Only these can be credited.
    lookback : str, optional
        For journeys: only touchpoints so close to the end can be credited, such as ``"30d"``.
    draws : int
        Bootstrap draws of journeys (of customers where one has several); 0 for none, then ends are NaN.
    seed : int
        Of the draws.

    Raises
    ------
    DataError, StudyError
        See `journeylab.impact.attribution_paths.read_paths`; for an order that is none.

    Notes
    -----
    States are the last `order` touchpoints (fewer near the start). The removal effect of a touchpoint is the share of
    conversions lost when every step into it leads to the end without conversion; credits are in proportion to removal
    effects and sum to the conversions. Nothing is simulated: systems of linear equations are solved, by an inverse or, beyond 100
    states, by GMRES to a relative residual of 1e-13 (1e-7 in bootstrap draws). Removal effects on value weigh each
    conversion by the mean value of its path.

    References
    ----------
    Anderl, Becker, von Wangenheim and Schumann (2016), International Journal of Research in Marketing 33:457.

    Examples
    --------
    >>> paths = pd.DataFrame({"path": ["C1 > C2 > C3", "C1", "C2 > C3"], "conversions": [1, 0, 0], "nulls": [0, 1, 1]})
    >>> markov_attribution(paths, draws=0).table.set_index("touchpoint")["credit"].sort_index().round(3).to_dict()
    {'C1': 0.2, 'C2': 0.4, 'C3': 0.4}
    """
    found = read_paths(paths, outcome=outcome, touchpoints=touchpoints, lookback=lookback)
    found = markov_paths(found, nulls=nulls, collapse_repeats=collapse_repeats)
    removed_by = removal(found, order)

    def compute(conversions: Floats, without: Floats) -> Floats:
        removed = removed_by(conversions, without)
        return np.column_stack([shared(removed[:, 0], conversions.sum()), removed])

    table, point, low, high = _measure(found, compute, draws, seed)
    table = table.assign(removal_effect=point[:, 1], removal_low=low[:, 1], removal_high=high[:, 1])
    if found.value is not None:
        credited = shared(point[:, 2], float(found.value.sum()))
        table = table.assign(value_removal_effect=point[:, 2], value_credit=credited)
    lines = [
        NEVER_NEGATIVE,
        f"The next step depends on the last {order} touchpoints and on nothing else." if order > 1
        else "The next step depends on the last touchpoint and on nothing else.",
        "Who meets a removed touchpoint is taken to give up there, and not to go another way.",
        "Journeys that did not convert are known: all are here, and none would convert later." if nulls
        else "Journeys that did not convert are left out, so what everybody meets seems to be needed by everybody.",
    ]  # fmt: skip
    return _credit(found, table, f"Markov removal, order {order}", f"solved exactly, {drawn_from(draws)}", lines)


def shapley_attribution(
    paths: pd.DataFrame | Journeys,
    *,
    worth: str = "conversions",
    outcome: str | None = None,
    touchpoints: Sequence[str] | None = None,
    lookback: str | None = None,
    draws: int = DRAWS,
    permutations: int = 2000,
    seed: int = 0,
) -> Credit:
    """Share conversions out by Shapley values of coalitions of touchpoints.

    Parameters
    ----------
    paths, outcome, touchpoints, lookback, draws, seed
        As of `markov_attribution`.
    worth : str
        What a coalition S is worth: ``"conversions"`` of journeys that meet nothing outside S, or ``"rate"``, the share of
        such journeys that convert (times all journeys); with the rate, credit can be negative.
    permutations : int
        Orders drawn where the rate has more than 16 touchpoints.

    Raises
    ------
    DataError, StudyError
        See `journeylab.impact.attribution_paths.read_paths`; for an unknown worth.

    Notes
    -----
    The order of touchpoints, and how often they are met, does not count. With ``"conversions"`` the value is exact at any
    number of touchpoints: each journey's conversion is split in equal parts over what it meets, since a Shapley value
    is linear and symmetric. With ``"rate"`` all coalitions are gone through up to 16 touchpoints (subset sums); beyond, orders are
    drawn, the standard error of the drawing is given, and there is no interval.

    References
    ----------
    Shapley (1953), Contributions to the Theory of Games II:307; Zhao, Mahboobi and Bagheri (2018), arXiv 1804.05327; Castro,
    Gomez and Tejada (2009), Computers & Operations Research 36:1726, on drawing orders.

    Examples
    --------
    >>> paths = pd.DataFrame({"path": ["A > B", "A > A"], "conversions": [3, 2]})
    >>> shapley_attribution(paths, draws=0).table.set_index("touchpoint")["credit"].to_dict()
    {'A': 3.5, 'B': 1.5}
    """
    if worth not in ("conversions", "rate"):
        raise StudyError(f"worth='{worth}' is not known; there are 'conversions' and 'rate'.")
    found = read_paths(paths, outcome=outcome, touchpoints=touchpoints, lookback=lookback)
    sampled = worth == "rate" and len(found.touchpoints) > MOST
    compute = shapley_credit(found, worth, permutations, seed)
    table, point, *_ = _measure(found, compute, 0 if sampled else draws, seed)
    lines = ["Neither the order of touchpoints nor how often they are met counts."]
    if worth == "conversions":
        lines.insert(0, NEVER_NEGATIVE)
    else:
        lines.append("Journeys that meet only a coalition say how it would do on its own; few journeys may meet it.")
    if sampled:
        lines.append(
            f"Over {MOST} touchpoints coalitions cannot all be gone through: orders are drawn, without intervals."
        )
    name = "Shapley" if worth == "conversions" else "Shapley of the rate"
    if sampled:
        return _credit(
            found, table.assign(sampling_se=point[:, 1]), name, f"{text.count(permutations)} drawn orders", lines
        )
    return _credit(found, table, name, f"exact by coalition, {drawn_from(draws)}", lines)


def rule_attribution(
    paths: pd.DataFrame | Journeys,
    rule: str = "linear",
    *,
    half_life: str = "7d",
    outcome: str | None = None,
    touchpoints: Sequence[str] | None = None,
    lookback: str | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Credit:
    """Share conversions out by a rule of thumb.

    Parameters
    ----------
    paths, outcome, touchpoints, lookback, draws, seed
        As of `markov_attribution`.
    rule : str
        ``first`` or ``last`` takes all; ``linear``: equal parts for every meeting; ``position``: 40 % for the first, 40 % for the
        last, 20 % for all between; ``time_decay``: half as much for each `half_life` before the conversion (journeys only).
    half_life : str
        Of time decay.

    Raises
    ------
    StudyError, DataError
        For an unknown rule, or time decay without times; see `journeylab.impact.attribution_paths.read_paths`.
    """
    if rule not in RULES:
        raise StudyError(f"rule='{rule}' is not known; there are {listing(RULES)}.{did_you_mean(rule, list(RULES))}")
    decays = rule == "time_decay"
    found = read_paths(paths, outcome=outcome, touchpoints=touchpoints, lookback=lookback, times=decays)
    compute = rule_credit(found, rule, half_life)
    table, *_ = _measure(found, compute, draws, seed)
    name = f"{RULES[rule]}, half-life {half_life}" if decays else RULES[rule]
    return _credit(found, table, name, drawn_from(draws), [NEVER_NEGATIVE])


def _measure(paths: Paths, compute: Compute, draws: int, seed: int) -> tuple[pd.DataFrame, Floats, Floats, Floats]:
    """The columns of every rule; and what `compute` gives, whose first column is the credit, with its ends."""
    point = compute(paths.conversions, paths.nulls)
    drawn = bootstrap(paths, compute, draws, seed).reshape(draws, *point.shape)
    low, high = middle(drawn)
    share_low, share_high = middle(_parts(drawn[:, :, 0]))
    n, converted = paths.met_by()
    table = pd.DataFrame(
        {
            "touchpoint": paths.touchpoints, "n": n,
            "n_converted": converted, "credit": point[:, 0], "ci_low": low[:, 0], "ci_high": high[:, 0],
            "share": _parts(point[None, :, 0])[0], "share_low": share_low, "share_high": share_high, "grade": "D",
        }
    )  # fmt: skip
    return table, point, low, high


def _credit(paths: Paths, table: pd.DataFrame, rule: str, how: str, lines: list[str]) -> Credit:
    conversions, n = float(paths.conversions.sum()), float((paths.conversions + paths.nulls).sum())
    table = table.sort_values("credit", ascending=False, kind="stable", ignore_index=True)
    return Credit(table, f"{rule}, {how}", (*NOT_AN_EFFECT, *lines, DRAWN), rule, conversions, n, paths.untouched)


def _parts(credit: Floats) -> Floats:
    """Each row as parts of its sum; NaN where that is zero."""
    whole = credit.sum(axis=1, keepdims=True)
    return np.divide(credit, whole, out=np.full_like(credit, np.nan), where=whole > 0)


def drawn_from(draws: int) -> str:
    """Where intervals come from, in words."""
    return f"bootstrap over journeys ({text.count(draws)} draws)" if draws else "without intervals"


def markov_paths(paths: Paths, *, nulls: bool, collapse_repeats: bool) -> Paths:
    """The paths that a chain is made of."""
    if collapse_repeats:
        paths = paths.without_repeats()
    if nulls:
        return paths
    paths = paths.keep(paths.conversions > 0)
    return dataclasses.replace(paths, nulls=np.zeros_like(paths.nulls))


def shared(weight: Floats, total: float) -> Floats:
    """A total in proportion to weights; zero where there are none."""
    whole = weight.sum()
    return weight / whole * total if whole > 0 else np.zeros_like(weight)
