r"""A training run on disk: started, stopped, taken up again, loaded.

.. code-block:: python

    run = fit(DCGAN.on(data), data, minutes=1)     # plays, and keeps what it did in runs/dcgan-digits-001
    run = load("runs/dcgan-digits-001")            # later, elsewhere
    run.sample(64, seed=0)

A run is a folder: ``config.yaml`` (all that starts it again), ``log.jsonl`` (a line of terms now and then),
``pictures`` (of the same latents, so that one sees learning) and ``checkpoints``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
import yaml
from torch import Tensor

from ganarium import checkpoint as checkpoints
from ganarium import data as datasets
from ganarium import index, options
from ganarium.console import Console, duration, memory
from ganarium.data.progress import silent
from ganarium.game import Game, Samples
from ganarium.records import config_of, differences, find, new_folder, read_config, read_lines, runs
from ganarium.session import Session
from ganarium.settings import Settings, length
from ganarium.settings import fabric as fabric_of
from ganarium.shortage import OutOfMemory, advice, is_shortage
from ganarium.signals import Interrupted
from ganarium.spec import Spec
from ganarium.trainer import Report, Trainer
from ganarium.tuning import tuned
from ganarium.weights import take_over

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Interrupted", "Run", "Settings", "find", "fit", "load", "read_config", "resume", "rounds", "runs"]


class Run:
    """A run on disk, with its averaged game loaded.

    Args:
        path: The run's folder.
        game: The game, for a run whose config cannot make it (it has networks of your own).
        weights: Which networks to load: the averaged ones, or those of the last round.
        device: Where to load them.
        checkpoint: Of which checkpoint: "latest", "best" or a round.
    """

    def __init__(
        self,
        path: str | Path,
        game: Game | None = None,
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
        state = _state(self.path, self._checkpoint)
        game = self._given or build(self.config)
        chosen = state["average"] if self.weights == "average" else None
        game.load_state_dict(state["game"] if chosen is None else chosen)
        return game.to(self._device).eval()

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
            "game": f"{config['game']['command']} ({config['game']['class']})",
            "data": f"{config['data_summary']}",
            "played": f"{last.get('round', 0):,} of {settings['rounds']:,} rounds, {last.get('seen', 0):,} samples "
            f"seen, {duration(last.get('seconds', 0))}",
            "terms": "  ".join(f"{name} {value:.4g}" for name, value in last.get("terms", {}).items()) or "none yet",
            "checkpoints": ", ".join(map(str, saved)) or "none yet",
            "pictures": str(self.path / "pictures"),
        }
        if best := checkpoints.best(self.path / "checkpoints"):
            rows["best"] = f"round {best[0]:,}, with {config['settings']['best'].removeprefix('max:')} {best[1]:.4g}"
        if events := self.events:
            rows["events"] = "\n              ".join(event["event"] for event in events)
        return f"{self.path}\n" + "\n".join(f"  {name:<12}{value}" for name, value in rows.items())

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


def fit(
    game: Game,
    data: Any,
    settings: Settings | None = None,
    *,
    out: str | Path | None = None,
    origin: str | Path | None = None,
    stop_after: int | None = None,
    quiet: bool = False,
    **changes: Any,
) -> Run:
    """Train a game on data, and keep the run on disk.

    Args:
        game: The game, built for ``data.spec``.
        data: Data, or anything that :func:`ganarium.data.load` takes.
        settings: How to play; what was measured for this kind of data if the game was made by ``Game.on``.
        out: The run's folder; numbered under ``runs`` if left out.
        origin: A run whose networks this one begins with, wherever names and shapes agree (fine-tuning).
        stop_after: Stop, and save, after so many rounds of this session.
        quiet: Say nothing.
        changes: Fields of :class:`Settings`, such as ``minutes=1`` or ``batch_size=128``.

    Raises:
        ValueError: for anything that cannot work, before anything is written.
        Interrupted: after Ctrl-C or SIGTERM, once the round is finished and saved.
        FloatingPointError: if a term or a gradient is not finite; the run stays as it was last saved.
        OutOfMemory: if memory runs out; the run stays as it was last saved.
    """
    session = _begun(game, data, settings, out, origin, quiet, changes)
    session.play(stop_after)
    return Run(session.path, game=session.trainer.average)


def rounds(
    game: Game,
    data: Any,
    settings: Settings | None = None,
    *,
    out: str | Path | None = None,
    origin: str | Path | None = None,
    quiet: bool = False,
    **changes: Any,
) -> Iterator[Report]:
    """The same as :func:`fit`, round by round, for a loop of your own around a run on disk.

    .. code-block:: python

        for report in ga.rounds(game, data, minutes=5, out="runs/mine"):
            if report.round % 100 == 0:
                print(report.scalars)

    However the loop ends, by ``break`` or by an error inside it, the run is saved and can be resumed.

    Args:
        game: As for :func:`fit`.
        data: As there.
        settings: As there.
        out: As there.
        origin: As there.
        quiet: As there.
        changes: As there.
    """
    yield from _begun(game, data, settings, out, origin, quiet, changes).reports(None)


def _begun(
    game: Game,
    data: Any,
    settings: Settings | None,
    out: str | Path | None,
    origin: str | Path | None,
    quiet: bool,
    changes: Mapping[str, Any],
) -> Session:
    """A new run's first session; its folder and config are written."""
    settings = (settings or Settings(**game.measured)).changed(**changes)
    data = datasets.load(data)
    fabric = fabric_of(settings)
    if settings.precision == "64":
        game = game.double()
    data.spec.require(game.needs, type(game).__name__)
    data.batches(settings.batch_size, part=(0, fabric.world_size))
    path = _agreed(fabric, lambda: new_folder(out, game, data))
    console = Console(1, quiet=quiet or not fabric.is_global_zero)
    if settings.tune:
        settings = tuned(settings, game, data, fabric, console)
    trainer = settings.trainer(game, fabric)
    taken = "" if origin is None else _take_over(trainer, find(origin))
    console.say(_introduction(trainer, data, settings, path, taken))
    settings = _measured(trainer, data, settings, console)
    session = Session(path, trainer, data, settings, quiet)
    config = config_of(game, data, settings, trainer) | ({} if origin is None else {"origin": str(origin)})
    if fabric.is_global_zero:
        for folder in (path / "checkpoints", path / "pictures"):
            folder.mkdir(parents=True, exist_ok=True)
        checkpoints.write_text(path / "config.yaml", yaml.safe_dump(config, sort_keys=False))
    return session


