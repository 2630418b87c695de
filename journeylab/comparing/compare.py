"""What moved between two runs, and what is only chance?"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.comparing.behaviours import behaviour_figures, unread
from journeylab.comparing.difference import AGREEMENT, Count, Difference, another_time, difference
from journeylab.comparing.judged import judge, tell_judged, unjudged
from journeylab.comparing.overlap import SOURCES, Overlap, describe, relate
from journeylab.comparing.reading import KINDS, Figure, Reading, require_one_study
from journeylab.comparing.telling import amount, short, show, tell
from journeylab.intervals import benjamini_hochberg
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLEAR = 0.002
"""The q-value of news: where nothing changes, about one weekly comparison in 500 (ten years) names something all the same."""

PERHAPS = 0.05
"""The q-value of what is worth a look, and no news."""

SAME, SAME_NUMBER = 0.0005, 0.005
"""Shares and effects, and numbers, that differ by less are written as the same."""

COLUMNS = ("kind", "name", "label", "unit", "before", "now", "new", "n_before", "n_new", "difference", "ci_low", "ci_high",
           "p_value", "q_value", "verdict", "way", "how", "reason")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Comparison(Result):
    """Two runs, compared.

    Attributes
    ----------
    table : DataFrame
        kind, name, label, unit (``share``, ``number``, ``effect``), before, now, new (what came between the runs, where that is
        apart), n_before, n_new (of the sides compared), difference (new less before), ci_low, ci_high (95 %), p_value, q_value
        (Benjamini and Hochberg over all rows), verdict (``clear``, ``perhaps``, ``no``, ``not told``), way (``better``,
        ``worse``, ``up``, ``down``), how, reason. The surest first.
    words : DataFrame
        kind (``goal``, ``decision``, ``verdict``, ``test``, ``change``), name, before, now, because: only what changed.
    goals : DataFrame
        goal, kpi, target, unit, and value, interval and status before and now.
    before, now : str
        The names of the runs.
    overlap : str
        How their data stand to each other, in words.
    notes : tuple of str
        What else differs between the runs.
    judged : DataFrame
        How many of the customers who came since can be judged yet, by figure: see `journeylab.comparing.judged.judge`.
    references : dict of str to list
        ``KIND|NAME`` to the counts (k or mean, n) of the older run, of what moved clearly: the next comparison leaves them out
        of its older side, so that the new level is the one to which later data are held, and no change is news twice.
    """

    words: pd.DataFrame
    goals: pd.DataFrame
    before: str
    now: str
    overlap: str
    notes: tuple[str, ...]
    judged: pd.DataFrame
    references: dict[str, list[float]]

    def without_small(self, minimum: int) -> Comparison:
        """The comparison without rows that tell of fewer than `minimum` people, also as what came between two runs."""
        kept = (self.table[["n_before", "n_new"]] >= minimum).all(axis=1)
        for share, n in (("before", "n_before"), ("new", "n_new")):
            count = (self.table[share] * self.table[n]).round()
            kept &= (self.table["unit"] != "share") | (count == 0) | (count >= minimum)
        return dataclasses.replace(self, table=self.table[kept].reset_index(drop=True), references={})

    def rows(self, verdict: str) -> list[Any]:
        """The rows of a verdict as named tuples, the surest first."""
        return list(self.table[self.table["verdict"] == verdict].itertuples(index=False))

    def sentences(self) -> list[str]:
        """What moved, a sentence each, the surest first."""
        return [tell(row) for row in self.rows("clear")]

    def lines(self) -> list[str]:
        """All that there is to say: the data, what moved, what changed its verdict, and what did not move."""
        told = int(self.table["p_value"].notna().sum())
        clear, perhaps = self.rows("clear"), self.rows("perhaps")
        lines = [self.overlap, *tell_judged(self.judged), *(tell(row) for row in clear)]
        if perhaps:
            lines.append("May have moved, but chance could do that among so many: "
                         f"{text.sentence_list([short(row) for row in perhaps[:5]])}"
                         f"{f' and {len(perhaps) - 5} more' if len(perhaps) > 5 else ''}.")  # fmt: skip
        otherwise = list(self.table[self._otherwise].itertuples(index=False))
        for reason in dict.fromkeys(row.reason for row in otherwise):
            named = [short(row) for row in otherwise if row.reason == reason]
            more = f" and {len(named) - 5} more" if len(named) > 5 else ""
            lines.append(f"Other than before, but not by new data ({reason}): {text.sentence_list(named[:5])}{more}.")
        lines += [f"{text.sentence(row.kind)} '{row.name}': {row.before}, now {row.now}; {row.because}."
                  for row in self.words.itertuples(index=False)]  # fmt: skip
        if told:
            rest = told - len(clear) - len(perhaps)
            lines.append(f"{rest} of {told} figures compared do not differ by more than chance may do{self._blind}.")
        elif otherwise:
            lines.append("No figure could be compared by new data.")
        elif len(self.table):
            lines.append(
                f"Nothing moved: all {text.count(len(self.table))} figures are as they were, in the digits that are shown."
            )
        else:
            lines.append("The runs have no figure in common.")
        return [*lines, *self.notes]

    def summary(self) -> str:
        """Say what moved for certain; nothing else is news."""
        told = int(self.table["p_value"].notna().sum())
        if not told:
            return f"Nothing could be compared by new data. {self.overlap}"
        found = self.sentences()
        if not found:
            return f"Nothing clear moved in {told} figures compared{self._blind}. {self.overlap}"
        more = f" {len(found) - 3} more moved clearly." if len(found) > 3 else ""
        return f"{' '.join(found[:3])}{more} {told} figures were compared."

    @property
    def _blind(self) -> str:
        """How many of the figures compared say nothing of the customers who came since."""
        told = self.table[self.table["p_value"].notna()]
        n = len(unjudged(self.judged) & set(zip(told["kind"], told["name"], strict=True)))
        return f"; {n} of them say nothing yet of the customers who came since" if n else ""

    @property
    def moved(self) -> pd.Series:
        """Which rows moved: clearly, perhaps, or not by new data."""
        return self.table["verdict"].isin(["clear", "perhaps"]) | self._otherwise

    @property
    def _otherwise(self) -> pd.Series:
        least = np.where(self.table["unit"] == "number", SAME_NUMBER, SAME)
        return (self.table["verdict"] == "not told") & (self.table["difference"].abs() >= least)

    @property
    def shown(self) -> pd.DataFrame:
        """The table with every number written in its unit."""
        return show(self.table)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the 15 surest differences in units of what chance does, with 95 % intervals."""
        frame = self.table.dropna(subset=["p_value"]).head(15).iloc[::-1]
        ax = figures.new_axes(ax, width=9, height=figures.row_height(len(frame)))
        half = (frame["ci_high"] - frame["ci_low"]) / 2
        scaled = [(frame[column] / half.where(half > 0, np.nan)).to_numpy() for column in
                  ("difference", "ci_low", "ci_high")]  # fmt: skip
        for place, row in enumerate(frame.itertuples(index=False)):
            look = {"clear": (figures.ORANGE, "D"), "perhaps": (figures.BLUE, "s")}.get(
                row.verdict, (figures.MUTED, "o")
            )
            ax.plot([scaled[1][place], scaled[2][place]], [place, place], color=look[0], linewidth=2)
            ax.plot(scaled[0][place], place, look[1], color=look[0], markersize=7)
        ax.axvline(0, color=figures.INK, linewidth=1)
        ax.set_yticks(range(len(frame)), [f"{row.label.partition(', within')[0][:46]}  {amount(row.difference, row.unit)}"
                                          for row in frame.itertuples(index=False)])  # fmt: skip
        ax.set_xlabel("difference, divided by half its 95 % interval")
        told = self.table["p_value"].notna().sum()
        note = f"The {len(frame)} surest of {told}; diamonds clear, squares perhaps"
        figures.subtitle(ax, "What moved since the run before", note)
        said = "; ".join(short(row) for row in self.rows("clear")[:8]) or "none of them clearly"
        draws = figures.drawn(frame[::-1], "label", {}, also=["difference", "ci_low", "ci_high"])
        alt = f"Dot plot of differences between two runs with 95 % intervals. Moved: {said}."
        return figures.describe(ax, alt, draws)


