"""Inputs that were changed at random, over all readers, study.toml and the import of maps: does anything crash, hang or flood?

    PYTHONPATH=. .venv/bin/python benchmarks/fuzz.py                       # 100,000 inputs, resumed where it was stopped
    PYTHONPATH=. .venv/bin/python benchmarks/fuzz.py --inputs 5000 --seed 7 --to found
    PYTHONPATH=. .venv/bin/python benchmarks/fuzz.py --number 12398 --to found     # one input, written to a file

Every input is made of its number and the seed alone. It is read in a process of its own, which may compute for 10 s and hold
1 GB. A finding is kept with its input in ``findings/``; ``summary.json`` counts all.
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.fuzzing.driver import run
from tests.fuzzing.seeds import kept_seeds
from tests.fuzzing.target import mutate


def main() -> int:
    """Run, or run on; exit with 1 where anything was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--to", type=Path, default=Path(tempfile.gettempdir()) / "journeylab-fuzz")
    parser.add_argument("--only", default="", help="formats whose label holds this")
    parser.add_argument("--number", type=int, help="write this one input to a file and stop")
    chosen = parser.parse_args()
    chosen.to.mkdir(parents=True, exist_ok=True)
    if chosen.number is not None:
        print(write(chosen.number, chosen.seed, chosen.to, chosen.only))
        return 0
    summary = read_summary(chosen.to / "summary.json", chosen.seed, chosen.only)
    start, before = time.monotonic(), summary["seconds"]
    for told in run(range(summary["inputs"], chosen.inputs), chosen.to / "work", chosen.seed, chosen.only):
        count(summary, told)
        summary["seconds"] = round(before + time.monotonic() - start)
        if told["outcome"] == "finding":
            keep(told, chosen.seed, chosen.to, chosen.only)
        if told["outcome"] == "finding" or summary["inputs"] % 500 == 0 or summary["inputs"] == chosen.inputs:
            write_summary(summary, chosen.to / "summary.json")
    print(json.dumps(summary, indent=1))
    return 1 if summary["findings"] else 0


def read_summary(file: Path, seed: int, only: str) -> dict[str, Any]:
    """What was done before, if it was with the same seed."""
    if file.is_file():
        kept = json.loads(file.read_text(encoding="utf-8"))
        if (kept["seed"], kept["only"]) == (seed, only):
            return kept
    return {"seed": seed, "only": only, "inputs": 0, "read": 0, "refused": 0, "finding": 0, "unmade": 0, "seconds": 0,
            "computed": 0.0,
            "longest": 0.0, "peak_mb": 0, "by_kind": {}, "findings": {}}  # fmt: skip


def count(summary: dict[str, Any], told: dict[str, Any]) -> None:
    """Count one answer."""
    summary["inputs"] += 1
    summary[told["outcome"]] += 1
    summary["computed"] = round(summary["computed"] + told.get("cpu", 0.0), 3)
    if told.get("cpu", 0.0) >= 1:
        summary.setdefault("slow", {})[str(told["number"])] = told["cpu"]
    summary["longest"] = max(summary["longest"], told.get("cpu", 0.0))
    summary["peak_mb"] = max(summary["peak_mb"], told.get("peak", 0) // 1024**2)
    kind = summary["by_kind"].setdefault(told.get("label", "?").split(" ")[0], collections.Counter())
    kind[told["outcome"]] = kind.get(told["outcome"], 0) + 1
    if told["outcome"] == "finding":
        found = summary["findings"].setdefault(told["what"][:200], [])
        found.append(told["number"])


def write_summary(summary: dict[str, Any], file: Path) -> None:
    """Write beside, then take the place: a run that is stopped leaves a whole file."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(summary, indent=1), encoding="utf-8")
    part.replace(file)


def keep(told: dict[str, Any], seed: int, folder: Path, only: str) -> None:
    """Keep what was said of a finding, and its input."""
    place = folder / "findings"
    place.mkdir(exist_ok=True)
    (place / f"{told['number']}.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    write(told["number"], seed, folder, only)


def write(number: int, seed: int, folder: Path, only: str) -> Path:
    """Write an input to a file."""
    seeds = [one for one in kept_seeds(folder / "work" / "seeds.json") if only in one.label]
    chosen, data, _ = mutate(seeds, seed, number)
    file = folder / "findings" / f"{number}-{Path(chosen.name).name}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


if __name__ == "__main__":
    sys.exit(main())
