"""Write a made-up clickstream: 25 event types, about 12 events a customer with heavy tails, visits 30 minutes apart, unsorted.

python benchmarks/clickstream.py 10000000 clicks-10m.parquet
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

TYPES = [f"page {letter}" for letter in "abcdefghijklmnopqrstuvw"] + ["cart", "order"]
PER_CUSTOMER = 12
PORTION = 10_000_000
"""Events of a portion: customers of one portion are in no other, and each portion is shuffled."""


def portion(n: int, first_customer: int, rng: np.random.Generator) -> pa.Table:
    """Make `n` events; a customer's events come in visits, steps follow a chain that favours near pages."""
    lengths = np.minimum(1 + rng.pareto(1.6, size=n // 4) * 7, 2_000).astype(np.int64)
    lengths = lengths[: int(np.searchsorted(np.cumsum(lengths), n)) + 1]
    owner = np.repeat(np.arange(len(lengths)), lengths)[:n]
    n = len(owner)
    begins = np.r_[True, owner[1:] != owner[:-1]]
    pause = np.where(rng.random(n) < 0.2, rng.exponential(3 * 86_400e6, n) + 1_900e6, rng.exponential(60e6, n))
    clock = np.cumsum(np.where(begins, 0, pause)).astype(np.int64)
    start = np.maximum.accumulate(np.where(begins, clock, 0))
    year = 365 * 86_400 * 10**6
    time = (rng.integers(0, year, len(lengths))[owner] + clock - start) % (2 * year)
    step = rng.integers(-3, 4, n)
    code = np.abs(np.cumsum(step) + rng.integers(0, 25, len(lengths))[owner]) % len(TYPES)
    order = rng.permutation(n)
    ids = pa.array([f"c{first_customer + number:09d}" for number in range(len(lengths))])
    return pa.table(
        {
            "customer_id": ids.take(pa.array(owner[order])),
            "event_time": pa.array(1_735_689_600_000_000 + time[order], pa.timestamp("us", tz="UTC")),
            "touchpoint": pa.DictionaryArray.from_arrays(code[order].astype(np.int8), pa.array(TYPES)).cast(
                pa.string()
            ),
        }
    )


def write(n: int, file: Path, seed: int = 1) -> None:
    """Write `n` events."""
    rng = np.random.default_rng(seed)
    written, customers, writer = 0, 0, None
    while written < n:
        table = portion(min(PORTION, n - written), customers, rng)
        writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=1_000_000)
        written += len(table)
        customers += len(table) // 4
    if writer is not None:
        writer.close()


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]))
