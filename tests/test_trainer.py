"""The trainer against a loop written by hand, and everything that it promises about moves, noise, stages, averages."""

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice, pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganarium.data import InMemory, random
from ganarium.engine.trainer import Trainer
from ganarium.game import Batch, Game, Player, Stage, Terms
from ganarium.games.adversarial.dcgan import DCGAN
from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.wgan_gp import WGANGP
from ganarium.games.likelihood.vae import VAE
from ganarium.ingredients import R1, SGD, Adam, Linear, Normal, RMSprop, Schedule
from ganarium.nets import Perceptrons, Plain
from ganarium.randomness import mix
from ganarium.spec import Field, Spec

SPEC = Spec(x=Field((2,), "points"))
RULE = SGD(0.1, momentum=0.5)


@pytest.fixture(autouse=True)
def _one_thread_one_seed():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def points(count: int = 64) -> InMemory:
    return random(SPEC, count)


class Toy(Game):
    """Two linear networks, and whoever plays with them."""

    def __init__(self, make: "Callable[[Toy], Sequence[Player | Stage]]", simultaneous: bool = False):
        super().__init__(SPEC)
        self.make, self.simultaneous = make, simultaneous  # type: ignore[misc]
        self.left, self.right = nn.Linear(2, 1), nn.Linear(2, 1)

    def stages(self) -> list[Stage]:
        made = self.make(self)
        players = [one for one in made if isinstance(one, Player)]
        return [Stage("play", players)] if players else [one for one in made if isinstance(one, Stage)]

    def pull(self, network: nn.Module, batch: Batch) -> Terms:
        """A loss with noise in it."""
        scores = network(batch["x"] + torch.randn_like(batch["x"]))
        return {"real": (scores - 1).square().mean(), "fake": scores.mean()}

    def player(self, network: str = "left", /, **more: Any) -> Player:
        """A player who owns a network and is called as it, unless told otherwise."""
        own = getattr(self, network)
        return Player(**{"name": network, "loss": partial(self.pull, own), "owns": [own], "optimizer": RULE, **more})

    @classmethod
    def toy(cls) -> "Toy":
        return cls(lambda game: [game.player("left"), game.player("right")])


def same(one: Any, other: Any) -> bool:
    """Whether two nests of tensors and numbers are equal, bit for bit."""
    if isinstance(one, Tensor):
        return isinstance(other, Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return one == other


def weights(game: Game) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in game.named_parameters()}


def play(game: Game, rounds: int = 3, size: int = 8, **settings: Any) -> Trainer:
    trainer = Trainer(game, **settings)
    for _ in trainer.play(points(), size, rounds):
        pass
    return trainer


def gan(**changes: Any) -> GAN:
    torch.manual_seed(0)
    return GAN(SPEC, **{"latent": 3, "architecture": Plain(8), "prior": Normal(), **changes})


def wgan_gp() -> WGANGP:
    torch.manual_seed(0)
    return WGANGP(SPEC, latent=3, critic_moves=2, architecture=Plain(8), optimizer=Adam(1e-3, (0.5, 0.9)))


# -- the trainer is this loop -------------------------------------------------------------------------------------


def played_by_hand(game: Game, rounds: int, size: int, seed: int) -> None:
    players = game.stages()[0].players
    optimizers = [player.optimizer(player.parameters()) for player in players]
    batches = points().batches(size, seed=seed)
    for round in range(rounds):
        game.progress.fill_(round / rounds)
        drawn = list(islice(batches, max(player.moves_in(round) for player in players)))
        turns = [(place, move) for place, player in enumerate(players) for move in range(player.moves_in(round))]
        found = {}
        for place, move in turns:
            # Where all move at once, all gradients come first, with the same noise.
            for i, j in turns if game.simultaneous and not found else [] if game.simultaneous else [(place, move)]:
                torch.manual_seed(mix(seed, round, 0 if game.simultaneous else i, j, 1))
                loss = sum(term for term in players[i].loss(drawn[j]).values() if term.requires_grad)
                assert isinstance(loss, Tensor)
                found[i, j] = torch.autograd.grad(loss, players[i].parameters())
            for parameter, slope in zip(players[place].parameters(), found[place, move], strict=True):
                parameter.grad = slope
            optimizers[place].param_groups[0].update(players[place].optimizer.schedule(round / rounds))  # type: ignore[attr-defined]
            optimizers[place].step()


LOOPS: dict[str, Callable[[], Game]] = {
    "two discriminator moves": lambda: gan(discriminator_moves=2, optimizer=Adam(1e-2)),
    "rates that change": gan,
    "dropout": lambda: gan(architecture=Perceptrons(8, 8, 2)),
    "a penalty": lambda: gan(penalties=(R1(Linear(1.0, 0.0)),)),
    "wgan-gp": wgan_gp,
    "simultaneous": lambda: gan(simultaneous=True),
    "one player": lambda: VAE(SPEC, latent=2, architecture=Plain(8)),
}


@pytest.mark.parametrize("make", LOOPS.values(), ids=LOOPS)
def test_the_trainer_equals_a_loop_written_by_hand_bit_for_bit(make):
    torch.manual_seed(0)
    game = make()
    by_hand = copy.deepcopy(game)
    start = weights(game)
    play(game, rounds=6, seed=5)
    played_by_hand(by_hand, rounds=6, size=8, seed=5)
    assert same(weights(game), weights(by_hand))
    moved = {name.split(".")[0] for name, now in weights(game).items() if not torch.equal(now, start[name])}
    assert moved == {name.split(".")[0] for name in start}


