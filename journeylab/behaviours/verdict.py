"""How many behaviours does each criterion want, and what should a reader do about it?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from journeylab import locales, text
from journeylab.behaviours.recurrence import STEADY, STRONG

COLUMNS = ("criterion", "says", "here", "by_chance", "rule")

Rule = Callable[[pd.Series], float]


def verdicts(selection: pd.DataFrame, k: int) -> pd.DataFrame:
    """Say which number of behaviours each criterion wants.

    Parameters
    ----------
    selection : DataFrame
        See `journeylab.behaviours.Behaviours`.
    k : int
        The number in use.

    Returns
    -------
    DataFrame
        criterion, says (a number of behaviours), here (the criterion's value at `k`), by_chance (the most that simulated
        journeys reach there), rule; criteria that were not worked out are left out.
    """
    rows = []
    values = selection.set_index("k")
    for name, column, chance, rule, words in _CRITERIA:
        known = values[column].dropna() if column in values else pd.Series(dtype=float)
        if len(known) and (len(known) > 1 or column not in {"bic", "icl"}):
            by_chance = values[chance].get(k) if chance else None
            rows.append((name, int(rule(known)), values[column].get(k), by_chance, locales.written(words)))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"here": float, "by_chance": float})


def recommend(selection: pd.DataFrame, k: int, *, given: bool, reason: str, weak: Sequence[str]) -> str:
    """Put in words which number of behaviours to work with, who says otherwise, and what that means.

    Parameters
    ----------
    selection : DataFrame
    k : int
        The number in use.
    given : bool
        Whether it was asked for, not chosen.
    reason : str
        Why there is one only; empty where there are more.
    weak : sequence of str
        Behaviours that are not stable.
    """
    said = verdicts(selection, k)
    if k == 1 and not given:
        return _none(said, reason)
    parts = [f"The number, {k}, was set and not chosen." if given else f"Work with {k} behaviours."]
    parts += [_counted(said, k), _chance(selection, k)]
    of = said.set_index("criterion")["says"]
    strength, steady = of.get("prediction strength", k), of.get("stability", k)
    if of.get("ICL", k) < k:
        parts.append("ICL wants fewer where behaviours overlap: expect customers who lie between two.")
    if of.get("BIC", k) != k and not given:
        parts.append(
            f"BIC alone would take {of['BIC']}; that gains no more over fewer than chance gives, or makes a behaviour too small to "
            "be one."
        )
    if of.get("silhouette", k) < k:
        parts.append(
            "Seen from afar some of them lie close to each other: the coarser grouping has the clearer borders."
        )
    if weak:
        parts.append(
            f"Not stable (under {text.short(STEADY)}) {'is' if len(weak) == 1 else 'are'} {text.sentence_list(weak)}: in another "
            "draw of the customers that group comes out otherwise, so describe it and do not act on it."
        )
    elif steady >= k and strength < k:
        parts.append(
            f"Half of the customers do not suffice to draw the same borders (prediction strength under {text.short(STRONG)}): the "
            "groups are there, who belongs to them is less sure."
        )
    if k > 1 and k == selection["k"].max() and not given:
        parts.append(f"{k} is the most that was tried, so there are at least {k}: try again with a larger k_max.")
    return " ".join(part for part in parts if part)


def _none(said: pd.DataFrame, reason: str) -> str:
    """What to do where there are no behaviours."""
    split = said[(said["says"] > 1) & (said["criterion"] != "silhouette")]
    parts = [f"Treat the customers as one group: {reason}."]
    if len(split):
        wants = [f"{row.criterion} {row.says}" for row in split.itertuples(index=False)]
        parts.append(
            f"Some criteria would split them ({text.sentence_list(wants)}), but a split that chance or memory makes as well is no "
            "finding."
        )
    if len(said):
        parts.append(
            "Differences between customers may still be gradual; groups would be the analyst's, not the data's."
        )
    return " ".join(parts)


def _counted(said: pd.DataFrame, k: int) -> str:
    """Who agrees and who does not."""
    agree = list(said.loc[said["says"] == k, "criterion"])
    others = [
        f"{text.sentence_list(part['criterion'])} {_verb(len(part), says)}"
        for says, part in said[said["says"] != k].groupby("says", sort=True)
    ]
    if not len(said):
        return ""
    if not others:
        return (
            f"All {len(said)} criteria agree: {text.sentence_list(agree)}." if len(said) > 1 else f"{agree[0]} agrees."
        )
    if not agree:
        return text.sentence("; ".join(others)) + "."
    return (
        f"{text.sentence(text.sentence_list(agree))} {'agrees' if len(agree) == 1 else 'agree'}; {'; '.join(others)}."
    )


def _verb(n: int, says: int) -> str:
    words = ("bears out none", "bear out none") if says == 1 else (f"says {says}", f"say {says}")
    return words[n > 1]


def _chance(selection: pd.DataFrame, k: int) -> str:
    """What the behaviours are worth beside what chance gives, where that was worked out."""
    here = selection.set_index("k").loc[k]
    pairs = [
        ("log-likelihood gained a journey over one pattern", "gain", "null_gain"),
        ("average silhouette", "silhouette", "null_silhouette"),
    ]
    for words, name, null in pairs:
        if name in here and pd.notna(here[null]):
            beats = "More than" if here[name] > here[null] else "No more than"
            return f"{beats} chance: {words} {text.number(here[name])}, by chance at most {text.number(here[null])}."
    return ""


def _last(bar: float) -> Rule:
    """The largest number whose value reaches the bar; 1 where none does."""
    return lambda values: max([1, *values.index[values >= bar]])


_CRITERIA: tuple[tuple[str, str, str, Rule, str], ...] = (
    ("BIC", "bic", "", lambda values: values.idxmin(), "lowest"),
    ("ICL", "icl", "", lambda values: values.idxmin(), "lowest; asks for clear membership too"),
    ("silhouette", "silhouette", "null_silhouette", lambda values: values.idxmax(), "widest; knows no 'none'"),
    ("prediction strength", "prediction_strength", "", _last(STRONG), f"the most with {STRONG:g} or more"),
    ("stability", "stability", "", _last(STEADY), f"the most with {STEADY:g} or more in the least stable behaviour"),
)
