"""The `journeylab` command."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from journeylab.arguments import exportable, natural, pair, positive
from journeylab.errors import JourneylabError
from journeylab.paths import unusable

SCHEDULERS = ("cron", "systemd", "airflow", "github", "jupyter")
DONE, WRONG_STUDY, WRONG_USAGE, NOTEBOOK_FAILED, ALERTED, INTERRUPTED = 0, 1, 2, 3, 4, 130


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code.

    0 done; 1 the study or its data are wrong; 2 wrong usage; 3 a notebook failed; 4 an alert fired.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")  # not every terminal has a true minus
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        return int(given.do(given))
    except JourneylabError as error:
        from journeylab.report.notebooks import UnknownNotebookError
        from journeylab.report.parameters import ParameterError

        print(error, file=sys.stderr)
        usage = isinstance(error, UnknownNotebookError) or (
            isinstance(error, ParameterError) and str(error).startswith("-p")
        )
        return WRONG_USAGE if usage else WRONG_STUDY
    except KeyboardInterrupt:
        print("stopped; nothing half-made is left", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (OSError, RuntimeError) as error:  # what no reader and no writer foresaw
        if not (told := unusable(error)):
            raise
        print(told, file=sys.stderr)
        return WRONG_STUDY


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="journeylab", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    new = commands.add_parser("new", help="start a study: a commented study.toml and the folders")
    new.add_argument("folder", type=Path, metavar="DIR")
    new.add_argument("--events", type=Path, metavar="FILE", help="draft it from your file of what customers did")
    new.add_argument("--quotes", type=Path, metavar="FILE", help="draft it from your coded quotes or interviews")
    new.add_argument("--format", default="tabular", help="what wrote the events, such as ga4 (default: a table)")
    new.add_argument(
        "--column", type=pair, action="append", default=[], metavar="OURS=YOURS",
        help="a column whose heading does not tell, such as customer_id=kunde; may be repeated",
    )  # fmt: skip
    new.set_defaults(do=_new)

    check = commands.add_parser("check", help="read everything and report every mistake")
    check.add_argument("study", metavar="STUDY", help="the study's folder, or its study.toml")
    check.add_argument("--data", metavar="DIR", help="where the raw files lie, if not beside study.toml")
    check.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="where the runs lie")
    check.set_defaults(do=_check)

    run = commands.add_parser("run", help="run the notebooks into reports/<study>/<run>/")
    run.add_argument("study", metavar="STUDY", help="the study's folder, or its study.toml")
    run.add_argument("--data", metavar="DIR", help="where the raw files lie, if not beside study.toml")
    run.add_argument(
        "--only", action="append", metavar="NN", help="only this notebook (05, or 05_behaviours); may be repeated"
    )
    run.add_argument(
        "-p",
        dest="parameters",
        action="append",
        nargs=2,
        default=[],
        metavar=("NAME", "VALUE"),
        help="set a notebook parameter",
    )
    run.add_argument("--jobs", type=positive, default=2, metavar="N", help="notebooks at a time (default 2)")
    run.add_argument(
        "--timeout", type=positive, default=1800, metavar="S", help="seconds that one cell may take (default 1800)"
    )
    run.add_argument("--limit", type=positive, metavar="S", help="seconds that all notebooks together may take")
    run.add_argument("--force", action="store_true", help="run also what did not change since the last good run")
    run.add_argument(
        "--reports", type=Path, default=Path("reports"), metavar="DIR", help="where runs are written (default reports)"
    )
    run.add_argument("--quiet", action="store_true", help="print only what somebody must know, as for mail by cron")
    run.set_defaults(do=_run)

    reports = commands.add_parser("reports", help="list the runs, newest first")
    reports.add_argument("study", nargs="?", metavar="STUDY", help="a study's folder or name; all where not given")
    reports.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR")
    reports.set_defaults(do=_reports)

    compare = commands.add_parser("compare", help="what moved between two runs, or over all runs of a study")
    compare.add_argument(
        "runs", nargs="+", metavar="RUN",
        help="two runs, the earlier first (a folder, or STUDY/RUN, or STUDY/latest); or a study: its last two good runs",
    )  # fmt: skip
    compare.add_argument("--trend", action="store_true", help="KPIs, funnel and scores over all good runs of a study")
    compare.add_argument("--all", action="store_true", help="print also what did not move")
    compare.add_argument("--to", type=Path, metavar="FILE", help="write a page (.html), or every row (.csv)")
    compare.add_argument("--json", type=Path, metavar="FILE", help="write everything compared as JSON")
    compare.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="where the runs lie")
    compare.add_argument("--force", action="store_true", help="replace files that are there")
    compare.set_defaults(do=_compare)

    export = commands.add_parser(
        "export", help="write the coded interviews for NVivo, ATLAS.ti, MAXQDA or QualCoder, or the journey map"
    )
    export.add_argument("study", metavar="STUDY", help="the study's folder, or its study.toml")
    export.add_argument(
        "--to", type=exportable, required=True, metavar="FILE",
        help="x.qdpx: interviews, codings, and what is known of each person; x.qdc: the codebook; the journey map: map.xlsx "
        "(to edit), map.json, map.cjml.xml, map.csv, map.png (a slide)",
    )  # fmt: skip
    export.add_argument("--data", metavar="DIR", help="where the raw files lie, if not beside study.toml")
    export.add_argument(
        "--seed", type=natural, metavar="S", help="of the search for behaviours (default: as notebook 05)"
    )
    export.add_argument(
        "--share", choices=("internal", "public"), default="internal",
        help="of a map: public leaves out quotes without consent and small cells",
    )  # fmt: skip
    export.add_argument("--force", action="store_true", help="replace a file that is there")
    export.add_argument(
        "--reports", type=Path, default=Path("reports"), metavar="DIR",
        help="where the study's runs lie: behaviours keep the labels of the last one",
    )  # fmt: skip
    export.set_defaults(do=_export)

    schedule = commands.add_parser("schedule", help="write the files that make a scheduler run a study")
    schedule.add_argument("study", metavar="STUDY", help="the study's folder, or its study.toml")
    schedule.add_argument(
        "--cron", required=True, metavar="WHEN", help="five fields, such as '0 6 * * MON' for Mondays at 6, or @weekly"
    )
    schedule.add_argument(
        "--as", dest="kind", choices=SCHEDULERS, default="cron", help="for which scheduler (default cron)"
    )
    schedule.add_argument("--data", type=Path, metavar="DIR", help="where the raw files lie, if not beside study.toml")
    schedule.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="where runs are written")
    schedule.add_argument("--to", type=Path, metavar="DIR", help="write the files there (else they are printed)")
    schedule.set_defaults(do=_schedule)

    release = commands.add_parser(
        "release", help="make one zip of a public run that may leave the house, or say why not"
    )
    release.add_argument("run", metavar="RUN", help="a run's folder, 'latest', or a study: its newest good public run")
    release.add_argument("--to", type=Path, required=True, metavar="FILE.zip")
    release.add_argument(
        "--study", metavar="DIR", help="the study of the run (default: looked for by its name in data/*)"
    )
    release.add_argument("--data", metavar="DIR", help="where the raw files lie, if not beside study.toml")
    release.add_argument(
        "--key", type=Path, metavar="FILE",
        help="of the pseudonyms, outside of the project (default ~/.config/journeylab/key, made where absent)",
    )  # fmt: skip
    release.add_argument(
        "--dry-run", action="store_true", help="list what would be hidden and masked, and write nothing"
    )
    release.add_argument("--force", action="store_true", help="replace a zip that is there")
    release.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="where runs lie")
    release.set_defaults(do=_release)

    simulate = commands.add_parser("simulate", help="make the demo study with a planted truth")
    simulate.add_argument("folder", type=Path, metavar="DIR")
    simulate.add_argument("--customers", type=positive, default=20_000, metavar="N")
    simulate.add_argument("--seed", type=int, default=7, metavar="S")
    simulate.add_argument("--overwrite", action="store_true", help="make it anew where it was simulated before")
    simulate.set_defaults(do=_simulate)
    return parser


def _new(given: argparse.Namespace) -> int:
    from journeylab.new import new_study

    if given.events is not None or given.quotes is not None:
        from journeylab.drafting.study import draft_study

        drafted = draft_study(
            given.folder, events=given.events, quotes=given.quotes, format=given.format, columns=dict(given.column)
        )
        for note in drafted.notes:
            print(f"note: {note}")
        print(f"{drafted.file} is drafted; read it, mend what is a guess, then: journeylab check {given.folder}")
        return DONE
    if given.column or given.format != "tabular":
        print("new: --column and --format go with --events or --quotes.", file=sys.stderr)
        return WRONG_USAGE
    file = new_study(given.folder)
    print(f"{file} is written; put your files into {file.parent / 'raw'}, then: journeylab check {given.folder}")
    return DONE


def _check(given: argparse.Namespace) -> int:
    from journeylab.check import check_study
    from journeylab.errors import JourneylabError
    from journeylab.report.notebooks import choose, find_notebooks
    from journeylab.report.run import gather_parameters
    from journeylab.watching import judged_notes

    found = check_study(given.study, given.data)
    problems = list(found.problems)
    notes = [*found.notes, *([] if problems or not found.study else judged_notes(found.study, given.reports))]
    if found.study is not None:
        try:
            gather_parameters(choose(find_notebooks(), None), found.study.config.parameters, {})
        except JourneylabError as error:
            problems += str(error).splitlines()
    for problem in problems:
        print(problem, file=sys.stderr)
    for note in notes:
        print(f"note: {note}")
    if problems:
        print(f"{len(problems)} to mend", file=sys.stderr)
        return WRONG_STUDY
    assert found.study is not None
    print(f"{found.study.path}: all in order")
    return DONE


def _run(given: argparse.Namespace) -> int:
    from journeylab.report.run import run_checked

    def say(line: str) -> None:
        if not given.quiet:
            print(line, flush=True)

    run = run_checked(
        given.study,
        given.data,
        reports_dir=given.reports,
        only=given.only,
        parameters=dict(given.parameters),
        jobs=given.jobs,
        force=given.force,
        timeout=given.timeout,
        limit=given.limit,
        progress=say,
    )
    if not run.ok:
        failed = [item.name for item in run.notebooks if item.status != "done"]
        print(
            f"failed: {', '.join(failed)}; the others are whole, and 'latest' is still the last good run",
            file=sys.stderr,
        )
    for line in (*run.notes, *filter(None, [run.alerts])):
        print(line, file=sys.stderr)
    if not (given.quiet and run.ok and not run.alerts):
        print(run.index)
    return NOTEBOOK_FAILED if not run.ok else ALERTED if run.alerts else DONE


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set an environment variable, unless it is set already, and take it away again."""
    if name in os.environ:
        yield
        return
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


