r"""Numbers that take long or are of history, measured when they are asked for.

* *Classification accuracy*: a classifier learns from generated samples and the labels that they were asked for, and is
  tested on real data (Ravuri and Vinyals, 2019).
* *Path length*: how far features move for a small step along a path between two latents (Karras et al., 2019),

  .. math:: \mathbb E\, \bigl|\phi(G(s(z_1, z_2, t))) - \phi(G(s(z_1, z_2, t + \epsilon)))\bigr|^2 / \epsilon^2,

  on features of ours and not on LPIPS, with :math:`\epsilon = 10^{-2}`: at :math:`10^{-4}` single precision cancels.
* *Parzen*: the mean log-likelihood of held-out data, in nats, under Gaussians around the samples, as GANs were judged
  in 2014. In many dimensions it says little about samples (Theis, van den Oord, Bethge, 2016); it is here for the
  tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganarium.game import Decodes, evaluating
from ganarium.metrics.catalogue import metric
from ganarium.metrics.features import Features, to_side
from ganarium.metrics.judge import Judge
from ganarium.metrics.learned import taught
from ganarium.metrics.looks import CHUNK, Rows
from ganarium.metrics.neighbours import Pair, mean_and_error
from ganarium.metrics.stamp import Number
from ganarium.randomness import mix, seeded
from ganarium.spec import Field
from ganarium.zoo import index

__all__ = ["Asked", "accuracy", "parzen", "path_length"]

_STEP = 1e-2
_PATHS = 1000
_BLOCK = 256


def accuracy(made: Tensor, labels: Tensor, real: Tensor, truth: Tensor, field: Field, classes: int, seed: int) -> Pair:
    """The share of real images that a classifier of samples (n, C, H, W) and labels (n,) names rightly."""
    prepare, _ = to_side(field)
    eye = taught(prepare(made), labels, classes, seed)
    with torch.no_grad():
        named = torch.cat([eye(prepare(part))[1].argmax(1) for part in real.split(_BLOCK)])
    return mean_and_error(named == truth, 100, seed)


def path_length(game: Any, features: Features, seed: int, paths: int = _PATHS) -> Pair:
    """The path length of a game that decodes latents, without the longest and the shortest hundredth."""
    from ganarium.latent.walks import slerp

    lengths = []
    with evaluating(game), torch.no_grad():
        for start in range(0, paths, _BLOCK):
            with seeded(game.device, mix(seed, 22, start)):
                n = min(_BLOCK, paths - start)
                a, b = game.latents(n), game.latents(n)
                t = torch.rand(n, 1, device=a.device) * (1 - _STEP)
                # Both ends are asked for the same.
                asked = game.choose(n)
            ways = [torch.vmap(slerp)(a, b, at)[:, 0] for at in (t, t + _STEP)]
            here, there = (features.embed(game.decode(z, **asked).cpu())[0] for z in ways)
            lengths.append((here - there).double().square().sum(1) / _STEP**2)
    found = torch.cat(lengths)
    low, high = torch.quantile(found, 0.01), torch.quantile(found, 0.99)
    return mean_and_error(found[(found >= low) & (found <= high)], 100, seed)


def parzen(made: Tensor, validation: Tensor, test: Tensor) -> Pair:
    """The mean log-likelihood of test rows (n, d), in nats, and its standard error.

    The Gaussians' width is the one, of ten from 1 % to 100 % of the data's spread, that suits the validation rows best.
    """
    made, validation, test = (rows.double() for rows in (made, validation, test))
    spread = float(validation.std(0).square().mean().sqrt())
    widths = [spread * 10 ** (-2 + 2 * step / 9) for step in range(10)]
    best = max(widths, key=lambda width: float(_log_likelihood(validation, made, width).mean()))
    found = _log_likelihood(test, made, best)
    return float(found.mean()), float(found.std()) / math.sqrt(len(found))


def _log_likelihood(x: Tensor, centres: Tensor, width: float) -> Tensor:
    d = x.shape[1]
    constant = math.log(len(centres)) + d * math.log(width) + d / 2 * math.log(2 * math.pi)
    parts = [(-torch.cdist(part, centres).square() / (2 * width**2)).logsumexp(1) for part in x.split(_BLOCK)]
    return torch.cat(parts) - constant


@dataclass(frozen=True)
class Asked:
    """What is measured when it is asked for.

    Args:
        judge: What samples are judged by.
        game: The game; None if there are only samples.
        made: The first block of its samples, looked at.
        count: How many samples are judged.
        seed: What every choice follows from.
        notes: Where what could not be measured is noted, and why.
    """

    judge: Judge
    game: Any
    made: Rows
    count: int
    seed: int
    notes: list[str]


@metric("accuracy", better="higher", about="of a classifier that learned from samples alone, on real data", asked=True)
def _accuracy(asked: Asked) -> list[Number]:
    """Classification accuracy score; its floor is that of real data with as many labels."""
    judge, game = asked.judge, asked.game
    data, field = judge.data, judge.data.spec[judge.field]
    if "y" not in getattr(game, "conditions", {}) or "y" not in data.spec or field.kind != "image":
        raise ValueError(
            "accuracy takes images that were asked for by their label: a conditional game, such as cgan, and data "
            f"with labels. {type(game).__name__} on {data.name} is none."
        )
    classes = data.spec["y"].classes
    with seeded(torch.device("cpu"), mix(asked.seed, 24)):
        labels = data.spec["y"].draw(asked.count)
    drawn = [
        game.sample(len(part), seed=mix(asked.seed, 23, place), y=part).cpu()
        for place, part in enumerate(labels.split(CHUNK))
    ]
    batches = [data.gather(part) for part in (judge.sources, judge.places)]
    (x, y), (real_x, real_y) = ((batch["x"].cpu(), batch["y"].cpu()) for batch in batches)
    pair = accuracy(torch.cat(drawn), labels, x, y, field, classes, asked.seed)
    floor, _ = accuracy(real_x, real_y, x, y, field, classes, asked.seed)
    return [judge.number("accuracy", pair, "higher", judge.features[0], asked.count, floor)]


@metric("path-length", better="lower", about="how far features move for a small step between latents", asked=True)
def _path_length(asked: Asked) -> list[Number]:
    game, first = asked.game, asked.judge.features[0]
    if not isinstance(game, Decodes):
        able = ", ".join(index.with_ability("decode"))
        raise ValueError(f"{type(game).__name__} decodes no latents, which path-length takes. These do: {able}.")
    return [asked.judge.number("path-length", path_length(game, first, asked.seed), "lower", first, asked.count)]


@metric(
    "parzen",
    better="higher",
    about="the log-likelihood of data under Gaussians around samples, in nats; for history",
    asked=True,
)
def _parzen(asked: Asked) -> list[Number]:
    judge = asked.judge
    others = judge.others(judge.reference)
    flat = next((each for each in judge.features if each.name in ("coordinates", "pixels")), None)
    if others is None or flat is None:
        asked.notes.append("parzen: it takes the features coordinates or pixels, and other data for a test")
        return []
    rows = [each.features[flat.name] for each in (asked.made, judge.real, others)]
    floor = parzen(judge.real.features[flat.name], *(rows[2].chunk(2)))[0]
    return [judge.number("parzen", parzen(*rows), "higher", flat, len(asked.made), floor)]
