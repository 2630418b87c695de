"""Agreement on free passages: the book's example, a slow version letter by letter, and tables of a study."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab import voices
from journeylab.errors import DataError
from journeylab.voices import continuum


@pytest.fixture(scope="module")
def printed(shared: Path) -> dict:
    return json.loads((shared / "reference" / "values" / "unitizing_reference.json").read_text())


@pytest.fixture(scope="module")
def book(printed: dict) -> dict:
    return printed["krippendorff_2019_fig12_11"]


def observers(book: dict) -> list[list[tuple[int, int, str]]]:
    return [[tuple(unit) for unit in units] for units in book["observers"].values()]


def slow_family(coders: list[list[tuple[int, int, str]]], length: int) -> dict[str, float]:
    """U-alpha, binary and cu-alpha by going through the text letter by letter."""
    m = len(coders)
    letters = [["-"] * length for _ in coders]
    for row, units in zip(letters, coders, strict=True):
        for start, end, value in units:
            row[start:end] = [value] * (end - start)

    def share(pairs: list[tuple[str, str]], squares: dict[str, float]) -> float:
        """One minus observed over expected; each pair of letters weighs one over m - 1."""
        total = len(pairs) / (m - 1)
        names = sorted({name for pair in pairs for name in pair})
        margin = {name: sum(a == name for a, _ in pairs) / (m - 1) for name in names}
        if not total:
            return float("nan")
        alike = sum(margin[name] ** 2 - squares.get(name, 0) for name in names)
        own = sum(squares.get(name, 0) for name in names)
        expected = total - alike / (total - own / total) if total**2 != own else 0.0
        observed = sum(a != b for a, b in pairs) / (m - 1)
        return 1 - observed / expected if expected > 1e-12 * total else float("nan")

    places = [(i, j, at) for i in range(m) for j in range(m) if i != j for at in range(length)]
    squares: dict[str, float] = {"-": sum(row.count("-") for row in letters)}
    paired: dict[str, float] = {}
    for i, units in enumerate(coders):
        for start, end, value in units:
            squares[value] = squares.get(value, 0) + (end - start) ** 2
            others = sum(letters[j][at] != "-" for j in range(m) if j != i for at in range(start, end))
            paired[value] = paired.get(value, 0) + (others / (m - 1)) ** 2
    pairs = [(letters[i][at], letters[j][at]) for i, j, at in places]
    two = {"-": squares["-"], "x": sum(square for name, square in squares.items() if name != "-")}
    return {
        "u_alpha": share(pairs, squares),
        "binary_u_alpha": share([tuple("-" if name == "-" else "x" for name in pair) for pair in pairs], two),
        "cu_alpha": share([pair for pair in pairs if "-" not in pair], paired),
    }


@st.composite
def unitizations(draw: st.DrawFn) -> tuple[list[list[tuple[int, int, str]]], int]:
    """Two to four coders' units, side by side, over a short text."""
    length = draw(st.integers(4, 30))
    coders = []
    for _ in range(draw(st.integers(2, 4))):
        edges = sorted(draw(st.sets(st.integers(0, length), max_size=6)))
        names = [draw(st.sampled_from(["", "a", "b", "c"])) for _ in edges[1:]]
        coders.append([(a, b, name) for a, b, name in zip(edges[:-1], edges[1:], names, strict=True) if name])
    return coders, length


