"""How long do customers stay in a stage, and do they move on or leave? Hazards from stage to stage, the clock set back at each."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.impact.cox import fit_cox
from journeylab.impact.incidence import Incidence, cumulative_incidence
from journeylab.impact.spells import CONVERTED, LAPSED, Spells, as_journeys, end_spells, span, within_reach
from journeylab.intervals import CONFIDENCE, normal_quantile
from journeylab.journeys.model import Journeys
from journeylab.journeys.observation import DAY, Moment, observed
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BANDS = (0, DAY // 24, DAY, 7 * DAY, 30 * DAY)
"""Times in a stage at which the rate of moving on may change, in microseconds."""

MOST_CHECKED = 2_000
"""The check of the clock draws so many customers at random where there are more."""

FEWEST = 20


@dataclasses.dataclass(frozen=True)
class StageHazards(Result):
    """Staying in, moving on from and leaving each stage.

    Attributes
    ----------
    table : DataFrame
        One row a stage but the last: stage, n (customers who enter it), moved (on to a later stage), left (lapsed in it),
        still (in it when the data end), share (moved on within the horizon), ci_low, ci_high, left_share, left_ci_low,
        left_ci_high, median_seconds (by which half of all who enter have moved on), median_ci_low, median_ci_high,
        half_seconds (by which half of those had who move on within the data), reason (why a median is missing).
    reached : DataFrame
        One row a stage: stage, n (all customers), share (who reach it or a later one within the horizon of their first
        event), ci_low, ci_high, plan, status (``met``, ``missed``, ``open``: the interval holds the plan; empty: no plan).
    hazards : DataFrame
        stage, from_days, to_days (in the stage), customer_days, moved, left, rate (moves a customer-day), ci_low, ci_high.
    check : DataFrame
        Whether the clock may be set back: stage, n, ratio (of the rate of moving on, for each doubling of the time spent in
        the stage before), ci_low, ci_high, p_value, reason.
    horizon, lapse : str
    """

    reached: pd.DataFrame
    hazards: pd.DataFrame
    check: pd.DataFrame
    horizon: str
    lapse: str

    @property
    def columns(self) -> dict[str, str]:
        """The columns of the table that a report shows."""
        return {
            "stage": "Stage",
            "n": "Enter it",
            "share": "Move on",
            "ci": f"{text.fixed(100 * CONFIDENCE, 0)} % interval",
            "left_share": "Lapse in it",
            "half_seconds": "Half of those who move on do so within",
            "median_seconds": "Half of all move on within",
            "reason": "Why not",
        }

    @property
    def formats(self) -> dict[str, str]:
        """How the values of all its tables are written."""
        return {
            "share": "percent",
            "left_share": "percent",
            "half_seconds": "duration",
            "median_seconds": "duration",
            "plan": "percent",
            "p_value": "p",
        }

    def summary(self) -> str:
        """Say where most are lost, how fast the others move on, and how it stands to the plan."""
        known = self.table.dropna(subset=["share"])
        if known.empty:
            why = self.table["reason"].iloc[0] if len(self.table) else "there are fewer than two stages"
            return f"Nothing can be said of the way from stage to stage: {why}."
        worst = known.loc[known["share"].idxmin()]
        words = (
            f"Of {text.count(worst['n'])} customers who enter '{worst['stage']}', {text.percent(worst['share'])} "
            f"({text.interval(worst['ci_low'], worst['ci_high'])}) move on within {_words(self.horizon)}, the fewest of all stages"
        )
        if not np.isnan(worst["half_seconds"]):
            words += f", half of them within {text.duration(worst['half_seconds'])}"
        slow = known.loc[known["half_seconds"].fillna(-1).idxmax()]
        if slow["half_seconds"] > 2 * worst["half_seconds"]:
            wait = text.duration(slow["half_seconds"])
            words += f"; it takes longest to go on from '{slow['stage']}' (half within {wait})"
        words += "."
        for row in self.reached.dropna(subset=["plan", "share"]).itertuples():
            stands = {"met": "over", "missed": "under", "open": "not clearly apart from"}[row.status]
            words += (
                f" '{row.stage}' is reached by {text.percent(row.share)} ({text.interval(row.ci_low, row.ci_high)}) of "
                f"{text.count(row.n)} customers, {stands} the {text.percent(row.plan, 0)} that are planned."
            )
        return words

    def checked(self) -> str:
        """Say whether the clock may be set back at each stage."""
        known = self.check.dropna(subset=["p_value"])
        if known.empty:
            return "It cannot be checked whether the time in one stage tells of the next: too few move on."
        told = known[known["p_value"] < 0.05]
        if told.empty:
            return "The time in one stage does not clearly tell how soon customers move on from the next."
        parts = [
            f"'{row.stage}' (each doubling of the time before goes with {text.fixed(row.ratio, 2)} times the rate, "
            f"{text.fixed(row.ci_low, 2)} to {text.fixed(row.ci_high, 2)}, n {text.count(row.n)})"
            for row in told.itertuples()
        ]
        return (
            f"The time in the stage before tells how soon customers move on from {text.sentence_list(parts)}: the "
            "stages are not independent, and shares of stages must not be multiplied for customers of one kind."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw for each stage who has moved on, lapsed, or neither by the horizon, with how fast."""
        frame = self.table.dropna(subset=["share"]).iloc[::-1].reset_index(drop=True)
        ax = figures.new_axes(ax, width=9, height=figures.row_height(len(frame), each=0.62))
        if frame.empty:
            ax.text(0.5, 0.5, self.summary(), ha="center", va="center", wrap=True, transform=ax.transAxes)
            ax.set_axis_off()
            return figures.describe(ax, f"Empty picture of stages. {self.summary()}")
        rows = np.arange(len(frame))
        moved, left = 100 * frame["share"], 100 * frame["left_share"]
        rest = (100 - moved - left).clip(lower=0)
        ax.barh(rows, moved, color=figures.BLUE, height=0.58)
        ax.barh(rows, left, left=moved, color=figures.ORANGE, height=0.58, hatch="///", edgecolor="white", linewidth=0)
        ax.barh(rows, rest, left=moved + left, color=figures.GRID, height=0.58)
        ends = 100 * np.vstack([frame["share"] - frame["ci_low"], frame["ci_high"] - frame["share"]])
        ax.errorbar(moved, rows, xerr=np.abs(ends), fmt="none", ecolor=figures.INK, capsize=3)
        for row, line in frame.iterrows():
            half = line["half_seconds"]
            quick = f"; half of them within {text.duration(half)}" if not np.isnan(half) else ""
            inside = line["share"] > 0.5
            ax.text(
                1.5 if inside else 100 * line["ci_high"] + 1.5,
                float(row),
                f"{text.percent(line['share'], 0)} move on{quick}",
                color="white" if inside else figures.INK,
                va="center",
                fontsize=9.5,
                bbox=None if inside else {"facecolor": "white", "edgecolor": "none", "alpha": 0.9, "pad": 1.5},
            )
            if left[row] >= 1:
                ax.text(
                    101, float(row), f"{text.percent(line['left_share'], 0)} lapse", va="center", color=figures.ORANGE
                )
        ax.set_yticks(rows, [f"{line.stage}\n{text.count(line.n)} enter" for line in frame.itertuples()])
        ax.set_xlim(0, 114)
        ax.set_xticks(range(0, 101, 20), [f"{tick} %" for tick in range(0, 101, 20)])
        ax.grid(axis="y", visible=False)
        ax.set_xlabel(f"by {_words(self.horizon)} in the stage (blue: moved on, hatched: lapsed, grey: still there)")
        figures.subtitle(ax, "From stage to stage", "share of those who enter, with 95 % interval; lapsing competes")
        series = {"move on": ("share", "ci_low", "ci_high"), "lapse": "left_share"}
        draws = figures.drawn(frame[::-1], "stage", series, also=["n", "half_seconds"])
        said = f"Bars of {len(frame)} stages: who moves on and who lapses. {self.summary()}"
        return figures.describe(ax, said, draws)


