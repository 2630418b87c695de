"""Raw events become events on the journey: stitched, left out, named; against a slow version in plain Python."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylab as jl
from journeylab import journeys
from journeylab.check import check_study
from journeylab.config import Touchpoint
from journeylab.errors import DataError, StudyError
from journeylab.journeys.engine import open_table
from journeylab.journeys.prepare import LeaveOut, Recipe, prepare
from journeylab.naming import name_touchpoints
from journeylab.patterns import matcher
from tests.walks import START

event = st.tuples(
    st.sampled_from(["v1", "v2", "v3"]),
    st.sampled_from([None, None, "anna", "ben"]),
    st.integers(0, 5),
    st.sampled_from(["home", "cart", "order"]),
)
tables = st.lists(event, min_size=1, max_size=25)


def frame_of(rows: list[tuple[str, str | None, int, str]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": pd.array([login or visitor for visitor, login, _, _ in rows], dtype="str"),
            "event_time": pd.DatetimeIndex([START + pd.Timedelta(minutes=at) for _, _, at, _ in rows]).as_unit("us"),
            "touchpoint": pd.array([name for *_, name in rows], dtype="str"),
            "visitor_id": pd.array([visitor for visitor, *_ in rows], dtype="str"),
            "login_id": pd.array([login for _, login, _, _ in rows], dtype="str"),
            "journeylab_place": range(len(rows)),
        }
    )


def prepared(events: pd.DataFrame, recipe: Recipe) -> tuple[pd.DataFrame, dict[str, Any]]:
    with open_table(events) as opened:
        found = prepare(opened, recipe)
        rows = opened.fetch(found.table.orderBy("journeylab_place")).to_pandas()
        more = {
            name: opened.fetch(getattr(found, name)).to_pylist()
            for name in ("left_out", "stitched")
            if getattr(found, name) is not None
        }
    return rows, more


@settings(max_examples=25, deadline=None)
@given(tables)
def test_a_visitor_with_one_login_is_that_customer(rows: list[tuple[str, str | None, int, str]]) -> None:
    found, more = prepared(frame_of(rows), Recipe(stitch=True))
    logins = defaultdict(set)
    for visitor, login, _, _ in rows:
        if login:
            logins[visitor].add(login)
    one = {visitor: next(iter(names)) for visitor, names in logins.items() if len(names) == 1}
    assert found["customer_id"].tolist() == [login or one.get(visitor, visitor) for visitor, login, _, _ in rows]
    several = sum(len(names) > 1 for names in logins.values())
    assert [{name: int(n or 0) for name, n in row.items()} for row in more["stitched"]] == [
        {"stitched": len(one), "several": several}
    ]


@settings(max_examples=25, deadline=None)
@given(tables)
def test_of_repeats_the_first_stays(rows: list[tuple[str, str | None, int, str]]) -> None:
    found, _ = prepared(frame_of(rows), Recipe(repeats=True))
    seen, kept = set(), []
    for place, (visitor, login, at, name) in enumerate(rows):
        if (login or visitor, at, name) not in seen:
            kept.append(place)
        seen.add((login or visitor, at, name))
    assert found["journeylab_place"].tolist() == kept


@settings(max_examples=25, deadline=None)
@given(tables)
def test_the_first_rule_that_holds_is_the_reason(rows: list[tuple[str, str | None, int, str]]) -> None:
    rules = [
        LeaveOut("test orders", "touchpoint", matcher("ord*")),
        LeaveOut("Anna works here", "login_id", matcher("re:an+a"), whole_customer=True),
    ]
    found, more = prepared(frame_of(rows), Recipe(leave_out=rules))
    staff = "anna" if any(login == "anna" for _, login, _, _ in rows) else None
    reasons = [
        rules[0].reason if name == "order" else rules[1].reason if (login or visitor) == staff else None
        for visitor, login, _, name in rows
    ]
    assert found["journeylab_place"].tolist() == [place for place, reason in enumerate(reasons) if reason is None]
    counted = {row["left_out"]: row["n"] for row in more["left_out"]}
    assert counted == {reason: reasons.count(reason) for reason in set(reasons) - {None}}


def test_a_rule_for_a_column_that_is_not_there_says_so() -> None:
    with pytest.raises(DataError, match=r"no column 'login'.*Did you mean 'login_id'"):
        prepared(frame_of([("v1", None, 0, "home")]), Recipe(leave_out=[LeaveOut("x", "login", matcher("a"))]))


def test_names_by_text_glob_and_regular_expression() -> None:
    rules = [
        Touchpoint(match="/cart/thanks", name="order"),
        Touchpoint(match="re:/cart/[0-9]+", name="cart"),
        Touchpoint(match=["/p/*", "/q?"], name="product page"),
        Touchpoint(match="/health", drop=True),
    ]
    raw = ["/cart/thanks", "/cart/12", "/cart/12/x", "/p/[a]", "/q1", "/q12", "/health"]
    table = name_touchpoints(raw, rules).set_index("raw")
    assert table["touchpoint"].tolist() == [
        "order", "cart", "/cart/12/x", "product page", "product page", "/q12", "/health",
    ]  # fmt: skip
    assert table.index[~table["matched"]].tolist() == ["/cart/12/x", "/q12"]
    assert table.index[table["dropped"]].tolist() == ["/health"]


@settings(max_examples=15, deadline=None)
@given(tables)
def test_journeys_of_a_recipe_are_those_of_the_prepared_table(rows: list[tuple[str, str | None, int, str]]) -> None:
    events = frame_of(rows)
    rules = [Touchpoint(match="cart", drop=True), Touchpoint(match="ord*", name="purchase")]
    recipe = Recipe(repeats=True, name=lambda raw: name_touchpoints(raw, rules))
    table, _ = prepared(events, recipe)
    found, expected = journeys.build(events, recipe=recipe), journeys.build(table)
    assert {who: found.path(i) for i, who in enumerate(found.ids)} == {
        who: expected.path(i) for i, who in enumerate(expected.ids)
    }
    report = found.report
    assert report["read"] - sum(report["dropped"].values()) == report["kept"] == expected.n_events


STUDY = """
[study]
name = "parts"
title = "Two sources"
drop_repeats = true
[[stages]]
name = "look"
[[stages]]
name = "buy"
[[events]]
source = "web"
path = "web.parquet"
[[events]]
source = "till"
path = "till.parquet"
[events.columns]
customer_id = "who"
[[touchpoints]]
match = "home"
stage = "look"
[[touchpoints]]
match = "order"
name = "purchase"
stage = "buy"
[[leave_out]]
reason = "the team"
column = "customer_id"
match = "team*"
"""


def write_parts(folder: Path, engine: str = "duckdb") -> Path:
    (folder / "study.toml").write_text(STUDY.replace("[study]", f'[study]\nengine = "{engine}"'))
    names = ["home", "cart", "order", "home", None, "odd", " home"]
    for file, customer in (("web", "customer_id"), ("till", "who")):
        rows = [(f"c{n % 40}" if n % 37 else "team1", n // 3, names[n % 7]) for n in range(400)]
        pd.DataFrame(
            {
                customer: pd.array([who for who, _, _ in rows], dtype="str"),
                "event_time": pd.DatetimeIndex([START + pd.Timedelta(minutes=at) for _, at, _ in rows]).as_unit("us"),
                "touchpoint": pd.array([name for *_, name in rows], dtype="str"),
            }
        ).to_parquet(folder / f"{file}.parquet", index=False)
    return folder


def test_files_left_where_they_are_give_what_a_reader_gives(tmp_path: Path) -> None:
    direct = jl.open_study(write_parts(tmp_path))
    assert [source.part.path for source in direct.sourced] == [str(tmp_path / f"{n}.parquet") for n in ("web", "till")]
    text = (tmp_path / "study.toml").read_text()
    read = tmp_path / "read"
    read.mkdir()
    for file in ("web", "till"):
        pd.read_parquet(tmp_path / f"{file}.parquet").to_csv(read / f"{file}.csv", index=False)
    (read / "study.toml").write_text(text.replace(".parquet", ".csv"))
    other = jl.open_study(read)
    for name, report in direct.reports.items():
        theirs = other.reports[name]
        assert (report.n_read, report.n_kept) == (theirs.n_read, theirs.n_kept) == (400, 400 - 57)
    mine, theirs = direct.journeys(), other.journeys()
    assert [mine.path(i) for i in range(mine.n_journeys)] == [theirs.path(i) for i in range(theirs.n_journeys)]
    assert mine.ids.tolist() == theirs.ids.tolist()
    pd.testing.assert_frame_equal(direct.touchpoints, other.touchpoints)
    pd.testing.assert_frame_equal(direct.left_out, other.left_out)
    assert direct.unmatched["touchpoint"].tolist() == ["cart", "odd"]
    counted = direct.recorded.groupby("touchpoint").size()
    assert direct.unmatched.set_index("touchpoint")["n"].to_dict() == counted[["cart", "odd"]].to_dict()
    assert direct.left_out.loc[direct.left_out["reason"] == "the team", "customers"].tolist() == [1]
    assert mine.n_events == len(direct.events)


def test_an_engine_that_is_not_known_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"engine.*duckdb"):
        jl.open_study(write_parts(tmp_path, "duckbd")).journeys()


def write_table(folder: Path, rest: str, rows: str = "a,2024-01-01T10:00:00Z,x\nb,2024-01-01T10:00:00Z,x\n") -> Path:
    (folder / "events.csv").write_text(f"customer_id,event_time,touchpoint\n{rows}")
    (folder / "study.toml").write_text(f'[study]\nname = "t"\ntitle = "t"\n{rest}')
    return folder


EVENTS = '[events]\npath = "events.csv"\n'


def test_repeats_are_counted_among_what_is_left_out(tmp_path: Path) -> None:
    rows = "a,2024-01-01T10:00:00Z,x\n" * 3 + "b,2024-01-01T10:00:00Z,x\n"
    study = jl.open_study(write_table(tmp_path, "drop_repeats = true\n" + EVENTS, rows))
    (lost,) = study.left_out.itertuples()
    assert (lost.n, lost.customers) == (2, 1)
    assert "drop_repeats" in lost.reason
    assert study.journeys().n_events == 2


def test_rules_that_leave_out_all_or_nothing_are_told(tmp_path: Path) -> None:
    rule = '[[leave_out]]\nreason = "test"\ncolumn = "touchpoint"\nmatch = "{}"\n'
    found = check_study(write_table(tmp_path, EVENTS + rule.format("*")))
    assert any("no event is left to count" in problem and "2 by 'test'" in problem for problem in found.problems)
    found = check_study(write_table(tmp_path, EVENTS + rule.format("y")))
    assert found.problems == ()
    assert any("leaves out no event" in note for note in found.notes)


def test_mistakes_of_all_sources_are_told_at_once(tmp_path: Path) -> None:
    second = 'source = "two"\nformat = "ga4"\npings = "all"\npath = "events.csv"\n'
    two = f'[[events]]\nsource = "one"\npath = "none.csv"\n[[events]]\n{second}'
    problems = "\n".join(check_study(write_table(tmp_path, two)).problems)
    assert "none.csv" in problems
    assert "events[2]" in problems
    assert "pings" in problems


@pytest.mark.parametrize("n_days", [5, 450])
def test_events_a_day_add_up_in_the_table_under_their_figure(n_days: int) -> None:
    times = pd.date_range("2024-01-03T08:00Z", periods=n_days, freq="D").repeat(2)
    frame = pd.DataFrame({"customer_id": [f"c{n % 7}" for n in range(len(times))], "event_time": times.as_unit("us"),
                          "touchpoint": "home", "source": ["web", "shop"] * n_days})  # fmt: skip
    table = journeys.quality(frame).by_day
    assert table[["web", "shop"]].sum().tolist() == [n_days, n_days]
    assert (table.columns[0], len(table)) == (("day", 5) if n_days == 5 else ("week of", 65))
    assert n_days == 5 or set(table["week of"].dt.weekday) == {0}
