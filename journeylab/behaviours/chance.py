"""How much does chance reach? So many simulated sets as the question needs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

NULL_DRAWS = 19
MORE_DRAWS = 99
"""So many sets are drawn where the first 19 stay below what was observed, but not far below."""
FAR = 8.0
"""Standard deviations of the first 19 sets between their mean and what was observed, from which that is far."""


def reach(draw: Callable[[int], float], observed: float) -> NDArray[np.float64]:
    """Values of simulated sets, to be exceeded by what was observed.

    Parameters
    ----------
    draw : callable
        Makes the value of a set from its number.
    observed : float

    Notes
    -----
    What exceeds 19 sets does so by chance once in 20 times. So a near miss is held against 99, and is taken for chance in
    all but one of 100 sets without behaviours; one that lies far from the first 19, or below any, is settled (Besag and
    Clifford 1991, Biometrika 78:301, on sequential Monte Carlo tests).
    """
    values = np.array([draw(number) for number in range(NULL_DRAWS)])
    far = observed > values.mean() + FAR * values.std(ddof=1)
    if observed <= values.max() or (far and values.std() > 0):
        return values
    more: list[float] = []
    while len(more) < MORE_DRAWS - NULL_DRAWS and (not more or more[-1] < observed):
        more.append(draw(NULL_DRAWS + len(more)))
    return np.concatenate([values, more])
