"""The command line: its verbs, and what each does."""

from ganarium.cli.dispatch import main

__all__ = ["main"]
