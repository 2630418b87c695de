"""Load and directly-follows graph in pm4py; it has neither sessions by a gap of time nor a funnel."""

import sys

from analyse_pm4py import parts
from load_pm4py import load
from shared import analyse

if __name__ == "__main__":
    analyse(parts(load(sys.argv[1])), ["transitions"])
