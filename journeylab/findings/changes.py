"""Measure a study's dated changes, each with the control that study.toml gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from journeylab import text
from journeylab.errors import StudyError
from journeylab.findings.model import parameter
from journeylab.study import Study

if TYPE_CHECKING:
    from journeylab.impact import ChangedUnits, DatedChange


def measure_changes(
    study: Study, *, per: str = "", within: str = "", seed: int = 0
) -> list[DatedChange | ChangedUnits]:
    """Measure each dated change on the weekly rate of the touchpoint that it was meant to move.

    Parameters
    ----------
    per : str
        The touchpoint whose customers are the base of the rate, such as deliveries; empty: what study.toml says for
        notebook 08, else customers active in the week.
    within : str
        How soon after the base the touchpoint must follow; empty: what study.toml says, else 14 days.

    Notes
    -----
    Changes with a ``unit`` are held against the units that did not change, others against their ``control`` where they have
    one. Less is better of touchpoints that are trouble (``planned = false``), more of outcomes; of others it is not known.

    Raises
    ------
    StudyError
        When changes name units and study.toml does not say what they are.
    """
    from journeylab import impact

    if not study.has("events", "changes") or study.changes is None or study.config.changes is None:
        return []
    per = per or parameter(study.config, "08_experiments", "per", "")
    within = within or parameter(study.config, "08_experiments", "within", "14d")
    changes = study.changes.reindex(columns=[*study.changes, *({"control", "unit"} - set(study.changes))])
    found: list[DatedChange | ChangedUnits] = []
    # The day as the study writes it, not the evening before in UTC.
    changes["changed_at"] = changes["changed_at"].dt.tz_convert(study.config.study.timezone).dt.tz_localize(None)
    for change in changes[changes["unit"].isna()].itertuples():
        series, control = (
            None if text.is_missing(name) else impact.weekly_rate(study.events, name, per or None, within=within)
            for name in (change.touchpoint, change.control)
        )
        found.append(
            impact.dated_change(
                series,
                changed_at=change.changed_at,
                controls=control,
                name=_series(change.touchpoint, per),
                label=change.description,
                control_name=change.control,
                mix=impact.traffic_mix(study.events, changed_at=change.changed_at, denominator=per or None),
                lower_is_better=_lower_is_better(study, change.touchpoint),
                seed=seed,
            )
        )
    for (touchpoint, description), rows in changes[changes["unit"].notna()].groupby(["touchpoint", "description"]):
        units = study.config.changes.units
        if units is None:
            raise StudyError(
                f"{study.path}: [changes] has rows with a unit; say which column of customers or events holds the units, such as "
                'units = "region".'
            )
        dates = rows.set_index("unit")["changed_at"]
        panel = impact.unit_rates(
            study.events,
            touchpoint,
            per or None,
            units=study.attribute(units).astype(str),
            changed_at=dates,
            within=within,
        )
        found.append(
            impact.changed_units(
                panel,
                name=_series(touchpoint, per),
                label=description,
                lower_is_better=_lower_is_better(study, touchpoint),
                seed=seed,
            )
        )
    return found


def stack(changes: list[DatedChange | ChangedUnits]) -> dict[str, Any]:
    """Put the tables of several changes under one another, to be saved."""
    table = pd.concat([change.table for change in changes], ignore_index=True) if changes else pd.DataFrame()
    return {"kind": "DatedChanges", "table": table}


def _series(touchpoint: str, per: str) -> str:
    return f"{touchpoint} per {per or 'active customer'}"


def _lower_is_better(study: Study, touchpoint: str) -> bool | None:
    """Whether fewer are better: of trouble yes, of outcomes no, of others it is not known."""
    known = study.touchpoints
    if (~known.loc[known["touchpoint"] == touchpoint, "planned"].astype(bool)).any():
        return True
    return False if touchpoint in {outcome.touchpoint for outcome in study.config.outcomes} else None
