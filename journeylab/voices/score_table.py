"""Every survey of a study, scored, over all answers and by group."""

from __future__ import annotations

import dataclasses

import pandas as pd

from journeylab import text
from journeylab.results import Result
from journeylab.voices.questionnaires import by_person, pssuq, sus, umux_lite
from journeylab.voices.scores import Score, ces, ces_agree, completion, csat, mean_score, nps, seq, task_time

LABELS = {
    "nps": "NPS",
    "csat": "CSAT",
    "ces": "CES",
    "seq": "SEQ",
    "sus": "SUS",
    "umux_lite": "UMUX-Lite",
    "pssuq": "PSSUQ",
    "completion": "Task completion",
    "task_time": "Task time",
}
"""How instruments are written in a report."""
ANSWERS = ("Those who answered stand for those who did not; respondents are seldom a random sample.",)


@dataclasses.dataclass(frozen=True)
class Scores(Result):
    """Scores of several instruments.

    Attributes
    ----------
    table : DataFrame
        instrument, group, value, ci_low, ci_high, n, unit, scale, better (``higher`` or ``lower``), method, reason.
    """

    def _scores(self) -> list[Score]:
        return [
            Score(row.value, row.ci_low, row.ci_high, row.n, row.method, row.unit, row.reason, row.better == "higher")
            for row in self.table.itertuples()
        ]

    @property
    def shown(self) -> pd.DataFrame:
        """The table with every number written in its unit."""
        rows = []
        for row, score in zip(self.table.itertuples(), self._scores(), strict=True):
            scale = f"{row.scale}, {row.better} is better"
            rows.append(
                (written(row.instrument), row.group, score.written, score.written_interval, row.n, scale, row.reason)
            )
        frame = pd.DataFrame(rows, columns=["instrument", "about", "score", "95 % interval", "n", "scale", "reason"])
        return frame if (frame["reason"] != "").any() else frame.drop(columns="reason")

    @property
    def sentences(self) -> list[str]:
        """Each instrument's score over all answers, or of every group where there is no such row."""
        whole = (self.table["group"] == "all").to_numpy()
        return [
            f"{written(name)}: {_say(score)}"
            for name, score, wanted in zip(self.table["instrument"], self._scores(), whole, strict=True)
            if wanted or not whole.any()
        ]

    def summary(self) -> str:
        """Write each instrument's score."""
        return "; ".join(self.sentences) + "." if self.sentences else "There are no answers."


def _say(score: Score) -> str:
    """A score with its interval and n; the method stands in the table."""
    if score.reason and score.ci_low != score.ci_low:
        return f"no interval, {score.reason}" if score.value == score.value else f"no score, {score.reason}"
    return f"{score.written} (95 % interval {score.written_interval}, n = {text.count(score.n)})"


def written(name: str) -> str:
    """A score's name for a report.

    Examples
    --------
    >>> written("ces, who agree"), written("umux_lite as SUS"), written("stars")
    ('CES, who agree', 'UMUX-Lite as SUS', 'Stars')
    """
    for instrument, label in LABELS.items():
        if name.lower() == instrument or name.lower().startswith((f"{instrument}, ", f"{instrument} ")):
            return label + name[len(instrument) :]
    return text.sentence(name)


def score_table(responses: pd.DataFrame, by: str | None = None) -> Scores:
    """Score every instrument, over all answers and by group.

    Parameters
    ----------
    responses : DataFrame
        Contract responses.
    by : str, optional
        ``touchpoint`` or ``stage``.

    Notes
    -----
    nps, csat, ces, seq, sus, umux_lite, pssuq, completion (0 or 1) and task_time (seconds) are scored as they are meant to be;
    of other instruments the mean, item by item. The first row of an instrument is its main score.
    """
    rows = []
    for instrument, answers in responses.groupby("instrument", sort=False):
        groups: list[tuple[str, pd.DataFrame]] = [("all", answers)]
        if by is not None and by in answers and answers[by].nunique() > 1:
            groups += [(str(name), part) for name, part in answers.groupby(by, sort=True)]
        for group, part in groups:
            for name, score, scale in score_instrument(str(instrument), part):
                better = "higher" if score.higher_is_better else "lower"
                rows.append(
                    (name, group, score.value, score.ci_low, score.ci_high, score.n, score.unit, scale, better,
                     score.method, score.reason)
                )  # fmt: skip
    columns = ["instrument", "group", "value", "ci_low", "ci_high", "n", "unit", "scale", "better", "method", "reason"]
    return Scores(
        pd.DataFrame(rows, columns=columns),
        "NPS (adjusted Wald), CSAT (top two, Wilson), task completion (adjusted Wald), others mean (t)",
        ANSWERS,
    )


def score_instrument(instrument: str, answers: pd.DataFrame) -> list[tuple[str, Score, str]]:
    """The scores of one instrument: name, score, and the scale that it is on."""
    kind, scores = instrument.lower().replace("-", "_").replace(" ", "_"), answers["score"]
    low, high = float(answers["scale_min"].iloc[0]), float(answers["scale_max"].iloc[0])
    better = bool(answers["higher_is_better"].iloc[0])
    scale = f"{text.short(low)} to {text.short(high)}"
    if kind == "nps":
        return [(instrument, nps(scores), "−100 to 100")]
    if kind == "csat":
        return [(instrument, csat(scores, high, scale_min=low, higher_is_better=better), f"top two of {scale}")]
    if kind == "ces":
        agree = [(f"{instrument}, who agree", ces_agree(scores), f"5 to 7 of {scale}")]
        return [(instrument, ces(scores, better), scale), *(agree if better and high == 7 else [])]
    if kind == "seq":
        return [(instrument, seq(scores), scale)]
    if kind == "completion":
        return [(instrument, completion(scores), "done or not")]
    if kind == "task_time":
        return [(instrument, task_time(scores), "time")]
    items = by_person(answers)
    if kind == "sus":
        return [(instrument, sus(items), "0 to 100")]
    if kind in ("umux_lite", "umuxlite"):
        as_sus = umux_lite(items, scale_max=high, as_sus=True)
        return [
            (instrument, umux_lite(items, scale_max=high), "0 to 100"),
            (f"{instrument} as SUS", as_sus, "22.9 to 87.9"),
        ]
    if kind == "pssuq":
        found = pssuq(items)
        names = {name: instrument if name == "overall" else f"{instrument}, {name}" for name in found}
        return [(names[name], score, scale) for name, score in found.items()]
    if len(items.columns) == 1:
        return [(instrument, mean_score(scores, higher_is_better=better), scale)]
    return [
        (f"{instrument}, {item}", mean_score(part["score"], higher_is_better=better), scale)
        for item, part in answers.groupby("item", sort=False)
    ]