def _reports(given: argparse.Namespace) -> int:
    from journeylab.errors import ReportError
    from journeylab.report.record import list_runs

    names = (
        [Path(given.study).name]
        if given.study
        else sorted(path.name for path in given.reports.glob("*") if path.is_dir())
    )
    runs = [(name, past) for name in names for past in list_runs(given.reports, name)]
    if not runs:
        raise ReportError(
            f"{given.reports}: has no runs{f' of {names[0]}' if given.study else ''}; make one with: journeylab run STUDY"
        )
    for name, past in runs:
        if past.damage:
            print(past.note, file=sys.stderr)
            continue
        state = "latest" if past.latest else "good" if past.ok else f"failed: {', '.join(past.failed)}"
        print(f"{name}  {past.name}  {state}  {(past.folder / 'index.html').resolve()}")
    return DONE


def _compare(given: argparse.Namespace) -> int:
    from journeylab.report.compare_runs import compare_runs

    if len(given.runs) > (1 if given.trend else 2):
        print(f"compare: found {len(given.runs)} runs; give {'one study' if given.trend else 'two runs, or one study'}.",
              file=sys.stderr)  # fmt: skip
        return WRONG_USAGE
    said, notes = compare_runs(given.runs, given.reports, trend_of_all=given.trend, page=given.to, table=given.json,
                               every=given.all, force=given.force)  # fmt: skip
    for note in notes:
        print(note, file=sys.stderr)
    for line in said:
        print(line)
    return DONE


