"""Which touchpoints move the outcome? Every touchpoint from visits as trial starts, beside the customary number."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.impact import diagnostics
from journeylab.impact.panel import MOST_CUSTOMERS, Panel, trial_panel
from journeylab.impact.tidy import tidy
from journeylab.impact.trials import Trial, from_the_moment, trial
from journeylab.impact.verdict import UNKNOWN, judge
from journeylab.intervals import benjamini_hochberg
from journeylab.progress import over
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALARM = 0.05
"""The q-value of a negative control under which it raises the alarm."""

COLUMNS = [
    "touchpoint", "estimate", "ci_low", "ci_high", "p_value", "q_value", "n_exposed", "n_eligible", "n_customers",
    "naive", "naive_ci_low", "naive_ci_high", "base_rate", "att", "att_ci_low", "att_ci_high", "ato", "ato_ci_low",
    "ato_ci_high", "ipw", "g_formula", "ess", "smd_max_before", "smd_max_after", "smd_max_overlap", "smd_max_used",
    "smd_bar", "worst_covariate", "outside_share", "e_value", "e_value_limit", "robustness", "robustness_limit",
    "yardstick", "yardstick_times", "control", "control_effect", "control_ci_low", "control_ci_high", "control_p",
    "control_alarm", "placebo", "placebo_ci_low", "placebo_ci_high", "within", "within_ci_low", "within_ci_high",
    "within_ess", "estimand", "reason",
]  # fmt: skip
WORDS = ("touchpoint", "worst_covariate", "yardstick", "control", "estimand", "reason")

WITHIN = ("within", "within_ci_low", "within_ci_high", "within_ess")

DOES = {"keep": "helps", "fix": "harms", "remove": "harms"}
"""What a verdict says of the effect."""


@dataclasses.dataclass(frozen=True)
class TouchpointEffects(Result):
    """Effects of touchpoints.

    Attributes
    ----------
    table : DataFrame
        touchpoint, estimate (risk difference of the outcome within the window, first exposure at a visit against none,
        averaged over eligible visits), ci_low, ci_high, p_value, q_value, n_exposed, n_eligible (visits), n_customers;
        naive with interval (customers who ever met it less those who never did), base_rate; att and ato with intervals
        (averaged over exposed visits, and with overlap weights), ipw and g_formula (either model alone), estimand
        (``ATE``, or ``ATO`` where only overlap weights balance).
        Diagnostics: ess, smd_max_before, smd_max_after, smd_max_overlap, smd_max_used (of the weights behind the
        estimate), smd_bar, worst_covariate, outside_share; e_value, e_value_limit, robustness, robustness_limit, yardstick
        (the strongest measured covariate) and yardstick_times (the estimate over the shift that omitting it would cause);
        control (the negative control that moves most clearly) with effect, interval, p and alarm; placebo with interval
        (difference at the visit before, in standard deviations); of what would have a verdict, within with interval and
        within_ess (the effect at the moment it was met, given what the visit had come to by then). Then grade, verdict,
        equivalence, reason.
    outcome, window : str
    protocol : DataFrame
        The trial that is emulated: part, what it is.
    balance : DataFrame
        touchpoint, covariate, raw, weighted: standardised differences.
    overlap : DataFrame
        touchpoint, propensity (middle of a bin), unexposed, exposed: numbers of visits.
    """

    outcome: str
    window: str
    protocol: pd.DataFrame
    balance: pd.DataFrame = dataclasses.field(repr=False)
    overlap: pd.DataFrame = dataclasses.field(repr=False)

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {
            "touchpoint": "Touchpoint",
            "does": "It",
            "estimate": "Effect",
            "ci": "95 % interval",
            "q_value": "q",
            "n_exposed": "Visits with it",
            "n_eligible": "Eligible visits",
            "grade": "Grade",
            "naive": "Met it, less others",
            "reason": "Why",
        }

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        return {"estimate": "points", "naive": "points", "q_value": "p"}

    @property
    def diagnostics(self) -> dict[str, str]:
        """The columns of the table of diagnostics: are the compared visits alike?"""
        return {
            "touchpoint": "Touchpoint",
            "smd_max_before": "Largest difference, raw",
            "smd_max_used": "Largest difference, weighted",
            "worst_covariate": "In",
            "ess": "Effective exposed visits",
            "outside_share": "Hardly comparable visits",
            "estimand": "Averaged over",
            "from_the_moment": "Effect from the moment it was met (95 % interval)",
        }

    @property
    def diagnostic_formats(self) -> dict[str, str]:
        """How their values are written."""
        return {"outside_share": "percent"}

    @property
    def diagnosed(self) -> pd.DataFrame:
        """The table with the effect from the moment of meeting written out."""
        rows = self.table[list(WITHIN)].itertuples(index=False)
        words = [
            text.MISSING
            if text.is_missing(row.within)
            else f"{text.points(row.within)} ({text.interval(row.within_ci_low, row.within_ci_high, 'points')})"
            for row in rows
        ]
        return self.table.assign(from_the_moment=words)

    @property
    def sensitivity(self) -> dict[str, str]:
        """The columns of the table on hidden causes; that of the negative controls where there are any."""
        columns = {
            "touchpoint": "Touchpoint",
            "e_value": "E-value",
            "e_value_limit": "E-value of the interval",
            "robustness": "Robustness value",
            "robustness_limit": "Of the interval",
            "yardstick": "Strongest measured fact",
            "yardstick_times": "Estimate over its shift",
            "placebo": "Visit before, SD",
        }
        controlled = {"control": "Negative control", "control_effect": "Seeming effect on it", "control_p": "p"}
        return columns | (controlled if self.table["control_p"].notna().any() else {})

    @property
    def shown(self) -> pd.DataFrame:
        """The table with words for the effect, those that are clear first."""
        words = self.table["verdict"].map(DOES).fillna("not known")
        order = words.map({"harms": 0, "helps": 1, "not known": 2}).sort_values(kind="stable").index
        return self.table.assign(does=words).loc[order].reset_index(drop=True)

    @property
    def sensitivity_formats(self) -> dict[str, str]:
        """How their values are written."""
        return {"robustness": "percent", "robustness_limit": "percent", "control_effect": "points", "placebo": "signed"}

    def love_plot(self, ax: Axes | None = None, *, most: int = 12) -> Axes:
        """Draw standardised differences before and after weighting, of the covariates that differ most."""
        return diagnostics.love_plot(self.balance, ax, most=most)

    @property
    def largest_differences(self) -> pd.DataFrame:
        """What `love_plot` draws, of all covariates."""
        return diagnostics.largest_differences(self.balance)

    @property
    def overlap_shares(self) -> pd.DataFrame:
        """What `overlap_plot` draws."""
        return diagnostics.overlap_shares(self.overlap)

    def overlap_plot(self, ax: Axes | None = None) -> Axes:
        """Draw how likely visits with and without each touchpoint were to meet it."""
        return diagnostics.overlap_plot(self.overlap, ax)

    def summary(self) -> str:
        """Say what helps and what harms, and how far off the customary number is."""
        parts = []
        for verdict, does in (("helps", "help"), ("harms", "harm")):
            rows = self.shown[self.shown["does"] == verdict].sort_values("estimate", key=abs, ascending=False)
            if len(rows):
                named = [
                    f"'{row.touchpoint}' ({text.points(row.estimate)}, {text.interval(row.ci_low, row.ci_high, 'points')})"
                    for row in rows.itertuples()
                ]
                parts.append(f"{text.sentence_list(named)} {does if len(rows) > 1 else verdict}")
        known = self.table.dropna(subset=["estimate"])
        rest = int((self.table["verdict"] == "not known").sum())
        head = "; ".join(parts) if parts else "no touchpoint has an effect that the data can tell"
        gap = 100 * (known["naive"] - known["estimate"]).abs().median() if len(known) else np.nan
        off = f"{text.fixed(gap, 0)} point{'' if text.fixed(gap, 0) == '1' else 's'}"
        tail = f" The customary number is off by {off} in the median." if len(known) else ""
        return f"{text.sentence(head)}; {rest} not known.{tail}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw effects with intervals (filled) and the customary numbers (hollow)."""
        frame = self.table.dropna(subset=["estimate"]).sort_values("estimate").reset_index(drop=True)
        ax = figures.new_axes(ax, width=9, height=figures.row_height(len(frame), each=0.42))
        colours = {"keep": figures.GREEN, "fix": figures.ORANGE, "remove": figures.ORANGE}
        for row, line in frame.iterrows():
            colour = colours.get(line["verdict"], figures.MUTED)
            ends = [[100 * (line["estimate"] - line["ci_low"])], [100 * (line["ci_high"] - line["estimate"])]]
            ax.errorbar(
                [100 * line["estimate"]], [row], xerr=ends, fmt="o", color=colour, capsize=4, markersize=8, linewidth=2
            )
            ax.plot(100 * line["naive"], row, "D", markerfacecolor="none", markeredgecolor=figures.MUTED, markersize=7)
        ax.axvline(0, color=figures.INK, linewidth=1)
        ax.set_yticks(
            frame.index, [f"{line.touchpoint}: {DOES.get(line.verdict, 'not known')}" for line in frame.itertuples()]
        )
        ax.set_ylim(-0.7, len(frame) - 0.3)
        ax.set_xlabel("points on the outcome (filled: effect; hollow: customary number)")
        ax.grid(axis="y", visible=False)
        n = int(frame["n_eligible"].max()) if len(frame) else 0
        figures.subtitle(
            ax,
            f"Effect on '{self.outcome}' within {self.window} of a visit",
            f"up to {text.count(n)} eligible visits a touchpoint",
        )
        series = {"effect": ("estimate", "ci_low", "ci_high"), "customary number": "naive"}
        draws = figures.drawn(frame[::-1], "touchpoint", series, unit="points")
        return figures.describe(ax, f"Forest plot of {len(frame)} touchpoint effects. {self.summary()}", draws)


