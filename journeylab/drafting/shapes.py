"""Raw names of events by their shape: addresses without what is after ``?``, ids as ``*``, many siblings as one."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Iterable

from journeylab.drafting.stages import STAGE_OF, TELLING, words_of

MANY = 8
"""More different names at one place of an address are what is shown, such as articles, and not kinds of pages."""

LONGEST = 120
"""A longer part of an address is no name of a page."""

UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
ID = re.compile(rf"{UUID}|\d+|(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{{8,}}|.*\d{{3,}}.*|.*@.*|(?=.*\d)(?=.*[A-Z])[\w-]{{16,}}")
PLAIN_ID = re.compile(rf"{UUID}|#?\d{{3,}}")
ADDRESS = re.compile(r"(?P<site>[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)?(?P<path>[^?#]*)(?P<rest>[?#].*)?", re.DOTALL)
ROUTE = re.compile(
    r"[?&](?P<route>(?:route|page|view|screen|action|controller|step)=(?!\d+(?:&|$))[^&#]+)", re.IGNORECASE
)
LANGUAGE = re.compile(
    r"(?:ar|bg|cs|da|de|el|en|es|et|fi|fr|he|hr|hu|it|ja|ko|lt|lv|nb|nl|no|pl|pt|ro|ru|sk|sl|sv|tr|uk|zh)(?:[-_][a-z]{2})?",
    re.IGNORECASE,
)
ENDING = re.compile(r"\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Shape:
    """What names of one kind have in common.

    Attributes
    ----------
    site : str
        The host, where it is not the one of most events; else empty.
    segments : tuple of str
        Of an address what stands between its slashes, ``*`` for an id; of another name the name alone.
    route : str
        What after ``?`` says which page it is, such as ``route=checkout/cart``.
    address : bool
    """

    site: str
    segments: tuple[str, ...]
    route: str
    address: bool

    @property
    def wild(self) -> bool:
        """Whether an id was folded."""
        return any("*" in segment for segment in self.segments)

    @property
    def lettered(self) -> bool:
        """Whether anything in it is a word: a pattern without one would match all there is."""
        return bool(words_of("".join(self.segments) + self.route))

    @property
    def literal(self) -> int:
        """How many signs are no wildcard."""
        return len("/".join(self.segments).replace("*", "")) + len(self.route)

    @property
    def _speaking(self) -> str:
        """What in it speaks: without a file's ending, a language, and the index of a folder."""
        segments = [ENDING.sub("", segment) for segment in self.segments]
        if self.address and len(segments) > 1 and LANGUAGE.fullmatch(segments[1]):
            del segments[1]
        if self.address and segments and segments[-1].lower() in ("index", "default"):
            segments[-1] = ""
        host = self.site.split(".")[0] if self.site else ""
        return " ".join([host, *segments, self.route.partition("=")[2]])

    @property
    def words(self) -> list[str]:
        """The words that say what it is."""
        return words_of(self._speaking)

    @property
    def names(self) -> list[str]:
        """The words with the numbers that belong to them, such as ``discount 10``; without what was folded."""
        return re.findall(r"[^\W_]+", self._speaking.lower())


def shapes_of(counts: dict[str, int]) -> dict[str, Shape]:
    """The shape of each raw name.

    Parameters
    ----------
    counts : dict of str to int
        Raw name to events.
    """
    hosts: collections.Counter[str] = collections.Counter()
    for name, n in counts.items():
        hosts[_host(name)] += n
    named = [host for host, _ in hosts.most_common() if host]
    found = {name: _shape(name, named[0] if named else "") for name in counts}
    folded = _fold(set(found.values()))
    return {name: folded[shape] for name, shape in found.items()}


def is_address(name: str) -> bool:
    """Whether a raw name is a page's address or its path."""
    return bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*://|/", name)) or ("/" in name and " " not in name) or "?" in name


def path_of(name: str) -> str:
    """The path of an address; empty for another name."""
    return _parts(name)[1] if is_address(name) else ""


