"""Weekly runs, opened from files and measured with the package: the planted change is named, and nothing else."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def weekly(repository: Path) -> ModuleType:
    """The benchmark, of which this is a glance."""
    spec = importlib.util.spec_from_file_location("weekly", repository / "benchmarks/validity/weekly.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["weekly"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("world", "seed"), [("both ways", 1), ("new pain", 2)])
def test_the_planted_change_is_named_in_its_week_or_the_next_and_nothing_else(
    weekly: ModuleType, world: str, seed: int
) -> None:
    runs = list(weekly.ten_runs(seed, world, customers=150, worse=0.05, interviews=14, weeks=range(4, 9)))
    true = weekly.TRUE[world]
    for tool in ("compare", "alerts"):
        named = {run["week"] for run in runs if run[tool] & true}
        assert named & {6, 7}, f"{tool} names the change in {sorted(named)}"
        early = [name for run in runs if run["week"] < 6 for name in run[tool]]
        others = [name for run in runs if run["week"] >= 6 for name in run[tool] - true]
        assert early == others == []
