"""The work of load_journeylab in raw DuckDB, its result in arrays."""

import sys

import duckdb
import numpy as np
from shared import MINUTES, say

NUMBERED = """
CREATE TABLE customers AS SELECT customer_id, row_number() OVER (ORDER BY customer_id)::INTEGER - 1 AS customer
FROM (SELECT DISTINCT customer_id FROM read_parquet($path));
CREATE TABLE touchpoints AS SELECT touchpoint, row_number() OVER (ORDER BY touchpoint)::INTEGER - 1 AS code
FROM (SELECT DISTINCT touchpoint FROM read_parquet($path));
"""

VISITS = f"""
WITH coded AS (
    SELECT customer, event_time, code, file_row_number AS place
    FROM read_parquet($path, file_row_number = true) JOIN customers USING (customer_id) JOIN touchpoints USING (touchpoint)
), paused AS (
    SELECT *, coalesce(event_time - lag(event_time) OVER walk > INTERVAL {MINUTES} MINUTES, false) AS pause FROM coded
    WINDOW walk AS (PARTITION BY customer ORDER BY event_time, place)
)
SELECT customer, epoch_us(event_time) AS time, code,
    (sum(pause::INTEGER) OVER (PARTITION BY customer ORDER BY event_time, place))::INTEGER AS visit
FROM paused ORDER BY customer, event_time, place
"""


def load(path: str) -> tuple[dict[str, np.ndarray], list[str], list[str]]:
    """Sorted events (customer, time, code, visit), customers and touchpoints."""
    connection = duckdb.connect()
    for statement in NUMBERED.split(";")[:2]:
        connection.execute(statement, {"path": path})
    events = connection.execute(VISITS, {"path": path}).fetchnumpy()
    customers = connection.execute("SELECT customer_id FROM customers ORDER BY customer").fetchnumpy()["customer_id"]
    touchpoints = connection.execute("SELECT touchpoint FROM touchpoints ORDER BY code").fetchnumpy()["touchpoint"]
    return events, list(customers), list(touchpoints)


def checks(events: dict[str, np.ndarray], customers: list[str]) -> dict[str, int]:
    """Numbers that show equal work."""
    return {
        "events": len(events["code"]),
        "customers": len(customers),
        "visits": int(events["visit"].sum()),
        "order": int(events["code"][::2].sum()),
    }


if __name__ == "__main__":
    events, customers, _ = load(sys.argv[1])
    say(checks(events, customers))
