"""The small parts: specs, options, the index, randomness, signals, and which file may import which."""

import ast
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
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import torch
import yaml
from scipy import stats

import ganarium
from ganarium import data, game, index, options
from ganarium.augment import DiffAugment, Translation
from ganarium.game import Game, abilities
from ganarium.games.adversarial.gan import GAN
from ganarium.objectives import LeastSquares
from ganarium.optimizers import SGD, Adam, RMSprop
from ganarium.penalties import R1, GradientPenalty
from ganarium.randomness import mix, seeded, set_seed
from ganarium.schedules import Cosine, Linear
from ganarium.signals import Interrupted, Stop
from ganarium.spec import Field, MissingField, Spec

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


# -- layers: arrows point down only -------------------------------------------------------------------------------

HOUSE = Path(ganarium.__file__).parent
FILES = {
    ".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(HOUSE.rglob("*.py"))
}
BASE = {"processes", "spec", "randomness", "schedules"}
INGREDIENTS = {
    "nets",
    "objectives",
    "divergences",
    "entropies",
    "holes",
    "unrolling",
    "penalties",
    "pools",
    "priors",
    "augment",
    "optimizers",
    "simulators",
}
#: What each part may import of ours, beside its own folder.
MAY = {
    **dict.fromkeys((*BASE, "paper"), frozenset()),
    **dict.fromkeys((*INGREDIENTS, "data"), frozenset(BASE)),
    "divergences": {"objectives"},
    "data": {*BASE, "simulators"},
    "nets": {*BASE, "priors"},
    "adversarial": {"augment", "game", "objectives", "penalties"},
    "game": {"spec", "optimizers", "priors", "randomness", "paper"},
    "games": {"adversarial", "game", "schedules", "spec", *INGREDIENTS},
    "latent": {"data", "game", "priors", "randomness", "spec"},
    # `evaluate` opens runs and keeps its numbers in them; everything else here knows abilities only.
    "metrics": {
        "data",
        "game",
        "latent",
        "spec",
        "randomness",
        "pictures",
        "index",
        "run",
        "records",
        "checkpoint",
        "tables",
    },
}
CORE = ["trainer", "seat", "average"]
FABRIC = {"guard", "report", "trainer", "seat", "fitting", "settings", "session", "tuning", "warm"}


@dataclasses.dataclass(frozen=True)
class Import:
    """One name that a file imports.

    Args:
        name: The module, in full.
        eager: Whether it is imported as soon as the file is.
        typing: Whether it is imported for type checkers only.
    """

    name: str
    eager: bool
    typing: bool


def imports(module: str) -> list[Import]:
    found: list[Import] = []

    def visit(node: ast.AST, eager: bool, typing: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, eager, typing) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            found.extend(Import(f"{node.module}.{alias.name}", eager, typing) for alias in node.names)
        eager = eager and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                visit(child, False, True)
            for child in node.orelse:
                visit(child, eager, typing)
            return
        for child in ast.iter_child_nodes(node):
            visit(child, eager, typing)

    visit(ast.parse(FILES[module].read_text(encoding="utf-8")), True, False)
    return found


def ours(module: str) -> set[str]:
    """The parts of the house, one word each, that a file imports."""
    names = [one.name.split(".") for one in imports(module)]
    return {parts[1] for parts in names if parts[0] == "ganarium"}


@pytest.mark.parametrize("module", [module for module in FILES if module.split(".")[0] in MAY])
def test_a_part_imports_only_what_stands_below_it(module):
    part = module.split(".")[0]
    assert ours(module) <= MAY[part] | {part}


@pytest.mark.parametrize("module", CORE)
def test_the_trainer_knows_no_game_no_run_and_no_data(module):
    assert not ours(module) & {"games", "data", "options", "run", "session", "settings", "cli"}


def test_every_part_that_has_a_rule_is_there():
    assert {*MAY, *CORE, *FABRIC} <= {module.split(".")[0] for module in FILES}


def test_lists_of_games_and_data_are_made_without_torch():
    reached, ahead = set(), {"index"}
    while ahead:
        module = ahead.pop()
        reached.add(module)
        eager = [one.name.split(".") for one in imports(module) if one.eager]
        assert not [name for name in eager if name[0] == "torch"], module
        ahead |= {name[1] for name in eager if name[0] == "ganarium" and name[1] in FILES} - reached


def test_fabric_is_imported_in_few_files_and_only_when_one_trains():
    using = {module: one for module in FILES for one in imports(module) if one.name.startswith("lightning")}
    assert set(using) <= FABRIC
    assert "trainer" in using
    assert [module for module, one in using.items() if one.eager] == []


def test_torchvision_is_nowhere():
    assert [module for module in FILES for one in imports(module) if one.name.split(".")[0] == "torchvision"] == []


def test_no_file_is_called_utils():
    names = {part for module in FILES for part in module.split(".")}
    assert not names & {"utils", "util", "helpers", "common", "misc"}


def test_no_files_import_each_other_in_a_circle():
    graph: dict[str, set[str]] = {}
    for module in FILES:
        names = [one.name.removeprefix("ganarium.") for one in imports(module) if one.eager and "ganarium" in one.name]
        # `from ganarium.spec import Field` names a module and something in it.
        found = [name if name in FILES else name.rpartition(".")[0] for name in names]
        graph[module] = {name for name in found if name in FILES and name != module}
    assert len(list(TopologicalSorter(graph).static_order())) == len(FILES)


def test_architectures_are_known_before_any_game_that_brings_them():
    code = "from ganarium.options import read; print(read({'is': 'normed-perceptrons', 'units': 8}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "NormedPerceptrons(units=8" in done.stdout, done.stderr
