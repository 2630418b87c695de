"""What a person says of a cell of the map: its name, an owner, an opportunity, an override with its reason."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping

from journeylab.errors import DataError

FIELDS = ("name", "owner", "opportunity", "override", "override_reason")
MOST_SIGNS = 2_000
MARKUP = re.compile(r"<(?![^\s<>@]+@[^\s<>@]+>|https?://[^\s<>]+>)[A-Za-z/!?][^<>]*>")
"""A tag; an address in angle brackets, as mail programs write it, is none."""
TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Signs that turn the direction of text, so that it reads otherwise than it is."""
NUMBER = re.compile(r"[+-]?[\d.,\s]*\d[\d.,\s]*%?")


@dataclasses.dataclass(frozen=True)
class Word:
    """What the team says of one cell; empty where it says nothing.

    Attributes
    ----------
    name : str
        How the team calls what happens in this cell.
    owner : str
        Who sees to it.
    opportunity : str
        What could be done.
    override, override_reason : str
        What the team says instead of the data, and why; what the data say stays beside it.
    """

    name: str = ""
    owner: str = ""
    opportunity: str = ""
    override: str = ""
    override_reason: str = ""

    def __str__(self) -> str:
        """All that is said, for a message."""
        said = ((field.replace("_", " "), getattr(self, field)) for field in FIELDS)
        return ", ".join(f"{field} '{value}'" for field, value in said if value)


@dataclasses.dataclass(frozen=True)
class Edit:
    """A word and the cell it is meant for.

    Attributes
    ----------
    lane : str
        The kind of the lane.
    stage : str
    word : Word
    why : str
        Why it could not be placed on the map; empty where it was.
    """

    lane: str
    stage: str
    word: Word
    why: str = ""


def make_word(said: Mapping[str, str], place: Callable[[str], str]) -> Word | None:
    """Make a word of what stands in a file; None where nothing is said.

    Parameters
    ----------
    said : mapping of str to str
        By `FIELDS`; spaces around are no part of it.
    place : callable
        Names the place of a field in the file, for messages.

    Raises
    ------
    DataError
        When a field is longer than 2,000 signs, holds markup or signs that turn the direction of text, or an override and its
        reason do not come together; for an owner that is a number.
    """
    words = {field: said.get(field, "").strip() for field in FIELDS}
    for field, value in words.items():
        if len(value) > MOST_SIGNS:
            raise DataError(f"{place(field)}: has {len(value):,} signs, {MOST_SIGNS:,} are allowed; write it shorter.")
        if found := MARKUP.search(value):
            raise DataError(f"{place(field)}: holds markup ({found[0][:40]}); write plain words.")
        if turned := TURNS.search(value):
            raise DataError(
                f"{place(field)}: holds U+{ord(turned[0]):04X}, a sign that turns the direction of text; write the words anew."
            )
    if NUMBER.fullmatch(words["owner"]):
        raise DataError(
            f"{place('owner')}: found the number {words['owner'][:40]}, which names nobody; write a person or team."
        )
    if words["override"] and not words["override_reason"]:
        raise DataError(
            f"{place('override_reason')}: the override '{words['override'][:60]}' has no reason; write a sentence, it is "
            "printed on the map."
        )
    if words["override_reason"] and not words["override"]:
        raise DataError(
            f"{place('override')}: is empty, but has a reason; write what the cell shall say, or clear both."
        )
    return Word(**words) if any(words.values()) else None