# -- who moves what -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("simultaneous", [False, True])
def test_a_move_changes_only_what_its_player_owns(simultaneous):
    last: list[dict[str, Tensor]] = []
    changed: list[tuple[str, set[str]]] = []

    def watched(game: Toy, name: str) -> Player:
        def note(terms: Terms) -> None:
            now = weights(game)
            changed.append((name, {key.split(".")[0] for key in now if not torch.equal(now[key], last[-1][key])}))
            last.append(now)

        return game.player(name, after=note)

    game = Toy(lambda game: [watched(game, "left"), watched(game, "right")], simultaneous)
    last.append(weights(game))
    play(game)
    assert changed == [("left", {"left"}), ("right", {"right"})] * 3


def test_during_a_move_only_the_player_s_networks_are_thawed():
    seen = []

    def look(game: Toy, batch: Batch) -> Terms:
        seen.append({name for name, value in game.named_parameters() if value.requires_grad})
        return game.pull(game.left, batch)

    play(Toy(lambda game: [game.player("left", loss=partial(look, game)), game.player("right")]))
    assert seen == [{"left.weight", "left.bias"}] * 3


def test_what_the_user_froze_stays_frozen_and_all_else_is_thawed_after_each_round():
    game = Toy.toy()
    game.left.bias.requires_grad_(False)
    before = weights(game)
    for _ in Trainer(game).play(points(), 8, 3):
        assert {name for name, value in game.named_parameters() if not value.requires_grad} == {"left.bias"}
    assert {name for name, value in weights(game).items() if torch.equal(value, before[name])} == {"left.bias"}


def test_a_network_of_two_owners_is_moved_by_both():
    path: list[Tensor] = []

    def note(game: Toy, terms: Terms) -> None:
        path.append(game.left.weight.detach().clone())

    def players(game: Toy) -> list[Player]:
        return [game.player(name=name, after=partial(note, game)) for name in ("one", "two")]

    game = Toy(players)
    path.append(game.left.weight.detach().clone())
    play(game, 2)
    assert not any(torch.equal(*pair) for pair in pairwise(path))


def test_players_who_move_at_once_take_gradients_where_the_round_began_even_of_a_shared_network():
    def loss(game: Toy, power: int, batch: Batch) -> Terms:
        return {"real": (game.left.weight**power).sum() + 0 * game.left.bias.sum()}

    def players(game: Toy) -> list[Player]:
        rates = {1: 0.1, 2: 0.01, 3: 0.001}
        return [
            game.player(name=f"power {power}", loss=partial(loss, game, power), optimizer=SGD(rate))
            for power, rate in rates.items()
        ]

    game = Toy(players, simultaneous=True).double()
    w = game.left.weight.detach().clone()
    play(game, 1)
    assert torch.allclose(game.left.weight, w - 0.1 - 0.01 * 2 * w - 0.001 * 3 * w**2, rtol=1e-12)


# -- who moves when, on what --------------------------------------------------------------------------------------

# The players; then the moves of each round, as the player's letter and the number of the batch it saw.
ORDERS: dict[str, tuple[list[dict[str, Any]], bool, list[str]]] = {
    "one each": ([{}, {}], False, ["a0 b0", "a1 b1", "a2 b2"]),
    "two and one": ([{"moves": 2}, {}], False, ["a0 a1 b0", "a2 a3 b2"]),
    "one and two": ([{}, {"moves": 2}], False, ["a0 b0 b1", "a2 b2 b3"]),
    "every second round": ([{}, {"every": 2}], False, ["a0 b0", "a1", "a2 b2", "a3"]),
    "nobody in between": ([{"every": 2}], False, ["a0", "", "a1", ""]),
    "moves by round": ([{"moves": lambda round: 1 + round % 2}, {}], False, ["a0 b0", "a1 a2 b1", "a3 b3"]),
    "no moves at first": ([{"moves": lambda round: round}, {}], False, ["b0", "a1 b1", "a2 a3 b2"]),
    "fresh batches": ([{"moves": 2}, {"fresh": True}], False, ["a0 a1 b2", "a3 a4 b5"]),
    "fresh batches first": ([{"fresh": True, "moves": 2}, {}], False, ["a0 a1 b2", "a3 a4 b5"]),
    "all fresh": ([{"fresh": True}, {"fresh": True}], False, ["a0 b1", "a2 b3"]),
    "three players": ([{}, {"moves": 2, "every": 2}, {"fresh": True}], False, ["a0 b0 b1 c2", "a3 c4", "a5 b5 b6 c7"]),
    "at once": ([{"moves": 2}, {}], True, ["a0 b0 a1", "a2 b2 a3"]),
    "at once, fresh": ([{}, {"fresh": True}], True, ["a0 b1", "a2 b3"]),
    "at once, by turns": ([{}, {"every": 2}], True, ["a0 b0", "a1", "a2 b2"]),
}


def ordered(case: str, log: list[tuple[str, list[int]]]) -> Toy:
    kinds, simultaneous, _ = ORDERS[case]

    def loss(game: Toy, name: str, batch: Batch) -> Terms:
        log.append((name, batch["index"].tolist()))
        return game.pull(game.left, batch)

    def players(game: Toy) -> list[Player]:
        names = "abc"[: len(kinds)]
        return [
            game.player("left", name=name, loss=partial(loss, game, name), **kind)
            for name, kind in zip(names, kinds, strict=True)
        ]

    return Toy(players, simultaneous)


