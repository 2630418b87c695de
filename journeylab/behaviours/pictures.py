"""What do the journeys of each behaviour look like? Every journey as a line, shares at each step, and where one leads to which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.behaviours.counts import Paths, paths

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from journeylab.behaviours.find import Behaviours
    from journeylab.journeys import Journeys

STATES = 9
"""So many touchpoints have a colour of their own; more could not be told apart."""

WIDEST = 20
LINES = 120
REST = "#c9ced3"

RARE, LEAST = 0.1, 20
"""A share of steps under 10 %, and those of a touchpoint with fewer than 20, have no number in a map."""


def index_plot(
    found: Behaviours, j: Journeys, *, until: str | None = None, names: Mapping[str, str] | None = None,
    order: Sequence[str] = (), minimum: int = 1,
) -> Axes:  # fmt: skip
    """Draw journeys as lines of coloured steps, one panel a behaviour (a sequence index plot).

    Parameters
    ----------
    found : Behaviours
    j : Journeys
        In which they were found, in the same order.
    until : str, optional
        Where `find` cut them.
    names : mapping, optional
        What each is called, by label.
    order : sequence of str
        The touchpoints as they come on the journey; colours darken along it.
    minimum : int
        Draw journeys only as far as so many go the same way, for a public report; see `shared_steps`.

    Notes
    -----
    The nine touchpoints that make up most of any behaviour have colours, from light to dark; direct repeats are one step, the
    first 20 steps are shown. Journeys are sorted by their steps; of more than 120 every so many-th is drawn.
    """
    cut, states, coloured = coloured_states(found, j, until, order)
    title = "Journey by journey" + (f", as far as {minimum} or more go the same way" if minimum > 1 else "")
    figure, axes = _panels(found, title, 2.3)
    shown = []
    for ax, label in zip(axes, found.table["behaviour"], strict=False):
        grid = first_steps(cut, states, found.labels.to_numpy() == label)
        n = len(grid)
        if minimum > 1:
            grid = shared_steps(grid, minimum)
        grid = grid[np.lexsort(grid.T[::-1])]
        if len(grid) > LINES:
            grid = grid[np.linspace(0, len(grid) - 1, LINES).round().astype(int)]
        _image(ax, grid, len(coloured))
        ax.set_yticks([])
        _title(ax, called(names, label), f"{text.count(len(grid))} of {text.count(n)} journeys")
        shown.append(f"{called(names, label)}: {_opening(grid, coloured)}")
    _finish(figure, axes, coloured)
    return figures.describe(
        axes[0],
        f"Sequence index plot: one line a journey, one panel a behaviour, over the first {WIDEST} steps. {'; '.join(shown)}.",
        figures.PEOPLE,
    )


def distribution_plot(
    found: Behaviours, j: Journeys, *, until: str | None = None, names: Mapping[str, str] | None = None,
    order: Sequence[str] = (),
) -> Axes:  # fmt: skip
    """Draw which touchpoints the customers are at, step by step, one panel a behaviour (a state distribution plot).

    Parameters are those of `index_plot`. White is the share whose journey is over.
    """
    cut, states, coloured = coloured_states(found, j, until, order)
    figure, axes = _panels(found, "Where customers are, step by step", 2.3)
    shown = []
    for ax, label in zip(axes, found.table["behaviour"], strict=False):
        grid = first_steps(cut, states, found.labels.to_numpy() == label)
        shares = (
            np.array([(grid == code).mean(axis=0) for code in range(len(coloured) + 1)])
            if len(grid)
            else np.zeros((len(coloured) + 1, WIDEST))
        )
        bottom = np.zeros(WIDEST)
        for code, part in enumerate(100 * shares):
            ax.bar(np.arange(1, WIDEST + 1), part, bottom=bottom, width=1, color=_colours(len(coloured))[code],
                   edgecolor="white", linewidth=0.3)  # fmt: skip
            bottom += part
        ax.set_xlim(0.5, WIDEST + 0.5)
        ax.set_ylim(0, 100)
        ax.set_yticks([0, 50, 100], ["0 %", "50 %", "100 %"])
        ax.grid(visible=False)
        over = 100 - bottom
        _title(ax, called(names, label), f"n = {text.count(len(grid))} journeys")
        half = np.flatnonzero(over >= 50)
        ends = (
            f"half are over after {half[0]} steps" if len(half) else f"more than half go on for {WIDEST} steps or more"
        )
        shown.append(f"{called(names, label)}: {_opening(grid, coloured)}, {ends}")
    _finish(figure, axes, coloured)
    from journeylab.behaviours.picture_tables import step_shares

    table = step_shares(found, j, until=until, names=names, order=order)
    return figures.describe(
        axes[0],
        f"State distribution plot: stacked shares of touchpoints a step, a panel a behaviour. {'; '.join(shown)}.",
        figures.drawn(
            table, ["behaviour", "touchpoint"], {}, also=[name for name in table if name.startswith("share at")]
        ),
    )


def transition_maps(
    found: Behaviours, j: Journeys, *, until: str | None = None, names: Mapping[str, str] | None = None,
    order: Sequence[str] = (),
) -> Axes:  # fmt: skip
    """Draw where each touchpoint leads, one small map a behaviour.

    Parameters are those of `index_plot`. Numbers are per cent of the steps away from a touchpoint to another; those
    under 10 % and rows of fewer than 20 steps are left blank.
    """
    cut, states, coloured = coloured_states(found, j, until, order)
    size = len(coloured)
    figure, axes = _panels(found, "Where each touchpoint leads", 3.1)
    shown = []
    for place, (ax, label) in enumerate(zip(axes, found.table["behaviour"], strict=False)):
        table = steps_between(cut, states, found.labels.to_numpy() == label, size)
        away = table.sum(axis=1, keepdims=True)
        share = np.where(away >= LEAST, table / np.maximum(away, 1), 0)
        if size:
            ax.imshow(100 * np.where(share >= RARE, share, 0), cmap="Blues", vmin=0, vmax=100, aspect="auto")
        for row, column in zip(*np.nonzero(share >= RARE), strict=True):
            ax.text(column, row, text.fixed(100 * share[row, column], 0), ha="center", va="center", fontsize=8,
                    color="white" if share[row, column] > 0.55 else figures.INK)  # fmt: skip
        ax.grid(visible=False)
        columns = 2 if len(found.table) > 1 else 1
        ax.set_yticks(range(size), coloured if place % columns == 0 else [""] * size, fontsize=8.5)
        low = place + columns >= len(found.table)
        ax.set_xticks(range(size + 1), [*coloured, "others"] if low else [""] * (size + 1), rotation=45, ha="right",
                      fontsize=8.5)  # fmt: skip
        _title(ax, called(names, label), f"{text.count(int(table.sum()))} steps")
        named = share[:, :size]
        if named.any():
            row, column = np.unravel_index(int((named * np.sqrt(away)).argmax()), named.shape)
            often = text.percent(named[row, column], 0)
            shown.append(f"{called(names, label)}: {coloured[row]} leads to {coloured[column]} in {often}")
    from journeylab.behaviours.picture_tables import leads

    figure.supylabel("from", fontsize=10, color=figures.MUTED)
    figure.supxlabel("to, per cent of the steps away; under 10 % left blank", fontsize=10, color=figures.MUTED)
    return figures.describe(
        axes[0],
        f"Heat maps of steps between the most frequent touchpoints, one a behaviour. {'; '.join(shown)}.",
        figures.drawn(
            leads(found, j, until=until, names=names, order=order),
            ["behaviour", "from_touchpoint", "to_touchpoint"],
            {"of the steps away": "share"},
        ),
    )


def coloured_states(
    found: Behaviours, j: Journeys, until: str | None, order: Sequence[str]
) -> tuple[Paths, NDArray[np.int64], list[str]]:
    """Paths without repeats, the colour of each touchpoint (the last is the rest), and the names of the coloured."""
    cut = paths(j, until=until if until in j.touchpoints else None, collapse=True)
    size = len(j.touchpoints)
    place = {label: number for number, label in enumerate(found.table["behaviour"])}
    group = np.repeat(found.labels.map(place).to_numpy(dtype=np.int64), cut.lengths)
    tally = np.bincount(group * size + cut.codes, minlength=len(place) * size).reshape(len(place), size)
    share = (tally / np.maximum(tally.sum(axis=1, keepdims=True), 1)).max(axis=0)
    frequent = [int(code) for code in np.argsort(-share, kind="stable")[:STATES] if share[code]]
    along = {name: number for number, name in enumerate(order)}
    frequent.sort(key=lambda code: (along.get(j.touchpoints[code], len(along)), j.touchpoints[code]))
    states = np.full(len(j.touchpoints), len(frequent), dtype=np.int64)
    for number, code in enumerate(frequent):
        states[code] = number
    return cut, states, [j.touchpoints[code] for code in frequent]


def first_steps(cut: Paths, states: NDArray[np.int64], inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """States of the first steps of the journeys inside that have any, -1 after their end, shape (n, WIDEST)."""
    chosen = np.flatnonzero(inside & (cut.lengths > 0))
    part = cut.take(chosen.astype(np.int64))
    step = np.arange(WIDEST)
    inside = step < part.lengths[:, None]
    at = np.minimum(part.offsets[:-1][:, None] + step, max(len(part.codes) - 1, 0))
    return np.where(inside, states[part.codes[at]], -1) if len(part.codes) else np.full((len(chosen), WIDEST), -1)


def shared_steps(grid: NDArray[np.int64], minimum: int) -> NDArray[np.int64]:
    """The same journeys, each only as far as at least `minimum` go the same way from the first step; -1 after that.

    Notes
    -----
    Where a way parts, those whose line ends there are none or at least `minimum` too, or the smallest branch ends with them:
    otherwise the lines that lack would tell of the few.
    """
    out = np.full_like(grid, -1)
    together = [np.arange(len(grid))]
    for step in range(grid.shape[1]):
        onward = []
        for group in together:
            at = grid[group, step]
            branches = sorted((group[at == state] for state in np.unique(at[at >= 0])), key=len)
            kept = [branch for branch in branches if len(branch) >= minimum]
            while kept and 0 < len(group) - sum(map(len, kept)) < minimum:
                kept.pop(0)
            onward += kept
        for branch in onward:
            out[branch, step] = grid[branch, step]
        together = onward
    return out


def steps_between(cut: Paths, states: NDArray[np.int64], inside: NDArray[np.bool_], size: int) -> NDArray[np.float64]:
    """Steps from each coloured state to each, the last column all others, shape (size, size + 1)."""
    owner = np.repeat(np.arange(len(cut.lengths)), cut.lengths)
    mine = (owner[1:] == owner[:-1]) & inside[owner[1:]]
    a, b = states[cut.codes[:-1][mine]], states[cut.codes[1:][mine]]
    tally = np.bincount(a * (size + 1) + b, minlength=(size + 1) ** 2)
    return tally.reshape(size + 1, size + 1)[:size].astype(float)


def _colours(n: int) -> list[Any]:
    """From light to dark, also in grey, and grey for the rest."""
    from matplotlib import colormaps

    return [*colormaps["viridis_r"](np.linspace(0.02, 1.0, n)), REST] if n else [REST]


def _panels(found: Behaviours, title: str, height: float) -> tuple[Any, list[Axes]]:
    """A figure with two panels a row."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    k = len(found.table)
    columns = 2 if k > 1 else 1
    rows = -(-k // columns)
    with rc_context(figures.STYLE):
        figure = Figure(figsize=(9, height * rows + 0.9))
        figure.set_layout_engine("constrained", h_pad=0.08, w_pad=0.08)
        axes = list(figure.subplots(rows, columns, squeeze=False).ravel())
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=figures.INK)
    for spare in axes[k:]:
        spare.set_axis_off()
    return figure, axes


