"""Who is behind each behaviour: size, conversion, what sets it apart, a typical journey, a name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.behaviours import naming
from journeylab.behaviours.assign import CLEAR
from journeylab.behaviours.find import Behaviours
from journeylab.intervals import benjamini_hochberg, mean, newcombe, wilson
from journeylab.journeys import Journeys, collapse_repeats, has
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TYPICAL = 8
MOST_STEPS = 200
"""Only so many of the most frequent steps are compared between behaviours."""


@dataclasses.dataclass(frozen=True)
class Portraits(Result):
    """Portraits of behaviours.

    Attributes
    ----------
    table : DataFrame
        behaviour, name, n, share, ci_low, ci_high, conversion, conversion_low, conversion_high (Wilson; NaN without an
        outcome), median_steps, median_seconds, entry (most frequent first touchpoint), typical (a journey), distinctive (words),
        unclear, unclear_low, unclear_high (share whose posterior is under 0.7, Wilson), value, value_low, value_high (sum of
        the events' values a customer, Student's t; NaN where events have none), channels (the three most used, in words).
    distinctive : DataFrame
        behaviour, touchpoint, share_in, share_elsewhere, difference, ci_low, ci_high (Newcombe), q_value.
    steps : DataFrame
        The same of steps: behaviour, from_touchpoint, to_touchpoint, and so on; shares of customers who take a step at least once.
    outcome : str or None
    unnamed : tuple of str
        A sentence for each key of ``[behaviours.names]`` that fits no behaviour.
    """

    distinctive: pd.DataFrame = dataclasses.field(repr=False)
    steps: pd.DataFrame = dataclasses.field(repr=False)
    outcome: str | None
    unnamed: tuple[str, ...] = ()

    @property
    def names(self) -> dict[str, str]:
        """What each behaviour is called, by its label."""
        return dict(zip(self.table["behaviour"], self.table["name"], strict=True))

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        shown = {"name": "Behaviour", "n": "Customers", "share": "Share"}
        if self.outcome:
            shown["conversion"] = f"Reach '{self.outcome}'"
        if self.table["value"].notna().any():
            shown["value"] = "Value a customer"
        shown |= {"median_steps": "Steps, median", "median_seconds": "Time, median"}
        if self.table["channels"].ne("").any():
            shown["channels"] = "Channels"
        return {**shown, "unclear": "Not clear", "distinctive": "What sets it apart"}

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        return {"conversion": "percent", "unclear": "percent"}

    def sizes(self) -> pd.DataFrame:
        """Size, conversion, value and share not clear of each behaviour, each with its interval in words."""
        shown = pd.DataFrame({"behaviour": self.table["name"]})
        for column, low, high in (("share", "ci_low", "ci_high"), ("conversion", "conversion_low", "conversion_high"),
                                  ("unclear", "unclear_low", "unclear_high")):  # fmt: skip
            if self.table[column].notna().any():
                shown[{"unclear": "not clear"}.get(column, column)] = [
                    f"{text.percent(row[column])} ({text.interval(row[low], row[high])})"
                    for _, row in self.table.iterrows()
                ]
        if self.table["value"].notna().any():
            shown["value a customer"] = [
                f"{text.number(row['value'])} ({text.interval(row['value_low'], row['value_high'], 'number')})"
                for _, row in self.table.iterrows()
            ]
        return shown

    def apart(self, *, most: int = 5) -> pd.DataFrame:
        """The steps that are most over- and under-represented in each behaviour, with q under the limit."""
        parts = []
        for label, name in self.names.items():
            clear = naming.clear_differences(self.steps, label)
            rows = pd.concat(
                [clear[clear["difference"] > 0].head(most), clear[clear["difference"] < 0].tail(most).iloc[::-1]]
            )
            parts.append(rows.assign(behaviour=name))
        return pd.concat(parts, ignore_index=True)

    def summary(self) -> str:
        """Name the behaviours by size, with their conversion."""
        parts = []
        for row in self.table.itertuples():
            part = f"{row.name} ({text.percent(row.share, 0)}"
            part += f", {text.percent(row.conversion, 0)} reach '{self.outcome}')" if self.outcome else ")"
            parts.append(part)
        return f"{text.sentence_list(parts)}."

    def plot(self, ax: Axes | None = None, *, most: int = 14) -> Axes:
        """Draw how many members of each behaviour meet each touchpoint, for the touchpoints that differ most."""
        spread = self.distinctive.groupby("touchpoint")["difference"].apply(lambda part: part.abs().max())
        names = list(spread.nlargest(most).index)
        wide = self.distinctive.pivot(index="touchpoint", columns="behaviour", values="share_in").reindex(names)
        wide = wide.iloc[::-1]
        ax = figures.new_axes(ax, width=9, height=figures.row_height(len(names)) + 0.6)
        rows = np.arange(len(wide))
        for number, (label, name) in enumerate(zip(self.table["behaviour"], self.table["name"], strict=True)):
            shift = 0.16 * (number - (len(self.table) - 1) / 2)
            ax.plot(100 * wide[label], rows - shift, linestyle="none", marker=figures.MARKERS[number % len(figures.MARKERS)],
                    color=figures.PALETTE[number % len(figures.PALETTE)], label=name, markersize=7)  # fmt: skip
        ax.set_yticks(rows, wide.index)
        ax.set_xlim(0, 100)
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.set_xlabel("share of the behaviour's customers who meet it")
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.4, -0.12), ncols=2)
        figures.subtitle(
            ax, "What sets the behaviours apart", f"n = {text.count(int(self.table['n'].sum()))} customers"
        )
        part = self.distinctive[self.distinctive["touchpoint"].isin(names)]
        draws = figures.drawn(part, ["behaviour", "touchpoint"], {"meet it": "share_in"})
        return figures.describe(ax, f"Dot plot of touchpoints by behaviour. {self.summary()}", draws)


def portraits(
    behaviours: Behaviours, j: Journeys, outcome: str | None = None, *, names: Mapping[str, str] | None = None,
    last_names: Mapping[str, str] | None = None, events: pd.DataFrame | None = None,
) -> Portraits:  # fmt: skip
    """Describe each behaviour.

    Parameters
    ----------
    j : Journeys
        Whole journeys of the same customers, in the same order as `behaviours` was made from.
    outcome : str, optional
        The touchpoint whose reach is the conversion.
    names : mapping, optional
        The team's names, by label or by touchpoints that set a behaviour apart: ``{"B1": "decided searchers"}`` or
        ``{"chat, store visit": "advice seekers"}``.
    last_names : mapping, optional
        Names of the last run by label, see `keep_labels`; used where the team gives none. Else one is proposed.
    events : DataFrame, optional
        Events with ``customer_id`` and, where there are, ``value`` and ``channel``.

    Notes
    -----
    A touchpoint is distinctive where the share of members who meet it differs from that of all others (Newcombe interval, q
    by Benjamini and Hochberg over all pairs); so are steps from one to another, among the 200 most frequent. The typical
    journey is the one of median length, without repeats, whose membership is most certain.
    """
    labels = behaviours.labels.to_numpy()
    size, n = len(j.touchpoints), j.n_journeys
    met = np.zeros((n, size), dtype=bool)
    met[j.event_journey, j.codes] = True
    skipped = j.touchpoints.index(outcome) if outcome in j.touchpoints else -1
    rows, distinct = [], []
    for label in behaviours.table["behaviour"]:
        inside = labels == label
        k1, n1, k0, n0 = met[inside].sum(axis=0), inside.sum(), met[~inside].sum(axis=0), (~inside).sum()
        if n0:
            difference, low, high = newcombe(k1, n1, k0, n0)
        else:
            difference = low = high = np.full(size, np.nan)
        p_values = two_proportions(k1, n1, k0, n0)
        for code in range(size):
            if code != skipped:
                distinct.append(
                    (label, j.touchpoints[code], k1[code] / max(n1, 1), k0[code] / n0 if n0 else np.nan, difference[code],
                     low[code], high[code], p_values[code])
                )  # fmt: skip
    columns = ["behaviour", "touchpoint", "share_in", "share_elsewhere", "difference", "ci_low", "ci_high", "q_value"]
    distinctive = pd.DataFrame(distinct, columns=columns)
    distinctive["q_value"] = benjamini_hochberg(distinctive["q_value"])
    converted = has(j, outcome) if outcome in j.touchpoints else None
    labelled = list(behaviours.table["behaviour"])
    called, unnamed = naming.settle(labelled, distinctive, names or {}, last_names or {})
    unclear = behaviours.posterior.max(axis=1).to_numpy() < CLEAR
    for row in behaviours.table.itertuples():
        inside = labels == row.behaviour
        members = int(inside.sum())
        hits = int(converted[inside].sum()) if converted is not None else 0
        conversion = wilson(hits, int(inside.sum())) if converted is not None else (np.nan,) * 3
        first = np.bincount(j.codes[j.offsets[:-1][inside & (j.lengths > 0)]], minlength=size)
        rows.append(
            (row.behaviour, called[row.behaviour], row.n, row.share, row.ci_low, row.ci_high, *conversion, row.median_length,
             row.median_seconds, j.touchpoints[int(first.argmax())] if size else "",
             _typical(j, behaviours, row.behaviour, inside), naming.words(distinctive, row.behaviour),
             *wilson(int(unclear[inside].sum()), members), *_value(events, j, inside), _channels(events, j, inside))
        )  # fmt: skip
    columns = ["behaviour", "name", "n", "share", "ci_low", "ci_high", "conversion", "conversion_low", "conversion_high",
               "median_steps", "median_seconds", "entry", "typical", "distinctive",
               "unclear", "unclear_low", "unclear_high", "value", "value_low", "value_high", "channels"]  # fmt: skip
    return Portraits(
        pd.DataFrame(rows, columns=columns),
        "Shares by behaviour with Wilson and Newcombe intervals",
        (
            "Conversion describes a behaviour; it is not caused by it.",
            "Names are proposed from what is distinctive, and kept from run to run; the team may change them in study.toml.",
            f"A customer is not clear in a behaviour when no behaviour has a posterior of {text.short(CLEAR)}.",
        ),
        distinctive,
        _steps(j, labels, labelled, skipped),
        outcome,
        tuple(unnamed),
    )


def _steps(j: Journeys, labels: np.ndarray, labelled: list[str], skipped: int) -> pd.DataFrame:
    """How many customers of each behaviour take each frequent step to another touchpoint, against all others."""
    size = len(j.touchpoints)
    at = np.flatnonzero(j.has_next)
    a, b = j.codes[at].astype(np.int64), j.codes[at + 1].astype(np.int64)
    use = (a != b) & (a != skipped) & (b != skipped)
    who, step = j.event_journey[at][use], (a * size + b)[use]
    once = pd.DataFrame({"who": who, "step": step}).drop_duplicates()
    frequent = once["step"].value_counts().head(MOST_STEPS).index.to_numpy()
    once = once[once["step"].isin(frequent)]
    tally = pd.crosstab(once["step"], labels[once["who"]]).reindex(index=frequent, columns=labelled, fill_value=0)
    parts = []
    for label in labelled:
        n1, n0 = int((labels == label).sum()), int((labels != label).sum())
        k1 = tally[label].to_numpy(float)
        k0 = tally.sum(axis=1).to_numpy(float) - k1
        difference, low, high = newcombe(k1, n1, k0, n0)
        parts.append(
            pd.DataFrame(
                {"behaviour": label, "from_touchpoint": [j.touchpoints[code // size] for code in frequent],
                 "to_touchpoint": [j.touchpoints[code % size] for code in frequent], "share_in": k1 / max(n1, 1),
                 "share_elsewhere": k0 / n0 if n0 else np.nan, "difference": difference, "ci_low": low, "ci_high": high,
                 "q_value": two_proportions(k1, n1, k0, n0)}
            )
        )  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    frame["q_value"] = benjamini_hochberg(frame["q_value"])
    return frame


def _value(events: pd.DataFrame | None, j: Journeys, inside: np.ndarray) -> tuple[float, float, float]:
    """Mean value a customer; who has none counts as nought."""
    if events is None or "value" not in events or events["value"].isna().all():
        return np.nan, np.nan, np.nan
    total = events.groupby("customer_id")["value"].sum()
    members = pd.Index(j.customer_ids[np.unique(j.customer[inside])])
    return tuple(map(float, mean(total.reindex(members).fillna(0.0))))  # type: ignore[return-value]


def _channels(events: pd.DataFrame | None, j: Journeys, inside: np.ndarray) -> str:
    """The three most used channels, with their share of the members' events."""
    if events is None or "channel" not in events or events["channel"].isna().all():
        return ""
    members = set(j.customer_ids[np.unique(j.customer[inside])])
    used = events.loc[events["customer_id"].isin(members), "channel"].value_counts(normalize=True).head(3)
    return ", ".join(f"{name} {text.percent(share, 0)}" for name, share in used.items())


def two_proportions(k1: np.ndarray, n1: int, k0: np.ndarray, n0: int) -> np.ndarray:
    """Two-sided p-values of the pooled z test."""
    from scipy.special import ndtr

    if not n1 or not n0:
        return np.full(len(k1), np.nan)
    pooled = (k1 + k0) / (n1 + n0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (k1 / n1 - k0 / n0) / np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
    return np.asarray(2 * ndtr(-np.abs(z)))


def _typical(j: Journeys, behaviours: Behaviours, label: str, inside: np.ndarray) -> str:
    """A journey of median length, without repeats, whose membership is most certain."""
    if not inside.any():
        return ""
    short = collapse_repeats(j)
    lengths = short.lengths.astype(float)
    middle = np.median(lengths[inside])
    distance = np.where(inside, np.abs(lengths - middle), np.inf)
    near = distance <= distance.min() + 1
    certain = np.where(near, behaviours.posterior[label].to_numpy(), -1.0)
    path = short.path(int(certain.argmax()))
    return " → ".join(path[:TYPICAL]) + (" → …" if len(path) > TYPICAL else "")
