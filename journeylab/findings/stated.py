"""What people say matters, gathered from a study to stand beside its measured effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from journeylab import voices
from journeylab.findings.model import parameter
from journeylab.joint.display import tied
from journeylab.joint.said import voices_by
from journeylab.study import Study

if TYPE_CHECKING:
    from journeylab.impact import StatedAndObserved


def stated_beside(study: Study, effects: pd.DataFrame, *, about: str = "", seed: int = 0) -> StatedAndObserved | None:
    """Lay key drivers, interviews and satisfaction with touchpoints beside measured effects; None where there is neither.

    Parameters
    ----------
    effects : DataFrame
        The table of `impact.touchpoint_effects`.
    about : str
        Which survey items are about which touchpoints, see `impact.read_links`. The survey is what study.toml names as
        ``drivers_of`` for notebook 03.
    seed : int
        Of the bootstrap of the drivers.
    """
    from journeylab import impact

    survey, _, item = parameter(study.config, "03_voices", "drivers_of", "").partition(".")
    drivers = mentions = None
    if item and study.responses is not None:
        drivers = voices.key_drivers(study.responses, instrument=survey, outcome=item, seed=seed)
    if study.codes is not None and tied(study):
        said = voices_by(study, "touchpoint")
        mentions = said[said["touchpoint"].isin(study.codes["touchpoint"].dropna())]
    if drivers is None and mentions is None:
        return None
    return impact.stated_and_observed(
        drivers, effects, about=impact.read_links(about), mentions=mentions, ratings=_satisfied(study.responses)
    )


def _satisfied(responses: pd.DataFrame | None) -> pd.DataFrame | None:
    """Satisfaction with each touchpoint that a CSAT survey asks about."""
    if responses is None or "touchpoint" not in responses:
        return None
    csat = responses[(responses["instrument"] == "csat") & responses["touchpoint"].notna()]
    scores = voices.score_table(csat, by="touchpoint").table
    return scores[scores["group"] != "all"]
