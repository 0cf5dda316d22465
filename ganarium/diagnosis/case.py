"""What an examination looks at: the run's games, its data, and data that it did not learn from. Each is made once."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganarium import data as datasets
from ganarium.files import read_lines
from ganarium.game import Game, Samples, Scores, evaluating
from ganarium.metrics.features import Features
from ganarium.metrics.known_features import default, named
from ganarium.metrics.looks import CHUNK, Rows, embed, of_tensor
from ganarium.metrics.memorised import Learned, unseen
from ganarium.randomness import mix, seeded
from ganarium.running.records import find, read_config
from ganarium.running.run import build, data_of, state_of

__all__ = ["COUNT", "Case", "Unknown"]

#: How many samples, and how many of the data, are looked at, at most; copies are looked for in all of the data.
COUNT = 2000
_SCORED = 1000
_CPU = torch.device("cpu")


class Unknown(Exception):
    """Why an ailment cannot be judged."""


class Case:
    """A run that is examined.

    Args:
        run: The run's folder.
        game: The game, its class, or its file (``./my_game.py:MyGAN``), for a run whose config cannot make it.
        data: What it learned from, for a run whose data has no name.
        held_out: Data of the same law that it did not learn from, if it is not to be found by itself.
        checkpoint: "latest", "best" or a round.
        seed: What samples and every choice follow from.

    Raises:
        ValueError: if there is no such run or checkpoint, or the game cannot be made.
    """

    def __init__(
        self,
        run: str | Path,
        game: Game | type[Game] | str | None = None,
        data: Any = None,
        held_out: Any = None,
        checkpoint: str | int = "latest",
        seed: int = 0,
    ):
        self.path, self.seed = find(run), seed
        self.config = read_config(self.path)
        self.state = state_of(self.path, checkpoint)
        #: How many rounds were planned, and whether they were played.
        self.planned: int = self.config["settings"]["rounds"] or 1
        newest = state_of(self.path, "latest") if checkpoint == "best" else self.state
        self.done = newest["round"] >= self.planned
        self._given, self._data, self._held_out = game, data, held_out
        #: The game with the weights of the last round, and with the averaged ones.
        self.last = self.with_weights(self.state["game"])
        average = self.state["average"]
        self.average = self.last if average is None else self.with_weights(average)

    # -- the games ----------------------------------------------------------------------------------------------

    def untrained(self) -> Game:
        """A game as the run began with."""
        if isinstance(self._given, Game):
            return copy.deepcopy(self._given)
        with seeded(_CPU, mix(self.config["settings"]["seed"], 0)):
            return build(self.config, self._given)

    def with_weights(self, weights: dict[str, Tensor]) -> Game:
        """A game with these weights."""
        game = self.untrained()
        game.load_state_dict(weights)
        return game.float().eval()

    @property
    def name(self) -> str:
        """What sentences call the game."""
        return type(self.last).__name__

    @cached_property
    def log(self) -> list[dict[str, Any]]:
        """The log up to the checkpoint."""
        return [row for row in read_lines(self.path / "log.jsonl") if row["round"] <= self.state["round"]]

    # -- the data -----------------------------------------------------------------------------------------------

    @cached_property
    def data(self) -> Any:
        """What the run learned from.

        Raises:
            Unknown: if it is not to be had.
        """
        if self._data is not None:
            return self._fitting(self._data)
        try:
            return data_of(self.config)
        except (ValueError, OSError) as error:
            raise Unknown(str(error)) from error

    @cached_property
    def held_out(self) -> Any:
        """Data that it did not learn from; None if there is none."""
        return unseen(self.data) if self._held_out is None else self._fitting(self._held_out)

    def _fitting(self, given: Any) -> Any:
        """Data that was given, if the game can see it."""
        own = self.last.spec
        data = datasets.like(given, type(self.last).played(own))
        data.spec.require(self.last.needs, self.name)
        for name in own:
            if name != "index" and name in data.spec and data.spec[name].shape != own[name].shape:
                raise ValueError(
                    f"The run plays on '{name}' of {own[name]}; {data.name} has {data.spec[name]}. Give other data."
                )
        return data

    def rows_of(self, data: Any, count: int, salt: int) -> dict[str, Tensor]:
        """Random samples of some data as the run's game sees them, at most so many."""
        places = torch.randperm(len(data), generator=torch.Generator().manual_seed(mix(self.seed, salt)))[:count]
        batch = {name: value.cpu() for name, value in data.gather(places).items()}
        # Another draw of a world has other units.
        for name, value in batch.items():
            own, other = self.data.spec.get(name), data.spec.get(name)
            if own is not None and other is not None and own != other and value.is_floating_point():
                batch[name] = own.normalise(other.restore(value))
        return batch

    @cached_property
    def features(self) -> Features:
        """What samples are compared by.

        Raises:
            Unknown: if the data has no distances.
        """
        if "x" not in self.data.spec:
            raise Unknown(f"{self.name} draws no samples 'x' that could be compared with data.")
        try:
            return named(default(self.data)[0], self.data)
        except ValueError as error:
            raise Unknown(str(error)) from error

    @cached_property
    def learned(self) -> Learned:
        """All that it learned from, and held-out data, where copies are looked for."""
        self.features  # noqa: B018  # what has no distances has no copies
        return Learned(self.data, self.held_out, "x", self.seed)

    @cached_property
    def rows(self) -> Tensor:
        """The samples as rows of numbers: pixels or coordinates."""
        return torch.cat([self.learned.features.embed(x)[0] for x in self.x.split(CHUNK)])

    # -- what is compared ---------------------------------------------------------------------------------------

    def looked_at(self, x: Tensor) -> Rows:
        """Features and class logits of samples."""
        return embed(of_tensor(x), [self.features], len(x), "looking at samples")[0]

    @cached_property
    def halves(self) -> tuple[Rows, Rows]:
        """Two sets of the data, of one size, which have no sample in common.

        Raises:
            Unknown: if the data is too small.
        """
        count = min(2 * COUNT, len(self.data) // 2 * 2)
        if count < 24:
            raise Unknown(f"{self.data.name} has {len(self.data)} samples; two halves of 12 or more are compared.")
        x = self.rows_of(self.data, count, 1)["x"]
        return self.looked_at(x[: count // 2]), self.looked_at(x[count // 2 :])

    @cached_property
    def x(self) -> Tensor:
        """Samples of the averaged game, on the CPU.

        Raises:
            Unknown: if it draws none.
        """
        return self.draw(self.average, COUNT)

    def draw(self, game: Any, count: int, condition: dict[str, Tensor] | None = None) -> Tensor:
        """Samples of a game.

        Raises:
            Unknown: if it draws none, or they are not finite.
        """
        if not isinstance(game, Samples):
            raise Unknown(f"{self.name} draws no samples.")
        asked: dict[str, Any] = dict(condition or {})
        x = game.sample(count, seed=mix(self.seed, 2), **asked).cpu()
        if x.is_floating_point() and not x.isfinite().all():
            raise Unknown("Some samples are not finite numbers.")
        return x

    @cached_property
    def made(self) -> Rows:
        """The samples, looked at."""
        self.features  # noqa: B018  # what has no distances need not be drawn
        return self.looked_at(self.x)

    # -- scores -------------------------------------------------------------------------------------------------

    def scores(self, game: Any) -> dict[str, Tensor]:
        """Scores of training data, held-out data (if there is any) and samples, higher for data; for as many of each.

        Raises:
            Unknown: if the game does not score.
        """
        if not isinstance(game, Scores):
            raise Unknown(f"{self.name} has no discriminator whose scores could be compared.")
        count = min(_SCORED, len(self.data), *([len(self.held_out)] if self.held_out is not None else []))
        batch = self.rows_of(self.data, count, 3)
        found = {"training data": self._scored(game, batch)}
        if self.held_out is not None:
            found["held-out data"] = self._scored(game, self.rows_of(self.held_out, count, 4))
        if isinstance(game, Samples):
            made = self.draw(game, count, self._conditions(game, batch))
            found["samples"] = self._scored(game, {**batch, "x": made})
        return found

    def _scored(self, game: Any, batch: dict[str, Tensor]) -> Tensor:
        asked = self._conditions(game, batch)
        with evaluating(game), torch.no_grad(), seeded(_CPU, mix(self.seed, 5)):
            parts = [
                game.score(x, **{name: value[start : start + 250] for name, value in asked.items()})
                for start, x in zip(range(0, len(batch["x"]), 250), batch["x"].split(250), strict=True)
            ]
        scores = torch.cat(parts).double()
        return -scores if game.energy else scores

    @staticmethod
    def _conditions(game: Any, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: value for name, value in batch.items() if name in getattr(game, "conditions", {})}


@contextmanager
def training(game: Game) -> Iterator[None]:
    """Inside, all networks are in training mode; after, their buffers are as they were."""
    before = {name: value.clone() for name, value in game.named_buffers()}
    modes = {module: module.training for module in game.modules()}
    game.train()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
        with torch.no_grad():
            for name, value in game.named_buffers():
                value.copy_(before[name])
