"""What do the people of each behaviour say, and how do they score?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.intervals import FALSE_DISCOVERY_RATE, normal_quantile
from journeylab.joint.said import LEAST, asked_by_stage, mentions, people
from journeylab.joint.typing import Typing, type_people
from journeylab.pooling import beta_binomial, false_signs, normal
from journeylab.results import Result
from journeylab.study import Study
from journeylab.voices.score_table import score_instrument, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from journeylab.behaviours import Behaviours

FEWEST = 40
"""With fewer coded interviews of typed people nothing is claimed of a code in a behaviour: only counts are shown."""
FOUND_WITH = {20: 0.04, 40: 0.19, 100: 0.73}
"""Share of large planted differences (65 % against 20 %) that are claimed with so many interviews, see docs/05_behaviours.md."""


@dataclasses.dataclass(frozen=True)
class ByBehaviour(Result):
    """Codes and scores by behaviour.

    Attributes
    ----------
    table : DataFrame
        behaviour, name, code_id, code, valence, k (people who said it), n (people asked, of those typed), raw (k / n), share,
        ci_low, ci_high (partially pooled, posterior), contrast, contrast_low, contrast_high (against the other behaviours),
        s_value (expected share of wrong signs among claims as sure), claim (``more``, ``less`` or empty), hole (nobody to ask).
        From `share` on missing where claims are refused.
    scores : DataFrame
        behaviour, name, instrument, n, score, raw_low, raw_high, pooled, ci_low, ci_high, unit, scale; fewer than five
        answers are counted and not scored, none is a row with n = 0.
    interviews : int
        Coded interviews of people placed in a behaviour.
    holes : tuple of str
        Behaviours of which nobody was interviewed.
    refused : str
        Why nothing is claimed; empty where claims are made.
    """

    scores: pd.DataFrame = dataclasses.field(repr=False)
    interviews: int
    holes: tuple[str, ...]
    refused: str

    @property
    def claims(self) -> pd.DataFrame:
        """What a behaviour's people say clearly more or less than others, the surest first."""
        return self.table[self.table["claim"] != ""].sort_values("s_value", kind="stable")

    @property
    def wide(self) -> pd.DataFrame:
        """A row a code and a column a behaviour, for readers: people who said it of those asked, and the pooled share."""
        if self.table.empty:
            return pd.DataFrame(columns=["code"])
        cells = self.table.assign(cell=[_cell(row) for row in self.table.itertuples(index=False)])
        shown = cells.pivot(index="code", columns="behaviour", values="cell")
        shown = shown.loc[list(dict.fromkeys(cells["code"])), list(dict.fromkeys(cells["behaviour"]))]
        return shown.rename(columns=dict(zip(cells["behaviour"], cells["name"], strict=True))).reset_index()

    @property
    def scores_shown(self) -> pd.DataFrame:
        """The scores for readers: raw and pooled, each with its interval."""
        rows = []
        for row in self.scores.itertuples(index=False):
            raw = _score(row.score, row.raw_low, row.raw_high, row.unit)
            pooled = _score(row.pooled, row.ci_low, row.ci_high, row.unit)
            rows.append((row.instrument, row.name, row.n, raw, pooled, row.scale))
        return pd.DataFrame(rows, columns=["instrument", "behaviour", "n", "score", "pooled", "scale"])

    def summary(self) -> str:
        """Say what is claimed, or why nothing is, and name the holes."""
        if self.table.empty:
            return (
                f"No code can be set beside a behaviour: {self.refused or 'nobody who is typed said anything coded'}."
            )
        holes = f" Holes, behaviours without an interview: {text.sentence_list(self.holes)}." if self.holes else ""
        if self.refused:
            return f"Only counts are shown: {self.refused}.{holes}"
        found = self.claims
        if found.empty:
            return (
                f"In {text.count(self.interviews)} coded interviews no code is clearly more or less frequent in one "
                "behaviour than in the "
                f"others.{holes}"
            )
        parts = [
            f"{row.name}: {row.claim} '{row.code}' ({row.k} of {row.n}; {text.points(row.contrast, 0)}, "
            f"{text.interval(row.contrast_low, row.contrast_high, 'points')})"
            for row in found.head(4).itertuples(index=False)
        ]
        more = f", and {len(found) - 4} more" if len(found) > 4 else ""
        return (
            f"Said more or less than by others, in {text.count(self.interviews)} coded interviews: "
            f"{'; '.join(parts)}{more}.{holes}"
        )

    def plot(self, ax: Axes | None = None, *, most: int = 8) -> Axes:
        """Draw the pooled share of each behaviour for the codes that differ most (raw shares where claims are refused)."""
        value = "raw" if self.refused else "share"
        spread = self.table.groupby("code", sort=False)[value].agg(lambda part: part.max() - part.min()).fillna(0)
        codes = list(spread.nlargest(most).index)[::-1]
        groups = list(dict.fromkeys(zip(self.table["behaviour"], self.table["name"], strict=True)))
        ax = figures.new_axes(ax, width=9, height=figures.row_height(len(codes), each=0.3 + 0.14 * len(groups)) + 0.8)
        rows = np.arange(len(codes))
        for number, (label, name) in enumerate(groups):
            part = self.table[self.table["behaviour"] == label].set_index("code").reindex(codes)
            at = rows - 0.17 * (number - (len(groups) - 1) / 2)
            colour, marker = figures.PALETTE[number % 8], figures.MARKERS[number % 8]
            if not self.refused:
                ax.hlines(at, 100 * part["ci_low"], 100 * part["ci_high"], color=colour, linewidth=1.5)
            ax.plot(100 * part[value], at, linestyle="none", marker=marker, color=colour, label=name, markersize=6)
        ax.set_yticks(rows, codes)
        ax.set_xlim(0, 100)
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.set_xlabel("share of the people asked" + ("" if self.refused else ", partially pooled, with 95 % interval"))
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.4, -0.12), ncols=2)
        figures.subtitle(
            ax, "Who says what", f"{text.count(self.interviews)} coded interviews; the codes that differ most"
        )
        return figures.describe(ax, f"Dot plot of codes by behaviour. {self.summary()}")


