"""What a run will take, and what is likely to go wrong, before it starts."""
