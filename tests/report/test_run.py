"""A run is whole or it is not there; it stops readably, takes over what is unchanged, and says the same twice."""

from __future__ import annotations

import datetime
import errno
import json
import os
from pathlib import Path

import pytest
from killing import kill_runs, require_whole, toy_command
from small import write_small

from journeylab import locales
from journeylab.errors import ReportError
from journeylab.opening import open_study
from journeylab.report.find_run import good_runs
from journeylab.report.notebooks import choose, find_notebooks
from journeylab.report.pages import check_page
from journeylab.report.parameters import ParameterError, check_parameters
from journeylab.report.prune import prune
from journeylab.report.record import describe_inputs, last_alike
from journeylab.report.run import Run, run_study

PARAMETERS = 'study_path: str = "."  # the study\ndata_dir: str = ""  # raw files\nseed: int = 1  # of all chance'


def notebook(*cells: str, heading: str = "# What is it?") -> str:
    """A notebook with a question, parameters and code cells."""

    def code(text: str, *tags: str) -> dict:
        return {
            "cell_type": "code",
            "metadata": {"tags": list(tags)},
            "source": text,
            "outputs": [],
            "execution_count": None,
        }

    made = [{"cell_type": "markdown", "metadata": {}, "source": heading}, code(PARAMETERS, "parameters")]
    made += [code(text) for text in cells]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for position, cell in enumerate(made):
        cell["id"] = f"cell{position}"
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": made})


GOOD = [
    "from journeylab import results, show\nresults.save('two', {'value': seed * 2})\nshow.say(f'Twice {seed} is {seed * 2}.')"
]
BAD = ["print('so far')", "secret = {}\nsecret['no such touchpoint']"]


def write_folder(folder: Path) -> Path:
    """Write a study and two notebooks, the second of which may be broken."""
    write_small(folder / "study")
    (folder / "notebooks").mkdir()
    (folder / "notebooks/01_first.ipynb").write_text(notebook(*GOOD))
    (folder / "notebooks/02_second.ipynb").write_text(notebook("1 + 1"))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path)


def run(folder: Path, **options: object) -> Run:
    study = open_study(folder / "study")
    return run_study(study, notebooks_dir=folder / "notebooks", reports_dir=folder / "reports", **options)  # type: ignore[arg-type]


def test_a_good_run_is_latest_and_says_what_it_was_made_from(folder: Path) -> None:
    done = run(folder)
    assert done.ok
    latest = folder / "reports/small/latest"
    assert latest.resolve() == done.folder
    assert json.loads((latest / "results/two.json").read_text()) == {"value": 2}
    record = json.loads((latest / "run.json").read_text())
    assert {item["source"] for item in record["inputs"]} >= {"study.toml", "events[1]", "interviews", "crosswalk"}
    assert all(len(item["sha256"]) == 64 for item in record["inputs"])
    assert str(folder) not in (latest / "run.json").read_text()
    assert check_page(latest / "01_first.html") == []
    assert "Twice 1 is 2." in (latest / "01_first.html").read_text()
    assert not list((folder / "reports").rglob("*.partial"))


def test_a_failed_notebook_is_readable_and_leaves_latest_alone(folder: Path) -> None:
    before = run(folder)
    (folder / "notebooks/02_second.ipynb").write_text(notebook(*BAD))
    done = run(folder)
    assert [item.status for item in done.notebooks] == ["done", "failed"]
    assert (folder / "reports/small/latest").resolve() == before.folder
    html = (done.folder / "02_second.html").read_text()
    assert "This notebook stopped in code cell 3" in html
    assert "KeyError" in html
    assert "so far" in html
    assert "<summary>Technical details" in html
    assert "1 of 2 notebooks" in (done.folder / "index.html").read_text()


def test_one_notebook_of_two_does_not_become_latest(folder: Path) -> None:
    before = run(folder)
    assert run(folder, only=["01"]).ok
    assert (folder / "reports/small/latest").resolve() == before.folder


def test_an_interrupt_leaves_nothing(folder: Path) -> None:
    def stop(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, progress=stop)
    assert [path for path in (folder / "reports").rglob("*") if path.is_file()] == []


