"""Do groups of people say different things?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.intervals import FALSE_DISCOVERY_RATE, benjamini_hochberg, newcombe, wilson
from journeylab.results import Result
from journeylab.voices.prevalence import RULE, asked_people, complete, people_of, said_by

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL = 5
"""A group of fewer people is called small."""


@dataclasses.dataclass(frozen=True)
class CodeByGroup(Result):
    """Codes by group of people.

    Attributes
    ----------
    table : DataFrame
        One row a code and group: code_id, path, name, stage, valence, group, k, n (people of the group asked, or all), share,
        ci_low, ci_high (Wilson), difference (to all other people), difference_low, difference_high (Newcombe), p_value,
        q_value (of the code, over all groups), reason (why there is no test).
    groups : dict of str to int
        People by group.
    visible : float
        The difference between the two largest groups that a test would find four times in five, at a share of one half.
    """

    groups: dict[str, int]
    visible: float

    @property
    def found(self) -> pd.DataFrame:
        """The rows of codes whose q-value is at most the false discovery rate."""
        return self.table[self.table["q_value"] <= FALSE_DISCOVERY_RATE]

    @property
    def shown(self) -> pd.DataFrame:
        """One row a code, most different first: k of n of each group, the first group's difference, p, q."""
        rows = []
        for _, part in self.table.groupby("code_id", sort=False):
            first = part.iloc[0]
            cells = {
                row.group: f"{row.k} of {row.n}" + (f" ({text.interval(row.ci_low, row.ci_high)})" if row.n else "")
                for row in part.itertuples()
            }
            gap = {
                "difference": first["difference"],
                "ci_low": first["difference_low"],
                "ci_high": first["difference_high"],
            }
            rows.append(
                {"code": first["name"], **cells, **(gap if len(part) == 2 else {}), "p_value": first["p_value"],
                 "q_value": first["q_value"]}
            )  # fmt: skip
        return pd.DataFrame(rows).sort_values("p_value", kind="stable", ignore_index=True) if rows else pd.DataFrame()

    def summary(self) -> str:
        """Say which codes differ, and how large a difference could have been seen at all."""
        sizes = text.sentence_list(f"{text.count(n)} '{name}'" for name, n in self.groups.items())
        tested = self.table.loc[self.table["p_value"].notna(), "code_id"].nunique()
        if tested == 0:
            return f"Groups of {sizes}: no code could be compared."
        limit = (
            f"With so few people a difference of less than about {text.number(100 * self.visible, 0)} points would "
            "seldom be found, so no difference here is no proof of likeness."
        )
        clear = self.found.drop_duplicates("code_id")
        if clear.empty:
            return f"None of {tested} codes differs clearly between {sizes} (q ≤ {text.fixed(FALSE_DISCOVERY_RATE, 2)}). {limit}"
        row = self.found.sort_values(["p_value", "difference"], ascending=[True, False]).iloc[0]
        return (
            f"{len(clear)} of {tested} codes differ between {sizes} (q ≤ {text.fixed(FALSE_DISCOVERY_RATE, 2)}); most clearly "
            f"'{row['name']}': of '{row['group']}' {row['k']} of {row['n']}, {text.points(row['difference'])} to the others "
            f"(95 % interval {text.interval(row['difference_low'], row['difference_high'], 'points')}). {limit}"
        )

    def plot(self, ax: Axes | None = None, *, most: int = 10) -> Axes:
        """Draw the share of each group with its interval, for the codes that differ most."""
        order = self.table.drop_duplicates("code_id").dropna(subset=["p_value"])
        order = order.sort_values("p_value", kind="stable")["code_id"].head(most).tolist()[::-1]
        ax = figures.new_axes(ax, height=figures.row_height(len(order), each=0.46))
        names = list(self.groups)
        for number, group in enumerate(names):
            part = self.table[self.table["group"] == group].set_index("code_id").loc[order]
            rows = np.arange(len(order)) + (0.5 - (number + 0.5) / len(names)) * 0.6
            reach = 100 * np.abs(np.vstack([part["share"] - part["ci_low"], part["ci_high"] - part["share"]]))
            style = figures.PALETTE[number % 8], figures.MARKERS[number % 8]
            label = f"{group} (n = {text.count(self.groups[group])})"
            ax.errorbar(100 * part["share"], rows, xerr=reach, fmt=style[1], color=style[0], capsize=3, label=label)
        labels = self.table.drop_duplicates("code_id").set_index("code_id").loc[order]
        ax.set_yticks(range(len(order)), [f"{row.name_} (q {text.p_value(row.q_value)})" for row in
                                          labels.rename(columns={"name": "name_"}).itertuples()])  # fmt: skip
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.set_xlim(-2, 102)
        ax.set_xlabel("share of the people asked, with 95 % interval")
        ax.grid(axis="y", visible=False)
        figures.legend_below(ax)
        figures.subtitle(ax, "What groups say", f"the {len(order)} codes that differ most; people, not passages")
        wide = self.table[self.table["code_id"].isin(order)].set_index(["code_id", "group"])
        ends = ("share", "ci_low", "ci_high")
        told = [tuple(float(wide.loc[(code, group), end]) for group in names for end in ends) for code in order[::-1]]
        draws = figures.Drawn(
            tuple((str(labels.loc[code, "name"]),) for code in order[::-1]), tuple(names), tuple(told)
        )
        return figures.describe(ax, f"Dot plot of {len(order)} codes by group of people. {self.summary()}", draws)


