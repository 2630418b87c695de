"""What customers said, a stage or touchpoint: how many of those asked named a pain, how many a gain."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journeylab.intervals import wilson
from journeylab.joint.placing import NOT_PLACED, placing
from journeylab.study import Study
from journeylab.voices.agreement import weak_codes
from journeylab.voices.prevalence import agreed, asked_people, people_of

LEAST = 5
"""Fewer people asked than this carry no verdict."""

QUIET = 0.05
"""Where clearly less than this share of those asked names a pain or gain, the voice is ``hardly raised``."""


def mentions(study: Study) -> pd.DataFrame:
    """Who said what: one row a person and code that holds for one of their documents, see `journeylab.voices.prevalence.agreed`.

    Returns
    -------
    DataFrame
        person (participant_id, or document_id where nobody is named), code_id, path, name, valence, stage, touchpoint.
    """
    columns = ["person", "code_id", "path", "name", "valence", "stage", "touchpoint"]
    if not study.has("codings", "codes", "documents"):
        return pd.DataFrame(columns=columns)
    said = agreed(study.codings)
    said["person"] = said["document_id"].map(people(study))
    return said.merge(study.codes, on="code_id").drop_duplicates(["person", "code_id"]).reindex(columns=columns)


def doubtful(study: Study) -> pd.DataFrame:
    """Codes that nothing should rest on unsaid, since coders agree too little on them: code_id, code, alpha, name."""
    if not study.has("codings", "codes", "documents") or study.codes is None:
        return pd.DataFrame(columns=["code_id", "code", "alpha", "name"])
    known = study.coded is None or study.coded.coders_identified
    weak = weak_codes(study.codings, study.segments, study.documents, study.codes, coders_identified=known)
    return weak.merge(study.codes[["code_id", "name"]], on="code_id")


def people(study: Study) -> pd.Series:
    """The person behind each document, see `journeylab.voices.prevalence.people_of`."""
    return people_of(study.documents)


def asked_by_stage(study: Study) -> tuple[dict[str, set[str]], bool]:
    """The people asked about each stage, and whether the interview guide was written down.

    Without a guide everybody counts as asked, and silence cannot be told from not having been asked.
    """
    everybody = set(people(study)) if study.has("documents") else set()
    asked = study.asked
    if asked is None:
        return dict.fromkeys(study.stages, everybody), False
    guide = asked_people(asked, study.documents)
    return {stage: set(guide.loc[guide["stage"] == stage, "person"]) for stage in study.stages}, True


def voices_by(study: Study, level: str) -> pd.DataFrame:
    """Pains and gains at each stage or touchpoint, counted in people.

    Parameters
    ----------
    level : str
        ``stage`` or ``touchpoint``.

    Returns
    -------
    DataFrame
        level, n_asked, guide (whether an interview guide tells who was asked), n_pain, pain, pain_low, pain_high,
        n_gain, gain, gain_low, gain_high (Wilson), top_pain, top_gain (code names), voice_says
        (``pain``, ``gain``, ``mixed``, ``not raised``, ``hardly raised``, ``not asked``, ``too few``; ``not placed`` where no code
        that was used has this level: then n_asked is 0, since silence there would mean nothing).

    Notes
    -----
    The voice is ``pain`` (``gain``) when among those who named only pains or only gains the share of pains has a
    Wilson interval above (below) one half, which is the comparison of two paired proportions by their discordant pairs.
    """
    said = mentions(study)
    asked, guide = asked_by_stage(study)
    stage_of = dict(zip(study.touchpoints["touchpoint"], study.touchpoints["stage"], strict=True))
    if level == "stage":
        places: list[tuple[str, str | None]] = [(stage, stage) for stage in study.stages]
    else:
        named = list(study.touchpoints["touchpoint"])
        named += [name for name in said["touchpoint"].dropna().unique() if name not in named]
        places = [(name, stage_of.get(name)) for name in named]
    rows = []
    for name, stage in places:
        group = said[(said[level] == name)]
        audience = asked.get(stage, set()) if stage is not None else set().union(*asked.values(), set(group["person"]))
        rows.append({level: name, "guide": guide, **people_counts(group, audience | set(group["person"]))})
    found = pd.DataFrame(rows)
    if not placing(study, level).none:
        return found
    return found.assign(**people_counts(said.iloc[:0], set()) | {"voice_says": NOT_PLACED})


def people_counts(group: pd.DataFrame, audience: set[str]) -> dict[str, object]:
    """Pains and gains among an audience."""
    pains, gains = group[group["valence"] < 0], group[group["valence"] > 0]
    with_pain, with_gain = set(pains["person"]), set(gains["person"])
    n = len(audience)
    pain, pain_low, pain_high = wilson(len(with_pain), n)
    gain, gain_low, gain_high = wilson(len(with_gain), n)
    return {
        "n_asked": n,
        "n_pain": len(with_pain),
        "pain": pain,
        "pain_low": pain_low,
        "pain_high": pain_high,
        "n_gain": len(with_gain),
        "gain": gain,
        "gain_low": gain_low,
        "gain_high": gain_high,
        "top_pain": _top(pains),
        "top_gain": _top(gains),
        "voice_says": _voice(with_pain, with_gain, n),
    }


def _voice(with_pain: set[str], with_gain: set[str], n: int) -> str:
    if n == 0:
        return "not asked"
    if n < LEAST:
        return "too few"
    if not with_pain and not with_gain:
        return "not raised"
    if wilson(len(with_pain | with_gain), n).high < QUIET:
        return "hardly raised"
    only_pain, only_gain = len(with_pain - with_gain), len(with_gain - with_pain)
    if only_pain + only_gain == 0:
        return "mixed"
    _, low, high = wilson(only_pain, only_pain + only_gain)
    return "pain" if low > 0.5 else "gain" if high < 0.5 else "mixed"


def _top(group: pd.DataFrame) -> str:
    """The code most people named, with how many."""
    if group.empty:
        return ""
    counts = group["name"].value_counts()
    counts = counts[counts == counts.iloc[0]].sort_index()
    return f"{counts.index[0]} ({counts.iloc[0]})"


def mean_valence(study: Study) -> pd.DataFrame:
    """Mean valence of what people said at each stage, people first.

    Returns
    -------
    DataFrame
        stage, n (people who said something there), valence (-1..1), low, high (t interval over people).
    """
    from journeylab.intervals import mean

    said = mentions(study).dropna(subset=["valence", "stage"])
    rows = []
    for stage in study.stages:
        per_person = said[said["stage"] == stage].groupby("person")["valence"].mean()
        value, low, high = mean(per_person)
        rows.append(
            {
                "stage": stage,
                "n": len(per_person),
                "valence": value,
                "low": np.clip(low, -1, 1),
                "high": np.clip(high, -1, 1),
            }
        )
    return pd.DataFrame(rows)
