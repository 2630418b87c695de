"""Kill runs at random moments and look at what is left: `python tests/report/killing.py --times 20 [STUDY --data DIR]`.

Without a study two small notebooks are run; with one, its whole run is killed.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
TOY = """
import sys
sys.path[:0] = [{here!r}, {tests!r}]
from pathlib import Path
from test_run import run
print(run(Path({folder!r}), force=True).folder, flush=True)
"""


def toy_command(folder: Path) -> list[str]:
    """The command that runs two small notebooks."""
    code = TOY.format(here=str(HERE), tests=str(HERE.parent), folder=str(folder))
    return [sys.executable, "-c", code]


def left_over(home: Path) -> list[str]:
    """What a run should not leave: anything but whole runs and the pointer to the latest."""
    return sorted(item.name for item in home.iterdir() if item.name.startswith("."))


def temporary() -> set[str]:
    """Folders for temporary files of processes that have ended, as runs make them."""
    there = Path(tempfile.gettempdir()).glob("jl-*")
    return {item.name for item in there if not Path(f"/proc/{item.name.rpartition('-')[2]}").exists()}


def require_whole(home: Path) -> None:
    """Raise where ``latest`` is not a whole run."""
    latest = (home / "latest").resolve()
    record = json.loads((latest / "run.json").read_text(encoding="utf-8"))
    assert all(item["status"] == "done" for item in record["notebooks"])
    for name in ["index", *(item["name"] for item in record["notebooks"])]:
        page = (latest / f"{name}.html").read_text(encoding="utf-8")
        assert page.rstrip().endswith("</html>"), f"{latest / name}.html is not whole"


def at_work(mark: str) -> list[str]:
    """The commands of processes whose environment names the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


def kill_runs(command: list[str], home: Path, times: int, seed: int = 0) -> int:
    """Run a command whole, then kill it `times` times at random moments; each time look, and run whole at the end.

    Returns
    -------
    int
        How many were still at work when they were killed.
    """
    already, before = temporary(), time.monotonic()
    subprocess.run(command, check=True, capture_output=True, cwd=REPOSITORY)
    seconds = time.monotonic() - before
    require_whole(home)
    chance, killed = random.Random(seed), 0
    for _ in range(times):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=REPOSITORY)
        time.sleep(chance.uniform(0, seconds))
        killed += process.poll() is None
        process.kill()
        process.wait()
        require_whole(home)
        end = time.monotonic() + 20
        while (busy := at_work(str(home))) and time.monotonic() < end:
            time.sleep(0.2)
        assert not busy, f"still at work after the run was killed: {busy}"
    subprocess.run(command, check=True, capture_output=True, cwd=REPOSITORY)
    require_whole(home)
    assert left_over(home) == []
    assert temporary() <= already
    return killed


def main() -> None:
    """Kill, look, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", nargs="?", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.study is None:
            sys.path[:0] = [str(HERE), str(HERE.parent)]
            from test_run import write_folder

            write_folder(Path(folder))
            command, name = toy_command(Path(folder)), "small"
        else:
            command = [
                sys.executable,
                "-m",
                "journeylab",
                "run",
                str(given.study),
                "--force",
                "--reports",
                f"{folder}/reports",
            ]
            command += ["--data", str(given.data)] if given.data else []
            name = given.study.name
        killed = kill_runs(command, Path(folder) / "reports" / name, given.times, given.seed)
    print(
        f"{killed} of {given.times} runs killed at work; latest was whole each time, the next run went well, nothing was left"
    )


if __name__ == "__main__":
    main()
