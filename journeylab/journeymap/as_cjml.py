"""The map as CJML 2.0 (SINTEF's Customer Journey Modelling Language): phases, actors and touchpoints, planned and actual.

What CJML has no place for (lanes, intervals, the words of the team) stands in one element of a namespace of its own, which
other programs pass over.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from journeylab.errors import DataError
from journeylab.journeymap.model import Cell, JourneyMap, Lane, Step, assemble
from journeylab.journeymap.plain_text import protect, restore
from journeylab.journeymap.schema import build_map, plain_map

SPACE = "urn:journeylab:map:1"
CUSTOMER, PROVIDER = "customer", "provider"


def write_cjml(journey: JourneyMap) -> str:
    """Write a map as CJML: planned touchpoints as the planned journey, all that customers met as the actual one."""
    root = Element("CJML", version="2.0")
    for tag, mark, steps in (
        ("plannedJourney", "planned", [step for step in journey.steps if step.planned]),
        ("actualJourney", "actual", [step for step in journey.steps if step.n]),
    ):
        part = SubElement(root, tag)
        _text(part, "journeyID", "PJ1" if mark == "planned" else "AJ1")
        _text(part, "journeyTitle", journey.title)
        phases = SubElement(part, "journeyPhases")
        for number, stage in enumerate(journey.stages, start=1):
            _text(SubElement(phases, "journeyPhase", phaseID=f"P{number}"), "phaseName", stage)
        actors = SubElement(part, "actors")
        _text(SubElement(actors, "endUser", actorID=CUSTOMER), "actorName", "Customer")
        _text(SubElement(actors, "serviceProvider", actorID=PROVIDER), "companyName", journey.title)
        _touchpoints(SubElement(part, "touchpoints"), mark, steps, journey.stages)
    _write(SubElement(root, "map", xmlns=SPACE), plain_map(journey))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _touchpoints(part: Element, mark: str, steps: list[Step], stages: tuple[str, ...]) -> None:
    for number, step in enumerate(steps, start=1):
        point = SubElement(part, f"{mark}CommunicationPoint")
        _text(point, "touchpointID", f"{'T' if step.planned else 'D'}{number}")
        if step.stage in stages:
            SubElement(point, "belongsTo", phaseIDref=f"P{stages.index(step.stage) + 1}")
        for role, actor in (("initiator", CUSTOMER), ("receiver", PROVIDER)):
            end = SubElement(point, role)
            SubElement(end, "refersTo", actorIDref=actor)
            _text(end, f"{role}Label", step.touchpoint)
        _text(SubElement(point, "channel"), "channelName", step.channel)
        if mark == "actual":
            _text(point, "comment", f"n = {step.n} customers")


def _text(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = protect(text)


def _write(parent: Element, value: Any) -> None:
    """Write a plain value: keys as elements, items of a list as ``item``, nothing as an element without text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if inner is not None:
                _write(SubElement(parent, key), inner)
    elif isinstance(value, list):
        for inner in value:
            _write(SubElement(parent, "item"), inner)
    elif isinstance(value, bool):
        parent.text = "true" if value else "false"
    else:
        parent.text = protect(value) if isinstance(value, str) else repr(value)


def read_cjml(text: bytes, where: str) -> JourneyMap:
    """Read a map from CJML; of another program's file the phases, touchpoints and channels.

    Raises
    ------
    DataError
        When it is no CJML, defines entities or a document type, or its extension is damaged.
    """
    import defusedxml.ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        root = defusedxml.ElementTree.fromstring(text, forbid_dtd=True)
    except DefusedXmlException:
        raise DataError(f"{where}: defines entities or a document type, which no map needs; it was not read.") from None
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise DataError(f"{where}: is no sound XML ({error}); export the map again.") from None
    if _local(root) != "CJML":
        raise DataError(f"{where}: is no CJML (its first element is '{_local(root)[:40]}').")
    own = root.find(f"{{{SPACE}}}map")
    return _foreign(root, where) if own is None else build_map(_map(own, where), where)