def _measured(trainer: Trainer, data: Any, settings: Settings, console: Console) -> Settings:
    """The settings with the run's length in rounds; with smaller parts of batches if the trial finds memory full."""
    while True:
        try:
            length_in_rounds = length(trainer, data, settings, console)
            return settings.changed(rounds=length_in_rounds, seen=None, epochs=None, minutes=None)
        except (RuntimeError, MemoryError) as error:
            if not is_shortage(error):
                raise
            parts, batch = settings.accumulate, settings.batch_size
            if not settings.adapt or 2 * parts * trainer.fabric.world_size > batch:
                raise OutOfMemory(advice(error, str(trainer.fabric.device), batch, parts)) from error
            console.say(f"  memory       full: batches of {batch} go in {2 * parts} parts")
        settings = settings.changed(accumulate=2 * settings.accumulate)
        trainer.accumulate(settings.accumulate)


def resume(
    path: str | Path,
    *,
    rounds: int | None = None,
    game: Game | None = None,
    data: Any = None,
    stop_after: int | None = None,
    quiet: bool = False,
    checkpoint: str | int = "latest",
) -> Run:
    """Take up a run where its newest checkpoint left it, as if it had never stopped.

    The newest one that is whole: a damaged one is passed over with a warning. What differs from the machine and the
    versions that the run began with, and may make it differ in the last bits, is said.

    Args:
        path: The run's folder, or its name under ``runs``.
        rounds: A new length, for a run that is to go on longer than was planned. It then is not what a run of that
            length would have been: schedules and stages were those of the shorter one so far.
        game: The game, if its config cannot make it.
        data: The data, if its config cannot make it.
        stop_after: Stop, and save, after so many rounds of this session.
        quiet: Say nothing.
        checkpoint: "latest", "best", or a round: where to go on from.

    Raises:
        ValueError: if the run is finished, cannot be made again from its config, or the checkpoint that was named is
            damaged.
    """
    path = find(path)
    config = read_config(path)
    settings = Settings(**config["settings"])
    planned = settings.rounds or 0
    if rounds is not None:
        settings = settings.changed(rounds=rounds)
    state = _state(path, checkpoint)
    if state["round"] >= (settings.rounds or 0):
        raise ValueError(f"{path} has played all its {state['round']:,} rounds. To go on, give it more: --rounds N.")
    if data is None and config["data"] is None:
        raise ValueError(f"{path} was trained on data that has no name. Resume it from Python, with data=.")
    game = game or build(config)
    with silent(quiet):
        data = datasets.load(data) if data is not None else data_of(config)
    fabric = fabric_of(settings)
    trainer = settings.trainer(game.double() if settings.precision == "64" else game, fabric)
    trainer.load_state_dict(state)
    session = Session(path, trainer, data, settings, quiet, seconds=state["meta"]["seconds"])
    if settings.threads:
        torch.set_num_threads(settings.threads)
    if not quiet and fabric.is_global_zero:
        for line in [*differences(config, trainer, data), *_extended(planned, settings.rounds or 0)]:
            session.console.say(f"  {line}")
    if rounds is not None and fabric.is_global_zero:
        config["settings"]["rounds"] = rounds
        checkpoints.write_text(path / "config.yaml", yaml.safe_dump(config, sort_keys=False))
    session.play(stop_after)
    return Run(path, game=trainer.average)


