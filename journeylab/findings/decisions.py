"""What to do about each touchpoint of a study, with what study.toml says of costs and worth, and whether verdicts survive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab.journeys.model import Journeys, session_begins
from journeylab.study import Study

if TYPE_CHECKING:
    from journeylab.impact import Decisions, Specifications

WEEK = np.timedelta64(7, "D")


def decide(study: Study, effects: pd.DataFrame, *, window: str) -> Decisions:
    """Price the effects of touchpoints by what study.toml says, and plan the tests that are missing.

    Parameters
    ----------
    effects : DataFrame
        The table of `journeylab.impact.touchpoint_effects`.
    window : str
        Of the effects: visits so close to the end of the data could not be followed, and are no part of the weeks.
    """
    from journeylab import impact

    j = study.journeys()
    known = study.touchpoints.set_index("touchpoint")
    span = (j.times.max() - j.times.min()) / WEEK
    followed = max(span - pd.Timedelta(window) / pd.Timedelta(WEEK), 1 / 7)
    return impact.decide(
        effects,
        weeks=followed,
        visits={name: n * followed / max(span, followed) for name, n in visits_with(j).items()},
        costs=known["cost"].to_dict(),
        worth=next((each.worth for each in study.config.outcomes if each.touchpoint == study.outcome), None),
        currency=study.config.study.currency,
        required=sorted(known.index[known["required"]]),
    )


def specifications(study: Study, effects: pd.DataFrame, *, window: str, seed: int = 0) -> Specifications:
    """Put the touchpoints that have a verdict to other windows, visits, covariates and estimators."""
    from journeylab import impact

    judged = effects.loc[effects["verdict"].isin(("keep", "fix", "remove")), "touchpoint"]
    gap = study.config.study.session_gap
    return impact.specification_curve(
        study.events,
        study.customers,
        outcome=str(study.outcome),
        window=window,
        exposures=sorted(judged),
        gap=gap,
        gaps=[f"{2 * pd.Timedelta(gap).total_seconds():g}s"],
        seed=seed,
    )


def visits_with(j: Journeys) -> dict[str, int]:
    """In how many visits each touchpoint was met."""
    visit = np.cumsum(session_begins(j))
    pairs = np.unique(visit * len(j.touchpoints) + j.codes)
    counts = np.bincount(pairs % len(j.touchpoints), minlength=len(j.touchpoints))
    return dict(zip(j.touchpoints, counts.tolist(), strict=True))
