"""What a draft takes from the quotes and from the order of events: stages, devices, twins, robots, and a goal."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest

from journeylab.check import check_study
from journeylab.drafting.journey import Plan, plan_stages
from journeylab.drafting.study import Drafted, draft_study
from journeylab.drafting.touchpoints import draft_touchpoints
from journeylab.opening import open_study
from tests.drafting.test_draft import drafted, write

STAGES = ["pay", "choosing", "learning", "discovery", "pricing"]


@pytest.fixture
def school(tmp_path: Path) -> tuple[Path, Drafted]:
    """40 visitors of a school: half enrol, of these half come back to the help page; one robot; a device a visitor."""
    rows: list[list[object]] = [["Visitor", "When", "URL", "Device", "Referrer"]]
    for number in range(40):
        pages = ["/", "/reviews", "/pricing", "/test", f"/test/result/{number + 500}"]
        if number % 2:
            pages += ["/checkout", f"/checkout/thanks?o={number}", "/contact", "/contact"]
        pages += ["/faq"] if number % 4 == 0 else []
        pages += ["/popup/discount-10"] if number % 5 == 0 else []
        pages += ["/my/cancel"] if number == 1 else []
        device = "phone" if number % 3 else "desktop"
        rows += [[f"v{number}", f"2026-01-02T10:{place:02}:00", page, device, "x"] for place, page in enumerate(pages)]
    rows += [["bot", f"2026-01-03T10:{n // 60:02}:{n % 60:02}", "/", "desktop", "x"] for n in range(150)]
    quotes = [["interview", "theme", "quote", "stage", "mood"]]
    quotes += [[f"I{n}", f"about {stage}", "so it was", stage, "x"] for n, stage in enumerate(STAGES)]
    folder = tmp_path / "school"
    found = draft_study(folder, events=write(tmp_path / "e.csv", rows), quotes=write(tmp_path / "q.csv", quotes))
    return folder, found


def test_a_draft_takes_the_stages_of_the_quotes_and_says_so(school: tuple[Path, Drafted]) -> None:
    folder, found = school
    assert check_study(folder).problems == ()
    study = open_study(folder)
    assert list(study.stages) == ["discovery", "choosing", "pricing", "pay", "learning"]
    assert study.codes is not None
    assert dict(zip(study.codes["path"], study.codes["stage"], strict=True)) == {f"about {one}": one for one in STAGES}
    stage_of = dict(zip(study.touchpoints["touchpoint"], study.touchpoints["stage"], strict=True))
    assert stage_of["home page"] == "discovery"
    assert stage_of["pricing page"] == "pricing"
    assert stage_of["checkout page"] == stage_of["checkout thanks page"] == "pay"
    text = found.file.read_text(encoding="utf-8")
    assert "your file has them as pay, choosing, learning, discovery, pricing" in text
    assert any(note.startswith("[[stages]]") for note in found.notes)


def test_the_order_of_events_tells_where_reviews_and_help_stand(school: tuple[Path, Drafted]) -> None:
    study = open_study(school[0])
    stage_of = dict(zip(study.touchpoints["touchpoint"], study.touchpoints["stage"], strict=True))
    assert stage_of["reviews page"] == "choosing"  # all read before anybody enrols
    assert stage_of["contact page"] == "learning"  # all after
    assert pd.isna(stage_of["faq page"])  # asked by those who do not enrol


def test_devices_are_used_and_every_other_column_is_named(school: tuple[Path, Drafted]) -> None:
    folder, found = school
    text = found.file.read_text(encoding="utf-8")
    assert tomllib.loads(text)["events"]["columns"]["device"] == "Device"
    assert "# Not used: 'Referrer'." in text
    assert "# Not used: 'mood'." in text
    events = open_study(folder).events
    assert events is not None
    assert set(events["device"]) == {"phone", "desktop"}


def test_twins_telling_names_and_numbers_of_names_are_kept(school: tuple[Path, Drafted]) -> None:
    text = school[1].file.read_text(encoding="utf-8")
    assert "# always comes with 'test page', as often for each of 40 customers" in text
    assert 'name = "popup discount 10 page"' in text
    assert 'name = "my cancel page"' in text
    names = {f"page {sign}{other}": 100 for sign in "abcdefgh" for other in "abcdefgh"} | {"odd": 1, "cancel plan": 1}
    rules = {rule.name: rule.n for rule in drafted(names).rules}
    assert rules["cancel plan"] == 1
    assert "odd" not in rules


def test_a_robot_is_counted_beside_the_key_and_the_goal_holds_what_is_so(school: tuple[Path, Drafted]) -> None:
    folder, found = school
    text = found.file.read_text(encoding="utf-8")
    assert "# leave_out_robots = true           # yours: 1 customer with 150 events: 100 or more within an hour" in text
    goal = tomllib.loads(text)["goals"]["order"]
    assert goal["target"] == 0.487  # 20 of 41, cut and not rounded up
    found.file.write_text(text.replace("# leave_out_robots", "leave_out_robots"), encoding="utf-8")
    assert "bot" not in set(open_study(folder).events["customer_id"])  # type: ignore[index]


def test_words_of_quotes_become_stages_only_where_they_are_few() -> None:
    assert plan_stages(["Purchase", "", "evaluation"]) == Plan()
    assert plan_stages(["B", "A", "b"]).stages == ("B", "A")  # no word tells an order, so that of the file stays
    many = plan_stages([*(f"phase {sign}" for sign in "abcdefgh"), "payment"])
    assert many.stages == Plan().stages
    assert many.said["payment"] == "decision"
    assert "'payment' is read as decision" in many.told
    assert "phase a" not in many.said


def test_without_times_help_has_no_stage() -> None:
    events = pd.DataFrame({"customer_id": ["a", "b"], "touchpoint": ["/faq", "/checkout/thanks"]})
    assert {rule.name: rule.stage for rule in draft_touchpoints(events).rules}["faq page"] is None