def test_what_is_unchanged_is_kept_and_what_changed_runs(folder: Path) -> None:
    first = run(folder)
    said: list[str] = []
    second = run(folder, progress=said.append)
    assert said[0].startswith("2 of 2 notebooks are unchanged")
    for name in ("01_first.html", "02_second.html"):
        old, new = ((run.folder / name).read_text() for run in (first, second))
        assert old.split("<main")[1].split("<footer")[0] == new.split("<main")[1].split("<footer")[0]
    said.clear()
    run(folder, progress=said.append, parameters={"seed": 5})
    assert not any("unchanged" in line for line in said)
    said.clear()
    with (folder / "study/raw/events.csv").open("a") as stream:
        stream.write("c1,2026-05-01T10:00:00Z,home\n")
    run(folder, progress=said.append)
    assert not any("unchanged" in line for line in said)


def test_a_notebook_whose_result_was_taken_away_runs_again(folder: Path) -> None:
    (run(folder).folder / "results/two.json").unlink()
    said: list[str] = []
    again = run(folder, progress=said.append)
    assert said[0].startswith("1 of 2 notebooks are unchanged")
    assert json.loads((again.folder / "results/two.json").read_text()) == {"value": 2}


def test_the_same_input_gives_the_same_page(folder: Path) -> None:
    pages = []
    for _ in range(2):
        done = run(folder, force=True)
        pages.append((done.folder / "01_first.html").read_text().split("<footer")[0])  # the footer says when it ran
    assert pages[0] == pages[1]


def test_output_that_looks_like_markup_stays_text(folder: Path) -> None:
    (folder / "notebooks/02_second.ipynb").write_text(notebook("print('<script>alert(1)</script>')", "'<b>bold</b>'"))
    html = (run(folder).folder / "02_second.html").read_text()
    assert "<script" not in html.split("<main")[1].split("<footer")[0]
    assert "&lt;script&gt;alert(1)" in html
    assert "<b>bold" not in html


def test_a_report_folder_that_cannot_be_written(folder: Path) -> None:
    (folder / "reports").write_text("a file where the folder should be")
    with pytest.raises(ReportError, match="cannot be written"):
        run(folder)


def test_a_full_disk_is_told_and_loses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = run(folder)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("journeylab.report.run.write_index", full)
    with pytest.raises(ReportError, match="No space left on device; make room there"):
        run(folder, force=True)
    home = folder / "reports/small"
    assert sorted(item.name for item in home.iterdir()) == [before.folder.name, "latest"]
    require_whole(home)


def test_a_second_run_of_a_study_at_the_same_time_is_refused(folder: Path) -> None:
    said: list[str] = []

    def another(line: str) -> None:
        with pytest.raises(ReportError, match=f"is under way \\(process {os.getpid()}, since 2"):
            run(folder)
        said.append(line)

    assert run(folder, progress=another).ok
    assert len(said) == 2
    assert run(folder).ok, "the lock is gone with its run"


def test_runs_before_the_newest_are_taken_away_but_never_the_latest_good_one(folder: Path) -> None:
    settings = folder / "study/study.toml"
    settings.write_text(settings.read_text().replace("[study]\n", "[study]\nkeep = 2\n", 1))
    runs = [run(folder).folder]
    runs += [run(folder, only=["01"]).folder for _ in range(3)]
    assert all(folder.is_dir() for folder in runs), "only a good, whole run takes others away"
    runs.append(run(folder).folder)
    assert [folder.is_dir() for folder in runs] == [False, False, False, True, True]
    (folder / "notebooks/02_second.ipynb").write_text(notebook(*BAD))
    runs += [run(folder).folder for _ in range(2)]
    assert prune(folder / "reports/small", 1) == [runs[3].name, runs[5].name]
    require_whole(folder / "reports/small")


def test_a_cell_and_a_run_have_a_limit(folder: Path) -> None:
    (folder / "notebooks/02_second.ipynb").write_text(notebook("import time", "time.sleep(60)"))
    slow = run(folder, timeout=8)
    assert [item.status for item in slow.notebooks] == ["done", "failed"]
    assert "longer than the 8 seconds" in (slow.folder / "02_second.html").read_text()
    late = run(folder, limit=4, jobs=1, force=True)
    failures = [item.failure["name"] for item in late.notebooks if item.failure]
    assert failures[-1] == "No time left"
    assert "(--limit)" in (late.folder / "02_second.html").read_text()


