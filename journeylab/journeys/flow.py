"""Where do journeys go, step by step? Counts for a picture of streams that part and meet."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import StudyError
from journeylab.intervals import wilson
from journeylab.journeys import flow_svg
from journeylab.journeys.model import Journeys
from journeylab.journeys.stream_places import Places, band_ends, place, short
from journeylab.privacy import hold_back
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OTHER = "other"
END = "(end)"
ENDED = "#9aa5ad"

LETTER = 0.07
"""Inches that one letter of a label takes, about."""


@dataclasses.dataclass(frozen=True)
class Flow(Result):
    """Streams of journeys from step to step.

    Attributes
    ----------
    table : DataFrame
        step, from_touchpoint (at this step), to_touchpoint (at the next one; "(end)" where the journey has none), n
        (journeys), share (of those at from_touchpoint at this step), ci_low, ci_high (Wilson).
    n : int
        Journeys.
    shown : tuple of str
        The touchpoints that have a stream of their own, most frequent first; all others are "other".
    minimum : int
        Fewer journeys have no row, and neither has what would give such rows back.
    """

    n: int
    shown: tuple[str, ...]
    minimum: int = 0

    def summary(self) -> str:
        """Name a frequent beginning, where it leads, and how many have ended by the last step."""
        if self.table.empty:
            return "There are no journeys."
        first = self.table[self.table["step"] == 1]
        if first.empty:
            return f"No way of {text.count(self.n)} journeys is taken by {self.minimum} or more."
        begin = first.groupby("from_touchpoint")["n"].sum()
        entry = str(begin.drop(OTHER, errors="ignore").idxmax() if set(begin.index) - {OTHER} else OTHER)
        share, low, high = wilson(int(begin[entry]), self.n)
        onward = first[first["from_touchpoint"] == entry].iloc[0]
        to = onward["to_touchpoint"]
        further = f"go on to a touchpoint beyond the {len(self.shown)} most frequent"
        then = {END: "end there", OTHER: further}.get(to, f"go on to '{to}'")
        ended = self.table.loc[self.table["to_touchpoint"] == END, "n"].sum() / self.n
        return (
            f"Of {text.count(self.n)} journeys {text.percent(share)} ({text.interval(low, high)}) begin with '{entry}', and "
            f"{text.percent(onward['share'])} of these {then}; {text.percent(ended, 0)} of all journeys have no step "
            f"{self.table['step'].max() + 1}."
        )

    @property
    def bars(self) -> pd.DataFrame:
        """The bars of the picture: step, touchpoint, n (journeys in the bands that come there, or leave), share (of all)."""
        columns = int(self.table["step"].max()) + 1 if len(self.table) else 2
        rows = [
            (step, name, round(share * self.n), share)
            for step, sizes in enumerate(self._sizes(columns), 1) for name, share in sizes.items()
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["step", "touchpoint", "n", "share"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw a bar a touchpoint and step, and a band for the journeys that go from one to the next."""
        columns = int(self.table["step"].max()) + 1 if len(self.table) else 2
        order = [*self.shown, OTHER, END]
        ax = figures.new_axes(ax, width=1.9 * columns + 0.4, height=figures.row_height(len(order), each=0.42))
        tall, wide = _size(ax)
        places = place(self._sizes(columns), min(0.22 / tall, 0.75 / len(order)))
        colours = self._colours()
        self._bands(ax, places, order, colours)
        letters = max(int((wide / columns - 0.7) / LETTER), 4)
        for (column, name), (top, height) in places.at.items():
            ax.bar(column, -height, bottom=top, width=0.06, color=colours[name], zorder=3)
            words = f"{short(name, letters)} {text.percent(height, 0 if height >= 0.005 else 1)}"
            _write(ax, column + 0.05, top - height / 2, words)
        ax.set_xlim(-0.05, columns - 0.05)
        ax.set_ylim(-places.whole, 0)
        ax.set_yticks([])
        ax.set_xticks(range(columns), [f"step {step + 1}" for step in range(columns)])
        ax.grid(visible=False)
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.tick_params(length=0)
        figures.subtitle(
            ax, "Where journeys go, step by step", f"per cent of all {text.count(self.n)} journeys at each step"
        )
        return figures.describe(ax, f"Flow picture of {columns} steps. {self.summary()}")

    def to_html(self) -> str:
        """Draw the same as SVG for a page, where a path through it can be chosen."""
        columns = int(self.table["step"].max()) + 1 if len(self.table) else 2
        order = [*self.shown, OTHER, END]
        slot = min(flow_svg.LABEL / (flow_svg.ROW * len(order)), 0.75 / len(order))
        return flow_svg.draw(self, place(self._sizes(columns), slot), order, self._colours(), ENDED)

    def _colours(self) -> dict[str, str]:
        own = {name: figures.PALETTE[number % len(figures.PALETTE)] for number, name in enumerate(self.shown)}
        return own | {OTHER: figures.MUTED, END: ENDED}

    def _sizes(self, columns: int) -> list[dict[str, float]]:
        """Share of all journeys at each touchpoint of each step, in the order of drawing."""
        names = [*self.shown, OTHER, END]
        into, out = ([dict.fromkeys(names, 0.0) for _ in range(columns)] for _ in range(2))
        for row in self.table.itertuples():
            into[row.step][row.to_touchpoint] += row.n / self.n
            out[row.step - 1][row.from_touchpoint] += row.n / self.n
        # where small bands are left out, more may leave a bar than are seen to come
        sizes = [{name: max(come[name], go[name]) for name in names} for come, go in zip(into, out, strict=True)]
        return [{name: size for name, size in step.items() if size > 0} for step in sizes]

    def _bands(self, ax: Axes, places: Places, order: list[str], colours: dict[str, str]) -> None:
        """Draw the bands; those that leave a bar, and those that arrive at one, lie in the order of the bars."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        curve = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
        for row, a, b in band_ends(self.table, places, order, self.n):
            height = row.n / self.n
            x0, x1 = row.step - 1 + 0.03, row.step - 0.03
            middle = (x0 + x1) / 2
            corners = [(x0, a), (middle, a), (middle, b), (x1, b), (x1, b - height), (middle, b - height),
                       (middle, a - height), (x0, a - height), (x0, a)]  # fmt: skip
            colour = ENDED if row.to_touchpoint == END else colours[row.from_touchpoint]
            ax.add_patch(PathPatch(Path(corners, curve), facecolor=colour, alpha=0.32, edgecolor="none", zorder=2))


def _size(ax: Axes) -> tuple[float, float]:
    """Height and width of the Axes in inches, about: titles come later."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    box = ax.get_position()
    width, height = figure.get_size_inches()
    return float(box.height * height), float(box.width * width)


