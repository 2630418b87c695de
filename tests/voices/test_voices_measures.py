"""Agreement against published values and independent implementations."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from journeylab.errors import DataError
from journeylab.voices import coefficients, measures, standard_errors, uncertainty

LEVELS = ("nominal", "ordinal", "interval", "ratio")


@pytest.fixture(scope="module")
def printed(shared: Path) -> dict:
    return json.loads((shared / "reference" / "values" / "irr_reference.json").read_text())


def as_matrix(ratings: list) -> np.ndarray:
    return np.array([[np.nan if value is None else value for value in row] for row in ratings], dtype=float)


def of_table(table: list) -> np.ndarray:
    """Two coders' ratings, from the table of how often the one gave k and the other l; categories 1, 2, ..."""
    counts = np.array(table)
    cells = np.indices(counts.shape).reshape(2, -1) + 1.0
    return np.repeat(cells, counts.ravel(), axis=1)


def case_of(printed: dict, kind: str, name: str) -> dict:
    return next(case for case in printed[kind] if case["id"] == name)


def slow_alpha(matrix: np.ndarray, level: str) -> float:
    """Alpha by its definition: every pair of ratings within units, against every pair of ratings at all."""
    units = [[value for value in column if not np.isnan(value)] for column in matrix.T]
    units = [unit for unit in units if len(unit) >= 2]
    values = sorted(value for unit in units for value in unit)

    def distance(c: float, k: float) -> float:
        low, high = min(c, k), max(c, k)
        if level == "ordinal":
            between = sum(low <= value <= high for value in values)
            return 0.0 if c == k else (between - (values.count(c) + values.count(k)) / 2) ** 2
        if level == "ratio":
            return 0.0 if c == k else ((c - k) / (c + k)) ** 2
        return (c - k) ** 2 if level == "interval" else float(c != k)

    n = len(values)
    if n < 2:
        return float("nan")
    observed = sum(distance(*pair) / (len(unit) - 1) for unit in units for pair in itertools.permutations(unit, 2)) / n
    expected = sum(distance(*pair) for pair in itertools.permutations(values, 2)) / (n * (n - 1))
    return 1 - observed / expected if expected else float("nan")


some_ratings = arrays(
    float, st.tuples(st.integers(1, 4), st.integers(1, 8)), elements=st.sampled_from([0.0, 1.0, 2.0, 4.0, float("nan")])
)


class TestAlpha:
    def test_every_printed_value_at_every_level(self, printed: dict) -> None:
        checked = 0
        for case in printed["alpha"]:
            for level in LEVELS:
                for kind, near in (("computed", 6e-7), ("published", 6e-4)):
                    if level in case.get(kind, {}):
                        assert measures.alpha(as_matrix(case["ratings"]), level) == pytest.approx(
                            case[kind][level], abs=near
                        )
                        checked += 1
        assert checked >= 30

    def test_observed_and_expected_disagreement_and_percent(self, printed: dict) -> None:
        for name in ("krippendorff_binary_2x10", "krippendorff_1980_3x9"):
            case = case_of(printed, "alpha", name)
            matrix = as_matrix(case["ratings"])
            observed, expected = measures.disagreement(matrix)
            assert observed == pytest.approx(case["published"]["Do"], abs=6e-4)
            assert expected == pytest.approx(case["published"]["De"], abs=6e-4)
            assert measures.percent(matrix) == pytest.approx(case["published"]["percent"], abs=1e-3)

    def test_each_category_against_all_others(self, printed: dict) -> None:
        case = case_of(printed, "alpha", "krippendorff_1980_3x9")
        matrix = as_matrix(case["ratings"])
        for category, value in case["published"]["per_category_nominal"].items():
            assert measures.alpha(matrix == float(category)) == pytest.approx(value, abs=6e-4)

    def test_the_ordinal_level_is_krippendorffs_and_not_that_of_weights(self, printed: dict) -> None:
        matrix = as_matrix(case_of(printed, "alpha", "krippendorff_2011_4x12")["ratings"])
        assert abs(measures.alpha(matrix, "ordinal") - 0.83364) > 0.01

    @settings(max_examples=60, deadline=None)
    @given(matrix=some_ratings, level=st.sampled_from(LEVELS))
    def test_equals_the_definition(self, matrix: np.ndarray, level: str) -> None:
        assert measures.alpha(matrix, level) == pytest.approx(slow_alpha(matrix, level), abs=1e-9, nan_ok=True)

    @settings(max_examples=40, deadline=None)
    @given(matrix=some_ratings, level=st.sampled_from(LEVELS), seed=st.integers(0, 1000))
    def test_neither_coders_nor_units_have_an_order(self, matrix: np.ndarray, level: str, seed: int) -> None:
        rng = np.random.default_rng(seed)
        shuffled = rng.permutation(rng.permutation(matrix, axis=0), axis=1)
        for name in set(coefficients.MEASURES) - set(coefficients.FOR_TWO):
            first, second = (coefficients.prepare(name, each, level=level).total.value for each in (matrix, shuffled))
            assert first == pytest.approx(second, abs=1e-9, nan_ok=True), name

    @settings(max_examples=40, deadline=None)
    @given(matrix=some_ratings, seed=st.integers(0, 1000))
    def test_sums_over_clusters_are_those_over_units(self, matrix: np.ndarray, seed: int) -> None:
        clusters = np.random.default_rng(seed).integers(0, 3, matrix.shape[1])
        for name in set(coefficients.MEASURES) - set(coefficients.FOR_TWO):
            whole = coefficients.prepare(name, matrix).total.value
            assert coefficients.prepare(name, matrix, clusters=clusters).total.value == pytest.approx(
                whole, abs=1e-9, nan_ok=True
            )


