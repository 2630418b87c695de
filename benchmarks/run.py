"""Measure journeylab against its peers: whole processes on the same file, in turn, five times, medians and ratios.

    python3 -m venv peers && peers/bin/pip install -r benchmarks/requirements.txt
    .venv/bin/python benchmarks/run.py --peers peers/bin/python --data FOLDER [--only load grow] [--rounds 1] [--write]

The peers of `--only distances` want an environment of their own: benchmarks/requirements-distances.txt.
FOLDER gets the made-up clickstreams and sequences. Numbers that a task prints must agree between all who do it, else
nothing is written.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import math
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from measuring import Measured, measure

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "benchmarks.md"

LOADING = ("journeylab", "polars", "polars_grouped", "duckdb", "pandas", "retentioneering")
ANALYSING = ("journeylab", "retentioneering", "pm4py", "polars", "duckdb")
REPORTING = ("journeylab", "retentioneering", "pm4py", "pandas", "polars", "duckdb")
MEASURING = {
    "journeylab": ("journeylab", "trate"),
    "journeylab without numba": ("journeylab", "trate", "plain"),
    "sequenzo": ("sequenzo", "trate"),
    "sequenzo, each pair once": ("sequenzo", "trate", "half"),
    "journeylab, constant costs": ("journeylab", "constant"),
    "rapidfuzz, constant costs": ("rapidfuzz", "constant"),
    "sequenzo, constant costs": ("sequenzo", "constant"),
}
BEHAVING = ("journeylab", "journeylab_choose", "retentioneering", "polars")
GROWING = (("load", "journeylab"), ("analyse", "journeylab"), ("load", "polars"), ("load", "duckdb"))
HEAVIEST = "with customers and times"
PARTS = ("transitions", "with customers and times", "step matrix", "sub-paths", "funnel", "variants")


@dataclasses.dataclass(frozen=True)
class Job:
    """A script of one peer on so many events."""

    task: str
    peer: str
    n: int
    options: tuple[str, ...] = ()


class Bench:
    """Runs jobs in turn and remembers what came of them."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.results: dict[Job, list[Measured]] = {}

    def file(self, job: Job) -> Path:
        """The clickstream of so many events, or so many sequences, made when it is not there."""
        maker, name = (
            ("sequences", f"s{job.n}.npy") if job.task == "distances" else ("clickstream", f"c{job.n}.parquet")
        )
        path = self.given.data.resolve() / name
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run([sys.executable, HERE / f"{maker}.py", str(job.n), path], check=True)
        return path

    def run(self, jobs: list[Job]) -> None:
        """Run every job in turn, round after round; one that failed is not tried again."""
        for job in jobs:
            with self.file(job).open("rb") as stream:  # so that no run is the first to read it
                while stream.read(1 << 20):
                    pass
        for number in range(self.given.rounds):
            for job in jobs:
                before = self.results.setdefault(job, [])
                if len(before) > number or (before and before[-1].said is None):
                    continue
                found = measure(*self._command(job), self.given.timeout)
                before.append(found)
                said = "" if found.said else ", FAILED"
                name = " ".join((job.task, job.peer, *job.options))
                print(
                    f"{number + 1} {name} {job.n:,}: {found.wall:.1f} s, {found.peak:,.0f} MB{said}",
                    file=sys.stderr,
                    flush=True,
                )
        self._agree(jobs)

    def _command(self, job: Job) -> tuple[list[str], dict[str, str]]:
        ours = job.peer.startswith("journeylab")
        script = HERE / "tasks" / f"{job.task}_{job.peer}.py"
        python = sys.executable if ours else self.given.peers
        path = {"PYTHONPATH": str(HERE.parent)} if ours else {}
        return [python, str(script), str(self.file(job)), *job.options], {**os.environ, **path}

    def _agree(self, jobs: list[Job]) -> None:
        known: dict[tuple[str, int, str], tuple[object, str]] = {}
        for job in jobs:
            for name, value in ((self.results[job][0].said or {}).get("checks") or {}).items():
                first, who = known.setdefault((job.task, job.n, name), (value, job.peer))
                if first != value:
                    raise SystemExit(f"{job.task} of {job.n:,}: '{name}' is {first} of {who}, {value} of {job.peer}.")

    def median(self, job: Job, of: Callable[[Measured], float]) -> float:
        """Median over the runs of a job; NaN where one failed."""
        runs = self.results[job]
        return statistics.median(map(of, runs)) if all(each.said for each in runs) else math.nan

    def seconds(self, job: Job, part: str) -> float:
        """Median seconds of a part within the process; NaN where there is no such part."""
        return self.median(job, lambda each: each.said["seconds"].get(part, math.nan) if each.said else math.nan)


