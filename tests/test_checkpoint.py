"""Checkpoints: what was written comes back, whole or not at all, and nothing in it is code."""

import copy
import json
import pickletools
import zipfile
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from ganarium.data import InMemory, random
from ganarium.engine.trainer import Trainer
from ganarium.games.adversarial.dcgan import DCGAN
from ganarium.games.adversarial.wgan_gp import WGANGP
from ganarium.running import checkpoint

State = dict[str, Any]


def points() -> InMemory:
    return random(WGANGP.toy().spec, 32)


def trainer(rounds: int = 3, seed: int = 0) -> Trainer:
    torch.manual_seed(seed)
    played = Trainer(WGANGP.toy(), average=50.0)
    for _ in played.play(points(), 8, rounds) if rounds else ():
        pass
    return played


@pytest.fixture(scope="module")
def played() -> State:
    """A trainer's state after three rounds; not to be written into."""
    return copy.deepcopy(trainer().state_dict())


def small(round: int = 1, **tensors: Tensor) -> State:
    """A state of a few tensors."""
    game = tensors or {"weight": torch.arange(3.0)}
    return {"round": round, "seen": 8 * round, "game": game, "average": None, "optimizers": {}}


def save(folder: Path, state: State, keep: int = 2) -> Path:
    return checkpoint.save(folder, state, keep, seconds=1.5)


def same(one: Any, other: Any) -> bool:
    """Whether two nests of tensors and numbers are equal, bit for bit."""
    if isinstance(one, Tensor):
        return isinstance(other, Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return one == other


# -- there and back -----------------------------------------------------------------------------------------------


def test_a_state_comes_back_as_it_was(tmp_path, played):
    path = save(tmp_path, played)
    loaded = checkpoint.load(path)
    meta = loaded.pop("meta")
    assert same(loaded, played)
    assert (meta["format"], meta["round"], meta["seen"], meta["seconds"]) == (checkpoint.FORMAT, 3, 48, 1.5)
    assert sorted(file.name for file in path.iterdir()) == [
        "average.safetensors",
        "meta.json",
        "model.safetensors",
        "state.pt",
    ]


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int64, torch.uint8, torch.bool])
def test_tensors_of_any_type_and_layout_come_back(tmp_path, dtype):
    value = torch.arange(12).view(3, 4).to(dtype)
    state = small(whole=value.clone(), turned=value.clone().T, single=torch.tensor(7).to(dtype), none=value[:0].clone())
    assert same(checkpoint.load(save(tmp_path, state))["game"], state["game"])


def test_a_trainer_goes_on_from_the_disk_as_if_it_had_never_stopped(tmp_path):
    whole = trainer(rounds=6)
    half = trainer(rounds=0)
    for _ in islice(half.play(points(), 8, 6), 3):
        pass
    path = save(tmp_path, half.state_dict())
    resumed = trainer(rounds=0, seed=9)
    resumed.load_state_dict(checkpoint.load(path))
    for _ in resumed.play(points(), 8, 6):
        pass
    assert same(resumed.state_dict(), whole.state_dict())


def test_a_game_with_running_statistics_comes_back(tmp_path):
    torch.manual_seed(0)
    game = DCGAN.toy()
    first = Trainer(game, average=20.0)
    for _ in first.play(random(game.spec, 16), 8, 2):
        pass
    second = Trainer(DCGAN.toy(), average=20.0)
    second.load_state_dict(checkpoint.load(save(tmp_path, first.state_dict())))
    assert same(second.state_dict(), first.state_dict())


def test_saving_the_same_round_again_replaces_it(tmp_path):
    save(tmp_path, small(weight=torch.zeros(2)))
    path = save(tmp_path, small(weight=torch.ones(2)))
    assert torch.equal(checkpoint.load(path)["game"]["weight"], torch.ones(2))
    assert checkpoint.rounds(tmp_path) == [1]


# -- tensors with two names ---------------------------------------------------------------------------------------


def test_a_tensor_with_two_names_is_written_once_and_comes_back_as_both(tmp_path):
    weight = torch.randn(4, 5)
    path = save(tmp_path, small(left=weight, right=weight, other=weight.clone()))
    with safe_open(path / "model.safetensors", "pt") as file:
        assert sorted(file.keys()) == ["left", "other"]
    game = checkpoint.load(path)["game"]
    assert all(torch.equal(game[name], weight) for name in ("left", "right", "other"))


def test_pieces_of_one_tensor_are_not_twins(tmp_path):
    whole = torch.arange(6.0)
    state = small(first=whole[:3], second=whole[3:], none=torch.empty(0), nothing=torch.empty(0))
    assert same(checkpoint.load(save(tmp_path, state))["game"], state["game"])