def _extended(planned: int, rounds: int) -> list[str]:
    """What is not exact about a new length."""
    if rounds == planned:
        return []
    return [
        f"not exact    the run was planned for {planned:,} rounds; its schedules and stages so far were of it,",
        f"             so it is not what a run of {rounds:,} rounds from the start would be",
    ]


def _state(path: Path, which: str | int) -> dict[str, Any]:
    """The state of a run's checkpoint: the newest that is whole, or the one that is named."""
    folder = path / "checkpoints"
    return checkpoints.load_newest(folder) if which == "latest" else checkpoints.load(checkpoints.named(folder, which))


def load(
    path: str | Path,
    game: Game | None = None,
    weights: Literal["average", "last"] = "average",
    checkpoint: str | int = "latest",
) -> Run:
    """A run on disk, with its averaged game.

    Args:
        path: The run's folder, or its name under ``runs``.
        game: The game, for a run whose config cannot make it.
        weights: "average", or "last" for the networks of the last round.
        checkpoint: "latest", "best" or a round.

    Raises:
        ValueError: if there is no such run.
    """
    return Run(path, game, weights, checkpoint=checkpoint)


def build(config: Mapping[str, Any]) -> Game:
    """The game of a run's config, untrained.

    Raises:
        ValueError: if it has networks of the user's own, which no config holds.
    """
    row = config["game"]
    if row["own"] or row["command"] not in index.games():
        what = f"own {', '.join(row['own'])}" if row["own"] else f"own game {row['class']}"
        raise ValueError(f"This run has your {what}, which no file holds. Load it from Python, with game=.")
    game = index.game_class(row["command"])
    return game(Spec.read(config["spec"]), **{name: options.read(value) for name, value in row["options"].items()})


def data_of(config: Mapping[str, Any]) -> Any:
    """The data of a run's config; random data for a toy."""
    if config["data"]["name"] == "toy":
        return datasets.random(Spec.read(config["spec"]))
    return datasets.from_source(config["data"])


def _agreed(fabric: Fabric, decide: Callable[[], Any]) -> Any:
    """What process 0 decides, or the ValueError that it meets, in all processes."""
    answer: Any = None
    if fabric.is_global_zero:
        try:
            answer = decide()
        except ValueError as error:
            answer = error
    answer = fabric.broadcast(answer)
    if isinstance(answer, ValueError):
        raise answer
    return answer


def _take_over(trainer: Trainer, origin: Path) -> str:
    """Begin with the networks of another run, its last ones and its averaged ones."""
    state = _state(origin, "latest")
    said = take_over(trainer.game, state["game"])
    if trainer.average is not trainer.game:
        take_over(trainer.average, state["average"] or state["game"])
    return f"{said}; from {origin}"


def _introduction(trainer: Trainer, data: Any, settings: Settings, path: Path, taken: str) -> str:
    game = trainer.game
    sizes = {name: sum(p.numel() for p in child.parameters()) for name, child in game.named_children()}
    networks = ", ".join(f"{name} {size:,}" for name, size in sizes.items() if size)
    parameters = sum(p.numel() * p.element_size() for p in game.parameters())
    count = trainer.fabric.world_size
    processes = f"{count} processes, each a part of every batch, on " if count > 1 else ""
    # The networks, their average, their gradients and two moments of each.
    total = parameters * (4 + bool(settings.average))
    rows = {
        "game": f"{game.paper.command}: {game.paper.title} ({game.paper.year})",
        "data": "\n".join([str(data), *(" " * 15 + note for note in getattr(data, "notes", ()))]),
        "networks": f"{networks} parameters",
        **({"begins with": taken} if taken else {}),
        "memory": f"about {memory(total)} for networks, average and optimisers",
        "device": f"{processes}{trainer.fabric.device}, {settings.precision} bits".replace("mixed bits", "mixed"),
        "writes to": str(path),
    }
    return "\n".join(f"  {name:<13}{value}" for name, value in rows.items())
