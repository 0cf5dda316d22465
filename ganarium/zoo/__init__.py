"""What there is: games, their options, claims and lessons, read from the files."""
