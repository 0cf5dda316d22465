"""Runs that can be trusted: bad numbers, full memory, full disks, damaged checkpoints, loops that break off."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch
import yaml
from torch import Tensor

import ganarium as ga
from ganarium.cli import dispatch as cli
from ganarium.engine.seat import Seat
from ganarium.game import Game, Player
from ganarium.games.adversarial.gan import GAN
from ganarium.games.likelihood.vae import VAE
from ganarium.running import checkpoint
from ganarium.running.memory import OutOfMemory, is_shortage

FIXTURE = Path(__file__).parent / "fixtures" / "run-format-1"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ring() -> Any:
    return ga.data.load("ring", count=600)


def make(cls: type[Game] = GAN) -> Game:
    torch.manual_seed(0)
    return cls.on(ring(), latent=4)


def fit(game: Game | None = None, **options: Any) -> ga.Run:
    settings = {"rounds": 12, "batch_size": 32, "save_every": 2, "quiet": True, "out": "run", **options}
    return ga.fit(game or make(), ring(), **settings)


def weights(run: str | Path, round: int = 12) -> dict[str, Tensor]:
    state = checkpoint.load(Path(run) / "checkpoints" / f"{round:07d}")
    return {**state["game"], **{f"average.{name}": value for name, value in state["average"].items()}}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


class Trap(VAE):
    """A game that does something to its loss in some of the calls."""

    calls = 0
    springs: ClassVar[Any] = staticmethod(lambda call, terms, batch: terms)

    def players(self) -> list[Player]:
        own = super().players()[0]

        def loss(batch: Any) -> Any:
            type(self).calls += 1
            return self.springs(type(self).calls, own.loss(batch), batch)

        return [Player(own.name, loss, own.owns, own.optimizer)]


def trap(springs: Any) -> Game:
    Trap.calls, Trap.springs = 0, staticmethod(springs)
    return make(Trap)


def spoil(*bad: int) -> Any:
    """Terms that are not numbers in these calls."""

    def springs(call: int, terms: Any, batch: Any) -> Any:
        return {name: term * float("nan") for name, term in terms.items()} if call in bad else terms

    return springs


# -- bad numbers --------------------------------------------------------------------------------------------------


def test_a_bad_number_stops_the_run_names_itself_and_leaves_the_run(place):
    with pytest.raises(
        FloatingPointError, match=r"Round 7, Trap's player 'autoencoder': the term '\w+' is nan.*not taken"
    ):
        fit(trap(spoil(7)))
    assert checkpoint.load_newest(place / "run" / "checkpoints")["round"] == 6


def test_a_bad_number_is_rolled_back_with_other_noise_and_half_the_rate(place):
    plain = fit(trap(spoil()), out="plain")
    run = fit(trap(spoil(8)), bad_numbers="rollback")
    assert run.log[-1]["round"] == 12
    assert [event["round"] for event in run.events] == [8]
    assert "Rolled back to round 6; rates are multiplied by 0.5" in run.events[0]["event"]
    assert "Rolled back" in run.summary()
    assert not same(weights("run"), weights(plain.path))
    assert [row["round"] for row in run.log] == list(range(1, 13))
    assert checkpoint.load_newest(run.path / "checkpoints")["rollbacks"] == 1


def test_the_rate_after_a_rollback_is_half_of_what_it_was():
    rates = []
    trainer = ga.Trainer(make())
    for trainer.rollbacks in (0, 2):
        next(iter(trainer.play(ring(), 32, 10)))
        rates.append(trainer._descending()[0].rate)
    assert rates[1] == pytest.approx(rates[0] / 4, rel=0.1)


def test_rolling_back_ends_after_three_times(place):
    with pytest.raises(FloatingPointError, match="rolled back 3 times"):
        fit(
            trap(lambda call, terms, batch: spoil(call)(call, terms, batch) if call > 5 else terms),
            bad_numbers="rollback",
        )
    events = [json.loads(line)["event"] for line in (place / "run" / "events.jsonl").read_text().splitlines()]
    assert len(events) == 3
    assert checkpoint.load_newest(place / "run" / "checkpoints")["round"] == 4


def test_a_rolled_back_run_that_is_stopped_goes_on_as_if_it_had_not_been(place):
    whole = fit(trap(spoil(8)), out="whole", bad_numbers="rollback")
    fit(trap(spoil(8)), out="parts", bad_numbers="rollback", stop_after=9)
    assert checkpoint.load_newest(place / "parts" / "checkpoints")["rollbacks"] == 1
    ga.resume("parts", game=trap(spoil()), quiet=True)
    assert same(weights("parts"), weights(whole.path))


def test_weights_that_overflow_are_not_written_and_can_be_rolled_back(place):
    with pytest.raises(FloatingPointError):
        fit(lr={"discriminator": 1e38, "generator": 1e38}, bad_numbers="rollback")
    state = checkpoint.load_newest(place / "run" / "checkpoints")
    assert all(value.isfinite().all() for value in state["game"].values() if value.is_floating_point())


@pytest.mark.parametrize("kind", [ga.Adam(1e-3), ga.SGD(0.1, 0.5), ga.RMSprop(1e-3)], ids=["adam", "sgd", "rmsprop"])
def test_a_guard_that_waits_skips_the_step_and_tells_later(kind):
    def seat_of(game: Any, waits: bool) -> Seat:
        trainer = ga.Trainer(game)
        next(iter(trainer.play(ring(), 32, 10)))
        seat = trainer._descending()[0]
        seat.guard.waits = waits
        return seat

    batch = next(iter(ring().batches(32)))
    spoiled = {**batch, "x": batch["x"] * float("nan")}
    torch.manual_seed(0)
    one, other = (GAN.on(ring(), latent=4, optimizer=kind) for _ in range(2))
    other.load_state_dict(one.state_dict())
    plain, waiting = seat_of(one, False), seat_of(other, True)
    for round in range(3):
        torch.manual_seed(round)
        plain.step(plain.gradient(batch, round)[1])
        torch.manual_seed(round)
        waiting.step(waiting.gradient(batch, round)[1])
        waiting.guard.check()
        waiting_before = [p.clone() for p in waiting.parameters]
        if round == 1:
            # Twice: the first is the one that is told of.
            for number in (41, 42):
                waiting.step(waiting.gradient(spoiled, number)[1])
            assert all(torch.equal(a, b) for a, b in zip(waiting_before, waiting.parameters, strict=True))
            with pytest.raises(
                FloatingPointError, match=r"Round 41, GAN's player 'discriminator': the term 'real' is nan"
            ):
                waiting.guard.check()
            waiting.guard._round.zero_()
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters, waiting.parameters, strict=True))


def test_what_waits_is_told_when_terms_are_read_and_never_saved(monkeypatch):
    trainer = ga.Trainer(trap(spoil(3)))
    reports = trainer.play(ring(), 32, 6)
    next(reports)
    trainer._seats[0].guard.waits = True
    second, third = next(reports), next(reports)
    assert second.round == 2
    for read in (lambda: third.scalars, trainer.state_dict, lambda: list(reports)):
        with pytest.raises(FloatingPointError, match="Round 3"):
            read()


# -- memory -------------------------------------------------------------------------------------------------------


def full(limit: int) -> Any:
    """Memory that takes no more than so many samples."""

    def springs(call: int, terms: Any, batch: Any) -> Any:
        if len(batch["x"]) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total ...")
        return terms

    return springs


def test_full_memory_says_how_much_was_asked_and_what_to_do(place):
    with pytest.raises(OutOfMemory, match=r"wanted 20.0 MiB more, with 32 samples at once") as error:
        fit(trap(full(16)))
    assert "--adapt" in str(error.value)
    assert checkpoint.load_newest(place / "run" / "checkpoints")["round"] == 0


def test_full_memory_is_adapted_to_with_the_same_batch(place):
    run = fit(trap(full(8)), adapt=True)
    assert run.log[-1]["seen"] == 12 * 32
    assert run.config["settings"]["accumulate"] == 4
    assert [event["event"].split("with ")[1][:29] for event in run.events] == [
        "batches of 32 in 2 parts; los",
        "batches of 32 in 4 parts; los",
    ]
    assert "in 4 parts" in run.summary()
    plain = fit(trap(full(8)), out="plain", accumulate=4)
    assert same(weights("run"), weights(plain.path))


def test_full_memory_in_the_trial_before_a_run(place):
    options = {"rounds": None, "minutes": 0.02}
    with pytest.raises(OutOfMemory, match="32 samples at once"):
        fit(trap(full(16)), out="without", **options)
    assert not (place / "without").exists()
    assert fit(trap(full(16)), adapt=True, **options).config["settings"]["accumulate"] == 2


def test_batches_are_not_split_below_one_sample(place):
    with pytest.raises(OutOfMemory, match="1 of a batch's 32"):
        fit(trap(full(0)), adapt=True)


def test_what_is_no_shortage_of_memory():
    assert is_shortage(
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: ...")
    )
    assert is_shortage(MemoryError())
    assert not is_shortage(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


# -- disks --------------------------------------------------------------------------------------------------------


def test_a_full_disk_keeps_what_was_saved_and_says_so(place):
    disk = place / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        with pytest.raises(OSError, match=r"cannot be written: .*\. .*nothing written before is lost") as error:
            fit(rounds=40, out=disk / "run", keep=100)
        assert "No space left" in str(error.value)
        state = checkpoint.load_newest(disk / "run" / "checkpoints")
        assert f"last checkpoint is of round {state['round']}" in str(error.value)
        assert not list((disk / "run" / "checkpoints").glob(".[0-9]*"))
        shutil.copytree(disk / "run", place / "run")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    ga.resume("run", quiet=True)
    fit(rounds=40, out="whole")
    assert same(weights("run", 40), weights("whole", 40))


@pytest.mark.parametrize("what", ["save_file", "torch.save", "pictures", "log"])
def test_a_disk_that_fills_at_any_file(place, monkeypatch, what):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    fit(stop_after=4)

    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("PytorchStreamWriter failed writing file: No space left") if what == "torch.save" else full

    targets = {
        "save_file": "ganarium.running.checkpoint.save_file",
        "torch.save": "torch.save",
        "pictures": "ganarium.pictures.save",
        "log": "ganarium.running.session.json",
    }
    with monkeypatch.context() as patch:
        patch.setattr(targets[what], SimpleNamespace(dumps=fail) if what == "log" else fail)
        with pytest.raises(OSError, match=r"No space left.*last checkpoint is of round \d+"):
            ga.resume("run", quiet=True)
    ga.resume("run", quiet=True)
    fit(out="whole")
    assert same(weights("run"), weights("whole"))


def test_the_command_line_exits_1_when_the_disk_is_full(place, monkeypatch, capsys):
    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(checkpoint, "save_file", fail)
    assert (
        cli.main(["train", "gan", "--data", "ring", "--data.count", "200", "--rounds", "2", "--quiet", "--out", "run"])
        == 1
    )
    assert "No space left on device" in capsys.readouterr().err


# -- damaged checkpoints ------------------------------------------------------------------------------------------


def damage(run: str, round: int, how: str) -> None:
    path = Path(run) / "checkpoints" / f"{round:07d}"
    content = bytearray((path / "state.pt").read_bytes())
    if how == "cut":
        content = content[: len(content) // 2]
    else:
        content[len(content) // 2] ^= 1
    (path / "state.pt").write_bytes(content)


@pytest.mark.parametrize("how", ["cut", "flipped"])
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(place, how):
    fit(stop_after=8)
    fit(out="whole")
    damage("run", 8, how)
    with pytest.warns(UserWarning, match=r"damaged: state.pt .*Using the one of round 6 instead"):
        assert ga.load("run").sample(2).shape == (2, 2)
    with pytest.warns(UserWarning, match="round 6 instead"):
        ga.resume("run", quiet=True)
    assert same(weights("run"), weights("whole"))
    assert checkpoint.rounds(Path("run/checkpoints")) == [10, 12]


def test_a_damaged_checkpoint_that_was_named_is_an_error(place, capsys):
    fit(keep=9)
    damage("run", 8, "cut")
    with pytest.raises(ValueError, match="0000008 is damaged"):
        ga.load("run", checkpoint=8).sample(1)
    with pytest.raises(ValueError, match="0000008 is damaged"):
        ga.resume("run", checkpoint=8, quiet=True)
    assert cli.main(["sample", "run", "--checkpoint", "8"]) == 2
    assert "damaged" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"no checkpoint 7. It has 0, 2, 4"):
        ga.load("run", checkpoint=7).sample(1)


def test_no_whole_checkpoint_is_an_error(place):
    fit()
    for round in (10, 12):
        damage("run", round, "cut")
    with pytest.raises(ValueError, match=r"(?s)No checkpoint .* is whole.*0000012.*0000010"):
        ga.load("run").sample(1)


@pytest.mark.parametrize("pointer", [None, "", "0000099", "junk"])
def test_a_lost_pointer_is_no_loss(place, pointer):
    fit()
    path = Path("run/checkpoints/latest")
    path.unlink() if pointer is None else path.write_text(pointer)
    if pointer == "0000099":
        with pytest.warns(UserWarning, match="round 12 instead"):
            assert checkpoint.load_newest(path.parent)["round"] == 12
    else:
        assert checkpoint.load_newest(path.parent)["round"] == 12


def test_a_checkpoint_that_was_put_aside_comes_back(place):
    fit(stop_after=6)
    folder = Path("run/checkpoints")
    os.replace(folder / "0000006", folder / ".0000006.old")
    assert checkpoint.load_newest(folder)["round"] == 6
    assert checkpoint.rounds(folder) == [4, 6]


def test_going_on_from_an_earlier_checkpoint_is_the_same_run(place):
    fit(keep=9)
    before = weights("run")
    ga.resume("run", checkpoint=4, rounds=12, quiet=True)
    assert same(weights("run"), before)
    assert [row["round"] for row in ga.load("run").log] == list(range(1, 13))


def test_going_on_from_an_earlier_checkpoint_holds_if_it_is_stopped_before_it_saves(place, monkeypatch):
    fit(keep=9)
    with monkeypatch.context() as patch:
        patch.setattr("ganarium.running.session.Session._reports", lambda *_: iter(()))
        ga.resume("run", checkpoint=4, rounds=12, quiet=True)
    assert checkpoint.load_newest(place / "run" / "checkpoints")["round"] == 4


def test_a_run_is_played_by_one_process_at_a_time(place):
    fit(stop_after=4)
    held = """
