"""What is known of instruments: the ends of their scales, and which end is the good one."""

from __future__ import annotations

SCALES = {
    "nps": (0.0, 10.0),
    "csat": (1.0, 5.0),
    "ces": (1.0, 7.0),
    "sus": (1.0, 5.0),
    "stars": (1.0, 5.0),
    "umux_lite": (1.0, 7.0),
    "pssuq": (1.0, 7.0),
    "seq": (1.0, 7.0),
    "completion": (0.0, 1.0),
}
"""Scales of instruments that need not be said."""

LOWER_IS_BETTER = ("pssuq", "task_time")


def plain_instrument(name: str) -> str:
    """The name by which an instrument is known.

    Examples
    --------
    >>> plain_instrument("UMUX-Lite")
    'umux_lite'
    """
    return "_".join(name.lower().replace("-", " ").split())


def scale_of(name: str | None) -> tuple[float, float] | None:
    """The ends of the scale of an instrument, where they are known."""
    return None if name is None else SCALES.get(plain_instrument(name))


def is_better_high(name: str | None) -> bool:
    """Whether a high answer is a good one; true of all instruments but those that are known to be turned round."""
    return name is None or plain_instrument(name) not in LOWER_IS_BETTER
