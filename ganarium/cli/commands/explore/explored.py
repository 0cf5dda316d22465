"""What walks of a run's latent start from and end in: the run, its samples by number, images; a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ganarium import data as datasets
from ganarium import pictures
from ganarium.cli.commands.abilities import part_of
from ganarium.cli.commands.explore.pictures import picture
from ganarium.cli.commands.on_runs import value
from ganarium.data.files.scan import Unusable
from ganarium.data.loading import is_folder
from ganarium.files import ending
from ganarium.game import Decodes
from ganarium.running.run import Run, data_of, load
from ganarium.spec import Field, Spec
from ganarium.zoo import index

__all__ = ["Explored", "Part", "Weights", "numbers", "opened"]

Part = Literal["all", "train", "test"]
Weights = Literal["average", "last"]


@dataclass(frozen=True)
class Explored:
    """A run whose latent is walked.

    Args:
        run: The run.
        game: Its game.
        out: Where what is found is written.
        condition: What samples were asked to have.
    """

    run: Run
    game: Any
    out: Path
    condition: dict[str, Any]

    @property
    def field(self) -> Field:
        """What the samples are."""
        return self.run.spec["x"]

    def data(self, part: Part | None = None) -> Any:
        """The data of the run; or a part of it.

        Raises:
            ValueError: if the run's data has no name, or is no longer what it was.
        """
        config = self.run.config
        if config["data"] is None:
            raise ValueError("This run was trained on data that has no name, and so its samples cannot be found.")
        data = data_of(config if part is None else part_of(config, part))
        if data.spec["x"].shape != self.field.shape:
            raise ValueError(f"The run plays on {self.field}, and its data is now {data.spec['x']}.")
        return data

    def seen(self, part: Part) -> str:
        """A remark, where the run was trained on that part of the data."""
        source = self.run.config["data"] or {}
        trained = source.get("options", {}).get("split", "all")
        return " (which it was trained on)" if trained in ("all", part) or part == "all" else ""

    def behind(self) -> Tensor | None:
        """Points to show behind paths."""
        if self.field.kind != "points" or self.run.config["data"] is None or ending(self.out) == ".npz":
            return None
        data = self.data()
        return next(iter(data.sweep(min(2000, len(data)))))["x"].cpu()

    def images(self, paths: Sequence[str], count: int) -> Tensor:
        """Images of files, folders and zip files, as the run's game sees them: (n, C, H, W), n at most ``count``.

        Raises:
            ValueError: if the run is not of images of 1 or 3 channels, or one cannot be read.
        """
        field = self.field
        if field.kind != "image" or field.shape[0] not in (1, 3):
            raise ValueError(f"Images of your own are fitted to grey or coloured ones; this run has {field}.")
        found: list[Tensor] = []
        for path in paths:
            if not is_folder(path) or not Path(path).exists():
                raise ValueError(f"There is no image {path}.")
            if (room := count - sum(map(len, found))) > 0:
                try:
                    found.append(datasets.like(path, Spec(x=field), limit=room, skip=0.0)["x"])
                except Unusable as error:
                    reason, names = next(iter(error.scan.skipped.items()))
                    raise ValueError(f"The image {names[0]} cannot be read: {reason}.") from None
        return torch.cat(found)

    def write(self, labels: Sequence[str], samples: Tensor, shown: Callable[[], Any] | None = None, **arrays: Any):
        """The walk as a picture; or as an .npz file of samples in the data's own units and other arrays.

        Args:
            labels: One for each row.
            samples: Of shape (n, T, \\*shape).
            shown: What makes the picture, if it is not rows of the samples.
            arrays: What else an .npz file holds: latents, distances.
        """
        if ending(self.out) == ".npz":
            plain = {name: rows.numpy() if isinstance(rows, Tensor) else rows for name, rows in arrays.items()}
            _save_arrays(self.out, {"samples": self.field.restore(samples).numpy(), **plain})
        else:
            image = shown() if shown else picture(labels, samples, self.field, self.behind())
            pictures.save(image, self.out)


def opened(run: str, out: Path, weights: Weights, checkpoint: str, condition: Mapping[str, str | None]) -> Explored:
    """A run, ready to be walked.

    Raises:
        ValueError: if its game does not decode, or the file would have no known type.
    """
    from PIL.Image import registered_extensions

    loaded = load(run, weights=weights, checkpoint=checkpoint)
    game: Any = loaded.game
    if not isinstance(game, Decodes):
        able = ", ".join(index.with_ability("decode"))
        raise ValueError(f"{type(game).__name__} has no latent to walk. These games do: {able}.")
    if ending(out) not in (".npz", *registered_extensions()):
        raise ValueError(f"Walks are written to a .png file, or as arrays to an .npz file; got {out.name}.")
    asked = {name: value(text, game.conditions.get(name)) for name, text in condition.items() if text is not None}
    return Explored(loaded, game, out, asked)


def numbers(text: str, what: str, kind: type = int) -> list[Any]:
    """Numbers that are written with commas between them.

    Raises:
        ValueError: if they are no such numbers.

    Example:
        >>> numbers("3,17,20", "--with")
        [3, 17, 20]
    """
    try:
        return [kind(word) for word in text.replace(",", " ").split()]
    except ValueError:
        raise ValueError(f"{what} takes numbers with commas between them, such as 3,17,20; got {text!r}.") from None


def _save_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write under a temporary name, then rename."""
    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            np.savez(file, **arrays)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
