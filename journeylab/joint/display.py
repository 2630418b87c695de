"""Where do words and behaviour confirm, expand or contradict each other?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.intervals import wilson
from journeylab.joint.did import trouble_by_stage
from journeylab.joint.placing import NOT_PLACED, placing
from journeylab.joint.said import doubtful, mentions, people, people_counts, voices_by
from journeylab.joint.typing import Typing, type_people
from journeylab.results import Result
from journeylab.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from journeylab.behaviours import Behaviours

LEVELS = ("stage", "touchpoint", "behaviour")

FITS = {
    ("friction", "pain"): "confirm",
    ("fine", "gain"): "confirm",
    ("friction", "gain"): "discord",
    ("fine", "pain"): "discord",
}
"""The fit of a row where both sides speak; one side alone expands the other, and none is silence."""

SPEAKS = {"friction", "fine", "pain", "gain"}
UNHEARD = {"not asked", "too few", "no interview", NOT_PLACED}
"""Where nobody could speak, nothing that people did is confirmed or contradicted by it."""


@dataclasses.dataclass(frozen=True)
class JointDisplay(Result):
    """Words beside behaviour, one row a stage, touchpoint or behaviour.

    Attributes
    ----------
    table : DataFrame
        The level's name; what customers did (``n_customers``, ``trouble`` or ``effect`` with interval,
        ``behaviour_says``); what they said (``n_asked``, ``n_pain``, ``n_gain`` with intervals, ``voice_says``);
        ``fit`` (confirm, expand, discord, silence), ``rule_fit`` (what the rule says), ``reason`` (of the team, where it
        says otherwise in study.toml) and ``meaning``, a sentence.
    level : str
        ``stage``, ``touchpoint`` or ``behaviour``.
    unplaced : str
        Where no code has this level, a sentence that says so; nothing in the table is then said of anything.
    loose : str
        Where some codes have no stage, a sentence that says so: silence may then be a code that stands nowhere.
    """

    level: str
    unplaced: str = ""
    loose: str = ""

    @property
    def overruled(self) -> list[str]:
        """A sentence for each row whose fit the team judges otherwise than the rule."""
        rows = self.table[self.table["reason"] != ""]
        return [
            f"{getattr(row, self.level)}: the team says {row.fit}, the rule says {row.rule_fit}. Reason: {row.reason}"
            for row in rows.itertuples()
        ]

    @property
    def shown(self) -> pd.DataFrame:
        """The table for readers: both sides with n and interval, and the fit."""
        lines = []
        for row in self.table.itertuples():
            effect = getattr(row, "effect", float("nan"))
            if not np.isnan(effect):
                did = f"{text.points(effect)} ({text.interval(row.effect_low, row.effect_high, 'points')})"
            elif np.isnan(row.trouble):
                did = text.MISSING
            else:
                did = f"{text.percent(row.trouble)} ({text.interval(row.trouble_low, row.trouble_high)})"
            unheard = row.voice_says == NOT_PLACED
            asked, fit = (text.MISSING, text.MISSING) if unheard else (text.count(row.n_asked), row.fit)
            pains = (
                f"{text.count(row.n_pain)} of {text.count(row.n_asked)} ({text.interval(row.pain_low, row.pain_high)})"
                if row.n_asked
                else text.MISSING
            )
            gains = (
                f"{text.count(row.n_gain)} of {text.count(row.n_asked)} ({text.interval(row.gain_low, row.gain_high)})"
                if row.n_asked
                else text.MISSING
            )
            lines.append((getattr(row, self.level), text.count(row.n_customers), did, row.behaviour_says, asked, pains, gains,
                          row.voice_says, fit if not row.reason else f"{row.fit} (rule: {row.rule_fit})"))  # fmt: skip
        measure = {"stage": "trouble met", "touchpoint": "effect on the outcome", "behaviour": "miss the outcome"}[
            self.level
        ]
        return pd.DataFrame(
            lines,
            columns=[self.level, "customers", measure, "behaviour says", "people asked", "name a pain", "name a gain",
                     "voice says", "fit"],
        )  # fmt: skip

    def summary(self) -> str:
        """Say how the rows fit, and name those that confirm or contradict."""
        if self.table.empty:
            return f"No {self.level} is both on the journey and spoken of or measured, so none can be shown."
        if self.unplaced:
            return f"Words cannot stand beside behaviour by {self.level}. {self.unplaced}"
        counts = self.table["fit"].value_counts()
        parts = [f"{counts.get(fit, 0)} {fit}" for fit in ("confirm", "expand", "discord", "silence")]
        sentence = f"Of {len(self.table)} {self.level}s, words and behaviour are: {', '.join(parts)}."
        for fit in ("confirm", "discord"):
            names = self.table.loc[self.table["fit"] == fit, self.level]
            if len(names):
                sentence += f" {fit.capitalize()}: {text.sentence_list(names.astype(str))}."
        return f"{sentence} {self.loose}".strip()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw trouble (left) and pains (right) of each row with their intervals, and the fit in words."""
        frame = self.table.iloc[::-1].reset_index(drop=True)
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.5))
        did, low, high = ("trouble", "trouble_low", "trouble_high")
        rows = np.arange(len(frame))
        for values, ends, colour, sign, marker in (
            (frame[did], (frame[low], frame[high]), figures.BLUE, -1, "o"),
            (frame["pain"], (frame["pain_low"], frame["pain_high"]), figures.ORANGE, 1, "s"),
        ):
            centre = sign * 100 * values.to_numpy(dtype=float)
            reach = np.abs(100 * np.vstack([values - ends[0], ends[1] - values]).astype(float))
            reach = reach[::-1] if sign < 0 else reach
            ax.barh(rows, centre, color=colour, alpha=0.35, height=0.55)
            ax.errorbar(centre, rows, xerr=reach, fmt=marker, color=colour, capsize=3)
        ax.axvline(0, color=figures.INK, linewidth=1)
        ax.set_yticks(rows, frame[self.level].astype(str))
        limit = max(20.0, float(np.nanmax(np.abs(ax.get_xlim()))))
        ax.set_xlim(-limit, limit * 1.35)
        fits = frame["fit"].where(frame["voice_says"] != NOT_PLACED, NOT_PLACED)
        for row, fit, reason in zip(rows, fits, frame["reason"], strict=True):
            ax.text(limit * 1.33, float(row), f"{fit} *" if reason else fit, ha="right", va="center", fontweight="bold")
        ticks = np.array([tick for tick in ax.get_xticks() if abs(tick) <= limit])
        ax.set_xticks(ticks, [f"{text.fixed(abs(tick), 0)} %" for tick in ticks])
        ax.set_xlabel("← customers who met trouble          people who named a pain →")
        ax.grid(axis="y", visible=False)
        n, asked = int(frame["n_customers"].max()), int(frame["n_asked"].max())
        figures.subtitle(
            ax,
            f"What customers did and said, by {self.level}",
            f"up to n = {text.count(n)} customers, "
            + ("codes not placed" if self.unplaced else f"{text.count(asked)} people asked"),
        )
        series = {"met trouble": (did, low, high), "named a pain": ("pain", "pain_low", "pain_high")}
        draws = figures.drawn(self.table, self.level, series)
        return figures.describe(ax, f"Two-sided bar chart by {self.level}. {self.summary()}", draws)


