"""REFI-QDA projects (.qdpx) and codebooks (.qdc), as NVivo, ATLAS.ti, MAXQDA, QualCoder and others exchange them."""

from __future__ import annotations

import contextlib
import dataclasses
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from journeylab.errors import DataQualityWarning, StudyError, did_you_mean, listing
from journeylab.readers.account import Account
from journeylab.readers.cells import shorten
from journeylab.readers.codings.archive import Archive, no_member, open_archive
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.codings.names import EXTENSION, SLASH
from journeylab.readers.codings.offsets import DIALECTS
from journeylab.readers.codings.refi_passages import Placing, find_dialect, joined, no_codings, no_segments
from journeylab.readers.codings.refi_people import find_people, unique_names
from journeylab.readers.codings.refi_records import Code, Document, Project
from journeylab.readers.codings.refi_texts import notes_of, text_of
from journeylab.readers.codings.refi_xml import read_xml
from journeylab.readers.options import check_timezone
from journeylab.readers.stream import find_present
from journeylab.text import count


@dataclasses.dataclass(frozen=True, kw_only=True)
class RefiOptions:
    """Options of REFI-QDA files.

    Attributes
    ----------
    source : str, optional
        The name of the source in reports.
    timezone : str, optional
        The zone of times written without one; UTC, as the standard has it, where not said.
    offsets : str
        How positions are counted: "auto" finds out, else one of `journeylab.readers.codings.offsets.DIALECTS`, such as
        "codepoint" or "utf16-crlf2".
    """

    source: str | None = None
    timezone: str | None = None
    offsets: str = "auto"

    def __post_init__(self) -> None:
        allowed = ("auto", *DIALECTS)
        if self.offsets not in allowed:
            raise StudyError(
                f"option offsets: found {self.offsets!r}, allowed: {listing(allowed)}.{did_you_mean(str(self.offsets), allowed)}"
            )
        if self.source is not None and not isinstance(self.source, str):
            raise StudyError(f"option source: found {self.source!r}, expected text.")
        if self.timezone is not None:
            check_timezone(self.timezone)


def read(path: str | Path, options: RefiOptions) -> CodedStudy:
    """Read a project, or a codebook on its own.

    Parameters
    ----------
    path : str or Path
        A .qdpx or .qdc; which of the two it is shows inside.
    options : RefiOptions

    Returns
    -------
    CodedStudy
        Of a codebook only the codes; the other tables have no rows. A row of the report is a code on a passage, or a passage
        without a code; of a codebook, a code.

    Raises
    ------
    DataError
        When it is no zip or no XML, is damaged, holds no project, defines entities, or unpacks to more than is read.

    Warns
    -----
    DataQualityWarning
        When it is not certain how the positions are counted.

    Notes
    -----
    Documents are read twice, first to find the dialect of the positions from all spans (`journeylab.readers.codings.dialects`),
    then to place them; so no more than some texts are held at a time, beside the tables. Nothing is unpacked to disk, and
    paths that lead out of the archive are not followed.

    References
    ----------
    REFI-QDA 1.5 (2019), Rotterdam Exchange Format Initiative, qdasoftware.org.
    """
    path = find_present(path)
    account = Account(path, options.source, "refi")
    with _opened(path, account) as (project, archive):
        if project.root == "CodeBook":
            return _codebook(project, account)
        return _project(project, archive, account, options)


