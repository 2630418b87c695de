"""Distances by constant costs in rapidfuzz, as the smallest whole numbers, which are a quarter of journeylab's memory."""

import sys

import numpy as np
from rapidfuzz.distance import Indel
from rapidfuzz.process import cdist
from shared import measure_distances

if __name__ == "__main__":
    words = ["".join(map(chr, line)) for line in np.load(sys.argv[1]).tolist()]
    measure_distances(lambda: cdist(words, words, scorer=Indel.distance, dtype=np.uint8, workers=-1), sys.argv[2])
