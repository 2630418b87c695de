"""Which codes come together, more often than chance within an interview would bring them?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.errors import DataError
from journeylab.intervals import FALSE_DISCOVERY_RATE, benjamini_hochberg
from journeylab.results import Result
from journeylab.voices.prevalence import people_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELLS = 20_000_000
"""Marks that are shuffled at once; more draws of a document come in turns."""


@dataclasses.dataclass(frozen=True)
class Cooccurrence(Result):
    """Pairs of codes.

    Attributes
    ----------
    table : DataFrame
        Pairs that come together at least once, most often first: code_id_1, code_id_2, code_1, code_2 (names), n (places with
        both), n_1, n_2 (places with each), coefficient (Jaccard: n / (n_1 + n_2 - n)), expected (mean n of the shuffles; of
        several coders, in proportion), participants (people behind the pair), p_value, q_value, reason.
    reach : int or None
        How many passages apart still is together; None: anywhere in the document.
    places : int
        Passages, windows of passages, or documents.
    documents : int
    """

    reach: int | None
    places: int
    documents: int

    @property
    def found(self) -> pd.DataFrame:
        """Pairs with a q-value of at most the false discovery rate, and at least two people behind them."""
        table = self.table
        return table[(table["q_value"] <= FALSE_DISCOVERY_RATE) & (table["participants"] >= 2)]

    @property
    def shown(self) -> pd.DataFrame:
        """The pairs for a report: names, times together, times by chance, coefficient, people, p, q."""
        pairs = zip(self.table["code_1"], self.table["code_2"], strict=True)
        frame = self.table.assign(pair=[f"{first} + {second}" for first, second in pairs])
        names = {"n": "together", "expected": "by_chance", "participants": "people"}
        return frame.rename(columns=names)[
            ["pair", "together", "by_chance", "coefficient", "people", "p_value", "q_value"]
        ]

    @property
    def where(self) -> str:
        """What together means here."""
        if self.reach is None:
            return "in the same document"
        if self.reach == 0:
            return "in the same passage"
        return f"within {self.reach} {'passage' if self.reach == 1 else 'passages'} of each other"

    def summary(self) -> str:
        """Name the pair most often together, and how many pairs chance does not explain."""
        if self.table.empty:
            return f"No two codes come together {self.where}."
        row = self.table.iloc[0]
        times = "once" if row["n"] == 1 else f"{text.count(row['n'])} times"
        pairs = (
            "One pair of codes comes" if len(self.table) == 1 else f"{text.count(len(self.table))} pairs of codes come"
        )
        first = (
            f"{pairs} together {self.where}; most often '{row['code_1']}' and "
            f"'{row['code_2']}' ({times}, coefficient {text.number(row['coefficient'], 3)}, "
            f"{text.people(row['participants'])})."
        )
        if self.table["p_value"].isna().all():
            return f"{first} Whether that is more than chance cannot be tested: {self.table['reason'].iloc[0]}."
        found = len(self.found)
        many = f"{text.count(found)} of these, from two people or more, come" if found else "None comes clearly"
        return (
            f"{first} {many} together more often than chance within the documents would bring them "
            f"(q ≤ {text.fixed(FALSE_DISCOVERY_RATE, 2)})."
        )

    def plot(self, ax: Axes | None = None, *, most: int = 12) -> Axes:
        """Draw the pairs most often together beside what chance would bring."""
        frame = self.table.head(most).iloc[::-1]
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.36))
        rows = np.arange(len(frame))
        clear = frame.index.isin(self.found.index)
        ax.hlines(rows, frame["expected"].fillna(frame["n"]), frame["n"], color=figures.GRID, linewidth=3, zorder=1)
        ax.plot(frame["expected"], rows, "|", color=figures.MUTED, markersize=13, markeredgewidth=2, label="by chance")
        for mask, colour, marker, label in (
            (clear, figures.BLUE, "o", "more than chance"),
            (~clear, figures.ORANGE, "D", "not clearly"),
        ):
            if mask.any():
                ax.plot(frame["n"][mask], rows[mask], marker, color=colour, label=label)
        ax.set_yticks(
            rows, [f"{row.code_1} + {row.code_2} ({text.people(row.participants)})" for row in frame.itertuples()]
        )
        ax.set_xlim(left=0)
        ax.locator_params(axis="x", integer=True)
        ax.set_xlabel("times together")
        ax.grid(axis="y", visible=False)
        figures.legend_below(ax)
        figures.subtitle(ax, "Codes that come together", f"{self.where}; {text.count(self.documents)} documents")
        series = {"times together": "n", "by chance": "expected"}
        named = frame[::-1].assign(pair=[f"{row.code_1} + {row.code_2}" for row in frame[::-1].itertuples()])
        draws = figures.drawn(named, "pair", series, unit="number", also=["participants"])
        said = f"Dot plot of the {len(frame)} pairs of codes most often together. {self.summary()}"
        return figures.describe(ax, said, draws)


def cooccurrence(
    codings: pd.DataFrame,
    codes: pd.DataFrame,
    documents: pd.DataFrame,
    segments: pd.DataFrame | None = None,
    *,
    reach: int | None = 0,
    draws: int = 1000,
    seed: int = 0,
) -> Cooccurrence:
    """Count pairs of codes that come together, and hold them against a shuffle within each document.

    Parameters
    ----------
    codings, codes, documents : DataFrame
        Contract tables; codings with document_id.
    segments : DataFrame, optional
        With start and end, the order of passages; else they stand in the order of the codings.
    reach : int or None
        0: on the same passage. 1, 2, ...: in a window of so many passages more, moved one by one through the document. None:
        anywhere in the same document.
    draws : int
        Shuffles.

    Raises
    ------
    DataError
        When `reach` is negative, or the codings say no document.

    Notes
    -----
    Chance is a shuffle: within each document every code keeps the number of its passages, and changes which they are, each
    code for itself. So a pair is not called remarkable because two codes are frequent or fall to the same people. p is
    ``(1 + shuffles with at least as many) / (1 + draws)``, one-sided; q-values are Benjamini and Hochberg's over the pairs.
    A whole document cannot be shuffled within itself, so ``reach=None`` has no test. The time grows with draws times marks: about
    a second for 2,000 marks and 1,000 draws.

    One coder must have put both codes. Where several coded, spans that overlap are one passage (their codings of it are not
    counted twice), and codes move together over the coders in the shuffle.

    References
    ----------
    The coefficient is ATLAS.ti's c, Jaccard's index. Windows: Siebert-Evenstone et al. (2017), Journal of Learning Analytics 4:123.
    """
    if reach is not None and reach < 0:
        raise DataError(
            f"cooccurrence: reach is {reach}; it is 0 (the same passage), more, or None (the same document)."
        )
    marks = _marks(codings, segments)
    names = sorted(marks["code_id"].unique())
    marks["code"] = marks["code_id"].map({code: place for place, code in enumerate(names)})
    people = people_of(documents)
    read = [_Document(str(people.get(name, name)), part) for name, part in marks.groupby("document_id", sort=True)]
    seen = _observe(read, len(names), reach)
    drawn = _shuffle(read, seen, reach, draws, np.random.default_rng(seed))
    return _result(names, codes, seen, drawn, reach, len(read))


class _Document:
    """The marks of one document.

    Attributes
    ----------
    person : str
    here : ndarray of int, shape (codes,)
        The codes that it has.
    cube : ndarray of bool, shape (coders, codes, passages)
    """

    def __init__(self, person: str, marks: pd.DataFrame) -> None:
        self.person = person
        self.here, code = np.unique(marks["code"], return_inverse=True)
        coder = marks["coder"].astype("category").cat.codes.to_numpy()
        self.cube = np.zeros((coder.max() + 1, len(self.here), int(marks["passage"].max()) + 1), bool)
        self.cube[coder, code, marks["passage"]] = True

    @property
    def movable(self) -> bool:
        """Whether a shuffle can bring codes together or apart."""
        return self.cube.shape[1] > 1 and self.cube.shape[2] > 1


@dataclasses.dataclass(frozen=True)
class _Seen:
    """What was observed.

    Attributes
    ----------
    one, two : ndarray of int, shape (pairs,)
        The codes of each pair that comes together.
    n, summed : ndarray of int, shape (pairs,)
        Places where one coder has both; the same, summed over coders.
    single : ndarray of int, shape (codes,)
    people : dict
        Who is behind each pair.
    places : int
    """

    one: NDArray[np.int64]
    two: NDArray[np.int64]
    n: NDArray[np.int64]
    summed: NDArray[np.int64]
    single: NDArray[np.int64]
    people: dict[tuple[int, int], set[str]]
    places: int


def _observe(read: list[_Document], size: int, reach: int | None) -> _Seen:
    """Count places with each code, and with each pair of codes by one coder."""
    pairs, summed, single = np.zeros((size, size), int), np.zeros((size, size), int), np.zeros(size, int)
    people: dict[tuple[int, int], set[str]] = {}
    places = 0
    for document in read:
        windows, here = _windows(document.cube, reach), document.here
        together = np.array([(windows & windows[:, [code]]).any(axis=0).sum(axis=1) for code in range(len(here))])
        pairs[np.ix_(here, here)] += together
        summed[np.ix_(here, here)] += _together(windows).sum(axis=0)
        single[here] += windows.any(axis=0).sum(axis=1)
        places += windows.shape[2]
        for one, two in zip(*np.nonzero(np.triu(together, 1)), strict=True):
            people.setdefault((int(here[one]), int(here[two])), set()).add(document.person)
    one, two = np.nonzero(np.triu(pairs, 1))
    return _Seen(one, two, pairs[one, two], summed[one, two], single, people, places)


def _shuffle(
    read: list[_Document], seen: _Seen, reach: int | None, draws: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    """Pairs summed over coders when each code's passages are drawn anew: (draws, pairs); no draws where nothing can move."""
    movable = [document for document in read if document.movable]
    if reach is None or not movable:
        return np.zeros((0, len(seen.one)), np.int32)
    drawn = np.zeros((draws, len(seen.one)), np.int32)
    column = np.full((len(seen.single), len(seen.single)), -1)
    column[seen.one, seen.two] = np.arange(len(seen.one))
    for document in read:
        local = column[np.ix_(document.here, document.here)]
        one, two = np.nonzero(local >= 0)
        if not document.movable:
            drawn[:, local[one, two]] += (
                _together(_windows(document.cube, reach)).sum(axis=0)[one, two].astype(np.int32)
            )
            continue
        _, codes, length = document.cube.shape
        step = max(1, CELLS // (codes * length))
        for begin in range(0, draws, step):
            number = min(step, draws - begin)
            order = rng.permuted(np.tile(np.arange(length, dtype=np.int32), (number, codes, 1)), axis=2)
            for layer in document.cube:
                moved = _windows(np.take_along_axis(np.broadcast_to(layer, order.shape), order, axis=2), reach)
                drawn[begin : begin + number, local[one, two]] += _together(moved)[:, one, two]
    return drawn


def _marks(codings: pd.DataFrame, segments: pd.DataFrame | None) -> pd.DataFrame:
    """Who put which code on which passage of which document: document_id, passage (from 0 in each), coder, code_id."""
    frame = codings.assign(coder=codings.get("coder", ""))
    wanted = [name for name in ("document_id", "start", "end") if name not in frame]
    if segments is not None and wanted:
        there = [name for name in wanted if name in segments]
        frame = frame.merge(segments[["segment_id", *there]], on="segment_id", how="left")
    if "document_id" not in frame:
        raise DataError(
            "cooccurrence: the codings have no document_id; pass segments=, which say the document of each."
        )
    spans = "start" in frame and bool(frame["start"].notna().all())
    if spans:
        frame = frame.sort_values(["document_id", "start", "end"], kind="stable", ignore_index=True)
    key = frame["segment_id"]
    if spans and frame.groupby("document_id")["coder"].nunique().max() > 1:
        before = frame.groupby("document_id")["end"].cummax().groupby(frame["document_id"]).shift(1)
        key = (before.isna() | (frame["start"] >= before)).cumsum()
    first = pd.DataFrame({"document_id": frame["document_id"], "key": key}).drop_duplicates()
    first["passage"] = first.groupby("document_id").cumcount()
    frame = frame.assign(key=key).merge(first, on=["document_id", "key"])
    return frame[["document_id", "passage", "coder", "code_id"]].drop_duplicates(ignore_index=True)


def _windows(marks: NDArray[np.bool_], reach: int | None) -> NDArray[np.bool_]:
    """Marks of passages (last axis) become marks of windows of passages."""
    length = marks.shape[-1]
    width = length if reach is None else min(reach + 1, length)
    found = marks[..., : length - width + 1].copy()
    for step in range(1, width):
        found |= marks[..., step : length - width + 1 + step]
    return found


def _together(windows: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Places with both codes: (..., codes, places) becomes (..., codes, codes)."""
    numbers = windows.astype(np.float32)
    return (numbers @ numbers.swapaxes(-1, -2)).astype(np.int32)


def _result(
    names: list[str], codes: pd.DataFrame, seen: _Seen, drawn: NDArray[np.int32], reach: int | None, documents: int
) -> Cooccurrence:
    """Put the table together."""
    label = dict(zip(codes["code_id"], codes["name"], strict=True))
    tested = len(drawn) > 0
    reason = "" if tested else "no document has two codes and two passages to shuffle"
    if reach is None:
        reason = "a whole document cannot be shuffled within itself"
    n_1, n_2 = seen.single[seen.one], seen.single[seen.two]
    first, second = ([names[place] for place in side] for side in (seen.one, seen.two))
    table = pd.DataFrame(
        {
            "code_id_1": first,
            "code_id_2": second,
            "code_1": [label.get(code, code) for code in first],
            "code_2": [label.get(code, code) for code in second],
            "n": seen.n,
            "n_1": n_1,
            "n_2": n_2,
            "coefficient": seen.n / (n_1 + n_2 - seen.n),
            "expected": drawn.mean(axis=0) * seen.n / seen.summed if tested else np.nan,
            "participants": [len(seen.people[pair]) for pair in zip(seen.one.tolist(), seen.two.tolist(), strict=True)],
            "p_value": (1 + (drawn >= seen.summed).sum(axis=0)) / (1 + len(drawn)) if tested else np.nan,
        }
    )
    table["q_value"] = benjamini_hochberg(table["p_value"])
    table["reason"] = reason
    table = table.sort_values(["n", "coefficient", "code_1"], ascending=[False, False, True], ignore_index=True)
    assumptions: tuple[str, ...] = (
        "Chance: within each document every code keeps how many passages it has, and they are shuffled.",
        "A pair behind which stands one person is that person's way to speak; read how many people there are.",
        "Only passages that carry some code are places; what nobody marked is not.",
    )
    if (seen.summed != seen.n).any():
        assumptions += (
            "Several coders: a pair counts where one of them put both codes; overlapping spans are one passage.",
        )
    method = (
        f"Co-occurrence of codes, {text.count(len(drawn))} shuffles within document"
        if tested
        else "Co-occurrence of codes"
    )
    return Cooccurrence(table, method, assumptions, reach, seen.places, documents)
