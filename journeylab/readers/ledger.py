"""The bookkeeping of an import: every row that is left out is counted once, with its reason."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from journeylab import identity
from journeylab.errors import DataError
from journeylab.readers.files import RawTable
from journeylab.tables import ImportReport, Loss
from journeylab.text import count

MOST_EXAMPLES = 3


class Ledger:
    """Collects losses and notes while a reader works, and closes with an `ImportReport`."""

    def __init__(self, raw: RawTable, *, source: str | None, format: str, table: str) -> None:
        self.raw = raw
        self.path = str(raw.path)
        self.source = source or raw.path.name
        self.format = format
        self.table = table
        self.losses: list[Loss] = list(raw.losses)
        self.notes: list[str] = list(raw.notes)

    def drop(self, frame: pd.DataFrame, gone: ArrayLike, reason: str, show: str | None = None) -> pd.DataFrame:
        """Return the rows that stay, and count those that go; `show` names the column that examples quote."""
        mask = np.asarray(gone, dtype=bool)
        if not mask.any():
            return frame
        lost = frame[mask]
        self.losses.append(Loss(reason, len(lost), examples(lost.index, None if show is None else lost[show])))
        return frame[~mask]

    def drop_placeholders(self, frame: pd.DataFrame, column: str, label: str) -> pd.DataFrame:
        """Return the rows whose id is somebody's; ids such as 'null' are counted by what they say."""
        nobody = identity.placeholders(frame[column])
        for value in frame[column][nobody].str.strip().unique():
            frame = self.drop(frame, (frame[column].str.strip() == value).to_numpy(), identity.reason(label, value))
        return frame

    def note(self, text: str) -> None:
        """Write down what is not a lost row."""
        if text not in self.notes:
            self.notes.append(text)

    def note_cells(self, cells: pd.Series, text: str) -> None:
        """Write down cells that could not be used, how many and the first of them; nothing where there is none."""
        if len(cells):
            self.note(f"{count(len(cells))} {text}, such as {', '.join(examples(cells.index, cells))}")

    def close(self, n_kept: int) -> ImportReport:
        """Close the books.

        Raises
        ------
        DataError
            When no row is left: the message says why.
        """
        if n_kept == 0:
            reasons = "; ".join(
                f"{count(loss.n)} {loss.reason} ({', '.join(loss.examples)})"
                if loss.examples
                else f"{count(loss.n)} {loss.reason}"
                for loss in self.losses
            )
            raise DataError(f"{self.path}: none of its {count(self.raw.n_read)} rows can be used: {reasons}.")
        return ImportReport(
            source=self.source,
            path=self.path,
            format=self.format,
            table=self.table,
            n_read=self.raw.n_read,
            n_kept=n_kept,
            dropped=tuple(self.losses),
            notes=tuple(self.notes),
        )


def examples(rows: Iterable[int], values: pd.Series | None = None) -> tuple[str, ...]:
    """Write the first rows, with what stands in them."""
    numbers = [f"row {row}" for row, _ in zip(rows, range(MOST_EXAMPLES), strict=False)]
    if values is None:
        return tuple(numbers)
    shown = [shorten(value) for value in values.iloc[:MOST_EXAMPLES]]
    return tuple(f"{number} ({value})" if value else number for number, value in zip(numbers, shown, strict=True))


def shorten(value: object, most: int = 40) -> str:
    """Quote a cell for a message; nothing for an empty one."""
    if not isinstance(value, str) and pd.isna(value):  # type: ignore[call-overload]
        return ""
    text = " ".join(str(value).split())
    if not text:
        return ""
    return f"'{text}'" if len(text) <= most else f"'{text[: most - 1]}…'"