@pytest.mark.parametrize("case", ORDERS)
def test_players_move_in_order_and_the_jth_move_sees_the_round_s_jth_batch(case):
    log: list[tuple[str, list[int]]] = []
    wanted = ORDERS[case][2]
    order = {tuple(batch["index"].tolist()): i for i, batch in enumerate(islice(points().batches(4, seed=2), 16))}
    rounds = []
    for _ in Trainer(ordered(case, log), seed=2).play(points(), 4, len(wanted)):
        rounds.append(" ".join(f"{name}{order[tuple(places)]}" for name, places in log))
        log.clear()
    assert rounds == wanted


@pytest.mark.parametrize("case", ORDERS)
def test_seen_in_and_rounds_in_say_what_a_run_draws(case):
    trainer = Trainer(ordered(case, []))
    for report in trainer.play(points(), 4, 9):
        assert trainer.timetable.seen_in(report.round, 4) == report.seen
        longest = trainer.timetable.rounds_in(report.seen, 4)
        assert longest >= report.round
        assert trainer.timetable.seen_in(longest, 4) == report.seen
        assert trainer.timetable.seen_in(longest + 1, 4) > report.seen
    assert trainer.timetable.rounds_in(0, 4) >= 1


def test_a_report_holds_each_player_s_last_terms_the_counts_and_the_stage():
    trainer = Trainer(Toy.toy())
    for i, report in enumerate(trainer.play(points(), 8, 3), 1):
        assert (report.round, report.seen, report.stage) == (i, 8 * i, "play")
        assert list(report.terms) == ["left/real", "left/fake", "right/real", "right/fake"]
        assert report.scalars == {name: term.item() for name, term in report.terms.items()}
        assert not any(term.requires_grad for term in report.terms.values())


def test_a_round_without_moves_reports_nothing():
    reports = list(Trainer(Toy(lambda game: [game.player(every=2)])).play(points(), 8, 2))
    assert reports[1].terms == reports[1].scalars == {}
    assert reports[1].seen == reports[0].seen == 8


def test_the_networks_are_in_training_mode_however_they_were_left():
    game = Toy.toy().eval()
    play(game)
    assert game.training


# -- gates and watched terms --------------------------------------------------------------------------------------


def test_while_a_player_rests_its_loss_runs_without_gradient_and_nothing_steps():
    with_gradient, after, asked = [], [], []

    def loss(game: Toy, batch: Batch) -> Terms:
        with_gradient.append(torch.is_grad_enabled())
        return game.pull(game.left, batch)

    def rests() -> bool:
        asked.append(len(after))
        return len(after) in (1, 2)

    def players(game: Toy) -> list[Player]:
        left = game.player("left", loss=partial(loss, game), rests=rests, after=after.append, moves=2)
        return [left, game.player("right")]

    game = Toy(players)
    path = [weights(game)] + [weights(game) for _ in Trainer(game).play(points(), 8, 3)]
    # Moves 2 and 3 of six rest; the gate was asked before each, and `after` saw the terms of all.
    assert with_gradient == [True, False, False, True, True, True]
    assert asked == [0, 1, 2, 3, 4, 5]
    assert [sorted(terms) for terms in after] == [["fake", "real"]] * 6
    assert all(not torch.equal(one["right.weight"], two["right.weight"]) for one, two in pairwise(path))


def test_a_player_who_always_rests_never_steps():
    # Momentum would move the weights at a step even with a gradient of zero.
    game = Toy(lambda game: [game.player("left", rests=lambda: True), game.player("right")])
    before = weights(game)
    trainer = play(game)
    assert torch.equal(game.left.weight, before["left.weight"])
    assert not trainer.state_dict()["optimizers"]["left"]["state"]
    assert trainer.state_dict()["optimizers"]["right"]["state"]


def test_a_watched_term_is_reported_and_moves_nothing():
    handed = []

    def more(game: Toy, batch: Batch) -> Terms:
        terms = game.pull(game.left, batch)
        return {**terms, "accuracy": 1000 * terms["real"].detach()}

    plain = Toy.toy()
    watching = Toy(
        lambda game: [game.player("left", loss=partial(more, game), after=handed.append), game.player("right")]
    )
    watching.load_state_dict(plain.state_dict())
    play(plain)
    trainer = Trainer(watching)
    scalars = [report.scalars for report in trainer.play(points(), 8, 3)]
    assert same(weights(plain), weights(watching))
    assert [row["left/accuracy"] for row in scalars] == pytest.approx([1000 * row["left/real"] for row in scalars])
    assert [terms["accuracy"].item() for terms in handed] == [row["left/accuracy"] for row in scalars]


def test_after_may_change_weights_which_the_next_player_sees():
    seen = []

    def clear(game: Toy, terms: Terms) -> None:
        nn.init.zeros_(game.left.weight)

    def loss(game: Toy, batch: Batch) -> Terms:
        seen.append(game.left.weight.abs().sum().item())
        return game.pull(game.right, batch)

    def players(game: Toy) -> list[Player]:
        return [game.player("left", after=partial(clear, game)), game.player("right", loss=partial(loss, game))]

    play(Toy(players))
    assert seen == [0.0] * 3


# -- errors -------------------------------------------------------------------------------------------------------


def stranger(game: Toy) -> list[Player]:
    return [game.player(owns=[nn.Linear(2, 1)])]


def detached(game: Toy, batch: Batch) -> Terms:
    return {"real": game.left(batch["x"]).mean().detach()}