def compare(old: Reading, new: Reading) -> Comparison:
    """Say what moved between two runs.

    Parameters
    ----------
    old, new : Reading
        Of `read_run`; the newer second.

    Raises
    ------
    DataError
        When the runs are of different studies.

    Notes
    -----
    Every figure that both runs have is compared once, see `difference`; codes that only one run has count as named by nobody in
    the other. q-values are adjusted over all of them (Benjamini and Hochberg 1995, JRSS B 57:289).
    """
    require_one_study(old, new)
    overlaps = overlaps_of(old, new)
    both = list(pairs(old, new))
    found = [(_from_first(old, one, overlaps), other) for one, other in both]
    rows = [
        _row(one, other, difference(one, other, overlaps[other.source], since=since_of(old.references, other)))
        for one, other in found
    ]
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in {"q_value", "verdict"}])
    table["q_value"] = benjamini_hochberg(table["p_value"].to_numpy(dtype=float))
    away = (table["ci_low"] > 0) | (table["ci_high"] < 0)
    table["verdict"] = np.select(
        [table["p_value"].isna(), away & (table["q_value"] <= CLEAR), away & (table["q_value"] <= PERHAPS)],
        ["not told", "clear", "perhaps"], "no",
    )  # fmt: skip
    judged = judge(old, new, overlaps["customers"])
    clear = set(map(tuple, table.loc[table["verdict"] == "clear", ["kind", "name"]].to_numpy()))
    told = {f"{one.kind}|{one.name}": list(counts(one)) for one, other in found if other.key in clear}
    table["order"] = table["kind"].map({kind: place for place, kind in enumerate(KINDS)})
    table = table.sort_values(["p_value", "order"], kind="stable", ignore_index=True)[list(COLUMNS)]
    return Comparison(
        table,
        "Differences of two runs with 95 % intervals, Benjamini-Hochberg over all of them",
        assumptions(overlaps),
        _words(old, new, table),
        _goals(old, new),
        old.name,
        new.name,
        describe(overlaps),
        tuple(_notes(old, new, overlaps)),
        judged,
        _references(old, both, told),
    )


