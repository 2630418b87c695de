"""What people said and how they scored, by what had happened to them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import StudyError
from journeylab.intervals import wilson
from journeylab.joint.crosswalk import met_by
from journeylab.joint.said import people
from journeylab.results import Result
from journeylab.study import Study
from journeylab.voices.prevalence import RULE, agreed
from journeylab.voices.score_table import score_instrument, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class Experience(Result):
    """Codes and scores by touchpoint that the same person met.

    Attributes
    ----------
    table : DataFrame
        touchpoint, code (name), k, n (linked people who met the touchpoint), share, ci_low, ci_high (Wilson).
    scores : DataFrame
        touchpoint, instrument, n, score (the instrument's main one), ci_low, ci_high, unit, scale; written and
        written_interval, the same for readers.
    """

    scores: pd.DataFrame

    @property
    def shown_scores(self) -> pd.DataFrame:
        """The scores for readers, each in its unit."""
        shown = self.scores.drop(columns=["score", "ci_low", "ci_high", "unit"])
        return shown.rename(columns={"written": "score", "written_interval": "95 % interval"})

    def summary(self) -> str:
        """Name the code whose share differs most between touchpoints, and the scores."""
        parts = []
        if len(self.table):
            spread = self.table.groupby("code")["share"].agg(lambda share: share.max() - share.min())
            code = spread.idxmax()
            rows = self.table[self.table["code"] == code].sort_values("share", ascending=False)
            said = [
                f"{text.percent(row.share)} after '{row.touchpoint}' ({row.k} of {row.n})" for row in rows.itertuples()
            ]
            parts.append(f"'{code}' was said by {text.sentence_list(said)}.")
        for instrument, rows in self.scores.groupby("instrument", sort=False):
            said = [f"{row.written} after '{row.touchpoint}' (n = {text.count(row.n)})" for row in rows.itertuples()]
            parts.append(f"{instrument}: {text.sentence_list(said)}.")
        return " ".join(parts) or "No linked person met any of these touchpoints."

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of people who said each code, a marker a touchpoint."""
        codes = self.table.groupby("code")["share"].max().sort_values().index
        ax = figures.new_axes(ax, height=figures.row_height(len(codes), each=0.45))
        places = {code: place for place, code in enumerate(codes)}
        touchpoints = list(self.table["touchpoint"].unique())
        for number, touchpoint in enumerate(touchpoints):
            rows = self.table[self.table["touchpoint"] == touchpoint]
            y = rows["code"].map(places).to_numpy(float) + 0.2 * (number - (len(touchpoints) - 1) / 2)
            reach = 100 * np.vstack([rows["share"] - rows["ci_low"], rows["ci_high"] - rows["share"]])
            ax.errorbar(
                100 * rows["share"], y, xerr=reach, fmt=figures.MARKERS[number % len(figures.MARKERS)], capsize=3,
                color=figures.PALETTE[number % len(figures.PALETTE)], label=f"{touchpoint} (n = {text.count(rows['n'].max())})",
            )  # fmt: skip
        ax.set_yticks(range(len(codes)), codes)
        ax.set_xlabel("share of people who said it, with 95 % interval")
        ax.xaxis.set_major_formatter("{x:.0f} %")
        figures.legend_below(ax)
        figures.subtitle(ax, "What people said, by what had happened to them", "the same person's words and journey")
        series = {"said it": ("share", "ci_low", "ci_high")}
        draws = figures.drawn(self.table, ["touchpoint", "code"], series, also=["n"])
        return figures.describe(ax, f"Dot plot of codes by touchpoint met. {self.summary()}", draws)


def experience(study: Study, touchpoints: list[str], *, stage: str | None = None) -> Experience:
    """Compare what linked people said and how they scored between touchpoints that they met.

    Parameters
    ----------
    study : Study
        With events, and coded documents or survey answers of the same people.
    touchpoints : list of str
        The touchpoints to compare, such as ``["delivered late", "delivered on time"]``.
    stage : str, optional
        Only codes of this stage.

    Notes
    -----
    Which codes count is said at `journeylab.voices.prevalence.agreed`. People are compared, not randomised: what differs
    between them besides the touchpoint is not adjusted for.

    Raises
    ------
    StudyError
        When the study has no events.
    """
    if study.events is None:
        raise StudyError(f"{study.path}: has no events, so nothing is known of what had happened to people.")
    met = {name: set(study.events.loc[study.events["touchpoint"] == name, "customer_id"]) for name in touchpoints}
    linked = met_by(study)
    return Experience(
        _codes_table(study, {name: linked.get(name, set()) for name in touchpoints}, stage),
        "Shares by touchpoint met, with Wilson intervals",
        (
            "People who met a touchpoint are compared with people who met another; this is not an experiment.",
            "Who met several of them counts at each.",
            RULE,
        ),
        _scores_table(study, met),
    )


def _codes_table(study: Study, met: dict[str, set[str]], stage: str | None) -> pd.DataFrame:
    """Shares of linked people who said each code, by touchpoint met."""
    columns = ["touchpoint", "code", "k", "n", "share", "ci_low", "ci_high"]
    if study.links is None or not study.has("codings", "codes", "documents"):
        return pd.DataFrame(columns=columns)
    assert study.codes is not None
    said = agreed(study.codings)
    said["person"] = said["document_id"].map(people(study))
    everybody = set(people(study))
    codes = study.codes if stage is None else study.codes[study.codes["stage"] == stage]
    codes = codes[codes["code_id"].isin(said["code_id"])]
    rows = []
    for name, who in met.items():
        n = len(everybody & who)
        counts = said[said["person"].isin(who)].groupby("code_id")["person"].nunique()
        for code_id, code in zip(codes["code_id"], codes["name"], strict=True):
            k = int(counts.get(code_id, 0))
            rows.append((name, code, k, n, *wilson(k, n)))
    return pd.DataFrame(rows, columns=columns)


def _scores_table(study: Study, met: dict[str, set[str]]) -> pd.DataFrame:
    """The main score of each instrument by touchpoint met."""
    rows = []
    for instrument, answers in () if study.responses is None else study.responses.groupby("instrument", sort=False):
        for name, customers in met.items():
            part = answers[answers["respondent_id"].isin(customers)]
            if part.empty:
                continue
            item, score, scale = score_instrument(str(instrument), part)[0]
            ends = (score.value, score.ci_low, score.ci_high)
            shown = (score.written, score.written_interval)
            rows.append((name, written(item), score.n, *ends, score.unit, scale, *shown))
    columns = [
        "touchpoint",
        "instrument",
        "n",
        "score",
        "ci_low",
        "ci_high",
        "unit",
        "scale",
        "written",
        "written_interval",
    ]
    return pd.DataFrame(rows, columns=columns)


def contrasts(study: Study) -> list[tuple[str, list[str]]]:
    """Touchpoints worth comparing: those of one stage and channel of which some are unplanned and some are not.

    Returns
    -------
    list of (stage, touchpoints)
        Empty where nothing unplanned is named, or nobody is linked or answered a survey.
    """
    if study.events is None or (study.links is None and study.responses is None):
        return []
    known = study.touchpoints.dropna(subset=["stage"]).fillna({"channel": ""})
    found = []
    for stage in study.stages:
        for _, part in known[known["stage"] == stage].groupby("channel", sort=True):
            if not part["planned"].all() and part["planned"].any() and len(part) <= 6:
                found.append((stage, list(part["touchpoint"])))
    return found
