"""Who said what: people counted, not asked apart from not said, groups compared, valence averaged over people."""

from __future__ import annotations

import json
from itertools import permutations
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from people import codebook, guide, interviews, spoken

from journeylab import voices
from journeylab.errors import DataError
from journeylab.intervals import agresti_coull, clopper_pearson, never_seen_upper, wilson
from journeylab.voices.groups import fisher_exact


def test_intervals_of_a_share_are_the_published_ones(shared: Path) -> None:
    values = shared / "reference" / "values"
    for case in json.loads((values / "survey_reference.json").read_text())["proportion"]["cases"]:
        for name, interval in (
            ("agresti_coull", agresti_coull),
            ("wilson", wilson),
            ("clopper_pearson", clopper_pearson),
        ):
            assert interval(case["x"], case["n"])[1:] == pytest.approx(case[name], abs=2e-6)
    for counts, ends in json.loads((values / "proportions_power_srm.json").read_text())["wilson"].items():
        k, n = map(int, counts.split("/"))
        assert wilson(k, n)[1:] == pytest.approx(ends, abs=1e-6)


def test_no_events_bound_the_share_as_clopper_and_pearson_do_one_sided() -> None:
    for n in (1, 5, 12, 40):
        assert never_seen_upper(n) == pytest.approx(clopper_pearson(0, n, confidence=0.90).high)
    assert never_seen_upper(300) == pytest.approx(3 / 300, abs=1e-4)  # the rule of three


class TestPrevalence:
    codes = codebook(
        ("Pain/Delivery/Late", -1, "purchase"), ("Pain/Delivery/No word", -1, "purchase"), ("Gain/VR", 1, "look")
    )
    documents = interviews(6)
    codings = spoken(
        ("d0", "Pain/Delivery/Late"), ("d0", "Pain/Delivery/Late"), ("d1", "Pain/Delivery/No word"), ("d5", "Pain/Delivery/Late")
    )  # fmt: skip
    asked = guide(*((f"d{number}", "purchase") for number in range(3)), ("d3", "look"))

    def table(self, **options: object) -> pd.DataFrame:
        found = voices.prevalence(self.codings, self.codes, self.documents, asked=self.asked, **options)
        return found.table.set_index("path")

    def test_people_count_once_and_who_was_not_asked_is_not_silent(self) -> None:
        late = self.table().loc["Pain/Delivery/Late"]
        # Three were asked and one spoke unasked; two of these four said it, two kept silent, two never heard the question.
        assert (late["k"], late["n"], late["not_said"], late["not_asked"]) == (2, 4, 2, 2)
        assert late["basis"] == "asked"
        assert (late["ci_low"], late["ci_high"]) == pytest.approx(wilson(2, 4)[1:])

    def test_a_code_that_nobody_used_is_bounded(self) -> None:
        vr = self.table().loc["Gain/VR"]
        assert (vr["k"], vr["n"], vr["not_asked"]) == (0, 1, 5)
        assert vr["upper_if_none"] == pytest.approx(0.95)
        assert np.isnan(self.table().loc["Pain/Delivery/Late", "upper_if_none"])

    def test_parents_gather_the_people_of_what_is_under_them(self) -> None:
        table = self.table()
        assert table.loc["Pain", "k"] == table.loc["Pain/Delivery", "k"] == 3  # not four: d0 has it once
        assert table["depth"].to_dict() == {
            "Pain": 0, "Pain/Delivery": 1, "Pain/Delivery/Late": 2, "Pain/Delivery/No word": 2, "Gain": 0, "Gain/VR": 1
        }  # fmt: skip
        assert table.loc["Pain", "n"] == 4
        assert table.loc["Pain", "rolled_up"]

    def test_without_roll_up_a_parent_has_only_its_own(self) -> None:
        table = self.table(roll_up=False)
        assert table.loc["Pain", "k"] == 0
        assert not table["rolled_up"].any()

    def test_the_tree_is_shown_with_its_depth(self) -> None:
        tree = voices.prevalence(self.codings, self.codes, self.documents, asked=self.asked).tree
        assert tree["code"].tolist()[:3] == ["Pain", "\u2003Delivery", "\u2003\u2003Late"]

    def test_codes_in_a_circle_do_not_hang(self) -> None:
        codes = self.codes.assign(parent_id=["Pain/Delivery", "Pain", *self.codes["parent_id"].iloc[2:]])
        assert len(voices.prevalence(self.codings, codes, self.documents).table) == len(codes)


def slow_fisher(k1: int, n1: int, k0: int, n0: int) -> float:
    total = [comb(n1, k) * comb(n0, k1 + k0 - k) if 0 <= k1 + k0 - k <= n0 else 0 for k in range(min(n1, k1 + k0) + 1)]
    return sum(weight for weight in total if weight <= total[k1]) / sum(total)


