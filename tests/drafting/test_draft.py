"""A study drafted from somebody's files: valid as written, true in its counts, and honest about what is a guess."""

from __future__ import annotations

import collections
import csv
import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab.check import check_study
from journeylab.cli import main
from journeylab.config import DEFAULT_STAGES, Config
from journeylab.drafting.codes import codes_toml, draft_codes
from journeylab.drafting.columns import time_options
from journeylab.drafting.shapes import shapes_of
from journeylab.drafting.stages import guess_stage, words_of
from journeylab.drafting.study import draft_study
from journeylab.drafting.toml import quoted, remark
from journeylab.drafting.touchpoints import Draft, draft_touchpoints, outcome_toml, touchpoints_toml
from journeylab.errors import JourneylabError, StudyError
from journeylab.naming import name_touchpoints
from journeylab.opening import open_study
from journeylab.readers.files import read_file

HEAD = '[study]\nname = "s"\ntitle = "S"\n'


def write(file: Path, rows: Iterable[Iterable[object]]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    return file


def visits(file: Path) -> Path:
    """A shop of 60 visitors whose pages carry ids and campaigns."""
    rows: list[list[object]] = [["Visitor ID", "Timestamp", "Page", "Event"]]
    for number in range(60):
        pages = [f"/?utm_source=mail&utm_id={number}", f"/search?q={number}", f"/product/{10_000 + number}"]
        if number % 2:
            pages += [f"/product/{number}/reviews", "/cart", "/checkout"]
        if number % 4 == 1:
            pages += [f"/checkout/thanks?order={number}", "/my-orders/returns"]
        rows += [
            [f"v{number}", f"2026-01-02T10:{minute:02}:00", page, "page_view"] for minute, page in enumerate(pages)
        ]
    return write(file, rows)


def drafted(names: dict[str, int]) -> Draft:
    raw = [name for name, n in names.items() for _ in range(n)]
    return draft_touchpoints(
        pd.DataFrame({"customer_id": [f"c{place}" for place in range(len(raw))], "touchpoint": raw})
    )


def parsed(draft: Draft) -> Config:
    return Config.model_validate(tomllib.loads(HEAD + touchpoints_toml(draft) + outcome_toml(draft)))


def test_two_files_become_a_study_that_check_accepts_as_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = visits(tmp_path / "visits.csv")
    quotes = write(
        tmp_path / "quotes.csv",
        [
            ["interview", "theme", "quote", "stage", "valence"],
            ["I1", "Delivery late", "It came on Monday", "Purchase", "negative"],
            ["I2", "Delivery late", "late again", "purchase", "-1"],
            ["I2", 'He said "yes"', "fine", "", ""],
            ["I3", "Search", "found it", "consideration", "1"],
            ["I3", "Search", "found it not", "consideration", "-1"],
        ],
    )
    folder = tmp_path / "shop"
    assert main(["new", str(folder), "--events", str(events), "--quotes", str(quotes)]) == 0
    assert main(["check", str(folder)]) == 0
    assert "all in order" in capsys.readouterr().out
    study = open_study(folder)
    stage_of = dict(zip(study.touchpoints["touchpoint"], study.touchpoints["stage"], strict=True))
    count_of = dict(zip(study.touchpoints["touchpoint"], study.touchpoints["n"], strict=True))
    assert count_of == {
        "home page": 60, "search page": 60, "product page": 60, "product reviews page": 30, "cart page": 30,
        "checkout page": 30, "checkout thanks page": 15, "my orders returns page": 15,
    }  # fmt: skip
    assert stage_of["home page"] == "awareness"
    assert stage_of["product page"] == stage_of["search page"] == "consideration"
    assert stage_of["cart page"] == stage_of["checkout page"] == "decision"
    assert stage_of["my orders returns page"] == "evaluation"
    assert stage_of["product reviews page"] == "consideration"  # all of them are read before an order
    assert study.outcome == "checkout thanks page"
    assert study.codes is not None
    codes = study.codes.set_index("path")
    assert codes.loc["Delivery late", "stage"] == "purchase"
    assert codes.loc["Delivery late", "valence"] == -1
    assert codes.loc["Search", "stage"] == "consideration"
    assert pd.isna(codes.loc["Search", "valence"])  # the file says both, so a person decides
    written = (folder / "study.toml").read_text(encoding="utf-8")
    assert written.count("# a guess, from the word") == 8
    assert "your file says '1' and '-1'" in written
    assert "# Not used: 'Event'" in written
    assert "15 of 60 customers (25" in written


def test_files_that_lie_in_the_study_stay_where_they_are_and_others_are_copied(tmp_path: Path) -> None:
    (tmp_path / "shop/raw").mkdir(parents=True)
    inside = visits(tmp_path / "shop/raw/visits.csv")
    drafted_study = draft_study(tmp_path / "shop", events=inside)
    assert tomllib.loads(drafted_study.file.read_text())["events"]["path"] == "raw/visits.csv"
    outside = visits(tmp_path / "visits.csv")
    draft_study(tmp_path / "other", events=outside)
    assert (tmp_path / "other/raw/visits.csv").read_bytes() == outside.read_bytes()


def test_nothing_that_is_there_is_replaced(tmp_path: Path) -> None:
    events = visits(tmp_path / "visits.csv")
    draft_study(tmp_path / "shop", events=events)
    before = (tmp_path / "shop/study.toml").read_bytes()
    with pytest.raises(StudyError, match="is there already"):
        draft_study(tmp_path / "shop", events=events)
    assert (tmp_path / "shop/study.toml").read_bytes() == before
    (tmp_path / "full/raw").mkdir(parents=True)
    (tmp_path / "full/raw/visits.csv").write_text("mine")
    with pytest.raises(StudyError, match="Nothing was changed"):
        draft_study(tmp_path / "full", events=events)
    assert not (tmp_path / "full/study.toml").exists()
    assert (tmp_path / "full/raw/visits.csv").read_text() == "mine"


def test_a_column_that_no_heading_tells_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = write(
        tmp_path / "e.csv", [["wer", "wann", "wo"], ["a", "2026-01-02T10:00:00Z", "x"], ["a", "2026-01-03", "y"]]
    )
    assert main(["new", str(tmp_path / "s"), "--events", str(events)]) == 1
    said = capsys.readouterr().err
    assert "which column is the customer_id" in said
    assert "--column customer_id=YOURS" in said
    assert "'wer', 'wann', 'wo'" in said
    pairs = ["--column", "customer_id=wer", "--column", "touchpoint=wo"]
    assert main(["new", str(tmp_path / "s"), "--events", str(events), *pairs]) == 0
    assert main(["check", str(tmp_path / "s")]) == 0
    with pytest.raises(SystemExit) as stop:
        main(["new", str(tmp_path / "t"), "--events", str(events), "--column", "wer"])
    assert stop.value.code == 2


def test_headings_that_are_like_the_usual_ones_are_found_and_wide_tables_named(tmp_path: Path) -> None:
    heads = ["Customer No.", "contacted at", "contact type", "note"]
    rows = [["a", "2026-01-02T10:00:00Z", "call", "x"], ["b", "2026-01-03T10:00:00Z", "chat", "y"]]
    file = draft_study(tmp_path / "s", events=write(tmp_path / "e.csv", [heads, *rows])).file
    found = tomllib.loads(file.read_text(encoding="utf-8"))["events"]["columns"]
    assert found == {"customer_id": "Customer No.", "event_time": "contacted at", "touchpoint": "contact type"}
    orders = [["customer", "ordered_at", "delivered_at"], ["a", "2026-01-02T10:00:00Z", "2026-01-05T10:00:00Z"]]
    with pytest.raises(StudyError, match=r"Or is each of 'ordered_at', 'delivered_at'.*shape = 'wide'"):
        draft_study(tmp_path / "t", events=write(tmp_path / "o.csv", orders))


def test_quotes_alone_make_a_study_that_can_be_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quotes = write(tmp_path / "q.csv", [["participant", "code", "text"], ["P1", "Late", "it was late"]])
    assert main(["new", str(tmp_path / "s"), "--quotes", str(quotes)]) == 0
    assert main(["check", str(tmp_path / "s")]) == 0
    assert "all in order" in capsys.readouterr().out


def test_a_page_of_two_letters_is_no_language() -> None:
    draft = drafted({"/vr": 5, "/en": 4, "/en/cart": 3})
    assert {rule.name for rule in draft.rules} == {"vr page", "home page", "cart page"}


@pytest.mark.parametrize(
    ("cells", "options", "open_"),
    [
        (["2026-01-02T10:00:00Z"], {}, False),
        (["31.01.2026 10:00", "01.02.2026 11:00"], {"day_first": True}, False),
        (["01/31/2026", "02/01/2026"], {"day_first": False}, False),
        (["01/02/2026", "03/04/2026"], {}, True),
        (["1767225600", "1767225601"], {"date_format": "unix"}, False),
        (["1767225600000", "1767225601000"], {"date_format": "unix_ms"}, False),
        (["2026-01-02T10:00:00Z", "2026-01-02 10:00:00"], {"mixed_zones": "study"}, False),
    ],
)
def test_times_are_read_as_far_as_the_cells_prove_it(
    tmp_path: Path, cells: list[str], options: dict[str, object], open_: bool
) -> None:
    raw = read_file(write(tmp_path / "t.csv", [["at", "n"], *([cell, "1"] for cell in cells)]))
    found, question = time_options(raw, "at")
    assert found == options
    assert bool(question) == open_


def test_shapes_fold_ids_campaigns_hosts_and_many_siblings() -> None:
    names = [
        "https://www.shop.example/en/product/blue-lamp-12345?utm_source=x", "https://shop.example/en/product/77/",
        "http://shop.example/en/Product/0b7c1f0e-1111-4222-8333-944455556666",
    ]  # fmt: skip
    found = shapes_of(dict.fromkeys(names, 1))
    assert len(set(found.values())) == 1
    assert found[names[0]].segments == ("", "en", "product", "*")
    articles = {f"/lamps/{sign}-lamp": 1 for sign in "abcdefghijkl"} | {
        "/lamps/cart": 1,
        "/about/us": 1,
        "/about/team": 1,
    }
    folded = shapes_of(articles)
    assert {shape.segments[-1] for name, shape in folded.items() if name.endswith("-lamp")} == {"*"}
    assert folded["/lamps/cart"].segments[-1] == "cart"
    assert folded["/about/us"] != folded["/about/team"]
    routed = shapes_of({"/index.php?route=checkout/cart&x=1": 1, "/index.php?route=product/product&id=3": 1})
    assert len(set(routed.values())) == 2


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("home", "awareness"), ("landing", "awareness"), ("ad click", "awareness"), ("product page", "consideration"),
        ("SearchResults", "consideration"), ("view_item", "consideration"), ("add_to_cart", "decision"),
        ("addItemToCart", "decision"), ("begin_checkout", "decision"), ("checkout/review", "decision"),
        ("order placed", "purchase"), ("thank-you", "purchase"), ("checkout/confirmation", "purchase"),
        ("product reviews", "evaluation"), ("rating", "evaluation"), ("support chat", "evaluation"),
        ("return an order", "evaluation"), ("scroll", None), ("addressbook", None),
    ],
)  # fmt: skip
def test_plain_words_tell_a_stage(name: str, stage: str | None) -> None:
    guessed = guess_stage(words_of(name))
    assert (guessed[0] if guessed else None) == stage


