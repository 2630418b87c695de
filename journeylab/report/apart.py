"""Work in a process of its own, whose memory is given back when it ends."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import util
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")


def processes() -> BaseContext:
    """How processes begin: forked from one that has the slow imports behind it, where there is such a thing."""
    kinds = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in kinds else "spawn")
    if context.get_start_method() == "forkserver":
        multiprocessing.set_forkserver_preload(["journeylab.report.preload"])
    return context


def keep_in(folder: Path) -> None:
    """Let this process's sockets lie in a folder, where none is open yet."""
    usual, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        util.get_temp_dir()
    finally:
        tempfile.tempdir = usual


def warm_up() -> None:
    """Begin the slow imports that notebooks' processes share; they go on while this process does something else."""
    if processes().get_start_method() == "forkserver":
        from multiprocessing import forkserver

        forkserver.ensure_running()


def apart(work: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
    """Call a function of a module in a fresh process, in this folder and with this environment.

    Raises
    ------
    Exception
        What the function raises.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *args, **kwargs).result()
