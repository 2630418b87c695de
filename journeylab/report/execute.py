"""Run one notebook in a process of its own.

papermill changes the directory and the signal handlers of its process, so notebooks run in processes, not threads.
A failure is written beside the partial notebook, as ``OUT`` with the ending ``.failure.json``; the exit code is then 3.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from journeylab.report.notebooks import Notebook, read_notebook, source, tags

FAILED = 3
STARTS = 3
ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def execute(
    notebook: Path, out: Path, parameters: dict[str, Any], *, timeout: float | None = None
) -> dict[str, Any] | None:
    """Run a notebook with papermill and keep what it showed, also when it fails.

    Parameters
    ----------
    timeout : float, optional
        The most seconds that one cell may take.

    Returns
    -------
    dict or None
        None when all cells ran; else ``cell`` (number of the code cell, from 1, or None), ``line``, ``name``,
        ``message`` and ``traceback``.
    """
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    failure = None
    try:
        _run(notebook, out, parameters, timeout)
    except PapermillExecutionError as error:
        failure = {
            "name": error.ename,
            "message": _plain(error.evalue),
            "traceback": _plain("\n".join(error.traceback)),
        }
    except DeadKernelError:
        failure = {
            "name": "Kernel died",
            "message": "The notebook's process ended without a word. The usual cause is that memory ran out: use fewer "
            "rows, run one notebook at a time (--jobs 1), or a larger machine.",
            "traceback": "",
        }
    except CellTimeoutError:
        failure = {
            "name": "Too slow",
            "message": f"A cell took longer than the {timeout:g} seconds it was given (--timeout).",
            "traceback": "",
        }
    content = read_notebook(out)
    if failure is not None:
        failure.update(_place(content))
    _clean(content)
    out.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return failure


def _run(notebook: Path, out: Path, parameters: dict[str, Any], timeout: float | None) -> None:
    """Run papermill; again where the kernel could not start, since two kernels may pick the same free port."""
    import papermill
    from traitlets.config import Config

    for attempt in range(1, STARTS + 1):
        try:
            papermill.execute_notebook(
                str(notebook),
                str(out),
                parameters,
                kernel_name="python3",
                progress_bar=False,
                execution_timeout=None if timeout is None else max(1, round(timeout)),
                # Without this, ipykernel 7.3 and later warn at every start that the local sockets are not encrypted.
                config=Config({"AsyncKernelManager": {"transport_encryption": "auto"}}),
            )
            return
        except RuntimeError as error:
            if "before replying to kernel_info" not in str(error) or attempt == STARTS:
                raise


def _place(notebook: Notebook) -> dict[str, Any]:
    """Number (as in a notebook run from top to bottom) and first line of the cell that failed: the last that began."""
    number = 0
    place: dict[str, Any] = {"cell": None, "line": ""}
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code" or tags(cell) & {"injected-parameters", "papermill-error-cell-tag"}:
            continue
        number += 1
        if cell["metadata"].get("papermill", {}).get("start_time"):
            place = {"cell": number, "line": (source(cell).splitlines() or [""])[0]}
    return place


def _clean(notebook: Notebook) -> None:
    """Take out papermill's clock times, machine paths and banners, so that the same input gives the same file."""
    notebook["metadata"].pop("papermill", None)
    notebook["cells"] = [cell for cell in notebook["cells"] if "papermill-error-cell-tag" not in tags(cell)]
    for cell in notebook["cells"]:
        for key in ("papermill", "execution"):
            cell["metadata"].pop(key, None)
        if "injected-parameters" in tags(cell):
            cell["id"] = "parameters"


def _plain(text: str) -> str:
    """Text without terminal colours."""
    return ANSI.sub("", text)


def _end_with(parent: int) -> None:
    """End this process as soon as the one that it was made by has ended, so that a killed run leaves nobody at work."""
    made_by = multiprocessing.parent_process()
    if os.name != "posix" and made_by is not None:  # Windows tells the number of the one that has ended for ever
        made_by.join()
        os._exit(FAILED)
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(FAILED)


def run_child(
    notebook: str, out: str, parameters: dict[str, Any], timeout: float | None, environment: dict[str, str], said: str
) -> None:
    """Run a notebook in this process, which ends with 0 when it is whole and 3 when a cell failed."""
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    with open(said, "w", encoding="utf-8") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    failure = execute(Path(notebook), Path(out), parameters, timeout=timeout)
    if failure is not None:
        Path(out).with_suffix(".failure.json").write_text(json.dumps(failure, ensure_ascii=False), encoding="utf-8")
        sys.exit(FAILED)
