"""Planted leaks: every one is masked, hidden or refused with its place; and what is clean passes."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from journeylab.errors import ReportError
from journeylab.html import escape
from journeylab.opening import open_study
from tests.release.house import GONE_QUOTE, OPEN_QUOTE, SECRET_QUOTE, House, picture, shown, unpacked, write_house

SAFE = shown("Pages met", page=["home", "chat", "order placed"], n=[60, 30, 20])


def said(words: str) -> str:
    return f'<p class="finding">{escape(words)}</p>'


@dataclasses.dataclass(frozen=True)
class Leak:
    """What is planted into a page, and what must then be nowhere in the zip."""

    name: str
    body: str
    gone: tuple[str, ...]
    kept: str = ""


def in_words(name: str, words: str, *gone: str) -> Leak:
    return Leak(name, SAFE + said(words), gone)


TOKEN = "Zq8-unusual/value+42"
MASKED = [
    in_words("customer id", "Look at c14 for an example.", "c14"),
    in_words("customer id in capitals", "Look at C14 for an example.", "C14"),
    in_words("customer id split by a sign nobody sees", "Look at c\u200b14 now.", "c14", "c\u200b14"),
    in_words("id within a longer word", "Session c14-mobile was slow.", "c14"),
    Leak("participant id in a cell", shown("Quotes", code=["slow"], who=["p5"]), ("p5",)),
    Leak("id in a caption, and so in the name of a file", shown("What c14 did", page=["home"], n=[60]), ("c14",)),
    Leak("id in an alt text", SAFE + picture(alt="Bars of the visits of c14, one a day"), ("c14",)),
    Leak("id in an attribute that is read out", SAFE + '<p class="finding" aria-label="visit of c14">x</p>', ("c14",)),
    in_words("document id", "As interview i6 shows.", "i6"),
    in_words("e-mail", "Write to dagny.l@example.org.", "dagny.l", "example.org"),
    in_words("e-mail written to be overlooked", "Write to dagny (at) example (dot) org.", "dagny", "example"),
    in_words("e-mail spelt out", "Write to dagny at example dot org please.", "dagny"),
    in_words("wide letters of an e-mail", "Write to dagny＠example．org.", "dagny"),
    in_words("phone", "Call +46 18 471 00 00 after six.", "471", "+46"),
    in_words("short phone", "Call 555-0134 after six.", "0134"),
    in_words("card", "I paid with 4111 1111 1111 1111.", "4111"),
    in_words("order number", "It was order no. A-48213.", "48213"),
    in_words("account", "Send it to SE35 5000 0000 0549 1000 0003.", "5000 0000", "SE35"),
    in_words("bare domain", "It is all on harbour-forum.example for all to see.", "harbour"),
    in_words("account in small letters", "Send it to fr14 2004 1010 0505 0001 3m02 606.", "3m02", "606"),
    in_words("link", "It is all on https://forum.example/dagny?id=7.", "forum.example"),
    Leak("link behind words", SAFE + '<p>see <a href="https://forum.example/dagny">here</a></p>', ("forum.example",)),
    in_words("address of a machine", "From 192.168.10.77 again.", "192.168"),
    in_words("long address of a machine", "From 2001:db8:0:1:1:1:1:1 again.", "2001:db8"),
    in_words("name from the list", "I went to lumen &  sons instead.", "lumen"),
    in_words("name of a participant", "I am Anneliese Kowalczyk.", "Anneliese", "Kowalczyk"),
    in_words("first name of a participant", "Thanks, said Fumiko.", "Fumiko"),
    in_words("name cut by emphasis", "", "Fumiko Sato"),
    in_words("path of a machine", "Read from /home/dagny/study/raw.", "/home/dagny"),
    in_words("path of another machine", r"Read from C:\Users\dagny\raw.csv now.", "dagny"),
    in_words("quote without consent", f"“{SECRET_QUOTE}”", "grandmother", "Uppsala"),
    in_words("part of a quote without consent", "… whenever my grandmother in Uppsala switched on …", "grandmother"),
    Leak("quote without consent in an alt text", SAFE + picture(alt=f"A card: {SECRET_QUOTE}"), ("grandmother",)),
    in_words("name in capitals", "FUMIKO SATO said so.", "FUMIKO", "SATO"),
    in_words("name in decomposed letters", "Clementine Faure\u0301 said so.", "Clementine", "Faure"),
    in_words("id joined by an underscore", "Look at user_c14 and c20_x now.", "user_c14", "c14", "c20", "c20_x"),
    in_words("e-mail with a gap", "Write to dagny.l@ example.org.", "dagny", "example"),
    in_words("few people in a sentence", "3 of 46 people left at the cart called harbour.", "harbour"),
    in_words("few people in words", "Only three customers left at the harbour.", "harbour"),
    in_words("all but a few", "44 of 46 people know the harbour.", "harbour"),
    in_words("percent of a known number", "6.5 % of 46 people know the harbour.", "harbour"),
    Leak("comment", SAFE + "<!-- made by dagny -->", ("dagny",)),
    Leak("attribute nobody sees", SAFE + '<p data-owner="dagny" style="color:red">x</p>', ("dagny",)),
    Leak("remark in a style", SAFE + "<style>/* made by dagny */p{margin:0}</style>", ("dagny",)),
    Leak("figure whose table names a customer", "<section>" + picture() + shown("T", who=["c14"], words=["home"]) + "</section>",
         ("c14", "<figure>")),
    Leak("author", SAFE + '<meta name="author" content="dagny">', ("dagny",)),
    Leak("text in a picture", SAFE + picture((b"tEXt", b"Author\0dagny")), ("dagny",), "<figure>"),
    Leak("time and place in a picture", SAFE + picture((b"tIME", b"\x07\xea\1\2\3\4\5"), (b"eXIf", b"MM\0*dagny")),
         ("tIME", "eXIf")),
    Leak("bytes after a picture", SAFE + picture(after=b"dagny was here"), ("dagny",), "<figure>"),
    Leak("another kind of picture", SAFE + '<figure><img src="data:image/svg+xml;base64,ZGFnbnk=" alt="x"></figure>', ("ZGFnbnk",)),
    Leak("code", SAFE + '<details class="code"><summary>Code</summary><pre>df.query("dagny")</pre></details>', ("dagny",)),
    Leak("a form and a frame", SAFE + '<iframe src="x.html"></iframe><form action="https://dagny.example"></form>',
         ("dagny", "iframe")),
]  # fmt: skip
MASKED[[leak.name for leak in MASKED].index("name cut by emphasis")] = Leak(
    "name cut by emphasis", SAFE + '<p class="finding">I am Fumi<b>ko Sa</b>to.</p>', ("Fumi", "ko Sa")
)


@pytest.mark.parametrize("leak", MASKED, ids=lambda leak: leak.name)
def test_words_that_point_to_a_person_are_nowhere_in_the_zip(house: House, leak: Leak) -> None:
    house.release(house.run(leak.body))
    files = unpacked(house.zip)
    whole = "\n".join([*files, *files.values()])
    for needle in leak.gone:
        assert not re.search(rf"(?<!\w){re.escape(needle)}", whole), needle
    assert leak.kept in whole
    assert "home" in files["03_voices.html"] or leak.name.startswith("participant id")


@dataclasses.dataclass(frozen=True)
class Cells:
    """A table, and the rows (by their first label) whose numbers must not be shown, and those that should be."""

    name: str
    body: str
    hidden: tuple[str, ...]
    visible: tuple[str, ...] = ()


PAGES = ["alpha", "beta", "gamma", "delta"]
CELLS = [
    Cells("small cell", shown("T", page=PAGES, n=[60, 40, 3, 12]), ("gamma", "delta"), ("alpha", "beta")),
    Cells("small cell with its total", shown("T", page=[*PAGES, "total"], n=[60, 40, 3, 12, 115]), ("gamma", "delta"),
          ("alpha", "beta", "total")),
    Cells("a total that is not called so", shown("T", page=[*PAGES, "every page"], n=[60, 40, 3, 12, 115]), ("gamma", "delta"),
          ("every page",)),
    Cells("two small cells whose sum is small", shown("T", page=PAGES, n=[60, 40, 1, 2]), ("gamma", "delta", "beta"), ("alpha",)),
    Cells("k of n in words", shown("T", page=PAGES, said=["30 of 46", "3 of 46", "20 of 46", "12 of 46"]), ("beta", "delta")),
    Cells("all but a few", shown("T", page=PAGES, n=[46] * 4, said=[44, 20, 30, 12]), ("alpha",)),
    Cells("a share gives the count", shown("T", page=PAGES, n=[46] * 4, left_share=[0.065, 0.5, 0.4, 0.3]), ()),
    Cells("a cell over two rows", shown("T", page=PAGES, n=[60, 40, 3, 12]).replace(
        '<th scope="row">beta</th>', '<th scope="row" rowspan="2">beta</th>').replace('<th scope="row">gamma</th>', ""),
        ("delta",), ("alpha",)),
    Cells("a count among other numbers", shown("T", what=["customers", "mean score", "spread"], value=[3, 4.52, 0.61]),
          ("customers",)),
    Cells("nested stretches", shown("T", subpath=["alpha", "alpha → beta", "gamma", "delta"], n=[60, 58, 30, 20]),
          ("alpha → beta",)),
    Cells("steps of a funnel", shown("T", step=PAGES, n=[60, 58, 30, 20]), ("beta",)),
    Cells("a row about one customer", shown("T", customer=["c14", "c20"], n=[60, 58]), ("C-",)),
    Cells("the number behind a cell", shown("T", page=PAGES, n=[60, 40, 30, 12]).replace(
        '<td class="num" data-value="30">30</td>', '<td class="num" data-value="3">–</td>'), ()),
]  # fmt: skip


def numbers(text: str, label: str) -> list[str]:
    """The numbers of a row of a released page."""
    row = re.search(rf"<tr><th[^>]*>{re.escape(label)}[^<]*</th>(.*?)</tr>", text)
    return re.findall(r"\d+", re.sub(r"<[^>]+>", " ", row[1])) if row else []


@pytest.mark.parametrize("cells", CELLS, ids=lambda cells: cells.name)
def test_small_cells_and_what_gives_them_back_are_hidden(house: House, cells: Cells) -> None:
    house.release(house.run(cells.body))
    files = unpacked(house.zip)
    page = files["03_voices.html"]
    for label in cells.hidden:
        assert not numbers(page, label), label
    for label in cells.visible:
        assert numbers(page, label), label
    table = files.get("data/03-voices-01-t.csv", "")
    assert table
    for line in table.splitlines():
        assert not any(
            line.startswith(f"{label},") and re.search(r"\d", line.split(",", 1)[1]) for label in cells.hidden
        )
    if cells.name == "a share gives the count":
        assert "6.5 %" not in page
        assert (
            len(re.findall(r">\d+\.\d %<", page)) == 2 * 2
        )  # one more is hidden, or the sum would give it back; page twice
    assert ">3<" not in page
    if cells.name == "the number behind a cell":
        assert 'data-value="3"' not in page
        assert "gamma,3" not in table


def test_no_row_or_column_total_of_a_cross_table_gives_a_cell_back(house: House) -> None:
    rows = [(city, age) for city in ("north", "south", "west") for age in ("young", "old", "older")]
    body = shown("T", city=[c for c, _ in rows], age=[a for _, a in rows], n=[30, 25, 2, 40, 35, 50, 60, 45, 55])
    house.release(house.run(body))
    gone = {
        tuple(line.split(",")[:2])
        for line in unpacked(house.zip)["data/03-voices-01-t.csv"].splitlines()
        if line.endswith(",")
    }
    assert ("north", "older") in gone
    for place in (0, 1):  # every row and column with a hidden cell has two
        for value in {cell[place] for cell in gone}:
            assert sum(cell[place] == value for cell in gone) > 1


def test_a_hidden_row_is_told_nowhere_else(house: House) -> None:
    body = shown("T", page=PAGES, n=[60, 40, 3, 12]) + said("delta: 12 people came.") + shown(
        "Again", place=PAGES, people=[60, 40, 33, 12])  # fmt: skip
    house.release(house.run(body))
    page = unpacked(house.zip)["03_voices.html"]
    assert "12 people" not in page
    assert not re.search(r"<th[^>]*>delta</th><td[^>]*>12", page)


def test_two_tables_that_differ_by_a_filter_do_not_tell_the_few(house: House) -> None:
    body = shown("All people", page=PAGES, n=[60, 40, 30, 20]) + shown("Members only", page=PAGES, n=[58, 25, 12, 7])
    done = house.release(house.run(body))
    assert any("differs by less than the minimum" in line and "alpha" in line for line in done.hidden)
    page = unpacked(house.zip)["03_voices.html"]
    assert page.count(">58<") == 0


def test_two_releases_of_one_study_do_not_tell_the_few(house: House) -> None:
    house.release(house.run(shown("T", page=PAGES, n=[60, 40, 30, 20])))
    done = house.release(house.run(shown("T", page=PAGES, n=[63, 80, 70, 60])))
    assert [line for line in done.hidden if "alpha" in line and "earlier release" in line]
    assert not numbers(unpacked(house.zip)["03_voices.html"], "alpha")


def test_what_was_hidden_once_stays_hidden_while_the_people_are_the_same(house: House) -> None:
    house.release(house.run(shown("T", page=PAGES, n=[60, 40, 3, 12])))
    done = house.release(house.run(shown("T", page=PAGES, n=[60, 40, 3, 12])))
    assert not numbers(unpacked(house.zip)["03_voices.html"], "delta")
    assert len(done.hidden) == 2


def test_a_figure_of_hidden_rows_is_left_out_and_one_of_shown_rows_stays(house: House) -> None:
    house.release(house.run(f"<section>{picture()}{shown('T', page=PAGES, n=[60, 40, 3, 12])}</section>"))
    assert "<figure>" not in unpacked(house.zip)["03_voices.html"]
    house.release(house.run(f"<section>{picture()}{SAFE}</section>"))
    assert "<figure>" in unpacked(house.zip)["03_voices.html"]


def notebook(words: str) -> str:
    import json

    return json.dumps(
        {"cells": [{"cell_type": "code", "source": [], "outputs": [{"output_type": "stream", "text": [words]}]}]}
    )


REFUSED: list[tuple[str, str, dict[str, str | bytes], str]] = [
    ("a token in an output", SAFE + said("ghp_" + "a1B2" * 9), {}, "03_voices.html, line .*GitHub token"),
    ("a token cut by emphasis", SAFE + f"<p>ghp_{'a1B2' * 4}<b>{'a1B2' * 5}</b></p>", {}, "GitHub token"),
    ("a token split by a sign nobody sees", SAFE + said("hf_a1B2\u200b" + "a1B2" * 7), {}, "Hugging Face token"),
    ("a key in a result", SAFE, {"results/x.json": '{"a": "AKIA' + "ABCD" * 4 + '"}'}, "results/x.json, line 1: an AWS"),
    ("a private key in a notebook", SAFE, {"03_voices.ipynb": notebook("-----BEGIN RSA PRIVATE KEY-----")}, "private key"),
    ("a web token", SAFE + said("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcDEF123456"), {}, "JSON web token"),
    ("a password in a link", SAFE + said("postgresql://dagny:hunter2x@db.example/shop"), {}, "password"),
    ("the value of a variable", SAFE + said(f"using {TOKEN}"), {}, "environment variable SHOP_API_TOKEN"),
    ("the value of a variable in base64", SAFE, {"results/x.json": f'["{base64.b64encode(TOKEN.encode()).decode()}"]'},
     "environment variable SHOP_API_TOKEN"),
    ("a script", SAFE + "<script>fetch('x')</script>", {}, "script that is not journeylab's own"),
    ("a style that asks", SAFE + "<style>p{background:url(https://x.example/p.png)}</style>", {}, "style asks"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "body", "files", "why"),
    REFUSED,
    ids=lambda given: given if isinstance(given, str) and len(given) < 40 else "",
)
def test_what_cannot_be_masked_is_refused_with_its_place(
    house: House, name: str, body: str, files: dict[str, str | bytes], why: str
) -> None:
    run = house.run(body, files=files)
    with pytest.raises(ReportError, match=why) as found:
        house.release(run, environment={"SHOP_API_TOKEN": TOKEN, "LANG": "en_GB.UTF-8"})
    assert TOKEN not in str(found.value)
    assert not house.zip.exists()
    assert not list(house.folder.glob(".out*"))


def withdraw(folder: Path, *, person: str = "p3", when: str = "2026-05-20") -> None:
    """Let a person of a study take back their consent."""
    file = folder / "raw" / "crosswalk.csv"
    lines = [
        f"{line}{when}" if line.startswith(f"{person},") else line
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_who_withdrew_since_the_run_stops_its_release(tmp_path: Path) -> None:
    folder = write_house(tmp_path / "small")
    house = House(tmp_path, open_study(folder))
    run = house.run(SAFE)
    withdraw(folder)
    with pytest.raises(
        ReportError,
        match=r"crosswalk.csv: was changed after the run .*'p3' \(row 5, withdrew 2026-05-20\).*journeylab run",
    ):
        house.release(run, open_study(folder))
    assert not house.zip.exists()


@pytest.mark.parametrize(
    ("body", "files", "where"),
    [
        (said("As p3 told us."), {}, "03_voices.html, part 'Pages met': 'p3' withdrew on 2026-04-20"),
        (said("Session of c3."), {}, "'c3' withdrew"),
        ("", {"results/x.json": '{"table": [{"who": "p3"}]}'}, r"results/x.json, table\[0\].who: 'p3' withdrew"),
        (said(f"“{GONE_QUOTE}”"), {}, "words of a person who withdrew"),
        ("", {"03_voices.ipynb": notebook(GONE_QUOTE)}, r"03_voices.ipynb, cells\[0\].outputs.*words of a person who withdrew"),
        ("", {"data/old.csv": "who,n\ni3,9\n"}, "data/old.csv, row 2: 'i3' withdrew"),
    ],
)  # fmt: skip
def test_a_run_that_still_holds_someone_who_withdrew_is_refused(
    tmp_path: Path, body: str, files: dict[str, str | bytes], where: str
) -> None:
    folder = write_house(tmp_path / "small")
    withdraw(folder, when="2026-04-20")
    house = House(tmp_path, open_study(folder))
    with pytest.raises(ReportError, match=where):
        house.release(house.run(SAFE + body, files=files))


def test_a_clean_run_passes_and_keeps_quotes_with_consent(house: House) -> None:
    done = house.release(house.run(SAFE + said(f"“{OPEN_QUOTE}”") + picture()))
    page = unpacked(house.zip)["03_voices.html"]
    assert OPEN_QUOTE in page
    assert not done.hidden
    assert numbers(page, "order placed") == ["20"]


def test_there_are_forty_planted_leaks_and_more() -> None:
    tests: list[Callable[..., None]] = [test_who_withdrew_since_the_run_stops_its_release]
    assert len(MASKED) + len(CELLS) + len(REFUSED) + len(tests) >= 40
