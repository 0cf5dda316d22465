"""``ganarium translate``, ``encode``, ``classify``, ``score``: what trained games do with data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ganarium import data as datasets
from ganarium import pictures
from ganarium.cli.commands.base import verb
from ganarium.cli.commands.loading import chosen, of_data
from ganarium.files import ending, write_whole
from ganarium.game import Classifies, Encodes, Scores, Translates, evaluating
from ganarium.running.run import Run, data_of, load
from ganarium.running.sources import with_options
from ganarium.spec import Spec
from ganarium.zoo import index

__all__ = ["able", "batch_of", "classify", "encode", "of_data", "part_of", "score", "translate"]

Part = Literal["all", "train", "test"]


@verb(
    "translate",
    says="RUN",
    about="map samples of one domain to another",
    group="what a trained game does",
    takes="run",
    more="of_data",
)
def translate(
    run: str, to: str = "b", data: str = "", split: Part = "all", count: int = 64, out: str = "x.png", **loading: Any
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
    x = batch_of(loaded, data, split, source, count, loading)[source]
    y = torch.cat(list(_applied(game, x, lambda part: game.translate(part, to))))
    if ending(out) == ".npz":
        _save(out, x=x.numpy(), translation=y.numpy())
    else:
        fields = [loaded.spec[source], loaded.spec[to]]
        pictures.save(pictures.draw_rows([(source, x[:16]), (f"{source} to {to}", y[:16])], fields), out)
    print(f"{len(x)} samples of {source} in {to}: {out}")


@verb(
    "encode",
    says="RUN",
    about="infer the latents of data",
    group="what a trained game does",
    takes="run",
    more="of_data",
)
def encode(
    run: str, data: str = "", split: Part = "all", count: int = 10**9, out: str = "z.npz", **loading: Any
) -> None:
    """Infer latents.

    Args:
        run: The run's folder, or its name under ./runs.
        data: What to encode; what the run was trained on if left out.
        split: Which part of the data.
        count: How many samples at most.
        out: Where to: an npz file with the array "z".
    """
    loaded, game = able(run, Encodes, "encode")
    z = torch.cat(list(_applied(game, batch_of(loaded, data, split, "x", count, loading)["x"], game.encode)))
    _save(out, z=z.numpy())
    print(f"{len(z)} latents of {z.shape[1]} coordinates in {out}")


@verb(
    "classify",
    says="RUN",
    about="name the class of each sample of data",
    group="what a trained game does",
    takes="run",
    more="of_data",
)
def classify(
    run: str, data: str = "", split: Part = "all", count: int = 10**9, out: str = "y.npz", **loading: Any
) -> None:
    """Name the class of each sample; where the data has labels, say how often that is right.

    Args:
        run: The run's folder, or its name under ./runs.
        data: What to classify; what the run was trained on, with all its labels, if left out.
        split: Which part of the data.
        count: How many samples at most.
        out: Where to: an npz file with the arrays "y" (classes) and "logits".
    """
    loaded, game = able(run, Classifies, "classify")
    batch = batch_of(loaded, data, split, "x", count, loading)
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
    more="of_data",
)
def score(
    run: str, data: str = "", split: Part = "all", count: int = 10**9, out: str = "scores.npz", **loading: Any
) -> None:
    """Score samples as the discriminator or critic does.

    Args:
        run: The run's folder, or its name under ./runs.
        data: What to score; what the run was trained on if left out.
        split: Which part of the data.
        count: How many samples at most.
        out: Where to: an npz file with the array "score".
    """
    loaded, game = able(run, Scores, "score")
    batch = batch_of(loaded, data, split, "x", count, loading)
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


def batch_of(
    run: Run, name: str, split: Part, field: str, count: int, loading: Mapping[str, Any] | None = None
) -> dict[str, Tensor]:
    """The first samples of the data, as the run's game sees them (:func:`ganarium.data.like`).

    Args:
        run: The run.
        name: The data; what the run was trained on if empty.
        split: Which part of it.
        field: The field that is wanted; images of a folder may be of any.
        count: How many samples, at most.
        loading: The answers for the options of the data.

    Raises:
        ValueError: if there are no such data, or they do not fit the run.
    """
    if count < 1:
        raise ValueError(f"At least one sample; got count={count}.")
    options = chosen(loading or {})
    if not name:
        data = data_of(with_options(part_of(run.config, split), options))
        return dict(next(iter(data.sweep(min(count, len(data))))))
    seen = {"x": run.spec[field], **{each: row for each, row in run.spec.items() if row.kind == "label"}}
    data = datasets.like(name, Spec({**seen, field: run.spec[field]}), split=split, **options)
    found = field if field in data.spec else "x"
    if found not in data.spec or data.spec[found].shape != run.spec[field].shape:
        given = data.spec.get(found) or "no such field"
        raise ValueError(f"The run plays on '{field}' of {run.spec[field]}; this data has {given}.")
    batch = dict(next(iter(data.sweep(min(count, len(data))))))
    return {**batch, field: batch[found]}


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


def _applied(game: Any, x: Tensor, function: Callable[[Tensor], Tensor]) -> Iterator[Tensor]:
    with evaluating(game), torch.no_grad():
        for part in x.split(256):
            yield function(part.to(game.device)).cpu()
