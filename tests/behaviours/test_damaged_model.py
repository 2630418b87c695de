"""A model of behaviours that an earlier run stored and that is damaged is told, on the page and by the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small import write_small

from journeylab import behaviours, cli, results, show
from journeylab.behaviours.chains import FORMAT
from journeylab.comparing import compare, read_run
from journeylab.opening import open_study
from journeylab.report import run as running
from journeylab.report.pages import check_page

REPOSITORY = Path(__file__).resolve().parents[2]
GROUP = {"label": "B1", "name": "", "n": 30, "weight": 30}
MODEL = {
    "format": FORMAT,
    "until": None,
    "retired": [],
    "waits": [],
    "behaviours": [GROUP],
    "steps": [["", "home", 30]],
}

DAMAGE = [
    ('{"format": ', "cannot be read: Expecting value"),
    ("[]", "its format is 'list'"),
    (json.dumps(MODEL | {"format": "older"}), "its format is 'older'"),
    (json.dumps(MODEL | {"behaviours": [GROUP, GROUP]}), "is damaged"),
    (json.dumps(MODEL | {"behaviours": [GROUP | {"n": -1}]}), "a number of people or steps is none"),
    (json.dumps(MODEL | {"behaviours": [GROUP | {"n": float("inf")}]}), "is damaged"),
    (json.dumps(MODEL | {"steps": [["", "home", float("nan")]]}), "a number of people or steps is none"),
    (json.dumps(MODEL | {"until": 5}), "until is 5"),
    (None, "is missing, though a notebook of that run wrote it"),
]


def saved(folder: Path, content: str | None) -> Path:
    made = folder / "2026-03-01T00-00-00Z/results"
    made.mkdir(parents=True)
    (made / ".05_behaviours.wrote").write_text("behaviour_model.json\n")
    if content is not None:
        (made / "behaviour_model.json").write_text(content)
    return made


@pytest.mark.parametrize(("content", "reason"), DAMAGE)
def test_file_reason_and_what_is_done_instead_are_said(
    content: str | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(results.LAST, str(saved(tmp_path, content)))
    said = behaviours.last_damage()
    assert said.startswith("2026-03-01T00-00-00Z/results/behaviour_model.json: ")
    assert reason in said
    assert said.endswith("behaviours get new labels and names, which do not go on from those of earlier runs.")
    assert str(tmp_path) not in said
    assert behaviours.last_run() is None


def test_nothing_is_said_of_a_sound_model_or_of_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(results.LAST, raising=False)
    assert (behaviours.last_run(), behaviours.last_damage()) == (None, "")
    monkeypatch.setenv(results.LAST, str(saved(tmp_path / "a", json.dumps(MODEL))))
    assert behaviours.last_run().as_dict() == MODEL
    assert behaviours.last_damage() == ""
    empty = saved(tmp_path / "b", None)
    (empty / ".05_behaviours.wrote").unlink()
    monkeypatch.setenv(results.LAST, str(empty))
    assert behaviours.last_damage() == ""


def test_page_05_says_it_above_its_labels_and_where_it_compares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(results.LAST, str(saved(tmp_path / "runs", "[]")))
    toml = write_small(tmp_path / "study")
    shown: list[str] = []
    monkeypatch.setattr(show, "_display_html", shown.append)
    cells = json.loads((REPOSITORY / "notebooks/05_behaviours.ipynb").read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names: dict[str, object] = {"study_path": str(toml), "data_dir": "", "names": None}
    cells_run = [sources[1], next(s for s in sources if "find(" in s), next(s for s in sources if ".SAVED" in s)]
    exec(sources[0].replace('"data/shop"', repr(str(toml))), names)
    for source in cells_run:
        names.setdefault("names", None)
        exec(source, names)
    told = [fragment for fragment in shown if "behaviour_model.json: this is no stored model" in fragment]
    assert len(told) == 2
    assert told[0] == shown[0]


def test_the_run_says_it_takes_nothing_over_and_the_next_one_is_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = write_small(tmp_path / "study")
    (tmp_path / "notebooks").mkdir()
    sources = [("markdown", "# What recurs?"), ("code", 'study_path: str = "."  # the study'),
               ("code", f"from journeylab import results\nresults.save('behaviour_model', {MODEL!r})")]  # fmt: skip
    cells = [{"id": f"c{n}", "cell_type": kind, "metadata": {"tags": ["parameters"] if n == 1 else []}, "source": source}
             | ({"outputs": [], "execution_count": None} if kind == "code" else {})
             for n, (kind, source) in enumerate(sources)]  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    note = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
    (tmp_path / "notebooks/05_behaviours.ipynb").write_text(json.dumps(note))
    given = {"notebooks_dir": tmp_path / "notebooks", "reports_dir": tmp_path / "reports"}
    first = running.run_study(open_study(toml), **given)
    assert first.notes == ()
    file = first.folder / "results/behaviour_model.json"
    file.write_text(json.dumps(MODEL | {"until": 5}))
    second = running.run_study(open_study(toml), **given)
    assert second.ok
    (said,) = second.notes
    assert said.startswith(f"{first.folder.name}/results/behaviour_model.json: ")
    assert not json.loads((second.folder / "run.json").read_text())["notebooks"][0]["kept"]
    assert check_page(second.folder / "index.html") == []
    moved = compare(read_run(first.folder), read_run(second.folder))
    assert any(
        f"Behaviours are not compared: behaviour_model.json of {first.folder.name}" in line for line in moved.lines()
    )
    monkeypatch.setattr(running, "run_study", lambda *_, **__: second)
    monkeypatch.setattr("journeylab.report.apart.apart", lambda *_: None)
    monkeypatch.setattr("journeylab.report.apart.warm_up", lambda: None)
    assert cli.main(["run", str(toml), "--quiet", "--reports", str(tmp_path / "reports")]) == 0
    assert capsys.readouterr().err == f"{said}\n"
    monkeypatch.undo()
    third = running.run_study(open_study(toml), **given)
    assert third.notes == ()
    assert json.loads((third.folder / "run.json").read_text())["notebooks"][0]["kept"]
    # half a result is made again, as one that was taken away
    (third.folder / "results/behaviour_model.json").write_text("{")
    fourth = running.run_study(open_study(toml), **given)
    assert json.loads((fourth.folder / "results/behaviour_model.json").read_text()) == MODEL
