"""How often do intervals of agreement hold the true value? Simulated coders, whose documents differ.

python benchmarks/coverage_voices.py                    # the table of docs/03_voices.md, some minutes
python benchmarks/coverage_voices.py --repetitions 200  # a glance
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd

from journeylab.voices import coefficients, continuum, uncertainty

N_UNITS, ALIKE = 20, 0.1
"""Units a document, and how alike they are (intraclass correlation of the code and of the coders' mistakes)."""


def coded_documents(
    rng: np.random.Generator, n_documents: int, prevalence: float, error: float, n_coders: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Coders who overlook a code more often than they invent it, more so in some documents.

    Returns
    -------
    ndarray, shape (n_coders, n_documents * N_UNITS), and the document of each unit
    """
    spread = 1 / ALIKE - 1
    share = rng.beta(prevalence * spread, (1 - prevalence) * spread, n_documents)[:, None]
    miss = rng.beta(error * spread, (1 - error) * spread, n_documents)[:, None]
    holds = rng.random((n_documents, N_UNITS)) < share
    given = [
        np.where(holds, rng.random(holds.shape) >= miss, rng.random(holds.shape) < miss * prevalence)
        for _ in range(n_coders)
    ]
    return np.array(given, dtype=float).reshape(n_coders, -1), np.repeat(np.arange(n_documents), N_UNITS)


def marked_texts(rng: np.random.Generator, n_documents: int, error: float, length: int = 2000) -> coefficients.Sums:
    """Two coders who mark passages of texts: some overlooked, ends moved; u-alpha, one row a document."""
    spread = 1 / ALIKE - 1
    rows = []
    for document in range(n_documents):
        miss = rng.beta(error * spread, (1 - error) * spread)
        starts = 100 * np.flatnonzero(rng.random(length // 100) < rng.beta(3, 9))
        for start in starts:
            size = rng.integers(20, 80)
            for coder in (0, 1):
                if rng.random() >= miss:
                    ends = np.clip(rng.normal([start, start + size], 4).round().astype(int), start, start + 99)
                    if ends[1] > ends[0]:
                        rows.append((document, coder, int(ends[0]), int(ends[1]), 1))
    spans = pd.DataFrame(rows, columns=["document", "coder", "start", "end", "value"])
    worked = np.ones((2, n_documents), dtype=bool)
    return continuum.tally(spans, np.full(n_documents, length), worked, 1).u_alpha()


def _at_stake(sums: coefficients.Sums) -> uncertainty.Stake:
    """What could have been disputed of a code, from its table of coincidences."""
    given = sums.each[:, 1] + sums.each[:, 3]
    return uncertainty.Stake(float(given.sum() / sums.each[:, :4].sum()), int((given > 0).sum()))


def held(rng: np.random.Generator, make, truth: float, repetitions: int) -> dict[str, float]:
    """Shares of intervals that hold the truth, and their median widths; samples without a value do not count."""
    found: dict[str, list[tuple[bool, float]]] = {}
    for _ in range(repetitions):
        sums, matrix = make()
        if np.isnan(sums.total.value[0]):
            continue
        intervals = {
            "jackknife": uncertainty.jackknife(sums, stake=_at_stake(sums)),
            "percentile": uncertainty.percentile(sums, resamples=500, seed=int(rng.integers(2**31))),
        }
        if matrix is not None:
            seed = int(rng.integers(2**31))
            intervals["pairs"] = uncertainty.of_samples(uncertainty.drawn_pairs(matrix, resamples=500, seed=seed))
        for name, each in intervals.items():
            if not np.isnan(each.low):
                found.setdefault(name, []).append((each.low <= truth <= each.high, each.high - each.low))
    row = {"n": len(found["jackknife"])}
    for name, pairs in found.items():
        row[name] = float(np.mean([hit for hit, _ in pairs]))
        row[f"{name} width"] = float(np.median([width for _, width in pairs]))
    return row


def of_alpha(rng: np.random.Generator, repetitions: int) -> Iterator[dict[str, float]]:
    """Rows of alpha, of one code on units."""
    for n, prevalence, error in itertools.product((5, 8, 15, 30), (0.1, 0.3), (0.05, 0.2)):
        matrix, documents = coded_documents(rng, 50_000, prevalence, error)
        truth = float(coefficients.prepare("alpha", matrix, clusters=documents).total.value[0])

        def make(n=n, prevalence=prevalence, error=error) -> tuple[coefficients.Sums, np.ndarray]:
            drawn, cluster = coded_documents(rng, n, prevalence, error)
            return coefficients.prepare("alpha", drawn, clusters=cluster), drawn

        yield {"documents": n, "prevalence": prevalence, "true value": truth} | held(rng, make, truth, repetitions)


def of_u_alpha(rng: np.random.Generator, repetitions: int) -> Iterator[dict[str, float]]:
    """Rows of u-alpha, of one code on free passages."""
    for error in (0.1, 0.3):
        truth = float(marked_texts(rng, 50_000, error).total.value[0])
        for n in (8, 15, 30):

            def make(n=n, error=error) -> tuple[coefficients.Sums, None]:
                return marked_texts(rng, n, error), None

            yield {"documents": n, "true value": truth} | held(rng, make, truth, repetitions)


def main() -> None:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--measure", choices=["alpha", "u_alpha"], action="append")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for measure, rows in (("alpha", of_alpha), ("u_alpha", of_u_alpha)):
        if measure in (options.measure or ["alpha", "u_alpha"]):
            rng = np.random.default_rng(options.seed)
            print(_markdown(pd.DataFrame(rows(rng, options.repetitions))), flush=True)


def _markdown(frame: pd.DataFrame) -> str:
    """A table with two or three digits."""
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + " --- |" * len(frame.columns)]
    for row in frame.itertuples(index=False):
        cells = [f"{cell:.3g}" if isinstance(cell, float) and cell < 1 else f"{cell:g}" for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
