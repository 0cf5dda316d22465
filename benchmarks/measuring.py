"""How long it takes to measure quality, and in how much memory.

``python -m benchmarks measuring``: 10,000 samples of digits by all default metrics; 50,000 images of 64 x 64 pixels,
drawn as they are looked at. Each is a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import Any

DIGITS, IMAGES = 10_000, 50_000


def measuring() -> list[dict[str, Any]]:
    """Seconds and memory."""
    digits, images = _step("digits"), _step("images")
    return [
        _row(f"{DIGITS:,} digits, all default metrics", digits["seconds"], "s", "30"),
        _row("the same, memory beyond the imports", digits["memory"], "MiB", ""),
        _row(f"{IMAGES:,} images of 64 x 64, drawn and looked at", images["looking"], "s", ""),
        _row("and measured", images["seconds"] - images["looking"], "s", ""),
        _row("the same, memory beyond the imports and the data", images["memory"], "MiB", "1024"),
    ]


def _row(name: str, value: float, unit: str, aim: str) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "aim": aim}


def _step(word: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.measuring", word]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def _digits() -> dict[str, float]:
    import ganarium as ga
    from ganarium.running import evaluation

    data = ga.data.load("digits")
    game = ga.R3GAN.on(data)
    ga.metrics.Judge(data)  # the features are trained once, and kept
    before, begun = _peak(), time.perf_counter()
    evaluation.evaluate(game, data, count=DIGITS)
    return {"seconds": time.perf_counter() - begun, "memory": _peak() - before}


def _images() -> dict[str, float]:
    import torch

    import ganarium as ga
    from ganarium.metrics.looks import of_game

    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (20_000, 3, 64, 64), generator=generator, dtype=torch.uint8)
    data = ga.data.from_tensors(noise, kind="image")
    game = ga.DCGAN(data.spec, architecture=ga.nets.DeepConvolutional(channels=4))
    judge = ga.metrics.Judge(data, features=["random", "pixels"])
    game.sample(256)
    before, begun = _peak(), time.perf_counter()
    made = judge.look(of_game(game, IMAGES, 0), IMAGES)
    looked = time.perf_counter()
    judge.judge(made)
    return {"seconds": time.perf_counter() - begun, "looking": looked - begun, "memory": _peak() - before}


def _peak() -> float:
    """The most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps({"digits": _digits, "images": _images}[sys.argv[1]]()))
