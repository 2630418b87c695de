"""What to do about each touchpoint: what it brings in a year, how sure that is, and which test would settle the rest."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, html, text
from journeylab.errors import StudyError
from journeylab.impact.power import customers_an_arm, detectable_share
from journeylab.intervals import normal_quantile
from journeylab.pooling import normal
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SURE = 0.95
"""The chance of being right from which on a touchpoint is kept or removed."""

MATTERS = 0.03
"""A test is planned to find an effect of three points; of less where more is ruled out already; of no less than the cost."""

LEAST = 0.005
"""Nobody plans a test for less than half a point."""

PATIENCE = 52.0
"""Weeks that a test may take to be recommended."""

SHORT_TEST = 8.0
"""Where none can be: what a test of so many weeks would find at the present number of visits."""

NO_CHOICE = ("can only follow the outcome", "nobody reaches the outcome without it", "hardly any visit without it")
"""Reasons of `touchpoint_effects` for which no test can be run: there is nothing to leave out."""

YEAR = 365.25 / 7
ORDER = ("fix", "remove", "keep", "test", "not known")

COLUMNS = [
    "touchpoint", "decision", "grade", "estimate", "ci_low", "ci_high", "pooled", "pooled_low", "pooled_high", "chance_up",
    "per_year", "cost", "value", "value_low", "value_high", "chance_pays", "worth_knowing", "test_effect", "test_n",
    "test_weeks", "test_least", "why",
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Decisions(Result):
    """What to do about touchpoints.

    Attributes
    ----------
    table : DataFrame
        One row a touchpoint, those to act on first: touchpoint, decision (``keep``, ``fix``, ``remove``, ``test``,
        ``not known``), grade, estimate with interval, pooled with interval (the effect drawn towards those of all
        touchpoints), chance_up (that it is over zero), per_year (first visits with it), cost (a year, of all visits with it),
        value (a year, less the cost: money where an outcome has a worth, else outcomes) with interval, chance_pays (that the
        value is over zero), worth_knowing (what certainty would be worth a year, in the same unit), test_effect, test_n
        (customers an arm), test_weeks (at the present number of visits with it), test_least (the smallest
        effect that a test of eight weeks would find), why.
    unit : str
        Of the values: the currency, or ``outcomes``.
    money : bool
    """

    unit: str
    money: bool

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {
            "touchpoint": "Touchpoint",
            "decision": "Decision",
            "pooled": "Effect, drawn towards all",
            "per_year": "First visits with it, a year",
            **({"cost": f"Costs a year ({self.unit})"} if self.money else {}),
            "value": f"Brings a year ({self.unit})",
            "between": "95 % interval",
            "chance_pays": "Chance that it pays",
            "grade": "Grade",
            "why": "Why",
        }

    @property
    def formats(self) -> dict[str, html.Format]:
        """How their values are written."""
        return {"pooled": "points", "per_year": "number", "cost": _whole, "value": "number", "chance_pays": _chance}

    @property
    def test_columns(self) -> dict[str, str]:
        """The columns of the table of tests."""
        return {
            "touchpoint": "Touchpoint",
            "effect": "Finds effects from",
            "n_arm": "Customers an arm",
            "weeks": "Weeks",
            "worth_knowing": f"Certainty is worth a year ({self.unit})",
            "advice": "Advice",
        }

    @property
    def test_formats(self) -> dict[str, html.Format]:
        """How the tests are written."""
        return {
            "effect": lambda effect: text.points(float(str(effect))).removeprefix("+"),
            "n_arm": "number",
            "weeks": _weeks,
            "worth_knowing": "number",
        }

    @property
    def shown(self) -> pd.DataFrame:
        """The table with the interval of the value as text."""
        between = [
            text.MISSING if np.isnan(low) else f"{_whole(low)} to {_whole(high)}"
            for low, high in zip(self.table["value_low"], self.table["value_high"], strict=True)
        ]
        return self.table.assign(between=between)

    @property
    def tests(self) -> pd.DataFrame:
        """The tests that would settle what is not known, the most valuable first: touchpoint, the test in words, its size."""
        open_ = self.table[self.table["decision"].isin(("test", "not known")) & self.table["test_n"].notna()]
        ranked = open_.sort_values(["worth_knowing", "test_weeks"], ascending=[False, True], kind="stable")
        return pd.DataFrame(
            {
                "touchpoint": ranked["touchpoint"],
                "test": [
                    f"At the first visit where '{row.touchpoint}' would be met, leave it out for a random half of the customers"
                    for row in ranked.itertuples()
                ],
                "effect": ranked["test_effect"],
                "n_arm": ranked["test_n"],
                "weeks": np.ceil(ranked["test_weeks"]),
                "worth_knowing": ranked["worth_knowing"],
                "advice": [
                    _advice(weeks, least)
                    for weeks, least in zip(ranked["test_weeks"], ranked["test_least"], strict=True)
                ],
            }
        ).reset_index(drop=True)

    def summary(self) -> str:
        """Say what to do, what it brings, and what to test first."""
        parts = []
        for decision in ("keep", "fix", "remove"):
            rows = self.table[self.table["decision"] == decision]
            if len(rows):
                named = [
                    f"'{row.touchpoint}' ({text.money(row.value, self.unit, sign=True)} a year, 95 % interval "
                    f"{_whole(row.value_low)} to {_whole(row.value_high)})"
                    for row in rows.itertuples()
                ]
                parts.append(f"{decision} {text.sentence_list(named)}")
        head = text.sentence("; ".join(parts)) if parts else "Nothing can be kept, fixed or removed on this evidence"
        first = self.table[self.table["decision"] == "test"].sort_values("worth_knowing", ascending=False)
        rest = int(((self.table["decision"] == "not known") & self.table["test_n"].notna()).sum())
        tests = (
            f" Test first: {text.sentence_list([f'{name!r}' for name in first['touchpoint'][:3]])}."
            if len(first)
            else ""
        )
        return f"{head}.{tests}" + (
            f" {rest} cannot be settled within {text.fixed(PATIENCE, 0)} weeks." if rest else ""
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what each touchpoint brings in a year, with its interval."""
        frame = self.table.dropna(subset=["value"]).sort_values("value").reset_index(drop=True)
        ax = figures.new_axes(ax, width=9, height=figures.row_height(len(frame), each=0.42))
        colours = {"keep": figures.GREEN, "fix": figures.ORANGE, "remove": figures.ORANGE}
        marks = {"keep": "o", "fix": "s", "remove": "X"}
        for row, line in frame.iterrows():
            ends = [[line["value"] - line["value_low"]], [line["value_high"] - line["value"]]]
            colour = colours.get(line["decision"], figures.MUTED)
            mark = marks.get(line["decision"], "D")
            ax.errorbar([line["value"]], [row], xerr=ends, fmt=mark, color=colour, capsize=4, markersize=8, linewidth=2)
        ax.axvline(0, color=figures.INK, linewidth=1)
        ax.set_yticks(frame.index, [f"{line.touchpoint}: {line.decision}" for line in frame.itertuples()])
        ax.set_ylim(-0.7, len(frame) - 0.3)
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.set_xlabel(f"{self.unit} a year, with 95 % interval")
        ax.grid(axis="y", visible=False)
        figures.subtitle(ax, "What each touchpoint brings in a year", "effects drawn towards those of all touchpoints")
        series = {f"{self.unit} a year": ("value", "value_low", "value_high")}
        draws = figures.drawn(frame[::-1], "touchpoint", series, unit="number")
        said = f"Dot plot of what {len(frame)} touchpoints bring in a year. {self.summary()}"
        return figures.describe(ax, said, draws)


