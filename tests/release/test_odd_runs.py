"""Runs that nobody's notebooks made: what they add to the pages, to run.json or to the ledger is refused, with its place."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from journeylab.errors import ReportError
from journeylab.release.key import read_key
from journeylab.report.tables import read_tables
from tests.release.house import House, shown

PAGE = shown("Pages", page=["home", "chat"], n=[60, 30])


def edit(run: Path, **changes: object) -> None:
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    (run / "run.json").write_text(json.dumps(record | changes), encoding="utf-8")


@pytest.mark.parametrize(
    "changes",
    [
        {"created": "c14 ann@example.org"},
        {"notebooks": []},
        {"notebooks": [{"name": "../03_voices", "status": "done"}]},
    ],
)
def test_a_record_that_no_run_writes_is_refused(house: House, changes: dict[str, object]) -> None:
    run = house.run(PAGE)
    edit(run, **changes)
    with pytest.raises(ReportError, match="is not a run's record"):
        house.release(run)
    assert not house.zip.exists()


@pytest.mark.parametrize("name", ["ann@example.org.html", "..\\..\\evil.html", "a\nb.html", "INDEX.html"])
def test_a_page_of_no_notebook_is_refused(house: House, name: str) -> None:
    run = house.run(PAGE)
    (run / name).write_text("<p>hello</p>", encoding="utf-8")
    with pytest.raises(ReportError, match="is a page of no notebook"):
        house.release(run)
    assert not house.zip.exists()


def test_a_page_named_after_a_customer_is_refused(house: House) -> None:
    run = house.run(PAGE)
    edit(run, notebooks=[{"name": "03_voices", "status": "done"}, {"name": "c14", "status": "done"}],
         parameters={"03_voices": {"share": "public"}, "c14": {"share": "public"}})  # fmt: skip
    (run / "c14.html").write_text((run / "03_voices.html").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ReportError, match="the name of the page holds the id 'c14'"):
        house.release(run)


def test_a_pipe_in_the_run_is_refused_and_not_waited_for(house: House) -> None:
    run = house.run(PAGE)
    os.mkfifo(run / "results" / "x.json")
    with pytest.raises(ReportError, match="is no file that can be read"):
        house.release(run)


def test_what_cannot_be_written_is_not_listed(house: House) -> None:
    house.release(house.run(PAGE))
    ledger = house.reports / house.study.name / "releases.json"
    before = ledger.read_bytes()
    house.zip.unlink()
    house.zip.mkdir()  # where the zip should go
    with pytest.raises(ReportError, match=r"out\.zip: cannot be written"):
        house.release(house.run(shown("Pages", page=["home", "chat"], n=[61, 32])))
    assert ledger.read_bytes() == before
    assert sorted(file.name for file in house.folder.iterdir() if "partial" in file.name) == []


@pytest.mark.parametrize("table", [{"rows": [1]}, {"rows": {"a": {"1": "x"}}}, {"sums": ["x"]}])
def test_a_ledger_that_no_release_writes_is_refused(house: House, table: dict[str, object]) -> None:
    house.release(house.run(PAGE))
    ledger = house.reports / house.study.name / "releases.json"
    told = json.loads(ledger.read_text(encoding="utf-8"))
    told["releases"][0]["tables"] = {key: kept | table for key, kept in told["releases"][0]["tables"].items()}
    assert told["releases"][0]["tables"]
    ledger.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(ReportError, match="list of earlier releases cannot be read"):
        house.release(house.run(PAGE))


def test_cells_over_any_number_of_columns_are_read_at_once() -> None:
    rows = '<tr><th colspan="999999999">a</th></tr><tr><td colspan="9999999999">1</td></tr>'
    (table,) = read_tables(f'<table><caption title="data/a.csv">c</caption>{rows}</table>').values()
    assert max(map(len, table)) <= 200


def test_a_name_that_is_too_long_and_a_key_that_is_no_file_are_told(house: House, tmp_path: Path) -> None:
    run = house.run(PAGE)
    from journeylab.release import release

    with pytest.raises(ReportError, match="too long"):
        release(str(run), tmp_path / f"{'a' * 260}.zip", study=house.study, reports=house.reports, environment={})
    with pytest.raises(ReportError, match="is no file"):
        read_key(tmp_path, outside=(), create=False)
