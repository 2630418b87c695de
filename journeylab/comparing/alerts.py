"""What should somebody be told of after a run? Rules of study.toml, held against the last good run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.comparing.compare import counts, overlaps_of, pairs, since_of
from journeylab.comparing.difference import another_time, difference
from journeylab.comparing.judged import judge
from journeylab.comparing.reading import Reading, read_run, side
from journeylab.comparing.telling import amount, tell
from journeylab.comparing.watch import FIRST, FIRST_PUBLIC, TIMED, Watch, meant, watch
from journeylab.config import Alert
from journeylab.errors import DataError
from journeylab.intervals import holm, normal_quantile
from journeylab.results import Result

FORMAT = "journeylab.alerts/1"
FILE = "alerts.json"

LEVEL = 0.002
"""Holm-adjusted p of an alert: where nothing changes, one weekly run in 500 (about ten years) has a false alarm."""

METHOD = "Rules of study.toml; Holm over all that they look at"

WORSE = {**TIMED, "score_worse": "scores"}
"""Rules on figures that fell, and the kind of figure."""

FAILING = ("missed", "behind")
"""How a goal stands that is not met, whether or not it is due."""

JUDGED = ("verdict", "test", "change")
SURE = ("keep", "fix", "remove")

COLUMNS = ["when", "subject", "sentence", "before", "now", "difference", "ci_low", "ci_high", "p_value", "p_holm"]

Memory = dict[str, dict[str, Any]]
"""What later runs must know: ``below`` (goals that were told of), ``references`` (counts before a change that was told of),
``unseen`` (people interviewed before a code was first named), ``told`` (codes), ``verdicts`` (the last sure one)."""


@dataclasses.dataclass(frozen=True)
class Alerts(Result):
    """What fired.

    Attributes
    ----------
    table : DataFrame
        when (the rule), subject, sentence, before, now, difference, ci_low, ci_high, p_value, p_holm (over all that the rules
        looked at); a row an alert.
    tested : int
        How many figures, codes and verdicts the rules looked at.
    memory : dict
        See `Memory`.
    rules, judged : DataFrame
        What each rule could see, and how many of the customers who came since it could judge: see `Watch`.
    state : str
        ``fired``, ``none``, or ``not judged`` where no rule could judge anything of what is new.
    unseen : tuple of str
        What could not be judged yet, in words.
    waiting : bool
        Whether customers came since and a rule could judge none of them.
    """

    tested: int
    memory: Memory
    rules: pd.DataFrame
    judged: pd.DataFrame
    state: str
    unseen: tuple[str, ...]
    waiting: bool

    @property
    def looked_at(self) -> str:
        """At how much the rules looked, in words."""
        n = int(self.rules["looked"].sum())
        return f"{text.count(n)} {'figure was' if n == 1 else 'figures were'} looked at"

    def summary(self) -> str:
        """One line, as for a mail; never an all-clear where nothing could be judged."""
        noun = "alert" if len(self.table) == 1 else "alerts"
        parts = {
            "fired": f"{len(self.table)} {noun}: {' '.join(self.table['sentence'])}",
            "none": f"No alerts; {self.looked_at}.",
            "not judged": "Alerts are not judged yet.",
        }
        return " ".join([parts[self.state], *self.unseen])


@dataclasses.dataclass(frozen=True)
class Candidate:
    """Something a rule looks at: it fires if `bad`, and sure enough among all of them."""

    rule: Alert
    subject: str
    key: str
    p_value: float
    bad: bool
    sentence: str
    numbers: tuple[float, float, float, float, float] = (np.nan,) * 5
    reference: tuple[float, float] | None = None


def alert_run(
    folder: Path, last: Path | None, rules: Sequence[Alert], study: str, *, public: bool = False
) -> Alerts | None:
    """Hold a run against the last good one and write ``alerts.json`` into it; None for a study without rules.

    Parameters
    ----------
    folder, last : Path
        Of the run, which has its run.json and results, and of the last good one.
    rules : sequence of Alert
    study : str
        Its name.
    public : bool
        Whether the run is public, and so held against the last public one.
    """
    if not rules:
        return None
    against = None
    try:
        old = read_run(last) if last is not None else None
        against = old.name if old is not None else None
        found = raise_alerts(rules, old, read_run(folder), _memory(last / FILE if last is not None else None),
                             public=public)  # fmt: skip
    except (DataError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        # The report is whole; that nobody watched it must not go unnoticed.
        said = str(error) if isinstance(error, DataError) else f"a result is not what a run writes ({error!r})"
        row = ("not evaluated", study, f"The alerts could not be evaluated: {said}", *(np.nan,) * 7)
        found = _alerts(pd.DataFrame([row], columns=COLUMNS), (), 0, {}, watch([], [], judge(None, None, None)))
    content = {"format": FORMAT, "study": study, "against": against, "level": LEVEL, **json.loads(found.to_json())}
    (folder / FILE).write_text(
        json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    return found


def _memory(file: Path | None) -> Memory:
    """What the last run kept; nothing where it had no rules."""
    if file is None or not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        memory = content["memory"]
        return {str(part): dict(memory[part]) for part in memory}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{file}: cannot be read: {error!r}. Take the file away; standing alerts are then told anew."
        ) from None


def _alerts(table: pd.DataFrame, assumptions: tuple[str, ...], tested: int, kept: Memory, seen: Watch) -> Alerts:
    """Put together what fired and what could be seen."""
    state = "fired" if len(table) else "not judged" if seen.blind else "none"
    return Alerts(
        table, METHOD, assumptions, tested, kept, seen.table, seen.judged, state, tuple(seen.lines()), seen.waiting
    )


def raise_alerts(
    rules: Sequence[Alert], old: Reading | None, new: Reading, memory: Memory | None = None, *, public: bool = False
) -> Alerts:
    """Evaluate rules on a run.

    Parameters
    ----------
    rules : sequence of Alert
        ``[[alerts]]`` of study.toml.
    old, new : Reading
        The last good run, None for the first, and this one.
    memory : dict, optional
        Of the last run's `Alerts`.
    public : bool
        Whether the run is public.

    Notes
    -----
    An alert needs a Holm-adjusted p of at most `LEVEL` over everything the rules look at in this run. After a change was told
    of, what came before it is left out of the next comparisons, so that the new level is what later data are held against.
    """
    kept: Memory = {
        part: dict((memory or {}).get(part, {})) for part in ("below", "references", "unseen", "told", "verdicts")
    }
    found: dict[str, Candidate] = {}
    looked = []
    for rule in rules:
        makers = {"kpi_below_goal": _below, "new_pain_code": _new_codes, "verdict_changed": _verdicts}
        of_rule = list(makers.get(rule.when, _worse)(rule, old, new, kept))
        looked.append(len(of_rule) if rule.when != "new_pain_code" or old is None else _pains(rule, new))
        for candidate in of_rule:
            found.setdefault(candidate.key, candidate)
    candidates = list(found.values())
    adjusted = holm([candidate.p_value for candidate in candidates])
    rows = []
    for candidate, p_holm in zip(candidates, adjusted, strict=True):
        sure = bool(p_holm <= LEVEL)
        if _fires(candidate, sure, kept):
            row = (
                candidate.rule.when,
                candidate.subject,
                candidate.sentence,
                *candidate.numbers,
                candidate.p_value,
                p_holm,
            )
            rows.append(row)
    first = "" if old is not None else FIRST_PUBLIC if public else FIRST
    seen = watch(rules, looked, judge(old, new, overlaps_of(old, new)["customers"] if old else None), first=first)
    said = ("A rule that fires tells that something moved, not why.",)
    return _alerts(pd.DataFrame(rows, columns=COLUMNS), said, len(candidates), kept, seen)


def _fires(candidate: Candidate, sure: bool, kept: Memory) -> bool:
    """Whether a candidate is told, and what is remembered of it."""
    when, name = candidate.rule.when, candidate.subject
    now = candidate.bad and sure
    if when == "kpi_below_goal":
        standing = bool(kept["below"].get(name))
        # Told once; again only after the estimate was on the right side of the goal.
        kept["below"][name] = now or (standing and candidate.bad)
        return now and (candidate.rule.repeat or not standing)
    if when == "verdict_changed":
        word = candidate.key.rpartition("=")[2]
        known = kept["verdicts"].get(name)
        if sure and word in SURE:
            kept["verdicts"][name] = word
        return now and known is not None and known != word
    if not now:
        return False
    if when == "new_pain_code":
        kept["told"][name] = True
        kept["unseen"].pop(name, None)
    elif candidate.reference is not None and not candidate.rule.repeat:
        kept["references"][candidate.key] = list(candidate.reference)
    return True


def _below(rule: Alert, old: Reading | None, new: Reading, kept: Memory) -> Iterator[Candidate]:
    """KPIs whose whole interval is on the wrong side of the goal."""
    from scipy.special import ndtr

    earlier = {} if old is None else {str(row["goal"]): row["status"] for row in old.goals}
    for row in new.goals:
        name = str(row["goal"])
        if not meant(rule, name) or row["value"] is None or row["ci_low"] is None:
            continue
        kept["below"].setdefault(name, earlier.get(name) in FAILING)
        target, value = float(row["target"]), float(row["value"])
        figure = new.figures.get(("KPI", name))
        under = (value < target) != (figure is not None and figure.better == "lower")
        wrong = row["status"] in FAILING or (row["status"] == "open" and under)
        error = (float(row["ci_high"]) - float(row["ci_low"])) / (2 * normal_quantile())
        p = float(ndtr(-abs(value - target) / error)) if error > 0 else float(value == target)
        unit = "share" if row["unit"] == "share" else "number"
        style = "percent" if unit == "share" else "number"
        sentence = (
            f"KPI '{name}' misses its goal: {amount(value, unit, signed=False)} (95 % interval "
            f"{text.interval(row['ci_low'], row['ci_high'], style)}) against {amount(target, unit, signed=False)}."
        )
        numbers = (target, value, value - target, float(row["ci_low"]) - target, float(row["ci_high"]) - target)
        yield Candidate(rule, name, f"below|{name}", p, wrong, sentence, numbers)


def _worse(rule: Alert, old: Reading | None, new: Reading, kept: Memory) -> Iterator[Candidate]:
    """KPIs, steps or scores that are worse in what came since."""
    if old is None:
        return
    kind = WORSE[rule.when]
    for one, other in pairs(old, new):
        if other.kind != kind or not meant(rule, other.name) or not other.better:
            continue
        if not (one.settled and other.settled):
            continue  # counts that still ripen move by themselves
        key = f"{kind}|{other.name}"
        overlap = overlaps_of(old, new)[other.source]
        if another_time(one, other):
            kept["references"].pop(key, None)  # counts of another time
        found = difference(one, other, overlap, since=since_of(kept["references"], other))
        if np.isnan(found.p_value):
            continue
        bad = (found.value < 0) == (other.better == "higher") and found.value != 0
        row = _Told(kind, other.name, other.label, other.unit, found.value, found.low, found.high, found.new, found.before,
                    found.n_new, found.n_before, found.how, "worse")  # fmt: skip
        numbers = (found.before, found.new, found.value, found.low, found.high)
        yield Candidate(rule, other.name, key, found.p_value, bad, tell(row), numbers, counts(one))


@dataclasses.dataclass(frozen=True)
class _Told:
    """A difference as `tell` reads it."""

    kind: str
    name: str
    label: str
    unit: str
    difference: float
    ci_low: float
    ci_high: float
    new: float
    before: float
    n_new: float
    n_before: float
    how: str
    way: str


def _new_codes(rule: Alert, old: Reading | None, new: Reading, kept: Memory) -> Iterator[Candidate]:
    """Pains that nobody named before, and that enough people name now."""
    if old is None:
        return
    overlap = overlaps_of(old, new)["interviews"]
    people = max((float(row["n"]) for row in old.codes.values()), default=0.0)
    for path, row in new.codes.items():
        if row.get("rolled_up") or side(row) != "lower" or not meant(rule, path) or kept["told"].get(path):
            continue
        was = old.codes.get(path, {"k": 0, "n": people})
        if not was["k"]:
            kept["unseen"][path] = float(was["n"])
        if path not in kept["unseen"]:
            continue
        k, n, earlier = float(row["k"]), float(row["n"]), float(kept["unseen"][path])
        p = chance_unseen(k, n + (earlier if overlap.how == "apart" else 0.0), earlier) if k else np.nan
        least = rule.participants or 3
        sentence = (
            f"New pain: '{path}' is named by {text.share_of(int(k), int(n))}; nobody of the first {text.fixed(earlier, 0)} people "
            "asked named it."
        )
        share = k / n if n else np.nan
        numbers = (0.0, share, share, float(row["ci_low"] or 0.0), float(row["ci_high"] or 0.0))
        yield Candidate(rule, path, f"code|{path}", p, k > least, sentence, numbers)


def _pains(rule: Alert, new: Reading) -> int:
    """How many pains a rule watches: those that were named before are looked at too, and are no news."""
    return sum(
        not row.get("rolled_up") and side(row) == "lower" and meant(rule, path) for path, row in new.codes.items()
    )


def chance_unseen(k: float, n: float, first: float) -> float:
    """How likely it is that none of the k among n people are among the first: ``C(n - first, k) / C(n, k)``.

    Examples
    --------
    >>> round(chance_unseen(4, 48, 40), 5)
    0.00036
    """
    from scipy.special import gammaln

    if k > n - first:
        return 1.0  # earlier data were read otherwise: nothing can be said
    logs = gammaln(n - first + 1) - gammaln(n - first - k + 1) - gammaln(n + 1) + gammaln(n - k + 1)
    return float(np.exp(logs))


def _verdicts(rule: Alert, old: Reading | None, new: Reading, kept: Memory) -> Iterator[Candidate]:
    """Verdicts that are sure, and others than the last sure one of the same touchpoint, test or change."""
    if old is not None:
        before = [word for word in old.words.values() if word.kind in JUDGED]
        for word, p in zip(before, holm([word.p_value for word in before]), strict=True):
            sure = bool(p <= LEVEL) and word.word in SURE
            kept["verdicts"].setdefault(word.name, word.word if sure else "not known")
    for word in new.words.values():
        if word.kind in JUDGED and meant(rule, word.name):
            was = kept["verdicts"].setdefault(word.name, "not known" if old is not None else word.word)
            sentence = f"Verdict on '{word.name}': {word.word}, until now {was}."
            bad = word.word in SURE and word.word != was
            yield Candidate(rule, word.name, f"{word.kind}|{word.name}={word.word}", word.p_value, bad, sentence)