def untied(game: Toy, batch: Batch) -> Terms:
    return {"real": game.right(batch["x"]).mean()}


def vector(game: Toy, batch: Batch) -> Terms:
    return {"real": game.left(batch["x"]).mean(), "kl": game.left(batch["x"])[:, 0]}


def bare(game: Toy, batch: Batch) -> Terms:
    return {"real": game.left(batch["x"]).mean(), "kl": 3.0}  # type: ignore[dict-item]


def with_loss(loss: Callable[[Toy, Batch], Terms]) -> Callable[[], Trainer]:
    return lambda: play(Toy(lambda game: [game.player(loss=partial(loss, game))]))


def with_players(make: Callable[[Toy], Sequence[Player | Stage]], **settings: Any) -> Callable[[], Trainer]:
    return lambda: play(Toy(make), **settings)


def without_x() -> list:
    data = InMemory({"a": torch.randn(16, 2)}, {"a": Field((2,), "points")})
    return list(Trainer(Toy.toy()).play(data, 8, 1))


ERRORS: dict[str, tuple[Callable[[], Any], str]] = {
    "no gradient": (with_loss(detached), r"Toy's player 'left' returned no term with a gradient"),
    "no gradient of its own": (with_loss(untied), r"Toy's player 'left' returned no term with a gradient"),
    "a vector": (with_loss(vector), r"player 'left' returned the term 'kl' as a tensor of shape \(8,\)"),
    "a number": (with_loss(bare), r"player 'left' returned the term 'kl' as 3\.0"),
    "owns nothing": (with_players(lambda game: [game.player(owns=[])]), r"player 'left' owns no parameter"),
    "owns an outsider": (with_players(stranger), r"'left' owns a network that is not part of the game"),
    "same names": (
        with_players(lambda game: [game.player(), game.player()]),
        r"Two players of stage 'play' are called 'left'",
    ),
    "unknown rate": (
        with_players(lambda game: [game.player(), game.player("right")], rates={"middle": 0.1}),
        r"'middle'; the players are left, right",
    ),
    "no rounds": (with_players(lambda game: [game.player()], rounds=0), r"at least one round; got rounds=0"),
    "no field": (without_x, r"Toy plays on batches with the field 'x'; this data has only 'a'"),
    "no stages": (lambda: Trainer(Silent()), r"Silent defines neither players\(\) nor stages\(\)"),
}


class Silent(Game):
    """A game that nobody plays."""

    def __init__(self) -> None:
        super().__init__(SPEC)
        self.left = nn.Linear(2, 1)

    @classmethod
    def toy(cls) -> "Silent":
        return cls()


@pytest.mark.parametrize("case", ERRORS)
def test_mistakes_are_named(case):
    make, message = ERRORS[case]
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_data_is_ganarium_data():
    with pytest.raises(TypeError, match="list"):
        next(Trainer(Toy.toy()).play([torch.zeros(2)], 8, 1))  # type: ignore[arg-type]


def test_two_stages_may_use_a_name_twice():
    trainer = play(Toy(lambda game: [Stage("one", [game.player()]), Stage("two", [game.player()])]), rounds=2)
    assert trainer.stage == 1


def infinite_term(x: Tensor) -> Terms:
    return {"real": x.mean(), "penalty": x.mean() / 0}


def infinite_gradient(x: Tensor) -> Terms:
    return {"real": x.mean(), "penalty": (x.mean() * 0).sqrt()}


@pytest.mark.parametrize("simultaneous", [False, True])
@pytest.mark.parametrize(
    ("bad", "what"),
    [(infinite_term, r"the term 'penalty' is (-?inf|nan)"), (infinite_gradient, r"a gradient is not finite")],
)
def test_what_is_not_finite_is_named_and_the_step_is_not_taken(bad, what, simultaneous):
    calls = []

    def loss(game: Toy, batch: Batch) -> Terms:
        calls.append(weights(game))
        x = game.right(batch["x"])
        return bad(x) if len(calls) == 3 else {"real": x.mean()}

    game = Toy(lambda game: [game.player("left"), game.player("right", loss=partial(loss, game))], simultaneous)
    with pytest.raises(FloatingPointError, match=rf"Round 3, Toy's player 'right': {what}"):
        play(game, rounds=5)
    assert same(weights(game), calls[-1])


def test_after_a_failure_the_game_is_thawed_and_the_user_s_stream_is_where_it_was():
    def loss(game: Toy, batch: Batch) -> Terms:
        return infinite_term(game.right(batch["x"]))

    game = Toy(lambda game: [game.player("left"), game.player("right", loss=partial(loss, game))])
    game.left.bias.requires_grad_(False)
    torch.manual_seed(3)
    wanted = torch.rand(4)
    torch.manual_seed(3)
    with pytest.raises(FloatingPointError):
        play(game)
    assert {name for name, value in game.named_parameters() if not value.requires_grad} == {"left.bias"}
    assert torch.equal(torch.rand(4), wanted)


# -- randomness ---------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_weights_and_another_one_others():
    first, again, other = gan(), gan(), gan()
    play(first, seed=1)
    play(again, seed=1)
    play(other, seed=2)
    assert same(weights(first), weights(again))
    assert not same(weights(first), weights(other))


@pytest.mark.parametrize("make", [gan, wgan_gp, lambda: staged()], ids=["gan", "wgan-gp", "stages"])
def test_what_the_user_draws_between_rounds_changes_nothing(make):
    quiet, noisy = make(), make()
    play(quiet, 4)
    for _ in Trainer(noisy).play(points(), 8, 4):
        torch.randn(7)
        if hasattr(noisy, "sample"):
            noisy.sample(3)
    assert same(weights(quiet), weights(noisy))


