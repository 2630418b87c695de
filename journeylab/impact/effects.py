"""Which touchpoints move the outcome? Every touchpoint from visits as trial starts, beside the customary number."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.impact.observational import Estimate, aipw
from journeylab.impact.panel import Panel, trial_panel
from journeylab.impact.verdict import BALANCED, e_value, judge
from journeylab.intervals import benjamini_hochberg, newcombe, normal_quantile
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST_EXPOSED, FEWEST_OUTCOMES = 30, 5

COLUMNS = [
    "touchpoint", "estimate", "ci_low", "ci_high", "p_value", "q_value", "n_exposed", "n_eligible", "n_customers",
    "naive", "naive_ci_low", "naive_ci_high", "base_rate", "att", "ato", "ess", "smd_max_before", "smd_max_after",
    "smd_max_overlap", "smd_max_used", "worst_covariate", "outside_share", "e_value", "control_alarm", "estimand", "reason",
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class TouchpointEffects(Result):
    """Effects of touchpoints.

    Attributes
    ----------
    table : DataFrame
        touchpoint, estimate (risk difference of the outcome within the window, first exposure at a visit against none,
        averaged over eligible visits), ci_low, ci_high, p_value, q_value, n_exposed, n_eligible (visits), n_customers,
        naive with interval (customers who ever met it less those who never did), base_rate, att, ato, ess,
        smd_max_before, smd_max_after, smd_max_overlap, smd_max_used (of the weights behind the estimate), worst_covariate,
        outside_share, e_value, control_alarm, estimand (``ATE``, or ``ATO`` where only overlap weights balance),
        grade, verdict, equivalence, reason.
    outcome, window : str
    """

    outcome: str
    window: str

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {
            "touchpoint": "Touchpoint",
            "verdict": "Verdict",
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
        """The columns of the table of diagnostics."""
        return {
            "touchpoint": "Touchpoint",
            "smd_max_before": "Largest difference, raw",
            "smd_max_used": "Largest difference, weighted",
            "worst_covariate": "In",
            "ess": "Effective exposed visits",
            "outside_share": "Hardly comparable visits",
            "e_value": "E-value",
            "estimand": "Averaged over",
        }

    def summary(self) -> str:
        """Say what to keep, fix and remove, and how far off the customary number is."""
        parts = []
        for verdict in ("keep", "fix", "remove"):
            rows = self.table[self.table["verdict"] == verdict].sort_values("estimate", key=abs, ascending=False)
            if len(rows):
                named = [
                    f"'{row.touchpoint}' ({text.points(row.estimate)}, {text.interval(row.ci_low, row.ci_high, 'points')})"
                    for row in rows.itertuples()
                ]
                parts.append(f"{verdict} {text.sentence_list(named)}")
        known = self.table.dropna(subset=["estimate"])
        rest = int((self.table["verdict"] == "not known").sum())
        head = "; ".join(parts) if parts else "no touchpoint has an effect that the data can tell"
        gap = 100 * (known["naive"] - known["estimate"]).abs().median() if len(known) else np.nan
        tail = f" The customary number is off by {gap:.0f} points in the median." if len(known) else ""
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
        ax.set_yticks(frame.index, [f"{line.touchpoint}: {line.verdict}" for line in frame.itertuples()])
        ax.set_ylim(-0.7, len(frame) - 0.3)
        ax.set_xlabel("points on the outcome (filled: effect; hollow: customary number)")
        ax.grid(axis="y", visible=False)
        n = int(frame["n_eligible"].max()) if len(frame) else 0
        figures.subtitle(
            ax,
            f"Effect on '{self.outcome}' within {self.window} of a visit",
            f"up to {n:,} eligible visits a touchpoint",
        )
        return figures.describe(ax, f"Forest plot of {len(frame)} touchpoint effects. {self.summary()}")


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
        Touchpoints that no exposure can cause: where an exposure seems to move one, its grade falls to D.
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
    Sequential target trials: see `journeylab.impact.panel.trial_panel` for eligibility and time zero, and
    `journeylab.impact.observational.aipw` for the estimator. q-values are of Benjamini and Hochberg over all touchpoints.
    """
    panel = trial_panel(
        events,
        customers,
        outcome=outcome,
        window=window,
        gap=gap,
        covariates=list(covariates) if covariates is not None else None,
    )
    wanted = list(exposures) if exposures is not None else [name for name in panel.touchpoints if name != outcome]
    for name in [*wanted, *(negative_controls or [])]:
        if name not in panel.touchpoints:
            raise DataError(
                f"no event is called '{name}'; there are {listing(panel.touchpoints)}.{did_you_mean(name, panel.touchpoints)}"
            )
    from threadpoolctl import threadpool_limits

    controls = _control_outcomes(events, panel, negative_controls or [], outcome, window, gap)
    with threadpool_limits(limits=1):
        rows = [_one(panel, name, controls, seed) for name in wanted]
    table = pd.DataFrame(rows, columns=[*COLUMNS, "control_p"])
    table["q_value"] = benjamini_hochberg(table["p_value"])
    table["control_alarm"] = benjamini_hochberg(table.pop("control_p")) < 0.05
    reach = {name: float(panel.ever[:, code].mean()) for code, name in enumerate(panel.touchpoints)}
    judged = judge(table, set(required), reach)
    return TouchpointEffects(
        judged,
        "Sequential target trials, doubly robust with cross-fitting",
        _assumptions(panel, outcome, window, bool(negative_controls)),
        outcome,
        window,
    )


