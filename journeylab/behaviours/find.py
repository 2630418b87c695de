"""Which behaviours recur, and is that more than chance?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import text
from journeylab.behaviours.choice_plot import choice_plot
from journeylab.behaviours.choose import (
    BAND_JOURNEYS,
    SELECTION_COLUMNS,
    NullCheck,
    band,
    candidates,
    choose,
    null_sample,
    selection,
    weigh,
)
from journeylab.behaviours.counts import Paths, count, paths
from journeylab.behaviours.distances import METHODS as DISTANCES
from journeylab.behaviours.grouping import DISTANCE_COLUMNS, GROUPINGS, group
from journeylab.behaviours.recurrence import STEADY
from journeylab.behaviours.verdict import recommend, verdicts
from journeylab.errors import StudyError, did_you_mean
from journeylab.intervals import wilson
from journeylab.journeys import Journeys
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from journeylab.journeys.cuts import Span

METHODS = ("markov", *DISTANCES)
NOTEBOOK = "05_behaviours"
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
        One row for every k that was tried: k; by chains log_likelihood, parameters, bic, icl, entropy (0 where every journey
        is clear, 1 where all is a guess), by distances mean_distance; smallest_share, silhouette (weighted average),
        null_silhouette (the widest of 19 sets simulated from one chain), prediction_strength, stability (of the least stable
        behaviour); by chains gain and null_gain (log-likelihood a journey over one chain, and the most of 19 simulated sets);
        chosen. Missing where not worked out.
    reason : str
        Why there are no distinct behaviours; empty where there are.
    given : bool
        Whether k was asked for, not chosen.
    medoids : DataFrame or None
        By distances only: behaviour, path (of the journey that lies closest to all others), n (journeys just like it),
        mean_distance (of the behaviour's journeys from it).
    waits : tuple of str
        Cut points of the time until a step; empty where times did not count.
    """

    k: int
    labels: pd.Series = dataclasses.field(repr=False)
    posterior: pd.DataFrame = dataclasses.field(repr=False)
    selection: pd.DataFrame = dataclasses.field(repr=False)
    reason: str
    given: bool = False
    medoids: pd.DataFrame | None = dataclasses.field(default=None, repr=False)
    waits: tuple[str, ...] = ()

    def summary(self) -> str:
        """Say how many behaviours there are and how sure that is."""
        if self.k == 1:
            return f"No distinct behaviours: {self.reason or 'one was asked for'}."
        shares = [f"{row.behaviour} {text.percent(row.share, 0)}" for row in self.table.itertuples()]
        weak = self.table.loc[self.table["stability"] < STEADY, "behaviour"]
        doubt = (
            f" Less stable than {text.short(STEADY)}: {text.sentence_list(weak)}."
            if len(weak)
            else " All are found again when customers are resampled."
        )
        return f"{self.k} behaviours recur in {text.count(len(self.labels))} journeys: {text.sentence_list(shares)}.{doubt}"

    @property
    def verdicts(self) -> pd.DataFrame:
        """How many behaviours each criterion wants, see `verdict.verdicts`."""
        return verdicts(self.selection, self.k)

    @property
    def verdict_columns(self) -> dict[str, str]:
        """The columns of `verdicts` as a report shows them."""
        return {"criterion": "Criterion", "says": "Number it wants", "here": f"Value at {self.k}",
                "by_chance": "By chance at most", "rule": "How it is read"}  # fmt: skip

    @property
    def recommendation(self) -> str:
        """Which number of behaviours to work with, which criteria say otherwise, and what that means."""
        weak = self.table.loc[self.table["stability"] < STEADY, "behaviour"] if self.k > 1 else []
        return recommend(self.selection, self.k, given=self.given, reason=self.reason, weak=list(weak))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every criterion over the number of behaviours, the one in use marked (on `ax` only the first panel)."""
        return choice_plot(self.selection, self.k, n=len(self.labels), given=self.given, ax=ax)


def find(
    j: Journeys,
    *,
    method: str = "markov",
    k: int | None = None,
    k_max: int = 8,
    seed: int = 0,
    until: str | None = None,
    minimum_share: float = 0.02,
    waits: Sequence[Span] = (),
    substitution: object = "trate",
    indel: float | str = "auto",
    normalise: str | None = "auto",
    grouping: str = "medoids",
    channels: Mapping[str, str] | None = None,
    criteria: bool | None = None,
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
    waits : sequence of str or timedelta, optional
        Of ``markov``: cut points of the time until a step, such as ``("1min", "30min", "1d", "7d")``, so that tempo counts too.
    substitution, indel, normalise, channels : optional
        Of distances, see `distances`; without effect on ``markov``.
    grouping : str
        Of distances: ``medoids`` (FasterPAM), ``ward`` or ``average`` (a tree).
    criteria : bool, optional
        Work out the silhouette, prediction strength, stability and what chance gives for every k, in samples; by default
        where k is not given. Labels are the same either way.

    Notes
    -----
    Each behaviour is a chain of start, step and end probabilities; expectation maximisation on the counts of starts, steps
    and ends, eight restarts, Dirichlet smoothing of 0.1. The number is the one with the lowest BIC, if its gain exceeds that
    on journeys simulated from fewer chains (parametric bootstrap); else there are fewer, or none. See `choose.choose`; the
    other criteria, in `selection`, are second opinions that `recommendation` puts in words. With `waits` each behaviour has
    shares of the categories of time too: a step's time depends on the behaviour, not on the step. A step that takes no time,
    or one of a missing time, has no category.

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
        For an unknown method, grouping or cost, a k under 1, or cut points that do not rise.
    DataError
        For costs that are none, or journeys of several lengths where one is needed.
    """
    if method not in METHODS:
        raise StudyError(f"method '{method}' is not one of {METHODS}.{did_you_mean(method, METHODS)}")
    if (k is not None and k < 1) or k_max < 1:
        raise StudyError(f"k={k}, k_max={k_max}: both count from 1.")
    if grouping not in GROUPINGS:
        raise StudyError(f"grouping '{grouping}' is not one of {GROUPINGS}.{did_you_mean(grouping, GROUPINGS)}")
    if waits and method != "markov":
        raise StudyError(f"waits is of method 'markov'; '{method}' sees no time until a step, so leave it out.")
    criteria = k is None if criteria is None else criteria
    found = paths(j, until=until, waits=waits)
    if method != "markov":
        options = {"substitution": substitution, "indel": indel, "normalise": normalise, "channels": channels}
        return _by_distances(j, found, method, k, k_max, seed, minimum_share, grouping, criteria, options)
    counts = count(found)
    distinct = len(counts.weights)
    spans = tuple(each if isinstance(each, str) else str(pd.Timedelta(each)) for each in waits)
    if j.n_journeys == 0 or distinct < 2 or len(j.touchpoints) < 2:
        return dataclasses.replace(_none(j, found, _why_not(j, distinct), MIXTURE), waits=spans)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        sizes = sorted({1, *range(1, min(k_max, distinct) + 1), *([min(k, distinct)] if k else [])})
        n = counts.n_journeys
        fitted = candidates(counts, sizes, seed)
        checks: tuple[NullCheck, ...] = ()
        if k is None:
            chosen, checks = choose(fitted, n, found, minimum_share=minimum_share, seed=seed)
        else:
            chosen = max(size for size in sizes if size <= k and fitted[size].smallest_share > 0)
        model = fitted[chosen].model
        weighed = weigh(fitted, counts, chosen, seed=seed, every=criteria)
        more = [size for size in sizes if size > 1]
        by_chance = band(null_sample(found, seed, BAND_JOURNEYS), more, seed=seed) if criteria and more else {}
        table = selection(fitted, n, weighed, by_chance, chosen)
        posterior = model.posterior(counts)[counts.row]
    steady = weighed.stability.get(chosen, np.ones(1))
    reason = ""
    if chosen == 1 and k is None:
        reason = (
            "one pattern in which the last two steps count explains the journeys as well as several do"
            if checks and checks[-1].memory
            else "no number of chains beats what a single one gives by chance"
        )
    elif k is not None and chosen < k:
        why = f"only {distinct} distinct journeys" if chosen == distinct else "with more, one would have no journeys"
        reason = f"{why}, so {chosen} behaviours instead of {k}"
    posterior[counts.row < 0] = model.shares  # nothing was seen before the cut, so nothing tells the behaviours apart
    tested = [
        f"{check.k} against {check.fewer}{' with a memory of two steps' if check.memory else ''}: gain "
        f"{text.number(check.gain)}, by chance at most {text.number(check.null_gain)} ({check.draws} simulated sets "
        f"of {text.count(check.n)} "
        "journeys)"
        for check in checks
    ]
    assumptions = (
        "Where a customer goes next depends on where they are and on their behaviour, not on the way they came.",
        "Behaviours are groups that the model tells apart; people lie between them, see the certainty.",
        *_timed(found),
        *tested,
    )
    result, _ = _result(j, found, posterior, posterior.argmax(axis=1), steady, table, reason, MIXTURE, assumptions)
    return dataclasses.replace(result, given=k is not None, waits=spans)


