"""What a new user gets wrong: each mistake gets a message with its place and its cure, and nothing half-written."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from small import write_small

from journeylab.cli import main

Break = Callable[[Path], None]


def edit(file: str, old: str, new: str) -> Break:
    """Replace the first occurrence of a text in a file of the study."""

    def change(folder: Path) -> None:
        path = folder / file
        content = path.read_text(encoding="utf-8")
        assert old in content
        path.write_text(content.replace(old, new, 1), encoding="utf-8")

    return change


def overwrite(file: str, content: str | bytes) -> Break:
    """Give a file other content."""

    def change(folder: Path) -> None:
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())

    return change


def remove(file: str) -> Break:
    return lambda folder: (folder / file).unlink()


def add(file: str, line: str) -> Break:
    """Append a line to a file."""

    def change(folder: Path) -> None:
        with (folder / file).open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    return change


def several(*changes: Break) -> Break:
    """One change after the other."""

    def change(folder: Path) -> None:
        for one in changes:
            one(folder)

    return change


def project() -> bytes:
    """A zip that holds the project of a coding program."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("project.qde", "<Project/>")
    return buffer.getvalue()


TOML = "study.toml"
EVENTS = "raw/events.csv"

CASES: dict[str, tuple[Break, list[str]]] = {
    "no study.toml": (remove(TOML), ["study.toml", "journeylab new"]),
    "empty study.toml": (overwrite(TOML, ""), ["study.toml", "study: is missing"]),
    "study.toml is no TOML": (
        edit(TOML, '"A small study"', "A small study"),
        ["study.toml", "not valid TOML", "line 4"],
    ),
    "study.toml is not UTF-8": (overwrite(TOML, "[study]\ntitle = 'Größe'".encode("cp1252")), ["UTF-8"]),
    "unknown key": (
        edit(TOML, "timezone", "time_zone"),
        ["study.toml:5", "study.time_zone", "Did you mean 'timezone'?"],
    ),
    "unknown section": (edit(TOML, "[goals.order]", "[gaols.order]"), ["gaols", "Did you mean 'goals'?"]),
    "valence outside of its range": (
        edit("raw/codebook.csv", "slow,consideration,-1", "slow,consideration,7"),
        ["row 2, column valence", "found 7", "from -1 to 1"],
    ),
    "a code twice": (
        add(TOML, '[[codes]]\npath = "slow"\nvalence = -1\n[[codes]]\npath = "slow"\nvalence = 1'),
        ["codes[2].path: 'slow' stands in [[codes]] twice"],
    ),
    "a group that participants do not have": (
        several(
            overwrite("raw/people.csv", "participant_id,age\n" + "".join(f"p{n},30\n" for n in range(8))),
            edit(TOML, "[surveys.nps]", '[interviews.participants]\npath = "raw/people.csv"\n[surveys.nps]'),
            add(TOML, '[parameters."03_voices"]\ngroup = "agee"'),
        ),
        ["group: participants have no column 'agee'", "Did you mean 'age'?"],
    ),
    "a survey item that is not there": (
        add(TOML, '[parameters."03_voices"]\ndrivers_of = "nps.overal"'),
        ["drivers_of: no survey item is called 'nps.overal'"],
    ),
    "a parameter that no notebook has": (
        add(TOML, '[parameters."03_voices"]\ngruop = "age"'),
        ['[parameters."03_voices"]', "'gruop' is no parameter", "Did you mean 'group'?"],
    ),
    "a project named as a table": (
        overwrite("raw/codings.csv", project()),
        ["codings.csv: is a REFI-QDA project by its content; rename it to end in .qdpx"],
    ),
    "a column to compare that is not there": (
        add(TOML, '[parameters."06_friction"]\ncompare = "devise"'),
        ["study.toml: [parameters.\"06_friction\"]: neither customers nor events have a column 'devise'", "touchpoint"],
    ),
    "segments to compare that are not there": (
        add(TOML, '[parameters."06_friction"]\ncompare = "touchpoint"\nbetween = "hom, chat"'),
        ["[parameters.\"06_friction\"]: no customer has 'hom'", "Did you mean 'home'?"],
    ),
    "unknown time zone": (edit(TOML, '"UTC"', '"Europe/Berln"'), ["study.toml:5", "Did you mean 'Europe/Berlin'?"]),
    "span of time that is none": (
        edit(TOML, 'timezone = "UTC"', 'session_gap = "half an hour"'),
        ["study.session_gap", "'30min'"],
    ),
    "wrong type of a goal": (
        edit(TOML, "target = 0.3", 'target = "a lot"'),
        ["goals.order.target", "expected a number"],
    ),
    "goal of an unknown outcome": (
        edit(TOML, 'outcome = "order"', 'outcome = "oder"'),
        ["goals.order.outcome", "Did you mean 'order'?"],
    ),
    "stage that is none": (
        edit(TOML, 'stage = "evaluation"', 'stage = "evalution"'),
        ["touchpoints[4].stage", "Did you mean 'evaluation'?"],
    ),
    "outcome that never happens": (
        edit(TOML, 'touchpoint = "order placed"', 'touchpoint = "order palced"'),
        ["outcomes[1].touchpoint", "Did you mean 'order placed'?"],
    ),
    "path that climbs out": (edit(TOML, "raw/events.csv", "../../nowhere.csv"), ["nowhere.csv"]),
    "missing file": (remove(EVENTS), ["events.csv", "no such file"]),
    "missing file, one like it": (edit(TOML, "raw/events.csv", "raw/event.csv"), ["Did you mean", "events.csv"]),
    "empty file": (overwrite(EVENTS, ""), ["events.csv", "empty"]),
    "only a header": (overwrite(EVENTS, "visitor,at,page\n"), ["events.csv", "no rows"]),
    "a folder where a file should be": (
        lambda folder: ((folder / EVENTS).unlink(), (folder / EVENTS).mkdir())[0],
        ["events.csv"],
    ),
    "wrong column": (edit(EVENTS, "visitor", "visitors"), ["events.csv", "'visitor'", "Did you mean 'visitors'?"]),
    "column twice": (edit(EVENTS, "visitor,at,page", "visitor,at,at"), ["events.csv", "row 1", "'at'", "2 times"]),
    "no times at all": (
        overwrite(EVENTS, "visitor,at,page\nc1,soon,home\nc2,later,home\n"),
        ["events.csv", "at", "row 2", "'soon'"],
    ),
    "day or month first": (
        overwrite(EVENTS, "visitor,at,page\nc1,03/04/2026 10:00,home\nc2,05/04/2026 10:00,order\n"),
        ["row 2", "'03/04/2026 10:00'", "day_first"],
    ),
    "mixed time zones": (add(EVENTS, "c9,2026-03-01 10:00:00,home"), ["events.csv", "zone", "mixed_zones"]),
    "no text but a workbook": (overwrite(EVENTS, b"PK\x03\x04rest"), ["events.csv", ".xlsx"]),
    "binary noise": (overwrite(EVENTS, bytes(range(256)) * 4), ["events.csv"]),
    "quotation mark never closed": (add(EVENTS, '"c9,2026-03-01T10:00:00Z,home'), ["events.csv", "never closed"]),
    "unknown file type": (
        lambda folder: ((folder / "raw/events.docx").write_text("x"), edit(TOML, "events.csv", "events.docx")(folder))[
            1
        ],
        ["events.docx", ".csv"],
    ),
    "score that is no number": (
        overwrite("raw/nps.csv", "respondent_id,response_time,item,score\nc1,2026-04-01,nps,very good\n"),
        ["nps.csv", "'very good'"],
    ),
    "code not in the codebook": (
        add("raw/codings.csv", "i1,slwo,anna,so slow"),
        ["codings.csv", "'slwo'", "Did you mean 'slow'?"],
    ),
    "crosswalk to nobody": (
        edit("raw/crosswalk.csv", "p1,c1", "p111,c1"),
        ["crosswalk.csv", "p111", "nobody", "Did you mean"],
    ),
    "consent said twice": (
        edit(TOML, "[crosswalk]\npath", "[crosswalk]\nconsent_linkage = true\npath"),
        ["crosswalk", "consent stands in the file", "same_ids"],
    ),
    "crosswalk with a pair twice": (
        add("raw/crosswalk.csv", "p1,c1,recruited,no,yes,"),
        ["crosswalk.csv", "participant_id", "'p1'", "more than once"],
    ),
    "consent that is neither yes nor no": (
        edit("raw/crosswalk.csv", "recruited,yes,no", "recruited,perhaps,no"),
        ["crosswalk.csv", "row 2", "consent_linkage", "'perhaps'", "yes or no"],
    ),
    "documents twice": (add("raw/documents.csv", "i1,p1,Again"), ["documents.csv", "i1"]),
    "stage of the codebook that is none": (
        edit("raw/codebook.csv", "slow,consideration", "slow,considration"),
        ["codebook", "considration", "Did you mean 'consideration'?"],
    ),
    "valence out of range": (edit("raw/codebook.csv", "-1", "-3"), ["codebook.csv", "valence"]),
    "parameter of no notebook": (
        add(TOML, '[parameters."05_behaviours"]\nks = [1, 2]'),
        ["05_behaviours", "ks"],
    ),
    "parameters of an unknown notebook": (
        add(TOML, '[parameters."05_behavior"]\nseed = 1'),
        ["05_behavior", "Did you mean"],
    ),
    "parameter of the wrong type": (
        add(TOML, '[parameters."05_behaviours"]\nseed = "seven"'),
        ["05_behaviours", "seed", "'seven'"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_named_with_its_cure(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil, expected = CASES[case]
    folder = write_small(tmp_path / "study")
    spoil(folder)
    monkeypatch.chdir(tmp_path)
    code = main(["run", str(folder)])
    said = capsys.readouterr().err
    assert code == 1, said
    for words in expected:
        assert words in said
    assert "Traceback" not in said
    assert not list((tmp_path / "reports").rglob("*.html"))
    assert not [path for path in (tmp_path / "reports").rglob("*") if path.is_file()]


def test_all_mistakes_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_small(tmp_path / "study")
    edit(EVENTS, "visitor", "who")(folder)
    remove("raw/nps.csv")(folder)
    edit("raw/crosswalk.csv", "recruited,yes,no", "recruited,perhaps,no")(folder)
    assert main(["check", str(folder)]) == 1
    said = capsys.readouterr().err
    assert all(name in said for name in ("events.csv", "nps.csv", "crosswalk.csv"))
    assert "3 to mend" in said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--only", "5x"], ["5x", "05_behaviours"]),
        (["-p", "sed", "1"], ["sed", "Did you mean 'seed'?"]),
        (["-p", "seed", "seven"], ["seed", "'seven'"]),
        (["--only", "03", "-p", "window", "14d"], ["window"]),
    ],
)
def test_wrong_usage_ends_with_2_before_anything_runs(
    arguments: list[str], expected: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_small(tmp_path / "study")
    code = main(["run", str(folder), "--reports", str(tmp_path / "reports"), *arguments])
    said = capsys.readouterr().err
    assert code == 2, said
    assert all(words in said for words in expected)
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    "arguments", [[], ["rum"], ["run"], ["run", "x", "--jobs", "0"], ["simulate", "x", "--customers", "-3"]]
)
def test_argparse_mistakes_end_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage:" in capsys.readouterr().err


class TestWhatIsNotAMistake:
    def test_the_small_study_is_in_order(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", str(write_small(tmp_path / "study"))]) == 0
        assert "all in order" in capsys.readouterr().out

    def test_a_new_study_can_be_checked_at_once(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["new", str(tmp_path / "mine")]) == 0
        assert main(["check", str(tmp_path / "mine")]) == 0

    def test_new_does_not_overwrite(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        folder = write_small(tmp_path / "study")
        before = (folder / TOML).read_bytes()
        assert main(["new", str(folder)]) == 1
        assert (folder / TOML).read_bytes() == before

    @pytest.mark.parametrize("suffix", [".csv.gz", ".tsv", ".parquet", ".xlsx"])
    def test_the_same_events_in_another_format(self, suffix: str, tmp_path: Path) -> None:
        from journeylab.opening import open_study

        folder = write_small(tmp_path / "study")
        frame = pd.read_csv(folder / EVENTS)
        file = folder / f"raw/events{suffix}"
        if suffix == ".csv.gz":
            with gzip.open(file, "wt") as stream:
                frame.to_csv(stream, index=False)
        elif suffix == ".tsv":
            frame.to_csv(file, index=False, sep="\t")
        elif suffix == ".parquet":
            frame.to_parquet(file)
        else:
            frame.to_excel(file, index=False)
        plain = open_study(folder).events
        edit(TOML, "events.csv", f"events{suffix}")(folder)
        pd.testing.assert_frame_equal(open_study(folder).events, plain)

    def test_a_column_source_of_the_file_is_said_to_be_left_out(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = write_small(tmp_path / "study")
        frame = pd.read_csv(folder / EVENTS).assign(at=lambda rows: pd.to_datetime(rows["at"]), source="app")
        frame.to_parquet(folder / "raw/events.parquet")
        edit(TOML, "events.csv", "events.parquet")(folder)
        assert main(["check", str(folder)]) == 0
        assert "the file's own 'source' is left out" in capsys.readouterr().out

    def test_raw_files_may_lie_elsewhere(self, tmp_path: Path) -> None:
        folder = write_small(tmp_path / "study")
        (folder / "raw").rename(tmp_path / "elsewhere")
        assert main(["check", str(folder)]) == 1
        assert main(["check", str(folder), "--data", str(tmp_path / "elsewhere")]) == 0

    def test_rows_that_cannot_be_used_are_counted(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        folder = write_small(tmp_path / "study")
        add(EVENTS, "c9,,home")(folder)
        add(EVENTS, ",2026-03-01T10:00:00Z,home")(folder)
        add("raw/codings.csv", "i99,slow,anna,so slow")(folder)
        assert main(["check", str(folder)]) == 0
        said = capsys.readouterr().out
        assert "without event_time" in said
        assert "without customer_id" in said
        assert "1 of a document that is not in documents.csv" in said
