"""Sentences that tell of few people are found however they are put; those about things are left."""

from __future__ import annotations

import pytest

from journeylab.release.prose import tells_few
from tests.release.house import House, shown, unpacked

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
