"""The drawn map: whole, honest about its evidence, safe with any words, aligned, and small."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browser import chromium, needs_chromium, opened
from hypothesis import HealthCheck, given, settings
from PIL import Image

from journeylab import journeymap
from journeylab.errors import ReportError
from journeylab.html import escape
from journeylab.journeymap import Cell, Change, Edit, JourneyMap, Lane, Move, Word
from journeylab.journeymap.drawing.cell import bar, content, foot
from journeylab.journeymap.drawing.curve import piece, y
from journeylab.journeymap.drawing.fitting import fit, width
from journeylab.journeymap.drawing.moves import LEAST, arcs, base, ends, strip
from journeylab.journeymap.drawing.picture import footer
from journeylab.journeymap.drawing.table import GROUPS
from journeylab.journeymap.model import assemble, empty, grade
from journeylab.report.page import page
from journeylab.report.pages import check_page
from journeylab.report.sections import VOID
from tests.journeymap.test_exchange import LONG_MAP, maps

STAGES = ("awareness", "consideration", "decision", "purchase", "evaluation", "use", "care", "coming again")
HOSTILE = "<script>alert(1)</script>\"' onload='x' & 3 of 4 (1 to 2) </style><b>"


def filled(stages: tuple[str, ...] = STAGES[:5]) -> JourneyMap:
    """A map with every lane, moves of all kinds, a gap in the curve and words of the team."""
    lanes = []
    for kind in (kind for kinds in GROUPS.values() for kind in kinds):
        cells = []
        for place, stage in enumerate(stages):
            n, source = (40, "coded interviews") if place % 2 else (12, "web analytics, orders")
            k = 10 + place
            lines = (f"{kind} at {stage}: {k} of 60", "a second line that is somewhat longer than the column is wide")
            cells.append(Cell(lines, "", n, grade(n), k / 60, 0.1, 0.4, "bad" if place == 2 else "", source, unit="people",
                              until="2025-12-31"))  # fmt: skip
        if kind == "moments":
            cells = [cell if place == 2 else empty("too small an effect") for place, cell in enumerate(cells)]
        if kind == "feeling":
            values = [0.2, 0.5, -0.6, math.nan, 0.4, -0.2, 0.1, 0.3]
            cells = [
                Cell((f"{values[place]:+.1f}",), n=39, evidence="strong", value=values[place], low=values[place] - 0.1,
                     high=values[place] + 0.1, unit="people", source="coded interviews", until="2025-12-31")
                if values[place] == values[place]
                else empty("nobody spoke of it")
                for place in range(len(stages))
            ]  # fmt: skip
        lanes.append(Lane(kind, f"Lane {kind}", tuple(cells)))
    first = lanes[1].cells[1]
    said = Cell(first.lines, n=first.n, evidence="strong", said=Word("Named", "Ann", "", "Not so", "we saw it"))
    lanes[1] = Lane(lanes[1].kind, lanes[1].title, (lanes[1].cells[0], said, *lanes[1].cells[2:]))
    steps = [(0, 1, 0.9), (1, 2, 0.6), (2, 3, 0.5), (3, 4, 0.4), (0, 2, 0.07), (2, 1, 0.3), (3, 0, 0.12), (2, 2, 0.4),
             (4, 0, 0.04), (4, 4, 0.02)]  # fmt: skip
    moves = tuple(
        Move(stages[a], stages[b], round(200 * share), share, share - 0.02, share + 0.02) for a, b, share in steps
    )
    return assemble("A study", stages, tuple(lanes), data_until="2025-12-31", moves=moves)


class Parts(HTMLParser):
    """Tags with their attributes, whether all are closed, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str]]:
        return [given for name, given in self.tags if name == tag]


