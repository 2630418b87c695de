"""Files that make a scheduler run a study: cron, systemd, Airflow, GitHub Actions and jupyter-scheduler."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from journeylab.errors import ReportError
from journeylab.paths import resolved
from journeylab.report.cron import When, read_cron
from journeylab.report.notebooks import DRIVER, find_notebooks
from journeylab.study import Study


def write_schedule(
    study: Study, cron: str, kind: str = "cron", *, data: Path | None = None, reports: Path = Path("reports")
) -> dict[str, str]:
    """Write the files of one scheduler.

    Parameters
    ----------
    study : Study
    cron : str
        When it runs: five fields as cron has them, or ``@weekly`` and its like.
    kind : str
        One of `KINDS`.
    data : Path, optional
        Where the raw files lie, if not beside study.toml.
    reports : Path
        Where runs are written.

    Returns
    -------
    dict of str to str
        The files by their names.

    Raises
    ------
    ReportError
        When the time or a path cannot be written for this scheduler.
    """
    when = read_cron(cron)
    if kind not in KINDS:
        raise ReportError(f"--as: found '{kind}', expected one of {', '.join(KINDS)}.")
    paths = [path for path in (study.path.parent, data, reports) if path is not None]
    for word in [str(path) for given in paths for path in (given, resolved(given))]:
        if any("\ud800" <= sign <= "\udfff" for sign in word):
            raise ReportError(f"{word!r}: a path that is not UTF-8 text fits into no schedule; rename it.")
        if any(ord(sign) < 32 for sign in word):
            raise ReportError(f"{word!r}: a path with a line break or a control sign fits into no schedule; rename it.")
        if any(sign in word for sign in ("{{", "{%", "{#")):
            raise ReportError(f"{word!r}: Airflow and GitHub would fill in what stands in braces; rename it.")
    return KINDS[kind](study, when, data and data.resolve(), reports.resolve())


def save_schedule(files: dict[str, str], folder: Path) -> list[Path]:
    """Write the files of a schedule into a folder; none where one is there already and says otherwise.

    Raises
    ------
    ReportError
        When a file is there already, or cannot be written.
    """
    made = [folder / name for name in files]
    for file, content in zip(made, files.values(), strict=True):
        try:
            there = file.exists()
        except OSError as error:
            raise ReportError(f"{file}: cannot be written: {error.strerror}.") from None
        if there and (not file.is_file() or file.read_text(encoding="utf-8", errors="replace") != content):
            raise ReportError(f"{file}: is there already and says otherwise; take it away, or choose another --to.")
    for file, content in zip(made, files.values(), strict=True):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        except OSError as error:
            raise ReportError(f"{file}: cannot be written: {error.strerror}.") from None
    return made


def command(study: Study, data: Path | None, reports: Path) -> list[str]:
    """The command that a scheduler runs, by absolute paths; it prints only what somebody must know."""
    words = [
        sys.executable,
        "-m",
        "journeylab",
        "run",
        str(study.path.parent.resolve()),
        "--reports",
        str(reports),
        "--quiet",
    ]
    return [*words, "--data", str(data)] if data else words


def _cron(study: Study, when: When, data: Path | None, reports: Path) -> dict[str, str]:
    line = shlex.join(command(study, data, reports)).replace("%", r"\%")
    return {
        f"{study.name}.crontab": (
            "# Put these lines into your crontab (crontab -e). Times are those of the machine. What is printed, an alert (exit\n"
            "# code 4), that nothing new could be judged, or a failure (1, 3), is mailed by cron; nothing is printed when all is\n"
            "# well. Cron mails to MAILTO, else to the user on this machine, whom mostly nobody reads: put an address, take the #\n"
            "# away. The machine must be able to send mail (a program such as msmtp or postfix).\n"
            "# MAILTO=you@example.org\n"
            "#\n"
            "# Refresh the data first: the run reads the files as they lie there, and says 'nothing new came' of old ones. Put\n"
            "# what fetches them before the command in the line below, with && between: 0 6 * * MON /PATH/TO/refresh && ...\n"
            "# If it fails nothing is run, and what it printed is mailed.\n"
            f"{when.cron()} {line}\n"
        )
    }


def _systemd(study: Study, when: When, data: Path | None, reports: Path) -> dict[str, str]:
    line = " ".join(_systemd_word(word) for word in command(study, data, reports))
    name = f"journeylab-{study.name}"
    times = "\n".join(f"OnCalendar={calendar}" for calendar in when.calendars())
    return {
        f"{name}.service": (
            "# Put both files into ~/.config/systemd/user/ and say:\n"
            f"#   systemctl --user enable --now {name}.timer\n"
            "#   loginctl enable-linger    # else the timer stops when you log out\n"
            "# An alert is exit code 4, a failure 1 or 3: either shows in systemctl --user --failed, and what was printed in\n"
            f"# journalctl --user -u {name}. Nothing is mailed.\n"
            f"[Unit]\nDescription=journeylab runs the study {study.name}\n\n"
            "[Service]\nType=oneshot\n"
            "# Refresh the data first: the run reads the files as they lie there. If this fails nothing is run.\n"
            f"# ExecStartPre=/PATH/TO/refresh\nExecStart={line}\n"
        ),
        f"{name}.timer": (
            f"[Unit]\nDescription=When journeylab runs the study {study.name}\n\n"
            f"[Timer]\n{times}\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"
        ),
    }


def _systemd_word(word: str) -> str:
    """A word of ExecStart: quoted, and with nothing that systemd would replace."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"' if shlex.quote(word) != word else plain