@contextlib.contextmanager
def _opened(path: Path, account: Account) -> Iterator[tuple[Project, Archive | None]]:
    """The XML of a file and the archive it stands in, if any."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"PK"
    if not packed and path.suffix.lower() != ".qdpx":
        with path.open("rb") as stream:
            project = read_xml(stream, str(path))
        yield project, None
        return
    with open_archive(path) as archive:
        name = _project_name(archive, account)
        with archive.open(name) as member:
            project = read_xml(member, f"{path}: {name}")
        if archive.refused:
            what = "members of the archive have names that lead out of it and were not read"
            account.see(what, shorten(archive.refused[0]), n=len(archive.refused))
        yield project, archive


def _project_name(archive: Archive, account: Account) -> str:
    """The member that is the project: project.qde, or whichever .qde there is."""
    found = sorted((name for name in archive.names if name.endswith(".qde")), key=lambda name: (name.count("/"), name))
    if not found:
        raise no_member(archive, "project (.qde)")
    chosen = "project.qde" if "project.qde" in found else found[0]
    if len(found) > 1:
        account.note(f"the archive holds {len(found)} projects ({listing(found, 3)}); '{chosen}' was read")
    return chosen


def _codebook(project: Project, account: Account) -> CodedStudy:
    """A codebook as a study without texts."""
    codes, _ = _make_codes(project, account, {})
    account.read(len(codes))
    _count_others(project, account)
    report = account.report(len(codes), "codes")
    documents = {name: pd.Series([], dtype="str") for name in ("document_id", "name", "text", "source_file")}
    study = CodedStudy(pd.DataFrame(documents), codes, no_segments(), no_codings(), None, report, reports=(report,))
    return study.check()


def _project(project: Project, archive: Archive | None, account: Account, options: RefiOptions) -> CodedStudy:
    """A project as linked tables."""
    project.documents = _one_each(project.documents, account)
    verdict = find_dialect(project, archive, DIALECTS.get(options.offsets))
    if verdict is not None:
        account.note(verdict.words)
        if verdict.doubt and options.offsets == "auto":
            doubt = f"it is not certain how positions are counted: {verdict.doubt}"
            account.note(doubt)
            warnings.warn(
                f"{account.path}: {doubt}. The {verdict.words}. Look at some passages, and set the option offsets where they "
                "begin or end inside words.",
                DataQualityWarning,
                stacklevel=5,  # whoever called read_codings
            )
    notes = notes_of(project, archive, account)
    codes, code_of = _make_codes(project, account, notes)
    document_ids = _document_ids(project, account)
    placing = Placing(project, document_ids, code_of, notes, verdict, account)
    places: dict[str, list[int]] = {}
    for at, document in enumerate(project.documents):
        placing.add(document, text_of(document, archive, account))
        document.passages = []  # are in the tables now, and need not be held twice
        for guid in {document.guid, *document.aliases} - {""}:
            places.setdefault(guid, []).append(at)
    segments, codings = placing.tables(codes["code_id"].tolist(), options.timezone)
    people = find_people(project, document_ids, places, placing.marked, account)
    documents = pd.DataFrame({"document_id": pd.Series(document_ids, dtype="str")})
    if people.participants is not None:
        documents["participant_id"] = pd.Series(people.of_document, dtype="str")
    names = [document.name or name for document, name in zip(project.documents, document_ids, strict=True)]
    documents["name"] = pd.Series(names, dtype="str")
    documents["text"] = placing.texts.column()
    documents["source_file"] = pd.Series([account.path.name] * len(documents), dtype="str")
    for name in people.attributes:
        documents[f"{name} (variable)" if name in documents else name] = people.attributes[name]
    if placing.spans:
        account.note(
            f"{count(placing.spans - placing.unplaced)} of {count(placing.spans)} spans were placed in their texts"
        )
    if placing.uncoded:
        account.note(f"{count(placing.uncoded)} passages have no code; they are kept as segments")
    used = placing.used_notes.union(*(code.notes for code in project.codes))
    unused = len(set(notes) - used) + sum(document.notes for document in project.documents)
    if unused:
        account.see("notes on documents, or on nothing that is read, were left out", n=unused)
    _count_others(project, account)
    report = account.report(len(codings) + placing.uncoded, "codings")
    study = CodedStudy(documents, codes, segments, codings, people.participants, report, reports=(report,))
    return study.check()


def _one_each(documents: list[Document], account: Account) -> list[Document]:
    """Documents, where the text of a recording or PDF that is a source as well is one with it."""
    sources = {document.path.lower(): document for document in documents if document.path and not document.aliases}
    kept = []
    for document in documents:
        source = sources.get(document.path.lower()) if document.aliases else None
        if source is None:
            kept.append(document)
            continue
        source.passages = [*source.passages, *document.passages]
        source.codings, source.values = (*source.codings, *document.codings), (*source.values, *document.values)
        source.aliases = (*source.aliases, document.guid, *document.aliases)
        account.see("transcripts are sources of their own as well; they are one document", shorten(source.name))
    return kept


def _document_ids(project: Project, account: Account) -> list[str]:
    """The name of every document without its extension, with a part of its GUID where that is not unique."""
    stems = []
    for document in project.documents:
        name = " ".join(document.name.split())
        stems.append(EXTENSION.sub("", name).strip() or name or f"document {document.guid[:8]}".strip())
    return unique_names(stems, [document.guid for document in project.documents], "documents", account)


def _make_codes(project: Project, account: Account, notes: dict[str, str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """The codebook, and the path of each GUID."""
    paths: list[str] = []
    names: list[str] = []
    taken: set[str] = set()
    again: Counter[str] = Counter()
    of_guid: dict[str, str] = {}
    for code in project.codes:
        name = _code_name(code, account)
        stem = path = f"{paths[code.parent]}/{name}" if code.parent >= 0 else name
        while path in taken:
            again[stem] += 1
            path = f"{stem} ({again[stem] + 1})"
        if path != stem:
            account.see("codes share name and parent with another; a number was added to their path", shorten(path))
            name = path.rsplit("/", 1)[-1]
        taken.add(path)
        names.append(name)
        paths.append(path)
        if code.guid:
            of_guid.setdefault(code.guid, path)
    cases = {case.guid for case in project.cases if case.guid}
    double = [code.guid in cases for code in project.codes]
    if any(double):
        account.see("codes are cases as well, and count as these", shorten(paths[double.index(True)]), n=sum(double))
    codable = [code.codable and not case for code, case in zip(project.codes, double, strict=True)]
    parents = [paths[code.parent] if code.parent >= 0 else None for code in project.codes]
    described = [joined([code.description, *(notes.get(guid, "") for guid in code.notes)]) for code in project.codes]
    codes = pd.DataFrame(
        {
            "code_id": pd.Series(paths, dtype="str"),
            "path": pd.Series(paths, dtype="str"),
            "name": pd.Series(names, dtype="str"),
            "parent_id": pd.Series(parents, dtype="str"),
            "codable": pd.Series(codable, dtype="bool"),
            "description": pd.Series(described, dtype="str"),
        }
    )
    return codes, of_guid


def _code_name(code: Code, account: Account) -> str:
    name = " ".join(code.name.split())
    if "/" in name:
        account.see(f"codes have a slash in their name, which is written {SLASH} in paths", shorten(name))
    if not name:
        account.see("codes have no name and are called by their GUID", code.guid[:8])
    return name.replace("/", SLASH) or f"code {code.guid[:8]}".strip()


def _count_others(project: Project, account: Account) -> None:
    """Name what the file holds and the tables do not."""
    for area in project.areas:
        account.read(area.rows)
        account.lose(area.kind, f"source {shorten(area.source)}" if area.source else "", n=area.rows)
    for what, names in project.others.items():
        account.see(f"{what} were not read", shorten(next(filter(None, names), None)), n=len(names))
    for kind, n in project.repeated.items():
        account.see(f"{kind} repeat the GUID of another; references to it mean the first", n=n)
