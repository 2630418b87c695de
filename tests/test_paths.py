"""A name that no file can have is an answer, not a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeylab import paths, readers
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
