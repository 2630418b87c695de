"""Databases: real PostgreSQL and MariaDB servers that the tests start, and SQLite files."""

from __future__ import annotations

import builtins
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from journeylab.errors import DataError, StudyError
from journeylab.readers import events_to_parquet, read_events
from journeylab.readers.account import PORTION
from journeylab.readers.databases import check_query, fetch
from tests.servers import PASSWORD, QUOTED, free_port, mariadb, postgres

pytest.importorskip("adbc_driver_postgresql", reason="needs the extra 'sql'")
pytest.importorskip("sqlalchemy", reason="needs the extra 'sql'")
pytest.importorskip("pymysql", reason="needs the extra 'sql'")

N = 200_000
COLUMNS = {"customer_id": "buyer", "event_time": "at", "touchpoint": "what", "value": "amount"}
POSTGRES_ROWS = f"""
CREATE TABLE visits AS SELECT i % 5000 AS buyer, timestamptz '2024-05-01 12:00:00+02' + i * interval '1 second' AS at,
    'page ' || i % 7 AS what, CASE WHEN i % 10 = 0 THEN (i / 100.0)::numeric(12, 2) END AS amount, i AS id
    FROM generate_series(0, {N - 1}) i;
CREATE SCHEMA "My Shop";
CREATE TABLE "My Shop"."Order ""1"" new" AS SELECT gen_random_uuid() AS customer_id, timestamp '2024-05-01 12:00:00' AS
    event_time, 'order' AS touchpoint, 1.5::numeric AS value, ARRAY[1, 2] AS items, '\\xff01'::bytea AS hash,
    '{{"a": 1}}'::jsonb AS more, true AS paid;
INSERT INTO "My Shop"."Order ""1"" new" (customer_id, event_time, touchpoint) VALUES (NULL, '2024-05-01', 'order'),
    (gen_random_uuid(), NULL, 'order'), (gen_random_uuid(), 'infinity', 'order');
CREATE TABLE late AS SELECT 'c' || i AS buyer, CASE WHEN i < 60000 THEN '2024-05-01 10:00:00' ELSE 'soon' END AS at,
    'home' AS what, CASE WHEN i % 30000 = 7 THEN 'much' ELSE '1' END AS amount FROM generate_series(0, 119999) i;
CREATE TABLE empty AS SELECT * FROM visits WHERE false
"""
MARIADB_ROWS = """
CREATE TABLE visits (buyer INT, at TIMESTAMP NULL, local_at DATETIME, what VARCHAR(20), amount DECIMAL(12,2), hash BINARY(2));
INSERT INTO visits SELECT seq % 5000, '2024-05-01 10:00:00' + INTERVAL seq SECOND, '2024-05-01 12:00:00', 'Größe',
    seq / 100, x'ff01' FROM seq_0_to_99999;
INSERT INTO visits VALUES (NULL, '2024-05-01 10:00:00', NULL, 'x', 1, NULL), (1, NULL, NULL, 'x', 1, NULL)
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """The address of a PostgreSQL database."""
    import adbc_driver_postgresql.dbapi

    with postgres() as port:
        address = f"postgresql://owner:{QUOTED}@127.0.0.1:{port}/postgres"
        with adbc_driver_postgresql.dbapi.connect(address) as connection, connection.cursor() as cursor:
            for statement in POSTGRES_ROWS.split(";\n"):
                cursor.execute(statement)
            connection.commit()
        yield address


@pytest.fixture(scope="module")
def maria() -> Iterator[str]:
    """The address of a MariaDB database."""
    import pymysql

    with mariadb() as port:
        there = {"host": "127.0.0.1", "port": port, "user": "owner", "password": PASSWORD, "database": "shop"}
        with pymysql.connect(**there) as connection, connection.cursor() as cursor:
            cursor.execute("SET time_zone = '+00:00'")
            for statement in MARIADB_ROWS.split(";\n"):
                cursor.execute(statement)
            connection.commit()
        yield f"mysql://owner:{QUOTED}@127.0.0.1:{port}/shop"


@pytest.fixture
def lite(tmp_path: Path) -> str:
    """The address of an SQLite file."""
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("CREATE TABLE visits (buyer TEXT, at TEXT, what TEXT, amount REAL)")
        rows = [("c1", "2024-05-01T10:00:00Z", "home", 1.5), ("c1", "soon", "home", None), (None, "", "home", None)]
        connection.executemany("INSERT INTO visits VALUES (?, ?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{tmp_path / 'shop.db'}"


def _read(monkeypatch: pytest.MonkeyPatch, address: str, **options: object):
    monkeypatch.setenv("SHOP", address)
    return read_events(format="sql", database="SHOP", **options)


def _refused(monkeypatch: pytest.MonkeyPatch, address: str, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        _read(monkeypatch, address, **options)
    said = str(caught.value)
    assert said.startswith("$SHOP ")
    for secret in (address, PASSWORD, QUOTED, "wrong-word"):
        assert secret not in said
    assert caught.value.__cause__ is None
    return said


class TestPostgres:
    def test_a_table(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        events, report = _read(monkeypatch, shop, table="visits", columns=COLUMNS, source="shop", channel="web")
        assert (report.n_read, report.n_kept, report.dropped) == (N, N, ())
        assert (report.path, report.source) == ("$SHOP table visits", "shop")
        assert events.columns.tolist() == ["customer_id", "event_time", "touchpoint", "channel", "value", "id"]
        events = events.sort_values("event_time", ignore_index=True)
        assert events.loc[0, "event_time"] == pd.Timestamp("2024-05-01T10:00:00Z")
        assert events["value"].notna().sum() == N // 10
        assert events["value"].sum() == pytest.approx(sum(range(0, N, 10)) / 100)
        assert events["customer_id"].nunique() == 5000

    def test_portions_are_bounded_and_the_rest_is_not_fetched(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHOP", shop)
        frames = list(fetch("SHOP", "$SHOP", table="visits"))
        sizes = [len(frame) for frame in frames]
        assert sum(sizes) == N
        assert max(sizes) <= PORTION
        assert len(sizes) > 3
        assert [frame.index[0] for frame in frames[:2]] == [1, 1 + sizes[0]]
        endless = fetch("SHOP", "$SHOP", query=check_query("SELECT generate_series(1, 1000000000000) i"))
        assert len(next(endless)) <= PORTION
        endless.close()

    def test_into_parquet(self, shop: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        events, report = _read(monkeypatch, shop, table="public.visits", columns=COLUMNS)
        options = {"database": "SHOP", "table": "public.visits", "columns": COLUMNS}
        assert events_to_parquet(None, tmp_path / "events.parquet", "sql", **options) == report
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "events.parquet"), events)

    def test_a_query(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        query = "WITH a AS (SELECT * FROM visits WHERE what LIKE '%1') SELECT buyer, at, what FROM a ORDER BY at -- :x"
        columns = {key: COLUMNS[key] for key in ("customer_id", "event_time", "touchpoint")}
        events, report = _read(monkeypatch, shop, query=query, columns=columns, where="buyer < 10")
        assert report.path == "$SHOP query"
        assert set(events["touchpoint"]) == {"page 1"}
        assert report.dropped[0].reason == "outside of where: buyer < 10"
        assert report.n_read == report.n_kept + report.n_dropped

    def test_kinds_of_columns_and_names_in_quotes(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        events, report = _read(monkeypatch, shop, table='My Shop.Order "1" new', timezone="Europe/Berlin")
        assert (report.n_read, report.n_kept) == (4, 1)
        row = events.iloc[0]
        assert len(row["customer_id"]) == 36
        assert row["event_time"] == pd.Timestamp("2024-05-01T10:00:00Z")
        assert row[["value", "hash", "more", "paid"]].tolist() == [1.5, "ff01", '{"a": 1}', "true"]
        assert "columns that hold lists or records were left out: 'items'" in report.notes
        assert {loss.reason: loss.n for loss in report.dropped} == {
            "without customer_id": 1, "without event_time": 1, "with a event_time that is no time": 1,
        }  # fmt: skip
        said = _refused(monkeypatch, shop, table='My Shop.Order "1" new')
        assert "carry no zone; say it with the option timezone" in said

    def test_cells_are_counted_over_all_portions(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        events, report = _read(monkeypatch, shop, table="late", columns=COLUMNS, timezone="UTC")
        assert (report.n_read, report.n_kept, report.n_dropped) == (120_000, 60_000, 60_000)
        assert [loss.reason for loss in report.dropped] == ["with a at that is no time"]
        assert report.dropped[0].n == 60_000
        assert len(report.dropped[0].examples) == 3
        assert events["value"].isna().sum() == 2
        assert [note.partition(",")[0] for note in report.notes] == [
            "2 cells of 'amount' are not a number and were left empty"
        ]

    def test_what_is_not_there_is_said(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "there is no table 'visit' that" in (said := _refused(monkeypatch, shop, table="visit"))
        assert "Did you mean 'visits'?" in said
        assert "has no column 'buyr'" in _refused(monkeypatch, shop, table="visits", columns={"customer_id": "buyr"})
        assert 'column "nope" does not exist' in _refused(monkeypatch, shop, query="SELECT nope FROM visits")
        assert "syntax error" in _refused(monkeypatch, shop, query="SELECT FROM WHERE")
        assert "has no rows" in _refused(monkeypatch, shop, table="empty", columns=COLUMNS)
        with pytest.raises(DataError, match="the answer has 'buyer' more than once"):
            _read(monkeypatch, shop, query="SELECT buyer, what AS buyer FROM visits")

    def test_nobody_gets_in_without_the_right_words(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        said = _refused(monkeypatch, shop.replace(QUOTED, "wrong-word"), table="visits")
        assert "password authentication failed" in said
        assert 'database "no" does not exist' in _refused(monkeypatch, shop.replace("/postgres", "/no"), table="visits")
        nowhere = f"postgresql://owner:wrong-word@127.0.0.1:{free_port()}/postgres"
        assert "Connection refused" in _refused(monkeypatch, nowhere, table="visits")

    def test_the_server_is_told_to_only_read(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        query = "WITH gone AS (DELETE FROM visits RETURNING *) SELECT * FROM gone"
        assert "read-only transaction" in _refused(monkeypatch, shop, query=query, columns=COLUMNS)
        assert _read(monkeypatch, shop, table="visits", columns=COLUMNS)[1].n_read == N


class TestMariaDB:
    def test_a_table_in_portions(self, maria: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        events, report = _read(monkeypatch, maria, table="shop.visits", columns=COLUMNS, keep=["hash"])
        assert (report.n_read, report.n_kept) == (100_002, 100_000)
        assert events["event_time"].min() == pd.Timestamp("2024-05-01T10:00:00Z")
        assert events.loc[0, ["touchpoint", "hash"]].tolist() == ["Größe", "ff01"]
        assert events["value"].sum() == pytest.approx(sum(range(100_000)) / 100)
        assert [len(frame) for frame in fetch("SHOP", "$SHOP", table="visits")] == [PORTION, PORTION, 2]
        endless = fetch("SHOP", "$SHOP", query="SELECT a.what FROM visits a, visits b, visits c")
        assert len(next(endless)) == PORTION
        endless.close()
        options = {"database": "SHOP", "table": "shop.visits", "columns": COLUMNS, "keep": ["hash"]}
        assert events_to_parquet("", tmp_path / "events.parquet", "sql", **options) == report

    def test_local_times_need_a_zone(self, maria: str, monkeypatch: pytest.MonkeyPatch) -> None:
        query = "SELECT buyer, local_at AS at, what FROM visits WHERE what LIKE 'Gr%' LIMIT 5"
        columns = {key: COLUMNS[key] for key in ("customer_id", "event_time", "touchpoint")}
        assert "carry no zone" in _refused(monkeypatch, maria, query=query, columns=columns)
        events, _ = _read(monkeypatch, maria, query=query, columns=columns, timezone="Europe/Berlin")
        assert set(events["event_time"]) == {pd.Timestamp("2024-05-01T10:00:00Z")}

    def test_what_is_wrong_is_said(self, maria: str, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "Did you mean 'visits'?" in _refused(monkeypatch, maria, table="visit")
        assert "Unknown column 'nope'" in _refused(monkeypatch, maria, query="SELECT nope FROM visits")
        other_name = maria.replace("mysql://", "mariadb+mysqldb://")
        assert "Did you mean 'visits'?" in _refused(monkeypatch, other_name, table="visit")
        said = _refused(monkeypatch, maria.replace(QUOTED, "wrong-word"), table="visits")
        assert "Access denied" in said
        nowhere = f"mysql://owner:wrong-word@127.0.0.1:{free_port()}/shop"
        assert "Connection refused" in _refused(monkeypatch, nowhere, table="visits")

    def test_the_server_is_told_to_only_read(self, maria: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHOP", maria)
        with pytest.raises(DataError, match="READ ONLY transaction"):
            list(fetch("SHOP", "$SHOP", query="DELETE FROM visits"))


class TestSQLite:
    def test_a_table(self, lite: str, monkeypatch: pytest.MonkeyPatch) -> None:
        events, report = _read(monkeypatch, lite, table="visits", columns=COLUMNS)
        assert (report.n_read, report.n_kept, report.n_dropped) == (3, 1, 2)
        assert events.loc[0, ["customer_id", "touchpoint", "value"]].tolist() == ["c1", "home", 1.5]
        assert "Did you mean 'visits'?" in _refused(monkeypatch, lite, table="visit")
        with pytest.raises(DataError, match="readonly database"):
            list(fetch("SHOP", "$SHOP", query="DELETE FROM visits"))

    def test_a_file_that_is_not_there_is_not_made(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        said = _refused(monkeypatch, f"sqlite:///{tmp_path / 'none.db'}", table="visits")
        assert "which is not there" in said
        assert not list(tmp_path.iterdir())


class TestOptions:
    @pytest.mark.parametrize(
        "database", ["postgresql://owner:wrong-word@host/shop", "host=x password=wrong-word", "", 3]
    )
    def test_an_address_is_no_name_of_a_variable(self, database: object) -> None:
        with pytest.raises(StudyError, match="an environment variable") as caught:
            read_events(format="sql", database=database, table="visits")
        assert "wrong-word" not in str(caught.value)

    @pytest.mark.parametrize(
        ("options", "why"),
        [
            ({}, "either 'table' or 'query'"),
            ({"table": "a", "query": "SELECT 1"}, "either 'table' or 'query'"),
            ({"table": "a..b"}, "a name such as"),
            ({"table": 3}, "found 3, expected text"),
            ({"query": "DROP TABLE visits"}, "begins with 'DROP'"),
            ({"query": "-- SELECT\n/* SELECT */ delete from visits"}, "begins with 'DELETE'"),
            ({"query": "SELECT * INTO copy FROM visits"}, "writes INTO"),
            ({"query": "SELECT 1 /*! INTO OUTFILE 'x' */"}, "comment that MySQL runs"),
            ({"table": "a", "timezone": "Berlin"}, "no known time zone"),
            ({"table": "a", "sheet": "x"}, "has no option 'sheet'"),
            ({"table": "a", "columns": ["x"]}, "option columns"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, options: dict[str, object], why: str) -> None:
        with pytest.raises(StudyError, match=why):
            read_events(format="sql", database="SHOP", **options)

    def test_words_in_texts_and_comments_are_no_commands(self) -> None:
        for query in ("SELECT 'into' -- into", "/* x */ (select 1);", "WITH a AS (SELECT 1) SELECT * FROM a"):
            assert check_query(query).endswith("\n")

    def test_a_file_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "x.csv").write_text("a\n1\n")
        with pytest.raises(StudyError, match="leave the path away"):
            read_events(tmp_path / "x.csv", format="sql", database="SHOP", table="x")

    @pytest.mark.parametrize(
        ("address", "why"),
        [
            ("", "SHOP is not set"),
            ("oracle://owner:wrong-word@host/shop", "is of the kind 'oracle'"),
            ("host=x password=wrong-word", "is no address of a database"),
            ("postgresql://owner:wrong-word@x@host/shop", "not well written"),
            ("postgresql://owner:12/wrong-word@host/shop", "not well written"),
            ("postgresql://owner:%wrong-word@host/shop", "not well written"),
            ("mysql://owner:wrong-word@host:port/shop", "not well written"),
        ],
    )
    def test_addresses_that_nobody_can_use(self, address: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHOP", address)
        with pytest.raises(DataError, match=why) as caught:
            read_events(None, format="sql", database="SHOP", table="visits")
        assert "wrong-word" not in str(caught.value)

    @pytest.mark.parametrize("address", ["postgresql://u@127.0.0.1:1/x", "sqlite:///x"])
    def test_drivers_that_are_missing(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        real = builtins.__import__

        def without(name: str, *rest: object, **named: object) -> object:
            if name.partition(".")[0] in ("adbc_driver_postgresql", "adbc_driver_manager", "sqlalchemy"):
                raise ImportError(name=name)
            return real(name, *rest, **named)

        monkeypatch.setattr(builtins, "__import__", without)
        assert 'pip install "journeylab[sql]"' in _refused(monkeypatch, address, table="visits")
