"""Interviewed people are placed in behaviours by trace, by screener, or not at all; and the next round follows from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import journeylab as jl
from journeylab import behaviours, joint
from journeylab.errors import StudyError

STUDY = """
[study]
name = "kinds"
title = "Kinds"
[[stages]]
name = "look"
[[stages]]
name = "choose"
[events]
path = "events.csv"
[[touchpoints]]
match = ["search", "offer"]
stage = "look"
[[touchpoints]]
match = "chat"
stage = "choose"
[[touchpoints]]
match = "refused"
stage = "choose"
planned = false
[interviews]
path = "codings.csv"
[interviews.documents]
path = "documents.csv"
[interviews.codebook]
path = "codebook.csv"
[crosswalk]
path = "crosswalk.csv"
[screener]
path = "screener.csv"
"""

WAYS = {
    "s": ["search", "offer", "search", "offer", "chat"],
    "c": ["search", "chat", "offer", "search", "chat", "offer"],
    "o": ["search", "search", "offer", "offer", "chat", "chat"],
}
"""The same touchpoints in another order, since one chain holds kinds apart that share none."""
SIZES = {"s": 120, "c": 80, "o": 60}


def make(
    folder: Path,
    *,
    crosswalk: list[str],
    people: str = "abcdefgh",
    noise: float = 0.1,
    answers: dict[str, str] | None = None,
) -> jl.Study:
    """Three kinds of customers whose first letter is their kind; the screener tells it but for a share of noise."""
    rng = np.random.default_rng(4)
    events, screener = ["customer_id,event_time,touchpoint"], ["respondent_id,usual,times,recontact"]
    for kind, size in SIZES.items():
        for number in range(size):
            start = pd.Timestamp("2026-03-01") + pd.Timedelta(hours=number)
            steps = WAYS[kind] * (1 + number % 3) + (["refused"] if number % 7 == 0 else [])
            events += [
                f"{kind}{number},{start + pd.Timedelta(minutes=place)},{step}" for place, step in enumerate(steps)
            ]
            said = kind if rng.random() > noise else rng.choice(list(WAYS))
            screener.append(f"{kind}{number},way {said},{rng.integers(1, 6)},{'yes' if number % 2 else 'no'}")
    events += [
        f"mixed,2026-03-09T10:0{place},{step}" for place, step in enumerate(["search", "offer", "chat", "search"])
    ]
    screener += [f"{name},way {said},3,no" for name, said in (answers or {}).items()]
    documents = ["document_id,participant_id,name"] + [f"D{name},{name},Talk" for name in people]
    codings = ["document_id,code,coder,text"] + [f"D{name},slow,ann,so slow" for name in people]
    texts = {"events": events, "screener": screener, "documents": documents, "codings": codings,
             "codebook": ["path,stage,valence", "slow,choose,-1"],
             "crosswalk": ["participant_id,customer_id,consent_linkage,consent_quotes,valid_to", *crosswalk]}  # fmt: skip
    for name, lines in texts.items():
        (folder / f"{name}.csv").write_text("\n".join(lines))
    (folder / "study.toml").write_text(STUDY)
    return jl.open_study(folder)


def kinds_of(study: jl.Study) -> tuple[behaviours.Behaviours, dict[str, str]]:
    """The behaviours, and the label that each planted kind got."""
    found = behaviours.find(study.journeys(), k=3, seed=0)
    return found, {kind: found.labels[f"{kind}1"] for kind in WAYS}


def test_a_trace_types_its_person_and_two_ids_count_together(tmp_path: Path) -> None:
    study = make(tmp_path, crosswalk=["a,s3,yes,yes,", "b,c3,yes,yes,", "c,s5,yes,yes,", "c,s6,yes,yes,"])
    found, label = kinds_of(study)
    table = joint.type_people(study, found).table.set_index("participant_id")
    assert table.loc[["a", "b", "c"], "behaviour"].tolist() == [label["s"], label["c"], label["s"]]
    assert set(table.loc[["a", "b", "c"], "how"]) == {"trace"}


def test_the_posteriors_of_two_ids_are_multiplied_over_the_prior(tmp_path: Path) -> None:
    study = make(tmp_path, crosswalk=["a,s3,yes,yes,", "a,mixed,yes,yes,"])
    found, _ = kinds_of(study)
    row = joint.type_people(study, found, margin=0).table.set_index("participant_id").loc["a"]
    posterior, prior = found.posterior, found.posterior.mean()
    chances = np.clip(posterior.loc["s3"], 1e-12, None) * np.clip(posterior.loc["mixed"], 1e-12, None) / prior
    assert row["probability"] == pytest.approx((chances / chances.sum()).max(), rel=1e-6)


def test_who_has_no_trace_is_typed_by_the_screener_and_holes_are_told(tmp_path: Path) -> None:
    study = make(tmp_path, crosswalk=["a,s3,yes,yes,", "b,c3,no,yes,"], people="ab", answers={"b": "c"})
    found, label = kinds_of(study)
    typing = joint.type_people(study, found)
    row = typing.table.set_index("participant_id").loc["b"]
    assert (row["behaviour"], row["how"]) == (label["c"], "screener")
    assert typing.holes == [label["o"]]
    assert typing.accuracy > 0.85
    assert typing.accuracy_low < typing.accuracy < typing.accuracy_high
    assert typing.baseline == pytest.approx(119 / 259, abs=0.02)
    assert typing.n_trained == 258  # s3 and c3 are in the crosswalk, and 'mixed' did not answer


def test_a_screener_that_tells_nothing_types_nobody(tmp_path: Path) -> None:
    study = make(tmp_path, crosswalk=["a,s3,yes,yes,"], people="ab", noise=1.0, answers={"b": "c"})
    found, _ = kinds_of(study)
    typing = joint.type_people(study, found)
    assert typing.table.set_index("participant_id").loc["b", "how"] == "not typed"
    assert "no better than naming the largest" in typing.screener


def test_a_trace_outside_of_its_link_is_not_used(tmp_path: Path) -> None:
    study = make(tmp_path, crosswalk=["a,s3,yes,yes,2026-03-01T03:01:30Z"], people="ab")
    found, _ = kinds_of(study)
    row = joint.type_people(study, found).table.set_index("participant_id").loc["a"]
    assert row["how"] == "not typed"
    assert "outside of the link's validity" in row["reason"]


def test_who_lies_between_two_behaviours_is_not_typed(tmp_path: Path) -> None:
    study = make(tmp_path, crosswalk=["a,s3,yes,yes,"], people="a")
    found, _ = kinds_of(study)
    found.posterior.loc["s3"] = [0.55, 0.44, 0.01]
    row = joint.type_people(study, found).table.iloc[0]
    assert (row["how"], row["margin"]) == ("not typed", pytest.approx(0.11))
    assert "between" in row["reason"]


def test_a_behaviour_without_an_interview_is_a_hole_in_the_display(tmp_path: Path) -> None:
    study = make(tmp_path, crosswalk=[f"{name},s{3 + place},yes,yes," for place, name in enumerate("abcdefgh")])
    found, label = kinds_of(study)
    table = joint.display(study, "behaviour", behaviours=found).table.set_index("behaviour")
    assert table.loc[label["s"], "n_asked"] == 8
    assert table.loc[label["o"], ["voice_says", "fit"]].tolist() == ["no interview", "silence"]
    assert "a hole" in table.loc[label["o"], "meaning"]


def test_the_next_interviews_begin_with_the_holes_and_respect_recontact(tmp_path: Path) -> None:
    study = make(tmp_path, crosswalk=["a,s3,yes,yes,", "b,c3,yes,yes,"], people="ab")
    found, label = kinds_of(study)
    following = joint.next_interviews(study, found, per=2)
    table = following.table
    assert table["why"].tolist()[:2] == ["hole", "hole"]
    assert table.loc[:1, "behaviour"].tolist() == [label["o"]] * 2
    assert {"between two behaviours", "fewer than 3 interviews"} <= set(table["why"])
    customers = [following.ids[name] for name in table["customer"]]
    assert len(set(customers)) == len(customers)
    assert all(int(name[1:]) % 2 for name in customers)  # odd numbers said yes to being contacted again
    assert not set(customers) & {"s3", "c3"}
    assert not set(table["customer"]) & set(found.labels.index)
    assert "s3" not in following.to_json()
    assert "c1" not in following.to_json()


def test_without_recontact_everybody_outside_the_crosswalk_is_considered_and_it_is_said(tmp_path: Path) -> None:
    study = make(tmp_path, crosswalk=["a,s3,yes,yes,"], people="a")
    (tmp_path / "study.toml").write_text(STUDY.replace('[screener]\npath = "screener.csv"\n', ""))
    study = jl.open_study(tmp_path)
    found, _ = kinds_of(study)
    assert "ask for that first" in joint.next_interviews(study, found).summary()


def test_next_interviews_need_events(tmp_path: Path) -> None:
    make(tmp_path, crosswalk=["a,s3,yes,yes,"])
    head, _, rest = STUDY.partition("[events]")
    (tmp_path / "study.toml").write_text(head + "[interviews]" + rest.partition("[interviews]")[2])
    with pytest.raises(StudyError, match="no events"):
        joint.next_interviews(jl.open_study(tmp_path))
