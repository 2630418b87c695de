"""Where do two segments differ: which touchpoints they meet, which steps they take, how long their journeys are?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import StudyError
from journeylab.intervals import FALSE_DISCOVERY_RATE, benjamini_hochberg
from journeylab.journeys.differences import LEAST, length_difference, share_differences
from journeylab.journeys.model import Journeys, select
from journeylab.journeys.segments import meetings_in, same_terms, steps_in
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class Comparison(Result):
    """Two segments side by side.

    Attributes
    ----------
    table : DataFrame
        kind (reach, step or length), touchpoint, to_touchpoint (of a step), n_a, n_b (journeys; of a step, the steps away
        from touchpoint), value_a, value_b (share; of length, mean events a journey), difference (a less b), ci_low,
        ci_high, p_value, q_value (Benjamini-Hochberg over the whole table), reason (why it is not tested); the clearest
        differences first.
    names : tuple of str
        What the segments are called.
    n_a, n_b : int
        Journeys.
    by : str
        What one journey is.
    """

    names: tuple[str, str]
    n_a: int
    n_b: int
    by: str

    @property
    def found(self) -> pd.DataFrame:
        """The differences with a q-value of at most 0.10."""
        return self.table[self.table["q_value"] <= FALSE_DISCOVERY_RATE]

    def summary(self) -> str:
        """Say how many differences are clear, and name the clearest reach, step and length."""
        what = "visits" if self.by == "session" else "journeys"
        sizes = f"{text.count(self.n_a)} {what} of '{self.names[0]}' and {text.count(self.n_b)} of '{self.names[1]}'"
        tested = int(self.table["p_value"].notna().sum())
        if not tested:
            return f"{sizes}: too few to test any difference."
        sentence = (
            f"{text.count(len(self.found))} of {text.count(tested)} differences between {sizes} are clear (q ≤ "
            f"{text.fixed(FALSE_DISCOVERY_RATE, 2)})"
        )
        parts = []
        for _, group in self.found.groupby("kind", sort=False):
            row = group.iloc[0]
            parts.append(f"{_words(row)} ({self._values(row)}; {_difference(row)})")
        return f"{sentence}: {'; '.join(parts)}." if parts else f"{sentence}."

    def about(self, touchpoint: str) -> str:
        """Say how many of each segment meet a touchpoint, such as the outcome."""
        rows = self.table[(self.table["kind"] == "reach") & (self.table["touchpoint"] == touchpoint)]
        if rows.empty:
            return f"Nobody in either segment meets '{touchpoint}'."
        row = rows.iloc[0]
        shares = " against ".join(
            f"{text.percent(row[f'value_{name}'])} of '{self.names[place]}'" for place, name in enumerate("ab")
        )
        return f"'{touchpoint}' is met by {shares} ({_difference(row)})."

    @property
    def shown(self) -> pd.DataFrame:
        """The clear differences, written out for a reader."""
        a, b = self.names
        rows = [row for _, row in self.found.iterrows()]
        return pd.DataFrame(
            {
                "What": [_words(row) for row in rows],
                a: [_value(row, row["value_a"]) for row in rows],
                b: [_value(row, row["value_b"]) for row in rows],
                "Difference, 95 % interval": [_difference(row) for row in rows],
                "q": [text.p_value(row["q_value"]) for row in rows],
            }
        )

    def plot(self, ax: Axes | None = None, *, most: int = 14) -> Axes:
        """Draw the clearest differences of shares with their intervals."""
        shares = self.table[(self.table["kind"] != "length") & self.table["p_value"].notna()]
        frame = shares.head(most).iloc[::-1]
        ax = figures.new_axes(ax, width=9, height=figures.row_height(max(len(frame), 2), each=0.38) + 0.3)
        rows = np.arange(len(frame))
        value, low, high = (100 * frame[name].to_numpy(dtype=float) for name in ("difference", "ci_low", "ci_high"))
        clear = (frame["q_value"] <= FALSE_DISCOVERY_RATE).to_numpy()
        for kind, colour, marker in (("reach", figures.BLUE, "o"), ("step", figures.ORANGE, "s")):
            for sure in (True, False):
                here = (frame["kind"] == kind).to_numpy() & (clear == sure)
                if here.any():
                    ax.errorbar(
                        value[here], rows[here], xerr=np.abs([value[here] - low[here], high[here] - value[here]]),
                        fmt=marker, color=colour, capsize=3, markerfacecolor=colour if sure else "white",
                    )  # fmt: skip
        if frame.empty:
            ax.text(
                0, 0.5, "too few to test any difference", ha="center", va="center", backgroundcolor="white", zorder=4
            )
        ax.axvline(0, color=figures.MUTED, linewidth=1)
        ax.set_yticks(rows, [_short(_words(row)) for _, row in frame.iterrows()])
        ax.set_ylim(-0.6, max(len(frame), 2) - 0.4)
        reach = max(float(np.max(np.abs([low, high]), initial=1.0)), 1.0) * 1.08
        ax.set_xlim(-reach, reach)
        ax.xaxis.set_major_formatter(lambda tick, _: text.signed(tick, 0 if reach > 5 else 2))
        right = ax.secondary_yaxis("right")
        right.set_yticks(rows, [self._values(row) for _, row in frame.iterrows()])
        right.tick_params(length=0, labelcolor=figures.MUTED)
        right.spines["right"].set_visible(False)
        ax.set_xlabel(f"points: to the right more in '{self.names[0]}', to the left more in '{self.names[1]}'")
        note = (
            f"{text.count(self.n_a)} and {text.count(self.n_b)} {'visits' if self.by == 'session' else 'journeys'}, "
            "95 % intervals; "
            f"filled: q ≤ {text.fixed(FALSE_DISCOVERY_RATE, 2)}; right: {self.names[0]} and {self.names[1]}"
        )
        figures.subtitle(ax, f"Where '{self.names[0]}' and '{self.names[1]}' differ most", note)
        named = frame[::-1].assign(what=[_words(row) for _, row in frame[::-1].iterrows()])
        series = {f"in '{self.names[0]}' less in '{self.names[1]}'": ("difference", "ci_low", "ci_high")}
        draws = figures.drawn(named, "what", series, unit="points", also=["value_a", "value_b"])
        return figures.describe(ax, f"Forest plot of {len(frame)} differences. {self.summary()}", draws)

    def _values(self, row: pd.Series) -> str:
        """The two values of a row."""
        if row["kind"] == "length":
            return f"{text.number(row['value_a'])} and {text.number(row['value_b'])}"
        return f"{text.percent(row['value_a'], 0)} and {text.percent(row['value_b'], 0)}"


def compare(a: Journeys, b: Journeys, *, names: tuple[str, str] = ("a", "b")) -> Comparison:
    """Compare two segments, touchpoint by touchpoint and step by step.

    Parameters
    ----------
    a, b : Journeys
        Such as two that `select` made; both by customer or both by session. By customer no customer may be in both; by
        session a customer may have visits in both.
    names : tuple of str
        What to call them.

    Returns
    -------
    Comparison
        One row a touchpoint, a step that occurs in either, and the length of journeys.

    Raises
    ------
    StudyError
        When the segments are of different kinds or share customers, or their names are equal.

    Notes
    -----
    Reach by customer: Newcombe's hybrid score interval, and a z test with pooled share. Steps, and all by session: each
    share is a ratio over customers as in `transitions`, with Wilson's interval for its effective number; the two intervals
    are joined by the same hybrid (MOVER), with the correlation that customers in both bring; the z test has the clustered
    variances at the pooled share. Length: Welch's t, on customers. All p-values are one family.

    A difference of segments is no effect of what made them: they may differ in much else.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17:873; Zou and Donner (2008), Statistics in Medicine 27:1693, on joining
    intervals; Cochran (1977), Sampling Techniques, ch. 6; Welch (1947), Biometrika 34:28; Benjamini and Hochberg (1995),
    JRSS B 57:289.
    """
    if len(set(names)) != 2:
        raise StudyError(f"names={names!r}: needs two different names, such as ('mobile', 'desktop').")
    if a.by != b.by:
        raise StudyError(f"compare: '{names[0]}' is by {a.by} and '{names[1]}' by {b.by}; build or split both alike.")
    a, b = same_terms(select(a, a.lengths > 0), select(b, b.lengths > 0))
    n = len(a.customer_ids)
    common = int(np.logical_and(*(np.bincount(j.customer, minlength=n) > 0 for j in (a, b))).sum())
    if common and a.by == "customer":
        raise StudyError(
            f"compare: {text.count(common)} customers are in both '{names[0]}' and '{names[1]}'; compare segments without common "
            "customers, or visits (split_sessions)."
        )
    terms = np.array([*a.touchpoints, ""], dtype=object)
    places, size = np.arange(len(a.touchpoints)), max(len(a.touchpoints), 1)
    steps, taken = steps_in(a, b)
    table = pd.concat(
        [
            share_differences(
                "reach", terms[places], terms[np.full(len(places), -1)], meetings_in(a, b), a.by == "customer"
            ),
            share_differences("step", terms[steps // size], terms[steps % size], taken, False),
            length_difference(a, b),
        ],
        ignore_index=True,
    )
    table.insert(len(table.columns) - 1, "q_value", benjamini_hochberg(table["p_value"]))
    order = np.lexsort((-table["z"].abs().fillna(-1.0), table["p_value"].fillna(2.0)))
    return Comparison(
        table.iloc[order].drop(columns="z").reset_index(drop=True),
        "Differences of two segments, clustered by customer",
        (
            "Customers act independently of each other; what one customer does several times is one draw.",
            f"Tested where at least {LEAST} customers of each segment could have done it, and {LEAST} in all did and did not.",
            "The segments were not chosen by looking at what is compared: a segment of buyers meets the order by its making.",
            "A difference between segments is no effect of what sets them apart.",
        ),
        names,
        a.n_journeys,
        b.n_journeys,
        a.by,
    )


def _value(row: pd.Series, value: float) -> str:
    """A value of a row: a share, or a mean number of events."""
    return text.number(value, 1) if row["kind"] == "length" else text.percent(value)


def _words(row: pd.Series) -> str:
    """What a row is about."""
    if row["kind"] == "length":
        return "events per journey"
    if row["kind"] == "step":
        return f"{row['touchpoint']} → {row['to_touchpoint']}"
    return f"meets {row['touchpoint']}"


def _difference(row: pd.Series) -> str:
    """The difference of a row with its interval."""
    if row["kind"] == "length":
        return f"{text.signed(row['difference'])}, {text.signed(row['ci_low'])} to {text.signed(row['ci_high'])}"
    return f"{text.points(row['difference'])}, {text.interval(row['ci_low'], row['ci_high'], 'points')}"


def _short(words: str, letters: int = 36) -> str:
    """Words cut where they would leave too little room for the picture."""
    return words if len(words) <= letters else words[: letters - 1].rstrip() + "…"
