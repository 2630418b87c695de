"""Does a randomised change work differently for different customers, such as those of one behaviour?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.errors import DataError
from journeylab.impact.arms import Trial, measure_outcome, read_trial, read_window
from journeylab.impact.comparing import Comparison, compare
from journeylab.intervals import CONFIDENCE, benjamini_hochberg
from journeylab.pooling import normal
from journeylab.results import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

NO_EARLIER = "no earlier events"
FEWEST = 50
"""Customers of each arm that a group needs."""

GROUPS = [
    "experiment", "arm", "group", "n_control", "n_arm", "rate_control", "rate_arm", "estimate", "ci_low", "ci_high",
    "p_value", "q_value", "pooled", "pooled_low", "pooled_high", "reason",
]  # fmt: skip
TESTS = ["experiment", "arm", "n_groups", "overall", "q_statistic", "p_value", "q_value", "spread", "reason"]


@dataclasses.dataclass(frozen=True)
class EffectsByGroup(Result):
    """Effects of randomised tests in groups of customers.

    Attributes
    ----------
    table : DataFrame
        One row an experiment, arm and group: n_control, n_arm, rate_control, rate_arm, estimate, ci_low, ci_high, p_value,
        q_value (Benjamini-Hochberg over all rows), pooled, pooled_low, pooled_high (drawn towards the mean of all groups),
        reason (why there is no estimate).
    tests : DataFrame
        One row an experiment and arm: do its groups differ at all? n_groups, overall (their mean effect), q_statistic (Cochran),
        p_value, q_value (over the tests), spread (standard deviation of the true effects), reason (why they are not compared).
    outcome, window, measure : str
    grouped_by : str
        What the groups are.
    """

    tests: pd.DataFrame = dataclasses.field(repr=False)
    outcome: str
    window: str
    measure: str
    grouped_by: str

    @property
    def clear(self) -> pd.DataFrame:
        """Rows of the experiments whose groups clearly differ; only these are worth showing one by one."""
        differ = self.tests.loc[self.tests["q_value"] < 1 - CONFIDENCE, ["experiment", "arm"]]
        return self.table.merge(differ, on=["experiment", "arm"])

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {
            "experiment": "Experiment",
            "arm": "Arm",
            "group": "Group",
            "n_arm": "n, arm",
            "n_control": "n, control",
            "estimate": "Difference",
            "ci": "95 % interval",
            "q_value": "q",
            "pooled": "Drawn to the mean",
            "reason": "Note",
        }

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        style = "points" if self.measure == "share" else "signed"
        return {"estimate": style, "pooled": style, "q_value": "p"}

    def summary(self) -> str:
        """Say whether groups differ; name them only where they do."""
        style = text.points if self.measure == "share" else text.signed
        parts = []
        for test in self.tests.itertuples():
            head = f"'{test.experiment}' ({test.arm})"
            if np.isnan(test.p_value):
                parts.append(f"{head} is not compared by {self.grouped_by}: {test.reason}")
            elif test.q_value < 1 - CONFIDENCE:
                rows = self.table.merge(pd.DataFrame([test])[["experiment", "arm"]]).dropna(subset="pooled")
                named = [f"'{row.group}' {style(row.pooled)}" for row in rows.sort_values("pooled").itertuples()]
                parts.append(f"{head} works differently by {self.grouped_by}: {text.sentence_list(named)}")
            else:
                parts.append(
                    f"{head}: no sign of difference by {self.grouped_by} (p {text.p_value(test.p_value)}, {test.n_groups} groups)"
                )
        return f"{'; '.join(parts)}." if parts else "There are no randomised tests."

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each group's difference as measured (hollow) and drawn to the mean (filled), where groups clearly differ."""
        frame = self.clear.dropna(subset="estimate").iloc[::-1].reset_index(drop=True)
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.5))
        scale = 100 if self.measure == "share" else 1
        for at, row in frame.iterrows():
            ends = [[scale * (row["pooled"] - row["pooled_low"])], [scale * (row["pooled_high"] - row["pooled"])]]
            ax.errorbar([scale * row["pooled"]], [at], xerr=ends, fmt="o", color=figures.BLUE, capsize=4, markersize=8)
            ax.plot(scale * row["estimate"], at, "D", markerfacecolor="none", markeredgecolor=figures.MUTED)
        ax.axvline(0, color=figures.INK, linewidth=1)
        sizes = frame["n_arm"] + frame["n_control"]
        ax.set_yticks(
            frame.index, [f"{row.group} ({row.arm}, n = {text.count(sizes[row.Index])})" for row in frame.itertuples()]
        )
        ax.set_xlabel(f"{'points on ' if scale == 100 else ''}'{self.outcome}' (hollow: each group by itself)")
        figures.subtitle(ax, f"By {self.grouped_by}\n")
        unit = "points" if scale == 100 else "number"
        series = {"drawn to the mean": ("pooled", "pooled_low", "pooled_high"), "by itself": "estimate"}
        draws = figures.drawn(frame[::-1], ["group", "arm"], series, unit=unit)
        return figures.describe(ax, f"Dot plot of differences by {self.grouped_by}. {self.summary()}", draws)


