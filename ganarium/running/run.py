r"""A training run on disk, loaded.

.. code-block:: python

    run = load("runs/dcgan-digits-001")
    run.sample(64, seed=0)

A run is a folder: ``config.yaml`` (all that starts it again), ``log.jsonl`` (a line of terms now and then),
``pictures`` (of the same latents, so that one sees learning) and ``checkpoints``; :mod:`ganarium.running.fitting` makes
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from ganarium import data as datasets
from ganarium.files import read_lines
from ganarium.game import Game, Samples
from ganarium.running import checkpoint as checkpoints
from ganarium.running.records import find, read_config, runs
from ganarium.running.settings import Settings
from ganarium.spec import Spec
from ganarium.terminal.console import duration
from ganarium.terminal.signals import Interrupted
from ganarium.zoo import index, options, own

__all__ = [
    "Interrupted",
    "Run",
    "Settings",
    "build",
    "check_spec",
    "data_of",
    "drawn_evenly",
    "find",
    "load",
    "played",
    "read_config",
    "runs",
    "state_of",
]


class Run:
    """A run on disk, with its averaged game loaded.

    Args:
        path: The run's folder.
        game: The game, its class, or its file (``./my_game.py:MyGAN``), for a run whose config cannot make it.
        weights: Which networks to load: the averaged ones, or those of the last round.
        device: Where to load them.
        checkpoint: Of which checkpoint: "latest", "best" or a round.
    """

    def __init__(
        self,
        path: str | Path,
        game: Game | type[Game] | str | None = None,
        weights: Literal["average", "last"] = "average",
        device: str = "cpu",
        checkpoint: str | int = "latest",
    ):
        self.path = find(path)
        self.config = read_config(self.path)
        self.weights = weights
        self._given = game
        self._device, self._checkpoint = device, checkpoint

    @cached_property
    def game(self) -> Game:
        """The trained game."""
        state = state_of(self.path, self._checkpoint)
        self._played = {"round": state["round"], "seen": state["seen"]}
        game = build(self.config, self._given)
        chosen = state["average"] if self.weights == "average" else None
        game.load_state_dict(state["game"] if chosen is None else chosen)
        return game.to(self._device).eval()

    @property
    def played(self) -> dict[str, int]:
        """The ``round`` of the checkpoint that :attr:`game` is of, and the samples ``seen`` by then."""
        return dict(self._played) if self.game else {}

    @property
    def spec(self) -> Spec:
        """What the batches held."""
        return Spec.read(self.config["spec"])

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of the log: round, seen, stage, seconds and terms."""
        return read_lines(self.path / "log.jsonl")

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was mended: the round, and the story."""
        return read_lines(self.path / "events.jsonl")

    def sample(
        self, n: int, *, seed: int | None = None, units: Literal["data", "game"] = "data", **condition: Any
    ) -> Tensor:
        """Draw ``n`` samples of shape (n, \\*shape), in the data's own units; images in [-1, 1].

        Args:
            n: How many.
            seed: Makes the samples a function of this number.
            units: "game" leaves points as the game sees them.
            condition: For conditional games.

        Raises:
            ValueError: if the game does not draw samples, or n is below one.
        """
        game = self.game
        if not isinstance(game, Samples):
            able = ", ".join(index.with_ability("sample"))
            raise ValueError(f"{type(game).__name__} draws no samples. These games do: {able}.")
        samples = game.sample(n, seed=seed, **condition).cpu()
        return self.spec["x"].restore(samples) if units == "data" else samples

    def summary(self) -> str:
        """What the run is and how far it got, in a few lines."""
        config, log = self.config, self.log
        settings, last = config["settings"], (log or [{}])[-1]
        saved = checkpoints.rounds(self.path / "checkpoints")
        rows = {
            "game": f"{index.word_of(config['game'])} ({config['game']['class']})",
            "data": f"{config['data_summary']}",
            "played": f"{last.get('round', 0):,} of {settings['rounds']:,} rounds, {last.get('seen', 0):,} samples "
            f"seen, {duration(last.get('seconds', 0))}",
            "terms": "  ".join(f"{name} {value:.4g}" for name, value in last.get("terms", {}).items()) or "none yet",
            **self._quality(),
            "checkpoints": ", ".join(map(str, saved)) or "none yet",
            "pictures": str(self.path / "pictures"),
        }
        if best := checkpoints.best(self.path / "checkpoints"):
            rows["best"] = f"round {best[0]:,}, with {config['settings']['best'].removeprefix('max:')} {best[1]:.4g}"
        if events := self.events:
            rows["events"] = "\n              ".join(event["event"] for event in events)
        return f"{self.path}\n" + "\n".join(f"  {name:<12}{value}" for name, value in rows.items())

    def _quality(self) -> dict[str, str]:
        """The newest metrics of the log, if quality was measured."""
        newest = next((row for row in reversed(self.log) if "metrics" in row), None)
        if newest is None:
            return {}
        found = "  ".join(f"{name} {value:.4g}" for name, value in newest["metrics"].items())
        return {"quality": f"{found} (after round {newest['round']:,})"}

    def row(self) -> dict[str, Any]:
        """The run in one line of a table."""
        settings, last = self.config["settings"], (self.log or [{}])[-1]
        played, total = last.get("round", 0), settings["rounds"]
        return {
            "run": self.path.name,
            "game": self.config["game"]["command"],
            "data": self.config["data_summary"].partition(":")[0],
            "rounds": f"{played:,}/{total:,}",
            "seen": f"{last.get('seen', 0):,}",
            "time": duration(last.get("seconds", 0)),
            "status": "finished" if played >= total else "stopped",
            "started": self.config["started"],
        }

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"


def drawn_evenly(game: Any, asked: Mapping[str, Any] | None = None) -> list[str]:
    """A sentence for each label that a game draws evenly because its run does not say how often the data has each.

    Args:
        game: The game.
        asked: What its samples are asked to have.
    """
    fields = getattr(game, "conditions", {})
    lost = [name for name, field in fields.items() if name not in (asked or {}) and game.spec.get(name) == field]
    lost = [name for name in lost if fields[name].kind == "label" and not fields[name].frequencies]
    return [f"'{name}' is drawn evenly: the run does not say how often the data has each class." for name in lost]


def state_of(path: Path, which: str | int) -> dict[str, Any]:
    """The state of a run's checkpoint: the newest that is whole, or the one that is named."""
    folder = path / "checkpoints"
    return checkpoints.load_newest(folder) if which == "latest" else checkpoints.load(checkpoints.named(folder, which))


