"""The map goes out and comes back: without loss, with the team's words kept over runs, and nothing hostile let in."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

import journeylab as jl
from journeylab import journeymap
from journeylab.cli import main
from journeylab.errors import DataError
from journeylab.journeymap import Cell, Edit, JourneyMap, Lane, Move, Step, Word
from journeylab.journeymap.model import assemble
from journeylab.journeymap.words import MARKUP, NUMBER, TURNS
from tests.small import write_small

ODD = [
    "=1+1",
    "+49",
    "-",
    "@x",
    "'a",
    "(b)",
    "a\r\nb",
    "\n",
    "\\u000d",
    "_x000D_",
    "\x00",
    "<b>&amp;</b>",
    " a ",
    "😀",
    "﻿x",
    "\u2028",
]
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(ODD)
number = st.one_of(st.just(math.nan), st.floats(allow_nan=False, allow_infinity=False))
plain = text.map(str.strip).filter(
    lambda word: len(word) < 2_000 and not MARKUP.search(word) and not TURNS.search(word)
)
owners = plain.filter(lambda word: not NUMBER.fullmatch(word))


@st.composite
def words(draw: st.DrawFn) -> Word:
    override = draw(plain)
    why = draw(plain.filter(bool)) if override else ""
    name = draw(plain) or ("" if override else "a name")
    return Word(name, draw(owners), draw(plain), override, why)


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    lines = tuple(draw(st.lists(text, max_size=3)))
    return Cell(
        lines, draw(text), draw(st.integers(0, 10**12)), draw(st.sampled_from(["strong", "some", "none"])),
        draw(number), draw(number), draw(number), draw(st.sampled_from(["bad", "good", ""])), draw(text),
        draw(st.sampled_from(["data", "team"])), draw(st.none() | words()), draw(text), draw(text),
    )  # fmt: skip


@st.composite
def maps(draw: st.DrawFn) -> JourneyMap:
    name = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
    stages = tuple(draw(st.lists(name, min_size=1, max_size=3, unique=True)))
    kinds = draw(st.lists(name | st.sampled_from(["about", "About", "steps", "a/b", "a?b"]), max_size=3, unique=True))
    lanes = tuple(Lane(kind, draw(text), tuple(draw(cells()) for _ in stages)) for kind in kinds)
    step = st.builds(Step, text, st.sampled_from(stages) | text, text, st.booleans(), st.integers(0, 10**6))
    move = st.builds(Move, text, text, st.integers(0, 10**6), number, number, number)
    edit = st.builds(Edit, text, text, words(), text)
    return assemble(
        draw(text), stages, lanes, method=draw(text), assumptions=tuple(draw(st.lists(text, max_size=2))),
        data_until=draw(text), steps=tuple(draw(st.lists(step, max_size=2))), unplaced=tuple(draw(st.lists(edit, max_size=2))),
        moves=tuple(draw(st.lists(move, max_size=2))), behaviour=draw(text),
    )  # fmt: skip


LONG = "é\r\n😀=" * 9_000
TALL = Cell((LONG, LONG), LONG, said=Word("x" * 2_000))
LONG_MAP = assemble(
    LONG, ("\x1f",), (Lane("a", LONG, (TALL,)), Lane("A", "", (TALL,))), unplaced=(Edit(LONG, "", Word("x")),),
    steps=(Step(LONG),),
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(journey=maps())
@example(journey=LONG_MAP)
def test_json_workbook_and_cjml_give_the_same_map_back(
    journey: JourneyMap, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "as_json").write_text(journey.to_json(), encoding="utf-8", newline="")
    (folder / "as_cjml").write_text(journey.to_cjml(), encoding="utf-8", newline="")
    journey.to_xlsx(folder / "as_xlsx")
    for name in ("as_json", "as_cjml", "as_xlsx"):
        back = journeymap.read(folder / name)
        assert back.to_json() == journey.to_json(), name
        assert back.edits == journey.edits


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(journey=maps())
def test_a_grid_keeps_every_text(journey: JourneyMap, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.getbasetemp() / "grid"
    if not journey.lanes or any(not stage.strip() for stage in journey.stages):
        return
    file.write_text(journey.to_csv(), encoding="utf-8", newline="")
    back = journeymap.read(file)
    assert back.stages == journey.stages
    assert [(lane.kind, lane.title) for lane in back.lanes] == [(lane.kind, lane.title) for lane in journey.lanes]
    for old, new in zip(journey.lanes, back.lanes, strict=True):
        assert [cell.lines for cell in old.cells] == [cell.lines for cell in new.cells]
        assert all(old.reason == new.reason for old, new in zip(old.cells, new.cells, strict=True) if not old.lines)
    rows = csv.reader(io.StringIO(journey.to_csv(), newline=""))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for row in rows for cell in row)


def draw_small(folder: Path, edits: str = "") -> JourneyMap:
    if not (folder / "study.toml").is_file():
        write_small(folder)
    if edits:
        with (folder / "study.toml").open("a", encoding="utf-8") as stream:
            stream.write(f'\n[journey_map]\nedits = "{edits}"\n')
    return journeymap.draw(jl.open_study(folder))


def put(sheet: Worksheet, row: int, **values: str) -> None:
    """Write into the columns of a sheet, as a person does."""
    heads = {cell.value: cell.column for cell in sheet[1]}
    for name, value in values.items():
        sheet.cell(row, heads[name], value)


def test_edits_survive_two_runs_and_are_marked_as_a_persons_word(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    first = draw_small(folder)
    first.to_xlsx(folder / "map.xlsx")
    book = openpyxl.load_workbook(folder / "map.xlsx")
    put(book["trouble"], 2, name="The slow page", owner="Ann & Bo", opportunity="Cache the page")
    put(book["pains"], 3, override="People do wait here", override_reason="Seen in the shop", owner="Cy")
    put(book["trouble"], 4, owner="Bo <bo@example.org>", name="42")
    book.save(folder / "map.xlsx")

    second = draw_small(folder, "map.xlsx")
    assert jl.open_study(folder).files["journey_map.edits"] == folder / "map.xlsx", "an input of the run, with its hash"
    said = {(edit.lane, edit.stage): edit.word for edit in second.edits}
    assert said["trouble", "consideration"] == Word("The slow page", "Ann & Bo", "Cache the page")
    assert said["pains", "purchase"] == Word("", "Cy", "", "People do wait here", "Seen in the shop")
    assert not second.unplaced
    second.to_xlsx(folder / "map.xlsx")
    third = journeymap.draw(jl.open_study(folder))
    assert third.to_json() == second.to_json()

    table = third.table.set_index(["lane", "stage"])
    overridden = table[table["override"] != ""]
    assert list(overridden["by"]) == ["team"]
    assert list(overridden["text"]) == [""], "what the data say is not replaced"
    owners = table.loc["Owner"]
    assert set(owners["by"]) == {"team"}
    assert owners["text"].to_dict() == {
        "consideration": "Ann & Bo (Trouble met, share of customers)",
        "purchase": "Cy (Pains named, people of those asked)",
        "evaluation": "Bo <bo@example.org> (Trouble met, share of customers)",
    }
    assert table.loc[("Opportunities, ranked", "consideration"), "text"].startswith("Cache the page")
    html = third.to_html()
    assert "People do wait here" in html
    assert "said by the team, because: Seen in the shop" in html
    assert "nobody named any pain" in html.split("People do wait here")[1]
    assert "Ann &amp; Bo" in html
    assert "Bo &lt;bo@example.org&gt;" in html
    assert "<bo@" not in html
    for old, new in zip(first.lanes, third.lanes, strict=True):
        if old.kind in {"owner", "opportunities"}:
            continue
        assert [cell.lines for cell in old.cells] == [cell.lines for cell in new.cells]


def test_an_edit_of_a_stage_that_is_gone_is_reported_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    draw_small(folder).to_xlsx(folder / "map.xlsx")
    book = openpyxl.load_workbook(folder / "map.xlsx")
    put(book["trouble"], 4, owner="Ann")
    book.save(folder / "map.xlsx")
    file = folder / "study.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('"evaluation"', '"afterwards"'), encoding="utf-8")
    second = draw_small(folder, "map.xlsx")
    assert second.notes == ("'trouble' at 'evaluation': owner 'Ann'; the study has no stage 'evaluation' now",)
    assert "owner &#x27;Ann&#x27;" in second.to_html()
    second.to_xlsx(folder / "map.xlsx")
    assert journeymap.draw(jl.open_study(folder)).edits == second.edits
    file.write_text(file.read_text(encoding="utf-8").replace('"afterwards"', '"evaluation"'), encoding="utf-8")
    again = journeymap.draw(jl.open_study(folder))
    assert not again.unplaced
    assert [edit.word.owner for edit in again.edits] == ["Ann"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study with its map as a workbook."""
    folder = tmp_path_factory.mktemp("hostile") / "s"
    draw_small(folder).to_xlsx(folder / "map.xlsx")
    return folder


