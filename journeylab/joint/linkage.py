"""How many of the interviewed people can be linked to their traces, and with what consent?"""

from __future__ import annotations

import dataclasses

import pandas as pd

from journeylab import text
from journeylab.intervals import wilson
from journeylab.results import Result
from journeylab.study import Study


@dataclasses.dataclass(frozen=True)
class Linkage(Result):
    """Linkage and consent.

    Attributes
    ----------
    table : DataFrame
        what, n, of, share, ci_low, ci_high (Wilson).
    withdrawn : int
        People who withdrew; they are in none of the other counts.
    """

    withdrawn: int

    def summary(self) -> str:
        """Say how many people are linked and quotable, and how many withdrew."""
        if self.table.empty:
            return "Nobody is linked: the study has no crosswalk between what was said and what was done."
        parts = [f"{row.what}: {row.n} of {row.of} ({text.percent(row.share, 0)})" for row in self.table.itertuples()]
        gone = f" {self.withdrawn} more withdrew, and their words and traces are not used." if self.withdrawn else ""
        return "; ".join(parts) + "." + gone


def linkage(study: Study) -> Linkage:
    """Count who is linked and who may be quoted; people who withdrew are counted apart and used nowhere."""
    columns = ["what", "n", "of", "share", "ci_low", "ci_high"]
    rows: list[tuple[object, ...]] = []
    crosswalk = study.crosswalk
    if crosswalk is not None and len(crosswalk):
        people = crosswalk.drop_duplicates("participant_id")
        of = len(people)
        linked = people["consent_linkage"].astype(bool)
        counts = {
            "agreed to linking words and traces": int(linked.sum()),
            "agreed to being quoted": int(people["consent_quotes"].astype(bool).sum()),
        }
        if study.events is not None:
            seen = people["customer_id"].isin(set(study.events["customer_id"]))
            counts["agreed to linking and have events"] = int((linked & seen).sum())
        rows = [(what, n, of, *wilson(n, of)) for what, n in counts.items()]
    return Linkage(
        pd.DataFrame(rows, columns=columns),
        "Counts with Wilson intervals",
        ("People who agree to linkage may differ from those who do not.",),
        len(study.withdrawn_participants),
    )
