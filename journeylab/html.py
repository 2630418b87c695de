"""HTML that a screen reader can read and that data cannot break out of."""

from __future__ import annotations

import html as _html
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache

import pandas as pd

from journeylab import locales, text

Format = str | Callable[[object], str]

HEADINGS = {
    "n": "n",
    "p_value": "p",
    "q_value": "q (false discovery)",
    "ci": "95 % interval",
    "share": "Share",
    "median_seconds": "Median time",
    "wait_seconds": "Time",
    "median_seconds_from_start": "Median time from start",
    "from_touchpoint": "From",
    "to_touchpoint": "To",
}
"""Headings of columns whose name alone would puzzle a reader; others are written out from the name."""


LONG = 60
"""Cells of more signs get a width at which they are read as sentences."""

WITHIN = re.compile(r"[\w-]+\.html(#[\w-]+)?")

UNITS = {"": 1.0, "%": 0.01, "points": 0.01, "s": 1.0, "min": 60.0, "h": 3600.0, "days": 86400.0}
"""What a shown number times its unit counts: shares and points as fractions of one, times as seconds."""

WRITTEN = re.compile("^[+−]|(%|points)$")
"""What only a number written for readers has: a true minus or a plus, per cent, points."""

NAKED = re.compile(r"\d+|–|.*(s|min|h|days)")
"""What is best left as it stands: digits alone may be an id, and a span of time the words of a data file."""


@cache
def _shown(number: str) -> re.Pattern[str]:
    """A number as it is shown: sign, digits, unit."""
    return re.compile(rf"([+−]?)({number})(?: (%|points|s|min|h|days))?")


def escape(value: object) -> str:
    """Escape text that came from data, so that it stays text in HTML and in attributes.

    Examples
    --------
    >>> escape("<b onclick='x'>")
    '&lt;b onclick=&#x27;x&#x27;&gt;'
    """
    return _html.escape(str(value), quote=True)


def in_single_quotes(name: str, value: str) -> str:
    """An attribute for text that is full of double quotes, of which each would take six signs; a page has hundreds.

    Examples
    --------
    >>> print(in_single_quotes("data-x", '["<b>"]'))
    data-x='["&lt;b&gt;"]'
    """
    return f"{name}='{_html.escape(value, quote=False).replace(chr(39), '&#x27;')}'"


def link(href: str, words: str) -> str:
    """A link to a page of the run; words alone where it leads anywhere else.

    Examples
    --------
    >>> link("06_friction.html#where-they-leave", "Friction"), link("javascript:alert(1)", "Friction")
    ('<a href="06_friction.html#where-they-leave">Friction</a>', 'Friction')
    """
    return f'<a href="{href}">{escape(words)}</a>' if WITHIN.fullmatch(href) else escape(words)


def heading(column: str) -> str:
    """Write a column name as a heading.

    Examples
    --------
    >>> heading("share_of_first"), heading("p_value")
    ('Share of first', 'p')
    """
    words = HEADINGS.get(column, column.replace("_", " ").strip())
    return words[:1].upper() + words[1:] if column not in HEADINGS else words


def guess_format(column: str, values: pd.Series) -> Format:
    """Choose how the values of a column are written, from its name and its type."""
    if pd.api.types.is_bool_dtype(values):
        return lambda value: "yes" if value else "no"
    if pd.api.types.is_datetime64_any_dtype(values):
        return text.moment  # type: ignore[return-value]
    if not pd.api.types.is_numeric_dtype(values):
        return "text"
    if column in {"p_value", "q_value"} or column.endswith(("_p", "_q")):
        return "p"
    if "share" in column or column.endswith("rate"):
        return "percent"
    if column.endswith("seconds"):
        return "duration"
    return "number"


def format_value(value: object, style: Format) -> str:
    """Write one value in a named style or by a function; the result is not yet escaped."""
    if callable(style):
        return style(value)
    if text.is_missing(value):
        return text.MISSING
    if style == "text":
        return " → ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    writers: dict[str, Callable[..., str]] = {
        "percent": text.percent,
        "points": text.points,
        "number": text.number,
        "p": text.p_value,
        "duration": text.duration,
        "date": text.date,
        "signed": text.signed,
    }
    return writers[style](value)


def shown_number(shown: str, unit: str = "") -> str:
    """The number that a reader sees, without its unit, and no digit more than is shown; empty where there is none.

    Parameters
    ----------
    unit : str
        The unit of a number that has none of its own, as the first of an interval.

    Examples
    --------
    >>> shown_number("−1.2 points"), shown_number("12,345"), shown_number("3 %"), shown_number("2.0 h"), shown_number("–")
    ('-0.012', '12345', '0.03', '7200', '')
    >>> shown_number("7 is better")
    ''
    """
    if shown in {"∞", "−∞"}:
        return "Infinity" if shown == "∞" else "-Infinity"
    match = _shown(locales.number_pattern()).fullmatch(shown)
    if match is None or (match[3] or unit) not in UNITS:
        return ""
    value = float(locales.machine(match[2])) * UNITS[match[3] or unit]
    return f"{'-' if match[1] == '−' else ''}{value:.15g}"


