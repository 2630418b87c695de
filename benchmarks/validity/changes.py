"""How often do dated changes find what is not there, and miss what is? Simulated series and units with a planted truth.

python benchmarks/validity/changes.py                    # the tables of docs/08_experiments.md, some minutes
python benchmarks/validity/changes.py --repetitions 50   # a glance
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd

from journeylab import impact
from journeylab.impact.interrupted import ar1_regression, count_regression, step_design

START = pd.Timestamp("2023-01-02")


def remember(rng: np.random.Generator, shape: tuple[int, ...], rho: float) -> np.ndarray:
    """Errors of spread 1 that remember, stationary from the first."""
    noise = rng.normal(size=shape) * np.sqrt(1 - rho**2)
    noise[..., 0] /= np.sqrt(1 - rho**2)
    for place in range(1, shape[-1]):
        noise[..., place] += rho * noise[..., place - 1]
    return noise


def newey_west(y: np.ndarray, x: np.ndarray) -> float:
    """p of the level by least squares with HAC errors."""
    import statsmodels.api as sm

    lags = int(4 * (len(y) / 100) ** (2 / 9))
    return float(sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}).pvalues[2])


def of_series(repetitions: int, seed: int) -> Iterator[dict[str, object]]:
    """A series alone: a step of 0 and of 2 spreads of the errors."""
    for n, rho in itertools.product((40, 100), (0.0, 0.3, 0.6)):
        rng = np.random.default_rng([seed, n, int(10 * rho)])
        x = step_design(np.arange(n), n // 2)
        null, hac, found, held, counts = [], [], [], [], []
        for _ in range(repetitions):
            y = remember(rng, (n,), rho)
            null.append(ar1_regression(y, x).contrast(0, 0, 1).p_value < 0.05)
            hac.append(newey_west(y, x) < 0.05)
            level = ar1_regression(y + 2 * x[:, 2], x).contrast(0, 0, 1)
            found.append(level.p_value < 0.05)
            held.append(level.low <= 2 <= level.high)
            many = rng.poisson(100 * np.exp(0.1 * remember(rng, (n,), rho)))
            counts.append(count_regression(many.astype(float), x).contrast(0, 0, 1).p_value < 0.05)
        yield {"points": n, "autocorrelation": rho, "false alarms": np.mean(null), "with HAC errors": np.mean(hac),
               "counts": np.mean(counts), "coverage": np.mean(held), "power": np.mean(found)}  # fmt: skip


def of_controls(repetitions: int, seed: int) -> Iterator[dict[str, object]]:
    """A series and its control, 52 weeks: shocks in common, a clean control and one that drifts."""
    time = pd.date_range(START, periods=52, freq="7D")
    after = np.arange(52) >= 26
    for name, step, drift in (
        ("nothing happened", 0.0, 0.0),
        ("step of 8 points", 0.08, 0.0),
        ("control drifts", 0.0, 0.003),
    ):
        rng = np.random.default_rng([seed, 2, int(1000 * (step + drift))])
        rows, plain = [], []
        for _ in range(repetitions):
            common = 0.4 + 0.04 * remember(rng, (52,), 0.6)
            own, other = common + rng.normal(scale=0.02, size=52), common + rng.normal(scale=0.02, size=52)
            series = pd.Series(own + step * after, time)
            control = pd.Series(other + drift * np.arange(52), time)
            rows.append(impact.dated_change(series, changed_at=time[26], controls=control).table)
            row = rows[-1].iloc[0]
            plain.append((row["did_low"] <= step <= row["did_high"], not row["did_low"] <= 0 <= row["did_high"]))
        table = pd.concat(rows)
        yield {"case": name, "clear change of level": (table["p_value"] < 0.05).mean(),
               "coverage": ((table["ci_low"] <= step) & (step <= table["ci_high"])).mean(),
               "clear difference in differences": np.mean([clear for _, clear in plain]),
               "its coverage": np.mean([held for held, _ in plain]), "grade B": (table["grade"] == "B").mean()}  # fmt: skip


def units(
    rng: np.random.Generator, groups: dict[int, int], n: int, level: float, growth: float
) -> tuple[pd.DataFrame, float]:
    """A panel of 16 weeks whose units remember, and the mean true effect on changed units."""
    start = np.full(n, np.inf)
    start[: sum(groups.values())] = np.repeat(list(groups), list(groups.values()))
    since = np.arange(16) - start[:, None]
    effect = np.where(since >= 0, level + growth * np.maximum(np.nan_to_num(since, neginf=0), 0), 0.0)
    value = 2 * rng.normal(size=(n, 1)) + rng.normal(size=16) + remember(rng, (n, 16), 0.5) + effect
    time = pd.date_range(START, periods=16, freq="7D")
    dates = pd.Series([time[int(first)] if np.isfinite(first) else pd.NaT for first in start])
    frame = pd.DataFrame({"unit": np.repeat(np.arange(n), 16), "time": np.tile(time, n), "value": value.ravel()})
    truth = np.mean([effect[unit, int(start[unit]) :].mean() for unit in np.flatnonzero(np.isfinite(start))])
    return frame.assign(changed_at=np.repeat(dates.to_numpy(), 16)), float(truth)


def two_way(frame: pd.DataFrame) -> float:
    """Two-way fixed effects by least squares."""
    treated = (frame["time"] >= frame["changed_at"]).to_numpy(float)
    x = [
        treated,
        *pd.get_dummies(frame["unit"]).to_numpy(float).T,
        *pd.get_dummies(frame["time"]).to_numpy(float).T[1:],
    ]
    return float(np.linalg.lstsq(np.column_stack(x), frame["value"], rcond=None)[0][0])


def of_units(repetitions: int, seed: int) -> Iterator[dict[str, object]]:
    """Units at one date or several: false alarms, then coverage and bias with an effect that grows where dates differ."""
    cases = {
        "10 of 30, one date": ({8: 10}, 30, 1.0, 0.0),
        "6 of 12, one date": ({8: 6}, 12, 1.0, 0.0),
        "3 of 20, one date": ({8: 3}, 20, 1.0, 0.0),
        "1 of 30, one date": ({8: 1}, 30, 1.0, 0.0),
        "36 of 48, three dates": ({4: 12, 8: 12, 12: 12}, 48, 0.5, 0.3),
        "24 of 24, three dates": ({4: 8, 8: 8, 12: 8}, 24, 1.0, 0.0),
        "5 of 30, two dates": ({6: 2, 10: 3}, 30, 1.0, 0.0),
    }
    for number, (name, (groups, n, level, growth)) in enumerate(cases.items()):
        rng = np.random.default_rng([seed, 3, number])
        null, held, off, other, bands, leads = [], [], [], [], [], []
        for repetition in range(repetitions):
            frame, truth = units(rng, groups, n, level, growth)
            row = impact.changed_units(frame, draws=400, seed=repetition).table.iloc[0]
            held.append(row["ci_low"] <= truth <= row["ci_high"])
            off.append(row["estimate"] - truth)
            other.append(two_way(frame) - truth)
            found = impact.changed_units(units(rng, groups, n, 0.0, 0.0)[0], draws=400, seed=repetition)
            null.append(found.table["p_value"].iloc[0] < 0.05)
            leads.append(found.table["pre_trend_p"].iloc[0] < 0.05)
            events = found.events
            bands.append(((events["band_low"] <= 0) & (events["band_high"] >= 0)).all())
        clustered = found.table["inference"].iloc[0] == "clustered"
        yield {"units changed": name, "inference": found.table["inference"].iloc[0], "false alarms": np.mean(null),
               "coverage": np.mean(held), "bias": np.mean(off), "bias of two-way fixed effects": np.mean(other),
               "trends doubted": np.mean(leads), "bands hold": np.mean(bands) if clustered else np.nan}  # fmt: skip


def main() -> None:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for rows in (of_series(2 * options.repetitions, options.seed), of_controls(options.repetitions, options.seed),
                 of_units(options.repetitions, options.seed)):  # fmt: skip
        print(_markdown(pd.DataFrame(rows)), "\n", flush=True)


def _markdown(frame: pd.DataFrame) -> str:
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + " --- |" * len(frame.columns)]
    for row in frame.itertuples(index=False):
        cells = ["–" if cell != cell else f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
