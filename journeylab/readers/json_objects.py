"""JSON of any size and with any line breaks, one object at a time; behind a damaged object the next sound one is found."""

from __future__ import annotations

import codecs
import collections
import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from journeylab.readers.account import Account

LARGEST = 64 * 1024**2
"""An object of more characters is left out: no system writes one."""
REACH = 4 * 1024**2
"""An object that is found again behind a damaged one may be this long."""
HEAD = 65_536
"""In so many characters at the start the first array of an outer object begins."""
EXCERPT, MOST_SHAPES = 200, 32
MOST_EFFORT = 128 * 1024**2
"""So many characters, and ten times what was read, are looked at in vain before a damaged text is given up."""
TOO_DEEP = 4_000
"""What a try costs, in characters, that ends because objects stand too deep in each other."""

DAMAGED = "that is not JSON (damaged or cut short)"
BLANKS = re.compile(r"\s*")
BETWEEN = re.compile(r"[\s,\[\]}]*")
OBJECT = re.compile(r'\{\s*"')
OBJECT_KEY = re.compile(r'\{\s*"((?:[^"\\]|\\.)*)"\s*:')
NO_TEXT = re.compile("[\udc80-\udcff]")
DECODER = json.JSONDecoder()

Fits = Callable[[dict[str, Any]], bool]
Shapes = dict[str, frozenset[str]]
"""The keys of sound objects by their first key: objects of one kind begin alike."""


class _NoJsonError(Exception):
    """What stands here is no JSON, however much more of the file is read."""


class _Text:
    """The part of a text that is looked at; what lies before the place `at` is forgotten as more is read."""

    def __init__(self, parts: Iterator[str]) -> None:
        self.parts = parts
        self.text, self.at = "", 0
        self.ended = False
        self.before = ""
        self.effort, self._size = 0, 0
        self._line, self._counted = 1, 0

    @property
    def line(self) -> int:
        """The number of the line."""
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = max(self._counted, self.at)
        return self._line

    def more(self) -> bool:
        """Read on; False where the text has ended."""
        part = next(self.parts, None)
        self.ended = part is None
        if part is not None:
            self._size += len(part)
            _ = self.line
            self.text, self.at, self._counted = self.text[self.at :] + part, 0, self._counted - self.at
        return part is not None

    @property
    def hopeless(self) -> bool:
        """Whether looking for sound objects has cost more than it ever does in a file that only has damage."""
        return self.effort > MOST_EFFORT + 10 * self._size

    def give_up(self) -> None:
        """Read no further."""
        self.parts, self.ended, self.at = iter(()), True, len(self.text)

    def skip(self, signs: re.Pattern[str]) -> str:
        """Go past some signs; the first other one, "" at the end. `before` is the last that is no blank."""
        while True:
            end = signs.match(self.text, self.at).end()  # type: ignore[union-attr]  # all match nothing as well
            self.before = self.text[self.at : end].rstrip()[-1:] or self.before
            self.at = end
            if end < len(self.text):
                return self.text[end]
            if not self.more():
                return ""

    def peek(self, most: int = LARGEST) -> tuple[Any, int]:
        """The value that stands here, and where it ends."""
        tried = 0
        while True:
            size = len(self.text) - self.at
            if size >= 2 * tried or self.ended:
                tried = size
                try:
                    value, end = DECODER.raw_decode(self.text, self.at)
                    if end < len(self.text) or self.ended:  # else a number may go on
                        return value, end
                except json.JSONDecodeError as error:
                    self.effort += error.pos - self.at
                    cut = error.msg.startswith("Unterminated string") or error.pos > len(self.text) - 16
                    if not cut or self.ended:
                        raise _NoJsonError from None
                except (ValueError, RecursionError):
                    self.effort += TOO_DEEP
                    raise _NoJsonError from None
            if size > most:
                raise _NoJsonError
            self.more()

    def take(self) -> Any:
        """The value that stands here; the place is then behind it."""
        value, self.at = self.peek()
        return value


