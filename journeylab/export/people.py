"""Who the people of a study are, which documents are theirs, and what may be said of each."""

from __future__ import annotations

import dataclasses

import pandas as pd

from journeylab.errors import listing
from journeylab.export.linked import linked_variables
from journeylab.export.variables import Variable, variables_of
from journeylab.study import Study
from journeylab.voices.prevalence import people_of

QUOTES = "consent to quotes"
LINKING = "consent to linking"


@dataclasses.dataclass(frozen=True)
class People:
    """The people of an export.

    Attributes
    ----------
    ids : tuple of str
        As the study calls them.
    person_of : dict of str to str
        The person behind a document; documents of nobody in particular are not in it.
    variables : tuple of Variable
    notes : tuple of str
        What could not be said of them, and why.
    unquotable : int, optional
        How many did not agree to be quoted; None where consent was not written down.
    """

    ids: tuple[str, ...] = ()
    person_of: dict[str, str] = dataclasses.field(default_factory=dict)
    variables: tuple[Variable, ...] = ()
    notes: tuple[str, ...] = ()
    unquotable: int | None = None


def gather_people(study: Study, documents: pd.DataFrame, seed: int | None = None) -> People:
    """Gather the people of a study with their own variables and, where they agreed to it, what they did and answered.

    Parameters
    ----------
    documents : DataFrame
        Without those of people who withdrew.
    seed : int, optional
        Of the search for behaviours; that of the study's notebook 05 where not given.

    Notes
    -----
    A document without a participant is a person of its own only where the crosswalk knows it, as in notebook 04.
    """
    person_of = people_of(documents)
    named = documents["participant_id"].dropna() if "participant_id" in documents else pd.Series(dtype="str")
    known = [] if study.participants is None else list(study.participants["participant_id"])
    in_crosswalk = set() if study.crosswalk is None else set(study.crosswalk["participant_id"])
    alone = [one for document, one in person_of.items() if document == one and one in in_crosswalk]
    ids = tuple(dict.fromkeys([*known, *named, *alone]))
    variables: list[Variable] = []
    hidden: set[str] = set()
    if study.participants is not None:
        traces = set() if study.crosswalk is None else set(study.crosswalk["customer_id"].dropna())
        hidden = {
            column for column in study.participants if study.participants[column].astype("str").isin(traces).any()
        }
        own = [column for column in study.participants if column not in {"participant_id", *hidden}]
        variables += variables_of(study.participants, "participant_id", own)
    consent = _consent(study.crosswalk, set(ids))
    linked, notes = linked_variables(study, ids, seed)
    if hidden:
        notes = [*notes, f"not written, since they hold customers' ids: {listing(sorted(hidden))}"]
    everybody = set(ids)
    return People(
        ids,
        {str(document): one for document, one in person_of.items() if one in everybody},
        tuple(_with_own_names([*variables, *consent, *linked])),
        tuple(notes),
        sum(not consent[0].values.get(one, False) for one in ids) if consent else None,
    )


def _consent(crosswalk: pd.DataFrame | None, ids: set[str]) -> list[Variable]:
    """What each person agreed to; of several rows all must say so."""
    if crosswalk is None:
        return []
    rows = crosswalk[crosswalk["participant_id"].isin(ids)]
    return [
        Variable(
            name, "Boolean", {str(one): bool(agreed) for one, agreed in rows.groupby("participant_id")[column].all().items()},
            description,
        )
        for name, column, description in (
            (QUOTES, "consent_quotes", "Whether the person agreed to be quoted."),
            (LINKING, "consent_linkage", "Whether the person agreed that interview and behaviour are linked."),
        )
    ]  # fmt: skip


def _with_own_names(variables: list[Variable]) -> list[Variable]:
    """Number the names that come again, since programs tell variables apart by name."""
    taken: dict[str, int] = {}
    found = []
    for variable in variables:
        key = variable.name.casefold()
        taken[key] = taken.get(key, 0) + 1
        again = f"{variable.name} ({taken[key]})" if taken[key] > 1 else variable.name
        found.append(dataclasses.replace(variable, name=again))
    return found