class TestOtherCoefficients:
    def test_four_coders_with_missing_ratings(self, printed: dict) -> None:
        case = case_of(printed, "alpha", "krippendorff_2011_4x12")
        matrix, other = as_matrix(case["ratings"]), case["other_coefficients"]
        assert measures.ac1(matrix) == pytest.approx(other["gwet_ac1"]["value"], abs=6e-6)
        assert 1 - measures.disagreement(matrix, "ac1")[1] == pytest.approx(other["gwet_ac1"]["pe"], abs=6e-6)
        assert measures.fleiss(matrix) == pytest.approx(other["fleiss_kappa_gwet_form"]["value"], abs=6e-6)
        assert measures.conger(matrix) == pytest.approx(other["conger_kappa"]["value"], abs=6e-6)
        assert measures.brennan_prediger(matrix) == pytest.approx(other["brennan_prediger"]["value"], abs=6e-6)
        assert measures.percent(matrix) == pytest.approx(other["percent_agreement_unit_mean"], abs=6e-7)

    def test_without_units_of_one_rating_prevalence_is_another(self, printed: dict) -> None:
        matrix = as_matrix(case_of(printed, "alpha", "krippendorff_2011_4x12")["ratings"])
        paired = matrix[:, (~np.isnan(matrix)).sum(axis=0) >= 2]
        assert measures.ac1(paired) == pytest.approx(0.775152, abs=6e-7)
        counts, _ = coefficients.counts_of(paired)
        pooled = counts.sum(axis=0) / counts.sum()  # ratings, not units, count once
        assert 1 - measures.disagreement(paired, "fleiss")[0] / (1 - pooled @ pooled) == pytest.approx(
            0.760766, abs=6e-7
        )

    def test_their_standard_errors(self, printed: dict) -> None:
        case = case_of(printed, "alpha", "krippendorff_2011_4x12")
        matrix, other = as_matrix(case["ratings"]), case["other_coefficients"]
        for measure, se in (
            ("ac1", other["gwet_ac1"]["se"]), ("fleiss", other["fleiss_kappa_gwet_form"]["se"]),
            ("conger", other["conger_kappa"]["se"]), ("brennan_prediger", other["brennan_prediger"]["se"]),
            ("alpha", other["alpha_gwet_se"]),
        ):  # fmt: skip
            assert standard_errors.gwet_error(measure, matrix).error == pytest.approx(se, abs=6e-6), measure
        assert standard_errors.gwet_error("ac1", matrix)[1:] == pytest.approx(other["gwet_ac1"]["ci95"], abs=6e-6)

    def test_cohen_with_its_errors(self, printed: dict) -> None:
        case = case_of(printed, "cohen", "wiki_2x2")
        matrix = of_table(case["table"])
        error, under_null = standard_errors.cohen_error(matrix)
        assert measures.cohen(matrix) == pytest.approx(case["kappa"], abs=1e-9)
        assert error.error == pytest.approx(case["se"], abs=6e-7)
        assert under_null == pytest.approx(case["se0"], abs=6e-7)
        assert error[1:] == pytest.approx(case["ci95"], abs=6e-7)

    @pytest.mark.parametrize("name", ["cohen_1960_ex1", "cohen_1960_ex2"])
    def test_cohens_own_examples(self, printed: dict, name: str) -> None:
        case = case_of(printed, "cohen", name)
        matrix = of_table(case["table"])
        assert measures.percent(matrix) == pytest.approx(case["po"], abs=6e-3)
        assert 1 - measures.disagreement(matrix, "cohen")[1] == pytest.approx(case["pe"], abs=6e-3)
        assert measures.cohen(matrix) == pytest.approx(case["kappa"], abs=6e-4)
        assert measures.ac1(matrix) == pytest.approx(case["gwet_ac1"], abs=6e-4)
        if "kappa_max" in case:
            assert measures.largest_kappa(matrix) == pytest.approx(case["kappa_max"], abs=6e-4)

    def test_scotts_pi_beside_kappa_and_alpha(self, printed: dict) -> None:
        case = case_of(printed, "cohen", "krippendorff_1995_digitised_A")
        matrix = np.array([[float(digit) for digit in case[coder]] for coder in ("coder1", "coder2")])
        assert measures.cohen(matrix) == pytest.approx(case["kappa"], abs=6e-4)
        assert measures.scott(matrix) == pytest.approx(case["scott_pi"], abs=6e-4)
        assert measures.alpha(matrix) == pytest.approx(case["alpha"], abs=6e-4)

    def test_the_kappa_paradox_is_seen(self, printed: dict) -> None:
        case = case_of(printed, "cohen", "paradox_2x2")
        matrix = of_table(case["table"])
        assert measures.percent(matrix) == pytest.approx(case["po"], abs=6e-4)
        assert measures.cohen(matrix) == pytest.approx(case["kappa"], abs=6e-6)
        assert measures.ac1(matrix) == pytest.approx(case["gwet_ac1"], abs=6e-6)
        assert measures.brennan_prediger(matrix) == pytest.approx(case["brennan_prediger"], abs=1e-9)

    def test_fleiss_fourteen_raters(self, printed: dict) -> None:
        (case,) = printed["fleiss"]
        ratings = np.array([np.repeat(np.arange(5.0), counts) for counts in case["counts"]]).T
        assert measures.fleiss(ratings) == pytest.approx(case["kappa"], abs=6e-7)
        assert measures.brennan_prediger(ratings) == pytest.approx(case["randolph_free_marginal"], abs=6e-7)

    def test_gwets_coefficients(self, printed: dict) -> None:
        for case in printed["gwet"]:
            matrix = of_table(case["table"])
            assert measures.ac1(matrix) == pytest.approx(case["ac1"], abs=6e-5)
            if "pa" in case:
                assert measures.percent(matrix) == pytest.approx(case["pa"], abs=6e-7)
                assert 1 - measures.disagreement(matrix, "ac1")[1] == pytest.approx(case["pe"], abs=6e-7)
            if "ac2_quadratic" in case:
                assert measures.ac2(matrix) == pytest.approx(case["ac2_quadratic"], abs=6e-6)
            if "scott_pi" in case:
                assert measures.scott(matrix) == pytest.approx(case["scott_pi"], abs=6e-5)

    def test_gwets_coefficients_of_the_r_package(self, shared: Path) -> None:
        files = sorted((shared / "data/qualitative/irr_dkpro_Apache2").glob("gwet_*.json"))
        assert len(files) == 5
        for file in files:
            fixture = json.loads(file.read_text())
            for case in fixture["cases"]:
                name = "ac1" if case["measure"] == "AC1" else "ac2_quadratic"
                observed, expected = measures.disagreement(of_table(fixture["table"]), name)
                assert 1 - observed == pytest.approx(case["pa"], abs=1e-9)
                assert 1 - expected == pytest.approx(case["pe"], abs=1e-9)
                assert 1 - observed / expected == pytest.approx(case["coefficient"], abs=6e-6)

    def test_kappas_equal_independent_implementations(self) -> None:
        from sklearn.metrics import cohen_kappa_score
        from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa, to_table

        rng = np.random.default_rng(4)
        truth = rng.integers(0, 4, 200)
        matrix = np.array([np.where(rng.random(200) < 0.8, truth, rng.integers(0, 4, 200)) for _ in range(3)])
        for weights in ("none", "linear", "quadratic"):
            theirs = cohen_kappa_score(matrix[0], matrix[1], weights=None if weights == "none" else weights)
            assert measures.cohen(matrix[:2], weights) == pytest.approx(theirs)
        table = aggregate_raters(matrix.T)[0]
        assert measures.fleiss(matrix) == pytest.approx(fleiss_kappa(table))
        assert measures.brennan_prediger(matrix) == pytest.approx(fleiss_kappa(table, method="randolph"))
        found = cohens_kappa(to_table(matrix[:2].T, 4)[0])
        error, under_null = standard_errors.cohen_error(matrix[:2])
        assert (error.error, under_null) == pytest.approx((found.std_kappa, found.std_kappa0))

    def test_conger_of_two_is_cohen_and_weights_of_two_categories_are_none(self) -> None:
        rng = np.random.default_rng(5)
        matrix = (rng.random((2, 60)) < [[0.3], [0.4]]).astype(float)
        assert measures.conger(matrix) == pytest.approx(measures.cohen(matrix))
        assert measures.cohen(matrix, "quadratic") == pytest.approx(measures.cohen(matrix))
        assert measures.ac2(matrix, "linear") == pytest.approx(measures.ac1(matrix))
        assert measures.holsti(matrix) == pytest.approx(measures.percent(matrix))

    def test_holsti_counts_what_only_one_coder_rated_against_them(self) -> None:
        nan = float("nan")
        assert measures.holsti([[1, 0, 1, nan], [1, 0, nan, nan]]) == pytest.approx(2 * 2 / (3 + 2))
        assert measures.percent([[1, 0, 1, nan], [1, 0, nan, nan]]) == 1


