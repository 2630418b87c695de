"""Words of data in a study.toml: as quoted text, and in comments."""

from __future__ import annotations

from collections.abc import Sequence

from journeylab.text import count

SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def quoted(text: str) -> str:
    """Write a text as a basic string of TOML, whatever signs it holds.

    Examples
    --------
    >>> print(quoted('say "yes"\\n'))
    "say \\"yes\\"\\n"
    """
    return '"' + "".join(_sign(sign) for sign in _sound(text)) + '"'


def quoted_all(texts: Sequence[str]) -> str:
    """Write one text, or a list of several."""
    return quoted(texts[0]) if len(texts) == 1 else f"[{', '.join(map(quoted, texts))}]"


def remark(text: str, most: int = 160) -> str:
    """Write a text so that it stays within the line of a comment.

    Examples
    --------
    >>> remark("two\\nlines")
    'two lines'
    """
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in _sound(text)).split())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def numbered(n: int, word: str) -> str:
    """A number of things.

    Examples
    --------
    >>> numbered(1, "customer"), numbered(1200, "raw name")
    ('1 customer', '1,200 raw names')
    """
    return f"{count(n)} {word}" if n == 1 else f"{count(n)} {word}s"


def _sound(text: str) -> str:
    """The text without halves of characters, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _sign(sign: str) -> str:
    if sign in SHORT:
        return SHORT[sign]
    return sign if sign.isprintable() else f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"
