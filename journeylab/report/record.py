"""What a run was made from: inputs with hashes, versions, parameters; and which runs there are."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from journeylab.errors import ReportError

LATEST = "latest"
PACKAGES = (
    "pandas",
    "numpy",
    "scipy",
    "duckdb",
    "sqlframe",
    "matplotlib",
    "papermill",
    "pydantic",
    "pandera",
    "pyarrow",
)


def now() -> datetime.datetime:
    """The time of the run, in whole seconds UTC; SOURCE_DATE_EPOCH is honoured."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.datetime.fromtimestamp(int(fixed), datetime.UTC) if fixed else datetime.datetime.now(datetime.UTC)
    return moment.replace(microsecond=0)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    sha = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()


def code_digest() -> str:
    """SHA-256 over the package's own code, in the order of its files."""
    package = Path(__file__).resolve().parent.parent
    sha = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        sha.update(file.relative_to(package).as_posix().encode())
        sha.update(file.read_bytes())
    return sha.hexdigest()


def describe_inputs(study_file: Path, files: Mapping[str, Path]) -> list[dict[str, Any]]:
    """Name, size and hash of every input; names, not machine paths."""
    inputs = {"study.toml": study_file, **files}
    return [
        {"source": source, "file": file.name, "bytes": file.stat().st_size, "sha256": digest(file)}
        for source, file in inputs.items()
        if file.is_file()
    ]


def versions() -> dict[str, str]:
    """Versions of the package, of Python and of what the numbers depend on."""
    found = {"journeylab": metadata.version("journeylab"), "python": platform.python_version()}
    for name in PACKAGES:
        found[name] = metadata.version(name)
    return found


@dataclasses.dataclass(frozen=True)
class Past:
    """One run on disk."""

    name: str
    folder: Path
    ok: bool
    latest: bool
    created: str
    failed: tuple[str, ...]


def list_runs(reports: Path, study: str) -> list[Past]:
    """The runs of a study, newest first.

    Raises
    ------
    ReportError
        When a run's record cannot be read.
    """
    folder = reports / study
    latest = latest_run(folder)
    runs = []
    for record in sorted(folder.glob("*/run.json"), reverse=True):
        if record.parent.is_symlink() or record.parent.name.startswith("."):
            continue
        try:
            content = json.loads(record.read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError) as error:
            raise ReportError(f"{record}: cannot be read: {error}.") from None
        failed = tuple(item["name"] for item in content["notebooks"] if item["status"] != "done")
        runs.append(
            Past(record.parent.name, record.parent, not failed, record.parent == latest, content["created"], failed)
        )
    return runs


def latest_run(folder: Path) -> Path | None:
    """The last good run of a study, or None."""
    pointer = folder / LATEST
    if pointer.is_symlink():
        target = folder / os.readlink(pointer)
    elif pointer.is_file():
        target = folder / pointer.read_text(encoding="utf-8").strip()
    else:
        return None
    return target if (target / "run.json").is_file() else None


def point_latest(folder: Path, run: str) -> None:
    """Let ``latest`` point to a run, in one step; a text file where links are not to be had."""
    pointer, fresh = folder / LATEST, folder / f".{LATEST}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    try:
        fresh.symlink_to(run, target_is_directory=True)
    except OSError:
        fresh.write_text(run + "\n", encoding="utf-8")
    fresh.replace(pointer)
