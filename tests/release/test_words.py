"""Names and ids are found in whatever form of the letters they are written."""

from __future__ import annotations

import unicodedata

import pytest

from journeylab.release.people import Ids, Passages
from journeylab.release.tokens import Secrets
from journeylab.release.words import Names, masked

NAMES = Names(["Jörg Müller", "Sean O'Brien", "Anna-Lena Groß"], ["Müller", "Jörg", "O'Brien", "Groß", "Fauré"])


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("Jörg Müller", "[name]"),
        ("JÖRG MÜLLER", "[name]"),
        ("é jörg müller é", "é [name] é"),
        ("MÜLLER rief an", "[name] rief an"),
        ("Sean O’Brien’s", "[name]’s"),
        ("Anna\u2011Lena Groß", "[name]"),
        ("anna\u2010lena gross", "[name]"),
        ("ANNA-LENA GROSS", "[name]"),
        ("user_Müller_2", "user_[name]_2"),
        ("Frau Fauré, é", "Frau [name], é"),
        ("Müllerei", "Müllerei"),
    ],
)
def test_names_are_found_in_every_form(words: str, kept: str, form: str) -> None:
    text = unicodedata.normalize(form, words)  # type: ignore[arg-type]
    assert NAMES.mask(text)[0] == unicodedata.normalize(form, kept)  # type: ignore[arg-type]


def test_a_list_in_decomposed_letters_finds_composed_ones() -> None:
    assert Names([unicodedata.normalize("NFD", "Jörg Müller")]).mask("Jörg Müller!")[0] == "[name]!"


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("user_cust00002", "user_X"),
        ("cust00003_x", "X_x"),
        ("Émile, P\u2011003", "Émile, X"),
        ("P–003.", "X."),
        ("p-003-mobile_Cust00002/É", "X-mobile_X/É"),
        ("xcust00002", "xcust00002"),
        ("kunde 7 und Kunde 7", "X und X"),
    ],
)
def test_ids_are_found_in_joined_words(words: str, kept: str) -> None:
    ids = Ids(["cust00002", "cust00003", "P-003", "kunde 7"])
    assert ids.replace(words, lambda _: "X")[0] == kept


def test_parts_in_small_letters_are_words_and_scripts_without_capitals_are_names() -> None:
    names = Names([], ["Will", "佐藤"])
    assert names.mask("Will will, 佐藤 said")[0] == "[name] will, [name] said"


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        ("ann.lee@ example.com", "example"),
        ("ann.lee @example.com", "ann"),
        ("bob (a) example.de", "bob"),
        ("see firma.de/konto?id=9", "firma"),
        ("firma.de?id=9", "firma"),
        ("se35 5000 0000 0549 1000 0003", "0549"),
        ("de89370400440532013000", "3704"),
        ("nl91 abna 0417 1643 00", "abna"),
        ("Kundennummer 44321", "44321"),
        ("Kunden-Nr.: 44321", "44321"),
        ("meine Bestellnummer lautet 44321", "44321"),
        ("I wrote it on harbour-forum.example.", "harbour"),
        ("see anns-lamps.co.uk, please", "anns"),
        ("ANNS-LAMPS.ORG/about", "ANNS"),
        ("bei lampen.lindqvist.se:8080 gekauft", "lindqvist"),
        ("fr14 2004 1010 0505 0001 3m02 606", "606"),
        ("FR1420041010050500013M02606", "3M02"),
        ("mt84malt011000012345mtlcast001s", "mtlc"),
        ("it60 x054 2811 1010 0000 0123 456, please", "0123"),
        ("no93 8601 1117 947", "1117"),
    ],
)
def test_addresses_and_numbers_are_masked(words: str, gone: str) -> None:
    kept, found = masked(words)
    assert found
    assert gone not in kept


@pytest.mark.parametrize(
    "words",
    [
        "03_voices.html#part",
        "data/03-voices.csv/x",
        "and/or, e.g./i.e., 12 km/h",
        "2 @ 4.5",
        "Option (a) is best. Then go.",
        "in 2024 or 2025",
        "font:1.2em/1.5 a",
        "order 12 of 2026-05-01",
        "report.html, study.toml and README.md of version 1.4.2",
        "e.g. this, i.e. that, z.B. das, U.S.A., p.m.",
        "it was slow.it never came, late.The end, done.So what",
        "Node.js, jl.open_study, voices.nps(scores)",
        "ab12 of the tables were here and there",
        "fr14 people came in 2004 and 1010 in 2005",
        "Kunden 2024",
    ],
)
def test_what_is_no_address_stays(words: str) -> None:
    assert masked(words) == (words, [])


@pytest.mark.parametrize("start", ["hf_", "npm_", "ghp_"])
@pytest.mark.parametrize("between", ["", "\u200b", "&#8203;", "&ZeroWidthSpace;", "\\u200b", "\u00ad"])
def test_tokens_are_found_though_split_by_signs_nobody_sees(start: str, between: str) -> None:
    token = start + "a1B2" * 3 + between + "c3D4" * 6
    assert [line for line, _ in Secrets({}).find(f"one\ntwo {token}\n")] == [2]


def test_the_value_of_a_variable_is_found_though_split() -> None:
    assert Secrets({"MY_TOKEN": "Zq8-unusual+42"}).find("a Zq8-un\u200busual+42")


PASSAGES = Passages(
    [
        "我觉得这个网站的结账流程实在太慢了",
        "とても使いにくい",
        "ช้ามากและใช้งานยาก",
        "Overpriced!",
        "zu teuer",
        "太贵了！",
        "高すぎる",
        "贵",
    ],
    ["我觉得这个网站的客服很好", "Overwhelming", "结账"],
)


@pytest.mark.parametrize(
    "words",
    [
        "他说：结账流程实在太慢了。",
        "「とても使いにくい」",
        "ผู้ใช้บอกว่า ช้ามากและใช้งานยาก",
        "“overpriced”",
        "Overpriced",
        "code: zu  teuer",
        "太贵了",
        "他说：“太贵了！”",
        "「高すぎる」と言った",
        "是的，太贵了。",
    ],
)
def test_passages_without_spaces_and_of_few_words_are_found(words: str) -> None:
    assert PASSAGES.within(words)


@pytest.mark.parametrize(
    "words",
    [
        "我觉得这个网站的",
        "太慢了",
        "It is overpriced, they say",
        "Overwhelming",
        "teuer",
        "结账",
        "贵",
        "灯太贵了吗",
        "高すぎるので",
    ],
)
def test_what_anybody_may_say_is_no_passage(words: str) -> None:
    assert not PASSAGES.within(words)


def test_short_passages_are_looked_for_only_where_asked() -> None:
    assert not PASSAGES.within("overpriced", short=False)
