"""``ganarium translate``, ``encode``, ``classify``, ``score``: what trained games do with data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ganarium import data as datasets
from ganarium import pictures
from ganarium.cli.commands.base import verb
from ganarium.data.loading import is_folder
from ganarium.files import ending, write_whole
from ganarium.game import Classifies, Encodes, Scores, Translates, evaluating
from ganarium.running.run import Run, data_of, load
from ganarium.spec import Field
from ganarium.zoo import index

__all__ = ["able", "batch_of", "classify", "encode", "part_of", "score", "size_of", "translate"]

Part = Literal["all", "train", "test"]


@verb(
    "translate", says="RUN", about="map samples of one domain to another", group="what a trained game does", takes="run"
)
def translate(
    run: str, to: str = "b", data: str = "", split: Part = "all", count: int = 64, out: str = "x.png"
) -> None:
    """Map samples of one domain to another.

    Args:
        run: The run's folder, or its name under ./runs.
        to: The domain to map to; the samples are of the other one.
        data: What to map; what the run was trained on if left out.
        split: Which part of the data.
        count: How many samples.
        out: Where to: x.png (inputs above their translations), or x.npz (arrays "x" and "translation").
    """
    loaded, game = able(run, Translates, "translate")
    if to not in game.targets:
        raise ValueError(f"{type(game).__name__} translates to {' and '.join(game.targets)}; got --to {to}.")
    source = {"a": "b", "b": "a"}[to]
    x = _rows(loaded, data, split, source, count)
    y = torch.cat(list(_applied(game, x, lambda part: game.translate(part, to))))
    if ending(out) == ".npz":
        _save(out, x=x.numpy(), translation=y.numpy())
    else:
        fields = [loaded.spec[source], loaded.spec[to]]
        pictures.save(pictures.draw_rows([(source, x[:16]), (f"{source} to {to}", y[:16])], fields), out)
    print(f"{len(x)} samples of {source} in {to}: {out}")


@verb("encode", says="RUN", about="infer the latents of data", group="what a trained game does", takes="run")
def encode(run: str, data: str = "", split: Part = "all", count: int = 10**9, out: str = "z.npz") -> None:
    """Infer latents.

    Args:
        run: The run's folder, or its name under ./runs.
        data: What to encode; what the run was trained on if left out.
        split: Which part of the data.
        count: How many samples at most.
        out: Where to: an npz file with the array "z".
    """
    loaded, game = able(run, Encodes, "encode")
    z = torch.cat(list(_applied(game, _rows(loaded, data, split, "x", count), game.encode)))
    _save(out, z=z.numpy())
    print(f"{len(z)} latents of {z.shape[1]} coordinates in {out}")


@verb(
    "classify", says="RUN", about="name the class of each sample of data", group="what a trained game does", takes="run"
)
def classify(run: str, data: str = "", split: Part = "all", count: int = 10**9, out: str = "y.npz") -> None:
    """Name the class of each sample; where the data has labels, say how often that is right.

    Args:
        run: The run's folder, or its name under ./runs.
        data: What to classify; what the run was trained on, with all its labels, if left out.
        split: Which part of the data.
        count: How many samples at most.
        out: Where to: an npz file with the arrays "y" (classes) and "logits".
    """
    loaded, game = able(run, Classifies, "classify")
    batch = batch_of(loaded, data, split, "x", count)
    logits = torch.cat(list(_applied(game, batch["x"], game.classify)))
    _save(out, y=logits.argmax(1).numpy(), logits=logits.numpy())
    known = batch["y"] >= 0 if "y" in batch else torch.zeros(len(logits), dtype=torch.bool)
    right = (logits.argmax(1) == batch["y"])[known].float().mean().item() if known.any() else None
    print(f"{len(logits)} classes in {out}" + ("" if right is None else f"; {right:.1%} of {known.sum()} labels agree"))


@verb(
    "score",
    says="RUN",
    about="score data as the discriminator or critic does",
    group="what a trained game does",
    takes="run",
)
def score(run: str, data: str = "", split: Part = "all", count: int = 10**9, out: str = "scores.npz") -> None:
    """Score samples as the discriminator or critic does.

    Args:
        run: The run's folder, or its name under ./runs.
        data: What to score; what the run was trained on if left out.
        split: Which part of the data.
        count: How many samples at most.
        out: Where to: an npz file with the array "score".
    """
    loaded, game = able(run, Scores, "score")
    batch = batch_of(loaded, data, split, "x", count)
    asked = {name: value for name, value in batch.items() if name in getattr(game, "conditions", {})}
    with evaluating(game), torch.no_grad():
        scores = game.score(batch["x"], **asked)
    _save(out, score=scores.numpy())
    print(f"{len(scores)} scores in {out}: mean {scores.mean():.4g}, {'lower' if game.energy else 'higher'} for data")


def able(run: str, ability: type, word: str, **which: Any) -> tuple[Run, Any]:
    """A run and its game, which has an ability; ``which`` is of :func:`ganarium.running.run.load`.

    Raises:
        ValueError: if it does not have it, with the games that do.
    """
    loaded = load(run, **which)
    if not isinstance(loaded.game, ability):
        others = ", ".join(index.with_ability(word)) or "none yet"
        raise ValueError(f"{type(loaded.game).__name__} does not {word}. These games do: {others}.")
    return loaded, loaded.game


def batch_of(run: Run, name: str, split: Part, field: str, count: int) -> dict[str, Tensor]:
    """The first samples of the data, as the run's game sees them; images of a folder are read at its size."""
    if count < 1:
        raise ValueError(f"At least one sample; got count={count}.")
    options = size_of(run.spec[field]) if is_folder(name) else {}
    data = datasets.load(name, split=split, **options) if name else data_of(part_of(run.config, split))
    needed, given = run.spec[field], data.spec.get(field)
    if given is None or given.shape != needed.shape:
        raise ValueError(f"The run plays on '{field}' of {needed}; this data has {given or 'no such field'}.")
    return dict(next(iter(data.sweep(min(count, len(data))))))


def size_of(field: Field) -> dict[str, Any]:
    """The options with which a folder gives images like those of a field; none, if it gives no such images."""
    if field.kind != "image" or field.shape[1] != field.shape[2] or field.shape[0] not in (1, 3):
        return {}
    return {"size": field.shape[1], "channels": field.shape[0]}


def part_of(config: dict[str, Any], split: Part) -> dict[str, Any]:
    """A run's config with another part of its data, all labels shown."""
    source = config["data"]
    if source is None:
        raise ValueError("This run was trained on data that has no name. Say which with --data.")
    return {**config, "data": {**source, "options": {**source["options"], "split": split, "labels": None}}}


def _save(out: str, **arrays: Any) -> None:
    """Write arrays to an .npz file, whole or not at all; the ending is added where it is missing, as numpy does."""
    path = Path(out if ending(out) == ".npz" else f"{out}.npz")
    write_whole(path, lambda file: np.savez(file, **arrays))


def _rows(run: Run, name: str, split: Part, field: str, count: int) -> Tensor:
    return batch_of(run, name, split, field, count)[field]


def _applied(game: Any, x: Tensor, function: Callable[[Tensor], Tensor]) -> Iterator[Tensor]:
    with evaluating(game), torch.no_grad():
        for part in x.split(256):
            yield function(part.to(game.device)).cpu()