def test_rare_names_are_gathered_and_a_rare_order_keeps_its_rule() -> None:
    names = {f"page {sign}{other}": 100 for sign in "abcdefgh" for other in "abcdefgh"}
    names |= {f"odd {sign}": 1 for sign in "abcdefghijk"} | {"order placed": 1}
    draft = drafted(names)
    assert draft.rules[-1].match == ("*",)
    assert draft.outcome is not None
    assert draft.outcome.name == "order placed"
    assert sum(rule.n for rule in draft.rules) == sum(names.values())


def test_a_study_without_a_purchase_gets_no_outcome_but_a_question() -> None:
    draft = drafted({"scroll": 3, "click": 2})
    assert draft.outcome is None
    assert parsed(draft).outcomes == []
    assert "name the touchpoint that is one" in outcome_toml(draft)


NASTY = st.one_of(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).map(str.strip).filter(bool),
    st.lists(st.sampled_from(["", "a", "product", "12345", "*", "[x]", "re:(", '"""', "\\", "#", "?q=1", "é", "\x7f"]),
             min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts)),
    st.sampled_from(["re:.*", "re:(", "*", "?", "[a", "http://x", "//", "/", "a/b?page=2", "\u2028x", "x\ny = 1", "/A", "/a/"]),
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(NASTY, st.integers(1, 4), min_size=1, max_size=25))
def test_every_name_finds_its_rule_whatever_it_is_called(names: dict[str, int]) -> None:
    draft = drafted(names)
    config = parsed(draft)
    named = name_touchpoints(list(names), config.touchpoints)
    assert named["matched"].all()
    counted = collections.Counter()
    for raw, touchpoint in zip(named["raw"], named["touchpoint"], strict=True):
        counted[touchpoint] += names[raw]
    assert {rule.name: rule.n for rule in draft.rules} == counted  # the comments say what the study will count
    assert len({rule.name for rule in config.touchpoints}) == len(config.touchpoints)
    assert {rule.stage for rule in config.touchpoints} <= {None, *DEFAULT_STAGES}


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_survives_as_toml(text: str) -> None:
    whole = text.encode("utf-8", "replace").decode("utf-8")
    assert tomllib.loads(f"# {remark(text)}\nx = {quoted(text)}") == {"x": whole}


