"""Where does credit go when the truth is known? Useless, harmful and helpful touchpoints, in simulated shops.

python benchmarks/validity/attribution.py                    # the table of docs/attribution.md, about an hour
python benchmarks/validity/attribution.py --repetitions 20   # a glance
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from journeylab import impact, journeys

ADDED = {
    "helps much": 0.10,
    "helps": 0.05,
    "no effect, common": 0.0,
    "no effect, rare": 0.0,
    "harms": -0.05,
    "harms much": -0.08,
}
"""What each touchpoint adds to the chance to order at the visit that meets it."""
RULES = ["first", "last", "linear", "position", "time_decay", "shapley", "markov"]


def shop(n: int, seed: int) -> pd.DataFrame:
    """Customers of up to five visits; keen ones read first, then meet every touchpoint more often, and order more often anyway."""
    rng = np.random.default_rng(seed)
    names, added = np.array(list(ADDED)), np.array(list(ADDED.values()))
    usual = np.array([0.15, 0.2, 0.25, 0.08, 0.2, 0.15])
    keen, begin = rng.random(n) < 0.4, rng.integers(0, 60, n)
    gone, rows = np.zeros(n, dtype=bool), []
    for visit in range(5):
        here = np.flatnonzero(~gone)
        minute = 1440 * (begin[here] + 3 * visit)
        knows = keen[here] & (visit > 0)
        met = rng.random((len(here), len(names))) < usual * np.where(knows, 2.0, 1.0)[:, None]
        chance = 0.09 + 0.15 * knows + met @ added
        orders = rng.random(len(here)) < np.clip(chance, 0.005, 1)
        rows.append(pd.DataFrame({"customer": here, "minute": minute, "touchpoint": "home page"}))
        rows.append(
            pd.DataFrame({"customer": here[keen[here]], "minute": minute[keen[here]] + 1, "touchpoint": "reads"})
        )
        for place, name in enumerate(names):
            some = met[:, place]
            rows.append(pd.DataFrame({"customer": here[some], "minute": minute[some] + 2 + place, "touchpoint": name}))
        rows.append(pd.DataFrame({"customer": here[orders], "minute": minute[orders] + 20, "touchpoint": "order"}))
        gone[here[orders]] = True
        gone[here] |= rng.random(len(here)) < 0.2
    rows.append(pd.DataFrame({"customer": [n], "minute": [1440 * 120], "touchpoint": ["home page"]}))
    frame = pd.concat(rows, ignore_index=True)
    return pd.DataFrame(
        {
            "customer_id": "c" + frame["customer"].astype(str),
            "event_time": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(frame["minute"], unit="min"),
            "touchpoint": frame["touchpoint"],
        }
    )


def once(n: int, seed: int) -> pd.DataFrame:
    """One shop: what each touchpoint is credited with, and what is measured."""
    events = shop(n, seed)
    effects = impact.touchpoint_effects(events, outcome="order", window="1d", exposures=list(ADDED), seed=seed)
    found = impact.attribution(
        journeys.build(events), outcome="order", effects=effects, touchpoints=list(ADDED), draws=100, seed=seed
    )
    table = found.table.set_index("touchpoint").loc[list(ADDED)]
    ends = found.credits.pivot(index="touchpoint", columns="rule", values="ci_low").loc[list(ADDED)]
    rates = impact.shapley_attribution(
        journeys.build(events), worth="rate", outcome="order", touchpoints=list(ADDED), draws=100, seed=seed
    ).table.set_index("touchpoint")
    return pd.DataFrame(
        {
            **{f"{rule} over 0": ends[rule] > 0 for rule in RULES},
            "rate over 0": rates["ci_low"].reindex(list(ADDED)) > 0,
            "rate under 0": rates["ci_high"].reindex(list(ADDED)) < 0,
            "markov_share": table["markov_share"],
            "said": table["reading"].isin(["credit, though it harms", "credit, without a clear effect"]),
            "effect over 0": table["effect_low"] > 0,
            "effect under 0": table["effect_high"] < 0,
            "keep": table["verdict"] == "keep",
        }
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--customers", type=int, default=4000)
    options = parser.parse_args()
    runs = pd.concat([once(options.customers, seed).astype(float) for seed in range(options.repetitions)])
    print((100 * runs.groupby(level=0).mean().loc[list(ADDED)]).round(1).T.to_string())
