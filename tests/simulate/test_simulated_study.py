"""The demo study: the same seed gives the same files, its mistakes are counted, and its truth is written beside it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

import journeylab as jl
from journeylab import joint
from journeylab.cli import main
from journeylab.simulate import write_study


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "shop"
    write_study(folder, customers=800, seed=3)
    return folder


def test_the_same_seed_gives_the_same_files(made: Path, tmp_path: Path) -> None:
    write_study(tmp_path / "shop", customers=800, seed=3)
    assert digests(tmp_path / "shop") == digests(made)


def test_another_seed_gives_others(made: Path, tmp_path: Path) -> None:
    write_study(tmp_path / "shop", customers=800, seed=4)
    assert digests(tmp_path / "shop") != digests(made)


def test_it_is_in_order_and_every_row_is_accounted_for(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(made)]) == 0
    study = jl.open_study(made)
    assert all(report.n_read == report.n_kept + report.n_dropped for report in study.reports.values())


def test_what_is_in_it(made: Path) -> None:
    study = jl.open_study(made)
    assert study.reports["interviews.documents"].n_read == 48
    assert study.documents["document_id"].nunique() == 46  # two people withdrew
    assert study.codings["coder"].nunique() == 2
    assert set(study.responses["instrument"]) == {"nps", "csat", "ces", "satisfaction", "umux_lite", "sus"}
    assert len(study.withdrawn_participants) == 2
    channels = {"web", "e-mail", "search", "social", "3D", "VR", "chat", "store", "phone", "courier"}
    assert set(study.touchpoints["channel"].dropna()) == channels
    names = set(study.touchpoints["touchpoint"])
    assert {
        "search ad",
        "3D configurator",
        "store locator",
        "VR showroom",
        "chat",
        "cart",
        "return",
        "review written",
    } <= names
    assert study.has("assignments", "changes", "crosswalk", "asked")


def test_the_words_of_who_withdrew_are_gone(made: Path) -> None:
    study = jl.open_study(made)
    assert not set(study.documents["participant_id"]) & study.withdrawn_participants
    assert not set(study.events["customer_id"]) & study.withdrawn_customers
    assert not set(study.responses["respondent_id"]) & study.withdrawn_customers


def test_the_truth_is_beside_it(made: Path) -> None:
    effects = pd.read_csv(made / "truth/effects.csv")
    assert (effects["effect"] > 0).any()
    assert (effects["effect"] < 0).any()
    assert (effects["effect"] == 0).sum() >= 3
    assert pd.read_csv(made / "truth/behaviours.csv")["behaviour"].nunique() == 4
    for name in ("experiment", "change", "voices", "drivers", "faults"):
        assert json.loads((made / f"truth/{name}.json").read_text())


def test_robots_and_repeats_that_were_planted_are_told(made: Path) -> None:
    study = jl.open_study(made)
    assert study.left_out["n"].sum() > 0
    repeats = [loss for report in study.reports.values() for loss in report.dropped if "repeat" in loss.reason]
    assert sum(loss.n for loss in repeats) > 0


def test_a_folder_of_ones_own_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine/raw").mkdir(parents=True)
    (tmp_path / "mine/raw/web_events.csv.gz").write_bytes(b"my data")
    assert main(["simulate", str(tmp_path / "mine"), "--customers", "200"]) == 1
    assert (tmp_path / "mine/raw/web_events.csv.gz").read_bytes() == b"my data"
    assert "raw" in capsys.readouterr().err


def test_transcripts_can_be_read(made: Path) -> None:
    texts = jl.open_study(made).documents["text"].dropna()
    assert len(texts) >= 46
    assert texts.str.len().median() > 500
    assert texts.is_unique
    assert not texts.str.contains(r"\{|\}").any()
    assert pd.Series([text.split(".")[0] for text in texts]).nunique() > 5


def test_the_screener_tells_the_planted_behaviour_better_than_chance_and_asks_the_interviewed_too(made: Path) -> None:
    study = jl.open_study(made)
    screener = study.screener.set_index("respondent_id")
    assert set(joint.interviewed(study)) <= set(screener.index)
    assert not set(screener.index) & set(study.crosswalk["customer_id"])
    truth = pd.read_csv(made / "truth/behaviours.csv").set_index("customer_id")["behaviour"]
    answers = screener.join(truth, how="inner")
    usual = answers.groupby("behaviour")["usual_way"].agg(lambda ways: ways.mode().iloc[0])
    assert usual.nunique() == 4
    assert 0.6 < (answers["usual_way"] == answers["behaviour"].map(usual)).mean() < 0.95
    assert 0.4 < screener["recontact"].mean() < 0.8
