"""Numbers as a reader wants to see them: rounded, with units, never 14 decimals, and with the marks of the study's locale."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable

import pandas as pd

from journeylab import locales
from journeylab.locales import written

MISSING = "–"


def is_missing(value: object) -> bool:
    """Say whether a cell holds nothing: None, NaN or NaT."""
    return value is None or (not isinstance(value, (list, tuple, dict)) and bool(pd.isna(value)))


def count(n: float) -> str:
    """Write a whole number, thousands apart.

    Examples
    --------
    >>> count(12345), count(0)
    ('12,345', '0')
    """
    return written(f"{n:,}")


def fixed(value: float, digits: int = 0) -> str:
    """Write a number with as many decimals as are asked for.

    Examples
    --------
    >>> fixed(1234.567, 2), fixed(3.5)
    ('1,234.57', '4')
    """
    return written(f"{value:,.{digits}f}")


def percent(share: float, digits: int | None = None) -> str:
    """Write a share as per cent.

    Examples
    --------
    >>> percent(0.1234), percent(0.004), percent(0.5, 0), percent(float("nan"))
    ('12.3 %', '0.4 %', '50 %', '–')
    """
    if is_missing(share):
        return MISSING
    if digits is None:
        digits = 2 if 0 < abs(share) < 0.001 else 1
    return written(f"{_signed_zero(100 * share, digits):.{digits}f} %")


def points(difference: float, digits: int = 1) -> str:
    """Write a difference of shares in percentage points, with its sign.

    Examples
    --------
    >>> points(0.0312), points(-0.0312), points(0.00001)
    ('+3.1 points', '−3.1 points', '0.0 points')
    """
    if is_missing(difference):
        return MISSING
    return f"{signed(100 * difference, digits)} points"


def signed(value: float, digits: int = 1) -> str:
    """Write a number with its sign, a true minus, and no sign on zero."""
    if is_missing(value):
        return MISSING
    rounded = _signed_zero(value, digits)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else ""
    return written(f"{sign}{abs(rounded):,.{digits}f}")


def number(value: float, digits: int | None = None) -> str:
    """Write a number: thousands apart, and only the digits that matter.

    Examples
    --------
    >>> number(12345), number(3.14159), number(0.01234), number(1234.5)
    ('12,345', '3.14', '0.012', '1,234')
    """
    if is_missing(value):
        return MISSING
    value = float(value)
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if digits is None:
        if value == round(value) or abs(value) >= 100:
            digits = 0
        elif abs(value) >= 1:
            digits = 2
        else:
            digits = 3
    return written(f"{_signed_zero(value, digits):,.{digits}f}".replace("-", "−"))


def p_value(value: float) -> str:
    """Write a p- or q-value.

    Examples
    --------
    >>> p_value(0.00001), p_value(0.0312), p_value(0.4)
    ('< 0.001', '0.031', '0.40')
    """
    if is_missing(value):
        return MISSING
    if value < 0.001:
        return written("< 0.001")
    return written(f"{value:.3f}" if value < 0.1 else f"{value:.2f}")


def short(value: float) -> str:
    """Write a number with no more digits than it needs, as thresholds and ticks are written.

    Examples
    --------
    >>> short(0.05), short(30.0), short(-2.5)
    ('0.05', '30', '-2.5')
    """
    return written(f"{value:g}")


def date(day: datetime.date, plain: str = locales.PLAIN.date) -> str:
    """Write a day; by `plain` where the study has no locale.

    Examples
    --------
    >>> date(datetime.date(2026, 3, 9)), date(pd.NaT)
    ('2026-03-09', '–')
    """
    return MISSING if is_missing(day) else locales.date(day, plain)


def day(kept: str) -> str:
    """Write a day that was kept in ISO as this text is; what is none, as in a map made by hand, stays.

    Examples
    --------
    >>> day("2026-03-09"), day("spring"), day("")
    ('2026-03-09', 'spring', '')
    """
    try:
        return date(datetime.date.fromisoformat(kept))
    except ValueError:
        return kept


def moment(time: datetime.datetime) -> str:
    """Write a day and its time to the minute, of 24 hours.

    Examples
    --------
    >>> moment(datetime.datetime(2026, 3, 9, 14, 5))
    '2026-03-09 14:05'
    """
    return MISSING if is_missing(time) else f"{locales.date(time)} {time:%H:%M}"


def money(value: float, currency: str, digits: int | None = 0, *, sign: bool = False) -> str:
    """Write an amount of a currency; of another unit, such as outcomes, the number before its name.

    Parameters
    ----------
    currency : str
        Its code of three letters, such as ``EUR``, which a locale writes its own way; other words stand after the number.
    digits : int, optional
        Decimals; None writes those that matter.
    sign : bool
        Whether a gain has a plus.

    Examples
    --------
    >>> money(1234.5, "EUR"), money(-1234.5, "EUR", 2), money(12, "outcomes", sign=True), money(3.0, "")
    ('1,234 EUR', '−1,234.50 EUR', '+12 outcomes', '3')
    """
    if is_missing(value):
        return MISSING
    return locales.money(signed(value, digits or 0) if sign else number(value, digits), currency)


def money_range(low: float, high: float, currency: str) -> str:
    """Write the two ends of an interval of amounts, in whole units and with their signs.

    Examples
    --------
    >>> money_range(-1200, 3400, "EUR")
    '−1,200 to +3,400 EUR'
    """
    if is_missing(low) or is_missing(high):
        return MISSING
    after = money(high, currency, sign=True)
    stands_before = not after.lstrip("+−")[:1].isdigit()
    return f"{money(low, currency if stands_before else '', sign=True)} to {after}"


def duration(seconds: float) -> str:
    """Write a span of time with its fitting unit.

    Examples
    --------
    >>> duration(42), duration(600), duration(7200), duration(864000)
    ('42 s', '10 min', '2.0 h', '10 days')
    """
    if is_missing(seconds):
        return MISSING
    for size, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if abs(seconds) >= size:
            amount = seconds / size
            digits = 0 if unit == "min" or amount >= 10 else 1
            return written(f"{amount:,.{digits}f} {unit}")
    return f"{seconds:.0f} s"


def estimate(value: float, low: float, high: float) -> str:
    """Write a number with its interval, or alone where there is none.

    Examples
    --------
    >>> estimate(0.84, 0.48, 0.96), estimate(0.84, float("nan"), float("nan"))
    ('0.84 (0.48 to 0.96)', '0.84')
    """
    if is_missing(value):
        return MISSING
    alone = written(f"{value:.2f}")
    return alone if is_missing(low) else f"{alone} ({interval(low, high, 'number')})"


def interval(low: float, high: float, style: str = "percent") -> str:
    """Write the two ends of an interval with one unit.

    Examples
    --------
    >>> interval(0.1, 0.25), interval(-0.01, 0.02, "points"), interval(1.234, 5.6, "number")
    ('10.0 to 25.0 %', '−1.0 to +2.0 points', '1.23 to 5.60')
    """
    if is_missing(low) or is_missing(high):
        return MISSING
    if style == "percent":
        ends = f"{_signed_zero(100 * low, 1):.1f} to {_signed_zero(100 * high, 1):.1f} %"
        return written(ends.replace("-", "−"))
    if style == "points":
        return f"{signed(100 * low)} to {signed(100 * high)} points"
    if style == "duration":
        return f"{duration(low)} to {duration(high)}"
    digits = 0 if max(abs(low), abs(high)) >= 100 else 2
    return f"{number(low, digits)} to {number(high, digits)}"


def share_of(k: int, n: int) -> str:
    """Write k of n with its Wilson interval.

    Examples
    --------
    >>> share_of(9, 12)
    '9 of 12 (75.0 %, 95 % interval 46.8 to 91.1 %)'
    """
    from journeylab.intervals import CONFIDENCE, wilson

    if n == 0:
        return "0 of 0"
    value, low, high = wilson(k, n)
    return f"{count(k)} of {count(n)} ({percent(value)}, {CONFIDENCE:.0%} interval {interval(low, high)})".replace(
        "95%", "95 %"
    )


def people(n: int) -> str:
    """Write a number of people.

    Examples
    --------
    >>> people(1), people(1200)
    ('1 person', '1,200 people')
    """
    return "1 person" if n == 1 else f"{count(n)} people"


def sentence(words: str) -> str:
    """Begin with a capital letter and leave the rest as it is.

    Examples
    --------
    >>> sentence("keep 'VR showroom'")
    "Keep 'VR showroom'"
    """
    return words[:1].upper() + words[1:]


def sentence_list(words: Iterable[str]) -> str:
    """Join words as in a sentence.

    Examples
    --------
    >>> sentence_list(["a", "b", "c"])
    'a, b and c'
    """
    words = list(words)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _signed_zero(value: float, digits: int) -> float:
    """Rounded, and never minus zero."""
    return round(float(value), digits) + 0.0