def decide(
    effects: pd.DataFrame,
    *,
    weeks: float,
    visits: Mapping[str, float] | None = None,
    costs: Mapping[str, float] | None = None,
    worth: float | None = None,
    currency: str = "",
    required: Collection[str] = (),
    matters: float = MATTERS,
) -> Decisions:
    """Turn effects into decisions: pool them, price them, and plan the tests that are missing.

    Parameters
    ----------
    effects : DataFrame
        The table of `touchpoint_effects`.
    weeks : float
        How long the data run, so that numbers of visits become numbers a year.
    visits : mapping, optional
        All visits with each touchpoint in the data, which is what costs arise from; where not given its first visits.
    costs : mapping, optional
        What a touchpoint costs a visit with it; nothing where not given.
    worth : float, optional
        What an outcome is worth, in the unit of the costs. Without it values are in outcomes, and costs cannot be weighed.
    currency : str
        What the unit is called.
    required : collection of str
        Touchpoints that cannot be removed.
    matters : float
        The largest effect that a test should find, as a difference of shares.

    Notes
    -----
    Effects of grades A to C are taken as ``estimate ~ N(theta, se^2)``, ``theta ~ N(mu, tau^2)``, with mu and tau integrated
    over: `journeylab.pooling.normal`. The value of a touchpoint is ``theta x first visits x worth - cost x visits``, a
    year. *keep* needs the verdict keep and a chance of 95 % that the value is over zero; *fix* and *remove* a chance of 95 % that
    it is under zero, and a verdict against it or a cost. What certainty would be worth is
    ``s phi(m / s) - |m| Phi(-|m| / s)`` with m the mean and s the spread of the value (Raiffa and Schlaifer 1961, ch. 5). A test
    has two arms of equal size among those who would meet the touchpoint, 80 % power at 5 %, two-sided.

    Raises
    ------
    StudyError
        For weeks, a worth or costs that are no amounts.
    """
    _check(weeks, worth, costs)
    costs = dict(costs or {})
    table = effects.copy()
    table["per_year"] = table["n_exposed"] * YEAR / weeks
    met = {
        name: (visits or {}).get(name, n) * YEAR / weeks
        for name, n in zip(table["touchpoint"], table["n_exposed"], strict=True)
    }
    table["cost"] = [costs.get(name, 0.0) * met[name] for name in table["touchpoint"]]
    _pool(table)
    price = 1.0 if worth is None else worth
    spent = 0.0 if worth is None else table["cost"]
    table["value"] = table["pooled"] * table["per_year"] * price - spent
    scale = table.pop("pooled_error") * table["per_year"] * price
    half = normal_quantile() * scale
    table["value_low"], table["value_high"] = table["value"] - half, table["value"] + half
    table["chance_pays"] = _above(table["value"], scale)
    table["worth_knowing"] = _worth_knowing(table["value"], scale)
    _plan(table, costs, worth, weeks, matters)
    decided = [_decide(row, worth, set(required)) for row in table.itertuples()]
    table["decision"], table["why"] = [decision for decision, _ in decided], [why for _, why in decided]
    place = table["decision"].map({name: number for number, name in enumerate(ORDER)})
    size = -table["value"].abs().fillna(-1.0)
    order = pd.DataFrame({"place": place, "size": size}).sort_values(["place", "size"], kind="stable").index
    return Decisions(
        table.loc[order, COLUMNS].reset_index(drop=True),
        "Effects partially pooled over touchpoints (normal model), times yearly visits and the worth of an outcome",
        (
            "Effects are of first visits with a touchpoint as they happened; later ones cost, and are taken to add nothing.",
            "Next year has as many visits as the data show, and the effects stay as they are.",
            "Before the data are looked at touchpoints are alike: unsure effects are drawn towards the mean of all.",
            _priced(worth, currency),
        ),
        "outcomes" if worth is None else currency or "of the currency",
        worth is not None,
    )