def code_by_group(
    codings: pd.DataFrame,
    codes: pd.DataFrame,
    documents: pd.DataFrame,
    participants: pd.DataFrame | None = None,
    asked: pd.DataFrame | None = None,
    *,
    group: str | pd.Series,
    minimum: int = 0,
    draws: int = 10_000,
    seed: int = 0,
) -> CodeByGroup:
    """Compare what groups of people say, code by code.

    Parameters
    ----------
    codings, codes, documents : DataFrame
        Contract tables; codings with document_id.
    participants : DataFrame, optional
        With the column `group`; not needed where `group` is a Series.
    asked : DataFrame, optional
        Then only people who were asked about a code's stage, or spoke of it, are its n.
    group : str or Series
        A column of participants, or a group for each participant_id (the index), such as the behaviour that each follows.
    minimum : int
        Codes with a cell of fewer people (but some) are tested and then hidden, for a public report.
    draws : int
        Permutations of people over three or more groups.

    Raises
    ------
    DataError
        When participants have no such column, or fewer than two groups have people.

    Notes
    -----
    People are compared, never passages: passages of one person resemble each other, and a test on them finds differences
    that are not there. Two groups: Fisher's exact test, two-sided. More: people change places among the groups at random and
    Pearson's chi-square is compared with the one observed, ``(1 + as large) / (1 + draws)``. q-values are Benjamini and
    Hochberg's over the codes that were tested. People without a group are left out and counted in the assumptions.

    References
    ----------
    Fisher (1935); Newcombe (1998), Statistics in Medicine 17:873; Benjamini and Hochberg (1995), JRSS B 57:289.
    """
    groups = _groups(participants, group)
    everybody = set(people_of(documents)) | (set() if participants is None else set(participants["participant_id"]))
    groups = groups[groups.index.isin(everybody)]
    names = [str(name) for name in sorted(groups.unique(), key=str)]
    if len(names) < 2:
        raise DataError(f"code_by_group: needs two groups with people in them; found {listing(names) or 'none'}.")
    groups = groups.astype("str")
    said = said_by(codings, documents)
    who = {code: set(part) for code, part in said.groupby("code_id")["person"]}
    raised = None if asked is None else asked_people(asked, documents).groupby("stage")["person"].apply(set).to_dict()
    rng = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for code in complete(codes).itertuples():
        speakers = who.get(code.code_id, set())
        if not speakers:
            continue
        known = raised is not None and isinstance(code.stage, str)
        audience = (raised.get(code.stage, set()) | speakers) if known and raised is not None else everybody
        belongs = groups[groups.index.isin(audience)]
        n = belongs.value_counts().reindex(names, fill_value=0).to_numpy()
        k = belongs[belongs.index.isin(speakers)].value_counts().reindex(names, fill_value=0).to_numpy()
        p_value, reason = _compare(k, n, draws, rng)
        share, low, high = wilson(k, n)
        gap = newcombe(k, n, k.sum() - k, n.sum() - n)
        for place, name in enumerate(names):
            rows.append(
                {"code_id": code.code_id, "path": code.path, "name": code.name, "stage": code.stage, "valence": code.valence,
                 "group": name, "k": int(k[place]), "n": int(n[place]), "share": share[place], "ci_low": low[place],
                 "ci_high": high[place], "difference": gap.value[place], "difference_low": gap.low[place],
                 "difference_high": gap.high[place], "p_value": p_value, "reason": reason}
            )  # fmt: skip
    columns = ["code_id", "path", "name", "stage", "valence", "group", "k", "n", "share", "ci_low", "ci_high", "difference",
               "difference_low", "difference_high", "p_value", "reason"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    once = table.drop_duplicates("code_id")
    q_value = dict(zip(once["code_id"], benjamini_hochberg(once["p_value"]), strict=True))
    table.insert(columns.index("p_value") + 1, "q_value", table["code_id"].map(q_value).astype("float64"))
    sizes = groups.value_counts().reindex(names)
    lines = _assumptions(sizes, len(everybody) - len(groups))
    small = table.loc[(table["k"] > 0) & (table["k"] < minimum), "code_id"].unique()
    if len(small):
        table = table[~table["code_id"].isin(small)].reset_index(drop=True)
        lines += (f"{text.count(len(small))} codes that fewer than {minimum} people of a group said are not shown.",)
    return CodeByGroup(
        table,
        "Fisher's exact test of people by code, Newcombe's interval of the difference"
        if len(names) == 2
        else f"Permutation of people over groups ({text.count(draws)} draws, chi-square), by code",
        lines,
        {str(name): int(size) for name, size in sizes.items()},
        _visible(sizes),
    )


def _groups(participants: pd.DataFrame | None, group: str | pd.Series) -> pd.Series:
    """The group of each person who has one."""
    if isinstance(group, pd.Series):
        return group.dropna()
    columns = [] if participants is None else [str(name) for name in participants if name != "participant_id"]
    if participants is None or group not in columns:
        raise DataError(
            f"code_by_group: participants have no column '{group}'; they have {listing(columns) or 'none'}."
            + did_you_mean(group, columns)
        )
    found = participants.set_index("participant_id")[group].dropna()
    return found[found.astype("str").str.strip() != ""]


def _assumptions(sizes: pd.Series, without: int) -> tuple[str, ...]:
    lines = [
        RULE,
        "The people interviewed are not a random sample of customers; groups may differ in more than their name.",
    ]
    small = sizes[sizes < SMALL]
    if len(small):
        named = text.sentence_list(f"'{name}' ({size})" for name, size in small.items())
        lines.append(f"So few people that next to nothing can be said of them: {named}.")
    if without:
        lines.append(f"{text.count(without)} people without a group are left out.")
    return tuple(lines)


def _visible(sizes: pd.Series) -> float:
    """The difference of two shares around one half that 80 % of studies of this size would find at p < 0.05 (Wald)."""
    first, second = sizes.sort_values(ascending=False).iloc[:2]
    return min(1.0, float((1.96 + 0.8416) * np.sqrt(0.25 / first + 0.25 / second)))


def _compare(k: NDArray[np.int64], n: NDArray[np.int64], draws: int, rng: np.random.Generator) -> tuple[float, str]:
    """The p-value that all groups say it alike, and why there is none."""
    k, n = k[n > 0], n[n > 0]
    if len(n) < 2:
        return float("nan"), "fewer than two groups were asked"
    if k.sum() in (0, n.sum()):
        return float("nan"), "everybody said it, or nobody"
    if len(n) == 2:
        return fisher_exact(int(k[0]), int(n[0]), int(k[1]), int(n[1])), ""
    expected = k.sum() * n / n.sum()
    # Given how many said it in all, chi-square grows with the sum of squares over group size; the rest is fixed.
    drawn = rng.multivariate_hypergeometric(n, int(k.sum()), size=draws)
    spread = ((drawn - expected) ** 2 / n).sum(axis=1)
    return float((1 + (spread >= ((k - expected) ** 2 / n).sum() - 1e-9).sum()) / (1 + draws)), ""


def fisher_exact(k1: int, n1: int, k0: int, n0: int) -> float:
    """Two-sided p-value of Fisher's exact test: the sum over tables that are no likelier than the one observed.

    Examples
    --------
    >>> round(fisher_exact(8, 10, 1, 6), 4)
    0.035
    """
    from scipy.special import gammaln

    k = np.arange(max(0, k1 + k0 - n0), min(n1, k1 + k0) + 1)

    def choose(n: int, of: NDArray[np.int64]) -> NDArray[np.float64]:
        return gammaln(n + 1) - gammaln(of + 1) - gammaln(n - of + 1)

    weight = choose(n1, k) + choose(n0, k1 + k0 - k)
    weight = np.exp(weight - weight.max())
    # As in R: tables that differ from the observed one by rounding alone count as equally likely.
    as_rare = weight <= weight[k == k1][0] * (1 + 1e-7)
    return float(min(1.0, weight[as_rare].sum() / weight.sum()))
