"""The stages that a draft proposes: those that the quotes speak of, else the five of the literature."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from journeylab.config import DEFAULT_STAGES
from journeylab.drafting.stages import STAGE_OF, guess_stage, words_of
from journeylab.drafting.toml import quoted, remark

MOST_STAGES = 8
"""More different words in the quotes are no stages, but mapped to those proposed."""

LONGEST_STAGE = 40

MEANINGS = {
    "awareness": "awareness aware discovery discover discovering attention orientation orienting inspiration interest",
    "consideration": "consideration considering choosing choose research researching exploring explore evaluating selection "
    "pricing price comparing",
    "decision": "decision deciding decide payment paying pay checkout",
    "purchase": "purchase purchasing buying buy ordering enrolment enrollment enrolling registration booking signup",
    "evaluation": "evaluation learning using use usage onboarding service loyalty retention advocacy renewal after aftersales",
}
"""Words of a stage's name, by which of the five it is like."""

MEANING_OF = {word: stage for stage, words in MEANINGS.items() for word in words.split()}

LIKE = {"purchase": "decision", "decision": "purchase"}
"""Where a journey has no stage of the one kind, what belongs there stands on the other."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """The stages of a draft.

    Attributes
    ----------
    stages : tuple of str
        In order.
    said : mapping of str to str
        A word of the quotes, in small letters, to its stage; words that have none are not in it.
    alike : mapping of str to str
        One of the five to the stage of this draft that is like it.
    told : str
        What the stages rest on, for a comment.
    """

    stages: tuple[str, ...] = DEFAULT_STAGES
    said: Mapping[str, str] = dataclasses.field(default_factory=lambda: {stage: stage for stage in DEFAULT_STAGES})
    alike: Mapping[str, str] = dataclasses.field(default_factory=lambda: {stage: stage for stage in DEFAULT_STAGES})
    told: str = "these are the five of the literature"

    @property
    def own(self) -> bool:
        """Whether the stages are not the five."""
        return self.stages != DEFAULT_STAGES

    def place(self, words: Sequence[str], kind: str | None, because: str) -> tuple[str, str] | None:
        """The stage of a name, and the word it is guessed from: one that names a stage, else the one of its kind."""
        named = {word: stage for stage in self.stages for word in words_of(stage)} if self.own else {}
        word = next((word for word in reversed(words) if word in named), None)
        if word is not None:
            return named[word], word
        stage = None if kind is None else self.alike.get(kind)
        return None if stage is None else (stage, because)

    def of_words(self, words: Sequence[str]) -> tuple[str, str] | None:
        """The stage that words speak of, see `place`."""
        kind, because = guess_stage(words) or (None, "")
        return self.place(words, kind, because)

    def choice(self) -> str:
        """The stages, to choose from."""
        return remark(", ".join(self.stages))

    def toml(self) -> str:
        """The sections [[stages]]."""
        lines = [f"# The stages of the journey, in order: {remark(self.told, 400)}. Rename, remove or add your own."]
        for stage in self.stages:
            lines += ["[[stages]]", f"name = {quoted(stage)}", '# goal = "what the customer wants here"']
        return "\n".join(lines) + "\n"


def plan_stages(words: Iterable[str]) -> Plan:
    """Propose stages from the words that stand in the quotes' own column.

    Parameters
    ----------
    words : iterable of str
        As they stand in the file, row by row.

    Notes
    -----
    Two to eight words that are not among the five become the stages. They stand in the order of the journey where each is like
    one of the five by its words, else in that of their first appearance. Otherwise words are mapped to the five.
    """
    first: dict[str, str] = {}
    for word in words:
        if word.strip():
            first.setdefault(word.strip().lower(), word.strip())
    kinds = {low: meaning(low) for low in first}
    strange = [low for low in first if low not in DEFAULT_STAGES]
    if not strange:
        return Plan()
    few = 2 <= len(first) <= MOST_STAGES and max(map(len, first)) <= LONGEST_STAGE
    if not few:
        said = {low: kind for low, kind in kinds.items() if kind is not None}
        mapped = [f"'{first[low]}' is read as {said[low]}" for low in strange if low in said]
        told = f"the five of the literature; of your quotes {', '.join(mapped)}" if mapped else Plan().told
        return Plan(said={**Plan().said, **said}, told=told)
    known = all(kind is not None for kind in kinds.values())
    order = sorted(first, key=lambda low: DEFAULT_STAGES.index(kinds[low] or "")) if known else list(first)
    alike: dict[str, str] = {}
    for low in order:
        if kinds[low] is not None:
            alike.setdefault(str(kinds[low]), first[low])
    alike |= {kind: alike[other] for kind, other in LIKE.items() if kind not in alike and other in alike}
    told = "these are those of your quotes, " + (
        f"put in order by their words (your file has them as {', '.join(first.values())}): check the order"
        if known and order != list(first)
        else "in the order in which your file has them: put them in the order of the journey"
    )
    return Plan(tuple(first[low] for low in order), first, alike, told)


def meaning(name: str) -> str | None:
    """Which of the five a stage is like by its words; None where no word tells.

    Examples
    --------
    >>> meaning("Choosing a course"), meaning("phase 2")
    ('consideration', None)
    """
    words = words_of(name)
    return next((found for word in words if (found := MEANING_OF.get(word) or STAGE_OF.get(word))), None)