def display(
    study: Study,
    level: str = "stage",
    *,
    effects: pd.DataFrame | None = None,
    behaviours: Behaviours | None = None,
    typing: Typing | None = None,
) -> JointDisplay:
    """Put what customers said beside what they did.

    Parameters
    ----------
    study : Study
        With events, interviews or both; a missing side is said as such.
    level : str
        ``stage``, ``touchpoint`` or ``behaviour``.
    effects : DataFrame, optional
        The table of `impact.touchpoint_effects`; judges touchpoints by their effect.
    behaviours : Behaviours, optional
        Needed for the level ``behaviour``.
    typing : Typing, optional
        Who of the interviewed people stands for which behaviour; made here where not given.

    Raises
    ------
    StudyError
        For an unknown level, the level ``behaviour`` without behaviours, or an override of a row that is not there.

    Notes
    -----
    A stage is *friction* (*fine*) when the Wilson interval of its trouble lies above (below) the average stage. A
    touchpoint is *friction* (*fine*) when its effect is harmful (helpful) with q under the limit. The voice is *pain*
    (*gain*) when those who named only pains clearly outnumber those who named only gains. Both speak alike: confirm;
    against each other: discord; one alone: expand; none: silence (the triangulation protocol of Farmer et al. 2006,
    Qualitative Health Research 16:377; Fetters, Curry and Creswell 2013, Health Services Research 48:2134).
    """
    if level not in LEVELS:
        raise StudyError(f"level '{level}' is none of {listing(LEVELS)}.{did_you_mean(level, LEVELS)}")
    if level == "stage":
        did, said = trouble_by_stage(study), voices_by(study, "stage")
        frame = did.merge(said, on="stage", how="left")
    elif level == "touchpoint":
        frame = _touchpoints(study, effects)
    else:
        if behaviours is None:
            raise StudyError("the level 'behaviour' needs behaviours=..., the result of behaviours.find.")
        frame = _behaviours(study, behaviours, typing or type_people(study, behaviours))
    frame["rule_fit"] = [
        _fit(did, voice) for did, voice in zip(frame["behaviour_says"], frame["voice_says"], strict=True)
    ]
    frame = _overrule(study, frame, level)
    frame["meaning"] = [_meaning(row, level) for _, row in frame.iterrows()]
    assumptions: tuple[str, ...] = (
        "Interviewed people are counted, not passages; who was not asked about a stage is not counted as silent on it.",
        "Trouble on a stage is leaving without going on (or without the outcome), or an unplanned touchpoint.",
        "Interviewees are not a random sample of customers; the words explain, the behaviour counts.",
    )
    if level == "touchpoint" and not tied(study):
        assumptions += (
            "No code is tied to a touchpoint, so nothing said can stand beside one: give codes a touchpoint, in the "
            "codebook or in [[codes]].",
        )
    placed = placing(study, level) if level != "behaviour" else None
    unplaced = placed.sentence() if placed is not None and placed.none else ""
    loose = placed.sentence() if placed is not None and level == "stage" and placed.n_pains and not placed.none else ""
    if study.asked is None and study.has("documents"):
        assumptions += ("No interview guide was given: everybody counts as asked, so silence may mean not asked.",)
    weak = doubtful(study)
    if len(weak):
        named = text.sentence_list([f"'{row.code}' ({text.fixed(row.alpha, 2)})" for row in weak.itertuples()])
        assumptions += (f"Coders agree too little (alpha under 0.667) to rest anything on {named} alone.",)
    return JointDisplay(frame, "Joint display with a rule for the fit of each row", assumptions, level, unplaced, loose)


