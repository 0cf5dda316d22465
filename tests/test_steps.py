"""Players with a step of their own: a sweep of expectation maximisation, a Markov chain, and neighbours who descend.

Run as a script, this file is one of two processes that do the same.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import pytest
import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn

import ganarium as ga
from ganarium import data as gd
from ganarium.diagnosis import vanishing
from ganarium.diagnosis.case import Unknown
from ganarium.diagnosis.remedies import _slower
from ganarium.engine.trainer import Trainer
from ganarium.game import Batch, Density, Game, Paper, Player, Samples, Terms, made
from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import SGD
from ganarium.spec import Field, Spec

SPEC = Spec(x=Field((2,), "points"))
SIZE = 64


class Gaussians(nn.Module):
    """The weights, means and covariances of normal laws in the plane, which follow no gradient."""

    def __init__(self, count: int):
        super().__init__()
        self.weights = nn.Parameter(torch.full((count,), 1 / count), requires_grad=False)
        self.means = nn.Parameter(torch.randn(count, 2), requires_grad=False)
        self.covariances = nn.Parameter(torch.eye(2).repeat(count, 1, 1), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """The log-density of each of ``x`` (n, 2) with each component, (n, K)."""
        gaps = x[:, None] - self.means
        far = (gaps * torch.linalg.solve(self.covariances, gaps[..., None]).squeeze(3)).sum(2)
        return self.weights.log() - (far + self.covariances.logdet()) / 2 - math.log(2 * math.pi)


class Mixture(Game, Samples, Density):
    """A mixture of normal laws by expectation maximisation: a move is a sweep.

    Players:
        mixture: ``likelihood``, the mean log-density of the batch before the sweep, in nats.

    Args:
        count: How many components.
        ridge: What is added to the variances.
        gaussians: The mixture.
    """

    paper = Paper(title="A sweep", authors=("No Body",), year=2026, command="mixture")

    count: int = 3
    ridge: float = 1e-6
    gaussians: Gaussians = made(factory=lambda game: Gaussians(game.count))

    def players(self) -> list[Player]:
        return [Player("mixture", owns=[self.gaussians], step=self.sweep)]

    def sweep(self, batch: Batch) -> Terms:
        x, own = batch["x"], self.gaussians
        joint = own(x)
        likelihood = joint.logsumexp(1)
        shares = (joint - likelihood[:, None]).exp()
        counts = shares.sum(0)
        own.weights.copy_(counts / len(x))
        own.means.copy_(shares.T @ x / counts[:, None])
        gaps = x[:, None] - own.means
        spreads = torch.einsum("nk,nki,nkj->kij", shares, gaps, gaps) / counts[:, None, None]
        own.covariances.copy_(spreads + self.ridge * torch.eye(2))
        return {"likelihood": likelihood.mean()}

    def log_prob(self, x: Tensor) -> Tensor:
        return self.gaussians(x).logsumexp(1)

    def draw(self, n: int, **condition: Tensor) -> Tensor:
        own = self.gaussians
        of = own.weights.multinomial(n, replacement=True)
        roots = torch.linalg.cholesky(own.covariances)[of]
        return own.means[of] + (roots @ torch.randn(n, 2, 1).to(roots)).squeeze(2)

    @classmethod
    def toy(cls) -> Self:
        return cls(SPEC)


class Place(nn.Module):
    """Where a chain is, and how many steps it has made."""

    steps: Tensor

    def __init__(self):
        super().__init__()
        self.at = nn.Parameter(torch.randn(2))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))


class Chain(Game):
    """Langevin's chain on the mean of normal data, beside a player who descends and freezes all others meanwhile."""

    paper = Paper(title="A chain", authors=("No Body",), year=2026, command="chain")

    scale: nn.Module = made(factory=lambda game: nn.Linear(2, 1))
    place: Place = made(factory=lambda game: Place())

    def players(self) -> list[Player]:
        return [
            Player("scale", self.loss, [self.scale], optimizer=SGD(0.1)),
            Player("chain", owns=[self.place], step=self.walk, moves=2),
        ]

    def loss(self, batch: Batch) -> Terms:
        return {"square": (self.scale(batch["x"]) - 1).square().mean()}

    def walk(self, batch: Batch) -> Terms:
        with torch.enable_grad():
            energy = (batch["x"] - self.place.at).square().sum() / 2
            slope = torch.autograd.grad(energy, self.place.at)[0]
        self.place.at.add_(-1e-3 * slope + (2e-3**0.5) * torch.randn_like(slope))
        self.place.steps.add_(1)
        return {"energy": energy / len(batch["x"]), "steps": self.place.steps}

    @classmethod
    def toy(cls) -> Self:
        return cls(SPEC)