def formula(book: openpyxl.Workbook) -> None:
    put(book["trouble"], 2, owner='=HYPERLINK("http://x.org")')


def markup(book: openpyxl.Workbook) -> None:
    put(book["trouble"], 2, owner="<script>alert(1)</script>")


def no_sheet(book: openpyxl.Workbook) -> None:
    del book["pains"]


def other_sheet(book: openpyxl.Workbook) -> None:
    book["pains"].title = "pain"


def other_column(book: openpyxl.Workbook) -> None:
    sheet = book["trouble"]
    next(cell for cell in sheet[1] if cell.value == "owner").value = "owners"


def more_columns(book: openpyxl.Workbook) -> None:
    sheet = book["trouble"]
    sheet.cell(1, sheet.max_column + 1, "my notes")


def no_row(book: openpyxl.Workbook) -> None:
    book["trouble"].delete_rows(3)


def row_twice(book: openpyxl.Workbook) -> None:
    for place in range(1, book["trouble"].max_column + 1):
        book["trouble"].cell(4, place).value = book["trouble"].cell(3, place).value


def other_stage(book: openpyxl.Workbook) -> None:
    put(book["trouble"], 3, stage="purchases")


def no_reason(book: openpyxl.Workbook) -> None:
    put(book["trouble"], 2, override="Fine here")


