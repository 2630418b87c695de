"""Codes that come together: SERDIF's pairs, and the shuffle against the exact distribution."""

from __future__ import annotations

import json
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from people import codebook, interviews

from journeylab import voices
from journeylab.errors import DataError


@pytest.fixture(scope="module")
def serdif(shared: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The think-aloud codings of 17 people: codings, codes, documents."""
    file = shared / "data/qualitative/serdif_GPL3/data/transcripts/thematic-analysis/tags/csv/all_tags_20220303.csv"
    if not file.is_file():
        pytest.skip("needs ../shared/data/qualitative/serdif_GPL3, which is not on this machine")
    rows = pd.read_csv(file, dtype=str)
    codings = pd.DataFrame(
        {"segment_id": rows["id"], "document_id": rows["document"], "code_id": rows["tag"], "coder": "one"}
    )
    names = sorted(codings["code_id"].unique())
    codes = codebook(*((name.replace("/", "-"), None, None) for name in names)).assign(code_id=names, name=names)
    documents = pd.DataFrame({"document_id": sorted(codings["document_id"].unique())})
    return codings, codes, documents.assign(participant_id=documents["document_id"].str.split("_").str[0])


def by_pair(table: pd.DataFrame) -> dict[frozenset[str], object]:
    return {frozenset((row.code_1, row.code_2)): row for row in table.itertuples()}


def exact_tail(marks: dict[str, list[set[str]]], one: str, two: str, least: int) -> float:
    """P(at least so many passages with both codes): convolution of one hypergeometric a document."""
    total = np.array([1.0])
    for passages in marks.values():
        m = len(passages)
        a, b = sum(one in codes for codes in passages), sum(two in codes for codes in passages)
        chance = [
            comb(a, k) * comb(m - a, b - k) / comb(m, b) if b >= k and m - a >= b - k else 0.0 for k in range(a + 1)
        ]
        total = np.convolve(total, chance)
    return float(total[least:].sum())


def test_serdif_has_the_published_pairs(shared: Path, serdif: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]) -> None:
    expected = json.loads((shared / "reference/values/serdif_expected.json").read_text())["cooccurrence_same_highlight"]
    codings, codes, documents = serdif
    result = voices.cooccurrence(codings, codes, documents, draws=500, seed=1)
    assert len(result.table) == expected["pairs_nonzero"] == 61
    pairs = by_pair(result.table)
    for one, two, n, coefficient in expected["top"]:
        row = pairs[frozenset((one, two))]
        assert row.n == n
        assert row.coefficient == pytest.approx(coefficient, abs=5e-5)
    top = result.table.head(3)
    assert {frozenset(pair) for pair in zip(top["code_1"], top["code_2"], strict=True)} == {
        frozenset(row[:2]) for row in expected["top"]
    }
    assert result.table["participants"].between(1, 17).all()
    result.plot()


def test_the_shuffle_is_the_exact_distribution(serdif: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]) -> None:
    codings, codes, documents = serdif
    result = voices.cooccurrence(codings, codes, documents, draws=2000, seed=2)
    marks = {
        str(document): [set(passage) for _, passage in part.groupby("segment_id")["code_id"]]
        for document, part in codings.groupby("document_id")
    }
    for row in result.table.iloc[[0, 1, 2, 10, 30, 60]].itertuples():
        exact = exact_tail(marks, row.code_id_1, row.code_id_2, row.n)
        assert row.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 2000) + 1e-3)


def passages(document: str, *marks: str, coder: str = "anna") -> list[dict[str, object]]:
    """One document: one word a passage, one letter a code."""
    return [
        {"segment_id": f"{document}.{coder}.{number}", "document_id": document, "code_id": code, "coder": coder,
         "start": 10 * number, "end": 10 * number + 9}
        for number, word in enumerate(marks)
        for code in word
    ]  # fmt: skip


CODES = codebook(("a", None, None), ("b", None, None), ("c", None, None))


def test_reach_counts_windows_of_passages() -> None:
    codings = pd.DataFrame(passages("d0", "a", "b", "c", "ab") + passages("d1", "a", "c"))
    same = by_pair(voices.cooccurrence(codings, CODES, interviews(2), draws=50).table)
    assert {tuple(sorted(pair)): row.n for pair, row in same.items()} == {("a", "b"): 1}
    # Windows of two: (a b) (b c) (c ab), and (a c).
    near = by_pair(voices.cooccurrence(codings, CODES, interviews(2), reach=1, draws=50).table)
    assert {tuple(sorted(pair)): (row.n, row.n_1 + row.n_2) for pair, row in near.items()} == {
        ("a", "b"): (2, 6), ("a", "c"): (2, 6), ("b", "c"): (2, 6)
    }  # fmt: skip
    whole = voices.cooccurrence(codings, CODES, interviews(2), reach=None)
    assert by_pair(whole.table)[frozenset("ac")].n == 2
    assert by_pair(whole.table)[frozenset("ac")].coefficient == 1.0
    assert whole.table["p_value"].isna().all()
    assert "cannot be tested" in whole.summary()


def test_frequent_codes_of_one_person_are_no_pair() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for number in range(6):  # three people who say a and b often, three who say neither
        often = 0.6 if number < 3 else 0.0
        words = ["".join(code for code in "ab" if rng.random() < often) + "c" for _ in range(40)]
        rows += passages(f"d{number}", *words)
    result = voices.cooccurrence(pd.DataFrame(rows), CODES, interviews(6), draws=400)
    row = by_pair(result.table)[frozenset("ab")]
    assert row.participants == 3
    assert row.p_value > 0.05
    assert row.n == pytest.approx(row.expected, rel=0.25)


def test_a_planted_pair_is_found_and_the_people_behind_it_are_counted() -> None:
    rows = []
    for number in range(5):
        rows += passages(f"d{number}", *["ab"] * 6, *["a", "b", "c", "c", "c", "c", "c", "c"])
    result = voices.cooccurrence(pd.DataFrame(rows), CODES, interviews(5), draws=400)
    assert [(row.code_1, row.code_2, row.participants) for row in result.found.itertuples()] == [("a", "b", 5)]


def test_two_coders_of_one_passage_are_not_two_passages_and_a_disagreement_is_no_pair() -> None:
    both = passages("d0", "ab", "a", "c") + passages("d0", "ab", "b", "c", coder="ben")
    row = by_pair(voices.cooccurrence(pd.DataFrame(both), CODES, interviews(1), draws=50).table)[frozenset("ab")]
    assert (row.n, row.n_1, row.n_2) == (1, 2, 2)
    assert row.coefficient == pytest.approx(1 / 3)


def test_the_same_seed_gives_the_same_numbers(serdif: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]) -> None:
    first, second, other = (voices.cooccurrence(*serdif, draws=100, seed=seed).table for seed in (4, 4, 5))
    pd.testing.assert_frame_equal(first, second)
    assert not first["p_value"].equals(other["p_value"])


def test_mistakes_are_named() -> None:
    codings = pd.DataFrame(passages("d0", "ab"))
    with pytest.raises(DataError, match="reach is -1"):
        voices.cooccurrence(codings, CODES, interviews(1), reach=-1)
    with pytest.raises(DataError, match="pass segments="):
        voices.cooccurrence(codings.drop(columns="document_id"), CODES, interviews(1))
