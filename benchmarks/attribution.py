"""How long does attribution of a million events take, against channelattribution? Both in one run, as a ratio.

python benchmarks/attribution.py --peer VENV/bin/python    # a venv of its own with channelattribution, pandas, matplotlib

The peer is GPL and simulates; it is never a dependency. Both get the same table of distinct paths as text.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

PEER = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import pandas as pd
import ChannelAttribution as peer
table = pd.read_csv(sys.argv[1])
found = {}
for order in (1, 2, 3):
    times = []
    for _ in range(int(sys.argv[2])):
        start = time.perf_counter()
        result = peer.markov_model(table, "path", "conversions", var_null="nulls", order=order, out_more=True, verbose=False)
        times.append(time.perf_counter() - start)
    effects = result["removal_effects"]
    found[f"order {order}"] = (times, dict(zip(effects["channel_name"], effects.iloc[:, 1])))
times = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    peer.heuristic_models(table, "path", "conversions")
    times.append(time.perf_counter() - start)
found["rules"] = (times, {})
print("FOUND" + json.dumps(found))
"""


def clickstream(n_events: int, touchpoints: int, seed: int = 0) -> pd.DataFrame:
    """Journeys of a chain of order 2 over so many touchpoints, merged into distinct paths."""
    rng = np.random.default_rng(seed)
    usual = rng.dirichlet(np.full(touchpoints, 0.5))
    after = np.cumsum(0.5 * usual + 0.5 * rng.dirichlet(np.full(touchpoints, 0.1), (touchpoints, touchpoints)), axis=2)
    n = n_events // 5
    length = np.minimum(rng.geometric(0.2, n), 60)
    code = np.zeros((n, length.max()), dtype=np.int64)
    code[:, 0] = rng.choice(touchpoints, n, p=usual)
    for place in range(1, code.shape[1]):
        going = np.flatnonzero(length > place)
        row = after[code[going, max(place - 2, 0)], code[going, place - 1]]
        code[going, place] = np.minimum((row < rng.random(len(going))[:, None]).sum(axis=1), touchpoints - 1)
    names = np.array([f"t{number:02d}" for number in range(touchpoints)])
    paths = [" > ".join(names[row[:size]]) for row, size in zip(code, length, strict=True)]
    converted = rng.random(n) < 0.02 + 0.3 * rng.random(touchpoints)[code[np.arange(n), length - 1]]
    frame = pd.DataFrame({"path": paths, "conversions": converted.astype(int), "nulls": (~converted).astype(int)})
    return frame.groupby("path", as_index=False).sum()


def ours(table: pd.DataFrame, rounds: int) -> dict[str, tuple[list[float], dict[str, float]]]:
    """Times and removal effects; the parts of order 1 apart."""
    from journeylab import impact
    from journeylab.impact.attribution_markov import removal
    from journeylab.impact.attribution_paths import read_paths

    found: dict[str, tuple[list[float], dict[str, float]]] = {}

    def timed(name: str, call) -> None:  # type: ignore[no-untyped-def]
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            result = call()
            times.append(time.perf_counter() - start)
        effects = {}
        if hasattr(result, "table") and "removal_effect" in result.table:
            effects = dict(zip(result.table["touchpoint"], result.table["removal_effect"], strict=True))
        found[name] = (times, effects)

    paths = read_paths(table)
    timed("reading text", lambda: read_paths(table))
    timed("order 1, paths read", lambda: removal(paths, 1)(paths.conversions, paths.nulls))
    for order in (1, 2, 3):
        timed(f"order {order}", lambda order=order: impact.markov_attribution(table, order=order, draws=0))
    timed("order 1, 200 draws", lambda: impact.markov_attribution(table, draws=200))
    timed("rules", lambda: [impact.rule_attribution(table, rule, draws=0) for rule in ("first", "last", "linear")])
    timed("shapley", lambda: impact.shapley_attribution(table, draws=0))
    return found


def main() -> None:
    """Print the table of docs/attribution.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="the Python of a venv with channelattribution", required=True)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--touchpoints", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    table = clickstream(options.events, options.touchpoints)
    events = int(((table["path"].str.count(">") + 1) * (table["conversions"] + table["nulls"])).sum())
    print(f"{events:,} events, {len(table):,} distinct paths, {options.touchpoints} touchpoints")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "paths.csv"
        table.to_csv(file, index=False)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        run = subprocess.run(
            [options.peer, "-c", PEER, str(file), str(options.rounds)],
            capture_output=True, text=True, check=True, env=environment,
        )  # fmt: skip
    theirs = json.loads(run.stdout.rpartition("FOUND")[2])
    for name, (times, effects) in ours(table, options.rounds).items():
        line = f"{name:22s} {np.median(times):8.3f} s"
        if name in theirs:
            other, simulated = theirs[name]
            line += f"   peer {np.median(other):8.3f} s   ratio {np.median(other) / np.median(times):6.1f}"
            if effects:
                line += f"   largest difference {max(abs(effects[key] - simulated[key]) for key in effects):.4f}"
        print(line)


if __name__ == "__main__":
    main()
