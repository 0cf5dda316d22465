"""Games of one's own: from a file and from a package, and what is said of those that cannot be played."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import ganarium as ga
from ganarium.cli import dispatch as cli
from ganarium.running import checkpoint
from ganarium.running.records import read_config
from ganarium.zoo import index, own
from ganarium.zoo.own import entries

PAGE = Path(__file__).parents[1] / "docs" / "adding_a_game.md"
MY_GAME, MOMENTS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[:2]
QUICK = "--data ring --data.count 400 --batch 16 --quiet"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs commands in a folder with the page's game; the exit code, the output, the errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANARIUM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("my_game.py").write_text(MY_GAME, encoding="utf-8")

    def command(line: str) -> tuple[int, str, str]:
        try:
            code = cli.main(line.split())
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def weights(folder: str) -> bytes:
    return (checkpoint.latest(Path(folder) / "checkpoints") / "model.safetensors").read_bytes()


def test_a_game_of_ones_own_is_played_as_any_other(run):
    code, out, _ = run("train ./my_game.py:MyGAN --data ring --help")
    assert code == 0
    assert "--margin" in out
    assert "How far from zero the scores" in out
    assert run(f"train ./my_game.py:MyGAN {QUICK} --rounds 6 --margin 2 --out whole")[0] == 0
    assert run(f"train my_game.py {QUICK} --rounds 6 --margin 2 --stop-after 3 --out mine")[0] == 0
    code, out, err = run("resume mine")
    assert (code, err) == (0, "")
    assert "not exact" not in out
    assert weights("mine") == weights("whole")
    for line in ("show mine", "sample mine --out x.png", "evaluate mine --count 100 --quiet", "diagnose mine --quiet"):
        assert run(line)[0] == 0, line
    assert "my_game.py" in run("show mine")[1]
    assert run("explore mine interpolate --out walk.png")[0] == 0
    assert run("doctor ./my_game.py:MyGAN ring --data.count 400")[0] == 0
    assert run(f"train --config mine/config.yaml {QUICK} --rounds 6 --margin 2 --out again")[0] == 0
    assert weights("again") == weights("whole")
    assert run(f"train ./my_game.py:MyGAN {QUICK} --rounds 2 --from mine --out tuned")[0] == 0
    assert read_config(Path("tuned"))["game"]["options"]["margin"] == 2.0


def test_a_run_remembers_the_file(run):
    assert run(f"train ./my_game.py {QUICK} --rounds 2")[0] == 0
    source = read_config(Path("runs/my-gan-ring-001"))["game"]["source"]
    assert source["file"] == "./my_game.py"
    assert source["path"] == str(Path("my_game.py").resolve())
    assert source["sha256"] == own.digest_of("my_game.py")


def test_games_of_ones_own_are_compared_side_by_side(run):
    line = "compare ./my_game.py:MyGAN gan --data ring --seen 128 --seeds 1 --count 70 --measure 1 --batch 16 --quiet"
    assert run(f"{line} --out both")[0] == 0
    results = json.loads(Path("both/results.json").read_text(encoding="utf-8"))
    assert "./my_game.py:MyGAN" in json.dumps(results)
    assert run("compare --resume both --quiet")[0] == 0
    Path("my_game.py").write_text(MY_GAME + "\n# changed\n", encoding="utf-8")
    code, _, err = run("compare --resume both --quiet")
    assert code == 2
    assert "has changed since this comparison began" in err


def test_from_python_a_class_or_a_file_names_the_game(run):
    assert run(f"train ./my_game.py {QUICK} --rounds 2 --out mine")[0] == 0
    kind = index.game_class("./my_game.py")
    for game in (None, kind, "./my_game.py:MyGAN"):
        assert ga.load("mine", game=game).sample(3, seed=0).shape == (3, 2)
    Path("my_game.py").rename("moved.py")
    assert ga.load("mine", game="moved.py").sample(3, seed=0).shape == (3, 2)
    with pytest.raises(ValueError, match="which is not there"):
        ga.load("mine").sample(3)


# -- code that nobody named -------------------------------------------------------------------------------------------


def test_a_run_that_was_received_runs_no_code(run, monkeypatch, tmp_path):
    evil = MY_GAME + "\nfrom pathlib import Path\nPath('it_ran').touch()\n"
    Path("my_game.py").write_text(evil, encoding="utf-8")
    assert run(f"train ./my_game.py {QUICK} --rounds 3 --stop-after 1 --out mine")[0] == 0
    assert Path("it_ran").exists()
    Path("it_ran").unlink()
    monkeypatch.setenv("GANARIUM_CACHE", str(tmp_path / "another_machine"))
    for name in [name for name in sys.modules if name.startswith("ganarium_own_")]:
        monkeypatch.delitem(sys.modules, name)
    for line in ("resume mine", "sample mine --out x.png", f"train --config mine/config.yaml {QUICK} --out b"):
        code, _, err = run(line)
        assert code == 2, line
        assert "was never named on this machine" in err
        assert "--game ./my_game.py:MyGAN" in err
    assert run("show mine")[0] == 0  # what can be said without the game
    assert not Path("it_ran").exists()
    assert run("resume mine --game ./my_game.py:MyGAN --quiet")[0] == 0
    assert Path("it_ran").exists()
    assert run("sample mine --out x.png")[0] == 0


def test_a_comparison_that_was_received_runs_no_code(run, monkeypatch, tmp_path):
    line = "compare ./my_game.py:MyGAN gan --data ring --seen 64 --seeds 1 --count 70 --measure 1 --batch 16 --quiet"
    assert run(f"{line} --out both")[0] == 0
    monkeypatch.setenv("GANARIUM_CACHE", str(tmp_path / "another_machine"))
    code, _, err = run("compare --resume both --quiet")
    assert code == 2
    assert "never named on this machine" in err


def test_a_file_that_changed_is_named_again_and_said(run):
    assert run(f"train ./my_game.py {QUICK} --rounds 6 --stop-after 2 --out mine")[0] == 0
    Path("my_game.py").write_text(MY_GAME + "\n# changed\n", encoding="utf-8")
    code, _, err = run("resume mine")
    assert code == 2
    assert "has changed since" in err
    code, out, _ = run("resume mine --game ./my_game.py --stop-after 2")
    assert code == 0
    assert "the game's file my_game.py has changed; the run may differ" in out
    code, out, _ = run("resume mine")
    assert code == 0
    assert "the game's file my_game.py has changed" in out


def test_a_file_that_is_gone_is_named(run):
    assert run(f"train ./my_game.py {QUICK} --rounds 4 --stop-after 2 --out mine")[0] == 0
    place = Path("my_game.py").resolve()
    Path("my_game.py").rename("other.py")
    code, _, err = run("resume mine")
    assert code == 2
    assert f"{place}, which is not there" in err
    assert run("resume mine --game other.py --quiet")[0] == 0
    code, _, err = run("sample mine --game gan --out x.png")
    assert code == 2
    assert "gan is another, GAN" in err


def test_a_subclass_in_a_script_is_not_taken_for_its_parent(run):
    class Mine(ga.GAN):
        pass

    data = ga.data.load("ring", count=200)
    ga.fit(Mine.on(data), data, rounds=1, batch_size=16, quiet=True, out="mine")
    with pytest.raises(ValueError, match=r"Mine was given from Python, by the module test_own"):
        ga.load("mine").sample(2)
    assert ga.load("mine", game=Mine).sample(2, seed=0).shape == (2, 2)


# -- what cannot be played --------------------------------------------------------------------------------------------

WRONG = {
    "There is no file nothing.py": ("", "./nothing.py:MyGAN"),
    "my_game.py defines Net and helper, no Game": ("class Net: ...\n\ndef helper(): ...\n", "./my_game.py"),
    "my_game.py has no 'MyGan': it has the game MyGAN": (MY_GAME, "./my_game.py:MyGan"),
    "my_game.py:helper is no class": ("def helper(): ...\n", "./my_game.py:helper"),
    "Net of my_game.py is a class, but no Game": ("class Net: ...\n", "./my_game.py:Net"),
    "my_game.py defines nothing. A game's class derives from Adversarial or Game.": ("", "./my_game.py"),
    "my_game.py has the games MyGAN and Other. Name one: ./my_game.py:Other": (
        f"{MY_GAME}\n\nclass Other(MyGAN): ...\n",
        "./my_game.py",
    ),
    "cannot be read as Python: SyntaxError: '(' was never closed (my_game.py, line 2)": ("\nf(\n", "./my_game.py"),
    "my_game.py cannot be imported: ModuleNotFoundError: No module named 'nowhere' (my_game.py, line 1)": (
        f"import nowhere\n{MY_GAME}",
        "./my_game.py",
    ),
    "my_game.py cannot be imported: SystemExit: 3 (my_game.py, line 1)": (
        f"raise SystemExit(3)\n{MY_GAME}",
        "my_game.py",
    ),
    "MyGAN.players() fails: AttributeError: 'MyGAN' object has no attribute 'critc' (my_game.py, line 33)": (
        f"{MY_GAME}\n    def players(self):\n        return [self.critc]\n",
        "./my_game.py",
    ),
    "MyGAN.toy() fails: TypeError: MyGAN takes no option 'latnt'. Did you mean latent": (
        MY_GAME.replace("latent=4", "latnt=4"),
        "./my_game.py",
    ),
    "MyGAN of my_game.py lacks toy()": ("from ganarium.game import Game\n\n\nclass MyGAN(Game): ...\n", "./my_game.py"),
    "declares no discriminator. Write discriminator: nn.Module = made(": (
        MY_GAME.replace("    discriminator: nn", "    ignored: nn"),
        "./my_game.py",
    ),
}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_no_game_is_refused_in_a_sentence(run, words):
    text, name = WRONG[words]
    Path("my_game.py").write_text(text, encoding="utf-8")
    for verb in ("train", "check"):
        code, _, err = run(f"{verb} {name} {'--data ring --rounds 1' if verb == 'train' else ''}")
        assert code == 2
        assert words in err
        assert "Traceback" not in err
        assert len(err.strip().splitlines()) <= 3
    assert not Path("runs").exists()


def test_a_game_that_names_no_paper_cannot_be_cited(run):
    code, _, err = run("cite ./my_game.py")
    assert code == 2
    assert "names no paper" in err
    paper = 'paper = Paper(title="T", authors=("A B",), year=2020, command="mine")'
    text = MY_GAME.replace("    latent: int", f"    {paper}\n    latent: int").replace(
        "import follows", "import Paper, follows"
    )
    Path("my_game.py").write_text(text, encoding="utf-8")
    assert run("cite ./my_game.py")[1].startswith("@misc{b2020t")


def test_what_can_be_read_is_read_without_torch(run):
    for words in (["cite", "./my_game.py"], ["train", "./my_game.py:MyGan"], ["check", "./nothing.py"]):
        script = (
            f"import sys; from ganarium.cli import dispatch as cli; cli.main({words!r}); print('torch' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "False", words


# -- packages ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def package(run, tmp_path, monkeypatch):
    """Installs a package of games, in a folder on the path, with these entry points."""

    def install(points: dict[str, str], name: str = "toy-games", version: str = "1.2") -> None:
        folder = tmp_path / "site" / name
        module = folder / name.replace("-", "_")
        module.mkdir(parents=True, exist_ok=True)
        (module / "__init__.py").write_text("", encoding="utf-8")
        (module / "mine.py").write_text(MY_GAME, encoding="utf-8")
        info = folder / f"{name.replace('-', '_')}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
        rows = "\n".join(f"{command} = {value}" for command, value in points.items())
        (info / "entry_points.txt").write_text(f"[{own.GROUP}]\n{rows}\n", encoding="utf-8")
        if str(folder) not in sys.path:
            monkeypatch.syspath_prepend(str(folder))
        entries.packaged.cache_clear()

    yield install
    entries.packaged.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] in ("toy_games", "more_games")]:
        del sys.modules[name]


def test_packages_bring_games_which_lists_do_not_import(run, package):
    package({"margin": "toy_games.mine:MyGAN"})
    code, out, _ = run("list games --json")
    assert code == 0
    row = next(row for row in json.loads(out) if row["command"] == "margin")
    assert (row["class"], row["of"], row["can"]) == ("MyGAN", "toy-games 1.2", ["sample", "decode", "score"])
    assert "toy_games" not in sys.modules
    assert "Did you mean margin" in run("train margn --data ring")[2]
    assert run(f"train margin {QUICK} --rounds 4 --stop-after 2 --out mine")[0] == 0
    assert read_config(Path("mine"))["game"]["source"] == {
        "command": "margin",
        "package": "toy-games 1.2",
        "module": "toy_games.mine",
    }
    package({"margin": "toy_games.mine:MyGAN"}, version="1.3")
    code, out, _ = run("resume mine")
    assert code == 0
    assert "the game's package is toy-games 1.3, was toy-games 1.2" in out


def test_a_package_that_is_gone_is_named(run, package, tmp_path):
    package({"margin": "toy_games.mine:MyGAN"})
    assert run(f"train margin {QUICK} --rounds 4 --stop-after 2 --out mine")[0] == 0
    shutil.rmtree(tmp_path / "site")
    importlib.invalidate_caches()
    entries.packaged.cache_clear()
    code, _, err = run("resume mine")
    assert code == 2
    assert "of the package toy-games 1.2, which is not installed here" in err


def test_the_zoos_commands_are_the_zoos_and_clashing_packages_are_refused(run, package):
    package({"gan": "toy_games.mine:MyGAN", "margin": "toy_games.mine:MyGAN"})
    package({"margin": "more_games.mine:MyGAN"}, name="more-games")
    assert index.game("gan").name == "GAN"
    code, out, _ = run("list")
    assert code == 0
    assert "not listed: 'gan' of toy-games 1.2, which the zoo has" in out
    code, _, err = run("train margin --data ring")
    assert code == 2
    assert "Two packages have a game 'margin': " in err
    assert "toy-games 1.2" in err
    assert "more-games 1.2" in err


def test_a_package_that_cannot_be_imported_says_so(run, package, tmp_path):
    package({"margin": "toy_games.mine:MyGAN"})
    (tmp_path / "site" / "toy-games" / "toy_games" / "mine.py").write_text("import nowhere\n", encoding="utf-8")
    code, _, err = run("train margin --data ring")
    assert code == 2
    assert "toy_games.mine of toy-games 1.2 cannot be imported: ModuleNotFoundError" in err


def test_a_config_cannot_name_code(run):
    assert run(f"train ./my_game.py {QUICK} --rounds 3 --stop-after 1 --out mine")[0] == 0
    path = Path("mine/config.yaml")
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    for source, words in (
        ({"module": "os"}, "given from Python, by the module os"),
        ({"module": "os", "package": "ganarium 0", "command": "gan"}, "not installed here"),
    ):
        config["game"]["source"] = source
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        code, _, err = run("resume mine")
        assert code == 2
        assert words in err


def test_a_file_may_call_its_game_as_the_zoo_does(run):
    head = "from ganarium.games.adversarial.gan import GAN"
    text = f'{head}\n\n\nclass MyGAN(GAN):\n    """Mine."""\n\n    extra: float = 1.0\n'
    Path("my_game.py").write_text(text, encoding="utf-8")
    assert run(f"train ./my_game.py {QUICK} --rounds 4 --stop-after 2 --extra 2 --out mine")[0] == 0
    assert read_config(Path("mine"))["game"]["command"] == "gan"
    assert type(ga.load("mine").game).__name__ == "MyGAN"
    assert ga.load("mine").game.extra == 2.0  # type: ignore[attr-defined]
    assert run("resume mine --quiet")[0] == 0
    assert index.game("gan").name == "GAN"


# -- what newcomers write ----------------------------------------------------------------------------------------------


PLAYERS = {
    "it returns generator; players are a list of Player": "yield from super().players()",
    "it returns what is no Player": "return [1, 2]",
    "owns what is no list of networks. Write owns=[": "return [Player('a', self.generator_loss, owns=self.generator)]",
    "owns what is no list of networks": "return [Player('a', self.generator_loss, [*self.generator.parameters()])]",
    "a player's name, from which options are made, is a word; got 'a b'": (
        "return [Player('a b', self.generator_loss, [self.generator])]"
    ),
    "moves a number of times, or by a function; got 'two'": (
        "return [Player('a', self.generator_loss, [self.generator], moves='two')]"
    ),
    "returned no terms, but NoneType": "return [Player('a', lambda batch: None, [self.generator])]",
    "Two players of stage 'play' are called 'generator'": "a, b = super().players(); return [a, b, b]",
}


@pytest.mark.parametrize("words", PLAYERS)
def test_what_is_no_player_is_said_in_a_sentence(run, words):
    text = MY_GAME.replace("import follows", "import Player, follows")
    Path("my_game.py").write_text(f"{text}\n    def players(self):\n        {PLAYERS[words]}\n", encoding="utf-8")
    code, _, err = run(f"train ./my_game.py {QUICK} --rounds 1")
    assert code == 2
    assert words in err
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["sample", "half", "toy", "spec", "paper", "arguments", "decode"])
def test_an_option_cannot_be_called_as_what_games_have(run, name):
    Path("my_game.py").write_text(MY_GAME.replace("    margin: float", f"    {name}: int = 3\n    margin: float"))
    code, _, err = run("check ./my_game.py")
    assert code == 2
    assert f"MyGAN.{name} cannot be an option" in err


def test_an_option_whose_default_can_change_is_refused(run):
    Path("my_game.py").write_text(MY_GAME.replace("    margin: float", "    sizes: list[int] = [1]\n    margin: float"))
    code, _, err = run("check ./my_game.py")
    assert code == 2
    assert "MyGAN.sizes is a list by default" in err


def test_an_option_that_is_called_as_a_setting_has_a_name_of_its_own(run):
    Path("my_game.py").write_text(MY_GAME.replace("    margin: float", "    keep: float = 0.5\n    margin: float"))
    assert run(f"train ./my_game.py {QUICK} --rounds 2 --keep 1 --game.keep 0.25 --out mine")[0] == 0
    config = read_config(Path("mine"))
    assert (config["game"]["options"]["keep"], config["settings"]["keep"]) == (0.25, 1)
    for game in ("./my_game.py", "geometric-gan"):
        code, out, _ = run(f"train {game} --data ring --help")
        assert code == 0
        assert "--game." in out


def test_a_hinge_whose_scores_are_all_within_the_margin_is_green(run):
    text = MY_GAME.replace("LeastSquares(game.margin, -game.margin, 0.0)", "Hinge()").replace("LeastSquares,", "Hinge,")
    Path("my_game.py").write_text(text, encoding="utf-8")
    code, out, _ = run("check ./my_game.py")
    assert code == 0, out


def test_a_package_that_cannot_be_read_keeps_no_other_from_being_listed(run, package, tmp_path):
    package({"margin": "toy_games.mine:MyGAN", "nothing": ""})
    package({"broken": "more_games.mine:MyGAN"}, name="more-games")
    (tmp_path / "site" / "more-games" / "more_games" / "mine.py").write_text("def f(:\n", encoding="utf-8")
    code, out, _ = run("list games --json")
    assert code == 0
    assert {"margin", "broken"} <= {row["command"] for row in json.loads(out)}
    assert (
        "mine.py, line 1" in run("train broken --data ring")[2] or "SyntaxError" in run("train broken --data ring")[2]
    )
    assert "The game 'nothing' of toy-games 1.2 names no class" in run("train nothing --data ring")[2]


def test_a_path_that_is_no_file_of_python_says_how_games_are_named(run):
    code, _, err = run("train ./notes.txt --data ring")
    assert code == 2
    assert "There is no game './notes.txt'. Your own is named by its file" in err


def test_options_by_place_and_what_is_no_spec_are_refused_by_name():
    spec = ga.GAN.toy().spec
    with pytest.raises(TypeError, match="WGAN takes options by name, not by place"):
        ga.WGAN(spec, 64)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"WGAN is built for a spec, WGAN\(data.spec\); got 64"):
        ga.WGAN(64)  # type: ignore[arg-type]


def test_a_game_that_decodes_without_noise_is_told_what_to_define(run):
    text = MY_GAME.replace(
        "    @classmethod", "    def build(self):\n        super().build()\n        del self.noise\n\n    @classmethod"
    )
    Path("my_game.py").write_text(text, encoding="utf-8")
    assert "MyGAN has no noise to decode. Say in build()" in run("check ./my_game.py")[1]


def test_the_page_has_a_game_without_a_frame_that_keeps_the_contract(run):
    Path("my_moments.py").write_text(MOMENTS, encoding="utf-8")
    assert run(f"train ./my_moments.py --rounds 8 --stop-after 3 --rate 0.5 --out moments {QUICK}")[0] == 0
    assert run("resume moments --quiet")[0] == 0
    code, said, _ = run("check ./my_moments.py")
    assert (code, "fails" in said) == (0, False), said
