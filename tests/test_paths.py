"""A name that no file can have is an answer, not a crash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small import write_small

from journeylab import paths, readers
from journeylab.cli import main
from journeylab.errors import DataError, StudyError
from journeylab.study import Study


@pytest.mark.parametrize("name", ["a" * 300, "ä" * 200, "/".join(["b" * 200] * 30)])
def test_what_no_file_can_be_called_is_told(name: str, tmp_path: Path) -> None:
    assert "too long" in paths.too_long(tmp_path / name)
    assert not paths.is_file(tmp_path / name)
    assert not paths.is_dir(tmp_path / name)
    with pytest.raises(DataError, match="too long for the name of a file"):
        readers.read_events(tmp_path / name, "tabular")


def test_names_that_files_have_are_not_too_long(tmp_path: Path) -> None:
    (tmp_path / ("a" * 255)).touch()
    assert paths.too_long(tmp_path / ("a" * 255)) == ""
    assert paths.is_file(tmp_path / ("a" * 255))


def test_a_study_that_names_such_a_file_says_so(tmp_path: Path) -> None:
    toml = tmp_path / "study.toml"
    toml.write_text(f'[study]\nname = "x"\ntitle = "X"\n[[events]]\npath = "{"a" * 5_000}"\n', encoding="utf-8")
    with pytest.raises(StudyError, match=r"study\.toml: 'a+…' \(5,000 signs\) is too long") as told:
        Study(toml).events  # noqa: B018
    assert len(str(told.value)) < 500


@pytest.mark.parametrize("name", ["loop", "loop/x", "a" * 300])
def test_no_command_fails_at_a_path_that_cannot_be(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = str(write_small(tmp_path / "study"))
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    schedule = ["--cron", "@weekly"]
    for words in (
        ["new", name], ["new", "n", "--events", name], ["new", "n", "--quotes", name], ["check", name],
        ["check", study, "--data", name], ["run", name], ["run", study, "--reports", name], ["schedule", name, *schedule],
        ["schedule", study, *schedule, "--reports", name], ["schedule", study, *schedule, "--to", name],
        ["export", study, "--to", f"{name}/x.qdc"], ["compare", name, name, "--to", f"{name}.html"],
    ):  # fmt: skip
        assert main(words) == 1, words
        said = capsys.readouterr().err
        assert said.startswith(tuple("/abcdefghijklmnopqrstuvwxyz.'")), words
        assert "Traceback" not in said
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("file", ["study.toml", "raw/events.csv"])
def test_a_file_that_may_not_be_read_is_named(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", str(tmp_path / "s")]) == 0
    locked, really = tmp_path / "s" / file, Path.open

    def guarded(path: Path, *args: Any, **given: Any) -> Any:
        if path == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return really(path, *args, **given)

    monkeypatch.setattr(Path, "open", guarded)
    assert main(["check", str(tmp_path / "s")]) == 1
    assert f"{locked}: cannot be read: Permission denied." in capsys.readouterr().err
    if file != "study.toml":
        assert main(["new", str(tmp_path / "t"), "--events", str(locked)]) == 1
        assert f"{locked}: cannot be read: Permission denied." in capsys.readouterr().err
        assert not (tmp_path / "t").exists()
