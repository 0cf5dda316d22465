"""What every game keeps that has an ability."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ganarium.contract.broken import Inapplicable, expect, holds
from ganarium.contract.plays import toy, toy_batch, toy_data
from ganarium.engine.trainer import Trainer
from ganarium.game import Classifies, Completes, Decodes, Density, Encodes, Game, Samples, Scores, evaluating
from ganarium.randomness import mix, seeded

__all__ = ["PROMISES", "promise"]

#: What is looked at of games that have an ability, by the ability.
PROMISES: dict[type, Callable[[Any, Any], None]] = {}


def promise(ability: type) -> Callable[[Callable[[Any, Any], None]], Callable[[Any, Any], None]]:
    """Mark a function, of a game and four samples ``x``, as what an ability promises."""

    def mark(check: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        PROMISES[ability] = check
        return check

    return mark


def _shape(what: str, found: Any, wanted: tuple[int, ...]) -> None:
    whole = tuple(found.shape) if len(wanted) == found.ndim else tuple(found.shape[: len(wanted)])
    expect(whole == wanted, f"{what} has the shape {tuple(found.shape)}; it promises {wanted}.")


@promise(Samples)
def _samples(game: Any, x: Any) -> None:
    samples = game.sample(5, seed=3)
    _shape("sample(5)", samples, (5, *game.spec["x"].shape))
    expect(torch.equal(samples, game.sample(5, seed=3)), "two draws with one seed differ.")
    expect(not torch.equal(samples, game.sample(5, seed=4)), "draws with two seeds are the same.")
    apart = (samples - game.sample(33, seed=3)[:5]).abs().max()
    expect(apart < 1e-4, "five samples are not the first five of more with one seed.")
    expect(game.training, "sampling left the networks in evaluation mode.")


@promise(Scores)
def _scores(game: Any, x: Any) -> None:
    found = game.score(x)
    expect(found.shape == (4,), f"score of four samples has the shape {tuple(found.shape)}; it promises (4,).")


@promise(Encodes)
def _encodes(game: Any, x: Any) -> None:
    _shape("encode of four samples", game.encode(x), (4,))


@promise(Density)
def _density(game: Any, x: Any) -> None:
    found = game.log_prob(x)
    expect(found.shape == (4,), f"log_prob of four samples has the shape {tuple(found.shape)}; it promises (4,).")


@promise(Classifies)
def _classifies(game: Any, x: Any) -> None:
    _shape("classify of four samples", game.classify(x), (4,))


@promise(Completes)
def _completes(game: Any, x: Any) -> None:
    kept = torch.equal(game.complete(x, torch.ones_like(x)), x)
    expect(kept, "complete changes pixels that are known, where the mask is 1.")


@holds("abilities return what they promise")
def abilities(kind: type[Game]) -> None:
    game = toy(kind)
    x = toy_batch(game, 4).get("x")
    with torch.no_grad():
        for ability, check in PROMISES.items():
            if isinstance(game, ability):
                check(game, x)


@holds("sampling does not touch the global stream of random numbers")
def stream(kind: type[Game]) -> None:
    game = toy(kind)
    if not isinstance(game, Samples):
        raise Inapplicable("draws no samples")
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    game.sample(2, seed=1)
    expect(torch.equal(torch.rand(3), expected), "sampling with a seed moves the global stream.")


@holds("samples follow from latents without a jump")
def latents(kind: type[Game]) -> None:
    game: Any = toy(kind)
    if not issubclass(kind, Decodes):
        raise Inapplicable("decodes no latents")
    with evaluating(game):
        with seeded(game.device, mix(3, 0)):
            z, asked = game.undecoded(5, 256, {})
        expect(asked.keys() == game.conditions.keys(), "choose(n) does not choose all conditions.")
        expect(z.ndim == 2, f"latents have the shape {tuple(z.shape)}; they are (n, Z).")
        z.requires_grad_()
        x = game.decode(z, **asked)
        (gradient,) = torch.autograd.grad(x.square().sum(), z)
        _shape("decode of five latents", x, (5, *game.spec["x"].shape))
        expect(torch.equal(x, game.decode(z, **asked)), "decode draws noise of its own: of one latent, two samples.")
    expect((gradient.abs().sum(1) > 0).all(), "decode has no gradient in some latents.")
    with evaluating(game), torch.no_grad():
        drawn = torch.equal(game.decode(z, **asked), game.sample(5, seed=3))
        expect(drawn, "sample does not draw latents, then choose conditions, then decode.")


@holds("the critic scores data above samples after moves of its own")
def critic(kind: type[Game]) -> None:
    game: Any = toy(kind)
    if not issubclass(kind, Scores):
        raise Inapplicable("scores nothing")
    data = toy_data(game)
    _critics_move(game, data)
    game.eval()
    batch = next(data.batches(256))
    asked = {name: batch[name] for name in getattr(game, "conditions", {}) if name in batch}
    with torch.no_grad():
        real = game.score(batch["x"], **asked).mean()
        if issubclass(kind, Samples):
            made = game.sample(256, seed=0, **asked)
        else:
            made = game.complete(batch["x"], game.holes(batch["x"]))
        fake = game.score(made, **asked).mean()
    wanted = "lower" if game.energy else "higher"
    expect(
        (real < fake) if game.energy else (real > fake),
        f"after 150 moves of discriminator or critic, data score {real:.4g} and samples {fake:.4g}; data should score "
        f"{wanted}. Look at the signs of its loss; for an energy, say energy = True.",
    )


def _critics_move(game: Any, data: Any) -> None:
    trainer = Trainer(game)
    for stage in range(len(trainer.stages)):
        trainer.stage = stage
        trainer._take_seats()
        seats: list[Any] = [seat for seat in trainer._seats if seat.player.name in ("discriminator", "critic")]
        for batch, _ in zip(data.batches(64), range(150), strict=False):
            for seat in seats:
                seat.step(seat.gradient(batch, 1)[1])
