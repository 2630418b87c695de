"""Load and directly-follows graph in pm4py; it has neither sessions by a gap of time nor a funnel."""

import sys

from load_pm4py import load
from pm4py import discover_dfg
from shared import say

if __name__ == "__main__":
    say({"transitions": sum(discover_dfg(load(sys.argv[1]))[0].values())})