def patterns(shape: Shape, names: Iterable[str]) -> list[str]:
    """Globs of `[[touchpoints]]` that match the raw names of a shape, and such as are like them."""
    if not shape.address:
        found = {_no_expression(re.sub(r"\*+", "*", PLAIN_ID.sub("*", name))) for name in names}
        return sorted(found) if len(found) <= MANY else [expression(shape)]
    found = set()
    for name in names:
        site, path, rest = _parts(name)
        folded = _spelt(path.split("/"), shape)
        if shape.route:
            found.add(f"{site}{folded}?*{shape.route}*")
            continue
        found.add(f"{site}{folded}")
        if rest and not folded.endswith("*"):
            found.add(f"{site}{folded}{rest[0]}*")
    stems = tuple(text[:-1] for text in found if text.endswith("*"))
    needed = sorted(text for text in found if not any(text.startswith(stem) and text != f"{stem}*" for stem in stems))
    return list(map(_no_expression, needed)) if len(needed) <= MANY else [expression(shape, names)]


def expression(shape: Shape, names: Iterable[str] = ()) -> str:
    """A regular expression that matches the addresses of a shape, spelt as these names are, and no others."""
    if not shape.address:
        return "re:(?is)" + re.escape(shape.segments[0]).replace(r"\*", ".*")
    inner = "/".join(re.escape(segment).replace(r"\*", "[^/?#]+") for segment in shape.segments)
    sited = any(_parts(name)[0] for name in names)
    site = r"([a-z][a-z0-9+.-]*://[^/?#]*)?" if sited else ""
    if shape.site:
        site = rf"[a-z][a-z0-9+.-]*://(www\.)?{re.escape(shape.site)}"
    rest = rf"\?(.*&)?{re.escape(shape.route)}([&#].*)?" if shape.route else r"/*([?#].*)?"
    return f"re:(?is){site}{inner}{rest}"


def _no_expression(text: str) -> str:
    """A glob that would be read as a regular expression, so that it is not."""
    return f"?{text[1:]}" if text.startswith("re:") else text


def _parts(name: str) -> tuple[str, str, str]:
    """Site, path without a slash at its end, and what follows; ``#/cart`` is part of the path."""
    site, path, rest = ADDRESS.fullmatch(name).group("site", "path", "rest")  # type: ignore[union-attr]
    if rest and rest.startswith(("#/", "#!/")):
        path, rest = path + rest.partition("?")[0], rest.partition("?")[1] + rest.partition("?")[2]
    return site or "", path, rest or ""


def _host(name: str) -> str:
    if not is_address(name):
        return ""
    return _parts(name)[0].rpartition("://")[2].lower().removeprefix("www.")


def _shape(name: str, main: str) -> Shape:
    if not is_address(name):
        return Shape("", (re.sub(r"\*+", "*", PLAIN_ID.sub("*", name)).casefold(),), "", False)
    _, path, rest = _parts(name)
    host = _host(name)
    route = ROUTE.search(rest)
    segments = [
        "*" if len(segment) > LONGEST or ID.fullmatch(segment) else segment.casefold() for segment in path.split("/")
    ]
    while len(segments) > 1 and segments[-1] == "":
        segments.pop()
    return Shape(
        "" if host == main else host, tuple(segments), "" if route is None else route["route"].casefold(), True
    )


def _spelt(segments: list[str], shape: Shape) -> str:
    """The path as it is spelt, with what the shape folds as ``*``."""
    kept = [
        "*" if place < len(shape.segments) and shape.segments[place] == "*" else segment
        for place, segment in enumerate(segments)
    ]
    return "/".join(kept)


def _fold(shapes: set[Shape]) -> dict[Shape, Shape]:
    """Put ``*`` where more than `MANY` different names stand at one place of an address; the deepest place first."""
    folded = {shape: shape for shape in shapes}
    deepest = max((len(shape.segments) for shape in shapes if shape.address), default=0)
    for place in range(deepest - 1, 1, -1):
        siblings: dict[Shape, set[str]] = collections.defaultdict(set)
        for shape in folded.values():
            if shape.address and len(shape.segments) > place and not _telling(shape.segments[place]):
                siblings[_starred(shape, place)].add(shape.segments[place])
        many = {shape for shape, names in siblings.items() if len(names) > MANY or "*" in names}
        for original, shape in folded.items():
            if shape.address and len(shape.segments) > place and not _telling(shape.segments[place]):
                starred = _starred(shape, place)
                folded[original] = starred if starred in many else shape
    return folded


def _starred(shape: Shape, place: int) -> Shape:
    return dataclasses.replace(shape, segments=(*shape.segments[:place], "*", *shape.segments[place + 1 :]))


def _telling(segment: str) -> bool:
    """Whether a segment consists of words that name a stage, such as ``cart``, or trouble: no name of an article."""
    words = words_of(ENDING.sub("", segment))
    return bool(words) and all(word in STAGE_OF or word in TELLING for word in words)
