"""Does a verdict survive other reasonable choices? The same effect under many specifications."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.impact.observational import assignment, estimate
from journeylab.impact.panel import Panel, trial_panel
from journeylab.intervals import normal_quantile
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ESTIMATORS = {
    "doubly robust": ("value", "error"),
    "of visits with it": ("att", "att_error"),
    "overlap weights": ("ato", "ato_error"),
    "weighting only": ("ipw", ""),
    "models only": ("g", ""),
}
COVARIATES = ("all", "no other touchpoints", "no attributes")
COLUMNS = ["touchpoint", "estimate", "n_specifications", "median", "lowest", "highest", "same_sign", "clear", "opposite",
           "survives", "why"]  # fmt: skip
EVERY, LATER = "every visit", "from the second visit on"
FEWEST = 30
"""Visits with a touchpoint, and without it, that a specification needs."""

MOST = 6_000
"""Sixty fits a touchpoint want no more customers than this: of more a random sample is taken."""

HOLDS = 0.9
"""A verdict survives where so many of the specifications agree with its sign, and none clearly says the opposite."""


@dataclasses.dataclass(frozen=True)
class Specifications(Result):
    """One effect under many specifications.

    Attributes
    ----------
    table : DataFrame
        One row a touchpoint: touchpoint, estimate (of the main specification), n_specifications, median, lowest, highest,
        same_sign (share with the sign of the median), clear (share of those with an interval that leaves out zero),
        opposite (that clearly have the other sign), survives, why.
    curve : DataFrame
        One row a specification: touchpoint, window, gap, covariates, visits, estimator, estimate, ci_low, ci_high (NaN for
        estimators without an error of their own), n_exposed, n_eligible, main.
    """

    curve: pd.DataFrame = dataclasses.field(repr=False)

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {
            "touchpoint": "Touchpoint",
            "survives": "Survives",
            "estimate": "As on this page",
            "median": "Median",
            "range": "Lowest to highest",
            "same_sign": "Same sign",
            "clear": "Interval without zero",
            "n_specifications": "Specifications",
        }

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        return {"estimate": "points", "median": "points", "same_sign": "percent", "clear": "percent"}

    @property
    def shown(self) -> pd.DataFrame:
        """The table with words for a reader."""
        return self.table.assign(
            survives=np.where(self.table["survives"], "yes", "no"),
            range=[text.interval(row.lowest, row.highest, "points") for row in self.table.itertuples()],
        )

    def summary(self) -> str:
        """Say which effects keep their sign whatever is chosen."""
        if self.table.empty:
            return "No effect was put to other specifications."
        kept = [f"'{name}'" for name in self.table.loc[self.table["survives"], "touchpoint"]]
        lost = [f"'{row.touchpoint}' ({row.why})" for row in self.table[~self.table["survives"]].itertuples()]
        head = f"Under {int(self.table['n_specifications'].max())} specifications"
        if not lost:
            return f"{head} each, every effect keeps its sign: {text.sentence_list(kept)}."
        tail = f"; {text.sentence_list(kept)} {'keep theirs' if len(kept) > 1 else 'keeps its'}" if kept else ""
        return f"{head} each, the sign depends on the choice for {text.sentence_list(lost)}{tail}."

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every specification as a mark, a row a touchpoint, the main one as a line."""
        order = self.table.sort_values("median")["touchpoint"].tolist()
        ax = figures.new_axes(ax, width=9, height=figures.row_height(len(order), each=0.62))
        for number, name in enumerate(ESTIMATORS):
            part = self.curve[self.curve["estimator"] == name]
            rows = part["touchpoint"].map({touchpoint: place for place, touchpoint in enumerate(order)}).astype(float)
            ax.plot(
                100 * part["estimate"], rows + (number - 2) * 0.13, figures.MARKERS[number], color=figures.PALETTE[number],
                markersize=5, markerfacecolor="none", linestyle="none", label=name,
            )  # fmt: skip
        for place, row in enumerate(self.table.set_index("touchpoint").loc[order].itertuples()):
            ax.plot([100 * row.estimate] * 2, [place - 0.4, place + 0.4], color=figures.INK, linewidth=2)
        ax.axvline(0, color=figures.INK, linewidth=1)
        ax.set_yticks(range(len(order)), order)
        ax.set_ylim(-0.6, len(order) - 0.4)
        ax.grid(axis="y", visible=False)
        ax.set_xlabel("points on the outcome (black line: doubly robust, all covariates, the window of this page)")
        figures.legend_below(ax, 5)
        figures.subtitle(ax, "The same effects under other choices", "windows, visits, covariates, estimators")
        series = {"this page; line: lowest to highest": ("estimate", "lowest", "highest"), "median": "median"}
        draws = figures.drawn(self.table, "touchpoint", series, unit="points", more=True)
        said = f"Strip plot of {len(self.curve)} estimates of {len(order)} effects. {self.summary()}"
        return figures.describe(ax, said, draws)


