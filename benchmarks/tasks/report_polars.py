"""Load, visits, transitions and funnel in raw polars."""

import sys

from analyse_polars import checks, parts
from load_polars import load
from shared import clock, say

if __name__ == "__main__":
    frame, _, touchpoints = load(sys.argv[1])
    wanted = parts(frame, touchpoints)
    _, found = clock({name: wanted[name] for name in ("transitions", "funnel")})
    say(checks(found))
