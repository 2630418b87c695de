"""Writes small REFI-QDA projects for tests, in any dialect of positions."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from journeylab.readers.codings.offsets import Dialect

USERS = {"u-ana": "ana", "u-ben": "ben"}
CODES = '<Code guid="c-pain" name="Pain" isCodable="true"><Code guid="c-late" name="Late" isCodable="true"/></Code>'


def attributes(**values: object) -> str:
    """XML attributes of what is not None."""
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in values.items() if value is not None)


def coding(code: str = "c-late", user: str | None = "u-ana", more: str = "", **values: object) -> str:
    """A coding with a code, by a user."""
    return f'<Coding guid="k"{attributes(creatingUser=user, **values)}><CodeRef targetGUID="{code}"/>{more}</Coding>'


def selection(start: object, end: object, inside: str | None = None, **values: object) -> str:
    """A selection of text, with one coding where not said."""
    inside = coding() if inside is None else inside
    values = {"guid": "s", "startPosition": start, "endPosition": end, **values}
    return f"<PlainTextSelection{attributes(**values)}>{inside}</PlainTextSelection>"


def source(
    name: str | None = "P01", *inside: str, guid: str = "t-1", path: str | None = None, text: str | None = None
) -> str:
    """A text source; inline where `text` is given, else in the archive under its GUID."""
    if text is None and path is None:
        path = f"internal://{guid}.txt"
    content = "" if text is None else f"<PlainTextContent>{escape(text)}</PlainTextContent>"
    return f"<TextSource{attributes(guid=guid, name=name, plainTextPath=path)}>{content}{''.join(inside)}</TextSource>"


def project(
    *sources: str,
    codes: str = CODES,
    users: Mapping[str, str] = USERS,
    variables: str = "",
    cases: str = "",
    rest: str = "",
) -> str:
    """The XML of a project."""
    people = "".join(f"<User{attributes(guid=guid, name=name)}/>" for guid, name in users.items())
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<Project xmlns="urn:QDA-XML:project:1.0" name="test">'
        f"<Users>{people}</Users><CodeBook><Codes>{codes}</Codes></CodeBook>"
        f"<Variables>{variables}</Variables><Cases>{cases}</Cases><Sources>{''.join(sources)}</Sources>{rest}</Project>"
    )


def write(path: Path, xml: str, members: Mapping[str, str | bytes] | None = None, name: str = "project.qde") -> Path:
    """Write a .qdpx with the project and further members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, xml)
        for member, data in (members or {}).items():
            archive.writestr(member, data)
    return path


def one_text(folder: Path, text: str | bytes, *inside: str) -> Path:
    """A project of one document, P01, whose text is a file."""
    return write(folder / "one.qdpx", project(source("P01", *inside)), {"sources/t-1.txt": text})


def in_dialect(raw: str, spans: Iterable[tuple[int, int]], dialect: Dialect) -> list[tuple[int, int]]:
    """Spans of the LF text of `raw` as a program of that dialect would write them: counted plainly, sign by sign."""
    units = [0]
    position = 0
    while position < len(raw):
        crlf = raw.startswith("\r\n", position)
        if crlf:
            units.append(units[-1] + dialect.crlf)
        else:
            units.append(units[-1] + (2 if dialect.unit == "utf16" and ord(raw[position]) > 0xFFFF else 1))
        position += 2 if crlf else 1
    return [(units[start], units[end] - dialect.inclusive) for start, end in spans]
