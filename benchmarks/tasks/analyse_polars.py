"""The analyses in raw polars on loaded events: counts alone, without intervals or times; seconds within this process."""

import sys

import polars as pl
from load_polars import load
from shared import LENGTH, STEPS, Part, analyse

SAME = [pl.col("customer") == pl.col("customer").shift(-further) for further in (1, 2)]
NEXT = [pl.col("code").shift(-further).alias(f"next_{further}") for further in (1, 2)]


def transitions(frame: pl.DataFrame) -> pl.DataFrame:
    """Steps between touchpoints: how often, by how many customers, and the median time between."""
    wait = (pl.col("event_time").shift(-1) - pl.col("event_time")).alias("wait")
    inside = frame.lazy().with_columns(NEXT[0], wait).filter(SAME[0])
    counts = [pl.len().alias("n"), pl.col("customer").n_unique().alias("customers"), pl.col("wait").median()]
    return inside.group_by("code", "next_1").agg(counts).collect()


def stretches(frame: pl.DataFrame, further: int) -> pl.DataFrame:
    """Stretches of `further` + 1 events: how often, and by how many customers."""
    keys = ["code", *(f"next_{number + 1}" for number in range(further))]
    inside = frame.lazy().with_columns(*NEXT[:further]).filter(SAME[further - 1])
    return inside.group_by(keys).agg(pl.len().alias("n"), pl.col("customer").n_unique().alias("customers")).collect()


def funnel(frame: pl.DataFrame, codes: list[int]) -> list[int]:
    """Customers who meet the steps in order, others between."""
    events = frame.lazy().with_row_index("place").select("customer", "code", "place")
    reached = None
    counts = []
    for code in codes:
        hits = events.filter(pl.col("code") == code)
        if reached is not None:
            hits = hits.join(reached.lazy(), on="customer").filter(pl.col("place") > pl.col("after"))
        reached = hits.group_by("customer").agg(pl.col("place").min().alias("after")).collect()
        counts.append(reached.height)
    return counts


def step_matrix(frame: pl.DataFrame) -> pl.DataFrame:
    """Events by step and touchpoint."""
    step = pl.int_range(pl.len()).over("customer").alias("step")
    early = frame.lazy().select("customer", "code", step).filter(pl.col("step") < LENGTH)
    return early.group_by("code", "step").len().collect()


def parts(frame: pl.DataFrame, touchpoints: pl.Series) -> dict[str, Part]:
    """The analyses, and how to count them."""
    steps = [touchpoints.to_list().index(step) for step in STEPS]
    return {
        "transitions": (lambda: stretches(frame, 1), lambda found: found["n"].sum()),
        "with customers and times": (lambda: transitions(frame), lambda found: found["customers"].sum()),
        "step matrix": (lambda: step_matrix(frame), lambda found: found["len"].sum()),
        "sub-paths": (
            lambda: (stretches(frame, 1), stretches(frame, 2)),
            lambda found: sum(table["n"].sum() for table in found),
        ),
        "funnel": (lambda: funnel(frame, steps), list),
        "variants": (
            lambda: frame.group_by("customer").agg("code").group_by("code").len(),
            lambda found: found.height,
        ),
    }


if __name__ == "__main__":
    frame, _, touchpoints = load(sys.argv[1])
    analyse(parts(frame, touchpoints), sys.argv[2:])
