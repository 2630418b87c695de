"""How did KPIs, funnel and scores go over all runs of a study?"""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from journeylab import figures, locales, text
from journeylab.comparing.reading import Reading, read_run, require_one_study
from journeylab.comparing.stored import AGAIN
from journeylab.errors import DataError, listing
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = {"KPI": "KPIs", "outcome": "Outcomes", "funnel": "From stage to stage", "scores": "Scores"}
"""Kinds of figures with a trend, and their headings."""

ACROSS = 3
MOST_LABELS = 4


class LeftOut(NamedTuple):
    """A run that a trend leaves out, for its results cannot be read: its name, the file within it, and why."""

    run: str
    file: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Trend(Result):
    """Figures over runs.

    Attributes
    ----------
    table : DataFrame
        kind, name, label, unit, run, created (UTC), value, ci_low, ci_high, n, target (of KPIs; else NaN). By run.
    left_out : DataFrame
        run, file, reason: the damaged runs that are not in the table.
    """

    left_out: pd.DataFrame

    def names(self, kind: str) -> list[str]:
        """The figures of a kind, in the order of the newest run."""
        return list(dict.fromkeys(self.table.loc[self.table["kind"] == kind, "name"]))

    def summary(self) -> str:
        """Say how many runs there are, from when to when, and which are left out."""
        runs = self.table.drop_duplicates("run")
        names = list(dict.fromkeys(self.left_out["run"]))
        missing = f" Left out: {listing(names)}." if names else ""
        if runs.empty:
            return f"No run has a figure to show.{missing}"
        first, last = runs["created"].min(), runs["created"].max()
        count = self.table.drop_duplicates(["kind", "name"])
        return f"{len(count)} figures over {len(runs)} runs from {text.date(first)} to {text.date(last)}.{missing}"

    def plot(self, ax: Axes | None = None, *, kind: str = "KPI") -> Axes:
        """Draw a kind as small multiples, a panel a figure; with `ax` only the first of them."""
        names = self.names(kind)
        if not names:
            raise DataError(f"there is nothing of kind '{kind}' in these runs; kinds are {text.sentence_list(SHOWN)}.")
        if ax is not None:
            self._panel(ax, kind, names[0])
            return figures.describe(ax, self.alt(kind))
        from matplotlib import rc_context
        from matplotlib.figure import Figure

        across = min(ACROSS, len(names))
        down = math.ceil(len(names) / across)
        with rc_context(figures.STYLE):
            drawn = Figure(figsize=(3.6 * across, 0.3 + 2.3 * down), layout="constrained")
            grid = drawn.subplots(down, across, squeeze=False).ravel()
        for panel, name in zip(grid, names, strict=False):
            self._panel(panel, kind, name)
        for panel in grid[len(names) :]:
            panel.set_visible(False)
        return figures.describe(grid[0], self.alt(kind))

    def alt(self, kind: str) -> str:
        """What the figure of a kind shows, in words: each figure's first and last value."""
        parts = []
        for name in self.names(kind):
            rows = self._of(kind, name)
            first, last = rows.iloc[0], rows.iloc[-1]
            parts.append(f"{name} {_write(first)} at first and {_write(last)} at last")
        runs = self.table["run"].nunique()
        return f"{SHOWN[kind]}: small multiples over {runs} runs with 95 % intervals: {'; '.join(parts)}."

    def _of(self, kind: str, name: str) -> pd.DataFrame:
        return self.table[(self.table["kind"] == kind) & (self.table["name"] == name)]

    def _panel(self, ax: Axes, kind: str, name: str) -> None:
        """One figure over runs, by the order of the runs, with its goal."""
        rows = self._of(kind, name)
        runs = list(dict.fromkeys(self.table["run"]))
        place = np.array([runs.index(run) for run in rows["run"]], dtype=float)
        scale = 1.0 if rows["unit"].iloc[0] == "number" else 100.0
        value, low, high = (scale * rows[column].to_numpy(dtype=float) for column in ("value", "ci_low", "ci_high"))
        ax.fill_between(place, low, high, color=figures.BLUE, alpha=0.18, linewidth=0)
        ax.errorbar(place, value, yerr=np.vstack([value - low, high - value]).clip(0), color=figures.BLUE, fmt="o-",
                    markersize=4, linewidth=1.2, capsize=2)  # fmt: skip
        target = scale * float(rows["target"].iloc[-1])
        if not np.isnan(target):
            ax.axhline(target, color=figures.ORANGE, linewidth=1.5, linestyle="--")
            ax.annotate("goal", (0, target), color=figures.ORANGE, fontsize=8, va="bottom")
        steps = sorted({round(step) for step in np.linspace(0, len(runs) - 1, min(MOST_LABELS, len(runs)))})
        days = self.table.drop_duplicates("run").set_index("run")["created"]
        ax.set_xticks(steps, [f"{days[runs[step]]:%d %b}" for step in steps], fontsize=8)
        ax.set_xlim(-0.5, len(runs) - 0.5)
        ax.tick_params(axis="y", labelsize=8)
        ax.set_ylabel("" if scale == 1 else "%", fontsize=8)
        title = name if len(name) <= 34 else f"{name[:33]}…"
        ax.set_title(title, loc="left", fontsize=9.5)


