"""Are behaviours found where they were planted, as many as there are, and none where there are none?

python benchmarks/validity/behaviours.py                # the table of docs/05_behaviours.md, about half an hour of one processor
python benchmarks/validity/behaviours.py --seeds 5      # a glance
python benchmarks/validity/behaviours.py --only none    # the sets without behaviours
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from journeylab import behaviours, journeys
from journeylab.intervals import wilson

N_TOUCHPOINTS = 8
PLANTED = ((2, 1000), (3, 1000), (4, 1000), (5, 1000), (5, 2000))
"""How many behaviours, among how many customers."""
TARGET = 0.90
"""Adjusted Rand index of the optimal assignment, to which the overlap of planted chains is turned."""

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


def draw_lengths(n: int, rng: np.random.Generator) -> Codes:
    """Four steps and more, twelve on average, whatever the behaviour."""
    return np.asarray(4 + rng.negative_binomial(4, 1 / 3, n), dtype=np.int64)


def heavy_lengths(n: int, rng: np.random.Generator) -> Codes:
    """Pareto with exponent 1.2: a median of four steps, one journey in a hundred over sixty, at most 300."""
    return np.minimum(np.ceil(2 * (1 + rng.pareto(1.2, n))), 300).astype(np.int64)


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def draw(rows: Floats, rng: np.random.Generator) -> Codes:
    """One state a row of probabilities."""
    return np.asarray((np.cumsum(rows, axis=1)[:, :-1] <= rng.random((len(rows), 1))).sum(axis=1), dtype=np.int64)


def walk(starts: Floats, steps: Floats, kind: Codes, lengths: Codes, rng: np.random.Generator) -> Codes:
    """Journeys of chains, shape (n, longest), -1 after the end; `starts` (k, S), `steps` (k, S, S)."""
    codes = np.full((len(kind), int(lengths.max())), -1, dtype=np.int64)
    codes[:, 0] = draw(starts[kind], rng)
    for step in range(1, codes.shape[1]):
        on = lengths > step
        codes[on, step] = draw(steps[kind[on], codes[on, step - 1]], rng)
    return codes


def optimal(codes: Codes, starts: Floats, steps: Floats, shares: Floats) -> Codes:
    """The most probable chain of each journey under the true parameters."""
    joint = np.log(shares) + np.log(starts)[:, codes[:, 0]].T
    for step in range(1, codes.shape[1]):
        on = codes[:, step] >= 0
        joint[on] += np.log(steps)[:, codes[on, step - 1], codes[on, step]].T
    return np.asarray(joint.argmax(axis=1))


def planted(k: int, n: int, seed: int) -> tuple[Codes, Codes, float]:
    """Journeys of k chains whose overlap leaves the optimal assignment an index of about 0.90.

    Returns
    -------
    codes, truth, and the adjusted Rand index of the optimal assignment
    """
    shares = np.linspace(1.5, 0.5, k) / k
    low, high = 0.05, 4.0
    for _ in range(14):
        spread = (low + high) / 2
        rng = np.random.default_rng([seed, k])
        base = rng.normal(0, 1.0, (N_TOUCHPOINTS + 1, N_TOUCHPOINTS))
        chains = softmax(base + spread * rng.normal(0, 1.0, (k, N_TOUCHPOINTS + 1, N_TOUCHPOINTS)))
        starts, steps = chains[:, 0], chains[:, 1:]
        truth = rng.choice(k, size=n, p=shares)
        codes = walk(starts, steps, truth, draw_lengths(n, rng), rng)
        reached = float(adjusted_rand_score(truth, optimal(codes, starts, steps, shares)))
        low, high = (spread, high) if reached < TARGET else (low, spread)
    return codes, truth, reached


def one_chain(n: int, seed: int) -> Codes:
    """A single chain."""
    rng = np.random.default_rng([seed, 101])
    chain = softmax(rng.normal(0, 1.2, (1, N_TOUCHPOINTS + 1, N_TOUCHPOINTS)))
    return walk(chain[:, 0], chain[:, 1:], np.zeros(n, dtype=np.int64), draw_lengths(n, rng), rng)


def heavy_tailed(n: int, seed: int) -> Codes:
    """A single chain whose journeys are of very different lengths."""
    rng = np.random.default_rng([seed, 102])
    chain = softmax(rng.normal(0, 1.2, (1, N_TOUCHPOINTS + 1, N_TOUCHPOINTS)))
    return walk(chain[:, 0], chain[:, 1:], np.zeros(n, dtype=np.int64), heavy_lengths(n, rng), rng)


def with_memory(n: int, seed: int) -> Codes:
    """A single chain in which the last two steps count, about as much as the last one alone."""
    rng = np.random.default_rng([seed, 103])
    start = softmax(rng.normal(0, 1.2, (1, N_TOUCHPOINTS)))
    one = rng.normal(0, 0.85, (N_TOUCHPOINTS, N_TOUCHPOINTS))
    two = softmax(one[None] + rng.normal(0, 0.85, (N_TOUCHPOINTS, N_TOUCHPOINTS, N_TOUCHPOINTS)))
    lengths = draw_lengths(n, rng)
    codes = np.full((n, int(lengths.max())), -1, dtype=np.int64)
    codes[:, 0] = draw(np.repeat(start, n, axis=0), rng)
    codes[:, 1] = draw(softmax(one)[codes[:, 0]], rng)
    for step in range(2, codes.shape[1]):
        on = lengths > step
        codes[on, step] = draw(two[codes[on, step - 2], codes[on, step - 1]], rng)
    return codes


def gradual(n: int, seed: int) -> Codes:
    """No groups, but every customer has a chain of their own around a common one."""
    rng = np.random.default_rng([seed, 104])
    base = softmax(rng.normal(0, 1.2, (N_TOUCHPOINTS + 1, N_TOUCHPOINTS)))
    own = rng.gamma(np.maximum(20 * base, 1e-3), size=(n, N_TOUCHPOINTS + 1, N_TOUCHPOINTS))
    own /= own.sum(axis=2, keepdims=True)
    return walk(own[:, 0], own[:, 1:], np.arange(n), draw_lengths(n, rng), rng)


def built(codes: Codes) -> journeys.Journeys:
    """Journeys of one customer each, a minute a step."""
    who, step = np.nonzero(codes >= 0)
    minutes = pd.to_timedelta(step, unit="min")
    return journeys.build(
        pd.DataFrame(
            {
                "customer_id": np.char.add("c", np.char.zfill(who.astype(str), 6)),
                "event_time": (pd.Timestamp("2026-03-01T10:00:00Z") + minutes).as_unit("us"),
                "touchpoint": np.array(list("abcdefgh"))[codes[who, step]],
            }
        )
    )


def recover(k: int, n: int, seed: int) -> dict[str, Any]:
    """Plant k behaviours and look for them."""
    codes, truth, best = planted(k, n, seed)
    found = behaviours.find(built(codes), seed=seed, criteria=False)
    return {"k": found.k, "optimal": best, "index": float(adjusted_rand_score(truth, found.labels))}


GRADUAL = "a chain for each customer, around one"
NONE: dict[str, Callable[[int, int], Codes]] = {
    "one chain": one_chain,
    "one chain, heavy-tailed lengths": heavy_tailed,
    "one chain with memory of two steps": with_memory,
    GRADUAL: gradual,
}


def invent(name: str, method: str, n: int, seed: int) -> dict[str, Any]:
    """Look for behaviours where none were planted."""
    found = behaviours.find(built(NONE[name](n, seed)), method=method, seed=seed, criteria=False)
    return {"k": found.k}


def planted_row(k: int, n: int, seeds: int, map_: Callable[..., Any]) -> dict[str, str]:
    """One line of the table of planted behaviours."""
    runs = pd.DataFrame(list(map_(recover, [k] * seeds, [n] * seeds, range(seeds))))
    right, low, high = wilson(int((runs["k"] == k).sum()), seeds)
    return {
        "planted": str(k),
        "customers": f"{n:,}",
        "sets": str(seeds),
        "k right": f"{right:.0%} ({low:.0%} to {high:.0%})",
        "optimal index": f"{runs['optimal'].mean():.3f}",
        "index": f"{runs['index'].mean():.3f}",
        "lowest": f"{runs['index'].min():.3f}",
        "index of optimal": f"{(runs['index'] / runs['optimal']).mean():.1%}",
    }


def none_row(name: str, method: str, n: int, seeds: int, map_: Callable[..., Any]) -> dict[str, str]:
    """One line of the table of sets without behaviours."""
    runs = pd.DataFrame(list(map_(invent, [name] * seeds, [method] * seeds, [n] * seeds, range(seeds))))
    none, low, high = wilson(int((runs["k"] == 1).sum()), seeds)
    return {
        "without behaviours": name,
        "method": method,
        "customers": f"{n:,}",
        "sets": str(seeds),
        "none": f"{none:.0%} ({low:.0%} to {high:.0%})",
    }


def show(rows: Iterable[dict[str, str]]) -> None:
    """Print a Markdown table, each row as soon as it is there."""
    for number, row in enumerate(rows):
        if not number:
            print(f"\n| {' | '.join(row)} |\n|{' --- |' * len(row)}")
        print(f"| {' | '.join(row.values())} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--seeds", type=int, default=50, help="sets of each kind with behaviours; twice as many without"
    )
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", choices=("planted", "none"))
    given = parser.parse_args()
    with ProcessPoolExecutor(given.jobs) as pool:
        if given.only != "none":
            show(planted_row(k, n, given.seeds, pool.map) for k, n in PLANTED)
        if given.only != "planted":
            kinds = [("markov", 1000, name) for name in NONE] + [("om", 200, name) for name in NONE if name != GRADUAL]
            show(none_row(name, method, n, 2 * given.seeds, pool.map) for method, n, name in kinds)


if __name__ == "__main__":
    main()
