"""Who said no once is not quoted, and whose trace is whose does not leave in an export."""

from pathlib import Path

import pandas as pd

import journeylab as jl
from journeylab.cli import main
from journeylab.readers import read_codings
from tests.small import write_small


def test_of_two_rows_that_disagree_on_quotes_the_stricter_holds(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "study")
    with (folder / "raw/crosswalk.csv").open("a", encoding="utf-8") as stream:
        stream.write("p1,c11,recruited,yes,no,\n")
    crosswalk = jl.open_study(folder).crosswalk
    assert crosswalk is not None
    assert not crosswalk.loc[crosswalk["participant_id"] == "p1", "consent_quotes"].any()
    assert crosswalk.loc[crosswalk["participant_id"] == "p3", "consent_quotes"].all()
    assert crosswalk.loc[crosswalk["participant_id"] == "p1", "consent_linkage"].all()


def test_a_variable_that_holds_customers_ids_is_not_exported(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "study")
    people = pd.DataFrame(
        {"participant_id": [f"p{n}" for n in range(8)], "age": 30, "visitor": [f"c{n}" for n in range(8)]}
    )
    people.to_csv(folder / "raw/people.csv", index=False)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    more = '[interviews.participants]\npath = "raw/people.csv"\n\n[surveys.nps]'
    (folder / "study.toml").write_text(text.replace("[surveys.nps]", more), encoding="utf-8")
    assert main(["export", str(folder), "--to", str(tmp_path / "x.qdpx")]) == 0
    participants = read_codings(tmp_path / "x.qdpx").participants
    assert participants is not None
    assert "age" in participants
    assert "visitor" not in participants
