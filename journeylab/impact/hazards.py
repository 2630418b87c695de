"""Do customers reach the outcome at a higher rate once they have met a touchpoint? Cox's model with exposures as dates."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.impact.cox import CoxFit, fit_cox, informative, proportional_hazards
from journeylab.impact.spells import outcome_spells
from journeylab.impact.start_stop import Rows, during_visits, exposure_rows, first_met, visit_rows
from journeylab.intervals import benjamini_hochberg, normal_quantile
from journeylab.journeys.model import Journeys
from journeylab.journeys.observation import Moment
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 60_000
"""More rows take minutes: then customers are sampled, and it is said."""

FEWEST_EXPOSED, FEWEST_OUTCOMES = 30, 5
EXTREME = 20.0
"""A ratio over it, or under 1 divided by it, is that of a step of the way: the touchpoint is left out of the model."""

CLOCKS = ("visits", "days")


@dataclasses.dataclass(frozen=True)
class TouchpointHazards(Result):
    """Hazard ratios of touchpoints met, as time-varying exposures.

    Attributes
    ----------
    table : DataFrame
        touchpoint, hazard_ratio (rate of the outcome once it has been met, against before, all else in the model alike),
        ci_low, ci_high, p_value, q_value, n_exposed (customers who met it before the end of their way), n_outcomes (of
        these), early, late (the ratio at the first and the last tenth of the outcomes, on the line that the check fits),
        fades_p (of no change over time), reason (why a number is missing).
    outcome, clock : str
    n : int
        Customers in the model.
    of : int
        Customers there are.
    outcomes, rows : int
    whole_p : float
        Of proportional hazards, all covariates together.
    """

    outcome: str
    clock: str
    n: int
    of: int
    outcomes: int
    rows: int
    whole_p: float

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {
            "touchpoint": "Touchpoint",
            "hazard_ratio": "Hazard ratio",
            "ci": "95 % interval",
            "q_value": "q",
            "n_exposed": "Customers who met it",
            "n_outcomes": "Outcomes among them",
            "early": "Ratio early",
            "late": "Ratio late",
            "fades_p": "p of no change over time",
            "reason": "Why not",
        }

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        return {"q_value": "p", "fades_p": "p"}

    def summary(self) -> str:
        """Say after which touchpoints the rate is higher and lower, and whether it stays so."""
        known = self.table.dropna(subset=["hazard_ratio"])
        if known.empty:
            why = self.table["reason"].iloc[0] if len(self.table) else "there is no touchpoint to test"
            return f"No hazard ratio can be given for '{self.outcome}': {why}."
        clear = known[known["q_value"] <= 0.05]
        parts = []
        for word, rows in (
            ("higher", clear[clear["hazard_ratio"] > 1].sort_values("hazard_ratio", ascending=False)),
            ("lower", clear[clear["hazard_ratio"] < 1].sort_values("hazard_ratio")),
        ):
            if len(rows):
                first = rows.iloc[0]
                named = text.sentence_list(f"'{name}'" for name in rows["touchpoint"])
                most = "the most" if len(rows) > 1 else "by"
                parts.append(
                    f"{word} after {named} ({most}: '{first['touchpoint']}', {_ratio(first)})"
                    if len(rows) > 1
                    else f"{word} after {named} ({_ratio(first)})"
                )
        per = "at a visit" if self.clock == "visits" else "a day"
        found = "; ".join(parts) if parts else "neither clearly higher nor clearly lower after any touchpoint"
        moving = int((known["fades_p"] < 0.05).sum())
        change = f" {moving} of {len(known)} ratios change over time, so these are averages." if moving else ""
        return (
            f"The rate of '{self.outcome}' {per} is {found}, among {text.count(self.n)} customers with "
            f"{text.count(self.outcomes)} outcomes."
            f"{change}"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw hazard ratios with intervals on a scale of logarithms; the marks in two colours are clear of 1."""
        frame = self.table.dropna(subset=["hazard_ratio"]).sort_values("hazard_ratio").reset_index(drop=True)
        ax = figures.new_axes(ax, width=8.5, height=figures.row_height(len(frame), each=0.4))
        if frame.empty:
            ax.text(0.5, 0.5, self.summary(), ha="center", va="center", wrap=True, transform=ax.transAxes)
            ax.set_axis_off()
            return figures.describe(ax, f"Empty picture of hazard ratios. {self.summary()}")
        for row, line in frame.iterrows():
            clear = line["q_value"] <= 0.05
            colour = figures.MUTED if not clear else figures.BLUE if line["hazard_ratio"] > 1 else figures.ORANGE
            marker = "o" if not clear else "^" if line["hazard_ratio"] > 1 else "v"
            ax.plot([line["ci_low"], line["ci_high"]], [row, row], color=colour, lw=2)
            ax.plot(line["hazard_ratio"], row, marker, color=colour, markersize=8, mfc=colour if clear else "white")
        low, high = min(0.9, frame["ci_low"].min() / 1.06), max(1.1, frame["ci_high"].max() * 1.06)
        ax.set_xscale("log")
        ax.set_xlim(low, high)
        ticks = [
            tick for tick in (0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 5, 10) if low <= tick <= high
        ]
        ax.set_xticks(ticks, [text.short(tick) for tick in ticks], minor=False)
        ax.set_xticks([], minor=True)
        ax.axvline(1, color=figures.INK, linewidth=1)
        ax.set_yticks(frame.index, frame["touchpoint"])
        ax.set_ylim(-0.6, len(frame) - 0.4)
        ax.grid(axis="y", visible=False)
        per = "visit" if self.clock == "visits" else "day"
        ax.set_xlabel(f"hazard ratio a {per}, 95 % interval (1: no difference; triangles: clear of it)")
        figures.subtitle(
            ax,
            f"Rate of '{self.outcome}' once a touchpoint has been met",
            f"{text.count(self.n)} customers, {text.count(self.outcomes)} outcomes; conditional on the others, not an effect",
        )
        series = {"hazard ratio": ("hazard_ratio", "ci_low", "ci_high")}
        draws = figures.drawn(frame[::-1], "touchpoint", series, unit="number")
        said = f"Hazard ratios of {len(frame)} touchpoints with intervals. {self.summary()}"
        return figures.describe(ax, said, draws)