def _write(ax: Axes, x: float, y: float, words: str) -> None:
    """Write over the bands, with a white edge around the letters."""
    from matplotlib.patheffects import withStroke

    edge = [withStroke(linewidth=2.5, foreground="white")]
    ax.text(x, y, words, va="center", fontsize=9, zorder=4, path_effects=edge)


def flow(j: Journeys, steps: int = 6, most: int = 8, *, minimum: int = 0) -> Flow:
    """Count the journeys that go from each touchpoint at step k to each at step k + 1.

    Parameters
    ----------
    steps : int
        Steps to show, from the first event; what comes after is not counted.
    most : int
        Touchpoints to show, the most frequent in these steps; the others are together "other".
    minimum : int
        Leave out rows of fewer journeys, for a public report, and those that would give them back.

    Returns
    -------
    Flow
        One row a step and pair that occurs.

    Raises
    ------
    StudyError
        When `steps` is under 2 or `most` under 1.

    Notes
    -----
    A journey takes part in a step when it is so long. One that ends with its k-th event goes to "(end)" at step k + 1 and
    is not counted further, so at each step the counts of a touchpoint's rows add up to the journeys that are there. The
    share is one of journeys, each counted once a row, with a Wilson interval.
    """
    if steps < 2:
        raise StudyError(f"steps={steps}: a flow has at least 2 steps.")
    if most < 1:
        raise StudyError(f"most={most}: needs at least 1 touchpoint to show.")
    size = len(j.touchpoints)
    begin, length = j.offsets[:-1], j.lengths
    at = np.full((steps, j.n_journeys), -1, dtype=np.int64)
    for step in range(steps):
        there = length > step
        at[step, there] = j.codes[begin[there] + step]
    events = np.bincount(at[at >= 0], minlength=size)
    often = np.argsort(-events, kind="stable")[:most]
    frequent = [int(code) for code in often if events[code] and j.touchpoints[code] != OTHER]
    names = np.array([*(j.touchpoints[code] for code in frequent), OTHER, END], dtype=object)
    place = np.full(size + 1, len(frequent), dtype=np.int64)
    place[frequent] = np.arange(len(frequent))
    place[size] = len(frequent) + 1  # code -1 reads the last place: the journey has ended
    shown = place[at]
    parts = []
    for step in range(steps - 1):
        here = length > step
        counts = np.bincount(shown[step, here] * len(names) + shown[step + 1, here], minlength=len(names) ** 2)
        pairs = np.flatnonzero(counts)
        origin, n = pairs // len(names), counts[pairs]
        share, low, high = wilson(n, np.bincount(origin, weights=n, minlength=len(names))[origin])
        parts.append(
            pd.DataFrame(
                {
                    "step": step + 1,
                    "from_touchpoint": names[origin],
                    "to_touchpoint": names[pairs % len(names)],
                    "n": n,
                    "share": share,
                    "ci_low": low,
                    "ci_high": high,
                }
            ).sort_values("n", ascending=False, kind="stable")
        )
    table = pd.concat(parts, ignore_index=True)
    if minimum > 1:
        margins = (["step"], ["step", "from_touchpoint"], ["step", "to_touchpoint"])
        table = hold_back(table, margins, minimum=minimum).reset_index(drop=True)
    return Flow(
        table,
        "Counts of journeys from step to step, with Wilson intervals",
        ("Steps are counted from the first event seen.", "Journeys are independent."),
        int((length > 0).sum()),
        tuple(names[:-2]),
        minimum if minimum > 1 else 0,
    )
