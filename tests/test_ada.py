"""Adaptive augmentation: how often it transforms, how its probability moves, and that games hold it rightly."""

from __future__ import annotations

import copy
import inspect
import re
from typing import Any

import pytest
import torch
from torch import Tensor
from zoo import GAMES, can, family, first_of, game_class, marked, players, toy_batch, toy_data

from ganarium.arguments import forms
from ganarium.arguments.misuse import Misuse
from ganarium.engine.trainer import Trainer
from ganarium.game import Classifies, Samples, Scores, Translates
from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.wgan_gp import WGANGP
from ganarium.ingredients import (
    R1,
    Adaptive,
    Brightness,
    DiffAugment,
    Flip,
    Hinge,
    LeastSquares,
    NonSaturating,
    QuarterTurn,
    RelativisticPairs,
    Shift,
    Translation,
    Wasserstein,
    Zoom,
    augmented,
    input_gradient,
)
from ganarium.ingredients.augment.adaptive import Controlled
from ganarium.ingredients.augment.transform import Augmented
from ganarium.nets import Plain
from ganarium.spec import Field, Spec
from ganarium.zoo import options

IMAGE = Field((1, 8, 8), "image")
#: Quick to move, so that a short test sees it.
QUICK = Adaptive(policy=(Translation(), Zoom(), Brightness()), speed=1000, moves=1, start=0.2)
#: Every game that takes the option, and some with others beside it.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in GAMES if "augment" in inspect.signature(game_class(name)).parameters},
    "penalised": ("gan", {"penalties": (R1(),)}),
    "joined": ("gan", {"joined": True}),
    "remembering": ("cyclegan", {"pool": 4}),
}
each_game = pytest.mark.parametrize("name", VARIANTS)
#: What the frame of a game does for all its games, with three of them.
some_games = pytest.mark.parametrize(
    "name", marked(first_of(lambda name: family(VARIANTS[name][0]), VARIANTS, 3), VARIANTS)
)


def built(name: str, augment: Any = QUICK) -> Any:
    """The toy of a game with this option, on images where it plays on points."""
    command, changes = VARIANTS[name]
    toy = game_class(command).toy()
    fields = {key: IMAGE if field.kind == "points" else field for key, field in toy.spec.items()}
    settings = {key: options.read(value) for key, value in options.of_game(toy)[0].items()}
    if settings.get("architecture") == Plain():
        settings["architecture"] = Plain(8)
    torch.manual_seed(0)
    return game_class(command)(Spec(**fields), **{**settings, **changes, "augment": augment})


def seeing(game: Any) -> list[Augmented]:
    """What augments in a game; one for each discriminator."""
    return [module for module in game.modules() if isinstance(module, Augmented)]


def controlled(augment: Adaptive, p: float = 0.0) -> Controlled:
    module = augment.of((1, 8, 8))
    module.p.fill_(p)
    return module


def brighter() -> Adaptive:
    """One transform, which changes every sample that it meets."""
    return Adaptive(policy=(Brightness(),))


# -- the transform -----------------------------------------------------------------------------------------------


def test_at_zero_nothing_changes_and_at_one_everything_does():
    x = torch.randn(500, 1, 8, 8)
    assert torch.equal(Adaptive().of((1, 8, 8))(x), x)
    assert (controlled(brighter(), 1.0)(x) != x).flatten(1).all(1).all()


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_the_share_of_transformed_samples_is_the_probability(p):
    torch.manual_seed(0)
    x = torch.zeros(20_000, 1, 2, 2)
    share = (controlled(brighter(), p)(x) != x).flatten(1).any(1).double().mean().item()
    assert share == pytest.approx(p, abs=4 * (p * (1 - p) / 20_000) ** 0.5)


