"""One look for every figure: colour-blind safe, legible in grey, with an alt text."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from journeylab import locales

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1f2933"
MUTED = "#5b6770"
GRID = "#d9dee2"
BLUE = "#0b5394"
ORANGE = "#b45309"
GREEN = "#1b7f5c"
PURPLE = "#7b3f8c"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, "#3d5a80", "#8a6d00", "#a23b4a", "#4a7c1f")
"""Ordered so that the first four also differ in lightness; each has 4.5:1 on white."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
"""Colour never carries meaning alone: series also differ by marker."""

NOTE = "note"
"""What the line under a title is called in its figure."""

DPI = 144.0
"""Dots an inch of every figure."""

STYLE = {
    "font.size": 11,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "text.parse_math": False,
}


def new_axes(ax: Axes | None = None, *, width: float = 8.0, height: float = 4.0) -> Axes:
    """Return `ax`, or the Axes of a new figure in the house style; sizes in inches."""
    if ax is not None:
        return ax
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure.add_subplot()


def row_height(rows: int, *, least: float = 2.2, each: float = 0.34) -> float:
    """Height in inches of a chart with one line of text a row."""
    return max(least, 1.1 + each * rows)


PEOPLE = "people"
"""The mark of a figure in which single people or single journeys can be told apart: it never leaves the house."""


@dataclasses.dataclass(frozen=True)
class Drawn:
    """What a figure draws, row by row, so that whoever lets it out can hold it against the table under it.

    Attributes
    ----------
    labels : tuple of tuple of str
        What names each row, word for word as in the table.
    series : tuple of str
        What is drawn of each row.
    numbers : tuple of tuple of float
        For each row value, low and high of each series in turn (NaN where there is none), then the other numbers written on
        the figure.
    unit : str
        ``percent`` for shares, ``points`` for differences of shares, ``number`` for all else.
    more : bool
        Whether the figure draws more than these rows: the steps of a curve, the points of a cloud.
    """

    labels: tuple[tuple[str, ...], ...]
    series: tuple[str, ...]
    numbers: tuple[tuple[float, ...], ...]
    unit: str = "percent"
    more: bool = False

    def mark(self) -> str:
        """The mark as it stands in a page: six digits are more than a table shows."""
        rows = [
            [list(labels), [None if value != value else float(f"{value:.6g}") for value in numbers]]
            for labels, numbers in zip(self.labels, self.numbers, strict=True)
        ]
        told = {"unit": self.unit, "series": self.series, "rows": rows} | ({"more": True} if self.more else {})
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def drawn(
    frame: pd.DataFrame, labels: str | Sequence[str], series: Mapping[str, Sequence[str]], *,
    unit: str = "percent", also: Sequence[str] = (), more: bool = False,
) -> Drawn:  # fmt: skip
    """Say what a figure draws of a frame.

    Parameters
    ----------
    labels : str or sequence of str
        The columns that name a row.
    series : mapping
        What is drawn to its column, or to the columns of value, low and high.
    also : sequence of str
        Columns whose numbers are written on the figure.
    unit, more
        See `Drawn`.
    """
    nothing = [float("nan")] * len(frame)
    columns = []
    for given in series.values():
        names = (given,) if isinstance(given, str) else given
        columns += [frame[name].astype(float).tolist() for name in names] + [nothing] * (3 - len(names))
    columns += [frame[name].astype(float).tolist() for name in also]
    heads = [labels] if isinstance(labels, str) else list(labels)
    named = zip(*(frame[name].astype(str).tolist() for name in heads), strict=True)
    return Drawn(tuple(named), tuple(series), tuple(zip(*columns, strict=True)), unit, more)


def at_least(people: int) -> str:
    """The mark of a figure in which every mark and every step between two stands for so many people or more."""
    return json.dumps({"least": people})


def describe(ax: Axes, alt: str, draws: Drawn | str = "") -> Axes:
    """Give the figure of `ax` the alt text that its readers will hear, and say what it draws.

    Parameters
    ----------
    draws : Drawn or str
        The rows and numbers drawn where a table has them all, what `at_least` makes, or `PEOPLE`. A figure that does not
        say stays in the house.
    """
    ax.figure.set_label(alt)
    ax.figure._journeylab_draws = draws  # type: ignore[union-attr]
    return ax


def mark(ax: Axes) -> str:
    """What `describe` was told that the figure of `ax` draws, as it stands in a page; empty where it was told nothing."""
    draws = getattr(ax.figure, "_journeylab_draws", "")
    return draws.mark() if isinstance(draws, Drawn) else str(draws)