def effects_by_group(
    assignments: pd.DataFrame,
    events: pd.DataFrame,
    groups: pd.DataFrame | pd.Series,
    *,
    outcome: str,
    window: str,
    measure: str = "share",
    control: str | None = None,
    expected: Mapping[str, Any] | None = None,
    grouped_by: str = "group",
) -> EffectsByGroup:
    """Compare the arms of each randomised test within groups of customers.

    Parameters
    ----------
    groups : DataFrame or Series
        The group of each customer **before** the assignment: a Series by customer_id, or columns customer_id, group and, where a
        customer's group differs by test, experiment. What customers did after it must not make the groups, since the change
        may have moved them between groups. Who is not in it belongs to ``no earlier events``.
    outcome, window, measure, control, expected
        As of `experiment`.
    grouped_by : str
        What the groups are, for sentences.

    Notes
    -----
    First Cochran's Q asks whether groups differ more than chance: chi-square with one degree of freedom less than groups. Effects
    of groups are drawn towards their mean, see `journeylab.pooling.normal`. Groups of fewer than 50 customers in an arm are
    not compared.

    Raises
    ------
    DataError
        For groups without customer_id and group, or a customer in two groups.
    """
    labels = _labels(groups)
    span = read_window(window)
    rows: list[Mapping[str, object]] = []
    tests: list[Mapping[str, object]] = []
    for name, assigned in assignments.groupby("experiment", sort=False):
        trial = read_trial(str(name), assigned, events, span, control=control, expected=expected)
        mine = labels[labels["experiment"] == name] if "experiment" in labels else labels
        group = trial.customers["customer_id"].map(mine.set_index("customer_id")["group"]).fillna(NO_EARLIER)
        y, x = measure_outcome(trial.customers, events, span, outcome=outcome, measure=measure)
        for arm in trial.arms:
            if trial.void:
                tests.append(
                    {
                        "experiment": trial.name,
                        "arm": arm,
                        "n_groups": 0,
                        "p_value": np.nan,
                        "reason": "the test is void",
                    }
                )
                continue
            found = _within(trial, arm, group.to_numpy(), y, x, measure)
            rows += found[0]
            tests.append(found[1])
    table, by_test = pd.DataFrame(rows, columns=GROUPS), pd.DataFrame(tests, columns=TESTS)
    return EffectsByGroup(
        table.assign(q_value=benjamini_hochberg(table["p_value"].to_numpy(dtype=float))),
        "Differences within groups; Cochran's Q, then partial pooling",
        (
            "Groups were settled by what was known before the assignment.",
            "Groups are asked first whether they differ at all; where they do not, none is named.",
            "The test was made for all customers: in groups it sees large differences only.",
        ),
        by_test.assign(q_value=benjamini_hochberg(by_test["p_value"].to_numpy(dtype=float))),
        outcome,
        window,
        measure,
        grouped_by,
    )