def specification_curve(
    events: pd.DataFrame,
    customers: pd.DataFrame | None = None,
    *,
    outcome: str,
    window: str,
    exposures: Sequence[str],
    windows: Sequence[str] | None = None,
    gap: str = "30min",
    gaps: Sequence[str] = (),
    negative_controls: Sequence[str] = (),
    most: int = MOST,
    seed: int = 0,
) -> Specifications:
    """Estimate effects anew under other windows, cuts of visits, sets of covariates and estimators.

    Parameters
    ----------
    events, customers, outcome, window, gap, negative_controls, seed
        As given to `touchpoint_effects`.
    exposures : sequence of str
        The touchpoints whose verdicts are put to the proof.
    windows : sequence of str, optional
        Half and twice the window where not given; a window that leaves no visit is left out.
    most : int
        Of more customers a random sample of so many is taken.
    gaps : sequence of str
        Other gaps that end a visit; without effect where events have a session_id.

    Notes
    -----
    Windows, covariates and estimators are crossed; visits (every one, or from the second on) and gaps are varied one at a
    time from the main specification. Specifications share the data, so that agreement is no independent proof: it shows that
    the verdict does not hang on one choice.

    References
    ----------
    Simonsohn, Simmons and Nelson (2020), Nature Human Behaviour 4:1208; Steegen et al. (2016), Perspectives on
    Psychological Science 11:702.

    Raises
    ------
    StudyError, DataError
        For unknown touchpoints, or a window that is not understood.
    """
    known = events["touchpoint"].dropna().unique()
    for name in exposures:
        if name not in known:
            raise DataError(
                f"no event is called '{name}'; there are {listing(sorted(known))}.{did_you_mean(name, known)}"
            )
    if windows is None:
        given = pd.Timedelta(window)
        windows = [f"{given.total_seconds() * factor / 86400:g}d" for factor in (0.5, 2.0)]
    people = events["customer_id"].drop_duplicates()
    sampled = len(people) > most
    if sampled:
        drawn = np.random.default_rng(seed).choice(len(people), most, replace=False)
        events = events[events["customer_id"].isin(people.iloc[drawn])]
    attributes = [] if customers is None else [name for name in customers.columns if name != "customer_id"]
    parts: list[dict[str, object]] = []

    def vary(span: str, rest: str, choices: Sequence[tuple[str, str]]) -> None:
        """Add all estimators of every exposure, for each choice of covariates and visits."""
        panel = trial_panel(
            events, customers, outcome=outcome, window=span, gap=rest, negative_controls=negative_controls, seed=seed
        )
        tasks = [(name, covariates, visits) for name in exposures for covariates, visits in choices]
        found = pool.map(lambda task: _estimates(panel, task[0], task[1], task[2], attributes, seed), tasks)
        parts.extend({"window": span, "gap": rest, **row} for rows in found for row in rows)

    from threadpoolctl import threadpool_limits

    crossed = [(covariates, EVERY) for covariates in COVARIATES if covariates != "no attributes" or attributes]
    with threadpool_limits(limits=1), ThreadPoolExecutor(max_workers=2) as pool:
        for span in dict.fromkeys((window, *windows)):
            vary(span, gap, [*crossed, ("all", LATER)] if span == window else crossed)
        for rest in () if _named_visits(events) else dict.fromkeys(gaps):
            vary(window, rest, [("all", EVERY)])
    names = ["touchpoint", "window", "gap", "covariates", "visits", "estimator", "estimate", "ci_low", "ci_high", "n_exposed",
             "n_eligible"]  # fmt: skip
    curve = pd.DataFrame(parts, columns=names)
    curve["main"] = (
        (curve["window"] == window) & (curve["gap"] == gap) & (curve["covariates"] == "all") & (curve["visits"] == EVERY)
        & (curve["estimator"] == "doubly robust")
    )  # fmt: skip
    judged = pd.DataFrame([_judge(str(name), part) for name, part in curve.groupby("touchpoint", sort=False)])
    return Specifications(
        judged.reindex(columns=COLUMNS),
        "Specification curve",
        (
            "All specifications use the same data and miss the same unmeasured causes: agreement is no proof of an effect.",
            f"An effect survives where {text.percent(HOLDS, 0)} of the specifications share its sign and none clearly denies it.",
            "Other windows ask a slightly different question: more time, more outcomes.",
            *(
                [f"A random sample of {text.count(most)} of {text.count(len(people))} customers was used."]
                if sampled
                else []
            ),
        ),
        curve,
    )


