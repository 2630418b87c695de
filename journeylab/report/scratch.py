"""Where a run keeps what is temporary, so that the next run finds and takes away what a killed one left."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from multiprocessing.util import Finalize
from pathlib import Path

from journeylab.errors import ReportError
from journeylab.report.apart import keep_in


def scratch(home: Path) -> Path:
    """Make this process's folder for temporary files of a study's runs, and take away those of processes that have ended.

    The folder goes away when the process ends by itself. Its name is short, since sockets lie in it.

    Raises
    ------
    ReportError
        When somebody else has made a file of that name.
    """
    base = Path(tempfile.gettempdir())
    mark = f"jl-{hashlib.sha256(str(home).encode()).hexdigest()[:6]}-"
    for old in base.glob(f"{mark}*"):
        process = old.name.removeprefix(mark)
        if process.isdigit() and not _alive(int(process)) and _ours(old):
            shutil.rmtree(old, ignore_errors=True)
    mine = base / f"{mark}{os.getpid()}"
    if not mine.exists():
        mine.mkdir(mode=0o700)
        # After the one of multiprocessing (-100), whose sockets lie in it.
        Finalize(None, shutil.rmtree, args=(mine, True), exitpriority=-200)
    if not _ours(mine):
        raise ReportError(f"{mine}: somebody else has made this; take it away, or set TMPDIR to another folder.")
    keep_in(mine)
    return mine


def _alive(process: int) -> bool:
    """Whether a process runs; where that cannot be asked, such as on Windows, where signal 0 is Ctrl-C, it is taken to."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _ours(folder: Path) -> bool:
    """Whether it is a folder of this user, and no link to one."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