def _map(own: Element, where: str) -> dict[str, Any]:
    """The plain map that the extension holds; what it lacks is told by the schema."""
    plain: dict[str, Any] = {_local(part): restore(part.text or "") for part in own}
    for name in ("assumptions", "stages"):
        plain[name] = [restore(item.text or "") for item in _items(own, name)]
    plain["version"] = _number(plain.get("version", ""), int, f"{where}: version")
    plain["lanes"] = []
    for number, lane in enumerate(_items(own, "lanes"), start=1):
        fields = _fields(lane, "cells")
        place = f"{where}: lane {number} ('{fields.get('kind', '')}')"
        plain["lanes"].append({**fields, "cells": [_cell(cell, place) for cell in _items(lane, "cells")]})
    plain["steps"] = []
    for number, step in enumerate(_items(own, "steps"), start=1):
        fields = _fields(step)
        fields["n"] = _number(fields.get("n", "0"), int, f"{where}: step {number}: n")
        fields["planned"] = {"true": True, "false": False}.get(fields.get("planned", "true"), fields.get("planned"))
        plain["steps"].append(fields)
    plain["moves"] = [
        _numbered(_fields(move), ("n", "share", "low", "high"), f"{where}: move {number}")
        for number, move in enumerate(_items(own, "moves"), start=1)
    ]
    plain["unplaced"] = [{**_fields(edit, "word"), "word": _said(edit, "word")} for edit in _items(own, "unplaced")]
    return plain


def _cell(cell: Element, place: str) -> dict[str, Any]:
    fields = _numbered(_fields(cell, "lines", "said"), ("n", "value", "low", "high"), place)
    return {
        **fields,
        "lines": [restore(item.text or "") for item in _items(cell, "lines")],
        "said": _said(cell, "said"),
    }


def _numbered(fields: dict[str, Any], names: tuple[str, ...], place: str) -> dict[str, Any]:
    """Fields with numbers in the place of their words; ``n`` is whole."""
    found = {
        name: _number(fields[name], int if name == "n" else float, f"{place}: {name}")
        for name in names
        if name in fields
    }
    return {**fields, **found}


def _said(parent: Element, name: str) -> dict[str, Any] | None:
    part = parent.find(f"{{{SPACE}}}{name}")
    return None if part is None else _fields(part)


def _fields(parent: Element, *but: str) -> dict[str, Any]:
    return {_local(part): restore(part.text or "") for part in parent if _local(part) not in but}


def _items(parent: Element, name: str) -> list[Element]:
    return parent.findall(f"{{{SPACE}}}{name}/{{{SPACE}}}item")


def _number(text: str, kind: type[int] | type[float], place: str) -> float:
    try:
        return kind(text)
    except ValueError:
        raise DataError(f"{place}: found '{text[:40]}', expected a number.") from None


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _foreign(root: Element, where: str) -> JourneyMap:
    """The journey of another program: the actual one, or else the planned one."""
    parts = {_local(part): part for part in reversed(list(root))}
    journey = parts.get("actualJourney", parts.get("plannedJourney"))
    if journey is None:
        raise DataError(f"{where}: holds neither an actualJourney nor a plannedJourney.")
    names: dict[str, str] = {}
    steps = []
    for part in journey.iter():
        if _local(part) == "journeyPhase":
            name = (_inner(part, "phaseName") or part.get("phaseID", "")).strip()
            names[part.get("phaseID", "").strip()] = name
        elif _local(part).endswith(("CommunicationPoint", "Action")):
            home = next((one.get("phaseIDref", "").strip() for one in part if _local(one) == "belongsTo"), "")
            label = _inner(part, "initiatorLabel") or _inner(part, "touchpointID")
            planned = not _inner(part, "touchpointID").startswith("D")
            steps.append(Step(label, names.get(home, ""), _inner(part, "channelName"), planned))
    stages = tuple(dict.fromkeys(names.values())) or ("journey",)
    cells = []
    for stage in stages:
        here = [step for step in steps if step.stage == stage or not names]
        lines = tuple(f"{step.touchpoint}{f' ({step.channel})' if step.channel else ''}" for step in here)
        cells.append(Cell(lines, "" if lines else "no touchpoint on this stage", source="CJML"))
    title = _inner(journey, "journeyTitle")
    return assemble(title, stages, (Lane("touchpoints", "Touchpoints", tuple(cells)),), steps=tuple(steps))


def _inner(part: Element, tag: str) -> str:
    return next(((one.text or "").strip() for one in part.iter() if _local(one) == tag), "")
