"""A comparison on disk: what was compared, and what came out."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganarium.comparing.differences import Difference
from ganarium.comparing.summary import Summary

__all__ = ["Comparison"]


@dataclass(frozen=True)
class Comparison:
    """A comparison on disk.

    Args:
        path: Its folder, with ``runs``, ``results.json``, ``results.md`` and ``comparison.html``.
        config: What was compared, and how.
        summary: What came out.
    """

    path: Path
    config: Mapping[str, Any]
    summary: Summary

    def rows(self) -> list[dict[str, str]]:
        """For each metric: every contestant's mean and spread over seeds, and what real data reaches."""
        return self.summary.rows()

    def differences(self) -> list[Difference]:
        """Each contestant minus the first, with the same seeds."""
        return self.summary.differences()

    @property
    def command(self) -> str:
        """What repeats it."""
        config = self.config
        if config.get("runs"):
            return shlex.join(self._of_runs())
        words = ["ganarium", "compare", *config["contestants"], "--data", config["data"], *config["data_options"]]
        name = "minutes" if config["minutes"] else "seen"
        words += [f"--{name}", str(config[name])]
        words += ["--seed-list", ",".join(map(str, config["seeds"]))]
        words += ["--batch", str(config["batch"]), "--measure", str(config["measure"]), "--count", str(config["count"])]
        words += ["--metrics", ",".join(config["metrics"])] if config["metrics"] else []
        return shlex.join(words + (["--paper"] if config["paper"] else []))

    def _of_runs(self) -> list[str]:
        paths = [path for seeds in self.config["runs"].values() for path in seeds.values()]
        metrics = ["--metrics", ",".join(self.config["metrics"])] if self.config["metrics"] else []
        return ["ganarium", "compare", *paths, "--count", str(self.config["count"]), *metrics]

    def run_of(self, label: str, seed: int) -> Path | None:
        """The folder of a contestant's run with a seed; None if it has none."""
        if self.config.get("runs"):
            path = self.config["runs"][label].get(seed)
            return path and Path(path)
        number = list(self.config["contestants"]).index(label)
        return next((self.path / "runs").glob(f"{number}-*-seed{seed}/"), None)

    def __str__(self) -> str:
        from ganarium.comparing.words import text

        return text(self)
