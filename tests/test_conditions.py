"""What samples can be asked to have: in Python and on the command line."""

from __future__ import annotations

import pytest
import torch

import ganarium as ga
from ganarium.cli import dispatch as cli
from ganarium.spec import Field

ANIMAL = Field((), "label", classes=3, names=("cat", "dog", "owl"))
CAPTION = Field((4,), "tokens", classes=5, names=("", "a", "red", "blue", "circle"))
CODE = Field((2,), "attributes")


@pytest.mark.parametrize(
    ("field", "value", "rows"),
    [
        (ANIMAL, 2, [2, 2]),
        (ANIMAL, "owl", [2, 2]),
        (ANIMAL, ["cat", "owl"], [0, 2]),
        (ANIMAL, torch.tensor([1, 0]), [1, 0]),
        (CAPTION, "a red circle", [[1, 2, 4, 0]] * 2),
        (CAPTION, ["a", "blue circle"], [[1, 0, 0, 0], [3, 4, 0, 0]]),
        (CODE, [0.5, -1.0], [[0.5, -1.0]] * 2),
        (CODE, [[0.5, -1.0], [0.0, 1.0]], [[0.5, -1.0], [0.0, 1.0]]),
        (Field((1,), "attributes"), 0.25, [[0.25], [0.25]]),
    ],
)
def test_a_value_becomes_a_row_for_each_sample(field, value, rows):
    read = field.read(value, 2)
    assert read.tolist() == rows
    assert read.dtype == (torch.int64 if field.counts else torch.float32)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (ANIMAL, 3, "from 0 to 2; got 3"),
        (ANIMAL, -1, "from 0 to 2; got -1"),
        (ANIMAL, "dgo", "Did you mean dog"),
        (ANIMAL, [0, 1, 2], "one for each of the 2"),
        (CAPTION, "a rad circle", "'rad' is not a word that 'y' knows. Did you mean red"),
        (CAPTION, "a a a a a", "4 words at most"),
        (CODE, "red", "and so numbers"),
        (CODE, [0.5], "one for all samples"),
    ],
)
def test_what_does_not_fit_says_what_does(field, value, message):
    with pytest.raises(ValueError, match=message) as error:
        field.read(value, 2, "y")
    assert len(str(error.value).splitlines()) == 1


def test_a_game_says_what_it_can_be_asked():
    game = ga.CGAN.toy()
    assert torch.equal(game.sample(4, seed=0, y=1), game.sample(4, seed=0, y=[1, 1, 1, 1]))
    assert not torch.equal(game.sample(4, seed=0, y=1), game.sample(4, seed=0, y=2))
    with pytest.raises(ValueError, match="takes no condition 'text'; it takes y"):
        game.sample(4, text="a")
    with pytest.raises(ValueError, match="takes no condition 'y'; it takes none"):
        ga.GAN.toy().sample(4, y=1)


def test_labels_are_asked_for_by_name_on_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    line = "train cgan --data digits --rounds 1 --architecture plain --architecture.width 16 --quiet"
    assert cli.main(line.split()) == 0
    assert cli.main(["sample", "cgan-digits-001", "--label", "7", "--count", "5", "--out", "x.npz"]) == 0
    assert cli.main(["sample", "cgan-digits-001", "--label", "12"]) == 2
    assert "There are 0, 1, 2" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "x.npz"]


def test_sentences_are_asked_for_on_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", "gan-cls", "--data", "sprites", "--data.count", "300", "--rounds", "3", "--quiet"]) == 0
    run = ga.load("gan-cls-sprites-001")
    words = run.spec["text"].names
    assert cli.main(["sample", "gan-cls-sprites-001", "--text", "red circle", "--count", "3", "--out", "x.png"]) == 0
    assert cli.main(["sample", "gan-cls-sprites-001", "--text", "red circel"]) == 2
    assert "Did you mean circle" in capsys.readouterr().err
    assert "circle" in words
