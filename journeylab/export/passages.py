"""Where the coded passages lie in the texts as they are written, and who coded them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from xml.etree.ElementTree import Element, SubElement

import pandas as pd

from journeylab.export.guids import guid
from journeylab.export.outcome import Losses, Outcome
from journeylab.export.plain import PlainText, plain_text
from journeylab.export.variables import time_text
from journeylab.text import is_missing

Place = tuple[int, int]


def place_passages(segments: pd.DataFrame, texts: dict[str, PlainText]) -> tuple[dict[str, Place], Outcome, list[str]]:
    """Find where each passage lies in its text as it is written.

    Parameters
    ----------
    segments : DataFrame
        Contract segments.
    texts : dict of str to PlainText
        Of the documents that are written.

    Returns
    -------
    places : dict of str to (int, int)
        Of each segment_id that has one: code points from 0, half open.
    outcome : Outcome
    notes : list of str
    """
    found: dict[str, Place] = {}
    losses, whole, moved, other = Losses(), 0, set(), 0
    for row in segments.to_dict("records"):
        key, document, words = row["segment_id"], row["document_id"], row.get("text")
        text = texts.get(document)
        if text is None:
            losses.add("are of documents without text", key)
            continue
        start, end = row.get("start"), row.get("end")
        if is_missing(start) or is_missing(end):
            if not (is_missing(words) or plain_text(str(words)).text == text.text):
                losses.add("have no place in their document (no start and end)", key)
                continue
            start, end = 0, text.n_before
            whole += 1
        place = text.place(int(start), int(end))
        if place is None:
            losses.add("lie outside of their document, or are empty", key)
            continue
        found[key] = place
        if place != (int(start), int(end)):
            moved.add(document)
        if not is_missing(words) and str(words).split() != text.text[slice(*place)].split():
            other += 1
    notes = []
    if whole:
        notes.append(
            f"{whole:,} passages without start and end are their whole document, and are written over all of it."
        )
    if moved:
        notes.append(
            f"The lines of {len(moved):,} documents ended in CR LF and end in LF now; passages moved with them."
        )
    if other:
        notes.append(
            f"{other:,} passages read differently from their place in the document; the document's words count."
        )
    return found, Outcome("passages", len(segments), len(found), losses.found), notes


def mark_passages(
    codings: pd.DataFrame, placed: Collection[str], coders: dict[str, str], codes: dict[str, str], study: str
) -> tuple[dict[str, list[Element]], Outcome]:
    """Make the coding elements of each passage; the same code by the same coder stands once on it.

    Parameters
    ----------
    codings : DataFrame
        Contract codings.
    placed : collection of str
        The segment_id of passages that are written.
    coders, codes : dict of str to str
        GUID of each coder and code_id.
    study : str
        Name of the study, for the GUIDs of codings.
    """
    found: dict[str, list[Element]] = defaultdict(list)
    losses, seen = Losses(), set()
    for row in codings.to_dict("records"):
        key = (row["segment_id"], row["code_id"], row["coder"])
        if row["segment_id"] not in placed:
            losses.add("are on passages that are not written", row["segment_id"])
        elif key in seen:
            losses.add("repeat a coding: same passage, code and coder", row["segment_id"])
        else:
            seen.add(key)
            element = Element("Coding", {"guid": guid(study, "coding", *key), "creatingUser": coders[row["coder"]]})
            if not is_missing(row.get("created_at")):
                element.set("creationDateTime", time_text(row["created_at"]))
            SubElement(element, "CodeRef", {"targetGUID": codes[row["code_id"]]})
            found[row["segment_id"]].append(element)
    return found, Outcome("codings", len(codings), len(seen), losses.found)
