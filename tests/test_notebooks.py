"""The notebooks in git: one question each, typed parameters with help, short cells, and no outputs."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from journeylab import behaviours

REPOSITORY = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("0*.ipynb"))
CLAIM = "nbval-check-output"


def cells_of(file: Path) -> list[dict]:
    return json.loads(file.read_text(encoding="utf-8"))["cells"]


def source(cell: dict) -> str:
    return "".join(cell["source"])


def tags(cell: dict) -> set[str]:
    return set(cell["metadata"].get("tags", []))


def test_there_are_nine_notebooks() -> None:
    assert [file.stem[:2] for file in NOTEBOOKS] == [f"{number:02d}" for number in range(1, 10)]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
class TestEachNotebook:
    def test_opens_with_its_question_as_the_only_first_heading(self, file: Path) -> None:
        cells = cells_of(file)
        assert cells[0]["cell_type"] == "markdown"
        assert source(cells[0]).startswith("# ")
        assert source(cells[0]).splitlines()[0].endswith("?")
        headings = [
            line
            for cell in cells
            if cell["cell_type"] == "markdown"
            for line in source(cell).splitlines()
            if line.startswith("# ")
        ]
        assert len(headings) == 1

    def test_parameters_are_typed_and_explained(self, file: Path) -> None:
        (cell,) = [cell for cell in cells_of(file) if "parameters" in tags(cell)]
        names = set()
        for line in source(cell).splitlines():
            (node,) = ast.parse(line).body
            assert isinstance(node, ast.AnnAssign)
            assert "  # " in line
            names.add(node.target.id)
        assert {"study_path", "data_dir", "seed", "share"} <= names

    def test_cells_are_few_and_short(self, file: Path) -> None:
        code = [cell for cell in cells_of(file) if cell["cell_type"] == "code"]
        assert len(code) <= 15
        assert all(len(source(cell).splitlines()) <= 15 for cell in code)

    def test_no_output_is_kept_and_the_last_cell_is_held_to_its_claim(self, file: Path) -> None:
        cells = cells_of(file)
        for cell in cells:
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None
        assert not any(CLAIM in tags(cell) for cell in cells[:-1])
        assert CLAIM in tags(cells[-1])
        claim = (REPOSITORY / f"tests/notebooks/claims/{file.stem}.txt").read_text(encoding="utf-8")
        assert 1 <= len(claim.strip().splitlines()) <= 6


def test_page_04_takes_the_number_of_behaviours_that_the_study_sets_for_page_05() -> None:
    file = next(file for file in NOTEBOOKS if file.stem.startswith("04"))
    line = next(source(cell) for cell in cells_of(file) if "behaviours.find(" in source(cell))
    asked: list[dict] = []

    class StopHereError(Exception):
        pass

    def find(*_: object, **options: object) -> None:
        asked.append(options)
        raise StopHereError

    config = SimpleNamespace(parameters={"05_behaviours": {"k": 3, "seed": 7}})
    names = {
        "study": SimpleNamespace(journeys=lambda: None, outcome=None, config=config),
        "behaviours": SimpleNamespace(find=find, settings=behaviours.settings, last_run=lambda: None),
        "show": SimpleNamespace(available=lambda *_, **__: True),
        **dict.fromkeys(("by_stage", "by_touchpoint")),
        "seed": 5,
    }
    with pytest.raises(StopHereError):
        exec(line, names)
    assert asked[0]["k"] == 3
    assert asked[0]["seed"] == 5