def mailto(book: openpyxl.Workbook) -> None:
    put(book["trouble"], 2, owner="<a href='x@y'>Bo</a>")


def turned(book: openpyxl.Workbook) -> None:
    put(book["trouble"], 2, owner="Bo \u202egro.elpmaxe")


def a_number(book: openpyxl.Workbook) -> None:
    put(book["trouble"], 2, owner=4711)


def a_written_number(book: openpyxl.Workbook) -> None:
    put(book["trouble"], 2, owner="1.234,5 %")


def only_reason(book: openpyxl.Workbook) -> None:
    put(book["trouble"], 2, override_reason="Because")


def changed_data(book: openpyxl.Workbook) -> None:
    put(book["trouble"], 2, text="1 % leave here")


def no_number(book: openpyxl.Workbook) -> None:
    put(book["trouble"], 2, value="much")


def too_long(book: openpyxl.Workbook) -> None:
    put(book["trouble"], 2, owner="x" * 2_001)


def newer(book: openpyxl.Workbook) -> None:
    book["about"].cell(3, 2, "2")


def far_away(book: openpyxl.Workbook) -> None:
    book["trouble"].cell(1_000_000, 5, "x")


HOSTILE = [
    (formula, "sheet 'trouble', cell O2: holds a formula"),
    (markup, "sheet 'trouble', row 2, column 'owner': holds markup .<script>.; write plain words"),
    (mailto, "sheet 'trouble', row 2, column 'owner': holds markup"),
    (turned, r"sheet 'trouble', row 2, column 'owner': holds U\+202E, a sign that turns the direction"),
    (a_number, "sheet 'trouble', row 2, column 'owner': found the number 4711, which names nobody"),
    (a_written_number, "sheet 'trouble', row 2, column 'owner': found the number 1.234,5 %"),
    (no_sheet, "sheet 'pains' is missing"),
    (other_sheet, "sheet 'pains' is missing.*Did you mean 'pain'"),
    (other_column, "sheet 'trouble': column 'owner' is missing; unknown is 'owners'.*Did you mean 'owners'"),
    (more_columns, "sheet 'trouble': column 'my notes' is none of a map"),
    (no_row, "sheet 'trouble': has no row for the stage 'purchase'; put it back"),
    (row_twice, "sheet 'trouble', row 4, column 'stage': the stage 'purchase' is there twice"),
    (other_stage, "row 3, column 'stage': found 'purchases'.*Did you mean 'purchase'"),
    (no_reason, "sheet 'trouble', row 2, column 'override_reason': the override 'Fine here' has no reason"),
    (only_reason, "sheet 'trouble', row 2, column 'override': is empty, but has a reason"),
    (changed_data, "sheet 'trouble', row 2: what the data say in this row was changed by hand"),
    (no_number, "sheet 'trouble', row 2, column 'value': found 'much', expected a number"),
    (too_long, "sheet 'trouble', row 2, column 'owner': has 2,001 signs"),
    (newer, "version: found '?2'?, expected 1; update journeylab"),
    (far_away, "sheet 'trouble': is larger than a map ever is"),
]


