"""What customers did, a stage: how many came, how many met trouble there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journeylab.intervals import wilson
from journeylab.study import Study

LEAST = 30
"""Fewer customers than this on a stage carry no verdict about the stage: ``too few``."""


def trouble_by_stage(study: Study) -> pd.DataFrame:
    """Share of a stage's customers who met trouble there.

    Trouble is leaving or an unplanned touchpoint (``planned = false`` in study.toml) on the stage. Leaving is: before
    the main outcome's stage, no event of a later stage after this one was first reached; on the outcome's stage,
    one of its touchpoints with ``required = true`` was met, but neither the outcome nor a later stage.

    Returns
    -------
    DataFrame
        One row a stage, in order: stage, n_customers, n_trouble, trouble, trouble_low, trouble_high (Wilson),
        left (share; NaN where leaving is not counted), unplanned (share), behaviour_says
        (``friction``, ``fine``, ``inconclusive``, ``too few``, ``no data``), reference (the share a stage is held against).
    """
    stages = study.stages
    events = study.events
    if events is None:
        return _no_data(stages)
    staged = events[events["stage"].notna()]
    position = staged["stage"].map({stage: place for place, stage in enumerate(stages)}).astype("int64")
    customer = pd.factorize(staged["customer_id"])[0]
    n_customers = int(customer.max()) + 1 if len(customer) else 0
    goal = _stage_of(study, study.outcome)
    last = goal if goal is not None else len(stages) - 1
    rows = []
    for place, stage in enumerate(stages):
        here = (position == place).to_numpy()
        reached = np.zeros(n_customers, dtype=bool)
        reached[customer[here]] = True
        met = np.zeros(n_customers, dtype=bool)
        met[customer[here & ~staged["planned"].to_numpy(dtype=bool)]] = True
        counts_leaving = place < last
        gone = reached & ~_went_on(staged, customer, position.to_numpy(), place, n_customers)
        if place == goal:
            gone &= _began(study, staged, customer, here, n_customers)
            counts_leaving = bool(gone.any())
        trouble = met | gone if counts_leaving else met
        n = int(reached.sum())
        can_tell = counts_leaving or bool(met.any())
        rows.append(
            {
                "stage": stage,
                "n_customers": n,
                "n_trouble": int((trouble & reached).sum()),
                "left": gone.sum() / n if counts_leaving and n else np.nan,
                "unplanned": met.sum() / n if n else np.nan,
                "can_tell": can_tell and n > 0,
            }
        )
    return _judge(pd.DataFrame(rows))


def _judge(frame: pd.DataFrame) -> pd.DataFrame:
    """Hold each stage against the average stage."""
    frame["trouble"], frame["trouble_low"], frame["trouble_high"] = wilson(frame["n_trouble"], frame["n_customers"])
    reached = frame[frame["n_customers"] > 0]
    reference = reached["n_trouble"].sum() / reached["n_customers"].sum() if len(reached) else np.nan
    states = np.select(
        [
            ~frame["can_tell"],
            frame["n_customers"] < LEAST,
            frame["trouble_low"] > reference,
            frame["trouble_high"] < reference,
        ],
        ["no data", "too few", "friction", "fine"],
        default="inconclusive",
    )
    blank = ~frame["can_tell"]
    frame.loc[blank, ["trouble", "trouble_low", "trouble_high"]] = np.nan
    return frame.assign(behaviour_says=states, reference=reference).drop(columns="can_tell")


def _went_on(
    staged: pd.DataFrame, customer: np.ndarray, position: np.ndarray, place: int, n_customers: int
) -> np.ndarray:
    """Whether each customer has an event of a later stage, at or after the first event of this one."""
    times = staged["event_time"].dt.tz_convert(None).to_numpy()
    first = np.full(n_customers, np.datetime64("NaT"), dtype=times.dtype)
    here = position == place
    stamps = times[here]
    order = np.argsort(stamps, kind="stable")[::-1]
    first[customer[here][order]] = stamps[order]
    later = position > place
    after = times[later] >= first[customer[later]]
    went = np.zeros(n_customers, dtype=bool)
    went[customer[later][after]] = True
    return went


def _began(study: Study, staged: pd.DataFrame, customer: np.ndarray, here: np.ndarray, n_customers: int) -> np.ndarray:
    """Whether each customer met a required touchpoint of the outcome's stage, and not the outcome."""
    needed = set(study.touchpoints.loc[study.touchpoints["required"], "touchpoint"])
    began = np.zeros(n_customers, dtype=bool)
    began[customer[here & staged["touchpoint"].isin(needed).to_numpy()]] = True
    began[customer[(staged["touchpoint"] == study.outcome).to_numpy()]] = False
    return began


def _stage_of(study: Study, touchpoint: str | None) -> int | None:
    """The place of a touchpoint's stage among the stages."""
    if touchpoint is None:
        return None
    found = study.touchpoints.loc[study.touchpoints["touchpoint"] == touchpoint, "stage"]
    if found.empty or found.iloc[0] not in study.stages:
        return None
    return study.stages.index(found.iloc[0])


def _no_data(stages: list[str]) -> pd.DataFrame:
    """The table of a study without events."""
    return pd.DataFrame(
        {
            "stage": stages,
            "n_customers": 0,
            "n_trouble": 0,
            "left": np.nan,
            "unplanned": np.nan,
            "trouble": np.nan,
            "trouble_low": np.nan,
            "trouble_high": np.nan,
            "behaviour_says": "no data",
            "reference": np.nan,
        }
    )
