"""Values that no reader expects: extreme numbers, absurd dates, formulas, signs that break formats."""

from __future__ import annotations

import random
from typing import Any

TEXTS = (
    "", " ", "NaN", "nan", "inf", "-inf", "1e400", "-1e400", "-1", "0", "-0", "1e-400",
    "9223372036854775808", "18446744073709551616",
    "1" * 400, "1" * 5_000, "0x10", "1_000", "1,5", "1.5.5", "٣", "½", "true", "null", "None", "\\N",
    "0000-00-00", "0001-01-01T00:00:00Z", "1677-09-21T00:12:43Z", "9999-12-31T23:59:59Z", "10000-01-01", "2026-02-30", "2026-13-01",
    "2026-03-29T02:30:00", "2026-03-01T25:61:61", "2026-03-01T00:00:00+99:99", "2026-03-01T00:00:00[Mars/Base]", "31/31/2026",
    "99999999999999999999", "-62135596800", "1e18", "20260301", "1772323200000000000", "Thu Jan 01 99999",
    "=1+1", '=HYPERLINK("http://x.invalid","a")', "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "\t=1", "'", '"', '""', "a,b;c\td",
    "a\nb", "a\r\nb", "\r", "\0", "\x1b[31m", "\x07", "\ufeff", "\u202e", "\u2028", "\ud800", "\U0010ffff", "é" * 300, "a" * 40_000,
    "../../../../etc/passwd", "/etc/passwd", "C:\\x", "file:///etc/passwd", "internal://../../x", "http://x.invalid/a", "\\\\x\\y",
    "<script>alert(1)</script>", "&amp;&lt;", "]]>", "<!--", "%s%n{0}{}", "${jndi:ldap://x.invalid}", "'; DROP TABLE events; --",
    '" OR 1=1 --', "__import__('os').system('true')", "{{7*7}}", "(a+)+$", "re:(a+)+$", "re:[", "*" * 60, "?" * 60,
)  # fmt: skip
"""Cells, keys, attributes and names."""

NUMBERS = (
    0,
    -1,
    1,
    2**31,
    2**63,
    2**64,
    -(2**63),
    10**30,
    1.5,
    -0.0,
    1e308,
    5e-324,
    float("inf"),
    float("-inf"),
    float("nan"),
)


def text(rng: random.Random) -> str:
    """A text that is odd."""
    return rng.choice(TEXTS)


def value(rng: random.Random, depth: int = 0) -> Any:
    """A value as JSON has them that is odd."""
    turn = rng.random()
    if turn < 0.5:
        return text(rng)
    if turn < 0.75:
        return rng.choice(NUMBERS)
    if turn < 0.85 or depth > 2:
        return rng.choice((None, True, False))
    if turn < 0.92:
        return [value(rng, depth + 1) for _ in range(rng.choice((0, 1, 3)))]
    return {text(rng)[:50]: value(rng, depth + 1) for _ in range(rng.choice((0, 1, 3)))}


def deep(rng: random.Random) -> Any:
    """A value that is nested deeper than any export."""
    inner: Any = 1
    for _ in range(rng.choice((50, 400))):
        inner = [inner] if rng.random() < 0.5 else {"a": inner}
    return inner
