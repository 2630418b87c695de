"""What a run does on systems that lack what Linux has, as far as that can be tried on Linux."""

from __future__ import annotations

import ast
import fcntl
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from journeylab.errors import ReportError
from journeylab.report import alone, scratch

REPOSITORY = Path(__file__).resolve().parents[2]
POSIX = {"fcntl", "resource", "pwd", "grp", "termios"}


class Windows(types.ModuleType):
    """msvcrt as far as the lock needs it: a byte is locked by one open file, which PermissionError tells the others."""

    LK_NBLCK = 2

    def locking(self, file: int, mode: int, n: int) -> None:
        assert (mode, n) == (self.LK_NBLCK, 1)
        assert os.lseek(file, 0, os.SEEK_CUR) == alone.FAR, "what is locked cannot be read"
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermissionError(13, "Permission denied") from None


def test_without_fcntl_a_second_run_is_refused_with_who_holds_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "fcntl", None)
    monkeypatch.setattr(alone, "msvcrt", Windows("msvcrt"), raising=False)
    gone = Path.unlink

    def locked(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "it is used by another process")

    monkeypatch.setattr(Path, "unlink", locked)  # Windows takes no open file away
    refused = pytest.raises(ReportError, match=rf"is under way \(process {os.getpid()}, since now\)")
    with alone.alone(tmp_path, "now"), refused, alone.alone(tmp_path, "later"):
        pass
    with alone.alone(tmp_path, "then"):
        assert (tmp_path / alone.LOCK).read_text() == f"process {os.getpid()}, since then"
    monkeypatch.setattr(Path, "unlink", gone)


def test_where_signal_0_does_not_ask_nobody_is_signalled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch.os, "name", "nt")
    monkeypatch.setattr(scratch.os, "kill", lambda *_: pytest.fail("Ctrl-C for a whole console"))
    assert scratch._alive(os.getpid())


def test_no_module_imports_at_once_what_only_posix_has() -> None:
    for file in (REPOSITORY / "journeylab").rglob("*.py"):
        for node in ast.parse(file.read_text("utf-8")).body:
            names = {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
            assert not names & POSIX, f"{file.name} would not be imported on Windows"
    code = "\n".join([
        "import sys, types, subprocess, multiprocessing.util, pandas, pydantic, duckdb, sqlframe, matplotlib",
        "for name in ('fcntl', 'resource'): sys.modules[name] = None",
        "sys.modules['msvcrt'] = types.ModuleType('msvcrt')",
        "import journeylab.cli, journeylab.report.run, journeylab.release",
    ])  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["compare", "run"])
def test_a_terminal_without_a_true_minus_gets_a_question_mark_and_no_traceback(command: str) -> None:
    code = (
        "import sys; from journeylab import cli; cli._{0} = lambda _: print('−1.5 points') or 0\n"
        "sys.exit(cli.main(['{0}', 'x']))"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code.format(command)], capture_output=True, env=environment, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, b"?1.5 points"), done.stderr