class TestPublished:
    def test_the_books_example(self, book: dict) -> None:
        found = continuum.u_alphas(observers(book), book["L"])
        names = {"u_alpha": "u_alpha_nominal", "binary_u_alpha": "u_alpha_binary", "cu_alpha": "cu_alpha_nominal"}
        for ours, theirs in names.items():
            assert found[ours] == pytest.approx(book["computed"][theirs], abs=6e-7)
            # printed .413 where the same formula gives .4136: the book cuts
            assert found[ours] == pytest.approx(book["published"][theirs], abs=1e-3)
        for value, alpha in book["published"]["per_value_alpha"].items():
            expected = np.nan if alpha is None else alpha
            assert found["ku_alpha"][value] == pytest.approx(expected, abs=1e-9, nan_ok=True), value
        for value, share in book["published"]["coverage"].items():
            assert found["coverage"][value] == pytest.approx(share, abs=6e-3)

    def test_its_table_of_coincidences(self, book: dict) -> None:
        table = book["observed_coincidences"]
        rows = [
            (0, who, start, end, table["values"].index(name))
            for who, units in enumerate(observers(book))
            for start, end, name in units
        ]
        spans = pd.DataFrame(rows, columns=["document", "coder", "start", "end", "value"])
        one = continuum.tally(spans, [book["L"]], np.ones((3, 1), dtype=bool), 7)
        assert one.coincidences[0] == pytest.approx(np.array(table["matrix"]))

    def test_the_older_alpha_of_2004(self, printed: dict) -> None:
        case = printed["krippendorff_2004_p254"]
        total = np.zeros(2)
        for name, coders in case["units_offset_length"].items():
            moved = [[(start - case["begin"], size) for start, size in units] for units in coders]
            found = np.array(continuum.older_alpha(moved, case["length"]))
            expected = case["expected"][name]
            assert found == pytest.approx([expected["Do"], expected["De"]], abs=6e-5)
            assert 1 - found[0] / found[1] == pytest.approx(expected["alpha"], abs=6e-5)
            total += found
        assert 1 - total[0] / total[1] == pytest.approx(case["computed"]["overall"], abs=6e-7)
        assert 1 - total[0] / total[1] == pytest.approx(
            case["expected"]["overall"], abs=case["expected"]["overall_tol"]
        )

    def test_the_older_alpha_of_1995(self, printed: dict) -> None:
        case = printed["krippendorff_1995_p57"]
        for name, coders in case["units_offset_length"].items():
            observed, _ = continuum.older_alpha(coders, case["length"])
            assert observed == pytest.approx(case["expected_Do"][name], abs=1.1e-5)
            fine = [[(100 * start, 100 * size) for start, size in units] for units in coders]
            observed, expected = continuum.older_alpha(fine, 100 * case["length"])
            large = case["expected_alpha_large_L"]
            assert 1 - observed / expected == pytest.approx(large[name], abs=large["tol"])


class TestFormulas:
    @settings(max_examples=80, deadline=None)
    @given(unitizations())
    def test_equal_the_slow_version(self, drawn: tuple[list[list[tuple[int, int, str]]], int]) -> None:
        coders, length = drawn
        found, slow = continuum.u_alphas(coders, length), slow_family(coders, length)
        for name, value in slow.items():
            assert found[name] == pytest.approx(value, abs=1e-7, nan_ok=True), name

    @settings(max_examples=40, deadline=None)
    @given(unitizations(), st.randoms(use_true_random=False))
    def test_coders_have_no_order(self, drawn: tuple[list, int], random: object) -> None:
        coders, length = drawn
        shuffled = list(coders)
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        first, second = continuum.u_alphas(coders, length), continuum.u_alphas(shuffled, length)
        for name in ("u_alpha", "binary_u_alpha", "cu_alpha"):
            assert first[name] == pytest.approx(second[name], abs=1e-9, nan_ok=True)

    def test_touching_units_stay_apart_and_overlapping_ones_are_joined(self) -> None:
        spans = pd.DataFrame(
            [(0, 0, 0, 4, 1), (0, 0, 4, 6, 1), (0, 0, 5, 9, 1), (0, 0, 5, 6, 2), (0, 1, 3, 5, 1), (1, 0, 0, 2, 1)],
            columns=["document", "coder", "start", "end", "value"],
        )
        joined = continuum.merge_overlaps(spans)
        assert {tuple(row) for row in joined[["document", "coder", "value", "start", "end"]].to_numpy()} == {
            (0, 0, 1, 0, 4), (0, 0, 1, 4, 9), (0, 0, 2, 5, 6), (0, 1, 1, 3, 5), (1, 0, 1, 0, 2)
        }  # fmt: skip
        assert continuum.overlapping(joined) == 1


