"""Load, visits, transitions and funnel in raw polars."""

import sys

from analyse_polars import parts
from load_polars import load
from shared import analyse

if __name__ == "__main__":
    frame, _, touchpoints = load(sys.argv[1])
    analyse(parts(frame, touchpoints), ["transitions", "funnel"])
