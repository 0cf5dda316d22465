"""What every game of the zoo keeps, from its toy alone (design, section 9). Games are found, not listed."""

from __future__ import annotations

import copy
import inspect
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from zoo import GAMES, can, game_class, play, players, toy, toy_batch, toy_data

from ganarium import forms, options
from ganarium.game import Classifies, Completes, Decodes, Density, Encodes, Game, Samples, Scores, evaluating
from ganarium.randomness import mix, seeded
from ganarium.settings import Settings
from ganarium.trainer import Trainer

each_game = pytest.mark.parametrize("command", GAMES)


def losses(game: Game) -> list[float]:
    """What each player descends on one batch, always with the same noise."""
    batch = toy_batch(game)
    torch.manual_seed(0)
    return [sum(t.item() for t in player.loss(batch).values() if t.requires_grad) for player in players(game)]


def only_differences_count(game: Game, bias: str) -> bool:
    """Whether no loss of a player who owns a last bias feels it: a critic of whose scores only differences count."""
    before, parameter = losses(game), dict(game.named_parameters())[bias]
    with torch.no_grad():
        parameter += 1
    owners = [any(parameter is p for p in player.parameters()) for player in players(game)]
    pairs = zip(before, losses(game), owners, strict=True)
    return all(math.isclose(one, other, abs_tol=1e-4) for one, other, owns in pairs if owns)


def state(game: Game) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in game.state_dict().items()}


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_the_zoo_is_found():
    assert {"gan", "dcgan", "wgan-gp", "vae"} <= set(GAMES)


@each_game
def test_terms_are_finite_scalars_and_some_have_a_gradient(command):
    game = toy(command)
    batch = toy_batch(game)
    for player in players(game):
        terms = player.loss(batch)
        assert terms, player.name
        for name, term in terms.items():
            assert term.ndim == 0, name
            assert math.isfinite(term.item()), name
        assert any(term.requires_grad for term in terms.values()), player.name


@each_game
def test_a_move_changes_no_parameter_that_the_player_does_not_own(command):
    game = toy(command)
    trainer = Trainer(game)
    for stage_number, stage in enumerate(trainer.stages):
        trainer.stage = stage_number
        trainer._take_seats()
        for seat, player in zip(trainer._seats, stage.players, strict=True):
            before = {name: p.clone() for name, p in game.named_parameters()}
            terms, gradients = seat.gradient(toy_batch(game), 1)
            seat.step(gradients)
            seat.after(terms)
            own = {id(p) for p in player.parameters()}
            for name, p in game.named_parameters():
                assert id(p) in own or torch.equal(p, before[name]), f"{player.name} moved {name}"


@each_game
def test_every_owned_parameter_gets_a_gradient_within_twenty_rounds(command):
    game = toy(command)
    trainer = Trainer(game)
    moved: dict[str, bool] = {}
    names = {id(p): name for name, p in game.named_parameters()}
    start = {name: p.detach().clone() for name, p in game.named_parameters()}
    for _ in trainer.play(toy_data(game), 32, 20 * len(trainer.stages)):
        for seat in trainer._seats:
            for p in seat.parameters:
                name = names[id(p)]
                moved[name] = moved.get(name, False) or not torch.equal(p, start[name])
    still = [name for name, has_moved in moved.items() if not has_moved]
    still = [name for name in still if not (name.endswith("head.bias") and only_differences_count(game, name))]
    assert not still


@each_game
def test_duplicated_samples_do_not_change_the_loss_unless_declared(command):
    game = toy(command)
    if game.couples_samples:
        pytest.skip(f"couples samples: {game.couples_samples}")
    batch = toy_batch(game)
    twice = {name: torch.cat([value, value]) for name, value in batch.items()}
    for player in players(game):
        with DoubledNoise(False):
            once = player.loss(batch)
        with DoubledNoise(True):
            double = player.loss(twice)
        for name in once:
            torch.testing.assert_close(once[name], double[name], rtol=1e-4, atol=1e-5)


