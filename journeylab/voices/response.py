"""Of those who passed a place on the journey, how many answered its survey?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.intervals import wilson
from journeylab.results import Result
from journeylab.voices.score_table import written

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class ResponseRates(Result):
    """Response rates.

    Attributes
    ----------
    table : DataFrame
        In the order of the journey where it is known: stage, instrument, place (the touchpoint that the answers are about, or the
        stage where no touchpoint is said), answers, respondents, passed (customers who were there, or were invited), answered
        (those of them who answered), rate, ci_low, ci_high (Wilson), elsewhere (respondents who were never seen there),
        reason (why there is no rate).
    """

    @property
    def shown(self) -> pd.DataFrame:
        """The rates for a report."""
        frame = self.table.assign(instrument=[written(name) for name in self.table["instrument"]])
        columns = ["instrument", "place", "stage", "answered", "passed", "rate", "ci_low", "ci_high", "elsewhere"]
        return frame[[*columns, *(["reason"] if (frame["reason"] != "").any() else [])]]

    def summary(self) -> str:
        """Name the lowest and highest rate."""
        known = self.table.dropna(subset=["rate"])
        if known.empty:
            return f"No response rate: {self.table['reason'].iloc[0]}." if len(self.table) else "There are no answers."

        def say(row: pd.Series) -> str:
            return f"{written(row['instrument'])} at '{row['place']}', {text.share_of(int(row['answered']), int(row['passed']))}"

        low, high = known.loc[known["rate"].idxmin()], known.loc[known["rate"].idxmax()]
        sentence = f"Fewest answered: {say(low)}" + ("" if low.equals(high) else f"; most: {say(high)}") + "."
        lost = int(known["elsewhere"].sum())
        extra = (
            f" {text.count(lost)} respondents were never seen where they were asked about, and do not count."
            if lost
            else ""
        )
        return f"{sentence} What the others think is not known.{extra}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the rate of each survey and place with its interval."""
        frame = self.table.dropna(subset=["rate"]).iloc[::-1]
        ax = figures.new_axes(ax, height=figures.row_height(len(frame)))
        rows = np.arange(len(frame))
        reach = 100 * np.abs(np.vstack([frame["rate"] - frame["ci_low"], frame["ci_high"] - frame["rate"]]))
        ax.errorbar(100 * frame["rate"], rows, xerr=reach, fmt="o", color=figures.BLUE, capsize=3)
        labels = [
            f"{written(row.instrument)}, {row.place} ({text.count(row.answered)} of {text.count(row.passed)})"
            for row in frame.itertuples()
        ]
        ax.set_yticks(rows, labels)
        ax.set_ylim(-0.5, len(frame) - 0.5)
        ax.set_xlim(left=0)
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.set_xlabel("share who answered, with 95 % interval")
        ax.grid(axis="y", visible=False)
        figures.subtitle(ax, "Who answered", "of the customers who passed there")
        named = frame[::-1].assign(instrument=[written(name) for name in frame["instrument"][::-1]])
        series = {"answered": ("rate", "ci_low", "ci_high")}
        draws = figures.drawn(named, ["instrument", "place"], series, also=["answered", "passed"])
        return figures.describe(ax, f"Dot plot of {len(frame)} response rates. {self.summary()}", draws)


def response_rates(
    responses: pd.DataFrame,
    events: pd.DataFrame | None,
    *,
    stages: Sequence[str] = (),
    invited: pd.Series | None = None,
) -> ResponseRates:
    """Count who answered each survey among those who passed the place that it is about.

    Parameters
    ----------
    responses : DataFrame
        Contract responses, with touchpoint or stage.
    events : DataFrame or None
        Contract events with touchpoint, and with stage where it is known; respondents under the same ids.
    stages : sequence of str
        The stages in their order.
    invited : Series, optional
        Customers who were invited, by place (the index): then they are the base, in place of those who passed.

    Notes
    -----
    People are counted, not answers: a customer who passed five times and answered once has answered. Without `invited` the
    base is everybody who passed, whether asked or not, so the rate is a lower bound of the rate among those invited.
    """
    about = responses.reindex(columns=[*responses.columns, *({"touchpoint", "stage"} - set(responses))])
    about = about.assign(place=about["touchpoint"].fillna(about["stage"]))
    there, stage_of = _passed(events, set(about["place"].dropna()))
    rows = []
    for (instrument, place), part in about.groupby(["instrument", "place"], sort=False, dropna=False):
        respondents, passed = set(part["respondent_id"]), there.get(place, set())
        answered, base, elsewhere, reason = len(respondents & passed), len(passed), len(respondents - passed), ""
        if not isinstance(place, str):
            reason = "it is not said where on the journey it was asked"
        elif invited is not None and place in invited.index:
            answered, base, elsewhere = len(respondents), int(invited[place]), 0
            reason = "more people answered than were invited" if answered > base else ""
        elif not passed:
            reason = "no event there"
        elif not answered:
            reason = "no respondent is known by the id of a customer who passed"
        rate, low, high = (np.nan, np.nan, np.nan) if reason else wilson(answered, base)
        told = part["stage"].dropna()
        stage = stage_of.get(place) or (told.iloc[0] if len(told) else None)
        answers = part.drop_duplicates(["respondent_id", "response_time"]) if "response_time" in part else part
        rows.append(
            (stage, instrument, place if isinstance(place, str) else None, len(answers), len(respondents), base, answered,
             rate, low, high, elsewhere, reason)
        )  # fmt: skip
    columns = ["stage", "instrument", "place", "answers", "respondents", "passed", "answered", "rate", "ci_low", "ci_high",
               "elsewhere", "reason"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    order = table["stage"].map({stage: number for number, stage in enumerate(stages)}).fillna(len(stages))
    table = table.loc[order.sort_values(kind="stable").index].reset_index(drop=True)
    assumptions: tuple[str, ...] = (
        "Respondents and customers bear the same ids.",
        "Who answers differs from who does not, in ways that this cannot show.",
    )
    if invited is None:
        assumptions += ("The base are the customers who passed, whether they were invited or not.",)
    return ResponseRates(table, "Response rate of customers by place, Wilson intervals", assumptions)


def _passed(events: pd.DataFrame | None, places: set[str]) -> tuple[dict[object, set[str]], dict[object, str]]:
    """Who passed each touchpoint or stage, and the stage of each touchpoint."""
    if events is None:
        return {}, {}
    there: dict[object, set[str]] = {}
    stage_of: dict[object, str] = {}
    for column in ("stage", "touchpoint"):
        if column in events:
            wanted = events[events[column].isin(places)]
            for name, part in wanted.groupby(column, observed=True):
                there[name] = set(part["customer_id"])
                if "stage" in events and part["stage"].notna().any():
                    stage_of[name] = str(part["stage"].dropna().iloc[0])
    return there, stage_of