def whole(bench: Bench, task: str, peers: tuple[str, ...], n: int) -> str:
    """Whole processes: a row a peer."""
    jobs = [Job(task, peer, n) for peer in peers]
    bench.run(jobs)
    ours = bench.median(jobs[0], lambda each: each.wall)
    lines = [row("", "seconds (least–most)", "processor s", "peak MB", "journeylab's time / this"), row(*["---"] * 5)]
    for job in jobs:
        runs = bench.results[job]
        walls = [each.wall for each in runs]
        median = bench.median(job, lambda each: each.wall)
        time = "failed" if math.isnan(median) else f"{median:.1f} ({min(walls):.1f}–{max(walls):.1f})"
        cpu, peak = (statistics.median(getattr(each, name) for each in runs) for name in ("cpu", "peak"))
        lines.append(row(job.peer, time, f"{cpu:.1f}", f"{peak:,.0f}", shown(ours / median, ".2f")))
    return "\n".join(lines)


def inside(bench: Bench, n: int) -> str:
    """Analyses within one process, after loading: a row an analysis."""
    jobs = [Job("analyse", peer, n) for peer in ANALYSING]
    bench.run(jobs)
    lines = [row("seconds", *ANALYSING), row(*["---"] * (len(jobs) + 1))]
    for part in PARTS:
        ours = bench.seconds(jobs[0], part)
        cells = []
        for job in jobs:
            theirs = bench.seconds(job, part)
            times = "" if job is jobs[0] or math.isnan(theirs) else f" ({theirs / ours:.1f} × as long)"
            cells.append(shown(theirs, ".2f") + times)
        lines.append(row(part, *cells))
    return "\n".join(lines)


def growth(bench: Bench, sizes: list[int]) -> str:
    """How time grows with the number of events: a row a task, peer and size."""
    lines = [row("", "events", "seconds", "peak MB", "slope"), row(*["---"] * 5)]
    for task, peer in GROWING:
        jobs = [Job(task, peer, n, (HEAVIEST,) if task == "analyse" else ()) for n in sizes]
        bench.run(jobs)
        last = math.nan
        for job, before in zip(jobs, [0, *sizes], strict=False):
            time = bench.seconds(job, HEAVIEST) if job.options else bench.median(job, lambda each: each.wall)
            peak = statistics.median(each.peak for each in bench.results[job])
            slope = math.log(time / last) / math.log(job.n / before) if last > 0 and time > 0 else math.nan
            name = f"{peer}, {f'transitions {HEAVIEST} after loading' if job.options else 'Parquet to journeys'}"
            lines.append(row(name, f"{job.n:,}", shown(time, ".1f", "failed"), f"{peak:,.0f}", shown(slope, ".2f")))
            last = time
    return "\n".join(lines)


