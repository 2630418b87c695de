"""How far is it? One line, after two seconds; nothing in a run, in a script, or where nobody looks."""

from __future__ import annotations

import contextlib
import contextvars
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, TypeVar

from journeylab.text import count

Item = TypeVar("Item")

PATIENCE = 2.0
"""Seconds of work before the line is shown."""

EVERY = 1.0
"""Seconds from one line to the next."""

_one = threading.Lock()


def over(items: Iterable[Item], doing: str, total: int | None = None) -> Iterator[Item]:
    """Go through `items`, and say how many are done when it takes long; write it into the head of a for loop.

    Parameters
    ----------
    items : iterable
        Handed on as they are, one by one.
    doing : str
        What is done, such as ``"Reading events"``.
    total : int, optional
        How many there are, where `items` cannot be counted.

    Examples
    --------
    >>> [number**2 for number in over([1, 2, 3], "Squaring")]
    [1, 4, 9]
    """
    total = len(items) if total is None and isinstance(items, Collection) else total
    with working(doing, total) as done:
        for number, item in enumerate(items):
            done(number)
            yield item
        done(total or 0)


@contextlib.contextmanager
def working(doing: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Say that something is being done when it takes long; yields a function that takes how many of `total` are done."""
    write = _writer()
    if write is None or not _one.acquire(blocking=False):  # what is inside other long work has no line of its own
        yield lambda _: None
        return
    state = {"done": 0, "shown": 0}
    begun, stop = time.monotonic(), threading.Event()

    def line() -> str:
        counted = f": {count(state['done'])} of {count(total)}" if total is not None and total > 1 else ""
        return f"{doing}{counted}, {time.monotonic() - begun:.0f} s"

    def watch() -> None:
        pause = PATIENCE
        while not stop.wait(pause):
            write(line(), False)
            state["shown"] += 1
            pause = EVERY

    # A thread, since one step may take long; in the context of its cell, since that is where JupyterLab shows the line.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(watch,), daemon=True)
    thread.start()
    try:
        yield lambda number: state.update(done=number)
    finally:
        stop.set()
        thread.join()
        _one.release()
        if state["shown"]:
            write(line(), True)


def _writer() -> Callable[[str, bool], None] | None:
    """Where the line goes: into the cell of somebody's notebook, to a terminal, or nowhere."""
    from journeylab.results import NOTEBOOK

    if os.environ.get(NOTEBOOK):
        return None
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is not None:
        # Set by JupyterLab and VS Code; papermill and nbclient set neither, so what they write stays the same.
        return _cell() if {"JPY_SESSION_NAME", "VSCODE_PID"} & set(os.environ) else None
    return _terminal if sys.stderr.isatty() else None


def _cell() -> Callable[[str, bool], None]:
    """One output of the cell, which is written over."""
    from IPython.display import display

    shown: list[Any] = []

    def write(line: str, last: bool) -> None:
        content = {"text/plain": line if last else f"{line} ..."}
        if shown:
            shown[0].update(content, raw=True)
        else:
            shown.append(display(content, raw=True, display_id=True))

    return write


def _terminal(line: str, last: bool) -> None:
    """One line of the terminal, which is wiped at the end."""
    sys.stderr.write("\r\x1b[K" if last else f"\r\x1b[K{line} ...")
    sys.stderr.flush()
