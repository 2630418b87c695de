"""Which notebooks did not change since the last good run, and what of theirs is taken over?"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from journeylab.cache import fingerprint
from journeylab.config import Config
from journeylab.report.record import code_digest, lock_digest, read_record, versions

SETTINGS_OF = {"02": ("05", "07"), "04": ("05", "07"), "07": ("03",), "09": ("03", "05", "07", "08")}
"""Notebooks that look at what study.toml sets for others."""


@dataclasses.dataclass(frozen=True)
class Reused:
    """What is taken over.

    Attributes
    ----------
    names : frozenset of str
        Notebooks that need not run.
    fingerprints : dict
        Of every chosen notebook: its text, parameters, inputs, the package's code and versions, and the fingerprints of the
        notebooks whose results it reads.
    seconds : dict
        How long the kept ones took when they ran.
    """

    names: frozenset[str]
    fingerprints: dict[str, str]
    seconds: dict[str, float]


def reuse(
    chosen: Sequence[Path], settings: Mapping[str, Mapping[str, Any]], inputs: Sequence[Mapping[str, Any]], last: Path | None,
    work: Path, after: Mapping[str, Sequence[str]], config: Config,
) -> Reused:  # fmt: skip
    """Compare fingerprints with the last good run and copy what is unchanged: notebook and results.

    Parameters
    ----------
    last : Path, optional
        The folder of the last good run; None runs everything.
    work : Path
        The folder of the new run.
    after : mapping
        Number of a notebook to the numbers of those whose results it reads.
    config : Config
        The study's: a change of what it sets for one notebook touches that one and those that read it, a comment none.

    Notes
    -----
    The package's code, the versions of what it uses and, where there is one, the lock count as well.
    """
    common = [
        json.dumps([dict(item) for item in inputs if item["source"] != "study.toml"], sort_keys=True),
        config.model_dump_json(exclude={"parameters": True, "alerts": True, "study": {"keep"}}),
        code_digest(),
        lock_digest(),
        json.dumps(versions(), sort_keys=True),
    ]
    prints: dict[str, str] = {}
    for file in sorted(chosen, key=lambda file: len(after.get(file.stem[:2], ()))):
        needed = [prints[other] for other in sorted(prints) if other[:2] in after.get(file.stem[:2], ())]
        theirs = {name: values for name, values in config.parameters.items() if _reads(file.stem, name)}
        shown = {key: value for key, value in settings[file.stem].items() if key not in {"study_path", "data_dir"}}
        prints[file.stem] = fingerprint(
            [*common, json.dumps([shown, theirs], sort_keys=True, default=str), *needed], [file]
        )
    if last is None:
        return Reused(frozenset(), prints, {})
    record = read_record(last / "run.json")
    before = {item["name"]: item for item in record["notebooks"] if item["status"] == "done"}
    names, seconds = set(), {}
    for name, mark in prints.items():
        old = before.get(name)
        wrote = last / "results" / f".{name}.wrote"
        if old is None or old.get("fingerprint") != mark or not (last / f"{name}.ipynb").is_file():
            continue
        saved = sorted(set(wrote.read_text(encoding="utf-8").split("\n")) - {""}) if wrote.is_file() else []
        if not all(_whole(last / "results" / result) for result in saved):
            continue  # somebody took a result away, or half of it: the notebook makes it again
        shutil.copyfile(last / f"{name}.ipynb", work / f"{name}.ipynb")
        for result in saved:
            shutil.copyfile(last / "results" / result, work / "results" / result)
        if wrote.is_file():
            shutil.copyfile(wrote, work / "results" / wrote.name)
        names.add(name)
        seconds[name] = float(old["seconds"])
    return Reused(frozenset(names), prints, seconds)


def _whole(result: Path) -> bool:
    """Whether a result is there, and can be read where it is JSON."""
    if not result.is_file():
        return False
    try:
        if result.suffix == ".json":
            json.loads(result.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return True


def _reads(notebook: str, other: str) -> bool:
    """Whether a notebook looks at what study.toml sets for another."""
    return other[:2] in SETTINGS_OF.get(notebook[:2], ())