@pytest.mark.parametrize(
    "view", [lambda x: x[:3], lambda x: x.view(2, 3), lambda x: x[::2]], ids=["part", "shape", "strides"]
)
def test_a_view_of_a_tensor_comes_back_beside_it(tmp_path, view):
    whole = torch.arange(6.0)
    state = small(whole=whole, view=view(whole))
    assert same(checkpoint.load(save(tmp_path, state))["game"], state["game"])


# -- which are kept -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_newest_checkpoints_are_kept_and_latest_names_the_last(tmp_path, keep):
    for round in (1, 2, 9, 10, 11):
        path = save(tmp_path, small(round), keep)
        assert checkpoint.latest(tmp_path) == path
    assert checkpoint.rounds(tmp_path) == [2, 9, 10, 11][-keep:]
    assert {entry.name for entry in tmp_path.iterdir()} == {
        "latest",
        *(f"{round:07d}" for round in checkpoint.rounds(tmp_path)),
    }


def test_what_was_just_written_is_kept_even_beside_a_later_round(tmp_path):
    """A crash before `latest` moved leaves a later checkpoint, and the run goes on from the one before."""
    save(tmp_path, small(20), keep=1)
    path = save(tmp_path, small(15), keep=1)
    assert checkpoint.latest(tmp_path) == path
    assert same(checkpoint.load(path)["game"], small()["game"])


def test_a_folder_without_a_checkpoint_says_so(tmp_path):
    with pytest.raises(ValueError, match="holds no checkpoint"):
        checkpoint.latest(tmp_path)


def test_a_long_run_s_rounds_sort_as_numbers(tmp_path):
    save(tmp_path, small(9_999_999), keep=3)
    save(tmp_path, small(12_345_678), keep=3)
    assert checkpoint.rounds(tmp_path) == [9_999_999, 12_345_678]


# -- crashes ------------------------------------------------------------------------------------------------------


def test_what_a_crash_left_half_written_is_ignored_and_replaced(tmp_path):
    save(tmp_path, small(1))
    half = tmp_path / ".0000002.tmp"
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half")
    (half / "stray").write_bytes(b"")
    (tmp_path / "latest.tmp").write_text("00000")
    assert checkpoint.rounds(tmp_path) == [1]
    assert checkpoint.latest(tmp_path).name == "0000001"
    path = save(tmp_path, small(2))
    assert same(checkpoint.load(path)["game"], small()["game"])
    assert not half.exists()
    assert not (path / "stray").exists()


def test_what_a_crash_left_of_another_round_is_removed_and_what_was_put_aside_comes_back(tmp_path):
    save(tmp_path, small(1))
    (tmp_path / "0000001").rename(tmp_path / ".0000001.old")
    for name in (".0000003.tmp", ".0000002.old"):
        (tmp_path / name).mkdir()
    save(tmp_path, small(2))
    assert {entry.name for entry in tmp_path.iterdir()} == {"latest", "0000001", "0000002"}


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "0000001").write_text("a file")
    (tmp_path / "12abc").mkdir()
    (tmp_path / "notes").mkdir()
    save(tmp_path, small(5), keep=1)
    assert checkpoint.rounds(tmp_path) == [5]
    assert (tmp_path / "0000001").is_file()
    assert (tmp_path / "12abc").is_dir()


