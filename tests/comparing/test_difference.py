"""Two estimates some of whose people are the same: checked against what is known, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from journeylab.comparing.difference import difference, p_of_shares
from journeylab.comparing.overlap import Overlap, relate
from journeylab.comparing.reading import Figure
from journeylab.intervals import mean, newcombe

GROWN = Overlap("grown", 1000, 1000, 1400)


def counted(k: float, n: float, **more: object) -> Figure:
    return Figure("funnel", "a to b", "a to b", k / n, np.nan, np.nan, n, k, "share", "higher", "customers", **more)  # type: ignore[arg-type]


def averaged(values: np.ndarray) -> Figure:
    value, low, high = mean(values)
    return Figure("scores", "ces", "ces", value, low, high, len(values), None, "number", "higher", "responses")


@pytest.mark.parametrize("table", [(6, 8, 0, 40), (3, 9, 7, 30), (0, 5, 9, 12), (20, 30, 1, 3)])
def test_few_are_compared_exactly(table: tuple[int, int, int, int]) -> None:
    k1, n1, k0, n0 = table
    sides = [
        stats.fisher_exact([[k1, n1 - k1], [k0, n0 - k0]], alternative=side).pvalue for side in ("less", "greater")
    ]
    assert p_of_shares(k1, n1, k0, n0) == pytest.approx(min(1.0, 2 * min(sides)), rel=1e-9)


def test_many_are_compared_as_chi_square_does() -> None:
    expected = stats.chi2_contingency([[300, 700], [350, 650]], correction=False).pvalue
    assert p_of_shares(300, 1000, 350, 1000) == pytest.approx(expected, rel=1e-9)


def test_what_came_between_is_held_against_what_was_there() -> None:
    found = difference(counted(400, 1000), counted(500, 1400), GROWN)
    value, low, high = newcombe(100, 400, 400, 1000)
    assert (found.value, found.low, found.high) == pytest.approx((value, low, high))
    assert (found.new, found.n_new, found.before, found.n_before) == (0.25, 400, 0.4, 1000)


def test_a_told_change_is_left_out_of_the_older_side() -> None:
    # 600 people before the change at 50 %, 400 after it at 25 %, then 400 more at 25 %.
    found = difference(counted(400, 1000), counted(500, 1400), GROWN, since=(300, 600))
    assert (found.before, found.new) == (0.25, 0.25)
    assert found.p_value == pytest.approx(1.0)


def test_the_mean_of_what_came_between_is_told_from_two_means() -> None:
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(5, 1.4, 600), rng.normal(4, 1.4, 200)])
    found = difference(averaged(values[:600]), averaged(values), Overlap("grown", 600, 600, 800))
    direct = stats.ttest_ind(values[600:], values[:600])
    assert found.new == pytest.approx(values[600:].mean())
    assert found.value == pytest.approx(values[600:].mean() - values[:600].mean())
    assert found.value / (found.high - found.low) * 3.92 == pytest.approx(direct.statistic, rel=0.1)


def test_data_that_were_read_otherwise_are_not_compared_by_counts() -> None:
    found = difference(counted(400, 1000), counted(380, 1400), GROWN)
    assert np.isnan(found.p_value)
    assert "read otherwise" in found.reason


def test_the_same_data_have_no_p_value() -> None:
    found = difference(counted(400, 1000), counted(420, 1000), Overlap("same", 1000, 1000, 1000))
    assert np.isnan(found.p_value)
    assert "settings or code" in found.reason


def test_facts_that_ripen_are_not_counted_by_differences() -> None:
    """Customers of old may have ordered meanwhile: 380 more of 400 would look like 95 %."""
    found = difference(counted(400, 1000, settled=False), counted(780, 1400, settled=False), GROWN)
    assert found.how == "as if independent"
    assert found.new == pytest.approx(780 / 1400)


def test_people_in_both_make_the_error_smaller_as_simulation_says() -> None:
    rng = np.random.default_rng(3)
    n, shared, differences, widths = 400, 300, [], []
    for _ in range(1500):
        has = rng.random(2 * n - shared) < 0.3
        old, new = has[:n].sum(), has[n - shared :].sum()
        found = difference(counted(old, n), counted(new, n), Overlap("overlap", shared, n, n))
        differences.append(found.value)
        widths.append((found.high - found.low) / 3.92)
    assert np.mean(widths) == pytest.approx(np.std(differences), rel=0.06)
    apart = difference(counted(120, n), counted(120, n), Overlap("apart", 0, n, n))
    assert (apart.high - apart.low) / 3.92 > 1.8 * np.mean(widths)


def test_false_alarms_of_what_came_between_are_as_many_as_promised() -> None:
    rng = np.random.default_rng(5)
    old = rng.binomial(2000, 0.4, 4000)
    fresh = rng.binomial(300, 0.4, 4000)
    p = [
        difference(counted(k, 2000), counted(k + more, 2300), GROWN).p_value for k, more in zip(old, fresh, strict=True)
    ]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.012)
    assert np.mean(np.array(p) < 0.002) < 0.006


OLD = {"customers": {"mark": "a", "days": {"2026-03-01": 5, "2026-03-02": 4}}}


class TestRelate:
    @pytest.mark.parametrize(
        ("days", "how", "shared"),
        [
            ({"2026-03-01": 5, "2026-03-02": 9, "2026-03-03": 3}, "grown", 9),
            ({"2026-03-01": 4, "2026-03-02": 9}, "overlap", 8),
            ({"2026-03-02": 4, "2026-03-03": 7}, "overlap", 4),
            ({"2026-03-05": 4}, "apart", 0),
            ({}, "unknown", 0),
        ],
    )
    def test_the_days_tell(self, days: dict[str, int], how: str, shared: int) -> None:
        found = relate(OLD, {"customers": {"mark": "b", "days": days}}, "customers")
        assert (found.how, found.shared) == (how, shared)

    def test_the_same_mark_is_the_same_data(self) -> None:
        assert relate(OLD, OLD, "customers").how == "same"

    def test_a_run_of_an_older_version_says_nothing(self) -> None:
        assert relate({}, OLD, "customers").how == "unknown"
