"""What did randomised tests show, and were the arms as planned?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.intervals import newcombe, normal_quantile
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MISMATCH = 0.001
"""Arms whose sizes are this unlikely under the plan void a test."""

POWER = 0.8

COLUMNS = [
    "experiment", "arm", "control", "n_control", "n_arm", "share_control", "share_arm", "estimate", "ci_low", "ci_high",
    "p_value", "srm_p", "minimum_detectable", "n_excluded", "grade", "verdict", "reason",
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Experiments(Result):
    """Randomised tests.

    Attributes
    ----------
    table : DataFrame
        One row an experiment and arm: experiment, arm, control, n_control, n_arm, share_control, share_arm, estimate
        (difference of shares), ci_low, ci_high (Newcombe), p_value, srm_p (sample-ratio check), minimum_detectable
        (difference found with 80 % power), n_excluded, grade, verdict, reason.
    outcome, window : str
    """

    outcome: str
    window: str

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {
            "experiment": "Experiment",
            "arm": "Arm",
            "n_arm": "n, arm",
            "n_control": "n, control",
            "share_arm": "Outcome, arm",
            "share_control": "Outcome, control",
            "estimate": "Difference",
            "ci": "95 % interval",
            "srm_p": "Arm sizes as planned, p",
            "minimum_detectable": "Could have seen",
            "grade": "Grade",
            "reason": "Verdict",
        }

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        return {
            "estimate": "points",
            "minimum_detectable": "points",
            "share_arm": "percent",
            "share_control": "percent",
            "srm_p": "p",
        }

    def summary(self) -> str:
        """Write each test's difference, or why it is void."""
        parts = []
        for row in self.table.itertuples():
            if row.grade != "A":
                parts.append(f"'{row.experiment}' ({row.arm}) is void: {row.reason}")
            else:
                parts.append(
                    f"'{row.experiment}' ({row.arm}): {text.points(row.estimate)} on '{self.outcome}' within {self.window} "
                    f"({text.interval(row.ci_low, row.ci_high, 'points')}; n = {row.n_arm + row.n_control:,}): {row.reason}"
                )
        return "; ".join(parts) + "." if parts else "There are no randomised tests."

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the differences with intervals; void tests are hollow."""
        frame = self.table.dropna(subset=["estimate"]).iloc[::-1].reset_index(drop=True)
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.6))
        for row, line in frame.iterrows():
            sound = line["grade"] == "A"
            colour = figures.BLUE if sound else figures.MUTED
            ends = [[100 * (line["estimate"] - line["ci_low"])], [100 * (line["ci_high"] - line["estimate"])]]
            ax.errorbar([100 * line["estimate"]], [row], xerr=ends, fmt="o", color=colour, capsize=4, markersize=8,
                        markerfacecolor=colour if sound else "none")  # fmt: skip
        ax.axvline(0, color=figures.INK, linewidth=1)
        labels = [
            f"{line.experiment}, {line.arm}{'' if line.grade == 'A' else ' (void)'}" for line in frame.itertuples()
        ]
        ax.set_yticks(frame.index, labels)
        ax.set_ylim(-0.6, len(frame) - 0.4)
        ax.set_xlabel(f"points on '{self.outcome}' within {self.window}, with 95 % interval")
        figures.subtitle(ax, "Randomised tests\n")
        return figures.describe(ax, f"Dot plot of {len(frame)} randomised differences. {self.summary()}")


def experiment(
    assignments: pd.DataFrame,
    events: pd.DataFrame,
    *,
    outcome: str,
    window: str,
    control: str | None = None,
    expected: Mapping[str, float] | None = None,
) -> Experiments:
    """Compare the arms of each randomised test.

    Parameters
    ----------
    assignments : DataFrame
        Contract table; a customer in two arms of one test is excluded and counted.
    events : DataFrame
        Contract events.
    outcome, window : str
        The outcome counts within the window after the assignment; customers whose window is not complete are excluded.
    control : str, optional
        The arm that others are held against; else an arm called control (or a, off, baseline), else the first by name.
    expected : mapping, optional
        Arm to planned share; equal where not given.

    Notes
    -----
    Difference of proportions with Newcombe's hybrid score interval; p of the pooled z test; sample-ratio check by
    chi-square against the plan, where p under 0.001 voids the test (Fabijan et al. 2019, KDD).

    Raises
    ------
    StudyError, DataError
        For an unknown outcome, or a window that is not understood.
    """
    try:
        span = pd.Timedelta(window)
    except ValueError:
        raise StudyError(f"window='{window}' is no span of time, write one such as '30d'.") from None
    known = events["touchpoint"].unique()
    if outcome not in known:
        raise DataError(
            f"no event is called '{outcome}'; there are {listing(sorted(known))}.{did_you_mean(outcome, known)}"
        )
    hits = events.loc[events["touchpoint"] == outcome, ["customer_id", "event_time"]]
    end = events["event_time"].max()
    rows = []
    for name, part in assignments.groupby("experiment", sort=False):
        rows += _arms(str(name), part, hits, end, span, control, expected)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return Experiments(
        table,
        "Difference of proportions, Newcombe interval",
        (
            "Customers were put into arms by chance and do not influence each other.",
            f"The outcome counts within {window} of the assignment; later assignments than {end - span:%Y-%m-%d} are excluded.",
            "The number of customers was fixed beforehand: looking early and often makes false findings.",
        ),
        outcome,
        window,
    )


def _arms(
    name: str, part: pd.DataFrame, hits: pd.DataFrame, end: pd.Timestamp, span: pd.Timedelta, control: str | None,
    expected: Mapping[str, float] | None,
) -> list[dict[str, object]]:  # fmt: skip
    """The rows of one experiment."""
    first = part.sort_values("assigned_at", kind="stable")
    arms_of = first.groupby("customer_id")["arm"].nunique()
    twice = set(arms_of.index[arms_of > 1])
    once = first[~first["customer_id"].isin(twice)].drop_duplicates("customer_id")
    sizes = once["arm"].value_counts()
    base = _control(sizes.index, control)
    srm = _sample_ratio(sizes, expected)
    complete = once[once["assigned_at"] + span <= end]
    excluded = len(once) - len(complete) + len(twice)
    joined = complete.merge(hits, on="customer_id", how="left")
    inside = (joined["event_time"] >= joined["assigned_at"]) & (joined["event_time"] < joined["assigned_at"] + span)
    converted = complete["customer_id"].isin(set(joined.loc[inside, "customer_id"]))
    n, k = complete.groupby("arm").size(), converted.groupby(complete["arm"]).sum()
    rows = []
    for arm in [arm for arm in sizes.index if arm != base]:
        n1, n0, k1, k0 = (int(counts.get(key, 0)) for counts, key in ((n, arm), (n, base), (k, arm), (k, base)))
        row: dict[str, object] = {"experiment": name, "arm": arm, "control": base, "n_control": n0, "n_arm": n1, "srm_p": srm,
                                  "n_excluded": excluded}  # fmt: skip
        rows.append({**row, **_compare(k1, n1, k0, n0, srm)})
    return rows


def _compare(k1: int, n1: int, k0: int, n0: int, srm: float) -> dict[str, object]:
    """Difference, interval, power and verdict."""
    from scipy.special import ndtr, ndtri

    empty = dict.fromkeys(
        ("share_control", "share_arm", "estimate", "ci_low", "ci_high", "p_value", "minimum_detectable"), np.nan
    )
    if min(n1, n0) < 2:
        return {
            **empty,
            "grade": "",
            "verdict": "not known",
            "reason": "an arm has fewer than 2 customers with a complete window",
        }
    difference, low, high = newcombe(k1, n1, k0, n0)
    pooled = (k1 + k0) / (n1 + n0)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
    p_value = float(2 * ndtr(-abs(difference) / spread)) if spread > 0 else 1.0
    detectable = float((normal_quantile() + ndtri(POWER)) * spread)
    values = {"share_control": k0 / n0, "share_arm": k1 / n1, "estimate": difference, "ci_low": low, "ci_high": high,
              "p_value": p_value, "minimum_detectable": detectable}  # fmt: skip
    if srm < MISMATCH:
        reason = f"the arms are not of the planned sizes (p {text.p_value(srm)}), so something selects"
        return {**values, "grade": "D", "verdict": "not known", "reason": reason}
    if low > 0 or high < 0:
        return {
            **values,
            "grade": "A",
            "verdict": "keep" if low > 0 else "remove",
            "reason": "better" if low > 0 else "worse",
        }
    return {
        **values,
        "grade": "A",
        "verdict": "not known",
        "reason": f"no clear difference; under {100 * detectable:.1f} points it would be missed",
    }


def _control(arms: pd.Index, wanted: str | None) -> str:
    """The arm that the others are held against."""
    if wanted is not None:
        if wanted not in arms:
            raise DataError(f"control='{wanted}' is not an arm; there are {listing(arms)}.{did_you_mean(wanted, arms)}")
        return wanted
    usual = [arm for arm in arms if str(arm).lower() in {"control", "a", "off", "baseline", "kontrolle"}]
    return usual[0] if usual else sorted(arms)[0]


def _sample_ratio(sizes: pd.Series, expected: Mapping[str, float] | None) -> float:
    """p of the chi-square test of arm sizes against the plan."""
    from scipy.special import gammaincc

    if len(sizes) < 2:
        return float("nan")
    shares = np.array([(expected or {}).get(arm, 1.0) for arm in sizes.index], dtype=float)
    planned = shares / shares.sum() * sizes.sum()
    chi = float((((sizes.to_numpy() - planned) ** 2) / planned).sum())
    return float(gammaincc((len(sizes) - 1) / 2, chi / 2))
