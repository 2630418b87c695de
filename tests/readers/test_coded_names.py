"""Documents, codes and participants are called the same in every format of coded texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeylab.errors import StudyError
from journeylab.readers import read_codings
from journeylab.readers.codings.names import document_ids, plain_name, read_rule


def test_documents_lose_the_extension_of_a_text_only() -> None:
    names = ["P1.TXT", "P2.v1.docx", "P3.odt", "3.5", " P4 \n a.md ", ".txt", None]
    assert document_ids(names, range(7)) == ["P1", "P2.v1", "P3", "3.5", "P4 a", "document (5)", "document (6)"]


def test_documents_of_one_name_get_their_number() -> None:
    assert document_ids(["A", "A.txt", "B"], [7, 8, 9]) == ["A (7)", "A (8)", "B"]
    awkward = document_ids(["A", "A.txt", "A (1)", "A (1) (1)"], [1, 2, 3, 4])
    assert len(set(awkward)) == 4


def test_a_step_of_a_path_holds_no_slash() -> None:
    assert plain_name(" on / off\n") == "on ∕ off"


def test_people_are_found_in_the_names_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "codings.csv"
    path.write_text("document_id,code,coder\nP1_a,Late,ana\nP1_b,Late,ana\nx,Late,ana\n", encoding="utf-8")
    study = read_codings(path, participant=r"^(P\d+)")
    assert study.documents["participant_id"].fillna("").tolist() == ["P1", "P1", ""]
    assert study.participants["participant_id"].tolist() == ["P1"]
    assert study.reports[0] is study.report
    assert study.report.notes[-2:] == (
        "option participant: 1 participants were found in the names of 2 documents",
        "1 documents have no participant: option participant does not fit their name ('x')",
    )


def test_the_first_group_is_the_participant() -> None:
    rule = read_rule(r"(?:Interview|Call) (\w+)( again)?")
    assert [rule.find(name) for name in ("Interview Ann again", "my Call Bo", "Ann")] == ["Ann", "Bo", None]
    assert read_rule(r"(x)?y").find("y") is None
    with pytest.raises(StudyError, match="has no group"):
        read_rule("P.*")
