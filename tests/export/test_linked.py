"""What is written of each person: behaviours, touchpoints, outcomes and scores as the study itself has them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest
from plain_refi import Back, project, read_back, validate

import journeylab as jl
from journeylab import behaviours
from journeylab.export import export, linked
from journeylab.simulate import write_study


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> jl.Study:
    folder = tmp_path_factory.mktemp("export") / "shop"
    with write_study(folder, customers=600, seed=3).open("a", encoding="utf-8") as stream:
        stream.write('\n[parameters."05_behaviours"]\nk = 3\n')
    return jl.open_study(folder)


@pytest.fixture(scope="module")
def archive(shop: jl.Study) -> bytes:
    return export(shop, shop.folder / "shop.qdpx", seed=1).path.read_bytes()


@pytest.fixture(scope="module")
def back(archive: bytes) -> Back:
    return read_back(archive)


@pytest.fixture(scope="module")
def customer_of(shop: jl.Study) -> dict[str, str]:
    return dict(zip(shop.links["participant_id"], shop.links["customer_id"], strict=True))


def test_it_is_valid(archive: bytes, shared: Path) -> None:
    schema = shared / "data" / "qualitative" / "refi_spec_MIT" / "Project.xsd"
    if not schema.is_file():
        pytest.skip("needs the schemas of REFI-QDA in ../shared, which are not on this machine")
    validate(project(archive), schema)


def test_every_interview_code_and_coding_is_in_it(shop: jl.Study, back: Back) -> None:
    assert set(back.texts) == set(shop.documents["name"])
    codes = {"/".join(path): codable for path, codable in back.codes.items()}
    assert codes == dict(zip(shop.codes["path"], shop.codes["codable"], strict=True))
    assert len(back.passages) == len(shop.segments)
    assert len(back.codings) == len(shop.codings)
    assert list(back.cases) == list(shop.participants["participant_id"])
    own = shop.participants.set_index("participant_id")
    assert all(values["age_band"] == own.loc[one, "age_band"] for one, values in back.cases.items())


def test_the_behaviour_is_the_one_that_notebook_05_finds(
    shop: jl.Study, back: Back, customer_of: dict[str, str]
) -> None:
    found = behaviours.find(shop.journeys(), k=3, until=shop.outcome, seed=1)
    assert found.k == 3
    for one, values in back.cases.items():
        label = found.labels.get(customer_of[one]) if one in customer_of else None
        assert values.get("behaviour") == label
        if label is not None:
            assert float(values["behaviour certainty"]) == pytest.approx(
                found.posterior.loc[customer_of[one], label], abs=1e-4
            )


def test_behaviours_keep_the_labels_and_names_of_the_last_run(
    shop: jl.Study, customer_of: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = shop.journeys()
    found = behaviours.find(whole, k=3, until=shop.outcome, seed=1)
    before = {"B1": "B7", "B2": "B1", "B3": "B4"}
    stored = behaviours.model(found, whole, until=shop.outcome, names={"B1": "wanderers"})
    stored = dataclasses.replace(stored, behaviours=tuple(before[label] for label in stored.behaviours))
    stored.save(tmp_path / f"{behaviours.SAVED}.json")
    monkeypatch.setenv("JOURNEYLAB_LAST", str(tmp_path))
    one, _ = linked.linked_variables(shop, list(shop.participants["participant_id"]), 1)
    labels = next(variable for variable in one if variable.name == "behaviour")
    assert labels.values == {
        person: before[found.labels[customer]]
        for person, customer in customer_of.items()
        if person in labels.values and customer in found.labels.index
    }
    assert set(labels.values.values()) <= set(before.values())
    assert "wanderers" in labels.description


def test_touchpoints_and_outcomes_are_those_of_the_events(
    shop: jl.Study, back: Back, customer_of: dict[str, str]
) -> None:
    times = shop.events.groupby(["customer_id", "touchpoint"]).size()
    names = set(shop.events["touchpoint"])
    for one, values in back.cases.items():
        if one not in customer_of:
            assert not any(name.startswith(("reached", "outcome", "behaviour")) for name in values)
            continue
        met = times.get(customer_of[one], pd.Series(dtype=int))
        assert {name: values[f"reached: {name}"] for name in names} == {
            name: "true" if met.get(name, 0) else "false" for name in names
        }
        assert values["outcome: order"] == ("true" if met.get("order placed", 0) >= 1 else "false")
        assert values["outcome: repeat purchase"] == ("true" if met.get("order placed", 0) >= 2 else "false")


def test_scores_are_means_of_the_persons_answers(shop: jl.Study, back: Back, customer_of: dict[str, str]) -> None:
    means = shop.responses.groupby(["respondent_id", "instrument"])["score"].mean()
    checked = 0
    for one, values in back.cases.items():
        for instrument in ("nps", "csat", "ces"):
            expected = means.get((customer_of.get(one), instrument))
            held = values.get(f"score: {instrument}")
            assert (held is None) == (expected is None)
            if expected is not None:
                assert float(held) == pytest.approx(expected, abs=1e-6)
                checked += 1
    assert checked > 10


def test_no_customer_is_named_and_nobody_who_withdrew(shop: jl.Study, archive: bytes, back: Back) -> None:
    content = project(archive).decode()
    for customer in shop.crosswalk["customer_id"].dropna():
        assert customer not in content
    assert shop.withdrawn_participants
    assert not shop.withdrawn_participants & set(back.cases)
    assert len(back.texts) == 48 - len(shop.withdrawn_participants)


def test_many_touchpoints_are_a_list(
    shop: jl.Study, customer_of: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked, "MOST_TOUCHPOINTS", 5)
    monkeypatch.setattr(linked, "_behaviour", lambda *_: [])
    found, _ = linked.linked_variables(shop, list(shop.participants["participant_id"]), None)
    assert not any(one.name.startswith("reached:") for one in found)
    lists = next(one for one in found if one.name == "touchpoints reached")
    for one, names in lists.values.items():
        met = set(shop.events.loc[shop.events["customer_id"] == customer_of[one], "touchpoint"])
        assert set(names.split("; ")) == met


def several(folder: Path, crosswalk: str, nps: str) -> jl.Study:
    """Two interviews over events of four customers, and a crosswalk to choose."""
    folder.mkdir()
    (folder / "events.csv").write_text(
        "customer_id,event_time,touchpoint\n"
        "c1,2026-01-01T10:00:00Z,home\nc2,2026-01-02T10:00:00Z,order\nc3,2026-01-03T10:00:00Z,home\n"
    )
    (folder / "codings.csv").write_text("document_id,code,coder\nd1,slow,anna\nd2,slow,anna\n")
    (folder / "crosswalk.csv").write_text(crosswalk)
    (folder / "nps.csv").write_text(nps)
    (folder / "study.toml").write_text(
        '[study]\nname = "several"\ntitle = "Several"\n[events]\npath = "events.csv"\n'
        '[[outcomes]]\nname = "order"\ntouchpoint = "order"\n[interviews]\npath = "codings.csv"\n'
        '[surveys.nps]\npath = "nps.csv"\nscale_min = 0\nscale_max = 10\n[crosswalk]\npath = "crosswalk.csv"\n'
    )
    return jl.open_study(folder)


HEAD = "participant_id,customer_id,consent_linkage,consent_quotes\n"
NPS = "respondent_id,response_time,item,score\n"


def test_a_person_of_several_customer_ids_reached_what_each_reached(tmp_path: Path) -> None:
    study = several(
        tmp_path / "s",
        f"{HEAD}d1,c1,yes,yes\nd1,c2,yes,yes\nd2,c9,yes,no\n",
        f"{NPS}c1,2026-02-01,nps,4\nc2,2026-02-01,nps,8\n",
    )
    done = export(study, tmp_path / "x.qdpx")
    cases = read_back(done.path.read_bytes()).cases
    assert cases["d1"] == {
        "consent to quotes": "true",
        "consent to linking": "true",
        "reached: home": "true",
        "reached: order": "true",
        "outcome: order": "true",
        "score: nps": "6.0",
    }
    assert cases["d2"] == {"consent to quotes": "false", "consent to linking": "true"}
    assert "1 of 2 linked people have no events." in done.notes


def test_answers_under_the_participants_own_id_need_no_link_but_no_refusal(tmp_path: Path) -> None:
    study = several(tmp_path / "s", f"{HEAD}d1,c1,no,yes\n", f"{NPS}d1,2026-02-01,nps,4\nd2,2026-02-01,nps,8\n")
    found, notes = linked.linked_variables(study, ["d1", "d2"], None)
    assert {one.name: one.values for one in found} == {"score: nps": {"d2": 8.0}}
    assert notes == ["No behaviour, touchpoint or outcome is written: nobody agreed to being linked."]


def test_a_document_of_a_person_who_withdrew_is_not_written_even_where_it_names_nobody(tmp_path: Path) -> None:
    study = several(
        tmp_path / "s",
        HEAD.strip() + ",withdrawn_at\nd1,c1,yes,yes,2026-03-01\nd2,c2,yes,yes,\n",
        f"{NPS}c1,2026-02-01,nps,4\n",
    )
    assert "participant_id" not in study.documents
    done = export(study, tmp_path / "x.qdpx")
    assert done.table.set_index("what").loc["documents", "n"] == 1
    assert list(read_back(done.path.read_bytes()).cases) == ["d2"]


def test_the_system_usability_scale_is_scored_and_mixed_items_stand_alone(tmp_path: Path) -> None:
    study = several(tmp_path / "s", f"{HEAD}d1,c1,yes,yes\n", NPS)
    sus = pd.DataFrame({"respondent_id": "c1", "instrument": "sus", "item": [f"q{n:02d}" for n in range(1, 11)],
                        "score": [5, 1] * 5, "scale_min": 1, "scale_max": 5, "higher_is_better": [True, False] * 5})  # fmt: skip
    mixed = pd.DataFrame({"respondent_id": "c1", "instrument": "own", "item": ["a", "b"], "score": [2, 7],
                          "scale_min": 1, "scale_max": [5, 7], "higher_is_better": True})  # fmt: skip
    study.responses = pd.concat([sus, mixed], ignore_index=True)
    found, _ = linked.linked_variables(study, ["d1"], None)
    scores = {one.name: one.values for one in found if one.name.startswith("score")}
    assert scores == {"score: sus": {"d1": 100.0}, "score: own: a": {"d1": 2.0}, "score: own: b": {"d1": 7.0}}
