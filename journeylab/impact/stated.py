"""Does what people say matters also act? Stated importance beside measured effects, touchpoint by touchpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.impact.attribution import acts, measured
from journeylab.intervals import wilson
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMED = 0.10
"""Who clearly more than so many of the people asked name is said to matter."""
READINGS = (
    "says it matters and acts so",
    "says it matters, acts the other way",
    "acts, does not say",
    "says, does not act",
    "neither is clear",
    "not measured",
    "not asked about",
)
"""What both sides come to, in the order of the table."""
DRIVER, INTERVIEWS = "key drivers", "interviews"
COLUMNS = ["touchpoint", "source", "item", "stated", "stated_low", "stated_high", "n_stated", "bar", "tone"]


@dataclasses.dataclass(frozen=True)
class StatedAndObserved(Result):
    """What people say matters, beside what was measured.

    Attributes
    ----------
    table : DataFrame
        By reading: touchpoint, source (``key drivers``, ``interviews``, or empty where nobody was asked), item (of the survey),
        stated (key drivers: the item's part of R squared; interviews: share of those asked who name it), stated_low,
        stated_high, n_stated (people), bar (what the interval is held against: the even part of all items, or a tenth of
        people), says (``more``, ``less``, ``unclear``, or empty), tone (``gain``, ``pain`` or ``nobody``; interviews), effect,
        effect_low, effect_high, n_exposed, effect_grade, acts (``helps``, ``harms``, ``unclear``, ``not known``), reading (see
        `READINGS`), rating with rating_low, rating_high, n_rated (of the touchpoint, where a survey asks about it), grade
        (``D``).
    left_out : tuple of str
        Items of the survey that no touchpoint is tied to.
    """

    left_out: tuple[str, ...]

    def summary(self) -> str:
        """Say where words and measured effects meet, and where not."""
        if self.table.empty:
            return "Nothing is stated and nothing measured."
        return " ".join(self.sentences)

    @property
    def sentences(self) -> list[str]:
        """For each source, where words and measured effects meet, and where not."""
        said = []
        for source, rows in self.table.groupby("source", sort=False):
            if not source:
                continue
            parts = []
            for reading in READINGS:
                names = list(dict.fromkeys(f"'{name}'" for name in rows.loc[rows["reading"] == reading, "touchpoint"]))
                if names:
                    shown = text.sentence_list(names if len(names) < 6 else [*names[:4], f"{len(names) - 4} more"])
                    parts.append(f"{reading}: {shown}")
            low, high = int(rows["n_stated"].min()), int(rows["n_stated"].max())
            n = text.people(high) if low == high else f"{text.count(low)} to {text.people(high)}"
            said.append(f"{text.sentence(str(source))} (n = {n}) beside measured effects: {'; '.join(parts)}.")
        silent = [f"'{name}'" for name in self.table.loc[self.table["source"] == "", "touchpoint"]]
        if silent:
            said.append(f"Nobody was asked about {text.sentence_list(silent)}.")
        return [*said, "What is said is association or opinion, not effect."]

    @property
    def shown(self) -> pd.DataFrame:
        """The table with intervals written out and holes named."""
        rows = []
        for row in self.table.itertuples():
            said = did = text.MISSING
            if row.source:
                ends = text.interval(row.stated_low, row.stated_high)
                what = (
                    f"'{row.item}', part of R²"
                    if row.source == DRIVER
                    else ("name it" if row.tone == "nobody" else f"name it as a {row.tone}")
                )
                said = f"{text.percent(row.stated, 0)} ({ends}; n = {text.fixed(row.n_stated, 0)}): {what}"
            if not np.isnan(row.effect):
                ends = text.interval(row.effect_low, row.effect_high, "points")
                did = f"{text.points(row.effect)} ({ends})"
            rated = text.MISSING
            if not np.isnan(row.rating):
                rated = (
                    f"{text.percent(row.rating, 0)} ({text.interval(row.rating_low, row.rating_high)}; n = "
                    f"{text.fixed(row.n_rated, 0)})"
                )
            rows.append((row.touchpoint, row.source or text.MISSING, said, did, row.reading, rated))
        names = [
            "touchpoint",
            "source",
            "stated (95 % interval)",
            "measured effect (95 % interval)",
            "both together",
            "satisfied with it",
        ]
        frame = pd.DataFrame(rows, columns=names)
        return frame if self.table["rating"].notna().any() else frame.drop(columns="satisfied with it")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what is said and what was measured in two columns, a row a statement; holes are named."""
        frame = self.table
        group = (frame["reading"] != frame["reading"].shift()).cumsum().to_numpy(dtype=float)
        places = -(np.arange(len(frame)) + group)
        lowest = float(places.min(initial=-1.0))
        ax = figures.new_axes(ax, width=10, height=figures.row_height(int(-lowest), each=0.32, least=3.2) + 0.6)
        ax.set_yticks(
            places,
            [f"{row.touchpoint}, item '{row.item}'" if row.item else row.touchpoint for row in frame.itertuples()],
        )
        ax.set_xticks([])
        ax.set_ylim(lowest - 0.7, 0.5)
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
        left, right = ax.inset_axes((0.0, 0.0, 0.48, 1.0)), ax.inset_axes((0.52, 0.0, 0.48, 1.0))
        _draw_stated(left, frame, places)
        _draw_measured(right, frame, places)
        for part in (left, right):
            part.set_ylim(ax.get_ylim())
            part.set_yticks([])
            part.spines[["top", "right"]].set_visible(False)
            part.grid(axis="x", color=figures.GRID)
            part.set_axisbelow(True)
        for place, reading in zip(places[np.diff(group, prepend=0) > 0], frame["reading"].unique(), strict=True):
            words = text.sentence(str(reading))
            left.annotate(
                words, (0.01, place + 1), xycoords=("axes fraction", "data"), weight="bold", va="center", fontsize=9.5
            )
        figures.subtitle(
            ax,
            "What people say matters, and what was measured to act",
            "with 95 % intervals; | is the bar that a statement is held against",
        )
        numbers = ["stated", "stated_low", "stated_high", "effect", "effect_low", "effect_high"]
        series = {"stated, %": numbers[:3], "measured effect, points": numbers[3:]}
        draws = figures.drawn(frame, "touchpoint", series, unit="points")
        said = f"Two columns of dots for {len(frame)} statements on touchpoints. {self.summary()}"
        return figures.describe(ax, said, draws)


def _draw_stated(ax: Axes, frame: pd.DataFrame, places: NDArray[np.float64]) -> None:
    looks = {
        "gain": ("^", figures.GREEN),
        "pain": ("v", figures.ORANGE),
        "": ("o", figures.BLUE),
        "nobody": ("x", figures.MUTED),
    }
    for place, line in zip(places, frame.itertuples(), strict=True):
        if not line.source:
            ax.annotate(
                "not asked about", (0.01, place), xycoords=("axes fraction", "data"), color=figures.MUTED, va="center"
            )
            continue
        marker, colour = looks[line.tone]
        reach = 100 * np.abs([[line.stated - line.stated_low], [line.stated_high - line.stated]])
        ax.errorbar([100 * line.stated], [place], xerr=reach, fmt=marker, color=colour, capsize=3, markersize=7)
        ax.plot([100 * line.bar], [place], "|", color=figures.INK, markersize=11)
    ax.set_xlim(0, 105 * float(np.nanmax(frame["stated_high"].to_numpy(dtype=float), initial=0.1)))
    ax.set_xlabel("said, %: ▲ gain, ▼ pain of those asked;\n● part of R² of the survey's outcome")


def _draw_measured(ax: Axes, frame: pd.DataFrame, places: NDArray[np.float64]) -> None:
    colours = {"helps": figures.GREEN, "harms": figures.ORANGE}
    edge = float(np.nanmax(frame[["effect_low", "effect_high"]].abs().to_numpy(dtype=float), initial=0.01))
    for place, line in zip(places, frame.itertuples(), strict=True):
        if np.isnan(line.effect):
            ax.annotate(" not measured", (0, place), color=figures.MUTED, va="center")
            continue
        reach = 100 * np.abs([[line.effect - line.effect_low], [line.effect_high - line.effect]])
        ax.errorbar(
            [100 * line.effect], [place], xerr=reach, fmt="D", color=colours.get(line.acts, figures.MUTED), capsize=3,
            markersize=6, markerfacecolor=None if line.acts in colours else "white",
        )  # fmt: skip
    ax.axvline(0, color=figures.INK, linewidth=1)
    ax.set_xlim(-110 * edge, 110 * edge)
    ax.set_xlabel("measured effect, points on the outcome\n(hollow: none that is clear)")


def stated_and_observed(
    drivers: Result | pd.DataFrame | None,
    effects: Result | pd.DataFrame,
    *,
    about: Mapping[str, str | Sequence[str]] | None = None,
    mentions: pd.DataFrame | None = None,
    ratings: pd.DataFrame | None = None,
) -> StatedAndObserved:
    """Lay what people say matters beside measured effects.

    Parameters
    ----------
    drivers : Drivers, DataFrame or None
        What `voices.key_drivers` returns: driver, share, share_low, share_high, n.
    effects : TouchpointEffects or DataFrame
        touchpoint, estimate, ci_low, ci_high, and perhaps n_exposed, grade, verdict.
    about : mapping, optional
        Survey item to the touchpoint, or touchpoints, it is about; an item that is named like a touchpoint needs none.
    mentions : DataFrame, optional
        Of interviews: touchpoint, n_asked, n_pain, n_gain (people), as `joint.display` by touchpoint has them.
    ratings : DataFrame, optional
        Satisfaction with touchpoints: group (the touchpoint), value (share), ci_low, ci_high, n, as `voices.score_table` gives.

    Raises
    ------
    DataError, StudyError
        When a column is missing, or `about` names an item that there is not.

    Notes
    -----
    An item is said to matter more when the interval of its part of R squared lies above the even part of all items, less
    when it lies below; a touchpoint of interviews, when the Wilson interval of those who name it as a pain (or as a gain, what
    more name) lies above or below a tenth of those asked. It acts where `journeylab.impact.attribution.acts` says that it helps
    or harms; no clear effect is read as *does not act*, which is not proof that there is none. An item about several
    touchpoints says the same of each.

    References
    ----------
    Johnson (2000), Multivariate Behavioral Research 35:1, on relative weights; Wilson (1927), JASA 22:209.
    """
    found = measured(effects)
    said: list[pd.DataFrame] = []
    left_out: tuple[str, ...] = ()
    if drivers is not None:
        rows, left_out = _of_drivers(
            drivers.table if isinstance(drivers, Result) else drivers, about or {}, set(found["touchpoint"])
        )
        said.append(rows)
    if mentions is not None:
        said.append(_of_interviews(mentions))
    stated = pd.concat([part for part in said if len(part)], ignore_index=True) if any(map(len, said)) else (
        pd.DataFrame(columns=COLUMNS)
    )  # fmt: skip
    table = found.merge(stated, on="touchpoint", how="outer", sort=False)
    for name in ("source", "item", "tone", "effect_grade", "verdict"):
        table[name] = table[name].astype(object).where(table[name].notna(), "")
    numbers = ["stated", "stated_low", "stated_high", "n_stated", "bar"]
    table[numbers] = table[numbers].astype(float)
    table["says"] = [_says(row) for row in table.itertuples()]
    table["acts"] = [acts(row) for row in table.itertuples()]
    table["reading"] = [_reading(row) for row in table.itertuples()]
    table = table[(table["source"] != "") | table["effect"].notna()]
    table = table.merge(_of_ratings(ratings), on="touchpoint", how="left").assign(grade="D")
    place = {reading: number for number, reading in enumerate(READINGS)}
    table = table.assign(place=table["reading"].map(place), size=-table["effect"].abs().fillna(0))
    table = table.sort_values(["place", "size", "touchpoint", "source"], kind="stable", ignore_index=True)
    lines = (
        "What is said is association (key drivers) or opinion (interviews) among those who answered; halo and a common survey make "
        "items look alike. It is no effect, and no verdict follows from it (evidence grade D).",
        "Effects are on the outcome of the study, statements on satisfaction or what comes to mind: both can be true and differ.",
        "*Does not act* means that no clear effect was measured, not that there is none.",
        *([f"No touchpoint is tied to the items {text.sentence_list(left_out)}."] if left_out else []),
    )
    columns = ["touchpoint", "source", "item", *numbers, "says", "tone", "effect", "effect_low", "effect_high", "n_exposed",
               "effect_grade", "acts", "reading", "rating", "rating_low", "rating_high", "n_rated", "grade"]  # fmt: skip
    return StatedAndObserved(table[columns], "Stated importance beside measured effects", lines, left_out)


def read_links(written: str) -> dict[str, list[str]]:
    """Which items are about which touchpoints, as a notebook's parameter says it.

    Raises
    ------
    StudyError
        Where an item has no touchpoint.

    Examples
    --------
    >>> read_links("advice: chat, call centre; ordering: registration form")
    {'advice': ['chat', 'call centre'], 'ordering': ['registration form']}
    """
    found = {}
    for part in filter(str.strip, written.split(";")):
        item, colon, names = part.partition(":")
        touchpoints = [name.strip() for name in names.split(",") if name.strip()]
        if not colon or not item.strip() or not touchpoints:
            raise StudyError(f"about: found '{part.strip()}'; write 'item: touchpoint, touchpoint; item: touchpoint'.")
        found[item.strip()] = touchpoints
    return found


def _of_drivers(
    table: pd.DataFrame, about: Mapping[str, str | Sequence[str]], touchpoints: set[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """One row an item and touchpoint; and the items tied to none."""
    for name in ("driver", "share", "share_low", "share_high", "n"):
        if name not in table:
            raise DataError(
                f"drivers: has no column '{name}'; there are {listing(table.columns)}. Give what voices.key_drivers returns."
            )
    items = list(table["driver"])
    for item in about:
        if item not in items:
            raise StudyError(
                f"about: the survey has no item '{item}'; it has {listing(items)}.{did_you_mean(item, items)}"
            )
    rows, left_out = [], []
    for line in table.itertuples():
        names = about.get(line.driver, [line.driver] if line.driver in touchpoints else [])
        names = [names] if isinstance(names, str) else names
        if not names:
            left_out.append(line.driver)
        rows += [
            (name, DRIVER, line.driver, line.share, line.share_low, line.share_high, line.n, 1 / len(items), "")
            for name in names
        ]
    return pd.DataFrame(rows, columns=COLUMNS), tuple(left_out)


def _of_interviews(mentions: pd.DataFrame) -> pd.DataFrame:
    """Who names a touchpoint, as what more people name it as."""
    for name in ("touchpoint", "n_asked", "n_pain", "n_gain"):
        if name not in mentions:
            raise DataError(
                f"mentions: has no column '{name}'; there are {listing(mentions.columns)}. "
                "Give the table of joint.display by touchpoint."
            )
    known = mentions[mentions["n_asked"] > 0]
    named = known[["n_pain", "n_gain"]].max(axis=1)
    share, low, high = wilson(named, known["n_asked"])
    return pd.DataFrame(
        {
            "touchpoint": known["touchpoint"], "source": INTERVIEWS, "item": "", "stated": share, "stated_low": low,
            "stated_high": high, "n_stated": known["n_asked"], "bar": NAMED,
            "tone": np.select([named == 0, known["n_pain"] >= known["n_gain"]], ["nobody", "pain"], "gain"),
        }
    )  # fmt: skip


def _of_ratings(ratings: pd.DataFrame | None) -> pd.DataFrame:
    """Satisfaction with each touchpoint."""
    names = {"group": "touchpoint", "value": "rating", "ci_low": "rating_low", "ci_high": "rating_high", "n": "n_rated"}
    if ratings is None or ratings.empty:
        return pd.DataFrame({new: pd.Series(dtype=object if new == "touchpoint" else float) for new in names.values()})
    for name in names:
        if name not in ratings:
            raise DataError(f"ratings: has no column '{name}'; there are {listing(ratings.columns)}.")
    return ratings[list(names)].rename(columns=names).drop_duplicates("touchpoint")


def _says(row: object) -> str:
    """Whether a statement lies above or below its bar."""
    if not row.source:  # type: ignore[attr-defined]
        return ""
    low, high, bar = row.stated_low, row.stated_high, row.bar  # type: ignore[attr-defined]
    return "more" if low > bar else "less" if high < bar else "unclear"


def _reading(row: object) -> str:
    """What a statement and a measured effect come to."""
    if row.acts == "not known":  # type: ignore[attr-defined]
        return "not measured"
    if not row.says:  # type: ignore[attr-defined]
        return "not asked about"
    more, act = row.says == "more", row.acts in ("helps", "harms")  # type: ignore[attr-defined]
    if more and act:
        opposite = (row.tone, row.acts) in (("pain", "helps"), ("gain", "harms"))  # type: ignore[attr-defined]
        return READINGS[1 if opposite else 0]
    return READINGS[2 if act else 3 if more else 4]
