"""REFI-QDA: every dialect of the same study, codebooks, real files, what cannot be read, and files that are hostile or broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeylab.readers import read_codings
from tests.readers.coded import FOLDER, assert_as_expected

PROJECTS = {
    "spec_codepoint_lf": "codepoint",
    "nvivo_windows_utf16_crlf_bom": "utf16-crlf2",
    "atlas_windows_crlf_counted_as_one": "codepoint",
    "qualcoder_bom_name_is_text": "codepoint",
    "maxqda_uppercase_anonymous_cases": "codepoint",
    "no_users_source_variables_odd_qde": "codepoint",
}
NO_USERS = "no_users_source_variables_odd_qde"


@pytest.mark.parametrize("name", PROJECTS)
def test_every_dialect_of_a_project_gives_the_same_tables(shared: Path, name: str) -> None:
    study = read_codings(shared / FOLDER / f"{name}.qdpx")
    assert_as_expected(study, shared, coders=name != NO_USERS)