def _check(weeks: float, worth: float | None, costs: Mapping[str, float] | None) -> None:
    if not (np.isfinite(weeks) and weeks > 0):
        raise StudyError(f"weeks={weeks}: the data must run for some time, give a number over 0.")
    if worth is not None and not (np.isfinite(worth) and worth > 0):
        raise StudyError(f"worth={worth}: what an outcome is worth is an amount over 0.")
    for name, cost in (costs or {}).items():
        if not (np.isfinite(cost) and cost >= 0):
            raise StudyError(f"costs: '{name}' has {cost}; a cost is an amount of at least 0.")


def _pool(table: pd.DataFrame) -> None:
    """Add the pooled effects, of what may bear a verdict."""
    error = (table["ci_high"] - table["ci_low"]) / (2 * normal_quantile())
    sound = (table["grade"].isin(("A", "B", "C")) & table["estimate"].notna() & (error > 0)).to_numpy()
    for name in ("pooled", "pooled_low", "pooled_high", "pooled_error"):
        table[name] = np.nan
    if sound.any():
        drawn = normal(table.loc[sound, "estimate"], error[sound])
        for name, values in (("pooled", drawn.value), ("pooled_low", drawn.low), ("pooled_high", drawn.high)):
            table.loc[sound, name] = values
        table.loc[sound, "pooled_error"] = (drawn.high - drawn.low) / (2 * normal_quantile())
    table["chance_up"] = _above(table["pooled"], table["pooled_error"])


def _above(mean: pd.Series, spread: pd.Series) -> NDArray[np.float64]:
    """The chance that a normal quantity is over zero."""
    from scipy.special import ndtr

    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(ndtr(mean.to_numpy(float) / spread.to_numpy(float)))


