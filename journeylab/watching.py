"""What can the ``[[alerts]]`` of a study see? Said by `journeylab check`, before somebody relies on them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from journeylab.comparing.judged import judge, tell_judged
from journeylab.comparing.overlap import relate
from journeylab.comparing.reading import read_results
from journeylab.comparing.watch import TIMED, meant
from journeylab.errors import DataError
from journeylab.study import Study
from journeylab.text import count

PAGE = "09_findings"


def stage_notes(study: Study) -> Iterator[str]:
    """Rules on a stage that holds an outcome together with steps before it, or after which nothing comes."""
    if not study.config.events:
        return
    met = study.touchpoints.dropna(subset=["stage"])
    filled = [stage for stage in study.stages if (met["stage"] == stage).any()]
    for position, rule in enumerate(study.config.alerts):
        if rule.when != "drop_off_worse":
            continue
        where = f"alerts[{position + 1}] (drop_off_worse{f' of {rule.of!r}' if rule.of else ''})"
        if rule.of is not None and rule.of in filled[-1:]:
            yield f"{where}: watches nothing, since no event has a stage after '{rule.of}'; watch an earlier stage, or an outcome."
            continue
        for outcome in study.config.outcomes:
            stage = study.stage_of.get(outcome.touchpoint)
            before = met.loc[(met["stage"] == stage) & (met["touchpoint"] != outcome.touchpoint)]
            if stage not in filled or rule.of not in {None, stage} or before.empty:
                continue
            after = next(iter(filled[filled.index(stage) + 1 :]), None)
            watched = (
                f"the rule watches who goes on from '{stage}' to '{after}'" if after else "no event has a later stage"
            )
            step = before.loc[before["n"].idxmax(), "touchpoint"]
            yield (
                f"{where}: stage '{stage}' holds the outcome '{outcome.touchpoint}' together with other steps, such as '{step}'. "
                f"Who leaves between them is not seen, for {watched}{_stay(study, stage, outcome.touchpoint)}. Give the outcome "
                f"a stage of its own: a [[stages]] with its name after '{stage}', and that name as stage of "
                f'\'{outcome.touchpoint}\' in [[touchpoints]]. Or watch when = "outcome_worse", of = "{outcome.name}".'
            )


def _stay(study: Study, stage: str, touchpoint: str) -> str:
    """How many came to a stage and not to its outcome."""
    events = study.events
    if events is None:
        return ""
    came = set(events.loc[events["stage"] == stage, "customer_id"])
    left = came - set(events.loc[events["touchpoint"] == touchpoint, "customer_id"])
    return f"; {count(len(left))} of {count(len(came))} customers came to it and not to the outcome"


def judged_notes(study: Study, reports: Path) -> list[str]:
    """How many of the customers who came since the last good run its rules could judge in a run of now.

    Parameters
    ----------
    study : Study
    reports : Path
        Where its runs lie.
    """
    from journeylab import findings
    from journeylab.findings.horizons import stored_horizons
    from journeylab.report.find_run import last_good

    rules = [rule for rule in study.config.alerts if rule.when in TIMED]
    if not rules or study.events is None:
        return []
    last = last_good(study.name, reports)
    if last is None:
        return ["alerts: there is no earlier good run; the next one is not judged, and later ones are held against it."]
    within = str(study.config.parameters.get(PAGE, {}).get("within", ""))
    before = stored_horizons(last / "results" / "settled.json")
    with tempfile.TemporaryDirectory() as name:
        settled = findings.settled(study, within=within or None, before=before)
        (Path(name) / "settled.json").write_text(settled.to_json(), encoding="utf-8")
        (Path(name) / "basis.json").write_text(json.dumps(findings.basis(study)), encoding="utf-8")
        now = read_results(Path(name))
    try:
        old = read_results(last / "results", name=last.name)
    except DataError as error:
        return [f"alerts: the last good run cannot be read: {error}"]
    rows = judge(old, now, relate(old.basis, now.basis, "customers"))
    mine = rows[[any(TIMED[rule.when] == row.kind and meant(rule, row.name) for rule in rules)
                 for row in rows.itertuples(index=False)]]  # fmt: skip
    return [f"alerts, since {last.name}: {line}" for line in tell_judged(mine)]
