"""The lines of a cell as one text that XML, a workbook and a CSV file hold without loss."""

from __future__ import annotations

import re

UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|\\\\(?=u[0-9a-f]{4})|_(?=x[0-9A-Fa-f]{4}_)"
)
WRITTEN = re.compile(r"\\u([0-9a-f]{4})")


def protect(text: str) -> str:
    r"""Write what XML cannot hold or programs change, such as a carriage return, as ``\uXXXX``.

    Notes
    -----
    Excel reads ``_x000D_`` so, therefore such a text is written otherwise as well.

    Examples
    --------
    >>> protect("a\rb"), protect(r"C:\users"), protect(r"\u000d")
    ('a\\u000db', 'C:\\users', '\\u005cu000d')
    """
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def restore(text: str) -> str:
    r"""Read what `protect` wrote.

    Examples
    --------
    >>> restore(protect("a\r" + r"\u000d")) == "a\r" + r"\u000d"
    True
    >>> restore(r"\ud800") == r"\ud800"
    True
    """
    return WRITTEN.sub(_sign, text)


def _sign(found: re.Match[str]) -> str:
    """The sign of a number; halves of signs, which `protect` never meets, stay numbers."""
    number = int(found[1], 16)
    return found[0] if 0xD800 <= number <= 0xDFFF else chr(number)


def join_lines(lines: tuple[str, ...]) -> str:
    r"""Join lines into one protected text.

    Notes
    -----
    A line feed within a line is written ``\u000a``. Where the last line is blank a line feed more ends the text, so that
    no lines and one blank line differ.

    Examples
    --------
    >>> join_lines(("a", "b\nc")), join_lines(("",)), join_lines(())
    ('a\nb\\u000ac', '\n', '')
    """
    written = "\n".join(protect(line).replace("\n", r"\u000a") for line in lines)
    return written + "\n" if lines and not lines[-1] else written


def split_lines(text: str) -> tuple[str, ...]:
    r"""Part a text into the lines that `join_lines` joined.

    Examples
    --------
    >>> split_lines(join_lines(("a", "b\nc", ""))) == ("a", "b\nc", "")
    True
    """
    return tuple(restore(line) for line in text.removesuffix("\n").split("\n")) if text else ()
