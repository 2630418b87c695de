"""Pictures without what a reader does not see: texts, times, profiles, places, and whatever follows the end."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib

SIGN = b"\x89PNG\r\n\x1a\n"
KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
MOST = 20_000_000
PNG = "data:image/png;base64,"


class PictureError(ValueError):
    """It cannot be cleaned; the message says why."""


def clean_png(content: bytes) -> tuple[bytes, int]:
    """A PNG with nothing but its pixels.

    Returns
    -------
    content : bytes
        Header, palette, transparency and pixels; the chunks are those of PNG (Third Edition), W3C 2025, chapter 11.
    dropped : int
        How many other chunks there were, and one more for bytes after the end.

    Raises
    ------
    PictureError
    """
    if len(content) > MOST:
        raise PictureError(f"has more than {MOST:,} bytes")
    if not content.startswith(SIGN):
        raise PictureError("is no PNG")
    kept, dropped, place = [SIGN], 0, len(SIGN)
    while place + 12 <= len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        kind, end = content[place + 4 : place + 8], place + 12 + length
        if (
            end > len(content)
            or zlib.crc32(content[place + 4 : end - 4]) != struct.unpack(">I", content[end - 4 : end])[0]
        ):
            raise PictureError("is damaged")
        if kind in KEPT:
            kept.append(content[place:end])
        else:
            dropped += 1
        place = end
        if kind == b"IEND":
            return b"".join(kept), dropped + (place < len(content))
    raise PictureError("has no end")


def clean_source(source: str) -> tuple[str, int]:
    """The same for a picture that stands in a page.

    Raises
    ------
    PictureError
        When it is of another kind, or lies elsewhere.
    """
    if not source.startswith(PNG):
        raise PictureError("is no PNG within the page")
    try:
        content = base64.b64decode("".join(source[len(PNG) :].split()), validate=True)
    except binascii.Error:
        raise PictureError("is damaged") from None
    cleaned, dropped = clean_png(content)
    return PNG + base64.b64encode(cleaned).decode(), dropped
