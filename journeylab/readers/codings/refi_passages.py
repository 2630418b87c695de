"""Where the passages of a REFI-QDA project stand, who gave them which code, and what was written about them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from journeylab.errors import DataError
from journeylab.readers.account import Account
from journeylab.readers.cells import shorten
from journeylab.readers.codings.archive import Archive
from journeylab.readers.codings.assemble import make_segments
from journeylab.readers.codings.dialects import ELLIPSES, Scorer, Verdict, reads_as
from journeylab.readers.codings.names import UNKNOWN
from journeylab.readers.codings.offsets import Dialect, Text, place
from journeylab.readers.codings.refi_people import times_of, unique_names
from journeylab.readers.codings.refi_records import Coding, Document, Passage, Project
from journeylab.readers.codings.refi_texts import TextColumn, text_of
from journeylab.text import count

MOST_SIGNS = 500_000_000
"""Characters in all passages together; a thousand interviews coded twice through hold a tenth of that."""


def find_dialect(project: Project, archive: Archive | None, chosen: Dialect | None) -> Verdict | None:
    """How positions are counted, by every passage that has two of them and a text; None where there is none."""
    scorer = Scorer()
    for document in project.documents:
        passages = [
            passage
            for passage in document.passages
            if passage.start is not None and passage.end is not None and not passage.fixed
        ]
        text = text_of(document, archive, None) if passages else None
        if text is not None:
            scorer.add(text, *_positions(passages), [passage.name for passage in passages])
    return scorer.decide(chosen)


def _positions(passages: Sequence[Passage]) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of passages; -1 where there is none."""
    pairs = [
        (-1 if passage.start is None else passage.start, -1 if passage.end is None else passage.end)
        for passage in passages
    ]
    columns = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]


