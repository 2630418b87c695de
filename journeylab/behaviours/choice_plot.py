"""One picture of every criterion over the number of behaviours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from journeylab import figures, text
from journeylab.behaviours.recurrence import STEADY, STRONG

if TYPE_CHECKING:
    from matplotlib.axes import Axes


DRAWN = ("bic", "icl", "gain", "null_gain", "silhouette", "null_silhouette", "prediction_strength", "stability")
"""The columns that are drawn."""


def choice_plot(selection: pd.DataFrame, k: int, *, n: int, given: bool = False, ax: Axes | None = None) -> Axes:
    """Draw the criteria over k: one small panel each, the number in use marked in all of them.

    Parameters
    ----------
    selection : DataFrame
        See `journeylab.behaviours.Behaviours`; criteria without a value get no panel.
    k : int
        The number in use.
    n : int
        Journeys.
    given : bool
        Whether k was asked for, not chosen.
    ax : Axes, optional
        Draw the first panel only, there.
    """
    panels = [panel for panel in (_information, _gain, _width, _again) if panel(None, selection)]
    mark = f"{'set' if given else 'chosen'}: {k}"
    axes = [ax] if ax is not None else _axes(max(len(panels), 1), f"How many behaviours? {mark.capitalize()}", n)
    if not panels:
        axes[0].set_axis_off()
        axes[0].annotate("Only one number was tried: nothing to compare.", (0, 0.5), xycoords="axes fraction")
    for place, panel in zip(axes, panels, strict=False):
        panel(place, selection)
        place.axvline(k, color=figures.INK, linestyle="--", linewidth=1.1, zorder=0)
        place.set_xticks(selection["k"])
        place.set_xlim(0.6, selection["k"].max() + 0.4)
        place.tick_params(labelsize=9)
    if panels:
        side = -1 if 2 * k > selection["k"].max() + 1 else 1
        axes[0].annotate(mark, (k, 0.985), xycoords=("data", "axes fraction"), xytext=(5 * side, 0), va="top", fontsize=9.5,
                         ha="left" if side > 0 else "right", textcoords="offset points", fontweight="bold",
                         bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})  # fmt: skip
    for place in axes[-2:]:
        place.set_xlabel("number of behaviours", fontsize=9.5)
    here = selection.set_index("k").loc[k]
    said = [f"{name} {text.number(here[column])}" for column, name in _SAID if pd.notna(here.get(column))]
    return figures.describe(
        axes[0],
        f"Line charts over 1 to {selection['k'].max()} behaviours: "
        f"{text.sentence_list(_TITLES[panel] for panel in panels) or 'nothing to compare'}. "
        f"{text.sentence(mark)}, with {text.sentence_list(said) or 'no criterion worked out'}.",
        figures.drawn(
            selection.dropna(axis=1, how="all").assign(k=selection["k"].astype(str)),
            "k",
            {},
            unit="number",
            also=[name for name in DRAWN if name in selection and selection[name].notna().any()],
        ),
    )


def _information(ax: Axes | None, frame: pd.DataFrame) -> bool:
    """BIC and ICL above the lowest."""
    if "bic" not in frame or len(frame) < 2:
        return False
    if ax is not None:
        base = float(frame[["bic", "icl"]].min().min())
        above = frame.assign(bic=frame["bic"] - base, icl=frame["icl"] - base)
        for column, colour, marker, side in (("bic", figures.BLUE, "o", "top"), ("icl", figures.ORANGE, "s", "bottom")):
            _line(ax, above, column, colour, marker)
            end = (above["k"].iloc[-1], above[column].iloc[-1])
            ax.annotate(column.upper(), end, xytext=(0, 7 if side == "bottom" else -7), textcoords="offset points", ha="center",
                        va=side, color=colour, fontsize=9)  # fmt: skip
        ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.margins(y=0.14)
        _head(ax, "BIC and ICL", "above the lowest; lower is better")
    return True


def _width(ax: Axes | None, frame: pd.DataFrame) -> bool:
    """The silhouette over what chance gives."""
    return _over_chance(ax, frame, "silhouette", "Average silhouette", "wider is better; grey: reached by chance")


def _gain(ax: Axes | None, frame: pd.DataFrame) -> bool:
    """The gain in log-likelihood over what chance gives."""
    return _over_chance(ax, frame, "gain", "Gain over one pattern", "log-likelihood a journey; grey: gained by chance")


def _again(ax: Axes | None, frame: pd.DataFrame) -> bool:
    """Prediction strength and stability with their bars."""
    columns = [name for name in ("prediction_strength", "stability") if frame[name].notna().any()]
    if not columns or len(frame) < 2:
        return False
    if ax is not None:
        shown = frame.mask(frame["k"] < 2)
        for column, name, colour, marker, bar in (
            ("prediction_strength", "prediction strength", figures.BLUE, "o", STRONG),
            ("stability", "stability", figures.ORANGE, "s", STEADY),
        ):
            if column in columns:
                _line(ax, shown, column, colour, marker, f"{name}, good from {text.short(bar)}")
                ax.axhline(bar, color=colour, linewidth=1.2, linestyle=":")
        # Down on the left is room: there is no value for one behaviour, and low ones belong to many
        ax.legend(loc="lower left", fontsize=9, frameon=False, labelcolor="linecolor", borderaxespad=0.2)
        ax.set_ylim(0, 1.08)
        _head(ax, "Found again", "in the least stable behaviour; dotted: good from here")
    return True


def _over_chance(ax: Axes | None, frame: pd.DataFrame, column: str, title: str, note: str) -> bool:
    if column not in frame or not frame[column].notna().any() or len(frame) < 2:
        return False
    if ax is not None:
        null = frame.dropna(subset=[f"null_{column}"])
        low = min(0.0, float(frame[[column, f"null_{column}"]].min().min()))
        ax.fill_between(null["k"], low, null[f"null_{column}"], color=figures.MUTED, alpha=0.3, linewidth=0)
        ax.plot(null["k"], null[f"null_{column}"], color=figures.MUTED, marker="_", linewidth=1)
        _line(ax, frame, column, figures.BLUE, "o")
        top = max(float(frame[[column, f"null_{column}"]].max().max()), low + 0.001)
        ax.set_ylim(low, low + 1.15 * (top - low))
        _head(ax, title, note)
    return True


def _line(ax: Axes, frame: pd.DataFrame, column: str, colour: str, marker: str, label: str | None = None) -> None:
    known = frame.dropna(subset=[column])
    ax.plot(known["k"], known[column], color=colour, marker=marker, markersize=5, label=label)


def _head(ax: Axes, title: str, note: str) -> None:
    ax.set_title(f"{title}\n", loc="left", fontsize=10.5)
    ax.annotate(note, xy=(0, 1), xycoords="axes fraction", xytext=(0, 4), textcoords="offset points", color=figures.MUTED,
                fontsize=9, va="bottom", annotation_clip=False)  # fmt: skip


def _axes(panels: int, title: str, n: int) -> list[Any]:
    """The panels of a new figure, two a row."""
    if panels == 1:
        ax = figures.new_axes(height=3.4)
        figures.subtitle(ax, title, f"n = {text.count(n)} journeys")
        return [ax]
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    rows = -(-panels // 2)
    with rc_context(figures.STYLE):
        figure = Figure(figsize=(9, 2.7 * rows + 0.5))
        figure.set_layout_engine("constrained", h_pad=0.08, w_pad=0.1)
        axes = list(figure.subplots(rows, 2, squeeze=False).ravel())
    figure.suptitle(
        f"{title} (n = {text.count(n)} journeys)", x=0.01, ha="left", fontsize=12, fontweight="bold", color=figures.INK
    )
    for spare in axes[panels:]:
        spare.set_axis_off()
    return axes[:panels]


_TITLES: dict[Any, str] = {
    _information: "BIC and ICL",
    _width: "the average silhouette beside chance",
    _again: "prediction strength and stability with their bars",
    _gain: "the gain in log-likelihood beside chance",
}
_SAID = (
    ("silhouette", "silhouette"),
    ("null_silhouette", "by chance at most"),
    ("prediction_strength", "prediction strength"),
    ("stability", "stability"),
    ("gain", "gain"),
    ("null_gain", "by chance at most"),
)
