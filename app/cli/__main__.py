"""`python -m emotalker.app.cli`."""

from emotalker.app.cli import main

if __name__ == "__main__":
    main()