def _worth_knowing(mean: pd.Series, spread: pd.Series) -> NDArray[np.float64]:
    """Expected value of perfect information about whether to keep it."""
    from scipy.special import ndtr

    m, s = np.abs(mean.to_numpy(float)), spread.to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = m / s
    return np.asarray(np.maximum(s * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) - m * ndtr(-z), 0.0))


def _plan(table: pd.DataFrame, costs: Mapping[str, float], worth: float | None, weeks: float, matters: float) -> None:
    """Add the size and the length of a test of each touchpoint."""
    usual = float(table["base_rate"].median())
    sizes = []
    for row in table.itertuples():
        base = row.base_rate if np.isfinite(row.base_rate) else usual
        open_ = max(abs(row.ci_low), abs(row.ci_high)) if row.grade in ("A", "B", "C") else matters
        effect = max(min(matters, open_), LEAST, costs.get(row.touchpoint, 0.0) / worth if worth else 0.0)
        possible = np.isfinite(base) and not row.reason.startswith(NO_CHOICE)
        n_arm = np.ceil(customers_an_arm(base, effect if base + effect < 1 else -effect)) if possible else np.nan
        short = row.n_exposed / weeks * SHORT_TEST / 2
        sizes.append((effect, n_arm, detectable_share(base, short, short) if possible else np.nan))
    table[["test_effect", "test_n", "test_least"]] = np.array(sizes, dtype=float).reshape(-1, 3)
    with np.errstate(divide="ignore"):
        table["test_weeks"] = 2 * table["test_n"] / (table["n_exposed"] / weeks)


def _decide(row: object, worth: float | None, required: set[str]) -> tuple[str, str]:
    """A decision and its reason."""
    name, verdict, grade, reason = row.touchpoint, row.verdict, row.grade, row.reason  # type: ignore[attr-defined]
    pays, weeks = row.chance_pays, row.test_weeks  # type: ignore[attr-defined]
    if grade in ("A", "B", "C") and np.isfinite(pays):
        dear = worth is not None and row.cost > 0  # type: ignore[attr-defined]
        if pays <= 1 - SURE and (verdict in ("fix", "remove") or dear):
            if verdict in ("fix", "remove"):
                return verdict, reason
            return "fix" if name in required else "remove", "costs more than it brings"
        if pays >= SURE and verdict == "keep":
            return "keep", reason
        if verdict in ("keep", "fix", "remove"):
            reason = (
                "its price is not clear against what it brings"
                if dear
                else "not clear once drawn towards all touchpoints"
            )
    if not np.isfinite(weeks):
        return "not known", reason
    return ("test", reason) if weeks <= PATIENCE else ("not known", f"{reason}; {_advice(weeks, row.test_least)}")  # type: ignore[attr-defined]


def _weeks(weeks: object) -> str:
    """The length of a test; of one that nobody will run no more than that."""
    length = float(str(weeks))
    return _whole(length) if length <= PATIENCE else f"over {_whole(PATIENCE)}" if np.isfinite(length) else text.MISSING


def _advice(weeks: float, least: float) -> str:
    """Whether a test can be run; where not, what a short one would find."""
    if not np.isfinite(weeks):
        return "nobody meets it: there is nothing to test"
    if weeks <= PATIENCE:
        return f"run it: {text.fixed(np.ceil(weeks), 0)} weeks"
    short = f"{text.fixed(SHORT_TEST, 0)} weeks would find " + (
        "not even the largest effect" if np.isnan(least) else f"effects from {text.points(least).removeprefix('+')}"
    )
    return f"a test is not feasible at the present number of visits ({short})"


def _priced(worth: float | None, currency: str) -> str:
    if worth is None:
        return "Values are outcomes: study.toml says no worth of an outcome, so costs are not weighed."
    return (
        f"An outcome is worth {text.money(worth, currency, None)}"
        + "; touchpoints without a cost in study.toml cost nothing."
    )


def _chance(share: object) -> str:
    """A chance without the digits that nobody knows."""
    if text.is_missing(share):
        return text.MISSING
    value = float(str(share))
    return "under 1 %" if value < 0.01 else "over 99 %" if value > 0.99 else text.percent(value, 0)


def _whole(value: object) -> str:
    """A number without decimals."""
    return text.MISSING if text.is_missing(value) else f"{text.fixed(float(str(value)), 0)}".replace("-", "−")
