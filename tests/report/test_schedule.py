"""Schedules mean the times that were asked for, and their commands run as they are written."""

from __future__ import annotations

import datetime
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest
import yaml
from small import write_small

from journeylab.cli import SCHEDULERS, main
from journeylab.errors import ReportError
from journeylab.opening import open_study
from journeylab.report.cron import read_cron
from journeylab.report.schedule import KINDS, save_schedule, write_schedule
from journeylab.study import Study

SYSTEMD = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(SYSTEMD is None, reason="needs systemd-analyze (Debian: apt install systemd)")
CHECKER = shutil.which("check-jsonschema")
"""Where it is installed a workflow is held against the schema of GitHub Actions that it carries."""
ODD = '50 % of $HOME\'s "shop"'
"""A folder's name with what shells, cron and systemd would take for their own."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("scheduled") / ODD / "study"
    write_small(folder)
    return open_study(folder)


def next_times(cron: str, after: datetime.datetime, n: int) -> list[datetime.datetime]:
    """Minute by minute, by the definition of cron."""
    when, moment, found = read_cron(cron), after, []
    while len(found) < n:
        moment += datetime.timedelta(minutes=1)
        if when.runs(moment):
            found.append(moment)
    return found


class TestWhen:
    def test_names_steps_and_ranges(self) -> None:
        when = read_cron("*/20 6,8-10 1 feb-APR sun")
        assert when.minutes == (0, 20, 40)
        assert when.hours == (6, 8, 9, 10)
        assert when.months == (2, 3, 4)
        assert when.weekdays == (0,)
        assert read_cron("0 0 * * 5-7").weekdays == (0, 5, 6)
        assert read_cron("@weekly").cron() == "0 0 * * 0"

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ("0 6 * *", "expected five fields"),
            ("61 6 * * *", "minute: found '61'"),
            ("0 6 * * MO", "day of the week: found 'MO'.*SUN to SAT"),
            ("0 6 31 2,4 *", "no such month has a day 31"),
            ("*/0 6 * * *", r"minute: found '\*/0'"),
            ("0 6 5-1 * *", "day of the month: found '5-1'"),
            ("0 6 * * * ; rm", "expected five fields"),
            ("$(id) 6 * * *", "minute: found"),
        ],
    )
    def test_mistakes_are_told_by_field(self, words: str, message: str) -> None:
        with pytest.raises(ReportError, match=message):
            read_cron(words)

    def test_either_of_two_days_is_enough(self) -> None:
        friday, first = datetime.datetime(2026, 11, 27, 8), datetime.datetime(2026, 12, 1, 8)
        when = read_cron("0 8 1 * FRI")
        assert when.runs(friday)
        assert when.runs(first)
        assert not when.runs(datetime.datetime(2026, 11, 30, 8))

    @needs_systemd
    @pytest.mark.parametrize(
        "cron", ["0 6 * * MON", "*/15 8-9 * * 1-5", "5 4 31 1,3 *", "30 23 */2 * *", "0 8 1,15 * FRI", "0 0 * * 7"]
    )
    def test_systemd_means_the_same_times(self, cron: str) -> None:
        assert SYSTEMD is not None
        start = datetime.datetime(2027, 12, 31, 23, 59)
        found: set[datetime.datetime] = set()
        for calendar in read_cron(cron).calendars():
            said = subprocess.run(
                [SYSTEMD, "calendar", "--iterations=8", f"--base-time={start:%Y-%m-%d %H:%M:%S}", calendar],
                capture_output=True, text=True, check=True, env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
            ).stdout  # fmt: skip
            times = re.findall(r"(?:Next elapse|Iteration #\d+|Iter. #\d+): \w+ (\S+ \S+)", said)
            found |= {datetime.datetime.fromisoformat(time) for time in times}
        assert sorted(found)[:4] == next_times(cron, start, 4)


def run_bare(line: str) -> subprocess.CompletedProcess[str]:
    """Run a line as cron does: by sh, from home, with hardly any environment."""
    bare = {"PATH": "/usr/bin:/bin", "HOME": os.environ.get("HOME", "/"), "SHELL": "/bin/sh"}
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, env=bare, cwd="/", check=False)


def test_the_commands_of_cron_and_systemd_run_as_written(study: Study, tmp_path: Path) -> None:
    reports = tmp_path / ODD / "reports"
    (crontab,) = write_schedule(study, "0 6 * * MON", "cron", reports=reports).values()
    line = crontab.splitlines()[-1]
    assert line.startswith("0 6 * * 1 ")
    command = line.split(" ", 5)[5]
    assert "%" not in command.replace(r"\%", "")
    done = run_bare(command.replace(r"\%", "%"))  # cron takes the backslash away before the shell sees the line
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    home = reports / study.name
    assert (home / "latest/index.html").is_file()
    services = write_schedule(study, "0 6 * * MON", "systemd", reports=reports)
    (start,) = re.findall(r"^ExecStart=(.*)$", services[f"journeylab-{study.name}.service"], re.MULTILINE)
    words = [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(start)]
    before = len(list(home.glob("*/run.json")))
    done = run_bare(shlex.join(words))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len([run for run in home.glob("*/run.json") if not run.parent.is_symlink()]) == before


def test_a_crontab_says_whom_to_mail_and_where_the_data_are_refreshed(study: Study, tmp_path: Path) -> None:
    """Without the # the address is a line of its own before the command, as cron wants it; a failed refresh runs nothing."""
    (crontab,) = write_schedule(study, "0 6 * * MON", "cron", reports=tmp_path / "reports").values()
    lines = crontab.splitlines()
    assert all(line.startswith("#") for line in lines[:-1])
    told = [line.removeprefix("# ") for line in lines if re.fullmatch(r"# MAILTO=\S+@\S+", line)]
    assert len(told) == 1
    assert "Refresh the data first" in crontab
    command = lines[-1].split(" ", 5)[5].replace(r"\%", "%")
    done = run_bare(f"false && {command}")
    assert done.returncode == 1
    assert not (tmp_path / "reports").exists()


