"""Every measure of one code after another, each with its interval or the reason why there is none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import text
from journeylab.voices import coefficients
from journeylab.voices.uncertainty import Stake, Uncertainty, drawn_pairs, measure_uncertainty, of_samples, unknown
from journeylab.voices.units import Units

ALL = "(all codes)"
NAMED = ("cohen", "cohen_linear", "cohen_quadratic", "scott", "conger", "holsti")
"""Measures that must know who coded."""

COLUMNS = [
    "code",
    "measure",
    "value",
    "ci_low",
    "ci_high",
    "n_units",
    "n_coders",
    "n_clusters",
    "prevalence",
    "agree_given",
    "agree_not_given",
    "p_below_667",
    "p_below_800",
    "reason",
    "code_id",
]


@dataclasses.dataclass(frozen=True)
class Judge:
    """Every measure of one matrix after another, over the same units and clusters."""

    units: Units
    cluster: NDArray[np.int64]
    what: str
    wanted: list[str]
    identified: bool
    how: str
    resamples: int
    seed: int
    nothing: str

    def rows(self, name: str, code_id: str, matrix: NDArray[np.float64], level: str) -> list[dict[str, object]]:
        """One row a measure."""
        matrix = usable(matrix, self.identified)
        used = ~np.isnan(matrix).all(axis=0)
        matrix, cluster = matrix[:, used], self.cluster[used]
        counts, categories = coefficients.counts_of(matrix)
        ratings = counts.sum()
        given = counts[:, categories > 0].sum() / ratings if ratings and code_id else np.nan
        base: dict[str, object] = {
            "code": name,
            "code_id": code_id,
            "n_units": len(counts),
            "n_coders": int((~np.isnan(matrix)).any(axis=1).sum()),
            "n_clusters": len(np.unique(cluster)),
            "prevalence": given,
            **_matched(counts, categories, bool(code_id)),
        }
        found = []
        for measure in self.wanted:
            reason = self._why_not(measure, counts, matrix, bool(code_id))
            value, sure = np.nan, unknown(reason)
            if not reason:
                sums = coefficients.prepare(measure, matrix, level=level, clusters=cluster)
                value = float(sums.total.value[0])
                stake = _stake(matrix, cluster, bool(code_id)) if level == "nominal" or measure != "alpha" else None
                sure = self._sure(measure, sums, matrix, level, stake)
                reason = sure.reason if not np.isnan(value) else "chance alone would give full agreement"
            found.append({**base, "measure": measure, "value": value, **_columns(sure), "reason": reason})
        return found

    def _sure(
        self, measure: str, sums: coefficients.Sums, matrix: NDArray[np.float64], level: str, stake: Stake | None
    ) -> Uncertainty:
        """The interval of one value."""
        if self.how == "pairs":
            if measure != "alpha":
                return unknown("pairs are drawn anew for alpha only")
            return of_samples(drawn_pairs(matrix, level, resamples=self.resamples, seed=self.seed))
        return measure_uncertainty(
            self.how,
            sums,
            what=self.what,
            least=_least(measure),
            stake=stake,
            resamples=self.resamples,
            seed=self.seed,
        )

    def _why_not(self, measure: str, counts: NDArray[np.float64], matrix: NDArray[np.float64], of_a_code: bool) -> str:
        """Why a measure has no number, in words; empty where it has one."""
        if self.nothing or not len(counts):
            return self.nothing or "no unit was rated by two coders"
        varied = (counts.sum(axis=0) > 0).sum() >= 2
        if not varied and measure not in coefficients.UNCORRECTED:
            same = "every coder gave every unit the same"
            if of_a_code:
                same = "every coder gave it to every unit" if np.nansum(matrix) else "nobody gave it to any unit"
            return f"{same}: there is no variation to agree about"
        coders = int((~np.isnan(matrix)).any(axis=1).sum())
        if measure in NAMED and not self.identified:
            return "the file counts votes and does not say whose they are"
        if measure in coefficients.FOR_TWO and coders != 2:
            return f"{coefficients.LABELS[measure]} is for two coders; there are {coders}"
        return ""

    def mean_row(self, measure: str, by_code: list[dict[str, object]]) -> dict[str, object]:
        """The overall row where a unit may carry several codes: the mean over codes, and its interval."""
        known = [row for row in by_code if row["measure"] == measure and not np.isnan(float(str(row["value"])))]
        row: dict[str, object] = dict.fromkeys(COLUMNS, np.nan)
        row |= {"code": ALL, "code_id": "", "measure": measure, "n_units": len(self.units.document),
                "n_coders": len(self.units.coders), "n_clusters": len(np.unique(self.cluster))}  # fmt: skip
        if not known:
            return row | {"reason": self.nothing or "no code can be measured"}
        reason = f"mean over {len(known)} codes, since a unit may carry several"
        row["value"] = float(np.mean([float(str(other["value"])) for other in known]))
        if self.how != "pairs":
            prepared = [
                coefficients.prepare(
                    measure, usable(self.units.presence(str(other["code_id"])), self.identified), clusters=self.cluster
                )
                for other in known
            ]
            sure = measure_uncertainty(
                self.how,
                _mean_of(prepared),
                what=self.what,
                least=_least(measure),
                resamples=self.resamples,
                seed=self.seed,
            )
            row |= _columns(sure)
            reason += f"; {sure.reason}" if sure.reason else ""
        return row | {"reason": reason}

    def habit(self, table: pd.DataFrame) -> tuple[str, ...]:
        """What resampling pairs would have claimed of the weakest code."""
        frame = table[(table["measure"] == "alpha") & (table["code_id"] != "")].dropna(subset=["value", "ci_low"])
        if frame.empty or self.how == "pairs":
            return ()
        row = frame.loc[frame["value"].idxmin()]
        pairs = of_samples(
            drawn_pairs(
                usable(self.units.presence(str(row["code_id"])), self.identified), resamples=2000, seed=self.seed
            )
        )
        return (
            f"Drawing pairs of ratings anew, as the KALPHA macro does, takes them for independent. Of '{row['code']}' it would "
            f"say {text.interval(pairs.low, pairs.high, 'number')}, where {self.what}s give "
            f"{text.interval(row['ci_low'], row['ci_high'], 'number')}.",
        )


def _stake(matrix: NDArray[np.float64], cluster: NDArray[np.int64], of_a_code: bool) -> Stake:
    """What could have been disputed: all that was rated, or of one code the rarer of giving and not giving it."""
    if not of_a_code:
        return Stake(1.0, len(np.unique(cluster)))
    share = float(np.nanmean(matrix))
    rarer = (matrix == (1.0 if share <= 0.5 else 0.0)).any(axis=0)
    return Stake(min(share, 1 - share), len(np.unique(cluster[rarer])))


def _least(measure: str) -> float:
    """The least that a measure can be."""
    return 0.0 if measure in coefficients.UNCORRECTED else -1.0


def _mean_of(prepared: list[coefficients.Sums]) -> coefficients.Sums:
    """The mean of several values over the same clusters, as one measure."""
    rows = max(len(sums.each) for sums in prepared)
    padded = [np.pad(sums.each, ((0, rows - len(sums.each)), (0, 0))) for sums in prepared]
    ends = np.cumsum([sums.each.shape[1] for sums in prepared])[:-1]

    def parts(total: NDArray[np.float64]) -> coefficients.Parts:
        cut = np.split(total, ends, axis=1)
        values = np.array([sums.parts(part).value for sums, part in zip(prepared, cut, strict=True)])
        known = ~np.isnan(values)
        n = known.sum(axis=0)
        mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(n, 1)
        return coefficients.Parts(1 - mean, np.where(n > 0, 1.0, 0.0))

    return coefficients.Sums(np.concatenate(padded, axis=1), parts)


def _matched(counts: NDArray[np.float64], categories: NDArray[np.float64], of_a_code: bool) -> dict[str, float]:
    """How often another coder also gives the code, where one gives it; and likewise where one does not."""
    matched = {"agree_given": np.nan, "agree_not_given": np.nan}
    m = counts.sum(axis=1)
    for place, category in enumerate(categories if of_a_code else []):
        n = counts[:, place]
        if n.sum():
            matched["agree_given" if category > 0 else "agree_not_given"] = float(
                (n * (n - 1) / (m - 1)).sum() / n.sum()
            )
    return matched


def _columns(sure: Uncertainty) -> dict[str, float]:
    """An interval as columns of the table."""
    return {
        "ci_low": sure.low,
        "ci_high": sure.high,
        "p_below_667": sure.below_667,
        "p_below_800": sure.below_800,
    }


def usable(matrix: NDArray[np.float64], identified: bool) -> NDArray[np.float64]:
    """Ratings without the units that cannot be used: of one rating, or of votes an unusual number."""
    counts, _ = coefficients.counts_of(matrix)
    used = counts.sum(axis=1) >= 2
    return np.where(used if identified else used & coefficients.usual_ratings(counts), matrix, np.nan)