def touchpoint_effects(
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
    required: Sequence[str] = (),
) -> TouchpointEffects:
    """Estimate the effect of every touchpoint from visits as trial starts.

    Parameters
    ----------
    events, customers : DataFrame
        Contract tables.
    outcome : str
        Touchpoint.
    window : str
        The outcome must follow the start of the visit within it, such as ``"14d"``.
    exposures : sequence of str, optional
        The touchpoints to test; all but the outcome where not given.
    covariates : sequence of str, optional
        Attributes of customers to adjust for; all where not given.
    negative_controls : sequence of str, optional
        Touchpoints that no exposure can cause: where an exposure seems to move one (q under 0.05 over exposures), its grade
        falls to D. They get no effect of their own.
    gap : str
        Of visits, where events have no session_id.
    seed : int
        Of the folds.
    required : sequence of str
        Touchpoints that cannot be removed: a harmful one is to be fixed.

    Returns
    -------
    TouchpointEffects
        Touchpoints with too few visits, or that can only follow the outcome, have NaN and a reason.

    Raises
    ------
    StudyError, DataError
        For unknown touchpoints or attributes, or a window that is not understood.

    Notes
    -----
    Sequential target trials: see `journeylab.impact.panel.trial_panel` for eligibility and time zero,
    `journeylab.impact.observational.aipw` for the estimator, `journeylab.impact.controls` for negative controls and
    `journeylab.impact.sensitivity` for the robustness value. q-values are of Benjamini and Hochberg over all touchpoints.
    """
    return estimate_all(
        events, customers, outcome=outcome, window=window, exposures=exposures, covariates=covariates,
        negative_controls=negative_controls, gap=gap, seed=seed, required=required, kind=TouchpointEffects,
    )  # fmt: skip


