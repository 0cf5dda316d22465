"""The small parts: specs, options, the index, randomness, signals, and which file may import which."""

import contextlib
import dataclasses
import importlib
import inspect
import itertools
import json
import os
import pkgutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
import yaml
from scipy import stats

import ganarium
from ganarium import data, game
from ganarium.game import Game, abilities
from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import (
    R1,
    SGD,
    Adam,
    Cosine,
    DiffAugment,
    GradientPenalty,
    LeastSquares,
    Linear,
    RMSprop,
    Translation,
)
from ganarium.randomness import mix, seeded, set_seed
from ganarium.spec import Field, MissingField, Spec
from ganarium.terminal.signals import Interrupted, Stop
from ganarium.zoo import index, options

CPU = torch.device("cpu")

# -- spec ---------------------------------------------------------------------------------------------------------

FULL = Spec(
    x=Field((3, 8, 8), "image", scale=(2.0,), shift=(0.5,)),
    y=Field((), "label", classes=3, names=("cat", "dog", "fish")),
    c=Field((4,), "attributes"),
    text=Field((5,), "tokens", classes=11),
    a=Field((2,), "points", scale=(1.0, 2.0), shift=(0.0, -1.0)),
    b=Field((6, 2), "sequence"),
    index=Field((), "index", classes=4),
)


def test_a_spec_survives_being_written_as_yaml_and_json():
    assert Spec.read(yaml.safe_load(yaml.safe_dump(FULL.plain()))) == FULL
    assert Spec.read(json.loads(json.dumps(FULL.plain()))) == FULL


def test_a_random_batch_fits_its_spec_and_follows_its_seed():
    batch = FULL.random(6, seed=1)
    assert list(batch) == list(FULL)
    for name, field in FULL.items():
        assert batch[name].shape == (6, *field.shape)
        assert batch[name].dtype == (torch.int64 if field.counts else torch.float32)
        if field.counts:
            assert 0 <= batch[name].min() <= batch[name].max() < field.classes
    assert batch["x"].abs().max() <= 1
    assert batch["index"].tolist() == [0, 1, 2, 3, 0, 1]
    again, other = FULL.random(6, seed=1), FULL.random(6, seed=2)
    assert all(torch.equal(batch[name], again[name]) for name in batch)
    assert not torch.equal(batch["x"], other["x"])


def test_what_a_game_needs_is_checked_and_named():
    FULL.require({"x": ("image", "volume"), "y": ()}, "Somebody")
    with pytest.raises(
        MissingField, match=r"Somebody plays on batches with the field 'z' as label; .* only 'x'"
    ) as lost:
        FULL.require({"z": ("label",)}, "Somebody")
    assert (lost.value.field, lost.value.kinds) == ("z", ("label",))
    with pytest.raises(MissingField, match=r"the field 'x' as points; this data's 'x' is image 3 x 8 x 8"):
        FULL.require({"x": ("points",)}, "Somebody")
    with pytest.raises(MissingField, match="only nothing"):
        Spec(index=Field((), "index", classes=3)).require({"x": ()}, "Somebody")


def test_a_field_restores_the_data_s_own_units():
    x = torch.tensor([[1.0, 1.0], [0.0, 0.5]])
    assert FULL["a"].restore(x).tolist() == [[1.0, 1.0], [0.0, 0.0]]
    assert torch.equal(FULL["b"].restore(x), x)
    assert FULL["a"].restore(x.double()).dtype == torch.float64


@pytest.mark.parametrize(("shape", "kind"), [((2,), "dots"), ((0,), "points"), ((2, -1), "image")])
def test_impossible_fields_are_refused(shape, kind):
    with pytest.raises(ValueError, match="field's"):
        Field(shape, kind)


def test_a_spec_grows_by_keywords_and_prints_what_it_holds():
    spec = Spec({"x": Field((2,), "points")}, y=Field((), "label", classes=3))
    assert list(Spec(spec, c=Field((4,), "attributes"))) == ["x", "y", "c"]
    assert repr(spec) == "Spec(x: points 2, y: label 3 classes)"
    assert FULL["x"].size == 192


# -- options ------------------------------------------------------------------------------------------------------

