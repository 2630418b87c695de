"""How many of the interviewed people can be linked to their traces, and are those like the other customers?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api import types

from journeylab import figures, text
from journeylab.intervals import normal_quantile, wilson
from journeylab.joint.crosswalk import all_linked_events, interview_times, interviewed
from journeylab.results import Result
from journeylab.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEGLIGIBLE = 0.1
"""Standardised differences under this are called negligible (Austin 2009)."""

MOST_LEVELS = 12
"""A text attribute with more levels than this describes nobody, it names them."""


@dataclasses.dataclass(frozen=True)
class Linkage(Result):
    """Linkage and consent, and how linked people differ from other customers.

    Attributes
    ----------
    table : DataFrame
        what, n, of (people interviewed), share, ci_low, ci_high (Wilson).
    methods : DataFrame
        link_method, people, ids: of the links in use.
    refused : DataFrame
        reason, people, ids: rows of the crosswalk that are not used.
    events : DataFrame
        what, n: events of linked people that count, and that do not.
    differences : DataFrame
        what (attribute or behaviour), linked, others (means or shares), difference (standardised), ci_low, ci_high, n_linked,
        n_others, reason (where there is no number).
    withdrawn : int
        People who withdrew; they are in none of the other counts.
    """

    methods: pd.DataFrame
    refused: pd.DataFrame
    events: pd.DataFrame
    differences: pd.DataFrame
    withdrawn: int

    @property
    def clear(self) -> pd.DataFrame:
        """Differences whose whole interval is larger than negligible."""
        frame = self.differences
        return frame[(frame["ci_low"] > NEGLIGIBLE) | (frame["ci_high"] < -NEGLIGIBLE)]

    def summary(self) -> str:
        """Say how many people are linked and quotable, how many withdrew, and whether linked people are like the others."""
        if self.table.empty:
            return "Nobody is linked: the study has no crosswalk between what was said and what was done."
        parts = [
            f"{row.what}: {text.count(row.n)} of {text.count(row.of)} ({text.percent(row.share, 0)})"
            for row in self.table.itertuples()
        ]
        gone = f" {self.withdrawn} more withdrew, and their words and traces are not used." if self.withdrawn else ""
        return text.sentence("; ".join(parts)) + "." + gone + self._likeness()

    def _likeness(self) -> str:
        """Whether linked people are like the others, in a sentence."""
        known = self.differences.dropna(subset=["difference"])
        if known.empty:
            return ""
        n, others = int(known["n_linked"].max()), int(known["n_others"].max())
        if self.clear.empty:
            largest = known.loc[known["difference"].abs().idxmax()]
            return (
                f" Linked people ({text.count(n)}) differ clearly from the {text.count(others)} other customers in "
                "nothing that was compared; the "
                f"largest standardised difference is {text.signed(largest['difference'], 2)} in '{largest['what']}'."
            )
        worst = self.clear.sort_values("difference", key=abs, ascending=False).head(4)
        named = [f"'{row.what}' ({text.signed(row.difference, 2)})" for row in worst.itertuples()]
        more = f" and {len(self.clear) - len(worst)} more" if len(self.clear) > len(worst) else ""
        return (
            f" Linked people ({text.count(n)}) are not like the {text.count(others)} other customers: clear "
            "standardised differences in "
            f"{text.sentence_list(named)}{more}."
        )

    def plot(self, ax: Axes | None = None, *, most: int = 16) -> Axes:
        """Draw the standardised differences between linked people and other customers, with their intervals."""
        known = self.differences.dropna(subset=["difference"])
        kept = known["difference"].abs().nlargest(most).index
        frame = known.loc[sorted(kept, key=lambda row: known.loc[row, "difference"])]
        ax = figures.new_axes(ax, height=figures.row_height(len(frame)))
        rows = np.arange(len(frame))
        ax.axvspan(-NEGLIGIBLE, NEGLIGIBLE, color=figures.GRID, alpha=0.6, zorder=0)
        ax.axvline(0, color=figures.INK, linewidth=1)
        clear = frame.index.isin(self.clear.index)
        reach = np.abs(np.vstack([frame["difference"] - frame["ci_low"], frame["ci_high"] - frame["difference"]]))
        for mask, colour, marker in ((clear, figures.ORANGE, "D"), (~clear, figures.BLUE, "o")):
            ax.errorbar(frame["difference"][mask], rows[mask], xerr=reach[:, mask], fmt=marker, color=colour, capsize=3)
        ax.set_yticks(rows, frame["what"])
        ax.set_xlabel("← less of it     standardised difference, linked people to others     more of it →")
        ax.grid(axis="y", visible=False)
        n, others = (int(frame[name].max()) if len(frame) else 0 for name in ("n_linked", "n_others"))
        figures.subtitle(
            ax,
            "How linked people differ from other customers",
            f"{text.count(n)} linked people, {text.count(others)} others; band: negligible; diamonds: clearly larger than that",
        )
        series = {"standardised difference": ("difference", "ci_low", "ci_high")}
        draws = figures.drawn(frame[::-1], "what", series, unit="number")
        return figures.describe(ax, f"Dot plot of {len(frame)} standardised differences.{self._likeness()}", draws)


def linkage(study: Study) -> Linkage:
    """Count who is linked and who may be quoted, and hold linked people against other customers.

    Notes
    -----
    The standardised difference is that of the means (or shares) over the root of the mean of both variances; its interval is
    the large-sample one, with variance ``(n1 + n0) / (n1 n0) + d**2 / (2 (n1 + n0))``. Behaviour is counted from
    the events of a link's validity; customers of refused links are in neither group.

    References
    ----------
    Austin (2009), Communications in Statistics 38:1228; Hedges and Olkin (1985), Statistical Methods for Meta-Analysis, ch. 5.
    """
    columns = ["what", "n", "of", "share", "ci_low", "ci_high"]
    rows: list[tuple[object, ...]] = []
    events = all_linked_events(study)
    crosswalk, links = study.crosswalk, study.links
    if crosswalk is not None and len(crosswalk):
        of = len(interviewed(study))
        flags = crosswalk.groupby("participant_id")[["consent_linkage", "consent_quotes"]].any()
        counts = {
            "agreed to linking words and traces": int(flags["consent_linkage"].sum()),
            "agreed to being quoted": int(flags["consent_quotes"].sum()),
        }
        if study.events is not None:
            counts["agreed to linking and have events"] = int(
                events.loc[events["inside"].astype(bool), "participant_id"].nunique()
            )
        rows = [(what, n, of, *wilson(n, of)) for what, n in counts.items()]
    return Linkage(
        pd.DataFrame(rows, columns=columns),
        "Counts with Wilson intervals; standardised differences with large-sample intervals",
        (
            "People who agree to linkage may differ from those who do not.",
            "A link counts where its person agreed, its id is nobody else's at the time, and only while it is valid.",
            "Events after the interview are counted: being asked may change what people do.",
        ),
        _methods(links),
        _refused(study.refused_links),
        _events(study, events),
        _differences(study, events[events["inside"].astype(bool)]),
        len(study.withdrawn_participants),
    )


def _methods(links: pd.DataFrame | None) -> pd.DataFrame:
    """Links by how they were made."""
    if links is None or links.empty:
        return pd.DataFrame(columns=["link_method", "people", "ids"])
    named = links.assign(link_method=links["link_method"].fillna("not said"))
    counted = named.groupby("link_method").agg(people=("participant_id", "nunique"), ids=("customer_id", "nunique"))
    return counted.sort_values("people", ascending=False).reset_index()


def _refused(refused: pd.DataFrame) -> pd.DataFrame:
    """Rows that are not used, by reason; no ids."""
    if refused.empty:
        return pd.DataFrame(columns=["reason", "people", "ids"])
    counted = refused.groupby("reason").agg(people=("participant_id", "nunique"), ids=("customer_id", "nunique"))
    return counted.reset_index()


def _events(study: Study, events: pd.DataFrame) -> pd.DataFrame:
    """What of the traces counts, and how long before the interview it ends."""
    if events.empty:
        return pd.DataFrame(columns=["what", "n"])
    inside = events["inside"].astype(bool)
    after = events["after_interview"].astype(bool)
    links = study.links
    assert links is not None
    ids = links.groupby("participant_id")["customer_id"].nunique()
    rows = [
        ("people with more than one id", int((ids > 1).sum())),
        ("events that count", int(inside.sum())),
        ("events outside of a link's validity, not counted", int((~inside).sum())),
        ("of those that count: after the person's interview", int((inside & after).sum())),
        ("people with events after their interview", int(events.loc[inside & after, "participant_id"].nunique())),
    ]
    when = interview_times(study)
    last = events[inside & ~after].groupby("participant_id")["event_time"].max()
    gap = (when.reindex(last.index) - last).dropna()
    if len(gap):
        rows.append(("median days from the last event before the interview to it", round(gap.dt.days.median())))
    return pd.DataFrame(rows, columns=["what", "n"])


def _differences(study: Study, linked: pd.DataFrame) -> pd.DataFrame:
    """Linked people against customers of whom the crosswalk says nothing."""
    columns = ["what", "linked", "others", "difference", "ci_low", "ci_high", "n_linked", "n_others", "reason"]
    if linked.empty or study.crosswalk is None or study.events is None:
        return pd.DataFrame(columns=columns)
    known = set(study.crosswalk["customer_id"].dropna())
    others = study.events[~study.events["customer_id"].isin(known)]
    rows = []
    if study.customers is not None:
        first = linked.drop_duplicates("participant_id").set_index("participant_id")["customer_id"]
        table = study.customers.set_index("customer_id")
        of_linked, of_others = table.reindex(first), table[~table.index.isin(known)]
        for name in table:
            rows += [(what, *compare(a, b)) for what, a, b in _levels(name, of_linked[name], of_others[name])]
    theirs, rest = _behaviour(study, linked, "participant_id"), _behaviour(study, others, "customer_id")
    rows += [(name, *compare(theirs[name], rest[name])) for name in theirs]
    return pd.DataFrame(rows, columns=columns)


def _levels(name: str, linked: pd.Series, others: pd.Series) -> list[tuple[str, pd.Series, pd.Series]]:
    """An attribute as numbers: itself, or a column a level; nothing where it names people or is a time."""
    if types.is_datetime64_any_dtype(others.dtype):
        return []
    if types.is_bool_dtype(others.dtype) or types.is_numeric_dtype(others.dtype):
        return [(name, linked.astype("float64"), others.astype("float64"))]
    levels = sorted(set(others.dropna()) | set(linked.dropna()))
    if not 1 < len(levels) <= MOST_LEVELS:
        return []
    levels = levels[-1:] if len(levels) == 2 else levels
    return [
        (f"{name}: {level}", (linked == level)[linked.notna()] * 1.0, (others == level)[others.notna()] * 1.0)
        for level in levels
    ]


def _behaviour(study: Study, events: pd.DataFrame, person: str) -> pd.DataFrame:
    """Simple measures of behaviour, a row a person."""
    grouped = events.groupby(person)
    frame = pd.DataFrame(
        {
            "events": grouped.size(),
            "days with events": events["event_time"].dt.floor("D").groupby(events[person]).nunique(),
            "different touchpoints": grouped["touchpoint"].nunique(),
        }
    ).astype("float64")
    if study.outcome is not None:
        reached = set(events.loc[events["touchpoint"] == study.outcome, person])
        frame[f"reached '{study.outcome}'"] = frame.index.isin(reached).astype("float64")
    return frame


def compare(linked: pd.Series, others: pd.Series) -> tuple[float, float, float, float, float, int, int, str]:
    """Means of both groups, the standardised difference and its interval, both n, and why there is none."""
    one, two = linked.dropna().to_numpy(float), others.dropna().to_numpy(float)
    n1, n0 = len(one), len(two)
    means = (one.mean() if n1 else np.nan, two.mean() if n0 else np.nan)
    nothing = (np.nan, np.nan, np.nan)
    if min(n1, n0) < 2:
        return (*means, *nothing, n1, n0, "fewer than two people on one side")
    spread = float(np.sqrt((one.var(ddof=1) + two.var(ddof=1)) / 2))
    if spread == 0:
        return (*means, *nothing, n1, n0, "everybody is alike" if means[0] == means[1] else "no spread on either side")
    d = float(means[0] - means[1]) / spread
    half = normal_quantile() * float(np.sqrt((n1 + n0) / (n1 * n0) + d**2 / (2 * (n1 + n0))))
    return (*means, d, d - half, d + half, n1, n0, "")
