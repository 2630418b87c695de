"""Do the rules that share out credit agree, and do they agree with what was measured? All of them side by side."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import DataError, listing
from journeylab.impact.attribution_credit import DRAWN, DRAWS, NEVER_NEGATIVE, NOT_AN_EFFECT, drawn_from, shared
from journeylab.impact.attribution_markov import removal
from journeylab.impact.attribution_paths import Floats, Paths, bootstrap, middle, read_paths
from journeylab.impact.attribution_rules import RULES, rule_credit
from journeylab.impact.attribution_shapley import shapley_credit
from journeylab.intervals import normal_quantile
from journeylab.journeys import Journeys
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES = {**RULES, "shapley": "Shapley", "markov": "Markov removal"}
SAID = {rule: name if rule in ("shapley", "markov") else name.lower() for rule, name in NAMES.items()}
ACTS = {"keep": "helps", "fix": "harms", "remove": "harms"}
WORDS = {
    "helps": "credit, and it helps",
    "harms": "credit, though it harms",
    "unclear": "credit, without a clear effect",
    "not known": "effect not known",
}
"""What credit beside a measured effect comes to."""


@dataclasses.dataclass(frozen=True)
class Attribution(Result):
    """Credit by every rule, beside measured effects.

    Attributes
    ----------
    table : DataFrame
        Most credited (Markov) first: touchpoint, n (journeys that meet it before their end), n_converted (of them), credited
        conversions in a column a rule (first, last, linear, position, time_decay, shapley, markov; time_decay is NaN without
        times), markov_low, markov_high, markov_share, removal_effect; of measured effects effect, effect_low, effect_high,
        n_exposed, effect_grade, verdict, added, added_low, added_high (the effect times the visits that meet it for the first
        time: conversions gained or lost, if the mean effect holds for them), reading (what both come to); grade (``D``, of
        the credit).
    credits : DataFrame
        One row a touchpoint and rule: touchpoint, rule, credit, ci_low, ci_high, share, share_low, share_high, rank.
    agreement : DataFrame
        rule, rank_correlation (Spearman, of credit with measured effects), ci_low, ci_high (Bonett and Wright), n
        (touchpoints), reason.
    conversions, n, untouched : float
        Conversions shared out; journeys with a touchpoint; conversions without one.
    """

    credits: pd.DataFrame
    agreement: pd.DataFrame
    conversions: float
    n: float
    untouched: float

    @property
    def rules(self) -> list[str]:
        """The rules that could be reckoned."""
        return [rule for rule in NAMES if self.table[rule].notna().any()]

    @property
    def sentences(self) -> list[str]:
        """How conversions are shared out, and where that is at odds with what was measured."""
        return [self._first(), *self._apart(), *self._ranks()]

    def summary(self) -> str:
        """Say who gets most, and where credit and measured effects disagree."""
        return " ".join(self.sentences)

    def _first(self) -> str:
        if not self.conversions:
            return f"No conversion among {text.fixed(self.n, 0)} journeys: there is nothing to credit."
        most: dict[str, list[str]] = {}
        for rule in self.rules:
            most.setdefault(str(self.table.loc[self.table[rule].idxmax(), "touchpoint"]), []).append(SAID[rule])
        first, *others = sorted(most, key=lambda name: -len(most[name]))
        said = [f"by {text.sentence_list(most[name])} '{name}'" for name in others]
        said = [f"'{first}' gets most by {len(most[first])} of {len(self.rules)} rules", *said]
        row = self.table.iloc[0]
        ends = "" if np.isnan(row["markov_low"]) else (
            f", 95 % interval {text.fixed(row['markov_low'], 0)} to {text.fixed(row['markov_high'], 0)}"
        )  # fmt: skip
        return (
            f"{text.number(self.conversions)} conversions of {text.fixed(self.n, 0)} journeys are shared out, as "
            "credit, not effect: "
            f"{', '.join(said)} (Markov removal gives '{row['touchpoint']}' {text.number(row['markov'])}{ends})."
        )

    def _apart(self) -> list[str]:
        """Touchpoints that get credit and harm, or have no clear effect."""
        found = []
        for reading, words in (
            ("harms", "though measured to harm"),
            ("unclear", "though no clear effect was measured"),
        ):
            rows = self.table[self.table["reading"] == WORDS[reading]]
            if len(rows):
                names = text.sentence_list([f"'{name}'" for name in rows["touchpoint"]])
                found.append(
                    f"{text.sentence(words)}, {names} {'get' if len(rows) > 1 else 'gets'} "
                    f"{text.percent(rows['markov_share'].sum(), 0)} of the credit of Markov removal."
                )
        return found

    def _ranks(self) -> list[str]:
        known = self.agreement.dropna(subset=["rank_correlation"])
        if known.empty:
            return []
        low, high = known["rank_correlation"].min(), known["rank_correlation"].max()
        n = int(known["n"].iloc[0])
        return [
            f"Ranks of touchpoints by credit and by measured effect correlate at {text.signed(low, 2)} to "
            f"{text.signed(high, 2)}, rule by rule (1 would be the same order; n = {n} touchpoints)."
        ]

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        shown = {
            "touchpoint": "Touchpoint",
            **{rule: NAMES[rule] for rule in self.rules},
            "markov_ends": "Markov, 95 % interval",
        }
        if self.table["effect"].notna().any():
            shown |= {
                "effect_ends": "Measured effect, points (95 % interval)",
                "added_ends": "Conversions by that effect (95 % interval)",
                "reading": "Both together",
            }
        return shown

    @property
    def shown(self) -> pd.DataFrame:
        """The table with both intervals written out."""
        rows = list(self.table.itertuples())
        digits = 0 if self.conversions >= 100 else 1
        return self.table.assign(
            **self.table[list(NAMES)].round(digits),
            markov_ends=[_ends(row.markov_low, row.markov_high, digits) for row in rows],
            added_ends=[
                text.MISSING
                if text.is_missing(row.added)
                else f"{text.number(row.added, digits)} ({_ends(row.added_low, row.added_high, digits)})"
                for row in rows
            ],
            effect_ends=[_points(row.effect, row.effect_low, row.effect_high) for row in rows],
        )

    @property
    def agreed(self) -> dict[str, str]:
        """The columns of `agreement` that a report shows."""
        shown = {"rule": "Credit by", "rank_correlation": "Rank correlation", "ci": "95 % interval", "n": "Touchpoints"}
        return shown | ({"reason": "Why not"} if (self.agreement["reason"] != "").any() else {})

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        return dict.fromkeys(NAMES, "number")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the span of the rules, Markov's credit, and the conversions gained or lost by measured effects."""
        frame = self.table.iloc[::-1].reset_index(drop=True)
        ax = figures.new_axes(ax, width=9, height=figures.row_height(len(frame), each=0.46, least=3.0))
        credit = frame[self.rules]
        rows = np.arange(len(frame))
        ax.barh(
            rows + 0.15, credit.max(axis=1) - credit.min(axis=1), left=credit.min(axis=1), height=0.3, color=figures.GRID,
            edgecolor=figures.MUTED, linewidth=0.8,
        )  # fmt: skip
        ends = np.abs(np.vstack([frame["markov"] - frame["markov_low"], frame["markov_high"] - frame["markov"]]))
        ax.errorbar(frame["markov"], rows + 0.15, xerr=ends, fmt="o", color=figures.BLUE, capsize=3, markersize=6)
        known = frame["added"].notna().to_numpy()
        colours = {WORDS["helps"]: figures.GREEN, WORDS["harms"]: figures.ORANGE}
        for row in np.flatnonzero(known):
            line = frame.loc[row]
            reach = [[line["added"] - line["added_low"]], [line["added_high"] - line["added"]]]
            clear = line["reading"] in colours
            ax.errorbar(
                [line["added"]], [row - 0.2], xerr=reach, fmt="D", capsize=3, markersize=6,
                color=colours.get(line["reading"], figures.MUTED), markerfacecolor=None if clear else "white",
            )  # fmt: skip
        ax.axvline(0, color=figures.INK, linewidth=1)
        ax.set_yticks(rows, frame["touchpoint"])
        ax.set_ylim(-0.7, len(frame) - 0.3)
        ax.grid(axis="y", visible=False)
        ax.set_xlabel("conversions")
        note = f"bar: span of {len(self.rules)} rules; dot: Markov removal, with 95 % interval"
        if known.any():
            note += "\ndiamond: gained or lost by the measured effect, with 95 % interval (hollow: none that is clear)"
        figures.subtitle(ax, "Credit, not effect: who gets the conversions", note)
        if known.any():
            ax.set_title("Credit, not effect: who gets the conversions\n\n", loc="left")
        told = list(
            dict.fromkeys([*self.rules, "markov", "markov_low", "markov_high", "added", "added_low", "added_high"])
        )
        digits = 0 if self.conversions >= 100 else 1
        spans = self.table.assign(**self.table[told].round(digits)).assign(
            least=self.table[self.rules].min(axis=1).round(digits),
            most=self.table[self.rules].max(axis=1).round(digits),
        )
        series = {
            "Markov removal": ("markov", "markov_low", "markov_high"),
            "by the measured effect": ("added", "added_low", "added_high"),
        }
        draws = figures.drawn(spans, "touchpoint", series, unit="number", also=["least", "most"])
        said = f"Credit of {len(frame)} touchpoints by {len(self.rules)} rules. {self.summary()}"
        return figures.describe(ax, said, draws)


