"""Person by person: do those who say more of something also do more of it, and score accordingly?"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.intervals import CONFIDENCE, FALSE_DISCOVERY_RATE, Interval, benjamini_hochberg, normal_quantile
from journeylab.joint.crosswalk import interviewed, linked_events
from journeylab.results import Result
from journeylab.study import Study
from journeylab.voices.prevalence import asked_people, people_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST = 8
"""With fewer people no correlation is told."""

FEWEST_WITH = 3
"""A code or touchpoint that fewer people have is no measure of persons."""

SAME_THING = 0.7
"""Two measures of the same thing are expected to go together at least this much (half of the variance)."""

DRAWS = 99_999
EXACT, MOST_DRAWN = 8, 200
"""Up to 8 people all orders are counted; over 200 Student's t is as good as drawing."""

SIDES = ("words", "behaviour", "scores")

COLUMNS = ["one", "one_side", "other", "other_side", "n", "rho", "ci_low", "ci_high", "p_value", "p_student", "q_value",
           "expected", "fit", "reason"]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Measures(Result):
    """What is known of each interviewed person, as numbers.

    Attributes
    ----------
    table : DataFrame
        Index participant_id, a column a measure; missing where nothing is known.
    about : DataFrame
        measure, side (``words``, ``behaviour``, ``scores``), polarity (1 more is good, -1 more is bad, 0 neither), stages (that
        it is about; none: about the whole journey), what.
    """

    about: pd.DataFrame


@dataclasses.dataclass(frozen=True)
class PersonLevel(Result):
    """Rank correlations between words, behaviour and scores of the same people.

    Attributes
    ----------
    table : DataFrame
        one, one_side, other, other_side, n (people), rho (Spearman), ci_low, ci_high, p_value (permutation), p_student (by
        Student's t, as most programs print it), q_value (of the permutation p), expected (sign that the polarities ask for; 0
        where they ask for none), fit, reason.
    points : DataFrame
        Index participant_id, the measures behind the table.
    """

    points: pd.DataFrame = dataclasses.field(repr=False)

    @property
    def told(self) -> pd.DataFrame:
        """Pairs worth reading: with p of at most 0.05, and every pair of behaviour and scores; the strongest first."""
        known = self.table.dropna(subset=["rho"])
        clear = known["p_value"] <= 1 - CONFIDENCE
        no_words = (known["one_side"] != "words") & (known["other_side"] != "words")
        frame = known[clear | no_words]
        return frame.sort_values("rho", key=abs, ascending=False, kind="stable").reset_index(drop=True)

    @property
    def shown(self) -> pd.DataFrame:
        """The table for readers."""
        frame = self.table.dropna(subset=["rho"]).sort_values("rho", key=abs, ascending=False, kind="stable")
        return pd.DataFrame(
            {
                "one": frame["one"],
                "other": frame["other"],
                "people": frame["n"],
                "rho": frame["rho"].map(_rho),
                "95 % interval": [
                    f"{_rho(low)} to {_rho(high)}" for low, high in zip(frame["ci_low"], frame["ci_high"], strict=True)
                ],
                "p (permutation)": frame["p_value"].map(text.p_value),
                "p (Student's t)": frame["p_student"].map(text.p_value),
                "q": frame["q_value"].map(text.p_value),
                "expected": frame["expected"].map({1: "together", -1: "opposite", 0: "open"}),
                "fit": frame["fit"],
            }
        ).reset_index(drop=True)

    def summary(self) -> str:
        """Name the strongest pairs, and the behaviour and attitudes that part ways."""
        if self.told.empty:
            return "No measures of the same people can be held against each other here."
        n = int(self.table["n"].max())
        parts = [f"Of {text.count(n)} people and {len(self.table.dropna(subset=['rho']))} pairs of measures:"]
        clear = self.told[self.told["q_value"] <= FALSE_DISCOVERY_RATE].head(4)
        parts += [f"{_pair(row)}." for row in clear.itertuples()]
        rest = self.told[(self.told["p_value"] <= 1 - CONFIDENCE) & (self.told["q_value"] > FALSE_DISCOVERY_RATE)]
        if len(rest):
            parts.append(f"{len(rest)} more with p of at most 0.05, some of which chance gives among so many pairs.")
        apart = self.table[(self.table["fit"] == "discord") & (self.table["one_side"] != "words")]
        parts += [f"Behaviour and attitude diverge: {_pair(row)}." for row in apart.itertuples()]
        return " ".join(parts)

    def plot(self, ax: Axes | None = None, *, most: int = 14) -> Axes:
        """Draw the correlations worth reading with their intervals; a diamond is a discord."""
        frame = self.told.head(most).iloc[::-1].reset_index(drop=True)
        ax = figures.new_axes(ax, width=9, height=figures.row_height(len(frame), each=0.5))
        colours = {"confirm": figures.GREEN, "discord": figures.ORANGE, "expand": figures.BLUE}
        markers = {"confirm": "o", "discord": "D", "expand": "s"}
        for row, line in enumerate(frame.itertuples()):
            ends = [[line.rho - line.ci_low], [line.ci_high - line.rho]]
            colour = colours.get(line.fit, figures.MUTED)
            ax.errorbar(
                [line.rho], [row], xerr=np.maximum(ends, 0), fmt=markers.get(line.fit, "o"), color=colour, capsize=3,
                markerfacecolor=colour if line.q_value <= FALSE_DISCOVERY_RATE else "white", markersize=7,
            )  # fmt: skip
            ax.text(1.06, row, line.fit, va="center", fontweight="bold", color=colour)
        ax.axvline(0, color=figures.INK, linewidth=1)
        names = [f"{row.one} × {row.other}" for row in frame.itertuples()]
        names = [name.replace(" × ", "\n× ") if len(name) > 40 else name for name in names]
        ax.set_yticks(range(len(frame)), names)
        ax.set_xlim(-1.03, 1.42)
        ax.set_xticks([-1, -0.5, 0, 0.5, 1])
        ax.set_xlabel("Spearman's rho over people, with 95 % interval")
        ax.grid(axis="y", visible=False)
        n = int(frame["n"].max()) if len(frame) else 0
        figures.subtitle(
            ax,
            "Words, deeds and scores of the same people",
            f"up to n = {text.count(n)} people; filled: q of at most 0.10",
        )
        series = {"Spearman's rho": ("rho", "ci_low", "ci_high")}
        draws = figures.drawn(frame[::-1], ["one", "other"], series, unit="number")
        return figures.describe(ax, f"Dot plot of rank correlations over people. {self.summary()}", draws)