class Placing:
    """Puts the passages of one document after the other in their places.

    Attributes
    ----------
    marked : dict
        GUID of a case to the documents in which a passage was given to it.
    used_notes : set of str
        GUIDs of the notes that became part of a memo.
    uncoded, spans, unplaced : int
        How many passages have no code, how many passages there are, and how many of them have no place in a text.
    """

    def __init__(
        self,
        project: Project,
        document_ids: Sequence[str],
        code_of: dict[str, str],
        notes: dict[str, str],
        verdict: Verdict | None,
        account: Account,
    ) -> None:
        self.document_ids, self.code_of, self.notes, self.account = document_ids, code_of, notes, account
        self.dialect = Dialect() if verdict is None else verdict.dialect
        self.quoted = verdict is not None and verdict.by_name
        self.texts = TextColumn()
        self.marked: dict[str, set[int]] = {}
        self.used_notes: set[str] = set()
        self.uncoded = 0
        self.spans = self.unplaced = 0
        self._cases = {case.guid for case in project.cases if case.guid}
        self._cases_of: dict[str, list[str]] = {}
        for case in project.cases:
            for guid in case.selections:
                self._cases_of.setdefault(guid, []).append(case.guid)
        self._notes_of: dict[str, list[str]] = {}
        for pair in project.links:
            for note, other in (pair, pair[::-1]):
                if note in notes and other not in notes:
                    self._notes_of.setdefault(other, []).append(note)
        names = [name or f"user {guid[:8]}".strip() for guid, name in project.users.items()]
        unique = unique_names(names, list(project.users), "coders", account)
        self._coders = dict(zip(project.users, unique, strict=True))
        self._long = 0
        self._marks: list[tuple[int, int, int, str | None, str | None, str | None]] = []
        self._codings: list[tuple[int, str, str, str]] = []

    def add(self, document: Document, text: Text | None) -> None:
        """Place the passages of the next document; `text` is its text, where there is one."""
        at = self.texts.add(None if text is None else text.text)
        where = f"document {shorten(self.document_ids[at])}"
        start, end = _positions(document.passages)
        self.spans += len(start)
        if text is None:
            spans = [(-1, -1)] * len(document.passages)
        else:
            fixed = np.array([passage.fixed for passage in document.passages], dtype=bool)
            found = place(text, self.dialect, start, end - (fixed & self.dialect.inclusive))
            cut = int(found.cut.sum())
            if cut:
                self.account.see("spans cut a character in two and were widened to it", where, n=cut)
            begin, stop = (np.where(found.placed, each, -1).tolist() for each in (found.start, found.end))
            spans = list(zip(begin, stop, strict=True))
        for passage, (begin, stop) in zip(document.passages, spans, strict=True):
            words: str | None
            if begin >= 0 and text is not None:
                words, given = self._cut_out(text.text, begin, stop), None
                if self.quoted and passage.name and not reads_as(text.text, begin, stop, passage.name):
                    self.account.see("passages read differently from how the file quotes them", where, words)
            else:
                begin, stop, words, given = self._search(passage, at, text, where)
            memo = self._memo(passage)
            self._code(at, where, passage.codings, (at, begin, stop, words, memo, given))
            for case in self._cases_of.get(passage.guid, ()):
                self.marked.setdefault(case, set()).add(at)
        if document.codings:
            self.account.see("codings stand on a whole document", where, n=len(document.codings))
            notes = [guid for coding in document.codings for guid in coding.notes]
            self._code(at, where, document.codings, (at, -1, -1, None, self._joined("", notes), self.document_ids[at]))

    def _cut_out(self, text: str, begin: int, stop: int) -> str:
        """The words of a passage; long passages over each other by the thousand would fill any memory, and are refused."""
        self._long += stop - begin
        if self._long > MOST_SIGNS:
            raise DataError(
                f"{self.account.path}: its passages hold more than {count(MOST_SIGNS)} characters together, so they overlap by far "
                "more than codings do; it was not read on."
            )
        return text[begin:stop]

    def _search(
        self, passage: Passage, at: int, text: Text | None, where: str
    ) -> tuple[int, int, str | None, str | None]:
        """A passage without a place in its text: by what the file quotes, where that stands there once, else nowhere."""
        words = passage.text or (passage.name.strip() if self.quoted or _is_quote(passage) else "")
        here = "?" if passage.start is None else passage.start, "?" if passage.end is None else passage.end
        if words and text is not None and text.text.count(words) == 1:
            begin = text.text.index(words)
            self.account.see("spans out of range were found by the passage that the file quotes", where, words)
            return begin, begin + len(words), words, None
        self.unplaced += 1
        reason = "they lie outside of their text" if text is not None else "their document has no text"
        kept = "the passage itself is kept" if words else "document and code are kept, the passage is not known"
        self.account.see(f"spans could not be placed: {reason}; {kept}", where, f"{here[0]} to {here[1]}")
        if words and "?" in here:
            return -1, -1, words, None  # told apart by what it says
        number = f"{here[0]}-{here[1]}" if "?" not in here else str(len(self._marks) + 1)
        return -1, -1, words or None, f"{self.document_ids[at]}:unplaced {number}"

    def _memo(self, passage: Passage) -> str | None:
        """What was written about a passage: its description, and the notes that it or its codings name or are linked to."""
        notes = [*passage.notes, *self._notes_of.get(passage.guid, ())]
        for coding in passage.codings:
            notes += coding.notes
        return self._joined(passage.memo, notes) if notes else passage.memo or None

    def _joined(self, memo: str, notes: Sequence[str]) -> str | None:
        self.used_notes.update(notes)
        return joined([memo, *(self.notes.get(guid, "") for guid in notes)])

    def _code(
        self,
        at: int,
        where: str,
        codings: Sequence[Coding],
        mark: tuple[int, int, int, str | None, str | None, str | None],
    ) -> None:
        """Write down a passage, and those of its codings whose code is known; one that only says whose it is, is no segment."""
        if not codings or mark[4] or any(coding.code not in self._cases for coding in codings):
            self._marks.append(mark)
        self.account.read(max(1, len(codings)))
        self.uncoded += not codings
        for coding in codings:
            path = self.code_of.get(coding.code)
            if coding.code in self._cases:  # also where a code has the same GUID, as NVivo writes it
                self.marked.setdefault(coding.code, set()).add(at)
                self.account.lose("that give a passage to a case, not a code", where)
            elif path is not None:
                self._codings.append((len(self._marks) - 1, path, self._coder(coding.user), coding.time))
            else:
                self.account.lose("whose code is not in the codebook", where, coding.code[:8] or "none")

    def _coder(self, guid: str) -> str:
        if not guid:
            return UNKNOWN
        if guid not in self._coders:
            self._coders[guid] = f"user {guid[:8]}"
            self.account.see("coders are not among the users of the project and are called by their GUID", guid[:8])
        return self._coders[guid]

    def tables(self, code_order: Sequence[str], timezone: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Segments by document and place, and codings in their order; what repeats a coding is lost, and counted."""
        if not self._marks:
            return no_segments(), no_codings()
        at, start, end, words, memo, given = zip(*self._marks, strict=True)
        self._marks = []
        documents = pd.Series(self.document_ids, dtype="str")
        marks = pd.DataFrame({"document_id": documents.take(list(at)).to_numpy()})
        marks["document_id"] = marks["document_id"].astype("str")
        for name, column in (("start", start), ("end", end)):
            values = np.array(column, dtype=np.int64)
            whole = pd.Series(values)
            marks[name] = whole.astype("Int64").mask(whole < 0) if (values < 0).any() else whole
        for name, texts in (("text", words), ("memo", memo), ("segment_id", given)):
            marks[name] = pd.Series(texts, dtype="str")
        ids, segments = make_segments(marks, self.account)
        noted = marks["memo"].notna()
        if noted.any():  # marks that share a segment may each have a memo
            memos = marks.loc[noted, "memo"].groupby(ids[noted], sort=False).agg(joined)
            segments["memo"] = segments["segment_id"].map(memos).astype("str")
        place_of = pd.Series(at).groupby(ids.to_numpy(), sort=False).first()
        order = segments.assign(at=place_of.to_numpy()).sort_values(["at", "start", "end"], kind="stable").index
        segments = segments.loc[order].reset_index(drop=True)
        return segments, self._coding_table(ids, segments, code_order, timezone)

    def _coding_table(
        self, ids: pd.Series, segments: pd.DataFrame, code_order: Sequence[str], timezone: str | None
    ) -> pd.DataFrame:
        if not self._codings:
            return no_codings()
        mark, path, coder, time = zip(*self._codings, strict=True)
        self._codings = []
        codings = pd.DataFrame({"segment_id": ids.take(list(mark)).to_numpy()}).astype("str")
        codings["code_id"] = pd.Series(path, dtype="str")
        codings["coder"] = pd.Series(coder, dtype="str")
        if any(time):
            times, unzoned = times_of(time, timezone)
            if times.notna().any():
                codings["created_at"] = times
            if unzoned:
                self.account.see(f"times of codings name no zone and were read as {timezone or 'UTC'}", n=unzoned)
        again = codings.duplicated(["segment_id", "code_id", "coder"])
        if again.any():
            place = f"segment {shorten(codings['segment_id'][again].iloc[0])}"
            self.account.lose("that repeat a coding: same passage, code and coder", place, n=int(again.sum()))
            codings = codings[~again]
        ranks = pd.DataFrame(
            {
                "segment": codings["segment_id"].map(
                    dict(zip(segments["segment_id"], range(len(segments)), strict=True))
                ),
                "code": codings["code_id"].map({code: rank for rank, code in enumerate(code_order)}),
                "coder": codings["coder"],
            }
        )
        return codings.loc[ranks.sort_values(["segment", "code", "coder"], kind="stable").index].reset_index(drop=True)


def _is_quote(passage: Passage) -> bool:
    """Whether what a passage is called is as long as its span, or a longer text cut short; then it is what stands there."""
    if passage.start is None or passage.end is None:
        return False
    width, name = passage.end - passage.start, passage.name.strip()
    if name.endswith(ELLIPSES):
        return len(name) < width
    return bool(name) and abs(len(name) - width) <= max(1, width // 20)


def joined(parts: Sequence[str] | pd.Series) -> str | None:
    """What was said, each once, with a blank line between; None where nothing was."""
    return "\n\n".join(dict.fromkeys(part for part in parts if part)) or None


def no_segments() -> pd.DataFrame:
    """A table of segments without rows."""
    kinds = {"segment_id": "str", "document_id": "str", "start": "int64", "end": "int64", "text": "str", "memo": "str"}
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in kinds.items()})


def no_codings() -> pd.DataFrame:
    """A table of codings without rows."""
    return pd.DataFrame({name: pd.Series([], dtype="str") for name in ("segment_id", "code_id", "coder")})