@pytest.mark.parametrize("make", [gan, wgan_gp, lambda: staged()], ids=["gan", "wgan-gp", "stages"])
def test_the_user_s_stream_goes_on_as_if_nobody_had_played(make):
    game = make()
    torch.manual_seed(3)
    wanted = torch.rand(4)
    torch.manual_seed(3)
    drawn = [torch.rand(1) for _ in Trainer(game, average=100).play(points(), 8, 4)]
    assert torch.equal(torch.cat(drawn), wanted)


def test_players_rounds_and_moves_have_noise_of_their_own_unless_they_move_at_once():
    def noise(simultaneous: bool) -> list[float]:
        drawn = []

        def loss(network: nn.Module, batch: Batch) -> Terms:
            drawn.append(torch.rand(()).item())
            return {"real": network(batch["x"]).mean()}

        def players(game: Toy) -> list[Player]:
            return [
                game.player("left", loss=partial(loss, game.left), moves=2),
                game.player("right", loss=partial(loss, game.right), moves=2),
            ]

        play(Toy(players, simultaneous), 2)
        return drawn

    assert len(set(noise(False))) == 8
    at_once = noise(True)
    assert at_once[::2] == at_once[1::2]
    assert len(set(at_once)) == 4


def test_noise_after_a_move_does_not_depend_on_what_the_loss_drew():
    def noise(draws: int) -> list[float]:
        drawn = []

        def loss(network: nn.Module, batch: Batch) -> Terms:
            torch.rand(draws)
            return {"real": network(batch["x"]).mean()}

        def after(terms: Terms) -> None:
            drawn.append(torch.rand(()).item())

        def players(game: Toy) -> list[Player]:
            rows = [("left", game.left), ("right", game.right)]
            return [game.player(name, loss=partial(loss, network), after=after, moves=2) for name, network in rows]

        play(Toy(players), 2)
        return drawn

    assert noise(1) == noise(5)
    assert len(set(noise(1))) == 8


# -- stages -------------------------------------------------------------------------------------------------------


def staged() -> Toy:
    """Three stages: left learns, then right begins as left's copy, then both go on."""

    def copy_left(game: Toy, sweep: Iterable[Batch]) -> None:
        mean = torch.cat([batch["x"] for batch in sweep]).mean()
        with torch.no_grad():
            game.right.weight.copy_(game.left.weight + mean + torch.randn(1, 2))

    def stages(game: Toy) -> list[Stage]:
        return [
            Stage("first", [game.player("left")]),
            Stage("second", [game.player("right", moves=2)], share=2.0, begin=partial(copy_left, game)),
            Stage("third", [game.player("left"), game.player("right", optimizer=Adam(0.01))]),
        ]

    torch.manual_seed(0)
    return Toy(stages)


def test_stages_share_the_rounds_and_each_has_its_own_clock_and_players():
    clocks: list[float] = []

    def loss(game: Toy, batch: Batch) -> Terms:
        clocks.append(game.progress.item())
        return game.pull(game.left, batch)

    def stages(game: Toy) -> list[Stage]:
        return [
            Stage(name, [game.player("left", name=name, loss=partial(loss, game))], share)
            for name, share in [("one", 1.0), ("two", 2.0), ("three", 1.0)]
        ]

    reports = list(Trainer(Toy(stages)).play(points(), 8, 8))
    assert [report.stage for report in reports] == ["one"] * 2 + ["two"] * 4 + ["three"] * 2
    assert [next(iter(report.terms)).split("/")[0] for report in reports] == [report.stage for report in reports]
    assert clocks == [0, 0.5, 0, 0.25, 0.5, 0.75, 0, 0.5]


def test_begin_is_called_once_a_stage_in_order_with_the_data_once_through():
    log: list[tuple[str, Any]] = []

    def begin(name: str, sweep: Iterable[Batch]) -> None:
        log.append((name, torch.cat([batch["index"] for batch in sweep]).tolist()))

    def stages(game: Toy) -> list[Stage]:
        return [Stage(name, [game.player()], begin=partial(begin, name)) for name in ("one", "two", "three")]

    for report in Trainer(Toy(stages)).play(points(30), 8, 6):
        log.append(("round", report.round))
    once = list(range(30))
    assert log == [
        ("one", once),
        ("round", 1),
        ("round", 2),
        ("two", once),
        ("round", 3),
        ("round", 4),
        ("three", once),
        ("round", 5),
        ("round", 6),
    ]


def test_a_stage_too_short_for_a_round_is_still_entered_in_order():
    log = []

    def stages(game: Toy) -> list[Stage]:
        def begin(name: str, sweep: Iterable[Batch]) -> None:
            log.append(name)

        return [
            Stage(name, [game.player()], share, partial(begin, name))
            for name, share in [("long", 1.0), ("short", 0.01), ("last", 1.0)]
        ]

    reports = list(Trainer(Toy(stages)).play(points(), 8, 4))
    assert log == ["long", "short", "last"]
    assert [report.stage for report in reports] == ["long", "long", "last", "last"]