def words(ax: Axes) -> list[str]:
    """All words that are painted in the figure of `ax`, each once; numbers alone are none."""
    from matplotlib.text import Text

    figure = ax.get_figure(root=True)
    assert figure is not None
    told = [" ".join(text.get_text().split()) for text in figure.findobj(Text) if text.get_visible()]
    return list(dict.fromkeys(line for line in told if any(sign.isalpha() for sign in line)))


def alt_text(ax: Axes) -> str:
    """Return the alt text that `describe` gave."""
    return str(ax.figure.get_label() or "")


def subtitle(ax: Axes, title: str, note: str = "") -> None:
    """Set a title that says what is shown, with n and method in a lighter line under it."""
    ax.set_title(title if not note else f"{title}\n", loc="left")
    if note:
        ax.annotate(
            note,
            xy=(0, 1),
            xycoords="axes fraction",
            xytext=(0, 6),
            textcoords="offset points",
            color=MUTED,
            fontsize=9.5,
            va="bottom",
            ha="left",
            annotation_clip=False,
            gid=NOTE,
        )


def caption(ax: Axes) -> str:
    """Return the title of the figure of `ax` and the note under it; where not one panel has a title, how its alt text begins."""
    titled = [each for each in ax.figure.axes if each.get_title(loc="left").strip()]
    if len(titled) != 1:
        return alt_text(ax).partition(". ")[0].rstrip(".")
    notes = [words.get_text() for words in titled[0].texts if words.get_gid() == NOTE]
    parts = [re.sub("[ \n]+", " ", part).strip() for part in [titled[0].get_title(loc="left"), *notes]]
    return " ".join([*(part if part.endswith((".", "?")) else f"{part}." for part in parts[:-1]), parts[-1]])


def spread(ends: list[tuple[float, str, str]], least: float, top: float) -> list[tuple[float, str, str]]:
    """Labels with their heights moved so far apart that none lies on another, and none above the top."""
    placed: list[tuple[float, str, str]] = []
    for height, label, colour in sorted(ends):
        height = max(height, placed[-1][0] + least) if placed else height
        placed.append((height, label, colour))
    over = max(0.0, placed[-1][0] - top) if placed else 0.0
    return [(height - over, label, colour) for height, label, colour in placed]


def legend_below(ax: Axes, columns: int = 4) -> None:
    """Put the legend under the label of the x axis, where it hides nothing."""
    ax.legend(
        frameon=False, loc="upper right", bbox_to_anchor=(1, 0), ncols=columns, borderaxespad=3.6, columnspacing=1.2
    )


def _localise(figure: Figure) -> None:
    """Numbers at the ticks with the marks of the study's locale."""
    from matplotlib.ticker import FixedFormatter, FuncFormatter

    if locales.marks() is locales.PLAIN:
        return
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            formatter = axis.get_major_formatter()
            if "format_ticks" not in vars(formatter) and not isinstance(formatter, (FixedFormatter, FuncFormatter)):
                formatter.format_ticks = partial(_written, formatter.format_ticks)  # type: ignore[method-assign]


def _written(plain: Callable[[Any], list[str]], ticks: Any) -> list[str]:
    return [locales.written(label) for label in plain(ticks)]


def png(ax: Axes) -> bytes:
    """Draw the figure of `ax` as PNG bytes, without the date and software names in its metadata.

    Notes
    -----
    256 colours are enough for a chart and make it a third as large, so that a page of many stays small enough to mail.
    """
    import io

    import numpy as np
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text
    from PIL import Image

    buffer = io.BytesIO()
    figure = ax.get_figure(root=True)
    assert figure is not None
    with rc_context(STYLE):
        _localise(figure)
        for words in figure.findobj(Text):
            words.set_parse_math(False)  # words from data may hold dollar signs: they are no formulas
        figure.set_dpi(DPI)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def svg(ax: Axes) -> str:
    """Draw the figure of `ax` as SVG with its alt text as title, without dates and ids that change from draw to draw."""
    import io

    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.text import Text

    from journeylab.html import escape

    buffer = io.StringIO()
    figure = ax.get_figure(root=True)
    assert figure is not None
    with rc_context({**STYLE, "svg.hashsalt": "journeylab"}):
        _localise(figure)
        for words in figure.findobj(Text):
            words.set_parse_math(False)
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    titled = f' role="img">\n <title>{escape(alt_text(ax))}</title>'
    return re.sub(r"(<svg[^>]*)>", lambda found: found[1] + titled, buffer.getvalue(), count=1)
