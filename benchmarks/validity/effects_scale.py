"""How long, and how much memory, do the effects of touchpoints take of very many customers?

python -m benchmarks.validity.effects_scale                      # a million customers
python -m benchmarks.validity.effects_scale --customers 4000     # a usual study
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from journeylab import impact
from tests.impact.world import CONTROL, FOLLOWS, TOUCHPOINTS, WORLDS, simulate

PART = 50_000
"""Customers simulated at a time."""


def write(customers: int, folder: Path) -> None:
    """Write events and customers of the plain world, simulated in parts."""
    logs = []
    for number in range(max(1, customers // PART)):
        log = simulate(WORLDS["plain"], min(PART, customers), seed=number)
        for table in (log.events, log.customers):
            table["customer_id"] = f"{number}-" + table["customer_id"]
        logs.append(log)
    pd.concat([log.events for log in logs], ignore_index=True).to_parquet(folder / "events.parquet")
    pd.concat([log.customers for log in logs], ignore_index=True).to_parquet(folder / "customers.parquet")


def analyse(folder: Path) -> None:
    """Estimate twelve touchpoints, and print seconds and the most memory taken, the tables included."""
    events, customers = (pd.read_parquet(folder / f"{name}.parquet") for name in ("events", "customers"))
    wall, used = time.perf_counter(), time.process_time()
    found = impact.touchpoint_effects(
        events, customers, outcome="order", window="14d", exposures=[*TOUCHPOINTS, FOLLOWS], negative_controls=[CONTROL]
    )
    wall, used = time.perf_counter() - wall, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{len(customers):,} customers, {len(events):,} events: {wall:.0f} s ({used:.0f} s of processors), {peak:.1f} GB"
    )
    print(found.table[["touchpoint", "estimate", "ci_low", "ci_high", "n_exposed", "verdict"]].to_string(index=False))


def main() -> None:
    """Write the log, and analyse it in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--folder", help="analyse the tables of this folder")
    options = parser.parse_args()
    if options.folder:
        analyse(Path(options.folder))
        return
    with tempfile.TemporaryDirectory() as folder:
        write(options.customers, Path(folder))
        subprocess.run([sys.executable, "-m", "benchmarks.validity.effects_scale", "--folder", folder], check=True)


if __name__ == "__main__":
    main()
