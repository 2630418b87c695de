"""The map of all customers and one of each behaviour, of which a reader chooses one."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from journeylab.html import escape
from journeylab.journeymap.drawing.beside import Changes, Compared, earlier
from journeylab.journeymap.drawing.style import choice, style
from journeylab.journeymap.drawing.table import draw_html, picker

if TYPE_CHECKING:
    from journeylab.journeymap.model import JourneyMap

EVERYBODY = "all customers"


def gallery(
    maps: Iterable[JourneyMap] | Mapping[str, JourneyMap], overall: JourneyMap, then: Changes | Compared | None = None
) -> str:
    """Draw several maps in one fragment, with a choice of whose is shown and of one stage.

    Parameters
    ----------
    maps : iterable or mapping of JourneyMap
        One a behaviour, each named by its ``behaviour``.
    overall : JourneyMap
        Of all customers; it stands first, and is the one that is shown.
    then : mapping or comparison, optional
        What the cells of `overall` were, as `beside` takes it.

    Returns
    -------
    str
        HTML with its style and without script. A browser that does not know ``:has`` shows all maps, one after the other under
        headings; so does paper.
    """
    rest = list(maps.values()) if isinstance(maps, Mapping) else list(maps)
    notes = {} if then is None else earlier(overall, then)
    if not rest:
        return draw_html(overall, notes=notes)
    shown = [overall, *(_its_own(each, overall) for each in rest)]
    names = [EVERYBODY, *(each.behaviour or f"behaviour {place}" for place, each in enumerate(rest, start=1))]
    mark = hashlib.sha256("\n".join((overall.title, *overall.stages, *names)).encode("utf-8", "replace")).hexdigest()[
        :8
    ]
    same = all(each.stages == overall.stages for each in rest)
    options = "".join(
        f'<label><input type="radio" name="maps-{mark}-whose" class="m{place}"{"" if place else " checked"}>'
        f"{escape(name)}</label>"
        for place, name in enumerate(names)
    )
    whose = f'<fieldset class="pick"><legend>Journey of</legend>{options}</fieldset>'
    stages = picker(overall.stages, f"maps-{mark}") if same else ""
    parts = "".join(
        f'<div class="one n{place}"><h3>{escape(name[:1].upper() + name[1:])}</h3>'
        f"{draw_html(each, alone=False, notes={} if place else notes)}{_left_out(each, overall)}</div>"
        for place, (name, each) in enumerate(zip(names, shown, strict=True))
    )
    most = max(len(each.stages) for each in shown)
    return f'<div class="journey-maps"><style>{style(most)}{choice(len(shown))}</style>{whose}{stages}{parts}</div>'


def _its_own(journey: JourneyMap, overall: JourneyMap) -> JourneyMap:
    """A map without the lanes in which nothing of the behaviour's own stands."""
    theirs = {lane.kind: [cell.lines for cell in lane.cells] for lane in overall.lanes}
    own = tuple(
        lane
        for lane in journey.lanes
        if any(cell.lines for cell in lane.cells) and [cell.lines for cell in lane.cells] != theirs.get(lane.kind)
    )
    return dataclasses.replace(journey, lanes=own)


def _left_out(journey: JourneyMap, overall: JourneyMap) -> str:
    """Which lanes are not drawn again for a behaviour."""
    there = {lane.kind for lane in journey.lanes}
    names = [lane.title for lane in overall.lanes if lane.kind not in there]
    if not names:
        return ""
    return (
        f'<p class="key">As on the map of all customers, or not measured by behaviour: {escape("; ".join(names))}.</p>'
    )