def test_latest_moves_only_when_all_else_is_written(tmp_path, monkeypatch):
    save(tmp_path, small(1))

    def crash(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(checkpoint, "write_text", crash)
    with pytest.raises(OSError, match="no space"):
        save(tmp_path, small(2))
    assert checkpoint.latest(tmp_path).name == "0000001"
    assert checkpoint.load(checkpoint.latest(tmp_path))["round"] == 1


def test_text_is_written_whole(tmp_path):
    path = tmp_path / "file"
    checkpoint.write_text(path, "first")
    checkpoint.write_text(path, "größer")
    assert path.read_text(encoding="utf-8") == "größer"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


# -- damage -------------------------------------------------------------------------------------------------------

FILES = ["model.safetensors", "average.safetensors", "state.pt"]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("place", [0, 0.5, -1])
def test_a_flipped_byte_is_found(tmp_path, played, file, place):
    path = save(tmp_path, played)
    content = bytearray((path / file).read_bytes())
    content[int(place * len(content)) if place > 0 else place] ^= 1  # type: ignore[index]
    (path / file).write_bytes(content)
    with pytest.raises(ValueError, match=f"damaged: {file}"):
        checkpoint.load(path)


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_was_cut_off_is_found(tmp_path, played, file):
    path = save(tmp_path, played)
    content = (path / file).read_bytes()
    (path / file).write_bytes(content[:-1])
    with pytest.raises(ValueError, match=f"damaged: {file}"):
        checkpoint.load(path)


@pytest.mark.parametrize("file", [*FILES, "meta.json"])
def test_a_missing_file_is_found(tmp_path, played, file):
    path = save(tmp_path, played)
    (path / file).unlink()
    with pytest.raises(ValueError, match="cannot be read"):
        checkpoint.load(path)


@pytest.mark.parametrize("text", ["", "{", "{}", "\0\0"])
def test_a_description_that_is_none_is_found(tmp_path, played, text):
    path = save(tmp_path, played)
    (path / "meta.json").write_text(text)
    with pytest.raises(ValueError, match="cannot be read"):
        checkpoint.load(path)


def test_any_flipped_byte_of_the_description_is_found_or_means_nothing(tmp_path):
    shared = torch.ones(2)
    path = save(tmp_path, small(left=shared, right=shared))
    meta, before = path / "meta.json", checkpoint.load(path)
    content = meta.read_bytes()
    for place in range(len(content)):
        for bit in (1, 128):
            meta.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
            try:
                loaded = checkpoint.load(path)
            except ValueError:
                continue
            assert same({**loaded, "meta": 0}, {**before, "meta": 0})


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"nonsense", b"0000009", "²".encode()])
def test_a_pointer_that_names_no_checkpoint_does_not_matter(tmp_path, content):
    save(tmp_path, small(1))
    save(tmp_path, small(2))
    (tmp_path / "latest").write_bytes(content)
    if content == b"0000009":
        with pytest.warns(UserWarning, match="Using the one of round 2"):
            assert checkpoint.load_newest(tmp_path)["round"] == 2
    else:
        assert checkpoint.load_newest(tmp_path)["round"] == 2


# -- numbers that are none ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("part", ["game", "average"])
def test_what_is_not_finite_is_never_saved(tmp_path, played, part, bad):
    save(tmp_path, small(1))
    state = copy.deepcopy(played)
    name = list(state[part])[-1]
    state[part][name].view(-1)[-1] = bad
    with pytest.raises(FloatingPointError, match=f"'{name}' is not finite"):
        save(tmp_path, state)
    assert checkpoint.rounds(tmp_path) == [1]
    assert checkpoint.latest(tmp_path).name == "0000001"


def test_a_refused_checkpoint_leaves_nothing_behind(tmp_path):
    with pytest.raises(FloatingPointError):
        save(tmp_path, small(weight=torch.tensor([float("nan")])))
    assert list(tmp_path.iterdir()) == []


# -- no code ------------------------------------------------------------------------------------------------------

#: What torch rebuilds tensors with.
HARMLESS = {
    "collections OrderedDict",
    "torch BoolStorage",
    "torch DoubleStorage",
    "torch FloatStorage",
    "torch LongStorage",
    "torch._utils _rebuild_parameter",
    "torch._utils _rebuild_tensor_v2",
}


def names_in(pickle: bytes) -> set[str]:
    """Every "module name" that a pickle asks for."""
    found, words = set(), []
    for opcode, argument, _ in pickletools.genops(pickle):
        if opcode.name in ("GLOBAL", "INST"):
            found.add(str(argument))
        elif opcode.name == "STACK_GLOBAL":
            found.add(" ".join(words[-2:]))
        elif isinstance(argument, str):
            words.append(argument)
    return found


def test_a_checkpoint_asks_for_nothing_but_torch_s_own_tensors(tmp_path, played):
    path = save(tmp_path, played)
    with zipfile.ZipFile(path / "state.pt") as archive:
        pickles = [archive.read(name) for name in archive.namelist() if name.endswith(".pkl")]
    assert pickles
    for pickle in pickles:
        assert names_in(pickle) <= HARMLESS
    assert torch.load(path / "state.pt", weights_only=True)["round"] == 3
    json.loads((path / "meta.json").read_text())


class Surprise:
    """Something whose loading would run code."""

    def __reduce__(self) -> tuple:
        return print, ("ran",)


def test_code_in_a_checkpoint_is_refused_even_when_its_digest_is_right(tmp_path, played, capsys):
    path = save(tmp_path, {**played, "optimizers": Surprise()})
    with pytest.raises(Exception, match=r"weights_only|Weights only"):
        checkpoint.load(path)
    assert capsys.readouterr().out == ""