def test_every_heading_has_its_scope_and_every_cell_its_lane() -> None:
    journey = filled()
    parts = Parts(journey.to_html())
    assert not parts.open
    scopes = [given["scope"] for given in parts.of("th")]
    lanes = len(journey.lanes)
    assert set(scopes) == {"col", "row"}
    assert scopes.count("row") >= lanes + len(GROUPS)
    cells = [given for given in parts.of("td") if "data-label" in given]
    assert len(cells) == (lanes + 1) * len(journey.stages), "and one of where they go from there"
    assert {given["data-label"] for given in cells} == {lane.title for lane in journey.lanes} | {
        "Where they go from here"
    }
    assert not [given for _, given in parts.tags if "style" in given or any(name.startswith("on") for name in given)]


def test_words_from_data_stay_words_wherever_they_stand() -> None:
    word = Word(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    cell = Cell(
        (HOSTILE, HOSTILE), HOSTILE, 40, "strong", 0.1, 0.05, 0.2, "bad", HOSTILE, "team", word, HOSTILE, HOSTILE
    )
    bare = Cell((), HOSTILE, said=word)
    stages = (HOSTILE, f"{HOSTILE}2")
    kinds = ("feeling", "pains", "kpi", "quotes", "moments", HOSTILE)
    lanes = tuple(Lane(kind, HOSTILE, (cell, bare)) for kind in kinds)
    journey = assemble(HOSTILE, stages, lanes, unplaced=(Edit(HOSTILE, HOSTILE, word, HOSTILE),), behaviour=HOSTILE,
                       moves=(Move(*stages, 5, 0.5), Move(HOSTILE, HOSTILE, 3, 0.3), Move("gone", HOSTILE, 1, 1e-300)))  # fmt: skip
    changes = {("pains", HOSTILE): Change(0.5, -0.4, -0.5, -0.3, True)}
    for html in (journey.to_html(), journeymap.gallery([journey], journey), journeymap.beside(journey, changes)):
        parts = Parts(html)
        tags = {tag for tag, _ in parts.tags}
        assert not tags & {"script", "b", "img", "iframe"}
        assert not [given for _, given in parts.tags if any(name.startswith("on") for name in given)]
        assert len(re.findall("</style>", html)) == 1
        assert parts.text.count("<script>alert(1)</script>") > 30


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(journey=maps())
def test_any_map_that_a_file_can_hold_is_drawn(journey: JourneyMap) -> None:
    assert not Parts(journey.to_html()).open


def test_the_foot_says_what_the_lines_do_not() -> None:
    given: dict[str, Any] = {
        "n": 39,
        "unit": "people",
        "evidence": "strong",
        "source": "coded interviews",
        "until": "2025-12-31",
    }
    ends = {"value": -0.574, "low": -0.65, "high": -0.5}

    def said(lines: tuple[str, ...], kind: str, **more: Any) -> str:
        return Parts(foot(Cell(lines, **given, **more), kind)).text.replace("\u00a0", " ")

    assert said(("Quiet",), "feeling", **ends) == (
        "strong evidence: n = 39 people · −0.6 (−0.65 to −0.50) · coded interviews to 2025-12-31"
    )
    assert (
        said(("−0.6 (−0.65 to −0.50)", "39 people"), "feeling", **ends)
        == "strong evidence: coded interviews to 2025-12-31"
    )
    share = {"value": 0.8, "low": 0.67, "high": 0.89}
    assert said(("Late: 12 of 39",), "pains", **share).startswith(
        "strong evidence: one or more named: 80.0 % (67.0 to 89.0 %) ·"
    )
    assert "n = 39" in said(("139 of 390", "3.39"), "actions"), "another number is not n"
    assert foot(Cell(("a",)), "goal") == ""


def test_bars_and_signs_say_what_the_lines_say() -> None:
    pains = content(Cell(("Late: 12 of 24", "Rude: 6 of 24"), n=24), "pains")
    assert re.findall(r'class="part" d="M0,1H([\d.]+)V', pains) == ["50.0", "25.0"]
    trouble = content(Cell(("100.0 % seen", "40.0 % (30.0 to 50.0 %)"), n=24, value=0.4, low=0.3, high=0.5), "trouble")
    assert re.findall(r'class="(?:part|ends)" d="([^"]+)"', trouble) == ["M0,1H40.0V5H0z", "M30.0,1v4m0,-2H50.0m0,-2v4"]
    assert "svg" not in content(Cell(("100.0 % seen",), n=24, value=0.0), "trouble"), "0.0 % is not in 100.0 %"
    assert "H100.0V" in bar(3.0)
    goals = content(
        Cell(("open house: 5, goal 6, missed", "order: 8, goal 6, met", "calls: 6, goal 6, open"), n=9), "kpi"
    )
    assert re.findall(r'<span class="(\w+)" aria-hidden="true">(.)</span>', goals) == [
        ("missed", "✗"),
        ("met", "✓"),
        ("open", "○"),
    ]


def test_evidence_is_told_by_class_and_word_and_empty_cells_say_why() -> None:
    cells = (Cell(("a",), n=40, evidence="strong"), Cell(("b",), n=9, evidence="some"), empty("not asked"))
    html = assemble("t", STAGES[:3], (Lane("pains", "Pains", cells),)).to_html()
    assert [given["class"] for given in Parts(html).of("td") if "data-label" in given] == [
        "c strong",
        "c some",
        "c empty",
    ]
    assert "strong evidence" in html
    assert "some evidence" in html
    assert "<p>not asked</p>" in html


def test_each_of_several_empty_cells_says_why_to_a_reader_and_to_a_pointer() -> None:
    reason = 'nobody was asked <of "it">'
    cells = (empty(reason), empty(reason), empty("other"), Cell(("a",), n=40, evidence="strong"))
    html = assemble("t", STAGES[:4], (Lane("pains", "Pains", cells),)).to_html()
    given = [one for one in Parts(html).of("td") if "data-label" in one]
    assert [one.get("title") for one in given] == [None, reason, None, None]
    assert ["again" in one["class"] for one in given] == [False, True, False, False]
    assert html.count("<p>nobody was asked &lt;of &quot;it&quot;&gt;</p>") == 2  # hidden from the eye only


def test_the_curve_meets_at_the_columns_and_does_not_cross_a_gap() -> None:
    cells = [*filled().lane("feeling").cells]  # type: ignore[union-attr]
    pieces = [piece(cells, place) for place in range(len(cells))]
    kinds = [re.findall(r'<path class="(way|gap|dot|band|ends)"', drawn) for drawn in pieces]
    assert [found.count("way") for found in kinds] == [1, 2, 1, 0, 0]
    assert [found.count("gap") for found in kinds] == [0, 0, 1, 1, 1], "dashed over the stage of which nobody spoke"
    assert [found.count("dot") for found in kinds] == [1, 1, 1, 0, 1]
    assert [found.count("band") for found in kinds] == [1, 2, 1, 0, 0]
    right = re.findall(r'class="way" d="M50,[\d.]+C[^"]* 100,([\d.]+)"', pieces[0])
    left = re.findall(r'class="way" d="M50,[\d.]+C[^"]* 0,([\d.]+)"', pieces[1])
    assert right == left == [f"{(y(0.2) + y(0.5)) / 2:.1f}"]
    gap = [tuple(map(float, found)) for drawn in pieces[2:] for found in
           re.findall(r'class="gap" d="M([\d.]+),([\d.]+)L([\d.]+),([\d.]+)"', drawn)]  # fmt: skip
    assert [(a, c) for a, _, c, _ in gap] == [(50, 100), (0, 100), (0, 50)]
    assert gap[0][3] == gap[1][1]
    assert gap[1][3] == gap[2][1]
    assert "way" not in piece([cells[0]], 0)


def test_moves_are_drawn_within_their_strip_by_the_stated_rule() -> None:
    journey = filled()
    drawn = arcs(journey)
    assert {(arc.start, arc.end) for arc in drawn} == {
        (0, 1),
        (1, 2),
        (2, 3),
        (3, 4),
        (0, 2),
        (2, 1),
        (3, 0),
        (2, 2),
        (4, 4),
    }
    assert LEAST == 0.05
    for arc in drawn:
        assert all(0 < end < 5 for end in ends(arc))
    html = strip(journey)
    height = int(re.search(r'<svg height="(\d+)"', html)[1])  # type: ignore[index]
    assert all(0 <= float(x) <= 100 for x in re.findall(r' x="([\d.-]+)%"', html))
    assert all(0 <= float(found) <= height for found in re.findall(r'<text[^>]* y="([\d.-]+)"', html))
    assert "90 % go on" in html
    assert "180 of 200" in html
    assert "30 % go back" in html
    assert "7 % skip on" in html
    assert "40 % go round" in html
    table = journey.to_html().partition("<details")[2]
    assert table.count("<tr>") == 1 + len(journey.moves), "the table has those under 5 % as well"
    assert base(Move("a", "b", 6, 0.1)) == 60
    assert strip(assemble("t", STAGES[:2], ())) == ""


def test_eight_stages_and_every_lane_stay_under_the_limits(tmp_path: Path) -> None:
    journey = filled(STAGES)
    assert len(journey.lanes) >= 16
    assert len(journey.to_html().encode()) < 300_000
    each = assemble("A study", STAGES, otherwise(journey), behaviour="browsers", moves=journey.moves)
    shown = journeymap.gallery({str(number): each for number in range(5)}, journey)
    file = tmp_path / "x.html"
    file.write_text(page(stem="x", title="t", study="s", links=(), body=f"<h1>h</h1><h2>m</h2>{shown}", footer=""))
    assert check_page(file) == []


def otherwise(journey: JourneyMap) -> tuple[Lane, ...]:
    """The lanes of a map with another word in each cell."""
    return tuple(
        dataclasses.replace(
            lane, cells=tuple(dataclasses.replace(cell, lines=(*cell.lines, "more")) for cell in lane.cells)
        )
        for lane in journey.lanes
    )


def test_a_behaviour_is_drawn_with_what_is_its_own() -> None:
    journey = filled()
    first, *rest = journey.lanes
    own = assemble(
        "A study", journey.stages, (*otherwise(assemble("t", journey.stages, (first,))), *rest), behaviour="browsers"
    )
    html = journeymap.gallery([own], journey).partition("<h3>Browsers</h3>")[2]
    rows = re.findall(r'<th role="rowheader"[^>]*>(?:<[^>]+>)*([^<]+)', html)
    assert escape(first.title) in rows
    assert not {escape(lane.title) for lane in rest} & set(rows)
    left = re.search(r'<p class="key">As on the map of all customers[^<]*</p>', html)
    assert left is not None
    assert all(escape(lane.title) in left[0] for lane in rest)


def test_a_gallery_names_every_map_and_shows_one() -> None:
    journey = filled()
    named = [assemble("A study", journey.stages, journey.lanes, behaviour=name) for name in ("browsers", "buyers")]
    html = journeymap.gallery(named, journey)
    parts = Parts(html)
    radios = [given for given in parts.of("input") if given["type"] == "radio"]
    assert len({given["name"] for given in radios}) == 2
    assert len(radios) == 3 + 1 + len(journey.stages)
    assert re.findall(r"<h3>([^<]+)</h3>", html) == ["All customers", "Browsers", "Buyers"]
    assert len(parts.of("style")) == 1
    assert journeymap.gallery([], journey) == journey.to_html()


def test_a_map_beside_the_last_says_what_was_and_what_changed() -> None:
    cells = (
        Cell(("72.7 % (72.0 to 73.4 %)",), n=99, value=0.727),
        Cell(("10.0 %",), n=99, value=0.1),
        Cell(("5.0 %",), value=0.05),
    )
    journey = assemble("t", STAGES[:3], (Lane("trouble", "Trouble", cells), Lane("customers", "Customers", cells)))
    html = journeymap.beside(
        journey,
        {
            ("trouble", "awareness"): (0.681, 0.046, 0.03, 0.062, True),
            ("trouble", "consideration"): Change(0.12, -0.02, -0.06, 0.02),
            ("trouble", "decision"): Change(0.2),
            ("customers", "awareness"): Change(0.681, 0.046, 0.03, 0.062, True),
            ("gone", "awareness"): Change(1.0),
        },
    )
    notes = [Parts(found).text for found in re.findall(r'<p class="was">.*?</p>', html)]
    assert notes == [
        "was 68.1 %: ▲ up, worse +4.6 points (+3.0 to +6.2 points)",
        "was 12.0 %: no clear change, −2.0 points (−6.0 to +2.0 points)",
        "was 20.0 %",
        "was 68.1 %: ▲ up, more +4.6 points (+3.0 to +6.2 points)",
    ]

    class Compared:
        table = pd.DataFrame(
            [("trouble", "awareness", 0.681, 0.046, 0.03, 0.062, "rose"), ("trouble", "decision", *[math.nan] * 4, "came")],
            columns=["kind", "stage", "before", "difference", "ci_low", "ci_high", "change"],
        )  # fmt: skip

    assert [
        Parts(found).text for found in re.findall(r'<p class="was">.*?</p>', journeymap.beside(journey, Compared()))
    ] == notes[:1]


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_words_have_the_contrast_that_a_checker_cannot_see_on_edges_and_hatching() -> None:
    sheet = (resources.files("journeylab.journeymap.drawing") / "map.css").read_text(encoding="utf-8")
    looks = [
        dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3,6})", block))
        for block in re.findall(r"\{(--ink.*?)\}", sheet, re.DOTALL)
    ]
    assert len(looks) == 2
    tints = ["paper", "tint", "pale", "bad-tint", "bad-pale", "good-tint", "good-pale", "hatch"]
    pairs = [(ink, tint) for ink in ("ink", "soft", "team") for tint in tints]
    pairs += [("head-ink", "head"), ("gem", "head"), ("bad", "bad-tint"), ("bad", "bad-pale"), ("good", "good-tint"),
              ("good", "good-pale"), ("truth", "tint"), ("truth", "bad-tint"), ("link", "paper")]  # fmt: skip
    for look in looks:
        whole = {
            name: value if len(value) == 7 else "#" + "".join(2 * sign for sign in value[1:])
            for name, value in looks[0].items()
        }
        whole |= {
            name: value if len(value) == 7 else "#" + "".join(2 * sign for sign in value[1:])
            for name, value in look.items()
        }
        for ink, ground in pairs:
            light, dark = sorted((_luminance(whole[ink]), _luminance(whole[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground, whole[ink], whole[ground])


def test_a_slide_has_its_size_and_nothing_but_a_picture_in_it(tmp_path: Path) -> None:
    journey = filled(STAGES)
    file = journey.to_png(tmp_path / "map.png")
    with Image.open(file) as picture:
        assert picture.size == (1920, 1080)
        assert picture.info == {}
    kinds = [file.read_bytes()[place + 4 : place + 8] for place in _chunks(file.read_bytes())]
    assert set(kinds) <= {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
    assert LONG_MAP.to_png(tmp_path / "long.png", width=640, height=480).is_file()
    with pytest.raises(ReportError, match="give for example width=1920, height=1080"):
        journey.to_png(tmp_path / "map.png", width=100, height=100)
    assert "12 people" not in footer(journey)
    assert footer(journey).startswith(
        "n up to 40 people a cell · Sources: web analytics, orders, coded interviews · data to 2025-12-31"
    )


@pytest.mark.parametrize("path", [None, "", 5])
def test_what_is_no_name_of_a_file_is_told_before_the_map_is_drawn(path: object) -> None:
    journey = filled(STAGES)
    for write, such in ((journey.to_png, "map.png"), (journey.to_xlsx, "map.xlsx")):
        with pytest.raises(ReportError, match=f"Found {path!r}, expected the name of a file .*'{such}'"):
            write(path)


def _chunks(content: bytes) -> Iterator[int]:
    place = 8
    while place < len(content):
        yield place
        place += 12 + int.from_bytes(content[place : place + 4], "big")


def test_words_on_a_slide_fit_their_box() -> None:
    words = [
        "Seeing it in three dimensions took away my fear",
        "Donaudampfschifffahrtsgesellschaftskapitän",
        "x" * 50_000,
    ]
    lines = fit(words, 80.0, 6, lambda word: width(word, 11))
    assert len(lines) == 6
    assert lines[-1].endswith("…")
    assert all(width(line, 11) <= 80 for line in lines)
    assert fit(["28\u00a0of\u00a046 named"], 9, 2, len) == ["28\u00a0of\u00a046", "named"]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    journey = filled()
    other = assemble("A study", journey.stages, otherwise(journey), behaviour="browsers")
    file = tmp_path_factory.mktemp("drawn") / "map.html"
    shown = journeymap.gallery([other], journey)
    file.write_text(
        page(stem="m", title="t", study="s", links=(), body=f"<h1>h</h1><h2>m</h2>{shown}", footer=""), encoding="utf-8"
    )
    return file


@needs_chromium
def test_in_a_browser_curve_and_moves_lie_on_the_columns_and_the_keyboard_chooses(drawn: Path) -> None:
    middle = (
        "all => all.map(one => { const at = one.getBoundingClientRect(); return Math.round(at.left + at.width / 2) })"
    )
    with chromium() as browser:
        with opened(browser, drawn, viewport={"width": 1280, "height": 900}) as (view, said):
            one = view.locator(".one.n0")
            heads = one.locator(".map thead th").evaluate_all(middle)
            for shapes in (".curve > svg", ".pill"):
                placed = one.locator(shapes).evaluate_all(middle)
                assert all(abs(a - b) <= 2 for a, b in zip(heads, placed, strict=True)), shapes
            assert view.locator("td.c:visible").count() == one.locator("td.c").count() - len(heads)
            view.get_by_role("radio", name="all customers").focus()
            view.keyboard.press("ArrowRight")
            assert view.get_by_role("heading", name="Browsers").is_visible()
            assert not one.is_visible()
            view.keyboard.press("Tab")
            view.keyboard.press("ArrowRight")
            (head,) = view.locator(".map thead th:visible").all_inner_texts()
            assert head.startswith("Awareness")
            view.keyboard.press("ArrowLeft")
            before = view.locator("td.c:visible").count()
            view.get_by_role("checkbox", name="Show: What they say").last.press("Space")
            assert view.locator("td.c:visible").count() == before - 5 * len(GROUPS["What they say"])
            assert said == []
        for scheme in ("light", "dark"):
            options: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "color_scheme": scheme}
            with opened(browser, drawn, **options) as (view, said):
                from axe_playwright_python.sync_playwright import Axe

                found = Axe().run(
                    view, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
                )
                assert found.response["violations"] == []
                assert view.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
                tops = view.locator(".one.n0 .map thead th, .one.n0 td.c").evaluate_all(
                    "all => all.map(one => [one.getBoundingClientRect().top, one.tagName + one.cellIndex])"
                )
                order = [name for _, name in sorted(tops)]
                lanes = len(filled().lanes) + 1
                expected = [name for place in range(1, 6) for name in (f"TH{place}", *[f"TD{place}"] * lanes)]
                assert order == expected, "stage by stage"
                assert said == []