UNNAMED = "unnamed|"
"""Before the path of a code: how many people had been asked when nobody had named it yet."""


def _from_first(old: Reading, figure: Figure, overlaps: Mapping[str, Overlap]) -> Figure:
    """A code that was named for the first time in the last run: what is new of it is all since then, a week more to see it by."""
    kept = old.references.get(f"{UNNAMED}{figure.name}") if figure.kind == "voices" else None
    if kept is None or not figure.k or overlaps["interviews"].how != "grown":
        return figure
    return dataclasses.replace(figure, value=0.0, k=0.0, n=float(kept[1]))


def _references(
    old: Reading, both: list[tuple[Figure, Figure]], told: dict[str, list[float]]
) -> dict[str, list[float]]:
    """What the next comparison must know: changes that were told of, and codes that nobody had named in the older run."""
    # Counts of another time cannot be left out of those of this one.
    lapsed = {f"{one.kind}|{one.name}" for one, other in both if another_time(one, other)}
    kept = {
        key: counted for key, counted in old.references.items() if not key.startswith(UNNAMED) and key not in lapsed
    }
    kept |= told
    unnamed = {f"{UNNAMED}{one.name}": [0.0, one.n] for one, _ in both
               if one.kind == "voices" and not one.k and f"voices|{one.name}" not in kept}  # fmt: skip
    return kept | unnamed


def overlaps_of(old: Reading, new: Reading) -> dict[str, Overlap]:
    """How the data of each source stand to each other; where a run does not say, the same files give the same data."""
    found = {source: relate(old.basis, new.basis, source) for source in SOURCES}
    if old.inputs and old.inputs == new.inputs and old.parameters["study.toml"] == new.parameters["study.toml"]:
        return {source: it._replace(how="same") if it.how == "unknown" else it for source, it in found.items()}
    return found


def counts(figure: Figure) -> Count:
    """Counts, or mean and n, from which later runs are counted on."""
    return (figure.value if figure.k is None else figure.k, figure.n)


def since_of(references: Mapping[str, Any], figure: Figure) -> Count | None:
    """What a figure's older side leaves out."""
    kept = references.get(f"{figure.kind}|{figure.name}")
    return (float(kept[0]), float(kept[1])) if kept else None


def pairs(old: Reading, new: Reading) -> Iterator[tuple[Figure, Figure]]:
    """Every figure of the newer run with the same of the older; codes and behaviours of one run with a share of nought."""
    for key, figure in new.figures.items():
        if key in old.figures:
            yield old.figures[key], figure
        elif figure.kind == "voices" and (people := _people(old)):
            yield dataclasses.replace(figure, value=0.0, k=0.0, n=people), figure
    if people := _people(new):
        for key, figure in old.figures.items():
            if figure.kind == "voices" and key not in new.figures:
                yield figure, dataclasses.replace(figure, value=0.0, k=0.0, n=people)
    yield from behaviour_figures(old.model, new.model)


def _people(run: Reading) -> float:
    """How many people were interviewed."""
    return max((figure.n for figure in run.figures.values() if figure.kind == "voices"), default=0.0)


