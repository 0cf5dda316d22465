"""Benchmarks: paired, interleaved runs, medians and ratios. ``make bench`` runs them all."""

import os

# As the command line does: threads that spin while they wait stall for milliseconds on a shared core.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
