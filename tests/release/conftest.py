"""A house with one study, read once; every test writes runs of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.release.house import House, opened, write_house


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_house(tmp_path_factory.mktemp("study") / "small")


@pytest.fixture(scope="session")
def read_study(study_folder: Path) -> object:
    return opened(study_folder)


@pytest.fixture
def house(tmp_path: Path, read_study: object) -> House:
    return House(tmp_path, read_study)  # type: ignore[arg-type]
