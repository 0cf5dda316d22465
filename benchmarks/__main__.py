"""Run all benchmarks: ``python -m benchmarks [NAME ...]``. Prints a table and writes ``benchmarks/results.json``."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import torch

from benchmarks import engine, folders, measuring, startup

BENCHMARKS = {
    "ring": engine.ring,
    "dcgan-32": engine.dcgan,
    "dcgan-64": engine.dcgan_64,
    "startup": startup.startup,
    "folders": folders.folders,
    "measuring": measuring.measuring,
}


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all."""
    rows = [row for name in names or BENCHMARKS for row in BENCHMARKS[name]()]
    for row in rows:
        print(f"{row['name']:<56}{row['value']:>10.3f} {row['unit']:<4} {row['aim']}")
    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    Path(__file__).with_name("results.json").write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
