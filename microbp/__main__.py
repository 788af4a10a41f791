"""`python -m microbp`: the same as the command."""

import sys

from microbp.terminal.cli import main

if __name__ == "__main__":
    sys.exit(main())