@pytest.mark.parametrize(("spoil", "message"), HOSTILE, ids=[spoil.__name__ for spoil, _ in HOSTILE])
def test_a_workbook_that_is_not_sound_says_where(
    small: Path, tmp_path: Path, spoil: Callable[[openpyxl.Workbook], None], message: str
) -> None:
    book = openpyxl.load_workbook(small / "map.xlsx")
    put(book["pains"], 2, owner="Ann")
    spoil(book)
    book.save(tmp_path / "map.xlsx")
    with pytest.raises(DataError, match=message):
        journeymap.read(tmp_path / "map.xlsx")


def repack(file: Path, to: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.namelist():
            new.writestr(item, change(old.read(item)) if item == name else old.read(item))


def test_entities_bombs_and_damage_are_refused(small: Path, tmp_path: Path) -> None:
    file, to = small / "map.xlsx", tmp_path / "map.xlsx"
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>'
    repack(file, to, "xl/worksheets/sheet2.xml", lambda old: bomb + old)
    with pytest.raises(DataError, match="defines entities"):
        journeymap.read(to)
    repack(file, to, "xl/worksheets/sheet2.xml", lambda old: old + b" " * 30_000_000)
    with pytest.raises(DataError, match="unpacks to"):
        journeymap.read(to)
    repack(file, to, "xl/worksheets/sheet2.xml", lambda old: old[:400])
    with pytest.raises(DataError, match=r"no sound \.xlsx"):
        journeymap.read(to)
    whole = file.read_bytes()
    for cut in (4, 100, len(whole) // 2, len(whole) - 10):
        to.write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"no sound \.xlsx"):
            journeymap.read(to)
    to.write_bytes(b"\xd0\xcf\x11\xe0old")
    with pytest.raises(DataError, match=r"old \.xls file"):
        journeymap.read(to)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    place=st.floats(0, 1),
    sign=st.integers(0, 255),
    name=st.sampled_from(["map.xlsx", "map.json", "map.cjml.xml", "map.csv"]),
)
def test_a_changed_byte_gives_a_map_or_a_message(
    small: Path, tmp_path_factory: pytest.TempPathFactory, place: float, sign: int, name: str
) -> None:
    journey = journeymap.read(small / "map.xlsx")
    file = tmp_path_factory.getbasetemp() / name
    if name == "map.xlsx":
        content = bytearray((small / name).read_bytes())
    else:
        written = {"map.json": journey.to_json, "map.cjml.xml": journey.to_cjml, "map.csv": journey.to_csv}
        content = bytearray(written[name]().encode())
    content[int(place * (len(content) - 1))] = sign
    file.write_bytes(content)
    with contextlib.suppress(DataError):
        journeymap.read(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"format": "other"}', "is no journey map"),
        ('{"format": "journeylab-map", "version": 7}', "version: found '?7'?, expected 1; update journeylab"),
        ("{" * 100_000, "no sound JSON|nested too deeply"),
        ('{"a": NaN}', "NaN is no number"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><CJML>&a;</CJML>', "defines entities"),
        ("<CJML><actual", "no sound XML"),
        ("<svg/>", "is no CJML"),
        ('<CJML version="2.0"/>', "neither an actualJourney nor a plannedJourney"),
        ("hello", "is no journey map: expected JSON, a workbook, CJML, or a CSV grid"),
        ("lane,a,a\nx,1,2", "the stage 'a' is blank or there twice"),
        ("lane,a,b\nx,1", "row 2: has 2 cells, the header has 3"),
    ],
)
def test_what_is_no_map_gets_a_message(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "map"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        journeymap.read(file)


def test_a_mistake_in_json_is_named_with_its_place(small: Path, tmp_path: Path) -> None:
    plain = json.loads(journeymap.read(small / "map.xlsx").to_json())
    cell = plain["lanes"][0]["cells"][0]
    cell["said"] = {"override": "Fewer"}
    (tmp_path / "map.json").write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(DataError, match=r"lane 'customers', stage 'consideration', override_reason: .*no reason"):
        journeymap.read(tmp_path / "map.json")
    cell["sorce"] = "x"
    (tmp_path / "map.json").write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(DataError, match=r"lanes\.1\.cells\.1\.sorce.*Did you mean 'source'"):
        journeymap.read(tmp_path / "map.json")


def test_cjml_of_another_program_gives_phases_and_touchpoints(tmp_path: Path) -> None:
    point = (
        "<actualCommunicationPoint><touchpointID>{}</touchpointID><belongsTo phaseIDref='B'/><initiator><refersTo "
        "actorIDref='u'/><initiatorLabel>{}</initiatorLabel></initiator><channel><channelName>mail</channelName></channel>"
        "</actualCommunicationPoint>"
    )
    (tmp_path / "x.xml").write_text(
        "<CJML version='2.0'><actualJourney><journeyTitle>Move</journeyTitle><journeyPhases><journeyPhase phaseID='A'>"
        "<phaseName>before</phaseName></journeyPhase><journeyPhase phaseID='B'><phaseName>after</phaseName></journeyPhase>"
        f"</journeyPhases><touchpoints>{point.format('T1', 'Letter')}{point.format('D2', 'Reminder')}</touchpoints>"
        "</actualJourney></CJML>",
        encoding="utf-8",
    )
    journey = journeymap.read(tmp_path / "x.xml")
    assert (journey.title, journey.stages) == ("Move", ("before", "after"))
    assert [cell.lines for cell in journey.lanes[0].cells] == [(), ("Letter (mail)", "Reminder (mail)")]
    assert [step.planned for step in journey.steps] == [True, False]


def test_planned_and_actual_journey_stand_apart_in_cjml(small: Path) -> None:
    written = journeymap.read(small / "map.xlsx").to_cjml()
    planned, actual = written.split("<actualJourney>")
    assert planned.count("<plannedCommunicationPoint>") == 4
    assert actual.count("<actualCommunicationPoint>") == 4
    assert "n = 60 customers" in actual


def test_a_hostile_file_of_edits_stops_the_run_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "s"
    draw_small(folder).to_xlsx(folder / "map.xlsx")
    book = openpyxl.load_workbook(folder / "map.xlsx")
    no_reason(book)
    book.save(folder / "map.xlsx")
    with (folder / "study.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[journey_map]\nedits = "map.xlsx"\n')
    before = (folder / "map.xlsx").read_bytes()
    assert main(["check", str(folder)]) == 1
    said = capsys.readouterr().err
    assert "journey_map.edits" in said
    assert "sheet 'trouble', row 2, column 'override_reason'" in said
    with pytest.raises(DataError, match="has no reason"):
        journeymap.draw(jl.open_study(folder))
    assert (folder / "map.xlsx").read_bytes() == before


def test_a_missing_file_and_a_grid_of_edits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"map\.xlsx: cannot be read"):
        draw_small(tmp_path / "a", "map.xlsx")
    with pytest.raises(DataError, match="a CSV grid holds no edits"):
        draw_small(tmp_path / "b", "map.csv")


@pytest.mark.parametrize("name", ["map.json", "shop.map.xlsx", "map.cjml.xml", "map.csv"])
def test_the_command_writes_the_map_and_twice_gives_the_same_bytes(
    small: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        assert main(["export", str(small), "--to", str(tmp_path / folder / name)]) == 0
    assert "holds 3 stages, 15 lanes" in capsys.readouterr().out
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert journeymap.read(tmp_path / "a" / name).stages == ("consideration", "purchase", "evaluation")


def test_a_public_map_has_no_quote_without_consent(small: Path, tmp_path: Path) -> None:
    to = tmp_path / "map.json"
    assert main(["export", str(small), "--to", str(to), "--share", "public"]) == 0
    assert not any(f"the page was slow {number}" in to.read_text(encoding="utf-8") for number in (0, 2, 4, 6))
    assert main(["export", str(small), "--to", str(tmp_path / "x.qdpx"), "--share", "public"]) == 1
