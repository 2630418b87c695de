"""`python -m journeylab` is the command, for schedulers that know no PATH."""

import sys

from journeylab.cli import main

sys.exit(main())
