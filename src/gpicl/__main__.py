"""`python -m gpicl`: the command `gpicl`."""

import sys

from gpicl.cli.main import main

sys.exit(main())
