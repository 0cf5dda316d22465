"""How long a person waits before anything happens: each is a fresh process, the median of several."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import Any

COMMANDS = {
    "ganarium --help": ("-m", "ganarium", "--help"),
    "ganarium train gann (an unknown name)": ("-m", "ganarium", "train", "gann"),
    "ganarium list": ("-m", "ganarium", "list"),
    "import torch": ("-c", "import torch"),
    "import ganarium, GAN and data": ("-c", "import ganarium; ganarium.GAN; ganarium.data; ganarium.Trainer"),
}


def seconds(arguments: tuple[str, ...]) -> float:
    """The time of one process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
    return time.perf_counter() - start


def startup() -> list[dict[str, Any]]:
    """All commands in turn, five times."""
    times = {name: [] for name in COMMANDS}
    for _ in range(6):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    rows = [{"name": name, "value": value, "unit": "s", "aim": ""} for name, value in medians.items()]
    for row in rows[:2]:
        row["aim"] = "under 1"
    extra = medians["import ganarium, GAN and data"] - medians["import torch"]
    return [*rows, {"name": "import ganarium beyond torch", "value": extra, "unit": "s", "aim": "at most 0.3"}]
