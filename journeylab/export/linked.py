"""What the people who agreed to it did and answered: their behaviour, touchpoints, outcomes and scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab.export.variables import Variable
from journeylab.study import Study
from journeylab.text import percent

if TYPE_CHECKING:
    from journeylab.journeys import Journeys

MOST_TOUCHPOINTS = 60
"""Up to so many touchpoints are a variable each; more are listed in one, since programs show variables as columns."""

Customers = dict[str, list[str]]


def linked_variables(study: Study, ids: Sequence[str], seed: int | None) -> tuple[list[Variable], list[str]]:
    """Make the variables of people whose traces may be linked to their words, and say what is missing.

    Parameters
    ----------
    ids : sequence of str
        The participants of the export.
    seed : int, optional
        Of the search for behaviours; that of the study's notebook 05 where not given.

    Returns
    -------
    variables : list of Variable
    notes : list of str
    """
    links, notes = study.links, []
    customers: Customers = {}
    if links is not None:
        wanted = links[links["participant_id"].isin(set(ids))]
        customers = {str(one): sorted(set(rows)) for one, rows in wanted.groupby("participant_id")["customer_id"]}
    variables: list[Variable] = []
    if not customers:
        reason = "the study does not say who is which customer" if links is None else "nobody agreed to being linked"
        notes.append(f"No behaviour, touchpoint or outcome is written: {reason}.")
    elif not study.has("events"):
        notes.append("No behaviour, touchpoint or outcome is written: the study has no events.")
    else:
        whole = study.journeys()
        place = {str(one): row for row, one in enumerate(whole.ids)}
        rows = {one: [place[name] for name in names if name in place] for one, names in customers.items()}
        seen = {one: found for one, found in rows.items() if found}
        if len(seen) < len(customers):
            notes.append(f"{len(customers) - len(seen):,} of {len(customers):,} linked people have no events.")
        variables += _behaviour(study, whole, seen, seed, notes) if seen else []
        counts = {one: _counts(whole, found) for one, found in seen.items()}
        variables += _touchpoints(study, whole, counts)
        variables += _outcomes(study, whole, counts)
    return variables + _scores(study, ids, customers), notes


def _behaviour(
    study: Study, whole: Journeys, seen: dict[str, list[int]], seed: int | None, notes: list[str]
) -> list[Variable]:
    """The behaviour of each person, found among all customers as notebook 05 finds it, by the labels of the last run."""
    from journeylab import behaviours

    options = behaviours.settings(study.config.parameters, where=str(study.path))
    seed = options.get("seed", 0) if seed is None else seed
    last = behaviours.last_run()
    notes += filter(None, [behaviours.last_damage()])
    found = behaviours.find(whole, until=study.outcome, criteria=False, **{**options, "seed": seed})
    if found.k == 1:
        notes.append(f"No behaviour is written. {found.summary()}")
        return []
    found = behaviours.keep_labels(found, whole, last, until=study.outcome)
    portraits = behaviours.portraits(
        found,
        whole,
        outcome=study.outcome,
        names=study.config.behaviours.names,
        last_names=last.names_of if last else None,
    )
    names = [
        f"{row.behaviour} ({percent(row.share, 0)} of customers): {str(row.name).removeprefix(f'{row.behaviour}: ')}"
        for row in portraits.table.itertuples(index=False, name="Row")
    ]
    labels, certainty = found.labels.to_numpy(), found.posterior.max(axis=1).to_numpy()
    sure = {one: rows for one, rows in seen.items() if len({labels[row] for row in rows}) == 1}
    if len(sure) < len(seen):
        notes.append(
            f"{len(seen) - len(sure):,} people have several customer ids of different behaviours: not written."
        )
    return [
        Variable(
            "behaviour",
            "Text",
            {one: str(labels[rows[0]]) for one, rows in sure.items()},
            f"{found.method}, {len(labels):,} journeys, seed {seed}. {'; '.join(names)}.",
        ),
        Variable(
            "behaviour certainty",
            "Float",
            {one: round(float(min(certainty[row] for row in rows)), 4) for one, rows in sure.items()},
            "Probability of the behaviour, given the journey (0 to 1).",
        ),
    ]


def _counts(whole: Journeys, rows: list[int]) -> np.ndarray:
    """How often one person met each touchpoint, over all of their customer ids."""
    codes = [whole.codes[whole.offsets[row] : whole.offsets[row + 1]] for row in rows]
    return np.bincount(np.concatenate(codes), minlength=len(whole.touchpoints))


def _touchpoints(study: Study, whole: Journeys, counts: dict[str, np.ndarray]) -> list[Variable]:
    """Which touchpoints each person reached: a variable each, or a list where there are too many."""
    place = {name: code for code, name in enumerate(whole.touchpoints)}
    names = [name for name in study.touchpoints["touchpoint"] if name in place]
    if len(names) > MOST_TOUCHPOINTS:
        lists = {one: "; ".join(name for name in names if met[place[name]]) for one, met in counts.items()}
        why = f"The touchpoints that the person reached, of {len(names):,}, in the order of the journey."
        return [Variable("touchpoints reached", "Text", lists, why)]
    return [
        Variable(
            f"reached: {name}",
            "Boolean",
            {one: bool(met[place[name]]) for one, met in counts.items()},
            f"Whether the person met the touchpoint '{name}' at least once.",
        )
        for name in names
    ]


def _outcomes(study: Study, whole: Journeys, counts: dict[str, np.ndarray]) -> list[Variable]:
    """Which outcomes each person reached."""
    place = {name: code for code, name in enumerate(whole.touchpoints)}
    found = []
    for outcome in study.config.outcomes:
        code = place.get(outcome.touchpoint)
        reached = {one: code is not None and bool(met[code] >= outcome.occurrence) for one, met in counts.items()}
        times = "" if outcome.occurrence == 1 else f" {outcome.occurrence} times"
        found.append(
            Variable(
                f"outcome: {outcome.name}",
                "Boolean",
                reached,
                f"Whether the person reached '{outcome.touchpoint}'{times}.",
            )
        )
    return found


def _scores(study: Study, ids: Sequence[str], customers: Customers) -> list[Variable]:
    """What each person answered: the mean of an instrument, or of each item where items cannot be averaged."""
    responses = study.responses
    if responses is None:
        return []
    # Who answered under the participant's own id is known without a link, but not against the person's will.
    refused = set() if study.crosswalk is None else set(study.crosswalk["participant_id"]) - set(customers)
    pairs = {(name, one) for one, names in customers.items() for name in names}
    pairs |= {(one, one) for one in ids if one not in refused}
    who = pd.DataFrame(sorted(pairs), columns=["respondent_id", "person"], dtype="str")
    answers = responses.dropna(subset=["score"]).merge(who, on="respondent_id")
    found = []
    for instrument, part in answers.groupby("instrument", sort=False):
        scales = part[["scale_min", "scale_max", "higher_is_better"]].drop_duplicates()
        if str(instrument).lower() == "sus" and part["item"].nunique() == 10:
            found.append(_sus(str(instrument), part))
        elif len(scales) == 1:
            found.append(_mean(str(instrument), part))
        else:
            found += [_mean(f"{instrument}: {item}", rows) for item, rows in part.groupby("item", sort=False)]
    return found


def _mean(name: str, answers: pd.DataFrame) -> Variable:
    """A person's mean answer."""
    first = answers.iloc[0]
    better = "higher" if first["higher_is_better"] else "lower"
    items = answers["item"].drop_duplicates()
    over = f" of {len(items)} items" if len(items) > 1 else ""
    words = f"Mean of the person's answers{over}, {first['scale_min']:g} to {first['scale_max']:g}, {better} is better."
    values = answers.groupby("person")["score"].mean().round(6)
    return Variable(f"score: {name}", "Float", {str(one): float(value) for one, value in values.items()}, words)


def _sus(name: str, answers: pd.DataFrame) -> Variable:
    """A person's system usability score; only those who answered all ten items have one."""
    from journeylab.voices import sus

    table = answers.pivot_table(index="person", columns="item", values="score").dropna()
    values = {str(one): sus([list(items)]).value for one, items in zip(table.index, table.to_numpy(), strict=True)}
    return Variable(f"score: {name}", "Float", values, "System usability scale, 0 to 100, higher is better.")
