"""Whose trace is whose: consent, windows of validity, many ids, shared ids, withdrawal, and events after the interview."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import journeylab as jl
from journeylab import joint
from journeylab.joint.linkage import compare

STUDY = """
[study]
name = "links"
title = "Links"
[[stages]]
name = "look"
[[stages]]
name = "buy"
[events]
path = "events.csv"
[[touchpoints]]
match = "page"
stage = "look"
[[touchpoints]]
match = "order"
stage = "buy"
[[touchpoints]]
match = "complaint"
stage = "buy"
planned = false
[[outcomes]]
name = "order"
touchpoint = "order"
[interviews]
path = "codings.csv"
[interviews.documents]
path = "documents.csv"
[crosswalk]
path = "crosswalk.csv"
"""

HEAD = "participant_id,customer_id,link_method,consent_linkage,consent_quotes,valid_from,valid_to,withdrawn_at"


def make(folder: Path, crosswalk: list[str], *, people: str = "abcdef", interviewed: str = "2026-03-15") -> jl.Study:
    """Customers a1, a2, b1 ... with an event on each of 20 days of March 2026; people are interviewed on one day."""
    events = ["customer_id,event_time,touchpoint"]
    for name in ("a1", "a2", "b1", "c1", "d1", "e1", "f1", *[f"x{number}" for number in range(40)]):
        events += [f"{name},2026-03-{day:02d}T12:00:00Z,{'order' if day == 9 else 'page'}" for day in range(1, 21)]
    (folder / "events.csv").write_text("\n".join(events))
    documents = ["document_id,participant_id,name,collected_at"]
    documents += [f"D{name},{name},Talk,{interviewed}" for name in people]
    (folder / "documents.csv").write_text("\n".join(documents))
    codings = ["document_id,code,coder,text"] + [f"D{name},slow,ann,it was slow for {name}" for name in people]
    (folder / "codings.csv").write_text("\n".join(codings))
    (folder / "crosswalk.csv").write_text("\n".join([HEAD, *crosswalk]))
    (folder / "study.toml").write_text(STUDY)
    return jl.open_study(folder)


def counted(study: jl.Study) -> dict[str, int]:
    return joint.linked_events(study)["participant_id"].value_counts().to_dict()


def test_only_events_inside_the_window_of_a_link_count(tmp_path: Path) -> None:
    study = make(
        tmp_path,
        [
            "a,a1,login,yes,yes,2026-03-05,2026-03-08,",
            "b,b1,login,yes,yes,2026-03-19,,",
            "c,c1,login,yes,yes,,2026-03-02,",
        ],
    )
    assert counted(study) == {"a": 3, "b": 2, "c": 1}  # a window ends with the first moment of its last day
    events = joint.linkage(study).events.set_index("what")["n"]
    assert events["events that count"] == 6
    assert events["events outside of a link's validity, not counted"] == 54


def test_a_person_with_two_ids_has_the_events_of_both(tmp_path: Path) -> None:
    study = make(tmp_path, ["a,a1,login,yes,yes,,,", "a,a2,cookie,yes,yes,,,"])
    assert counted(study) == {"a": 40}
    linkage = joint.linkage(study)
    assert linkage.events.set_index("what").loc["people with more than one id", "n"] == 1
    assert linkage.methods.set_index("link_method")["people"].to_dict() == {"login": 1, "cookie": 1}


def test_two_rows_of_one_id_do_not_count_its_events_twice(tmp_path: Path) -> None:
    study = make(tmp_path, ["a,a1,login,yes,yes,2026-03-01,2026-03-10T23:00:00Z,", "a,a1,login,yes,yes,2026-03-08,,"])
    assert counted(study) == {"a": 20}


def test_an_id_of_several_people_is_reported_and_not_used(tmp_path: Path) -> None:
    study = make(tmp_path, ["a,a1,login,yes,yes,,,", "b,a1,login,yes,yes,,,", "c,c1,login,yes,yes,,,"])
    assert counted(study) == {"c": 20}
    refused = joint.linkage(study).refused.set_index("reason")
    assert refused.loc["the id belongs to several people at the same time", "people"] == 2


def test_an_id_shared_with_somebody_who_did_not_agree_is_not_used_either(tmp_path: Path) -> None:
    study = make(tmp_path, ["a,a1,login,yes,yes,,,", "b,a1,login,no,yes,,,"])
    assert counted(study) == {}


def test_an_id_that_was_handed_over_belongs_to_each_in_their_time(tmp_path: Path) -> None:
    study = make(tmp_path, ["a,a1,login,yes,yes,,2026-03-10,", "b,a1,login,yes,yes,2026-03-11,,"])
    assert counted(study) == {"a": 9, "b": 10}


def test_who_withdrew_or_did_not_agree_has_no_trace(tmp_path: Path) -> None:
    study = make(tmp_path, ["a,a1,login,yes,yes,,,2026-04-01", "b,b1,login,no,yes,,,", "c,c1,login,yes,no,,,"])
    assert counted(study) == {"c": 20}
    assert "a1" not in set(study.events["customer_id"])
    linkage = joint.linkage(study)
    assert linkage.withdrawn == 1
    assert linkage.table.set_index("what")["n"].to_dict() == {
        "agreed to linking words and traces": 1,
        "agreed to being quoted": 1,
        "agreed to linking and have events": 1,
    }
    assert set(linkage.table["of"]) == {5}


def test_events_after_the_interview_day_are_flagged(tmp_path: Path) -> None:
    study = make(tmp_path, ["a,a1,login,yes,yes,,,"])
    events = joint.linked_events(study)
    assert events["after_interview"].sum() == 5  # 16 to 20 March; the day of the interview is not after it
    assert events.loc[events["after_interview"], "event_time"].min() == pd.Timestamp("2026-03-16T12:00Z")
    with_clock = make(tmp_path, ["a,a1,login,yes,yes,,,"], interviewed="2026-03-15T09:00:00Z")
    assert joint.linked_events(with_clock)["after_interview"].sum() == 6


def test_a_window_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    study = make(tmp_path, ["a,a1,login,yes,yes,2026-03-10,2026-03-05,", "b,b1,login,yes,yes,,,"])
    assert counted(study) == {"b": 20}
    assert "ends before it begins" in joint.linkage(study).refused["reason"].iloc[0]


def test_standardised_differences_follow_their_formula() -> None:
    rng = np.random.default_rng(1)
    one, two = pd.Series(rng.normal(1, 2, 40)), pd.Series(rng.normal(0, 1, 200))
    mean_one, mean_two, d, low, high, n1, n0, reason = compare(one, two)
    pooled = ((np.std(one, ddof=1) ** 2 + np.std(two, ddof=1) ** 2) / 2) ** 0.5
    assert d == pytest.approx((one.mean() - two.mean()) / pooled)
    assert (mean_one, mean_two, n1, n0, reason) == (pytest.approx(one.mean()), pytest.approx(two.mean()), 40, 200, "")
    variance = 240 / 8000 + d**2 / 480
    assert high - low == pytest.approx(2 * 1.959964 * variance**0.5, rel=1e-5)


def test_a_difference_without_spread_or_people_has_a_reason_and_no_number() -> None:
    same = compare(pd.Series([1.0, 1.0]), pd.Series([1.0, 1.0, 1.0]))
    assert np.isnan(same[2])
    assert same[-1] == "everybody is alike"
    few = compare(pd.Series([1.0]), pd.Series([1.0, 2.0]))
    assert few[-1] == "fewer than two people on one side"


def test_linked_people_are_held_against_customers_who_are_not_in_the_crosswalk(tmp_path: Path) -> None:
    study = make(tmp_path, ["a,a1,login,yes,yes,2026-03-01,2026-03-06,", "b,b1,login,yes,yes,2026-03-01,2026-03-09,",
                            "c,c1,login,no,yes,,,"])  # fmt: skip
    differences = joint.linkage(study).differences.set_index("what")
    assert differences.loc["events", "linked"] == (5 + 8) / 2
    assert differences.loc["events", "others"] == 20
    assert differences.loc["events", "n_others"] == 44  # 47 customers, three of them in the crosswalk
    assert differences.loc["events", "ci_high"] < 0


def test_a_study_without_a_crosswalk_says_so(tmp_path: Path) -> None:
    study = make(tmp_path, ["a,a1,login,yes,yes,,,"])
    (tmp_path / "study.toml").write_text(STUDY.replace('[crosswalk]\npath = "crosswalk.csv"\n', ""))
    linkage = joint.linkage(jl.open_study(tmp_path))
    assert "Nobody is linked" in linkage.summary()
    assert joint.linked_events(jl.open_study(tmp_path)).empty
    assert study.crosswalk is not None
