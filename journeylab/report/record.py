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
    """One run on disk; `damage` says why its run.json cannot be read, and is empty for all others."""

    name: str
    folder: Path
    ok: bool
    latest: bool
    created: str
    failed: tuple[str, ...]
    notebooks: int = 0
    public: bool = False
    damage: str = ""

    @property
    def note(self) -> str:
        """What to say of a damaged run."""
        return f"{self.folder.parent.name}/{self.name}: run.json cannot be read: {self.damage}; the run is left out."


def list_runs(reports: Path, study: str) -> list[Past]:
    """The runs of a study, newest first; one whose run.json cannot be read is there as one that is not good."""
    folder = reports / study
    latest = latest_run(folder)
    runs = []
    for record in sorted(folder.glob("*/run.json"), key=lambda file: age(file.parent.name), reverse=True):
        if record.parent.is_symlink() or record.parent.name.startswith("."):
            continue
        try:
            content = read_record(record)
        except (OSError, ValueError, RecursionError) as error:
            runs.append(Past(record.parent.name, record.parent, False, False, "", (), damage=str(error)))
            continue
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


def age(name: str) -> tuple[str, int]:
    """The time in a run's name, then its number among those of one second: later runs sort behind."""
    time, _, number = name.partition("Z-")
    return time.rstrip("Z"), int(number) if number.isdigit() else 1


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


def last_alike(folder: Path, settings: Mapping[str, Mapping[str, Any]], whole: int) -> Path | None:
    """The last good run of all `whole` notebooks that was as public or internal as one with these settings; or None.

    What a public run hides is no change, and what an internal run shows is none either.
    """
    runs = list_runs(folder.parent, folder.name)
    fit = [run for run in runs if run.ok and run.notebooks == whole and run.public == is_public(settings)]
    return next((run.folder for run in fit if run.latest), fit[0].folder if fit else None)


def is_public(settings: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether every notebook ran with ``share = "public"``; settings hold what differs from the defaults."""
    return bool(settings) and all(values.get("share") == "public" for values in settings.values())


def read_record(file: Path) -> dict[str, Any]:
    """What run.json says of its notebooks; ValueError with the reason where it is not what a run writes."""
    if not file.is_file():
        raise ValueError("it is no file")  # a pipe would never end
    found = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"found {type(found).__name__}, expected an object")
    found = {"parameters": {}, **found}
    for key, kind in {"created": str, "notebooks": list, "parameters": dict}.items():
        if not isinstance(found.get(key), kind):
            raise ValueError(f"'{key}' is {'no ' + kind.__name__ if key in found else 'missing'}")
    for item in found["notebooks"]:
        if not isinstance(item, dict) or not all(isinstance(item.get(key), str) for key in ("name", "status")):
            raise ValueError("a notebook has no name or status")
    if not all(isinstance(values, dict) for values in found["parameters"].values()):
        raise ValueError("the parameters of a notebook are no table")
    return found


def point_latest(folder: Path, run: str) -> None:
    """Let ``latest`` point to a run, in one step; a text file where links are not to be had."""
    pointer, fresh = folder / LATEST, folder / f".{LATEST}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    try:
        fresh.symlink_to(run, target_is_directory=True)
    except OSError:
        fresh.write_text(run + "\n", encoding="utf-8")
    fresh.replace(pointer)
