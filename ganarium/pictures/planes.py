r"""A game of points in the plane, as lectures draw it.

Up to four panels with the same axes, in the data's own units: samples on the data; the discriminator's field
:math:`F(x)`, with a line where it is undecided; what becomes of a grid of latents under :math:`G`; and where samples
are pushed, along :math:`\nabla_x F(x)` (against it for an energy), which is the direction of minus the gradient of the
generator's loss wherever that loss falls as the score rises.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ganarium.game import Game, Samples, Scores, evaluating
from ganarium.ingredients import NonSaturating
from ganarium.pictures.plots import DATA, INK, SAMPLES, limits, rendered
from ganarium.randomness import mix, seeded
from ganarium.spec import Field

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

__all__ = ["plane", "pushes"]

_FINE = 121  # points of the field along a side
_ARROWS = 150
_GRID = 21  # lines of the latent grid in each direction
_REACH = 2.0  # standard deviations of the latent that a plane through it spans, to each side
_STEPS = 400  # points of such a line: from mode to mode, G is steep
_ACROSS, _ALONG = "#0072b2", "#e69f00"

#: A title, and what draws below it.
_Panel = tuple[str, Callable[["Axes"], None]]


@dataclass(frozen=True)
class _Scene:
    """What all panels share: the game, points in its own units, and the window in the data's."""

    game: Any
    field: Field
    data: Tensor
    samples: Tensor
    window: tuple[float, float, float, float]

    @property
    def logits(self) -> bool:
        """Whether scores are the logits of a probability."""
        return isinstance(getattr(self.game, "objective", None), NonSaturating)

    def scores(self, x: Tensor) -> Tensor:
        """What the discriminator says of points, higher for data."""
        sign = -1.0 if self.game.energy else 1.0
        return torch.cat([sign * self.game.score(part).detach().float().cpu() for part in x.split(2048)])

    def inside(self, own: Tensor) -> Tensor:
        """Points in the data's own units as the game sees them."""
        zero, one = (self.field.restore(value(2)) for value in (torch.zeros, torch.ones))
        return ((own - zero) / (one - zero)).to(self.game.device)


def plane(game: Game, data: Any, *, count: int = 1000, seed: int = 0) -> Image:
    """A picture of a game of points of two coordinates.

    Panels that need what a game does not have are left out: the field and the pushes need scores, the map of the
    latent needs ``latents`` and ``decode``.

    Args:
        game: The game.
        data: What it is trained on.
        count: Samples, and points of the data at most.
        seed: What samples and latents follow from. None of them is chosen.

    Raises:
        ValueError: if the game does not draw samples, or they are no points of two coordinates.
    """
    from matplotlib.figure import Figure

    scene = _scene(game, data, count, seed)
    drawn: list[_Panel] = [("samples (red) on the data (grey)", lambda axes: _samples(axes, scene))]
    with evaluating(game), seeded(game.device, mix(seed, 1)):
        if isinstance(game, Scores):
            drawn.append(_field(scene))
        if (found := _map(scene, seed)) is not None:
            drawn.append(found)
        if isinstance(game, Scores):
            drawn.append(("where samples are pushed:\nlengths are relative, long ones are cut", _arrows(scene)))
        columns = min(2, len(drawn))
        down = math.ceil(len(drawn) / columns)
        figure = Figure(figsize=(5 * columns, 5.2 * down), dpi=100, layout="constrained", facecolor="white")
        grid = figure.subplots(down, columns, squeeze=False).flatten()
        for axes, (title, draw) in zip(grid, drawn, strict=False):
            draw(axes)
            _frame(axes, scene, title)
        for axes in grid[len(drawn) :]:
            axes.set_axis_off()
        return rendered(figure)


def pushes(game: Any, x: Tensor) -> Tensor:
    r"""Where points are pushed: the gradient of their scores, sign flipped for energies, of shape (N, D).

    Args:
        game: A game that scores.
        x: Points of shape (N, D), as the game sees them.
    """
    with evaluating(game), torch.enable_grad():
        x = x.detach().to(game.device).requires_grad_()
        slope = torch.autograd.grad(game.score(x).sum(), x)[0]
    return (-slope if game.energy else slope).detach().cpu()


def _scene(game: Any, data: Any, count: int, seed: int) -> _Scene:
    field = game.spec.get("x")
    if field is None or field.kind != "points" or field.size != 2:
        have = "has no field 'x'" if field is None else f"plays on {field}"
        raise ValueError(f"The plane shows games of points of two coordinates; {type(game).__name__} {have}.")
    if not isinstance(game, Samples):
        raise ValueError(f"The plane shows games that draw samples; {type(game).__name__} draws none.")
    generator = torch.Generator().manual_seed(mix(seed, 2))
    places = torch.randperm(len(data), generator=generator)[:count]
    x = data.gather(places)["x"].float().cpu()
    samples = game.sample(count, seed=seed).float().cpu()
    (left, right), (bottom, top) = (limits(along) for along in field.restore(x).T)
    half = max(right - left, top - bottom) / 2
    middle = (left + right) / 2, (bottom + top) / 2
    return _Scene(game, field, x, samples, (middle[0] - half, middle[0] + half, middle[1] - half, middle[1] + half))


def _samples(axes: Axes, scene: _Scene) -> None:
    _dots(axes, scene, scene.data, DATA, 5)
    _dots(axes, scene, scene.samples, SAMPLES, 5)


def _dots(axes: Axes, scene: _Scene, x: Tensor, colour: str, size: float, alpha: float = 0.6) -> None:
    axes.scatter(*scene.field.restore(x).T.numpy(), s=size, c=colour, alpha=alpha, linewidths=0)


