"""What a reader of coded texts returns: the linked contract tables of one coded study."""

from __future__ import annotations

import dataclasses

import pandas as pd

from journeylab.errors import DataError, did_you_mean
from journeylab.readers.ledger import shorten
from journeylab.tables import ImportReport, validate
from journeylab.text import count


@dataclasses.dataclass(frozen=True)
class CodedStudy:
    """Coded texts as contract tables.

    Attributes
    ----------
    documents : DataFrame
        document_id, participant_id?, name, text?, collected_at?, source_file.
    codes : DataFrame
        code_id, path, name, parent_id?, codable, description?, valence?, stage?, touchpoint?.
    segments : DataFrame
        segment_id, document_id, start?, end? (code points, half open), text?, memo?.
    codings : DataFrame
        segment_id, code_id, coder, created_at?, weight?.
    participants : DataFrame or None
        participant_id and variables; None where nobody is named.
    report : ImportReport
        Of the file with the codings.
    asked : DataFrame or None
        Which stages were raised with whom.
    reports : tuple of ImportReport
        Of every file that was read, that of the codings first.
    coders_identified : bool
        False where the file only counts votes: then "vote 1" is not one person, and measures that need the same
        coder across documents (Cohen's kappa) have no meaning.
    """

    documents: pd.DataFrame
    codes: pd.DataFrame
    segments: pd.DataFrame
    codings: pd.DataFrame
    participants: pd.DataFrame | None
    report: ImportReport
    asked: pd.DataFrame | None = None
    reports: tuple[ImportReport, ...] = ()
    coders_identified: bool = True

    def check(self) -> CodedStudy:
        """Hold every table against its contract, and the tables against each other; return the study itself.

        Raises
        ------
        DataError
            With the first id that leads nowhere.
        """
        path = self.report.path
        for name in ("documents", "codes", "segments", "codings", "participants", "asked"):
            frame = getattr(self, name)
            if frame is not None:
                validate(frame, name, f"{path}: table {name}")
        links = [
            ("segments", "document_id", self.documents["document_id"]),
            ("codings", "segment_id", self.segments["segment_id"]),
            ("codings", "code_id", self.codes["code_id"]),
        ]
        if self.participants is not None:
            links.append(("documents", "participant_id", self.participants["participant_id"]))
        if self.asked is not None and "document_id" in self.asked:
            links.append(("asked", "document_id", self.documents["document_id"]))
        for name, column, known in links:
            frame = getattr(self, name)
            if column not in frame:
                continue
            loose = frame.loc[frame[column].notna() & ~frame[column].isin(known), column]
            if len(loose):
                raise DataError(
                    f"{path}: table {name}: {column} {shorten(loose.iloc[0])} leads nowhere "
                    f"({count(len(loose))} of {count(len(frame))} rows); mend the id.{did_you_mean(str(loose.iloc[0]), known)}"
                )
        return self
