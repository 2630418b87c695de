"""Are the codes placed on the journey? Where they are not, nothing there can be told from silence."""

from __future__ import annotations

import dataclasses

from journeylab import text
from journeylab.study import Study

NOT_PLACED = "not placed"
"""What the voice says where no code that was used has a place: nobody can be heard there, nor be silent."""


@dataclasses.dataclass(frozen=True)
class Placing:
    """How many of the codes that were used have a place on the journey.

    Attributes
    ----------
    level : str
        ``stage`` or ``touchpoint``.
    n_codes, n_placed : int
        Codes that were put on some passage, and those of them with a place.
    n_pains : int
        Codings of pains by codes without a place.
    """

    level: str
    n_codes: int
    n_placed: int
    n_pains: int

    @property
    def none(self) -> bool:
        """Whether there are codes, and none has a place."""
        return self.n_codes > 0 and self.n_placed == 0

    @property
    def loose(self) -> str:
        """How many codes have a place, and what stands nowhere; empty where all have one."""
        if self.n_placed == self.n_codes:
            return ""
        have = (
            f"no code has a {self.level}"
            if self.none
            else f"{text.count(self.n_placed)} of {text.count(self.n_codes)} codes have a {self.level}"
        )
        if not self.n_pains:
            return have
        stands = "1 pain coding stands" if self.n_pains == 1 else f"{text.count(self.n_pains)} pain codings stand"
        return f"{have}; {stands} {'nowhere' if self.level == 'stage' else f'at no {self.level}'}"

    def sentence(self) -> str:
        """Say that the codes are not placed, and how to place them; empty where all are."""
        if not self.loose:
            return ""
        where = "placed on the journey" if self.level == "stage" else f"tied to a {self.level}"
        head = f"The codes are not {where}" if self.none else f"Not all codes are {where}"
        return f"{head}: {self.loose}. Add {self.level} to [[codes]] or the codebook."


def placing(study: Study, level: str = "stage") -> Placing:
    """Count the codes with and without a place.

    Parameters
    ----------
    study : Study
    level : str
        ``stage`` or ``touchpoint``.
    """
    if not study.has("codings", "codes", "documents") or study.codings is None or study.codes is None:
        return Placing(level, 0, 0, 0)
    codings = study.codings.drop_duplicates(["segment_id", "code_id"])
    used = study.codes[study.codes["code_id"].isin(codings["code_id"])]
    without = used[used[level].isna()]
    pains = without.loc[without["valence"] < 0, "code_id"]
    return Placing(level, len(used), len(used) - len(without), int(codings["code_id"].isin(pains).sum()))
