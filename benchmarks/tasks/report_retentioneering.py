"""What page 06 needs of retentioneering: load, sessions, transition matrix and funnel."""

import sys

from load_retentioneering import load  # isort: skip  (says before the import that nothing is to be tracked)

from analyse_retentioneering import checks, parts
from shared import clock, say

if __name__ == "__main__":
    stream = load(sys.argv[1])
    wanted = parts(stream)
    _, found = clock({name: wanted[name] for name in ("transitions", "funnel")})
    say(checks(stream, found))
