"""The pages of real runs in a browser: readable by everyone, on a phone, in the dark, with the network off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browser import chromium, needs_chromium, opened

from journeylab.report.pages import check_page

REPOSITORY = Path(__file__).resolve().parents[2]
STUDIES = ("shop", "olist", "completejourney", "merch-store", "serdif")
RUNS = {name: REPOSITORY / f"reports/{name}/latest" for name in STUDIES}
NAMES = ["index", *(file.stem for file in sorted((REPOSITORY / "notebooks").glob("0*.ipynb")))]
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


def page_of(study: str, name: str) -> Path:
    file = RUNS[study] / f"{name}.html"
    if not file.is_file():
        pytest.skip(f"needs a run of data/{study}; make it with: make report STUDY=data/{study}")
    return file


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.mark.parametrize("study", RUNS)
@pytest.mark.parametrize("name", NAMES)
class TestEachPage:
    def test_stands_alone_and_has_captions_scopes_and_alt_texts(self, study: str, name: str) -> None:
        assert check_page(page_of(study, name)) == []

    @needs_chromium
    def test_no_error_no_request_and_nothing_that_axe_finds(self, study: str, name: str, browser: Any) -> None:
        from axe_playwright_python.sync_playwright import Axe

        file = page_of(study, name)
        for look, options in LOOKS.items():
            with opened(browser, file, **options) as (page, said):
                found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
                wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            problems = [f"{item['id']}: {node['html'][:150]}" for item in found for node in item["nodes"][:3]]
            assert problems == [], look
            assert said == [], look
            assert wide <= 0, f"{look}: the page scrolls sideways by {wide} px"


@pytest.mark.parametrize("study", RUNS)
def test_the_first_screen_answers_the_five_questions(study: str) -> None:
    text = page_of(study, "index").read_text(encoding="utf-8").partition("<main")[2]
    answers = json.loads((RUNS[study] / "results/headline.json").read_text(encoding="utf-8"))
    assert len(answers) == 5
    places = [text.index(item["question"]) for item in answers]
    assert places == sorted(places)
    assert places[-1] < text.index("The statements that matter")


@needs_chromium
@pytest.mark.parametrize("study", ["shop", "olist", "serdif"])
def test_the_first_screen_tells_where_what_they_say_what_to_do_and_how_sure(study: str, browser: Any) -> None:
    with opened(browser, page_of(study, "index"), **LOOKS["light"]) as (page, _):
        boxes = page.locator("dl.answers > div").all()
        seen = [box.inner_text() for box in boxes if (at := box.bounding_box()) and at["y"] + at["height"] <= 900]
    stages = pd.DataFrame(json.loads((RUNS[study] / "results/joint_stage.json").read_text(encoding="utf-8"))["table"])
    worst = stages.loc[stages["trouble"].astype(float).idxmax()]
    questions = ("Where do they leave", "What do they say there", "What should we do", "How sure are we")
    where, said, act, sure = (next(text for text in seen if text.startswith(question)) for question in questions)
    assert worst["stage"] in where
    assert f"{100 * worst['trouble']:.0f} %" in where
    name, _, count = worst["top_pain"].rpartition(" (")
    assert name in said
    assert f"{count.rstrip(')')} of {worst['n_asked']:,} people" in said
    decisions = RUNS[study] / "results/decisions.json"
    rows = json.loads(decisions.read_text(encoding="utf-8"))["table"] if decisions.is_file() else []
    to_do = [row["touchpoint"] for row in rows if row["decision"] in {"fix", "remove"}]
    assert any(name in act for name in to_do) if to_do else worst["stage"] in act and name in act
    assert "grade" in act
    assert "grade" in sure
