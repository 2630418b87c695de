"""Runs many inputs in worker processes, so that a crash, a hang or a flood of memory is found and the next input goes on."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent.parent
HANG = 10.0
"""Seconds of computing that an input may take."""
WAIT = 90.0
"""Seconds that may pass on a busy machine until an input that does not compute counts as hanging."""
RECYCLE = 3_000
"""Inputs after which a worker makes place for a new one."""


class Worker:
    """A process that reads inputs; it is started again when it died."""

    def __init__(self, folder: Path, seed: int, only: str = "") -> None:
        self._command = [
            sys.executable,
            "-m",
            "tests.fuzzing.worker",
            "--folder",
            str(folder),
            "--seed",
            str(seed),
            "--only",
            only,
        ]
        self._process: subprocess.Popen[str] | None = None
        self._log = folder / "stderr.log"
        self._done, self._rest = 0, b""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "seeds.json").unlink(missing_ok=True)

    def ask(self, number: int) -> dict[str, Any]:
        """The answer to one input; a death or a hang of the process is a finding."""
        if self._process is None or self._done >= RECYCLE:
            self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        self._done += 1
        begun = False
        start, before = time.monotonic(), _cpu(self._process.pid)
        with contextlib.suppress(BrokenPipeError):
            print(number, file=self._process.stdin, flush=True)
        while True:
            line = self._line(1.0)
            spent, waited = _cpu(self._process.pid) - before, time.monotonic() - start
            if line:
                told = json.loads(line)
                if "begun" not in told:
                    return told
                begun = True
                start, before = time.monotonic(), _cpu(self._process.pid)  # making the input does not count
                continue
            if self._process.poll() is not None:
                code = self._process.returncode
                self.close()
                name = signal.Signals(-code).name if code < 0 else f"exit {code}"
                return {
                    "number": number,
                    "outcome": "finding",
                    "what": f"the process died ({name})",
                    "detail": self._end_of_log(),
                }
            if spent > HANG or waited > WAIT:
                os.kill(self._process.pid, signal.SIGABRT)  # its handler writes where it stood
                self.close()
                detail = f"{spent:.0f} s of computing in {waited:.0f} s\n{self._end_of_log()}"
                outcome = "finding" if begun else "unmade"
                return {"number": number, "outcome": outcome, "what": "hang", "detail": detail, "seconds": waited}

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                if self._process.stdin is not None:
                    with contextlib.suppress(BrokenPipeError):
                        self._process.stdin.close()
                self._process.wait(5)
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
        self._process = None

    def _start(self) -> None:
        self.close()
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONFAULTHANDLER": "1", "PYTHONHASHSEED": "0",
                       "OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}  # fmt: skip
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=REPOSITORY, env=environment, text=True, encoding="utf-8", bufsize=1, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        self._done, self._rest = 0, b""
        if not self._line(600.0):
            raise RuntimeError(f"the worker does not start: {self._end_of_log()}")

    def _line(self, seconds: float) -> str:
        """The next line that the process writes; empty where none came in time."""
        assert self._process is not None
        assert self._process.stdout is not None
        until = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest and selector.select(max(until - time.monotonic(), 0)):
                part = os.read(self._process.stdout.fileno(), 1 << 16)
                if not part:
                    break
                self._rest += part
        line, end, rest = self._rest.partition(b"\n")
        if end:
            self._rest = rest
        return line.decode("utf-8") if end else ""

    def _end_of_log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-2_500:] if self._log.is_file() else ""


def run(numbers: Iterable[int], folder: Path, seed: int, only: str = "") -> Iterator[dict[str, Any]]:
    """The answers to inputs, one after the other."""
    worker = Worker(folder, seed, only)
    try:
        for number in numbers:
            yield worker.ask(number)
    finally:
        worker.close()


def _cpu(pid: int) -> float:
    """Seconds that a process has computed."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
