"""What docs/coding-projects.md says holds: formats, options and the example."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path

import pytest

from journeylab.config import InterviewSource
from journeylab.readers import FORMATS
from journeylab.study_toml import read_config

PROJECTS = ("taguette", "qualcoder", "requal", "rqda")


@pytest.fixture(scope="module")
def text(repository: Path) -> str:
    return (repository / "docs" / "coding-projects.md").read_text(encoding="utf-8")


def test_every_format_has_a_row_and_every_option_is_explained(text: str) -> None:
    rows = set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE))
    assert set(PROJECTS) <= rows
    for name in PROJECTS:
        found = FORMATS["codings"][name]
        options = dataclasses.fields(getattr(importlib.import_module(found.module), found.options))
        for option in {option.name for option in options} | {"participant"}:
            assert option == "source" or f"| `{option}` |" in text, (name, option)
            assert option == "source" or option in InterviewSource.model_fields


def test_the_example_is_a_study(text: str, tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "study.toml").write_text('[study]\nname = "x"\ntitle = "X"\n' + example, encoding="utf-8")
    source = read_config(tmp_path / "study.toml").interviews
    assert source is not None
    assert (source.format, source.participant, source.coder) == ("taguette", r"^(P\d+)_", "ana")
