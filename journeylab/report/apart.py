"""Work in a process of its own, whose memory is given back when it ends."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import BaseContext
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")


def processes() -> BaseContext:
    """How processes begin: forked from one that has the slow imports behind it, where there is such a thing."""
    kinds = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in kinds else "spawn")
    if context.get_start_method() == "forkserver":
        multiprocessing.set_forkserver_preload(["journeylab.report.preload"])
    return context


def apart(work: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
    """Call a function of a module in a process of its own, in this folder and with this environment.

    Raises
    ------
    Exception
        What the function raises.
    """
    with ProcessPoolExecutor(1, mp_context=processes()) as pool:
        return pool.submit(_call, os.getcwd(), dict(os.environ), work, args, kwargs).result()


def _call(
    folder: str, environment: Mapping[str, str], work: Callable[..., Found], args: Any, kwargs: dict[str, Any]
) -> Found:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    return work(*args, **kwargs)
