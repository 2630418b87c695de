"""Which real journeys stand for a behaviour, how much of it do they cover, and which members fit worst?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.behaviours.assign import CLEAR
from journeylab.behaviours.chains import likelihood, model
from journeylab.behaviours.counts import Paths, paths
from journeylab.behaviours.distances import distances
from journeylab.intervals import wilson
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from journeylab.behaviours.find import Behaviours
    from journeylab.journeys import Journeys

RADIUS = 0.5
"""A journey stands for those from which it is no farther than this: half of the touchpoints of the two
are in a common order."""

SAMPLE = 300
LONGEST = 40
SHOWN = 14


@dataclasses.dataclass(frozen=True)
class Representatives(Result):
    """Journeys that stand for behaviours.

    Attributes
    ----------
    table : DataFrame
        behaviour, name, rank (1 is the medoid), journey (touchpoints, without repeats), n_steps, coverage, ci_low, ci_high
        (share of the behaviour's customers within the radius, Wilson), together (share within the radius of this or an earlier
        one), mean_distance (to the members), n (members that were measured).
    outlying : DataFrame
        behaviour, name, label (a pseudonym that counts within the behaviour), per_step (log likelihood a step under it),
        typical_per_step (the members' median), posterior, n_steps, journey.
    unclear : DataFrame
        behaviour, name, n, unclear (posterior under 0.7), share, ci_low, ci_high; the last row is of all.
    radius : float
    """

    outlying: pd.DataFrame = dataclasses.field(repr=False)
    unclear: pd.DataFrame = dataclasses.field(repr=False)
    radius: float

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {"name": "Behaviour", "rank": "Rank", "journey": "Journey that stands for it", "coverage": "Covers",
                "ci": "95 % interval", "together": "Covered so far", "n": "Measured"}  # fmt: skip

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        return {"coverage": "percent", "together": "percent"}

    def summary(self) -> str:
        """Say how much the journeys cover, and how many customers no behaviour represents."""
        if self.table.empty:
            return "There is no journey with a step before the cut, so none can stand for a behaviour."
        last = self.table.groupby("behaviour", sort=False).tail(1)
        parts = [f"{text.percent(row.together, 0)} of {row.name}" for row in last.itertuples(index=False)]
        whole = self.unclear.iloc[-1]
        return (
            f"The journeys shown cover {text.sentence_list(parts)} (distance up to {text.short(self.radius)}). "
            f"{text.percent(whole['share'])} of {text.count(whole['n'])} customers "
            f"({text.interval(whole['ci_low'], whole['ci_high'])}) are "
            f"represented by no behaviour: none has a posterior of {text.short(CLEAR)}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the coverage of each representative with its interval."""
        frame = self.table.iloc[::-1].reset_index(drop=True)
        ax = figures.new_axes(ax, height=figures.row_height(len(frame)))
        rows = np.arange(len(frame))
        reach = 100 * np.abs(np.vstack([frame["coverage"] - frame["ci_low"], frame["ci_high"] - frame["coverage"]]))
        ax.errorbar(100 * frame["coverage"], rows, xerr=reach, fmt="o", color=figures.BLUE, capsize=3)
        ax.set_yticks(rows, [f"{row['name']} · {row['rank']}" for _, row in frame.iterrows()])
        ax.set_xlim(0, 100)
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.set_xlabel(f"share of the behaviour's customers within {text.short(self.radius)}")
        figures.subtitle(ax, "What representative journeys cover", f"up to n = {SAMPLE} members measured a behaviour")
        draws = figures.drawn(
            self.table.assign(rank=self.table["rank"].astype(str)),
            ["name", "rank"],
            {"covers": ("coverage", "ci_low", "ci_high")},
        )
        return figures.describe(ax, f"Dot plot of coverage. {self.summary()}", draws)


def representatives(
    found: Behaviours, j: Journeys, *, until: str | None = None, names: Mapping[str, str] | None = None, most: int = 3,
    outlying: int = 3, radius: float = RADIUS, seed: int = 0, minimum: int = 1,
) -> Representatives:  # fmt: skip
    """Find the journeys that stand for each behaviour, and its outlying members.

    Parameters
    ----------
    found : Behaviours
    j : Journeys
        In which they were found, in the same order.
    until : str, optional
        Where `find` cut them.
    names : mapping, optional
        What each is called, by label.
    most : int
        Representatives a behaviour: the medoid, then whoever covers most of those not yet covered.
    outlying : int
        Outlying members listed a behaviour.
    radius : float
        The distance up to which a journey is represented, 0 to 1.
    seed : int
        Of the sample of members, where there are more than 300.
    minimum : int
        Write a journey only as far as so many of the measured members go the same way, for a public report.

    Notes
    -----
    The distance of two journeys is that of the longest common subsequence, ``1 - 2 L / (n1 + n2)``: the share of the touchpoints
    of both, without direct repeats and cut at 40, that are not in a common order. The medoid is the distinct path with the least
    mean distance to the members (Kaufman and Rousseeuw 1990); coverage as in Gabadinho and Ritschard (2013, in Levy and
    Widmer, Gendered life courses, 287). The outlying are those of at least three steps with the lowest log likelihood a step.
    """
    names = names or {}
    cut = paths(j, until=until if until in j.touchpoints else None, collapse=True)
    stored = model(found, j, until=until)
    labels = found.labels.to_numpy()
    highest = found.posterior.max(axis=1).to_numpy()
    rng = np.random.default_rng(seed)
    rows, strange, unclear = [], [], []
    fit = likelihood(stored, j)
    for number, label in enumerate(stored.behaviours):
        name = names.get(label) or label
        inside = labels == label
        unsure = int((highest[inside] < CLEAR).sum())
        unclear.append((label, name, int(inside.sum()), unsure, *wilson(unsure, int(inside.sum()))))
        members = np.flatnonzero(inside & (cut.lengths > 0))
        drawn = members if len(members) <= SAMPLE else np.sort(rng.choice(members, SAMPLE, replace=False))
        walked = [tuple(cut.codes[cut.offsets[i] : cut.offsets[i + 1]][:LONGEST].tolist()) for i in drawn]
        rows += [(label, name, *row) for row in _stand(walked, j.touchpoints, most, radius, minimum)]
        least = _outlying(fit.joint[:, number], fit.steps, highest, members, cut, j.touchpoints, outlying)
        strange += [(label, name, *row) for row in least]
    n, unsure = len(labels), int((highest < CLEAR).sum())
    unclear.append(("all", "all behaviours", n, unsure, *wilson(unsure, n)))
    columns = ["behaviour", "name", "rank", "journey", "n_steps", "coverage", "ci_low", "ci_high", "together",
               "mean_distance", "n"]  # fmt: skip
    return Representatives(
        pd.DataFrame(rows, columns=columns),
        "Medoids by the longest common subsequence",
        (
            "The distance is the share of the touchpoints of two journeys that are not in a common order; times do not count.",
            f"A journey stands for members within {text.short(radius)}; up to {SAMPLE} members a behaviour are drawn and measured.",
            "Outlying members are the least likely a step under their behaviour; their labels are numbers, not ids.",
        ),
        pd.DataFrame(
            strange,
            columns=["behaviour", "name", "label", "per_step", "typical_per_step", "posterior", "n_steps", "journey"],
        ),
        pd.DataFrame(unclear, columns=["behaviour", "name", "n", "unclear", "share", "ci_low", "ci_high"]),
        radius,
    )


def _stand(
    walked: list[tuple[int, ...]], touchpoints: tuple[str, ...], most: int, radius: float, minimum: int
) -> list[tuple[int, str, int, float, float, float, float, float, int]]:
    """The medoid of the paths, and those that cover most of what is left."""
    if not walked:
        return []
    distinct = list(dict.fromkeys(walked))
    place = {path: number for number, path in enumerate(distinct)}
    weights = np.bincount([place[path] for path in walked], minlength=len(distinct)).astype(float)
    away = distances(distinct, method="lcs", normalise="maxdist")  # 1 - 2 L / (n1 + n2)
    near = away <= radius
    covered = np.zeros(len(distinct), dtype=bool)
    chosen = int((away @ weights).argmin())
    rows = []
    n = len(walked)
    for rank in range(1, most + 1):
        covered |= near[chosen]
        coverage = wilson(float(weights[near[chosen]].sum()), n)
        told = _shared(distinct[chosen], walked, minimum)
        rows.append((rank, _written(distinct[chosen], touchpoints, told), len(distinct[chosen]), *coverage,
                     float(weights[covered].sum()) / n, float(away[chosen] @ weights) / n, n))  # fmt: skip
        gain = (near & ~covered) @ weights
        chosen = int(gain.argmax())
        if gain[chosen] < 0.02 * n:
            break
    return rows


def _outlying(
    joint: NDArray[np.float64], steps: NDArray[np.float64], highest: NDArray[np.float64], members: NDArray[np.intp],
    cut: Paths, touchpoints: tuple[str, ...], most: int,
) -> list[tuple[str, float, float, float, int, str]]:  # fmt: skip
    """The members with the lowest log likelihood a step."""
    long = members[steps[members] >= 3]
    if not len(long):
        return []
    each = joint[long] / steps[long]
    usual = float(np.median(each))
    worst = np.argsort(each, kind="stable")[:most]
    rows = []
    for number, row in enumerate(worst, start=1):
        i = int(long[row])
        walked = tuple(cut.codes[cut.offsets[i] : cut.offsets[i + 1]].tolist())
        rows.append((f"outlier {number}", float(each[row]), usual, float(highest[i]), int(steps[i]),
                     _written(walked, touchpoints)))  # fmt: skip
    return rows


def _shared(path: tuple[int, ...], walked: list[tuple[int, ...]], minimum: int) -> int:
    """How many steps of a path at least `minimum` take from the first on."""
    return next(
        steps
        for steps in range(len(path), -1, -1)
        if sum(way[:steps] == path[:steps] for way in walked) >= minimum or not steps
    )


def _written(path: tuple[int, ...], touchpoints: tuple[str, ...], told: int = SHOWN) -> str:
    told = min(told, SHOWN)
    return " → ".join([*(touchpoints[code] for code in path[:told]), *(["…"] if len(path) > told else [])])
