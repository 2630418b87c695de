"""Do the intervals of randomised tests hold what they promise, and how often is nothing called something?

python benchmarks/validity/experiments.py               # the figures of docs/08_experiments.md, some minutes
python benchmarks/validity/experiments.py --runs 500    # a glance
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
import pandas as pd

from journeylab.impact.adjusted import adjust
from journeylab.impact.by_group import cochran
from journeylab.impact.comparing import compare_rates, share_error, winsorise
from journeylab.impact.sequential import FEWEST, confidence_sequence
from journeylab.intervals import newcombe, normal_quantile, risk_ratio
from journeylab.pooling import normal

Row = tuple[str, str, str, float]


def shares(rng: np.random.Generator, runs: int) -> Iterator[Row]:
    """Newcombe's interval of a difference and Koopman's of a ratio, down to six outcomes an arm."""
    for n1, n0, p1, p0 in (
        (400, 400, 0.3, 0.2),
        (4000, 4000, 0.05, 0.05),
        (2000, 2000, 0.003, 0.003),
        (300, 2700, 0.04, 0.02),
    ):
        k1, k0 = rng.binomial(n1, p1, runs), rng.binomial(n0, p0, runs)
        case = f"shares {p1:g} and {p0:g}, n = {n1:,} and {n0:,}"
        for name, of, truth in (("difference (Newcombe)", newcombe, p1 - p0), ("ratio (Koopman)", risk_ratio, p1 / p0)):
            _, low, high = of(k1, n1, k0, n0)
            known = ~np.isnan(low)
            yield case, name, "coverage", float(((low <= truth) & (truth <= high))[known].mean())


def means(rng: np.random.Generator, runs: int) -> Iterator[Row]:
    """Welch's interval of spend: most customers spend nothing, some very much."""
    truth = 0.02 * np.exp(3 + 0.5)
    for n in (500, 5000):
        inside, ratio, capped = [], [], []
        for _ in range(runs):
            y1, y0 = (np.where(rng.random(n) < p, rng.lognormal(3, 1, n), 0.0) for p in (0.12, 0.10))
            found = compare_rates(y1, np.ones(n), y0, np.ones(n))
            inside.append(found.low <= truth <= found.high)
            ratio.append(found.ratio_low <= 1.2 <= found.ratio_high)
            low1, low0 = winsorise(y1, y0)
            less = compare_rates(low1, np.ones(n), low0, np.ones(n))
            capped.append(less.low <= truth <= less.high)
        case = f"spend, 10 to 12 % spend a lognormal amount, n = {n:,} an arm"
        yield case, "difference (Welch)", "coverage", float(np.mean(inside))
        yield case, "ratio (delta method)", "coverage", float(np.mean(ratio))
        yield case, "winsorised, for the plain mean", "coverage", float(np.mean(capped))


def per_visit(rng: np.random.Generator, runs: int) -> Iterator[Row]:
    """Outcomes per visit, where customers differ: by customers, and as if visits had been randomised."""
    n, wrong_by_customer, wrong_by_visit = 500, [], []
    for _ in range(runs):
        rates = []
        for _arm in range(2):
            visits = rng.geometric(0.25, n).astype(float)
            rates.append((rng.binomial(visits.astype(int), rng.beta(0.5, 4.5, n)).astype(float), visits))
        (y1, x1), (y0, x0) = rates
        wrong_by_customer.append(compare_rates(y1, x1, y0, x0).p_value < 0.05)
        low, high = newcombe(y1.sum(), x1.sum(), y0.sum(), x0.sum())[1:]
        wrong_by_visit.append(low > 0 or high < 0)
    case = "outcomes per visit, no effect, 500 customers an arm"
    yield case, "delta method over customers", "type I", float(np.mean(wrong_by_customer))
    yield case, "as if visits were independent (not used)", "type I", float(np.mean(wrong_by_visit))


def adjusted(rng: np.random.Generator, runs: int) -> Iterator[Row]:
    """Lin's regression with covariates that predict, arms of unequal size and effects that differ between customers."""
    big = np.random.default_rng(0).normal(size=2_000_000)
    for n, share in ((400, 0.5), (2000, 0.2)):
        truth = float((1 / (1 + np.exp(1 - 1.5 * big)) - 1 / (1 + np.exp(1.3 - big))).mean())
        inside, won = [], []
        for _ in range(runs):
            x = rng.normal(size=(n, 5))
            treated = rng.random(n) < share
            risk = np.where(treated, 1 / (1 + np.exp(1 - 1.5 * x[:, 0])), 1 / (1 + np.exp(1.3 - x[:, 0])))
            found = adjust((rng.random(n) < risk).astype(float), treated, pd.DataFrame(x, columns=list("abcde")))
            inside.append(found.low <= truth <= found.high)
            won.append(found.reduction)
        case = f"share, adjusted for 5 covariates, n = {n:,}, {share:.0%} treated"
        yield case, "adjusted difference (Lin, HC2)", "coverage", float(np.mean(inside))
        yield case, "adjusted difference (Lin, HC2)", "variance taken away", float(np.mean(won))


