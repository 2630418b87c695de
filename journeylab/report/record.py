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
from typing import TYPE_CHECKING, Any

from journeylab.cache import files_in
from journeylab.errors import ReportError

if TYPE_CHECKING:
    from journeylab.study import Study

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


def lock_digest() -> str:
    """SHA-256 of requirements.lock where the package lies in its repository, else nothing: then versions speak alone."""
    lock = Path(__file__).resolve().parents[2] / "requirements.lock"
    return digest(lock) if lock.is_file() else ""


def describe_inputs(study: Study, moment: datetime.datetime) -> list[dict[str, Any]]:
    """Name, size and hash of every input; names, not machine paths.

    Notes
    -----
    Exports may be a folder, or read tables that lie beside the named file, so all files there count. A database has no
    hash: its moment of reading stands for it, and what rests on it is never taken over from an earlier run.
    """
    exports = {study.locate(item.path) for item in study.config.events if item.path and item.format != "tabular"}
    found = []
    for source, path in {"study.toml": study.path, **study.files}.items():
        for file in files_in(path):
            name = file.name if file == path else f"{path.name}/{file.name}"
            found.append({"source": source, "file": name, "bytes": file.stat().st_size, "sha256": digest(file)})
            if file in exports:
                found[-1]["beside"] = _mark(file.parent)
    for base in study.config.events:
        if base.path is None:
            read_at = moment.isoformat()
            mark = hashlib.sha256(read_at.encode()).hexdigest()
            name = base.source or "events"
            found.append({"source": name, "file": f"${base.database}", "read_at": read_at, "sha256": mark})
    return found


def _mark(folder: Path) -> str:
    """A hash of the names, sizes and times of the files in a folder."""
    there = [(item.name, item.stat().st_size, item.stat().st_mtime_ns) for item in sorted(folder.iterdir())]
    return hashlib.sha256(repr(there).encode()).hexdigest()


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
    notebooks: int = 0
    public: bool = False


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
            Past(
                record.parent.name,
                record.parent,
                not failed,
                record.parent == latest,
                content["created"],
                failed,
                len(content["notebooks"]),
                is_public(content.get("parameters", {})),
            )
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


def last_alike(folder: Path, settings: Mapping[str, Mapping[str, Any]]) -> Path | None:
    """The last good, whole run that was as public or internal as one with these settings; None where there is none.

    What a public run hides is no change, and what an internal run shows is none either.
    """
    latest = latest_run(folder)
    runs = [latest] if latest else []
    runs += sorted((item.parent for item in folder.glob("2*/run.json")), key=lambda run: run.name, reverse=True)
    whole = max((len(_read(run)["notebooks"]) for run in runs), default=0)
    for run in runs:
        record = _read(run)
        good = len(record["notebooks"]) == whole and all(item["status"] == "done" for item in record["notebooks"])
        if good and is_public(record["parameters"]) == is_public(settings):
            return run
    return None


def is_public(settings: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether any notebook ran with ``share = "public"``."""
    return any(values.get("share") == "public" for values in settings.values())


def _read(run: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((run / "run.json").read_text(encoding="utf-8"))
        return found if {"notebooks", "parameters"} <= found.keys() else {"notebooks": [], "parameters": {}}
    except (OSError, ValueError):
        return {"notebooks": [], "parameters": {}}


def point_latest(folder: Path, run: str) -> None:
    """Let ``latest`` point to a run, in one step; a text file where links are not to be had."""
    pointer, fresh = folder / LATEST, folder / f".{LATEST}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    try:
        fresh.symlink_to(run, target_is_directory=True)
    except OSError:
        fresh.write_text(run + "\n", encoding="utf-8")
    fresh.replace(pointer)
