"""pyproject.toml, environment.yml and requirements.lock say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml


def declared(repository: Path) -> dict[str, str]:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    return dict(re.fullmatch(r"([A-Za-z0-9_.-]+)(.*)", line).groups() for line in lines)


def test_conda_users_get_the_packages_that_pip_users_get(repository: Path) -> None:
    listed = yaml.safe_load((repository / "environment.yml").read_text())["dependencies"]
    flat = [item for line in listed for item in (line["pip"] if isinstance(line, dict) else [line])]
    conda = dict(re.fullmatch(r"([A-Za-z0-9_.-]+)(.*)", item).groups() for item in flat)
    python = conda.pop("python")
    conda.pop("pip")
    assert conda == declared(repository)
    assert python == tomllib.loads((repository / "pyproject.toml").read_text())["project"]["requires-python"]


def test_every_declared_package_is_pinned_with_a_hash(repository: Path) -> None:
    lock = (repository / "requirements.lock").read_text()
    pinned = dict(re.findall(r"^([a-z0-9_.-]+)==(\S+)", lock, flags=re.MULTILINE))
    assert {name.lower() for name in declared(repository)} <= set(pinned)
    blocks = re.split(r"^(?=[a-z0-9_.-]+(?:\[[^\]]*\])?==)", lock, flags=re.MULTILINE)[1:]
    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)
    assert "index-url" not in lock
    assert "://" not in lock