def _field(scene: _Scene) -> _Panel:
    """The field as colours around the line where it is undecided: logit 0, or halfway between the mean scores."""
    left, right, bottom, top = scene.window
    horizontal, vertical = torch.linspace(left, right, _FINE), torch.linspace(bottom, top, _FINE)
    own = torch.cartesian_prod(horizontal, vertical)
    scores = scene.scores(scene.inside(own)).reshape(_FINE, _FINE).T
    if scene.logits:
        height, middle = scores.sigmoid(), 0.5
        title = "D(x): above 1/2 (blue), below (red), and 1/2 (line)"
    else:
        ends = [scene.scores(x.to(scene.game.device)).mean().item() for x in (scene.data, scene.samples)]
        height, middle = scores, sum(ends) / 2
        what = "minus the energy" if scene.game.energy else "score"
        title = f"{what}: high (blue), low (red); line: halfway between\nthe means over data and over samples"
    span = float((height - middle).abs().flatten().nan_to_num(0.0).quantile(0.98)) or 1.0
    title += f"\ncolours from {middle - span:.3g} to {middle + span:.3g}"

    def draw(axes: Axes) -> None:
        line: Any = {"colors": INK, "linewidths": 1.2, "linestyles": "solid"}
        colours: Any = {"cmap": "RdBu", "vmin": middle - span, "vmax": middle + span, "interpolation": "bilinear"}
        axes.imshow(height.numpy(), extent=scene.window, origin="lower", **colours)
        if float(height.min()) < middle < float(height.max()):
            axes.contour(horizontal.numpy(), vertical.numpy(), height.numpy(), [middle], **line)
        _dots(axes, scene, scene.data, "#555555", 2, 0.5)

    return title, draw


def _map(scene: _Scene, seed: int) -> _Panel | None:
    """What the generator makes of a grid of latents; None if the game has no latents to decode."""
    game = scene.game
    if not (hasattr(game, "latents") and hasattr(game, "decode")):
        return None
    with torch.no_grad(), seeded(game.device, mix(seed, 3)):
        z = game.latents(2000)
        if z.ndim != 2 or z.shape[1] < 2:
            return None
        axes, title = _latent_axes(z)
        title += f"\n{' and '.join(_conditions(scene))} at 0" if _conditions(scene) else ""
        lines = [_decoded(scene, line) for line in _latent_lines(z, axes)]

    def draw(axes: Axes) -> None:
        _dots(axes, scene, scene.data, DATA, 3, 0.4)
        for place, line in enumerate(lines):
            axes.plot(*line.T.numpy(), color=_ACROSS if place < _GRID else _ALONG, linewidth=0.8, alpha=0.85)

    return title, draw


def _latent_axes(z: Tensor) -> tuple[Tensor, str]:
    """Two orthonormal directions of the latent: its coordinates, or random ones where there are more than two."""
    size = z.shape[1]
    if size == 2:
        return torch.eye(2, dtype=z.dtype, device=z.device), "G of a grid of the latent"
    random = torch.randn(size, 2, dtype=z.dtype).to(z.device)
    title = f"G of a grid in a random plane\nthrough the middle of the latent's {size} coordinates"
    return torch.linalg.qr(random)[0].T, title


def _latent_lines(z: Tensor, axes: Tensor) -> list[Tensor]:
    """The lines of a grid in the plane of the axes, first those along one, then along the other, of shape (K, Z)."""
    middle, spread = z.mean(0), z.std(0).mean()
    steps = torch.linspace(-_REACH, _REACH, _GRID, dtype=z.dtype, device=z.device) * spread
    along = torch.linspace(-_REACH, _REACH, _STEPS, dtype=z.dtype, device=z.device)[:, None] * spread
    low, high = z.min(0).values, z.max(0).values  # of a law with an end, no latent lies beyond it
    made = [along * axes[i] + step * axes[1 - i] + middle for i in (0, 1) for step in steps]
    return [line.clamp(low, high) for line in made]


def _decoded(scene: _Scene, z: Tensor) -> Tensor:
    # One condition for all: with another drawn for each latent, neighbours would not be neighbours.
    fixed = {
        name: torch.zeros(len(z), *field.shape, dtype=torch.long if field.counts else z.dtype, device=z.device)
        for name, field in _conditions(scene).items()
    }
    return scene.field.restore(scene.game.decode(z, **fixed).float().cpu())


def _conditions(scene: _Scene) -> Mapping[str, Field]:
    return getattr(scene.game, "conditions", {})


def _arrows(scene: _Scene) -> Callable[[Axes], None]:
    x = scene.samples[:_ARROWS]
    start = scene.field.restore(x)
    slope = pushes(scene.game, x)
    # The push is in the units that the game sees; a step along it is drawn in the data's.
    step = scene.field.restore(x + slope) - start
    longest = float(step.norm(dim=1).nan_to_num(0.0).quantile(0.9)) or 1.0
    cut = (1.5 * longest / step.norm(dim=1, keepdim=True).clamp_min(1e-30)).clamp_max(1.0)
    step = step * cut * (0.1 * (scene.window[1] - scene.window[0]) / longest)

    def draw(axes: Axes) -> None:
        _dots(axes, scene, scene.data, DATA, 3, 0.4)
        _dots(axes, scene, x, SAMPLES, 6, 0.9)
        exact: Any = {"angles": "xy", "scale_units": "xy", "scale": 1.0}
        axes.quiver(*start.T.numpy(), *step.T.numpy(), **exact, color=INK, width=0.0035, alpha=0.8)

    return draw


def _frame(axes: Axes, scene: _Scene, title: str) -> None:
    left, right, bottom, top = scene.window
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal", adjustable="box")
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.tick_params(colors=INK, labelsize=8, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#999999")