def _image(ax: Axes, grid: NDArray[np.int64], n: int) -> None:
    from matplotlib.colors import ListedColormap

    ax.set_xlim(0.5, WIDEST + 0.5)
    ax.grid(visible=False)
    if len(grid):
        ax.imshow(np.ma.masked_less(grid, 0), cmap=ListedColormap(_colours(n)), vmin=-0.5, vmax=n + 0.5, aspect="auto",
                  interpolation="nearest", extent=(0.5, WIDEST + 0.5, len(grid), 0))  # fmt: skip


def _finish(figure: Any, axes: list[Axes], coloured: list[str]) -> None:
    """One key for all panels, in the order of the journey."""
    from matplotlib.patches import Patch

    for place, ax in enumerate(axes):
        ax.set_xticks([1, 5, 10, 15, WIDEST])
        ax.tick_params(labelsize=9)
        if place + 2 >= len(axes):
            ax.set_xlabel("step of the journey, repeats left out", fontsize=9.5, color=figures.MUTED)
    handles = [
        Patch(facecolor=colour, edgecolor=figures.MUTED, linewidth=0.5, label=name)
        for colour, name in zip(_colours(len(coloured)), [*coloured, "all others"], strict=True)
    ]
    longest = max(len(str(handle.get_label())) for handle in handles)
    fit = int(figure.get_figwidth() / (0.085 * longest + 0.75))  # inches: of a letter, and of a patch with its gaps
    figure.legend(handles=handles, loc="outside lower center", ncols=max(1, min(5, fit)), frameon=False, fontsize=9.5)


def _title(ax: Axes, name: str, note: str) -> None:
    short = name if len(name) <= 44 else f"{name[:42]}…"
    ax.set_title(f"{short}\n", loc="left", fontsize=10.5)
    ax.annotate(note, xy=(0, 1), xycoords="axes fraction", xytext=(0, 4), textcoords="offset points", color=figures.MUTED,
                fontsize=9, va="bottom", annotation_clip=False)  # fmt: skip


def called(names: Mapping[str, str] | None, label: str) -> str:
    """The name of a behaviour, or its label."""
    return (names or {}).get(label) or label


def _opening(grid: NDArray[np.int64], coloured: list[str]) -> str:
    """The most frequent first touchpoint, in words."""
    grid = grid[grid[:, 0] >= 0] if len(grid) else grid
    if not len(grid):
        return "no journeys"
    first = np.bincount(grid[:, 0], minlength=len(coloured) + 1)
    top = int(first.argmax())
    return f"{text.percent(first[top] / len(grid), 0)} begin with {[*coloured, 'another touchpoint'][top]}"
