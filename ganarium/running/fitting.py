r"""Training runs: started, stopped, taken up again.

.. code-block:: python

    run = fit(DCGAN.on(data), data, minutes=1)     # plays, and keeps what it did in runs/dcgan-digits-001
    run = resume("runs/dcgan-digits-001")          # goes on where it was stopped, as if it had not been
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import yaml

from ganarium import data as datasets
from ganarium.engine.trainer import Report, Trainer
from ganarium.game import Game
from ganarium.running import checkpoint as checkpoints
from ganarium.running.memory import OutOfMemory, advice, footprint, is_shortage
from ganarium.running.records import budget, config_of, differences, find, new_folder, read_config, settle
from ganarium.running.run import Run, build, data_of, state_of
from ganarium.running.session import Session
from ganarium.running.settings import Settings, length
from ganarium.running.settings import fabric as fabric_of
from ganarium.running.sources import taken_back, with_options
from ganarium.running.tuning import tuned
from ganarium.running.weights import take_over
from ganarium.spec import Spec, some
from ganarium.terminal.console import Console, memory
from ganarium.terminal.progress import silent

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["begun", "fit", "resume", "rounds", "taken_up"]


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
        changes: Fields of :class:`Settings`, such as ``minutes=1`` or ``batch_size=128``. With ``seed=1``, or settings,
            the first weights follow from the seed too, unless they have changed since the game was built, or networks
            were given to it; without, they are as they were built.

    Raises:
        ValueError: for anything that cannot work, before anything is written.
        Interrupted: after Ctrl-C or SIGTERM, once the round is finished and saved.
        FloatingPointError: if a term or a gradient is not finite; the run stays as it was last saved.
        OutOfMemory: if memory runs out; the run stays as it was last saved.
    """
    session = begun(game, data, settings, out, origin, quiet, changes)
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
    yield from begun(game, data, settings, out, origin, quiet, changes).reports(None)


def begun(
    game: Game,
    data: Any,
    settings: Settings | None = None,
    out: str | Path | None = None,
    origin: str | Path | None = None,
    quiet: bool = False,
    changes: Mapping[str, Any] | None = None,
) -> Session:
    """The first sitting of a new run, for :func:`fit` and for loops around it; its folder and config are written.

    Args:
        game: As for :func:`fit`.
        data: As there.
        settings: As there.
        out: As there.
        origin: As there.
        quiet: As there.
        changes: Fields of :class:`Settings`.
    """
    if not isinstance(game, Game):
        raise ValueError(f"A game that is built for its data is played, as ga.GAN.on(data) is; got {_other(game)}.")
    says_seed = settings is not None or "seed" in (changes or {})
    settings = (settings or Settings(**game.measured)).changed(**(changes or {}))
    if says_seed:
        game.redraw(settings.seed)
    data = datasets.load(data)
    fabric = fabric_of(settings)
    if settings.precision == "64":
        game = game.double()
    data.spec.require(game.needs, type(game).__name__)
    data.batches(settings.batch_size, part=(0, fabric.world_size))
    with ExitStack() as taking:
        path = _agreed(fabric, lambda: taking.enter_context(new_folder(out, game, data)))
        console = Console(1, quiet=quiet or not fabric.is_global_zero)
        if settings.tune:
            settings = tuned(settings, game, data, fabric, console)
        trainer = settings.trainer(game, fabric)
        taken = "" if origin is None else _take_over(trainer, find(origin))
        console.say(_introduction(trainer, data, settings, path, taken))
        settings = _measured(trainer, data, settings, console)
        session = Session(path, trainer, data, settings, quiet)
        config = config_of(game, data, settings, trainer) | ({} if origin is None else {"origin": str(origin)})
        _agreed(fabric, lambda: settle(path, config))
    return session


def _other(game: Any) -> str:
    return f"the class {game.__name__}" if isinstance(game, type) else repr(game)


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
    game: Game | type[Game] | str | None = None,
    data: Any = None,
    other_data: bool = False,
    stop_after: int | None = None,
    quiet: bool = False,
    checkpoint: str | int = "latest",
    **loading: Any,
) -> Run:
    """Take up a run where its newest checkpoint left it, as if it had never stopped.

    The newest one that is whole: a damaged one is passed over with a warning. What differs from the machine and the
    versions that the run began with, and may make it differ in the last bits, is said.

    Args:
        path: The run's folder, or its name under ``runs``.
        rounds: A new length, for a run that is to go on longer than was planned. It then is not what a run of that
            length would have been: schedules and stages were those of the shorter one so far.
        game: The game, its class, or its file (``./my_game.py:MyGAN``), if its config cannot make it.
        data: The data, if its config cannot make it; or where it is now, if it was moved: a path is read with the
            run's own options, and noted in the run.
        other_data: Go on also if the data are not those that the run began with.
        stop_after: Stop, and save, after so many rounds of this session.
        quiet: Say nothing.
        checkpoint: "latest", "best", or a round: where to go on from.
        loading: Options of the data that are to be others than the run's, such as ``workers`` or ``cache``.

    Raises:
        ValueError: if the run is finished, cannot be made again from its config, or the checkpoint that was named is
            damaged; if the data are others in shape, units or classes, or others and that was not asked for.
    """
    session = taken_up(
        path,
        rounds=rounds,
        game=game,
        data=data,
        other_data=other_data,
        quiet=quiet,
        checkpoint=checkpoint,
        loading=loading,
    )
    session.play(stop_after)
    return Run(session.path, game=session.trainer.average)