def touchpoint_hazards(
    events: pd.DataFrame | Journeys,
    *,
    outcome: str,
    exposures: Sequence[str] | None = None,
    clock: str | None = None,
    history: bool = True,
    covariates: pd.DataFrame | None = None,
    lapse: str | None = "60d",
    gap: str = "30min",
    until_time: Moment | None = None,
    most_rows: int = MOST_ROWS,
    seed: int = 0,
) -> TouchpointHazards:
    """Compare the rate of the outcome after a touchpoint has first been met with that before, in one Cox model.

    Parameters
    ----------
    events : DataFrame or Journeys
        Contract events, or journeys made of them.
    outcome : str
        Touchpoint; the first of each customer.
    exposures : sequence of str, optional
        The touchpoints; all but the outcome where not given.
    clock : str, optional
        ``visits``: the nth visit of one customer is held against the nth of others. ``days``: time since the first event,
        nights and absences included. On that clock whatever is met at visits goes with a higher rate, since only who is
        there can convert: it is for outcomes that need no visit. Where not given: visits, if half of the outcomes come at a
        visit that had begun before.
    history : bool
        Adjust for what was known when each visit began, as logarithms: days since the last visit, events so far, and how
        often each touchpoint had been met that is neither an exposure nor the outcome; clock ``visits`` only.
    covariates : DataFrame, optional
        Index customer_id: what was known of customers before; numbers, or words for categories.
    lapse, gap, until_time
        As of `journeylab.impact.time_to_outcome`; lapsing censors, on the clock of days.
    most_rows : int
        With more rows, customers are drawn at random, whole.
    seed : int
        Of the draw.

    Raises
    ------
    StudyError
        For an unknown touchpoint, clock or span.
    DataError
        When covariates are not of these customers.

    Notes
    -----
    Exposure is a date: rows are split where a touchpoint is first met, so no customer counts as exposed before. At the
    visit at which it is met, only what comes before the outcome counts. See `journeylab.impact.cox` for the model. On the
    clock of visits many outcomes share a time, for which Efron's likelihood is nearly exact while fewer than a fifth of
    those at risk convert at a visit.

    References
    ----------
    Andersen and Gill (1982), Annals of Statistics 10:1100; Suissa (2008), American Journal of Epidemiology 167:492, on
    immortal time; Greenland, Robins and Pearl (1999), Statistical Science 14:29, on ratios that do not collapse.
    """
    if clock not in (None, *CLOCKS):
        raise StudyError(f"clock='{clock}' is not one of 'visits', 'days'.{did_you_mean(clock, CLOCKS)}")
    j, spells, _ = outcome_spells(events, outcome, lapse=None, gap=gap, until_time=until_time)
    clock = clock or ("visits" if during_visits(j, spells, outcome) >= 0.5 else "days")
    if clock == "days":
        j, spells, _ = outcome_spells(j, outcome, lapse=lapse, until_time=until_time)
    n = len(spells.time)
    if n > most_rows:  # before their rows are made, which would take memory
        spells = spells.take(np.sort(np.random.default_rng(seed).permutation(n)[:most_rows]))
    names = list(exposures) if exposures is not None else [name for name in j.touchpoints if name != outcome]
    met = np.array([first_met(j, spells, name) for name in names], dtype=np.int64).reshape(len(names), -1).T
    others = [name for name in j.touchpoints if name not in {outcome, *names}] if history else None
    every = visit_rows(j, spells, met, others) if clock == "visits" else exposure_rows(spells, met)
    attributes = _attributes(covariates, j.ids[spells.journey], every.customer)
    every = dataclasses.replace(every, given=np.hstack([every.given, attributes]))
    rows = every.sample(most_rows, seed)
    table, fit = _fit(rows, names)
    kept = len(rows.customers)
    drawn = (
        f"{text.count(kept)} of {text.count(n)} customers were drawn at random, since more than "
        f"{text.count(most_rows)} rows take minutes.",
    )
    own = "" if clock == "days" else " and what was met at earlier visits" if history else ""
    return TouchpointHazards(
        table,
        f"Cox model with time-varying exposures (clock: {clock}), Efron ties, errors clustered by customer (Lin-Wei)",
        (
            f"Nothing unmeasured leads both to a touchpoint and to the outcome, given the other touchpoints{own}"
            f"{' and the customer attributes' if covariates is not None else ''}.",
            "A hazard ratio is conditional: it compares those who had not converted yet, with the same values of all else in "
            "the model. It does not collapse: leaving out a covariate changes it even where nothing is confounded. The effect "
            "to act on is the difference of shares in the table of verdicts.",
            "Ratios hold still over time; p of no change (Grambsch-Therneau, against the logarithm of time) checks it. "
            "Where it is small the ratio is an average over time, and the early and the late one tell more.",
            "Exposure counts from its date on, and never after the outcome. What is met because the outcome is near "
            "(a form, a queue) looks as if it brought it about.",
            *(drawn if n > most_rows or len(every.customer) > most_rows else ()),
        ),
        outcome,
        clock,
        kept,
        n,
        int(rows.event.sum()),
        len(rows.event),
        np.nan if fit is None else proportional_hazards(fit).whole_p_value,
    )