def stage_hazards(
    events: pd.DataFrame | Journeys,
    stage_of: Mapping[str, str],
    stages: Sequence[str],
    *,
    plan: Mapping[str, float] | None = None,
    horizon: str = "90d",
    lapse: str | None = "60d",
    gap: str = "30min",
    until_time: Moment | None = None,
    seed: int = 0,
) -> StageHazards:
    """Follow customers from their entry into each stage until they move on to a later one or lapse.

    Parameters
    ----------
    events : DataFrame or Journeys
        Contract events, or journeys made of them.
    stage_of : mapping of str to str
        Touchpoint to stage; touchpoints without one keep a customer from lapsing, and no more.
    stages : sequence of str
        In order.
    plan : mapping of str to float, optional
        Stage to the share of all customers who should reach it within the horizon.
    horizon : str
        Shares are given by so long after the entry; by the time for which half of the customers are followed, where nobody
        is for so long.
    lapse, gap, until_time
        As of `journeylab.impact.time_to_outcome`.
    seed : int
        Of the draw for the check, where there are more than 2,000 customers.

    Raises
    ------
    StudyError
        When a stage of `stage_of` or `plan` is not among the stages, or a span is not understood.
    DataError
        When no event has a stage.

    Notes
    -----
    A customer is in the furthest stage met so far: going back is not leaving, and stages may be passed over. Moving on and
    lapsing compete (Aalen-Johansen). The clock starts anew at each entry (semi-Markov). Whether it may is checked by a Cox
    model of moving on with the logarithm of the time in the stage before. Rates in bands of time have exact Poisson
    intervals. After lapsing nobody enters a further stage.

    References
    ----------
    Putter, Fiocco and Geskus (2007), Statistics in Medicine 26:2389, on competing risks and multi-state models; Garwood
    (1936), Biometrika 28:437, on Poisson intervals.
    """
    for name in [*stage_of.values(), *(plan or {})]:
        if name not in stages:
            raise StudyError(f"stage '{name}' is not one of {listing(stages)}.{did_you_mean(name, stages)}")
    limit, silence = span(horizon, "horizon"), span(lapse, "lapse")
    j, end = observed(as_journeys(events, gap), until_time)
    began = j.first_times[j.lengths > 0]
    limit = within_reach(limit, (end - began).astype("timedelta64[us]").view(np.int64))
    furthest = _furthest(j, stage_of, stages)
    if not (furthest >= 0).any():
        raise DataError(f"no event has a stage; touchpoints with one are {listing(sorted(stage_of))}.")
    entry = _entries(j, furthest)
    owner = j.event_journey[entry]
    onward = np.append(entry[1:], -1)
    onward[np.append(owner[1:] != owner[:-1], True)] = -1
    spells = end_spells(j, owner, entry, onward, end, silence)
    spells, place, before = _until_lapsed(spells, furthest[entry])
    rows, hazards, check = [], [], []
    for code, name in enumerate(stages[:-1]):
        mine = place == code
        rows.append({"stage": name, **_stage(spells, mine, limit)})
        hazards += [{"stage": name, **row} for row in _rates(spells, mine)]
        check.append({"stage": name, **_check(spells, mine, before, seed)})
    reached = [
        {"stage": name, **_reach(j, furthest, code, end, silence, limit, (plan or {}).get(name))}
        for code, name in enumerate(stages)
    ]
    silent = _words(lapse or "0d")
    ended = f"A customer without any event for {silent} has lapsed, in the stage reached by then: a rule, not a fact."
    return StageHazards(
        pd.DataFrame(rows),
        "Stage-to-stage cumulative incidence (Aalen-Johansen), clock reset, log-log intervals",
        (
            ended if lapse else "Nobody is taken to have lapsed.",
            "A customer is in the furthest stage met so far; going back is not leaving, and a stage may be passed over.",
            "The clock starts anew at each entry: how long the stages before took does not matter. It is checked by a Cox "
            "model of the time in the stage before.",
            "Customers who enter late in the data would do as the earlier ones did; customers are independent.",
        ),
        pd.DataFrame(reached),
        pd.DataFrame(
            hazards,
            columns=["stage", "from_days", "to_days", "customer_days", "moved", "left", "rate", "ci_low", "ci_high"],
        ),
        pd.DataFrame(check),
        str(pd.Timedelta(limit, "us")),
        lapse or "",
    )


