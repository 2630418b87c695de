"""How a study's readers write numbers, dates and money; words stay English whatever the locale."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import re
from functools import cache, lru_cache

from journeylab.errors import did_you_mean

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
"""A number as Python writes it, thousands apart or not."""

BIDI = dict.fromkeys(map(ord, "\u200e\u200f\u061c"))
"""Signs that turn the direction of writing, which English words around a number do not need."""


@dataclasses.dataclass(frozen=True)
class Marks:
    """What a locale puts between digits, and in which order it writes a date.

    Attributes
    ----------
    name : str
        Such as ``de_DE``; empty where a study names none.
    group, decimal : str
    sizes : tuple of int
        Digits of the first group from the right, and of all others: (3, 2) is 12,34,567.
    date : str
        For `datetime.date.strftime`.
    """

    name: str = ""
    group: str = ","
    decimal: str = "."
    sizes: tuple[int, int] = (3, 3)
    date: str = "%Y-%m-%d"


PLAINLY = "JOURNEYLAB_PLAIN"
"""The environment variable that makes studies write numbers the plain way, whatever their locale: so does a public run."""

PLAIN = Marks()
"""Without a locale: 1,234.5 and 2026-03-09."""

_in_use = [PLAIN]


def use(name: str) -> None:
    """Write numbers, dates and money from now on by this locale; an empty name is the plain way.

    Notes
    -----
    It is the process that has a locale: that of the study opened last.
    """
    _in_use[0] = find(name)


def marks() -> Marks:
    """The marks in use."""
    return _in_use[0]


@cache
def find(name: str) -> Marks:
    """The marks of a locale, from the Unicode Common Locale Data Repository as Babel holds it.

    Parameters
    ----------
    name : str
        Language and country: ``de_DE`` or ``de-DE``.

    Raises
    ------
    ValueError
        For one that is not known.
    """
    if not name:
        return PLAIN
    from babel import Locale, UnknownLocaleError
    from babel.localedata import locale_identifiers
    from babel.numbers import get_decimal_symbol, get_group_symbol

    try:
        locale = Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        raise ValueError(
            f"'{name}' is no known locale, write one such as 'de_DE', 'fr_FR' or 'en_US'."
            + did_you_mean(name, locale_identifiers())
        ) from None
    first, others = locale.decimal_formats[None].grouping
    return Marks(str(locale), get_group_symbol(locale), get_decimal_symbol(locale), (first, others), _order(locale))


def written(plain: str) -> str:
    """A number that Python wrote, such as ``1,234.5``, with the marks in use; grouped only where it was.

    Examples
    --------
    >>> written("-1,234,567.8")
    '-1,234,567.8'
    """
    return plain if marks() is PLAIN else NUMBER.sub(lambda found: _marked(found[0], marks()), plain)


def date(moment: datetime.date, plain: str = PLAIN.date) -> str:
    """A day in the order in use, in digits with the whole year; by `plain` where there is no locale."""
    wanted = plain if marks() is PLAIN else marks().date
    return moment.strftime(wanted.replace("%-d", str(moment.day)))  # which not every system knows


def money(amount: str, currency: str) -> str:
    """An amount that is written already, with its currency where the locale in use puts it.

    Examples
    --------
    >>> money("1,234", "EUR"), money("+12", "outcomes"), money("12", "")
    ('1,234 EUR', '+12 outcomes', '12')
    """
    before, after = _sides(marks().name, currency)
    sign = amount[: len(amount) - len(amount.lstrip("+-−"))]
    return f"{sign}{before}{amount[len(sign) :]}{after}"


def number_pattern() -> str:
    """A regular expression of a whole or broken number without sign, grouped as in use or not at all."""
    group, decimal = re.escape(marks().group), re.escape(marks().decimal)
    first, others = marks().sizes
    grouped = rf"[1-9]\d{{0,{others - 1}}}(?:{group}\d{{{others}}})*{group}\d{{{first}}}"
    return rf"(?:0|{grouped}|[1-9]\d*)(?:{decimal}\d+)?"


def machine(shown: str) -> str:
    """A number as `number_pattern` finds it, with a point and no groups."""
    return shown.replace(marks().group, "").replace(marks().decimal, ".")


def machine_date(shown: str) -> str:
    """A day or a moment as the locale in use writes it, in ISO's order; empty for all else, and where that is ISO's already."""
    if marks() is PLAIN or not shown[:1].isdigit():
        return ""
    for time in ("", " %H:%M"):
        with contextlib.suppress(ValueError):
            return datetime.datetime.strptime(shown, marks().date + time).strftime(PLAIN.date + time)
    return ""


def _marked(plain: str, given: Marks) -> str:
    whole, point, rest = plain.partition(".")
    if "," in whole:
        digits, (first, others) = whole.replace(",", ""), given.sizes
        parts = [digits[-first:]]
        digits = digits[:-first]
        while digits:
            parts.insert(0, digits[-others:])
            digits = digits[:-others]
        whole = given.group.join(parts)
    return whole + (given.decimal if point else "") + rest


@lru_cache(maxsize=64)
def _sides(name: str, currency: str) -> tuple[str, str]:
    """What stands before and after an amount of a currency."""
    from_code = ("", f" {currency}" if currency else "")
    if not name or not re.fullmatch("[A-Z]{3}", currency):
        return from_code
    from babel.numbers import format_currency, is_currency

    if not is_currency(currency):
        return from_code
    before, _, after = format_currency(1, currency, locale=name).translate(BIDI).partition("1")
    return before, re.sub(r"^\W?0+", "", after)


def _order(locale: object) -> str:
    """The locale's short date with digits and the whole year, for strftime."""
    pattern = str(locale.date_formats["short"].pattern).translate(BIDI)  # type: ignore[attr-defined]
    found = re.match(r"(y+|M+|d+)(\W+)(y+|M+|d+)(\W+)(y+|M+|d+)(\.?)", pattern)
    parts = {"y": "%Y", "M": "%m", "d": "%d"}
    return PLAIN.date if found is None else "".join(parts.get(part[:1], part) for part in found.groups())
