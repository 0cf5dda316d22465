"""What a person at a terminal sees and does: lines, tables, progress, signals."""
