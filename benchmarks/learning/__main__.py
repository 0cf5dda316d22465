"""``python -m benchmarks.learning GAME [--seeds 0 1 2] [--arms NAME ...]``."""

from __future__ import annotations

import argparse
import importlib
import time
from pathlib import Path

import torch

GAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def main() -> None:
    """Train each arm with each seed and print what it measures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning", description=__doc__)
    parser.add_argument("game", choices=GAMES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--arms", nargs="+")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    arms = importlib.import_module(f"benchmarks.learning.{asked.game}").arms
    for name in asked.arms or arms:
        for seed in asked.seeds:
            begun = time.perf_counter()
            row = arms[name](seed)
            print(f"{asked.game} {name}, seed {seed}: {row} ({time.perf_counter() - begun:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
