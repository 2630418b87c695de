"""How was this mixed-methods study made? The six items of GRAMMS, filled from the data, and asked for where a person must write."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from journeylab import text
from journeylab.joint.crosswalk import interview_times, interviewed
from journeylab.joint.display import JointDisplay
from journeylab.joint.linkage import Linkage
from journeylab.joint.typing import Typing
from journeylab.results import Result
from journeylab.study import Study
from journeylab.voices.prevalence import people_of

ITEMS = {
    "justification": "Why are both kinds of data used?",
    "design": "Which design: purpose, priority and sequence of the methods?",
    "methods": "How were people and events sampled, collected and analysed?",
    "integration": "Where and how do the methods meet, and who did it?",
    "limits": "Which limits does one method have because of the other?",
    "insights": "What is seen only because both are used?",
}
"""The six items, in the order of the guideline."""

TO_WRITE = "to be written in study.toml: [gramms] {key}"


@dataclasses.dataclass(frozen=True)
class Gramms(Result):
    """The six items.

    Attributes
    ----------
    table : DataFrame
        item (1 to 6), question, answer (sentences), missing (what a person must still write; empty where nothing).
    """

    @property
    def shown(self) -> pd.DataFrame:
        """The table for readers."""
        answers = [
            " ".join(part for part in (row.answer, f"[{row.missing}]" if row.missing else "") if part)
            for row in self.table.itertuples()
        ]
        return self.table[["item", "question"]].assign(answer=answers)

    @property
    def missing(self) -> list[str]:
        """What is still to be written."""
        return [line for line in self.table["missing"] if line]

    def summary(self) -> str:
        """Say how many items are complete and what is missing."""
        done = int((self.table["missing"] == "").sum())
        keys = [key for line in self.missing for key in line.rpartition("] ")[2].split(", ")]
        rest = f" Still to be written under [gramms] in study.toml: {text.sentence_list(keys)}." if self.missing else ""
        return f"Items of GRAMMS that are complete: {done} of 6.{rest}"


def gramms(
    study: Study,
    *,
    linkage: Linkage | None = None,
    displays: list[JointDisplay] | None = None,
    typing: Typing | None = None,
) -> Gramms:
    """Fill the items of Good Reporting of A Mixed Methods Study.

    Parameters
    ----------
    study : Study
        What a person wrote stands in its ``[gramms]``.
    linkage, displays, typing : optional
        Results of this study, whose numbers are then told.

    References
    ----------
    O'Cathain, Murphy and Nicholl (2008), Journal of Health Services Research and Policy 13:92.
    """
    said = study.config.gramms
    displays = displays or []
    parts: dict[str, tuple[list[str], list[str]]] = {
        "justification": ([], ["justification"]),
        "design": (_design(study), [] if said.design else ["design"]),
        "methods": (_methods(study), ["sampling"]),
        "integration": (_integration(study, linkage, displays, typing), ["integrated_by"]),
        "limits": (_limits(study, linkage), []),
        "insights": (_insights(displays), ["insights"]),
    }
    own: dict[str, list[Any]] = {
        "justification": [said.justification],
        "design": [said.design],
        "methods": [said.sampling],
        "integration": [said.integrated_by and f"Integrated by {said.integrated_by.strip().rstrip('.')}."],
        "limits": [said.limits],
        "insights": [said.insights],
    }
    rows = []
    for number, (name, question) in enumerate(ITEMS.items(), start=1):
        found, wanted = parts[name]
        answer = " ".join([*(words.strip() for words in own[name] if words), *found])
        lacking = [key for key in wanted if not getattr(said, key)]
        rows.append((number, question, answer, TO_WRITE.format(key=", ".join(lacking)) if lacking else ""))
    return Gramms(
        pd.DataFrame(rows, columns=["item", "question", "answer", "missing"]),
        "GRAMMS, items 2 to 5 from the data",
        ("The data tell what was collected, not what was meant: purpose and insight are a person's to write.",),
    )


def _days(times: pd.Series) -> str:
    """From when to when."""
    return f"{text.date(times.min())} to {text.date(times.max())}"


def _design(study: Study) -> list[str]:
    """The sequence, as far as dates tell it."""
    words, deeds = study.has("documents"), study.has("events")
    if not (words and deeds):
        return [f"There is only one kind of data here: {'interviews or coded texts' if words else 'behaviour'}."]
    assert study.events is not None
    when = interview_times(study)
    if when.empty:
        return ["The interviews carry no dates, so the sequence cannot be told from the data."]
    first, last = study.events["event_time"].min(), study.events["event_time"].max()
    if when.min() > last:
        order = "behaviour first, interviews after it (explanatory sequential)"
    elif when.max() < first:
        order = "interviews first, behaviour after them (exploratory sequential)"
    else:
        order = "both in the same time (convergent)"
    return [f"By their dates: {order}; interviews {_days(when)}, events {_days(study.events['event_time'])}."]


def _methods(study: Study) -> list[str]:
    """What was collected, and how much of it."""
    found = []
    if study.has("events"):
        assert study.events is not None
        systems = [source.report.source for source in study.sourced]
        found.append(
            f"Behaviour: {text.count(len(study.events))} events of {text.count(study.events['customer_id'].nunique())} customers, "
            f"{_days(study.events['event_time'])}, from {text.sentence_list(systems)}; every customer in the log counts."
        )
    if study.has("documents"):
        assert study.documents is not None
        people = people_of(study.documents).nunique()
        line = f"Words: {text.count(len(study.documents))} documents of {text.count(people)} people"
        if study.has("codings"):
            assert study.codings is not None
            coders = study.codings["coder"].nunique()
            line += (
                f", {text.count(len(study.codings))} codings with {study.codings['code_id'].nunique()} codes by {coders} "
                f"coder{'s' if coders != 1 else ''}"
            )
        guide = (
            "an interview guide tells who was asked what" if study.asked is not None else "no interview guide was given"
        )
        found.append(f"{line}; {guide}.")
    if study.has("responses"):
        assert study.responses is not None
        counts = study.responses.groupby("instrument", sort=False)["respondent_id"].nunique()
        found.append(
            f"Surveys: {text.sentence_list(f'{name} ({text.count(n)} people)' for name, n in counts.items())}."
        )
    return found


def _integration(
    study: Study, linkage: Linkage | None, displays: list[JointDisplay], typing: Typing | None
) -> list[str]:
    """Where the methods meet."""
    found = []
    if linkage is not None and len(linkage.methods):
        ways = [f"{row.people} by {row.link_method}" for row in linkage.methods.itertuples()]
        of = len(interviewed(study))
        found.append(
            f"People: {int(linkage.methods['people'].sum())} of {of} are linked to a trace ({text.sentence_list(ways)})."
        )
    elif study.has("documents"):
        found.append("People are not linked to traces; words and behaviour meet by stage only.")
    if study.codes is not None:
        n, total = int(study.codes["stage"].notna().sum()), len(study.codes)
        found.append(f"Codes: {n} of {total} stand on a stage of the journey.")
    if displays:
        levels = [display.level for display in displays]
        found.append(f"Merged in joint displays by {text.sentence_list(levels)}, with a stated rule for the fit.")
        overruled = sum(len(display.overruled) for display in displays)
        if overruled:
            found.append(f"The team judged {overruled} rows otherwise than the rule, with a reason.")
    if typing is not None and typing.table["behaviour"].nunique() > 1:
        found.append(f"{int(typing.table['behaviour'].notna().sum())} people are placed in behaviours.")
    return found


def _limits(study: Study, linkage: Linkage | None) -> list[str]:
    """What one side cannot say because of the other."""
    found = []
    people = len(interviewed(study))
    if people:
        found.append(f"{people} people speak for all customers, and were chosen, not drawn.")
    if linkage is not None and len(linkage.differences.dropna(subset=["difference"])):
        clear = linkage.clear
        worst = [f"'{what}'" for what in clear.sort_values("difference", key=abs, ascending=False)["what"].head(3)]
        found.append(
            f"Linked people differ clearly from other customers in {len(clear)} of {len(linkage.differences)} things, most "
            f"in {text.sentence_list(worst)}."
            if len(clear)
            else f"Linked people differ clearly from other customers in none of {len(linkage.differences)} things compared."
        )
    if study.withdrawn_participants:
        found.append(f"{len(study.withdrawn_participants)} people withdrew and are in no number.")
    if study.has("documents") and study.asked is None:
        found.append("Silence may mean that nobody asked.")
    if study.has("events") and not study.has("documents"):
        found.append("Behaviour does not say why.")
    return found


def _insights(displays: list[JointDisplay]) -> list[str]:
    """Rows where both sides together say what one does not, as a start for the person who writes."""
    found = []
    for display in displays:
        rows = display.table[display.table["fit"] == "discord"]
        found += [f"Where words and deeds disagree: {row.meaning}" for row in rows.itertuples()]
    return found
