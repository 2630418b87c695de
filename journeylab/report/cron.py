"""When a schedule runs: five fields as cron has them, in the words of other schedulers."""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Iterator

from journeylab.errors import ReportError

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FIELDS = {
    "minute": (0, 59, ()), "hour": (0, 23, ()), "day of the month": (1, 31, ()), "month": (1, 12, MONTHS),
    "day of the week": (0, 7, DAYS),
}  # fmt: skip
SHORT = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}  # fmt: skip
PART = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d{1,4}))?")


@dataclasses.dataclass(frozen=True)
class When:
    """The minutes, hours, days of the month, months and days of the week (0 is Sunday) at which a schedule runs.

    Attributes
    ----------
    given : tuple of str
        The five fields. Where neither day's begins with a star, either day is enough (POSIX, crontab).
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    given: tuple[str, ...]

    @property
    def either(self) -> bool:
        """Whether one of the two days is enough."""
        return not (self.given[2].startswith("*") or self.given[4].startswith("*"))

    def runs(self, moment: datetime.datetime) -> bool:
        """Whether it runs in this minute."""
        day, weekday = moment.day in self.days, moment.isoweekday() % 7 in self.weekdays
        meant = day or weekday if self.either else day and weekday
        return meant and moment.minute in self.minutes and moment.hour in self.hours and moment.month in self.months

    def cron(self) -> str:
        """Write the five fields in numbers; Sunday is 0, which every cron knows."""
        numbers = (self.minutes, self.hours, self.days, self.months, self.weekdays)
        return " ".join(
            field if field.startswith("*") else ",".join(map(str, known))
            for field, known in zip(self.given, numbers, strict=True)
        )

    def calendars(self) -> tuple[str, ...]:
        """Write it as ``OnCalendar`` of a systemd timer: two where either of two days is enough."""
        weekdays = ",".join(DAYS[day].capitalize() for day in self.weekdays)
        if not self.either:
            return (self._calendar(weekdays if len(self.weekdays) < 7 else "", self.days),)
        return self._calendar(weekdays, tuple(range(1, 32))), self._calendar("", self.days)

    def _calendar(self, weekdays: str, days: tuple[int, ...]) -> str:
        month, day = _numbers(self.months, 12), _numbers(days, 31)
        time = f"{_numbers(self.hours, 24)}:{_numbers(self.minutes, 60)}:00"
        return f"{weekdays} *-{month}-{day} {time}".strip()


def read_cron(words: str) -> When:
    """Read five fields, or ``@weekly`` and its like.

    Raises
    ------
    ReportError
        When a field is not as cron has it, or no day is ever meant; the message names the field.

    Examples
    --------
    >>> read_cron("0 6 * * MON").calendars()
    ('Mon *-*-* 06:00:00',)
    """
    fields = SHORT.get(words.strip().lower(), words).split()
    if len(fields) != 5:
        raise ReportError(
            f"--cron: found '{words}', expected five fields (minute, hour, day of the month, month, day of the week), such "
            "as '0 6 * * MON' for Mondays at 6, or @weekly."
        )
    minutes, hours, days, months, weekdays = (
        tuple(sorted(set(_field(field, name)))) for field, name in zip(fields, FIELDS, strict=True)
    )
    weekdays = tuple(sorted({day % 7 for day in weekdays}))
    when = When(minutes, hours, days, months, weekdays, tuple(fields))
    longest = max(29 if month == 2 else 30 if month in {4, 6, 9, 11} else 31 for month in months)
    if days[0] > longest and not when.either:
        raise ReportError(f"--cron: found '{words}', but no such month has a day {days[0]}; choose another day.")
    return when


def _field(field: str, name: str) -> Iterator[int]:
    """The numbers that one field means."""
    low, high, names = FIELDS[name]
    for part in field.split(","):
        found = PART.fullmatch(part)
        begin, end, step = found.groups() if found else (None, None, None)
        first = low if begin is None else _number(begin, names)
        last = _number(end, names) if end else high if begin is None or step else first
        if begin is None and name == "day of the week":
            last = 6
        if found is None or first is None or last is None or not low <= first <= last <= high or step == "0":
            known = f", or {names[0]} to {names[-1]}" if names else ""
            raise ReportError(
                f"--cron: {name}: found '{part}', expected *, a number from {low} to {high}{known}, a range (1-5) or steps "
                "(*/15)."
            )
        yield from range(first, last + 1, int(step or 1))


def _number(word: str, names: tuple[str, ...]) -> int | None:
    """A number, or the number of a name; None for anything else."""
    if word.isascii() and word.isdigit():
        return int(word)
    start = 1 if names == MONTHS else 0
    return names.index(word.upper()) + start if word.upper() in names else None


def _numbers(values: tuple[int, ...], size: int) -> str:
    return "*" if len(values) == size else ",".join(f"{value:02d}" for value in values)
