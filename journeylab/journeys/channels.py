"""When do customers change channel: which to which, how often, and how quickly?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.journeys import clusters
from journeylab.journeys.groups import blocks, runs
from journeylab.journeys.model import Journeys, relabel, select
from journeylab.journeys.transitions import transitions
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

USED = ("1", "2", "3 or more")


@dataclasses.dataclass(frozen=True)
class ChannelSwitches(Result):
    """Steps within and between channels.

    Attributes
    ----------
    table : DataFrame
        from_channel, to_channel (the same where a step stays), n (steps), customers, share (of the steps away from there),
        ci_low, ci_high (clustered by customer), median_seconds; most frequent first.
    usage : DataFrame
        channels (1, 2, 3 or more), n (journeys that use so many), share, ci_low, ci_high (clustered by customer).
    switching : DataFrame
        what (share of steps that change channel, seconds of such a step), n (steps), value, ci_low, ci_high (both
        clustered by customer), reason.
    n, left_out : int
        Journeys that use a channel, and events of touchpoints without one.
    by : str
        What one journey is.
    """

    usage: pd.DataFrame
    switching: pd.DataFrame
    n: int
    left_out: int
    by: str

    def summary(self) -> str:
        """Say how many journeys and steps change channel, and which change is most frequent."""
        if not self.n:
            return "No journey meets a touchpoint that has a channel."
        what = "visits" if self.by == "session" else "journeys"
        one = self.usage.iloc[0]
        sentence = (
            f"Of {text.count(self.n)} {what} {text.percent(one['share'])} ({text.interval(one['ci_low'], one['ci_high'])}) use one "
            "channel only"
        )
        steps = self.switching.iloc[0]
        if np.isnan(steps["value"]):
            return f"{sentence}; none has two steps."
        sentence += (
            f"; {text.percent(steps['value'])} ({text.interval(steps['ci_low'], steps['ci_high'])}) of "
            f"{text.count(steps['n'])} steps "
            "change channel"
        )
        moves = self.table[self.table["from_channel"] != self.table["to_channel"]]
        if moves.empty:
            return f"{sentence}."
        top = moves.iloc[0]
        return (
            f"{sentence}, most often from '{top['from_channel']}' to '{top['to_channel']}' ({text.count(top['n'])} times, "
            f"{text.percent(top['share'])} of the steps away from there)."
        )

    def plot(self, ax: Axes | None = None, *, most: int = 12) -> Axes:
        """Draw a heat map of where the steps away from each channel lead."""
        steps = self.table.groupby("from_channel")["n"].sum()
        arrivals = self.table.groupby("to_channel")["n"].sum()
        names = list(steps.add(arrivals, fill_value=0).nlargest(most).index)
        wide = self.table.pivot(index="from_channel", columns="to_channel", values="share")
        values = 100 * wide.reindex(index=names, columns=names).to_numpy(dtype=float)
        ax = figures.new_axes(
            ax, width=2.6 + 0.75 * max(len(names), 4), height=figures.row_height(len(names), each=0.45) + 0.9
        )
        if names:
            ax.imshow(np.nan_to_num(values), cmap="Blues", vmin=0, vmax=100, aspect="auto")
        for row, column in zip(*np.nonzero(values > 0), strict=True):
            share = values[row, column]
            ax.text(column, row, text.fixed(share, 0) if share >= 1 else "< 1", ha="center", va="center", fontsize=10,
                    color="white" if share > 65 else figures.INK)  # fmt: skip
        ax.set_xticks(range(len(names)), names, rotation=40, ha="right")
        ax.set_yticks(range(len(names)), [f"{name}  ({text.count(int(steps.get(name, 0)))})" for name in names])
        ax.grid(visible=False)
        ax.set_xlabel("to")
        ax.set_ylabel("from (steps away)")
        share = self.switching["value"].iloc[0]
        figures.subtitle(
            ax,
            "Where customers change channel",
            f"per cent of the steps away; in all {text.percent(share)} change channel",
        )
        part = self.table[self.table["from_channel"].isin(names) & self.table["to_channel"].isin(names)]
        draws = figures.drawn(
            part.nlargest(len(part), "n"), ["from_channel", "to_channel"], {"of the steps away": "share"}
        )
        return figures.describe(ax, f"Heat map of steps between {len(names)} channels. {self.summary()}", draws)


def channel_switches(j: Journeys, channels: Mapping[str, str | None] | pd.Series) -> ChannelSwitches:
    """Count the steps of journeys within and between channels.

    Parameters
    ----------
    j : Journeys
    channels : mapping or Series
        The channel of each touchpoint; of a study, ``study.touchpoints.set_index("touchpoint")["channel"]``. Touchpoints
        without one (absent, None or NaN) are left out and counted: the steps before and after them are joined.

    Raises
    ------
    StudyError
        When no touchpoint of the journeys has a channel.

    Notes
    -----
    Shares are ratios of two totals over customers, with intervals clustered by customer; see `transitions`. The median time
    of a switch has Woodruff's interval. A touchpoint has one channel: where it is met on several, name them apart before.

    References
    ----------
    Cochran (1977), Sampling Techniques, ch. 6; Woodruff (1952), JASA 47:635.
    """
    known = {str(name): str(channel) for name, channel in dict(channels).items() if not text.is_missing(channel)}
    if (known and j.touchpoints and not set(known) & set(j.touchpoints)) or not known:
        near = did_you_mean(next(iter(known)), j.touchpoints) if known else ""
        raise StudyError(
            f"channels: none of the touchpoints {listing(j.touchpoints)} has a channel; found channels for "
            f"{listing(known) or 'none'}.{near} Map touchpoint to channel, such as {{'store visit': 'store'}}."
        )
    on = relabel(j, known, drop_missing=True)
    on = select(on, on.lengths > 0)
    steps = transitions(on)
    table = steps.table.rename(columns={"from_touchpoint": "from_channel", "to_touchpoint": "to_channel"})
    left_out = j.n_events - on.n_events
    return ChannelSwitches(
        table,
        "Steps between channels, with intervals clustered by customer",
        (
            *steps.assumptions,
            f"{text.count(left_out)} of {text.count(j.n_events)} events are of touchpoints without a channel; the "
            "steps before and after them "
            "are joined.",
            "A touchpoint is met on one channel only; a change on a channel that is not tracked is not seen.",
        ),
        _usage(on),
        _switching(on),
        on.n_journeys,
        left_out,
        j.by,
    )


def _usage(j: Journeys) -> pd.DataFrame:
    """How many journeys use one, two, and three or more channels."""
    size, found = max(len(j.touchpoints), 1), [np.empty(0, dtype=np.int64)]
    for part in blocks(j):
        key = np.sort(part.event_journey * size + part.codes)
        found.append(np.bincount(key[runs(key)] // size, minlength=part.n_journeys))
    uses = np.concatenate(found)
    journeys = np.bincount(j.customer)
    rows = []
    for place, label in enumerate(USED):
        those = uses == place + 1 if label.isdigit() else uses > place
        count = np.bincount(j.customer[those], minlength=len(journeys))
        rows.append((label, int(those.sum()), *clusters.share(count, journeys)))
    return pd.DataFrame(rows, columns=["channels", "n", "share", "ci_low", "ci_high"])


def _switching(j: Journeys) -> pd.DataFrame:
    """The share of steps that change channel, and how long such a step takes."""
    changes = j.has_next
    changes[:-1] &= j.codes[1:] != j.codes[:-1]
    so_far = np.concatenate(([0], np.cumsum(changes)))
    switches = np.diff(so_far[j.offsets])
    steps = j.lengths - 1
    at = np.flatnonzero(changes)
    gap = (j.times[at + 1] - j.times[at]).view(np.int64)
    seconds = [value / 1e6 for value in clusters.quantile(gap, np.repeat(j.customer, switches), 0.5)]
    share = clusters.share(np.bincount(j.customer, weights=switches), np.bincount(j.customer, weights=steps))
    table = pd.DataFrame(
        [
            ("share of steps that change channel", int(steps.sum()), *share),
            ("seconds of such a step, median", len(at), *seconds),
        ],
        columns=["what", "n", "value", "ci_low", "ci_high"],
    )
    missing = table["n"].eq(0)
    table["reason"] = np.where(missing, ["no journey has two events", "no step changes channel"], "")
    return table
