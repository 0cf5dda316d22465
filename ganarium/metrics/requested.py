r"""Numbers that take long or are of history, measured when they are asked for.

* *Classification accuracy*: a classifier learns from generated samples and the labels that they were asked for, and is
  tested on real data that the game did not learn from (Ravuri and Vinyals, 2019).
* *Path length*: how far features move for a small step along a path between two latents (Karras et al., 2019),

  .. math:: \mathbb E\, \bigl|\phi(G(s(z_1, z_2, t))) - \phi(G(s(z_1, z_2, t + \epsilon)))\bigr|^2 / \epsilon^2,

  on features of ours and not on LPIPS, with :math:`\epsilon = 10^{-2}`: at :math:`10^{-4}` single precision cancels.
* *Parzen*: the mean log-likelihood of held-out data, in nats, under Gaussians around the samples, as GANs were judged
  in 2014. In many dimensions it says little about samples (Theis, van den Oord, Bethge, 2016); it is here for the
  tables.

The first and the last take data that was not learned from: the test part, or another draw of a made-up world; of data
that is given for judging, and that nobody says the model learned from, the half that is not the reference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganarium.game import Decodes, evaluating
from ganarium.metrics.catalogue import metric
from ganarium.metrics.errors import SPLITS, of_halves, of_mean
from ganarium.metrics.features import Features, to_side
from ganarium.metrics.judge import COUNT, Judge
from ganarium.metrics.learned import taught
from ganarium.metrics.looks import CHUNK, Rows
from ganarium.metrics.neighbours import Pair
from ganarium.metrics.stamp import Number
from ganarium.randomness import mix, seeded
from ganarium.spec import Field
from ganarium.zoo import index
from ganarium.zoo.index import MetricEntry

__all__ = ["Asked", "accuracy", "measured", "parzen", "path_length"]

_STEP = 1e-2
_PATHS = 1000
_BLOCK = 256


def accuracy(made: Tensor, labels: Tensor, real: Tensor, truth: Tensor, field: Field, classes: int, seed: int) -> Pair:
    """The share of real images that a classifier of samples (n, C, H, W) and labels (n,) names rightly.

    It has no error: how much it would vary with other samples takes many classifiers to tell.
    """
    prepare, _ = to_side(field)
    eye = taught(prepare(made), labels, classes, seed)
    with torch.no_grad():
        named = torch.cat([eye(prepare(part))[1].argmax(1) for part in real.split(_BLOCK)])
    return float((named == truth).double().mean()), None


def path_length(game: Any, features: Features, seed: int, paths: int = _PATHS) -> Pair:
    """The path length of a game that decodes latents, without the longest and the shortest hundredth.

    The error is that of a trimmed mean (Tukey and McLaughlin), from the lengths that are trimmed brought to the rims.
    """
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
    within = found[(found >= low) & (found <= high)]
    return float(within.mean()), of_mean(found.clamp(low, high)) * len(found) / len(within)


def parzen(made: Tensor, validation: Tensor, test: Tensor, resamples: int = SPLITS, seed: int = 0) -> Pair:
    """The mean log-likelihood of test rows (n, d), in nats, and its standard error (:mod:`ganarium.metrics.errors`).

    The Gaussians' width is the one, of ten from 1 % to 100 % of the data's spread, that suits the validation rows best.

    Args:
        made: Samples (m, d).
        validation: Real rows that the width is chosen by.
        test: Others.
        resamples: How many random halves the error is estimated from; 0 estimates none.
        seed: What these follow from.
    """
    made, validation, test = (rows.double() for rows in (made, validation, test))
    spread = float(validation.std(0).square().mean().sqrt())
    widths = [spread * 10 ** (-2 + 2 * step / 9) for step in range(10)]

    def mean(test: Tensor, made: Tensor) -> Tensor:
        best = max(widths, key=lambda width: float(_log_likelihood(validation, made, width).mean()))
        return _log_likelihood(test, made, best).mean()[None]

    error = of_halves(mean, test, made, resamples, seed)[0] if resamples else None
    return float(mean(test, made)), error


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


def measured(entries: Sequence[MetricEntry], asked: Asked) -> list[Number]:
    """The numbers that were asked for; what cannot be measured is noted, with the reason."""
    numbers: list[Number] = []
    for entry in entries:
        try:
            found = entry.call(asked)
        except Exception as error:  # one metric's fault, whatever it is, loses no other
            kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
            asked.notes.append(f"{entry.names[0]}: {kind}{error}")
            continue
        numbers += [number for number in found if math.isfinite(number.value)]
        asked.notes.extend(f"{each.metric} is {each.value}" for each in found if not math.isfinite(each.value))
    return numbers


def _tests(judge: Judge, what: str) -> tuple[Any, Tensor]:
    """Data that was not learned from, and the places of the samples to test with, in random order.

    Raises:
        ValueError: if there is none.
    """
    if judge.unseen is not None:
        order = torch.Generator().manual_seed(mix(judge.seed, 28))
        return judge.unseen, torch.randperm(len(judge.unseen), generator=order)[:COUNT]
    if judge.learned_from:
        raise ValueError(f"{what} is tested on data that was not learned from; train with --data.split train.")
    return judge.data, judge.sources


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
    tests, places = _tests(judge, "It")
    classes = data.spec["y"].classes
    with seeded(torch.device("cpu"), mix(asked.seed, 24)):
        labels = data.spec["y"].draw(asked.count)
    drawn = [
        game.sample(len(part), seed=mix(asked.seed, 23, place), y=part).cpu()
        for place, part in enumerate(labels.split(CHUNK))
    ]
    x, y = _pairs(tests, places)
    pair = accuracy(torch.cat(drawn), labels, x, y, field, classes, asked.seed)
    known = _known(judge, asked.count)
    floor = None if known is None else accuracy(*_pairs(data, known), x, y, field, classes, asked.seed)[0]
    if known is None:
        asked.notes.append(f"accuracy: no floor, for beside the test there are fewer than {asked.count:,} real samples")
    return [judge.number("accuracy", pair, "higher", judge.features[0], asked.count, floor)]


def _known(judge: Judge, count: int) -> Tensor | None:
    """The places of as many real samples, none of which is tested with; None if there are not so many."""
    if judge.unseen is not None:
        known = torch.cat([judge.places, judge.others_at])
        known = known if len(known) >= count else torch.arange(len(judge.data))
    else:
        known = judge.places if judge.sources is not judge.places else judge.places[:0]
    return known[:count] if len(known) >= count else None


def _pairs(data: Any, places: Tensor) -> tuple[Tensor, Tensor]:
    """Images and labels at some places; what has no label is left out."""
    batch = data.gather(places)
    x, y = batch["x"].cpu(), batch["y"].cpu()
    return x[y >= 0], y[y >= 0]


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
    flat = next((each for each in judge.features if each.name in ("coordinates", "pixels")), None)
    if flat is None:
        raise ValueError("It takes the features coordinates or pixels.")
    if judge.unseen is not None:
        held_out = judge.held_out
    else:
        _tests(judge, "It")
        held_out = judge.others(judge.reference)
    if held_out is None:
        raise ValueError("It is tested on real data beside the reference, of which there is none.")
    n = min(len(asked.made), judge.reference)
    real, made = (rows.features[flat.name][:n] for rows in (judge.real, asked.made))
    validation, test = held_out.features[flat.name].double().chunk(2)
    floor = parzen(real, validation, test, resamples=0)[0]
    return [judge.number("parzen", parzen(made, validation, test, seed=asked.seed), "higher", flat, n, floor)]