def test_codes_say_what_they_rest_on() -> None:
    codings = pd.DataFrame({"code": ["Pain/Checkout", "Pain/Checkout", "Mood"], "stage": ["", "", "Loyalty"]})
    codes = {code.path: code for code in draft_codes(["Pain/Checkout", "Mood"], codings)}
    assert (codes["Pain/Checkout"].stage, codes["Pain/Checkout"].valence) == ("decision", -1)
    assert codes["Mood"].stage is None
    written = codes_toml(list(codes.values()))
    assert "your file says 'Loyalty'; add that to [[stages]]" in written
    assert tomllib.loads(written)["codes"][1] == {"path": "Mood"}


def test_events_of_another_system_are_drafted_too(tmp_path: Path) -> None:
    lines = [
        '127.0.0.1 - - [10/Jan/2026:10:00:00 +0000] "GET /product/1234 HTTP/1.1" 200 12 "-" "Mozilla/5.0"',
        '127.0.0.1 - - [10/Jan/2026:10:01:00 +0000] "GET /cart HTTP/1.1" 200 12 "-" "Mozilla/5.0"',
    ]
    (tmp_path / "access.log").write_text("\n".join(lines))
    draft_study(tmp_path / "s", events=tmp_path / "access.log", format="weblog")
    assert check_study(tmp_path / "s").problems == ()
    with pytest.raises(StudyError, match="say what wrote it with --format"):
        draft_study(tmp_path / "t", events=tmp_path / "access.log")


