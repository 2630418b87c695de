"""The work of behaviours_journeylab where the number of behaviours, from one to ten, is chosen and tested against chance."""

import sys

from behaviours_journeylab import checks
from load_journeylab import load
from shared import say

from journeylab import behaviours

if __name__ == "__main__":
    say(checks(behaviours.find(load(sys.argv[1]), k_max=10)))
