"""Rules for [[touchpoints]] and an outcome, drafted from the raw names of events."""

from __future__ import annotations

import collections
import dataclasses
import math
import re
from collections.abc import Sequence

import pandas as pd

from journeylab import new, text
from journeylab.config import Touchpoint
from journeylab.drafting.journey import Plan
from journeylab.drafting.order import after_outcome, inseparable
from journeylab.drafting.shapes import MANY, Shape, expression, patterns, shapes_of
from journeylab.drafting.stages import HELP, REVIEWS, TELLING, guess_stage
from journeylab.drafting.toml import numbered, quoted, quoted_all, remark
from journeylab.naming import name_touchpoints

MOST_RULES = 40
"""More rules nobody reads; names on which a stage is told may be `MOST_STAGED`."""

MOST_STAGED = 60
MOST_TELLING = 20
"""Rare names that tell of trouble get a rule of their own, so many of them."""

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
        What the stage is guessed from.
    kind : str or None
        Which of the five stages its words speak of.
    n, customers : int
        Events and customers that the rule, after those before it, matches.
    examples : tuple of str
        Raw names.
    n_names : int
        Raw names that the rule matches.
    words : tuple of str
    together : str
        Of a page that always comes with the page above it: a remark that says so.
    """

    match: tuple[str, ...]
    name: str
    stage: str | None = None
    because: str = ""
    n: int = 0
    customers: int = 0
    examples: tuple[str, ...] = ()
    n_names: int = 0
    words: tuple[str, ...] = ()
    kind: str | None = None
    together: str = ""


@dataclasses.dataclass(frozen=True)
class Draft:
    """Drafted rules, in the order in which they have to stand, and the rule whose touchpoint looks like the outcome."""

    rules: tuple[Rule, ...]
    outcome: Rule | None
    n_names: int
    n_events: int
    n_customers: int
    plan: Plan = dataclasses.field(default_factory=Plan)

    def summary(self) -> str:
        """Say how many names became how many rules, and what is left to a person."""
        loose = [rule for rule in self.rules if rule.stage is None]
        return (
            f"{numbered(self.n_names, 'raw name')} became {numbered(len(self.rules), 'rule')} of [[touchpoints]]; "
            f"the stages of {len(self.rules) - len(loose)} are guessed from words, those of {len(loose)} are left to you."
        )


def draft_touchpoints(events: pd.DataFrame, plan: Plan | None = None) -> Draft:
    """Draft rules for raw names.

    Parameters
    ----------
    events : DataFrame
        customer_id, touchpoint; and event_time, where it is known: the order tells whether help was asked for before or after.
    plan : Plan, optional
        The stages; without it the five of the literature.
    """
    plan = plan or Plan()
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
    named = events.assign(name=_names(rules, events, counts))
    counted = _counted(rules, named, counts)
    outcome = _outcome(counted)
    placed = [_placed(rule, plan, late) for late in [_late(named, outcome)] for rule in counted]
    found = _outcome(placed)
    return Draft(tuple(_paired(placed, named)), found, len(counts), len(events), events["customer_id"].nunique(), plan)


def _chosen(groups: dict[Shape, list[str]], counts: dict[str, int]) -> list[Shape]:
    """The shapes that get a rule: those of most events, those on which a stage is told, and those that tell of trouble."""
    sizes = {shape: sum(counts[name] for name in names) for shape, names in groups.items()}
    total, covered = sum(sizes.values()), 0
    kept: list[Shape] = []
    for shape in sorted(sizes, key=lambda shape: -sizes[shape]):
        frequent = covered < SHARE * total and len(kept) < MOST_RULES
        if frequent or (guess_stage(shape.words) and len(kept) < MOST_STAGED):
            kept.append(shape)
            covered += sizes[shape]
    telling = [shape for shape in sorted(sizes, key=lambda shape: -sizes[shape]) if TELLING & set(shape.words)]
    kept += [shape for shape in telling if shape not in kept][:MOST_TELLING]
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
        kind, word = guess_stage(shape.words) or (None, "")
        if kind is None and name == "home page":
            kind, word = "awareness", "home"
        rules.append(Rule(tuple(globs), name, kind=kind, because=word, words=tuple(shape.words)))
    return rules


def _readable(shape: Shape) -> str:
    """A name that reads like words: ``/product/*`` is a product page, ``add_to_cart`` is add to cart."""
    if not shape.address:
        plain = " ".join(re.sub(r"[_*]+|(?<=\w)[-.:/](?=\w)", " ", shape.segments[0]).split())
        return remark(plain, LONGEST_NAME) or "number"
    words = shape.names[-4:]
    if not words:
        return "page with a number" if shape.wild else "home page"
    return remark(" ".join([*words, *(() if words[-1] == "page" else ("page",))]), LONGEST_NAME)


def _names(rules: list[Rule], events: pd.DataFrame, counts: dict[str, int]) -> pd.Series:
    """The name of each event once the rules stand in a study."""
    named = name_touchpoints(list(counts), [Touchpoint(match=list(rule.match), name=rule.name) for rule in rules])
    return events["touchpoint"].map(dict(zip(named["raw"], named["touchpoint"], strict=True)))


def _counted(rules: list[Rule], events: pd.DataFrame, counts: dict[str, int]) -> list[Rule]:
    """What each rule matches; rules that match nothing are taken out."""
    customers = events["customer_id"].groupby(events["name"]).nunique()
    of_raw = events.drop_duplicates("touchpoint").set_index("touchpoint")["name"]
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


def _late(events: pd.DataFrame, outcome: Rule | None) -> dict[str, float] | None:
    """The share of each name's events that come after the outcome; None where the order is not known."""
    if outcome is None or "event_time" not in events or events["event_time"].isna().all():
        return None
    return after_outcome(events, outcome.name)


def _placed(rule: Rule, plan: Plan, late: dict[str, float] | None) -> Rule:
    """A rule on its stage: reviews and help stand where the order of events puts them, others where their words do."""
    kind, because = rule.kind, f"from the word '{rule.because}'"
    if kind == "evaluation" and rule.because in REVIEWS | HELP:
        share = None if late is None else late.get(rule.name, 0.0)
        if share is not None and share >= 0.5:
            because += f": {text.percent(share, 0)} of it comes after the outcome"
        elif rule.because in HELP:
            kind = None
        elif share is not None:
            kind, because = (
                "consideration",
                because + f": {text.percent(1 - share, 0)} of it comes before the outcome, or without it",
            )
    found = plan.place(rule.words, kind, rule.because)
    if found is None:
        return dataclasses.replace(rule, kind=kind, stage=None)
    because = because if found[1] == rule.because else f"from the word '{found[1]}'"
    return dataclasses.replace(rule, kind=kind, stage=found[0], because=because)


def _paired(rules: list[Rule], events: pd.DataFrame) -> list[Rule]:
    """The rules, with a remark on each page that always comes with the page above it."""
    raw = {str(name): str(first) for name, first in events.groupby("name")["touchpoint"].first().items()}
    raw.pop(REST, None)
    found = inseparable(events, raw)
    return [dataclasses.replace(rule, together=_together(*found.get(rule.name, ("", 0)))) for rule in rules]


def _together(above: str, n: int) -> str:
    if not above:
        return ""
    whom = numbered(n, "customer")
    return f"always comes with '{above}', as often for each of {whom}: if both are one step, give both one name"


def _short(raw: str) -> str:
    """A raw name without what stands after ``?``: nobody needs it to know the page, and it may name a person."""
    page, sign, _ = raw.partition("?")
    return f"{page}?…" if sign else raw


def _outcome(rules: Sequence[Rule]) -> Rule | None:
    """The rule that most looks like an order that was placed: one that says it is done, and of these the most met."""
    bought = [rule for rule in rules if rule.kind == "purchase"]
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
        if rule.together:
            lines.insert(-3, f"# {remark(rule.together)}")
        if rule.stage is not None:
            lines.append(f"stage = {quoted(rule.stage)}  # a guess, {remark(rule.because)}")
        elif rule.match == ("*",):
            lines.append(
                '# rare names, gathered; give those that matter a rule above, or leave all out with "drop = true"'
            )
        else:
            lines.append(
                f"# stage = {quoted(draft.plan.stages[len(draft.plan.stages) > 1])}  # which one? {draft.plan.choice()}"
            )
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


def goal_toml(draft: Draft) -> str:
    """The section [goals.order] for the drafted outcome, held at what it is today; a comment without an outcome."""
    if draft.outcome is None or not draft.n_customers:
        return new.GOALS
    share = draft.outcome.customers / draft.n_customers
    return (
        "# What a run is held against, and `journeylab compare` watches. The target is what is so today: write what you aim for.\n"
        '[goals.order]\nkpi = "share of customers who order, not less than when the study was drafted"\n'
        f"target = {math.floor(1000 * share) / 1000:.3f}                      # today {text.percent(share)}\n"
        'outcome = "order"\n# by = 2027-06-30\n'
    )
