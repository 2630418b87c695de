"""Parquet to the cluster of every customer: k-means on how often each touchpoint was met, scaled to nought and one."""

import sys

from shared import BEHAVIOURS, say  # isort: skip  (says before other imports that nothing is to be tracked)

from load_retentioneering import load

if __name__ == "__main__":
    stream = load(sys.argv[1], split=False).add_clusters(
        "cluster", [{"metric": "event_count_bulk"}], method="kmeans", method_args={"n_clusters": BEHAVIOURS}
    )
    labelled = stream.df[["customer_id", "cluster"]].dropna()
    say({"customers": int(labelled["customer_id"].nunique())})
