"""A page's own parts: contents, sections, sorting, filtering, copying, its policy, and tables as files."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browser import LOOKS, OUT_OF_REACH, chromium, needs_chromium, opened, show_as, violations

from journeylab import figures, html, journeys
from journeylab.findings.model import PAGES
from journeylab.report.page import Link, page, script
from journeylab.report.pages import check_page
from journeylab.report.render import render
from journeylab.report.sections import arrange, slug
from journeylab.report.tables import BLOCKS, read_tables, write_tables

REPOSITORY = Path(__file__).resolve().parents[2]

FRAME = pd.DataFrame(
    {
        "touchpoint": ["chat", "=1+1", "call", "@mail", "visit", "-shop"],
        "share": [0.123, 0.03, float("nan"), 1.0, 0.5, 0.004],
        "ci_low": [0.1, 0.01, float("nan"), 0.9, 0.4, 0.0],
        "ci_high": [0.2, 0.05, float("nan"), 1.0, 0.6, 0.01],
        "effect": [-0.012, 0.031, 0.0, float("nan"), 0.2, -0.3],
        "n": [12345, 9, 80, 1000, 7, 2],
        "median_seconds": [42.0, 600.0, 7200.0, 864000.0, float("nan"), 5.0],
    }
)
FORMATS: dict[str, html.Format] = {"effect": "points"}


def made(folder: Path) -> Path:
    """A page with a short table, a long one and a folded one."""
    short = html.table(FRAME, "Short", formats=FORMATS)
    long = html.table(pd.concat([FRAME] * 2, ignore_index=True), "Long", formats=FORMATS)
    body = (
        f"<h1>What is it?</h1><p>first</p><h2>Where they leave</h2>{short}<h3>Closer</h3><p>more</p>"
        f"<section><h2>Where they leave</h2></section><h2>Who &amp; when</h2>{long}"
        f"<details><summary>Data: folded</summary>{html.table(FRAME.head(2), 'Folded')}</details>"
    )
    links = [Link("index.html", "Overview"), Link("05_x.html", "X", True)]
    file = folder / "05_x.html"
    file.write_text(page(stem="05_x", title="X", study="S", links=links, body=body, footer="<p>end</p>"), "utf-8")
    return file


@pytest.fixture(scope="module")
def made_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


class TestSections:
    def test_headings_have_anchors_of_their_own_and_only_those_outside_everything_begin_a_section(self) -> None:
        body, headings = arrange("<h2>A b</h2><p>x</p><div><h2>A b</h2></div><h2 id='c'>C</h2><h3>Main</h3>", "01_x")
        assert [item.anchor for item in headings] == ["a-b", "c"]
        assert re.findall(r'id=[\'"]([\w-]+)', body) == ["a-b", "a-b-2", "c", "main-2"]
        assert body.count("<section>") == body.count("</div></section>") == 2

    def test_tags_as_others_write_them(self) -> None:
        body, headings = arrange("<H2\n class='x'>A &gt; b</H2 ><p>open<h2>B</h2>", "01_x")
        assert [item.text for item in headings] == ["A > b"]
        assert body.startswith('<section><H2 id="a-b" tabindex="-1"\n class=\'x\'>A &gt; b</H2 ><div class="part">')
        assert body.endswith('<h2 id="b" tabindex="-1">B</h2></div></section>')

    def test_what_has_no_headings_is_left_as_it_is(self) -> None:
        assert arrange("<h1>x</h1>\n<p>y</p>", "01_x") == ("<h1>x</h1>\n<p>y</p>", [])

    def test_a_section_in_which_nothing_is_shown_is_left_out_but_not_of_a_notebook_that_failed(self) -> None:
        def code(*said: str) -> dict[str, Any]:
            outputs = [{"output_type": "stream", "name": "stdout", "text": one} for one in said]
            return {"cell_type": "code", "metadata": {}, "source": "x = 1", "outputs": outputs}

        def words(source: str) -> dict[str, Any]:
            return {"cell_type": "markdown", "metadata": {}, "source": source}

        cells = [words("# Q?"), code(), words("## One"), code("1"), words("## Two\n\nprose two"), code(), words("and more"),
                 words("### Below two"), code(), words("## Three"), code(), words("### Below three"), code("3"),
                 words("## Four"), code(), code("claims")]  # fmt: skip
        given = {"stem": "01_x", "study": "S", "links": [], "parameters": {}, "footer": ""}
        text = render({"cells": cells}, **given)
        assert re.findall(r"<h[123][^>]*>(?:<[^>]*>)*([^<]+)", text.partition("<main")[2]) == [
            "Q?",
            "One",
            "Three",
            "Below three",
        ]
        assert "prose two" not in text
        assert "and more" not in text
        assert "<pre>claims</pre>" in text  # of the whole notebook, not of its last section
        failed = render({"cells": cells}, **given, failure={"name": "E", "message": "m"})
        assert "prose two" in failed

    def test_the_page_is_sound(self, made_page: Path) -> None:
        assert check_page(made_page) == []
        text = made_page.read_text("utf-8")
        assert '<li><a href="#who-when">Who &amp; when</a></li>' in text

    def test_every_finding_leads_to_a_heading_that_a_notebook_has(self) -> None:
        for place in PAGES.values():
            name, _, anchor = place.partition(".html#")
            cells = json.loads((REPOSITORY / f"notebooks/{name}.ipynb").read_text("utf-8"))["cells"]
            lines = [
                line
                for cell in cells
                if cell["cell_type"] == "markdown"
                for line in "".join(cell["source"]).split("\n")
            ]
            assert anchor in {slug(line.lstrip("# ")) for line in lines if line.startswith("## ")}, place


class TestFigures:
    def test_a_figure_has_its_title_and_note_as_numbered_caption(self) -> None:
        ax = figures.new_axes(width=2, height=1)
        figures.subtitle(ax, "Who <goes> no further", "n = 12 customers")
        assert figures.caption(ax) == "Who <goes> no further. n = 12 customers"
        data = {"image/png": base64.b64encode(figures.png(ax)).decode()}
        shown = {"alt": "A bar for each stage, the longest at decision", "caption": figures.caption(ax)}
        output = {"output_type": "display_data", "data": data, "metadata": {"image/png": shown}}
        cell = {"cell_type": "code", "metadata": {}, "source": "", "outputs": [output, output]}
        text = render({"cells": [cell]}, stem="01_x", study="S", links=[], parameters={}, footer="")
        for number in (1, 2):
            assert f"<figcaption>Figure {number}. Who &lt;goes&gt; no further. n = 12 customers</figcaption>" in text

    def test_a_figure_of_several_panels_has_the_beginning_of_its_alt_text(self) -> None:
        ax = figures.new_axes(width=2, height=1)
        panel = ax.figure.add_subplot()
        for each in (ax, panel):
            figures.subtitle(each, "B1")
        figures.describe(ax, "One panel a behaviour. The first has 12 journeys.")
        assert figures.caption(ax) == "One panel a behaviour"


class TestLinks:
    def test_the_first_cell_of_a_row_leads_to_a_page_of_the_run_and_nowhere_else(self) -> None:
        frame = pd.DataFrame(
            {"a": ["x", "y", "z"], "link": ["05_x.html#who-when", "javascript:alert(1)", "//example.org/a.html"]}
        )
        made = html.table(frame, "c", columns=["a"], links="link")
        assert re.findall(r'<a href="([^"]+)">(.)</a>', made) == [("05_x.html#who-when", "x")]


class TestPolicy:
    def test_it_allows_the_pages_own_script_and_styles_and_nothing_inline(self, made_page: Path) -> None:
        text = made_page.read_text("utf-8")
        found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
        assert found is not None
        policy = found[1].replace("&#x27;", "'")
        assert policy.startswith("default-src 'none'; img-src data:;")
        assert "unsafe" not in policy
        for tag in ("script", "style"):
            blocks = re.findall(f"<{tag}>(.*?)</{tag}>", text, flags=re.DOTALL)
            assert len(blocks) == 1
            mark = base64.b64encode(hashlib.sha256(blocks[0].encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{mark}'" in policy

    def test_another_script_is_a_fault(self, made_page: Path, tmp_path: Path) -> None:
        file = tmp_path / "x.html"
        file.write_text(made_page.read_text("utf-8").replace("</main>", "<script>alert(1)</script></main>"), "utf-8")
        assert check_page(file) == ["x.html: there is a script that the page's policy does not allow"]

    def test_the_script_is_small_and_needs_nothing(self) -> None:
        assert len(script().encode()) < 9_216
        assert not re.search(r"\beval\b|\bFunction\(|innerHTML|https?:|\bimport\b|\bfetch\b", script())

    @needs_chromium
    def test_a_browser_runs_nothing_else(self, made_page: Path, tmp_path: Path, browser: Any) -> None:
        file = tmp_path / "x.html"
        hostile = "<script>document.title='a'</script><p onclick=\"document.title='b'\" style='color:red'>x</p></main>"
        file.write_text(made_page.read_text("utf-8").replace("</main>", hostile), "utf-8")
        with opened(browser, file) as (view, said):
            view.locator("p[onclick]").click()
            assert view.title() == "X – S"
        assert len(said) >= 2
        assert all("Content Security Policy" in line for line in said)


class TestFiles:
    def test_tables_are_written_as_shown_with_numbers_in_one_unit(self, made_page: Path) -> None:
        written = write_tables(made_page.read_text("utf-8"), made_page.parent)
        assert [file.name for file in written] == ["05-x-01-short.csv", "05-x-02-long.csv", "05-x-03-folded.csv"]
        assert written[0].read_bytes().startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(written[0].open(encoding="utf-8-sig", newline="")))
        assert rows[0][:4] == ["Touchpoint", "Share", "95 % interval low", "95 % interval high"]
        assert rows[1] == ["chat", "0.123", "0.1", "0.2", "-0.012", "12345", "42"]
        assert rows[2] == ["'=1+1", "0.03", "0.01", "0.05", "0.031", "9", "600"]
        assert rows[3] == ["call", "", "", "", "0", "80", "7200"]
        assert [row[0] for row in rows[4:]] == ["'@mail", "visit", "'-shop"]

    def test_numbers_and_intervals_in_words_count_and_codes_and_dates_stay_text(self) -> None:
        frame = pd.DataFrame(
            {
                "id": ["007", "12a"],
                "cost": [1234.5, 7.0],
                "ends": ["+5.2 to +8.9 points", "too few"],
                "day": ["2026-05-01", "–"],
            }
        )
        body, _ = arrange(html.table(frame, "T", formats={"cost": lambda value: f"{value:,.0f}"}), "x")
        assert read_tables(body)["x-01-t.csv"] == [
            ["Id", "Cost", "Ends low", "Ends high", "Day"],
            ["007", "1234", "0.052", "0.089", "2026-05-01"],
            ["12a", "7", "too few", "", "–"],
        ]

    def test_rows_that_a_table_leaves_out_are_not_in_the_file(self) -> None:
        body, _ = arrange(html.table(FRAME, "Few", most=2, columns=["touchpoint", "n"]), "index")
        assert read_tables(body) == {"index-01-few.csv": [["Touchpoint", "n"], ["chat", "12345"], ["'=1+1", "9"]]}

    def test_what_stands_on_lines_of_its_own_is_kept_apart(self) -> None:
        cells = {
            'How they move<span class="of">on above</span>': "How they move\non above",
            'Decision<span class="x gem"><span aria-hidden="true">◆</span> moment of truth</span>': "Decision\n◆ moment of truth",
            'a<span class="nb">18 of 32</span>b<b>c</b>, d': "a18 of 32bc, d",
            "a<br>b<br/>c<hr>d": "a\nb\nc\nd",
            "<ul><li>a</li><li>b</li></ul>c<dl><dt>d</dt><dd>e</dd></dl>": "a\nb\nc\nd\ne",
            '<span class="of">a<b>b</span>c': "ab\nc",
            "a</span>b": "ab",
        }
        rows = "".join(f"<tr><td>{cell}</td></tr>" for cell in cells)
        (table,) = read_tables(f'<table><caption title="data/a.csv">c</caption>{rows}</table>').values()
        assert [row[0] for row in table] == list(cells.values())

    def test_every_class_that_the_map_puts_on_a_line_of_its_own_is_known(self) -> None:
        css = (REPOSITORY / "journeylab/journeymap/drawing/map.css").read_text("utf-8")
        own = set(re.findall(r"^\.journey-map \.(\w+)\{display:block", css, flags=re.MULTILINE))
        assert own == BLOCKS

    def test_a_caption_cannot_name_another_file(self) -> None:
        body, _ = arrange(html.table(FRAME, '../../x" title="data/y.csv'), "01_x")
        assert list(read_tables(body)) == ["01-x-01-x-title-data-y-csv.csv"]
        assert read_tables('<table><caption title="data/../x.csv">c</caption><tr><td>1</td></tr></table>') == {}


STEPS = ["home", "chat", "cart"]
ROWS = [(f"c{n}", step, STEPS[(n * (step + 1) + step) % 3]) for n in range(40) for step in range(1 + n % 4)]
STAGES = pd.DataFrame({"touchpoint": list("abcdefghijklmn"), "stage": ["before", "after"] * 7, "n": range(14)})


@pytest.fixture(scope="module")
def chosen_page(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """A page with a flow picture and tables by stage, and the flow's table."""
    start = pd.Timestamp("2026-03-01T10:00:00Z")
    events = pd.DataFrame(ROWS, columns=["customer_id", "event_time", "touchpoint"])
    events["event_time"] = [start + pd.Timedelta(minutes=step) for step in events["event_time"]]
    flow = journeys.flow(journeys.build(events))
    few = html.table(STAGES.head(2), "Each once")
    body = f"<h1>Where?</h1>{flow.to_html()}{html.table(flow.table, 'Bands')}{html.table(STAGES, 'Stages')}{few}"
    file = tmp_path_factory.mktemp("chosen") / "02_x.html"
    file.write_text(page(stem="02_x", title="X", study="S", links=[], body=body, footer="<p>end</p>"), "utf-8")
    return file, flow.table


