"""Words from data are text in every page: markup is shown, not obeyed, and nothing is executed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from browser import chromium, needs_chromium, opened
from small import write_small

from journeylab.cli import main
from journeylab.report.pages import check_page
from journeylab.report.tables import NUMBER

TOUCHPOINT = "<script>alert(1)</script> chat"
CODE = "<img src=x onerror=alert(2)> slow"
QUOTE = '=HYPERLINK(""http://example.org"",""click"") </pre></main><h1>the page was slow</h1>'
TITLE = "A <b>small</b> & {{ study }} $x$ study"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All nine notebooks, run on a study whose names and quotes are markup, formulas and templates."""
    folder = write_small(tmp_path_factory.mktemp("hostile") / "study")
    for file in [folder / "study.toml", *(folder / "raw").glob("*.csv")]:
        text = file.read_text(encoding="utf-8")
        text = text.replace("A small study", TITLE).replace(
            "the page was slow", f'"{QUOTE}"' if file.suffix == ".csv" else ""
        )
        text = text.replace(",slow,", f",{CODE},").replace("\nslow,", f"\n{CODE},")
        text = text.replace(",chat\n", f",{TOUCHPOINT}\n").replace('match = "chat"', f'match = "{TOUCHPOINT}"')
        file.write_text(text, encoding="utf-8")
    codings = (folder / "raw/codings.csv").read_text(encoding="utf-8").replace('</h1>" ', "</h1> ").splitlines()
    lines = [line if QUOTE not in line or line.endswith('"') else f'{line}"' for line in codings]
    (folder / "raw/codings.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert main(["run", str(folder), "--reports", str(folder.parent / "reports")]) == 0
    return folder.parent / "reports/small/latest"


def test_every_page_is_sound(report: Path) -> None:
    pages = sorted(report.glob("*.html"))
    assert len(pages) == 10
    for page in pages:
        assert check_page(page) == []
        text = page.read_text(encoding="utf-8")
        assert text.count("<script") == 1  # the page's own, which check_page holds against the policy
        assert "<img src=x" not in text
        assert "<b>small" not in text


def test_no_table_of_the_run_holds_a_formula(report: Path) -> None:
    files = sorted((report / "data").glob("*.csv"))
    cells = [cell for file in files for row in csv.reader(file.open(encoding="utf-8-sig", newline="")) for cell in row]
    assert any(cell.startswith("'=HYPERLINK(") for cell in cells)
    assert not [cell for cell in cells if cell[:1] in set("=+-@") and not NUMBER.fullmatch(cell)]


def test_the_words_are_there_as_text(report: Path) -> None:
    everything = "".join(page.read_text(encoding="utf-8") for page in report.glob("*.html"))
    assert "&lt;script&gt;alert(1)&lt;/script&gt; chat" in everything
    assert "&lt;img src=x onerror=alert(2)&gt; slow" in everything
    assert "=HYPERLINK(" in everything
    assert "{{ study }}" in everything


@needs_chromium
def test_nothing_runs_in_a_browser(report: Path) -> None:
    with chromium() as browser:
        for file in sorted(report.glob("*.html")):
            with opened(browser, file) as (page, said):
                assert page.locator("script").count() == 1
                assert page.locator("h1").count() == 1
                assert page.locator("img[onerror]").count() == 0
            assert said == []