def _airflow(study: Study, when: When, data: Path | None, reports: Path) -> dict[str, str]:
    parameters = _driver_parameters(study, data, reports)
    output = str(Path(tempfile.gettempdir()) / f"journeylab-{study.name}-{{{{ ts_nodash }}}}.ipynb")
    lines = "".join(f"            {name!r}: {value!r},\n" for name, value in parameters.items())
    return {
        f"journeylab_{study.name.replace('-', '_')}.py": (
            f'"""Run the study {study.name} with journeylab.\n\nNeeds apache-airflow-providers-papermill, and a kernel "python3" '
            'that has journeylab.\n"""\n\n'
            "import pendulum\n"
            "from airflow import DAG\n"
            "from airflow.providers.papermill.operators.papermill import PapermillOperator\n\n"
            "with DAG(\n"
            f"    dag_id={f'journeylab_{study.name}'!r},\n"
            f"    schedule={when.cron()!r},\n"
            f"    start_date=pendulum.datetime(2024, 1, 1, tz={study.config.study.timezone!r}),\n"
            "    catchup=False,\n"
            "    max_active_runs=1,\n"
            "):\n"
            "    # Refresh the data first: the run reads the files as they lie there. Put the task that fetches them here, call\n"
            "    # it `refresh`, and say below: refresh >> run\n"
            "    run = PapermillOperator(\n"
            '        task_id="run",\n'
            f"        input_nb={str(_driver())!r},\n"
            f"        output_nb={output!r},\n"
            "        parameters={\n"
            f"{lines}"
            "        },\n"
            "    )\n"
        )
    }


def _github(study: Study, when: When, data: Path | None, reports: Path) -> dict[str, str]:
    here = Path.cwd()
    places = {}
    for name, path in (("STUDY", study.path.parent.resolve()), ("DATA", data), ("REPORTS", reports)):
        if path is None:
            continue
        if not path.is_relative_to(here):
            raise ReportError(
                f"{path}: lies outside this folder; a workflow sees only its repository, so say this in the repository's "
                "folder, with the study in it."
            )
        places[name] = path.relative_to(here).as_posix()
    flags = ' --data "$DATA"' if data else ""
    env = "".join(f"      {name}: {json.dumps(place)}\n" for name, place in places.items())
    return {
        f".github/workflows/journeylab-{study.name}.yml": (
            f"name: {json.dumps(f'journeylab: {study.name}')}\n"
            "on:\n  workflow_dispatch:\n  schedule:\n"
            f"    - cron: {json.dumps(when.cron())}  # UTC\n"
            "permissions:\n  contents: read\n"
            f"concurrency: {json.dumps(f'journeylab-{study.name}')}\n"
            "jobs:\n  run:\n    runs-on: ubuntu-latest\n    timeout-minutes: 60\n"
            f"    env:\n{env}"
            "    steps:\n"
            "      - uses: actions/checkout@v4\n"
            '      - uses: actions/setup-python@v5\n        with:\n          python-version: "3.11"\n'
            "      - run: make setup\n"
            "      # Refresh the data first: the run reads the files of the repository. Put the step that fetches them here.\n"
            f'      - run: .venv/bin/journeylab run "$STUDY" --reports "$REPORTS"{flags}\n'
            "      - uses: actions/upload-artifact@v4\n        if: always()\n        with:\n          name: report\n"
            "          path: ${{ env.REPORTS }}\n          include-hidden-files: false\n"
        )
    }


def _jupyter(study: Study, when: When, data: Path | None, reports: Path) -> dict[str, str]:
    definition = {
        "name": f"journeylab {study.name}",
        "input_uri": _driver().name,
        "runtime_environment_name": _environment_name(),
        "output_formats": ["ipynb"],
        # It writes NAME = VALUE into a cell as it stands, so a value is Python.
        "parameters": {name: repr(value) for name, value in _driver_parameters(study, data, reports).items()},
        "schedule": when.cron(),
        "timezone": study.config.study.timezone,
    }
    return {f"{study.name}.job-definition.json": json.dumps(definition, indent=2, ensure_ascii=False) + "\n"}


def _environment_name() -> str:
    """What jupyter-scheduler calls this environment: a conda environment by its name, any other by its Python."""
    return Path(sys.prefix if os.environ.get("CONDA_PREFIX") == sys.prefix else sys.executable).name


def _driver() -> Path:
    return find_notebooks()[0].parent.resolve() / DRIVER


def _driver_parameters(study: Study, data: Path | None, reports: Path) -> dict[str, str]:
    return {
        "study_path": str(study.path.parent.resolve()),
        "data_dir": str(data) if data else "",
        "reports_dir": str(reports),
    }


KINDS: dict[str, Callable[[Study, When, Path | None, Path], dict[str, str]]] = {
    "cron": _cron,
    "systemd": _systemd,
    "airflow": _airflow,
    "github": _github,
    "jupyter": _jupyter,
}