def test_transforms_are_drawn_independently():
    torch.manual_seed(0)
    x = torch.zeros(20_000, 1, 4, 4)
    # Sums of one and of a hundredth tell which of the two met a sample.
    policy = Adaptive(policy=(Brightness(1.0), Brightness(1e-3)))
    y = controlled(policy, 0.5)(x)[:, 0, 0, 0].abs()
    none, small, large = (y == 0).double().mean(), ((y > 0) & (y <= 1e-3)).double().mean(), (y > 1e-3).double().mean()
    assert none.item() == pytest.approx(0.25, abs=0.015)
    assert small.item() == pytest.approx(0.25, abs=0.015)
    assert large.item() == pytest.approx(0.5, abs=0.015)


# -- the controller ----------------------------------------------------------------------------------------------


def moved(module: Controlled, margins: list[list[float]]) -> list[float]:
    """The probability after each move, on these margins of data."""
    found = []
    for margin in margins:
        module.move(module.watch(torch.tensor(margin)))
        found.append(module.p.item())
    return found


def test_the_probability_follows_the_sign_of_what_exceeds_the_target():
    module = controlled(Adaptive(target=0.5, speed=100, moves=1), 0.5)
    # Mean signs 1, 0, 0.5 and -1, of 4, 4, 4 and 2 samples.
    margins = [[1.0] * 4, [1.0, 2.0, -3.0, -0.1], [1.0, 1.0, 1.0, -1.0], [-1.0, -2.0]]
    assert moved(module, margins) == pytest.approx([0.54, 0.5, 0.5, 0.48])


def test_it_stays_a_probability():
    assert moved(controlled(Adaptive(speed=10, moves=1), 0.9), [[1.0] * 8] * 2) == [1.0, 1.0]
    assert moved(controlled(Adaptive(speed=10, moves=1), 0.1), [[-1.0] * 8] * 2) == [0.0, 0.0]


def test_it_moves_after_as_many_moves_as_asked_by_the_sign_over_all_of_them():
    module = controlled(Adaptive(speed=100, moves=3), 0.5)
    margins = [[1.0] * 10, [1.0] * 10, [-1.0] * 10, [1.0] * 5, [1.0] * 5, [1.0] * 5]
    # Ten signs of thirty are 1/3, below the target; then all of fifteen are 1.
    assert moved(module, margins) == pytest.approx([0.5, 0.5, 0.2, 0.2, 0.2, 0.35])


def test_a_batch_in_parts_counts_once():
    module = controlled(Adaptive(speed=100, moves=1))
    module.watch(torch.ones(6))
    terms = module.watch(torch.ones(4))
    module.move(terms)
    assert module.p.item() == pytest.approx(0.1)
    assert terms["augmentation"].item() == 0  # what was, also after the move


def test_five_hundred_thousand_samples_from_none_to_all():
    module = controlled(Adaptive())
    for _ in range(500_000 // 50_000 * 4):
        module.move(module.watch(torch.ones(12_500)))
    assert module.p.item() == pytest.approx(1.0, abs=1e-6)


def test_margins_of_objectives():
    real, fake = torch.tensor([2.0, -1.0]), torch.tensor([0.0, -3.0])
    expected: dict[Any, list[float]] = {
        NonSaturating(): [2.0, -1.0],
        Hinge(): [2.0, -1.0],
        LeastSquares(): [1.5, -1.5],
        LeastSquares(real=0.0, fake=1.0): [-1.5, 1.5],
        Wasserstein(): [2.5, -0.5],
        RelativisticPairs(): [2.0, 2.0],
    }
    for objective, margin in expected.items():
        assert objective.margin(real, fake).tolist() == margin


# -- games -------------------------------------------------------------------------------------------------------


def test_the_games_that_augment_are_found():
    assert {"gan", "bigan", "semi-supervised-gan", "gan-cls", "cyclegan", "lapgan"} <= VARIANTS.keys()


@some_games
@pytest.mark.parametrize("augment", [QUICK, DiffAugment()], ids=["adaptive", "diff-augment"])
def test_a_resumed_run_equals_one_that_never_stopped(name, augment):
    whole = Trainer(built(name, augment))
    data = toy_data(whole.game)
    terms = [report.scalars for report in whole.play(data, 20, 7)]
    first = Trainer(built(name, augment))
    for report in first.play(data, 20, 7):
        if report.round == 3:
            break
    second = Trainer(built(name, augment))
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert [report.scalars for report in second.play(data, 20, 7)] == terms[3:]
    after, average = second.game.state_dict(), second.average.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in whole.game.state_dict().items())
    probabilities = [key for key in after if key.startswith("augmented") and key.endswith(".p")]
    assert len(probabilities) == (len(seeing(whole.game)) if augment is QUICK else 0)
    for key in probabilities:
        assert after[key] != 0.2, key
        assert torch.equal(average[key], after[key])


