"""Write made-up sequences: 20 steps through 12 states by a chain, every sequence another.

python benchmarks/sequences.py 10000 sequences-10k.npy
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

LENGTH = 20
STATES = 12


def write(n: int, file: Path, seed: int = 1) -> None:
    """Write `n` distinct sequences, shape (n, 20); steps are drawn from uneven rates, so that their costs differ."""
    rng = np.random.default_rng(seed)
    edges = rng.dirichlet(np.full(STATES, 0.6), size=STATES).cumsum(axis=1)
    drawn = np.empty((n + n // 10 + 10, LENGTH), dtype=np.int8)
    drawn[:, 0] = rng.integers(0, STATES, len(drawn))
    for step in range(1, LENGTH):
        above = rng.random((len(drawn), 1)) > edges[drawn[:, step - 1]]
        drawn[:, step] = np.minimum(above.sum(axis=1), STATES - 1)
    first = np.unique(drawn, axis=0, return_index=True)[1]
    np.save(file, drawn[np.sort(first)[:n]])


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]))
