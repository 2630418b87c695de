"""The pages of real runs in a browser: readable by everyone, on a phone, in the dark, with the network off."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browser import LOOKS, OUT_OF_REACH, chromium, needs_chromium, opened, show_as, thin, violations

from journeylab.report.pages import check_page

REPOSITORY = Path(__file__).resolve().parents[2]
STUDIES = ("shop", "olist", "completejourney", "merch-store", "serdif")
RUNS = {name: REPOSITORY / f"reports/{name}/latest" for name in STUDIES}
NAMES = ["index", *(file.stem for file in sorted((REPOSITORY / "notebooks").glob("0*.ipynb")))]

THOROUGH = bool(os.environ.get("JOURNEYLAB_THOROUGH"))
"""Axe on every page of every study in every look, folded parts opened, whole tables: ten minutes. Otherwise the demo study's
pages in every look, a third of those of the others in light or dark, and of each table the first rows."""


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
    def test_no_error_no_request_no_key_missed_and_nothing_that_axe_finds(
        self, study: str, name: str, browser: Any
    ) -> None:
        place = NAMES.index(name) + list(RUNS).index(study)
        mine = (
            list(LOOKS)
            if THOROUGH or study == "shop"
            else ["light", "dark"][place % 2 : place % 2 + 1] * (place % 3 == 0)
        )
        with opened(browser, page_of(study, name), **LOOKS["light"]) as (page, said):
            for look in LOOKS:
                show_as(page, look)
                wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert wide <= 0, f"{look}: the page scrolls sideways by {wide} px"
                page.keyboard.press("Tab")
                assert page.evaluate(OUT_OF_REACH) == [], look
            if THOROUGH:
                page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
            else:
                thin(page)
            for look in mine:
                show_as(page, look)
                assert violations(page, contrast=THOROUGH or look != "phone") == [], look
            assert said == []


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
    assert re.search(r"grade D|\([ABC]\)", sure)