def load(
    path: str | Path,
    game: Game | type[Game] | str | None = None,
    weights: Literal["average", "last"] = "average",
    checkpoint: str | int = "latest",
) -> Run:
    """A run on disk, with its averaged game.

    Args:
        path: The run's folder, or its name under ``runs``.
        game: The game, its class, or its file (``./my_game.py:MyGAN``), for a run whose config cannot make it.
        weights: "average", or "last" for the networks of the last round.
        checkpoint: "latest", "best" or a round.

    Raises:
        ValueError: if there is no such run.
    """
    return Run(path, game, weights, checkpoint=checkpoint)


def build(config: Mapping[str, Any], game: Game | type[Game] | str | None = None) -> Game:
    """The game of a run's config, untrained.

    Args:
        config: The config.
        game: The game itself, its class, or the file that it is in, for one that the config cannot name.

    Raises:
        ValueError: if it has networks of the user's own, which no config holds; if it is of the user's own, and is not
            there or may not run without being named.
    """
    if isinstance(game, Game):
        return game
    row = config["game"]
    if row["own"]:
        raise ValueError(
            f"This run has your own {', '.join(row['own'])}, which no file holds. Load it from Python, with game=."
        )
    with own.naming(game if isinstance(game, str) else ""):
        kind = game if isinstance(game, type) else index.class_of(row)
    return kind(Spec.read(config["spec"]), **{name: options.read(value) for name, value in row["options"].items()})


def data_of(config: Mapping[str, Any]) -> Any:
    """The data of a run's config; random data for a toy.

    Raises:
        ValueError: if it has no name by which it can be loaded again, or is no longer what the run's game plays on.
    """
    if config["data"] is None:
        raise ValueError("This run was trained on data that has no name. Say which (--data).")
    if config["data"]["name"] == "toy":
        return datasets.random(Spec.read(config["spec"]))
    data = datasets.from_source(config["data"])
    check_spec(config, data)
    return data


def check_spec(config: Mapping[str, Any], data: Any) -> None:
    """Raise unless data is what a run's game plays on: the same shapes and units, the same classes in the same order.

    Args:
        config: The run's config.
        data: The data.

    Raises:
        ValueError: with a sentence that says what differs.
    """
    if words := datasets.difference(played(config), data.spec):
        raise ValueError(
            f"The data in {data.name} are not what the run was trained on: {words} Give it data as they were, or begin "
            "another run."
        )


def played(config: Mapping[str, Any]) -> Spec:
    """The fields of a run's spec that its game plays on; all, if the game is not at hand.

    Args:
        config: The run's config.
    """
    spec = Spec.read(config["spec"])
    try:
        return index.class_of(config["game"]).played(spec)
    except (ValueError, OSError):
        return spec
