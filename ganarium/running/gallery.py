"""What a game makes, of the same latents and inputs each time so that one sees learning; and what it sees."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ganarium import pictures
from ganarium.game import Completes, Game, Samples, Translates, evaluating
from ganarium.ingredients import completed
from ganarium.randomness import mix, seeded
from ganarium.spec import Batch, Field

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["SEEN", "gallery", "seen"]

#: The name of the picture of what the discriminator sees.
SEEN = "what-D-sees.png"
_WIDE = 1024  # pixels, about, of the widest such picture


def gallery(game: Game, data: Any) -> Image | None:
    """What the game can do, drawn; None if there is no picture of it.

    A game that draws samples shows 64 of them (1,000 points), with every class in turn where it knows classes. One that
    translates shows what it makes of the first samples of each domain; one that completes, how it fills holes in the
    first images.

    Args:
        game: The game.
        data: What it is trained on.
    """
    batch = next(iter(data.sweep(min(2000, len(data)))))
    if isinstance(game, Samples) and game.spec["x"].kind in pictures.KINDS:
        return _samples(game, game.spec["x"], batch)
    if isinstance(game, Translates) and all(game.spec[name].kind in pictures.KINDS for name in ("a", "b")):
        return _translations(game, batch)
    if isinstance(game, Completes) and game.spec["x"].kind == "image":
        return _completions(game, batch)
    return None


def seen(data: Any, game: Game | None = None, *, batch_size: int = 64, seed: int = 0) -> Image | None:
    """The data as the discriminator gets it; None if there is no picture of it.

    The first batches of a run, in their order, cropped and mirrored as they are dealt, through the game's augmentation
    if it has one, as strong as it is at the start.

    Args:
        data: What to learn from.
        game: The game; None shows what data deals.
        batch_size: Samples in a batch; fewer if the data has fewer.
        seed: What the run's order follows from.
    """
    fields = {name: data.spec[name] for name in ("x", "a", "b") if name in data.spec}
    if not fields or any(field.kind not in pictures.KINDS for field in fields.values()):
        return None
    count = max(4, min(64, (_WIDE // max(fields[next(iter(fields))].shape[-2:])) ** 2)) if "x" in fields else 8
    rows = {name: _dealt(data, name, game, count, min(batch_size, len(data)), seed) for name in fields}
    if "x" in rows:
        return pictures.draw(rows["x"], fields["x"])
    return pictures.draw_rows(list(rows.items()), list(fields.values()))


def _dealt(data: Any, name: str, game: Game | None, count: int, size: int, seed: int) -> Tensor:
    """The first samples of a field as they are dealt, augmented."""
    augmented = getattr(game, "augmented", None) if name == "x" else None
    device = torch.device("cpu") if game is None else game.device
    found: list[Tensor] = []
    with torch.no_grad(), seeded(device, mix(seed, 0)):
        for batch in itertools.islice(data.batches(size, seed=seed), math.ceil(count / size)):
            x = batch[name].to(device)
            found.append((x if augmented is None else augmented(x)).cpu())
    return torch.cat(found)[:count]


def _samples(game: Samples, field: Field, batch: Batch) -> Image:
    count = {"points": 1000, "image": 64}.get(field.kind, 16)
    classes = game.conditions["y"].classes if "y" in game.conditions else 0
    if field.kind == "image" and 0 < classes <= 16:
        # A square grid then has a column for each class.
        count = classes**2
    samples = game.sample(count, seed=0, **_asked(game.conditions, batch, count)).float().cpu()
    return pictures.draw(samples, field, data=batch["x"].cpu() if field.kind == "points" else None)


def _asked(conditions: Mapping[str, Field], batch: Batch, count: int) -> dict[str, Any]:
    """Every class in turn; for other conditions that the data holds, those of its first samples."""
    rows: dict[str, Any] = {}
    for name, field in conditions.items():
        if field.kind == "label":
            rows[name] = torch.arange(count) % field.classes
        elif name in batch:
            rows[name] = batch[name].repeat(math.ceil(count / len(batch[name])), *[1] * len(field.shape))[:count]
    return rows


def _translations(game: Any, batch: Batch) -> Image:
    rows, fields = [], []
    with evaluating(game), torch.no_grad():
        for target in sorted(game.targets, reverse=True):
            source = {"a": "b", "b": "a"}[target]
            shown = batch[source][:8].to(game.device)
            rows += [(source, shown.cpu()), (f"{source} to {target}", game.translate(shown, target).cpu())]
            fields += [game.spec[source], game.spec[target]]
    return pictures.draw_rows(rows, fields)


def _completions(game: Any, batch: Batch) -> Image:
    x = batch["x"][:8].to(game.device)
    with evaluating(game), torch.no_grad(), seeded(game.device, mix(0, 0)):
        mask = game.holes(x)
        whole = game.complete(x, mask)
    hole = completed(x, mask, torch.zeros_like(x))
    rows = [("image", x.cpu()), ("hole", hole.cpu()), ("completion", whole.float().cpu())]
    return pictures.draw_rows(rows, game.spec["x"])