class DoubledNoise:
    """Inside, noise is a function of how many draws came before; if doubled, its second half repeats the first."""

    FUNCTIONS = ("randn_like", "rand_like", "rand", "randn")

    def __init__(self, doubled: bool):
        self.doubled = doubled
        self.draws = 0

    def __enter__(self):
        self.real = {name: getattr(torch, name) for name in self.FUNCTIONS}
        for name in self.FUNCTIONS:
            setattr(torch, name, self._drawing(name))

    def __exit__(self, *_):
        for name, function in self.real.items():
            setattr(torch, name, function)

    def _drawing(self, name):
        def draw(*size, **keywords):
            like = size[0] if isinstance(size[0], Tensor) else torch.empty(*size)
            self.draws += 1
            generator = torch.Generator().manual_seed(self.draws)
            n = len(like) // 2 if self.doubled else len(like)
            real = self.real["randn" if "randn" in name else "rand"]
            noise = real(n, *like.shape[1:], generator=generator)
            return torch.cat([noise, noise]) if self.doubled else noise

        return draw


@each_game
def test_same_seed_same_round_bit_for_bit(command):
    assert same(state(play(toy(command), 3).game), state(play(toy(command), 3).game))


@each_game
def test_another_seed_is_another_run(command):
    assert not same(state(play(toy(command), 3, seed=0).game), state(play(toy(command), 3, seed=1).game))


@each_game
def test_state_goes_round(command):
    game = play(toy(command), 2).game
    other = toy(command, seed=1)
    other.load_state_dict(game.state_dict())
    assert same(state(game), state(other))


@each_game
@pytest.mark.parametrize("pause", [1, 4, 7])
def test_a_resumed_run_equals_one_that_never_stopped(command, pause):
    rounds = 9
    whole = Trainer(toy(command))
    terms = [report.scalars for report in whole.play(toy_data(whole.game), 100, rounds)]
    first = Trainer(toy(command))
    for report in first.play(toy_data(first.game), 100, rounds):
        if report.round == pause:
            break
    saved = copy.deepcopy(first.state_dict())
    second = Trainer(toy(command, seed=5))
    second.load_state_dict(saved)
    rest = [report.scalars for report in second.play(toy_data(second.game), 100, rounds)]
    assert rest == terms[pause:]
    assert same(state(whole.game), state(second.game))
    assert same(state(whole.average), state(second.average))
    assert (whole.round, whole.seen, whole.drawn) == (second.round, second.seen, second.drawn)


@each_game
def test_it_plays_in_double_precision(command):
    trainer = play(toy(command).double(), 2)
    for name, p in trainer.game.named_parameters():
        assert p.dtype == torch.float64, name
        assert p.isfinite().all(), name


@each_game
def test_twenty_rounds_stay_finite_and_the_average_follows(command):
    trainer = play(toy(command), 20)
    for name, value in trainer.game.state_dict().items():
        assert value.isfinite().all(), name
    before = toy(command).state_dict()
    assert any(not torch.equal(v, before[name]) for name, v in trainer.average.state_dict().items())


@each_game
def test_abilities_return_the_shapes_they_promise(command):
    game = toy(command)
    x: Any = toy_batch(game, 4).get("x")
    with torch.no_grad():
        if can(game, Samples):
            shape = game.spec["x"].shape
            samples = game.sample(5, seed=3)
            assert samples.shape == (5, *shape)
            assert torch.equal(samples, game.sample(5, seed=3))
            assert not torch.equal(samples, game.sample(5, seed=4))
            assert game.training, "sampling must leave networks as they were"
        if can(game, Scores):
            assert game.score(x).shape == (4,)
        if can(game, Encodes):
            assert game.encode(x).shape[0] == 4
        if can(game, Density):
            assert game.log_prob(x).shape == (4,)
        if can(game, Classifies):
            assert game.classify(x).shape[0] == 4
        if can(game, Completes):
            mask = torch.ones_like(x)
            assert torch.equal(game.complete(x, mask), x)


@each_game
def test_sampling_does_not_touch_the_global_stream(command):
    game = toy(command)
    if not can(game, Samples):
        pytest.skip("draws no samples")
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    game.sample(2, seed=1)
    assert torch.equal(torch.rand(3), expected)