def _row(old: Figure, new: Figure, found: Difference) -> dict[str, Any]:
    up = found.value > 0
    way = ("better" if up == (new.better == "higher") else "worse") if new.better else ("up" if up else "down")
    return {
        "kind": new.kind, "name": new.name, "label": new.label, "unit": new.unit, "before": found.before, "now": found.now,
        "new": found.new, "n_before": found.n_before, "n_new": found.n_new, "difference": found.value,
        "ci_low": found.low, "ci_high": found.high, "p_value": found.p_value, "way": way if found.value else "",
        "how": found.how, "reason": found.reason,
    }  # fmt: skip


def _words(old: Reading, new: Reading, table: pd.DataFrame) -> pd.DataFrame:
    """Verdicts, decisions and statuses that changed, and whether the estimate behind them moved."""
    moved = {(row.kind, row.name) for row in table.itertuples(index=False) if row.verdict in {"clear", "perhaps"}}
    rows = []
    for key, word in new.words.items():
        earlier = old.words.get(key)
        if earlier is None or earlier.word == word.word:
            continue
        behind = {"goal": ("KPI", word.name), "decision": ("effects", word.name), "verdict": ("effects", word.name)}
        found = behind.get(word.kind)
        told = (
            "its estimate moved too" if found in moved else "its estimate did not move clearly, it came over the line"
        )
        because = told if found else "read its page"
        rows.append((word.kind, word.name, earlier.word, word.word, because))
    return pd.DataFrame(rows, columns=["kind", "name", "before", "now", "because"])


def _goals(old: Reading, new: Reading) -> pd.DataFrame:
    """KPIs against goals in both runs."""
    earlier = {str(row["goal"]): row for row in old.goals}
    rows = []
    for row in new.goals:
        was = earlier.get(str(row["goal"]), {})
        parts = [_measured(was), str(was.get("status", "unknown")), _measured(row), str(row["status"])]
        rows.append((row["goal"], row["kpi"], _written(row["target"], row["unit"]), *parts))
    return pd.DataFrame(rows, columns=["goal", "kpi", "target", "before", "status_before", "now", "status"])


def _measured(row: dict[str, Any]) -> str:
    if row.get("value") is None:
        return text.MISSING
    style = "percent" if row["unit"] == "share" else "number"
    return f"{_written(row['value'], row['unit'])} ({text.interval(row['ci_low'], row['ci_high'], style)})"


def _written(value: float, unit: str) -> str:
    return text.percent(value) if unit == "share" else text.number(value)


def assumptions(overlaps: dict[str, Overlap]) -> tuple[str, ...]:
    """What must hold for a comparison."""
    hows = {found.how for found in overlaps.values()}
    lines = [
        "Both runs count alike: the same touchpoints, stages and settings.",
        "People act independently of each other.",
    ]
    if "grown" in hows:
        lines.append("Where the newer data hold the older, what came between is compared with what was there; facts about "
                     "customers count only those who were seen for the whole time that each of them gets.")  # fmt: skip
    if hows & {"unknown"}:
        lines.append("Where it is not known who is in both runs they count as independent; intervals are then too wide "
                     "rather than too narrow.")  # fmt: skip
    if hows & {"overlap", "grown"}:
        lines.append(f"A model fitted anew to the same people is taken to give back {text.percent(AGREEMENT, 0)} of their "
                     "part in its figures.")  # fmt: skip
    lines.append(f"Clear is a q-value of at most {CLEAR:g}; up to {PERHAPS:g} a figure may have moved.")
    return tuple(lines)


def _notes(old: Reading, new: Reading, overlaps: dict[str, Overlap]) -> Iterator[str]:
    """What else differs, and what could not be compared."""
    for run in (old, new):
        if why := unread(run.model):
            yield f"Behaviours are not compared: behaviour_model.json of {run.name or 'this run'} cannot be read: {why}."
    if old.parameters.get("study.toml") and new.parameters.get("study.toml"):
        changed = sorted(name for name in {*old.parameters, *new.parameters} - {"study.toml"}
                         if old.parameters.get(name) != new.parameters.get(name))  # fmt: skip
        if changed:
            yield f"Parameters of {text.sentence_list(changed)} differ between the runs: their figures may differ for that."
        if old.parameters["study.toml"] != new.parameters["study.toml"]:
            yield "study.toml changed between the runs: where stages, touchpoints or goals are others, figures may differ for that."
    if any(figure.kind in {"KPI", "funnel"} and not figure.settled for figure in new.figures.values()):
        yield ("A run has no settled counts of customers (it was made by an older version), so that KPIs and steps are compared as "
               "if the runs were independent.")  # fmt: skip