def test_each_stage_has_fresh_optimisers_and_counts_its_own_rounds():
    """With a gradient of one and momentum 1/2, the steps grow 1, 1.5, ...: from 1 again in the second stage."""
    turns = []

    def loss(game: Toy, batch: Batch) -> Terms:
        return {"real": game.left.weight.sum() + 0 * game.left.bias.sum()}

    def moves(turn: int) -> int:
        turns.append(turn)
        return 1

    def stages(game: Toy) -> list[Stage]:
        return [Stage(name, [game.player(loss=partial(loss, game), moves=moves)]) for name in ("one", "two")]

    game = Toy(stages)
    path = [game.left.weight[0, 0].item()]
    for _ in Trainer(game).play(points(), 8, 4):
        path.append(game.left.weight[0, 0].item())
    assert steps(path) == pytest.approx([0.1, 0.15, 0.1, 0.15], rel=1e-5)
    assert turns == [0, 1, 0, 1]


def test_seen_in_counts_all_stages():
    trainer = Trainer(staged())
    reports = list(trainer.play(points(), 8, 8))
    assert trainer.timetable.seen_in(8, 8) == reports[-1].seen == 8 * (2 + 2 * 4 + 2)


# -- interruption -------------------------------------------------------------------------------------------------

RESUMED: dict[str, Callable[[], Game]] = {
    "gan": lambda: gan(discriminator_moves=2),
    "wgan-gp": wgan_gp,
    "batch norm": lambda: DCGAN.toy(),
    "stages": staged,
}


def fitting(game: Game) -> InMemory:
    return random(game.spec, 24)


@pytest.mark.parametrize("stop", [1, 2, 3, 5, 6, 7])
@pytest.mark.parametrize("make", RESUMED.values(), ids=RESUMED)
def test_a_run_that_is_stopped_and_resumed_equals_one_that_is_not(make, stop):
    # Eight rounds; the stages of the staged game end after 2 and 6.
    torch.manual_seed(0)
    whole = Trainer(make(), seed=4, average=50.0, clip=1.0, decay=Linear(1.0, 0.5))
    wanted = [report.scalars for report in whole.play(fitting(whole.game), 8, 8)]

    torch.manual_seed(0)
    first = Trainer(make(), seed=4, average=50.0, clip=1.0, decay=Linear(1.0, 0.5))
    got = [report.scalars for report in islice(first.play(fitting(first.game), 8, 8), stop)]
    state = copy.deepcopy(first.state_dict())
    torch.manual_seed(9)
    game = make()
    with torch.no_grad():
        for parameter in game.parameters():
            parameter.add_(1.0)  # nothing of it may stay
    second = Trainer(game, seed=4, average=50.0, clip=1.0, decay=Linear(1.0, 0.5))
    second.load_state_dict(state)
    got += [report.scalars for report in second.play(fitting(game), 8, 8)]

    assert got == wanted
    assert same(second.state_dict(), whole.state_dict())


def test_a_second_call_of_play_goes_on_to_the_total_it_is_given():
    once, twice = Toy.toy(), Toy.toy()
    twice.load_state_dict(once.state_dict())
    whole, parts = Trainer(once), Trainer(twice)
    wanted = [report.scalars for report in whole.play(points(), 8, 5)]
    got = [report.scalars for total in (2, 5, 5) for report in parts.play(points(), 8, total)]
    assert got == wanted
    assert same(weights(once), weights(twice))


def test_a_state_without_optimisers_is_that_of_a_run_that_has_not_begun():
    fresh, other = Trainer(gan()), Trainer(gan(), seed=0)
    other.load_state_dict(copy.deepcopy(fresh.state_dict()))
    assert other.round == 0
    list(fresh.play(points(), 8, 3))
    list(other.play(points(), 8, 3))
    assert same(fresh.state_dict(), other.state_dict())


# -- the average --------------------------------------------------------------------------------------------------


class Buffered(Toy):
    """With a network that keeps statistics, a count, and an array."""

    def __init__(self, make: Callable[[Toy], Sequence[Player | Stage]] | None = None):
        super().__init__(make or (lambda game: [game.player("left")]))
        self.left = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1))  # type: ignore[assignment]
        self.register_buffer("pool", torch.zeros(3))

    def pull(self, network: nn.Module, batch: Batch) -> Terms:
        self.get_buffer("pool").add_(torch.rand(3))
        return super().pull(network, batch)


@pytest.mark.parametrize("half_life", [10.0, 1e9])
def test_the_average_moves_by_its_half_life_in_samples_seen(half_life):
    game = Buffered()
    trainer = Trainer(game, average=half_life)
    mean = {name: value.clone() for name, value in game.state_dict().items()}
    moving = {*weights(game), "left.0.running_mean", "left.0.running_var"}
    for report in trainer.play(points(), 8, 40):
        # At most a twentieth of what was seen, so that the start is forgotten.
        share = 1 - 0.5 ** (8 / min(half_life, report.seen / 20))
        for name, now in game.state_dict().items():
            mean[name] = torch.lerp(mean[name], now, share) if name in moving else now.clone()
    average = trainer.average.state_dict()
    for name, value in mean.items():
        assert torch.allclose(average[name], value), name
    assert torch.equal(average["left.0.num_batches_tracked"], torch.tensor(40))
    assert torch.equal(average["pool"], game.get_buffer("pool"))
    assert not torch.equal(average["left.1.weight"], game.get_parameter("left.1.weight"))


def test_the_average_counts_samples_not_rounds():
    game = Toy(lambda game: [game.player("left", moves=3)])
    trainer = Trainer(game, average=24.0)
    path = [weights(game)] + [weights(game) for _ in trainer.play(points(600), 8, 60)]
    mean = path[0]["left.weight"]
    for round, now in enumerate(path[1:], 1):
        mean = torch.lerp(mean, now["left.weight"], 1 - 0.5 ** (24 / min(24.0, 24 * round / 20)))
    assert torch.allclose(trainer.average.get_parameter("left.weight"), mean)


