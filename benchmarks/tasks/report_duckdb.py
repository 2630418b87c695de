"""Load, visits, transitions and funnel in raw DuckDB."""

import sys

from analyse_duckdb import load, parts
from shared import analyse

if __name__ == "__main__":
    analyse(parts(load(sys.argv[1])), ["transitions", "funnel"])