@pytest.mark.parametrize("refused", ["study.toml", "e.csv", "q.csv"])
def test_what_cannot_be_written_leaves_nothing_half_made(
    refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits(tmp_path / "e.csv")
    write(tmp_path / "q.csv", [["participant", "code"], ["P1", "Late"]])
    (tmp_path / "old/raw").mkdir(parents=True)
    really = Path.open

    def guarded(path: Path, mode: str = "r", *args: Any, **given: Any) -> Any:
        if path.name == refused and "x" in mode:
            raise PermissionError(13, "Permission denied", str(path))
        return really(path, mode, *args, **given)

    monkeypatch.setattr(Path, "open", guarded)
    for name in ("old", "fresh/deep"):
        with pytest.raises(StudyError, match=rf"cannot be written: .*{refused}: Permission denied"):
            draft_study(tmp_path / name, events=tmp_path / "e.csv", quotes=tmp_path / "q.csv")
    assert [path.name for path in (tmp_path / "old").rglob("*")] == ["raw"]
    assert not (tmp_path / "fresh").exists()


@pytest.mark.parametrize("link", ["study.toml", "raw/e.csv", "raw/events.csv"])
def test_nothing_is_written_through_a_link_to_nothing(link: str, tmp_path: Path) -> None:
    (tmp_path / "s/raw").mkdir(parents=True)
    (tmp_path / "s" / link).symlink_to(tmp_path / "outside")
    drafting = ["--events", str(visits(tmp_path / "e.csv"))] if link != "raw/events.csv" else []
    assert main(["new", str(tmp_path / "s"), *drafting]) == 1
    assert not (tmp_path / "outside").exists()
    assert {path.name for path in (tmp_path / "s").rglob("*")} == {"raw", Path(link).name}


def test_a_file_of_one_touchpoint_is_drafted_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["customer_id", "event_time", "page"], ["a", "2026-01-02", "home"], ["b", "2026-01-03", "home"]]
    assert main(["new", str(tmp_path / "s"), "--events", str(write(tmp_path / "e.csv", rows))]) == 0
    assert "'page' holds one name only, 'home'" in capsys.readouterr().out
    rows = [[*row[:2], cell] for row, cell in zip(rows, ["page", "1", "2"], strict=True)]
    with pytest.raises(StudyError, match="'page' holds no names of events"):
        draft_study(tmp_path / "t", events=write(tmp_path / "n.csv", rows))