def _attributes(covariates: pd.DataFrame | None, ids: NDArray[Any], customer: NDArray[np.int64]) -> NDArray[np.float64]:
    """Attributes as columns of numbers, one row a row of the model; the most frequent category is the one left out."""
    if covariates is None or covariates.empty:
        return np.empty((len(customer), 0))
    frame = covariates[~covariates.index.duplicated()].reindex(ids)
    if frame.isna().all(axis=None):
        found = listing(map(str, covariates.index[:3]))
        raise DataError(f"covariates: no row is of these customers; the index must be customer_id, found {found}.")
    columns = []
    for name in frame:
        values = frame[name]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            columns.append(values.astype(float).fillna(values.astype(float).median()).to_numpy())
        else:
            words = values.astype("object").where(values.notna(), "not known").astype(str)
            columns += [(words == word).to_numpy(dtype=float) for word in words.value_counts().index[1:]]
    return np.column_stack(columns)[customer] if columns else np.empty((len(customer), 0))


def _fit(rows: Rows, names: list[str]) -> tuple[pd.DataFrame, CoxFit | None]:
    """The table of ratios, and the fit behind it."""
    width = int(rows.customer.max()) + 1 if len(rows.customer) else 0
    converted = np.zeros(width, dtype=bool)
    converted[rows.customer[rows.event]] = True
    table = []
    for exposed, name in zip(rows.exposed.T, names, strict=True):
        ever = np.zeros(width, dtype=bool)
        ever[rows.customer[exposed]] = True
        n, hits = int(ever.sum()), int((ever & converted).sum())
        reason = _why_not(n, hits, int((rows.event & ~exposed).sum()), int(rows.event.sum()))
        table.append((name, n, hits, reason))
    frame = pd.DataFrame(table, columns=["touchpoint", "n_exposed", "n_outcomes", "reason"])
    used = [place for place, reason in enumerate(frame["reason"]) if not reason]
    design = np.hstack([rows.exposed[:, used], rows.given]).astype(float)
    telling = informative(rows.start, rows.stop, rows.event, design)
    same = [place for place, told in zip(used, telling, strict=False) if not told]
    frame.loc[same, "reason"] = "goes hand in hand with other touchpoints, or with the clock"
    used, given = [place for place in used if place not in same], rows.given[:, telling[len(used) :]]
    while used:
        design = np.hstack([rows.exposed[:, used], given]).astype(float)
        try:
            fit = fit_cox(rows.start, rows.stop, rows.event, design, rows.customer)
        except DataError as error:
            reason = str(error).removeprefix("fit_cox: ").rstrip(".")
            frame.loc[used, "reason"] = f"no model can be fitted: {reason}"
            return _ratios(frame, [], None), None
        steps = [place for place, log in zip(used, fit.coefficients, strict=False) if abs(log) > np.log(EXTREME)]
        if not steps:
            return _ratios(frame, used, fit), fit
        frame.loc[steps, "reason"] = "the outcome hardly comes on one side of it: a step of the way, not a choice"
        used = [place for place in used if place not in steps]
    return _ratios(frame, [], None), None


