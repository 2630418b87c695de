"""What `journeylab compare` does: find the runs, compare them, write the files, and say what moved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from journeylab import locales
from journeylab.comparing import Comparison, Reading, Trend, compare, read_run, trend
from journeylab.errors import ReportError
from journeylab.report.compare_page import comparison_page, trend_page, write_page
from journeylab.report.find_run import find_run, good_runs, study_of
from journeylab.report.record import list_runs

ROWS = 15
"""Lines of the table that are printed at least, where there are so many."""


def compare_runs(
    words: Sequence[str], reports: Path, *, trend_of_all: bool = False, page: Path | None = None,
    table: Path | None = None, force: bool = False,
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
        Where the HTML page and the JSON go.
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
    if len(words) == 2:
        folders = [find_run(word, reports) for word in words]
    else:
        notes = [past.note for past in list_runs(reports, study_of(words[0], reports)) if past.damage]
        folders = [past.folder for past in good_runs(words[0], reports)]
        if not trend_of_all:
            folders = folders[-2:]
            if len(folders) < 2:
                raise ReportError(" ".join([f"{words[0]}: has one good run only; a comparison needs two.", *notes]))
    runs = [read_run(folder) for folder in folders]
    _use_locale(runs[-1], folders[-1])
    found: Comparison | Trend
    if trend_of_all:
        found = trend(runs)
        html = trend_page(found, runs[-1].study, runs[-1].title) if page else ""
        said = [found.summary(), *(found.alt(kind) for kind in ("KPI", "funnel", "scores") if found.names(kind))]
    else:
        found = compare(*runs)
        html = comparison_page(found, *runs) if page else ""
        said = _lines(found)
    if table:
        said.append(str(write_page(found.to_json() + "\n", table)))
    if page:
        said.append(str(write_page(html, page)))
    return said, notes


def _lines(found: Comparison) -> list[str]:
    """What moved, and the surest differences as a table."""
    told = int(found.table["verdict"].isin(["clear", "perhaps"]).sum())
    shown = found.shown.head(max(told, ROWS))
    lines = [*found.lines(), shown.to_string(index=False, max_colwidth=60)]
    if len(shown) < len(found.table):
        lines.append(f"and {len(found.table) - len(shown)} more; all of them with --to FILE.html or --json FILE")
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
