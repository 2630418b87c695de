"""Codes that stand nowhere on the journey are no silence of the people who were asked."""

from __future__ import annotations

from pathlib import Path

import pytest

import journeylab as jl
from journeylab import findings, joint, journeymap, voices
from journeylab.joint.placing import placing
from tests.small import write_small


def small(folder: Path, *codebook: str) -> jl.Study:
    """The small study with another codebook: 8 passages say it was slow, 4 that the chat helped."""
    folder = write_small(folder)
    (folder / "raw" / "codebook.csv").write_text("\n".join(["path,stage,valence", *codebook]) + "\n", encoding="utf-8")
    return jl.open_study(folder)


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> jl.Study:
    return small(tmp_path_factory.mktemp("nowhere"), "slow,,-1", "helpful chat,,1")


def test_pains_without_a_stage_are_counted_and_never_called_silence(nowhere: jl.Study) -> None:
    placed = placing(nowhere)
    assert (placed.n_codes, placed.n_placed, placed.n_pains) == (2, 0, 8)
    display = joint.display(nowhere, "stage")
    assert set(display.table["voice_says"]) == {"not placed"}
    assert "no code has a stage; 8 pain codings stand nowhere" in display.summary()
    assert "name no pain" not in display.summary()
    assert "none of" not in " ".join(display.table["meaning"])
    assert set(display.shown["people asked"]) == set(display.shown["fit"]) == {"–"}
    drawn = [label.get_text() for label in display.plot().texts]
    assert "not placed" in drawn
    assert "silence" not in drawn
    by_touchpoint = joint.display(nowhere, "touchpoint")
    assert by_touchpoint.unplaced == (
        "The codes are not tied to a touchpoint: no code has a touchpoint; 8 pain codings stand at no touchpoint. "
        "Add touchpoint to [[codes]] or the codebook."
    )


def test_the_first_screen_says_that_codes_are_not_placed(nowhere: jl.Study) -> None:
    answers = {row["question"]: row["answer"] for row in findings.headline(nowhere, findings.gather(nowhere))}
    assert answers["What do they say there?"] == (
        "Not known: the codes are not placed on the journey: no code has a stage; 8 pain codings stand nowhere. "
        "Add stage to [[codes]] or the codebook."
    )
    everything = " ".join(answers.values())
    assert "named no pain" not in everything
    assert "named a pain" not in everything
    assert "0 people" not in everything


def test_the_map_and_the_valence_say_so_too(nowhere: jl.Study) -> None:
    drawn = journeymap.draw(nowhere)
    for kind in ("feeling", "pains", "gains", "quotes", "fit"):
        cells = next(lane for lane in drawn.lanes if lane.kind == kind).cells
        assert {cell.reason.partition(":")[0] for cell in cells} == {"no code has a stage"}, kind
    valence = voices.valence_by_stage(nowhere.codings, nowhere.codes, nowhere.documents, stages=nowhere.stages)
    assert set(valence.table["reason"]) == {"no code has both a stage and a valence"}


def test_where_some_codes_are_placed_silence_is_said_with_what_is_not(tmp_path: Path) -> None:
    study = small(tmp_path / "some", "slow,,-1", "helpful chat,consideration,1")
    answer = findings.headline(study, findings.gather(study))[1]["answer"]
    assert answer.startswith("None of 8 people asked named a pain there; but 1 of 2 codes have a stage; 8 pain codings")
    assert (
        "Not all codes are placed on the journey: 1 of 2 codes have a stage" in joint.display(study, "stage").summary()
    )
    placed = small(tmp_path / "all", "slow,purchase,-1", "helpful chat,consideration,1")
    assert placing(placed).loose == ""
    assert "nowhere" not in findings.headline(placed, findings.gather(placed))[1]["answer"]
