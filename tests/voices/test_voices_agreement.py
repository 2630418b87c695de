"""Agreement from the tables of a study: units, clusters, reasons, and codes that are too weak to build on."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylab import voices
from journeylab.errors import DataError
from journeylab.voices import measures, units


def coded(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    """Codings of whole documents: document, coder, code."""
    frame = pd.DataFrame(rows, columns=["document_id", "coder", "code_id"])
    return frame.assign(segment_id=[f"s{number}" for number in range(len(frame))])


@pytest.fixture(scope="module")
def two_coders() -> pd.DataFrame:
    """Forty documents; both coders give 'seen' to all, 'good' alike, and 'vague' by chance."""
    rng = np.random.default_rng(3)
    rows = []
    for number, coder in itertools.product(range(40), ("ana", "ben")):
        rows.append((f"d{number}", coder, "seen"))
        if (number % 3 == 0) != (number == 5 and coder == "ben"):
            rows.append((f"d{number}", coder, "good"))
        if rng.random() < 0.4:
            rows.append((f"d{number}", coder, "vague"))
    return coded(rows)


@pytest.fixture(scope="module")
def made_up(shared: Path) -> tuple[dict[str, pd.DataFrame], dict]:
    found = json.loads((shared / "data/qualitative/synthetic_CC0/expected.json").read_text())
    rows = [
        (f"s{number}", part["document"], part["start"], part["end"], code, part["coder"])
        for number, part in enumerate(found["segments"])
        for code in part["codes"]
    ]
    codings = pd.DataFrame(rows, columns=["segment_id", "document_id", "start", "end", "code_id", "coder"])
    documents = pd.DataFrame(found["documents"].items(), columns=["document_id", "text"])
    expected = json.loads((shared / "reference/values/synthetic_agreement_expected.json").read_text())
    return {"codings": codings, "documents": documents}, expected


class TestUnits:
    def test_lines_of_the_made_up_study_give_the_expected_values(
        self, made_up: tuple[dict[str, pd.DataFrame], dict]
    ) -> None:
        tables, expected = made_up
        cut = units.make_units(tables["codings"], None, tables["documents"], "line")
        found = voices.agreement(**tables, unit="line", measure=["alpha", "percent"])
        table = found.table.set_index(["code", "measure"])
        for code, values in expected["per_code_line_units"].items():
            assert (cut.presence(code) == np.array(values["matrix"])).all(), code
            assert table.loc[(code, "alpha"), "value"] == pytest.approx(values["alpha"], abs=6e-7)
            assert table.loc[(code, "percent"), "value"] == pytest.approx(values["percent"], abs=1e-12)
        assert set(found.table["n_units"]) == {expected["n_units"]}

    @pytest.mark.parametrize(
        ("unit", "pieces"),
        [
            ("line", ["Guide: How was it?", "Ana: Slow. It took 3.5 days!", "And dear.", "Guide: Why?"]),
            ("sentence", ["Guide: How was it?", "Ana: Slow.", "It took 3.5 days!", "And dear.", "Guide: Why?"]),
            ("paragraph", ["Guide: How was it?\nAna: Slow. It took 3.5 days!", "And dear.\nGuide: Why?"]),
            ("turn", ["Guide: How was it?", "Ana: Slow. It took 3.5 days!\n \nAnd dear.", "Guide: Why?"]),
        ],
    )
    def test_a_text_is_cut(self, unit: str, pieces: list[str]) -> None:
        text = "Guide: How was it?\nAna: Slow. It took 3.5 days!\n \nAnd dear.\nGuide: Why?\n"
        assert [text[a:b] for a, b in units.cut(text, unit)] == pieces

    def test_without_a_blank_line_a_line_is_a_paragraph(self) -> None:
        assert units.cut("one\ntwo", "paragraph") == units.cut("one\ntwo", "line") == [(0, 3), (4, 7)]

    def test_a_unit_is_coded_where_any_coding_overlaps_it(self) -> None:
        documents = pd.DataFrame({"document_id": ["d"], "text": ["One two. Three four. Five."]})
        rows = [("s1", "d", 7, 10, "x", "ana"), ("s2", "d", 0, 8, "x", "ben"), ("s3", "d", 8, 9, "x", "ben")]
        codings = pd.DataFrame(rows, columns=["segment_id", "document_id", "start", "end", "code_id", "coder"])
        found = units.make_units(codings, None, documents, "sentence")
        assert found.presence("x").tolist() == [[1, 1, 0], [1, 0, 0]]
        assert any("1 of 3 codings lie beside every sentence" in line for line in found.left_out)

    def test_what_cannot_be_used_is_counted(self, made_up: tuple[dict[str, pd.DataFrame], dict]) -> None:
        tables, _ = made_up
        codings = tables["codings"].astype({"start": "Int64"})
        codings.loc[0, "start"] = pd.NA
        codings.loc[1, "coder"] = None
        documents = tables["documents"].copy()
        documents.loc[documents["document_id"] == "P03", "text"] = None
        found = voices.agreement(codings, unit="line", documents=documents)
        said = " ".join(found.assumptions)
        assert "1 of 14 codings do not say who coded" in said
        assert "have no place in the text" in said
        assert "documents have no text" in said

    def test_a_text_is_needed_for_pieces_of_it(self, made_up: tuple[dict[str, pd.DataFrame], dict]) -> None:
        tables, _ = made_up
        with pytest.raises(DataError, match="needs documents="):
            voices.agreement(tables["codings"], unit="turn")
        with pytest.raises(DataError, match="start and end"):
            voices.agreement(
                tables["codings"].drop(columns=["start", "end"]), unit="turn", documents=tables["documents"]
            )
        with pytest.raises(DataError, match="'sentence'"):
            voices.agreement(tables["codings"], unit="sentense")

    def test_passages_without_a_place_are_units_only_where_coders_share_them(self) -> None:
        rows = [("s1", "d1", "x", "ana"), ("s1", "d1", "x", "ben"), ("s2", "d1", "y", "ana"), ("s3", "d2", "x", "ana"),
                ("s4", "d2", "x", "ben")]  # fmt: skip
        codings = pd.DataFrame(rows, columns=["segment_id", "document_id", "code_id", "coder"])
        found = units.make_units(codings, None, None, "segment")
        assert found.presence("x").tolist() == [[1, 0], [1, 0]]
        assert found.presence("y").tolist() == [[0, 1], [0, 0]]
        assert "1 of 2 documents have passages without a place" in found.left_out[0]
        alone = voices.agreement(codings[codings["document_id"] == "d2"])
        assert alone.table["value"].isna().all()
        assert alone.table["reason"].str.contains("not known which belong together").all()


class TestTable:
    def test_it_has_the_promised_columns_and_values(self, two_coders: pd.DataFrame) -> None:
        found = voices.agreement(two_coders, unit="document", measure=["alpha", "cohen", "holsti", "ac1"])
        first = ["code", "measure", "value", "ci_low", "ci_high", "n_units", "n_coders"]
        assert list(found.table.columns[:7]) == first
        assert "reason" in found.table
        good = found.table.set_index(["code", "measure"]).loc[("good", "alpha")]
        given = np.array([number % 3 == 0 for number in range(40)], dtype=float)
        other = given.copy()
        other[5] = 1 - other[5]
        assert good["value"] == pytest.approx(measures.alpha([given, other]))
        assert good["ci_low"] < good["value"] < good["ci_high"] < 1
        assert good["p_below_667"] < good["p_below_800"] < 0.2
        assert good["agree_given"] == pytest.approx(28 / 29)
        assert good["agree_not_given"] == pytest.approx(50 / 51)
        assert found.cluster == "document"
        assert len(found.plot().figure.get_label()) > 20

    def test_what_never_varies_has_a_reason_and_no_score(self, two_coders: pd.DataFrame) -> None:
        codes = pd.DataFrame(
            {"code_id": ["seen", "good", "vague", "never"], "name": ["Seen", "Good", "Vague", "Never"], "codable": True}
        )
        table = voices.agreement(two_coders, unit="document", codes=codes).table.set_index("code")
        for code, words in (("Seen", "every coder gave it to every unit"), ("Never", "nobody gave it to any unit")):
            assert np.isnan(table.loc[code, "value"])
            assert table.loc[code, "reason"].startswith(words)
        assert "mean over 2 codes" in table.loc["(all codes)", "reason"]
        assert table.loc["(all codes)", "value"] == pytest.approx(table.loc[["Good", "Vague"], "value"].mean())
        assert (
            table.loc["(all codes)", "ci_low"] < table.loc["(all codes)", "value"] < table.loc["(all codes)", "ci_high"]
        )

    @pytest.mark.parametrize(
        ("rows", "words"),
        [
            ([("d1", "ana", "x"), ("d2", "ana", "x")], "one coder worked alone"),
            ([("d1", "ana", "x"), ("d2", "ben", "x")], "no document was coded by two coders"),
            ([("d1", None, "x"), ("d2", None, "x")], "do not say who coded"),
            ([], "nothing was coded"),
        ],
    )  # fmt: skip
    def test_where_nothing_can_be_compared_the_reason_says_why(self, rows: list, words: str) -> None:
        for unit in ("document", "segment"):
            found = voices.agreement(coded(rows), unit=unit, measure=["alpha", "percent"])
            assert found.table["value"].isna().all()
            assert found.table["reason"].str.contains(words).all()
            assert words in found.summary()
            found.plot()

    def test_a_measure_of_two_coders_says_so_where_there_are_three(self) -> None:
        rows = [(f"d{number}", coder, "xy"[number % 2]) for number in range(6) for coder in ("ana", "ben", "cem")]
        table = voices.agreement(coded(rows), unit="document", measure=["cohen", "conger"]).table
        assert table.loc[table["measure"] == "cohen", "reason"].str.contains("is for two coders; there are 3").all()
        assert (table.loc[table["measure"] == "conger", "value"] == 1).all()

    def test_votes_have_no_measure_that_must_know_who_coded(self) -> None:
        rows = [(f"d{number}", coder, "xy"[number % 2]) for number in range(6) for coder in ("vote 1", "vote 2")]
        table = voices.agreement(
            coded(rows), unit="document", measure=["cohen", "scott", "conger", "holsti"], coders_identified=False
        ).table
        assert table["reason"].str.contains("does not say whose").all()

    def test_codes_that_are_numbers_have_a_level(self) -> None:
        given = [
            ("1", "1"),
            ("2", "2"),
            ("3", "3"),
            ("3", "3"),
            ("2", "2"),
            ("1", "2"),
            ("4", "4"),
            ("1", "1"),
            ("2", "3"),
        ]
        rows = [(f"d{number}", coder, code) for number, pair in enumerate(given)
                for coder, code in zip(("ana", "ben"), pair, strict=True)]  # fmt: skip
        for level in ("nominal", "ordinal", "interval", "ratio"):
            table = voices.agreement(coded(rows), unit="document", level=level).table
            expected = measures.alpha(np.array(given, dtype=float).T, level)
            assert table.loc[table["code"] == "(all codes)", "value"].item() == pytest.approx(expected)
        worded = coded(rows).assign(code_id=lambda frame: "c" + frame["code_id"])
        with pytest.raises(DataError, match="codes that are numbers; found 'c1'"):
            voices.agreement(worded, unit="document", level="interval")

    def test_the_order_of_rows_and_the_names_of_coders_do_not_matter(self, two_coders: pd.DataFrame) -> None:
        turned = two_coders.iloc[::-1].replace({"ana": "zoe"}).reset_index(drop=True)
        first, second = (
            voices.agreement(frame, unit="document", measure=["alpha", "ac1", "conger"]).table
            for frame in (two_coders, turned)
        )
        columns = ["value", "ci_low", "ci_high", "p_below_667"]
        assert first[columns].to_numpy(float) == pytest.approx(second[columns].to_numpy(float), nan_ok=True)

    def test_mistakes_are_told(self, two_coders: pd.DataFrame) -> None:
        for option in ({"measure": "alfa"}, {"level": "nominl"}, {"interval": "jackknive"}, {"unit": "documnt"}):
            with pytest.raises(DataError, match=r"[Dd]id you mean"):
                voices.agreement(two_coders, **({"unit": "document"} | option))


class TestIntervals:
    def test_participants_are_the_clusters_where_known(self, two_coders: pd.DataFrame) -> None:
        ids = sorted(two_coders["document_id"].unique())
        documents = pd.DataFrame({"document_id": ids, "participant_id": [f"p{number // 4}" for number in range(40)]})
        found = voices.agreement(two_coders, unit="document", documents=documents)
        assert found.cluster == "participant"
        assert set(found.table["n_clusters"]) == {10}
        alone = voices.agreement(two_coders, unit="document")
        assert found.table["value"].to_numpy(float) == pytest.approx(alone.table["value"].to_numpy(float), nan_ok=True)

    def test_the_same_seed_gives_the_same_interval(self, two_coders: pd.DataFrame) -> None:
        drawn = [
            voices.agreement(two_coders, unit="document", interval=how, seed=seed).table
            for how in ("percentile", "pairs")
            for seed in (1, 1, 2)
        ]
        for first, again, other in (drawn[:3], drawn[3:]):
            pd.testing.assert_frame_equal(first, again)
            assert not first.equals(other)

    def test_what_pairs_would_have_claimed_is_said(self, two_coders: pd.DataFrame) -> None:
        many = pd.concat([two_coders.assign(document_id=two_coders["document_id"] + f"#{copy}") for copy in range(5)])
        ids = many["document_id"].unique()
        documents = pd.DataFrame({"document_id": ids, "participant_id": [name.split("#")[0] for name in ids]})
        found = voices.agreement(many, unit="document", documents=documents)
        (line,) = [line for line in found.assumptions if "KALPHA" in line]
        assert "'vague'" in line
        pairs = voices.agreement(many, unit="document", documents=documents, interval="pairs")
        width = []
        for result in (pairs, found):
            row = result.table.set_index("code").loc["vague"]
            width.append(row["ci_high"] - row["ci_low"])
        assert width[0] < 0.6 * width[1]
        assert any("too narrow" in line for line in pairs.assumptions)


class TestWeakCodes:
    def test_they_are_those_under_the_bar(self, two_coders: pd.DataFrame) -> None:
        found = voices.agreement(two_coders, unit="document")
        assert list(found.weak["code_id"]) == ["vague"]
        assert found.weak["alpha"].item() < 0.667
        pd.testing.assert_frame_equal(voices.weak_codes(two_coders), found.weak)

    def test_one_coder_tells_nothing(self, two_coders: pd.DataFrame) -> None:
        assert voices.weak_codes(two_coders[two_coders["coder"] == "ana"]).empty

    def test_they_are_told_by_alpha(self, two_coders: pd.DataFrame) -> None:
        with pytest.raises(DataError, match="measure='alpha'"):
            _ = voices.agreement(two_coders, unit="document", measure="percent").weak
