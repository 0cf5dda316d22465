"""The command line: its verbs, and what each does."""
