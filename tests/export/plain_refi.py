"""A plain reader of what the writer wrote: as literal as can be, and without any code of journeylab."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

etree = pytest.importorskip("lxml.etree", reason="lxml comes with the test extra")

PROJECT = "{urn:QDA-XML:project:1.0}"


@dataclasses.dataclass
class Back:
    """What stands in a project, by names rather than GUIDs."""

    root: Any
    codes: dict[tuple[str, ...], bool]  # path -> codable
    texts: dict[str, str]  # document name -> text
    passages: list[tuple[str, int, int, str | None]]  # document, start, end, memo
    codings: list[tuple[str, int, int, tuple[str, ...], str, str | None]]  # ..., code path, coder, time
    cases: dict[str, dict[str, str]]  # person -> variable -> value
    documents_of: dict[str, list[str]]


def validate(content: bytes, schema: Path) -> None:
    """Fail with the schema's words where a file is not valid."""
    etree.XMLSchema(etree.parse(str(schema))).assertValid(etree.fromstring(content))


def project(archive: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return opened.read("project.qde")


def walk(codes: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Every code below an element: guid, path, whether it can be applied."""
    for code in codes.findall(f"{PROJECT}Code"):
        path = (*above, code.get("name"))
        yield code.get("guid"), path, code.get("isCodable") == "true"
        yield from walk(code, path)


def read_back(archive: bytes) -> Back:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    root = etree.fromstring(files["project.qde"])
    users = {user.get("guid"): user.get("name") for user in root.iter(f"{PROJECT}User")}
    variables = {one.get("guid"): one.get("name") for one in root.iter(f"{PROJECT}Variable")}
    codes = root.find(f"{PROJECT}CodeBook/{PROJECT}Codes")
    tree = [] if codes is None else list(walk(codes))
    path_of = {guid: path for guid, path, _ in tree}
    texts, names, passages, codings = {}, {}, [], []
    for source in root.iter(f"{PROJECT}TextSource"):
        name = source.get("name")
        names[source.get("guid")] = name
        content = files["sources/" + source.get("plainTextPath").removeprefix("internal://")]
        assert not content.startswith(b"\xef\xbb\xbf")
        assert b"\r" not in content
        texts[name] = content.decode("utf-8")
        for selection in source.findall(f"{PROJECT}PlainTextSelection"):
            start, end = int(selection.get("startPosition")), int(selection.get("endPosition"))
            passages.append((name, start, end, selection.findtext(f"{PROJECT}Description")))
            for coding in selection.findall(f"{PROJECT}Coding"):
                code = path_of[coding.find(f"{PROJECT}CodeRef").get("targetGUID")]
                coder = users[coding.get("creatingUser")]
                codings.append((name, start, end, code, coder, coding.get("creationDateTime")))
    cases, documents_of = {}, {}
    for case in root.iter(f"{PROJECT}Case"):
        values = {}
        for value in case.findall(f"{PROJECT}VariableValue"):
            reference, held = value
            values[variables[reference.get("targetGUID")]] = held.text
        cases[case.get("name")] = values
        documents_of[case.get("name")] = [names[one.get("targetGUID")] for one in case.findall(f"{PROJECT}SourceRef")]
    return Back(root, {path: codable for _, path, codable in tree}, texts, passages, codings, cases, documents_of)
