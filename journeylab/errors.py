"""What journeylab says when a study, its data or a report is not right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class JourneylabError(Exception):
    """Base of every error that a user can mend; the message says where, what and how."""


class StudyError(JourneylabError):
    """A study.toml is wrong: the message names the file and the key."""


class DataError(JourneylabError):
    """A data file or table is wrong: the message names the file, the row and the column."""


class ReportError(JourneylabError):
    """A run, a notebook or a report could not be made."""


class StatisticalWarning(UserWarning):
    """An estimate exists, but one of its assumptions looks doubtful."""


class DataQualityWarning(UserWarning):
    """The data could be read, but something in them deserves a look."""


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the nearest allowed word, or an empty string.

    Examples
    --------
    >>> did_you_mean("customerid", ["customer_id", "event_time"])
    " Did you mean 'customer_id'?"
    >>> did_you_mean("zzz", ["customer_id"])
    ''
    """
    by_lower = {str(name).lower(): str(name) for name in allowed}
    near = difflib.get_close_matches(str(word).lower(), list(by_lower), n=1, cutoff=0.6)
    return f" Did you mean '{by_lower[near[0]]}'?" if near else ""


def listing(words: Iterable[str], most: int = 12) -> str:
    """Join words for a message, cut after `most` of them.

    Examples
    --------
    >>> listing(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    words = [f"'{word}'" for word in words]
    if len(words) <= most:
        return ", ".join(words)
    return f"{', '.join(words[:most])} and {len(words) - most} more"