class TestDegenerate:
    def test_the_same_everywhere_is_nan(self) -> None:
        same = np.ones((2, 5))
        for measure in ("alpha", "cohen", "scott", "fleiss", "conger", "ac1", "ac2", "brennan_prediger"):
            assert np.isnan(getattr(measures, measure)(same)), measure
        assert measures.percent(same) == 1

    def test_no_pair_of_ratings_is_nan(self) -> None:
        for matrix in (
            np.full((2, 3), np.nan),
            [[1, 2, 3]],
            [[1, np.nan], [np.nan, 2]],
            np.empty((2, 0)),
            np.empty((0, 3)),
        ):
            for measure in ("alpha", "percent", "cohen", "scott", "fleiss", "ac1", "brennan_prediger"):
                assert np.isnan(getattr(measures, measure)(matrix)), (measure, matrix)

    def test_a_coder_without_ratings_is_no_coder(self) -> None:
        pair = np.array([[0, 1, 1, 0, 1.0], [0, 1, 0, 0, 1.0]])
        three = np.vstack([pair, np.full(5, np.nan)])
        for measure in ("alpha", "percent", "holsti", "fleiss", "conger", "ac1", "brennan_prediger"):
            function = getattr(measures, measure)
            assert function(three) == pytest.approx(function(pair)), measure

    def test_mistakes_are_told(self) -> None:
        with pytest.raises(DataError, match="'nominal'"):
            measures.alpha([[1, 2], [1, 2]], "nominl")
        with pytest.raises(DataError, match="2 dimensions"):
            measures.alpha([1, 2])
        with pytest.raises(DataError, match="interval"):
            measures.alpha([[-1, 2], [1, 2]], "ratio")
        with pytest.raises(DataError, match="'alpha'"):
            coefficients.prepare("alfa", [[1], [1]])


