"""Ids that are nobody's: placeholders are no customer, and an id that many share is told, once."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from journeylab import identity
from journeylab.check import check_study
from journeylab.opening import open_study
from journeylab.readers import read_events, read_table

NOBODY = ["(not set)", "NULL", "none", "undefined", "-", "nan", "00000000-0000-0000-0000-000000000000"]


def table(file: Path, ids: list[str], seconds: int = 1) -> Path:
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["customer_id", "event_time", "touchpoint"])
        writer.writerows(
            [name, f"{pd.Timestamp('2026-01-01T10:00:00Z') + pd.Timedelta(seconds=seconds * place)}", "home"]
            for place, name in enumerate(ids)
        )
    return file


def study(folder: Path, ids: list[str], more: str = "", suffix: str = ".csv", seconds: int = 1) -> Path:
    (folder / "raw").mkdir(parents=True)
    file = table(folder / "raw/events.csv", ids, seconds)
    if suffix == ".parquet":
        frame = pd.read_csv(file, dtype="str", keep_default_na=False)
        frame["event_time"] = pd.to_datetime(frame["event_time"]).dt.as_unit("us")
        frame.to_parquet(folder / "raw/events.parquet", index=False)
    head = f'[study]\nname = "s"\ntitle = "S"\n{more}\n'
    (folder / "study.toml").write_text(f'{head}[events]\npath = "raw/events{suffix}"\n')
    return folder


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_placeholders_are_no_customer_and_each_is_counted(tmp_path: Path, suffix: str) -> None:
    ids = [f"c{number}" for number in range(10)] + ["0", "Nonesuch"] + NOBODY + ["NULL", ""]
    opened = open_study(study(tmp_path / "s", ids, suffix=suffix))
    assert opened.events is not None
    assert set(opened.events["customer_id"]) == {*(f"c{number}" for number in range(10)), "0", "Nonesuch"}
    report = opened.reports["events"]
    assert (report.n_read, report.n_kept) == (21, 12)
    assert report.n_kept + report.n_dropped == report.n_read
    lost = {loss.reason: loss.n for loss in report.dropped}
    assert lost == {"without customer_id": 1} | {
        identity.reason("customer_id", word): 2 if word == "NULL" else 1 for word in NOBODY
    }
    assert opened.touchpoints["n"].sum() == 12


def test_an_export_takes_the_visitor_where_the_login_is_a_placeholder(tmp_path: Path) -> None:
    base = {"event_name": "buy", "event_timestamp": "1767225600000000"}
    records = [
        {**base, "user_id": "null", "user_pseudo_id": "v1"}, {**base, "user_id": "null", "user_pseudo_id": "v2"},
        {**base, "user_id": "anna", "user_pseudo_id": "v3"}, {**base, "user_pseudo_id": "(not set)"},
    ]  # fmt: skip
    (tmp_path / "e.json").write_text("\n".join(json.dumps(record) for record in records))
    events, report = read_events(tmp_path / "e.json", format="ga4")
    assert list(events["customer_id"]) == ["v1", "v2", "anna"]
    assert events["login_id"].isna().tolist() == [True, True, False]  # else both visitors would be stitched to 'null'
    assert (report.n_read, report.n_kept) == (4, 3)
    assert [(loss.reason, loss.n) for loss in report.dropped] == [(identity.reason("customer_id", "(not set)"), 1)]


def test_tables_of_customers_and_people_know_placeholders_too(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("customer_id,age\nc1,30\nNULL,40\nnull,41\n")
    customers, report = read_table(tmp_path / "c.csv", "customers")
    assert list(customers["customer_id"]) == ["c1"]
    assert report.n_dropped == 2
    (tmp_path / "p.csv").write_text(
        "participant_id,customer_id,consent_linkage,consent_quotes\nP1,c1,yes,yes\nP2,n/a,yes,no\nP3,N/A,yes,no\n"
    )
    people, report = read_table(tmp_path / "p.csv", "crosswalk")
    assert people["customer_id"].isna().tolist() == [False, True, True]
    assert report.n_kept == 3
    assert "2 cells of 'customer_id' stand for no id" in report.notes[0]


def test_an_id_that_many_share_is_told_with_what_to_write(tmp_path: Path) -> None:
    ids = [f"c{number}" for number in range(40)] * 2
    crowd = study(tmp_path / "crowd", [*ids, *["kiosk"] * 300, *["guest"] * 25, *["busy"] * 40], seconds=60)
    notes = [note for note in check_study(crowd).notes if note.startswith("customer '")]
    assert [note.split("'")[1] for note in notes] == [
        "kiosk",
        "guest",
    ]  # 40 events are 20 times the median, and no word
    assert 'match = "kiosk"' in notes[0]
    assert "100 times the median" in notes[0]
    rules = '\n[[leave_out]]\nreason = "an id of many"\ncolumn = "customer_id"\nmatch = ["kiosk", "guest"]\n'
    file = crowd / "study.toml"
    file.write_text(file.read_text() + rules)
    assert not [note for note in check_study(crowd).notes if note.startswith("customer '")]


def test_an_id_that_is_left_out_as_a_robot_is_not_told_again(tmp_path: Path) -> None:
    ids = [f"c{number}" for number in range(40)] + ["bot"] * 300
    notes = check_study(study(tmp_path / "s", ids, "leave_out_robots = true")).notes
    assert any("robots" in note for note in notes)
    assert not [note for note in notes if note.startswith("customer '")]
    told = [note for note in check_study(study(tmp_path / "t", ids)).notes if note.startswith("customer 'bot'")]
    assert "Set leave_out_robots = true under [study]" in told[0]  # and not a rule for this one id
    assert "[[leave_out]]" not in told[0]


def test_few_customers_are_no_ground_to_tell_anything() -> None:
    assert not identity.crowds(identity.activity(pd.Series({"a": 1000, "b": 1, "c": 1})))