Kind = TypeVar("Kind", bound=TouchpointEffects)


def estimate_all(
    events: pd.DataFrame, customers: pd.DataFrame | None, *, outcome: str, window: str, exposures: Sequence[str] | None,
    covariates: Sequence[str] | None, negative_controls: Sequence[str] | None, gap: str, seed: int, kind: type[Kind],
    required: Sequence[str] = (), amounts: bool = False,
) -> Kind:  # fmt: skip
    """Estimate every touchpoint, on whether the outcome comes or on the sum of its values; see `touchpoint_effects`."""
    events = tidy(events, "events", ("customer_id", "event_time", "touchpoint"), "event_time")
    if customers is not None:
        customers = tidy(customers, "customers", ("customer_id",))
    controls = tuple(dict.fromkeys(negative_controls or ()))
    if outcome in controls:
        raise StudyError(
            f"negative_controls: '{outcome}' is the outcome, which touchpoints are meant to move; name others."
        )
    known = sorted(events["touchpoint"].dropna().unique(), key=str)
    wanted = list(dict.fromkeys(exposures if exposures is not None else (name for name in known if name != outcome)))
    if isinstance(exposures, str) or isinstance(negative_controls, str):
        raise StudyError("exposures and negative_controls are lists of touchpoints: put the name into brackets.")
    for name in [*wanted, *controls]:
        if name not in known:
            raise DataError(f"no event is called '{name}'; there are {listing(known)}.{did_you_mean(name, known)}")
    panel = trial_panel(
        events,
        customers,
        outcome=outcome,
        window=window,
        gap=gap,
        covariates=list(covariates) if covariates is not None else None,
        negative_controls=controls,
        seed=seed,
        amounts=amounts,
    )
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1), ThreadPoolExecutor(max_workers=2) as pool:
        each = pool.map(lambda name: trial(panel, name, controls, seed=seed), wanted)
        trials = list(over(each, "Estimating effects", len(wanted)))
        table = _table(trials)
        reach = {name: float(panel.ever[:, code].mean()) for code, name in enumerate(panel.touchpoints)}
        clear = [
            str(row.touchpoint) for row in judge(table, set(required), reach).itertuples() if row.verdict != UNKNOWN
        ]
        inside = list(
            over(pool.map(lambda name: from_the_moment(panel, name, seed), clear), "Looking into visits", len(clear))
        )
    table = table.set_index("touchpoint")
    for name, moment in zip(clear, inside, strict=True):
        table.loc[name, list(WITHIN)] = [moment.estimate, moment.ci_low, moment.ci_high, moment.ess]
    protocol = diagnostics.protocol(panel, outcome, window)
    return kind(
        judge(table.reset_index(), set(required), reach),
        "Sequential target trials, doubly robust with cross-fitting",
        (*_assumptions(panel, outcome, window, controls), *averaged(table)),
        outcome,
        window,
        protocol,
        diagnostics.balance([(str(t.row["touchpoint"]), t.balance) for t in trials]),
        diagnostics.overlap([(str(t.row["touchpoint"]), t.overlap) for t in trials]),
    )