def test_a_notebook_whose_process_dies_is_explained(folder: Path) -> None:
    (folder / "notebooks/02_second.ipynb").write_text(
        notebook("import os, signal", "os.kill(os.getpid(), signal.SIGKILL)")
    )
    done = run(folder)
    assert [item.status for item in done.notebooks] == ["done", "failed"]
    html = (done.folder / "02_second.html").read_text()
    assert "Kernel died" in html
    assert "memory ran out" in html


def test_a_setting_of_one_notebook_runs_that_one_and_those_that_read_it(folder: Path) -> None:
    settings = folder / "study/study.toml"
    settings.write_text(settings.read_text() + '\n[parameters."02_second"]\nseed = 3\n')
    run(folder)
    said: list[str] = []
    settings.write_text(settings.read_text().replace("seed = 3", "seed = 4  # another draw"))
    run(folder, progress=said.append)
    assert said[0].startswith("1 of 2 notebooks are unchanged")
    assert "02_second: done" in said[1]
    said.clear()
    settings.write_text(settings.read_text() + "\n# a comment changes nothing\n")
    run(folder, progress=said.append)
    assert said[0].startswith("2 of 2 notebooks are unchanged")


def test_a_killed_run_leaves_latest_whole_nobody_at_work_and_nothing_behind(folder: Path) -> None:
    assert kill_runs(toy_command(folder), folder / "reports/small", times=3, seed=1) > 0


class TestChoosing:
    def test_by_number_and_by_name(self) -> None:
        everything = find_notebooks()
        assert [file.stem for file in choose(everything, ["05", "02_journey_map"])] == [
            "02_journey_map",
            "05_behaviours",
        ]

    def test_no_notebooks(self, tmp_path: Path) -> None:
        with pytest.raises(ReportError, match="no notebooks"):
            find_notebooks(tmp_path)


class TestCheckPage:
    GOOD = (
        '<html lang="en"><head><title>t</title></head><body><a class="skip" href="#main">Skip</a><main id="main"><h1>h</h1>'
        "{}</main></body></html>"
    )

    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            ("<img src='data:,' alt='figure'>", "alt text"),
            ("<table><tr><th scope='col'>x</th></tr></table>", "no caption"),
            ("<table><caption>c</caption><tr><th>x</th></tr></table>", "no scope"),
            ("<figure>a</figure><p>b</p><figure>c</figure><table><caption>c</caption></table>", "table of its data"),
            ("<table><caption>c</caption></table><figure>a</figure>", "table of its data"),
            ("<h3>deep</h3>", "level 3 follows one of level 1"),
            ("<h1>again</h1>", "2 headings of the first level"),
            ("<script>x</script>", "a script"),
            ("<p onclick='x'>y</p>", "event handler"),
            ("<img src='https://example.org/x.png' alt='a picture of a thing somewhere'>", "another host"),
            ("<p style='background:url(//example.org/x)'>y</p>", "another host"),
            (f"<p>{'x' * 1_000_001}</p>", "bytes"),
        ],
    )
    def test_each_fault_is_found(self, body: str, problem: str, tmp_path: Path) -> None:
        file = tmp_path / "page.html"
        file.write_text(self.GOOD.format(body))
        assert any(problem in found for found in check_page(file))

    def test_a_good_page_has_none(self, tmp_path: Path) -> None:
        file = tmp_path / "page.html"
        file.write_text(self.GOOD.format("<h2>s</h2><p>text</p>"))
        assert check_page(file) == []