@each_game
def test_samples_follow_from_latents_without_a_jump(command):
    game = toy(command)
    if not can(game, Decodes):
        pytest.skip("decodes no latents")
    with evaluating(game):
        with seeded(game.device, mix(3, 0)):
            z = game.latents(5)
            asked = game.choose(5)
        assert asked.keys() == game.conditions.keys()
        z.requires_grad_()
        x = game.decode(z, **asked)
        (gradient,) = torch.autograd.grad(x.square().sum(), z)
        assert x.shape == (5, *game.spec["x"].shape)
        assert torch.equal(x, game.decode(z, **asked))
    assert z.ndim == 2
    assert (gradient.abs().sum(1) > 0).all()
    with evaluating(game), torch.no_grad():
        assert torch.equal(game.decode(z, **asked), game.sample(5, seed=3))


@each_game
def test_critics_score_data_above_samples_after_moves_of_their_own(command):
    game = toy(command)
    if not can(game, Scores):
        pytest.skip("scores nothing")
    data = toy_data(game)
    trainer = Trainer(game)
    for stage in range(len(trainer.stages)):
        trainer.stage = stage
        trainer._take_seats()
        seats = [seat for seat in trainer._seats if seat.player.name in ("discriminator", "critic")]
        for batch, _ in zip(data.batches(64), range(150), strict=False):
            for seat in seats:
                seat.step(seat.gradient(batch, 1)[1])
    game.eval()
    batch = next(data.batches(256))
    asked = {name: batch[name] for name in getattr(game, "conditions", {}) if name in batch}
    with torch.no_grad():
        real = game.score(batch["x"], **asked).mean()
        if can(game, Samples):
            made = game.sample(256, seed=0, **asked)
        else:
            made = game.complete(batch["x"], game.holes(batch["x"]))
        fake = game.score(made, **asked).mean()
    assert (real < fake) if game.energy else (real > fake)


@each_game
def test_keywords_stay_attributes_and_options_go_round(command):
    game = toy(command)
    signature = inspect.signature(type(game))
    for name in list(signature.parameters)[1:]:
        assert hasattr(game, name), name
        assert signature.parameters[name].default is not inspect.Parameter.empty, f"{name} has no default"
    rows, own = options.of_game(game)
    assert not own
    rebuilt = type(game)(game.spec, **{name: options.read(value) for name, value in rows.items()})
    assert state(rebuilt).keys() == state(game).keys()
    assert options.of_game(rebuilt) == (rows, [])


@each_game
def test_recipes_are_keywords_of_the_constructor_and_paces_are_settings(command):
    made, spec = game_class(command), toy(command).spec
    assert set(made.recipe(spec)) <= set(inspect.signature(made).parameters)
    Settings().changed(**made.pace(spec))


@each_game
def test_the_docstring_explains_every_keyword_every_player_and_the_deviations(command):
    made = game_class(command)
    text = "\n".join(inspect.getdoc(base) or "" for base in made.__mro__ if issubclass(base, Game))
    helps = forms.helps_of(made)
    for name in inspect.signature(made).parameters:
        assert helps.get(name), f"{name} is not explained"
    for section in ("Players:", "Batch:", "Args:", "Example:"):
        assert section in text, f"no section {section}"
    for player in players(toy(command)):
        assert f"{player.name}:" in text, f"the player {player.name} is not explained"
    module = inspect.getmodule(made)
    assert module is not None
    assert "Reference:" in (module.__doc__ or "")


@each_game
def test_its_terms_are_explained(command):
    game = toy(command)
    text = " ".join(inspect.getdoc(base) or "" for base in type(game).__mro__ if issubclass(base, Game))
    for player in players(game):
        for name in player.loss(toy_batch(game)):
            assert f"``{name}``" in text, f"the term {player.name}/{name} is not explained"


@each_game
def test_the_file_is_named_after_the_command_and_short(command):
    path = Path(inspect.getfile(game_class(command)))
    words = set(command.split("-"))
    assert set(path.stem.split("_")) == words
    paper = game_class(command).paper
    assert paper.command == command
    assert paper.title
    assert paper.authors
    assert paper.year
    assert len(path.read_text().splitlines()) <= 250
