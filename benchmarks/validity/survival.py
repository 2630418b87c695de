"""How often does what is said of time to convert hold? Simulated; the table goes into docs/time-to-convert.md.

    OMP_NUM_THREADS=1 PYTHONPATH=. .venv/bin/python benchmarks/validity/survival.py [--runs 500] [--only hazards]

Every line draws customers from a known truth and counts the intervals that hold it, or the tests that reject what is true.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from journeylab import impact
from journeylab.impact.cox import fit_cox, proportional_hazards
from journeylab.impact.incidence import cumulative_incidence, restricted_mean
from journeylab.impact.spells import Spells
from journeylab.impact.start_stop import exposure_rows
from journeylab.impact.time_to import _tests
from journeylab.journeys.observation import DAY
from journeylab.journeys.survival import kaplan_meier

Line = tuple[str, str, float, float]
"""What, setting, share of runs (held, or rejected), mean error of the estimate."""


def competing(rng: np.random.Generator, n: int, rate: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Time in microseconds, how it ended, and how long it could have been followed: converting at `rate`, lapsing at 1."""
    one, other, end = rng.exponential(1 / rate, n), rng.exponential(1, n), rng.uniform(0.2, 3, n)
    time = np.minimum(np.minimum(one, other), end)
    status = np.where(time == end, 0, np.where(one < other, 1, 2))
    return (time * DAY).astype(np.int64), status, (end * DAY).astype(np.int64)


def spells(time: np.ndarray, status: np.ndarray, followed: np.ndarray) -> Spells:
    """Spells of made-up customers."""
    n = len(time)
    return Spells(
        np.arange(n),
        np.full(n, np.datetime64("2026-01-01", "us")),
        time,
        status.astype(np.int8),
        followed,
        np.zeros(n, bool),
    )


def incidence(rng: np.random.Generator, runs: int) -> Iterator[Line]:
    """Cumulative incidence, its quantile, its complement and the restricted mean."""
    for n in (100, 500, 2_000):
        for rate in (0.1, 0.5, 2.0):
            truth = rate / (1 + rate) * (1 - np.exp(-(1 + rate)))
            quarter = -np.log1p(-0.25 * (1 + rate) / rate) / (1 + rate) * DAY if rate >= 0.5 else np.nan
            held, off, naive, timed = [], [], [], []
            for _ in range(runs):
                time, status, _ = competing(rng, n, rate)
                found = cumulative_incidence(time, status)
                value, low, high = found.by(DAY)
                held.append(low <= truth <= high)
                off.append(value - truth)
                naive.append(kaplan_meier(time, status == 1).reached_by(DAY).value - truth)
                _, low, high = found.quantile(0.25)
                timed.append(low <= quarter and not high < quarter)
            name = f"n = {n:,}, truth {100 * truth:.1f} %"
            yield "share converted by a time: interval holds it", name, np.mean(held), 100 * np.mean(off)
            if n == 500:
                yield "the same by 1 - Kaplan-Meier", name, np.nan, 100 * np.mean(naive)
            if rate >= 0.5:
                yield "time by which a quarter converts: interval holds it", name, np.mean(timed), np.nan


def groups(rng: np.random.Generator, runs: int) -> Iterator[Line]:
    """Tests between groups, and the restricted mean."""
    shares, pace, held, off = [], [], [], []
    truth = DAY * (1 - 1 / 3 + 1 / 3 * (1 - np.exp(-1.5)) / 1.5)
    for _ in range(runs):
        time, status, end = competing(rng, 300, 0.5)
        made = spells(time, status, end)
        p_values = _tests(made, rng.integers(0, 2, 300), 2)["p_value"]
        shares.append(p_values[0] < 0.05)
        pace.append(p_values[1] < 0.05)
        mean, error = restricted_mean(made.staying, status == 1, DAY)
        held.append(abs(mean - truth) <= 1.96 * error)
        off.append(24 * (mean - truth) / DAY)
    yield "shares of two equal groups called different", "n = 300", np.mean(shares), np.nan
    yield "pace of two equal groups called different", "n = 300", np.mean(pace), np.nan
    yield "mean days within a horizon: interval holds it", "n = 300", np.mean(held), np.mean(off)