MEMBERS = [(family, word, member) for family in options.FAMILIES for word, member in options.choices(family).items()]


def written(value: object) -> object:
    """Through a file and back."""
    return options.read(yaml.safe_load(yaml.safe_dump(options.plain(value))))


@pytest.mark.parametrize(("family", "word", "member"), MEMBERS, ids=[word for _, word, _ in MEMBERS])
def test_every_option_with_its_defaults_survives_being_written(family, word, member):
    option = member()
    assert issubclass(member, family)
    assert dataclasses.is_dataclass(member)
    assert options.plain(option)["is"] == word
    assert written(option) == option
    assert type(written(option)) is member
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(option, dataclasses.fields(member)[0].name if dataclasses.fields(member) else "new", 1)


def test_every_family_has_members_and_no_two_members_share_a_word():
    assert {family for family, _, _ in MEMBERS} == set(options.FAMILIES)
    # A divergence is an objective too: one member of two families.
    words = [word for word, _ in {(word, member) for _, word, member in MEMBERS}]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize(
    "option",
    [
        SGD(Linear(0.1, 0.01), momentum=Cosine(0.5, 0.7, until=0.5)),
        Adam(1e-3, (Linear(0.9, 0.5), 0.99)),
        GradientPenalty(Linear(10.0, 1.0), target=0.5),
        DiffAugment((Translation(0.25),)),
        (R1(3.0), GradientPenalty()),
        LeastSquares(1.0, -1.0, 0.0),
        None,
        0.5,
        "words",
    ],
    ids=str,
)
def test_options_within_options_survive_being_written(option):
    assert written(option) == option


def test_what_no_file_could_hold_is_refused():
    with pytest.raises(TypeError, match="Linear cannot be written"):
        options.plain(torch.nn.Linear(2, 1))
    with pytest.raises(ValueError, match=r"no option 'hinges'\. Did you mean hinge"):
        options.read({"is": "hinges"})
    with pytest.raises(ValueError, match=r"no option 'os\.system'"):
        options.read({"is": "os.system", "command": "true"})


def test_a_game_s_options_are_its_arguments_with_defaults_and_the_user_s_own_objects_apart():
    spec = Spec(x=Field((2,), "points"))
    rows, own = options.of_game(GAN(spec, latent=3, discriminator=torch.nn.Linear(2, 1), penalties=(R1(),)))
    assert own == ["discriminator"]
    assert rows["latent"] == 3
    assert rows["penalties"] == [{"is": "r1", "weight": 10.0, "every": 1}]
    assert set(rows) | set(own) == set(inspect.signature(GAN).parameters) - {"spec"}
    again = GAN(spec, **{name: options.read(value) for name, value in rows.items()})
    assert options.of_game(again)[0] == {**rows, "discriminator": None}


# -- the index ----------------------------------------------------------------------------------------------------


def zoo() -> dict[str, type[Game]]:
    """The games by command, found by importing every file of the zoo."""
    import ganarium.games as package

    found = {}
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        for _, member in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(member, Game) and member.__module__ == module.name and "paper" in vars(member):
                found[member.paper.command] = member
    return found


ZOO = zoo()


def test_the_index_finds_the_games_that_there_are_in_the_order_of_their_years():
    assert set(index.games()) == set(ZOO)
    years = [entry.paper.year for entry in index.games().values()]
    assert years == sorted(years)


@pytest.mark.parametrize("command", ZOO)
def test_what_the_index_reads_from_a_file_is_what_the_class_says(command):
    entry, kind = index.games()[command], ZOO[command]
    assert entry.command == command
    assert (entry.name, entry.module) == (kind.__name__, kind.__module__)
    assert entry.paper == kind.paper
    assert entry.bases == tuple(base.__name__ for base in kind.__bases__)
    assert index.needs(entry) == dict(kind.needs)
    assert set(index.abilities(entry)) == {
        word for ability, word in index.ability_words().items() if issubclass(kind, getattr(game, ability))
    }
    assert entry.summary == (inspect.getdoc(kind) or "").split("\n")[0] != ""
    assert entry.family == Path(inspect.getfile(kind)).parent.name
    assert index.game_class(command) is index.game_class(entry.name) is getattr(ganarium, entry.name) is kind
    assert all((command in index.with_ability(word)) == (word in index.abilities(entry)) for word in ABILITY_WORDS)


