"""The synthetic study, whichever program's file it is read from, is the same study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from journeylab.readers import CodedStudy, read_codings
from tests.readers.coded import FOLDER, assert_as_expected

PROJECTS = (
    "spec_codepoint_lf.qdpx",
    "qualcoder_bom_name_is_text.qdpx",
    "qualcoder_demo.qda",
    "qualcoder_demo.qda/data.qda",
)
TAGUETTE: dict[str, Any] = {"separator": ".", "coder": "ana", "participant": "document"}


def core(study: CodedStudy) -> dict[str, pd.DataFrame]:
    """What every file of the study holds, in an order of its own."""
    segments = study.segments[["segment_id", "document_id", "start", "end", "text"]]
    return {
        "codes": study.codes[["code_id", "path", "name", "parent_id", "codable"]].sort_values("code_id"),
        "segments": segments.sort_values("segment_id"),
        "codings": study.codings[["segment_id", "code_id", "coder"]].sort_values(["segment_id", "code_id", "coder"]),
        "documents": study.documents[["document_id", "participant_id", "name", "text"]].sort_values("document_id"),
    }


@pytest.mark.parametrize("name", PROJECTS)
def test_projects_are_as_expected_and_the_same(name: str, shared: Path) -> None:
    study = read_codings(shared / FOLDER / name)
    assert_as_expected(study, shared)
    first = core(read_codings(shared / FOLDER / PROJECTS[0]))
    for table, frame in core(study).items():
        pd.testing.assert_frame_equal(
            frame.reset_index(drop=True), first[table].reset_index(drop=True), check_dtype=False, obj=f"{name}: {table}"
        )


def test_taguette_holds_the_work_of_one_coder(shared: Path) -> None:
    study = read_codings(shared / FOLDER / "taguette_demo.sqlite3", **TAGUETTE)
    assert_as_expected(study, shared, only="ana", memos=False, uncoded=False, variables=False)
    whole = core(read_codings(shared / FOLDER / PROJECTS[0]))
    own = core(study)
    pd.testing.assert_frame_equal(
        own["documents"].reset_index(drop=True), whole["documents"].reset_index(drop=True), check_dtype=False
    )
    pd.testing.assert_frame_equal(
        own["codes"].reset_index(drop=True), whole["codes"].reset_index(drop=True), check_dtype=False
    )
    of_ana = whole["codings"][whole["codings"]["coder"] == "ana"].reset_index(drop=True)
    pd.testing.assert_frame_equal(own["codings"].reset_index(drop=True), of_ana, check_dtype=False)