import fcntl, subprocess, sys
file = open("run/checkpoints/.lock", "ab")
fcntl.lockf(file, fcntl.LOCK_EX)
sys.exit(subprocess.run([sys.executable, "-m", "ganarium", "resume", "run"]).returncode)
"""
    ended = subprocess.run([sys.executable, "-c", held], capture_output=True, text=True, check=False)
    assert (ended.returncode, "being played by another process" in ended.stderr) == (2, True), ended.stderr
    assert ga.resume("run", quiet=True).log[-1]["round"] == 12


# -- which are kept -----------------------------------------------------------------------------------------------


def test_every_nth_checkpoint_is_kept_for_good(place):
    run = fit(rounds=20, keep_every=3)
    assert checkpoint.rounds(run.path / "checkpoints") == [0, 6, 12, 18, 20]


@pytest.mark.parametrize("scalar", ["generator/fake", "max:discriminator/accuracy"])
def test_the_best_by_a_watched_scalar_is_kept_and_can_be_named(place, scalar):
    run = fit(rounds=40, best=scalar)
    name, sign = scalar.removeprefix("max:"), -1 if scalar.startswith("max:") else 1
    values = [sign * row["terms"][name] for row in run.log]
    means = {r: sum(values[r - 2 : r]) / 2 for r in range(2, 41, 2)}
    best = min(means, key=means.__getitem__)
    found = checkpoint.best(run.path / "checkpoints")
    assert found is not None
    assert found[0] == best
    assert found[1] == pytest.approx(sign * means[best], rel=1e-5)
    assert set(checkpoint.rounds(run.path / "checkpoints")) == {best, 38, 40}
    assert f"round {best}, with {name}" in run.summary()
    loaded = ga.load("run", checkpoint="best", weights="last")
    state = checkpoint.load(run.path / "checkpoints" / f"{best:07d}")
    assert all(torch.equal(value, state["game"][key]) for key, value in loaded.game.state_dict().items())


def test_the_best_of_an_interrupted_run_is_the_best_of_one_that_was_not(place):
    whole = fit(rounds=20, out="whole", save_every=4, best="generator/fake")
    fit(rounds=20, save_every=4, best="generator/fake", stop_after=7)
    ga.resume("run", stop_after=6, quiet=True)
    ga.resume("run", quiet=True)
    assert checkpoint.best(Path("run/checkpoints")) == checkpoint.best(whole.path / "checkpoints")


def test_a_scalar_that_is_not_there(place):
    with pytest.raises(ValueError, match=r"called PLAYER/TERM.*discriminator, generator"):
        fit(best="fid")
    assert not (place / "run").exists()
    with pytest.raises(ValueError, match=r"no scalar 'generator/fale'.*Did you mean generator/fake"):
        fit(best="generator/fale")
    fit(out="none")
    with pytest.raises(ValueError, match="is marked as best"):
        ga.load("none", checkpoint="best").sample(1)


# -- loops of one's own -------------------------------------------------------------------------------------------


def loop(stop: int, how: str) -> None:
    for report in ga.rounds(make(), ring(), rounds=12, batch_size=32, save_every=5, out="run", quiet=True):
        if report.round == stop and how == "break":
            break
        if report.round == stop and how == "error":
            raise ZeroDivisionError("mine")


@pytest.mark.parametrize("how", ["break", "error"])
@pytest.mark.parametrize("stop", [1, 5, 7])
def test_a_loop_that_breaks_off_leaves_the_run_saved(place, how, stop):
    with suppress(ZeroDivisionError):
        loop(stop, how)
    assert checkpoint.load_newest(place / "run" / "checkpoints")["round"] == stop
    ga.resume("run", quiet=True)
    loop_whole = fit(out="whole", save_every=5)
    assert same(weights("run"), weights(loop_whole.path))


def test_a_loop_sees_every_round(place):
    reports = list(ga.rounds(make(), ring(), rounds=5, batch_size=32, out="run", quiet=True))
    assert [report.round for report in reports] == [1, 2, 3, 4, 5]
    assert checkpoint.load_newest(place / "run" / "checkpoints")["round"] == 5


# -- what is said -------------------------------------------------------------------------------------------------


def test_resume_names_what_differs(place, capsys):
    fit(stop_after=4)
    ga.resume("run", stop_after=1)
    assert "not exact" not in capsys.readouterr().out
    path = place / "run" / "config.yaml"
    config = yaml.safe_load(path.read_text())
    config["ran_with"] |= {"torch": "2.1.0", "threads": 64, "files": "other"}
    path.write_text(yaml.safe_dump(config))
    ga.resume("run", stop_after=1)
    said = capsys.readouterr().out
    assert f"not exact    torch is {torch.__version__}, was 2.1.0" in said
    assert "not exact    threads is 1, was 64" in said
    assert "not exact    the files of the data have changed" in said


def test_a_longer_run_says_what_is_not_exact(place, capsys):
    fit()
    ga.resume("run", rounds=14)
    said = " ".join(capsys.readouterr().out.split())
    assert "not exact the run was planned for 12 rounds" in said
    assert ga.load("run").config["budget"]["rounds"] == 14


def test_a_config_holds_the_whole_budget(place):
    config = fit().config
    assert config["budget"] == {"rounds": 12, "seen": 384, "stages": {"play": [0, 12]}}


def test_a_run_of_this_format_loads_and_goes_on(place):
    """The fixture was written when the format was 1; every later version must load it."""
    shutil.copytree(FIXTURE, place / "run")
    run = ga.load("run")
    assert run.sample(3, seed=0).shape == (3, 2)
    expected = torch.tensor(json.loads((FIXTURE / "samples.json").read_text()))
    torch.testing.assert_close(run.sample(3, seed=0), expected, rtol=1e-3, atol=1e-4)
    assert ga.resume("run", quiet=True).log[-1]["round"] == 6


def test_a_checkpoint_of_a_later_version_says_so(place):
    fit()
    path = Path("run/checkpoints/0000012/meta.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(ValueError, match=r"later version \(format 99\); update ganarium"):
        ga.load("run", checkpoint=12).sample(1)