def _furthest(j: Journeys, stage_of: Mapping[str, str], stages: Sequence[str]) -> NDArray[np.int64]:
    """The furthest stage met so far at each event; -1 before the first."""
    order = {name: place for place, name in enumerate(stages)}
    of = np.array([order.get(stage_of.get(name, ""), -1) for name in j.touchpoints], dtype=np.int64)
    step = j.event_journey * (len(stages) + 1)
    return np.maximum.accumulate(step + of[j.codes] + 1) - step - 1


def _entries(j: Journeys, furthest: NDArray[np.int64]) -> NDArray[np.int64]:
    """Events at which a customer comes to a further stage."""
    earlier = np.append(-1, furthest[:-1])
    earlier[j.offsets[:-1][j.lengths > 0]] = -1
    return np.flatnonzero(furthest > earlier)


def _until_lapsed(spells: Spells, place: NDArray[np.int64]) -> tuple[Spells, NDArray[np.int64], NDArray[np.float64]]:
    """Spells of customers who have not lapsed before, their stages, and the seconds in the stage before (NaN: none)."""
    follows = np.append(False, spells.journey[1:] == spells.journey[:-1])
    lapsed = np.cumsum(np.append(0, spells.status == LAPSED))[:-1]
    first = np.searchsorted(spells.journey, spells.journey)
    kept = lapsed == lapsed[first]
    before = np.where(follows, np.append(0, spells.time[:-1]) / 1e6, np.nan)
    return spells.take(kept), place[kept], before[kept]