def _overrule(study: Study, frame: pd.DataFrame, level: str) -> pd.DataFrame:
    """Put the team's judgement, and its reason, in place of the rule's where study.toml has one."""
    frame = frame.assign(fit=frame["rule_fit"], reason="")
    for position, said in enumerate(study.config.joint.overrides):
        if said.level != level:
            continue
        row = frame[level].astype(str) == said.row
        if not row.any():
            known = list(frame[level].astype(str))
            raise StudyError(
                f"{study.path}: joint.overrides[{position + 1}].row: the joint display has no {level} '{said.row}'; there "
                f"are {listing(known)}.{did_you_mean(said.row, known)}"
            )
        frame.loc[row, ["fit", "reason"]] = [said.fit, said.reason.strip()]
    return frame


def _fit(did: str, voice: str) -> str:
    """The fit of one row."""
    if voice in UNHEARD:
        return "silence"
    if did in SPEAKS and voice in {"pain", "gain"}:
        return FITS[did, voice]
    if did == "no effect" and voice in {"pain", "gain"}:
        return "discord" if voice == "gain" else "expand"
    return "expand" if did in SPEAKS or voice in {"pain", "gain", "mixed"} else "silence"


def _meaning(row: pd.Series, level: str) -> str:
    """One sentence that draws both sides together."""
    where = row[level]
    did = {
        "friction": "behaviour shows trouble",
        "fine": "behaviour runs well",
        "inconclusive": "behaviour does not say clearly",
        "no effect": "it moves the outcome by nothing worth having",
        "no data": "there is no measure of behaviour",
        "too few": f"only {text.count(row['n_customers'])} customers came, too few to judge",
    }[row["behaviour_says"]]
    voice = {
        "pain": f"people name pains ({text.count(row['n_pain'])} of {text.count(row['n_asked'])})",
        "gain": f"people praise it ({text.count(row['n_gain'])} of {text.count(row['n_asked'])})",
        "mixed": (
            f"people are divided ({text.count(row['n_pain'])} pains, {text.count(row['n_gain'])} gains, "
            f"{text.count(row['n_asked'])} asked)"
        ),
        "not raised": f"none of {text.count(row['n_asked'])} people asked raised it",
        "hardly raised": f"only {row['n_pain'] + row['n_gain']} of {text.count(row['n_asked'])} people raised it",
        "not asked": "nobody was asked",
        "too few": f"only {text.count(row['n_asked'])} people were asked",
        "no interview": "nobody of it was interviewed: a hole",
        NOT_PLACED: f"what people said is not placed: no code has a {level}",
    }[row["voice_says"]]
    joined = {"confirm": "and", "discord": "but", "expand": "while", "silence": "and"}[row["fit"]]
    return f"{where}: {did}, {joined} {voice}."


