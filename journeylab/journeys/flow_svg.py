"""The flow picture as SVG in a page: small, readable without a script, and with one a path through it can be chosen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from journeylab import text
from journeylab.figures import Drawn
from journeylab.html import escape, in_single_quotes
from journeylab.journeys.stream_places import Places, band_ends, short

if TYPE_CHECKING:
    from journeylab.journeys.flow import Flow

COLUMN, ROW, LABEL, BAR, HEAD = 165.0, 36.0, 17.0, 9.0, 22.0
"""Pixels: from step to step, a touchpoint's share of the height, a label, the width of a bar, and the words above."""

LETTER = 6.4
"""Pixels that one letter of a label takes, about."""


class _Node(NamedTuple):
    """A touchpoint at a step."""

    key: str
    name: str
    x: float
    top: float
    height: float
    n: int


def draw(flow: Flow, places: Places, order: list[str], colours: dict[str, str], ended: str) -> str:
    """Draw a flow as ``<figure>`` with an SVG; names are escaped.

    Notes
    -----
    Nodes carry ``data-n="step.place"`` and bands ``data-b`` with those of their two ends; by these the page's script lights
    the bands between chosen touchpoints. Without it the picture is an image with a title and a description.
    """
    steps = 1 + max((column for column, _ in places.at), default=1)
    scale = ROW * len(order) / places.whole
    width, height = COLUMN * steps, ROW * len(order) + HEAD + 6
    rank = {name: place for place, name in enumerate(order)}
    nodes = {
        (column, name): _Node(
            f"{column}.{rank[name]}", name, COLUMN * column + 2, HEAD - top * scale, size * scale, round(size * flow.n)
        )
        for (column, name), (top, size) in places.at.items()
    }
    parts = [f'<text x="{COLUMN * step + 2:g}" y="14" class="step">step {step + 1}</text>' for step in range(steps)]
    parts += _bands(flow, places, nodes, order, colours, ended, scale)
    parts += _nodes(flow, nodes.values(), colours)
    words = _words(flow, steps)
    return (
        f'<figure><div class="scroll" role="region" aria-label="{escape(words[0])}" tabindex="0">'
        f'<svg class="flow" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img">'
        f"<title>{escape(words[0])}</title><desc>{escape(words[1])}</desc>{''.join(parts)}</svg></div>"
        f"<figcaption>{escape(words[0])}</figcaption></figure>"
    )


def _words(flow: Flow, steps: int) -> tuple[str, str]:
    """Title and description."""
    title = f"Where journeys go, step by step. Per cent of all {text.count(flow.n)} journeys at each step"
    if flow.minimum:
        title += f"; ways of fewer than {flow.minimum} are left out"
    return title, f"Flow picture of {steps} steps. {flow.summary()}"


def _bands(
    flow: Flow, places: Places, nodes: dict[tuple[int, str], _Node], order: list[str], colours: dict[str, str], ended: str,
    scale: float,
) -> list[str]:  # fmt: skip
    """A band for the journeys that go from one touchpoint to the next."""
    made = []
    for row, a, b in band_ends(flow.table, places, order, flow.n):
        start, end = nodes[row.step - 1, row.from_touchpoint], nodes[row.step, row.to_touchpoint]
        x0, x1, thick = start.x + BAR, end.x, row.n / flow.n * scale
        y0, y1, middle = HEAD - a * scale, HEAD - b * scale, (start.x + BAR + end.x) / 2
        colour = ended if end.name == order[-1] else colours[start.name]
        said = f"{start.name} → {end.name}, step {row.step} to {row.step + 1}: {_journeys(row.n, flow.n)}"
        made.append(
            f'<path {_mark([str(row.step), row.from_touchpoint, row.to_touchpoint], row.n)} data-b="{start.key} {end.key}" '
            f'fill="{colour}" d="M{x0:.0f} {y0:.1f}C{middle:.0f} {y0:.1f} {middle:.0f} '
            f"{y1:.1f} {x1:.0f} {y1:.1f}v{thick:.1f}C{middle:.0f} {y1 + thick:.1f} {middle:.0f} {y0 + thick:.1f} {x0:.0f} "
            f'{y0 + thick:.1f}z"><title>{escape(said)}</title></path>'
        )
    return made


def _nodes(flow: Flow, nodes: Iterable[_Node], colours: dict[str, str]) -> list[str]:
    """A bar and a label a touchpoint and step."""
    made = []
    letters = int((COLUMN - BAR - 40) / LETTER)
    for node in nodes:
        share = node.n / flow.n
        label = f"{short(node.name, letters)} {text.percent(share, 0 if share >= 0.005 else 1)}"
        room, middle = max(node.height, LABEL), node.top + node.height / 2
        step = int(node.key.partition(".")[0]) + 1
        said = f"{node.name}, step {step}: {_journeys(node.n, flow.n)}"
        made.append(
            f'<g {_mark([str(step), node.name], node.n, share)} data-n="{node.key}"><title>{escape(said)}</title>'
            f'<rect class="hit" x="{node.x - 2:g}" y="{middle - room / 2:.1f}" width="{COLUMN - 16:g}" height="{room:.1f}"/>'
            f'<rect x="{node.x:g}" y="{node.top:.1f}" width="{BAR:g}" height="{max(node.height, 0.5):.1f}" '
            f'fill="{colours[node.name]}"/><text x="{node.x + BAR + 4:g}" y="{middle + 4:.1f}">{escape(label)}</text></g>'
        )
    return made


def _mark(labels: list[str], *numbers: float) -> str:
    """What a part draws, for the gate of releases; the tables under the picture have it."""
    drawn = Drawn((tuple(labels),), (), (numbers,))
    return in_single_quotes("data-draws", drawn.mark())


def _journeys(n: int, of: int) -> str:
    return f"{text.count(n)} journeys ({text.percent(n / of)} of all)"