def test_what_rests_on_a_folder_or_a_database_is_run_again(folder: Path) -> None:
    study = open_study(folder / "study")
    export = study.config.events[0].model_copy(update={"format": "zendesk", "path": "raw"})
    base = study.config.events[0].model_copy(update={"format": "sql", "path": None, "database": "SHOP"})
    study.config = study.config.model_copy(update={"events": [export, base]})
    moments = [datetime.datetime(2026, 1, day, tzinfo=datetime.UTC) for day in (1, 2)]
    first, again = (describe_inputs(study, moment) for moment in moments)
    named = {item["file"]: item for item in first}
    assert "raw/events.csv" in named
    assert [item["file"] for item, other in zip(first, again, strict=True) if item != other] == ["$SHOP"]
    (folder / "study/raw/more.csv").write_text("x")
    assert "raw/more.csv" in {item["file"] for item in describe_inputs(study, moments[0])}
    file = study.config.events[0].model_copy(update={"path": "raw/events.csv"})
    study.config = study.config.model_copy(update={"events": [file]})
    (before,) = [item["beside"] for item in describe_inputs(study, moments[0]) if "beside" in item]
    (folder / "study/raw/users.csv").write_text("y")
    (after,) = [item["beside"] for item in describe_inputs(study, moments[0]) if "beside" in item]
    assert before != after


def test_public_runs_and_internal_ones_are_held_against_their_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locales, "_in_use", [locales.PLAIN])
    toml = folder / "study/study.toml"
    toml.write_text(toml.read_text().replace('title = "A small study"', 'title = "A small study"\nlocale = "de_DE"'))
    shared = PARAMETERS + '\nshare: str = "internal"  # or public'
    for name in ("01_first", "02_second"):
        file = folder / f"notebooks/{name}.ipynb"
        content = json.loads(file.read_text())
        content["cells"][1]["source"] = shared
        file.write_text(json.dumps(content))
    home = folder / "reports/small"
    internal = run(folder).folder
    public = run(folder, parameters={"share": "public"}).folder
    assert (home / "latest").resolve() == internal, "a public run beside internal ones is not what the team looks at"
    assert last_alike(home, {"x": {"share": "public"}}, 2) == public
    written = [json.loads((run / "run.json").read_text())["locale"] for run in (internal, public)]
    assert written == ["de_DE", ""], "a public run writes numbers the plain way"
    assert last_alike(home, {"x": {"share": "internal"}}, 2) == internal
    said: list[str] = []
    run(folder, parameters={"share": "public"}, progress=said.append)
    assert said[0].startswith("2 of 2 notebooks are unchanged")
    assert [past.public for past in good_runs("small", folder / "reports")] == [False]


def test_a_window_that_is_no_span_is_told_before_anything_runs() -> None:
    file = find_notebooks()[6]
    with pytest.raises(ParameterError, match=r"share of 07_touchpoint_impact: found 'pubic'.*Did you mean 'public'"):
        check_parameters(file, {"share": "pubic"})
    assert check_parameters(file, {"window": "28d"}) == {"window": "28d"}
    with pytest.raises(ParameterError, match="window of 07_touchpoint_impact: '28' is no span of time"):
        check_parameters(file, {"window": "28"})


def test_a_part_of_a_run_is_not_what_a_whole_one_is_held_against(folder: Path) -> None:
    home = folder / "reports/small"
    run(folder, only=["01"])
    assert last_alike(home, {}, 2) is None
    whole = run(folder, force=True).folder
    run(folder, only=["01"])
    assert last_alike(home, {}, 2) == whole


def test_a_public_run_writes_numbers_the_plain_way(folder: Path) -> None:
    settings = folder / "study/study.toml"
    settings.write_text(settings.read_text().replace("[study]\n", '[study]\nlocale = "de_DE"\n', 1))
    shared = PARAMETERS + '\nshare: str = "internal"  # or public'
    words = "import journeylab as jl\nfrom journeylab import show, text\n"
    words += "study = jl.open_study(study_path)\nshow.say(text.fixed(1234.5, 1))"
    for name in ("01_first", "02_second"):
        content = json.loads(notebook(words))
        content["cells"][1]["source"] = shared
        (folder / f"notebooks/{name}.ipynb").write_text(json.dumps(content))
    internal = (run(folder).folder / "01_first.html").read_text()
    assert "1.234,5" in internal
    assert "data-marks" in internal
    public = (run(folder, parameters={"share": "public"}).folder / "01_first.html").read_text()
    assert "1,234.5" in public
    assert "data-marks" not in public
