"""`journeylab export` as a user meets it: what it says, what it leaves, and every mistake with its cure."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from plain_refi import read_back
from small import STUDY, write_small

from journeylab.cli import main
from journeylab.export import Exported
from journeylab.report.record import point_latest
from journeylab.results import LAST

Output = pytest.CaptureFixture[str]

TEXTS = {
    "i0": "It was slow.\r\nThe page 😀 was slow & slow.",
    "i1": "They <helped> me at once.",
    "i2": "Nothing to say.",
    "i3": "I ordered, it came.",
}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The small study, with the texts of four of its eight interviews and one person who withdrew."""
    folder = write_small(tmp_path / "small")
    rows = ["document_id,participant_id,name,text,collected_at"]
    for number in range(8):
        name = f"i{number}"
        text = f'"{TEXTS[name]}"' if name in TEXTS else ""
        rows.append(f"{name},p{number},Interview {number},{text},2026-03-0{number + 1}")
    (folder / "raw" / "documents.csv").write_bytes("\n".join(rows).encode())
    codings = [
        "interview,code,coder,start,end,text,created_at,memo",
        "i0,slow,anna,7,11,slow,2026-04-01T10:00:00Z,",
        "i0,slow,ben,7,11,slow,2026-04-02T10:00:00+02:00,",
        'i0,slow,anna,14,30,"The page 😀 was s",,"look & ask"',
        "i1,helpful chat,anna,5,13,<helped>,,",
        "i2,slow,anna,,,something else,,",
        "i3,slow,anna,,,,,",
        "i5,slow,anna,,,the page was slow,,",
    ]
    (folder / "raw" / "codings.csv").write_text("\n".join(codings), encoding="utf-8")
    crosswalk = (folder / "raw" / "crosswalk.csv").read_text(encoding="utf-8")
    crosswalk = crosswalk.replace("p1,c1,recruited,yes,yes,", "p1,c1,recruited,yes,yes,2026-05-01")
    (folder / "raw" / "crosswalk.csv").write_text(
        crosswalk.replace("p2,c2,recruited,yes", "p2,c2,recruited,no"), encoding="utf-8"
    )
    return folder


def test_it_says_what_was_written_and_what_was_not(study: Path, tmp_path: Path, capsys: Output) -> None:
    to = tmp_path / "small.qdpx"
    assert main(["export", str(study), "--to", str(to)]) == 0
    said = capsys.readouterr().out
    assert f"{to} holds 3 documents, 2 codes, 3 passages, 4 codings, 2 coders, 7 people" in said
    assert "of the documents 4 that have no text (such as i4, i5)" in said
    assert "1 that have no place in their document (no start and end)" in said
    assert "1 that are of documents without text" in said
    assert "of the codings 2 that are on passages that are not written" in said
    assert "1 passages without start and end are their whole document" in said
    assert "Stage, valence of codes are not written" in said
    assert "4 of 7 people did not agree to be quoted" in said
    assert "Not in it: 1 person who withdrew." in said
    assert "unmasked" in said


def test_what_is_in_the_file(study: Path, tmp_path: Path) -> None:
    to = tmp_path / "small.qdpx"
    assert main(["export", str(study), "--to", str(to)]) == 0
    back = read_back(to.read_bytes())
    assert back.texts["Interview 0"] == "It was slow.\nThe page 😀 was slow & slow."
    assert set(back.texts) == {"Interview 0", "Interview 2", "Interview 3"}
    assert sorted(back.passages) == [
        ("Interview 0", 7, 11, None),
        ("Interview 0", 13, 29, "look & ask"),
        ("Interview 3", 0, len(TEXTS["i3"]), None),
    ]
    assert ("Interview 0", 7, 11, ("slow",), "ben", "2026-04-02T08:00:00Z") in back.codings
    assert back.documents_of == {
        "p0": ["Interview 0"],
        "p2": ["Interview 2"],
        "p3": ["Interview 3"],
        **{f"p{number}": [] for number in range(4, 8)},
    }


def test_people_who_withdrew_are_not_in_it(study: Path, tmp_path: Path) -> None:
    to = tmp_path / "small.qdpx"
    assert main(["export", str(study), "--to", str(to)]) == 0
    with zipfile.ZipFile(to) as opened:
        everything = b"".join(opened.read(name) for name in opened.namelist()).decode()
    assert "helped" not in everything
    assert "p1" not in read_back(to.read_bytes()).cases
    assert '"p1"' not in everything


