"""What every analysis returns: a tidy table, a sentence, a figure, and what must hold for them."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.errors import DataError
from journeylab.intervals import CONFIDENCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MOST_ROWS, MOST_COLUMNS = 10, 12
"""So much of a table stands in a notebook cell; all of it is in ``.table``."""


@dataclasses.dataclass(frozen=True)
class Result:
    """The part that all results share; each analysis adds its fields, `summary` and `plot`.

    Attributes
    ----------
    table : DataFrame
        Tidy, with the columns that the analysis documents; estimates stand beside n and an interval.
    method : str
        The name of the estimator, as a reader may look it up.
    assumptions : tuple of str
        What must hold for the numbers to mean what the summary says.
    """

    table: pd.DataFrame
    method: str
    assumptions: tuple[str, ...]

    def summary(self) -> str:
        """Say in one sentence what was found, with n and interval."""
        return f"{self.method}: {text.count(len(self.table))} rows."

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the result on `ax` (or a new figure) and return the Axes, which carry an alt text."""
        raise TypeError(f"{type(self).__name__} has no picture; show its table instead.")

    def to_json(self) -> str:
        """Write the result as JSON: summary, method, assumptions, table and every scalar field."""
        fields = {
            field.name: plain(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if field.name not in {"table", "method", "assumptions"} and field.repr
        }
        return json.dumps(
            {
                "kind": type(self).__name__,
                "summary": self.summary(),
                "method": self.method,
                "confidence": CONFIDENCE,
                "assumptions": list(self.assumptions),
                **fields,
                "table": plain(self.table),
            },
            ensure_ascii=False,
            allow_nan=False,
        )

    def _repr_html_(self) -> str:
        """Show the sentence, the first rows and, folded, the assumptions in JupyterLab."""
        from journeylab import html

        shown = getattr(self, "shown", self.table)
        frame = flat(shown if isinstance(shown, pd.DataFrame) else self.table)
        columns, formats = getattr(self, "columns", None), getattr(self, "formats", None)
        left = 0
        if isinstance(columns, Mapping) and set(columns) <= {*frame.columns, "ci"}:
            columns = dict(list(columns.items())[:MOST_COLUMNS])
        else:
            columns, formats, left = None, None, max(0, frame.shape[1] - MOST_COLUMNS)
            frame = frame.iloc[:, :MOST_COLUMNS]
        table = html.table(frame.head(MOST_ROWS), type(self).__name__, columns=columns, formats=formats)
        cut = [
            f"{text.count(n)} more {what}" for n, what in ((len(frame) - MOST_ROWS, "rows"), (left, "columns")) if n > 0
        ]
        more = f"<p class='more'>and {' and '.join(cut)} in .table</p>" if cut else ""
        return f"<p>{html.escape(self.summary())}</p>{table}{more}{html.assumptions(self.method, self.assumptions)}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Say the sentence where IPython can show only text."""
        printer.text(f"{type(self).__name__}: {self.summary()}")


FOLDER = "JOURNEYLAB_RESULTS"
"""The environment variable that names the folder of a run's results; unset in JupyterLab."""


NOTEBOOK = "JOURNEYLAB_NOTEBOOK"
"""The environment variable that names the notebook that runs."""


def save(name: str, result: Result | dict[str, Any] | list[Any]) -> None:
    """Keep a result for the run's report as ``NAME.json``; outside a run nothing is written."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    content = result.to_json() if isinstance(result, Result) else json.dumps(plain(result), ensure_ascii=False)
    _write(Path(folder), f"{name}.json", content + "\n")


def save_html(name: str, fragment: str) -> None:
    """Keep an HTML fragment that the package drew for the run's first page; outside a run nothing is written."""
    folder = os.environ.get(FOLDER)
    if folder:
        _write(Path(folder), f"{name}.html", fragment)


def _write(folder: Path, name: str, content: str) -> None:
    """Write a result, and note which notebook wrote it, so that a later run can take it over."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content, encoding="utf-8")
    notebook = os.environ.get(NOTEBOOK)
    if notebook:
        with (folder / f".{notebook}.wrote").open("a", encoding="utf-8") as stream:
            stream.write(name + "\n")


def load(name: str) -> Any | None:
    """Read what another notebook of this run saved, or None where there is none."""
    return _read(os.environ.get(FOLDER), name)


def load_table(name: str) -> pd.DataFrame | None:
    """The table that another notebook of this run saved, or None; a column without any value is one of numbers."""
    content = load(name)
    if not content or not content.get("table"):
        return None
    table = pd.DataFrame(content["table"])
    empty = [column for column in table if table[column].isna().all()]
    return table.astype(dict.fromkeys(empty, "float64"))


LAST = "JOURNEYLAB_LAST"
"""The environment variable that names the results of the last good run of the study."""


def last(name: str) -> Any | None:
    """Read what the last good run of the study saved, or None where there is none.

    Raises
    ------
    DataError
        When it is damaged, or gone though a notebook wrote it; names run, file and reason.
    """
    folder = os.environ.get(LAST)
    return saved_in(Path(folder), name) if folder else None


def saved_in(folder: Path, name: str) -> Any | None:
    """Read what an earlier run saved in its folder of results, or None where it saved none; raises as `last` does."""
    file = folder / f"{name}.json"
    where = "/".join(file.parts[-3:])
    try:
        if file.is_file():
            return json.loads(file.read_text(encoding="utf-8"))
        noted = any(file.name in note.read_text(encoding="utf-8").split("\n") for note in folder.glob(".*.wrote"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{where}: cannot be read: {reason}.") from None
    if noted:
        raise DataError(f"{where}: is missing, though a notebook of that run wrote it.")
    return None


def _read(folder: str | None, name: str) -> Any | None:
    file = Path(folder) / f"{name}.json" if folder else None
    return json.loads(file.read_text(encoding="utf-8")) if file is not None and file.is_file() else None


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame whose index, where it says something, stands in columns, and whose headings are text."""
    named = frame.index.name is not None or not pd.api.types.is_integer_dtype(frame.index.dtype)
    if named and not set(frame.index.names) & set(frame.columns):
        frame = frame.reset_index()
    names = [" ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    return frame.set_axis(names, axis=1)


def plain(value: Any) -> Any:
    """Turn a value into what JSON can hold; NaN and NaT become null."""
    if isinstance(value, pd.DataFrame):
        return [
            dict(zip(map(str, value.columns), map(plain, row), strict=True))
            for row in value.itertuples(index=False, name=None)
        ]
    if isinstance(value, pd.Series):
        return {str(key): plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, pd.Timedelta):
        return value.total_seconds()
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    return str(value)
