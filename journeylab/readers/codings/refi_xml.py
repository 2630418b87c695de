"""The XML of REFI-QDA, one element at a time: what a project or a codebook says, not yet held against its texts."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from journeylab.errors import DataError
from journeylab.readers.codings.refi_records import Area, Case, Code, Coding, Document, Passage, Project, Variable

DEEPEST = 200
"""So deep may elements stand in each other; a tree of codes is rarely ten levels deep."""
TEXTS = ("TextSource", "Representation", "Transcript", "TextDescription")
MEDIA = {"PDFSource": "PDF", "PictureSource": "picture", "AudioSource": "audio", "VideoSource": "video"}
AREAS = {"PDFSelection": "PDF", "PictureSelection": "picture", "AudioSelection": "audio", "VideoSelection": "video"}
SPANS = ("PlainTextSelection", "TranscriptSelection")
FORGOTTEN = {"User", "Variable", "Case", "Note", "Link", "Set", "Graph", *TEXTS, *MEDIA, *SPANS, *AREAS}
"""Elements that are let go of once they were read, so that memory holds one source at a time."""
FAR = 2**53
"""Positions beyond this are none."""


class Readable(Protocol):
    """What gives bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none at the end."""
        ...


def read_xml(stream: Readable, path: str) -> Project:
    """Read a project or a codebook.

    Parameters
    ----------
    stream : file of bytes
    path : str
        For messages.

    Raises
    ------
    DataError
        When it is no XML, defines a document type or entities, is neither a project nor a codebook, or is too deep.

    Notes
    -----
    Elements are known by their local names: programs write the namespace in several ways. GUIDs are compared in lower case
    and without braces.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    project = Project()
    try:
        _walk(iterparse(stream, events=("start", "end"), forbid_dtd=True), project, path)
    except DefusedXmlException:
        raise DataError(
            f"{path}: defines entities or a document type, which no project needs; it was not read."
        ) from None
    except ParseError as error:
        line, column = error.position
        raise DataError(
            f"{path}: line {line}, column {column + 1}: is no XML, or damaged or cut short there ({error.msg}); export it again."
        ) from None
    except (LookupError, ValueError, OverflowError) as error:
        raise DataError(f"{path}: is XML that cannot be read ({error}); export it again.") from None
    guids = [case.guid for case in project.cases]
    if len(set(guids)) < len(guids):
        project.repeated["cases"] = len(guids) - len(set(guids))
    return project


class _Frame:
    """An open element, and what was found in it."""

    __slots__ = ("areas", "element", "passages", "tag", "texts")

    def __init__(self, element: Any, tag: str) -> None:
        self.element, self.tag = element, tag
        self.passages: list[Any] = []
        self.texts: list[Document] = []
        self.areas: list[int] = []


def _walk(events: Iterable[tuple[str, Any]], project: Project, path: str) -> None:
    """Go through the elements; each is read when it ends, and its parent forgets it."""
    stack: list[_Frame] = []
    for event, element in events:
        if event == "start":
            tag = local(element.tag)
            if not stack:
                if tag not in ("Project", "CodeBook"):
                    raise DataError(
                        f"{path}: is no REFI-QDA file: it begins with <{tag[:40]}>, not with <Project> or <CodeBook>."
                    )
                project.root = tag
            stack.append(_Frame(element, tag))
            if len(stack) > DEEPEST:
                raise DataError(f"{path}: has elements more than {DEEPEST} deep in each other; it was not read.")
            continue
        frame = stack.pop()
        if not stack:
            continue
        parent = stack[-1]
        tag = frame.tag
        if tag in SPANS:
            parent.passages.append(_passage(element))
        elif tag in AREAS:
            _area(frame, parent)
        elif tag in TEXTS:
            document = _document(frame, project)
            if tag == "TextSource":
                project.documents.append(document)
            else:
                parent.texts.append(document)
        elif tag in MEDIA:
            _media(frame, project)
        elif tag == "Codes" and parent.tag == "CodeBook":
            _codes(element, project)
        elif tag in READERS:
            READERS[tag](frame, project)
        elif frame.passages or frame.areas or frame.texts:
            _stray(frame, project)
        if tag in FORGOTTEN:
            parent.element.remove(element)


@functools.lru_cache(maxsize=512)
def local(tag: str) -> str:
    """The name of an element without its namespace."""
    return str(tag).rpartition("}")[2]


def guid_of(text: str | None) -> str:
    """A GUID as it is compared: lower case, without braces."""
    return (text or "").strip().strip("{}").lower()


_shared_guid = functools.lru_cache(maxsize=4096)(guid_of)
"""The GUID of what many elements refer to: one text for all of them."""


