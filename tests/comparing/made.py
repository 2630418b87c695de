"""Runs made by hand: a folder with run.json and the results that are compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from journeylab.comparing import Reading, read_run
from journeylab.intervals import wilson


def share(kind: str, name: str, k: int, n: int, better: str = "higher") -> dict[str, Any]:
    """A settled count."""
    value, low, high = wilson(k, n)
    return {"kind": kind, "name": name, "label": f"{name}, within 3d", "k": k, "n": n, "share": value, "ci_low": low,
            "ci_high": high, "within": "3d", "better": better}  # fmt: skip


def goal(name: str, value: float, half: float, target: float, n: int = 1000) -> dict[str, Any]:
    """A KPI against its goal."""
    status = "met" if value - half > target else "missed" if value + half < target else "open"
    return {"goal": name, "kpi": f"share of {name}", "horizon": "short", "by": None, "target": target, "value": value,
            "ci_low": value - half, "ci_high": value + half, "n": n, "status": status, "unit": "share", "stage": None,
            "reason": ""}  # fmt: skip


def code(path: str, k: int, n: int, valence: float | None = -0.5) -> dict[str, Any]:
    """A row of the table of codes."""
    value, low, high = wilson(k, n)
    return {"path": path, "k": k, "n": n, "share": value, "ci_low": low, "ci_high": high, "valence": valence,
            "rolled_up": False}  # fmt: skip


def score(name: str, value: float, half: float, n: int) -> dict[str, Any]:
    """A mean score."""
    return {"instrument": name, "group": "all", "value": value, "ci_low": value - half, "ci_high": value + half, "n": n,
            "unit": "mean", "better": "higher"}  # fmt: skip


def effect(name: str, estimate: float, half: float, verdict: str, p: float) -> dict[str, Any]:
    """The effect of a touchpoint."""
    return {"touchpoint": name, "estimate": estimate, "ci_low": estimate - half, "ci_high": estimate + half,
            "n_eligible": 5000, "p_value": p, "verdict": verdict}  # fmt: skip


def days(*counts: int, mark: str = "") -> dict[str, Any]:
    """The days of a source, from 1 March on."""
    return {"mark": mark or str(counts), "days": {f"2026-03-{day + 1:02d}": n for day, n in enumerate(counts)}}


def write_run(folder: Path, *, created: str = "2026-03-02T06:00:00+00:00", basis: dict[str, Any] | None = None,
              parameters: dict[str, Any] | None = None, toml: str = "t", data: str = "", status: str = "done",
              **tables: list[dict[str, Any]]) -> Path:  # fmt: skip
    """Write a run with some tables."""
    (folder / "results").mkdir(parents=True)
    record = {
        "study": "shop", "title": "A shop <of ours>", "created": created, "parameters": parameters or {},
        "inputs": [{"source": "study.toml", "sha256": toml}, {"source": "events", "sha256": data or str(folder)}],
        "notebooks": [{"name": "01_data_quality", "status": status}],
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(record))
    for name, rows in tables.items():
        (folder / "results" / f"{name}.json").write_text(json.dumps({"table": rows}))
    if basis is not None:
        (folder / "results" / "basis.json").write_text(json.dumps(basis))
    return folder


def made(folder: Path, **given: Any) -> Reading:
    """A run, written and read."""
    return read_run(write_run(folder, **given))