def _touchpoints(study: Study, effects: pd.DataFrame | None) -> pd.DataFrame:
    """One row a touchpoint that is tested or spoken of."""
    said = voices_by(study, "touchpoint")
    if not tied(study) and not placing(study, "touchpoint").none:
        said = said.assign(n_asked=0, voice_says="not asked")
    frame = said.merge(study.touchpoints[["touchpoint", "stage"]], on="touchpoint", how="left")
    reached = (
        study.events.groupby("touchpoint")["customer_id"].nunique()
        if study.events is not None
        else pd.Series(dtype=int)
    )
    frame["n_customers"] = frame["touchpoint"].map(reached).fillna(0).astype(int)
    frame[["trouble", "trouble_low", "trouble_high"]] = np.nan
    frame[["effect", "effect_low", "effect_high"]] = np.nan
    frame["behaviour_says"] = "no data"
    if effects is not None:
        known = effects.set_index("touchpoint")
        for row, name in frame["touchpoint"].items():
            if name not in known.index or pd.isna(known.loc[name, "estimate"]):
                continue
            line = known.loc[name]
            frame.loc[row, ["effect", "effect_low", "effect_high"]] = line[["estimate", "ci_low", "ci_high"]].to_numpy(
                float
            )
            frame.loc[row, "behaviour_says"] = _effect_state(line)
    heard = (frame["n_pain"] + frame["n_gain"] > 0) | (frame["behaviour_says"] != "no data")
    return frame[heard].reset_index(drop=True)


def tied(study: Study) -> bool:
    """Whether any code of the study is tied to a touchpoint."""
    return study.codes is not None and bool(study.codes["touchpoint"].notna().any())


def _effect_state(line: pd.Series) -> str:
    """A touchpoint's effect as a state of the display."""
    if line["verdict"] == "keep":
        return "fine"
    if line["verdict"] in {"fix", "remove"}:
        return "friction"
    return "no effect" if bool(line.get("equivalence", False)) else "inconclusive"


def _behaviours(study: Study, behaviours: Behaviours, typing: Typing) -> pd.DataFrame:
    """One row a behaviour: how many miss the outcome, and what the people said who stand for it."""
    labels = behaviours.labels
    stands = typing.of
    said = mentions(study)
    said["behaviour_label"] = said["person"].map(stands)
    everybody = pd.Series(sorted(set(people(study))) if study.has("documents") else [], dtype="object")
    member = everybody.map(stands)
    converted: set[str] = set()
    if study.events is not None and study.outcome is not None:
        converted = set(study.events.loc[study.events["touchpoint"] == study.outcome, "customer_id"])
    rows = []
    overall = float(labels.index.isin(converted).mean()) if len(labels) else np.nan
    for label in sorted(labels.dropna().unique()):
        members = labels.index[labels == label]
        missed = int((~members.isin(converted)).sum())
        share, low, high = wilson(missed, len(members))
        state = "friction" if low > 1 - overall else "fine" if high < 1 - overall else "inconclusive"
        counts = people_counts(said[said["behaviour_label"] == label], set(everybody[member == label]))
        if counts["n_asked"] == 0:
            counts["voice_says"] = "no interview"
        rows.append(
            {
                "behaviour": label,
                "n_customers": len(members),
                "trouble": share,
                "trouble_low": low,
                "trouble_high": high,
                "behaviour_says": state if study.outcome else "no data",
                "guide": study.asked is not None,
                **counts,
            }
        )
    return pd.DataFrame(rows)
