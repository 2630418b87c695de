"""What `journeylab compare` does: find the runs, compare them, write the files, and say what moved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from journeylab import locales, text
from journeylab.comparing import Comparison, LeftOut, Reading, Trend, compare, read_run, read_runs, trend
from journeylab.comparing.telling import show
from journeylab.comparing.trend import SHOWN
from journeylab.errors import ReportError
from journeylab.report.compare_page import comparison_page, trend_page
from journeylab.report.files import write_all
from journeylab.report.find_run import find_run, good_runs, study_of
from journeylab.report.record import list_runs
from journeylab.report.tables import frame_csv

PAGES = {".html", ".htm", ".csv", ""}
"""Endings of what --to writes."""


def compare_runs(
    words: Sequence[str], reports: Path, *, trend_of_all: bool = False, page: Path | None = None,
    table: Path | None = None, every: bool = False, force: bool = False,
) -> tuple[list[str], list[str]]:  # fmt: skip
    """Compare two runs, the last two good runs of a study, or all of them, and write what was asked for.

    Parameters
    ----------
    words : sequence of str
        One study, or two runs, the earlier first.
    reports : Path
        Where the runs lie.
    trend_of_all : bool
        All good runs of the study.
    page, table : Path, optional
        Where the HTML page (or, ending in ``.csv``, the rows) and the JSON go.
    every : bool
        Print also the rows that did not move.
    force : bool
        Replace files that are there.

    Returns
    -------
    said, notes : list of str
        Lines for the reader, and of runs that cannot be read.

    Raises
    ------
    ReportError, DataError
        When there are no such runs, they are damaged or of different studies, or a file cannot be written; nothing is written then.
    """
    _require_places(page, table, force)
    notes: list[str] = []
    damaged: list[LeftOut] = []
    if len(words) == 2:
        folders = [find_run(word, reports) for word in words]
    else:
        past_runs = [past for past in list_runs(reports, study_of(words[0], reports)) if past.damage]
        notes = [past.note for past in past_runs]
        damaged = [LeftOut(past.name, "run.json", past.damage) for past in past_runs]
        folders = [past.folder for past in good_runs(words[0], reports)]
        if not trend_of_all:
            folders = folders[-2:]
            if len(folders) < 2:
                raise ReportError(" ".join([f"{words[0]}: has one good run only; a comparison needs two.", *notes]))
    found: Comparison | Trend
    if trend_of_all:
        runs, left_out = read_runs(folders)
        notes += [f"{one.run}: {one.file}: {one.reason}; the run is left out." for one in left_out]
        if runs:
            _use_locale(runs[-1], next(folder for folder in folders if folder.name == runs[-1].name))
        found = trend(runs, [*damaged, *left_out])
        html = trend_page(found, runs[-1].study, runs[-1].title) if page else ""
        said = [found.summary(), *(found.alt(kind) for kind in SHOWN if found.names(kind))]
    else:
        old, new = map(read_run, folders)
        _use_locale(new, folders[-1])
        found = compare(old, new)
        html = comparison_page(found, old, new) if page else ""
        said = _lines(found, every)
    contents = {table: found.to_json() + "\n"} if table else {}
    if page:
        contents[page] = frame_csv(found.table) if page.suffix.lower() == ".csv" else html
    return [*said, *map(str, write_all(contents))], notes


def _lines(found: Comparison, every: bool) -> list[str]:
    """What moved, and that as a table; or all rows."""
    chosen = found.table if every else found.table[found.moved]
    lines = found.lines()
    if len(chosen):
        shown = show(chosen)
        for name in ("n before", "n new"):
            shown[name] = shown[name].map(text.count)
        lines.append(shown.to_string(index=False, max_colwidth=60))
    if still := len(found.table) - len(chosen):
        lines.append(f"Not shown: {text.count(still)} of {text.count(len(found.table))} rows, which did not move; they are in "
                     "--all, --to FILE.html or FILE.csv, and --json FILE.")  # fmt: skip
    return lines


def _use_locale(run: Reading, folder: Path) -> None:
    """Write numbers as the newer run does; a run of an older version does not say how."""
    if run.locale is None:
        return
    try:
        locales.use(run.locale)
    except ValueError as error:
        raise ReportError(f"{folder / 'run.json'}: locale: {error}") from None


def _require_places(page: Path | None, table: Path | None, force: bool) -> None:
    """Refuse files that cannot or should not be written, before anything is read."""
    if page and page.suffix.lower() not in PAGES:
        raise ReportError(f"{page}: --to writes a page (.html) or the rows (.csv), no {page.suffix}.")
    if page and table and page.resolve() == table.resolve():
        raise ReportError(f"{page}: is given to both --to and --json; give two names.")
    for to in (page, table):
        if to is None:
            continue
        if to.is_dir():
            raise ReportError(f"{to}: is a folder; name a file in it.")
        if to.exists() and not force:
            raise ReportError(f"{to}: is there already, and nothing was changed; --force replaces it.")
        if not to.parent.is_dir():
            raise ReportError(f"{to}: there is no folder {to.parent}; make it first.")