def taken_up(
    path: str | Path,
    *,
    rounds: int | None = None,
    game: Game | type[Game] | str | None = None,
    data: Any = None,
    other_data: bool = False,
    quiet: bool = False,
    checkpoint: str | int = "latest",
    loading: Mapping[str, Any] | None = None,
) -> Session:
    """The next sitting of a run, for :func:`resume` and for loops around it.

    Args:
        path: As for :func:`resume`.
        rounds: As there.
        game: As there.
        data: As there.
        other_data: As there.
        quiet: As there.
        checkpoint: As there.
        loading: As there.
    """
    path = find(path)
    config = read_config(path)
    settings = Settings(**config["settings"])
    planned = settings.rounds or 0
    if rounds is not None:
        settings = settings.changed(rounds=rounds)
    state = state_of(path, checkpoint)
    if data is None and config["data"] is None:
        raise ValueError(f"{path} was trained on data that has no name. Resume it from Python, with data=.")
    with silent(quiet):
        own = None if data is None else taken_back(config, data, other_data, loading)
    moved = own is not None and (config["data"] or {}).get("name") not in (None, (own.source or {}).get("name"))
    if moved and own is not None:
        config |= {"data": own.source, "data_summary": str(own)}
    if state["round"] >= (settings.rounds or 0):
        if moved:
            _write_config(path, config)
        where = " Where its data is now was noted." if moved else ""
        raise ValueError(
            f"{path} has played all its {state['round']:,} rounds.{where} To go on, give it more: --rounds N."
        )
    game = build(config, game)
    with silent(quiet):
        data = data_of(with_options(config, loading)) if own is None else own
    fabric = fabric_of(settings)
    trainer = settings.trainer(game.double() if settings.precision == "64" else game, fabric)
    trainer.load_state_dict(state)
    session = Session(path, trainer, data, settings, quiet, seconds=state["meta"]["seconds"], named=checkpoint)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    if not quiet and fabric.is_global_zero:
        for line in [*differences(config, trainer, data), *_extended(planned, settings.rounds or 0)]:
            session.console.say(f"  {line}")
    if rounds is not None:
        config["settings"]["rounds"] = rounds
        config["budget"] = budget(trainer, settings)
    if (rounds is not None or moved) and fabric.is_global_zero:
        _write_config(path, config)
    return session


def _write_config(path: Path, config: Mapping[str, Any]) -> None:
    checkpoints.write_text(path / "config.yaml", yaml.safe_dump(dict(config), sort_keys=False))


def _extended(planned: int, rounds: int) -> list[str]:
    """What is not exact about a new length."""
    if rounds == planned:
        return []
    return [
        f"not exact    the run was planned for {planned:,} rounds, whose schedules and stages it followed so far,",
        f"             so it is not what a run of {rounds:,} rounds from the start would be",
    ]


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
    others = _other_classes(
        Spec.read(read_config(origin)["spec"]), type(trainer.game).played(trainer.game.spec), origin
    )
    state = state_of(origin, "latest")
    said = take_over(trainer.game, state["game"])
    if trainer.average is not trainer.game:
        take_over(trainer.average, state["average"] or state["game"])
    return f"{said}; from {origin}{others}"


def _other_classes(before: Spec, now: Spec, origin: Path) -> str:
    """What to say of a run's classes, where as many others take their places.

    Raises:
        ValueError: if a class that both have would take the place of another.
    """
    for name, field in now.items():
        other = before.get(name)
        if other is None or not (field.kind == other.kind == "label") or field.classes != other.classes:
            continue  # what depends on the number of classes begins afresh
        if set(field.called) & set(other.called) and field.called != other.called:
            raise ValueError(
                f"'{name}' has the classes {some(field.called)}, and in {origin} {some(other.called)}: what was "
                "learned of one class would become another's. Give the data the same classes, or begin anew."
            )
        if field.called != other.called:
            return f"; '{name}' had the classes {some(other.called)}, whose places {some(field.called)} take"
    return ""


def _introduction(trainer: Trainer, data: Any, settings: Settings, path: Path, taken: str) -> str:
    game = trainer.game
    sizes = {name: sum(p.numel() for p in child.parameters()) for name, child in game.named_children()}
    networks = ", ".join(f"{name} {size:,}" for name, size in sizes.items() if size)
    count = trainer.fabric.world_size
    processes = f"{count} processes, each a part of every batch, on " if count > 1 else ""
    rows = {
        "game": f"{game.paper.command}: {game.paper}",
        "data": "\n".join([str(data), *(" " * 15 + note for note in getattr(data, "notes", ()))]),
        "networks": f"{networks} parameters",
        **({"begins with": taken} if taken else {}),
        "memory": f"about {memory(footprint(game, settings))} for networks, average and optimisers",
        "device": f"{processes}{trainer.fabric.device}, {settings.precision} bits".replace("mixed bits", "mixed"),
        "writes to": str(path),
    }
    return "\n".join(f"  {name:<13}{value}" for name, value in rows.items())