class Buffers(nn.Module):
    """A number that no gradient moves."""

    value: Tensor

    def __init__(self, start: float):
        super().__init__()
        self.register_buffer("value", torch.tensor(start))


class Among(Game):
    """Two who remember the weight of one who descends between them; its gradient is what the first remembers.

    Args:
        simultaneous: Whether all move at once.
    """

    simultaneous: bool = False
    first: Buffers = made(factory=lambda game: Buffers(5.0))
    judge: nn.Linear = made(factory=lambda game: nn.Linear(1, 1, bias=False))
    last: Buffers = made(factory=lambda game: Buffers(0.0))

    def build(self) -> None:
        nn.init.ones_(self.judge.weight)

    def players(self) -> list[Player]:
        return [
            Player("first", owns=[self.first], step=lambda batch: self.remember(self.first)),
            Player("judge", self.loss, [self.judge], SGD(0.1)),
            Player("last", owns=[self.last], step=lambda batch: self.remember(self.last)),
        ]

    def loss(self, batch: Batch) -> Terms:
        return {"loss": (self.judge.weight * self.first.value).sum()}

    def remember(self, own: Buffers) -> Terms:
        own.value.copy_(self.judge.weight.squeeze())
        return {"value": own.value}

    @classmethod
    def toy(cls) -> Self:
        return cls(SPEC)