def _children(element: Any, name: str) -> Iterator[Any]:
    return (child for child in element if local(child.tag) == name)


def _text(element: Any, name: str) -> str:
    """The text of a child; empty where there is none."""
    return next((child.text or "" for child in _children(element, name)), "")


def _targets(element: Any, name: str) -> tuple[str, ...]:
    """The GUIDs that references of a kind lead to."""
    return tuple(guid_of(child.get("targetGUID") or child.get("guid")) for child in _children(element, name))


def _number(text: str | None) -> int | None:
    text = (text or "").strip()
    if not text.lstrip("+-").isdecimal() or len(text) > 16:
        return None
    try:
        number = int(text)
    except ValueError:
        return None
    return number if abs(number) <= FAR else None


def _coding(element: Any, default: str) -> Coding:
    """A coding; `default` is who made it where it does not say."""
    code, notes = "", []
    for child in element:
        tag = local(child.tag)
        if tag == "CodeRef" and not code:
            code = _shared_guid(child.get("targetGUID"))
        elif tag == "NoteRef":
            notes.append(guid_of(child.get("targetGUID")))
    user = _shared_guid(element.get("creatingUser")) or default
    return Coding(user, element.get("creationDateTime") or "", code, tuple(notes))


def _codings(element: Any) -> tuple[Coding, ...]:
    """The codings of a whole source."""
    return tuple(_coding(child, "") for child in _children(element, "Coding"))


def _passage(element: Any) -> Passage:
    """A selection of text, or of a transcript, whose positions are then GUIDs of its sync points."""
    user = _shared_guid(element.get("creatingUser")) or _shared_guid(element.get("modifyingUser"))
    start: Any = element.get("startPosition")
    end: Any = element.get("endPosition")
    synced = start is None and end is None and (element.get("fromSyncPoint") or element.get("toSyncPoint"))
    if synced:
        start, end = guid_of(element.get("fromSyncPoint")), guid_of(element.get("toSyncPoint"))
    else:
        start, end = _number(start), _number(end)
    memo, codings, notes = "", [], []
    for child in element:
        tag = local(child.tag)
        if tag == "Coding":
            codings.append(_coding(child, user))
        elif tag == "NoteRef":
            notes.append(guid_of(child.get("targetGUID")))
        elif tag == "Description" and not memo:
            memo = (child.text or "").strip()
    guid, name = guid_of(element.get("guid")), element.get("name") or ""
    return Passage(guid, start, end, name, memo, user, tuple(notes), tuple(codings), bool(synced))


def _document(frame: _Frame, project: Project) -> Document:
    """A text source, or the text that belongs to a PDF, picture or recording."""
    element = frame.element
    content = next((child.text or "" for child in _children(element, "PlainTextContent")), None)
    passages = frame.passages
    if any(passage.fixed for passage in passages):
        points = {
            guid_of(point.get("guid")): _number(point.get("position")) for point in _children(element, "SyncPoint")
        }
        passages = [
            passage._replace(start=points.get(passage.start), end=points.get(passage.end)) if passage.fixed else passage  # type: ignore[arg-type]
            for passage in passages
        ]
    plain = (element.get("plainTextPath") or "").strip()
    return Document(
        guid=guid_of(element.get("guid")),
        name=(element.get("name") or "").strip(),
        path=plain,
        content=content if content is not None and (content or not plain) else None,
        passages=passages,
        codings=_codings(element),
        values=_values(element),
        notes=len(_targets(element, "NoteRef")) + bool(_text(element, "Description").strip()),
        rich=bool(element.get("richTextPath")) and not plain and content is None,
    )


def _area(frame: _Frame, parent: _Frame) -> None:
    """A rectangle or a stretch of time: no text, unless it brings one along; its rows are counted by its source."""
    codings = sum(1 for _ in _children(frame.element, "Coding"))
    inner = sum(max(1, len(passage.codings)) for text in frame.texts for passage in text.passages)
    text = next((text for text in frame.texts if text.content and text.content.strip()), None)
    if text is not None and text.content is not None:
        passage = _passage(frame.element)
        parent.passages.append(passage._replace(start=None, end=None, text=text.content.strip()))
        parent.areas.append(inner)
    else:
        parent.areas.append(max(1, codings) + inner)


