"""Write the simulated study: raw files as a shop would have them, and the truth behind them."""

from __future__ import annotations

import json
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from journeylab.errors import StudyError
from journeylab.simulate import world
from journeylab.simulate.customers import Orders, VisitLog, call_probability, first_state, live_a_year, make_customers
from journeylab.simulate.effects import true_banner_effect, true_effects
from journeylab.simulate.exports import BOTS, local, write_csv, write_events
from journeylab.simulate.interviews import write_interviews
from journeylab.simulate.paths import CODE, TOUCHPOINTS, after_events, visit_events
from journeylab.simulate.questionnaires import write_questionnaires
from journeylab.simulate.screener import write_screener
from journeylab.simulate.surveys import write_surveys

MARKER = "SIMULATED"
FEWEST, MOST = 100, 200_000


def write_study(folder: str | Path, *, customers: int = 20_000, seed: int = 7, overwrite: bool = False) -> Path:
    """Write a simulated shop study: raw files, truth, and a study.toml where there is none.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there.
    customers : int
        How many customers live through the year 2025; 20,000 make about 330,000 events.
    seed : int
        The same seed and number of customers give the same files, byte for byte.
    overwrite : bool
        Write anew where the raw files are already simulated ones.

    Returns
    -------
    Path
        The study.toml.

    Raises
    ------
    StudyError
        When the folder has raw files that this function did not write, or simulated ones and not `overwrite`,
        or when a number is out of range.
    """
    if not FEWEST <= customers <= MOST:
        raise StudyError(f"customers: found {customers}, allowed: {FEWEST} to {MOST:,}.")
    if seed < 0:
        raise StudyError(f"seed: found {seed}, allowed: 0 or more.")
    folder = Path(folder)
    raw, truth = folder / "raw", folder / "truth"
    _claim(raw, overwrite)
    try:
        for place in (raw, truth):
            place.mkdir(parents=True, exist_ok=True)
        (raw / MARKER).write_text(f"customers = {customers}\nseed = {seed}\n", encoding="utf-8")
        _write(raw, truth, customers, seed)
        file = folder / "study.toml"
        if not file.exists():
            with resources.as_file(resources.files("journeylab.simulate") / "study.toml") as template:
                shutil.copyfile(template, file)
    except OSError as error:
        raise StudyError(f"{folder}: cannot be written: {error.strerror}.") from None
    return file


def _claim(raw: Path, overwrite: bool) -> None:
    """Refuse to write over files of somebody else."""
    if not raw.exists():
        return
    if (raw / MARKER).is_file():
        if not overwrite:
            raise StudyError(f"{raw}: has a simulated study already; allow overwriting to make it anew.")
    elif not raw.is_dir() or any(raw.iterdir()):
        raise StudyError(
            f"{raw}: has files that were not simulated (there is no {MARKER} among them); choose another folder."
        )


def _write(raw: Path, truth: Path, n: int, seed: int) -> None:
    """Simulate the year and write all files."""
    streams = [np.random.default_rng([seed, number]) for number in range(8)]
    people = make_customers(n, streams[0])
    log, orders = live_a_year(people, streams[0])
    events = pd.concat([visit_events(log, streams[1]), after_events(log, orders, streams[1])], ignore_index=True)
    faults, order_table = write_events(raw, people, log, orders, events, streams[2])
    write_customers(raw, people, log, events)
    write_tests(raw, people, events, log, streams[3])
    write_surveys(raw, people, log, events, order_table, streams[4])
    voices = write_interviews(raw, people, log, events, streams[5])
    drivers = write_questionnaires(raw, order_table, streams[6])
    write_screener(raw, people, streams[7])
    _write_truth(truth, people, log, orders, events, seed)
    write_json(truth / "faults.json", faults)
    write_json(truth / "voices.json", voices)
    write_json(truth / "drivers.json", drivers)


def write_customers(raw: Path, people: pd.DataFrame, log: VisitLog, events: pd.DataFrame) -> None:
    """Write what was known of each customer before the journey, the bots included."""
    known = people[["customer_id", "acquisition", "region", "age_band"]].copy()
    known["member"] = np.where(people["member"], "yes", "no")
    known["entry_time"] = np.datetime_as_string(first_seconds(people, log, events), unit="s")
    bots = pd.DataFrame(
        {
            "customer_id": list(BOTS),
            "acquisition": world.ACQUISITION[1],
            "region": world.REGIONS[0],
            "age_band": world.AGE_BANDS[1],
            "member": "no",
            "entry_time": ["2025-04-09T04:00:00", "2025-06-09T04:00:00"],
        }
    )
    write_csv(pd.concat([known, bots]).sort_values("customer_id"), raw / "customers.csv")


