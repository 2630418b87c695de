"""XML of any size, one element at a time: entities and document types are refused, and damage costs its own element."""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from journeylab.errors import DataError
from journeylab.readers.account import Account
from journeylab.readers.stream import CHUNK, LONGEST, chunks
from journeylab.text import count as counted

DEEPEST = 1_000
"""So deep may elements of XML stand in each other."""
FORBIDDEN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\udc80-\udcff]")
"""Signs that XML forbids, and bytes that could not be decoded."""
MENDED = {
    **dict.fromkeys((*range(9), 0x0B, 0x0C, *range(0x0E, 0x20)), "\ufffd"),
    **{0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)},
}
START_TAG = re.compile(r"<(?![?!/])[^<>]+>")


def xml_elements(
    path: Path, account: Account, tag: str, *, outside: Iterable[str] = (), partial: bool = False
) -> Iterator[tuple[str, Any]]:
    """The elements of a tag, one at a time and forgotten afterwards; entities and document types are refused.

    Parameters
    ----------
    tag : str
        Without its namespace.
    outside : iterable of str
        Further tags to yield.
    partial : bool
        Whether to yield the element in which the file breaks off, with the children that are whole.

    Raises
    ------
    DataError
        When the file defines entities.

    Notes
    -----
    Elements of the tag do not stand in each other. What stands outside them is forgotten as well, so that memory holds one
    element at a time. Behind damage, reading goes on with the next element of the tag.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException

    wanted = {tag, *outside}
    start = re.compile(rf"<(?:[\w.-]+:)?{re.escape(tag)}(?=[\s/>])")
    parser, opening, damaged, broken = _xml_parser(), "", False, ""
    count = outer = silent = 0
    stack: list[Any] = []
    pieces = itertools.chain(_cut(xml_text(path, account), start), [None, None])
    for text in pieces:
        begins = text is not None and start.match(text)
        if begins and outer:  # the one before was never closed
            broken, damaged = f"{tag} {count + 1}", True
        if broken:
            account.read()
            account.lose("where the file is no longer XML (damaged or cut short)", broken)
            if partial and outer:
                count += 1
                yield f"{_local(stack[outer - 1])} {count}", _whole_part(stack, outer)
            broken, outer = "", 0
        if damaged and not begins:
            continue
        if damaged:
            parser, stack, damaged = _xml_parser(), [], False
            parser.feed((START_TAG.search(opening) or [f"<{tag}s>"])[0])
        elif not count and text is not None and len(opening) < CHUNK:
            opening += text
        try:
            if text is None:
                parser.close()
                damaged = True
            else:
                parser.feed(text)
                silent += len(text)
            found: Any = parser.read_events()
            for event, element in found:
                silent = 0
                if event == "start":
                    stack.append(element)
                    if not outer and _local(element) in wanted:
                        outer = len(stack)
                    continue
                stack.pop()
                if outer and len(stack) >= outer:
                    continue
                if outer:
                    count, outer = count + 1, 0
                    yield f"{_local(element)} {count}", element
                    element.clear()
                if stack:
                    stack[-1].remove(element)
        except DefusedXmlException:
            raise DataError(
                f"{path}: defines entities or a document type, which no export needs; it was not read."
            ) from None
        except ParseError as error:
            broken, damaged = f"{tag} {count + 1}" if count else f"line {error.position[0]}", True
        if silent > LONGEST or len(stack) > DEEPEST:
            account.read()
            account.lose(
                f"longer than {counted(LONGEST)} characters or deeper than {counted(DEEPEST)} elements", "an element"
            )
            return


def _whole_part(stack: list[Any], outer: int) -> Any:
    """The element in which the text breaks off, without the child that is not whole."""
    element = stack[outer - 1]
    if len(stack) > outer:
        element.remove(stack[outer])
    return element


def _xml_parser() -> Any:
    """A parser that takes text as it comes and refuses document types and entities."""
    from xml.etree.ElementTree import XMLPullParser

    from defusedxml.ElementTree import DefusedXMLParser

    return XMLPullParser(("start", "end"), _parser=DefusedXMLParser(forbid_dtd=True))


def _cut(parts: Iterable[str], start: re.Pattern[str]) -> Iterator[str]:
    """A text, cut before every place where a pattern stands."""
    rest = ""
    for part in parts:
        text, begin = rest + part, 0
        for found in start.finditer(text, 1):
            yield text[begin : found.start()]
            begin = found.start()
        edge = text.rfind("<", max(begin + 1, len(text) - 300))
        edge = edge if edge > begin else len(text)
        yield text[begin:edge]
        rest = text[edge:]
    yield rest


def _local(element: Any) -> str:
    """The tag of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def xml_text(path: Path, account: Account) -> Iterator[str]:
    """The text of an XML file; a byte that its encoding does not know, and a sign that XML forbids, break nothing."""
    decoder = None
    for chunk in chunks(path, account):
        if decoder is None:
            decoder = codecs.getincrementaldecoder(_xml_encoding(chunk, account))("surrogateescape")
        try:
            text = decoder.decode(chunk)
        except UnicodeError:
            account.note(f"the file is not {_xml_encoding(chunk, account)} all through; the rest was left out")
            return
        if FORBIDDEN.search(text):
            text = text.translate(MENDED)
            account.note("the file holds bytes that are no text in its encoding; they were read as Windows-1252")
        yield text.removeprefix("\ufeff")


def _xml_encoding(start: bytes, account: Account) -> str:
    """The encoding by the file's first bytes, else the one that it declares, else UTF-8."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    declared = re.match(rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)", start[:500])
    name = declared[1].decode("ascii") if declared else "utf-8"
    try:
        if codecs.lookup(name).name.startswith(("utf-16", "utf-32")) or not isinstance(b"<".decode(name), str):
            return "utf-8"
    except (LookupError, UnicodeError):
        account.note(f"the file declares an encoding that is not known ({name}) and was read as UTF-8")
        return "utf-8"
    return name
