"""What a study makes of its files before anything is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

import journeylab as jl
from journeylab import joint
from tests.small import write_small


def with_events(folder: Path, rows: list[str]) -> jl.Study:
    write_small(folder)
    (folder / "raw/events.csv").write_text("visitor,at,page\n" + "\n".join(rows) + "\n", encoding="utf-8")
    file = folder / "study.toml"
    file.write_text(file.read_text(encoding="utf-8").split("[interviews]")[0], encoding="utf-8")
    return jl.open_study(folder)


MINUTE = "2026-03-01T10:00:00Z"


@pytest.mark.parametrize("newest_first", [False, True])
def test_events_of_one_moment_stand_as_in_their_file(tmp_path: Path, newest_first: bool) -> None:
    rows = [f"c1,{MINUTE},{page}" for page in ("zoo", "home", "chat", "order")] + ["c1,2026-03-01T10:05:00Z,review"]
    j = with_events(tmp_path / "s", rows[::-1] if newest_first else rows).journeys()
    assert j.path(0) == ("zoo", "home", "chat", "order placed", "review")


def test_people_without_a_customer_number_are_asked_but_not_linked(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "s")
    people = ["participant_id,customer_id,consent_linkage,consent_quotes"]
    people += [f"p{number},{f'c{number}' if number < 3 else ''},yes,yes" for number in range(8)]
    (folder / "raw/crosswalk.csv").write_text("\n".join(people) + "\n", encoding="utf-8")
    study = jl.open_study(folder)
    assert study.links is not None
    assert len(study.links) == 3
    assert set(study.crosswalk["link_method"]) == {"not said"}  # type: ignore[index]
    counted = joint.linkage(study).table.set_index("what")["n"]
    assert counted["agreed to linking and have events"] == 3


def test_a_required_step_without_the_outcome_is_leaving_its_stage(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "s")
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace('match = "chat"\nstage = "consideration"', 'match = "chat"\nstage = "purchase"\nrequired = true')
    )
    row = joint.display(jl.open_study(folder), "stage").table.set_index("stage").loc["purchase"]
    # 30 odd customers chat; of them those whose number is a multiple of three (10) order; 10 even ones order without chat.
    assert (row["n_customers"], row["n_trouble"]) == (40, 20)


def test_words_stand_beside_touchpoints_only_where_codes_are_tied_to_them(tmp_path: Path) -> None:
    shown = joint.display(jl.open_study(write_small(tmp_path / "s")), "touchpoint")
    assert any("No code is tied to a touchpoint" in line for line in shown.assumptions)
