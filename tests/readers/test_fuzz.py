"""A short run of the fuzz, and one small input of each class of fault that it found."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journeylab as jl
from journeylab import journeymap
from journeylab.check import check_study
from journeylab.errors import LONGEST_LINE, DataError, StudyError
from journeylab.readers import read_events, read_table
from journeylab.readers.files import MOST_COLUMNS
from journeylab.study_toml import read_config
from tests.fuzzing import containers, raw_bytes, structured
from tests.fuzzing.driver import run
from tests.fuzzing.seeds import Seed
from tests.fuzzing.target import answer, mutate, place
from tests.small import STUDY, write_small

INPUTS = 150
EVENTS = "customer_id,event_time,touchpoint\nc1,2026-03-01T10:00:00Z,home\n"


def test_inputs_changed_at_random_are_read_or_refused(tmp_path: Path) -> None:
    found = [told for told in run(range(INPUTS), tmp_path, seed=2026) if told["outcome"] == "finding"]
    assert not found, json.dumps(found, indent=1)[:4_000]


class TestTheFuzzItself:
    SEED = Seed("events tabular", "events", "e.csv", EVENTS.encode(), "tabular")

    def test_an_input_is_the_same_every_time_and_differs_from_its_seed(self) -> None:
        made = [mutate([self.SEED], 1, number)[1] for number in range(40)]
        assert made == [mutate([self.SEED], 1, number)[1] for number in range(40)]
        assert sum(data != self.SEED.data for data in made) > 35

    def test_an_error_that_is_not_ours_is_a_finding(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: Any, **__: Any) -> Any:
            raise KeyError("x")

        monkeypatch.setattr("journeylab.readers.read_events", broken)
        file = place(tmp_path / "in", self.SEED, self.SEED.data)
        assert answer(self.SEED, file, tmp_path / "in", random.Random(0)).what.startswith("KeyError")

    @pytest.mark.parametrize(
        ("message", "what"),
        [("x" * 10, "names no file"), ("{folder}/e.csv: Traceback (most recent call last)", "traceback")],
    )
    def test_a_message_of_no_use_is_a_finding(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str, what: str
    ) -> None:
        folder = tmp_path / "in"

        def refused(*_: Any, **__: Any) -> Any:
            raise DataError(message.format(folder=folder))

        monkeypatch.setattr("journeylab.readers.read_events", refused)
        file = place(folder, self.SEED, self.SEED.data)
        assert what in answer(self.SEED, file, folder, random.Random(0)).what

    def test_every_way_to_change_a_file_works(self) -> None:
        rng = random.Random(3)
        for way in raw_bytes.WAYS:
            assert isinstance(way(EVENTS.encode(), rng), bytes)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("a.xml", "<a/>")
        for _ in range(60):
            containers.change(stream.getvalue(), rng, structured.change)


class TestMessages:
    def test_what_a_file_holds_cannot_act_on_a_terminal(self, tmp_path: Path) -> None:
        (tmp_path / "e.csv").write_text("\x1b[2J\u202ea,b\n1,2\n", encoding="utf-8")
        with pytest.raises(DataError, match="customer_id") as error:
            read_events(tmp_path / "e.csv")
        assert "\\x1b[2J\\u202ea" in str(error.value)
        assert all(line.isprintable() for line in str(error.value).splitlines())

    def test_half_a_sign_can_be_printed(self, tmp_path: Path) -> None:
        message = str(DataError(f"{tmp_path}: found '\ud800'"))
        assert message.encode("utf-8").endswith(rb"found '\ud800'")

    def test_a_huge_cell_makes_no_huge_message(self, tmp_path: Path) -> None:
        (tmp_path / "e.csv").write_text("a" * 300_000 + ",b\n1,2\n", encoding="utf-8")
        with pytest.raises(DataError) as error:
            read_events(tmp_path / "e.csv")
        assert str(tmp_path) in str(error.value)
        assert all(len(line) <= LONGEST_LINE + 10 for line in str(error.value).splitlines())

    def test_a_thousand_mistakes_are_cut_and_counted(self, tmp_path: Path) -> None:
        (tmp_path / "study.toml").write_text(STUDY + "[[touchpoints]]\nmatsch = 1\n" * 1_000, encoding="utf-8")
        with pytest.raises(StudyError, match=r"and [\d,]+ more mistakes") as error:
            read_config(tmp_path / "study.toml")
        assert len(str(error.value).splitlines()) <= 101

    def test_a_line_of_blanks_costs_no_time(self, tmp_path: Path) -> None:
        text = f'[study]\nname = "x"\ntitle = "X"\nnaem = [\n[{" " * 200_000}1,\n2]]\n'
        (tmp_path / "study.toml").write_text(text, encoding="utf-8")
        with pytest.raises(StudyError, match="unknown key 'naem'"):
            read_config(tmp_path / "study.toml")

    def test_a_report_of_losses_can_be_printed(self, tmp_path: Path) -> None:
        lines = [
            json.dumps({"type": "track", "event": "a", "userId": "u", "timestamp": time})
            for time in ("\x1b[2J", "2026-03-01")
        ]
        (tmp_path / "s.jsonl").write_text("\n".join(lines), encoding="utf-8")
        _, report = read_events(tmp_path / "s.jsonl", format="segment")
        assert report.n_dropped == 1
        assert all(example.isprintable() for example in report.dropped[0].examples)


class TestStudyToml:
    @pytest.mark.parametrize(
        ("value", "words"),
        [("1" * 5_000, "thousands of digits"), ("[" * 5_000, "nests lists|not valid TOML"),
        ("{a = " * 900 + "1" + "}" * 900, "nests lists")],
    )  # fmt: skip
    def test_what_python_cannot_convert_is_refused(self, tmp_path: Path, value: str, words: str) -> None:
        (tmp_path / "study.toml").write_text(f'[study]\nname = "x"\ntitle = "X"\nkeep = {value}\n', encoding="utf-8")
        with pytest.raises(StudyError, match=words):
            read_config(tmp_path / "study.toml")

    @pytest.mark.parametrize(
        "text",
        [
            "__import__('os').system('true')", "page == 'a' or 1 == 1", "page == 'a'; DROP TABLE events", "page.str.len() > 1",
            "(page == 'a')", "page == @x", "page == `page`.__class__", "exec('1')", "page in ['a']",
            "lambda: 1", "f'{page}' == 'a'",
        ],
    )  # fmt: skip
    def test_a_condition_is_compared_and_nothing_else(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "e.csv").write_text(
            "customer_id,event_time,touchpoint,page\nc,2026-03-01T10:00:00Z,home,a\n", encoding="utf-8"
        )
        with pytest.raises(DataError, match=r"e\.csv"):
            read_events(tmp_path / "e.csv", where=text)


class TestBombs:
    def test_a_table_that_unpacks_to_far_more_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "e.csv.gz").write_bytes(gzip.compress(b"a,b\n" * 25_000_000, 1))
        with pytest.raises(DataError, match="200 times its size"):
            read_events(tmp_path / "e.csv.gz")

    def test_an_export_that_unpacks_to_far_more_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "e.csv.gz").write_bytes(gzip.compress(b"\n" * 100_000_000))
        with pytest.raises(DataError, match="times its size"):
            read_events(tmp_path / "e.csv.gz", format="segment")

    def test_a_million_columns_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "c.csv").write_text("," * 1_000_000 + "a\n1\n", encoding="utf-8")
        with pytest.raises(DataError, match=f"{MOST_COLUMNS:,}"):
            read_table(tmp_path / "c.csv", "customers")

    def test_objects_nested_without_end_are_given_up_and_counted(self, tmp_path: Path) -> None:
        sound = json.dumps({"type": "track", "event": "a", "userId": "u", "timestamp": "2026-03-01T10:00:00Z"})
        (tmp_path / "s.json").write_text(f"[{sound}," + '{"a":' * 200_000, encoding="utf-8")
        events, report = read_events(tmp_path / "s.json", format="segment")
        assert (len(events), report.n_read) == (1, 1 + report.n_dropped)
        assert report.n_dropped >= 1

    @pytest.mark.parametrize("column", ["XFD", "A"])
    def test_a_sheet_with_cells_far_away_is_refused(self, tmp_path: Path, column: str) -> None:
        far = "".join(f'<row r="{row}"><c r="{column}{row}"><v>1</v></c></row>' for row in range(10, 1_500))
        far = far if column == "XFD" else '<row r="99999999"><c r="A99999999"><v>1</v></c></row>'
        file = _sheet(tmp_path, "</sheetData>", f"{far}</sheetData>")
        with pytest.raises(DataError, match="more than 1,048,576 rows"):
            read_events(file)

    def test_merged_cells_over_a_whole_sheet_cost_nothing(self, tmp_path: Path) -> None:
        merged = '</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
        file = _sheet(tmp_path, "</sheetData>", merged)
        assert len(read_events(file)[0]) == 1
        with pytest.raises(DataError, match="sheet 'about' is missing"):
            journeymap.read(file)

    def test_a_workbook_that_declares_entities_is_refused(self, tmp_path: Path) -> None:
        file = _sheet(tmp_path, "<worksheet", '<!DOCTYPE x [<!ENTITY a "b">]><worksheet')
        with pytest.raises(DataError, match="defines entities"):
            read_events(file)

    def test_a_part_that_says_it_is_larger_than_its_file_is_refused(self, tmp_path: Path) -> None:
        data = bytearray(_sheet(tmp_path, "", "").read_bytes())
        entry = data.find(b"PK\x01\x02")
        data[entry + 20 : entry + 24] = b"\xff\xff\xff\x7f"
        (tmp_path / "x.xlsx").write_bytes(data)
        with pytest.raises(DataError, match="larger than the file"):
            read_events(tmp_path / "x.xlsx")

    def test_a_workbook_whose_part_is_no_xml_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"no sound \.xlsx"):
            read_events(_sheet(tmp_path, "<worksheet", "worksheet"))

    @pytest.mark.parametrize("format", ["tabular", "ga4"])
    def test_a_parquet_file_that_holds_one_text_thousands_of_times_is_refused(
        self, tmp_path: Path, format: str
    ) -> None:
        word = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000, pa.int32()), pa.array(["c" * 100_000]))
        pq.write_table(
            pa.table({"customer_id": word, "touchpoint": ["home"] * 2_000}), tmp_path / "e.parquet", compression="zstd"
        )
        with pytest.raises(DataError, match="far more than its"):
            read_events(tmp_path / "e.parquet", format=format)

    def test_a_parquet_file_with_millions_of_rows_of_nothing_is_refused(self, tmp_path: Path) -> None:
        table = pa.table({"customer_id": pa.nulls(25_000_000, pa.int32())})
        pq.write_table(table, tmp_path / "e.parquet")
        with pytest.raises(DataError, match="far more than its"):
            read_events(tmp_path / "e.parquet")


class TestValues:
    def test_a_number_of_more_than_64_bits_is_no_order(self, tmp_path: Path) -> None:
        record = {"event_type": "a", "user_id": "u", "event_time": "2026-03-01 10:00:00", "event_id": 10**30}
        (tmp_path / "a.jsonl").write_text(json.dumps(record), encoding="utf-8")
        assert len(read_events(tmp_path / "a.jsonl", format="amplitude")[0]) == 1

    def test_a_time_beyond_the_calendar_loses_its_row_only(self, tmp_path: Path) -> None:
        times = pa.array([1_772_323_200_000_000, 2**63 - 1], pa.timestamp("us", "UTC"))
        table = pa.table({"fullVisitorId": ["1", "2"], "visitStartTime": times, "visitId": ["1", "2"]})
        pq.write_table(table, tmp_path / "g.parquet")
        with pytest.raises(DataError, match=r"1 with a time that no calendar has \(row 2\)"):
            read_events(tmp_path / "g.parquet", format="ga360")

    def test_a_start_that_is_no_place_in_a_text_is_told(self, tmp_path: Path) -> None:
        from journeylab.readers import read_codings

        rows = "document_id,start,end,text,code,coder\nD1,1e30,1e30,page,Slow,anna\nD1,1,3,ag,Slow,anna\n"
        (tmp_path / "c.csv").write_text(rows, encoding="utf-8")
        report = read_codings(tmp_path / "c.csv", "tabular").report
        assert report.n_kept + report.n_dropped == report.n_read == 2


class TestNamesOfColumns:
    @pytest.mark.parametrize(
        "name", ["device.category", 'x"y', "*", "count(*)", "(SELECT content FROM read_text('/etc/passwd'))", "from", "null", "7",
                 "a--", "left_out", "x; DROP TABLE y", "customer.id"],
    )  # fmt: skip
    def test_a_column_is_never_read_as_sql(self, tmp_path: Path, name: str) -> None:
        folder = write_small(tmp_path / "s")
        file = folder / "raw" / "events.csv"
        rows = list(csv.reader(file.open(encoding="utf-8")))
        with file.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([[*rows[0], name], *([*row, f"v{n}"] for n, row in enumerate(rows[1:]))])
        events = jl.open_study(folder).events
        assert events is not None
        extra = [column for column in events if events[column].astype(str).str.fullmatch(r"v\d+").all()]
        assert len(extra) == 1
        assert sorted(events[extra[0]]) == sorted(f"v{n}" for n in range(len(rows) - 1))

    def test_a_rule_finds_a_column_whose_name_is_no_plain_one(self, tmp_path: Path) -> None:
        folder = write_small(tmp_path / "s")
        file = folder / "raw" / "events.csv"
        lines = file.read_text(encoding="utf-8").splitlines()
        file.write_text(
            "\n".join([lines[0] + ",Device.Kind", *(f"{line},v{n}" for n, line in enumerate(lines[1:]))]),
            encoding="utf-8",
        )
        with (folder / "study.toml").open("a", encoding="utf-8") as stream:
            stream.write('\n[[leave_out]]\nreason = "test"\ncolumn = "Device.Kind"\nmatch = "v3"\n')
        assert not check_study(folder).problems
        events = jl.open_study(folder).events
        assert events is not None
        assert len(events) == len(lines) - 2


def test_a_view_and_a_trigger_of_a_database_are_not_run(tmp_path: Path) -> None:
    file = tmp_path / "t.sqlite3"
    with sqlite3.connect(file) as connection:
        for table in ("documents", "highlights", "highlight_tags"):
            connection.execute(f"CREATE TABLE {table} (id INTEGER)")
        endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS id FROM n"
        connection.execute(f"CREATE VIEW tags AS {endless}")
    connection.close()
    with pytest.raises(DataError, match=r"t\.sqlite3"):
        jl.readers.read_codings(file)


def test_a_workbook_in_an_encoding_of_no_text_is_refused(tmp_path: Path) -> None:
    book = _sheet(tmp_path, "<worksheet", '<?xml version="1.0" encoding="zlib_codec"?><worksheet')
    for read in (lambda: read_events(book), lambda: journeymap.read(book)):
        with pytest.raises(DataError, match=r"b\.xlsx"):
            read()


def test_halves_of_signs_in_a_grid_stay_as_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "map.csv"
    file.write_text("lane,kind,awa\\ud800reness\nNotes,notes,hello\n", encoding="utf-8")
    assert journeymap.read(file).stages == ("awa\\ud800reness",)


def test_ids_in_what_check_tells_are_short_and_printable(tmp_path: Path) -> None:
    write_small(tmp_path)
    file = tmp_path / "raw" / "crosswalk.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    long, bell = "a" * 40_000, "b\x07"
    file.write_text(
        "\n".join([*lines, f"{long},c50,recruited,yes,yes,", f"{bell},c51,recruited,yes,yes,"]) + "\n", encoding="utf-8"
    )
    told = check_study(tmp_path)
    said = [*told.problems, *told.notes]
    assert any("nobody who was interviewed" in line for line in said)
    assert all(len(line) <= LONGEST_LINE + 10 and "\x07" not in line for line in said)


def _sheet(folder: Path, old: str, new: str) -> Path:
    """A workbook of one event, with one text of its sheet replaced."""
    book = openpyxl.Workbook()
    for line in EVENTS.splitlines():
        book.active.append(line.split(","))
    book.save(folder / "plain.xlsx")
    with (
        zipfile.ZipFile(folder / "plain.xlsx") as source,
        zipfile.ZipFile(folder / "b.xlsx", "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for item in source.infolist():
            content = source.read(item).decode("utf-8")
            archive.writestr(
                item.filename, content.replace(old, new, 1) if item.filename.endswith("sheet1.xml") else content
            )
    return folder / "b.xlsx"