def cochran(estimates: NDArray[np.float64], errors: NDArray[np.float64]) -> tuple[float, float]:
    """Cochran's Q of estimates that might all be of one effect, and its p from chi-square.

    References
    ----------
    Cochran (1954), Biometrics 10:101.

    Examples
    --------
    >>> statistic, p = cochran(np.array([0.0, 0.1]), np.array([0.02, 0.02]))
    >>> round(statistic, 1), round(p, 4)
    (12.5, 0.0004)
    """
    from scipy.special import gammaincc

    weight = 1 / errors**2
    statistic = float((weight * estimates**2).sum() - (weight * estimates).sum() ** 2 / weight.sum())
    return statistic, float(gammaincc((len(estimates) - 1) / 2, max(statistic, 0.0) / 2))


def _within(
    trial: Trial, arm: str, group: NDArray[np.object_], y: NDArray[np.float64], x: NDArray[np.float64], measure: str
) -> tuple[list[dict[str, object]], dict[str, object]]:
    """The rows of one arm, and the test of whether its groups differ."""
    both, treated = trial.pair(arm)
    group, y, x = group[both], y[both], x[both]
    rows: list[dict[str, object]] = []
    found: list[Comparison] = []
    for level in sorted(set(group)):
        of_arm, of_control = (treated & (group == level)), (~treated & (group == level))
        n1, n0 = int(of_arm.sum()), int(of_control.sum())
        row: dict[str, object] = {"experiment": trial.name, "arm": arm, "group": level, "n_control": n0, "n_arm": n1}
        if min(n1, n0) < FEWEST:
            rows.append({**row, "reason": f"fewer than {FEWEST} customers in an arm"})
            continue
        one = compare(y[of_arm], x[of_arm], y[of_control], x[of_control], measure, None)
        if not one.error > 0:
            rows.append({**row, "reason": "nobody had the outcome"})
            continue
        found.append(one)
        rows.append({**row, "rate_control": one.control, "rate_arm": one.arm, "estimate": one.estimate, "ci_low": one.low,
                     "ci_high": one.high, "p_value": one.p_value, "reason": ""})  # fmt: skip
    test: dict[str, object] = {"experiment": trial.name, "arm": arm, "n_groups": len(found), "p_value": np.nan}
    if len(found) < 2:
        return rows, {**test, "reason": "fewer than two groups are large enough"}
    estimates, errors = np.array([one.estimate for one in found]), np.array([one.error for one in found])
    pooled = normal(estimates, errors)
    statistic, p_value = cochran(estimates, errors)
    compared = [row for row in rows if not row["reason"]]
    for row, value, low, high in zip(compared, pooled.value, pooled.low, pooled.high, strict=True):
        row |= {"pooled": value, "pooled_low": low, "pooled_high": high}
    test |= {
        "overall": pooled.centre,
        "q_statistic": statistic,
        "p_value": p_value,
        "spread": pooled.spread,
    }
    return rows, test


def _labels(groups: pd.DataFrame | pd.Series) -> pd.DataFrame:
    """customer_id, group and perhaps experiment, one row a customer (and experiment)."""
    if isinstance(groups, pd.Series):
        groups = pd.DataFrame({"customer_id": groups.index, "group": groups.to_numpy()})
    lacking = [name for name in ("customer_id", "group") if name not in groups]
    if lacking:
        raise DataError(f"groups lack the column {lacking[0]}; there are {list(groups.columns)}.")
    twice = groups.duplicated([name for name in ("experiment", "customer_id") if name in groups])
    if twice.any():
        raise DataError(f"customer '{groups.loc[twice, 'customer_id'].iloc[0]}' stands in two groups; each has one.")
    return groups.dropna(subset="group")
