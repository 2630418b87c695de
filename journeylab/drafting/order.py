"""What the order of events says of drafted touchpoints: what comes after the outcome, and which two are one step."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from journeylab.drafting.shapes import path_of

TOGETHER = 0.99
"""Two pages are one step when at least this share of the customers of either met both, equally often."""

FEWEST = 5
"""Fewer customers tell nothing."""


def after_outcome(events: pd.DataFrame, outcome: str) -> dict[str, float]:
    """The share of each touchpoint's events that come after the customer's first outcome.

    Parameters
    ----------
    events : DataFrame
        customer_id, event_time, name; of a customer without the outcome nothing comes after it.
    outcome : str
    """
    first = events[events["name"] == outcome].groupby("customer_id")["event_time"].min()
    after = events["event_time"] > events["customer_id"].map(first)
    return {str(name): float(share) for name, share in after.groupby(events["name"]).mean().items()}


def inseparable(events: pd.DataFrame, addresses: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """Pages under another page that always come with it.

    Parameters
    ----------
    events : DataFrame
        customer_id, name.
    addresses : mapping of str to str
        A raw address of each touchpoint.

    Returns
    -------
    dict
        The sub-page to the page, and the customers who met it.
    """
    paths = {name: path_of(raw).rstrip("/") for name, raw in addresses.items()}
    met = events.groupby("name")["customer_id"].value_counts()
    found = {}
    for below, path in paths.items():
        for above, stem in paths.items():
            if stem and path.startswith(f"{stem}/"):
                both = pd.concat([met[above], met[below]], axis=1).fillna(0)
                same = both.iloc[:, 0] == both.iloc[:, 1]
                if len(both) >= FEWEST and same.mean() >= TOGETHER:
                    found[below] = (above, len(met[below]))
    return found