@each_game
def test_each_discriminator_says_what_it_sees(name):
    game = built(name)
    watched = [key for player in players(game) for key in player.loss(toy_batch(game, 8)) if key.startswith("aug")]
    assert len(watched) == len(seeing(game))
    text = " ".join(inspect.getdoc(base) or "" for base in type(game).__mro__)
    for key in watched:
        assert f"``{key}``" in text
        assert f"``{key.replace('augmentation', 'sign')}``" in text


@each_game
def test_what_a_game_can_do_is_never_augmented(name):
    game, bare = built(name, Adaptive((Brightness(),), start=1.0)), built(name, None)
    batch = toy_batch(bare, 4)

    def same(ask: Any) -> None:
        torch.manual_seed(1)
        expected = ask(bare)
        torch.manual_seed(1)
        assert torch.equal(ask(game), expected)

    if can(game, Scores):
        same(lambda game: game.score(batch["x"]))
    if can(game, Classifies):
        same(lambda game: game.classify(batch["x"]))
    if can(game, Samples):
        same(lambda game: game.sample(3, seed=0))
    if can(game, Translates):
        same(lambda game: game.translate(batch["a"], "b"))


@each_game
@pytest.mark.parametrize("augment", [Adaptive(()), DiffAugment(())], ids=["adaptive", "diff-augment"])
def test_with_nothing_to_do_the_losses_are_those_of_the_bare_game(name, augment):
    game, bare = built(name, augment), built(name, None)
    assert {type(each) for each in seeing(bare)} == {Augmented}
    assert not [key for key in bare.state_dict() if key.startswith("augmented")]
    batch = toy_batch(bare)
    for one, other in zip(players(game), players(bare), strict=True):
        torch.manual_seed(0)
        found = one.loss(batch)
        torch.manual_seed(0)
        expected = other.loss(batch)
        for term in expected:
            torch.testing.assert_close(found[term], expected[term])
        assert all(key.startswith(("sign", "augmentation")) for key in found.keys() - expected.keys())


@each_game
def test_each_discriminator_judges_nothing_but_what_its_own_augmentation_made(name, monkeypatch):
    game = built(name)
    for mark, each in enumerate(seeing(game), 1):
        monkeypatch.setattr(each, "forward", lambda x, mark=mark: 0 * x + mark)
    judged: dict[str, set[float]] = {}

    def spy(key: str, method: Any) -> Any:
        def judge(*given: Tensor | None) -> Any:
            # The parts of a pyramid add up to what is seen; latents and text come as vectors.
            image = torch.stack([x for x in given if x is not None and x.ndim > 2]).sum(0)
            judged.setdefault(key, set()).update(image.detach().mul(100).round().unique().tolist())
            return method(*given)

        return judge

    for key, network in game.named_modules():
        if re.fullmatch(r"critic|discriminator(_[ab])?|discriminators\.\d+", key):
            method = "features" if hasattr(network, "features") else "forward"
            monkeypatch.setattr(network, method, spy(key, getattr(network, method)))
    for player in players(game):
        player.loss(toy_batch(game, 8))
    assert sorted(judged.values(), key=min) == [{100.0 * mark} for mark in range(1, len(seeing(game)) + 1)]


