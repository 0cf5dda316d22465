"""The terms of a comparison: whether contestants can play on them, and how each is told of them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ganarium.zoo import index, own

__all__ = ["check", "files_of", "refuse_unnamed", "words_of"]

#: Options of ``train`` that are the same for all contestants, or follow from the comparison.
_SHARED = ("data", "from", "seen", "rounds", "epochs", "minutes", "batch", "seed", "evaluate-every", "evaluate-count")
_SHARED += ("threads", "tune", "devices", "num-nodes", "strategy", "average")


def check(config: Mapping[str, Any]) -> None:
    """Raise if a contestant cannot play, before any does."""
    from ganarium.arguments.request import GAME, Request
    from ganarium.game import Samples, Translates
    from ganarium.metrics.judge import check_metrics

    labels, seeds = config["contestants"], config["seeds"]
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise ValueError(f"A comparison has two contestants or more, each once; got {', '.join(labels) or 'none'}.")
    if not seeds or len(set(seeds)) < len(seeds) or min(seeds) < 0:
        raise ValueError(f"A comparison has one seed or more, each once, from 0 on; got {seeds}.")
    if (config["seen"] is None) == (config["minutes"] is None):
        raise ValueError(
            "A comparison lasts for so many samples seen, or for so many minutes: give one, seen or minutes."
        )
    for name in ("seen", "batch", "measure", "count"):
        if config[name] is not None and config[name] < 1:
            raise ValueError(f"{name} must be at least 1; got {config[name]}.")
    if config["minutes"] is not None and not config["minutes"] > 0:
        raise ValueError(f"minutes must be above 0; got {config['minutes']}.")
    check_metrics(config["metrics"] or None)
    if config["data"] == "toy":
        raise ValueError("Every game has toy data of its own, so nothing is compared on it. See `ganarium list data`.")
    index.check_data(config["data"])
    for label in labels:
        _check_label(label)
        request = Request(words_of(config, label, seeds[0], config["batch"]), "compare", GAME)
        try:
            data = request.data()
            game = request.game(data)
        except ValueError as error:
            raise ValueError(f"{label} cannot play on {config['data']}: {error}") from error
        if not isinstance(game, Samples | Translates):
            able = ", ".join(index.with_ability("sample"))
            raise ValueError(f"{label} draws no samples to compare. These games do: {able}.")
        request.settings(data)


def _check_label(label: str) -> None:
    """Raise if a contestant is no game, or asks for what is the same for all."""
    game, *options = shlex.split(label) or [""]
    index.game(game)
    for option in options:
        name = option.partition("=")[0].removeprefix("--").removeprefix("no-")
        if option.startswith("--") and (name in _SHARED or name.startswith("data.")):
            raise ValueError(
                f"'{label}' asks for --{name}, which is the same for all contestants, or nothing could be compared. "
                "Options of the game itself, such as --latent, and rates may differ."
            )


def files_of(labels: Sequence[str]) -> dict[str, str]:
    """What the files of contestants of one's own hold, as a digest of each."""
    games = [shlex.split(label)[0] for label in labels if label.strip()]
    return {game: own.digest_of(game) for game in games if own.is_file(game)}


def refuse_unnamed(config: Mapping[str, Any]) -> None:
    """Raise if a comparison that is gone on with would run code which nobody named, or which has changed since."""
    for game, digest in files_of(config["contestants"]).items():
        if digest != config["files"].get(game):
            raise ValueError(f"{game} has changed since this comparison began. Compare it anew, with another --out.")
        if not own.was_named(digest):
            raise ValueError(
                f"This comparison plays {game}, which was never named on this machine. If you trust it, give the whole "
                "command again, with --out."
            )


def words_of(config: Mapping[str, Any], label: str, seed: int, seen: int) -> list[str]:
    """What ``ganarium train`` is given for a contestant and a seed, to see so many samples."""
    words = [*shlex.split(label), "--data", config["data"], *config["data_options"]]
    every = max(seen // config["measure"], 1)
    numbers = {"seen": seen, "batch": config["batch"], "seed": seed, "threads": 1}
    numbers |= {"evaluate-every": every, "evaluate-count": config["count"]}
    # What is judged is an average: one half-life for all, a tenth of what is seen.
    numbers["average"] = max(seen // 10, 1)
    words += [word for name, value in numbers.items() for word in (f"--{name}", str(value))]
    return words + (["--paper"] if config["paper"] else [])
