"""The work of load_journeylab in raw polars."""

import sys

import polars as pl
from shared import MINUTES, say


def load(path: str) -> tuple[pl.DataFrame, pl.Series, pl.Series]:
    """Sorted events (customer, event_time, code, visit), customers and touchpoints."""
    return number(pl.scan_parquet(path).sort("customer_id", "event_time", maintain_order=True).collect())


def number(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series, pl.Series]:
    """Sorted events as numbers, in visits."""
    touchpoints = frame["touchpoint"].unique().sort()
    other = (pl.col("customer_id") != pl.col("customer_id").shift()).fill_null(True)
    customers = frame.filter(other)["customer_id"]
    pause = (pl.col("event_time").diff() > pl.duration(minutes=MINUTES)) & ~other
    frame = frame.select(
        (other.cum_sum().cast(pl.Int32) - 1).alias("customer"),
        "event_time",
        pl.col("touchpoint").cast(pl.Enum(touchpoints)).to_physical().cast(pl.Int32).alias("code"),
        pause.fill_null(False).cum_sum().cast(pl.Int32).alias("visit"),
    )
    visit = pl.col("visit") - pl.col("visit").first().over("customer")
    return frame.with_columns(visit), customers, touchpoints


def checks(frame: pl.DataFrame, customers: pl.Series) -> dict[str, int]:
    """Numbers that show equal work."""
    return {
        "events": frame.height,
        "customers": len(customers),
        "visits": frame["visit"].sum(),
        "order": frame["code"].gather_every(2).sum(),
    }


if __name__ == "__main__":
    frame, customers, _ = load(sys.argv[1])
    say(checks(frame, customers))
