"""`python -m emotalker.app` opens the window."""

import sys

from emotalker.app.main import main

if __name__ == "__main__":
    sys.exit(main())
