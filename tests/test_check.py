"""``ganarium check``, and that each property of games can fail: games that break one each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganarium.cli import dispatch as cli
from ganarium.contract import PROPERTIES, Broken, Inapplicable
from ganarium.game import Classifies, Completes, Density, Encodes, Paper, Player, follows
from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import Minimax, Objective


class Silent(GAN):
    def generator_loss(self, batch):
        return {}


class Wide(GAN):
    def generator_loss(self, batch):
        return {"fake": self.score(self.draw(len(batch["x"])))}


class Infinite(GAN):
    def generator_loss(self, batch):
        return {"fake": super().generator_loss(batch)["fake"] / 0}


class Detached(GAN):
    def generator_loss(self, batch):
        return {"fake": super().generator_loss(batch)["fake"].detach()}


class Thief(GAN):
    def players(self):
        first, second = super().players()

        def steal(terms: Any) -> None:
            with torch.no_grad():
                next(self.generator.parameters()).mul_(0.5)

        return [Player(first.name, first.loss, owns=first.owns, after=steal), second]


class Idle(GAN):
    def build(self):
        super().build()
        self.idle = nn.Linear(2, 2)

    def players(self):
        first, second = super().players()
        return [first, Player("generator", second.loss, owns=[self.generator, self.idle])]


class Sums(GAN):
    def generator_loss(self, batch):
        return {"fake": super().generator_loss(batch)["fake"] * len(batch["x"])}


class Restless(GAN):
    def generator_loss(self, batch):
        noise = torch.rand((), generator=_UNSEEDED)
        return {"fake": super().generator_loss(batch)["fake"] * noise}


_UNSEEDED = torch.Generator()


class Stubborn(GAN):
    def discriminator_loss(self, batch):
        torch.manual_seed(1)
        return super().discriminator_loss(batch)

    def generator_loss(self, batch):
        torch.manual_seed(2)
        return {"fake": self.score(self.draw(32)).mean()}

    def contest(self, batch):
        x = torch.ones_like(batch["x"])
        return self.scores_seen, x, self.draw(len(x)).detach()


class Growing(GAN):
    def build(self):
        super().build()
        self.grown = nn.ParameterList()

    def generator_loss(self, batch):
        self.grown.append(nn.Parameter(torch.zeros(1), requires_grad=False))
        return super().generator_loss(batch)


class Forgetful(GAN):
    rounds = 0

    def generator_loss(self, batch):
        self.rounds += 1
        return {"fake": super().generator_loss(batch)["fake"] / self.rounds}


class Single(GAN):
    def players(self):
        self.discriminator.float()
        return super().players()


class Own(GAN):
    @classmethod
    def toy(cls):
        game = GAN.toy()
        return cls(game.spec, latent=4, generator=game.generator)


class Misled(GAN):
    @classmethod
    def recipe(cls, spec):
        return {"latnt": 3}


class Hurried(GAN):
    @classmethod
    def pace(cls, spec):
        return {"batchsize": 3}


class Upside(GAN):
    energy = True


class Jumping(GAN):
    def decode(self, z, **condition):
        return self.generator(z) + torch.randn(2)


class Stepped(GAN):
    def decode(self, z, **condition):
        return self.generator(z.sign().detach()) + 0 * z.sum()


class Loud(GAN):
    def sample(self, n, **options):
        torch.rand(1)
        return super().sample(n, **options)


class Flat(GAN):
    def score(self, x, **condition):
        return super().score(x)[:, None]


class Classless(GAN, Classifies):
    def classify(self, x: Tensor) -> Tensor:
        return x.sum()


class Careless(GAN, Completes):
    def complete(self, x: Tensor, mask: Tensor) -> Tensor:
        return x + 1


class Unlikely(GAN, Density):
    def log_prob(self, x: Tensor) -> Tensor:
        return x


class Unknowing(GAN, Encodes):
    def encode(self, x: Tensor) -> Tensor:
        return x[:1]


class Batchless(GAN):
    """A game whose paper's batches nobody says."""

    paper = Paper("Games", ("A Person",), 2014, "batchless")