def first_seconds(people: pd.DataFrame, log: VisitLog, events: pd.DataFrame) -> np.ndarray:
    """Local time of each customer's first event."""
    first = pd.Series(events["second"].to_numpy()).groupby(log.customer[events["visit"]]).min()
    return local(first.reindex(range(len(people))).to_numpy())


def write_tests(raw: Path, people: pd.DataFrame, events: pd.DataFrame, log: VisitLog, rng: np.random.Generator) -> None:
    """Write the randomised tests and the dated changes."""
    assigned = np.char.replace(np.datetime_as_string(first_seconds(people, log, events), unit="s"), "T", " ")
    ids = people["customer_id"].to_numpy(str)
    banner = people["in_banner_test"].to_numpy()
    checkout = people["in_checkout_test"].to_numpy()
    lost = people["one_page"].to_numpy() & (rng.random(len(people)) < world.CHECKOUT_LOST)
    parts = [
        pd.DataFrame(
            {
                "customer_id": ids,
                "experiment": name,
                "arm": np.where(people[arm], treated, "control"),
                "assigned_at": assigned,
            }
        )[there]
        for name, arm, treated, there in (
            (world.BANNER, "banner", "banner", banner),
            (world.CHECKOUT, "one_page", "one page", checkout & ~lost),
        )
    ]
    write_csv(pd.concat(parts), raw / "assignments.csv")
    changes = pd.DataFrame(
        {
            "changed_at": ["2025-07-01"],
            "touchpoint": ["order status call"],
            "description": ["delivery tracking mail: customers are told by e-mail where their parcel is"],
            "control": ["return"],
        }
    )
    write_csv(changes, raw / "changes.csv")


def _write_truth(
    truth: Path, people: pd.DataFrame, log: VisitLog, orders: Orders, events: pd.DataFrame, seed: int
) -> None:
    """Write what was planted."""
    behaviours = people[["customer_id"]].assign(behaviour=np.array(world.BEHAVIOURS)[people["behaviour"]])
    write_csv(behaviours.sort_values("customer_id"), truth / "behaviours.csv")
    effects = true_effects(log, seed=seed)
    write_csv(_with_naive(effects, log, events, len(people)).round(6), truth / "effects.csv")
    banner = true_banner_effect(first_state(people), np.flatnonzero(people["in_banner_test"]), seed=seed)
    write_json(
        truth / "experiment.json",
        {
            world.BANNER: {"outcome": "order placed", "window": f"{world.BANNER_DAYS}d", **banner},
            world.CHECKOUT: {
                "outcome": "order placed",
                "window": f"{world.BANNER_DAYS}d",
                "effect": 0.0,
                "lost_share_of_arm": world.CHECKOUT_LOST,
                "note": "rows of one arm were lost: a sample ratio mismatch that voids the test",
            },
        },
    )
    day, late = log.day[orders.row], orders.late
    rate = call_probability(day, late)
    before = float(call_probability(np.zeros_like(day), late).mean())
    write_json(
        truth / "change.json",
        {
            "changed_at": "2025-07-01",
            "series": "share of orders of a week that are followed by an order status call within 14 days",
            "numerator": "order status call",
            "denominator": "order placed",
            "within": "14d",
            "rate_before": before,
            "rate_after": before * world.CALL_RATIO,
            "level": before * (world.CALL_RATIO - 1.0),
            "ratio": world.CALL_RATIO,
            "rate_before_in_these_orders": float(rate[day < world.CHANGE_DAY].mean()),
            "rate_after_in_these_orders": float(rate[day >= world.CHANGE_DAY].mean()),
            "control": {"numerator": "return", "denominator": "order placed", "within": "28d", "level": 0.0},
        },
    )


def _with_naive(effects: pd.DataFrame, log: VisitLog, events: pd.DataFrame, n: int) -> pd.DataFrame:
    """Add the customary number: converting share of customers ever exposed minus never exposed."""
    met = np.zeros((n, len(TOUCHPOINTS)), bool)
    met[log.customer[events["visit"]], events["code"]] = True
    converted = met[:, CODE["order placed"]]
    exposed = [met[:, CODE[name]] for name in effects["touchpoint"]]
    return effects.assign(naive=[converted[ever].mean() - converted[~ever].mean() for ever in exposed])


def write_json(path: Path, content: Any) -> None:
    """Write JSON for people."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