ABILITY_WORDS = list(index.ability_words().values())


def test_every_ability_of_the_game_module_has_a_word():
    abstract = {
        name
        for name, kind in vars(abilities).items()
        if inspect.isclass(kind) and kind.__module__ == abilities.__name__ and inspect.isabstract(kind)
    }
    assert abstract == set(index.ability_words())
    assert len(set(ABILITY_WORDS)) == len(ABILITY_WORDS)


def test_the_index_reads_loaders_as_they_register_themselves():
    data.load("ring")  # imports them
    assert set(index.loaders()) == set(data.LOADERS)
    for name, entry in index.loaders().items():
        assert importlib.import_module(entry.module).__dict__[entry.function].__name__ == entry.function
        assert entry.name == name


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("wgangp", "Did you mean wgan-gp or"),
        ("GAN", "Did you mean gan or"),
        ("dc", "Did you mean dcgan?"),
        ("zzz", "There are gan, dcgan, wgan-gp."),
    ],
)
def test_a_mistyped_name_gets_the_nearest_ones(word, sentence):
    assert index.nearest(word, ["gan", "dcgan", "wgan-gp"]).startswith(sentence)


def test_far_from_many_names_nothing_is_offered():
    assert index.nearest("zzz", [f"name{i}" for i in range(13)]) == ""
    assert index.nearest("zzz", []) == ""
    with pytest.raises(ValueError, match=r"no game 'gann'\. Did you mean .*\bgan\b"):
        index.game_class("gann")


# -- randomness ---------------------------------------------------------------------------------------------------

PLACES = list(itertools.product(range(4), range(40), range(3), range(3)))  # seed, round, player, move


def test_mixed_seeds_are_different_for_different_places():
    places = [*PLACES, *((*place, 1) for place in PLACES), *{place[:3] for place in PLACES}]
    seeds = {mix(*place) for place in places}
    assert len(seeds) == len(places)
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert mix() != mix(0) != mix(0, 0) != mix(0, -1)


def test_mixed_seeds_never_change_for_runs_on_disk_go_on_with_them():
    assert [mix(), mix(0), mix(1, 2, 3)] == [5700357409661599242, 3980143261097177850, 7602938901349714354]


def test_one_step_in_one_place_flips_half_the_bits():
    flips = [(mix(*place) ^ mix(*place[:3], place[3] + 1)).bit_count() for place in PLACES]
    flips += [(mix(*place) ^ mix(place[0] + 1, *place[1:])).bit_count() for place in PLACES]
    assert sum(flips) / len(flips) == pytest.approx(31.5, abs=0.5)
    assert min(flips) > 10


def test_streams_of_neighbouring_rounds_are_unrelated():
    rows = []
    for round in range(500):
        set_seed(CPU, mix(0, round, 0, 0, 1))
        rows.append(torch.rand(3))
    drawn = torch.stack(rows)
    assert stats.kstest(drawn.flatten().numpy(), "uniform").pvalue > 1e-3
    assert torch.corrcoef(torch.stack([drawn[:-1, 0], drawn[1:, 0]]))[0, 1].abs() < 0.15


def test_a_seeded_stretch_is_a_function_of_its_seed_and_leaves_the_stream_alone():
    torch.manual_seed(1)
    wanted = torch.rand(2), torch.rand(2)
    torch.manual_seed(1)
    first = torch.rand(2)
    with seeded(CPU, 7):
        inside = torch.rand(2)
    with contextlib.suppress(KeyError), seeded(CPU, 8):
        torch.rand(5)
        raise KeyError
    assert torch.equal(first, wanted[0])
    assert torch.equal(torch.rand(2), wanted[1])
    with seeded(CPU, 7):
        assert torch.equal(torch.rand(2), inside)


def test_seeded_with_none_draws_from_the_outer_stream():
    torch.manual_seed(1)
    wanted = torch.rand(4)
    torch.manual_seed(1)
    with seeded(CPU, None):
        inside = torch.rand(2)
    assert torch.equal(torch.cat([inside, torch.rand(2)]), wanted)