#: A game for each property, and words of what is said of it.
BROKEN = [
    ("terms", Silent, "has no terms"),
    ("terms", Wide, "Take its mean"),
    ("terms", Infinite, "is "),
    ("terms", Detached, "no term with a gradient"),
    ("ownership", Thief, "moved generator"),
    ("gradients", Idle, "idle.weight, idle.bias never moved"),
    ("duplicates", Sums, "Take means over the batch"),
    ("repeated", Restless, "default generator"),
    ("seeds", Stubborn, "Seed no generator"),
    ("state", Growing, "does not take the state"),
    ("resumed", Forgetful, "after round 1"),
    ("options_go_round", Own, "generator cannot be written"),
    ("recipes", Misled, "latnt"),
    ("recipes", Hurried, "batchsize"),
    ("critic", Upside, "data should score lower"),
    ("latents", Jumping, "two samples"),
    ("latents", Stepped, "no gradient"),
    ("stream", Loud, "moves the global stream"),
    ("abilities", Flat, "it promises (4,)"),
    ("abilities", Classless, "classify of four samples"),
    ("abilities", Careless, "pixels that are known"),
    ("abilities", Unlikely, "log_prob of four"),
    ("abilities", Unknowing, "encode of four"),
    ("published", Batchless, "nobody says the paper's batch"),
]


def property_called(name: str) -> Any:
    return next(each for each in PROPERTIES if each.name == name)


@pytest.mark.parametrize(("name", "kind", "words"), BROKEN, ids=lambda value: getattr(value, "__name__", None))
def test_a_broken_property_is_told_with_what_to_do(name, kind, words):
    with pytest.raises(Broken, match=re.escape(words)):
        property_called(name).check(kind)


def test_what_does_not_fit_a_game_is_not_asked():
    class Alone(GAN):
        couples_samples = "a reason of its own"

    with pytest.raises(Inapplicable, match="a reason of its own"):
        property_called("duplicates").check(Alone)


class Counting(GAN):
    """A player who takes steps of its own."""

    objective: Objective = follows(factory=lambda game: Minimax())

    def build(self):
        super().build()
        self.mean = nn.BatchNorm1d(2, affine=False)

    def players(self):
        return [Player("counter", step=self.count, owns=[self.mean])]

    def count(self, batch):
        assert self.mean.running_mean is not None
        self.mean.running_mean.lerp_(batch["x"].mean(0), 0.1)
        return {"mean": self.mean.running_mean.mean()}


def test_players_who_take_steps_of_their_own_are_asked_for_no_loss():
    for name in ("terms", "duplicates"):
        with pytest.raises(Inapplicable, match="steps of their own"):
            property_called(name).check(Counting)
    for name in ("ownership", "gradients", "repeated", "seeds", "resumed", "double", "state"):
        property_called(name).check(Counting)


MY_GAME = """
from ganarium.games.adversarial.gan import GAN


class MyGAN(GAN):
    \"\"\"A game.\"\"\"

    def generator_loss(self, batch):
        return {"fake": super().generator_loss(batch)["fake"] LOSS}
"""


def test_a_game_of_ones_own_is_checked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANARIUM_CACHE", str(tmp_path / "cache"))
    Path("my_game.py").write_text(MY_GAME.replace("LOSS", ""), encoding="utf-8")
    assert cli.main(["check", "./my_game.py"]) == 0
    out = capsys.readouterr().out
    assert out.count("holds") >= 15
    assert "MyGAN keeps the contract." in out
    assert "What is marked zoo" in out
    Path("my_game.py").write_text(MY_GAME.replace("LOSS", '* len(batch["x"])'), encoding="utf-8")
    assert cli.main(["check", "./my_game.py:MyGAN"]) == 1
    out = capsys.readouterr().out
    assert "fails  a sample's loss does not depend on the others" in out
    assert "MyGAN breaks the contract: 1 of its properties fails." in out


def test_a_game_of_the_zoo_is_checked(capsys):
    assert cli.main(["check", "lsgan"]) == 0
    assert "zoo " not in capsys.readouterr().out
    assert cli.main(["check"]) == 2
    assert cli.main(["check", "--help"]) == 0


def test_names_of_properties_differ():
    assert len({each.name for each in PROPERTIES}) == len(PROPERTIES)
