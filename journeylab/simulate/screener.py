"""What customers of the simulated shop, and the interviewed people, answer when they are asked how they buy furniture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from journeylab.simulate import world
from journeylab.simulate.exports import write_csv

ANSWERED = 0.12
"""Share of customers who fill in the screener."""
USUAL = ("I look for what I know", "I read and compare", "I go to a store", "I wait for an offer")
"""The answer that fits each behaviour."""
FITTING = 0.70
"""Share of respondents who give the answer that fits their behaviour; the others choose at random."""
RECONTACT = 0.6
STATEMENTS = ("knows_before", "compares", "touches", "waits")
"""Agreement from 1 to 5; each behaviour agrees most with its own."""


def write_screener(raw: Path, people: pd.DataFrame, rng: np.random.Generator) -> None:
    """Write screener.csv: a tenth of the customers, and everybody in crosswalk.csv under their participant_id."""
    crosswalk = pd.read_csv(raw / "crosswalk.csv", dtype=str)
    behaviour = pd.Series(people["behaviour"].to_numpy(), index=people["customer_id"])
    asked = people.loc[rng.random(len(people)) < ANSWERED, "customer_id"]
    asked = asked[~asked.isin(crosswalk["customer_id"])]
    names = np.concatenate([crosswalk["participant_id"], asked])
    own = behaviour.loc[np.concatenate([crosswalk["customer_id"], asked])].to_numpy()
    n, kinds = len(names), len(world.BEHAVIOURS)
    usual = np.where(rng.random(n) < FITTING, own, rng.integers(0, kinds, n))
    columns = {"respondent_id": names, "usual_way": np.array(USUAL)[usual]}
    for number, statement in enumerate(STATEMENTS):
        agree = 2.6 + 1.3 * (own == number) + 1.1 * rng.standard_normal(n)
        columns[statement] = np.clip(np.rint(agree), 1, 5).astype(np.int64)
    columns["recontact"] = np.where(rng.random(n) < RECONTACT, "yes", "no")
    write_csv(pd.DataFrame(columns).sort_values("respondent_id", ignore_index=True), raw / "screener.csv")
