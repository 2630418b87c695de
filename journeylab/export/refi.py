"""A study as a REFI-QDA 1.5 project (.qdpx) or codebook (.qdc)."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import pandas as pd

from journeylab import __version__
from journeylab.export.codetree import code_tree
from journeylab.export.guids import guid, guids
from journeylab.export.outcome import Outcome, Written
from journeylab.export.passages import Place, mark_passages, place_passages
from journeylab.export.people import People
from journeylab.export.plain import for_xml, plain_text
from journeylab.export.variables import Variable, time_text, value_text, variables_of
from journeylab.tables import Loss
from journeylab.text import is_missing

ORIGIN = f"journeylab {__version__}"
PROJECT, CODEBOOK = "urn:QDA-XML:project:1.0", "urn:QDA-XML:codebook:1.0"
OWN = ("document_id", "participant_id", "name", "text", "source_file")
LONGEST_NAME = 500
"""A selection carries its words as its name, cut to so many signs: programs show it in lists."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the archive, so that the same study gives the same bytes."""


@dataclasses.dataclass(frozen=True)
class Coded:
    """The contract tables that are written, and whose words they are."""

    documents: pd.DataFrame
    codes: pd.DataFrame
    segments: pd.DataFrame
    codings: pd.DataFrame
    people: People


def codebook_file(study: str, codes: pd.DataFrame) -> Written:
    """Make a codebook (.qdc) of at least one code."""
    root = Element("CodeBook", {"xmlns": CODEBOOK, "origin": ORIGIN})
    SubElement(root, "Codes").extend(code_tree(codes, guids(study, "code", codes["code_id"], set()), study))
    return Written(_xml(root), (Outcome("codes", len(codes), len(codes)),), tuple(_code_notes(codes)))


def project_file(study: str, title: str, description: str, coded: Coded) -> Written:
    """Make a project (.qdpx): a zip with project.qde and one text file a document.

    Parameters
    ----------
    study, title, description : str
        Name of the study (for the GUIDs), title and description of the project.
    coded : Coded

    Notes
    -----
    As the standard has it, and as programs read it: positions are code points from 0 with an exclusive end; texts are
    UTF-8 without a byte-order mark and end their lines in LF (positions are moved where they did not); times are UTC. A
    passage without a place that has no words, or all of its document's, is written over the whole of it.

    References
    ----------
    REFI-QDA Standard 1.5 (2019), qdasoftware.org.
    """
    documents, codes, people = coded.documents, coded.codes, coded.people
    taken: set[str] = set()
    code_guids = guids(study, "code", codes["code_id"], taken)
    source_guids = guids(study, "document", documents["document_id"], taken)
    segment_guids = guids(study, "segment", coded.segments["segment_id"], taken)
    coders = {name: guid(study, "coder", name) for name in sorted(coded.codings["coder"].unique())}
    texts = {
        row["document_id"]: plain_text(str(row["text"]))
        for row in documents.to_dict("records")
        if not is_missing(row.get("text"))
    }
    places, placed, notes = place_passages(coded.segments, texts)
    marks, marked = mark_passages(coded.codings, places, coders, code_guids, study)
    of_documents = _variables_of_documents(documents, people)
    variables = {one.name: guid(study, "variable", one.name) for one in (*people.variables, *of_documents)}

    root = Element("Project", {"xmlns": PROJECT, "name": for_xml(title), "origin": ORIGIN})
    _add(root, "Users", (Element("User", {"guid": own, "name": for_xml(name)}) for name, own in coders.items()))
    if len(codes):
        SubElement(SubElement(root, "CodeBook"), "Codes").extend(code_tree(codes, code_guids, study))
    _add(root, "Variables", (_variable(one, variables[one.name]) for one in (*people.variables, *of_documents)))
    written = {document: own for document, own in source_guids.items() if document in texts}
    _add(root, "Cases", _cases(study, people, written, variables))
    passages: dict[str, list[Element]] = defaultdict(list)
    for row in coded.segments.to_dict("records"):
        key, document = row["segment_id"], row["document_id"]
        if key in places:
            words = texts[document].text
            passages[document].append(_selection(row, segment_guids[key], places[key], words, marks.get(key, [])))
    sources = []
    for row in documents.to_dict("records"):
        if row["document_id"] in texts:
            source = _source(row, source_guids[row["document_id"]])
            source.extend(passages[row["document_id"]])
            source.extend(_values(row["document_id"], of_documents, variables))
            sources.append(source)
    _add(root, "Sources", sources)
    SubElement(root, "Description").text = for_xml(description)

    files = {f"sources/{own}.txt": texts[document].text.encode("utf-8") for document, own in written.items()}
    empty = [document for document in source_guids if document not in texts]
    without = (Loss("have no text", len(empty), tuple(empty[:3])),) if empty else ()
    outcomes = (
        Outcome("documents", len(documents), len(written), without),
        Outcome("codes", len(codes), len(codes)),
        placed,
        marked,
        Outcome("coders", len(coders), len(coders)),
        Outcome("people", len(people.ids), len(people.ids)),
        Outcome("variables", len(variables), len(variables)),
    )
    if empty:
        notes.append("Documents need their text to be written: give [interviews.documents] a column text.")
    notes += [*_weight_notes(coded.codings), *_code_notes(codes), *people.notes]
    return Written(_archive(_xml(root), files), outcomes, tuple(notes))


