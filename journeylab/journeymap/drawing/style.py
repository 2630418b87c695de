"""The style of the map: one sheet of rules, and those that depend on how many stages there are."""

from __future__ import annotations

from functools import cache
from importlib import resources

LEAST = 8
"""Rules are written for so many stages or more, so that most maps of a run share one style."""

ONE = ":is(.journey-map,.journey-maps):has(>.pick [class^=s]:not(.s0):checked)"
"""The map of which a reader chose one stage."""


@cache
def style(n_stages: int) -> str:
    """The style of maps with as many stages, on one line."""
    text = (resources.files("journeylab.journeymap.drawing") / "map.css").read_text(encoding="utf-8")
    sheet, _, cards = text.partition("/* cards */")
    cards, _, wide = cards.partition("/* one stage on a wide screen */")
    n = max(n_stages, LEAST)
    cards += "".join(f"& .map tr>:nth-child({place + 1}){{order:{place}}}\n" for place in range(1, n + 1))
    chosen = "".join(
        f":is(.journey-map,.journey-maps):has(>.pick .s{place}:checked) .map tr>:nth-child(n+2):not(:nth-child({place + 1})),"
        for place in range(1, n + 1)
    )
    narrow = f"@container (max-width:43.99rem){{{cards.replace('&', '.journey-map')}}}"
    aside = f"@container (min-width:44rem){{{wide.replace('&', ONE)}}}"
    rules = f"{sheet}{narrow}{cards.replace('&', ONE)}{aside}{chosen.rstrip(',')}{{display:none!important}}"
    return "".join(line.strip() for line in rules.splitlines())


@cache
def choice(n_maps: int) -> str:
    """The rules by which one of several maps is shown."""
    hidden = ",".join(f".journey-maps:has(>.pick .m{place}:checked)>.one:not(.n{place})" for place in range(n_maps))
    return f"@media screen{{{hidden}{{display:none}}}}"