def _one(panel: Panel, name: str, controls: list[np.ndarray], seed: int) -> dict[str, object]:
    """Estimate one touchpoint, or say why not."""
    code = panel.touchpoints.index(name)
    eligible = ~panel.before[:, code]
    exposed = panel.met[eligible, code]
    outcome = panel.outcome[eligible].astype(float)
    naive = _naive(panel, code)
    row: dict[str, object] = dict.fromkeys(COLUMNS, np.nan)
    row |= {"touchpoint": name, "n_exposed": int(exposed.sum()), "n_eligible": int(eligible.sum()), "control_p": np.nan,
            "n_customers": len(np.unique(panel.customer[eligible])), "worst_covariate": "", "estimand": "", "reason": "",
            "naive": naive[0], "naive_ci_low": naive[1], "naive_ci_high": naive[2]}  # fmt: skip
    reason = _why_not(panel, code, exposed, outcome)
    if reason:
        return {**row, "reason": reason}
    keep = np.ones(panel.history.shape[1], dtype=bool)
    own = (f"earlier '{name}'", f"earlier '{name}' (log)")
    keep[[place for place, label in enumerate(panel.names) if label in own]] = False
    history = panel.history[eligible][:, keep]
    customer = panel.customer[eligible]
    found = aipw(exposed, outcome, history, customer, seed=seed)
    names = np.array(panel.names, dtype=object)[keep]
    return {
        **row,
        **_describe(found, names),
        "control_p": _control_p(exposed, controls, eligible, history, customer, seed),
    }


def _describe(found: Estimate, names: np.ndarray) -> dict[str, object]:
    """The columns of an estimate; overlap weights where only they balance."""
    from scipy.special import ndtr

    after, overlap = np.abs(found.smd_after), np.abs(found.smd_overlap)
    use_overlap = after.max() > BALANCED and overlap.max() <= BALANCED
    value, error = (found.ato, found.ato_error) if use_overlap else (found.value, found.error)
    half = normal_quantile() * error
    return {
        "estimate": value,
        "ci_low": max(value - half, -1.0),
        "ci_high": min(value + half, 1.0),
        "p_value": float(2 * ndtr(-abs(value) / error)) if error > 0 else np.nan,
        "base_rate": found.risk_unexposed,
        "att": found.att,
        "ato": found.ato,
        "ess": found.ess,
        "smd_max_before": float(np.abs(found.smd_before).max()),
        "smd_max_after": float(after.max()),
        "smd_max_overlap": float(overlap.max()),
        "smd_max_used": float((overlap if use_overlap else after).max()),
        "worst_covariate": str(names[int((overlap if use_overlap else after).argmax())]),
        "outside_share": found.outside,
        "e_value": e_value(found.risk_exposed, found.risk_unexposed),
        "estimand": "ATO" if use_overlap else "ATE",
    }


