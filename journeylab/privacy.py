"""People's words are theirs: masks, pseudonyms and small cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pandas as pd

PATTERNS = (
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"), "[e-mail]"),
    (re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE), "[link]"),
    (re.compile(r"(?<![\w.,])\+?\d(?:[ ().\-/]{0,2}\d){7,18}(?!\w)"), "[number]"),
)
"""E-mail addresses, links, and runs of eight or more digits (phone, card, order, tax numbers)."""


def spoken_by(words: pd.Series, names: Iterable[str]) -> pd.Series:
    """Say of each passage whether it begins with one of the names and a colon, as transcripts mark who speaks.

    Examples
    --------
    >>> spoken_by(pd.Series(["Moderator: go on", "I moderate", "MODERATOR : well"]), ["moderator"]).tolist()
    [True, False, True]
    """
    speakers = "|".join(re.escape(name) for name in names)
    if not speakers:
        return pd.Series(False, index=words.index)
    return words.fillna("").str.match(rf"\s*(?:{speakers})\s*:", flags=re.IGNORECASE).astype(bool)


def mask(text: str, names: Iterable[str] = ()) -> str:
    """Replace e-mail addresses, links, long numbers and given names.

    Parameters
    ----------
    text : str
    names : iterable of str
        Names of people or firms to mask, as whole words, in any case.

    Examples
    --------
    >>> mask("Write to ann@example.org or call +49 30 1234567, says Ann.", ["Ann"])
    'Write to [e-mail] or call [number], says [name].'
    >>> mask("I paid 499 euros in 2025.")
    'I paid 499 euros in 2025.'
    """
    for pattern, word in PATTERNS:
        text = pattern.sub(word, text)
    known = sorted({name for name in names if name.strip()}, key=len, reverse=True)
    if known:
        text = re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, known))})(?!\w)", "[name]", text, flags=re.IGNORECASE)
    return text


def pseudonyms(ids: Iterable[str], prefix: str = "P") -> dict[str, str]:
    """Give people short labels in the order of their sorted ids; ids that are such labels already stay as they are.

    Examples
    --------
    >>> pseudonyms(["maria", "jon"])
    {'jon': 'P1', 'maria': 'P2'}
    >>> pseudonyms(["P07", "P12"])
    {'P07': 'P07', 'P12': 'P12'}
    """
    ordered = sorted(set(ids))
    if all(re.fullmatch(r"[A-Z]{1,3}-?\d{1,4}", name) for name in ordered):
        return {name: name for name in ordered}
    width = len(str(len(ordered)))
    return {name: f"{prefix}{number:0{width}d}" for number, name in enumerate(ordered, start=1)}


def hold_back(frame: pd.DataFrame, margins: Sequence[Sequence[str]], *, n: str = "n", minimum: int = 5) -> pd.DataFrame:
    """Leave out rows with few people, and as many more as keep the sums from giving them back.

    Parameters
    ----------
    margins : sequence of sequence of str
        Columns within whose values rows add up to something that is known; no columns for all rows together.

    Returns
    -------
    DataFrame
        The rows that may be shown. In each margin those left out add up to at least ``minimum`` plus one less than their
        number, so that each could be as large as the minimum (Hundepool et al. 2012, Statistical Disclosure Control, chapter 4).

    Examples
    --------
    >>> paths = pd.DataFrame({"at": ["a", "a", "a", "b"], "n": [60, 12, 3, 20]})
    >>> hold_back(paths, [["at"]])["n"].tolist(), len(hold_back(paths, [["at"]], minimum=1))
    ([60, 20], 4)
    """
    gone = frame[n].between(1, minimum - 1)
    places = [
        list(frame.groupby(list(margin), sort=False).indices.values()) if margin else [range(len(frame))]
        for margin in margins
    ]
    changed = gone.any()
    while changed:
        changed = False
        for rows in (list(rows) for groups in places for rows in groups):
            out = [row for row in rows if gone.iloc[row]]
            left = [row for row in rows if not gone.iloc[row]]
            if out and left and (len(out) < 2 or frame[n].iloc[out].sum() < minimum + len(out) - 1):
                gone.iloc[min(left, key=lambda row: frame[n].iloc[row])] = True
                changed = True
    return frame[~gone]


def in_steps_of_many(curve: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """The rows of a curve at which at least `minimum` more have arrived than at the row before, and as many are still watched.

    Parameters
    ----------
    curve : DataFrame
        reached (so far) and at_risk, in the order of time.
    """
    kept, last = [], 0
    for place, (reached, left) in enumerate(zip(curve["reached"], curve["at_risk"], strict=True)):
        if reached - last >= minimum and left >= minimum:
            kept.append(place)
            last = reached
    return curve.iloc[kept]


def suppress(frame: pd.DataFrame, *, n: str = "n", minimum: int = 5, columns: Iterable[str]) -> pd.DataFrame:
    """Hide the estimates of cells with few people.

    Returns
    -------
    DataFrame
        A copy in which `columns` are missing where 0 < n < minimum, and ``reason`` says so.

    Notes
    -----
    A hidden cell may still be computed from a total and the other cells; this hides cells, it does not protect margins.
    """
    shown = frame.copy()
    small = (shown[n] > 0) & (shown[n] < minimum)
    for column in columns:
        shown[column] = shown[column].where(~small)
    reason = shown["reason"] if "reason" in shown else pd.Series("", index=shown.index)
    shown["reason"] = reason.where(~small, f"fewer than {minimum}: not shown")
    return shown
