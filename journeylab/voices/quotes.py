"""Quotes by a stated rule, only with consent, and masked."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from journeylab.errors import DataError, did_you_mean, listing
from journeylab.privacy import mask, pseudonyms
from journeylab.text import people
from journeylab.voices.prevalence import complete, people_of

COLUMNS = ["code", "stage", "quote", "participant", "document_id", "coders", "consent", "rule"]
LONGEST = 320
RULES = {
    "typical": "the passage that most coders gave the code, then the one whose length is nearest the median of the code's",
    "extreme": (
        "the passage of the largest weight, where coders weighted; else one of the person who, over all their codes, "
        "speaks furthest in the code's direction (lowest mean valence for a pain, highest for a gain); else the longest"
    ),
    "deviant": (
        "a passage of the person whose set of codes is least like that of the others who said the same (lowest mean "
        "Jaccard index), of three people or more"
    ),
}
"""How each kind of quote is chosen, in words for the report; ties go to more coders, then to the first passage."""


def quotes(
    codings: pd.DataFrame,
    segments: pd.DataFrame,
    documents: pd.DataFrame,
    codes: pd.DataFrame,
    crosswalk: pd.DataFrame | None = None,
    *,
    rule: str = "typical",
    code: str | None = None,
    stage: str | None = None,
    per: int = 2,
    share: str = "internal",
    names: Iterable[str] = (),
) -> pd.DataFrame:
    """Choose quotes of each code by a rule, not by taste.

    Parameters
    ----------
    crosswalk : DataFrame, optional
        Says who agreed to be quoted. A person without a row in it has not agreed.
    rule : str
        ``typical``, ``extreme`` or ``deviant``; what each means is in `RULES`, for the report.
    code, stage : str, optional
        Only quotes of this code (name) or stage.
    per : int
        At most so many a code, each of another person.
    share : str
        ``public`` shows only quotes of people who agreed, and none in which something had to be masked. ``internal`` shows
        masked ones too and, where nobody was asked for consent at all (no crosswalk), all of them, marked as without consent.
    names : iterable of str
        Names to mask, beside e-mail addresses, links and long numbers.

    Returns
    -------
    DataFrame
        code, stage, quote, participant (pseudonym), document_id, coders (who chose it), consent, rule.

    Raises
    ------
    DataError
        For an unknown rule.

    Notes
    -----
    The rule looks at all passages, and consent is asked for afterwards: who did not agree still counts among the others that
    a deviant case deviates from.
    """
    if rule not in RULES:
        raise DataError(f"quotes: rule '{rule}' is none of {listing(RULES)}.{did_you_mean(rule, RULES)}")
    people = people_of(documents)
    labels = pseudonyms(people)
    weighted = "weight" in codings and rule == "extreme"
    grouped = codings.drop_duplicates(["segment_id", "code_id", "coder"]).groupby(["segment_id", "code_id"])
    frame = grouped.size().rename("coders").reset_index()
    frame["weight"] = grouped["weight"].mean().abs().to_numpy() if weighted else float("nan")
    frame = frame.merge(segments[["segment_id", "document_id", "text"]], on="segment_id")
    frame = frame.merge(complete(codes)[["code_id", "name", "stage", "valence"]], on="code_id").dropna(subset=["text"])
    frame = frame[frame["text"].str.strip() != ""]
    frame["person"] = frame["document_id"].map(people)
    frame["rank"] = _rank(frame, rule)
    agreed = set()
    if crosswalk is not None:
        agreed = set(crosswalk.loc[crosswalk["consent_quotes"].astype(bool), "participant_id"])
    frame["consent"] = frame["person"].isin(agreed)
    if share == "public" or crosswalk is not None:
        frame = frame[frame["consent"]]
    if code is not None:
        frame = frame[frame["name"] == code]
    if stage is not None:
        frame = frame[frame["stage"] == stage]
    frame = frame.dropna(subset=["rank"])
    known_names = list(names)
    frame["quote"] = [mask(str(words), known_names) for words in frame["text"]]
    if share == "public":
        frame = frame[frame["quote"] == frame["text"]]
    if frame.empty:
        return pd.DataFrame(columns=COLUMNS)
    first = ["coders", "rank"] if rule == "typical" else ["rank", "coders"]
    order = [name in ("rank", "name", "segment_id") for name in ("name", *first, "segment_id")]
    frame = frame.sort_values(["name", *first, "segment_id"], ascending=order, kind="stable")
    frame = frame.drop_duplicates(["name", "person"]).groupby("name", sort=False).head(per)
    return pd.DataFrame(
        {
            "code": frame["name"],
            "stage": frame["stage"],
            "quote": [_shorten(words) for words in frame["quote"]],
            "participant": frame["person"].map(labels),
            "document_id": frame["document_id"],
            "coders": frame["coders"],
            "consent": frame["consent"],
            "rule": rule,
        }
    ).reset_index(drop=True)


def why_no_quotes(
    codings: pd.DataFrame,
    segments: pd.DataFrame,
    documents: pd.DataFrame,
    codes: pd.DataFrame,
    crosswalk: pd.DataFrame | None = None,
    *,
    share: str = "internal",
    names: Iterable[str] = (),
) -> str:
    """Say why nobody can be quoted, and what would change that; empty where somebody can.

    Takes what `quotes` takes.
    """
    words = (
        segments["text"].fillna("").str.strip() != "" if "text" in segments else pd.Series(False, index=segments.index)
    )
    coded = segments[words & segments["segment_id"].isin(codings["segment_id"])]
    if coded.empty:
        return "No coded passage holds its words; map the column text of [interviews], or give [interviews.documents]."
    if len(quotes(codings, segments, documents, codes, crosswalk, share=share, names=names)):
        return ""
    if crosswalk is None:
        return (
            "A public report quotes only people who agreed to it, and this study has no [crosswalk] that says who did. Give a "
            "table with participant_id, customer_id (empty where there is none), consent_linkage and consent_quotes (yes or no). "
            "A participant is the interview where no column says participant_id."
        )
    speakers = set(coded["document_id"].map(people_of(documents)))
    agreed = set(crosswalk.loc[crosswalk["consent_quotes"].astype(bool), "participant_id"]) & speakers
    if not agreed:
        return (
            f"None of the {people(len(speakers))} with coded passages agreed to be quoted: the [crosswalk] says "
            "consent_quotes = yes of none of them. Ask them, or mend their ids."
        )
    return (
        f"Of the {people(len(agreed))} who agreed to be quoted every coded passage holds something that had to be masked (a "
        "name, an address, a link or a long number), and a public report shows no such quote."
    )


def _rank(frame: pd.DataFrame, rule: str) -> pd.Series:
    """How far down each passage stands among those of its code, the lowest first; NaN: not by this rule."""
    if rule == "typical":
        length = frame["text"].str.len()
        return (length - length.groupby(frame["code_id"]).transform("median")).abs()
    by_code = {"extreme": _extreme, "deviant": _likeness}[rule]
    feeling = frame.drop_duplicates(["person", "code_id"]).groupby("person")["valence"].mean()
    has = pd.crosstab(frame["person"], frame["code_id"]) > 0
    parts = [by_code(part, feeling, has) for _, part in frame.groupby("code_id", sort=False)]
    return pd.concat(parts).reindex(frame.index) if parts else pd.Series(index=frame.index, dtype="float64")


def _extreme(part: pd.DataFrame, feeling: pd.Series, has: pd.DataFrame) -> pd.Series:
    """Of one code: by weight, else by how its people speak of everything, else by length."""
    valence = part["valence"].iloc[0]
    if part["weight"].notna().any():
        return -part["weight"]
    if pd.notna(valence) and valence != 0:
        return -np.sign(valence) * part["person"].map(feeling)
    return -part["text"].str.len().astype("float64")


def _likeness(part: pd.DataFrame, feeling: pd.Series, has: pd.DataFrame) -> pd.Series:
    """Of one code: how like each person's codes are to those of the others who said it, by mean Jaccard index."""
    own = has.loc[part["person"].unique()]
    if len(own) < 3:
        return pd.Series(np.nan, index=part.index)
    marks = own.to_numpy(dtype=float)
    both, size = marks @ marks.T, marks.sum(axis=1)
    likes = both / (size[:, None] + size[None, :] - both)
    return part["person"].map(pd.Series((likes.sum(axis=1) - 1) / (len(own) - 1), index=own.index))


def _shorten(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rsplit(" ", 1)[0] + " …"
