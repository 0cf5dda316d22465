"""``ganarium complete``: holes in images, filled by a trained game."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ganarium.cli.commands.base import verb
from ganarium.cli.commands.loading import of_data

if TYPE_CHECKING:
    from torch import Tensor

    from ganarium.ingredients import Holes
    from ganarium.spec import Field

__all__ = ["complete"]

_SHOWN = 16  # images in the grid


@verb(
    "complete",
    says="RUN --data FOLDER",
    about="fill holes in images: random ones, or those that a mask says",
    group="what a trained game does",
    takes="run",
    more="options_of",
)
def complete(
    run: str,
    data: str = "",
    split: Literal["all", "train", "test"] = "all",
    count: int = 16,
    each: int = 3,
    mask: str = "",
    seed: int | None = None,
    out: Path = Path("completed"),
    weights: Literal["average", "last"] = "average",
    checkpoint: str = "latest",
    **more: Any,
) -> int:
    """Fill holes in images.

    Args:
        run: The run's folder, or its name under ./runs.
        data: The images: a folder or zip file, which is read at the run's size, or any data; what the run was trained
            on if left out.
        split: Which part of the data.
        count: How many images.
        each: How many completions of each image.
        holes: Where they are not known; as the run was trained, if left out.
        mask: A picture that says where, for all images: black or transparent is the hole. It takes the place of holes.
        seed: Makes the holes and the completions a function of this number.
        out: Where to: a folder (grid.png, and in a folder for the first completions, the second ones and so on a file
            for each image), x.png (the grid), or x.npz (arrays "x" and "completion" in [-1, 1], and "mask").
        weights: The averaged networks, or those of the last round.
        checkpoint: Of which checkpoint: latest, best, or a round.
    """
    from ganarium.cli.commands.abilities import able, batch_of
    from ganarium.game import Completes
    from ganarium.ingredients import read_mask

    if each < 1:
        raise ValueError(f"At least one completion of each image; got each={each}.")
    loaded, game = able(run, Completes, "complete", weights=weights, checkpoint=checkpoint)
    field = loaded.spec["x"]
    given = read_mask(mask, (field.shape[1], field.shape[2])) if mask else None
    x = batch_of(loaded, data, split, "x", count, {name: value for name, value in more.items() if name != "holes"})["x"]
    known, made = filled(game, x, given, more["holes"], each, seed)
    write(x, known, made, field, out)
    print(f"{len(x)} images, {each} completion{'s' if each > 1 else ''} of each: {out}")
    return 0


def options_of(run: str, words: Sequence[str] = ()) -> list[Any]:
    """The option of the holes, which are as the run was trained if nobody says otherwise; and those of the data."""
    from ganarium.arguments.forms import Row
    from ganarium.cli.commands.abilities import able
    from ganarium.game import Completes
    from ganarium.ingredients import Holes

    _, game = able(run, Completes, "complete")
    holes = Row("holes", Holes, game.holes, "Where the images are not known; by default as the run was trained.")
    return [holes, *of_data(run, words)]


def filled(
    game: Any, x: Tensor, mask: Tensor | None, holes: Holes, each: int, seed: int | None
) -> tuple[Tensor, Tensor]:
    """The masks (N, 1, H, W) of images, and their completions (each, N, C, H, W)."""
    import torch

    from ganarium.game import evaluating
    from ganarium.randomness import mix, seeded

    with evaluating(game), torch.no_grad():
        with seeded(torch.device("cpu"), None if seed is None else mix(seed, 0)):
            known = holes(x) if mask is None else mask.expand(len(x), -1, -1, -1)
        made = []
        for turn in range(each):
            with seeded(game.device, None if seed is None else mix(seed, 1, turn)):
                parts = zip(x.split(256), known.split(256), strict=True)
                made.append(torch.cat([game.complete(a.to(game.device), m.to(game.device)).cpu() for a, m in parts]))
    return known, torch.stack(made)


def write(x: Tensor, mask: Tensor, made: Tensor, field: Field, out: Path) -> None:
    """Write completions as a folder, a grid or arrays."""
    import numpy as np

    from ganarium import pictures
    from ganarium.files import ending, write_whole
    from ganarium.ingredients import completed

    if ending(out) == ".npz":
        images, known, completions = x.numpy(), mask.numpy(), made.transpose(0, 1).numpy()
        write_whole(out, lambda file: np.savez(file, x=images, mask=known, completion=completions))
        return
    nothing = completed(x, mask, x.new_zeros(()).expand_as(x))
    rows = [("image", x[:_SHOWN]), ("hole", nothing[:_SHOWN])]
    rows += [(f"completion {number}", each[:_SHOWN]) for number, each in enumerate(made, 1)]
    grid = pictures.draw_rows(rows, field)
    if ending(out):
        pictures.save(grid, out)
        return
    names = [f"completion-{number}" for number in range(1, len(made) + 1)]
    others = sorted({entry.name for entry in out.iterdir()} - {*names, "grid.png"}) if out.is_dir() else []
    if others:
        raise ValueError(f"The folder {out} holds other things, such as {others[0]}. Give a new or empty folder.")
    for name, each in zip(names, made, strict=True):
        pictures.write_samples(each, field, out / name)
    pictures.save(grid, out / "grid.png")
