"""How often do the intervals of the voices hold the truth? Simulated; the table goes into docs/03_voices.md.

    PYTHONPATH=. .venv/bin/python benchmarks/coverage_surveys.py [--runs 20000]

Every line draws answers from a known truth and counts the intervals that hold it. 95 % is what they claim.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from journeylab.intervals import agresti_coull, clopper_pearson, mean, never_seen_upper, wilson
from journeylab.voices import relative_weights, unseen
from journeylab.voices.importance import correlations, weights_of
from journeylab.voices.nps_groups import nps_difference
from journeylab.voices.scores import nps_interval, task_time

SHARES = {
    "0.50 / 0.30 / 0.20": (0.5, 0.3, 0.2),
    "0.80 / 0.15 / 0.05": (0.8, 0.15, 0.05),
    "0.20 / 0.30 / 0.50": (0.2, 0.3, 0.5),
}


def held(low: np.ndarray, high: np.ndarray, truth: float) -> float:
    """The share of intervals that hold the truth."""
    return float(((low <= truth + 1e-12) & (truth - 1e-12 <= high)).mean())


def shares(rng: np.random.Generator, runs: int) -> Iterator[tuple[str, str, float, str]]:
    """Intervals of k of n."""
    for n in (12, 48):
        for p in (0.1, 0.3, 0.5):
            k = rng.binomial(n, p, runs)
            exact, adjusted = held(*clopper_pearson(k, n)[1:], p), held(*agresti_coull(k, n)[1:], p)
            yield (
                "Wilson, k of n",
                f"n = {n}, share {p}",
                held(*wilson(k, n)[1:], p),
                (f"adjusted Wald {adjusted:.1%}, Clopper-Pearson {exact:.1%}"),
            )
        p = rng.uniform(0.05, 0.95, runs)
        low, high = wilson(rng.binomial(n, p), n)[1:]
        yield "Wilson, k of n", f"n = {n}, shares from 0.05 to 0.95", float(((low <= p) & (p <= high)).mean()), ""
    for n in (12, 48):
        bound = never_seen_upper(n)
        yield (
            "Bound where nobody said it",
            f"n = {n}, share at the bound",
            1 - float((rng.binomial(n, bound, runs) == 0).mean()),
            (f"bound {bound:.1%}"),
        )


def promoters(rng: np.random.Generator, runs: int) -> Iterator[tuple[str, str, float, str]]:
    """Intervals of the net promoter score, and of a difference of two."""
    for label, share in SHARES.items():
        for n in (10, 20, 50):
            up, _, down = rng.multinomial(n, share, runs).T
            truth = 100 * (share[0] - share[2])
            adjusted = held(*nps_interval(up, down, n)[1:], truth)
            plain = held(*nps_interval(up, down, n, added=0)[1:], truth)
            yield "NPS, adjusted Wald", f"n = {n}, {label}", adjusted, f"plain Wald {plain:.1%}"
    first, second = SHARES["0.50 / 0.30 / 0.20"], SHARES["0.80 / 0.15 / 0.05"]
    truth = 100 * ((first[0] - first[2]) - (second[0] - second[2]))
    for sizes in ((15, 15), (20, 60), (100, 100)):
        drawn = [rng.multinomial(size, share, runs // 4) for size, share in zip(sizes, (first, second), strict=True)]
        ends = np.array([nps_difference(_answers(one), _answers(two))[1:] for one, two in zip(*drawn, strict=True)])
        yield "NPS, difference of two groups", f"n = {sizes[0]} and {sizes[1]}", held(*ends.T, truth), ""


def _answers(counts: np.ndarray) -> np.ndarray:
    return np.repeat([10, 8, 3], counts)


def means(rng: np.random.Generator, runs: int) -> Iterator[tuple[str, str, float, str]]:
    """t intervals of answers on a scale, and of people's mean valence; times of tasks."""
    chances = np.array([0.02, 0.03, 0.05, 0.10, 0.20, 0.35, 0.25])
    truth = float(chances @ np.arange(1, 8))
    for n in (10, 30):
        drawn = rng.choice(np.arange(1, 8), (runs // 4, n), p=chances)
        ends = np.array([mean(row)[1:] for row in drawn])
        yield "Mean of answers 1 to 7, t", f"n = {n}, skewed to the top", held(*ends.T, truth), ""
    valences = np.array([-0.8, -0.6, -0.4, 0.5, 0.8])
    for n in (8, 20):
        codes = rng.choice(valences, (runs // 4, n, 3), p=[0.3, 0.25, 0.15, 0.15, 0.15])
        ends = np.array([mean(row)[1:] for row in codes.mean(axis=2)])
        true = float(valences @ [0.3, 0.25, 0.15, 0.15, 0.15])
        yield "Valence of a stage, t over people", f"n = {n} people of three codes", held(*ends.T, true), ""
    for n, name, truth in ((12, "geometric mean", np.exp(3.5)), (40, "median", np.exp(3.5))):
        found = [task_time(row) for row in np.exp(3.5 + 0.6 * rng.standard_normal((runs // 4, n)))]
        ends = np.array([(score.ci_low, score.ci_high) for score in found])
        yield f"Task time, {name}", f"n = {n}, lognormal", held(*ends.T, float(truth)), ""


def codes(rng: np.random.Generator, runs: int) -> Iterator[tuple[str, str, float, str]]:
    """Chao2's interval of the number of codes."""
    cases = {"all equally rare, 0.12": np.full(40, 0.12), "half 0.30, half 0.05": np.repeat([0.30, 0.05], 20)}
    for label, chance in cases.items():
        for n in (20, 46):
            seen = (rng.random((runs // 8, n, len(chance))) < chance).sum(axis=1)
            found = [unseen(row, n) for row in seen]
            ends = np.array([(one.ci_low, one.ci_high) for one in found])
            bias = np.mean([one.estimate for one in found]) - len(chance)
            yield (
                "Codes in all, Chao2",
                f"{n} interviews, 40 codes, {label}",
                held(*ends.T, len(chance)),
                f"mean error {bias:+.1f}",
            )


def drivers(rng: np.random.Generator, runs: int) -> Iterator[tuple[str, str, float, str]]:
    """Bootstrap interval of a relative weight."""
    mix, beta = np.array([[1, 0.6, 0.3], [0, 0.8, 0.3], [0, 0, 0.9]]), np.array([0.6, 0.3, 0.0])

    def draw(n: int) -> np.ndarray:
        x = rng.standard_normal((n, 3)) @ mix
        return np.column_stack([x, x @ beta + 0.7 * rng.standard_normal(n)])

    whole = draw(1_000_000)
    truth = relative_weights(whole[:, :3], whole[:, 3])
    for n in (60, 200):
        found = []
        for _ in range(runs // 40):
            data = draw(n)
            picks = data[rng.integers(0, n, (300, n))]
            picks = picks - picks.mean(axis=1, keepdims=True)
            cov = picks.transpose(0, 2, 1) @ picks
            scale = np.sqrt(np.einsum("dii->di", cov))
            found.append(np.quantile(weights_of(cov / scale[:, :, None] / scale[:, None, :]), [0.025, 0.975], axis=0))
            assert np.isfinite(correlations(data[:, :3], data[:, 3])).all()
        ends = np.array(found)
        for place, name in enumerate(("strong", "middle", "none of its own")):
            yield (
                "Relative weight, bootstrap",
                f"n = {n}, driver: {name}",
                held(ends[:, 0, place], ends[:, 1, place], truth[place]),
                (f"true weight {truth[place]:.3f}"),
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print("| interval | where | coverage | beside it |\n| --- | --- | --- | --- |")
    for number, part in enumerate((shares, promoters, means, codes, drivers)):
        for name, where, covered, note in part(np.random.default_rng([given.seed, number]), given.runs):
            print(f"| {name} | {where} | {covered:.1%} | {note} |".replace("%", " %"))


if __name__ == "__main__":
    main()