def _media(frame: _Frame, project: Project) -> None:
    """A PDF, picture or recording: its texts are documents, the rest is counted."""
    element = frame.element
    kind, guid, name = MEDIA[frame.tag], guid_of(element.get("guid")), (element.get("name") or "").strip()
    codings, values = _codings(element), _values(element)
    texts = frame.texts
    if not texts and frame.passages:  # texts of rectangles, whose document has none
        texts = [Document(guid, name, "", None, [])]
    for position, text in enumerate(texts):
        text.aliases = (guid,)
        text.name = text.name or name
        if kind in ("PDF", "picture"):
            text.name = name or text.name
        if position == 0:
            text.codings, text.values = (*text.codings, *codings), (*text.values, *values)
            text.passages = [*text.passages, *frame.passages]
        project.documents.append(text)
    if not texts:
        project.others[f"{kind} sources without a text"].append(name)
        if codings:
            project.areas.append(Area(f"on a whole {kind} source, which has no text", name, len(codings)))
        if values:
            project.others[f"values of variables of {kind} sources without a text"] += [name] * len(values)
    for rows in frame.areas:
        if rows:
            place = "a rectangle of a page or picture" if kind in ("PDF", "picture") else "a stretch of a recording"
            project.areas.append(Area(f"on {place} ({kind}), which is no text", name, rows))


def _codes(element: Any, project: Project) -> None:
    """The tree of codes, parents before children."""
    known = {code.guid for code in project.codes}
    waiting = [(child, -1) for child in reversed(list(_children(element, "Code")))]
    while waiting:
        child, parent = waiting.pop()
        guid = guid_of(child.get("guid"))
        if guid in known:
            project.repeated["codes"] += 1
        known.add(guid)
        codable = (child.get("isCodable") or "").strip().lower() not in ("false", "0")
        project.codes.append(
            Code(
                guid,
                child.get("name") or "",
                codable,
                _text(child, "Description").strip(),
                _targets(child, "NoteRef"),
                parent,
            )
        )
        place = len(project.codes) - 1
        waiting += [(grandchild, place) for grandchild in reversed(list(_children(child, "Code")))]


def _values(element: Any) -> tuple[tuple[str, str], ...]:
    """Variable values, as text; an empty one where the file names a variable without a value."""
    found = []
    for child in _children(element, "VariableValue"):
        variable = next(iter(_targets(child, "VariableRef")), "")
        value = next((each.text or "" for each in child if local(each.tag).endswith("Value")), "")
        found.append((variable, value.strip()))
    return tuple(found)


def _stray(frame: _Frame, project: Project) -> None:
    """Passages that stand where none belongs are counted; texts are documents wherever they stand."""
    project.documents += frame.texts
    rows = sum(max(1, len(passage.codings)) for passage in frame.passages) + sum(frame.areas)
    if rows:
        project.areas.append(Area(f"in <{frame.tag[:40]}>, where none belongs", "", rows))


def _user(frame: _Frame, project: Project) -> None:
    guid = guid_of(frame.element.get("guid"))
    if guid in project.users:
        project.repeated["users"] += 1
        return
    project.users[guid] = (frame.element.get("name") or "").strip() or (frame.element.get("id") or "").strip()


def _variable(frame: _Frame, project: Project) -> None:
    guid = guid_of(frame.element.get("guid"))
    if guid in project.variables:
        project.repeated["variables"] += 1
        return
    name = (frame.element.get("name") or "").strip()
    project.variables[guid] = Variable(name, (frame.element.get("typeOfVariable") or "").strip())


def _case(frame: _Frame, project: Project) -> None:
    element = frame.element
    if _targets(element, "CodeRef"):
        project.others["codes on cases"] += [element.get("name") or ""] * len(_targets(element, "CodeRef"))
    project.cases.append(
        Case(
            guid_of(element.get("guid")),
            " ".join((element.get("name") or "").split()),
            _values(element),
            _targets(element, "SourceRef"),
            _targets(element, "SelectionRef"),
        )
    )


def _note(frame: _Frame, project: Project) -> None:
    element = frame.element
    guid = guid_of(element.get("guid"))
    coded = sum(max(1, len(passage.codings)) for passage in frame.passages) + len(_codings(element))
    if coded:
        project.areas.append(Area("in a note, which is no document", element.get("name") or "", coded))
    if guid in project.notes:
        project.repeated["notes"] += 1
        return
    content = next((child.text or "" for child in _children(element, "PlainTextContent")), None)
    else_ = _text(element, "Description").strip() or (element.get("name") or "").strip()
    project.notes[guid] = (content, (element.get("plainTextPath") or "").strip(), else_)


def _link(frame: _Frame, project: Project) -> None:
    project.links.append((guid_of(frame.element.get("originGUID")), guid_of(frame.element.get("targetGUID"))))


def _other(frame: _Frame, project: Project) -> None:
    project.others[f"{frame.tag.lower()}s"].append(frame.element.get("name") or "")


READERS = {
    "User": _user,
    "Variable": _variable,
    "Case": _case,
    "Note": _note,
    "Link": _link,
    "Set": _other,
    "Graph": _other,
}
