"""Choice texts of survey questions as numbers: what is written in them, or the usual words of a scale."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from journeylab.readers.values import parse_numbers

NUMBERED = (
    r"^\s*(-?\d+)(?:\s*[-–—:.)=]\s*|\s+)[^\W\d_]\D*$",
    r"^\D*[^\W\d_]\D*[-–—:(=]\s*(\d+)\s*\)?\s*$",
)
"""The one number of a text, before the words (`10 - Extremely likely`) or behind them (`Extremely likely (10)`)."""

USUAL = (
    ("strongly disagree", "somewhat disagree", "neither agree nor disagree", "somewhat agree", "strongly agree"),
    ("strongly disagree", "disagree", "neither agree nor disagree", "agree", "strongly agree"),
    ("strongly disagree", "disagree", "somewhat disagree", "neither agree nor disagree", "somewhat agree", "agree",
     "strongly agree"),
    ("extremely dissatisfied", "somewhat dissatisfied", "neither satisfied nor dissatisfied", "somewhat satisfied",
     "extremely satisfied"),
    ("extremely dissatisfied", "moderately dissatisfied", "slightly dissatisfied", "neither satisfied nor dissatisfied",
     "slightly satisfied", "moderately satisfied", "extremely satisfied"),
    ("extremely difficult", "somewhat difficult", "neither easy nor difficult", "somewhat easy", "extremely easy"),
    ("extremely difficult", "moderately difficult", "slightly difficult", "neither easy nor difficult", "slightly easy",
     "moderately easy", "extremely easy"),
)  # fmt: skip
"""The words that Qualtrics proposes for scales of 5 and 7, the worst first."""


def choice_numbers(
    text: pd.Series, values: Mapping[str, float], scale: tuple[float, float], usual: int
) -> tuple[pd.Series, pd.Series, str]:
    """Read answers as numbers.

    Parameters
    ----------
    text : Series of str
    values : mapping
        Choice text to number; it goes before everything else.
    scale : (float, float)
        The ends of the scale.
    usual : int
        1 where the usual words count upwards, -1 downwards, 0 where they are not to be used.

    Returns
    -------
    numbers : Series of float64
        NaN where empty or bad.
    bad : Series of bool
        Answers that are no number.
    how : str
        What was done with texts; empty where all were numbers.

    Examples
    --------
    >>> text = pd.Series(["7", "Extremely likely - 10", "0 = Not at all", ""])
    >>> choice_numbers(text, {}, (0, 10), 1)[0].tolist()
    [7.0, 10.0, 0.0, nan]
    """
    plain = text.str.strip().str.lower()
    said = plain.map({str(word).strip().lower(): float(number) for word, number in values.items()}).astype("float64")
    numbers, _ = parse_numbers(text)
    numbers = said.fillna(numbers)
    words = plain[numbers.isna() & (plain != "")]
    how = []
    if said.notna().any():
        how.append("by the option values")
    if len(words):
        list_ = next((one for one in USUAL if set(words) <= set(one) and len(one) == scale[1] - scale[0] + 1), None)
        if list_ and usual:
            order = list_ if usual > 0 else list_[::-1]
            places = {word: scale[0] + place for place, word in enumerate(order)}
            numbers = numbers.fillna(words.map(places).astype("float64"))
            how.append(f"by their usual order, '{order[0]}' = {scale[0]:g} to '{order[-1]}' = {scale[1]:g}")
        elif list_ is None:
            found = pd.Series(np.nan, index=words.index)
            for pattern in NUMBERED:
                found = found.fillna(pd.to_numeric(words.str.extract(pattern)[0], errors="coerce"))
            if found.notna().any():
                numbers = numbers.fillna(found)
                how.append("by the number in them")
    return numbers, (plain != "") & numbers.isna(), " and ".join(how)
