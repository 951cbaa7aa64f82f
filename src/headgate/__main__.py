"""`python -m headgate`: the command, where `headgate` itself is not on the path."""

from headgate.cli import main

if __name__ == "__main__":
    main()