def _why_not(n: int, hits: int, without: int, outcomes: int) -> str:
    """Why a touchpoint is not in the model; empty where it is."""
    if not outcomes:
        return "nobody reaches the outcome while observed"
    if n < FEWEST_EXPOSED:
        return f"too few customers met it on the way ({n}); {FEWEST_EXPOSED} are needed"
    if hits < FEWEST_OUTCOMES:
        return f"too few outcomes after it ({hits}); {FEWEST_OUTCOMES} are needed"
    if without < FEWEST_OUTCOMES:
        return f"too few outcomes without it ({without}); {FEWEST_OUTCOMES} are needed"
    return ""


def _ratios(frame: pd.DataFrame, used: list[int], fit: CoxFit | None) -> pd.DataFrame:
    """Add ratios, intervals and the check of proportional hazards."""
    from scipy.special import ndtr

    numbers = ["hazard_ratio", "ci_low", "ci_high", "p_value", "q_value", "early", "late", "fades_p"]
    frame = frame.reindex(columns=["touchpoint", *numbers[:5], "n_exposed", "n_outcomes", *numbers[5:], "reason"])
    frame = frame.astype(dict.fromkeys(numbers, float))
    if fit is None:
        return frame
    k = len(used)
    beta, error, check = fit.coefficients[:k], fit.errors[:k], proportional_hazards(fit)
    log = np.log(fit.event_time)
    tenths = np.quantile(log, [0.1, 0.9]) - log.mean()
    reach = normal_quantile() * error
    frame.loc[used, numbers] = np.column_stack(
        [
            np.exp(beta),
            np.exp(beta - reach),
            np.exp(beta + reach),
            2 * ndtr(-np.abs(beta / error)),
            np.full(k, np.nan),
            np.exp(beta + check.slope[:k] * tenths[0]),
            np.exp(beta + check.slope[:k] * tenths[1]),
            check.p_value[:k],
        ]
    )
    return frame.assign(q_value=benjamini_hochberg(frame["p_value"]))


def _ratio(row: pd.Series) -> str:
    """A hazard ratio with its interval."""
    return f"hazard ratio {text.fixed(row['hazard_ratio'], 2)}, {text.fixed(row['ci_low'], 2)} to {text.fixed(row['ci_high'], 2)}"
