"""The work of behaviours_retentioneering in raw polars and scikit-learn: no order of steps, no choice of the number."""

import sys

import numpy as np
import polars as pl
from shared import BEHAVIOURS, say
from sklearn.cluster import KMeans
from sklearn.preprocessing import minmax_scale

if __name__ == "__main__":
    met = pl.scan_parquet(sys.argv[1]).group_by("customer_id", "touchpoint").len().collect()
    touchpoints = met["touchpoint"].unique().sort()
    wide = met.pivot("touchpoint", index="customer_id", values="len").fill_null(0)
    table = minmax_scale(wide.select(touchpoints.to_list()).to_numpy().astype(np.float64))
    labels = KMeans(BEHAVIOURS, random_state=0).fit_predict(table)
    found = pl.DataFrame({"customer_id": wide["customer_id"], "cluster": labels})
    say({"customers": found["customer_id"].n_unique()})