# -- optimisers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "halfway"),
    [
        (SGD(0.1, 0.9), {}),
        (SGD(Linear(0.4, 0.2)), {"lr": pytest.approx(0.3)}),
        (SGD(0.1, Linear(0.5, 0.7)), {"momentum": pytest.approx(0.6)}),
        (Adam(), {}),
        (Adam(Linear(0.4, 0.2)), {"lr": pytest.approx(0.3)}),
        (Adam(1e-3, (Linear(0.9, 0.5), 0.99)), {"betas": (pytest.approx(0.7), 0.99)}),
        (RMSprop(Cosine(0.2, 0.0)), {"lr": pytest.approx(0.1)}),
        (RMSprop(1e-4, 0.9, start=1.0), {}),
    ],
    ids=str,
)
def test_an_optimiser_says_which_of_its_numbers_change_and_starts_with_them(choice, halfway):
    assert choice.schedule(0.5) == halfway
    optimizer = choice([torch.nn.Parameter(torch.zeros(2))])
    assert isinstance(optimizer, getattr(torch.optim, type(choice).__name__))
    start = {field.name: getattr(choice, field.name) for field in dataclasses.fields(choice)} | choice.schedule(0.0)
    assert {name: optimizer.param_groups[0][name] for name in start} == start


@pytest.mark.parametrize("make", [lambda: SGD(0.0), lambda: Adam(-1.0), lambda: RMSprop(Linear(-0.1, 0.1))])
def test_a_learning_rate_is_positive(make):
    with pytest.raises(ValueError, match="positive learning rate"):
        make()


def test_rmsprop_begins_with_the_average_that_it_is_told():
    weight = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
    late = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, average = RMSprop(1e-2, alpha=0.9, start=1.0)([weight, late]), torch.ones(2, dtype=torch.float64)
    expected, gradient = torch.zeros(2, dtype=torch.float64), torch.tensor([1e-3, 2.0], dtype=torch.float64)
    for _ in range(3):
        weight.grad = gradient
        optimizer.step()
        average = 0.9 * average + 0.1 * gradient.square()
        expected = expected - 1e-2 * gradient / average.sqrt()
    torch.testing.assert_close(weight.data, expected, rtol=1e-6, atol=0)
    again = RMSprop(1e-2, alpha=0.9, start=1.0)([weight, late])
    again.load_state_dict(optimizer.state_dict())
    again.step()
    torch.testing.assert_close(again.state[weight]["square_avg"], 0.9 * average + 0.1 * gradient.square())
    assert late not in again.state
    with pytest.raises(ValueError, match="begins at 0 or above"):
        RMSprop(start=-1.0)


# -- signals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_does_what_it_always_did(number):
    heard = []
    before = signal.signal(number, lambda *_: heard.append("twice"))
    try:
        with Stop() as stop:
            assert stop.asked is None
            os.kill(os.getpid(), number)
            assert stop.asked == number
            assert heard == []
            os.kill(os.getpid(), number)
            assert heard == ["twice"]
        os.kill(os.getpid(), number)
        assert heard == ["twice"] * 2
    finally:
        signal.signal(number, before)


def test_handlers_are_put_back_even_after_an_error():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with contextlib.suppress(KeyError), Stop():
        assert signal.getsignal(signal.SIGINT) != before[0]
        raise KeyError
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_in_another_thread_signals_are_left_alone():
    asked = []

    def inside() -> None:
        with Stop() as stop:
            asked.append(stop.asked)

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert asked == [None]


def test_an_interruption_says_how_to_go_on(tmp_path):
    assert f"ganarium resume {tmp_path}" in str(Interrupted(signal.SIGINT, tmp_path))
    assert isinstance(Interrupted(signal.SIGINT, tmp_path), KeyboardInterrupt)


# -- architectures: found by their files


def test_architectures_are_known_before_any_game_that_brings_them():
    code = "from ganarium.zoo.options import read; print(read({'is': 'normed-perceptrons', 'units': 8}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "NormedPerceptrons(units=8" in done.stdout, done.stderr
