"""How many people said what, of those who were asked?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.intervals import never_seen_upper, wilson
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RULE = "A code counts where more than half of a text's coders chose it; of two coders, one is enough."


def agreed(codings: pd.DataFrame) -> pd.DataFrame:
    """The codes that hold for each document: document_id, code_id.

    Parameters
    ----------
    codings : DataFrame
        With document_id, code_id, coder.

    Notes
    -----
    Where three or more coders worked on the study, more than half of a document's coders and at least two of them must
    have chosen the code. Where one or two did, one is enough, since coders overlook more often than they invent.
    """
    codings = codings.drop_duplicates(["document_id", "code_id", "coder"])
    votes = codings.groupby(["document_id", "code_id"]).size().reset_index(name="votes")
    if codings["coder"].nunique() > 2:
        coders = votes["document_id"].map(codings.groupby("document_id")["coder"].nunique())
        votes = votes[(votes["votes"] * 2 > coders) & (votes["votes"] >= 2)]
    return votes[["document_id", "code_id"]].reset_index(drop=True)


def people_of(documents: pd.DataFrame) -> pd.Series:
    """The person behind each document: index document_id, value participant_id, or the document itself."""
    ids = documents.set_index("document_id").index.to_series()
    if "participant_id" not in documents:
        return ids
    return documents.set_index("document_id")["participant_id"].fillna(ids)


def said_by(codings: pd.DataFrame, documents: pd.DataFrame) -> pd.DataFrame:
    """Who said what: person and code_id, each pair once, of the codes that hold (see `agreed`)."""
    held = agreed(codings)
    held["person"] = held["document_id"].map(people_of(documents))
    return held.dropna(subset=["person"]).drop_duplicates(["person", "code_id"], ignore_index=True)[
        ["person", "code_id"]
    ]


def complete(codes: pd.DataFrame) -> pd.DataFrame:
    """The codebook with every optional column that is asked for here, empty where it was absent."""
    wanted = ("stage", "touchpoint", "valence")
    return codes.reindex(columns=[*codes.columns, *(name for name in wanted if name not in codes)])


def asked_people(asked: pd.DataFrame, documents: pd.DataFrame) -> pd.DataFrame:
    """Who was asked about which stage: person, stage, each once."""
    who = asked["participant_id"] if "participant_id" in asked else asked["document_id"].map(people_of(documents))
    return pd.DataFrame({"person": who, "stage": asked["stage"]}).dropna().drop_duplicates(ignore_index=True)


@dataclasses.dataclass(frozen=True)
class Prevalence(Result):
    """People by code.

    Attributes
    ----------
    table : DataFrame
        In the order of the code tree: code_id, path, name, depth (0 for a root), stage, touchpoint, valence, k (people who
        said it), n (people asked, or all), not_said (asked, and silent: n - k), not_asked (people whom nobody asked, and who
        did not speak of it), basis (``asked`` or ``all``), share, ci_low, ci_high (Wilson), upper_if_none (95 % bound where
        nobody said it), rolled_up (a parent, counted over all codes under it).
    """

    @property
    def shown(self) -> pd.DataFrame:
        """Codes for a report: name, stage, k of n, share, interval."""
        frame = self.table[~self.table["rolled_up"]]
        return frame[["name", "stage", "k", "n", "share", "ci_low", "ci_high", "valence"]].reset_index(drop=True)

    @property
    def tree(self) -> pd.DataFrame:
        """The code tree for a report: names indented by depth, people, share and interval; at_most where nobody said it."""
        frame = self.table.copy()
        frame["code"] = ["\u2003" * row.depth + row.name for row in frame.itertuples(index=False, name="Row")]
        columns = ["code", "stage", "said", "not_said", "not_asked", "share", "ci_low", "ci_high"]
        never = ["at_most"] if (frame["k"] == 0).any() else []
        frame["at_most"] = [text.MISSING if row.k else text.percent(row.upper_if_none) for row in frame.itertuples()]
        return frame.rename(columns={"k": "said"})[[*columns, *never]].reset_index(drop=True)

    def top(self, most: int) -> list[object]:
        """The codes most people used, as named tuples."""
        frame = self.table[~self.table["rolled_up"]]
        return list(frame.sort_values(["k", "path"], ascending=[False, True]).head(most).itertuples())

    def summary(self) -> str:
        """Name the most frequent pain and gain."""
        frame = self.table[~self.table["rolled_up"] & (self.table["k"] > 0)]
        if frame.empty:
            return "Nobody's words carry a code."
        parts = []
        for word, side in (("pain", frame[frame["valence"] < 0]), ("gain", frame[frame["valence"] > 0])):
            if len(side):
                row = side.sort_values(["share", "path"], ascending=[False, True]).iloc[0]
                alike = int((side["share"] == row["share"]).sum()) - 1
                also = f" (and {alike} more {'is' if alike == 1 else 'are'} named as often)" if alike else ""
                parts.append(
                    f"the most frequent {word} is '{row['name']}', {text.share_of(int(row['k']), int(row['n']))}{also}"
                )
        if not parts:
            row = frame.sort_values("k", ascending=False).iloc[0]
            parts.append(f"the most frequent code is '{row['name']}', {text.share_of(int(row['k']), int(row['n']))}")
        return f"{text.sentence('; '.join(parts))}."

    def plot(self, ax: Axes | None = None, *, most: int = 22) -> Axes:
        """Draw the share of people with each code and its interval; pains and gains differ by marker."""
        frame = self.table[~self.table["rolled_up"] & (self.table["k"] > 0)].nlargest(most, "share").iloc[::-1]
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.29))
        rows = np.arange(len(frame))
        valence = frame["valence"].fillna(0).to_numpy(dtype=float)
        for mask, colour, marker, label in (
            (valence < 0, figures.ORANGE, "v", "pain"),
            (valence > 0, figures.GREEN, "^", "gain"),
            (valence == 0, figures.MUTED, "o", "neither"),
        ):
            if mask.any():
                part = frame[mask]
                reach = 100 * np.vstack([part["share"] - part["ci_low"], part["ci_high"] - part["share"]])
                ax.errorbar(
                    100 * part["share"],
                    rows[mask],
                    xerr=np.abs(reach),
                    fmt=marker,
                    color=colour,
                    capsize=3,
                    label=label,
                )
        ax.set_yticks(rows, [f"{row.name} ({row.k} of {row.n})" for row in frame.itertuples(index=False, name="Row")])
        ax.set_xlim(left=0)
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.set_xlabel("share of the people asked, with 95 % interval")
        ax.grid(axis="y", visible=False)
        if len(frame):
            ax.legend(frameon=False, loc="lower right")
        figures.subtitle(ax, "What people said", "people, not passages")
        draws = figures.drawn(frame[::-1], "name", {"said it": ("share", "ci_low", "ci_high")}, also=["k"])
        said = f"Dot plot of {len(frame)} codes by the share of people who said them. {self.summary()}"
        return figures.describe(ax, said, draws)


def prevalence(
    codings: pd.DataFrame,
    codes: pd.DataFrame,
    documents: pd.DataFrame,
    participants: pd.DataFrame | None = None,
    asked: pd.DataFrame | None = None,
    *,
    roll_up: bool = True,
) -> Prevalence:
    """Count people by code.

    Parameters
    ----------
    codings, codes, documents : DataFrame
        Contract tables; codings with document_id.
    participants : DataFrame, optional
        All people, also those without a coded document.
    asked : DataFrame, optional
        What the guide raised: then only people who were asked about a code's stage (or spoke of it unasked) are its n.
    roll_up : bool
        Whether a parent counts the people of every code under it; else only those who were given the parent itself.

    Notes
    -----
    The unit is the participant; a document without one counts as a person of its own. A parent's n are the people asked
    about any stage of the codes under it. Of a code that nobody used, ``upper_if_none`` is ``1 - 0.05 ** (1 / n)``, the
    share that this silence still allows: the exact one-sided bound of Clopper and Pearson, which the "rule of three", 3 / n,
    approximates.

    References
    ----------
    Wilson (1927), JASA 22:209; Clopper and Pearson (1934), Biometrika 26:404; Hanley and Lippman-Hand (1983), JAMA 249:1743.
    """
    codes = complete(codes)
    people = people_of(documents)
    everybody = set(people) | (set(participants["participant_id"]) if participants is not None else set())
    by_stage = None
    if asked is not None:
        guide = asked_people(asked, documents)
        by_stage = {stage: set(part) for stage, part in guide.groupby("stage")["person"]}
    who = {code: set(part) for code, part in said_by(codings, documents).groupby("code_id")["person"]}
    children = _children(codes)
    stages = dict(zip(codes["code_id"], codes["stage"], strict=True))
    rows = []
    for code, depth in _tree(codes, children):
        under = _descendants(code.code_id, children) if roll_up else [code.code_id]
        speakers = set().union(*(who.get(name, set()) for name in under))
        stage = code.stage if isinstance(code.stage, str) else None
        raised = [stages[name] for name in _leaves(under, children)] if stage is None else [stage]
        known = by_stage is not None and bool(raised) and all(isinstance(name, str) for name in raised)
        audience = everybody
        if known and by_stage is not None:
            audience = set().union(speakers, *(by_stage.get(name, set()) for name in raised))
        n, k = len(audience), len(speakers)
        share, low, high = wilson(k, n)
        rows.append(
            (code.code_id, code.path, code.name, depth, stage, code.touchpoint, code.valence, k, n, n - k,
             len(everybody - audience), "asked" if known else "all", share, low, high,
             never_seen_upper(n) if k == 0 else np.nan, roll_up and code.code_id in children)
        )  # fmt: skip
    columns = ["code_id", "path", "name", "depth", "stage", "touchpoint", "valence", "k", "n", "not_said", "not_asked",
               "basis", "share", "ci_low", "ci_high", "upper_if_none", "rolled_up"]  # fmt: skip
    assumptions: tuple[str, ...] = (
        RULE,
        "The people interviewed are not a random sample of customers.",
        "Where nobody said a thing, the exact one-sided 95 % bound (Clopper and Pearson) is the share it may still have.",
    )
    if by_stage is None:
        assumptions += ("No interview guide was given: n is everybody, so silence may mean that nobody asked.",)
    return Prevalence(pd.DataFrame(rows, columns=columns), "People by code, with Wilson intervals", assumptions)


def _children(codes: pd.DataFrame) -> dict[str, list[str]]:
    """The codes under each parent that is itself in the codebook."""
    if "parent_id" not in codes:
        return {}
    known = codes[codes["parent_id"].isin(codes["code_id"])]
    return known.groupby("parent_id", sort=False)["code_id"].apply(list).to_dict()


def _tree(codes: pd.DataFrame, children: dict[str, list[str]]) -> list[tuple[Any, int]]:
    """Every code with its depth, parents before what is under them; each once, also where parents go round in a circle."""
    rows = {row.code_id: row for row in codes.itertuples()}
    under = {child for group in children.values() for child in group}
    found: dict[str, int] = {}
    for start in [*(code for code in rows if code not in under), *rows]:
        stack = [(start, 0)]
        while stack:
            code, depth = stack.pop()
            if code not in found:
                found[code] = depth
                stack += [(child, depth + 1) for child in reversed(children.get(code, []))]
    return [(rows[code], depth) for code, depth in found.items()]


def _descendants(code: str, children: dict[str, list[str]]) -> list[str]:
    """A code and every code under it."""
    found: dict[str, None] = {}
    queue = [code]
    while queue:
        name = queue.pop()
        if name not in found:
            found[name] = None
            queue += children.get(name, [])
    return list(found)


def _leaves(names: list[str], children: dict[str, list[str]]) -> list[str]:
    """Those that have nothing under them."""
    return [name for name in names if name not in children]
