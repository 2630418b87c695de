"""Sentences that tell of too few people."""

from __future__ import annotations

import re
from functools import cache

from journeylab.intervals import wilson
from journeylab.release.grid import WHOLE, whole
from journeylab.release.judge import is_few
from journeylab.release.languages import few_in
from journeylab.release.words import tidy
from journeylab.text import interval

PEOPLE = (
    r"people|persons?|participants?|customers?|respondents?|visitors?|users?|members?|interviewees?|interviews?|documents?|"
    r"answers?|households?|patients?|employees?|clients?|guests?|women|men|buyers?|passengers?"
)
THINGS = (
    r"touchpoints|notebooks|codes|stages|steps|pairs|rows|columns|tables|behaviours|channels|tests|rules|goals|"
    r"files|sources|checks|criteria|measures|specifications|findings|hypotheses|items|weeks|days|months|years|scales|pages|"
    r"questions|experiments|outcomes|units|dimensions|segments|passages|verdicts|estimates|draws|splits|things|statements|"
    r"patterns|clusters|arms|platforms|systems|coders"
)
"""In the plural only: in the singular many are what people do ("3 of 46 test it")."""
DOES = (
    "codes|stages|steps|pairs|tests|rules|files|sources|checks|measures|items|scales|pages|questions|experiments|segments|estimates|"
    "draws|splits|tables|units|channels"
)
"""Which a single person does as well ("1 of 16 tests it")."""
AFTER = (
    r"(?=\s*(?:$|[.,;:!?)\]}”\"’'—–|/(]|(?:of|in|on|at|by|for|from|with|without|to|that|which|are|were|have|had|is|was|has|and|or|as|"
    r"than|under|over|after|before|between|per|do|did|can|could|may|must|will|hold|show|not|[a-z]{2,20}ed)\b))"
)
SPELT = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
BEYOND = (
    r"(?<!fewer than )(?<!less than )(?<!at least )(?<!more than )(?<!or more )(?<!up to )(?<!under )(?<!above )(?<!from )"
    r"(?<!minimum of )"
)
END = r"(?![\d.,]{0,3}\d)"
OF = re.compile(
    rf"(?<![\w.,/])({WHOLE.pattern}|{'|'.join(SPELT)})(?:(?:\s{{1,3}}\w{{1,30}})?\s{{1,3}}\(?(of|out of|in)\s{{1,3}}(?:the |all )?|"
    rf"\s?(/)\s?)({WHOLE.pattern})(?!/\d){END}",
    re.IGNORECASE,
)
THING = re.compile(rf"\s{{1,3}}({THINGS})\b{AFTER}", re.IGNORECASE)
PERSON = re.compile(rf"\s{{1,3}}(?:[a-z]{{1,30}} )?(?:{PEOPLE})\b", re.IGNORECASE)
COUNT = re.compile(
    rf"{BEYOND}(?<![\w.,+−-])({WHOLE.pattern}|{'|'.join(SPELT)}) (?:[a-z]{{1,30}} )?(?:{PEOPLE})\b(?! or (?:more|fewer|less))",
    re.IGNORECASE,
)
ENDS = re.compile(r"(?<![\d.,])(\d{1,3}\.\d to \d{1,3}\.\d) %")
MOST_TOLD = 2_000
"""Of so many people the ends of an interval may still tell a small count."""
INTERVAL = re.compile(r"[+−-]?\d[\d.,]{0,15} to [+−-]?\d[\d.,]{0,15} ?%")
SIZE = re.compile(rf"\b[nN] ?= ?({WHOLE.pattern}){END}")
PERCENT = re.compile(r"(?<![\w.,])(\d{1,9}(?:\.\d{1,9})?) ?%(?! (?:interval|confidence|credible|level))")
SHARE_OF = re.compile(
    rf"{PERCENT.pattern}(?: \([^)]{{0,80}}\))? of (?:the |all )?({WHOLE.pattern}){END}", re.IGNORECASE
)
SHARE_N = re.compile(rf"{PERCENT.pattern}[^%.;]{{0,40}}\b[nN] ?= ?({WHOLE.pattern}){END}")