class TestIntervals:
    @pytest.fixture(scope="class")
    def forty(self, printed: dict) -> tuple[np.ndarray, dict]:
        case = case_of(printed, "alpha", "hayes_krippendorff_2007_5x40")
        return as_matrix(case["ratings"]), case["bootstrap"]

    def test_the_kalpha_habit_is_reproduced(self, forty: tuple[np.ndarray, dict]) -> None:
        matrix, bootstrap = forty
        habit = bootstrap["kalpha_style_pair_resampling"]
        drawn = uncertainty.drawn_pairs(matrix, "ordinal", resamples=20_000)
        same = uncertainty.drawn_pairs(matrix, "ordinal", resamples=20_000, n_pairs=habit["M"])
        assert (drawn == same).all()
        found = uncertainty.of_samples(drawn)
        assert (found.low, found.high) == pytest.approx(habit["ci95"], abs=1.5e-3)
        assert (drawn < 0.7).mean() == pytest.approx(habit["p_alpha_below_.70"], abs=6e-3)
        assert found.below_800 == pytest.approx(habit["p_alpha_below_.80"], abs=6e-3)

    def test_units_drawn_anew_give_a_far_wider_interval(self, forty: tuple[np.ndarray, dict]) -> None:
        matrix, bootstrap = forty
        published = bootstrap["unit_resampling_percentile"]
        sums = coefficients.prepare("alpha", matrix, level="ordinal")
        found = uncertainty.percentile(sums, resamples=4000)
        assert (found.low, found.high) == pytest.approx(published["ci95"], abs=0.01)
        rng = np.random.default_rng(2)
        samples = sums.weighted(rng.multinomial(40, np.full(40, 1 / 40), size=4000).astype(float))
        assert (samples < 0.7).mean() == pytest.approx(published["p_alpha_below_.70"], abs=0.02)
        ours = uncertainty.jackknife(sums, "unit")
        assert (ours.low, ours.high) == pytest.approx((found.low, found.high), abs=0.02)

    def test_no_disagreement_is_not_certainty(self) -> None:
        matrix = np.tile([1.0, 0, 0, 0], (2, 12))
        sums = coefficients.prepare("alpha", matrix, clusters=np.repeat(np.arange(12), 4))
        found = uncertainty.jackknife(sums, stake=uncertainty.Stake(0.25, 12))
        unseen = 1 - 0.025 ** (1 / 12)
        # of 48 units so many would be given by one coder only, with the prevalence that was seen
        disputed = 48 * 0.25 * unseen / (1 - unseen / 2)
        assert found.high == 1
        assert found.low == pytest.approx(1 - disputed / 48 / measures.disagreement(matrix)[1])
        assert 0.7 < found.low < 0.85
        assert 0 < found.below_667 < 0.025 < found.below_800
        drawn = uncertainty.percentile(sums)
        assert drawn.low == drawn.high == 1
        assert "never disagreed" in uncertainty.jackknife(sums).reason

    def test_where_nothing_tells_how_documents_differ_the_reason_says_so(self) -> None:
        matrix = np.array([[1, 0, 0, 1, 0, 0.0], [1, 0, 1, 1, 0, 0.0]])
        one = uncertainty.jackknife(coefficients.prepare("alpha", matrix, clusters=np.zeros(6)))
        assert np.isnan(one.low)
        assert "one document" in one.reason
        rare = np.array([[1, 1, 0, 0, 0, 0.0], [1, 0, 0, 0, 0, 0.0]])
        lonely = uncertainty.jackknife(coefficients.prepare("alpha", rare, clusters=[0, 0, 1, 1, 2, 2]))
        assert np.isnan(lonely.low)
        assert "only one document" in lonely.reason

    def test_an_interval_keeps_to_what_the_measure_can_be(self) -> None:
        matrix = np.array([[1, 0, 1, 0, 0, 0.0], [1, 0, 0, 0, 0, 1.0]])
        sums = coefficients.prepare("percent", matrix, clusters=[0, 0, 1, 1, 2, 2])
        found = uncertainty.jackknife(sums, least=0.0)
        assert 0 <= found.low < found.high < 1
