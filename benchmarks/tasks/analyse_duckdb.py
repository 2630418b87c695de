"""The analyses in raw DuckDB on a sorted table: counts alone, without intervals or times; seconds within this process."""

import sys

import duckdb
from shared import LENGTH, MINUTES, STEPS, Part, analyse

EVENTS = f"""
CREATE TABLE events AS
WITH coded AS (
    SELECT customer_id, event_time, touchpoint, file_row_number AS place FROM read_parquet($path, file_row_number = true)
), paused AS (
    SELECT *, coalesce(event_time - lag(event_time) OVER walk > INTERVAL {MINUTES} MINUTES, false) AS pause FROM coded
    WINDOW walk AS (PARTITION BY customer_id ORDER BY event_time, place)
)
SELECT customer_id AS customer, event_time, touchpoint,
    sum(pause::INTEGER) OVER (PARTITION BY customer_id ORDER BY event_time, place)::INTEGER AS visit,
    row_number() OVER (PARTITION BY customer_id ORDER BY event_time, place)::INTEGER AS step
FROM paused
"""

NEXT = "lead(touchpoint, {0}) OVER (PARTITION BY customer ORDER BY step) AS next_{0}"


def load(path: str) -> duckdb.DuckDBPyConnection:
    """A connection with the table of events (customer, event_time, touchpoint, visit, step)."""
    connection = duckdb.connect()
    connection.execute(EVENTS, {"path": path})
    return connection


def transitions(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    """Steps between touchpoints: how often, by how many customers, and the median microseconds between."""
    later = "lead(epoch_us(event_time)) OVER (PARTITION BY customer ORDER BY step)"
    return connection.execute(
        "SELECT touchpoint, next_1, count(*), count(DISTINCT customer), median(wait) FROM ("
        f"SELECT customer, touchpoint, {NEXT.format(1)}, {later} - epoch_us(event_time) AS wait FROM events) "
        "WHERE next_1 IS NOT NULL GROUP BY ALL"
    ).fetchall()


def stretches(connection: duckdb.DuckDBPyConnection, further: int) -> list[tuple]:
    """Stretches of `further` + 1 events: how often, and by how many customers."""
    keys = ", ".join(["touchpoint", *(f"next_{number + 1}" for number in range(further))])
    leads = ", ".join(NEXT.format(number + 1) for number in range(further))
    return connection.execute(
        f"SELECT {keys}, count(*), count(DISTINCT customer) FROM (SELECT customer, touchpoint, {leads} FROM events) "
        f"WHERE next_{further} IS NOT NULL GROUP BY {keys}"
    ).fetchall()


def funnel(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Customers who meet the steps in order, others between."""
    reached = [
        f"step_1 AS (SELECT customer, min(step) AS after FROM events WHERE touchpoint = '{STEPS[0]}' GROUP BY ALL)"
    ]
    reached += [
        f"step_{number} AS (SELECT customer, min(step) AS after FROM events JOIN step_{number - 1} USING (customer) "
        f"WHERE touchpoint = '{step}' AND step > after GROUP BY ALL)"
        for number, step in enumerate(STEPS[1:], start=2)
    ]
    counts = ", ".join(f"(SELECT count(*) FROM step_{number + 1})" for number in range(len(STEPS)))
    return list(connection.execute(f"WITH {', '.join(reached)} SELECT {counts}").fetchall()[0])


def parts(connection: duckdb.DuckDBPyConnection) -> dict[str, Part]:
    """The analyses, and how to count them."""
    steps = f"SELECT touchpoint, step, count(*) FROM events WHERE step <= {LENGTH} GROUP BY ALL"
    paths = "SELECT list(touchpoint ORDER BY step) AS path FROM events GROUP BY customer"
    return {
        "transitions": (lambda: stretches(connection, 1), lambda found: sum(row[-2] for row in found)),
        "with customers and times": (lambda: transitions(connection), lambda found: sum(row[3] for row in found)),
        "step matrix": (
            lambda: connection.execute(steps).fetchall(),
            lambda found: sum(row[-1] for row in found),
        ),
        "sub-paths": (
            lambda: [*stretches(connection, 1), *stretches(connection, 2)],
            lambda found: sum(row[-2] for row in found),
        ),
        "funnel": (lambda: funnel(connection), list),
        "variants": (
            lambda: connection.sql(f"SELECT path, count(*) FROM ({paths}) GROUP BY path").to_arrow_table(),
            lambda found: found.num_rows,
        ),
    }


if __name__ == "__main__":
    analyse(parts(load(sys.argv[1])), sys.argv[2:])
