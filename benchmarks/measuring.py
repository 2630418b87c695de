"""Run a command to its end; how long did it and its descendants take, and how much memory?"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import psutil

EVERY = 0.1
"""Seconds between two looks at a tree of processes."""


@dataclasses.dataclass(frozen=True)
class Measured:
    """One run of a command.

    Attributes
    ----------
    wall, cpu : float
        Seconds from start to end, and of processors.
    peak : float
        Megabytes resident at once in all processes of the tree, pages that several share counted in parts (Linux's PSS),
        as seen every tenth of a second; and no less than the largest process had.
    said : dict or None
        ``checks`` and ``seconds`` as the command printed them; None when it failed or took too long.
    """

    wall: float
    cpu: float
    peak: float
    said: dict[str, Any] | None


def measure(command: Sequence[str], environment: dict[str, str], timeout: float) -> Measured:
    """Run a command; after `timeout` seconds it is ended, with all that it started."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    ended, words = threading.Event(), []
    peak, spent = [0], {}

    def watch() -> None:
        root = psutil.Process(process.pid)
        while not ended.wait(EVERY):
            tree = [root, *_descendants(root)]
            peak[0] = max(peak[0], sum(_look(each, spent) for each in tree))
            if time.perf_counter() - begin > timeout:
                for each in reversed(tree):
                    each.kill()
                return

    threads = [threading.Thread(target=lambda: words.append(process.stdout.read())), threading.Thread(target=watch)]  # type: ignore[union-attr]
    for thread in threads:
        thread.start()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    ended.set()
    for thread in threads:
        thread.join()
    lines = [line for line in words[0].splitlines() if line.startswith('{"checks"')]
    said = json.loads(lines[-1]) if lines and process.returncode == 0 else None
    if said is None:
        print(words[0][-2000:], file=sys.stderr)
    cpu = max(used.ru_utime + used.ru_stime, sum(spent.values()))
    return Measured(wall, cpu, max(peak[0], used.ru_maxrss * 1024) / 1e6, said)


def _descendants(root: psutil.Process) -> list[psutil.Process]:
    try:
        return root.children(recursive=True)
    except psutil.Error:
        return []


def _look(process: psutil.Process, spent: dict[int, float]) -> int:
    """Bytes resident in a process; notes the seconds that it has spent."""
    try:
        times = process.cpu_times()
        spent[process.pid] = times.user + times.system
        return process.memory_full_info().pss
    except psutil.Error:
        return 0