def test_one_heading_may_be_the_customer_of_events_and_the_document_of_quotes(tmp_path: Path) -> None:
    heads = ["person", "time", "page"]
    events = write(tmp_path / "e.csv", [heads, ["a", "2026-01-02", "x"], ["a", "2026-01-03", "y"]])
    quotes = write(tmp_path / "q.csv", [["person", "code"], ["a", "late"]])
    file = draft_study(tmp_path / "s", events=events, quotes=quotes, columns={"customer_id": "person"}).file
    said = tomllib.loads(file.read_text(encoding="utf-8"))
    assert said["events"]["columns"]["customer_id"] == "person"
    assert said["interviews"]["columns"]["document_id"] == "person"


@pytest.mark.parametrize("empty", ["customer_id", "event_time", "page"])
def test_a_needed_column_that_is_empty_is_named(empty: str, tmp_path: Path) -> None:
    rows = pd.DataFrame({"customer_id": ["a", "b"], "event_time": ["2026-01-02", "2026-01-03"], "page": ["x", "y"]})
    rows.assign(**{empty: " "}).to_csv(tmp_path / "e.csv", index=False)
    with pytest.raises(JourneylabError, match=rf"'{empty}'.*(empty in every row|numbers, times, or nothing)"):
        draft_study(tmp_path / "s", events=tmp_path / "e.csv")
    assert not (tmp_path / "s").exists()


def test_a_file_whose_name_is_no_utf8_is_refused(tmp_path: Path) -> None:
    events = visits(tmp_path / os.fsdecode(b"e\xff.csv"))
    with pytest.raises(StudyError, match="not UTF-8 text"):
        draft_study(tmp_path / "s", events=events)
    assert not (tmp_path / "s").exists()
