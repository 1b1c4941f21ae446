"""What the set-up and the supervisor say to the person at the terminal."""

import sys


def say(text: str) -> None:
    """One line on standard output, at once, also through a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
