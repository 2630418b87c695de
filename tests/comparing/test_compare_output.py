"""What `journeylab compare` prints and writes: only what moved, every file or none, and a trend without its damaged runs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from made import days, goal, score, share, write_run

from journeylab import cli, locales
from journeylab.comparing import compare
from journeylab.report import files
from journeylab.report.pages import check_page


def run(reports: Path, number: int, k: int = 480, n: int = 12400, *more: int) -> Path:
    basis = {"customers": days(6000, 6400, *more)}
    return write_run(reports / f"shop/run{number}", created=f"2026-03-0{number + 1}T06:00:00+00:00", basis=basis, data="same",
                     settled=[share("funnel", "cart to order", k, n)], goals=[goal("order", 0.3, 0.02, 0.35)],
                     scores=[score("nps", 30, 5, 100)])  # fmt: skip


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    for number in range(4):
        run(tmp_path / "reports", number)
    return tmp_path / "reports"


def compared(reports: Path, capsys: pytest.CaptureFixture[str], *options: object, code: int = 0) -> tuple[str, str]:
    assert cli.main(["compare", "shop", "--reports", str(reports), *map(str, options)]) == code
    said = capsys.readouterr()
    return said.out, said.err


DAMAGE = [
    ("results/scores.json", "[]", "results/scores.json: is no result: found [], expected an object"),
    ("results/scores.json", '{"table": [5]}', "results/scores.json: table row 1: found 5, expected a row with columns"),
    ("results/goals.json", json.dumps({"table": [goal("o", 0.3, 0.1, 0.2) | {"target": "x"}]}),
     "results/goals.json: table row 1: target: found 'x', expected a number or null"),
    ("results/goals.json", '{"table": [{"goal": 1}]}', "results: a result does not have the columns"),
    ("run.json", "{", "run.json: Expecting property name"),
    ("run.json", ("created", "yesterday"), "run.json: created: found 'yesterday', expected a time with its zone"),
    ("run.json", ("study", "bank"), "run.json: is of another study, 'bank'"),
    ("run.json", ("locale", "xx_YY"), "run.json: locale: 'xx_YY' is no known locale"),
]  # fmt: skip


class TestTrend:
    @pytest.mark.parametrize(("file", "content", "expected"), DAMAGE)
    def test_a_damaged_run_is_left_out_and_named_with_file_and_reason(
        self, reports: Path, file: str, content: str | tuple[str, str], expected: str, tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:  # fmt: skip
        damaged = reports / "shop/run2" / file
        if isinstance(content, tuple):
            content = json.dumps(json.loads(damaged.read_text()) | {content[0]: content[1]})
        damaged.write_text(content)
        page, table = tmp_path / "t.html", tmp_path / "t.json"
        out, err = compared(reports, capsys, "--trend", "--to", page, "--json", table)
        assert "figures over 3 runs" in out
        assert "Left out: 'run2'." in out
        where, _, why = expected.partition(": ")
        assert err.count("run2") == 1
        assert where in err
        assert why in err
        (row,) = json.loads(table.read_text())["left_out"]
        assert (row["run"], row["file"]) == ("run2", where)
        assert row["reason"].startswith(why)
        text = page.read_text()
        assert f"<td>{where}</td>" in text
        assert "run2</th>" in text
        assert str(tmp_path) not in text, "no place of this machine"
        assert check_page(page) == []

    def test_one_run_that_is_left_is_no_trend(self, reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for number in (0, 2, 3):
            (reports / f"shop/run{number}/results/scores.json").write_text("[]")
        out, err = compared(reports, capsys, "--trend", code=1)
        assert out == ""
        assert "a trend needs two runs or more; found 1 good one." in err
        assert "run3: results/scores.json: is no result" in err

    def test_no_run_that_is_left_is_no_trend(self, reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for number in range(4):
            (reports / f"shop/run{number}/results/scores.json").write_text("[]")
        assert "found 0 good ones" in compared(reports, capsys, "--trend", code=1)[1]

    def test_undamaged_runs_leave_nothing_out(self, reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
        out, err = compared(reports, capsys, "--trend")
        assert "over 4 runs" in out
        assert "eft out" not in out + err


class TestOnlyWhatMoved:
    def test_where_nothing_moved_one_line_says_so_and_no_row_is_printed(
        self, reports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out, _ = compared(reports, capsys)
        assert "Nothing moved: all 3 figures are as they were, in the digits that are shown." in out
        assert "0.0 points" not in out
        out, _ = compared(reports, capsys, "--all", "--to", tmp_path / "m.csv", "--json", tmp_path / "m.json")
        assert out.count("0.0 points") == 2
        with (tmp_path / "m.csv").open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        told = json.loads((tmp_path / "m.json").read_text())["table"]
        assert [row["name"] for row in rows] == [row["name"] for row in told]
        assert [float(row["n_new"]) for row in rows] == [row["n_new"] for row in told]

    def test_what_is_written_as_nought_did_not_move(self, tmp_path: Path) -> None:
        from made import effect, made

        same = {"basis": {"customers": days(50)}, "data": "x"}
        one, other, more = (
            made(tmp_path / name, effects=[effect("chat", 0.05 + d, 0.01, "keep", 0.01)], **same)
            for name, d in (("a", 0), ("b", 0.0004), ("c", 0.0006))
        )
        assert not compare(one, other).moved.any()
        assert compare(one, more).moved.all()

    def test_only_the_row_that_moved_is_printed_and_n_has_the_marks_of_the_locale(
        self, reports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(locales, "_in_use", [locales.PLAIN])
        made = run(reports, 4, 680, 14400, 2000)
        file = made / "run.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"locale": "de_DE"}))
        page = tmp_path / "m.html"
        out, _ = compared(reports, capsys, "--to", page)
        (line,) = [line for line in out.splitlines() if " funnel " in line]
        assert "12.400" in line
        assert "2.000" in line
        assert " scores " not in out
        assert "Not shown: 2 of 3 rows" in out
        assert check_page(page) == []
        text = page.read_text()
        assert "What did not move: 1 of 1" in text
        assert text.index("From stage to stage: what moved") < text.index("Scores: what did not move")

    def test_a_page_in_a_file_of_another_kind_is_refused(
        self, reports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert "a page (.html) or the rows (.csv)" in compared(reports, capsys, "--to", tmp_path / "x.xlsx", code=1)[1]


class TestAllFilesOrNone:
    @pytest.mark.parametrize("fails", ["writing", "moving"])
    @pytest.mark.parametrize("there", [True, False])
    def test_the_first_file_does_not_stay_where_the_second_cannot_be_written(
        self, reports: Path, tmp_path: Path, fails: str, there: bool, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        out = tmp_path / "out"
        out.mkdir()
        page, table = out / "moved.html", out / "moved.json"
        if there:
            page.write_text("my page")
            table.write_text("my table")
        before = {file.name: file.read_text() for file in out.iterdir()}
        name, real = {"writing": "write_bytes", "moving": "replace"}[fails], {}

        def full(self: Path, *given: object, **more: object) -> object:
            if ".moved.html" in self.name and not self.name.endswith("before"):
                raise OSError(28, "No space left on device")
            return real[name](self, *given, **more)

        real[name] = getattr(Path, name)
        monkeypatch.setattr(files.Path, name, full)
        err = compared(reports, capsys, "--json", table, "--to", page, "--force", code=1)[1]
        monkeypatch.undo()
        assert f"{page}: cannot be written: No space left on device; no file was changed" in err
        assert {file.name: file.read_text() for file in out.iterdir()} == before

    def test_both_are_written_and_nothing_else(
        self, reports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "out"
        out.mkdir()
        (tmp_path / "elsewhere").write_text("old")
        (out / "m.json").symlink_to(tmp_path / "elsewhere")
        compared(reports, capsys, "--json", out / "m.json", "--to", out / "m.html", "--force")
        assert sorted(file.name for file in out.iterdir()) == ["m.html", "m.json"]
        assert json.loads((tmp_path / "elsewhere").read_text())["kind"] == "Comparison", "a link stays one"

    def test_a_pipe_is_written_to_and_not_replaced(self) -> None:
        null = Path("/dev/null")
        files.write_all({null: "x"})
        assert null.is_char_device()
