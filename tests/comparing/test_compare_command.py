"""`journeylab compare` and alerts at the end of a run: exit codes, pages that everyone can read, helpful refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made import code, days, goal, score, share, write_run
from small import write_small

from journeylab import cli, locales
from journeylab.report.pages import check_page
from journeylab.report.record import last_alike

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """Two good runs of a shop, and a failed one."""
    for number, (k, n, low) in enumerate([(400, 1000, 0.40), (480, 1400, 0.30)]):
        write_run(
            tmp_path / f"reports/shop/run{number}",
            created=f"2026-03-0{number + 2}T06:00:00+00:00",
            basis={"customers": days(*[500, 500, 400][: number + 2]), "responses": days(100, *[50] * number)},
            settled=[share("funnel", "cart to order <b>", k, n)],
            goals=[goal("order <i>", low, 0.02, 0.35)],
            scores=[score("nps <u>", 30 + number, 5, 100 + 50 * number)],
            prevalence=[code("Pain/<script>", 4, 20)],
        )
    write_run(tmp_path / "reports/shop/run2", status="failed")
    return tmp_path / "reports"


def test_two_runs_as_table_json_and_page(reports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, file = tmp_path / "moved.html", tmp_path / "moved.json"
    done = cli.main(["compare", "shop/run0", str(reports / "shop/run1"), "--reports", str(reports), "--to", str(page),
                     "--json", str(file)])  # fmt: skip
    said = capsys.readouterr().out
    assert done == 0
    assert "fell by 20.0 points" in said
    assert check_page(page) == []
    text = page.read_text()
    assert "cart to order &lt;b&gt;" in text
    for hostile in ("<b>", "<i>", "<u>"):
        assert hostile not in text
    assert text.count("<script>") == 1, "only the page's own"
    assert {row["verdict"] for row in json.loads(file.read_text())["table"]} == {"clear", "no", "not told"}


def test_a_study_compares_its_last_two_good_runs(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["compare", "shop", "--reports", str(reports)]) == 0
    assert "fell by 20.0 points" in capsys.readouterr().out


def test_the_trend_page_has_every_figure_as_a_table_too(
    reports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "trend.html"
    assert cli.main(["compare", "shop", "--trend", "--to", str(page), "--reports", str(reports)]) == 0
    assert check_page(page) == []
    text = page.read_text()
    assert text.count("<img ") == text.count("<table>") == 3
    assert "order &lt;i&gt; 40.0 % at first and 30.0 % at last" in text
    assert "3 figures over 2 runs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "exit_code", "expected"),
    [
        (["shop/run0", "shop/runn1"], 1, "shop/run1"),
        (["shop/run0", "nowhere"], 1, "is no run"),
        (["shop/run1"], 1, "shop/run1: is one run; give two runs, or the study 'shop'."),
        (["shop/run1", "--trend"], 1, "is one run; give two runs, or the study 'shop'."),
        (["shop/runn1"], 1, "is no study; give two runs, or the study 'shop'."),
        (["nostudy"], 1, "no good run of 'nostudy'"),
        (["a", "b", "c"], 2, "two runs, or one study"),
        (["shop/run0", "shop/run1", "--trend"], 2, "one study"),
    ],
)
def test_a_wrong_run_is_refused_with_what_there_is(
    reports: Path, words: list[str], exit_code: int, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compare", *words, "--reports", str(reports)]) == exit_code
    assert expected in capsys.readouterr().err


def test_a_run_whose_alerts_fire_is_whole_is_latest_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from journeylab.opening import open_study
    from journeylab.report import run as running

    toml = write_small(tmp_path / "study")
    (tmp_path / "notebooks").mkdir()
    note = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": KERNEL}}
    content = {"table": [goal("order", 0.2, 0.02, 0.3)]}
    sources = [("markdown", "# What is it?"), ("code", 'study_path: str = "."  # the study'),
               ("code", f"from journeylab import results\nresults.save('goals', {content!r})")]  # fmt: skip
    cells = [{"id": f"c{n}", "cell_type": kind, "metadata": {"tags": ["parameters"] if n == 1 else []}, "source": source}
             | ({"outputs": [], "execution_count": None} if kind == "code" else {})
             for n, (kind, source) in enumerate(sources)]  # fmt: skip
    (tmp_path / "notebooks/01_first.ipynb").write_text(json.dumps({**note, "cells": cells}))
    given = {"notebooks_dir": tmp_path / "notebooks", "reports_dir": tmp_path / "reports"}
    quiet = running.run_study(open_study(toml), **given)
    assert quiet.alerts == ""
    assert not (quiet.folder / "alerts.json").exists()

    study_toml = toml if toml.name == "study.toml" else tmp_path / "study/study.toml"
    with study_toml.open("a") as stream:
        stream.write('\n[[alerts]]\nwhen = "kpi_below_goal"\nrepeat = true\n')
    loud = running.run_study(open_study(study_toml), **given)
    assert loud.ok
    assert loud.alerts.startswith("small: 1 alert: KPI 'order' misses its goal: 20.0 %")
    assert (tmp_path / "reports/small/latest").resolve() == loud.folder
    assert json.loads((loud.folder / "alerts.json").read_text())["table"][0]["subject"] == "order"
    index = (loud.folder / "index.html").read_text()
    assert "Alerts</h2>" in index
    assert "misses its goal" in index
    assert check_page(loud.folder / "index.html") == []

    monkeypatch.setattr(running, "run_study", lambda *_, **__: loud)
    monkeypatch.setattr("journeylab.report.apart.apart", lambda *_: None)
    monkeypatch.setattr("journeylab.report.apart.warm_up", lambda: None)
    assert cli.main(["run", str(study_toml), "--reports", str(tmp_path / "reports")]) == 4
    said = capsys.readouterr()
    assert said.err == f"{loud.alerts}\n"
    assert said.out.strip().endswith("index.html")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[]", "found list, expected an object"),
        ('{"notebooks": []}', "'created' is missing"),
        ("{broken", "Expecting property name"),
        ('{"created": "2026", "notebooks": [5]}', "a notebook has no name or status"),
        ('{"created": "2026", "notebooks": {}}', "'notebooks' is no list"),
    ],
)
def test_a_damaged_record_is_named_and_hides_no_other_run(
    reports: Path, content: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (reports / "shop/run2/run.json").write_text(content)
    note = f"shop/run2: run.json cannot be read: {reason}"
    assert cli.main(["reports", "--reports", str(reports)]) == 0
    said = capsys.readouterr()
    assert note in said.err
    assert [line.split()[1] for line in said.out.splitlines()] == ["run1", "run0"]
    for trend in ([], ["--trend"]):
        assert cli.main(["compare", "shop", *trend, "--reports", str(reports)]) == 0
        assert note in capsys.readouterr().err
    assert cli.main(["compare", "shop/run0", "shop/run2", "--reports", str(reports)]) == 1
    assert "run.json" in capsys.readouterr().err
    assert last_alike(reports / "shop", {}, 1) == reports / "shop/run1"


def test_where_only_damaged_runs_are_left_they_are_named(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (reports / "shop/run0/run.json").write_text("[]")
    assert cli.main(["compare", "shop", "--reports", str(reports)]) == 1
    assert "one good run only; a comparison needs two. shop/run0: run.json cannot be read" in capsys.readouterr().err
    (reports / "shop/run1/run.json").write_text("[]")
    assert cli.main(["compare", "shop", "--reports", str(reports)]) == 1
    assert "shop/run1: run.json cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--to", "--json"])
def test_a_file_that_is_there_is_replaced_only_when_told_so(
    reports: Path, tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine"
    mine.write_text("precious")
    asked = ["compare", "shop", "--reports", str(reports), option, str(mine)]
    assert cli.main(asked) == 1
    said = capsys.readouterr()
    assert f"{mine}: is there already" in said.err
    assert said.out == ""
    assert mine.read_text() == "precious"
    assert cli.main([*asked, "--force"]) == 0
    assert len(mine.read_text()) > 100


def test_files_need_two_names_and_a_folder_that_is_there(
    reports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["compare", "shop", "--reports", str(reports)]
    one = tmp_path / "one"
    assert cli.main([*asked, "--to", str(one), "--json", str(reports / ".." / "one")]) == 1
    assert "give two names" in capsys.readouterr().err
    assert not one.exists()
    assert cli.main([*asked, "--to", str(tmp_path / "no/where.html"), "--json", str(one)]) == 1
    assert "make it first" in capsys.readouterr().err
    assert not one.exists()
    assert not (tmp_path / "no").exists()


def test_numbers_are_written_as_the_newer_run_writes_them(
    reports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locales, "_in_use", [locales.PLAIN])
    file = reports / "shop/run1/run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"locale": "de_DE"}))
    assert cli.main(["compare", "shop", "--reports", str(reports)]) == 0
    assert "fell by 20,0 points" in capsys.readouterr().out
    page = tmp_path / "trend.html"
    assert cli.main(["compare", "shop", "--trend", "--to", str(page), "--reports", str(reports)]) == 0
    assert "30,0 %" in capsys.readouterr().out.replace("\u00a0", " ")
    assert ' data-marks=",.' in page.read_text()
    file.write_text(json.dumps(json.loads(file.read_text()) | {"locale": "xx_YY"}))
    assert cli.main(["compare", "shop", "--reports", str(reports)]) == 1
    assert "run.json: locale: 'xx_YY' is no known locale" in capsys.readouterr().err