def _export(given: argparse.Namespace) -> int:
    from journeylab.export import export
    from journeylab.opening import open_study
    from journeylab.report.record import latest_run
    from journeylab.results import LAST

    study = open_study(given.study, given.data)
    run = latest_run(given.reports / study.name)
    with _environment(LAST, str(run / "results") if run else ""):
        done = export(study, given.to, force=given.force, seed=given.seed, share=given.share)
    print(done.summary())
    for note in done.notes:
        print(f"note: {note}")
    print(done.holds)
    return DONE


def _schedule(given: argparse.Namespace) -> int:
    from journeylab.opening import open_study
    from journeylab.report.schedule import save_schedule, write_schedule

    study = open_study(given.study, given.data)
    files = write_schedule(study, given.cron, given.kind, data=given.data, reports=given.reports)
    if given.to is None:
        for name, content in files.items():
            print(content if len(files) == 1 else f"# {name}\n{content}", end="" if len(files) == 1 else "\n")
    else:
        for file in save_schedule(files, given.to):
            print(file)
    return DONE


def _release(given: argparse.Namespace) -> int:
    from journeylab.release import release, study_of

    study = study_of(given.run, given.study, given.data, given.reports)
    done = release(
        given.run, given.to, study=study, reports=given.reports, key=given.key, dry_run=given.dry_run, force=given.force
    )
    for note in done.notes:
        print(f"note: {note}")
    if given.dry_run:
        for line in (*done.hidden, *(figure.line for figure in done.figures), *done.files):
            print(line)
    for warning in done.warnings:
        print(f"look at: {warning}", file=sys.stderr)
    print(done.summary())
    return DONE


def _simulate(given: argparse.Namespace) -> int:
    from journeylab.simulate import write_study

    file = write_study(given.folder, customers=given.customers, seed=given.seed, overwrite=given.overwrite)
    print(f"{file}: a study of {given.customers:,} simulated customers; run it with: journeylab run {given.folder}")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
