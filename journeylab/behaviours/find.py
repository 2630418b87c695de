"""Which behaviours recur, and is that more than chance?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.behaviours.choose import NullCheck, candidates, choose, selection, stability
from journeylab.behaviours.counts import Paths, count, paths
from journeylab.behaviours.distances import METHODS as DISTANCES
from journeylab.behaviours.grouping import GROUPINGS, group
from journeylab.errors import StudyError, did_you_mean
from journeylab.intervals import wilson
from journeylab.journeys import Journeys
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METHODS = ("markov", *DISTANCES)
MIXTURE = "Mixture of first-order Markov chains"
NAMES = {
    "om": "optimal matching",
    "lcs": "longest common subsequence",
    "hamming": "Hamming distance",
    "dhd": "dynamic Hamming distance",
    "omspell": "optimal matching of spells",
    "features": "distance of features",
}


@dataclasses.dataclass(frozen=True)
class Behaviours(Result):
    """Behaviours found.

    Attributes
    ----------
    table : DataFrame
        behaviour, n, share, ci_low, ci_high (Wilson), median_length, median_seconds (from first to last event), certainty
        (mean of the highest posterior), stability (mean best Jaccard over resamples).
    k : int
        Number of behaviours; 1 where none could be told apart.
    labels : Series
        Behaviour of each journey, ``B1`` the largest; index journey id.
    posterior : DataFrame
        Probability of each behaviour, one row a journey.
    selection : DataFrame
        Every k that was tried, with its criteria.
    reason : str
        Why there are no distinct behaviours; empty where there are.
    medoids : DataFrame or None
        By distances only: behaviour, path (of the journey that lies closest to all others), n (journeys just like it),
        mean_distance (of the behaviour's journeys from it).
    """

    k: int
    labels: pd.Series = dataclasses.field(repr=False)
    posterior: pd.DataFrame = dataclasses.field(repr=False)
    selection: pd.DataFrame = dataclasses.field(repr=False)
    reason: str
    medoids: pd.DataFrame | None = dataclasses.field(default=None, repr=False)

    def summary(self) -> str:
        """Say how many behaviours there are and how sure that is."""
        if self.k == 1:
            return f"No distinct behaviours: {self.reason}."
        shares = [f"{row.behaviour} {text.percent(row.share, 0)}" for row in self.table.itertuples()]
        weak = self.table.loc[self.table["stability"] < 0.75, "behaviour"]
        doubt = (
            f" Less stable than 0.75: {text.sentence_list(weak)}."
            if len(weak)
            else " All are found again when customers are resampled."
        )
        return f"{self.k} behaviours recur in {len(self.labels):,} journeys: {text.sentence_list(shares)}.{doubt}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw BIC and ICL, or the silhouette, over the number of behaviours, the chosen one marked."""
        if "silhouette" in self.selection.columns:
            return self._plot_silhouette(ax)
        ax = figures.new_axes(ax, height=3.4)
        frame = self.selection
        base = float(frame[["bic", "icl"]].min().min())
        for name, colour, marker in (("bic", figures.BLUE, "o"), ("icl", figures.ORANGE, "s")):
            ax.plot(frame["k"], frame[name] - base, color=colour, marker=marker)
            ax.annotate(
                name.upper(), (frame["k"].iloc[-1], frame[name].iloc[-1] - base), xytext=(8, 0), color=colour, va="center",
                textcoords="offset points",
            )  # fmt: skip
        ax.axvline(self.k, color=figures.MUTED, linestyle="--", linewidth=1)
        ax.annotate(
            f"chosen: {self.k}", (self.k, 1), xycoords=("data", "axes fraction"), xytext=(6, -4), va="top",
            textcoords="offset points", fontweight="bold",
        )  # fmt: skip
        ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.set_xticks(frame["k"])
        ax.margins(x=0.08)
        ax.set_xlabel("number of behaviours")
        ax.set_ylabel("above the lowest")
        figures.subtitle(ax, "How many behaviours?", f"lower is better; n = {len(self.labels):,} journeys")
        return figures.describe(ax, f"Line chart of BIC and ICL over the number of behaviours. {self.summary()}")

    def _plot_silhouette(self, ax: Axes | None) -> Axes:
        ax = figures.new_axes(ax, height=3.4)
        frame = self.selection
        ax.plot(frame["k"], frame["silhouette"], color=figures.BLUE, marker="o")
        chance = frame.dropna(subset=["null_silhouette"])
        ax.plot(
            chance["k"], chance["null_silhouette"], color=figures.ORANGE, marker="_", markersize=16, linestyle="none"
        )
        for row in chance.itertuples():
            ax.annotate("by chance", (row.k, row.null_silhouette), xytext=(10, 0), color=figures.ORANGE, va="center",
                        textcoords="offset points")  # fmt: skip
        ax.axvline(self.k, color=figures.MUTED, linestyle="--", linewidth=1)
        ax.set_xticks(frame["k"])
        ax.margins(x=0.08, y=0.15)
        ax.set_xlabel("number of behaviours")
        ax.set_ylabel("average silhouette width")
        figures.subtitle(ax, f"How many behaviours? {self.k}", f"higher is better; n = {len(self.labels):,} journeys")
        return figures.describe(ax, f"Line chart of the silhouette over the number of behaviours. {self.summary()}")


def find(
    j: Journeys,
    *,
    method: str = "markov",
    k: int | None = None,
    k_max: int = 8,
    seed: int = 0,
    until: str | None = None,
    minimum_share: float = 0.02,
    substitution: object = "trate",
    indel: float | str = "auto",
    normalise: str | None = "auto",
    grouping: str = "medoids",
    channels: Mapping[str, str] | None = None,
) -> Behaviours:
    """Find the behaviours that recur, by a mixture of first-order Markov chains or by distances between journeys.

    Parameters
    ----------
    j : Journeys
    method : str
        ``markov``, or a method of `distances`: ``om``, ``lcs``, ``features``, ...
    k : int, optional
        Number of behaviours; where not given chosen by BIC (by the silhouette for distances) and a test against chance.
    k_max : int
        The most that are tried.
    until : str, optional
        Cut journeys before this touchpoint, so that behaviours are not made from the outcome they are compared on.
    minimum_share : float
        The smallest behaviour that is one.
    substitution, indel, normalise, channels : optional
        Of distances, see `distances`; without effect on ``markov``.
    grouping : str
        Of distances: ``medoids`` (FasterPAM), ``ward`` or ``average`` (a tree).

    Notes
    -----
    Each behaviour is a chain of start, step and end probabilities; expectation maximisation on the counts of starts, steps
    and ends, eight restarts, Dirichlet smoothing of 0.1. The number is the one with the lowest BIC, if its gain exceeds that
    on journeys simulated from fewer chains (parametric bootstrap); else there are fewer, or none.

    By distances the number is the one with the widest average silhouette, if it is wider than on journeys simulated from one
    chain. The posterior is a membership: it falls with the squared distance from the medoids, and is 0 or 1 for a tree.

    References
    ----------
    Cadez et al. (2003), Data Mining and Knowledge Discovery 7:399; Studer (2021), Sociological Methodology 51:290;
    Hennig (2007), Computational Statistics and Data Analysis 52:258; for distances see `distances`, `medoids.faster_pam` and
    `grouping.group`.

    Raises
    ------
    StudyError
        For an unknown method, grouping or cost, or a k under 1.
    DataError
        For costs that are none, or journeys of several lengths where one is needed.
    """
    if method not in METHODS:
        raise StudyError(f"method '{method}' is not one of {METHODS}.{did_you_mean(method, METHODS)}")
    if (k is not None and k < 1) or k_max < 1:
        raise StudyError(f"k={k}, k_max={k_max}: both count from 1.")
    if grouping not in GROUPINGS:
        raise StudyError(f"grouping '{grouping}' is not one of {GROUPINGS}.{did_you_mean(grouping, GROUPINGS)}")
    found = paths(j, until=until)
    if method != "markov":
        options = {"substitution": substitution, "indel": indel, "normalise": normalise, "channels": channels}
        return _by_distances(j, found, method, k, k_max, seed, minimum_share, grouping, options)
    counts = count(found)
    distinct = len(counts.weights)
    if j.n_journeys == 0 or distinct < 2 or len(j.touchpoints) < 2:
        return _none(j, found, _why_not(j, distinct), MIXTURE)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        sizes = sorted({1, *range(1, min(k_max, distinct) + 1), *([min(k, distinct)] if k else [])})
        fitted = candidates(counts, sizes, seed)
        checks: tuple[NullCheck, ...] = ()
        if k is None:
            chosen, checks = choose(fitted, counts, found, minimum_share=minimum_share, seed=seed)
        else:
            chosen = min(k, distinct)
        model = fitted[chosen]
        steady = stability(model, counts, seed=seed) if chosen > 1 else np.ones(1)
    table = selection(fitted, counts, {chosen: float(np.nanmin(steady))}, chosen)
    reason = ""
    if chosen == 1 and k is None:
        reason = "no number of chains beats what a single one gives by chance"
    elif k is not None and chosen < k:
        reason = f"only {distinct} distinct journeys, so {chosen} behaviours instead of {k}"
    posterior = model.posterior(counts)[counts.row]
    posterior[counts.row < 0] = model.shares  # nothing was seen before the cut, so nothing tells the behaviours apart
    tested = [
        f"{check.k} against {check.fewer}: gain {text.number(check.gain)}, by chance at most {text.number(check.null_gain)} "
        f"({check.draws} simulated sets of {check.n:,} journeys)"
        for check in checks
    ]
    assumptions = (
        "Where a customer goes next depends on where they are and on their behaviour, not on the way they came.",
        "Behaviours are groups that the model tells apart; people lie between them, see the certainty.",
        *tested,
    )
    return _result(j, found, posterior, posterior.argmax(axis=1), steady, table, reason, MIXTURE, assumptions)[0]


def _by_distances(
    j: Journeys, found: Paths, method: str, k: int | None, k_max: int, seed: int, minimum_share: float, grouping: str,
    options: dict[str, Any],
) -> Behaviours:  # fmt: skip
    """Group journeys that lie close together, and describe the groups."""
    by = "FasterPAM" if grouping == "medoids" else f"{grouping.capitalize()} linkage"
    name = f"{NAMES[method].capitalize()}, grouped by {by}"
    if int((found.lengths > 0).sum()) < 2 or len(j.touchpoints) < 2:
        return _none(j, found, _why_not(j, 2), name)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        groups = group(
            found,
            j,
            method=method,
            k=k,
            k_max=k_max,
            seed=seed,
            minimum_share=minimum_share,
            grouping=grouping,
            **options,
        )
    if isinstance(groups, str):
        return _none(j, found, groups, name)
    hard = np.where(groups.labels < 0, groups.posterior.argmax(axis=1), groups.labels)
    assumptions = (
        "Journeys are alike where they share touchpoints, steps and stays, whatever their order at large."
        if method == "features"
        else "Journeys are alike where little must be changed to turn one into the other; what a change costs is a choice.",
        *groups.notes,
    )
    result, order = _result(
        j, found, groups.posterior, hard, groups.stability, groups.selection, groups.reason, name, assumptions
    )
    chosen = groups.medoids[order]
    lines = [tuple(found.codes[found.offsets[i] : found.offsets[i + 1]].tolist()) for i in chosen]
    alike = dict.fromkeys(lines, 0)
    for start, end in zip(found.offsets[:-1], found.offsets[1:], strict=True):
        line = tuple(found.codes[start:end].tolist())
        if line in alike:
            alike[line] += 1
    medoids = pd.DataFrame(
        {
            "behaviour": result.table["behaviour"],
            "path": [tuple(j.touchpoints[code] for code in line) for line in lines],
            "n": [alike[line] for line in lines],
            "mean_distance": groups.mean_distance[order],
        }
    )
    return dataclasses.replace(result, medoids=medoids)


def _result(
    j: Journeys, found: Paths, posterior: NDArray[np.float64], hard: NDArray[np.int64], steady: NDArray[np.float64],
    table: pd.DataFrame, reason: str, method: str, assumptions: tuple[str, ...],
) -> tuple[Behaviours, NDArray[np.int64]]:  # fmt: skip
    """Order behaviours by size and describe them; and the order."""
    k = posterior.shape[1]
    sizes = np.bincount(hard, minlength=k)
    order = np.argsort(-sizes, kind="stable")
    names = [f"B{number}" for number in range(1, k + 1)]
    rank = np.empty(k, dtype=int)
    rank[order] = np.arange(k)
    labels = pd.Series(
        np.array(names, dtype=object)[rank[hard]], index=pd.Index(j.ids, name="journey"), name="behaviour"
    )
    seconds = (j.last_times - j.first_times) / np.timedelta64(1, "s")
    rows = []
    for number, name in enumerate(names):
        members = (labels == name).to_numpy()
        n = int(members.sum())
        rows.append(
            (name, n, *wilson(n, len(labels)), _median(found.lengths[members]), _median(seconds[members]),
             float(posterior[members, order[number]].mean()) if n else np.nan, float(steady[order[number]]))
        )  # fmt: skip
    columns = [
        "behaviour",
        "n",
        "share",
        "ci_low",
        "ci_high",
        "median_length",
        "median_seconds",
        "certainty",
        "stability",
    ]
    result = Behaviours(
        pd.DataFrame(rows, columns=columns),
        method,
        assumptions,
        k,
        labels,
        pd.DataFrame(posterior[:, order], index=labels.index, columns=names),
        table,
        reason,
    )
    return result, order


def _none(j: Journeys, found: Paths, reason: str, method: str) -> Behaviours:
    """One behaviour, and why there are no more."""
    labels = pd.Series("B1", index=pd.Index(j.ids, name="journey"), name="behaviour", dtype=object)
    seconds = (j.last_times - j.first_times) / np.timedelta64(1, "s") if j.n_journeys else np.empty(0)
    n = j.n_journeys
    table = pd.DataFrame(
        {
            "behaviour": ["B1"],
            "n": [n],
            "share": [1.0 if n else np.nan],
            "ci_low": [np.nan],
            "ci_high": [np.nan],
            "median_length": [_median(found.lengths)],
            "median_seconds": [_median(seconds)],
            "certainty": [1.0],
            "stability": [np.nan],
        }
    )
    chosen = pd.DataFrame(
        {"k": [1], "mean_distance": [np.nan], "silhouette": [np.nan], "smallest_share": [1.0], "null_silhouette": [np.nan],
         "stability": [np.nan], "chosen": [True]}
        if method != MIXTURE
        else {"k": [1], "log_likelihood": [np.nan], "parameters": [0], "bic": [np.nan], "icl": [np.nan], "entropy": [0.0],
         "smallest_share": [1.0], "stability": [np.nan], "chosen": [True]}
    )  # fmt: skip
    return Behaviours(
        table,
        method,
        (f"Nothing was fitted: {reason}.",),
        1,
        labels,
        pd.DataFrame({"B1": np.ones(n)}, index=labels.index),
        chosen,
        reason,
    )


def _why_not(j: Journeys, distinct: int) -> str:
    if j.n_journeys == 0:
        return "there are no journeys"
    if j.n_journeys == 1:
        return "there is a single journey"
    if len(j.touchpoints) < 2:
        return "all events are of one touchpoint"
    return "all journeys are equal" if distinct < 2 else "too few distinct journeys"


def _median(values: NDArray[np.generic]) -> float:
    return float(np.median(values.astype(float))) if len(values) else float("nan")
