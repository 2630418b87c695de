"""Rooms import only what the design lets them: no sideways imports, and nothing imports the command line."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

BASE = {
    "errors",
    "identity",
    "intervals",
    "pooling",
    "text",
    "locales",
    "results",
    "html",
    "figures",
    "show",
    "contracts",
    "tables",
    "privacy",
    "cache",
    "progress",
    "paths",
    "patterns",
}
ALLOWED = {
    "journeys": BASE | {"look"},  # how they show themselves in JupyterLab
    "voices": BASE,
    "behaviours": BASE | {"journeys"},
    "impact": BASE | {"journeys"},
    "comparing": BASE | {"behaviours", "config"},
    "joint": BASE | {"journeys", "voices", "behaviours", "impact", "study"},
    "journeymap": BASE | {"journeys", "voices", "behaviours", "impact", "joint", "study", "config"},
    "findings": BASE
    | {"journeys", "voices", "behaviours", "impact", "joint", "journeymap", "comparing", "study", "config"},
    "export": BASE | {"journeys", "voices", "behaviours", "journeymap", "study"},
    "simulate": BASE,
    "report": BASE | {"study", "opening", "config", "config_values", "check", "comparing"},
    "release": BASE
    | {"study", "opening", "study_toml", "report"},  # what a run wrote, and whom the study knows; no statistics
    "readers": BASE,
    "drafting": BASE | {"readers", "config", "naming", "new"},
}


def imported(file: Path) -> set[str]:
    """The rooms and modules of journeylab that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "journeylab":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("journeylab.")}
    return found


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_its_neighbours(room: str, repository: Path) -> None:
    files = sorted((repository / "journeylab" / room).rglob("*.py"))
    assert files
    for file in files:
        beyond = imported(file) - ALLOWED[room] - {room, "__version__"}
        assert not beyond, f"{file.name} imports {sorted(beyond)}"


def test_base_modules_import_no_room(repository: Path) -> None:
    rooms = set(ALLOWED)
    for name in BASE:
        file = repository / "journeylab" / f"{name}.py"
        assert not imported(file) & rooms, file.name


def test_nothing_imports_the_command_line(repository: Path) -> None:
    for file in (repository / "journeylab").rglob("*.py"):
        if file.name not in {"cli.py", "__main__.py"}:
            assert "cli" not in imported(file), file


def test_no_star_imports(repository: Path) -> None:
    for file in (repository / "journeylab").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)), file