def codes_by_behaviour(
    study: Study,
    found: Behaviours,
    *,
    typing: Typing | None = None,
    names: Mapping[str, str] | None = None,
    seed: int = 0,
) -> ByBehaviour:
    """Set what people said, and how they scored, beside their behaviour.

    Parameters
    ----------
    study : Study
    found : Behaviours
        On customers, see `journeylab.behaviours.find`.
    typing : Typing, optional
        Who of the interviewed stands for which behaviour; made here where not given.
    names : mapping, optional
        What each behaviour is called, by label.
    seed : int
        Of the draws from the posterior.

    Notes
    -----
    People are counted, not passages; where an interview guide tells who was asked about a code's stage, only they count.
    Shares are pooled by a beta-binomial model (see `journeylab.pooling.beta_binomial`), scores by a normal one with the
    standard error of each behaviour's interval. A code is claimed of a behaviour where the interval of its contrast leaves out
    nought and the expected share of wrong signs among the claims is at most 0.10 (Stephens 2017), and only with 40 coded
    interviews or more of people placed in a behaviour.
    """
    typing = typing or type_people(study, found, seed=seed)
    labels = list(found.table["behaviour"])
    names = names or {}
    said = mentions(study)
    codings = study.codings
    documents = [] if codings is None or not study.has("documents") else list(codings["document_id"].unique())
    coded = set(people(study).reindex(documents)) if documents else set()
    stands = {person: label for person, label in typing.of.items() if person in coded}
    holes = tuple(names.get(label) or label for label in labels if label not in stands.values())
    table, n, k = _counts(study, said, stands, labels, names)
    refused = _refusal(len(labels), len(stands), n)
    columns = ["share", "ci_low", "ci_high", "contrast", "contrast_low", "contrast_high", "s_value"]
    table[columns] = np.nan
    table["claim"] = ""
    if not refused:
        shares = found.table["n"].to_numpy(float)
        pooled = beta_binomial(k, n, shares, seed=seed)
        for name, values in zip(columns[:6], pooled[:6], strict=True):
            table[name] = values.ravel()
        table["s_value"] = false_signs(pooled.wrong.ravel())
        apart = (table["contrast_low"] > 0) | (table["contrast_high"] < 0)
        sure = (table["s_value"] <= FALSE_DISCOVERY_RATE) & apart
        table.loc[sure, "claim"] = np.where(table.loc[sure, "contrast"] > 0, "more", "less")
    table["hole"] = table["n"] == 0
    return ByBehaviour(
        table,
        "Codes by behaviour, partially pooled (beta-binomial)",
        (
            "Behaviours are alike until the interviews say otherwise: shares of few people are drawn towards the share of all.",
            f"Claims need {FEWEST} coded interviews of people placed in a behaviour, and bound the wrong signs among them by "
            f"{FALSE_DISCOVERY_RATE:.0%}.",
            "Interviewed people are no random sample of their behaviour, and their placing is a probability.",
            "Scores are those of customers who answered; the pooling of scores takes each behaviour's mean as normal.",
        ),
        _scores(study, found, typing, labels, names),
        len(stands),
        holes,
        refused,
    )


