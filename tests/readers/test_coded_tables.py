"""The tables that qualitative tools export: one study is the same from every tool, and damage costs its own rows only."""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from journeylab.errors import DataError, StudyError
from journeylab.readers import CodedStudy, read_codings

FILES = {
    "maxqda_segments_de.csv": "maxqda",
    "maxqda_segments_en.xlsx": "maxqda",
    "atlasti_quotations.xlsx": "atlasti",
    "dedoose_excerpts.xlsx": "dedoose",
    "nvivo_matrix.xlsx": "nvivo",
    "taguette_highlights.csv": "taguette_tables",
}
WITH_CODERS = list(FILES)[:4]


@pytest.fixture(scope="module")
def study(shared: Path) -> Path:
    folder = shared / "data" / "qualitative" / "synthetic_CC0"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/qualitative/synthetic_CC0, which is not on this machine")
    return folder


@pytest.fixture(scope="module")
def expected(study: Path) -> dict:
    found = json.loads((study / "expected.json").read_text(encoding="utf-8"))
    parents = {code["name"]: code["parent"] for code in found["codes"]}
    found["paths"] = {name: name if parent is None else f"{parent}/{name}" for name, parent in parents.items()}
    return found


@pytest.fixture
def texts(expected: dict, tmp_path: Path) -> dict[str, str]:
    """The option documents: the texts of the study as a table."""
    frame = pd.DataFrame({"document_id": expected["documents"].keys(), "text": expected["documents"].values()})
    frame.to_csv(tmp_path / "documents.csv", index=False)
    return {"path": str(tmp_path / "documents.csv")}


def wanted(expected: dict, *, coder: str | None = None) -> set[tuple]:
    """What must be found: document, start, end, text, code, coder."""
    return {
        (one["document"], one["start"], one["end"], one["text"], expected["paths"][code], one["coder"])
        for one in expected["segments"]
        for code in one["codes"]
        if coder in (None, one["coder"])
    }


def found(study: CodedStudy, *columns: str) -> set[tuple]:
    """Codings with their passages, as tuples."""
    joined = study.codings.merge(study.segments, on="segment_id")
    assert len(joined) == len(study.codings)
    frame = joined[[*columns]]
    assert not frame.duplicated().any()
    return set(frame.itertuples(index=False, name=None))


