"""Directly-follows graph, triples and variants of a formatted log; seconds of each, within this process."""

import sys

import pandas as pd
import pm4py
from load_pm4py import load
from pm4py.algo.discovery.dfg.adapters.pandas.freq_triples import get_freq_triples
from shared import Part, analyse


def parts(log: pd.DataFrame) -> dict[str, Part]:
    """The analyses, and how to count them."""
    return {
        "transitions": (lambda: pm4py.discover_dfg(log)[0], lambda found: sum(found.values())),
        "sub-paths": (
            lambda: (pm4py.discover_dfg(log)[0], get_freq_triples(log)),
            lambda found: sum(sum(counts.values()) for counts in found),
        ),
        "variants": (lambda: pm4py.get_variants(log), len),
    }


if __name__ == "__main__":
    analyse(parts(load(sys.argv[1])), sys.argv[2:])
