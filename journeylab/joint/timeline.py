"""What did one interviewed person do, and what did they say of it?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.joint.crosswalk import interview_times, interviewed, linked_events
from journeylab.privacy import mask, pseudonyms
from journeylab.results import Result
from journeylab.study import Study
from journeylab.voices.prevalence import agreed, people_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LONGEST = 220
FEWEST_EVENTS, FEWEST_QUOTES = 4, 2
OFF = "(no stage)"


@dataclasses.dataclass(frozen=True)
class Timeline(Result):
    """One person's events with their words.

    Attributes
    ----------
    table : DataFrame
        day (days since the person's first event), touchpoint, stage, channel, planned, after_interview.
    quotes : DataFrame
        stage, code, valence, quote (masked).
    person : str
        A label that is no id of the study's systems.
    interview_day : float
        Days from the first event to the interview; NaN where it is not known.
    stages : tuple of str
        Those of the study, in order.
    """

    quotes: pd.DataFrame
    person: str
    interview_day: float
    stages: tuple[str, ...]

    @property
    def shown(self) -> pd.DataFrame:
        """Stage by stage: what the person did, and what they said."""
        rows = []
        for stage in [*self.stages, OFF]:
            did = self.table[self.table["stage"].fillna(OFF) == stage]
            said = self.quotes[self.quotes["stage"].fillna(OFF) == stage]
            if len(did) or len(said):
                counts = did["touchpoint"].value_counts(sort=False)
                steps = [f"{name} ×{n}" if n > 1 else str(name) for name, n in counts.items()]
                trouble = int((~did["planned"].astype(bool)).sum())
                words = [f"“{row.quote}” ({row.code})" for row in said.itertuples()]
                rows.append((stage, len(did), trouble, ", ".join(steps), " ".join(words)))
        return pd.DataFrame(rows, columns=["stage", "events", "not planned", "what they did", "what they said"])

    def summary(self) -> str:
        """Say how long the person's journey is, where trouble was met, and of which stages they spoke."""
        trouble = self.table[~self.table["planned"].astype(bool)]
        met = [f"'{name}'" for name in dict.fromkeys(trouble["touchpoint"])]
        more = f" and {len(met) - 4} more" if len(met) > 4 else ""
        span = text.duration(86_400 * self.table["day"].max())
        after = int(self.table["after_interview"].sum())
        spoke = [stage for stage in self.stages if (self.quotes["stage"] == stage).any()]
        return (
            f"{self.person}: {len(self.table)} events in {span}"
            + (f", with {', '.join(met[:4])}{more}" if more else f", with {text.sentence_list(met)}" if met else "")
            + ("" if met else ", none unplanned")
            + (f"; {after} after the interview" if after else "")
            + (f". Quoted on {text.sentence_list(spoke)}." if spoke else ". Not quoted on any stage.")
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the events on a lane a stage, over days; unplanned ones are diamonds, those after the interview hollow."""
        lanes = [stage for stage in [*self.stages, OFF] if (self.table["stage"].fillna(OFF) == stage).any()][::-1]
        ax = figures.new_axes(ax, width=9, height=figures.row_height(len(lanes), each=0.55))
        place = self.table["stage"].fillna(OFF).map({stage: row for row, stage in enumerate(lanes)}).to_numpy(float)
        # events of one lane within the same hours would hide each other
        order = self.table.assign(lane=place).groupby("lane").cumcount().to_numpy()
        height = place + 0.13 * (order % 4 - 1.5)
        planned = self.table["planned"].to_numpy(bool)
        after = self.table["after_interview"].to_numpy(bool)
        unit, scale = _unit(self.table["day"].max())
        day = self.table["day"].to_numpy(float) * scale
        for mask_, colour, marker in ((planned, figures.BLUE, "o"), (~planned, figures.ORANGE, "D")):
            for late, face in ((False, colour), (True, "none")):
                part = mask_ & (after == late)
                ax.scatter(
                    day[part], height[part], marker=marker, s=44, facecolors=face, edgecolors=colour, linewidths=1.4
                )
        self._name_trouble(ax, day, place, planned)
        if not np.isnan(self.interview_day):
            interview = self.interview_day * scale
            ax.axvline(interview, color=figures.MUTED, linestyle="--", linewidth=1)
            ax.annotate("interview", (interview, 1), xycoords=("data", "axes fraction"), xytext=(-4, -3),
                        textcoords="offset points", ha="right", va="top", color=figures.MUTED)  # fmt: skip
        ax.set_yticks(range(len(lanes)), lanes)
        ax.set_ylim(-0.6, len(lanes) - 0.4)
        ax.margins(x=0.06)
        ax.set_xlabel(f"{unit} since the first event")
        note = "diamonds: not planned"
        figures.subtitle(ax, f"{self.person}: what happened, stage by stage", f"{len(day)} events; {note}" +
                         ("; hollow: after the interview" if after.any() else ""))  # fmt: skip
        return figures.describe(ax, f"Timeline of one person's events by stage. {self.summary()}", figures.PEOPLE)

    def _name_trouble(self, ax: Axes, day: np.ndarray, place: np.ndarray, planned: np.ndarray) -> None:
        """Write the names of unplanned touchpoints where each is first met, those of one moment in one line."""
        names = self.table["touchpoint"]
        first = pd.DataFrame({"day": day, "lane": place, "name": names})[~planned & ~names.duplicated().to_numpy()]
        for (when, lane), part in first.groupby(["day", "lane"], sort=False):
            right = when > 0.6 * max(day.max(), 1e-9)
            ax.annotate(", ".join(part["name"]), (when, lane), xytext=(-8 if right else 8, 0), va="center",
                        ha="right" if right else "left", textcoords="offset points", fontsize=9)  # fmt: skip


def _unit(days: float) -> tuple[str, float]:
    """The unit of a span of days, and how many of it a day has."""
    return ("days", 1.0) if days >= 3 else ("hours", 24.0) if days * 24 >= 3 else ("minutes", 1440.0)


def timeline(study: Study, participant: str) -> Timeline:
    """Put one interviewed person's events beside their words.

    Parameters
    ----------
    participant : str
        A participant_id whose person agreed to linking and to being quoted.

    Notes
    -----
    Days are counted from the person's first event, so that no date stands in the report. Each code that holds for the person
    (`journeylab.voices.prevalence.agreed`) is quoted once, by the passage that most coders chose, then the shortest.

    Raises
    ------
    StudyError
        When there is no such person, or they did not agree to linking or to quotes, or the link has no events.
    """
    everybody = interviewed(study)
    if participant not in everybody:
        raise StudyError(
            f"{study.path}: nobody called '{participant}' was interviewed; there are {listing(everybody)}."
            f"{did_you_mean(participant, everybody)}"
        )
    if participant not in quotable(study):
        raise StudyError(
            f"{study.path}: '{participant}' has not agreed to both linking and quotes (crosswalk: consent_linkage, "
            "consent_quotes), so no timeline with words is drawn."
        )
    events = linked_events(study)
    theirs = events[events["participant_id"] == participant].sort_values("event_time", kind="stable")
    if theirs.empty:
        raise StudyError(f"{study.path}: the link of '{participant}' has no events inside of its validity.")
    start = theirs["event_time"].iloc[0]
    when = interview_times(study).get(participant, pd.NaT)
    theirs = theirs.reindex(columns=[*theirs, *({"stage", "channel", "planned"} - set(theirs))])
    table = pd.DataFrame(
        {
            "day": (theirs["event_time"] - start) / pd.Timedelta("1D"),
            "touchpoint": theirs["touchpoint"],
            "stage": theirs["stage"],
            "channel": theirs["channel"],
            "planned": theirs["planned"].fillna(True).astype(bool),
            "after_interview": theirs["after_interview"],
        }
    ).reset_index(drop=True)
    return Timeline(
        table,
        "Events of one person's valid links, with the passages of the codes that hold for them",
        (
            "One person stands for nobody but themselves: a case shows how something happens, not how often.",
            "What is said of a stage need not be about the events that stand beside it.",
        ),
        _quotes(study, participant),
        pseudonyms(everybody)[participant],
        float("nan") if pd.isna(when) else float((when - start) / pd.Timedelta("1D")),
        tuple(study.stages),
    )


def quotable(study: Study) -> set[str]:
    """People with a link in use who agreed to being quoted."""
    links = study.links
    return set() if links is None else set(links.loc[links["consent_quotes"].astype(bool), "participant_id"])


def choose_cases(study: Study) -> list[str]:
    """The two people whose timelines are worth reading side by side: the one with the most unplanned events, and the least.

    Returns
    -------
    list of str
        participant_ids; among people who may be quoted and have four events and two codes or more; ties go to the one with
        more codes. Fewer than two where there are no more.
    """
    events = linked_events(study)
    if events.empty or not study.has("codings", "documents", "segments"):
        return []
    held = agreed(study.codings)
    codes = held.groupby(held["document_id"].map(people_of(study.documents)))["code_id"].nunique()
    counted = events.groupby("participant_id").agg(
        n=("touchpoint", "size"), trouble=("planned", lambda planned: int((~planned.astype(bool)).sum()))
    )
    counted["codes"] = codes.reindex(counted.index).fillna(0)
    enough = (counted["n"] >= FEWEST_EVENTS) & (counted["codes"] >= FEWEST_QUOTES)
    counted = counted[enough & counted.index.isin(quotable(study))].sort_index()
    most = counted.sort_values(["trouble", "codes"], ascending=False, kind="stable").index[:1]
    least = counted.drop(most).sort_values(["trouble", "codes"], ascending=[True, False], kind="stable").index[:1]
    return [*most, *least]


def _quotes(study: Study, participant: str) -> pd.DataFrame:
    """One passage of each code that holds for a person."""
    columns = ["stage", "code", "valence", "quote"]
    if study.quotable is None or study.codings is None or not study.has("codes", "documents"):
        return pd.DataFrame(columns=columns)
    people = people_of(study.documents)
    mine = set(people.index[people == participant])
    held = agreed(study.codings)
    held = held[held["document_id"].isin(mine)]
    marked = study.codings.merge(held, on=["document_id", "code_id"])
    votes = marked.groupby(["segment_id", "code_id"])["coder"].nunique().reset_index(name="coders")
    segments = study.quotable.reindex(columns=["segment_id", "text"]).dropna(subset=["text"])
    frame = votes.merge(segments, on="segment_id").merge(study.codes, on="code_id")
    frame = frame[frame["text"].str.strip() != ""].assign(length=frame["text"].str.len())
    frame = frame.sort_values(["coders", "length", "segment_id"], ascending=[False, True, True], kind="stable")
    frame = frame.drop_duplicates("code_id")
    place = {stage: row for row, stage in enumerate(study.stages)}
    frame = frame.assign(place=frame["stage"].map(place).fillna(len(place))).sort_values(
        ["place", "name"], kind="stable"
    )
    names = study.config.privacy.names
    return pd.DataFrame(
        {
            "stage": frame["stage"],
            "code": frame["name"],
            "valence": frame["valence"],
            "quote": [_short(mask(words, names)) for words in frame["text"]],
        },
        columns=columns,
    ).reset_index(drop=True)


def _short(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rsplit(" ", 1)[0] + " …"
