"""A comparison of many contestants in the plane, as a picture: where each put its samples.

``ganarium compare A B C ... --data grid --minutes 0.5 --out FOLDER`` plays; ``python -m benchmarks.race FOLDER --out
x.png`` draws the first seed of each contestant, best first by a metric that stands above its panel. A comparison that
was stopped is gone on with first.
"""

from __future__ import annotations

import argparse
import math
import statistics
from pathlib import Path
from typing import Any

import torch

from ganarium.comparing import go_on
from ganarium.pictures.plots import DATA, SAMPLES, limits, rendered
from ganarium.running.run import Run, data_of

COUNT = 2000


def drawn(folder: Path, metric: str, names: list[str]) -> Any:
    """The panels of a comparison that was played, best first.

    Args:
        folder: The comparison's.
        metric: What orders contestants, and stands above each, with the mean over seeds.
        names: What to call the contestants, in their order; their options if left out.
    """
    from matplotlib.figure import Figure

    found = go_on(folder, quiet=True)
    labels = found.summary.labels
    means = {
        label: statistics.fmean([n.value for n in found.summary.of(label, metric).values()] or [math.nan])
        for label in labels
    }
    called = dict(zip(labels, names or labels, strict=True))
    across = min(5, len(labels))
    down = math.ceil(len(labels) / across)
    figure = Figure(figsize=(2.2 * across, 2.5 * down))
    # Half an inch above the first row for its titles.
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=1 - 0.2 / down, wspace=0.05, hspace=0.2)
    axes = list(figure.subplots(down, across, squeeze=False).flat)
    for place in axes:
        place.axis("off")
    for place, label in zip(axes, sorted(labels, key=lambda each: -means[each]), strict=False):
        path = next((found.path / "runs").glob(f"{labels.index(label)}-*-seed{found.config['seeds'][0]}/"))
        run = Run(path)
        data = data_of(run.config)
        field = data.spec["x"]
        real = field.restore(data["x"][torch.randperm(len(data), generator=torch.Generator().manual_seed(0))[:COUNT]])
        made = field.restore(run.game.sample(COUNT, seed=0))  # type: ignore[operator]
        xlim, ylim = limits(real[:, 0]), limits(real[:, 1])
        place.scatter(*real.T, s=1, color=DATA, linewidths=0)
        place.scatter(*made.T, s=1, color=SAMPLES, linewidths=0, alpha=0.5)
        place.set(xlim=xlim, ylim=ylim, aspect="equal")
        place.set_title(f"{called[label]}\n{means[label]:.2f}", fontsize=8)
    return rendered(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--metric", default="good/coordinates", help="what orders contestants")
    parser.add_argument("--names", nargs="*", default=[], help="what to call the contestants, in their order")
    parser.add_argument("--out", type=Path, default=Path("race.png"))
    arguments = parser.parse_args()
    drawn(arguments.folder, arguments.metric, arguments.names).save(arguments.out)
    print(arguments.out)


if __name__ == "__main__":
    main()