@each_game
def test_both_players_see_augmented_samples_and_gradients_pass(name):
    game = built(name, Adaptive((Zoom(), Shift()), start=1.0))
    seen: list[Any] = []
    for each in seeing(game):
        each.register_forward_hook(lambda module, given, result: seen.append(result))
    for player in players(game):
        seen.clear()
        terms = player.loss(toy_batch(game, 8))
        # Who learns to match texts and images judges nothing.
        assert seen or player.name == "matcher", player.name
        torch.stack([term for term in terms.values() if term.requires_grad]).sum().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in player.parameters())
        assert any(p.grad.abs().sum() > 0 for p in player.parameters() if p.grad is not None)


def test_a_penalty_looks_at_the_image_before_it_is_augmented():
    game: Any = built("gan", Adaptive((Zoom(), Flip(), Shift()), start=0.7)).double()
    x = torch.randn(3, 1, 8, 8, dtype=torch.float64)
    weight = game.discriminator.head.weight

    def penalty() -> Tensor:
        torch.manual_seed(1)
        return input_gradient(game.scores_seen, x).square().sum()

    torch.manual_seed(1)
    points = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(game.scores_seen(points).sum(), points)
    assert penalty().item() == pytest.approx(slope.square().sum().item())
    (exact,) = torch.autograd.grad(penalty(), weight)
    for place in range(3):
        step = torch.zeros_like(weight)
        step[0, place] = 1e-6
        with torch.no_grad():
            weight += step
        up = penalty().item()
        with torch.no_grad():
            weight -= 2 * step
        down = penalty().item()
        with torch.no_grad():
            weight += step
        assert (up - down) / 2e-6 == pytest.approx(exact[0, place].item(), rel=1e-4, abs=1e-8)


# -- options and mistakes ----------------------------------------------------------------------------------------


def test_the_options_go_round():
    augment = Adaptive(policy=(Zoom(0.1), Flip()), target=0.5, speed=1e4)
    assert options.read(options.plain(augment)) == augment
    rows, own = options.of_game(built("gan", augment))
    assert not own
    assert options.read(rows["augment"]) == augment


def asked(line: str) -> Any:
    rows = [row for row in forms.rows_of(GAN, {}) if row.name == "augment"]
    return forms.fill(rows, line.split(), "train", "")["augment"]


def test_the_command_line_names_augmentations_and_their_policies():
    assert asked("--augment adaptive --augment.target 0.5 --augment.speed 1e4") == Adaptive(target=0.5, speed=1e4)
    line = "--augment diff-augment --augment.policy translation zoom"
    assert asked(line) == DiffAugment((Translation(), Zoom()))
    assert asked("--augment adaptive --augment.policy flip") == Adaptive((Flip(),))
    assert asked("--augment diff-augment") == DiffAugment()
    assert asked("") is None
    with pytest.raises(Misuse, match="swirl"):
        asked("--augment adaptive --augment.policy swirl")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: GAN(Spec(x=Field((2,), "points")), augment=Adaptive()), "GAN was built for .*points"),
        (lambda: WGANGP(Spec(x=Field((2,), "points")), augment=DiffAugment()), "WGANGP was built for .*points"),
        (lambda: augmented(QuarterTurn(), Field((1, 8, 6), "image"), "GAN"), "square images; got 8 x 6"),
        (lambda: augmented(Adaptive(), Field((1, 8, 6), "image"), "GAN"), "square images; got 8 x 6"),
        (lambda: augmented(DiffAugment((Adaptive(),)), IMAGE, "GAN"), "Adaptive has a state of its own"),
        (lambda: Adaptive(target=2.0), "target=2.0"),
        (lambda: Adaptive(speed=0.0), "speed > 0"),
        (lambda: Adaptive(start=-0.1), "start=-0.1"),
    ],
)
def test_mistakes_are_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()
