"""Save a figure, a table, a result or a map from any cell, in one call."""

from __future__ import annotations

import contextlib
import csv
import datetime
import inspect
import io
import json
import os
import re
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from journeylab import figures, html
from journeylab.errors import StudyError, did_you_mean
from journeylab.results import Result, flat, plain

OWN = {"xlsx": "to_xlsx", "xml": "to_cjml", "csv": "to_csv", "png": "to_png", "svg": "to_svg"}
"""Endings, and the method by which a result such as the map writes the file itself, where it has it."""

PICTURES = {"png", "svg"}

FORMULA = ("=", "+", "-", "@")
"""A spreadsheet runs text that begins with one of these."""

MOST_ROWS = 1_048_575
"""Rows of a sheet, without the heading."""

MOST_LETTERS = 32_767
CUT = " ... (cut: a cell holds no more)"
MOST_DIGITS = 10**15
"""A sheet keeps 15 digits of a number; longer ones, such as ids, are written as text."""

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""What a sheet cannot hold."""


def save(thing: object, path: str | Path) -> Path:
    """Write a figure, a table, a result or a map to a file; the ending says as what.

    Parameters
    ----------
    thing : Axes, Figure, DataFrame, Series, Result or JourneyMap
        ========================= =========================================================
        Axes, Figure              ``png``, ``svg``
        DataFrame, Series         ``csv``, ``xlsx``, ``html``, ``json``, ``md``
        Result, JourneyMap        those of its table and, where it has a picture, of a figure
        ========================= =========================================================
    path : str or Path
        Folders that are not there are made; a file that is there is replaced, and only by a whole one.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    StudyError
        When the ending is none that `thing` can have, or the file cannot be written.

    Notes
    -----
    Times are written by ISO 8601, with their zone where they have one; durations too, but in seconds as JSON. Text that a
    spreadsheet would run (it begins with ``=``, ``+``, ``-`` or ``@``) gets an apostrophe before it in a CSV file, and is
    marked as text in an XLSX file.

    Examples
    --------
    >>> import tempfile
    >>> frame = pd.DataFrame({"touchpoint": ["cart", "=1+1"], "n": [3, -1]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(save(frame, f"{folder}/table.csv").read_text(), end="")
    touchpoint,n
    cart,3
    '=1+1,-1
    """
    file = Path(path)
    ways = _ways(thing, file.stem)
    ending = file.suffix.lower().removeprefix(".")
    if not ways:
        raise StudyError(
            f"{file}: a {type(thing).__name__} cannot be saved; give a figure (what .plot() returns), a table, a result "
            "or a map."
        )
    if ending not in ways:
        picture = ending in PICTURES and not PICTURES & set(ways)
        hint = " A picture is what .plot() of a result returns, and the map." if picture else did_you_mean(ending, ways)
        raise StudyError(
            f"{file}: a {type(thing).__name__} is not saved as '{file.suffix or 'a file without an ending'}'; "
            f"end the name with one of {', '.join(f'.{kind}' for kind in ways)}."
            f"{hint if ending else ''}"
        )
    _write(file, ways[ending]())
    return file


Way = Callable[[], bytes | str]


def _ways(thing: Any, name: str) -> dict[str, Way]:
    """What a thing can be saved as; `name` heads a page of a table."""
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    if isinstance(thing, Figure) and thing.axes:
        thing = thing.axes[0]
    if isinstance(thing, Axes):
        return {"png": lambda: figures.png(thing), "svg": lambda: figures.svg(thing)}
    if isinstance(thing, (pd.DataFrame, pd.Series)):
        table = flat(thing.to_frame() if isinstance(thing, pd.Series) else thing)
        return {
            "csv": lambda: _csv(table),
            "xlsx": lambda: _xlsx(table),
            "html": lambda: _page(name, html.table(table, name)),
            "json": lambda: json.dumps(plain(table), ensure_ascii=False, allow_nan=False) + "\n",
            "md": lambda: _md(table),
        }
    return _result_ways(thing) if isinstance(thing, Result) else {}


def _result_ways(result: Result) -> dict[str, Way]:
    """What a result can be saved as: its picture, its table, itself; and what it writes by methods of its own."""
    table = flat(result.table)
    found: dict[str, Way] = {}
    if type(result).plot is not Result.plot:
        found = {"png": lambda: figures.png(result.plot()), "svg": lambda: figures.svg(result.plot())}
    found |= {
        "csv": lambda: _csv(table),
        "xlsx": lambda: _xlsx(table),
        "html": lambda: _result_page(result),
        "json": lambda: result.to_json() + "\n",
        "md": lambda: _result_md(result),
    }
    for ending, name in OWN.items():
        method = getattr(result, name, None)
        if method is not None:
            found[ending] = partial(_written_by, method, ending)
    return found


def _written_by(method: Callable[..., Any], ending: str) -> bytes | str:
    """What a method writes into a file that it is given, or returns where it needs none."""
    if not any(one.default is one.empty for one in inspect.signature(method).parameters.values()):
        content: bytes | str = method()
        return content
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"map.{ending}"
        method(file)
        return file.read_bytes()


def _write(file: Path, content: bytes | str) -> None:
    """Write beside the file, then take its place: a reader never sees half of it."""
    if file.is_dir():
        raise StudyError(f"{file}: is a folder; give the name of a file.")
    beside = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        beside.replace(file)
    except OSError as error:
        raise StudyError(
            f"{file}: cannot be written: {error.strerror}. Choose another folder, or close the file."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _cell(value: Any) -> Any:
    """A value as a spreadsheet may hold it: a number, a truth value, text, or nothing."""
    if isinstance(value, (tuple, list)):
        return " → ".join(map(str, value))
    if isinstance(value, pd.Timedelta):
        return None if pd.isna(value) else value.isoformat()
    if isinstance(value, (datetime.datetime, datetime.date)):
        return None if pd.isna(value) else value.isoformat()
    value = plain(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value


def _rows(frame: pd.DataFrame) -> list[list[Any]]:
    columns = [[_cell(value) for value in frame.iloc[:, place]] for place in range(frame.shape[1])]
    return [list(row) for row in zip(*columns, strict=True)]


def _runs(value: Any) -> bool:
    """Whether a spreadsheet would take a text for a formula."""
    return isinstance(value, str) and (value.lstrip().startswith(FORMULA) or value.startswith(("\t", "\r", "\n")))


def _csv(frame: pd.DataFrame) -> str:
    def guarded(value: Any) -> Any:
        return f"'{value}" if _runs(value) else value

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for row in ([*frame.columns], *_rows(frame)):
        writer.writerow([guarded(value) for value in row])
    return stream.getvalue()


def _xlsx(frame: pd.DataFrame) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    if len(frame) > MOST_ROWS:
        raise StudyError(f"A sheet holds {MOST_ROWS:,} rows, and this table has {len(frame):,}; save it as .csv.")
    book = Workbook(write_only=True)
    sheet = book.create_sheet("table")
    sheet.freeze_panes = "A2"

    def cell(value: Any) -> Any:
        if isinstance(value, int) and abs(value) >= MOST_DIGITS:
            value = str(value)
        if not isinstance(value, str):
            return value
        words = CONTROL.sub("", value)
        if len(words) > MOST_LETTERS:
            words = words[: MOST_LETTERS - len(CUT)] + CUT
        made = WriteOnlyCell(sheet, value=words)
        made.data_type = "s"
        if _runs(value):
            made.quotePrefix = True  # type: ignore[attr-defined]
        return made

    heading = [cell(name) for name in frame.columns]
    for made in heading:
        made.font = Font(bold=True)
    sheet.append(heading)
    for row in _rows(frame):
        sheet.append([cell(value) for value in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _md(frame: pd.DataFrame) -> str:
    """A table in Markdown, its numbers written as in the report."""

    def line(cells: list[str]) -> str:
        return f"| {' | '.join(cells)} |"

    styles = {name: html.guess_format(name, frame[name]) for name in frame.columns}
    lines = [
        line([_md_text(html.heading(name)) for name in frame.columns]),
        line(["---" if style == "text" else "---:" for style in styles.values()]),
    ]
    for row in frame.itertuples(index=False, name=None):
        shown = [html.format_value(value, style) for value, style in zip(row, styles.values(), strict=True)]
        lines.append(line([_md_text(value) for value in shown]))
    return "\n".join(lines) + "\n"


def _md_text(value: object) -> str:
    """Text that stays text in Markdown, on one line."""
    flat = " ".join(str(value).split())
    return re.sub(r"([\\`*_\[\]|<>~#])", r"\\\1", flat)


def _result_md(result: Result) -> str:
    held = "".join(f"- {_md_text(line)}\n" for line in result.assumptions)
    parts = [f"{_md_text(result.summary())}\n", _md(flat(result.table)), f"Method: {_md_text(result.method)}\n", held]
    return "\n".join(part for part in parts if part)


def _result_page(result: Any) -> str:
    if hasattr(result, "to_html"):  # the map
        return _page(getattr(result, "title", result.method), result.to_html())
    words = f"<p class='finding'>{html.escape(result.summary())}</p>"
    table = html.table(flat(result.table), result.method)
    return _page(result.method, words + table + html.assumptions(result.method, result.assumptions))


def _page(title: str, body: str) -> str:
    """A page that stands alone, in the look of the reports."""
    from journeylab.report.page import page

    title = title if len(title) <= 120 else f"{title[:119]}…"
    return page(
        stem="saved", title=title, study="journeylab", links=(), body=f"<h1>{html.escape(title)}</h1>{body}", footer=""
    )