@pytest.fixture(scope="module")
def study(shared: Path) -> dict[str, pd.DataFrame]:
    """The made-up study of three interviews and two coders, as contract tables."""
    found = json.loads((shared / "data/qualitative/synthetic_CC0/expected.json").read_text())
    rows = [
        (f"s{number}", part["document"], part["start"], part["end"], code, part["coder"])
        for number, part in enumerate(found["segments"])
        for code in part["codes"]
    ]
    frame = pd.DataFrame(rows, columns=["segment_id", "document_id", "start", "end", "code_id", "coder"])
    return {
        "codings": frame[["segment_id", "code_id", "coder"]],
        "segments": frame[["segment_id", "document_id", "start", "end"]].drop_duplicates("segment_id"),
        "documents": pd.DataFrame(found["documents"].items(), columns=["document_id", "text"]),
    }


class TestStudy:
    def test_every_code_has_the_expected_u_alpha(self, study: dict[str, pd.DataFrame], shared: Path) -> None:
        expected = json.loads((shared / "reference/values/synthetic_agreement_expected.json").read_text())
        found = voices.unitizing_agreement(**study)
        table = found.table.set_index("code")
        for code, value in expected["u_alpha_binary_per_code"].items():
            assert table.loc[code, "u_alpha"] == pytest.approx(value, abs=6e-7)
            assert table.loc[code, "binary_u_alpha"] == table.loc[code, "u_alpha"]
        assert set(found.table["length"]) == {expected["L"]}
        assert "second code" in table.loc["(all codes)", "reason"]
        assert np.isnan(table.loc["(all codes)", "u_alpha"])
        assert not np.isnan(table.loc["(all codes)", "binary_u_alpha"])
        assert "Of 6 codes" in found.summary()
        assert len(found.plot().figure.get_label()) > 20

    def test_the_order_of_texts_does_not_matter(self, study: dict[str, pd.DataFrame]) -> None:
        turned = {name: frame.iloc[::-1].reset_index(drop=True) for name, frame in study.items()}
        first, second = (voices.unitizing_agreement(**each).table for each in (study, turned))
        columns = ["u_alpha", "binary_u_alpha", "ci_low", "ci_high"]
        assert first[columns].to_numpy(float) == pytest.approx(second[columns].to_numpy(float), nan_ok=True, abs=1e-9)

    def test_domains_of_one_code_at_a_time_have_the_whole_family(self, study: dict[str, pd.DataFrame]) -> None:
        stages = {"Discovery", "Checkout"}
        domains = {code: "stage" if code in stages else "feeling" for code in set(study["codings"]["code_id"])}
        table = voices.unitizing_agreement(**study, domains=domains).table.set_index("code")
        assert list(table.index[:2]) == ["stage", "feeling"]
        frame = study["codings"].merge(study["segments"], on="segment_id")
        frame = frame[frame["code_id"].isin(stages)]
        offset = study["documents"].set_index("document_id")["text"].str.len().cumsum().shift(1, fill_value=0)
        coders = [
            [(row.start + offset[row.document_id], row.end + offset[row.document_id], row.code_id) for row in part.itertuples()]
            for _, part in frame.groupby("coder")
        ]  # fmt: skip
        length = int(study["documents"]["text"].str.len().sum())
        slow = slow_family(coders, length)
        assert table.loc["stage", "u_alpha"] == pytest.approx(slow["u_alpha"])
        assert table.loc["stage", "binary_u_alpha"] == pytest.approx(slow["binary_u_alpha"])
        whole = continuum.u_alphas(coders, length)
        assert table.loc["Discovery", "coverage"] == pytest.approx(whole["coverage"]["Discovery"])
        assert table.loc["Discovery", "ku_alpha"] == pytest.approx(whole["ku_alpha"]["Discovery"], nan_ok=True)

    def test_participants_are_what_the_interval_draws_on(self, study: dict[str, pd.DataFrame]) -> None:
        documents = study["documents"].assign(participant_id=["ann", "ann", "bob"])
        found = voices.unitizing_agreement(study["codings"], study["segments"], documents)
        assert found.cluster == "participant"
        assert set(found.table["n_clusters"]) == {2}
        assert found.table["u_alpha"].to_numpy(float) == pytest.approx(
            voices.unitizing_agreement(**study).table["u_alpha"].to_numpy(float), nan_ok=True
        )

    def test_who_marked_nothing_counts_only_where_known_to_have_worked(self, study: dict[str, pd.DataFrame]) -> None:
        codings = study["codings"][(study["codings"]["coder"] == "ana") | (study["codings"]["segment_id"] < "s11")]
        codings = codings[~((codings["coder"] == "ben") & codings["segment_id"].isin(["s6", "s8"]))]
        without = voices.unitizing_agreement(codings, study["segments"], study["documents"])
        assert set(without.table["n_documents"]) == {1}
        both = pd.DataFrame([(doc, who) for doc in ("P01", "P02", "P03") for who in ("ana", "ben")],
                            columns=["document_id", "coder"])  # fmt: skip
        known = voices.unitizing_agreement(codings, study["segments"], study["documents"], coded_by=both)
        assert set(known.table["n_documents"]) == {3}

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"documents": None}, "no text"),
            ({"documents": pd.DataFrame({"document_id": ["P01", "P02", "P03"]})}, "no text"),
            ({"segments": pd.DataFrame({"segment_id": [], "document_id": []})}, "no document was coded"),
            ({"one": True}, "one coder worked alone"),
            ({"nobody": True}, "do not say who coded"),
            ({"empty": True}, "nothing was coded"),
            ({"no place": True}, "no place"),
        ],
    )  # fmt: skip
    def test_it_refuses_with_a_reason(self, study: dict[str, pd.DataFrame], change: dict, words: str) -> None:
        tables = dict(study)
        tables |= {name: value for name, value in change.items() if name in tables}
        codings = study["codings"]
        if "one" in change:
            tables["codings"] = codings[codings["coder"] == "ana"]
        if "nobody" in change:
            tables["codings"] = codings.assign(coder=None)
        if "empty" in change:
            tables["codings"] = codings.iloc[:0]
        if "no place" in change:
            tables["segments"] = study["segments"].assign(start=pd.NA, end=pd.NA)
        found = voices.unitizing_agreement(**tables)
        assert found.table[["u_alpha", "binary_u_alpha", "cu_alpha", "ku_alpha"]].isna().all(axis=None)
        assert found.table["reason"].str.contains(words).all()
        assert words in found.summary()
        found.plot()

    def test_what_cannot_be_used_is_counted(self, study: dict[str, pd.DataFrame]) -> None:
        segments = study["segments"].astype({"start": "Int64", "end": "Int64"})
        segments.loc[segments["segment_id"] == "s0", "end"] = 9999
        documents = study["documents"].copy()
        documents.loc[documents["document_id"] == "P02", "text"] = None
        found = voices.unitizing_agreement(study["codings"], segments, documents)
        assert set(found.table["n_documents"]) == {1}
        said = " ".join(found.assumptions)
        assert "1 of 3 documents have no text" in said
        assert "1 of 3 documents have passages without a place" in said

    def test_an_unknown_interval_is_told(self, study: dict[str, pd.DataFrame]) -> None:
        with pytest.raises(DataError, match="'percentile'"):
            voices.unitizing_agreement(**study, interval="percentle")
