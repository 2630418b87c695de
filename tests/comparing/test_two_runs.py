"""Two runs: what moved is named, what may be chance is not, and what cannot be compared is said."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from made import code, days, effect, goal, made, score, share, write_run

from journeylab.comparing import compare, read_run, trend
from journeylab.errors import DataError

BEFORE = {"customers": days(500, 500), "responses": days(200, 200), "interviews": days(20)}
AFTER = {"customers": days(500, 500, 400), "responses": days(200, 200, 100), "interviews": days(20, 12)}


def two(tmp_path: Path, old: dict, new: dict, **more: object):
    return compare(made(tmp_path / "a", basis=BEFORE, **old), made(tmp_path / "b", basis=AFTER, **new, **more))


def test_a_clear_change_is_named_with_its_interval_and_both_sides(tmp_path: Path) -> None:
    found = two(
        tmp_path,
        {"settled": [share("funnel", "cart to order", 400, 1000)], "scores": [score("ces", 5.0, 0.1, 400)]},
        {"settled": [share("funnel", "cart to order", 480, 1400)], "scores": [score("ces", 5.01, 0.1, 500)]},
    )
    (row,) = found.rows("clear")
    assert (row.kind, row.name, row.way, row.new, row.before) == ("funnel", "cart to order", "worse", 0.2, 0.4)
    assert "fell by 20.0 points" in found.summary()
    assert "20.0 % of those whose time ended since (n = 400), 40.0 % before (n = 1,000)" in found.summary()
    assert any("1 of 2 figures compared do not differ" in line for line in found.lines())
    assert found.references == {"funnel|cart to order": [400.0, 1000.0]}


def test_one_small_p_among_many_is_no_news(tmp_path: Path) -> None:
    """p = 0.004 alone among 60 figures is what chance does."""
    old = [share("funnel", f"step {number}", 400, 1000) for number in range(60)]
    new = [share("funnel", f"step {number}", 560, 1400) for number in range(59)] + [
        share("funnel", "step 59", 527, 1400)
    ]
    found = two(tmp_path, {"settled": old}, {"settled": new})
    top = found.table.iloc[0]
    assert top["name"] == "step 59"
    assert top["p_value"] < 0.01
    assert top["verdict"] == "no"
    alone = two(tmp_path / "alone", {"settled": old[59:]}, {"settled": new[59:]})
    assert alone.rows("perhaps")[0].name == "step 59"
    assert not alone.rows("clear")
    assert "Nothing clear moved" in alone.summary()


def test_a_change_is_news_once(tmp_path: Path) -> None:
    first = made(tmp_path / "1", basis=BEFORE, settled=[share("funnel", "s", 400, 1000)])
    second = write_run(tmp_path / "2", basis=AFTER, settled=[share("funnel", "s", 480, 1400)])
    moved = compare(first, read_run(second))
    (second / "results/since_last.json").write_text(moved.to_json())
    third_days = {**AFTER, "customers": days(500, 500, 400, 400)}
    third = made(tmp_path / "3", basis=third_days, settled=[share("funnel", "s", 560, 1800)])
    assert [row.name for row in moved.rows("clear")] == ["s"]
    again = compare(read_run(second), third)
    assert not again.rows("clear")
    assert again.table.iloc[0]["before"] == pytest.approx(0.2)


def test_a_code_that_is_new_is_compared_with_nobody_before(tmp_path: Path) -> None:
    found = two(
        tmp_path,
        {"prevalence": [code("Pain/Late", 8, 20)]},
        {"prevalence": [code("Pain/Late", 12, 32), code("Pain/App", 10, 32)]},
    )
    row = found.table.set_index("name").loc["Pain/App"]
    assert (row["before"], row["n_before"], row["n_new"], row["way"]) == (0.0, 20, 12, "worse")
    assert row["verdict"] == "clear"


def test_a_code_that_was_named_first_in_the_last_run_is_counted_from_there(tmp_path: Path) -> None:
    """Nobody of 40, then 2 of 8, then 4 of 8 more: 6 of 16 after 0 of 40 is clear, 4 of 8 after 2 of 48 would not be."""
    runs = []
    for number, (k, n) in enumerate([(0, 40), (2, 48), (6, 56), (9, 64)]):
        basis = {"interviews": days(40, *[8] * number)}
        runs.append(write_run(tmp_path / str(number), basis=basis, prevalence=[code("Pain/App", k, n)]))
    told = []
    for old, new in itertools.pairwise(runs):
        moved = compare(read_run(old), read_run(new))
        (new / "results/since_last.json").write_text(moved.to_json())
        told += [(row.verdict, row.before, row.n_before, row.n_new) for row in moved.table.itertuples()]
    assert told == [("perhaps", 0.0, 40, 8), ("clear", 0.0, 40, 16), ("no", 6 / 16, 16, 8)]
    cold = compare(
        read_run(runs[1]),
        made(tmp_path / "cold", basis={"interviews": days(40, 8, 8)}, prevalence=[code("Pain/App", 6, 56)]),
    )
    assert not compare(dataclasses.replace(read_run(runs[1]), references={}), read_run(runs[2])).rows("clear")
    assert cold.rows("clear"), "the run keeps who had not named it"


def test_a_changed_verdict_says_whether_its_estimate_moved(tmp_path: Path) -> None:
    found = two(
        tmp_path,
        {"effects": [effect("chat", 0.020, 0.021, "not known", 0.06)], "goals": [goal("order", 0.34, 0.03, 0.35)]},
        {"effects": [effect("chat", 0.021, 0.020, "keep", 0.04)], "goals": [goal("order", 0.31, 0.03, 0.35)]},
    )
    words = found.words.set_index("kind")
    assert words.loc["verdict", ["before", "now"]].tolist() == ["not known", "keep"]
    assert "did not move clearly" in words.loc["verdict", "because"]
    assert words.loc["goal", "now"] == "missed"
    assert found.goals.iloc[0]["now"].startswith("31.0 % (28.0 to 34.0 %)")


def test_the_same_data_with_another_setting(tmp_path: Path) -> None:
    a = made(
        tmp_path / "a",
        basis=BEFORE,
        data="x",
        settled=[share("funnel", "s", 400, 1000)],
        parameters={"09": {"w": "3d"}},
    )
    b = made(
        tmp_path / "b",
        basis=BEFORE,
        data="x",
        settled=[share("funnel", "s", 480, 1000)],
        parameters={"09": {"w": "9d"}},
    )
    found = compare(a, b)
    assert found.table["p_value"].isna().all()
    text = " ".join(found.lines())
    assert "Both runs read the same data" in text
    assert "not by new data (the same data, so it is due to settings or code): s, within 3d (+8.0 points)." in text
    assert "Parameters of 09 differ" in text


def test_runs_of_an_older_version_are_compared_as_independent_and_say_so(tmp_path: Path) -> None:
    a = made(tmp_path / "a", scores=[score("ces", 5.0, 0.1, 400)], goals=[goal("order", 0.40, 0.02, 0.3)])
    b = made(tmp_path / "b", scores=[score("ces", 4.0, 0.1, 500)], goals=[goal("order", 0.41, 0.02, 0.3)])
    found = compare(a, b)
    assert found.rows("clear")[0].name == "ces"
    assert set(found.table["how"]) == {"as if independent"}
    assert any("no settled counts" in note for note in found.notes)


def test_the_result_goes_to_json_and_has_an_alt_text(tmp_path: Path) -> None:
    from journeylab import figures

    found = two(tmp_path, {"scores": [score("ces", 5.0, 0.1, 400)]}, {"scores": [score("ces", 4.6, 0.1, 500)]})
    content = json.loads(found.to_json())
    assert content["table"][0]["name"] == "ces"
    assert content["before"] == "a"
    assert "ces" in figures.alt_text(found.plot())


def test_a_public_report_has_no_row_that_tells_of_few_people(tmp_path: Path) -> None:
    """20 people were asked and 12 more came: 8 of 20 and then 3 of 12 is a small cell by difference."""
    found = two(
        tmp_path,
        {"prevalence": [code("Pain/Late", 8, 20), code("Pain/Price", 8, 20)], "scores": [score("ces", 5.0, 0.1, 400)]},
        {
            "prevalence": [code("Pain/Late", 11, 32), code("Pain/Price", 15, 32)],
            "scores": [score("ces", 5.0, 0.1, 500)],
        },
    )
    assert set(found.table["name"]) == {"Pain/Late", "Pain/Price", "ces"}
    assert set(found.without_small(5).table["name"]) == {"Pain/Price", "ces"}
    assert "Pain: Late" not in found.without_small(5).to_json()


def test_nothing_in_common(tmp_path: Path) -> None:
    found = compare(made(tmp_path / "a"), made(tmp_path / "b"))
    assert found.table.empty
    assert "Nothing could be compared" in found.summary()
    found.plot()


@pytest.mark.parametrize(("file", "content"), [("goals.json", "{broken"), ("goals.json", '{"table": [{"goal": "x"}]}')])
def test_a_broken_result_is_named(tmp_path: Path, file: str, content: str) -> None:
    folder = write_run(tmp_path / "a")
    (folder / "results" / file).write_text(content)
    with pytest.raises(DataError, match=r"results"):
        read_run(folder)


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no run"):
        read_run(tmp_path)


class TestTrend:
    def test_figures_are_lined_up_by_the_time_of_their_runs(self, tmp_path: Path) -> None:
        from journeylab import figures

        runs = [
            made(tmp_path / name, created=f"2026-0{month}-01T06:00:00+00:00", goals=[goal("order", value, 0.02, 0.35)])
            for name, month, value in (("b", 3, 0.30), ("a", 2, 0.40), ("c", 4, 0.33))
        ]
        found = trend(runs)
        assert found.table["run"].tolist() == ["a", "b", "c"]
        assert found.table["value"].tolist() == [0.40, 0.30, 0.33]
        assert np.allclose(found.table["target"], 0.35)
        assert "order 40.0 % at first and 33.0 % at last" in figures.alt_text(found.plot(kind="KPI"))

    def test_one_run_has_no_trend(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="two runs or more"):
            trend([made(tmp_path / "a")])
