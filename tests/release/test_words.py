"""Names and ids are found in whatever form of the letters they are written."""

from __future__ import annotations

import unicodedata

import pytest

from journeylab.release.people import Ids
from journeylab.release.words import Names

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