def _counts(
    study: Study, said: pd.DataFrame, stands: Mapping[str, str], labels: list[str], names: Mapping[str, str]
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """One row a code and behaviour, and the same counts as matrices."""
    asked, _ = asked_by_stage(study)
    theirs = said[said["person"].isin(stands)]
    codes = theirs.drop_duplicates("code_id").sort_values("path", kind="stable")
    rows: list[dict[str, Any]] = []
    for code in codes.itertuples(index=False):
        who = set(theirs.loc[theirs["code_id"] == code.code_id, "person"])
        audience = (
            set(stands) if pd.isna(code.stage) or code.stage not in asked else asked[code.stage] & set(stands) | who
        )
        for label in labels:
            n = sum(stands[person] == label for person in audience)
            k = sum(stands[person] == label for person in who)
            rows.append({"behaviour": label, "name": names.get(label) or label, "code_id": code.code_id, "code": code.name,
                         "valence": code.valence, "k": k, "n": n, "raw": k / n if n else np.nan})  # fmt: skip
    table = pd.DataFrame(rows, columns=["behaviour", "name", "code_id", "code", "valence", "k", "n", "raw"])
    twice = table.groupby("code")["code_id"].transform("nunique") > 1
    table["code"] = table["code"].where(~twice, table["code_id"]).astype(object)
    shape = (len(codes), len(labels))
    return table, table["n"].to_numpy(float).reshape(shape), table["k"].to_numpy(float).reshape(shape)


def _refusal(k: int, interviews: int, n: np.ndarray) -> str:
    """Why nothing is claimed, empty where it may be."""
    if k < 2:
        return "there is a single behaviour, so there is nothing to compare"
    if interviews < FEWEST:
        return (
            f"{text.count(interviews)} coded interviews are of people placed in a behaviour, and claims of a code in "
            "a behaviour need "
            f"{FEWEST}, because fewer overlook nearly everything: of large differences planted in simulated studies (65 % of one "
            "behaviour say it, 20 % of the others) "
            + text.sentence_list(f"{text.percent(share, 0)} are found with {n}" for n, share in FOUND_WITH.items())
        )
    if not n.size or (n.sum(axis=0) > 0).sum() < 2:
        return "people of one behaviour only were interviewed"
    return ""


def _scores(
    study: Study, found: Behaviours, typing: Typing, labels: list[str], names: Mapping[str, str]
) -> pd.DataFrame:
    """The main score of each instrument by behaviour, raw and pooled."""
    columns = ["behaviour", "name", "instrument", "n", "score", "raw_low", "raw_high", "pooled", "ci_low", "ci_high", "unit",
               "scale"]  # fmt: skip
    rows: list[dict[str, Any]] = []
    answers = study.responses
    of = {**typing.of.to_dict(), **found.labels.astype(object).to_dict()}
    placed = None if answers is None else answers["respondent_id"].map(of)
    if answers is None or placed is None:
        return pd.DataFrame(columns=columns)
    for instrument, part in answers.groupby("instrument", sort=False):
        group = []
        for label in labels:
            mine = part[placed[part.index] == label]
            row: dict[str, Any] = {
                "behaviour": label,
                "name": names.get(label) or label,
                "instrument": str(instrument),
                "n": 0,
            }
            if len(mine):
                item, score, scale = score_instrument(str(instrument), mine)[0]
                row |= {"instrument": written(item), "n": score.n, "unit": score.unit, "scale": scale}
                if score.n >= LEAST:
                    row |= {"score": score.value, "raw_low": score.ci_low, "raw_high": score.ci_high}
            group.append(row)
        if any(row["n"] for row in group):
            said = next(row["instrument"] for row in group if row["n"])
            rows += [{**row, "instrument": said} for row in group]
    frame = pd.DataFrame(rows, columns=columns)
    error = (frame["raw_high"].astype(float) - frame["raw_low"].astype(float)) / (2 * normal_quantile())
    for _, part in frame[error > 0].groupby("instrument", sort=False):
        if len(labels) > 1:
            pooled = normal(part["score"].astype(float), error[part.index])
            frame.loc[part.index, ["pooled", "ci_low", "ci_high"]] = np.column_stack(pooled[:3])
    numbers = ["score", "raw_low", "raw_high", "pooled", "ci_low", "ci_high"]
    return frame.astype(dict.fromkeys(numbers, float))


def _cell(row: Any) -> str:
    if row.hole:
        return "hole"
    count = f"{row.k} of {row.n}"
    if np.isnan(row.share):
        return count
    mark = {"more": " ▲", "less": " ▼"}.get(row.claim, "")
    return f"{count}; {text.percent(row.share, 0)} ({text.interval(row.ci_low, row.ci_high)}){mark}"


def _score(value: float, low: float, high: float, unit: str) -> str:
    """A score with its interval, in its unit."""
    if np.isnan(value):
        return text.MISSING
    style = {"share": "percent", "seconds": "duration"}.get(unit, "number")
    if unit == "share":
        said = text.percent(value)
    else:
        said = text.duration(value) if unit == "seconds" else text.number(value, 1 if unit == "points" else 2)
    return f"{said} ({text.interval(low, high, style)})"