class TestCodeByGroup:
    def test_fisher_equals_the_sum_over_all_tables_and_scipy(self) -> None:
        from scipy import stats

        for k1, n1, k0, n0 in ((8, 10, 1, 6), (0, 5, 4, 5), (3, 9, 3, 9), (12, 20, 5, 26), (1, 1, 0, 7)):
            ours = fisher_exact(k1, n1, k0, n0)
            assert ours == pytest.approx(slow_fisher(k1, n1, k0, n0))
            assert ours == pytest.approx(stats.fisher_exact([[k1, n1 - k1], [k0, n0 - k0]]).pvalue)

    def test_two_groups_by_hand(self) -> None:
        documents = interviews(16)
        said = [*((f"d{number}", "slow") for number in range(8)), ("d10", "slow"), ("d0", "odd"), ("d12", "odd")]
        people = pd.DataFrame({"participant_id": documents["participant_id"], "kind": ["new"] * 10 + ["old"] * 6})
        result = voices.code_by_group(
            spoken(*said),
            codebook(("slow", -1, None), ("odd", 0, None), ("never", 1, None)),
            documents,
            people,
            group="kind",
        )
        slow = result.table[result.table["name"] == "slow"].set_index("group")
        assert slow["k"].to_dict() == {"new": 8, "old": 1}
        assert slow["n"].to_dict() == {"new": 10, "old": 6}
        assert slow["p_value"].tolist() == pytest.approx([slow_fisher(8, 10, 1, 6)] * 2)
        assert slow.loc["new", "difference"] == pytest.approx(0.8 - 1 / 6) == -slow.loc["old", "difference"]
        assert slow.loc["new", "difference_low"] < 0.8 - 1 / 6 < slow.loc["new", "difference_high"]
        assert "never" not in set(result.table["name"])
        assert slow["q_value"].iloc[0] == pytest.approx(
            2 * slow["p_value"].iloc[0]
        )  # Benjamini-Hochberg over two codes
        assert "would seldom be found" in result.summary()
        result.plot()

    def test_three_groups_equal_every_permutation_of_people(self) -> None:
        groups = ["a", "a", "b", "b", "c", "c", "c"]
        said = [True, True, False, True, False, False, False]
        documents = interviews(7)
        people = pd.Series(groups, index=documents["participant_id"])
        codings = spoken(*((f"d{number}", "slow") for number in range(7) if said[number]))
        result = voices.code_by_group(
            codings, codebook(("slow", -1, None)), documents, group=people, draws=20_000, seed=3
        )

        def spread(order: tuple[int, ...]) -> float:
            found = 0.0
            for name in "abc":
                members = [said[person] for person, group in zip(order, groups, strict=True) if group == name]
                found += (sum(members) - sum(said) * len(members) / 7) ** 2 / len(members)
            return found

        every = np.array([spread(order) for order in permutations(range(7))])
        exact = (every >= spread(tuple(range(7))) - 1e-9).mean()
        assert result.table["p_value"].iloc[0] == pytest.approx(exact, abs=0.015)

    def test_passages_do_not_make_a_difference_significant(self) -> None:
        documents = interviews(4)
        many = spoken(*(("d0", "slow") for _ in range(200)), ("d2", "fast"))
        people = pd.Series(["x", "x", "y", "y"], index=documents["participant_id"])
        result = voices.code_by_group(many, codebook(("slow", -1, None), ("fast", 1, None)), documents, group=people)
        assert result.table["p_value"].min() == 1.0

    def test_who_was_not_asked_is_in_no_denominator(self) -> None:
        documents = interviews(8)
        people = pd.Series(list("xxxxyyyy"), index=documents["participant_id"])
        asked = guide(("d0", "buy"), ("d1", "buy"), ("d4", "buy"), ("d5", "buy"))
        codings = spoken(("d0", "slow"), ("d1", "slow"))
        result = voices.code_by_group(codings, codebook(("slow", -1, "buy")), documents, asked=asked, group=people)
        assert result.table.set_index("group")["n"].to_dict() == {"x": 2, "y": 2}

    def test_mistakes_say_what_there_is(self) -> None:
        documents = interviews(4)
        people = pd.DataFrame({"participant_id": documents["participant_id"], "segment": list("aabb")})
        with pytest.raises(DataError, match="Did you mean 'segment'"):
            voices.code_by_group(spoken(("d0", "x")), codebook(("x", 1, None)), documents, people, group="segmnt")
        with pytest.raises(DataError, match="two groups"):
            voices.code_by_group(
                spoken(("d0", "x")), codebook(("x", 1, None)), documents, people.assign(segment="a"), group="segment"
            )

    def test_without_a_difference_few_tests_are_found(self) -> None:
        rng, low, runs = np.random.default_rng(5), 0, 120
        documents = interviews(30)
        people = pd.Series(["x"] * 12 + ["y"] * 18, index=documents["participant_id"])
        codes = codebook(("slow", -1, None))
        for _ in range(runs):
            speakers = rng.permutation(30)[:13]
            codings = spoken(*((f"d{number}", "slow") for number in speakers))
            low += voices.code_by_group(codings, codes, documents, group=people).table["p_value"].iloc[0] <= 0.05
        assert low / runs <= 0.08