def tells_few(text: str, minimum: int, *, spelt: bool = True, language: str = "", whole_study: int = 0) -> bool:
    """Whether a passage of text tells of fewer people than may be told, itself or by a share of a known number.

    Parameters
    ----------
    spelt : bool
        Whether numbers in words count; in explanations they seldom count anybody ("passages of one person").
    language : str
        Of the study, beside English, see `journeylab.release.languages`.
    whole_study : int
        How many people are in a small study; 0 where it is large.

    Examples
    --------
    >>> tells_few("3 of 46 people said it.", 5), tells_few("Three customers left.", 5), tells_few("6.5 % of 46 people", 5)
    (True, True, True)
    >>> tells_few("13 people stayed.", 5, whole_study=17), tells_few("is missed: 23.5 %", 5, whole_study=17)
    (True, True)
    >>> tells_few("95 % interval 9.6 to 47.3 %; n = 17", 5), tells_few("95 % interval 13.3 to 53.1 %; n = 17", 5)
    (True, False)
    >>> tells_few("2 of 16 name a pain.", 5), tells_few("3 of 46 test it.", 5), tells_few("3/16 people", 5)
    (True, True, True)
    >>> tells_few("12 of 46 people said it; fewer than 5 people more.", 5), tells_few("2 of 13 touchpoints", 5)
    (False, False)
    """
    text = tidy(text)
    if few_in(text, minimum, language, spelt=spelt):
        return True
    for match in OF.finditer(text):
        if not spelt and not match[1][0].isdigit():
            continue
        k, n = _number(match[1]), whole(match[4])
        few = is_few(k, minimum) or is_few(n - k, minimum) or is_few(n, minimum)
        if k <= n and few and not _of_things(text, match, k, n):
            return True
    counts = [_number(match[1]) for match in COUNT.finditer(text) if spelt or match[1][0].isdigit()]
    if any(is_few(count, minimum) or is_few(whole_study - count, minimum) for count in counts):
        return True
    sizes = [whole(match[1]) for match in SIZE.finditer(text)]
    told = {match[1] for match in ENDS.finditer(text)}
    if told and any(told & _telling(n, minimum) for n in {*sizes, whole_study} if 0 < n <= MOST_TOLD):
        return True
    text = INTERVAL.sub("", text)
    if any(is_few(size, minimum) or is_few(whole_study - size, minimum) for size in sizes):
        return True
    pairs = [(float(match[1]), whole(match[2])) for match in SHARE_OF.finditer(text)]
    if len(set(sizes)) == 1:
        pairs += [(float(match[1]), sizes[0]) for match in PERCENT.finditer(text)]
    pairs += [(float(match[1]), whole(match[2])) for match in SHARE_N.finditer(text)]
    pairs += [(float(match[1]), whole_study) for match in PERCENT.finditer(text) if _one_of(match[1], whole_study)]
    return any(
        0 < percent < 100 and (is_few(percent * n / 100, minimum) or is_few((100 - percent) * n / 100, minimum))
        for percent, n in pairs
    )


@cache
def _telling(n: int, minimum: int) -> frozenset[str]:
    """The 95 % intervals, as they are written, that tell of a small share of n, or of all but a small one (Wilson's)."""

    def written(k: int) -> str:
        return interval(*wilson(k, n)[1:]).removesuffix(" %")

    few = {written(k) for k in range(1, n) if is_few(k, minimum) or is_few(n - k, minimum)}
    return frozenset(
        few - {written(k) for k in (0, n, minimum, n - minimum) if 0 <= k <= n and not 0 < min(k, n - k) < minimum}
    )


def _one_of(percent: str, people: int) -> bool:
    """Whether a share is, as precisely as it is written, one of so many people."""
    count = float(percent) * people / 100
    return abs(count - round(count)) <= 0.5 * 10.0 ** -len(percent.partition(".")[2]) * people / 100 * 1.001


def _of_things(text: str, match: re.Match[str], k: int, n: int) -> bool:
    """Whether "k of n" clearly counts something else than people; where in doubt it counts people."""
    if (match[2] or "").casefold() == "in" and 1900 <= n <= 2100:
        return PERSON.match(text, match.end()) is None  # a year
    thing = THING.match(text, match.end())
    return thing is not None and not (k == 1 and re.fullmatch(DOES, thing[1], re.IGNORECASE))


def _number(word: str) -> int:
    return SPELT.index(word.casefold()) + 1 if word.casefold() in SPELT else whole(word)
