"""The picture of agreement: a dot and an interval a code, and Krippendorff's two bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.voices.uncertainty import SOLID, TENTATIVE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_dots(ax: Axes | None, frame: pd.DataFrame, title: str, note: str, label: str, alt: str) -> Axes:
    """Draw one line a code, the best at the top.

    Parameters
    ----------
    frame : DataFrame
        code, value, ci_low, ci_high; hollow where there is no interval.
    """
    frame = frame.dropna(subset=["value"]).sort_values("value", kind="stable")
    ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.27))
    place = np.arange(len(frame))
    sure = frame["ci_low"].notna().to_numpy()
    for mask, fill in ((sure, figures.BLUE), (~sure, "white")):
        part = frame[mask]
        reach = np.abs(np.vstack([part["value"] - part["ci_low"], part["ci_high"] - part["value"]]).astype(float))
        if len(part):
            ax.errorbar(part["value"], place[mask], xerr=np.nan_to_num(reach), fmt="o", color=figures.BLUE, capsize=3,
                        markerfacecolor=fill)  # fmt: skip
    for bar, name in ((TENTATIVE, "usable"), (SOLID, "solid")):
        ax.axvline(bar, color=figures.MUTED, linestyle="--", linewidth=1)
        ax.text(bar, len(frame) - 0.3, f"{name}\n{text.short(bar)}", fontsize=8.5, color=figures.MUTED, ha="center", va="bottom",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
    ax.set_yticks(place, frame["code"].astype(str))
    ax.set_ylim(-0.7, len(frame) + 0.7)
    lowest = float(frame[["value", "ci_low"]].min().min()) if len(frame) else 0.0
    ax.set_xlim(max(-1.0, min(0.0, lowest)) - 0.02, 1.02)
    ax.set_xlabel(label)
    ax.grid(axis="y", visible=False)
    figures.subtitle(ax, title, note)
    if frame.empty:
        ax.text(0.5, 0.5, "nothing can be measured", transform=ax.transAxes, ha="center", color=figures.MUTED)
    draws = figures.drawn(frame[::-1], "code", {label: ("value", "ci_low", "ci_high")}, unit="number")
    return figures.describe(ax, alt, draws)