def _pair(row: Any) -> str:
    """One pair in words."""
    return (
        f"'{row.one}' and '{row.other}' rho = {_rho(row.rho)} "
        f"({_rho(row.ci_low)} to {_rho(row.ci_high)}, p {_p(row.p_value)}, n = {text.count(row.n)})"
    )


def _rho(value: float) -> str:
    """A correlation; next to 1 with a digit more."""
    return text.signed(value, 3 if abs(value) >= 0.995 else 2)


def _p(value: float) -> str:
    written = text.p_value(value)
    return written if written.startswith("<") else f"= {written}"


def person_measures(study: Study) -> Measures:
    """Count, for each interviewed person, what they said, what they did, and how they scored.

    Notes
    -----
    Words: passages with a code, a coder of the person's documents; missing where the person was not asked about the code's stage
    and did not speak of it. Behaviour: events of the person's valid links among the
    touchpoints of each measure (`Study.measures`). Scores: the mean of the answered items of an instrument. The polarity of a
    code is the sign of its valence, that of a score its ``higher_is_better``. Measures that fewer than three people have, or
    that are the same for everybody, are left out.
    """
    everybody = pd.Index(interviewed(study), name="participant_id")
    parts = [_words(study, everybody), _deeds(study, everybody), _scores(study, everybody)]
    columns: dict[str, pd.Series] = {}
    about = []
    for side, part in zip(SIDES, parts, strict=True):
        for name, values, polarity, stages, what in part:
            if values.nunique() > 1 and (side == "scores" or (values > 0).sum() >= FEWEST_WITH):
                label = name if name not in columns else f"{name} ({side})"
                columns[label] = values
                about.append((label, side, polarity, stages, what))
    return Measures(
        pd.DataFrame(columns, index=everybody),
        "Counts and means a person",
        ("Passages are counted a coder; whoever talks longer has more of them.",),
        pd.DataFrame(about, columns=["measure", "side", "polarity", "stages", "what"]),
    )


Part = list[tuple[str, pd.Series, int, tuple[str, ...], str]]


def _words(study: Study, everybody: pd.Index) -> Part:
    """Passages of each code."""
    if study.codings is None or study.codes is None or study.documents is None:
        return []
    people = people_of(study.documents)
    marks = study.codings.drop_duplicates(["segment_id", "code_id", "coder"])
    person = marks["document_id"].map(people)
    coders = marks.groupby(person)["coder"].nunique()
    spoke = everybody[everybody.isin(people)]
    counts = marks.groupby([person, "code_id"]).size().unstack(fill_value=0).reindex(spoke, fill_value=0)
    counts = counts.div(coders.reindex(spoke).fillna(1), axis=0).reindex(everybody)
    guide = None if study.asked is None else asked_people(study.asked, study.documents)
    found: Part = []
    for code in study.codes.itertuples():
        if code.code_id in counts:
            sign = 0 if pd.isna(code.valence) else int(np.sign(code.valence))
            values = counts[code.code_id]
            if guide is not None and code.stage in set(guide["stage"]):
                asked = everybody.isin(guide.loc[guide["stage"] == code.stage, "person"])
                values = values.where(asked | (values > 0))
            stages = (code.stage,) if isinstance(code.stage, str) else ()
            found.append((code.name, values, sign, stages, "passages with this code"))
    return found


