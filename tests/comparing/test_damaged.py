"""A damaged result is told, by `compare` and as an alert: nobody should believe that somebody watched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made import code, days, goal, score, share, write_run

from journeylab import cli
from journeylab.comparing import alert_run, compare, read_run, trend
from journeylab.config import Alert
from journeylab.errors import DataError

RULES = [Alert(when="kpi_worse"), Alert(when="drop_off_worse")]
ROW = share("funnel", "cart to order", 400, 1000)


def run(folder: Path, k: int = 400, n: int = 1000, *, older: bool = False) -> Path:
    """A run whose notebook noted what it wrote; one of an older version has no settled counts and noted none."""
    counts = {} if older else {"settled": [share("funnel", "cart to order", k, n), share("KPI", "order", k, n)]}
    write_run(folder, basis={"customers": days(n // 2, n // 2)}, goals=[goal("order", k / n, 0.02, 0.35)],
              scores=[score("nps", 30, 5, 100)], prevalence=[code("Pain/Late", 4, 20)], **counts)  # fmt: skip
    if not older:
        names = sorted(file.name for file in (folder / "results").iterdir())
        (folder / "results/.09_findings.wrote").write_text("\n".join(names) + "\n")
    return folder


DAMAGE = [
    (None, "settled.json: is missing"),
    ("[]", "settled.json: is no result"),
    ("null", "settled.json: is no result"),
    ('{"table": "x"}', "settled.json: table: found 'x'"),
    (json.dumps({"table": [ROW, 5]}), "settled.json: table row 2: found 5"),
    (json.dumps({"table": [ROW | {"k": float("inf")}]}), "settled.json: table row 1: k: found inf"),
    (json.dumps({"table": [ROW, ROW | {"n": float("inf")}]}), "settled.json: table row 2: n: found inf"),
    (json.dumps({"table": [ROW | {"n": -3}]}), "settled.json: table row 1: n: found -3"),
    (json.dumps({"table": [ROW | {"k": -3}]}), "settled.json: table row 1: k: found -3"),
    (json.dumps({"table": [ROW | {"k": 10**400}]}), "settled.json: table row 1: k: found 1000"),
    (json.dumps({"table": [ROW | {"k": 1001}]}), "settled.json: table row 1: k: found 1001 of n = 1000"),
]


@pytest.mark.parametrize(("content", "expected"), DAMAGE)
@pytest.mark.parametrize("whose", ["last", "new"])
def test_a_damaged_result_is_an_alert_and_is_refused(
    tmp_path: Path, whose: str, content: str | None, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    last, new = run(tmp_path / "last"), run(tmp_path / "new", 480, 1400)
    whole = alert_run(new, last, RULES, "shop")
    assert whole is not None
    assert set(whole.table["when"]) == {"kpi_worse", "drop_off_worse"}, "undamaged, the rules fire"
    file = tmp_path / whose / "results/settled.json"
    file.unlink() if content is None else file.write_text(content)
    found = alert_run(new, last, RULES, "shop")
    assert found is not None
    (sentence,) = found.table["sentence"]
    assert "could not be evaluated" in sentence
    assert str(tmp_path / whose / "results") in sentence
    assert expected in sentence
    assert cli.main(["compare", str(last), str(new)]) == 1
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    "change", [{"target": "x"}, {"target": 10**400}, {"ci_low": []}, {"value": {}}, {"kpi": "\ud800"}]
)
def test_goals_that_cannot_be_written_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    last, new = run(tmp_path / "last"), run(tmp_path / "new", 480, 1400)
    (tmp_path / "new/results/goals.json").write_text(json.dumps({"table": [goal("order", 0.4, 0.3, 0.5) | change]}))
    with pytest.raises(DataError, match=r"goals\.json"):
        compare(read_run(last), read_run(new))


def test_a_hash_that_is_none_is_refused(tmp_path: Path) -> None:
    last = run(tmp_path / "last")
    record = json.loads((last / "run.json").read_text())
    (last / "run.json").write_text(json.dumps(record | {"inputs": [{"source": "events", "sha256": 5}]}))
    with pytest.raises(DataError, match=r"run\.json: cannot be read: its inputs"):
        read_run(last)


def test_a_run_of_an_older_version_is_compared_and_says_so(tmp_path: Path) -> None:
    old = read_run(run(tmp_path / "old", older=True))
    found = compare(old, read_run(run(tmp_path / "new", 480, 1400, older=True)))
    assert any("made by an older version" in note for note in found.notes)


@pytest.mark.parametrize("basis", ['{"customers": {"days": 5}}', '{"customers": {"days": {"2026-03-01": -1}}}'])
def test_days_that_are_no_counts_are_refused(tmp_path: Path, basis: str) -> None:
    folder = run(tmp_path / "a")
    (folder / "results/basis.json").write_text(basis)
    with pytest.raises(DataError, match=r"basis\.json: customers: days are not numbers of people"):
        read_run(folder)


def test_a_value_of_another_type_is_an_alert_too(tmp_path: Path) -> None:
    last, new = run(tmp_path / "last"), run(tmp_path / "new")
    (new / "results/goals.json").write_text(json.dumps({"table": [goal("order", 0.3, 0.02, 0.35) | {"target": "x"}]}))
    found = alert_run(new, last, [Alert(when="kpi_below_goal")], "shop")
    assert found is not None
    assert "could not be evaluated" in found.summary()


def test_runs_of_different_studies_are_not_held_against_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = run(tmp_path / "one"), run(tmp_path / "other")
    record = json.loads((other / "run.json").read_text())
    (other / "run.json").write_text(json.dumps(record | {"study": "bank"}))
    for compared in (lambda: compare(read_run(one), read_run(other)), lambda: trend([read_run(one), read_run(other)])):
        with pytest.raises(DataError, match=r"different studies: one of 'shop', other of 'bank'"):
            compared()
    assert cli.main(["compare", str(one), str(other)]) == 1
    assert "different studies" in capsys.readouterr().err