def test_without_an_average_the_game_is_its_own():
    game = Toy.toy()
    assert Trainer(game, average=0).average is game
    kept = Trainer(game, average=5.0).average
    assert kept is not game
    assert not any(value.requires_grad for value in kept.parameters())


def test_the_average_takes_over_what_begin_changed_and_keeps_what_earlier_stages_trained():
    def begin(game: Toy, sweep: Iterable[Batch]) -> None:
        nn.init.constant_(game.right.bias, 7.0)

    def stages(game: Toy) -> list[Stage]:
        third = game.player("right", name="third", owns=[game.right], optimizer=SGD(1e-12))
        return [Stage("one", [game.player("left")]), Stage("two", [third], begin=partial(begin, game))]

    game = Toy(stages)
    trainer = Trainer(game, average=1e9)
    path = [
        {name: value.clone() for name, value in trainer.average.state_dict().items()}
        for _ in trainer.play(points(), 8, 6)
    ]
    assert path[2]["right.bias"].item() != 7
    assert path[3]["right.bias"].item() == pytest.approx(7)
    for row in path[3:]:
        assert torch.equal(row["left.weight"], path[2]["left.weight"])
    assert not torch.equal(path[2]["left.weight"], game.left.weight)


def test_the_average_keeps_the_statistics_that_earlier_stages_learned():
    def stages(game: Toy) -> list[Stage]:
        return [Stage("one", [game.player("left")]), Stage("two", [game.player("right")])]

    trainer = Trainer(Buffered(stages), average=1e9)
    path = [trainer.average.get_buffer("left.0.running_mean").clone() for _ in trainer.play(points(), 8, 6)]
    assert not torch.equal(path[1], path[2])
    assert torch.equal(path[3], path[2])
    assert torch.equal(path[5], path[2])


# -- how players step ---------------------------------------------------------------------------------------------


def steps(path: list[float]) -> list[float]:
    return [before - after for before, after in pairwise(path)]


def descended(
    rounds: int = 4, settings: dict[str, Any] | None = None, slope: float = 1.0, **player: Any
) -> list[float]:
    """The steps that a player takes whose gradient is ``slope`` for each of two weights."""

    def loss(game: Toy, batch: Batch) -> Terms:
        return {"real": slope * game.left.weight.sum() + 0 * game.left.bias.sum()}

    game = Toy(lambda game: [game.player("left", loss=partial(loss, game), **player)]).double()
    path = [game.left.weight[0, 0].item()]
    for _ in Trainer(game, **(settings or {})).play(points(), 8, 4):
        path.append(game.left.weight[0, 0].item())
    return steps(path)


def follow(rates: Iterable[float], momenta: Iterable[float]) -> list[float]:
    speed, path = 0.0, []
    for rate, momentum in zip(rates, momenta, strict=True):
        speed = momentum * speed + 1
        path.append(rate * speed)
    return path


DOWN = [0.4, 0.3, 0.2, 0.1]  # Linear(0.4, 0.0) at the start of each of four rounds
UP = [0.5, 0.55, 0.6, 0.65]  # Linear(0.5, 0.7)
RATES: dict[str, tuple[dict[str, Any], dict[str, Any], list[float]]] = {
    "a constant": ({"optimizer": SGD(0.1)}, {}, [0.1] * 4),
    "a schedule": ({"optimizer": SGD(Linear(0.4, 0.0))}, {}, DOWN),
    "rate and momentum": ({"optimizer": SGD(Linear(0.4, 0.0), Linear(0.5, 0.7))}, {}, follow(DOWN, UP)),
    "the player's schedule": (
        {"optimizer": SGD(0.4, momentum=0.9), "schedule": lambda t: {"lr": 0.4 * (1 - t), "momentum": 0.5 + 0.2 * t}},
        {},
        follow(DOWN, UP),
    ),
    "any optimiser": ({"optimizer": partial(torch.optim.SGD, lr=0.3)}, {}, [0.3] * 4),
    "a rate instead": ({"optimizer": SGD(0.1)}, {"rates": {"left": 0.02}}, [0.02] * 4),
    "a rate instead of a schedule's start": (
        {"optimizer": SGD(Linear(0.4, 0.0))},
        {"rates": {"left": 0.2}},
        [0.2, 0.15, 0.1, 0.05],
    ),
    "decay": ({"optimizer": SGD(0.4)}, {"decay": Linear()}, DOWN),
    "decay of a schedule": ({"optimizer": SGD(Linear(0.4, 0.0))}, {"decay": Linear()}, [0.4, 0.225, 0.1, 0.025]),
    "decay of a rate": ({"optimizer": SGD(9.0)}, {"decay": Linear(), "rates": {"left": 0.4}}, DOWN),
    "clipped": ({"optimizer": SGD(0.1), "slope": 3.0}, {"clip": 2.0}, [0.1 * 2.0 / math.sqrt(2)] * 4),
    "short of the clip": ({"optimizer": SGD(0.1), "slope": 1.0}, {"clip": 2.0}, [0.1] * 4),
}


@pytest.mark.parametrize("case", RATES)
def test_players_step_at_the_rates_that_game_and_user_say(case):
    player, settings, wanted = RATES[case]
    assert descended(settings=settings, **player) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("optimizer", [Adam(0.1), SGD(0.1, 0.9), RMSprop(0.1)], ids=lambda rule: type(rule).__name__)
