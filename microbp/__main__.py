"""`python -m microbp`: the same as the command."""

import sys

from microbp.cli import main

if __name__ == "__main__":
    sys.exit(main())
