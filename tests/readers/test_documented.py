"""What docs/readers.md says holds: formats, options and examples."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path

import pytest

from journeylab.config import EventSource
from journeylab.readers import FORMATS, read_events
from journeylab.study_toml import read_config

EVENTS = FORMATS["events"]


def _options(name: str) -> set[str]:
    found = EVENTS[name]
    return {field.name for field in dataclasses.fields(getattr(importlib.import_module(found.module), found.options))}


@pytest.fixture(scope="module")
def text(repository: Path) -> str:
    return (repository / "docs" / "readers.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_study_may_say_every_option_of_a_format(name: str) -> None:
    assert _options(name) <= set(EventSource.model_fields)


def test_every_format_has_a_row_and_every_option_of_an_export_is_explained(text: str) -> None:
    rows = set(re.findall(r"^\| `(\w+)`", text.partition("## Options")[0], re.MULTILINE))
    assert rows - {"format"} == set(EVENTS)
    explained = text.partition("## Options")[2].partition("## What is not read")[0]
    for name in set(EVENTS) - {"tabular", "sql"}:
        for option in _options(name):
            assert f"`{option}`" in explained, (name, option)


def test_the_examples_of_studies_are_right(text: str, tmp_path: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert len(examples) == 2
    (tmp_path / "study.toml").write_text('[study]\nname = "x"\ntitle = "X"\n' + "\n".join(examples), encoding="utf-8")
    sources = read_config(tmp_path / "study.toml").events
    assert [source.source for source in sources] == ["shop", "orders", "returns"]
    (tmp_path / "orders.csv").write_text(
        "buyer,total,ordered_at,promised_at,delivered_at\n"
        "a,10,2024-05-01T10:00:00Z,2024-05-03T10:00:00Z,2024-05-04T10:00:00Z\n"
        "b,20,2024-05-01T11:00:00Z,2024-05-03T10:00:00Z,2024-05-02T10:00:00Z\n"
    )
    said = {name: getattr(sources[1], name) for name in sources[1].model_fields_set - {"path"}}
    said["touchpoints"] = [item.model_dump(exclude_none=True) for item in said["touchpoints"]]
    events, _ = read_events(tmp_path / "orders.csv", **said)
    assert events[["customer_id", "touchpoint"]].values.tolist() == [
        ["a", "order placed"],
        ["a", "parcel late"],
        ["b", "order placed"],
    ]
    assert events["value"].sum() == 30


def test_the_example_of_losses_is_what_a_report_says(text: str, tmp_path: Path) -> None:
    line = '1.2.3.4 - - [01/May/2024:10:00:00 +0000] "GET {} HTTP/1.1" 200 5 "-" "Mozilla/5.0 (X11)"'
    lines = [line.format(page) for page in ("/shop", "/a.css", "/b.png", "", "/cart", "/größe")]
    lines[3] = "rubbish"
    (tmp_path / "access.log").write_bytes("\n".join(lines).encode("latin-1"))
    _, report = read_events(tmp_path / "access.log", format="weblog")
    plain = " ".join(text.replace("#", " ").split())
    assert report.summary() in plain
    assert report.notes[0] in plain


def test_the_document_stays_short(text: str) -> None:
    assert text.count("\n") < 200
