"""All distances between sequences by the costs that are named; `plain` goes without numba."""

import sys

import numpy as np
from shared import measure_distances

from journeylab import behaviours
from journeylab.behaviours import alignment

if __name__ == "__main__":
    costs = sys.argv[2]
    if "plain" in sys.argv:
        alignment.kernel = lambda: alignment.in_numpy
    sequences = [tuple(line) for line in np.load(sys.argv[1]).tolist()]
    measure_distances(lambda: behaviours.distances(sequences, substitution=costs), costs)
