"""Sentences that tell of few people are found however they are put; those about things are left."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeylab.opening import open_study
from journeylab.release.prose import tells_few
from tests.release.house import House, shown, unpacked, write_house

FEW = [
    "2 of 16 name any pain there (3.5 to 36.0 %); n = 16",
    "3 of 46 test it",
    "4 of 16 measure it",
    "2 of 16 question the price",
    "3 of 46 rule it out",
    "2 of 16 page back",
    "1 of 16 tests it by hand",
    "1 of 16 pages in support",
    "3/16 people",
    "3 in 16 people",
    "3 (of 16)",
    "3\u00a0of\u200916 agree",
    "3 of 16 names",
    "Two of 16 agree",
    "44 of 46 check it",
]
FINE = [
    "2 of 13 touchpoints",
    "2 of 13 touchpoints have an effect",
    "3 of 7 stages, with 46 people",
    "4 of 9 tests were decided.",
    "2 of 16 pages in the list",
    "12 of 46 name a pain",
    "2 in 2026",
    "on 3/16/2026",
    "24/7",
    "1 of 4 goals is due",
]


ABROAD = [
    ("de", "Nur drei Kunden kamen zurück."),
    ("de", "Vier der 46 Befragten nannten es."),
    ("de", "Eine von 46 fand es gut."),
    ("de", "44 von 46 Personen kennen den Hafen."),
    ("de", "3 zufriedene Kundinnen"),
    ("fr", "Seuls deux clients sont revenus."),
    ("fr", "Trois des 46 personnes le disent."),
    ("fr", "une sur 46"),
    ("es", "Solo cuatro clientes volvieron."),
    ("es", "Tres de las 46 personas lo dicen."),
    ("es", "una de 46"),
]
ABROAD_FINE = [
    ("de", "Zwölf Kunden kamen zurück, mindestens drei Kunden je Woche."),
    ("de", "drei von 13 Kontaktpunkten, zwei Phasen, ein Kunde, der wartet"),
    ("fr", "moins de trois clients, deux étapes, six de 13 points de contact"),
    ("es", "menos de tres clientes, dos etapas, cinco de 13 puntos de contacto"),
    ("es", "Los clientes de 2025 eran 46 personas"),
]


@pytest.mark.parametrize(("language", "words"), ABROAD)
def test_few_people_are_found_in_the_language_of_the_study(language: str, words: str) -> None:
    assert tells_few(words, 5, language=language)
    assert not tells_few(words, 5) or "46" in words


@pytest.mark.parametrize(("language", "words"), ABROAD_FINE)
def test_bounds_and_things_are_left_in_the_language_of_the_study(language: str, words: str) -> None:
    assert not tells_few(words, 5, language=language)


def test_a_study_with_a_german_locale_leaves_out_german_counts(tmp_path: Path) -> None:
    folder = write_house(tmp_path / "small")
    toml = folder / "study.toml"
    toml.write_text(
        toml.read_text(encoding="utf-8").replace("[study]", '[study]\nlocale = "de_DE"', 1), encoding="utf-8"
    )
    for here, there in (
        (House(tmp_path / "de", open_study(folder)), False),
        (House(tmp_path / "en", open_study(write_house(tmp_path / "plain"))), True),
    ):
        here.folder.mkdir()
        here.release(
            here.run(shown("T", page=["a", "b"], n=[60, 30]) + '<p class="finding">Nur drei Kunden am Hafen.</p>')
        )
        assert ("Hafen" in unpacked(here.zip)["03_voices.html"]) is there


@pytest.mark.parametrize("words", FEW)
def test_few_people_are_found(words: str) -> None:
    assert tells_few(words, 5)


@pytest.mark.parametrize("words", FINE)
def test_things_and_many_people_are_left(words: str) -> None:
    assert not tells_few(words, 5)


def test_the_sentence_that_findings_write_is_left_out(house: House) -> None:
    words = "2 of 16 name any pain there (3.5 to 36.0 %)"
    house.release(house.run(shown("T", page=["a", "b"], n=[60, 30]) + f'<p class="finding">{words}</p><p>{words}</p>'))
    assert "any pain there" not in "".join(unpacked(house.zip).values())


def test_a_dry_run_is_not_stopped_by_a_zip_that_is_there(house: House) -> None:
    house.zip.write_bytes(b"old")
    done = house.release(house.run(shown("T", page=["a", "b"], n=[60, 30])), dry_run=True, force=False)
    assert not done.written
    assert house.zip.read_bytes() == b"old"