def attribution(
    paths: pd.DataFrame | Journeys,
    *,
    outcome: str | None = None,
    effects: Result | pd.DataFrame | None = None,
    touchpoints: Sequence[str] | None = None,
    order: int = 1,
    lookback: str | None = None,
    half_life: str = "7d",
    draws: int = DRAWS,
    seed: int = 0,
) -> Attribution:
    """Share conversions out by every rule, and lay measured effects beside.

    Parameters
    ----------
    paths, outcome, touchpoints, lookback, draws, seed
        As of `journeylab.impact.markov_attribution`.
    effects : TouchpointEffects or DataFrame, optional
        touchpoint, estimate, ci_low, ci_high, and perhaps n_exposed, grade and verdict.
    order : int
        Of the Markov chain, see `journeylab.impact.markov_order`.
    half_life : str
        Of time decay, which needs journeys.

    Raises
    ------
    DataError, StudyError
        See `journeylab.impact.attribution_paths.read_paths`; for effects without the columns above.

    Notes
    -----
    Rules as in `markov_attribution`, `shapley_attribution` (worth: conversions) and `rule_attribution`; one set of drawn
    journeys serves all. Credit is in conversions, a measured effect in points of a visit: ``added`` is the effect times the visits
    that meet the touchpoint for the first time, to put both on one scale.

    References
    ----------
    Anderl et al. (2016), International Journal of Research in Marketing 33:457; Shapley (1953); Bonett and Wright (2000),
    Psychometrika 65:23, on the interval of a rank correlation.
    """
    found = read_paths(paths, outcome=outcome, touchpoints=touchpoints, lookback=lookback, times=True)
    known = [rule for rule in RULES if rule != "time_decay" or found.age is not None]
    removed = removal(found, order)
    shares = [*(rule_credit(found, rule, half_life) for rule in known), shapley_credit(found, "conversions", 0, seed)]
    known.append("shapley")

    def compute(conversions: Floats, nulls: Floats) -> Floats:
        markov = removed(conversions, nulls)[:, :1]
        columns = [share(conversions, nulls)[:, :1] for share in shares]
        return np.hstack([*columns, shared(markov, conversions.sum()), markov])

    point = compute(found.conversions, found.nulls)
    drawn = bootstrap(found, compute, draws, seed).reshape(draws, *point.shape)
    credits = _long(found.touchpoints, [*known, "markov"], point, drawn)
    table = _wide(found, credits, point[:, -1])
    table = _beside(table, effects)
    lines = [
        NEVER_NEGATIVE,
        "Journeys end at the first outcome; those without one are taken not to convert later.",
        DRAWN,
    ]
    if found.age is None:
        lines.append("Time decay needs the times of events and is left out.")
    if effects is not None:
        lines.append(
            "Measured effects are of visits with a touchpoint against like visits without it, see their own assumptions; times the "
            "visits that meet it for the first time they are conversions gained or lost, if the mean effect holds for these."
        )
    rules = f"Attribution by {len(known) + 1} rules (Markov removal of order {order} exact)"
    weight = found.conversions + found.nulls
    return Attribution(
        table,
        f"{rules}, {drawn_from(draws)}",
        (*NOT_AN_EFFECT, *lines),
        credits,
        _agreement(table),
        float(found.conversions.sum()),
        float(weight.sum()),
        found.untouched,
    )