def _variables_of_documents(documents: pd.DataFrame, people: People) -> list[Variable]:
    """When documents were collected, and their columns beyond the contract; none is called as a variable of people.

    Programs tell variables apart by name, and where there are no cases they take those of a document for a person's.
    """
    taken = {one.name.casefold() for one in people.variables}
    kept = OWN if people.ids else (*OWN, "collected_at")
    found = variables_of(documents, "document_id", [name for name in documents if name not in kept])
    return [
        dataclasses.replace(one, name=f"{one.name} (document)") if one.name.casefold() in taken else one
        for one in found
    ]


def _cases(study: str, people: People, sources: dict[str, str], variables: dict[str, str]) -> list[Element]:
    """A case a participant, with variables and documents."""
    of_person: dict[str, list[str]] = defaultdict(list)
    for document, one in people.person_of.items():
        if document in sources:
            of_person[one].append(sources[document])
    cases = []
    for one in people.ids:
        case = Element("Case", {"guid": guid(study, "case", one), "name": for_xml(one)})
        case.extend(_values(one, people.variables, variables))
        case.extend(Element("SourceRef", {"targetGUID": own}) for own in of_person[one])
        cases.append(case)
    return cases


def _source(row: dict[str, Any], own: str) -> Element:
    name = row["document_id"] if is_missing(row.get("name")) else row["name"]
    source = Element("TextSource", {"guid": own, "name": for_xml(str(name)), "plainTextPath": f"internal://{own}.txt"})
    if not is_missing(row.get("collected_at")):
        source.set("creationDateTime", time_text(row["collected_at"]))
    return source


def _selection(row: dict[str, Any], own: str, place: Place, text: str, codings: list[Element]) -> Element:
    words = " ".join(text[slice(*place)].split())
    name = words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…"
    selection = Element(
        "PlainTextSelection",
        {"guid": own, "name": for_xml(name), "startPosition": str(place[0]), "endPosition": str(place[1])},
    )
    if codings:  # for programs that keep one coder a passage
        selection.set("creatingUser", codings[0].attrib["creatingUser"])
    if not is_missing(row.get("memo")) and str(row["memo"]):
        SubElement(selection, "Description").text = for_xml(str(row["memo"]))
    selection.extend(codings)
    return selection


def _variable(variable: Variable, own: str) -> Element:
    element = Element("Variable", {"guid": own, "name": for_xml(variable.name), "typeOfVariable": variable.kind})
    if variable.description:
        SubElement(element, "Description").text = for_xml(variable.description)
    return element


def _values(one: str, variables: Iterable[Variable], guid_of: dict[str, str]) -> list[Element]:
    """The values of one person or document, where there are any."""
    found = []
    for variable in variables:
        text = value_text(variable.kind, variable.values.get(one))
        if text is not None:
            value = Element("VariableValue")
            SubElement(value, "VariableRef", {"targetGUID": guid_of[variable.name]})
            SubElement(value, f"{variable.kind}Value").text = for_xml(text)
            found.append(value)
    return found


def _weight_notes(codings: pd.DataFrame) -> list[str]:
    n = int(codings["weight"].notna().sum()) if "weight" in codings else 0
    return [f"Weights of {n:,} codings are not written: the standard has no place for them."] if n else []


def _code_notes(codes: pd.DataFrame) -> list[str]:
    kept = [name for name in ("stage", "touchpoint", "valence") if name in codes and codes[name].notna().any()]
    lost = "are not written: the standard has no place for them, the study keeps them"
    return [f"{', '.join(kept).capitalize()} of codes {lost}."] if kept else []


def _add(root: Element, name: str, children: Iterable[Element]) -> None:
    """Add a list of things, unless it is empty, which the schema forbids."""
    held = list(children)
    if held:
        SubElement(root, name).extend(held)


def _xml(root: Element) -> bytes:
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _archive(project: bytes, files: dict[str, bytes]) -> bytes:
    """Pack the project and its sources, the same bytes for the same content."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in {"project.qde": project, **files}.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 6)
    return packed.getvalue()