def _deeds(study: Study, everybody: pd.Index) -> Part:
    """Events of each measure."""
    events = linked_events(study)
    if events.empty:
        return []
    linked = everybody[everybody.isin(events["participant_id"])]
    stage_of = study.stage_of
    found: Part = []
    for name, (touchpoints, polarity) in study.measures.items():
        counts = events.loc[events["touchpoint"].isin(touchpoints), "participant_id"].value_counts()
        values = counts.reindex(linked, fill_value=0).reindex(everybody).astype("float64")
        stages = tuple(sorted({stage_of[name] for name in touchpoints if name in stage_of}))
        found.append((name, values, polarity, stages, "events"))
    return found


def _scores(study: Study, everybody: pd.Index) -> Part:
    """Mean scores of each instrument, by participant_id or through the links."""
    answers = study.responses
    if answers is None:
        return []
    links = study.links
    who = {name: name for name in everybody}
    if links is not None:
        who |= dict(zip(links["customer_id"], links["participant_id"], strict=True))
    theirs = answers.assign(person=answers["respondent_id"].map(who)).dropna(subset=["person"])
    found: Part = []
    for instrument, part in theirs.groupby("instrument", sort=False):
        values = part.groupby("person")["score"].mean().reindex(everybody)
        better = bool(part["higher_is_better"].iloc[0])
        side = "higher is better" if better else "lower is better"
        found.append((str(instrument), values, 1 if better else -1, (), f"mean of the items, {side}"))
    return found


def person_level(
    study: Study, *, pairs: list[tuple[str, str]] | None = None, draws: int = DRAWS, seed: int = 0
) -> PersonLevel:
    """Hold words, behaviour and scores of the same people against each other.

    Parameters
    ----------
    pairs : list of (str, str), optional
        Names of measures; else every pair from two different sides.
    draws : int
        Random orders for p, where there are more than eight people.
    seed : int
        Of the random orders.

    Notes
    -----
    Spearman's rho with mid-ranks; the interval is that of Bonett and Wright, ``tanh(atanh(rho) -/+ z sqrt((1 + rho**2 / 2) /
    (n - 3)))``; p is the two-sided permutation p-value, ``(1 + b) / (1 + draws)`` for b of the draws at least as far from zero.
    q is by Benjamini and Hochberg over all pairs.

    The fit: polarities ask two measures to go together (more trouble, a worse score) or in opposite directions, where both are
    about a stage in common or one is about the whole journey. *confirm*
    when the interval lies on that side of zero; *discord* when it lies on the other side, or holds zero and leaves out 0.7 on
    the expected side, so that the two do not measure the same thing; *open* when it holds both, which is too few people
    to say. Without an expected side: *expand* when the interval leaves out zero, else *open*.

    References
    ----------
    Bonett and Wright (2000), Psychometrika 65:23; Phipson and Smyth (2010), Statistical Applications in Genetics 9:39.
    """
    measures = person_measures(study)
    about = measures.about.set_index("measure")
    if pairs is None:
        pairs = [
            (one, other)
            for one, other in itertools.combinations(about.index, 2)
            if about.loc[one, "side"] != about.loc[other, "side"]
        ]
    rows = []
    for one, other in pairs:
        both = measures.table[[one, other]].dropna()
        expected = _expected(about.loc[one], about.loc[other])
        (rho, low, high), reason = spearman(both[one], both[other])
        p = _student_p(rho, len(both))
        sides = about.loc[one, "side"], about.loc[other, "side"]
        rows.append((one, sides[0], other, sides[1], len(both), rho, low, high, np.nan, p, np.nan, expected,
                     fit_of(low, high, expected), reason))  # fmt: skip
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["p_value"] = _p_values(measures.table, table, draws, seed)
    table["q_value"] = benjamini_hochberg(table["p_value"].astype(float))
    return PersonLevel(
        table,
        "Spearman's rho over people, permutation p",
        (
            "A person is one point; passages of one person are not independent of each other.",
            f"Discord: the interval holds zero and leaves out {text.short(SAME_THING)} on the side that the polarities ask for, or "
            "lies on the other side.",
            "Correlation over few people says nothing of causes, and differences between groups show up as correlation.",
        ),
        measures.table,
    )


