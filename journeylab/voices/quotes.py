"""Quotes by rule, only with consent, and masked."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from journeylab.privacy import mask, pseudonyms
from journeylab.voices.prevalence import people_of

COLUMNS = ["code", "stage", "quote", "participant", "document_id", "coders", "consent"]
LONGEST = 320


def quotes(
    codings: pd.DataFrame,
    segments: pd.DataFrame,
    documents: pd.DataFrame,
    codes: pd.DataFrame,
    crosswalk: pd.DataFrame | None = None,
    *,
    code: str | None = None,
    stage: str | None = None,
    per: int = 2,
    share: str = "internal",
    names: Iterable[str] = (),
) -> pd.DataFrame:
    """Choose typical quotes of each code.

    Parameters
    ----------
    crosswalk : DataFrame, optional
        Says who agreed to be quoted. A person without a row in it has not agreed.
    code, stage : str, optional
        Only quotes of this code (name) or stage.
    per : int
        At most so many a code.
    share : str
        ``public`` shows only quotes of people who agreed. ``internal`` too, unless nobody was asked for consent at all (no
        crosswalk): then quotes are shown to the team, marked as without consent.
    names : iterable of str
        Names to mask, beside e-mail addresses, links and long numbers.

    Returns
    -------
    DataFrame
        code, stage, quote, participant (pseudonym), document_id, coders (who chose it), consent.

    Notes
    -----
    Typical is the quote that most coders chose, then the one whose length is nearest the median of the code's passages.
    """
    people = people_of(documents)
    labels = pseudonyms(people)
    frame = codings.drop_duplicates(["segment_id", "code_id", "coder"]).groupby(["segment_id", "code_id"]).size()
    frame = frame.reset_index(name="coders").merge(segments[["segment_id", "document_id", "text"]], on="segment_id")
    frame = frame.merge(codes[["code_id", "name", "stage"]], on="code_id").dropna(subset=["text"])
    frame = frame[frame["text"].str.strip() != ""]
    frame["person"] = frame["document_id"].map(people)
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
    if frame.empty:
        return pd.DataFrame(columns=COLUMNS)
    length = frame["text"].str.len()
    frame["distance"] = (length - length.groupby(frame["code_id"]).transform("median")).abs()
    frame = frame.sort_values(["name", "coders", "distance", "segment_id"], ascending=[True, False, True, True])
    frame = frame.drop_duplicates(["name", "person"]).groupby("name", sort=False).head(per)
    known = list(names)
    return pd.DataFrame(
        {
            "code": frame["name"],
            "stage": frame["stage"],
            "quote": [_shorten(mask(str(words), known)) for words in frame["text"]],
            "participant": frame["person"].map(labels),
            "document_id": frame["document_id"],
            "coders": frame["coders"],
            "consent": frame["consent"],
        }
    ).reset_index(drop=True)


def _shorten(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rsplit(" ", 1)[0] + " …"