def trend(runs: Sequence[Reading], left_out: Sequence[LeftOut] = ()) -> Trend:
    """Line up the figures of several runs.

    Parameters
    ----------
    runs : sequence of Reading
        In any order.
    left_out : sequence of LeftOut
        Runs that cannot be read, which the trend says.

    Raises
    ------
    DataError
        For fewer than two runs, and for runs of different studies.
    """
    require_one_study(*runs)
    if len(runs) < 2:
        damaged = "".join(f" Left out: {one.run}: {one.file}: {one.reason}." for one in left_out)
        found = f"{len(runs)} good one{'' if len(runs) == 1 else 's'}"
        raise DataError(
            f"a trend needs two runs or more; found {found}. `journeylab run STUDY` makes another.{damaged}"
        )
    ordered = sorted(runs, key=lambda run: (run.created, run.name))
    rows: list[dict[str, Any]] = []
    for run in ordered:
        rows += _rows(run)
    table = pd.DataFrame(rows, columns=["kind", "name", "label", "unit", "run", "created", "value", "ci_low", "ci_high", "n",
                                        "target"])  # fmt: skip
    table["created"] = pd.to_datetime(table["created"], utc=True)
    return Trend(
        table,
        "Estimates of every good run with 95 % intervals",
        (
            "Runs of a growing study share most of their customers: their points are not independent, and a change shows late. "
            "Whether the newest data differ is what `journeylab compare` tests.",
            "Outcomes and steps from stage to stage count customers who were seen for the whole time that each of them gets; "
            "KPIs stand as page 02 shows them.",
        ),
        pd.DataFrame(left_out, columns=list(LeftOut._fields)),
    )


def read_runs(folders: Sequence[Path]) -> tuple[list[Reading], list[LeftOut]]:
    """Read the runs of a trend, oldest first; what is damaged or of another study than the newest is left out and named."""
    runs, left_out = [], []
    for folder in folders:
        try:
            run = read_run(folder)
            _check(run, folder)
        except DataError as error:
            place, _, reason = str(error).removeprefix(str(folder)).partition(": ")
            left_out.append(
                LeftOut(
                    folder.name, place.strip("/\\") or "results", reason.removesuffix(".").removesuffix(f"; {AGAIN}")
                )
            )
        else:
            runs.append(run)
    ours = [run for run in runs if not run.study or run.study == runs[-1].study]
    left_out += [
        LeftOut(run.name, "run.json", f"is of another study, '{run.study}'") for run in runs if run not in ours
    ]
    return ours, left_out


def _check(run: Reading, folder: Path) -> None:
    """Refuse a run whose time, locale or goals, which only a trend shows, cannot be read."""
    try:
        timed = datetime.datetime.fromisoformat(run.created).tzinfo is not None
    except ValueError:
        timed = False
    if not timed:
        raise DataError(
            f"{folder / 'run.json'}: created: found '{run.created}', expected a time with its zone; {AGAIN}."
        )
    try:
        locales.find(run.locale or "")
    except ValueError as error:
        raise DataError(f"{folder / 'run.json'}: locale: {error}") from None
    for position, row in enumerate(run.goals, start=1):
        for name in ("value", "ci_low", "ci_high", "n", "target"):
            if not isinstance(row.get(name), (int, float, type(None))):
                raise DataError(f"{folder / 'results/goals.json'}: table row {position}: {name}: found {row[name]!r}, expected "
                                f"a number or null; {AGAIN}.")  # fmt: skip


def _rows(run: Reading) -> list[dict[str, Any]]:
    """The figures of one run: KPIs as they stand to their goals, outcomes, steps and whole scores."""
    common = {"run": run.name, "created": run.created}
    rows = [
        {"kind": "KPI", "name": str(row["goal"]), "label": row["kpi"], "unit": "share" if row["unit"] == "share" else "number",
         "value": row["value"], "ci_low": row["ci_low"], "ci_high": row["ci_high"], "n": row["n"], "target": row["target"],
         **common}
        for row in run.goals
        if row["value"] is not None
    ]  # fmt: skip
    for figure in run.figures.values():
        if figure.kind in {"outcome", "funnel", "scores"}:
            low, high = (figure.value if np.isnan(end) else end for end in (figure.low, figure.high))
            rows.append({"kind": figure.kind, "name": figure.name, "label": figure.label, "unit": figure.unit,
                         "value": figure.value, "ci_low": low, "ci_high": high, "n": figure.n, "target": np.nan,
                         **common})  # fmt: skip
    return rows


def _write(row: Any) -> str:
    return text.number(row["value"]) if row["unit"] == "number" else text.percent(row["value"])
