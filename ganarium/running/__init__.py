"""Runs on disk: training, going on, reading, measuring."""