def as_csv(path: Path) -> list[list[str]]:
    """The rows of a table, whatever it is."""
    if path.suffix == ".csv":
        text = path.read_text(encoding="utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in text.partition("\n")[0] else ","))
    page = openpyxl.load_workbook(path, read_only=True).worksheets[0]
    return [["" if cell is None else str(cell) for cell in row] for row in page.iter_rows(values_only=True)]


def write(path: Path, rows: list[list[str]], encoding: str = "utf-8", separator: str = ",") -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


@pytest.mark.parametrize(("name", "format"), FILES.items())
def test_headings_tell_the_format_and_the_report_names_it(name: str, format: str, study: Path) -> None:
    report = read_codings(study / name).report
    assert report.format == format
    assert report.notes[0] == f"read as '{format}', since no format was said"
    assert read_codings(study / name, format=format).report.notes == report.notes[1:]


class TestOneStudyFromEveryTool:
    @pytest.mark.parametrize("name", WITH_CODERS)
    def test_codings_are_those_that_are_expected(self, name: str, study: Path, expected: dict, texts: dict) -> None:
        coded = read_codings(study / name, documents=texts)
        assert found(coded, "document_id", "start", "end", "text", "code_id", "coder") == wanted(expected)
        assert len(coded.codings) == expected["counts"]["codings"]
        assert coded.codings["coder"].value_counts().to_dict() == expected["counts"]["codings_by_coder"]
        assert coded.report.n_kept == coded.report.n_read

    def test_taguette_has_its_one_coder(self, study: Path, expected: dict, texts: dict) -> None:
        coded = read_codings(study / "taguette_highlights.csv", documents=texts, hierarchy=".", coder="ana")
        columns = ("document_id", "start", "end", "text", "code_id", "coder")
        assert found(coded, *columns) == wanted(expected, coder="ana")

    def test_nvivo_has_the_counts(self, study: Path, expected: dict) -> None:
        coded = read_codings(study / "nvivo_matrix.xlsx")
        counts: dict[tuple[str, str], int] = {}
        for one in expected["segments"]:
            for code in one["codes"]:
                counts[one["document"], code] = counts.get((one["document"], code), 0) + 1
        assert {(row[0], row[1]): row[2] for row in found(coded, "document_id", "code_id", "weight")} == counts
        assert set(coded.codes["name"]) == {code["name"] for code in expected["codes"] if code["codable"]}

    @pytest.mark.parametrize("name", [*WITH_CODERS, "taguette_highlights.csv"])
    def test_codes_have_their_path_name_and_parent(self, name: str, study: Path, expected: dict) -> None:
        options = {"hierarchy": "."} if name.startswith("taguette") else {}
        codes = read_codings(study / name, **options).codes
        names = {code["name"]: code for code in expected["codes"]}
        assert dict(zip(codes["name"], codes["path"], strict=True)) == expected["paths"]
        assert (codes["code_id"] == codes["path"]).all()
        for row in codes.itertuples():
            parent = names[row.name]["parent"]
            assert (None if pd.isna(row.parent_id) else row.parent_id) == parent
            if name.startswith(("dedoose", "taguette")):  # the others do not hold codes that nobody used
                assert row.codable == names[row.name]["codable"]

    @pytest.mark.parametrize("name", [*WITH_CODERS, "taguette_highlights.csv"])
    def test_all_tables_are_the_same_where_the_texts_are_known(self, name: str, study: Path, texts: dict) -> None:
        options = {"hierarchy": ".", "coder": "ana"} if name.startswith("taguette") else {}
        one = read_codings(study / "maxqda_segments_de.csv", documents=texts)
        other = read_codings(study / name, documents=texts, **options)
        pd.testing.assert_frame_equal(one.documents, other.documents)
        if options:
            ids = one.codings.loc[one.codings["coder"] == "ana", "segment_id"]
            assert set(other.segments["segment_id"]) == set(ids)
            return
        columns = ["segment_id", "document_id", "start", "end", "text"]
        pd.testing.assert_frame_equal(one.segments[columns], other.segments[columns])
        pd.testing.assert_frame_equal(one.codings, other.codings)
        pd.testing.assert_frame_equal(
            one.codes.drop(columns="codable").sort_values("path", ignore_index=True),
            other.codes.drop(columns="codable").sort_values("path", ignore_index=True),
        )

    @pytest.mark.parametrize("name", WITH_CODERS)
    def test_tables_say_the_same_as_a_project_of_the_study(self, name: str, study: Path, texts: dict) -> None:
        project = read_codings(study / "spec_codepoint_lf.qdpx")
        coded = read_codings(study / name, documents=texts)
        columns = ("segment_id", "document_id", "start", "end", "text", "code_id", "coder")
        assert found(coded, *columns) == found(project, *columns)
        branches = ["path", "name", "parent_id"]
        one, other = (read.codes[branches].sort_values("path", ignore_index=True) for read in (coded, project))
        pd.testing.assert_frame_equal(one, other)

    @pytest.mark.parametrize("name", WITH_CODERS[:3])
    def test_memos_stay_with_their_passage(self, name: str, study: Path, expected: dict) -> None:
        segments = read_codings(study / name).segments.dropna(subset="memo")
        memos = {one["text"]: one["memo"] for one in expected["segments"] if one["memo"]}
        assert dict(zip(segments["text"], segments["memo"], strict=True)) == memos

    def test_ranges_of_dedoose_hold_without_the_texts_and_positions_of_nobody_else(self, study: Path) -> None:
        assert read_codings(study / "dedoose_excerpts.xlsx").segments["start"].tolist()[:3] == [45, 45, 95]
        assert "start" not in read_codings(study / "maxqda_segments_de.csv").segments

    def test_a_codebook_gives_nvivo_its_levels(self, study: Path, expected: dict, tmp_path: Path) -> None:
        pd.DataFrame({"path": expected["paths"].values()}).to_csv(tmp_path / "codes.csv", index=False)
        coded = read_codings(study / "nvivo_matrix.xlsx", codebook={"path": str(tmp_path / "codes.csv")})
        assert "Pain/Hidden cost" in set(coded.codings["code_id"])
        assert len(coded.codes) == 9

    def test_the_codebook_of_taguette_lies_beside_or_is_named(self, study: Path, tmp_path: Path) -> None:
        beside = read_codings(study / "taguette_highlights.csv")
        assert [report.table for report in beside.reports] == ["codings", "codes"]
        assert set(beside.codes["description"]) >= {"about Pain", "about Trust"}
        alone = tmp_path / "highlights.csv"
        alone.write_bytes((study / "taguette_highlights.csv").read_bytes())
        assert "description" not in read_codings(alone).codes
        named = read_codings(alone, codebook={"path": str(study / "taguette_codebook.csv")})
        pd.testing.assert_frame_equal(named.codes, beside.codes)
        assert any("hierarchy = '.'" in note for note in beside.report.notes)

    @pytest.mark.parametrize("name", list(FILES))
    def test_a_list_of_documents_that_lacks_one_loses_its_rows_and_says_so(
        self, name: str, study: Path, expected: dict, tmp_path: Path
    ) -> None:
        some = {key: text for key, text in expected["documents"].items() if key != "P03"}
        pd.DataFrame({"document_id": some.keys(), "text": some.values()}).to_csv(tmp_path / "some.csv", index=False)
        coded = read_codings(study / name, documents={"path": str(tmp_path / "some.csv")})
        assert set(coded.segments["document_id"]) == {"P01", "P02"}
        if name != "nvivo_matrix.xlsx":  # where a row is a code of all documents
            assert coded.report.dropped[0].reason == "of a document that is not in some.csv"


class TestDamage:
    @pytest.mark.parametrize("name", list(FILES))
    def test_shuffled_columns_change_nothing(self, name: str, study: Path, tmp_path: Path) -> None:
        rows = as_csv(study / name)
        order = list(range(len(rows[0])))
        random.Random(4).shuffle(order)
        if FILES[name] == "nvivo":
            order = [0, *(place for place in order if place)]  # the first column is that of the names
        shuffled = write(tmp_path / "x.csv", [[row[place] for place in order] for row in rows], separator=";")
        one, other = (read_codings(path) for path in (write(tmp_path / "y.csv", rows), shuffled))
        assert other.report.format == FILES[name]
        columns = ["document_id", "code_id", "coder"]
        assert found(one, *columns, "segment_id") == found(other, *columns, "segment_id")

    @pytest.mark.parametrize("name", list(FILES))
    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
    def test_encodings(self, name: str, encoding: str, study: Path, tmp_path: Path) -> None:
        rows = [[cell.encode("cp1252", "ignore").decode("cp1252") for cell in row] for row in as_csv(study / name)]
        one, other = (read_codings(write(tmp_path / f"{n}.csv", rows, n)) for n in ("utf-8", encoding))
        assert other.report.format == FILES[name]
        pd.testing.assert_frame_equal(one.segments, other.segments)

    @pytest.mark.parametrize("name", list(FILES))
    def test_two_bad_rows_cost_only_themselves(self, name: str, study: Path, tmp_path: Path) -> None:
        rows = as_csv(study / name)
        whole = read_codings(write(tmp_path / "whole.csv", rows))
        rows.insert(3, ["rubbish"])
        rows.insert(6, ["", *["rubbish"] * (len(rows[0]) + 3)])
        damaged = read_codings(write(tmp_path / "damaged.csv", rows))
        assert damaged.report.n_read == whole.report.n_read + 2
        assert damaged.report.n_kept == whole.report.n_kept
        assert {loss.n for loss in damaged.report.dropped} == {1}
        pd.testing.assert_frame_equal(damaged.codings, whole.codings)

    @pytest.mark.parametrize("name", list(FILES))
    def test_a_table_that_is_cut_short_keeps_the_rows_before_the_cut(
        self, name: str, study: Path, tmp_path: Path
    ) -> None:
        whole = write(tmp_path / "whole.csv", as_csv(study / name))
        content = whole.read_bytes()
        cut = tmp_path / "cut.csv"
        cut.write_bytes(content[: content.rindex(b"\n", 0, len(content) * 4 // 5) + 9])
        if content[: cut.stat().st_size].count(b'"') % 2:  # within a cell, which is never closed
            with pytest.raises(DataError, match=r"row \d+: a quotation mark is opened there and never closed"):
                read_codings(cut)
            return
        report = read_codings(cut).report
        assert 0 < report.n_kept < read_codings(whole).report.n_kept
        assert report.n_kept >= report.n_read - 1

    @pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".xlsx")])
    @pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
    def test_a_workbook_that_is_cut_short_is_refused(
        self, name: str, share: float, study: Path, tmp_path: Path
    ) -> None:
        content = (study / name).read_bytes()
        (tmp_path / name).write_bytes(content[: int(len(content) * share)])
        with pytest.raises(DataError, match=r"no sound \.xlsx workbook"):
            read_codings(tmp_path / name)

    @pytest.mark.parametrize(("place", "value"), [(6, 1), (8, 99)], ids=["locked", "packed otherwise"])
    def test_a_workbook_that_cannot_be_unpacked_is_refused(
        self, place: int, value: int, study: Path, tmp_path: Path
    ) -> None:
        content = bytearray((study / "nvivo_matrix.xlsx").read_bytes())
        for mark, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
            for start in range(len(content)):
                if content.startswith(mark, start):
                    content[start + place + shift] = value
        (tmp_path / "x.xlsx").write_bytes(content)
        with pytest.raises(DataError, match=r"no sound \.xlsx workbook"):
            read_codings(tmp_path / "x.xlsx")

    def test_a_workbook_that_unpacks_without_end_is_refused(self, study: Path, tmp_path: Path) -> None:
        bomb = tmp_path / "bomb.xlsx"
        with (
            zipfile.ZipFile(study / "dedoose_excerpts.xlsx") as sound,
            zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made,
        ):
            for item in sound.infolist():
                made.writestr(item.filename, sound.read(item))
            with made.open("xl/media/filler.bin", "w") as filler:
                for _ in range(80):
                    filler.write(bytes(1024**2))
        with pytest.raises(DataError, match="times its size"):
            read_codings(bomb)

    @pytest.mark.parametrize("name", list(FILES))
    def test_columns_that_are_missing_are_named(self, name: str, study: Path, tmp_path: Path) -> None:
        rows = [row[:1] for row in as_csv(study / name)]
        with pytest.raises(DataError, match=r"has one column|row 1 is blank|is known by its heading|has no column"):
            read_codings(write(tmp_path / "x.csv", rows), format=FILES[name])

    @pytest.mark.parametrize("name", list(FILES))
    def test_a_table_of_another_kind_is_refused(self, name: str, tmp_path: Path) -> None:
        path = write(tmp_path / "x.csv", [["alpha", "beta"], ["one", "two"]])
        with pytest.raises(DataError):
            read_codings(path, format=FILES[name])


MAXQDA = ["Document group", "Document name", "Code", "Beginning", "End", "Weight score", "Segment", "Comment",
          "Created by", "Created"]  # fmt: skip


def maxqda(folder: Path, *rows: list[str], **options: object) -> CodedStudy:
    return read_codings(write(folder / "segments.csv", [MAXQDA, *rows]), **options)


class TestMaxqda:
    def test_documents_of_one_name_in_two_groups_are_two(self, tmp_path: Path) -> None:
        rows = [[group, "Call.docx", "A", "1", "1", "0", group, "", "x", ""] for group in ("North", "South", "South")]
        coded = maxqda(tmp_path, *rows)
        assert coded.documents["document_id"].tolist() == ["North/Call", "South/Call"]
        assert coded.documents["name"].tolist() == ["Call.docx", "Call.docx"]
        assert coded.report.dropped[0].n == 1

    def test_a_repeated_coding_is_dropped_and_counted(self, tmp_path: Path) -> None:
        row = ["", "P1", "A", "4", "4", "0", "yes", "", "ana", ""]
        coded = maxqda(tmp_path, row, row, [*row[:3], "9", "9", *row[5:]], [*row[:8], "ben", ""])
        assert coded.report.dropped[0].reason.startswith("that repeat a coding")
        assert coded.report.dropped[0].examples == ("row 3",)
        assert coded.codings.values.tolist() == [["P1#1", "A", "ana"], ["P1#2", "A", "ana"], ["P1#1", "A", "ben"]]

    @pytest.mark.parametrize("blank", ["", "\n"])
    def test_a_passage_that_stands_twice_is_placed_by_its_paragraph(self, blank: str, tmp_path: Path) -> None:
        lines = ["How was it?", "Well.", "And the page?", "Slow.", "Really?", "Well."]
        text = f"\n{blank}".join(lines)
        write(tmp_path / "documents.csv", [["document_id", "text"], ["P1", text]])
        rows = [["", "P1", "A", str(n), str(n), "0", line, "", "ana", ""] for n, line in enumerate(lines, start=1)]
        path = {"path": str(tmp_path / "documents.csv")}
        coded = maxqda(tmp_path, *rows, documents=path)
        assert coded.segments["start"].tolist() == [
            sum(len(one) + 1 + len(blank) for one in lines[:n]) for n in range(6)
        ]
        assert any("2 passages that stand several times" in note for note in coded.report.notes)
        wrong = [[*row[:3], str(int(row[3]) % 6 + 1), *row[4:]] for row in rows]  # paragraphs of something else
        coded = maxqda(tmp_path, *wrong, documents=path)
        assert coded.segments["start"].isna().tolist() == [False, True, False, False, False, True]
        assert any(note.startswith("2 passages do not stand exactly once") for note in coded.report.notes)

    def test_weights_memos_and_times(self, tmp_path: Path) -> None:
        coded = maxqda(
            tmp_path,
            ["", "P1", "A > B/C", "1", "1", "50", "x", "first", "ana", "31.01.2026 12:00:00"],
            ["", "P1", "A", "1", "1", "", "x", "second", "", ""],
            timezone="Europe/Berlin",
        )
        assert coded.codings["code_id"].tolist() == ["A/B\u2215C", "A"]
        assert coded.codings["weight"].tolist()[0] == 50
        assert coded.codings["coder"].tolist() == ["ana", "unknown coder"]
        assert str(coded.codings["created_at"][0]) == "2026-01-31 11:00:00+00:00"
        assert coded.segments["memo"].tolist() == ["first\nsecond"]

    def test_a_row_without_a_code_keeps_its_passage(self, tmp_path: Path) -> None:
        coded = maxqda(tmp_path, ["", "P1", "", "1", "1", "0", "x", "", "a", ""], ["", "P1", "A", "2", "2", "0", "y", "",
                                                                                 "a", ""])  # fmt: skip
        assert coded.segments["text"].tolist() == ["x", "y"]
        assert len(coded.codings) == 1
        assert any("no code" in note for note in coded.report.notes)

    def test_headings_of_another_language_are_known_by_their_place(self, study: Path, tmp_path: Path) -> None:
        rows = as_csv(study / "maxqda_segments_de.csv")
        strange = [[f"überschrift {n}" for n in range(15)], *rows[1:]]
        path = write(tmp_path / "x.csv", strange)
        coded = read_codings(path, format="maxqda")
        pd.testing.assert_frame_equal(coded.codings, read_codings(study / "maxqda_segments_de.csv").codings)
        assert any("known by their position" in note for note in coded.report.notes)
        with pytest.raises(DataError, match=r"columns\.document_id"):
            read_codings(write(tmp_path / "y.csv", [[*row[1:], row[0]] for row in strange]), format="maxqda")

    def test_the_older_table_in_polish(self, tmp_path: Path) -> None:
        head = ["Color", "Komentarz", "Grupa dokumentów", "Nazwa dokumentu", "Kod", "Początek", "Koniec", "Waga", "Fragment",
                "Objętość", "Obszar %", "Autor", "Data utworzenia"]  # fmt: skip
        row = ["●", "", "G", "P1", "A\\B", "1", "2", "0", "tekst", "5", "1,5", "ana", "2026-01-31 10:00:00"]
        coded = read_codings(write(tmp_path / "x.csv", [head, row], separator=";"), timezone="UTC")
        assert coded.codings[["code_id", "coder"]].values.tolist() == [["A/B", "ana"]]

    def test_names_that_were_cut_are_noted(self, tmp_path: Path) -> None:
        coded = maxqda(tmp_path, ["", "P1", "A > " + "b" * 63, "1", "1", "0", "x", "", "a", ""])
        assert any("63 signs" in note for note in coded.report.notes)

    def test_columns_may_be_named(self, tmp_path: Path) -> None:
        path = write(tmp_path / "x.csv", [["Doc", "Label", "Who"], ["P1", "A", "ana"]])
        coded = read_codings(path, format="maxqda", columns={"document_id": "Doc", "code": "Label", "coder": "Who"})
        assert coded.codings.values.tolist() == [["P1", "A", "ana"]]
        with pytest.raises(DataError, match="Did you mean 'coder'"):
            read_codings(path, format="maxqda", columns={"document_id": "Doc", "code": "Label", "coders": "Who"})


class TestAtlasti:
    HEAD = ("ID", "Document", "Quotation Content", "Comment", "Codes", "Reference", "Created by", "Created")

    def test_codes_stand_in_lines_of_one_cell(self, tmp_path: Path) -> None:
        rows = [
            ["1:1", "P1.docx", "x", "", "A\r\nB: C\nA", "1", "ana", ""],
            ["1:2", "P1.docx", "note", "only a comment", "", "2", "ana", ""],
        ]
        coded = read_codings(write(tmp_path / "x.csv", [list(self.HEAD), *rows]))
        assert coded.codings["code_id"].tolist() == ["A", "B/C"]
        assert coded.segments["text"].tolist() == ["x", "note"]
        assert coded.segments["memo"].tolist()[1] == "only a comment"
        assert any("1 codings repeat another" in note for note in coded.report.notes)
        flat = read_codings(tmp_path / "x.csv", hierarchy="")
        assert flat.codings["code_id"].tolist() == ["A", "B: C"]

    @pytest.mark.parametrize(("first", "closed"), [(0, 0), (1, 0), (0, 1), (1, 1)])
    @pytest.mark.parametrize("utf16", [False, True])
    def test_positions_of_the_web_are_proved_by_the_text(
        self, first: int, closed: int, utf16: bool, tmp_path: Path
    ) -> None:
        text = "😀 One. Two 😀 two. Three."
        write(tmp_path / "documents.csv", [["document_id", "text"], ["P1", text]])
        passages = ["One.", "Two 😀 two.", "Three."]
        rows = [["Document", "Text Content", "Codes", "Start position", "End position"]]
        for passage in passages:
            before = text[: text.index(passage)]
            low, high = (
                (len(part.encode("utf-16-le")) // 2 if utf16 else len(part)) for part in (before, before + passage)
            )
            rows.append(["P1", passage, "A", str(low + first), str(high + first - closed)])
        path = write(tmp_path / "quotations.csv", rows)
        coded = read_codings(path, documents={"path": str(tmp_path / "documents.csv")})
        spans = coded.segments[["start", "end"]].values.tolist()
        assert [text[start:end] for start, end in spans] == passages
        assert any("3 of 3 passages stand there" in note for note in coded.report.notes)
        alone = read_codings(path)
        assert "start" not in alone.segments
        assert any("option documents" in note for note in alone.report.notes)


class TestDedoose:
    @staticmethod
    def read(folder: Path, head: list[str], *rows: list[str], **options: object) -> CodedStudy:
        usual = ["Media Title", "Excerpt Range", "Excerpt Creator", "Excerpt Copy"]
        return read_codings(write(folder / "excerpts.csv", [[*usual, *head], *rows]), **options)

    def test_descriptors_become_variables_of_the_participant(self, tmp_path: Path) -> None:
        coded = self.read(
            tmp_path,
            ["Code: A Applied", "Age", "Plan"],
            ["P1.txt", "0-1", "ana", "x", "True", "34", "free"],
            ["P1.txt", "2-3", "ana", "y", "False", "34", "paid"],
            ["P2.txt", "0-1", "ana", "z", "True", "51", "paid"],
        )
        assert coded.participants is not None
        assert coded.participants["participant_id"].tolist() == ["P1", "P2"]
        assert coded.participants["Age"].tolist() == [34, 51]
        assert coded.participants["Plan"].isna().tolist() == [True, False]
        assert coded.documents["participant_id"].tolist() == ["P1", "P2"]
        assert any("'Plan' has several values for 1 participants, such as 'P1'" in note for note in coded.report.notes)
        assert coded.segments["text"].tolist() == ["x", "y", "z"]

    def test_descriptors_meet_the_people_of_the_documents(self, tmp_path: Path) -> None:
        head, rows = (
            ["Code: A Applied", "Age"],
            [["P1.txt", "0-1", "ana", "x", "1", "34"], ["P2.txt", "0-1", "b", "y", "1", "51"]],
        )
        write(tmp_path / "d.csv", [["document_id", "participant_id"], ["P1", "maria"], ["P2", "maria"], ["P3", "jo"]])
        coded = self.read(tmp_path, head, *rows, documents={"path": str(tmp_path / "d.csv")})
        assert coded.participants is not None
        assert coded.participants.fillna("").values.tolist() == [["maria", ""], ["jo", ""]]
        assert any(
            "'Age' has several values for 1 participants, such as 'maria'" in note for note in coded.report.notes
        )
        write(tmp_path / "d.csv", [["document_id", "text"], ["P1", "x"], ["P2", "y"]])
        write(tmp_path / "p.csv", [["participant_id", "city"], ["P1", "Bonn"], ["P2", "Ulm"]])
        parts = {name: {"path": str(tmp_path / f"{name[0]}.csv")} for name in ("documents", "participants")}
        coded = self.read(tmp_path, head, *rows, **parts)
        assert coded.participants is not None
        assert coded.participants.values.tolist() == [["P1", "Bonn", 34], ["P2", "Ulm", 51]]

    def test_a_column_may_say_who_the_participant_is(self, tmp_path: Path) -> None:
        head, rows = ["Code: A Applied", "Who", "Age"], [["P1", "0-1", "a", "x", "1", "maria", "34"],
                                                         ["P2", "0-1", "a", "y", "1", "maria", "34"]]  # fmt: skip
        coded = self.read(tmp_path, head, *rows, format="dedoose", columns={"participant_id": "Who"})
        assert coded.documents["participant_id"].tolist() == ["maria", "maria"]
        assert coded.participants is not None
        assert coded.participants.values.tolist() == [["maria", 34]]

    def test_weights_and_cells_that_are_no_flags(self, tmp_path: Path) -> None:
        head = ["Code: A Applied", "Code: A Range", "Code: A Weight", "Code: A\\B Applied"]
        rows = [
            ["P1", "0-1", "ana", "x", "true", "1-5", "4", "perhaps"],
            ["P1", "1-2", "ana", "y", "false", "", "", "true"],
        ]
        coded = self.read(tmp_path, head, *rows)
        assert coded.codings["code_id"].tolist() == ["A", "A/B"]
        assert coded.codings["weight"].tolist()[0] == 4
        assert any("neither true nor false" in note for note in coded.report.notes)

    def test_names_joined_by_commas_are_the_last_resort(self, tmp_path: Path) -> None:
        coded = self.read(
            tmp_path, ["Codes Applied Combined"], ["P1", "0-1", "ana", "x", "A, B"], ["P1", "", "ana", "y", ""]
        )
        assert coded.codings["code_id"].tolist() == ["A", "B"]
        assert any("fall apart" in note for note in coded.report.notes)

    def test_a_range_that_is_not_as_long_as_its_excerpt_is_left_out(self, tmp_path: Path) -> None:
        rows = [["P1", "0-3", "a", "one", "1"], ["P1", "4-7", "a", "two", "1"], ["P1", "8-9", "a", "three", "1"],
                ["P1", "Page 3: 12-80", "a", "four", "1"]]  # fmt: skip
        coded = self.read(tmp_path, ["Code: A Applied"], *rows)
        assert coded.segments["start"].tolist()[:2] == [0, 4]
        assert coded.segments["start"].isna().tolist() == [False, False, True, True]
        assert any("do not stand at their range" in note for note in coded.report.notes)

    def test_ranges_in_utf16_need_the_text(self, tmp_path: Path) -> None:
        rows = [["P1", "0-3", "a", "😀!", "1"]]
        assert "start" not in self.read(tmp_path, ["Code: A Applied"], *rows).segments
        write(tmp_path / "documents.csv", [["document_id", "text"], ["P1", "😀! yes"]])
        path = {"path": str(tmp_path / "documents.csv")}
        coded = self.read(tmp_path, ["Code: A Applied"], *rows, documents=path)
        assert coded.segments[["start", "end"]].values.tolist() == [[0, 2]]


class TestNvivo:
    def test_a_folder_of_matrices_is_one_study(self, shared: Path) -> None:
        folder = shared / "data" / "qualitative" / "novelqualcodes_MIT" / "insect_study" / "matrices"
        if not folder.is_dir():
            pytest.skip("needs ../shared/data/qualitative/novelqualcodes_MIT, which is not on this machine")
        coded = read_codings(folder)
        assert coded.report.format == "nvivo"
        assert len(coded.documents) == 15
        assert len(coded.codes) == 18
        assert coded.documents["document_id"].is_monotonic_increasing  # the files are numbered by interview
        seen: set[str] = set()
        new = []
        for document in coded.documents["document_id"]:
            said = set(coded.codings.loc[coded.codings["segment_id"] == document, "code_id"])
            new.append(len(said - seen))
            seen |= said
        assert new == [5, 4, 3, 1, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0]
        assert next(note for note in coded.report.notes if "called differently" in note).startswith(
            "2 files are called"
        )
        assert coded.documents["source_file"].tolist()[4] == "Int05_ID33.xlsx"
        assert coded.documents["name"].tolist()[4] == "Int11_ID33"

    def test_names_that_stand_twice_are_added_up_and_noted(self, tmp_path: Path) -> None:
        rows = [["", "A : P1", "B : P2"], ["1 : Other", "1", "0"], ["2 : Other", "2", "0"], ["3 : Late", "0", "x"]]
        coded = read_codings(write(tmp_path / "x.csv", rows))
        assert found(coded, "document_id", "code_id", "weight") == {("P1", "Other", 3.0)}
        assert coded.documents["document_id"].tolist() == ["P1", "P2"]
        assert any("are called 'Other'" in note for note in coded.report.notes)
        assert any("no counts and were read as 0" in note for note in coded.report.notes)

    def test_codes_in_columns(self, tmp_path: Path) -> None:
        rows = [["", "A : Late", "B : Dear"], ["1 : P1", "1", "0"], ["2 : P2", "0", "2"]]
        coded = read_codings(write(tmp_path / "x.csv", rows), format="nvivo", shape="wide")
        assert found(coded, "document_id", "code_id") == {("P1", "Late"), ("P2", "Dear")}

    def test_rows_without_a_name_or_count_are_dropped(self, tmp_path: Path) -> None:
        rows = [["", "A : P1"], ["1 : Late", "1"], ["", "4"], ["3 : Dear", "many"]]
        report = read_codings(write(tmp_path / "x.csv", rows), format="nvivo").report
        assert [(loss.reason, loss.n) for loss in report.dropped] == [
            ("without the name of a code or case", 1),
            ("without a count", 1),
        ]

    def test_a_case_that_stands_twice_is_refused(self, tmp_path: Path) -> None:
        path = write(tmp_path / "x.csv", [["", "A : P1", "B : P1"], ["1 : Late", "1", "2"]])
        with pytest.raises(DataError, match="'P1' stands in several columns"):
            read_codings(path)
        for name in "ab":
            write(tmp_path / f"{name}.csv", [["", "A : P1", "B : P2"], ["1 : Late", "1", "2"]])
        path.unlink()
        with pytest.raises(DataError, match="stands in several files"):
            read_codings(tmp_path)

    def test_a_folder_without_a_matrix(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="holds no matrix"):
            read_codings(tmp_path, format="nvivo")


class TestTaguette:
    def test_highlights_of_the_same_text_are_several(self, tmp_path: Path) -> None:
        rows = [["id", "document", "tag", "content"], ["1", "P1", "A", "yes"], ["2", "P1", "A", "yes"],
                ["2", "P1", "A", "yes"], ["3", "P1", "", "no"]]  # fmt: skip
        coded = read_codings(write(tmp_path / "highlights.csv", rows))
        assert coded.codings["segment_id"].tolist() == ["P1#1", "P1#2"]
        assert [loss.n for loss in coded.report.dropped] == [1, 1]

    def test_a_codebook_that_counts_otherwise_is_noted(self, tmp_path: Path) -> None:
        write(
            tmp_path / "codebook.csv", [["tag", "description", "number of highlights"], ["A", "", "5"], ["A", "", "5"]]
        )
        rows = [["id", "document", "tag", "content"], ["1", "P1", "A", "x"], ["2", "P1", "B", "y"]]
        coded = read_codings(write(tmp_path / "highlights.csv", rows))
        notes = " ".join(coded.report.notes)
        assert "'A': 5 there, 1 here" in notes
        assert "not in the codebook: 'B'" in notes
        assert coded.reports[1].dropped[0].reason == "that repeat a tag"


def test_a_table_of_ones_own_stays_tabular(shared: Path) -> None:
    path = shared / "data" / "qualitative" / "rqi_relf_MIT" / "interview-data.xlsx"
    if not path.is_file():
        pytest.skip("needs ../shared/data/qualitative/rqi_relf_MIT, which is not on this machine")
    columns = {"document_id": "P", "segment_id": "ID", "code": "Quality Factor 1"}
    coded = read_codings(path, sheet="Data", columns=columns)
    assert coded.report.format == "tabular"
    assert coded.report.n_kept + coded.report.n_dropped == coded.report.n_read
    assert "orientation" in set(coded.codes["path"])


CELLS = (
    "",
    "x",
    "0",
    "-1",
    "nan",
    "9" * 30,
    '"',
    "a,b",
    "true",
    "> ",
    "\\",
    "5-2",
    "2026-13-45",
    "\u2028",
    "P01",
    "/",
    "a\r\nb",
)


@pytest.mark.parametrize("name", list(FILES))
def test_whatever_happens_to_a_table_it_adds_up_or_is_refused(name: str, study: Path, tmp_path: Path) -> None:
    rng = random.Random(name)
    whole = as_csv(study / name)
    for _ in range(12):
        rows = [list(row) for row in whole]
        for _ in range(rng.randint(1, 8)):
            row = rng.choice(rows)
            place = rng.randrange(len(row) + 1)
            row[place : place + rng.choice([0, 1, 1, 1])] = [rng.choice(CELLS)]
        path = write(tmp_path / "x.csv", rows)
        try:
            study_read = read_codings(path, format=FILES[name])
        except DataError as error:
            assert str(path) in str(error)  # noqa: PT017
            continue
        report = study_read.report
        assert report.n_kept + report.n_dropped == report.n_read
        assert set(study_read.codings["segment_id"]) <= set(study_read.segments["segment_id"])


def test_options_that_no_table_has_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", [["id", "document", "tag", "content"], ["1", "P1", "A", "x"]])
    with pytest.raises(StudyError, match="fixed columns"):
        read_codings(path, keep=["id"])
    with pytest.raises(StudyError, match="Did you mean 'hierarchy'"):
        read_codings(path, hierachy=".")
