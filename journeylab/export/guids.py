"""The GUIDs of an export: the same study gives the same ones every time."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:journeylab:export")
GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")


def guid(study: str, kind: str, *ids: str) -> str:
    """Make the GUID of one thing of a study.

    Examples
    --------
    >>> guid("shop", "code", "Pain/Late")
    '2b07a753-2a1d-59eb-833a-4cb1e98972f6'
    """
    return str(uuid.uuid5(SPACE, "\x1f".join((study, kind, *ids))))


def guids(study: str, kind: str, ids: Iterable[str], taken: set[str]) -> dict[str, str]:
    """Give each id its GUID: the id itself where it is one and nothing else has it, so that what came from a QDA program
    can be told again there; else one made from study, kind and id. `taken` grows by them."""
    found = {}
    for one in ids:
        own = GUID.fullmatch(one)
        chosen = own[1].lower() if own else ""
        if not chosen or chosen in taken:
            chosen = guid(study, kind, one)
        taken.add(chosen)
        found[one] = chosen
    return found
