"""What was read, kept and dropped, over every source of a study."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from journeylab import text
from journeylab.results import Result

if TYPE_CHECKING:
    from journeylab.tables import ImportReport


@dataclasses.dataclass(frozen=True)
class Imports(Result):
    """The imports of a study.

    Attributes
    ----------
    table : DataFrame
        source, file, table, rows_read, rows_kept, rows_dropped, share_kept.
    losses : DataFrame
        source, reason, n, examples.
    notes : tuple of str
        Dialects found, conversions, and what was lost that is not a row.
    n_read, n_kept : int
        Rows of all files.
    balanced : bool
        Whether kept + dropped = read holds for every file.
    """

    losses: pd.DataFrame = dataclasses.field(repr=False)
    notes: tuple[str, ...]
    n_read: int
    n_kept: int
    balanced: bool

    def summary(self) -> str:
        """Say how many rows were kept, and where the largest loss is."""
        if not self.n_read:
            return "No row was read."
        lost = self.n_read - self.n_kept
        sentence = (
            f"{text.count(self.n_kept)} of {text.count(self.n_read)} rows were kept "
            f"({text.percent(self.n_kept / self.n_read, 2)})"
        )
        if not lost:
            return f"{sentence}; nothing was dropped."
        worst = self.losses.loc[self.losses["n"].idxmax()]
        most = f"most of them rows of {worst['source']} {worst['reason']} ({text.count(worst['n'])})"
        return f"{sentence}; {text.count(lost)} were dropped, {most}."


def overview(reports: Iterable[ImportReport]) -> Imports:
    """Add up the import reports of a study."""
    reports = list(reports)
    table = pd.DataFrame(
        [
            {
                "source": report.source,
                "file": report.path.replace("\\", "/").rsplit("/", 1)[-1],
                "table": report.table,
                "rows_read": report.n_read,
                "rows_kept": report.n_kept,
                "rows_dropped": report.n_dropped,
                "share_kept": report.n_kept / report.n_read if report.n_read else float("nan"),
            }
            for report in reports
        ],
        columns=["source", "file", "table", "rows_read", "rows_kept", "rows_dropped", "share_kept"],
    )
    losses = pd.DataFrame(
        [
            (report.source, loss.reason, loss.n, "; ".join(loss.examples[:3]))
            for report in reports
            for loss in report.dropped
        ],
        columns=["source", "reason", "n", "examples"],
    )
    return Imports(
        table,
        "Rows read = rows kept + rows dropped, a file",
        ("A dropped row is in no number of this report.",),
        losses,
        tuple(f"{report.source}: {note}" for report in reports for note in report.notes),
        int(table["rows_read"].sum()),
        int(table["rows_kept"].sum()),
        bool((table["rows_kept"] + table["rows_dropped"] == table["rows_read"]).all()),
    )
