"""Load, visits, transitions and funnel in raw DuckDB."""

import sys

from analyse_duckdb import checks, load, parts
from shared import clock, say

if __name__ == "__main__":
    wanted = parts(load(sys.argv[1]))
    _, found = clock({name: wanted[name] for name in ("transitions", "funnel")})
    say(checks(found))