class TestValence:
    codes = codebook(
        ("slow", -1, "buy"), ("dear", -0.5, "buy"), ("nice", 1, "buy"), ("kind", 0.5, "after"), ("off", 1, None)
    )

    def test_people_are_averaged_before_the_stage_is(self) -> None:
        codings = spoken(
            *(("d0", "slow") for _ in range(9)),
            ("d0", "dear"),
            ("d1", "nice"),
            ("d2", "nice"),
            ("d2", "slow"),
            ("d2", "off"),
        )
        table = voices.valence_by_stage(codings, self.codes, interviews(3), stages=["buy", "after"]).table.set_index(
            "stage"
        )
        means = [-0.75, 1.0, 0.0]
        assert table.loc["buy", "valence"] == pytest.approx(np.mean(means))
        half = 4.302653 * np.std(means, ddof=1) / np.sqrt(3)  # the t quantile of two degrees of freedom
        low = max(-1, np.mean(means) - half)
        assert table.loc["buy", "ci_low"] == pytest.approx(low)
        assert (table.loc["buy", "n"], table.loc["buy", "pains"], table.loc["buy", "gains"]) == (3, 2, 2)
        assert table.loc["after", "n"] == 0
        assert table.loc["after", "reason"] == "nobody spoke of it"

    def test_no_spread_gives_no_interval_but_a_reason(self) -> None:
        result = voices.valence_by_stage(
            spoken(("d0", "slow"), ("d1", "slow")), self.codes, interviews(2), stages=["buy"]
        )
        row = result.table.iloc[0]
        assert row["valence"] == -1
        assert np.isnan(row["ci_low"])
        assert "no spread" in row["reason"]
        assert "buy" in result.summary()
        result.plot()


class TestQuotes:
    documents = interviews(4)
    codes = codebook(("slow", -1, "buy"), ("dear", -1, "buy"), ("nice", 1, "buy"))
    texts = (
        ("d0", "slow", "It was very slow."), ("d0", "dear", "And dear."),
        ("d1", "slow", "Slow, write to ann@example.org."), ("d1", "dear", "Too dear."),
        ("d2", "slow", "Slow."), ("d2", "nice", "Still nice."),
        ("d3", "slow", "So slow that I had time to read the whole paper."), ("d3", "dear", "Dear, too."),
    )  # fmt: skip
    codings = spoken(*((document, code) for document, code, _ in texts))
    segments = codings[["segment_id", "document_id"]].assign(text=[words for _, _, words in texts])
    crosswalk = pd.DataFrame({"participant_id": ["p0", "p1", "p2", "p3"], "consent_quotes": [True, True, True, False]})

    def quote(self, rule: str, **options: object) -> list[str]:
        options = {"crosswalk": self.crosswalk, "code": "slow", "per": 1, **options}
        return voices.quotes(self.codings, self.segments, self.documents, self.codes, rule=rule, **options)[
            "quote"
        ].tolist()

    def test_each_rule_chooses_what_it_says(self) -> None:
        assert self.quote("deviant") == ["Slow."]  # p2 alone also says 'nice'
        assert self.quote("extreme") == ["It was very slow."]  # p0 and p1 say nothing good; the first of them
        weighted = self.codings.assign(weight=[1, 1, 5, 1, 2, 1, 9, 1])
        found = voices.quotes(
            weighted, self.segments, self.documents, self.codes, self.crosswalk, rule="extreme", code="slow", per=1
        )
        assert found["quote"].tolist() == ["Slow, write to [e-mail]."]  # the weight of 9 has no consent

    def test_public_shows_neither_who_did_not_agree_nor_what_was_masked(self) -> None:
        shown = self.quote("typical", share="public", per=9)
        assert sorted(shown) == ["It was very slow.", "Slow."]
        assert len(self.quote("typical", per=9)) == 3
        assert self.quote("typical", share="public", per=9, crosswalk=None) == []

    def test_an_unknown_rule_is_named(self) -> None:
        with pytest.raises(DataError, match="Did you mean 'typical'"):
            self.quote("tipical")

    def test_every_rule_is_stated(self) -> None:
        assert set(voices.RULES) == {"typical", "extreme", "deviant"}
        assert all(len(words) > 40 for words in voices.RULES.values())
