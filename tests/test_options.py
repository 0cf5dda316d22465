"""Options as annotated attributes: what a class says once is the constructor, the config and the help."""

from __future__ import annotations

import copy
import inspect
from typing import ClassVar, Self

import pytest
import torch
from torch import Tensor, nn

from ganarium.arguments import forms, request
from ganarium.data import load
from ganarium.game import Game, Player, follows, made
from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.wgan import WGAN
from ganarium.spec import Field, Spec
from ganarium.zoo import index, options

SPEC = Spec(x=Field((2,), "points"))


class Scale(Game):
    """One number times the data.

    Args:
        start: Where the number begins.
        net: What is scaled.
    """

    fixed: ClassVar[int] = 3

    start: float = 2.0
    doubled: float = follows(factory=lambda game: 2 * game.start)
    count: Tensor = follows(factory=lambda game: torch.zeros(()))
    net: nn.Module = made(factory=lambda game: nn.Linear(2, int(game.doubled)))

    def check(self) -> None:
        if self.start <= 0:
            raise ValueError(f"start is above zero; got {self.start}.")

    def build(self) -> None:
        self.size = sum(p.numel() for p in self.net.parameters())

    def players(self) -> list[Player]:
        return [Player("one", lambda batch: {"size": self.net(batch["x"]).square().mean()}, [self.net])]

    @classmethod
    def toy(cls) -> Self:
        return cls(SPEC)


class Wider(Scale):
    """Begins elsewhere, and has an option of its own."""

    start = 3.0
    extra: bool = False


def test_annotated_attributes_are_keywords_and_stay_attributes():
    game = Scale(SPEC, start=1.5)
    assert (game.start, game.doubled, game.fixed) == (1.5, 3.0, 3)
    assert list(inspect.signature(Scale).parameters) == ["spec", "start", "net"]
    assert game.arguments == {"spec": SPEC, "start": 1.5}
    assert game.size == 9


def test_what_follows_is_no_option_and_a_tensor_of_it_is_kept():
    assert "count" in Scale(SPEC).state_dict()
    with pytest.raises(TypeError, match=r"Scale takes no option 'doubled'\. It takes spec, start, net"):
        Scale(SPEC, doubled=4.0)  # type: ignore[call-arg]


def test_a_subclass_inherits_changes_and_adds():
    game = Wider(SPEC)
    assert (game.start, game.doubled, game.extra) == (3.0, 6.0, False)
    assert list(inspect.signature(Wider).parameters) == ["spec", "start", "extra", "net"]
    assert Scale(SPEC).start == 2.0
    assert forms.helps_of(Wider)["start"] == "Where the number begins."


def test_networks_are_made_in_order_unless_given_and_nothing_hides_them():
    own = nn.Linear(2, 7)
    game = Scale(SPEC, net=own)
    assert game.net is own
    assert dict(game.named_children()) == {"net": own}


def test_options_that_do_not_go_together_are_refused_before_networks_are_made():
    with pytest.raises(ValueError, match="start is above zero"):
        Scale(SPEC, start=-1.0)


def test_a_misspelt_option_is_met_with_the_nearest():
    with pytest.raises(TypeError, match=r"GAN takes no option 'latnt'\. Did you mean latent"):
        GAN(SPEC, latnt=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="takes options by name, not by place"):
        WGAN(SPEC, 8)  # type: ignore[call-arg]


def test_a_property_takes_the_place_of_an_option():
    class Fixed(Scale):
        @property
        def start(self) -> float:  # type: ignore[override]
            return 1.0

    assert Fixed(SPEC).doubled == 2.0
    assert "start" not in inspect.signature(Fixed).parameters


def test_an_option_without_a_default_or_with_an_unknown_type_is_refused_when_the_class_is_made():
    with pytest.raises(TypeError, match=r"Lacking\.rate has no default"):

        class Lacking(Scale):
            rate: float  # type: ignore[misc]

    with pytest.raises(TypeError, match="An annotation of Unknown cannot be read: name 'Missing' is not defined"):

        class Unknown(Scale):
            rate: Missing = 1.0  # type: ignore[name-defined]  # noqa: F821