def test_optimisers_are_torch_s_own(optimizer):
    weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    plain = {
        "Adam": partial(torch.optim.Adam, betas=(0.5, 0.999)),
        "SGD": partial(torch.optim.SGD, momentum=0.9),
        "RMSprop": torch.optim.RMSprop,
    }[type(optimizer).__name__]([weight], lr=0.1)
    path = [0.0]
    for _ in range(4):
        weight.grad = torch.ones_like(weight)
        plain.step()
        path.append(weight.item())
    assert descended(optimizer=optimizer) == pytest.approx(steps(path), rel=1e-6)


def test_rates_and_clips_are_each_player_s_own():
    changed = Toy.toy()
    plain = copy.deepcopy(changed)
    play(plain)
    play(changed, rates={"left": 0.01})
    assert torch.equal(plain.right.weight, changed.right.weight)
    assert not torch.equal(plain.left.weight, changed.left.weight)


@pytest.mark.parametrize("parts", [2, 4, 8])
def test_accumulated_parts_equal_the_whole_batch_where_losses_are_means(parts):
    def loss(network: nn.Module, batch: Batch) -> Terms:
        error = (network(batch["x"]) - 1).square().mean()
        return {"real": error, "accuracy": error.detach()}

    def players(game: Toy) -> list[Player]:
        return [game.player(name, loss=partial(loss, getattr(game, name))) for name in ("left", "right")]

    whole = Toy(players)
    parted = copy.deepcopy(whole)
    wanted = [report.scalars for report in Trainer(whole).play(points(), 8, 5)]
    got = [report.scalars for report in Trainer(parted, accumulate=parts).play(points(), 8, 5)]
    for name, value in weights(whole).items():
        assert torch.allclose(parted.get_parameter(name), value, atol=1e-6)
    for one, other in zip(got, wanted, strict=True):
        assert one == pytest.approx(other, abs=1e-6)


@pytest.mark.parametrize("make", [gan, wgan_gp], ids=["gan", "wgan-gp"])
def test_a_game_in_double_precision_stays_so(make):
    game = make().double()
    before = weights(game)
    trainer = play(game, 5, average=20.0)
    assert {value.dtype for value in weights(game).values()} == {torch.float64}
    assert {value.dtype for value in trainer.average.parameters()} == {torch.float64}
    assert all(not torch.equal(before[name], now) for name, now in weights(game).items() if name != "critic.head.bias")


def test_whole_numbers_stay_whole_numbers_in_any_precision():
    seen = []

    def loss(game: Toy, batch: Batch) -> Terms:
        seen.append({name: value.dtype for name, value in batch.items()})
        return game.pull(game.left, batch)

    play(Toy(lambda game: [game.player("left", loss=partial(loss, game))]).double(), 1)
    assert seen == [{"x": torch.float64, "index": torch.int64}]


def test_schedules_are_shared_by_name_with_the_stages():
    """A decay runs over each stage, so that every stage begins at the full rate."""
    decay: Schedule = Linear()

    def loss(game: Toy, batch: Batch) -> Terms:
        return {"real": game.left.weight.sum() + 0 * game.left.bias.sum()}

    def stages(game: Toy) -> list[Stage]:
        player = game.player("left", loss=partial(loss, game), optimizer=SGD(0.1))
        return [Stage("one", [player]), Stage("two", [replace(player, name="again")])]

    game = Toy(stages).double()
    path = [game.left.weight[0, 0].item()]
    for _ in Trainer(game, decay=decay).play(points(), 8, 4):
        path.append(game.left.weight[0, 0].item())
    assert steps(path) == pytest.approx([0.1, 0.05, 0.1, 0.05])


def test_a_replaced_rate_is_where_the_schedule_begins():
    make = lambda game: [game.player(schedule=lambda progress: {"lr": 0.5})]  # noqa: E731
    trainer = play(Toy(make), 1, rates={"left": 0.05})
    assert trainer._descending()[0].optimizer.param_groups[0]["lr"] == pytest.approx(0.05)


def test_a_rate_may_warm_up_from_zero():
    make = lambda game: [game.player(optimizer=SGD(Linear(0.0, 0.1)))]  # noqa: E731
    trainer = play(Toy(make), 5, rates={"left": 0.2})
    assert trainer._descending()[0].optimizer.param_groups[0]["lr"] == pytest.approx(0.2 * 4 / 5)


def test_uneven_parts_weigh_as_many_samples_as_they_hold():
    def quiet(game: Toy) -> list[Player]:
        loss = lambda batch: {"real": (game.left(batch["x"]) - 1).square().mean()}  # noqa: E731
        return [Player("left", loss, owns=[game.left], optimizer=RULE)]

    torch.manual_seed(0)
    whole = play(Toy(quiet), 3, size=5)
    torch.manual_seed(0)
    parts = play(Toy(quiet), 3, size=5, accumulate=2)
    for one, other in zip(whole.game.parameters(), parts.game.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    with pytest.raises(ValueError, match="cannot be split into 6 parts"):
        play(Toy(quiet), 1, size=5, accumulate=6)


def test_a_gradient_that_reaches_nothing_owned_is_named():
    loss = lambda batch: {"real": batch["x"].mean() * torch.ones((), requires_grad=True)}  # noqa: E731
    with pytest.raises(ValueError, match="no term with a gradient"):
        play(Toy(lambda game: [Player("left", loss, owns=[game.left])]))