def _expected(one: pd.Series, other: pd.Series) -> int:
    """The side that two measures are expected on: the product of their polarities, if they are about the same."""
    apart = one["stages"] and other["stages"] and not set(one["stages"]) & set(other["stages"])
    return 0 if apart else int(one["polarity"]) * int(other["polarity"])


def fit_of(low: float, high: float, expected: int) -> str:
    """The fit of a pair from the interval of its correlation and the side that is expected (1, -1, or 0 for none).

    Examples
    --------
    >>> fit_of(0.2, 0.8, 1), fit_of(-0.5, 0.4, 1), fit_of(-0.1, 0.8, 1), fit_of(0.2, 0.8, -1), fit_of(0.2, 0.8, 0)
    ('confirm', 'discord', 'open', 'discord', 'expand')
    """
    if np.isnan(low) or np.isnan(high):
        return "open"
    apart = low > 0 or high < 0
    if expected == 0:
        return "expand" if apart else "open"
    if expected < 0:
        low, high = -high, -low
    if low > 0:
        return "confirm"
    return "discord" if high < SAME_THING else "open"


def spearman(one: pd.Series, other: pd.Series) -> tuple[Interval, str]:
    """Spearman's rho with its interval, and why there is none.

    Parameters
    ----------
    one, other : Series
        Shape (n,), without gaps, in the same order.
    """
    n = len(one)
    nothing = Interval(np.nan, np.nan, np.nan)
    if n < FEWEST:
        return nothing, f"only {n} people have both"
    x, y = _standard_ranks(one), _standard_ranks(other)
    if not x.any() or not y.any():
        return nothing, "everybody is alike in one of them"
    rho = float(np.clip(x @ y, -1, 1))
    if abs(rho) > 1 - 1e-12:
        return Interval(rho, np.nan, np.nan), "the order is the same throughout: no interval"
    half = normal_quantile() * np.sqrt((1 + rho**2 / 2) / (n - 3))
    centre = np.arctanh(rho)
    return Interval(rho, float(np.tanh(centre - half)), float(np.tanh(centre + half))), ""


def _standard_ranks(values: pd.Series) -> NDArray[np.float64]:
    """Mid-ranks with mean 0 and length 1; zeros where all are equal."""
    ranks = values.rank().to_numpy(float)
    ranks = ranks - ranks.mean()
    length = float(np.sqrt(ranks @ ranks))
    return ranks / length if length > 0 else np.zeros(len(ranks))


def _p_values(measures: pd.DataFrame, table: pd.DataFrame, draws: int, seed: int) -> pd.Series:
    """Permutation p-values of all pairs; pairs with the same people and the same second measure share their orders."""
    p_values = pd.Series(np.nan, index=table.index)
    present = measures.notna().to_numpy()
    place = {name: column for column, name in enumerate(measures.columns)}
    alike: dict[tuple[str, bytes], list[Any]] = {}
    for row in table[table["rho"].notna()].itertuples():
        both = present[:, place[row.one]] & present[:, place[row.other]]
        alike.setdefault((row.other, both.tobytes()), []).append(row)
    for (other, mask), rows in alike.items():
        part = measures[np.frombuffer(mask, dtype=bool)]
        x = np.column_stack([_standard_ranks(part[row.one]) for row in rows])
        rho = np.array([row.rho for row in rows])
        p_values[[row.Index for row in rows]] = permutation_p(x, _standard_ranks(part[other]), rho, draws, seed)
    return p_values


def _student_p(rho: float, n: int) -> float:
    """Two-sided p of a rank correlation by Student's t."""
    from scipy.special import stdtr

    if np.isnan(rho):
        return np.nan
    return 0.0 if abs(rho) == 1 else float(2 * stdtr(n - 2, -abs(rho) * np.sqrt((n - 2) / (1 - rho**2))))


def permutation_p(
    x: NDArray[np.float64], y: NDArray[np.float64], rho: NDArray[np.float64], draws: int, seed: int
) -> NDArray[np.float64]:
    """Two-sided p of each column of `x`, shape (n, m), against `y`: the share of the orders of `y` at least as far from zero."""
    n = len(y)
    edge = np.abs(rho) - 1e-12
    if n > MOST_DRAWN:
        return np.array([_student_p(value, n) for value in rho])
    if n <= EXACT:
        orders = np.array(list(itertools.permutations(range(n))))
        return np.asarray((np.abs(y[orders] @ x) >= edge).mean(axis=0))
    rng = np.random.default_rng(seed)
    extreme = np.zeros(x.shape[1])
    for start in range(0, draws, 20_000):
        size = min(20_000, draws - start)
        extreme += (np.abs(rng.permuted(np.tile(y, (size, 1)), axis=1) @ x) >= edge).sum(axis=0)
    return (1 + extreme) / (1 + draws)
