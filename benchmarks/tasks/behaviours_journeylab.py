"""Parquet to the behaviour of every customer: a mixture of six Markov chains, and how sure each customer's is."""

import sys

from load_journeylab import load
from shared import BEHAVIOURS, say

from journeylab import behaviours
from journeylab.behaviours import Behaviours


def checks(found: Behaviours) -> dict[str, int]:
    """Numbers that show equal work."""
    return {"customers": int(found.labels.notna().sum())}


if __name__ == "__main__":
    say(checks(behaviours.find(load(sys.argv[1]), k=BEHAVIOURS)))
