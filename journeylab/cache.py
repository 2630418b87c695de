"""Read raw events once a run: the notebooks of a run share what the check has read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from journeylab.errors import DataError

FOLDER = "JOURNEYLAB_CACHE"
"""The environment variable that names a run's folder of tables that were read already; unset outside a run."""


def fingerprint(texts: Iterable[str], files: Iterable[Path]) -> str:
    """Name what a table is made from: texts and the contents of files."""
    sha = hashlib.sha256()
    for text in texts:
        sha.update(text.encode() + b"\0")
    for file in files:
        try:
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    sha.update(block)
        except OSError as error:
            raise DataError(f"{file}: cannot be read: {error.strerror}.") from None
    return sha.hexdigest()


def files_in(path: Path | None) -> list[Path]:
    """The file that a source is, or the files of its folder."""
    if path is not None and path.is_dir():
        return sorted(file for file in path.iterdir() if file.is_file())
    return [path] if path is not None and path.is_file() else []


def remember(name: str, make: Callable[[], pd.DataFrame], texts: Iterable[str], files: Iterable[Path]) -> pd.DataFrame:
    """Return a table from the run's cache, or make it and keep it there; outside a run just make it."""
    folder = os.environ.get(FOLDER)
    there = [file for file in files if file.is_file()]
    if not folder or not there:
        return make()
    file = Path(folder) / f"{name}-{fingerprint(texts, there)[:16]}.parquet"
    if file.is_file():
        return pd.read_parquet(file)
    frame = make()
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(f".{os.getpid()}")
    frame.to_parquet(fresh, index=False)
    fresh.replace(file)
    return frame