def peeking(rng: np.random.Generator, runs: int) -> Iterator[Row]:
    """Looking at a test every hundred customers, and stopping when the interval leaves zero (or the truth) out."""
    for base, effect, most in ((0.10, 0.0, 10_000), (0.01, 0.0, 40_000), (0.10, 0.02, 10_000)):
        n = np.arange(500, most + 1, 100)
        counts = [np.zeros((0, len(n)), dtype=np.int64) for _ in range(2)]
        for arm, share in enumerate((base, base + effect)):
            steps = rng.binomial(np.diff(np.append(0, n // 2)), share, (runs, len(n)))
            counts[arm] = steps.cumsum(axis=1)
        p0, p1 = (count / (n / 2) for count in counts)
        d, error = p1 - p0, np.sqrt((p1 * (1 - p1) + p0 * (1 - p0)) / (n / 2))
        looked = np.minimum(*counts) >= FEWEST
        _, low, high = confidence_sequence(d, np.maximum(error, 1e-12), n, planned=most)
        fixed = normal_quantile() * error
        case = f"share {base:g}{f', effect {effect:g}' if effect else ''}, looked at {len(n)} times up to n = {most:,}"
        kind = "power" if effect else "type I"
        yield case, "interval of one look, looked at often (not used)", kind, _ever(np.abs(d) > fixed, looked)
        yield case, "interval of one look, looked at once", kind, float((np.abs(d) > fixed)[:, -1].mean())
        yield case, "confidence sequence", kind, _ever((low > 0) | (high < 0), looked)
        yield (
            case,
            "confidence sequence, all looks together",
            "coverage",
            1 - _ever((low > effect) | (high < effect), looked),
        )
        yield (
            case,
            "confidence sequence, last look",
            "width to that of one look",
            float((high - low)[:, -1].mean() / (2 * fixed[:, -1].mean())),
        )


def groups(rng: np.random.Generator, runs: int) -> Iterator[Row]:
    """Whether effects differ between groups, and effects drawn towards their mean."""
    for k, n, base in ((4, 400, 0.2), (6, 300, 0.05), (4, 300, 0.02)):
        for spread in (0.0, 0.05):
            if spread and base < 0.2:
                continue
            clear, inside, raw = [], [], []
            for _ in range(runs):
                truth = 0.05 + spread * rng.normal(size=k) if base >= 0.2 else np.full(k, 0.01)
                p1 = np.clip(base + truth, 0, 1)
                k1, k0 = rng.binomial(n, p1), rng.binomial(n, base, k)
                errors = np.array([share_error(int(a), n, int(b), n) for a, b in zip(k1, k0, strict=True)])
                found = normal((k1 - k0) / n, errors)
                clear.append(cochran((k1 - k0) / n, errors)[1] < 0.05)
                inside.append(((found.low <= p1 - base) & (p1 - base <= found.high)).mean())
                _, low, high = newcombe(k1, n, k0, n)
                raw.append(((low <= p1 - base) & (p1 - base <= high)).mean())
            case = f"{k} groups of {n} an arm, share {base:g}, effects {f'differ by {spread:g} (sd)' if spread else 'alike'}"
            yield case, "Cochran's Q", "power" if spread else "type I", float(np.mean(clear))
            yield case, "each group by itself (Newcombe)", "coverage", float(np.mean(raw))
            yield case, "drawn to the mean", "coverage", float(np.mean(inside))


def _ever(beyond: np.ndarray, looked: np.ndarray) -> float:
    """Share of runs in which it happened at any look."""
    return float((beyond & looked).any(axis=1).mean())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(
        f"{options.runs:,} simulated tests a line.\n\n| tests | estimator | what | measured |\n| --- | --- | --- | --- |"
    )
    for part in (shares, means, per_visit, adjusted, peeking, groups):
        rng = np.random.default_rng(options.seed)
        for case, name, kind, value in part(rng, options.runs):
            written = f"{value:.2f}" if "width" in kind else f"{100 * value:.1f} %"
            print(f"| {case} | {name} | {kind} | {written} |", flush=True)


if __name__ == "__main__":
    main()