def _why_not(panel: Panel, code: int, exposed: np.ndarray, outcome: np.ndarray) -> str:
    """Why a touchpoint is not estimated; empty where it is."""
    if panel.follows[code]:
        return "can only follow the outcome"
    if not len(panel.outcome):
        return "no visit is followed for so long: the data end before the window does; give a shorter window"
    n, hits = int(exposed.sum()), int(outcome[exposed].sum())
    if n < FEWEST_EXPOSED or (~exposed).sum() < FEWEST_EXPOSED:
        return f"too few visits with it for the first time ({n}); {FEWEST_EXPOSED} are needed" if n < FEWEST_EXPOSED else (
            "hardly any visit without it"
        )  # fmt: skip
    others = int(outcome[~exposed].sum())
    if panel.converted.sum() >= FEWEST_OUTCOMES and panel.ever[panel.converted, code].all():
        return "nobody reaches the outcome without it: a step of the way, not a choice"
    if hits < FEWEST_OUTCOMES:
        return f"too few outcomes after it ({hits}); {FEWEST_OUTCOMES} are needed"
    if others < FEWEST_OUTCOMES:
        return f"too few outcomes without it ({others}); {FEWEST_OUTCOMES} are needed"
    return ""


def _naive(panel: Panel, code: int) -> tuple[float, float, float]:
    """What dashboards show: customers who ever met it against those who never did."""
    ever, converted = panel.ever[:, code], panel.converted
    n1, n0 = int(ever.sum()), int((~ever).sum())
    if not n1 or not n0:
        return (np.nan, np.nan, np.nan)
    return tuple(map(float, newcombe(int(converted[ever].sum()), n1, int(converted[~ever].sum()), n0)))  # type: ignore[return-value]


def _control_outcomes(
    events: pd.DataFrame, panel: Panel, controls: Sequence[str], outcome: str, window: str, gap: str
) -> list[np.ndarray]:
    """For each negative control: whether it happens within the window after the visit's start."""
    span = pd.Timedelta(window).to_timedelta64()
    ids = np.sort(events["customer_id"].dropna().unique())
    found = []
    for name in controls:
        part = events[events["touchpoint"] == name]
        owner = np.searchsorted(ids, part["customer_id"].to_numpy(dtype=object))
        times = part["event_time"].dt.tz_convert(None).to_numpy(dtype="datetime64[us]")
        order = np.lexsort((times, owner))
        owner, times = owner[order], times[order]
        hit = np.zeros(len(panel.customer), dtype=bool)
        for row, (who, start) in enumerate(zip(panel.customer, panel.start, strict=True)):
            low, high = np.searchsorted(owner, who), np.searchsorted(owner, who, side="right")
            place = low + np.searchsorted(times[low:high], start)
            hit[row] = place < high and times[place] - start < span
        found.append(hit)
    return found


def _control_p(
    exposed: np.ndarray,
    controls: list[np.ndarray],
    eligible: np.ndarray,
    history: np.ndarray,
    customer: np.ndarray,
    seed: int,
) -> float:
    """The smallest p-value over negative controls, adjusted for their number (Bonferroni)."""
    from scipy.special import ndtr

    p_values = []
    for control in controls:
        result = control[eligible].astype(float)
        if min(result[exposed].sum(), result[~exposed].sum()) >= FEWEST_OUTCOMES:
            found = aipw(exposed, result, history, customer, seed=seed)
            p_values.append(float(2 * ndtr(-abs(found.value) / found.error)))
    return min(1.0, min(p_values) * len(p_values)) if p_values else np.nan


def _assumptions(panel: Panel, outcome: str, window: str, controlled: bool) -> tuple[str, ...]:
    """What must hold, and the trial that was emulated."""
    dropped = "; ".join(f"{n:,} {reason}" for reason, n in panel.dropped.items())
    return (
        f"Eligible: {len(panel.outcome):,} of {panel.n_visits:,} visits ({dropped}); of them, for each touchpoint, those of "
        "customers who had not met it before.",
        f"Time zero is the start of the visit; compared are visits with and without the touchpoint before any '{outcome}'; "
        f"followed for {window}.",
        f"Adjusted for {len(panel.names)} facts from before the visit: earlier touchpoints, visits, recency, clock, device, "
        "customer attributes.",
        "No unmeasured common cause of meeting the touchpoint and the outcome; a hidden one tied to both by the E-value "
        "(risk ratio) could explain an effect away.",
        "A touchpoint has the same effect wherever it is met, and customers do not influence each other.",
        "Negative controls were checked."
        if controlled
        else "No negative control was named, so hidden intent was not looked for.",
    )