def exposures(rng: np.random.Generator, runs: int) -> Iterator[Line]:
    """Cox's model with an exposure that comes at a date, and the same as 'ever exposed'."""
    for n in (100,):
        for ratio in (1.0, 1.5):
            held, off, ever, moved = [], [], [], []
            for _ in range(runs):
                wait, slow, quick = (rng.exponential(1, n) for _ in range(3))
                time = np.where(slow < wait, slow, wait + quick / ratio)
                end = rng.uniform(0.3, 2, n)
                micro = (np.minimum(time, end) * DAY).astype(np.int64)
                rows = exposure_rows(spells(micro, time <= end, micro), (wait * DAY).astype(np.int64)[:, None])
                fit = fit_cox(rows.start, rows.stop, rows.event, rows.exposed.astype(float), rows.customer)
                value, error = fit.coefficients[0], fit.errors[0]
                held.append(abs(value - np.log(ratio)) <= 1.96 * error)
                off.append(value - np.log(ratio))
                moved.append(proportional_hazards(fit).p_value[0] < 0.05)
                met = (wait < np.minimum(time, end)).astype(float)[:, None]
                naive = fit_cox(np.zeros(n), micro / DAY, time <= end, met)
                ever.append(naive.coefficients[0] - np.log(ratio))
            name = f"n = {n}, hazard ratio {ratio:g}"
            yield "log hazard ratio of a dated exposure: interval holds it", name, np.mean(held), np.mean(off)
            yield "the same as 'ever exposed'", name, np.nan, np.mean(ever)
            yield "constant ratio called changing over time", name, np.mean(moved), np.nan


def visits(rng: np.random.Generator, n: int, now: float) -> pd.DataFrame:
    """Visits some days apart: who is keen reads, and from the second visit on chats and orders more; a chat adds `now`.

    On the scale of log odds of an order at that visit. Reading shows at the first visit who is keen, so history holds it.
    """
    keen = np.repeat(rng.random(n) < 0.5, 6)
    customer, visit = np.repeat(np.arange(n), 6), np.tile(np.arange(6), n)
    day = np.repeat(rng.uniform(0, 50, n), 6) + np.cumsum(rng.exponential(4, (n, 6)), axis=1).ravel()
    chat = rng.random(6 * n) < np.where(keen & (visit > 0), 0.4, 0.15)
    order = rng.random(6 * n) < 1 / (1 + np.exp(2.8 - 1.0 * (keen & (visit > 0)) - now * chat))
    first = np.full(n, 6)
    np.minimum.at(first, customer[order], visit[order])
    there = (visit <= first[customer]) & (rng.random(6 * n) < 0.95)
    order &= there
    parts = []
    for name, mask, later in (
        ("page", there, 0.0),
        ("read", there & keen, 1e-3),
        ("chat", there & chat, 2e-3),
        ("order", order, 3e-3),
    ):
        parts.append(
            pd.DataFrame({"customer_id": customer[mask].astype(str), "day": day[mask] + later, "touchpoint": name})
        )
    frame = pd.concat(parts, ignore_index=True)
    times = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta((frame.pop("day") * DAY).astype("int64"), unit="us")
    return frame.assign(event_time=times.dt.as_unit("us"))


def hazards(rng: np.random.Generator, runs: int) -> Iterator[Line]:
    """A chat without effect, met more by keen customers: how often is it called one?"""
    asked: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
        "clock of visits, with history": lambda events: _row(events),
        "clock of visits, without history": lambda events: _row(events, history=False),
        "clock of days": lambda events: _row(events, clock="days"),
    }
    found: dict[str, list[tuple[bool, float]]] = {name: [] for name in asked}
    power = []
    for _ in range(runs):
        events = visits(rng, 400, 0.0)
        for name, ask in asked.items():
            row = ask(events)
            found[name].append((row["p_value"] < 0.05, np.log(row["hazard_ratio"])))
        power.append(_row(visits(rng, 400, 0.7))["ci_low"] > 1)
    for name, seen in found.items():
        called, off = zip(*seen, strict=True)
        yield "a chat without effect called one", f"400 customers, {name}", np.mean(called), np.mean(off)
    yield (
        "a chat that helps (log odds +0.7) found",
        "400 customers, clock of visits, with history",
        np.mean(power),
        np.nan,
    )


def _row(events: pd.DataFrame, **options: object) -> pd.Series:
    """The row of the chat."""
    return impact.touchpoint_hazards(events, outcome="order", exposures=["chat"], **options).table.iloc[0]  # type: ignore[arg-type]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parts = {part.__name__: part for part in (incidence, groups, exposures, hazards)}
    parser.add_argument("--only", choices=parts)
    asked = parser.parse_args()
    print("| what | setting | share of runs | mean error (points, hours or log ratio) |\n| --- | --- | --- | --- |")
    for part in [parts[asked.only]] if asked.only else parts.values():
        for what, setting, share, off in part(np.random.default_rng(20260110), asked.runs):
            cells = ("–" if np.isnan(share) else f"{share:.3f}", "–" if np.isnan(off) else f"{off:+.3f}")
            print(f"| {what} | {setting} | {cells[0]} | {cells[1]} |", flush=True)


if __name__ == "__main__":
    main()
