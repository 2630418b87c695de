"""Sections [[codes]], drafted from the codes that were put on quotes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pandas as pd

from journeylab.drafting.journey import Plan
from journeylab.drafting.stages import guess_valence, words_of
from journeylab.drafting.toml import numbered, quoted, remark
from journeylab.readers.values import parse_numbers

MOST_CODES = 200


@dataclasses.dataclass(frozen=True)
class DraftedCode:
    """A code as the study will know it.

    Attributes
    ----------
    path : str
    n : int
        Codings.
    stage : str or None
    valence : float or None
    stage_from, valence_from : str
        What they rest on, or why there is none.
    """

    path: str
    n: int
    stage: str | None
    valence: float | None
    stage_from: str
    valence_from: str


def draft_codes(codes: Sequence[str], codings: pd.DataFrame, plan: Plan | None = None) -> list[DraftedCode]:
    """Draft where codes belong: by what the file says of each code, else by the words of its name.

    Parameters
    ----------
    codes : sequence of str
        Paths.
    codings : DataFrame
        code (path), and where the file has them stage and valence, as text.
    plan : Plan, optional
        The stages; without it the five of the literature.
    """
    plan = plan or Plan()
    found = []
    for path in codes:
        own = codings[codings["code"] == path]
        stage, stage_from = _stage(path, _said(own, "stage"), plan)
        valence, valence_from = _valence(path, _said(own, "valence"))
        found.append(DraftedCode(path, len(own), stage, valence, stage_from, valence_from))
    return sorted(found, key=lambda code: -code.n)


def codes_toml(codes: list[DraftedCode], plan: Plan | None = None) -> str:
    """The sections [[codes]] with counts and what each word rests on in comments."""
    stages = (plan or Plan()).stages
    lines = ["# Where a code belongs on the journey, and whether it is a pain (-1) or a gain (1)."]
    for code in codes[:MOST_CODES]:
        stage = quoted(code.stage or stages[len(stages) > 1])
        valence = f"{code.valence or 0:g}" if code.valence is not None else "-1"
        lines += [
            "",
            f"# {numbered(code.n, 'coding')}",
            "[[codes]]",
            f"path = {quoted(code.path)}",
            f"{'' if code.stage else '# '}stage = {stage}  # {remark(code.stage_from)}",
            f"{'' if code.valence is not None else '# '}valence = {valence}  # {remark(code.valence_from)}",
        ]
    if len(codes) > MOST_CODES:
        lines += [
            "",
            f"# and {numbered(len(codes) - MOST_CODES, 'code')} more, used less often; write them in a codebook file",
        ]
    return "\n".join(lines) + "\n"


def _said(own: pd.DataFrame, column: str) -> list[str]:
    """The different words of a column that the codings of one code have."""
    if column not in own:
        return []
    return [word for word in own[column].str.strip().unique() if word]


def _stage(path: str, said: list[str], plan: Plan) -> tuple[str | None, str]:
    alike = {word.lower() for word in said}
    if len(alike) == 1:
        stage = plan.said.get(said[0].lower())
        if stage is None:
            return None, f"your file says '{said[0]}'; add that to [[stages]] to use it, or choose {plan.choice()}"
        return stage, "as your file says" if stage.lower() == said[
            0
        ].lower() else f"your file says '{said[0]}', which is like it"
    if said:
        return (
            None,
            f"your file says {' and '.join(repr(word) for word in said[:4])} for this one code; choose one, or split it",
        )
    guessed = plan.of_words(_words(path))
    return (guessed[0], f"a guess, from the word '{guessed[1]}'") if guessed else (None, f"which one? {plan.choice()}")


def _valence(path: str, said: list[str]) -> tuple[float | None, str]:
    read = [_number(word) for word in said]
    if len(set(read)) == 1 and read[0] is not None:
        return read[0], "as your file says"
    if said:
        return (
            None,
            f"your file says {' and '.join(repr(word) for word in said[:4])}; choose from -1 (pain) to 1 (gain)",
        )
    guessed = guess_valence(path)
    return (guessed[0], f"a guess, from the word '{guessed[1]}'") if guessed else (None, "pain -1, gain 1, neither 0")


def _number(word: str) -> float | None:
    value = parse_numbers(pd.Series([word]))[0].iloc[0]
    if pd.notna(value):
        return float(value) if -1 <= value <= 1 else None
    guessed = guess_valence(word)
    return None if guessed is None else guessed[0]


def _words(path: str) -> list[str]:
    """The words of a code, the last level of its path first: it says most."""
    return [word for level in reversed(path.split("/")) for word in words_of(level)]