def _named_visits(events: pd.DataFrame) -> bool:
    return "session_id" in events and bool(events["session_id"].notna().any())


def _estimates(
    panel: Panel, name: str, covariates: str, visits: str, attributes: Sequence[str], seed: int
) -> list[dict[str, object]]:
    """All estimators of one touchpoint under one choice of covariates and visits; empty where there is too little."""
    if name not in panel.touchpoints:
        return []
    code = panel.touchpoints.index(name)
    rows = ~panel.before[:, code]
    if visits == LATER:
        again = np.concatenate([[False], panel.customer[1:] == panel.customer[:-1]])
        rows &= again
    exposed, outcome = panel.met[rows, code], panel.outcome[rows].astype(float)
    if min(exposed.sum(), (~exposed).sum()) < FEWEST or not 0 < outcome[exposed].sum() + outcome[~exposed].sum() < len(
        outcome
    ):
        return []
    history = panel.history[rows]
    used = (history.std(axis=0) > 1e-9) & ~_left_out(panel.names, covariates, attributes)
    found = estimate(
        assignment(exposed, np.ascontiguousarray(history[:, used]), panel.customer[rows], seed=seed, repeats=1), outcome
    )
    shared: dict[str, object] = {"touchpoint": name, "covariates": covariates, "visits": visits,
                                 "n_exposed": int(exposed.sum()), "n_eligible": len(exposed)}  # fmt: skip
    estimates = []
    for label, (field, error) in ESTIMATORS.items():
        value = getattr(found, field)
        half = normal_quantile() * getattr(found, error) if error else np.nan
        estimates.append(
            {**shared, "estimator": label, "estimate": value, "ci_low": value - half, "ci_high": value + half}
        )
    return estimates


def _left_out(names: Sequence[str], covariates: str, attributes: Sequence[str]) -> NDArray[np.bool_]:
    """Which covariates a specification does without."""
    if covariates == "no other touchpoints":
        return np.array(
            [name.startswith("earlier '") or name.endswith("' at the last visit") for name in names], dtype=bool
        )
    if covariates == "no attributes":
        return np.array(
            [
                any(name == known or name.startswith((f"{known} ", f"days since {known}")) for known in attributes)
                for name in names
            ],
            dtype=bool,
        )
    return np.zeros(len(names), dtype=bool)


def _judge(name: str, curve: pd.DataFrame) -> dict[str, object]:
    """Whether an effect keeps its sign."""
    sign = np.sign(curve["estimate"].median())
    same = float((np.sign(curve["estimate"]) == sign).mean())
    bounded = curve.dropna(subset=["ci_low"])
    away = (bounded["ci_low"] > 0) | (bounded["ci_high"] < 0)
    opposite = int((away & (np.sign(bounded["estimate"]) != sign)).sum())
    main = curve.loc[curve["main"], "estimate"]
    survives = bool(same >= HOLDS and opposite == 0 and len(main) and np.sign(main.iloc[0]) == sign)
    why = (
        f"{opposite} of {len(bounded)} clearly say the opposite"
        if opposite
        else f"{text.percent(same, 0)} have its sign"
    )
    return {"touchpoint": name, "estimate": float(main.iloc[0]) if len(main) else np.nan, "n_specifications": len(curve),
            "median": float(curve["estimate"].median()), "lowest": float(curve["estimate"].min()),
            "highest": float(curve["estimate"].max()), "same_sign": same, "clear": float(away.mean()), "opposite": opposite,
            "survives": survives, "why": "" if survives else why}  # fmt: skip