def _long(names: Sequence[str], rules: list[str], point: Floats, drawn: Floats) -> pd.DataFrame:
    """One row a touchpoint and rule."""
    parts = []
    low, high = middle(drawn)
    for column, rule in enumerate(rules):
        credit, draws = point[:, column], drawn[:, :, column]
        with np.errstate(invalid="ignore", divide="ignore"):
            share_low, share_high = middle(draws / draws.sum(axis=1, keepdims=True))
            share = credit / credit.sum()
        parts.append(
            pd.DataFrame(
                {
                    "touchpoint": names, "rule": rule, "credit": credit, "ci_low": low[:, column], "ci_high": high[:, column],
                    "share": share, "share_low": share_low, "share_high": share_high,
                    "rank": pd.Series(-credit).rank(method="min").astype(int),
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _wide(paths: Paths, credits: pd.DataFrame, removed: Floats) -> pd.DataFrame:
    """One row a touchpoint, a column a rule."""
    n, converted = paths.met_by()
    by_rule = credits.pivot(index="touchpoint", columns="rule", values="credit").reindex(columns=list(NAMES))
    markov = credits[credits["rule"] == "markov"].set_index("touchpoint")
    table = pd.DataFrame(
        {
            "touchpoint": paths.touchpoints, "n": n,
            "n_converted": converted,
        }
    ).merge(by_rule.reset_index(), on="touchpoint")  # fmt: skip
    ends = markov[["ci_low", "ci_high", "share"]].set_axis(["markov_low", "markov_high", "markov_share"], axis=1)
    table = table.merge(ends.reset_index(), on="touchpoint").assign(removal_effect=removed, grade="D")
    return table.sort_values("markov", ascending=False, kind="stable", ignore_index=True)


def _beside(table: pd.DataFrame, effects: Result | pd.DataFrame | None) -> pd.DataFrame:
    """Measured effects beside the credit."""
    names = ["effect", "effect_low", "effect_high", "n_exposed", "effect_grade", "verdict"]
    if effects is None:
        found = pd.DataFrame(
            {"touchpoint": table["touchpoint"], **dict.fromkeys(names[:4], np.nan), "effect_grade": "", "verdict": ""}
        )
    else:
        found = measured(effects)
    table = table.merge(found, on="touchpoint", how="left")
    for end in ("", "_low", "_high"):
        table[f"added{end}"] = table[f"effect{end}"] * table["n_exposed"]
    state = [acts(row) for row in table.itertuples()]
    return table.assign(reading=["" if effects is None else WORDS[word] for word in state])


def measured(effects: Result | pd.DataFrame) -> pd.DataFrame:
    """Measured effects under names of their own: touchpoint, effect, effect_low, effect_high, n_exposed, effect_grade, verdict.

    Raises
    ------
    DataError
        When a column is missing.
    """
    frame = effects.table if isinstance(effects, Result) else effects
    for name in ("touchpoint", "estimate", "ci_low", "ci_high"):
        if name not in frame:
            raise DataError(
                f"effects: has no column '{name}'; there are {listing(frame.columns)}. Give what impact.touchpoint_effects returns."
            )
    frame = frame.drop_duplicates("touchpoint")
    return pd.DataFrame(
        {
            "touchpoint": frame["touchpoint"], "effect": frame["estimate"].astype(float),
            "effect_low": frame["ci_low"].astype(float), "effect_high": frame["ci_high"].astype(float),
            "n_exposed": frame.get("n_exposed", pd.Series(np.nan, frame.index)).astype(float),
            "effect_grade": frame.get("grade", ""), "verdict": frame.get("verdict", ""),
        }
    )  # fmt: skip


def acts(row: object) -> str:
    """What a measured effect (a row of `measured`) comes to: helps, harms, unclear, or not known.

    Notes
    -----
    Where there is a verdict it decides: keep helps, fix and remove harm; without one of these, grades A to C are unclear and
    D is not known, since its diagnostics failed. Where there is none the interval decides.
    """
    if np.isnan(row.effect):  # type: ignore[attr-defined]
        return "not known"
    verdict, grade = row.verdict, row.effect_grade  # type: ignore[attr-defined]
    if isinstance(verdict, str) and verdict:
        return ACTS.get(verdict, "unclear" if grade in ("A", "B", "C") else "not known")
    low, high = row.effect_low, row.effect_high  # type: ignore[attr-defined]
    return "helps" if low > 0 else "harms" if high < 0 else "unclear"


def _agreement(table: pd.DataFrame) -> pd.DataFrame:
    """Rank correlation of each rule's credit with measured effects."""
    from scipy.stats import rankdata

    known = table[table["effect"].notna() & (table["reading"] != WORDS["not known"])]
    rows = []
    for rule in NAMES:
        value, reason = np.nan, ""
        if len(known) < 4:
            reason = f"{len(known)} touchpoints with a measured effect; 4 are needed"
        elif known[rule].isna().any() or known[rule].nunique() == 1 or known["effect"].nunique() == 1:
            reason = "no ranks to compare"
        else:
            value = float(np.corrcoef(rankdata(known[rule]), rankdata(known["effect"]))[0, 1])
        half = normal_quantile() * np.sqrt((1 + value**2 / 2) / max(len(known) - 3, 1))
        middle_z = np.arctanh(np.clip(value, -0.9999999, 0.9999999))
        rows.append((NAMES[rule], value, np.tanh(middle_z - half), np.tanh(middle_z + half), len(known), reason))
    return pd.DataFrame(rows, columns=["rule", "rank_correlation", "ci_low", "ci_high", "n", "reason"])


def _ends(low: float, high: float, digits: int) -> str:
    return text.MISSING if np.isnan(low) else f"{text.fixed(low, digits)} to {text.fixed(high, digits)}"


def _points(value: float, low: float, high: float) -> str:
    if np.isnan(value):
        return text.MISSING
    return f"{text.signed(100 * value)} ({text.signed(100 * low)} to {text.signed(100 * high)})"