def test_without_consent_to_linking_nothing_is_linked(study: Path, tmp_path: Path) -> None:
    to = tmp_path / "small.qdpx"
    assert main(["export", str(study), "--to", str(to)]) == 0
    cases = read_back(to.read_bytes()).cases
    assert cases["p2"] == {"consent to quotes": "false", "consent to linking": "false"}
    assert cases["p0"] == {
        "consent to quotes": "false",
        "consent to linking": "true",
        "reached: home": "true",
        "reached: chat": "false",
        "reached: order placed": "true",
        "reached: review": "true",
        "outcome: order": "true",
        "score: nps": "0.0",
    }


def test_twice_gives_the_same_bytes(study: Path, tmp_path: Path) -> None:
    for name in ("a.qdpx", "b.qdpx"):
        assert main(["export", str(study), "--to", str(tmp_path / name)]) == 0
    assert (tmp_path / "a.qdpx").read_bytes() == (tmp_path / "b.qdpx").read_bytes()


def test_a_file_that_is_there_is_replaced_only_by_force(study: Path, tmp_path: Path, capsys: Output) -> None:
    to = tmp_path / "small.qdc"
    to.write_text("mine", encoding="utf-8")
    assert main(["export", str(study), "--to", str(to)]) == 1
    assert "is there already" in (said := capsys.readouterr().err)
    assert "--force" in said
    assert to.read_text(encoding="utf-8") == "mine"
    assert main(["export", str(study), "--to", str(to), "--force"]) == 0
    assert b"<CodeBook" in to.read_bytes()


@pytest.mark.parametrize("name", ["x.csv", "x", "x.qdp"])
def test_an_unknown_ending_is_wrong_usage(study: Path, tmp_path: Path, name: str, capsys: Output) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["export", str(study), "--to", str(tmp_path / name)])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "'.qdpx', '.qdc'" in said
    assert ("Did you mean '.qdpx'?" in said) == (name == "x.qdp")
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("seed", ["-1", "one", "1.5"])
def test_a_seed_is_a_whole_number(study: Path, tmp_path: Path, seed: str, capsys: Output) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["export", str(study), "--to", str(tmp_path / "x.qdpx"), "--seed", seed])
    assert stopped.value.code == 2
    assert "--seed" in capsys.readouterr().err


def test_a_missing_study(tmp_path: Path, capsys: Output) -> None:
    assert main(["export", str(tmp_path / "nowhere"), "--to", str(tmp_path / "x.qdpx")]) == 1
    assert "there is no study here" in capsys.readouterr().err


def test_a_study_without_interviews(tmp_path: Path, capsys: Output) -> None:
    folder = write_small(tmp_path / "small")
    start, end = STUDY.index("[interviews]"), STUDY.index("[surveys.nps]")
    (folder / "study.toml").write_text(STUDY[:start] + STUDY[end:].split("[crosswalk]")[0], encoding="utf-8")
    for name in ("x.qdpx", "x.qdc"):
        assert main(["export", str(folder), "--to", str(tmp_path / name)]) == 1
        assert "has no [interviews]" in capsys.readouterr().err
        assert not (tmp_path / name).exists()


def test_a_study_with_a_mistake(study: Path, tmp_path: Path, capsys: Output) -> None:
    (study / "raw" / "codings.csv").write_text("interview,code,coder\ni0,slwo,anna\n", encoding="utf-8")
    assert main(["export", str(study), "--to", str(tmp_path / "x.qdpx")]) == 1
    assert "codings.csv: row 2: code 'slwo' is not in the codebook" in capsys.readouterr().err


def test_a_setting_of_the_study_that_is_no_number(study: Path, tmp_path: Path, capsys: Output) -> None:
    with (study / "study.toml").open("a", encoding="utf-8") as stream:
        stream.write('[parameters."05_behaviours"]\nk = "two"\n')
    assert main(["export", str(study), "--to", str(tmp_path / "x.qdpx")]) == 1
    assert "05_behaviours\".k: found 'two'" in capsys.readouterr().err


