"""Questionnaires of several items: SUS, UMUX-Lite, PSSUQ."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from journeylab.voices.scores import Score, mean_score, no_score

PSSUQ = {
    16: {
        "overall": (1, 16),
        "system usefulness": (1, 6),
        "information quality": (7, 12),
        "interface quality": (13, 15),
    },
    19: {
        "overall": (1, 19),
        "system usefulness": (1, 8),
        "information quality": (9, 15),
        "interface quality": (16, 18),
    },
}
"""The first and last item of each scale, in the third version (16 items) and the second (19)."""


def sus(items: ArrayLike) -> Score:
    """System usability scale, 0 to 100, from answers 1 to 5 to its ten items: mean with t interval.

    Parameters
    ----------
    items : array_like, shape (n_people, 10)
        In the order of the questionnaire. Who left out one item gets its middle, 3, as Brooke says; who left out more is
        left out.

    References
    ----------
    Brooke (1996), SUS: a quick and dirty usability scale.

    Examples
    --------
    >>> sus([[5, 2, 4, 1, 5, 2, 4, 2, 5, 3]]).value
    82.5
    """
    table = _matrix(items)
    method = "SUS, mean with t interval"
    if table.shape[1] != 10:
        return no_score(method, "points", "SUS needs ten items a person")
    return mean_score(sus_scores(table), _method(method, table, np.isnan(table).sum(axis=1) <= 1), unit="points")


def sus_scores(items: ArrayLike) -> NDArray[np.float64]:
    """SUS of each person; NaN for who left out more than one item."""
    table = _matrix(items)
    missing = np.isnan(table)
    table = np.where(missing, 3.0, table)
    score = 2.5 * ((table[:, 0::2] - 1).sum(axis=1) + (5 - table[:, 1::2]).sum(axis=1))
    return np.where(missing.sum(axis=1) <= 1, score, np.nan)


def umux_lite(items: ArrayLike, *, scale_max: float = 7, as_sus: bool = False) -> Score:
    """UMUX-Lite, 0 to 100, from its two items ("meets my requirements", "is easy to use"): mean with t interval.

    Parameters
    ----------
    items : array_like, shape (n_people, 2)
        Answers from 1; who left out one is left out.
    scale_max : float
        7, or 5.
    as_sus : bool
        The SUS that goes with it, ``0.65 * score + 22.9``: between 22.9 and 87.9.

    References
    ----------
    Lewis, Utesch and Maher (2013), CHI '13, 2099.

    Examples
    --------
    >>> round(umux_lite([[6, 7]]).value, 4), round(umux_lite([[6, 7]], as_sus=True).value, 4)
    (91.6667, 82.4833)
    """
    table = _matrix(items)
    method = "UMUX-Lite as SUS, mean with t interval" if as_sus else "UMUX-Lite, mean with t interval"
    if table.shape[1] != 2:
        return no_score(method, "points", "UMUX-Lite needs two items a person")
    score = (table.sum(axis=1) - 2) / (2 * (scale_max - 1)) * 100
    return mean_score(0.65 * score + 22.9 if as_sus else score, _method(method, table, ~np.isnan(score)), unit="points")


def pssuq(items: ArrayLike) -> dict[str, Score]:
    """Post-study system usability questionnaire, 1 (best) to 7 (worst): overall and three scales, means with t intervals.

    Parameters
    ----------
    items : array_like, shape (n_people, 16) or (n_people, 19)
        In the order of the questionnaire. A scale is the mean of the items that a person answered.

    Returns
    -------
    dict of str to Score
        overall, system usefulness, information quality, interface quality; lower is better.

    References
    ----------
    Lewis (2002), International Journal of Human-Computer Interaction 14:463.
    """
    table = _matrix(items)
    scales = PSSUQ.get(table.shape[1])
    method = "PSSUQ, mean with t interval (1 best, 7 worst)"
    if scales is None:
        why = f"PSSUQ needs 16 or 19 items a person, not {table.shape[1]}"
        return {"overall": no_score(method, "mean", why, higher_is_better=False)}
    means = {name: _row_mean(table[:, first - 1 : last]) for name, (first, last) in scales.items()}
    return {name: mean_score(values, method, higher_is_better=False) for name, values in means.items()}


def by_person(answers: pd.DataFrame) -> pd.DataFrame:
    """Answers to several items as one row a respondent and one column an item, in the order of the questionnaire.

    Parameters
    ----------
    answers : DataFrame
        Contract responses of one instrument. Of an item that somebody answered twice the last answer counts.

    Notes
    -----
    Items whose names end in different numbers (``q1``, ``q10``) are in the order of these; others as those stand who answered
    most of them.
    """
    if "response_time" in answers:
        answers = answers.sort_values("response_time", kind="stable", na_position="first")
    last = answers.drop_duplicates(["respondent_id", "item"], keep="last")
    items = list(dict.fromkeys(answers.loc[answers.index.sort_values(), "item"]))
    numbers = [re.search(r"(\d+)\D*$", str(item)) for item in items]
    found = [int(number.group(1)) for number in numbers if number]
    if len(set(found)) == len(items):
        items = [item for _, item in sorted(zip(found, items, strict=True))]
    else:
        fullest = last.groupby("respondent_id")["item"].size().idxmax()
        known = list(answers.sort_index().loc[answers.sort_index()["respondent_id"] == fullest, "item"].unique())
        items = known + [item for item in items if item not in known]
    return last.pivot(index="respondent_id", columns="item", values="score")[items]


def _matrix(items: ArrayLike) -> NDArray[np.float64]:
    table = np.asarray(items, dtype=float)
    return table if table.ndim == 2 else table.reshape(-1, 1)


def _method(method: str, table: NDArray[np.float64], used: NDArray[np.bool_]) -> str:
    """The method, with how many people were left out."""
    out = int((~used & ~np.isnan(table).all(axis=1)).sum())
    return f"{method}; {out} with too few answers left out" if out else method


def _row_mean(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of what each person answered; NaN for who answered nothing."""
    answered = ~np.isnan(table)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(answered, table, 0).sum(axis=1) / answered.sum(axis=1)
