"""The interview guide stands beside coded texts of any format."""

from pathlib import Path

import pytest

from journeylab.errors import DataError, StudyError
from journeylab.readers import read_codings
from tests.readers.refi_files import one_text, selection


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "guide.csv").write_text("document_id,stage\nP01,purchase\nP01,evaluation\n", encoding="utf-8")
    (tmp_path / "table.csv").write_text("document_id,code,coder\nP01,late,ana\n", encoding="utf-8")
    return one_text(tmp_path, "It came late.", selection(0, 2), selection(3, 7), selection(8, 12))


@pytest.mark.parametrize("name", ["one.qdpx", "table.csv"])
def test_who_was_asked_is_read_beside_a_project_and_a_table(project: Path, name: str) -> None:
    study = read_codings(project.with_name(name), asked={"path": "guide.csv"})
    assert study.asked is not None
    assert study.asked["stage"].tolist() == ["purchase", "evaluation"]
    assert [(report.table, report.n_kept) for report in study.reports][-1] == ("asked", 2)


def test_a_guide_of_other_documents_is_refused(project: Path) -> None:
    project.with_name("guide.csv").write_text("document_id,stage\nP1,purchase\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"'?P1'? leads nowhere"):
        read_codings(project, asked={"path": "guide.csv"})


def test_a_guide_that_is_no_table_is_refused(project: Path) -> None:
    with pytest.raises(StudyError, match=r"option asked: found 'guide\.csv', expected a table with a path"):
        read_codings(project, asked="guide.csv")  # type: ignore[arg-type]
