"""What could the rules of a run see? A rule that could judge nothing is no all-clear."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pandas as pd

from journeylab import text
from journeylab.comparing.judged import tell_judged
from journeylab.config import Alert

TIMED = {"kpi_worse": "KPI", "outcome_worse": "outcome", "drop_off_worse": "funnel"}
"""Rules on what customers do within a fixed time, and the kind of figure."""

ALONE = "kpi_below_goal"
"""The rule that needs no earlier run."""


@dataclasses.dataclass(frozen=True)
class Watch:
    """What the rules could see.

    Attributes
    ----------
    table : DataFrame
        when, of (empty for all), looked (figures, codes and verdicts that the rule looked at), judged (whether it could say
        anything of what is new), reason. A row a rule.
    judged : DataFrame
        Of `journeylab.comparing.judged.judge`, the figures that the rules look at.
    """

    table: pd.DataFrame
    judged: pd.DataFrame

    @property
    def blind(self) -> bool:
        """Whether no rule could judge anything of what is new."""
        return bool(len(self.table)) and not self.table["judged"].any()

    @property
    def waiting(self) -> bool:
        """Whether customers came since and a rule that watches customers could judge none of them."""
        return bool((self.table["reason"] == TOO_NEW).any())

    def lines(self) -> list[str]:
        """What could not be judged, and how many of the customers who came since could; a sentence each."""
        lines = tell_judged(self.judged)
        for reason in dict.fromkeys(self.table.loc[~self.table["judged"], "reason"]):
            if reason == TOO_NEW:
                continue  # said with the numbers of customers
            rules = self.table[~self.table["judged"] & (self.table["reason"] == reason)]
            named = [f"'{row.when}'{f' of {row.of!r}' if row.of else ''}" for row in rules.itertuples(index=False)]
            lines.append(f"Not judged yet by {text.sentence_list(named)}: {reason}.")
        return lines


TOO_NEW = "none of the customers who came since was seen for long enough"
FIRST = "there is no earlier good run to hold this one against"
FIRST_PUBLIC = (
    "this is the first public run, which is held against public ones only; internal runs have their own alerts"
)
NOTHING = "nothing that it looks at is in both runs with new data"


def watch(rules: Sequence[Alert], looked: Sequence[int], judged: pd.DataFrame, *, first: str = "") -> Watch:
    """Say what each rule could see.

    Parameters
    ----------
    rules : sequence of Alert
    looked : sequence of int
        How many figures, codes and verdicts each looked at.
    judged : DataFrame
        Of `journeylab.comparing.judged.judge`.
    first : str
        Why there is no earlier run; empty where there is one.
    """
    rows, used = [], [judged[:0]]
    for rule, n in zip(rules, looked, strict=True):
        reason = "" if n else NOTHING if rule.when == ALONE else first or NOTHING
        if rule.when in TIMED:
            kind = TIMED[rule.when]
            mine = judged[[row.kind == kind and meant(rule, row.name) for row in judged.itertuples(index=False)]]
            used.append(mine)
            if len(mine) and not mine["judged"].any():
                reason = TOO_NEW
        rows.append((rule.when, rule.of or "", n, not reason, reason))
    table = pd.DataFrame(rows, columns=["when", "of", "looked", "judged", "reason"]).astype({"judged": bool})
    return Watch(table, pd.concat(used).drop_duplicates(["kind", "name"]))


def meant(rule: Alert, name: str) -> bool:
    """Whether a rule speaks of this figure, code or touchpoint: by name, or by how it begins."""
    wanted = rule.of.replace("_", " ") if rule.of and rule.when.startswith("kpi") else rule.of
    return (
        wanted is None
        or name == wanted
        or name.startswith((f"{wanted} to ", f"{wanted}/", f"{wanted}, ", f"{wanted}: "))
    )
