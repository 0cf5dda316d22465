"""``python -m ganarium`` is ``ganarium``: for torchrun, and where scripts are not on the path."""

import sys

from ganarium.cli import main

if __name__ == "__main__":
    sys.exit(main())
