"""The map of all customers and one of each behaviour, of which a reader chooses one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from journeylab.html import escape
from journeylab.journeymap.drawing.style import style
from journeylab.journeymap.drawing.table import draw_html, picker

if TYPE_CHECKING:
    from journeylab.journeymap.model import JourneyMap


def gallery(maps: Sequence[JourneyMap], overall: JourneyMap) -> str:
    """Draw several maps in one fragment, with a choice of whose is shown and of one stage.

    Parameters
    ----------
    maps : sequence of JourneyMap
        One a behaviour.
    overall : JourneyMap
        Of all customers; it stands first, and is the one that is shown.

    Returns
    -------
    str
        HTML with its style, without script. A browser that does not know ``:has`` shows all maps, one after the other under
        headings; so does paper.
    """
    raise NotImplementedError
