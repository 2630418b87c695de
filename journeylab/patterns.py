"""Patterns of a study: exact text, ``*`` and ``?``, and regular expressions that always come to an end.

The engine is RE2 (in pyarrow), whose time grows with the text and not faster: no pattern can hang a run. It knows no look-around
and no back references, and ``\\d`` and ``\\w`` mean ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REGULAR = "re:"
"""Begins a pattern that is a regular expression."""


def require_regular(expression: str, groups: int = 0) -> str:
    """Return the expression.

    Raises
    ------
    ValueError
        When it is no regular expression, needs what can take for ever, or has fewer groups.
    """
    import pyarrow as pa  # a study.toml without patterns is read before these are loaded
    import pyarrow.compute as pc

    try:
        for asked in (expression, f"(?:{expression})"):  # '\\Q' alone is sound, and takes the bracket with it
            pc.match_substring_regex(pa.array([""]), asked)
    except pa.ArrowInvalid as error:
        why = str(error).removeprefix("Invalid regular expression: ")
        if any(sign in expression for sign in ("(?=", "(?!", "(?<=", "(?<!")):
            why += "; look-ahead and look-behind are not known here, since they can take for ever"
        elif re.search(r"\\[1-9]|\(\?P=", expression):
            why += "; back references are not known here, since they can take for ever"
        raise ValueError(f"'{expression}' is no regular expression ({why}).") from None
    try:
        pc.replace_substring_regex(pa.array([""]), expression, rf"\{groups}")
    except pa.ArrowInvalid:
        raise ValueError(f"'{expression}' has no group.") from None
    return expression


def matcher(patterns: str | list[str]) -> Callable[[Sequence[str]], NDArray[np.bool_]]:
    """Which texts match one of the patterns: ``*`` is any text, ``?`` any sign, and after ``re:`` a regular expression.

    A regular expression has to match the whole text.

    Examples
    --------
    >>> matcher(["/p/*", "re:/cart/[0-9]+"])(["/p/1", "/cart/12", "/cart/x"]).tolist()
    [True, True, False]
    """
    texts = [patterns] if isinstance(patterns, str) else patterns
    alternatives = [
        f"(?:{text.removeprefix(REGULAR)})" if text.startswith(REGULAR) else f"(?s:{_globbed(text)})" for text in texts
    ]

    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    def matches(names: Sequence[str]) -> NDArray[np.bool_]:
        asked, found = pa.array(list(names), pa.string()), np.zeros(len(names), dtype=bool)
        for alternative in alternatives:
            found |= pc.match_substring_regex(asked, rf"\A{alternative}\z").to_numpy(zero_copy_only=False)
        return found

    return matches


def first_group(expression: str, text: str) -> str | None:
    """What the first group of the leftmost match holds, or None where nothing matches."""
    import pyarrow as pa
    import pyarrow.compute as pc

    asked = pa.array([text], pa.string())
    if not pc.match_substring_regex(asked, expression)[0].as_py():
        return None
    found: str = pc.replace_substring_regex(asked, rf"\A(?s:.*?)(?:{expression})(?s:.*)\z", r"\1")[0].as_py()
    return found


def _globbed(text: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(sign) or re.escape(sign) for sign in text)
