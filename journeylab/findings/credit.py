"""Who gets the credit in a study, beside what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from journeylab.study import Study

if TYPE_CHECKING:
    from journeylab.impact import Attribution, MarkovOrder, TouchpointEffects


def share_credit(
    study: Study, effects: TouchpointEffects | None, *, seed: int = 0
) -> tuple[MarkovOrder, Attribution] | None:
    """Choose the order of the chain and share out credit; None where no tested touchpoint is met before the outcome."""
    from journeylab import impact

    if effects is None:
        return None
    met = effects.table.loc[effects.table["n_exposed"] > 0, "touchpoint"].tolist()
    if not met:
        return None
    whole = study.journeys()
    chain = impact.markov_order(whole, outcome=effects.outcome, touchpoints=met, seed=seed)
    credit = impact.attribution(
        whole, outcome=effects.outcome, touchpoints=met, effects=effects, order=chain.order, seed=seed
    )
    return chain, credit