def settings(parameters: Mapping[str, Mapping[str, Any]], *, where: str = "study.toml") -> dict[str, Any]:
    """Return the k, k_max and seed that study.toml sets for notebook 05, as options of `find`.

    Parameters
    ----------
    parameters : mapping
        By notebook: ``study.config.parameters``.
    where : str
        The file, for the message.

    Raises
    ------
    StudyError
        For a value that is no whole number from 0.
    """
    given = {name: value for name, value in parameters.get(NOTEBOOK, {}).items() if name in {"k", "k_max", "seed"}}
    for name, value in given.items():
        if not isinstance(value, int) or value < 0:
            raise StudyError(
                f'{where}: parameters."{NOTEBOOK}".{name}: found {value!r}, expected a whole number from 0.'
            )
    return {name: value for name, value in given.items() if value or name == "seed"}


def _timed(found: Paths) -> tuple[str, ...]:
    """What is assumed of times, and how many steps have one."""
    if found.waits is None:
        return ()
    known, steps = int((found.waits >= 0).sum()), int(np.maximum(found.lengths - 1, 0).sum())
    if not known:
        return ("No step has a time (all are missing or nought), so times do not count.",)
    return (
        "How long a step takes depends on the behaviour, not on the step or the time before; "
        f"{text.count(known)} of {text.count(steps)} steps have a time, the others are missing or nought.",
    )


def _by_distances(
    j: Journeys, found: Paths, method: str, k: int | None, k_max: int, seed: int, minimum_share: float, grouping: str,
    criteria: bool, options: dict[str, Any],
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
            every=criteria,
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
    return dataclasses.replace(result, medoids=medoids, given=k is not None)


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
        members = hard == order[number]
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
    columns = SELECTION_COLUMNS if method == MIXTURE else DISTANCE_COLUMNS
    chosen = pd.DataFrame([{"k": 1, "smallest_share": 1.0, "chosen": True}], columns=list(columns))
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
