"""How many codes exist that no document has shown yet?"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from journeylab import text
from journeylab.intervals import normal_quantile


@dataclasses.dataclass(frozen=True)
class Unseen:
    """Codes that are estimated not to have been heard.

    Attributes
    ----------
    seen, n_documents : int
    once, twice : int
        Codes in exactly one, and in exactly two documents.
    estimate, ci_low, ci_high, standard_error : float
        Codes in all, seen or not (Chao2).
    coverage : float
        The share of all mentions, in documents to come, that are of codes already seen (Good-Turing).
    reason : str
        Why there is no estimate.
    """

    seen: int
    n_documents: int
    once: int
    twice: int
    estimate: float
    ci_low: float
    ci_high: float
    standard_error: float
    coverage: float
    reason: str = ""

    def summary(self) -> str:
        """Write how many codes are estimated to be missing, and the coverage."""
        if np.isnan(self.estimate):
            return f"How many codes were not heard cannot be estimated: {self.reason}."
        if self.estimate == self.seen:
            alone = "only one is" if self.once else "not one is"
            return (
                f"Chao2 estimates that no code was missed, since {alone} in a single document (95 % interval up to "
                f"{text.number(self.ci_high, 1)} codes in all); the codes seen cover {text.percent(self.coverage)} of mentions."
            )
        missing = text.number(max(0.0, self.estimate - self.seen), 1)
        ends = f"{text.number(max(0.0, self.ci_low - self.seen), 1)} to {text.number(self.ci_high - self.seen, 1)}"
        return (
            f"By Chao2 about {missing} more codes were not heard (95 % interval {ends}; {self.once} codes are in one document "
            f"only, {self.twice} in two); the codes seen cover {text.percent(self.coverage)} of mentions."
        )


def unseen(documents_of_code: ArrayLike, n_documents: int) -> Unseen:
    """Estimate how many codes there are in all, from how many were seen once and twice.

    Parameters
    ----------
    documents_of_code : array_like, shape (n_codes,)
        In how many documents each code was seen; zeros are ignored.
    n_documents : int
        All documents, also those without codes.

    Notes
    -----
    With S codes seen, Q1 of them in one document, Q2 in two, m documents and A = (m - 1) / m, Chao2 is
    ``S + A Q1**2 / (2 Q2)``, or ``S + A Q1 (Q1 - 1) / 2`` where Q2 = 0. The interval takes the logarithm of the number not
    seen as normal; where that number is 0, the bound is that of the chance ``P = exp(-M / S)`` to miss a code, M mentions.
    Coverage is ``1 - Q1 / M * (m - 1) Q1 / ((m - 1) Q1 + 2 Q2)``. Rarely said codes make Chao2 a lower bound.

    References
    ----------
    Chao (1987), Biometrics 43:783; Colwell (2013), EstimateS 9.1 User's Guide, app. B; Good (1953), Biometrika 40:237; Chao and
    Jost (2012), Ecology 93:2533.

    Examples
    --------
    >>> from numpy import repeat
    >>> tree_census = unseen(repeat([1, 2, 9], [21, 19, 185]), 50)
    >>> round(tree_census.estimate, 4), round(tree_census.standard_error, 4)
    (236.3732, 6.5436)
    """
    counts = np.asarray(documents_of_code, dtype=float)
    counts = counts[counts > 0]
    seen, m, mentions = len(counts), n_documents, float(counts.sum())
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    if seen == 0 or m < 2:
        why = "there are no codes" if seen == 0 else "it takes two documents"
        return Unseen(seen, m, once, twice, np.nan, np.nan, np.nan, np.nan, np.nan, why)
    a, z = (m - 1) / m, normal_quantile()
    if twice > 0:
        ratio = once / twice
        missing = a * once * ratio / 2
        variance = twice * (a * ratio**2 / 2 + a**2 * ratio**3 + a**2 * ratio**4 / 4)
    else:
        missing = a * once * (once - 1) / 2
        variance = a * once * (once - 1) / 2 + a**2 * once * (2 * once - 1) ** 2 / 4
        variance -= a**2 * once**4 / (4 * (seen + missing))
    if missing > 0:
        spread = np.exp(z * np.sqrt(np.log1p(variance / missing**2)))
        low, high = seen + missing / spread, seen + missing * spread
    else:
        miss = np.exp(-mentions / seen)
        variance = seen * miss * (1 - miss)
        low, high = float(seen), seen / (1 - miss) + z * np.sqrt(seen * miss) / (1 - miss)
    tail = (m - 1) * once + 2 * twice
    coverage = 1 - once / mentions * ((m - 1) * once / tail if tail > 0 else 0)
    return Unseen(
        seen,
        m,
        once,
        twice,
        seen + missing,
        float(low),
        float(high),
        float(np.sqrt(max(variance, 0.0))),
        float(coverage),
    )