def column(view: Any, caption: str, place: int) -> list[str]:
    """The texts of a column of the table with a caption."""
    table = view.locator("table", has=view.locator(f"caption:text-is('{caption}')"))
    return table.locator(f"tbody tr:visible > :nth-child({place})").all_inner_texts()


@needs_chromium
class TestInABrowser:
    def test_the_last_column_of_a_wide_table_is_not_cut_off(self, tmp_path: Path, browser: Any) -> None:
        words = "the interval holds zero: the data cannot tell; a test is not feasible at the present number of visits"
        row = {"touchpoint": "comparison page", "decision": "not known", "brings a year (EUR)": -71_992.0,
               "interval of it": "−80,910 to −63,075", "effect in points": "−5.0 points", "between": "−6.3 to −3.6 points",
               "visits with it": 5_307, "grade": "C", "met it, less others": "+18.8 points", "why": words}  # fmt: skip
        body = html.table(pd.DataFrame([row] * 3), "What to do")
        file = tmp_path / "07_x.html"
        file.write_text(
            page(stem="07_x", title="X", study="S", links=[Link("index.html", "Overview")], body=body, footer="")
        )
        # 1,008 pixels are what the contents beside it leave of a screen of 1,280
        with opened(browser, file, viewport={"width": 1048, "height": 900}) as (view, _):
            shown = view.evaluate(
                "(() => { const d = document.querySelector('.scroll'); return [d.clientWidth, d.scrollWidth] })()"
            )
        assert shown == [1008, 1008]

    def test_columns_sort_by_number_with_what_is_missing_last(self, made_page: Path, browser: Any) -> None:
        with opened(browser, made_page) as (view, said):
            table = view.locator("table", has=view.locator("caption:text-is('Short')"))
            head = table.locator("thead th")
            before = column(view, "Short", 1)
            head.nth(3).locator("button").click()
            assert head.nth(3).get_attribute("aria-sort") == "ascending"
            assert column(view, "Short", 4)[:5] == [
                "−30.0 points",
                "−1.2 points",
                "0.0 points",
                "+3.1 points",
                "+20.0 points",
            ]
            assert column(view, "Short", 4)[5] == "–"
            head.nth(3).locator("button").press("Enter")
            assert head.nth(3).get_attribute("aria-sort") == "descending"
            assert column(view, "Short", 4)[0] == "+20.0 points"
            assert column(view, "Short", 4)[5] == "–"
            head.nth(3).locator("button").press("Enter")
            assert column(view, "Short", 1) == before
            head.nth(4).locator("button").click()
            assert column(view, "Short", 5) == ["2", "7", "9", "80", "1,000", "12,345"]
            head.nth(5).locator("button").click()
            assert column(view, "Short", 6) == ["5 s", "42 s", "10 min", "2.0 h", "10 days", "–"]
            assert head.nth(4).get_attribute("aria-sort") is None
            head.nth(0).locator("button").click()
            assert column(view, "Short", 1)[-3:] == ["call", "chat", "visit"]
        assert said == []

    def test_long_tables_filter_and_what_is_left_is_copied_as_the_file_has_it(
        self, made_page: Path, browser: Any
    ) -> None:
        options = {"permissions": ["clipboard-read", "clipboard-write"]}
        with opened(browser, made_page, **options) as (view, said):
            assert view.locator("input[type=search]").count() == 1
            copy = view.get_by_role("button", name="Copy as CSV: Long")
            copy.click()
            view.get_by_text("Copied; in the run it is data/05-x-02-long.csv").wait_for()
            copied = view.evaluate("navigator.clipboard.readText()")
            written = read_tables(made_page.read_text("utf-8"))["05-x-02-long.csv"]
            assert list(csv.reader(copied.splitlines())) == written
            view.get_by_label("Filter rows: Long").fill("CH")
            assert column(view, "Long", 1) == ["chat", "chat"]
            copy.click()
            view.get_by_text("Copied").wait_for()
            view.wait_for_function("navigator.clipboard.readText().then((text) => text.split('\\r\\n').length === 4)")
        assert said == []

    def test_touchpoints_of_a_flow_light_the_bands_through_them(
        self, chosen_page: tuple[Path, pd.DataFrame], browser: Any
    ) -> None:
        file, table = chosen_page
        assert check_page(file) == []
        with opened(browser, file) as (view, said):
            home, chat = (view.get_by_role("button", name=re.compile(f"^{name}, step {step}:")) for name, step in
                          (("home", 1), ("chat", 2)))  # fmt: skip
            out = (table["step"] == 1) & (table["from_touchpoint"] == "home")
            home.press("Enter")
            assert view.locator(".lit").count() == out.sum()
            assert home.get_attribute("aria-pressed") == "true"
            home.press("Escape")
            assert view.locator("svg.on").count() == 0
            view.keyboard.press("Tab")
            assert view.locator("svg.on .lit").count() > 0  # the focus alone lights what goes through
            assert view.locator("[aria-pressed=true]").count() == 0
            home.click()
            chat.click()
            onward = (table["step"] == 2) & (table["from_touchpoint"] == "chat")
            between = table[out & (table["to_touchpoint"] == "chat")]
            assert view.locator(".lit").count() == onward.sum() + len(between)
            told = view.locator("figure [role=status]").inner_text()
            assert f"home → chat, step 1 to 2: {between['n'].iloc[0]} journeys" in told
            view.keyboard.press("Escape")
            assert view.locator("[aria-pressed=true]").count() == 0
        with opened(browser, file, java_script_enabled=False) as (view, _):
            assert view.locator("svg.flow[role=img]").count() == 1
            assert view.locator("svg.flow [tabindex], select").count() == 0
        assert said == []

    def test_a_table_by_stage_shows_the_rows_of_one_also_sorted_searched_and_copied(
        self, chosen_page: tuple[Path, pd.DataFrame], browser: Any
    ) -> None:
        with opened(browser, chosen_page[0], permissions=["clipboard-read", "clipboard-write"]) as (view, said):
            assert view.locator("select").count() == 1
            chooser = view.get_by_label("Stage: Stages")
            assert chooser.locator("option").all_inner_texts() == ["all", "before", "after"]
            chooser.select_option("after")
            assert column(view, "Stages", 1) == list("bdfhjln")
            table = view.locator("table", has=view.locator("caption:text-is('Stages')"))
            for _ in range(2):
                table.locator("thead button").nth(2).click()
            assert column(view, "Stages", 1) == list("nljhfdb")
            view.get_by_label("Filter rows: Stages").fill("1")
            assert column(view, "Stages", 3) == ["13", "11", "1"]
            view.get_by_role("button", name="Copy as CSV: Stages").click()
            view.wait_for_function("navigator.clipboard.readText().then((text) => text.split('\\r\\n').length === 5)")
            chooser.select_option("all")
            assert column(view, "Stages", 3) == ["13", "12", "11", "10", "1"]
        assert said == []

    def test_sections_fold_and_a_link_opens_the_one_it_leads_to(self, made_page: Path, browser: Any) -> None:
        with opened(browser, made_page) as (view, said):
            fold = view.get_by_role("button", name="Who & when")
            table = view.locator("caption:text-is('Long')")
            assert fold.get_attribute("aria-expanded") == "true"
            fold.press("Enter")
            assert fold.get_attribute("aria-expanded") == "false"
            assert not table.is_visible()
            view.get_by_role("link", name="Who & when").press("Enter")
            table.wait_for(state="visible")
            fold.press("Enter")
            view.emulate_media(media="print")
            assert table.is_visible()
            assert not fold.evaluate("node => getComputedStyle(node, '::before').display !== 'none'")
        assert said == []

    def test_the_keyboard_reaches_every_control(self, made_page: Path, browser: Any) -> None:
        with opened(browser, made_page) as (view, _):
            wanted = view.locator("a[href], button, input, summary, .scroll").filter(visible=True).count()
            view.keyboard.press("Tab")
            assert view.evaluate("document.activeElement.className") == "skip"
            reached = 1
            while reached < wanted + 5:
                view.keyboard.press("Tab")
                if view.evaluate("document.activeElement === document.body"):
                    break
                reached += 1
            assert reached == wanted

    def test_contents_stay_beside_on_a_wide_screen_and_fold_on_a_phone(self, made_page: Path, browser: Any) -> None:
        for width, wide in ((1280, True), (390, False)):
            size = {"width": width, "height": 844}
            with opened(browser, made_page, viewport=size) as (view, said):
                assert view.locator("#contents").evaluate("node => node.open") is wide
                assert (view.locator("nav.contents").bounding_box()["width"] < 300) is wide
                assert violations(view) == []
                assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert said == []

    def test_flow_and_choosers_are_for_everyone_in_every_look(
        self, chosen_page: tuple[Path, pd.DataFrame], browser: Any
    ) -> None:
        with opened(browser, chosen_page[0]) as (view, said):
            for look in LOOKS:
                show_as(view, look)
                assert violations(view) == [], look
                view.keyboard.press("Tab")
                assert view.evaluate(OUT_OF_REACH) == [], look
            view.evaluate("document.querySelector('button').tabIndex = -1")
            assert len(view.evaluate(OUT_OF_REACH)) == 1
        assert said == []

    def test_without_scripts_everything_is_open(self, made_page: Path, browser: Any) -> None:
        with opened(browser, made_page, java_script_enabled=False) as (view, said):
            assert view.locator("caption:text-is('Long')").is_visible()
            assert view.get_by_role("link", name="Who & when").is_visible()
            assert view.locator("button").count() == 0
        assert said == []
