"""What a reader can be told stands in study.toml under the same name."""

from __future__ import annotations

import dataclasses
import importlib
import sqlite3
from pathlib import Path

import pytest

import journeylab as jl
from journeylab.config import EventSource
from journeylab.readers import FORMATS


@pytest.mark.parametrize("name", [name for name, found in FORMATS["events"].items() if found.export])
def test_every_option_is_a_key_of_a_source_of_events(name: str) -> None:
    options = importlib.import_module(FORMATS["events"][name].module).OPTIONS
    assert {field.name for field in dataclasses.fields(options)} <= set(EventSource.model_fields)


STUDY = """
[study]
name = "base"
title = "Events from a database"
[events]
format = "sql"
database = "SHOP_DATABASE"
query = "SELECT who, at, page FROM visits WHERE at < '2026-02-01'"
[events.columns]
customer_id = "who"
event_time = "at"
touchpoint = "page"
"""


def test_a_study_reads_from_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sqlalchemy", reason="needs the extra 'sql'")
    with sqlite3.connect(tmp_path / "shop.db") as base:
        base.execute("CREATE TABLE visits (who TEXT, at TEXT, page TEXT)")
        rows = [
            ("a", "2026-01-01T10:00:00", "home"),
            ("a", "2026-01-01T10:01:00", "cart"),
            (None, "2026-01-03", "home"),
        ]
        base.executemany("INSERT INTO visits VALUES (?, ?, ?)", [*rows, ("b", "2026-03-01", "home")])
    base.close()
    monkeypatch.setenv("SHOP_DATABASE", f"sqlite:///{tmp_path / 'shop.db'}")
    (tmp_path / "study.toml").write_text(STUDY)
    study = jl.open_study(tmp_path)
    report = study.reports["events"]
    assert (report.n_read, report.n_kept) == (3, 2)
    assert study.journeys().path(0) == ("home", "cart")
