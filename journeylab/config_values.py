"""Words of study.toml that have to be more than words: time zones, spans, patterns; each is told what is wrong with it."""

from __future__ import annotations

import re
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator

from journeylab import locales
from journeylab.errors import did_you_mean
from journeylab.patterns import REGULAR, require_regular


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(
            f"'{name}' is no known time zone, write one such as 'Europe/Berlin' or 'UTC'."
            + did_you_mean(name, available_timezones())
        )
    return name


def require_span(span: str) -> str:
    """Return a span of time such as ``14d``; raises ValueError where it is none."""
    import pandas as pd

    try:  # a bare number would be nanoseconds
        seconds = 0.0 if re.fullmatch(r"[\d.+ ]*", span) else pd.Timedelta(span).total_seconds()
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise ValueError(f"'{span}' is no span of time, write one such as '30min', '12h' or '14d'.")
    return span


def _locale(name: str) -> str:
    return locales.find(name).name


def _slug(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise ValueError(f"'{name}' names the report folder: use letters, digits, '-' and '_' only.")
    return name


def _engine(name: str) -> str:
    if name != "duckdb" and not re.fullmatch(r"(spark|sc)://\S+", name):
        raise ValueError(
            f"'{name}' is no engine; there are 'duckdb', and Spark: 'spark://local[2]' in this process, "
            f"'spark://host:7077' or 'sc://host:15002' on a cluster.{did_you_mean(name, ['duckdb', 'spark://local[2]'])}"
        )
    return name


def _pattern(match: str | list[str]) -> str | list[str]:
    for text in [match] if isinstance(match, str) else match:
        if not text.removeprefix(REGULAR).strip():
            raise ValueError(f"'{text}' is empty; write the text that is meant, or '*' for any.")
        if text.startswith(REGULAR):
            require_regular(text.removeprefix(REGULAR))
    return match


def _reason(words: str) -> str:
    if not words.strip():
        raise ValueError("is empty; write a sentence, it is printed in the report.")
    return words


Timezone = Annotated[str, AfterValidator(_timezone)]
Duration = Annotated[str, AfterValidator(require_span)]
LocaleName = Annotated[str, AfterValidator(_locale)]
Slug = Annotated[str, AfterValidator(_slug)]
Engine = Annotated[str, AfterValidator(_engine)]
Pattern = Annotated[str | list[str], AfterValidator(_pattern)]
Reason = Annotated[str, AfterValidator(_reason)]
