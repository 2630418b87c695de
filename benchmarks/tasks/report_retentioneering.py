"""What page 06 needs of retentioneering: load, sessions, transition matrix and funnel."""

import sys

from shared import analyse  # isort: skip  (says before other imports that nothing is to be tracked)

from analyse_retentioneering import parts
from load_retentioneering import load

if __name__ == "__main__":
    analyse(parts(load(sys.argv[1])), ["transitions", "funnel"])