def number_attributes(shown: str) -> str:
    """Attributes with the number of a cell, or both ends of its interval, by which a page sorts and writes CSV; else none.

    A date has some only where the study's locale writes it otherwise than ISO does.

    Examples
    --------
    >>> number_attributes("10.0 to 25.0 %"), number_attributes("–"), number_attributes("late")
    (' data-value="0.1" data-high="0.25"', ' data-value=""', '')
    """
    if shown == text.MISSING:
        return ' data-value=""'
    if day := locales.machine_date(shown):
        return f' data-value="{day}"'
    low, between, high = shown.partition(" to ")
    unit = high.rpartition(" ")[2] if " " in high else ""
    first, last = shown_number(low, unit), shown_number(high)
    if not first or (between and not last):
        return ""
    return f' data-value="{first}"' + (f' data-high="{last}"' if between else "")


def table(
    frame: pd.DataFrame,
    caption: str,
    *,
    columns: Mapping[str, str] | Iterable[str] | None = None,
    formats: Mapping[str, Format] | None = None,
    interval_style: str | None = None,
    most: int | None = None,
    links: str | None = None,
) -> str:
    """Render a frame as an accessible table: caption, column and row scopes, escaped cells.

    Parameters
    ----------
    frame : DataFrame
        The index is not shown. The first shown column heads the rows.
    caption : str
        What the table shows, in words.
    columns : mapping or iterable, optional
        The columns to show, or column to heading. A pair ``ci_low`` and ``ci_high`` is shown as one
        column, ``ci``, unless `columns` names the two apart.
    formats : mapping, optional
        Column to style (``percent``, ``points``, ``number``, ``p``, ``duration``, ``signed``, ``date``, ``text``)
        or to a function from value to text. Others are guessed from name and type.
    interval_style : str, optional
        Style of the merged interval; guessed from the column before it.
    most : int, optional
        Show only the first rows, and say how many more there are.
    links : str, optional
        The column, not itself shown, that holds the page of the run to which the first cell of a row leads.

    Returns
    -------
    str
        A ``<div>`` that scrolls sideways by keyboard where the table is wide, with the table in it.
    """
    chosen = list(columns) if columns is not None else list(frame.columns)
    names = dict(columns) if isinstance(columns, Mapping) else {}
    formats = dict(formats or {})
    if "ci" not in chosen and columns is None and {"ci_low", "ci_high"} <= set(chosen):
        chosen[chosen.index("ci_low")] = "ci"
        chosen.remove("ci_high")
    shown = frame if most is None else frame.head(most)
    styles: dict[str, Format] = {}
    for name in chosen:
        if name != "ci":
            styles[name] = formats.get(name) or guess_format(name, frame[name])
    head = "".join(f'<th scope="col">{escape(names.get(name) or heading(name))}</th>' for name in chosen)
    rows = []
    for _, row in shown.iterrows():
        cells = []
        for position, name in enumerate(chosen):
            if name == "ci":
                style = interval_style or _interval_style(chosen, styles, position)
                content, kind = text.interval(row["ci_low"], row["ci_high"], style), "num"
            else:
                content = format_value(row[name], styles[name])
                kind = "" if styles[name] in {"text", "date"} or callable(styles[name]) else "num"
            as_number = kind or styles.get(name, "text") != "text" or " to " in content
            told = number_attributes(content) if as_number or (position and _written(content)) else ""
            kind = kind or ("long" if len(content) > LONG else "")
            mark = (f' class="{kind}"' if kind else "") + told
            shown_as = link(row[links], content) if links and position == 0 else escape(content)
            cells.append(f'<th scope="row"{mark}>{shown_as}</th>' if position == 0 else f"<td{mark}>{shown_as}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    left = len(frame) - len(shown)
    more = f"<p class='more'>and {text.count(left)} more rows in the results file</p>" if left > 0 else ""
    return (
        f'<div class="scroll" role="region" aria-label="{escape(caption)}" tabindex="0">'
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>{more}"
    )


def assumptions(method: str, lines: Iterable[str]) -> str:
    """What must hold for a result, folded under its method's name."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<details><summary>Method and assumptions: {escape(method)}</summary><ul>{items}</ul></details>"


def _written(words: str) -> bool:
    """Whether a cell of text is a number that `journeylab.text` wrote, and not what a data file says of itself."""
    return bool(WRITTEN.search(words)) or (locales.marks() is not locales.PLAIN and not NAKED.fullmatch(words))


def _interval_style(chosen: list[str], styles: dict[str, Format], position: int) -> str:
    """The style of the nearest formatted column before the interval."""
    for name in reversed(chosen[:position]):
        style = styles.get(name)
        if style in {"percent", "points", "duration"}:
            return str(style)
        if style in {"number", "signed"} and name != "n":
            return "number"
    return "percent"