def world(n: int = 256) -> gd.Data:
    """Three heaps in the plane."""
    x = torch.randn(n, 2, generator=torch.Generator().manual_seed(0)) * 0.3
    return gd.InMemory({"x": x + 2 * torch.eye(3)[:, :2].repeat(n // 3 + 1, 1)[:n]}, SPEC, name="heaps")


def game(kind: type[Any] = Mixture, seed: int = 0, **options: Any) -> Any:
    """A game whose start follows from the seed."""
    torch.manual_seed(seed)
    return kind(SPEC, **options)


def played(trainer: Trainer, rounds: int, size: int = SIZE) -> Trainer:
    """The trainer after so many rounds in all."""
    for _ in trainer.play(world(), size, rounds):
        pass
    return trainer


def state(trainer: Trainer) -> dict[str, Tensor]:
    """The game and its average."""
    both = {"game": trainer.game, "average": trainer.average}
    return {f"{who} {name}": value.clone() for who, each in both.items() for name, value in each.state_dict().items()}


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether two states are the same, bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# -- what a step is ---------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_sweep_is_scikit_learns():
    mixture, x = game().double(), world()["x"].double()
    own = mixture.gaussians
    own.weights.copy_(torch.tensor([0.5, 0.3, 0.2]))
    own.weights.div_(own.weights.sum())
    reference = GaussianMixture(
        3,
        max_iter=1,
        weights_init=own.weights.numpy().copy(),
        means_init=own.means.numpy().copy(),
        precisions_init=torch.linalg.inv(own.covariances).numpy().copy(),
    ).fit(x.numpy())
    before = mixture.log_prob(x).mean()
    report = next(Trainer(mixture).play(world(), len(x), 1))
    torch.testing.assert_close(report.terms["mixture/likelihood"], before)
    found = {"weights": own.weights, "means": own.means, "covariances": own.covariances}
    for name, value in found.items():
        expected = torch.from_numpy(getattr(reference, f"{name}_"))
        torch.testing.assert_close(value.detach(), expected, rtol=0, atol=1e-5)
    expected = torch.from_numpy(reference.score_samples(x.numpy()))
    torch.testing.assert_close(mixture.log_prob(x), expected, rtol=0, atol=1e-5)


def test_the_likelihood_never_falls_on_the_whole_data():
    trainer = Trainer(game(ridge=0.0).double())
    told = [report.scalars["mixture/likelihood"] for report in trainer.play(world(), len(world()), 40)]
    assert all(after >= before - 1e-6 for before, after in pairwise(told))
    assert told[-1] > told[0] + 0.5
    samples = trainer.game.sample(2000, seed=0)  # type: ignore[attr-defined]
    torch.testing.assert_close(samples.mean(0), world()["x"].double().mean(0), rtol=0, atol=0.1)


def test_a_chain_may_ask_for_gradients_and_visits_what_it_should():
    chain, visited = game(Chain), []
    for report in Trainer(chain).play(world(), 256, 400):
        if report.round > 100:
            visited.append(chain.place.at.detach().clone())
    assert chain.place.steps == 800
    # A batch of 256 holds the mean to within 1/16; visits in a row are nearly independent.
    torch.testing.assert_close(torch.stack(visited).mean(0), world()["x"].mean(0), rtol=0, atol=0.02)
    assert torch.stack(visited).std(0).mean().item() == pytest.approx(1 / 16, rel=0.2)


# -- what a trainer makes of it ---------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", range(1, 6))
@pytest.mark.parametrize("kind", [Mixture, Chain])
def test_a_run_that_stops_goes_on_exactly(kind, stop):
    through = played(Trainer(game(kind)), 6)
    first = Trainer(game(kind))
    for report in first.play(world(), SIZE, 6):
        if report.round == stop:
            break
    second = Trainer(game(kind, seed=1))
    second.load_state_dict(first.state_dict())
    assert equal(state(played(second, 6)), state(through))


@pytest.mark.parametrize("kind", [Mixture, Chain])
def test_a_run_on_disk_goes_on_exactly_and_its_log_has_the_terms_of_the_step(kind, tmp_path):
    options = {"rounds": 6, "batch_size": SIZE, "quiet": True}
    whole = ga.fit(game(kind), world(), out=tmp_path / "whole", **options)
    for stop in range(1, 6):
        path = tmp_path / str(stop)
        ga.fit(game(kind), world(), out=path, stop_after=stop, **options)
        ga.resume(path, game=game(kind, seed=1), data=world(), quiet=True)
        for which in ("model", "average"):
            name = f"checkpoints/0000006/{which}.safetensors"
            assert (path / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    term = "mixture/likelihood" if kind is Mixture else "chain/energy"
    assert all(math.isfinite(row["terms"][term]) for row in whole.log)
    assert len(whole.log) == 6


def test_the_average_follows():
    mixture = game()
    trainer, mean = Trainer(mixture), mixture.gaussians.means.clone()
    average: Any = trainer.average
    for report in trainer.play(world(), SIZE, 60):
        mean = torch.lerp(mean, mixture.gaussians.means, 1 - 0.5 ** (SIZE / (report.seen / 20)))
    assert (mean - mixture.gaussians.means).abs().max() > 1e-3
    torch.testing.assert_close(average.gaussians.means, mean)
    assert average.log_prob(world()["x"]).isfinite().all()


def test_buffers_are_kept_and_copied_to_the_average():
    class Counts(Game):
        own: Buffers = made(factory=lambda game: Buffers(0.0))

        def players(self):
            return [Player("counts", owns=[self.own], step=lambda batch: {"value": self.own.value.add_(1)})]

        @classmethod
        def toy(cls):
            return cls(SPEC)

    counts = Counts.toy()
    trainer = played(Trainer(counts), 3)
    average: Any = trainer.average
    assert counts.own.value == average.own.value == trainer.state_dict()["game"]["own.value"] == 3


@pytest.mark.parametrize(("simultaneous", "first", "judge", "last"), [(False, 1.0, 0.9, 0.9), (True, 1.0, 0.5, 1.0)])
def test_it_plays_beside_one_who_descends(simultaneous, first, judge, last):
    both = game(Among, simultaneous=simultaneous)
    report = next(Trainer(both).play(world(), SIZE, 1))
    assert both.first.value.item() == pytest.approx(first)
    assert both.judge.weight.item() == pytest.approx(judge)
    assert both.last.value.item() == pytest.approx(last)
    assert set(report.scalars) == {"first/value", "judge/loss", "last/value"}


# -- what is refused --------------------------------------------------------------------------------------------


def breaking(bad: Callable[[Any], Terms]) -> Trainer:
    """A mixture that breaks in its third round, after it has changed all that it owns."""
    mixture = game()
    sweep = mixture.sweep

    def step(batch: Batch) -> Terms:
        terms = sweep(batch)
        return bad(mixture) if trainer.round == 2 else terms

    mixture.sweep = step
    trainer = Trainer(mixture)
    return trainer


def unchanged(trainer: Trainer) -> bool:
    """Whether a game, and its average, are where they were after two rounds."""
    now, then = state(trainer), state(played(Trainer(game()), 2))
    return all(torch.equal(now[name], then[name]) for name in then if "gaussians" in name)


def bad_term(mixture: Any) -> Terms:
    return {"likelihood": torch.tensor(float("nan"))}


def bad_state(mixture: Any) -> Terms:
    mixture.gaussians.means[0, 0] = float("inf")
    return {"likelihood": torch.tensor(1.0)}


def silent(mixture: Any) -> Terms:
    mixture.gaussians.means[0, 0] = float("nan")
    return {}


@pytest.mark.parametrize(
    ("bad", "story"),
    [
        (bad_term, "the term 'likelihood' is nan"),
        (bad_state, "what it owns would not be finite"),
        (silent, "what it owns would not be finite"),
    ],
)
def test_a_step_that_is_not_finite_is_refused_and_nothing_is_changed(bad, story):
    trainer = breaking(bad)
    with pytest.raises(FloatingPointError, match=f"Round 3, Mixture's player 'mixture': {story}") as told:
        played(trainer, 5)
    assert "larger batches" in str(told.value)
    assert unchanged(trainer)


def failing(mixture: Any) -> Terms:
    raise RuntimeError("no inverse")


def shaped(mixture: Any) -> Terms:
    return {"likelihood": torch.zeros(3)}


@pytest.mark.parametrize(
    ("bad", "error", "story"),
    [(failing, RuntimeError, "no inverse"), (shaped, ValueError, r"'likelihood' as a tensor of shape \(3,\)")],
)
def test_a_step_that_fails_changes_nothing(bad, error, story):
    trainer = breaking(bad)
    with pytest.raises(error, match=story):
        played(trainer, 5)
    assert unchanged(trainer)


def test_a_step_must_not_replace_what_the_player_owns():
    def replaced(mixture: Any) -> Terms:
        mixture.gaussians.means = nn.Parameter(torch.zeros(3, 2))
        return {}

    with pytest.raises(ValueError, match=r"put another tensor in the place of one that it owns.*copy_"):
        played(breaking(replaced), 5)


def test_a_run_stays_as_it_was_saved(tmp_path):
    mixture = game()
    sweep, calls = mixture.sweep, []

    def step(batch: Batch) -> Terms:
        calls.append(1)
        return {"likelihood": sweep(batch)["likelihood"] * (float("nan") if len(calls) == 3 else 1.0)}

    mixture.sweep = step
    options = {"rounds": 6, "batch_size": SIZE, "quiet": True, "save_every": 1}
    with pytest.raises(FloatingPointError, match="Round 3, Mixture's player 'mixture'"):
        ga.fit(mixture, world(), out=tmp_path / "run", bad_numbers="stop", **options)
    ga.resume(tmp_path / "run", game=game(seed=1), data=world(), quiet=True)
    run = ga.fit(game(), world(), out=tmp_path / "whole", **options)
    assert equal(ga.load(tmp_path / "run", game=game()).game.state_dict(), run.game.state_dict())


def test_a_learning_rate_is_refused_before_anything_is_written(tmp_path):
    story = "Mixture's player 'mixture' takes steps of its own and has no learning rate; got 0.1"
    with pytest.raises(ValueError, match=story):
        Trainer(game(), rates={"mixture": 0.1})
    with pytest.raises(ValueError, match=story):
        ga.fit(game(), world(), out=tmp_path / "run", rounds=2, batch_size=SIZE, lr={"mixture": 0.1}, quiet=True)
    assert not (tmp_path / "run").exists()
    Trainer(game(Chain), rates={"scale": 0.1})


def test_a_player_descends_or_steps():
    def step(batch: Batch) -> Terms:
        return {}

    with pytest.raises(TypeError, match="'one' descends a loss or takes steps of its own: give one of"):
        Player("one")
    with pytest.raises(TypeError, match="give one of loss= and step="):
        Player("one", step, step=step)
    options: list[Any] = [{"rests": bool}, {"schedule": dict}, {"also": {2: step}}, {"optimizer": SGD(0.1)}]
    for option in options:
        with pytest.raises(TypeError, match="optimizer, rests, schedule and also are for losses"):
            Player("one", step=step, **option)


def test_a_player_owns_what_could_change_and_what_is_saved():
    class Nothing(Mixture):
        def players(self) -> list[Player]:
            return [Player("mixture", step=self.sweep)]

    with pytest.raises(ValueError, match="owns no parameter and no buffer that could change"):
        played(Trainer(game(Nothing)), 1)
    stranger = Buffers(0.0)

    class Elsewhere(Mixture):
        def players(self) -> list[Player]:
            return [Player("mixture", owns=[stranger], step=self.sweep)]

    with pytest.raises(ValueError, match="owns a network that is not part of the game"):
        Trainer(game(Elsewhere))


# -- what looks at losses and rates -----------------------------------------------------------------------------


class Watched(GAN):
    """A GAN with a third player, who remembers."""

    def build(self) -> None:
        super().build()
        self.own = Buffers(0.0)

    def players(self) -> list[Player]:
        return [*super().players(), Player("third", owns=[self.own], step=lambda batch: {"value": self.own.value})]


class Turned(GAN):
    """A GAN whose generator takes steps of its own."""

    def players(self) -> list[Player]:
        return [super().players()[0], Player("generator", owns=[self.generator], step=lambda batch: {})]


def test_a_diagnosis_listens_to_those_who_descend():
    plain, batches = game(GAN, latent=4), [{"x": world()["x"][:SIZE]}]
    beside = game(Watched, latent=4)
    assert vanishing.signal(beside, 0, batches) == vanishing.signal(plain, 0, batches)
    turned = game(Turned, latent=4)
    with pytest.raises(Unknown, match="samples are made by generator, who follows no gradient"):
        vanishing.makers(turned, turned.players())


def test_no_slower_rate_is_advised_for_a_step():
    settings: dict[str, Any] = {"lr": {}}
    chain = game(Chain)
    assert [advice.options for advice in _slower(chain, settings, "scale", "chain")] == ["--lr.scale 0.025"]


# -- several processes ------------------------------------------------------------------------------------------


def main() -> None:
    """What one of two processes does: both games, a line for each; what it ends with, and whether a resume does too."""
    from lightning_fabric import Fabric

    torch.set_num_threads(1)
    fabric = Fabric(accelerator="cpu", devices=2, strategy="ddp")
    fabric.launch()
    for kind in (Mixture, Chain):
        trainer = played(Trainer(game(kind, seed=fabric.global_rank), fabric), 4)
        first = Trainer(game(kind), fabric)
        for report in first.play(world(), SIZE, 4):
            if report.round == 2:
                break
        second = Trainer(game(kind, seed=2), fabric)
        second.load_state_dict(first.state_dict())
        resumed = equal(state(played(second, 4)), state(trainer))
        flat = {name: value.double().flatten() for name, value in state(trainer).items()}
        both: Any = fabric.all_gather(torch.cat(list(flat.values())))
        row: dict[str, Any] = {"game": kind.__name__, "alike": torch.equal(both[0], both[1])}
        row["values"] = {name: value.tolist() for name, value in flat.items()}
        row["resumed"] = bool(fabric.all_reduce(torch.tensor(float(resumed)), reduce_op="min"))
        if fabric.global_rank == 0:
            print(json.dumps(row), flush=True)


def test_two_processes_give_what_one_gives():
    from test_processes import environment

    from benchmarks import patience  # not above: the two processes run this file

    command = [sys.executable, "-W", "ignore", __file__]
    done = patience.run(command, env=environment())
    rows = {row["game"]: row for row in map(json.loads, filter(lambda line: line[:1] == "{", done.stdout.splitlines()))}
    assert rows.keys() == {"Mixture", "Chain"}, done.stderr[-3000:]
    for kind in (Mixture, Chain):
        row, alone = rows[kind.__name__], played(Trainer(game(kind)), 4)
        assert row["alike"]
        assert row["resumed"]
        for name, once in state(alone).items():
            twice = torch.tensor(row["values"][name]).to(once).view_as(once)
            if "scale" in name:  # of the player who descends: a mean of two gradients
                torch.testing.assert_close(twice, once, rtol=0, atol=1e-6)
            else:
                assert torch.equal(twice, once), name


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
