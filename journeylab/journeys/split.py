"""Which journeys are whose: parted by what is known of their customers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.journeys.model import Journeys, select


def split_by(j: Journeys, values: pd.Series) -> dict[str, Journeys]:
    """Part journeys by a value of their customers.

    Parameters
    ----------
    values : Series
        Index customer_id, such as ``study.attribute("device")``; journeys of customers without a value are in no part.

    Returns
    -------
    dict of str to Journeys
        The value as text to its journeys, the largest part first.
    """
    known = values.dropna()
    known = known[~known.index.duplicated()].astype("str").reindex(j.customer_ids)
    code, names = pd.factorize(known, sort=True)
    own = code[j.customer]
    sizes = np.bincount(own[own >= 0], minlength=len(names))
    return {str(names[place]): select(j, own == place) for place in np.argsort(-sizes, kind="stable") if sizes[place]}


def two_parts(j: Journeys, values: pd.Series, names: str = "") -> dict[str, Journeys]:
    """Return the two parts that `names` says, such as ``"mobile, desktop"``, or else the two largest.

    Raises
    ------
    StudyError
        When a name is no value, or there are fewer than two parts.
    """
    parts = split_by(j, values)
    return {name: parts[name] for name in chosen(parts, names)}


def chosen(parts: Iterable[str], names: str) -> list[str]:
    """Return the two names among the parts that `names` says, or else the first two.

    Raises
    ------
    StudyError
        When a name is no part, or there are fewer than two.
    """
    parts = list(parts)
    wanted = [name.strip() for name in names.split(",") if name.strip()] or parts[:2]
    for name in wanted:
        if name not in parts:
            raise StudyError(f"no customer has '{name}'; there are {listing(parts)}.{did_you_mean(name, parts)}")
    if len(set(wanted)) != 2:
        raise StudyError(f"two segments can be compared; found {listing(wanted) or 'none'}.")
    return wanted