def test_the_last_run_of_the_study_is_known_to_the_export(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import journeylab as jl

    seen = []

    def look(*_: object, **__: object) -> Exported:
        seen.append(os.environ[LAST])
        return Exported(
            tmp_path / "x.qdpx", pd.DataFrame(columns=["what", "n", "written", "left_out", "reasons"]), (), ""
        )

    monkeypatch.setattr("journeylab.export.export", look)
    runs = tmp_path / "reports"
    assert main(["export", str(study), "--to", str(tmp_path / "x.qdpx"), "--reports", str(runs)]) == 0
    run = runs / jl.open_study(study).name / "one"
    (run / "results").mkdir(parents=True)
    (run / "run.json").write_text("{}", encoding="utf-8")
    point_latest(run.parent, "one")
    assert main(["export", str(study), "--to", str(tmp_path / "x.qdpx"), "--reports", str(runs)]) == 0
    assert seen == ["", str(run / "results")]
    assert LAST not in os.environ


def test_folders_that_cannot_take_a_file(study: Path, tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.qdpx").mkdir()
    for place, words in {
        "nowhere/x.qdpx": "there is no such folder",
        "file/x.qdpx": "there is no such folder",
        "folder.qdpx": "is a folder",
    }.items():
        assert main(["export", str(study), "--to", str(tmp_path / place)]) == 1
        assert words in capsys.readouterr().err


def test_a_folder_without_permission(
    study: Path, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    if os.access(locked, os.W_OK):  # root may write everywhere
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != locked)
    assert main(["export", str(study), "--to", str(locked / "x.qdpx")]) == 1
    assert "nothing can be written into this folder" in capsys.readouterr().err


def test_a_full_disk_leaves_nothing_half_written(
    study: Path, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tmp_path / "x.qdc"
    before.write_text("mine", encoding="utf-8")

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as stream:
            stream.write(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert main(["export", str(study), "--to", str(before), "--force"]) == 1
    assert "No space left" in capsys.readouterr().err
    assert before.read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small", "x.qdc"]


def test_a_codebook_needs_a_code(tmp_path: Path, capsys: Output) -> None:
    folder = write_small(tmp_path / "small")
    (folder / "raw" / "codings.csv").write_text("interview,code,coder,text\ni0,,anna,slow\n", encoding="utf-8")
    text = (folder / "study.toml").read_text(encoding="utf-8")
    text = text.replace('[interviews.codebook]\npath = "raw/codebook.csv"\n', "")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    assert main(["export", str(folder), "--to", str(tmp_path / "x.qdc")]) == 1
    assert "has no code" in capsys.readouterr().err


def test_what_has_no_room_for_edits_says_so(study: Path, tmp_path: Path, capsys: Output) -> None:
    """The sentence that once read "Left out: of the edits ."."""
    assert main(["export", str(study), "--to", str(study / "map.json")]) == 0
    content = json.loads((study / "map.json").read_text())
    lane = next(lane for lane in content["lanes"] if lane["kind"] == "trouble")
    lane["cells"][0]["said"] = {"owner": "Bo"}
    (study / "map.json").write_text(json.dumps(content))
    with (study / "study.toml").open("a") as stream:
        stream.write('\n[journey_map]\nedits = "map.json"\n')
    capsys.readouterr()
    for name, what in (("map.csv", "a grid"), ("map.png", "a slide")):
        assert main(["export", str(study), "--to", str(tmp_path / name), "--share", "public"]) == 0
        said = capsys.readouterr().out
        assert f"Left out: of the edits 1 that {what} has no room for (such as 'trouble' at 'consideration')." in said


@pytest.mark.parametrize(
    ("name", "expected"),
    [("x.png", "can be a picture: name it x_map.png."), ("x.pdf", "can be a picture: name it x_map.png."),
     ("x.csv", "can be such a file: name it x_map.csv."), ("x.qdp", "Did you mean '.qdpx'?")],
)  # fmt: skip
def test_another_ending_says_what_can_be_written(
    study: Path, tmp_path: Path, name: str, expected: str, capsys: Output
) -> None:
    with pytest.raises(SystemExit):
        main(["export", str(study), "--to", str(tmp_path / name)])
    assert expected in capsys.readouterr().err
