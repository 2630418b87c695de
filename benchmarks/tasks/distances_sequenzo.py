"""The work of distances_journeylab in sequenzo; `half` asks for each pair once instead of the square matrix."""

import sys

import numpy as np
import pandas as pd
from sequenzo import SequenceData, get_distance_matrix
from shared import measure_distances

if __name__ == "__main__":
    costs, square = sys.argv[2], "half" not in sys.argv
    codes = np.load(sys.argv[1]).astype(int)
    steps = [str(step) for step in range(codes.shape[1])]
    frame = pd.DataFrame(codes, columns=steps)
    frame.insert(0, "id", range(len(frame)))
    data = SequenceData(frame, time=steps, id_col="id", states=np.unique(codes).tolist())
    measure_distances(
        lambda: np.asarray(get_distance_matrix(data, method="OM", sm=costs.upper(), indel=1, full_matrix=square)), costs
    )