def test_a_constructor_may_be_written_out():
    class Plain(Scale):
        def __init__(self, spec: Spec, width: int = 4):
            super().__init__(spec, start=width / 2)
            self.width = width

    game = Plain(SPEC, width=6)
    assert (game.width, game.start, game.arguments) == (6, 3.0, {"spec": SPEC, "width": 6})
    assert list(inspect.signature(Plain).parameters) == ["spec", "width"]
    with pytest.raises(TypeError, match="Plain takes no option 'start'"):
        Plain(SPEC, start=1.0)  # type: ignore[call-arg]


def test_a_copy_is_the_same_game():
    game = Wider(SPEC, start=1.0)
    other = copy.deepcopy(game)
    assert other.start == 1.0
    assert all(torch.equal(a, b) for a, b in zip(game.parameters(), other.parameters(), strict=True))


def test_options_go_to_a_file_and_back():
    rows, own = options.of_game(Wider(SPEC, extra=True))
    assert (rows, own) == ({"start": 3.0, "extra": True, "net": None}, [])
    _, own = options.of_game(Wider(SPEC, net=nn.Linear(2, 2)))
    assert own == ["net"]


def test_a_spec_that_lacks_a_field_is_refused_first():
    with pytest.raises(ValueError, match="'x'"):
        Scale(Spec(y=Field((), "label", classes=2)), start=-1.0)


class Counts(Game):
    """A base with an option and a buffer of its own, and another default."""

    often: int = 2
    seen: Tensor = follows(factory=lambda game: torch.zeros(()))


class Louder(Scale):
    """Changes a default of a base that it shares."""

    start = 5.0


class Beside(Scale):
    """Changes nothing."""


class Joined(Beside, Louder, Counts):
    """Has the options of all its bases; a default is that of the first base that changes it."""


def test_options_of_several_bases_are_joined_in_the_order_of_the_bases():
    game = Joined(SPEC, often=7)
    assert {"often", "start", "net"} <= set(inspect.signature(Joined).parameters)
    assert (game.often, game.start) == (7, 5.0)
    assert {"seen", "count"} <= set(game.state_dict())
    assert Beside(SPEC).start == 2.0


class Rows(Game):
    """Several networks.

    Args:
        rows: As many networks.
    """

    rows: nn.ModuleList = made(factory=lambda game: nn.ModuleList([nn.Linear(2, 1)]))

    @classmethod
    def toy(cls) -> Self:
        return cls(SPEC)


def test_a_list_of_networks_becomes_a_module():
    nets = [nn.Linear(2, 2), nn.Linear(2, 3)]
    game = Rows(SPEC, rows=nets)  # type: ignore[arg-type]
    assert isinstance(game.rows, nn.ModuleList)
    assert [name for name, _ in game.named_parameters()] == [
        "rows.0.weight",
        "rows.0.bias",
        "rows.1.weight",
        "rows.1.bias",
    ]


def test_a_player_descends_the_loss_that_is_called_after_it():
    class Doubled(WGAN):
        def critic_loss(self, batch):
            return {name: 2 * term for name, term in self.discriminator_loss(batch).items()}

    game = Doubled.toy()
    critic, generator = game.players()
    assert (critic.loss, generator.loss) == (game.critic_loss, game.generator_loss)
    assert GAN.toy().players()[0].loss.__name__ == "discriminator_loss"


@pytest.mark.parametrize("name", sorted(index.games()))
def test_the_command_line_builds_what_python_builds(name: str):
    """A recipe's objects, with objects and schedules within them, come through the words of the command line."""
    kind, rows = index.game_class(name), request.GAME
    for world in ("digits", "ring", "sprites", "melodies", "voxels", "normal-means", "shape-pairs", "translation"):
        data = load(world)
        try:
            own = kind.on(data)
        except ValueError:  # it does not play on this data
            continue
        made = request.Request([name, "--data", world], "train", rows).game(data)
        for option in inspect.signature(kind).parameters:
            if option != "spec" and not isinstance(getattr(own, option), torch.nn.Module):
                assert getattr(made, option) == getattr(own, option), option
        return
    raise AssertionError(f"{name} plays on none of these worlds")