def apart(bench: Bench, n: int) -> str:
    """Distances between sequences: a row a peer and costs."""
    jobs = {name: Job("distances", peer, n, tuple(options)) for name, (peer, *options) in MEASURING.items()}
    bench.run(list(jobs.values()))
    lines = [row("", "seconds (least–most)", "of them the distances", "processor s", "peak MB"), row(*["---"] * 5)]
    for name, job in jobs.items():
        runs = bench.results[job]
        walls = [each.wall for each in runs]
        median = bench.median(job, lambda each: each.wall)
        time = "failed" if math.isnan(median) else f"{median:.1f} ({min(walls):.1f}–{max(walls):.1f})"
        cpu, peak = (statistics.median(getattr(each, which) for each in runs) for which in ("cpu", "peak"))
        lines.append(row(name, time, shown(bench.seconds(job, job.options[0]), ".1f"), f"{cpu:.1f}", f"{peak:,.0f}"))
    return "\n".join(lines)


def row(*cells: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def shown(value: float, form: str, otherwise: str = "–") -> str:
    """A number, or a word where there is none."""
    return otherwise if math.isnan(value) else format(value, form)


def machine(python: str) -> str:
    """A line about the machine, and the versions of who was measured."""
    import psutil

    names = ["journeylab", "retentioneering", "pm4py", "polars", "duckdb", "pandas", "pyarrow", "numpy"]
    names += ["scikit-learn", "sequenzo", "rapidfuzz", "numba"]
    ask = (
        "import importlib.metadata as m, sys\n"
        f"for name in {names}:\n"
        "    try: print(name, m.version(name), end=', ')\n"
        "    except m.PackageNotFoundError: pass\n"
        "print('Python', sys.version.split()[0])"
    )
    versions = [
        subprocess.run([each, "-c", ask], capture_output=True, text=True).stdout.strip()
        for each in (sys.executable, python)
    ]
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{datetime.date.today()}; {os.cpu_count()} processors ({platform.machine()}), {memory:.0f} GiB, {platform.system()}. "
        f"journeylab ran with {versions[0]}; the peers with {versions[1]}."
    )


def write(name: str, text: str) -> None:
    """Put a table into its place on the page."""
    begin, end = f"<!-- {name}, written by benchmarks/run.py -->", f"<!-- end of {name} -->"
    head, rest = PAGE.read_text(encoding="utf-8").split(begin)
    PAGE.write_text(f"{head}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}", encoding="utf-8")


def main() -> None:
    """Measure what is asked for, and print it as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", required=True, help="the Python that has the peers")
    parser.add_argument("--data", type=Path, required=True, help="folder of the clickstreams")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 10_000_000, 100_000_000])
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--timeout", type=float, default=1800, help="seconds that one process may take")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=("load", "analyse", "report", "behaviours", "grow", "distances"),
        default=["load", "analyse", "report", "behaviours", "grow"],
    )
    parser.add_argument("--write", action="store_true", help="put the results into docs/benchmarks.md")
    given = parser.parse_args()
    bench, n = Bench(given), given.events
    tables: dict[str, tuple[str, Callable[[], str]]] = {
        "load": (f"Parquet to journeys, {n:,} events, whole process", lambda: whole(bench, "load", LOADING, n)),
        "analyse": (f"After loading, {n:,} events, inside one process", lambda: inside(bench, n)),
        "report": (f"Page 06 and what peers have of it, {n:,} events, whole process", lambda: whole(bench, "report", REPORTING, n)),
        "behaviours": (f"Parquet to behaviours, {n:,} events, whole process", lambda: whole(bench, "behaviours", BEHAVING, n)),
        "grow": ("Growth", lambda: growth(bench, given.sizes)),
        "distances": (
            f"All distances between {given.sequences:,} sequences of 20 steps, whole process",
            lambda: apart(bench, given.sequences),
        ),
    }  # fmt: skip
    where = machine(given.peers)
    for name in given.only:
        heading, make = tables[name]
        before, table = os.getloadavg()[0], make()
        load = f"load average {before:.1f} before and {os.getloadavg()[0]:.1f} after"
        text = f"### {heading}\n\n{table}\n\nMedians of {given.rounds}, interleaved; {load}. {where}"
        print(text, end="\n\n", flush=True)
        if given.write:
            write(name, text)


if __name__ == "__main__":
    main()