def test_systemd_airflow_and_github_say_where_the_data_are_refreshed(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(study.path.parent)
    for kind in ("systemd", "airflow", "github"):
        assert "Refresh the data first" in "".join(write_schedule(study, "0 6 * * MON", kind).values()), kind
    service = write_schedule(study, "0 6 * * MON", "systemd")[f"journeylab-{study.name}.service"]
    assert "loginctl enable-linger" in service
    assert service.index("# ExecStartPre=") < service.index("\nExecStart=")


@needs_systemd
def test_systemd_finds_no_fault_in_its_units(study: Study, tmp_path: Path) -> None:
    assert SYSTEMD is not None
    files = save_schedule(write_schedule(study, "*/15 8 1 * FRI", "systemd"), tmp_path)
    checked = subprocess.run([SYSTEMD, "verify", *map(str, files)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert str(tmp_path) not in checked.stderr, checked.stderr


def test_airflow_gets_the_driver_and_its_parameters(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((name, code),) = write_schedule(study, "*/30 6 * * 1-5", "airflow", reports=tmp_path / ODD).items()
    assert re.fullmatch(r"\w+\.py", name)
    called: dict[str, dict] = {}

    class Block:
        def __init__(self, **options: object) -> None:
            called[type(self).__name__] = options

        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None: ...

    pendulum = types.ModuleType("pendulum")
    pendulum.datetime = lambda *parts, tz: (parts, tz)  # type: ignore[attr-defined]
    airflow = types.ModuleType("airflow")
    airflow.DAG = type("DAG", (Block,), {})  # type: ignore[attr-defined]
    papermill = types.ModuleType("airflow.providers.papermill.operators.papermill")
    papermill.PapermillOperator = type("PapermillOperator", (Block,), {})  # type: ignore[attr-defined]
    for module in (pendulum, airflow, papermill):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    for parent in ("airflow.providers", "airflow.providers.papermill", "airflow.providers.papermill.operators"):
        monkeypatch.setitem(sys.modules, parent, types.ModuleType(parent))
    exec(compile(code, name, "exec"), {})
    assert called["DAG"]["schedule"] == "*/30 6 * * 1,2,3,4,5"
    given = called["PapermillOperator"]
    assert Path(given["input_nb"]).is_file()
    parameters = given["parameters"]
    assert parameters["study_path"] == str(study.path.parent)
    assert parameters["reports_dir"] == str(tmp_path / ODD)
    driver = json.loads(Path(given["input_nb"]).read_text(encoding="utf-8"))
    (cell,) = [cell for cell in driver["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    known = {line.partition(":")[0] for line in cell["source"]}
    assert set(parameters) <= known


def test_github_runs_what_lies_in_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small(tmp_path / "data/study")
    monkeypatch.chdir(tmp_path)
    study = open_study("data/study")
    ((name, text),) = write_schedule(study, "0 6 * * SUN", "github", data=Path("data/raw")).items()
    assert name == ".github/workflows/journeylab-small.yml"
    flow = yaml.safe_load(text)
    assert flow[True]["schedule"] == [{"cron": "0 6 * * 0"}]  # YAML 1.1 reads the key 'on' as true
    job = flow["jobs"]["run"]
    assert job["env"] == {"STUDY": "data/study", "DATA": "data/raw", "REPORTS": "reports"}
    assert any(step.get("run", "").startswith(".venv/bin/journeylab run") for step in job["steps"])
    if CHECKER is not None:
        save_schedule({name: text}, tmp_path)
        said = subprocess.run([CHECKER, "--builtin-schema", "vendor.github-workflows", name], capture_output=True, text=True,
                              check=False)  # fmt: skip
        assert said.returncode == 0, said.stdout
    with pytest.raises(ReportError, match="lies outside this folder"):
        write_schedule(study, "0 6 * * SUN", "github", reports=Path("/elsewhere/reports"))


def test_jupyter_scheduler_gets_a_job_definition(study: Study) -> None:
    ((_, text),) = write_schedule(study, "0 6 * * MON", "jupyter").items()
    found = json.loads(text)
    assert found["input_uri"] == "run_a_study.ipynb"
    assert found["schedule"] == "0 6 * * 1"
    assert found["timezone"] == study.config.study.timezone
    cell = "\n".join(f"{name} = {value}" for name, value in found["parameters"].items())  # as its `add_parameters` does
    given: dict[str, str] = {}
    exec(cell, {}, given)
    assert given == {
        "study_path": str(study.path.parent),
        "data_dir": "",
        "reports_dir": str(Path("reports").resolve()),
    }
    try:
        from jupyter_scheduler.models import CreateJobDefinition
    except ImportError:
        return
    assert CreateJobDefinition(**found).name == "journeylab small"


def test_files_that_say_otherwise_are_left(tmp_path: Path, study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    where = str(study.path.parent)
    for _ in range(2):
        assert main(["schedule", where, "--cron", "@weekly", "--as", "systemd", "--to", str(tmp_path)]) == 0
    timer = tmp_path / "journeylab-small.timer"
    timer.write_text("mine")
    assert main(["schedule", where, "--cron", "@weekly", "--as", "systemd", "--to", str(tmp_path)]) == 1
    assert "is there already and says otherwise" in capsys.readouterr().err
    assert timer.read_text() == "mine"


def test_the_command_knows_every_scheduler() -> None:
    assert tuple(KINDS) == SCHEDULERS


def test_a_path_that_a_scheduler_would_fill_in_is_refused(study: Study) -> None:
    with pytest.raises(ReportError, match="stands in braces"):
        write_schedule(study, "@daily", "airflow", reports=Path("{{ var.value.secret }}"))
    with pytest.raises(ReportError, match="line break"):
        write_schedule(study, "@daily", "cron", reports=Path("reports\n* * * * * id"))


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_a_path_that_is_no_utf8_is_refused_before_anything_is_written(
    kind: str, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = tmp_path / os.fsdecode(b"b\xff")
    odd.mkdir()
    (tmp_path / "link").symlink_to(odd)
    monkeypatch.chdir(tmp_path)
    for reports in (odd, tmp_path / "link"):
        asked = ["--as", kind, "--reports", str(reports), "--to", str(tmp_path / "to")]
        assert main(["schedule", str(study.path.parent), "--cron", "@weekly", *asked]) == 1
        assert "not UTF-8 text" in capsys.readouterr().err
    assert not (tmp_path / "to").exists()
