"""How often does what only came along in a visit get a verdict, and how much power does asking cost?

    PYTHONPATH=. python -m benchmarks.validity.within_visit             # 100 logs of visits that are steered, minutes
    PYTHONPATH=. python -m benchmarks.validity.within_visit --worlds 5  # and five of each world of effects.py

A verdict *before* is one of whole visits alone; *after*, one that also stood from the moment of meeting.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from journeylab import impact
from journeylab.intervals import normal_quantile
from tests.impact.steered import MOVES, NULL, steered
from tests.impact.world import COMMON, CONTROL, WORLDS, simulate, truth


def of_steered(seed: int, customers: int) -> pd.DataFrame:
    """One log of steered visits, with what is true of each touchpoint."""
    found = impact.touchpoint_effects(steered(customers, seed), outcome="order", window="7d", exposures=[*NULL, *MOVES])
    return found.table.assign(true=found.table["touchpoint"].map(MOVES).fillna(0.0), log="steered")


def of_world(name: str, seed: int) -> pd.DataFrame:
    """One log of a world in which nothing in the visit leads to anything else."""
    log, known = simulate(WORLDS[name], 4_000, seed=seed), truth(WORLDS[name])
    found = impact.touchpoint_effects(
        log.events, log.customers, outcome="order", window=f"{WORLDS[name].window}d", exposures=list(COMMON),
        negative_controls=[CONTROL], seed=seed,
    )  # fmt: skip
    return found.table.assign(true=found.table["touchpoint"].map(known), log=name)


def counted(table: pd.DataFrame) -> pd.Series:
    """Shares of touchpoints of one kind with a verdict, before and after, and how the estimate spreads for its error."""
    error = (table["within_ci_high"] - table["within_ci_low"]) / (2 * normal_quantile())
    return pd.Series(
        {
            "estimates": len(table),
            "effect of whole visits": table["estimate"].mean(),
            "from the moment": table["within"].mean(),
            "verdict before": table["within"].notna().mean(),
            "verdict after": (table["verdict"] != "not known").mean(),
            "z, mean": (table["within"] / error).mean(),
            "z, spread": (table["within"] / error).std(),
        }
    )


def main() -> None:
    """Print a row a log and touchpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--customers", type=int, default=4_000)
    parser.add_argument("--worlds", type=int, default=0)
    chosen = parser.parse_args()
    tables = [of_steered(seed, chosen.customers) for seed in range(chosen.runs)]
    tables += [of_world(name, seed) for name in WORLDS for seed in range(chosen.worlds)]
    table = pd.concat(tables, ignore_index=True)
    kind = np.where(table["log"] == "steered", table["touchpoint"], np.where(table["true"] == 0, "no effect", "effect"))
    rows = table.groupby([table["log"].rename("log"), pd.Series(kind, name="touchpoint")]).apply(counted)
    print(rows.round(3).to_string())


if __name__ == "__main__":
    main()
