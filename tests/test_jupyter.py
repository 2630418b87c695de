"""What JupyterLab shows: studies that are found, results that show themselves, mistakes as help, and saving in one call."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.lib.pretty import pretty

import journeylab as jl
from journeylab import figures, journeymap, journeys, progress
from journeylab.results import Result
from tests.small import write_small

REPOSITORY = Path(__file__).resolve().parent.parent
START = REPOSITORY / "notebooks/start_here.ipynb"
HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_small(tmp_path / "small")


def escaped(shown: str) -> bool:
    """Whether a hostile word stayed a word; the script of a whole page is ours, and has no attribute and comes last."""
    body = shown.rsplit("<script>", 1)[0] if shown.startswith("<!DOCTYPE html>") else shown
    return "<script" not in body and "&lt;script" in body


def cells(shown: str) -> list[str]:
    """What the cells of numbers say."""
    return re.findall(r'<td class="num"[^>]*>([^<]*)</td>', shown)


class TestFindingTheStudy:
    def test_from_within_its_folder(self, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(small / "raw")
        assert jl.open_study().path == small / "study.toml"

    def test_the_only_one_under_data_of_a_folder_above(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = write_small(tmp_path / "data/one")
        (tmp_path / "notebooks/deep").mkdir(parents=True)
        monkeypatch.chdir(tmp_path / "notebooks/deep")
        assert jl.open_study().path == folder / "study.toml"

    def test_the_only_one_in_a_folder_of_this_folder(
        self, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert jl.open_study().path == small / "study.toml"

    def test_several_are_listed_with_what_to_write(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("one", "two"):
            write_small(tmp_path / "data" / name)
        (tmp_path / "notebooks").mkdir()
        monkeypatch.chdir(tmp_path / "notebooks")
        with pytest.raises(jl.StudyError, match=r"2 studies here: 'data/one', 'data/two'.*open_study\(\"data/one\"\)"):
            jl.open_study()
        assert jl.open_study("data/one").folder == tmp_path / "data/one"  # what it says to write works from here

    def test_none_says_how_to_make_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(jl.StudyError, match="journeylab new mystudy"):
            jl.open_study()


class TestShowingThemselves:
    def test_a_study_says_what_was_read_and_what_is_missing(self, small: Path) -> None:
        toml = small / "study.toml"
        toml.write_text(toml.read_text(encoding="utf-8").replace("A small study", HOSTILE), encoding="utf-8")
        study = jl.open_study(small)
        assert "\n" not in repr(study)
        shown = study._repr_html_()
        assert escaped(shown)
        assert "consideration → purchase → evaluation" in shown
        events = study.reports["events"]
        assert [f"{events.n_read}", f"{events.n_kept}"] in [list(pair) for pair in pairwise(cells(shown))]
        assert "What did randomised tests show? The study has no assignments." in shown

    def test_a_study_that_cannot_be_read_says_why_and_does_not_fail(self, small: Path) -> None:
        (small / "raw/events.csv").unlink()
        assert "events.csv" in jl.open_study(small)._repr_html_()

    def test_journeys_say_how_many_and_when(self, small: Path) -> None:
        events = jl.open_study(small).events
        assert events is not None
        touchpoint = events["touchpoint"].replace("home", HOSTILE)
        j = journeys.build(events.assign(touchpoint=touchpoint))
        shown = j._repr_html_()
        assert escaped(shown)
        assert "60 journeys (one a customer) of 60 customers, 120 events at 4 touchpoints" in shown
        assert "from 2026-03-01 to 2026-03-28" in shown
        assert ("60", "50.0 %") in list(pairwise(cells(shown)))

    def test_no_journeys_show_too(self, small: Path) -> None:
        j = jl.open_study(small).journeys()
        assert "0 journeys" in journeys.select(j, np.zeros(j.n_journeys, dtype=bool))._repr_html_()

    def test_a_result_is_short_with_its_assumptions_folded(self) -> None:
        frame = pd.DataFrame({f"column {number}": [HOSTILE] * 40 for number in range(30)})
        shown = Result(frame, f"Method {HOSTILE}", (f"It holds {HOSTILE}",))._repr_html_()
        assert escaped(shown)
        assert shown.count("<tr>") == 11
        assert "and 30 more rows and 18 more columns in .table" in shown
        assert pretty(Result(frame, "Method", ())) == "Result: Method: 40 rows."
        assert f"<details><summary>Method and assumptions: Method {'&lt;script'}" in shown

    def test_a_table_with_numbers_for_headings_shows_what_its_rows_are(self, small: Path) -> None:
        shown = journeys.step_matrix(jl.open_study(small).journeys())._repr_html_()
        assert '<th scope="row">chat</th>' in shown

    def test_a_map_draws_itself(self, small: Path) -> None:
        drawn = journeymap.draw(jl.open_study(small))
        assert drawn._repr_html_() == drawn.to_html()


class TestMistakes:
    @pytest.fixture(scope="class")
    def shell(self) -> InteractiveShell:
        return InteractiveShell()

    def run(self, shell: InteractiveShell, cell: str, capsys: pytest.CaptureFixture[str]) -> str:
        assert not shell.run_cell(cell).success
        return capsys.readouterr().out

    def test_read_like_help(self, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
        said = self.run(shell, "import journeylab as jl\nstudy = jl.open_study('/nowhere/at-all')", capsys)
        assert "(StudyError)" in said
        assert "line 2" in said
        assert "study = jl.open_study('/nowhere/at-all')" in said
        assert "there is no study here" in said
        assert "What to do:" in said
        assert "Traceback" not in said
        assert "journeylab/study.py" not in said

    def test_several_are_numbered_and_cannot_write_over_the_cell(
        self, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
    ) -> None:
        said = self.run(
            shell, "import journeylab as jl\nraise jl.DataError('row 2: wrong\\nrow 3: \\x1b[2Jworse')", capsys
        )
        assert "1. row 2: wrong" in said
        assert "2. row 3: " in said
        assert "[2Jworse" in said
        assert "\x1b[2J" not in said, "a message cannot wipe the screen"

    def test_a_fault_of_ours_keeps_its_traceback(
        self, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
    ) -> None:
        said = self.run(shell, "from journeylab.text import sentence_list\nsentence_list(3)", capsys)
        assert "TypeError" in said
        assert "text.py" in said

    def test_a_run_keeps_the_traceback_for_its_page(
        self, shell: InteractiveShell, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JOURNEYLAB_NOTEBOOK", "01_data_quality")
        assert "opening.py" in self.run(shell, "import journeylab as jl\njl.open_study('/nowhere/at-all')", capsys)


def wait_for(lines: list[tuple[str, bool]]) -> None:
    for _ in range(500):
        if lines:
            return
        time.sleep(0.02)
    pytest.fail("no line in 10 s")


class TestProgress:
    @pytest.fixture
    def lines(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
        said: list[tuple[str, bool]] = []
        monkeypatch.setattr(progress, "_writer", lambda: lambda line, last: said.append((line, last)))
        monkeypatch.setattr(progress, "PATIENCE", 0.05)
        monkeypatch.setattr(progress, "EVERY", 0.05)
        return said

    def test_long_work_says_how_many_are_done(self, lines: list[tuple[str, bool]]) -> None:
        for number in progress.over(range(3), "Reading"):
            if number == 1:
                wait_for(lines)
            for _ in progress.over(range(5), "Inside"):
                pass
        assert lines[0][0].startswith(("Reading: 0 of 3, ", "Reading: 1 of 3, "))
        assert lines[-1][0].startswith("Reading: 3 of 3, ")
        assert [last for _, last in lines] == [False] * (len(lines) - 1) + [True]
        assert not any("Inside" in line for line, _ in lines)

    def test_short_work_says_nothing(self, lines: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(progress, "PATIENCE", 60)
        assert list(progress.over([1, 2], "Reading")) == [1, 2]
        assert lines == []

    def test_it_ends_with_an_error_and_can_begin_again(self, lines: list[tuple[str, bool]]) -> None:
        before = threading.active_count()

        def fail() -> None:
            for number in progress.over([0], "Reading"):
                print(1 / number)

        with pytest.raises(ZeroDivisionError):
            fail()
        assert threading.active_count() == before
        with progress.working("Again"):
            lines.clear()
            wait_for(lines)
        assert lines[-1][0].startswith("Again")
        assert lines[-1][1]

    def test_a_run_and_a_script_show_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert progress._writer() is None
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        assert progress._writer() is not None
        monkeypatch.setenv("JOURNEYLAB_NOTEBOOK", "01_data_quality")
        assert progress._writer() is None


@dataclasses.dataclass(frozen=True)
class Pictured(Result):
    def plot(self, ax: Any = None) -> Any:
        ax = figures.new_axes(ax)
        ax.plot([0, 1], [0, 1])
        ax.set_title("costs $5 and $6")
        return figures.describe(ax, f"A line that rises {HOSTILE}")


FRAME = pd.DataFrame(
    {
        "touchpoint": ["cart", "=1+1", "+49 30", "-2", "@SUM(A1)", "\t=1", " =1", HOSTILE, None],
        "n": [3, -1, 0, 2, 5, 6, 7, 8, 9],
        "share": [0.123456789, np.nan, np.inf, 0.0, 1.0, -0.5, 0.1, 0.2, 0.3],
        "at": [pd.Timestamp("2026-03-01T10:00:00Z"), *[pd.NaT] * 8],
        "took": [pd.Timedelta("90min"), *[pd.NaT] * 8],
        "path": [("home", "cart"), *[()] * 8],
    }
)
RESULT = Pictured(FRAME, "A method", ("It *holds*",))


class TestSaving:
    def test_every_kind_of_a_result(self, tmp_path: Path) -> None:
        for ending in ("png", "svg", "csv", "xlsx", "html", "json", "md"):
            file = jl.save(RESULT, tmp_path / f"made/result.{ending}")
            assert file.stat().st_size > 100
        assert len(list((tmp_path / "made").iterdir())) == 7  # and nothing was left beside them

    def test_a_csv_runs_no_formula_and_keeps_every_digit(self, tmp_path: Path) -> None:
        back = pd.read_csv(jl.save(FRAME, tmp_path / "table.csv"), keep_default_na=False)
        assert list(back["touchpoint"]) == [
            "cart",
            "'=1+1",
            "'+49 30",
            "'-2",
            "'@SUM(A1)",
            "'\t=1",
            "' =1",
            HOSTILE,
            "",
        ]
        assert list(back["n"]) == list(FRAME["n"])
        assert back.loc[0, "share"] == "0.123456789"
        assert back.loc[0, "at"] == "2026-03-01T10:00:00+00:00"
        assert back.loc[0, "took"] == "P0DT1H30M0S"
        assert back.loc[0, "path"] == "home → cart"
        assert list(back.loc[1, ["share", "at", "took"]]) == ["", "", ""]

    def test_a_heading_is_guarded_too(self, tmp_path: Path) -> None:
        file = jl.save(pd.DataFrame({"=1+1": [1]}), tmp_path / "table.csv")
        assert file.read_text(encoding="utf-8") == "'=1+1\n1\n"

    def test_a_sheet_runs_no_formula(self, tmp_path: Path) -> None:
        frame = FRAME.assign(**{"=heading": "bell \x07"})
        sheet = openpyxl.load_workbook(jl.save(frame, tmp_path / "table.xlsx")).active
        assert sheet is not None
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
        assert [cell.value for cell in sheet["A"]][1:5] == ["cart", "=1+1", "+49 30", "-2"]
        assert sheet["A3"].quotePrefix
        assert not sheet["A2"].quotePrefix
        assert sheet["B3"].value == -1
        assert (sheet["G1"].value, sheet["G2"].value) == ("=heading", "bell ")

    def test_a_sheet_keeps_long_numbers_and_says_where_long_words_are_cut(self, tmp_path: Path) -> None:
        frame = pd.DataFrame({"id": [1234567890123456789], "words": ["x" * 40_000]})
        sheet = openpyxl.load_workbook(jl.save(frame, tmp_path / "table.xlsx")).active
        assert sheet is not None
        assert sheet["A2"].value == "1234567890123456789"
        assert str(sheet["B2"].value).endswith("(cut: a cell holds no more)")
        assert len(str(sheet["B2"].value)) == 32_767

    def test_pages_and_markdown_keep_text_as_text(self, tmp_path: Path) -> None:
        for thing in (FRAME, RESULT):
            page = jl.save(thing, tmp_path / "table.html").read_text(encoding="utf-8")
            assert escaped(page)
            assert page.startswith("<!DOCTYPE html>")
            written = jl.save(thing, tmp_path / "table.md").read_text(encoding="utf-8")
            assert "\\<script\\>" in written
            assert "| cart | 3 | 12.3 % |" in written
        assert "- It \\*holds\\*" in written

    def test_json_is_that_of_the_result(self, tmp_path: Path) -> None:
        assert json.loads(jl.save(RESULT, tmp_path / "result.json").read_text()) == json.loads(RESULT.to_json())
        rows = json.loads(jl.save(FRAME["n"], tmp_path / "n.json").read_text())
        assert [row["n"] for row in rows] == list(FRAME["n"])

    def test_an_index_with_a_meaning_is_kept(self, tmp_path: Path) -> None:
        counted = FRAME.groupby("touchpoint")["n"].sum()
        assert jl.save(counted, tmp_path / "n.csv").read_text(encoding="utf-8").startswith("touchpoint,n\n")

    def test_a_figure_has_its_alt_text_as_title_and_comes_out_the_same(self, tmp_path: Path) -> None:
        first = jl.save(RESULT.plot(), tmp_path / "a.svg").read_text(encoding="utf-8")
        root = ElementTree.fromstring(first)
        assert root[0].text == f"A line that rises {HOSTILE}"
        assert jl.save(RESULT.plot().figure, tmp_path / "b.svg").read_text(encoding="utf-8") == first
        assert jl.save(RESULT.plot(), tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")

    def test_a_map_is_saved_as_a_page(self, small: Path, tmp_path: Path) -> None:
        drawn = journeymap.draw(jl.open_study(small))
        page = jl.save(drawn, tmp_path / "map.html").read_text(encoding="utf-8")
        # the page gathers styles and gives its tables hooks of its own, so the words are compared
        assert [line.title for line in drawn.lanes if line.title not in page] == []
        words = re.sub(r"<[^>]*>", "", page).replace("\u00a0", " ")
        assert all(
            cell.lines[0] in words
            for line in drawn.lanes
            for cell in line.cells
            if cell.lines and "'" not in cell.lines[0]
        )
        assert json.loads(jl.save(drawn, tmp_path / "map.json").read_text(encoding="utf-8"))["stages"]

    def test_what_a_result_writes_itself_goes_before_its_table(self, tmp_path: Path) -> None:
        class Own(Pictured):
            def to_xlsx(self, path: Path) -> None:
                path.write_bytes(b"sheets of its own")

            def to_cjml(self) -> str:
                return "<cjml/>"

        own = Own(FRAME, "A method", ())
        assert jl.save(own, tmp_path / "own.xlsx").read_bytes() == b"sheets of its own"
        assert jl.save(own, tmp_path / "own.cjml.xml").read_text(encoding="utf-8") == "<cjml/>"

    @pytest.mark.parametrize(
        ("thing", "name", "said"),
        [
            (FRAME, "table.xls", r"'\.xls'; end the name with one of \.csv, \.xlsx, .*Did you mean 'xlsx'"),
            (
                FRAME,
                "table.png",
                r"\.csv, \.xlsx, \.html, \.json, \.md\. A picture is what \.plot\(\) of a result returns",
            ),
            (FRAME, "table", "without an ending"),
            (RESULT.plot(), "figure.csv", r"\.png, \.svg"),
            (3, "three.csv", "a int cannot be saved"),
        ],
    )
    def test_other_endings_and_things_are_refused(self, thing: object, name: str, said: str, tmp_path: Path) -> None:
        with pytest.raises(jl.StudyError, match=said):
            jl.save(thing, tmp_path / name)
        assert list(tmp_path.iterdir()) == []

    def test_what_fails_leaves_the_old_file_as_it_was(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file = jl.save(FRAME, tmp_path / "table.csv")
        before = file.read_bytes()

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", full)
        with pytest.raises(jl.StudyError, match="No space left on device"):
            jl.save(FRAME.head(2), file)
        assert file.read_bytes() == before
        assert list(tmp_path.iterdir()) == [file]


class TestStartHere:
    cells = json.loads(START.read_text(encoding="utf-8"))["cells"]

    def test_it_asks_a_question_in_short_cells_without_outputs(self) -> None:
        assert "".join(self.cells[0]["source"]).splitlines()[0] == "# Where do I start?"
        code = [cell for cell in self.cells if cell["cell_type"] == "code"]
        assert len(code) <= 15
        for cell in code:
            assert len(cell["source"]) <= 8
            assert cell["outputs"] == []
            assert cell["execution_count"] is None

    def test_its_links_lead_somewhere(self) -> None:
        import re

        words = "".join("".join(cell["source"]) for cell in self.cells if cell["cell_type"] == "markdown")
        links = re.findall(r"\]\((\S+?)\)", words)
        assert len(links) >= 4
        assert all((START.parent / link).exists() for link in links)

    def test_it_is_no_page_of_a_run(self) -> None:
        from journeylab.report.notebooks import find_notebooks

        assert [file.stem[:2] for file in find_notebooks()] == [f"{number:02d}" for number in range(1, 10)]

    def test_it_runs_on_a_small_demo_study(self, tmp_path: Path) -> None:
        import nbformat
        from nbclient import NotebookClient

        from journeylab.simulate import write_study

        write_study(tmp_path / "data/shop", customers=3000)
        place = tmp_path / "notebooks"
        place.mkdir()
        notebook = nbformat.read(START, as_version=4)
        NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(place)}}
        ).execute()
        shown = [cell["outputs"][-1] for cell in notebook.cells if cell.cell_type == "code"]
        assert [item["output_type"] for item in shown].count("error") == 1
        assert shown[-1]["ename"] == "StudyError"
        assert "Did you mean 'checkout'?" in shown[-1]["evalue"]
        assert "Traceback" not in "\n".join(shown[-1]["traceback"])
        assert all("text/html" in item["data"] or "image/png" in item["data"] for item in shown[:-2])
        assert sorted(file.name for file in (place / "saved").iterdir()) == ["funnel.png", "funnel.xlsx", "map.html"]