def _stage(spells: Spells, mine: NDArray[np.bool_], limit: int) -> dict[str, object]:
    """The row of a stage."""
    time, status = spells.time[mine], spells.status[mine]
    n, moved, left = len(time), int((status == CONVERTED).sum()), int((status == LAPSED).sum())
    row: dict[str, object] = {"n": n, "moved": moved, "left": left, "still": n - moved - left}
    share, other, median, half = ((np.nan,) * 3,) * 3 + (np.nan,)
    reason = "nobody enters it" if not n else "one customer only" if n == 1 else ""
    if not reason:
        on, off = cumulative_incidence(time, status), cumulative_incidence(time, status, 2)
        share, other = on.by(limit), off.by(limit)
        median = tuple(value / 1e6 for value in on.quantile(0.5))
        half = _half(on)
        reason = (
            "nobody is followed for so long"
            if np.isnan(share[0])
            else "fewer than half move on"
            if np.isnan(median[0])
            else ""
        )
    return row | {
        "share": share[0],
        "ci_low": share[1],
        "ci_high": share[2],
        "left_share": other[0],
        "left_ci_low": other[1],
        "left_ci_high": other[2],
        "median_seconds": median[0],
        "median_ci_low": median[1],
        "median_ci_high": median[2],
        "half_seconds": half,
        "reason": reason,
    }


def _half(found: Incidence) -> float:
    """Seconds by which half of those had moved on who do."""
    top = float(found.share[-1]) if len(found.share) else 0.0
    return found.quantile(top / 2).value / 1e6 if top > 0 else float("nan")


