"""Are the effects of touchpoints right about their own uncertainty? Simulated journeys whose effects are known.

python -m benchmarks.validity.effects                       # the table of docs/07_touchpoint_impact.md, hours
python -m benchmarks.validity.effects --runs 20 --world plain  # a glance
"""

from __future__ import annotations

import argparse
import dataclasses
import time

import numpy as np
import pandas as pd

from journeylab import impact
from tests.impact.world import (
    COMMON,
    CONTROL,
    FOLLOWS,
    HARMFUL,
    HELPFUL,
    NULL,
    RARE,
    TOUCHPOINTS,
    WORLDS,
    simulate,
    truth,
)


def run(name: str, seed: int, *, hidden: bool, customers: int) -> pd.DataFrame:
    """One log of a world, estimated: the result's table by touchpoint."""
    world = dataclasses.replace(WORLDS[name], hidden=hidden)
    log = simulate(world, customers, seed=seed)
    started = time.perf_counter()
    found = impact.touchpoint_effects(
        log.events, log.customers, outcome="order", window=f"{world.window}d", exposures=[*TOUCHPOINTS, FOLLOWS],
        negative_controls=[CONTROL], seed=seed,
    )  # fmt: skip
    return found.table.assign(seed=seed, seconds=time.perf_counter() - started)


def judged(table: pd.DataFrame, known: pd.Series) -> dict[str, float]:
    """Shares over runs and touchpoints: what the bar asks for."""
    table = table.assign(truth=table["touchpoint"].map(known))
    common = table[table["touchpoint"].isin(COMMON) & table["estimate"].notna()]
    covered = (common["ci_low"] <= common["truth"]) & (common["truth"] <= common["ci_high"])
    by = covered.groupby(common["touchpoint"]).mean()
    off = (common["estimate"] - common["truth"]).groupby(common["touchpoint"]).mean()
    null = common[common["touchpoint"].isin(NULL)]
    strong = common[common["truth"].abs() >= 0.03]
    found = table[(table["q_value"] <= 0.10) & table["estimate"].notna() & (table["touchpoint"] != RARE)]
    wrong = found["touchpoint"].isin([*NULL, "tour"]) | (np.sign(found["estimate"]) != np.sign(found["truth"]))
    rate = (wrong.groupby(found["seed"]).mean()).reindex(table["seed"].unique(), fill_value=0)
    acted = table["verdict"]
    return {
        "runs": table["seed"].nunique(),
        "coverage": covered.mean(),
        "lowest": by.min(),
        "bias, points": 100 * (common["estimate"] - common["truth"]).mean(),
        "largest": 100 * off.abs().max(),
        "type I": (null["p_value"] <= 0.05).mean(),
        "power": (strong["p_value"] <= 0.05).mean(),
        "FDR": rate.mean(),
        "harmful kept": int((table["touchpoint"].isin(HARMFUL) & (acted == "keep")).sum()),
        "helpful removed": int((table["touchpoint"].isin(HELPFUL) & acted.isin(["remove", "fix"])).sum()),
        "grade C": (common["grade"] == "C").mean(),
        "alarm in a run": common.groupby("seed")["control_alarm"].any().mean(),
        "abstained": table[table["touchpoint"].isin(COMMON)]["estimate"].isna().mean(),
        "seconds": table["seconds"].median(),
    }


def main() -> None:
    """Print the table as Markdown, a world a line, without and with the hidden need."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--hidden-runs", type=int, help="of worlds with the hidden need; as many where not given")
    parser.add_argument("--customers", type=int, default=4_000)
    parser.add_argument("--world", choices=list(WORLDS), action="append")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--save", help="keep every estimate in this CSV file")
    options = parser.parse_args()
    lines, kept = [], []
    for name in options.world or list(WORLDS):
        for hidden in (False, True):
            known = truth(dataclasses.replace(WORLDS[name], hidden=hidden))
            runs = options.hidden_runs if hidden and options.hidden_runs is not None else options.runs
            seeds = range(options.first, options.first + runs)
            tables = [run(name, seed, hidden=hidden, customers=options.customers) for seed in seeds]
            table = pd.concat(tables, ignore_index=True)
            kept.append(table.assign(world=name, hidden=hidden, truth=table["touchpoint"].map(known)))
            lines.append({"world": name, "hidden need": "yes" if hidden else "no", **judged(table, known)})
            if len(lines) == 1:
                print("| " + " | ".join(lines[0]) + " |\n|" + " --- |" * len(lines[0]))
            print("| " + " | ".join(_cell(value) for value in lines[-1].values()) + " |", flush=True)
    if options.save:
        pd.concat(kept).to_csv(options.save, index=False)


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
