"""How many last touchpoints does the next step depend on?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.impact.attribution_markov import Chain, chain
from journeylab.impact.attribution_paths import Floats, Paths, read_paths
from journeylab.intervals import normal_quantile
from journeylab.journeys import Journeys
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDS = 5


@dataclasses.dataclass(frozen=True)
class MarkovOrder(Result):
    """Orders of a Markov chain.

    Attributes
    ----------
    table : DataFrame
        order, n_states, n_parameters, log_likelihood, bic, gain (log-likelihood a journey that was not used for fitting, less
        that at order 1), ci_low, ci_high (of the gain), n (journeys), chosen (lowest BIC).
    order : int
        The chosen one.
    """

    order: int

    @property
    def held_out(self) -> int:
        """The order that says most about journeys it was not fitted to."""
        known = self.table["gain"].dropna()
        return int(self.table.loc[known.idxmax(), "order"]) if len(known) else self.order

    def summary(self) -> str:
        """Say which order to use, and whether held-out journeys agree."""
        n = int(self.table["n"].iloc[0])
        same = self.held_out == self.order
        held_out = (
            "and journeys held out agree" if same else f"while order {self.held_out} foretells journeys held out best"
        )
        orders = f"Of Markov chains of orders 1 to {len(self.table)}"
        return f"{orders}, order {self.order} has the lowest BIC (n = {text.count(n)} journeys), {held_out}."

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what each order gains on journeys held out."""
        ax = figures.new_axes(ax, height=3.2)
        frame = self.table
        ends = np.abs(np.vstack([frame["gain"] - frame["ci_low"], frame["ci_high"] - frame["gain"]]))
        ax.axhline(0, color=figures.MUTED, linewidth=1)
        ax.errorbar(frame["order"], frame["gain"], yerr=ends, fmt="o", color=figures.BLUE, capsize=4)
        ax.set_xticks(
            frame["order"], [f"order {order}{', lowest BIC' * (order == self.order)}" for order in frame["order"]]
        )
        ax.set_ylabel("gain over order 1")
        figures.subtitle(
            ax,
            "How far back the next step depends",
            "log-likelihood a journey held out, with 95 % interval; up is better",
        )
        return figures.describe(ax, f"Dots of what each order of the chain gains. {self.summary()}")


def markov_order(
    paths: pd.DataFrame | Journeys,
    *,
    most: int = 3,
    outcome: str | None = None,
    touchpoints: Sequence[str] | None = None,
    lookback: str | None = None,
    seed: int = 0,
) -> MarkovOrder:
    """Choose the order of the chain for `journeylab.impact.markov_attribution`.

    Parameters
    ----------
    paths, outcome, touchpoints, lookback
        As of `markov_attribution`.
    most : int
        The highest order that is tried.
    seed : int
        Of the folds.

    Raises
    ------
    DataError, StudyError
        See `journeylab.impact.attribution_paths.read_paths`.

    Notes
    -----
    BIC: -2 log L + parameters x log(steps), with J + 1 free parameters a state that was seen (J touchpoints, conversion, end)
    and J - 1 at the start. Held out: journeys are dealt into five folds; each is foretold by a chain fitted to the other four,
    with one step spread evenly over all ways out of each state; the gain over order 1 is paired by journey.

    References
    ----------
    Katz (1981), Technometrics 23:243, on BIC for the order; Chierichetti, Kumar, Raghavan and Sarlos (2012), WWW:609, on order
    and web journeys.
    """
    found = read_paths(paths, outcome=outcome, touchpoints=touchpoints, lookback=lookback)
    orders = range(1, most + 1)
    places = [chain(found, order) for order in orders]
    weight = np.stack([found.conversions, found.nulls])
    n = float(weight.sum())
    steps = float((found.lengths + 1) @ weight.sum(axis=0))
    size = len(found.touchpoints)
    rows = []
    for order, place in zip(orders, places, strict=True):
        likelihood = float((_foretold(found, place, weight, 0.0) * weight).sum())
        parameters = len(place.last) * (size + 1) + size - 1
        rows.append((order, len(place.last), parameters, likelihood, -2 * likelihood + parameters * np.log(steps)))
    table = pd.DataFrame(rows, columns=["order", "n_states", "n_parameters", "log_likelihood", "bic"])
    mean, error = _gains(found, places, weight, seed)
    half = normal_quantile() * error
    table = table.assign(
        gain=mean, ci_low=mean - half, ci_high=mean + half, n=round(n), chosen=table["bic"] == table["bic"].min()
    )
    return MarkovOrder(
        table,
        "BIC, and log-likelihood of journeys held out (five folds)",
        (
            "Journeys are independent of each other.",
            "A high order needs many journeys: states that few come to say little.",
        ),
        int(table.loc[table["bic"].idxmin(), "order"]),
    )


def _gains(paths: Paths, places: list[Chain], weight: Floats, seed: int) -> tuple[Floats, Floats]:
    """What each order gains over order 1 a journey held out, and its standard error."""
    rng = np.random.default_rng(seed)
    dealt = rng.multinomial(np.round(weight).astype(np.int64), np.full(FOLDS, 1 / FOLDS))
    total, squares, n = np.zeros(len(places)), np.zeros(len(places)), dealt.sum()
    if not n:
        return np.full(len(places), np.nan), np.full(len(places), np.nan)
    for fold in range(FOLDS):
        test = dealt[:, :, fold]
        told = [_foretold(paths, place, weight - test, 1.0) for place in places]
        for number, lines in enumerate(told):
            gain = lines - told[0]
            total[number] += (gain * test).sum()
            squares[number] += (gain**2 * test).sum()
    mean = total / n
    return mean, np.sqrt(np.maximum(squares / n - mean**2, 0) / n)


def _foretold(paths: Paths, place: Chain, weight: Floats, prior: float) -> Floats:
    """Log-likelihood of each path with its end (converted, not), shape (2, n_paths), by a chain of these weights."""
    n, ways = len(place.last), len(paths.touchpoints) + 2
    count = np.bincount(place.edge, weights=np.repeat(weight.sum(axis=0), paths.lengths), minlength=len(place.source))
    out = np.bincount(place.target, weights=count, minlength=n + 1)
    out[n] = weight.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.log((count + prior / ways) / (out[place.source] + prior))
        end = np.array([np.bincount(place.final, weights=part, minlength=n) for part in weight])
        finish = np.log((end + prior / ways) / (out[:n] + prior))[:, place.final]
    told = np.add.reduceat(step[place.edge], paths.offsets[:-1]) + finish
    return np.where(weight > 0, told, 0.0) if prior == 0 else told
