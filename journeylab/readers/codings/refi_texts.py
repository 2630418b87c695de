"""The texts of a REFI-QDA project, each fetched when it is needed: from the XML, or from a member of the archive."""

from __future__ import annotations

import contextlib

import pandas as pd

from journeylab.readers.account import Account
from journeylab.readers.cells import shorten
from journeylab.readers.codings.archive import Archive, MemberError
from journeylab.readers.codings.offsets import Text, prepare
from journeylab.readers.codings.refi_records import Document, Project

BATCH = 100
"""Texts that become one piece of a column at a time."""


def text_of(document: Document, archive: Archive | None, account: Account | None) -> Text | None:
    """The text of a document, or None; what is wrong with it is noted where there is an account."""
    reason = "no text is named"
    if document.content is not None:
        return prepare(document.content)
    if document.rich:
        reason = "there is only a styled text (.docx), which is not read"
    raw = None
    if document.path:
        raw, reason = _fetch(document.path, archive)
    if raw is None:
        if account is not None:
            account.see(f"documents have no text: {reason}", shorten(document.name or document.guid))
        return None
    text, known = decode(raw)
    if account is not None and not known:
        account.see("texts are not UTF-8 and were read as Windows-1252", shorten(document.name))
    return prepare(text)


def notes_of(project: Project, archive: Archive | None, account: Account) -> dict[str, str]:
    """The text of every note, or else its description or name, by GUID."""
    found = {}
    for guid, (content, path, otherwise) in project.notes.items():
        if content is None and path:
            raw, reason = _fetch(path, archive)
            if raw is None:
                account.see(f"notes have no text: {reason}", shorten(otherwise))
            else:
                content = decode(raw)[0]
        found[guid] = (prepare(content).text.strip() if content else "") or otherwise
    return found


def decode(raw: bytes) -> tuple[str, bool]:
    """Bytes to text, and whether its encoding is certain.

    By the byte order mark, as UTF-16 where many bytes are zero, as UTF-8, and else as Windows-1252, which always works.
    """
    marked = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    head = raw[:2000]
    if marked or head.count(0) > len(head) / 4:
        big = not marked and head[::2].count(0) > head[1::2].count(0)
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode("utf-16" if marked else "utf-16-be" if big else "utf-16-le"), True
    try:
        return raw.decode("utf-8"), True
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace"), False


def _fetch(reference: str, archive: Archive | None) -> tuple[bytes | None, str]:
    """The bytes of the file that a reference means, or why there are none."""
    scheme, _, rest = reference.partition("://")
    if scheme.lower() != "internal":
        return None, "it lies outside of the archive (absolute or relative path), where nothing is read"
    if archive is None:
        return None, "it lies in an archive, and the file is none"
    name = archive.find(rest)
    if name is None:
        return None, "its file is missing in the archive"
    try:
        return archive.read(name), ""
    except MemberError:
        return None, "its file is damaged in the archive"


class TextColumn:
    """A column of texts that is made piece by piece, so that few of them are held as Python text at a time."""

    def __init__(self) -> None:
        self._n = 0
        self._batch: list[str | None] = []
        self._parts: list[pd.Series] = []

    def add(self, text: str | None) -> int:
        """Put a text, or None, under the last; return its place."""
        self._batch.append(text)
        self._n += 1
        if len(self._batch) == BATCH:
            self._close()
        return self._n - 1

    def column(self) -> pd.Series:
        """All of them."""
        self._close()
        return pd.concat(self._parts, ignore_index=True)

    def _close(self) -> None:
        self._parts.append(pd.Series(self._batch, dtype="str"))
        self._batch = []