def _rates(spells: Spells, mine: NDArray[np.bool_]) -> list[dict[str, object]]:
    """Moves and lapses for each customer-day, in bands of time in the stage."""
    from scipy.special import gammaincinv

    time, status = spells.time[mine], spells.status[mine]
    rows: list[dict[str, object]] = []
    for low, high in zip(BANDS, [*BANDS[1:], None], strict=True):
        top = int(time.max()) if high is None and len(time) else (high or 0)
        spent = float(np.clip(np.minimum(time, top) - low, 0, None).sum()) / DAY
        if top <= low or spent <= 0:
            continue
        # whoever moves on within the first moment belongs to the first band
        here = (time > low if low else time >= 0) & (time <= top)
        moved = int((here & (status == CONVERTED)).sum())
        tail = (1 - CONFIDENCE) / 2
        rows.append(
            {
                "from_days": low / DAY,
                "to_days": top / DAY,
                "customer_days": spent,
                "moved": moved,
                "left": int((here & (status == LAPSED)).sum()),
                "rate": moved / spent,
                "ci_low": float(gammaincinv(moved, tail)) / spent if moved else 0.0,
                "ci_high": float(gammaincinv(moved + 1, 1 - tail)) / spent,
            }
        )
    return rows


def _check(spells: Spells, mine: NDArray[np.bool_], before: NDArray[np.float64], seed: int) -> dict[str, object]:
    """Whether the time in the stage before tells of moving on from this one."""
    from scipy.special import ndtr

    used = np.flatnonzero(mine & ~np.isnan(before) & (spells.time > 0))
    if len(used) > MOST_CHECKED:
        used = np.sort(np.random.default_rng(seed).choice(used, MOST_CHECKED, replace=False))
    row = {"n": len(used), "ratio": np.nan, "ci_low": np.nan, "ci_high": np.nan, "p_value": np.nan, "reason": ""}
    event = spells.status[used] == CONVERTED
    if event.sum() < FEWEST:
        return row | {"reason": f"fewer than {FEWEST} come from an earlier stage and move on"}
    longer = np.log2(1 + before[used] / 60)
    stop = spells.time[used].astype(float)
    try:
        fit = fit_cox(np.zeros(len(used)), stop, event, longer[:, None])
    except DataError as problem:
        return row | {"reason": f"no model can be fitted: {str(problem).removeprefix('fit_cox: ').rstrip('.')}"}
    beta, error = float(fit.coefficients[0]), float(fit.errors[0])
    reach = normal_quantile() * error
    return row | {
        "ratio": float(np.exp(beta)),
        "ci_low": float(np.exp(beta - reach)),
        "ci_high": float(np.exp(beta + reach)),
        "p_value": float(2 * ndtr(-abs(beta / error))),
    }


def _reach(
    j: Journeys,
    furthest: NDArray[np.int64],
    code: int,
    end: np.datetime64,
    silence: int,
    limit: int,
    plan: float | None,
) -> dict[str, object]:
    """Share of all customers who come at least to a stage, beside the plan."""
    journey = np.flatnonzero(j.lengths > 0)
    begin = j.offsets[:-1][journey]
    hits = np.flatnonzero(furthest >= code)
    first = np.append(hits, j.n_events)[np.searchsorted(hits, begin)]
    goal = np.where(first < j.offsets[1:][journey], first, -1)
    spells = end_spells(j, journey, begin, goal, end, silence)
    found = cumulative_incidence(spells.time, spells.status)
    share, low, high = found.by(limit)
    status = ""
    if plan is not None and not np.isnan(share):
        status = "open" if low <= plan <= high else "met" if low > plan else "missed"
    return {
        "n": len(journey),
        "share": share,
        "ci_low": low,
        "ci_high": high,
        "plan": np.nan if plan is None else plan,
        "status": status,
    }


def _words(horizon: str) -> str:
    """A span in words."""
    return text.duration(pd.Timedelta(horizon).total_seconds())
