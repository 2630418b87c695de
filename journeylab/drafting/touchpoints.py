"""Rules for [[touchpoints]] and an outcome, drafted from the raw names of events."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Sequence

import pandas as pd

from journeylab import text
from journeylab.config import DEFAULT_STAGES, Touchpoint
from journeylab.drafting.shapes import MANY, Shape, expression, patterns, shapes_of
from journeylab.drafting.stages import guess_stage
from journeylab.drafting.toml import numbered, quoted, quoted_all, remark
from journeylab.naming import name_touchpoints

MOST_RULES = 40
"""More rules nobody reads; names on which a stage is told may be `MOST_STAGED`."""

MOST_STAGED = 60
SHARE = 0.99
"""The most frequent kinds get a rule of their own until so many events have one."""

EXAMPLES = 3
LONGEST_NAME = 60
REST = "everything else"
WON = ("thank", "thanks", "thankyou", "confirmation", "confirmed", "success", "placed", "purchase", "purchased", "danke",
       "bestellt", "receipt")  # fmt: skip
"""Words of names that customers meet once they have ordered, and not on the way."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """One drafted rule.

    Attributes
    ----------
    match : tuple of str
    name : str
    stage : str or None
    because : str
        The word that the stage is guessed from.
    n, customers : int
        Events and customers that the rule, after those before it, matches.
    examples : tuple of str
        Raw names.
    n_names : int
        Raw names that the rule matches.
    """

    match: tuple[str, ...]
    name: str
    stage: str | None = None
    because: str = ""
    n: int = 0
    customers: int = 0
    examples: tuple[str, ...] = ()
    n_names: int = 0


@dataclasses.dataclass(frozen=True)
class Draft:
    """Drafted rules, in the order in which they have to stand, and the rule whose touchpoint looks like the outcome."""

    rules: tuple[Rule, ...]
    outcome: Rule | None
    n_names: int
    n_events: int
    n_customers: int

    def summary(self) -> str:
        """Say how many names became how many rules, and what is left to a person."""
        loose = [rule for rule in self.rules if rule.stage is None]
        return (
            f"{numbered(self.n_names, 'raw name')} became {numbered(len(self.rules), 'rule')} of [[touchpoints]]; "
            f"the stages of {len(self.rules) - len(loose)} are guessed from words, those of {len(loose)} are left to you."
        )


def draft_touchpoints(events: pd.DataFrame) -> Draft:
    """Draft rules for raw names.

    Parameters
    ----------
    events : DataFrame
        customer_id, touchpoint.
    """
    counts = {str(name): int(n) for name, n in events["touchpoint"].value_counts().items()}
    shapes = shapes_of(counts)
    groups: dict[Shape, list[str]] = collections.defaultdict(list)
    for name in counts:  # most frequent first
        groups[shapes[name]].append(name)
    kept = _chosen(groups, counts)
    rules = _named(_disjoint(kept, groups, list(counts)))
    if len(kept) < len(groups) or len(_matched([one for rule in rules for one in rule.match], list(counts))) < len(
        counts
    ):
        rules.append(Rule(("*",), REST))
    counted = _counted(rules, events, counts)
    return Draft(tuple(counted), _outcome(counted), len(counts), len(events), events["customer_id"].nunique())


def _chosen(groups: dict[Shape, list[str]], counts: dict[str, int]) -> list[Shape]:
    """The shapes that get a rule: those of most events, and those on which a stage is told; wildcards stand last."""
    sizes = {shape: sum(counts[name] for name in names) for shape, names in groups.items()}
    total, covered = sum(sizes.values()), 0
    kept: list[Shape] = []
    for shape in sorted(sizes, key=lambda shape: -sizes[shape]):
        frequent = covered < SHARE * total and len(kept) < MOST_RULES
        if frequent or (guess_stage(shape.words) and len(kept) < MOST_STAGED):
            kept.append(shape)
            covered += sizes[shape]
    return sorted(kept, key=lambda shape: (not shape.lettered, shape.wild, -shape.literal))


def _disjoint(kept: list[Shape], groups: dict[Shape, list[str]], names: list[str]) -> list[tuple[Shape, list[str]]]:
    """The patterns of each shape; a glob that takes names of a later one becomes a regular expression."""
    own = {name: place for place, shape in enumerate(kept) for name in groups[shape]}
    free = [name for name in names if name in own]
    found = []
    for place, shape in enumerate(kept):
        globs = (
            patterns(shape, groups[shape])
            if shape.lettered or not shape.address
            else [expression(shape, groups[shape])]
        )
        matched = _matched(globs, free)
        if any(own[name] > place for name in matched) or not set(groups[shape]) & set(free) <= set(matched):
            globs = [expression(shape, groups[shape])]
            matched = _matched(globs, free)
            missed = [name for name in free if own[name] == place and name not in set(matched)]
            globs += ["re:" + re.escape(name) for name in missed[:MANY]]  # such as one whose small letters are others
            matched += missed[:MANY]
        found.append((shape, globs))
        gone = set(matched)
        free = [name for name in free if name not in gone]
    return found


def _matched(globs: list[str], names: list[str]) -> list[str]:
    frame = name_touchpoints(names, [Touchpoint(match=globs)])
    return list(frame.loc[frame["matched"].astype(bool), "raw"])


def _named(found: list[tuple[Shape, list[str]]]) -> list[Rule]:
    """Rules with a readable name each; no two have the same."""
    taken: set[str] = {REST}
    rules = []
    for shape, globs in found:
        name = _readable(shape)
        if name in taken:
            name = f"{name} ({'one of many' if shape.wild else 'overview'})"
        number, first = 2, name
        while name in taken:
            name, number = f"{first} {number}", number + 1
        taken.add(name)
        stage, word = guess_stage(shape.words) or (None, "")
        if stage is None and name == "home page":
            stage, word = "awareness", "home"
        rules.append(Rule(tuple(globs), name, stage, word))
    return rules


def _readable(shape: Shape) -> str:
    """A name that reads like words: ``/product/*`` is a product page, ``add_to_cart`` is add to cart."""
    if not shape.address:
        plain = " ".join(re.sub(r"[_*]+|(?<=\w)[-.:/](?=\w)", " ", shape.segments[0]).split())
        return remark(plain, LONGEST_NAME) or "number"
    words = shape.words[-4:]
    if not words:
        return "page with a number" if shape.wild else "home page"
    return remark(" ".join([*words, *(() if words[-1] == "page" else ("page",))]), LONGEST_NAME)


def _counted(rules: list[Rule], events: pd.DataFrame, counts: dict[str, int]) -> list[Rule]:
    """What each rule matches once they stand in a study; rules that match nothing are taken out."""
    named = name_touchpoints(list(counts), [Touchpoint(match=list(rule.match), name=rule.name) for rule in rules])
    of_raw = dict(zip(named["raw"], named["touchpoint"], strict=True))
    touchpoint = events["touchpoint"].map(of_raw)
    customers = events["customer_id"].groupby(touchpoint).nunique()
    names: dict[str, list[str]] = collections.defaultdict(list)
    for raw in counts:
        names[of_raw[raw]].append(raw)
    return [
        dataclasses.replace(
            rule,
            n=sum(counts[raw] for raw in names[rule.name]),
            customers=int(customers[rule.name]),
            examples=tuple(dict.fromkeys(_short(raw) for raw in names[rule.name][: 10 * EXAMPLES]))[:EXAMPLES],
            n_names=len(names[rule.name]),
        )
        for rule in rules
        if rule.name in names
    ]


def _short(raw: str) -> str:
    """A raw name without what stands after ``?``: nobody needs it to know the page, and it may name a person."""
    page, sign, _ = raw.partition("?")
    return f"{page}?…" if sign else raw


def _outcome(rules: Sequence[Rule]) -> Rule | None:
    """The rule that most looks like an order that was placed: one that says it is done, and of these the most met."""
    bought = [rule for rule in rules if rule.stage == "purchase"]
    return max(bought, key=lambda rule: (bool(set(WON) & set(rule.name.lower().split())), rule.customers), default=None)


def touchpoints_toml(draft: Draft) -> str:
    """The sections [[touchpoints]], with counts and what is a guess in comments."""
    lines = [
        "# How raw events are called on the journey; the first match wins and * stands for any text.",
        f"# Drafted from {text.count(draft.n_events)} events with {numbered(draft.n_names, 'raw name')}. "
        "Read each: names and stages are yours to decide.",
    ]
    if any(match.startswith("re:") for rule in draft.rules for match in rule.match):
        lines.append("# What begins with re: is a regular expression, where * would have matched other names as well.")
    for rule in draft.rules:
        some = ", ".join(remark(example, 60) for example in rule.examples)
        more = f" and more: {text.count(rule.n_names)} names" if rule.n_names > len(rule.examples) else ""
        lines += [
            "",
            f"# {text.count(rule.n)} events of {numbered(rule.customers, 'customer')}: {some}{more}",
            "[[touchpoints]]",
            f"match = {quoted_all(rule.match)}",
            f"name = {quoted(rule.name)}",
        ]
        if rule.stage is not None:
            lines.append(f"stage = {quoted(rule.stage)}  # a guess, from the word '{rule.because}'")
        elif rule.match == ("*",):
            lines.append(
                '# rare names, gathered; give those that matter a rule above, or leave all out with "drop = true"'
            )
        else:
            lines.append(f"# stage = {quoted(DEFAULT_STAGES[1])}  # which one? {', '.join(DEFAULT_STAGES)}")
    return "\n".join(lines) + "\n"


def outcome_toml(draft: Draft) -> str:
    """The section [[outcomes]], a guess; a comment where no name looks like one."""
    head = "# What counts as success; the first is the main outcome.\n"
    if draft.outcome is None:
        return (
            f"{head}# No raw name looks like an order or a purchase: name the touchpoint that is one.\n"
            '# [[outcomes]]\n# name = "order"\n# touchpoint = "order placed"\n'
        )
    rule = draft.outcome
    share = text.percent(rule.customers / draft.n_customers) if draft.n_customers else "none"
    return (
        f"{head}# A guess: {text.count(rule.customers)} of {numbered(draft.n_customers, 'customer')} "
        f"({share}) met it. Is that what a customer who ordered meets, and nobody else?\n"
        f'[[outcomes]]\nname = "order"\ntouchpoint = {quoted(rule.name)}\n'
    )