def json_objects(
    parts: Iterable[str], account: Account, *, within: str | None = None, fits: Fits | None = None
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The objects of a JSON text: in an array, one after the other, or in the arrays of one outer object.

    Parameters
    ----------
    parts : iterable of str
        The text, cut anywhere; `decoded` makes it of bytes.
    within : str, optional
        A regular expression for the keys of an outer object whose arrays hold the objects, such as the tables of an
        export.
    fits : callable, optional
        Whether an object is of the kind that is wanted. Objects within objects look alike where the outer one is damaged;
        where not given, one with keys of the sound objects before it is taken, or with the first key of the damaged one.

    Yields
    ------
    tuple of str, str and dict
        The key of the array, "" without an outer object; the place for messages; the object. Objects that are damaged are
        read and lost here, the others only yielded.
    """
    text = _Text(iter(parts))
    first = text.skip(BLANKS)
    table = None
    if within is not None and first == "{":
        while len(text.text) < HEAD and text.more():
            pass
        key = re.compile(rf'"(?:{within})"\s*:\s*\[')
        table = key if key.search(text.text) else None
    name, number = "", 0
    shapes: Shapes = {}
    sound = True
    while (sign := text.skip(BETWEEN)) != "":
        if table is not None and (sign == '"' or (sign == "{" and not number and not name)):
            before = name
            name, number = _next_array(text, within or "", name, number)
            shapes = shapes if name == before else {}
            continue
        number += 1
        line = text.line
        place = f"{name} {number}" if name else f"line {line}" if line > 1 or number == 1 else f"object {number}"
        excerpt = text.text[text.at : text.at + EXCERPT]
        try:
            value = text.take()
            if not isinstance(value, dict) and text.skip(BLANKS) not in ("", ",", "]", "{", "["):
                raise _NoJsonError
        except _NoJsonError:
            account.read()
            account.lose(DAMAGED, place, excerpt)
            if text.hopeless:
                account.read()
                account.lose("behind damage in which no sound object was found; the rest was not read", place)
                text.give_up()
                break
            sound = _find_next(text, functools.partial(_fits, shapes=shapes or _learn(text), fits=fits), table)
            continue
        if isinstance(value, dict):
            if value and len(shapes) < MOST_SHAPES:
                shapes.setdefault(next(iter(value)), frozenset(value))
            yield name, place, value
        else:
            account.read()
            account.lose("that is no JSON object", place, value)
    if sound and (first == "[" or table is not None) and text.before not in ("]", "}"):
        account.note("the file ends before its list is closed; it may be cut short")


def decoded(parts: Iterable[bytes], account: Account) -> Iterator[str]:
    """The text of a file in UTF-8 or UTF-16; a byte that is neither is read as Windows-1252."""
    decoder = None
    for part in parts:
        if decoder is None:
            marked = part[:2] in (b"\xff\xfe", b"\xfe\xff")
            if marked:
                account.note("the file is UTF-16")
            decoder = codecs.getincrementaldecoder("utf-16" if marked else "utf-8-sig")(
                "replace" if marked else "surrogateescape"
            )
        text = decoder.decode(part)
        if NO_TEXT.search(text):
            text, n = NO_TEXT.subn(lambda sign: bytes([ord(sign[0]) - 0xDC00]).decode("cp1252", "replace"), text)
            account.see("bytes are not UTF-8 and were read as Windows-1252", n=n)
        yield text


def _next_array(text: _Text, within: str, name: str, number: int) -> tuple[str, int]:
    """Go into the outer object, to its next key; the values of keys that are not wanted are passed over."""
    try:
        if text.text[text.at] == "{":
            text.at += 1
            return name, number
        key = text.take()
        if text.skip(BLANKS) != ":":
            return name, number
        text.at += 1
        text.skip(BLANKS)
        if re.fullmatch(within, key):
            return key, 0
        text.take()
    except _NoJsonError:
        text.at = min(text.at + 1, len(text.text))
    return name, number


def _find_next(text: _Text, fits: Fits, table: re.Pattern[str] | None) -> bool:
    """Go to the next sound object, or the next array of the outer object; False at the end of the text."""
    wanted = re.compile(f"{OBJECT.pattern}|{table.pattern}") if table else OBJECT
    text.at += 1
    while True:
        found = wanted.search(text.text, text.at)
        if found is None:
            text.at = max(text.at, len(text.text) - EXCERPT)
            if not text.more():
                text.at = len(text.text)
                return False
            continue
        text.at = found.start()
        if found[0].startswith('"') or text.hopeless:
            return True
        try:
            value, _ = text.peek(REACH)
            if fits(value):
                return True
        except _NoJsonError:
            pass
        text.at += 1


def _learn(text: _Text) -> Shapes:
    """The shape of what follows where even the first object is damaged: of those that begin like it, else of most."""
    while len(text.text) - text.at < REACH and text.more():
        pass
    if (begins := OBJECT_KEY.match(text.text, text.at)) and text.text.find(begins[0], begins.end()) >= 0:
        return {begins[1]: frozenset([begins[1]])}
    sizes, shapes = collections.Counter[str](), Shapes()
    at = text.at
    while (found := OBJECT.search(text.text, at)) and not text.hopeless:
        at = found.end()
        try:
            value, at = DECODER.raw_decode(text.text, found.start())
        except json.JSONDecodeError as error:
            text.effort += error.pos - found.start()
            continue
        except (ValueError, RecursionError):
            text.effort += TOO_DEEP
            continue
        first = next(iter(value))
        sizes[first] += at - found.start()
        shapes.setdefault(first, frozenset(value))
    return {key: shapes[key] for key, _ in sizes.most_common(1)}


def _fits(value: dict[str, Any], fits: Fits | None, shapes: Shapes) -> bool:
    """Whether an object begins like those that are known, and has a quarter of their keys or half where they begin apart."""
    first = next(iter(value))
    alike = [key for key, names in shapes.items() if 4 * len(names & set(value)) >= min(len(names), len(value))]
    if len(shapes) > 1:
        alike = [key for key in alike if key == first or 2 * len(shapes[key] & set(value)) >= len(shapes[key])]
        return bool(alike) and (fits is None or fits(value))
    return first in alike and (fits is None or fits(value))