def _table(trials: Sequence[Trial]) -> pd.DataFrame:
    """The table of effects with q-values and alarms."""
    table = pd.DataFrame([t.row for t in trials]).reindex(columns=COLUMNS)
    table = table.astype({name: "float64" for name in COLUMNS if name not in WORDS and not name.startswith("n_")})
    table["q_value"] = benjamini_hochberg(table["p_value"])
    table["control_alarm"] = benjamini_hochberg(table["control_p"]) < ALARM
    return table


def averaged(table: pd.DataFrame) -> tuple[str, ...]:
    """Say once of which touchpoints the effect is one over visits that could be made alike."""
    known = table["estimate"].notna()
    alike = int((known & (table["estimand"] == "ATO")).sum())
    if not alike:
        return ()
    whose = "Effects are" if alike == known.sum() else f"{text.count(alike)} of {text.count(known.sum())} effects are"
    return (
        f"{whose} over visits where meeting the touchpoint and not meeting it were both likely: only these can be made alike.",
    )


def _assumptions(panel: Panel, outcome: str, window: str, controls: Sequence[str]) -> tuple[str, ...]:
    """What must hold."""
    sample = len(panel.ever)
    sampled = (
        (f"A random sample of {text.count(sample)} of {text.count(panel.n_customers)} customers was analysed.",)
        if sample < panel.n_customers and panel.n_customers > MOST_CUSTOMERS
        else ()
    )
    return (
        *sampled,
        f"No unmeasured common cause of meeting the touchpoint and of '{outcome}', beyond {len(panel.names)} facts from before "
        "the visit: earlier touchpoints, visits, recency, depth, clock, channel, device, customer attributes; a hidden one "
        "tied to both by the E-value (risk ratio) could explain an effect away.",
        "Every visit could have been with or without the touchpoint; where too few visits are alike, there is no estimate.",
        "Whatever else in the visit leads to it shows in what was met before it: an effect that is clear has to be clear from the "
        "moment it was met, too.",
        "A touchpoint has the same effect wherever it is met, and customers do not influence each other.",
        "Exposure precedes outcome: what is met after the outcome does not count, and visits whose window is not complete are "
        f"left out ({window}).",
        f"Negative controls that no touchpoint can move were checked: {text.sentence_list([repr(name) for name in controls])}."
        if controls
        else "No negative control was named, so hidden intent was not looked for.",
    )
