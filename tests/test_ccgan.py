"""The context-conditional GAN: holes, what fills them, what is known and stays, and the verb that completes."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from test_cli import Shell
from torch.nn.functional import cross_entropy, softplus

from ganarium.games.adversarial.ccgan import CCGAN
from ganarium.holes import CentralSquare, RandomPixels, RandomSquare, checked, completed, read_mask
from ganarium.nets.architecture import Plain
from ganarium.nets.completer import Completer
from ganarium.nets.flat import Flat
from ganarium.penalties import R1
from ganarium.spec import Field, Spec

FIELD = Field((1, 8, 8), "image")
SPEC = Spec(x=FIELD, y=Field((), "label", classes=3))


def small(**options) -> CCGAN:
    torch.manual_seed(0)
    return CCGAN(SPEC, **{"latent": 4, "architecture": Flat(16), "width": 8, **options})


def batch(*labels: int) -> dict[str, torch.Tensor]:
    return {"x": torch.rand(len(labels), 1, 8, 8) * 2 - 1, "y": torch.tensor(labels)}


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """A shell in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


# -- holes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("area", [0.0, 0.1, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("law", [RandomSquare, CentralSquare])
def test_a_square_has_its_share_of_the_image_rounded_to_pixels(law, area):
    mask = law(area)(torch.zeros(64, 3, 12, 12))
    side = round(math.sqrt(area) * 12)
    assert mask.shape == (64, 1, 12, 12)
    assert (1 - mask).sum((1, 2, 3)).eq(side**2).all()


def test_random_squares_come_to_every_place_about_equally_often():
    torch.manual_seed(0)
    mask = RandomSquare(0.25)(torch.zeros(20_000, 1, 4, 4))
    # 2 x 2 holes in 4 x 4 pixels: nine places; a corner pixel lies in one of them, a middle one in four.
    lost = 1 - mask.mean((0, 1))
    assert lost[0, 0].item() == pytest.approx(1 / 9, abs=0.01)
    assert lost[1, 2].item() == pytest.approx(4 / 9, abs=0.015)


def test_random_pixels_are_lost_by_themselves():
    torch.manual_seed(0)
    mask = RandomPixels(0.3)(torch.zeros(2000, 3, 6, 6))
    assert (1 - mask).mean().item() == pytest.approx(0.3, abs=0.01)
    assert set(mask.unique().tolist()) == {0.0, 1.0}


def test_a_share_is_a_share():
    with pytest.raises(ValueError, match=r"from 0 to 1; got area=25"):
        RandomSquare(25)


def test_what_is_known_stays_to_the_bit_and_teaches_nobody():
    x, made = torch.rand(2, 1, 4, 4), torch.rand(2, 1, 4, 4, requires_grad=True)
    mask = CentralSquare(0.25)(x)
    whole = completed(x, mask, made)
    assert torch.equal(whole[mask == 1], x[mask == 1])
    whole.sum().backward()
    assert made.grad is not None
    assert torch.equal(made.grad, 1 - mask)


@pytest.mark.parametrize(
    ("mask", "message"), [(torch.ones(3, 3), "height and width"), (torch.full((8, 8), 0.5), "other numbers")]
)
def test_masks_that_do_not_fit_are_refused(mask, message):
    with pytest.raises(ValueError, match=message):
        checked(mask, torch.zeros(2, 1, 8, 8))


def test_a_mask_is_read_from_a_picture(tmp_path):
    picture = Image.new("L", (16, 16), 255)
    picture.paste(0, (0, 0, 8, 16))
    picture.save(tmp_path / "mask.png")
    mask = read_mask(tmp_path / "mask.png", (8, 8))
    assert mask.shape == (1, 1, 8, 8)
    assert (mask[..., :4] == 0).all()
    assert (mask[..., 4:] == 1).all()
    see_through = Image.new("RGBA", (8, 8), (255, 255, 255, 255))
    see_through.paste((255, 255, 255, 0), (0, 0, 8, 4))
    see_through.save(tmp_path / "clear.png")
    assert (read_mask(tmp_path / "clear.png", (8, 8))[0, 0, :4] == 0).all()


@pytest.mark.parametrize(("size", "message"), [((8, 16), "Give it their proportions"), ((8, 8), "has no hole")])
def test_bad_masks_are_refused(tmp_path, size, message):
    Image.new("L", size, 255).save(tmp_path / "mask.png")
    with pytest.raises(ValueError, match=message):
        read_mask(tmp_path / "mask.png", (8, 8))
    with pytest.raises(ValueError, match="There is no mask"):
        read_mask(tmp_path / "none.png", (8, 8))
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ValueError, match="cannot be read as a picture"):
        read_mask(tmp_path / "text.png", (8, 8))


# -- what fills them ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 16), (3, 32)])
def test_the_completer_sees_what_is_known_and_where_and_nothing_in_the_hole(channels, side):
    torch.manual_seed(0)
    net = Completer(Field((channels, side, side), "image"), latent=5, width=8, norm=None)
    x, z = torch.rand(3, channels, side, side), torch.randn(3, 5)
    mask = RandomSquare(0.25)(x)
    made = net(x, mask, z)
    assert made.shape == x.shape
    assert made.abs().max() <= 1
    assert torch.equal(net(torch.where(mask == 0, torch.full_like(x, 9.0), x), mask, z), made)
    assert not torch.equal(net(x, mask, torch.randn(3, 5)), made)
    assert not torch.equal(net(x, torch.ones_like(mask), z), made)


# -- the game ----------------------------------------------------------------------------------------------------


def test_the_losses_are_those_of_one_score_and_of_the_known_labels():
    game = small(label_weight=2.0)
    rows = batch(0, 2, -1, -1)
    game.count_labels([rows])
    torch.manual_seed(5)
    terms = game.discriminator_loss(rows)
    torch.manual_seed(5)
    mask = game.holes(rows["x"])
    whole = game.complete(rows["x"], mask)
    both = game.discriminator(rows["x"])
    torch.testing.assert_close(terms["real"], softplus(-both[:, 0]).mean())
    torch.testing.assert_close(terms["fake"], softplus(game.score(whole)).mean())
    torch.testing.assert_close(terms["label"], 2 * cross_entropy(both[:2, 1:], rows["y"][:2]))
    torch.manual_seed(5)
    taught = game.generator_loss(rows)
    torch.testing.assert_close(taught, {"fake": softplus(-game.score(whole)).mean()})


def test_no_class_is_learned_from_completed_images():
    game = small()
    rows = batch(-1, -1, -1)
    sum(t for t in game.discriminator_loss(rows).values() if t.requires_grad).backward()  # type: ignore[union-attr]
    assert game.discriminator.head.weight.grad is not None  # type: ignore[union-attr]
    assert game.discriminator.head.weight.grad[1:].abs().max() == 0  # type: ignore[union-attr,index]
    assert game.discriminator.head.weight.grad[0].abs().max() > 0  # type: ignore[union-attr,index]


def test_the_generator_gets_no_gradient_from_known_pixels():
    game = small(holes=CentralSquare(0.25))
    x, made = torch.rand(2, 1, 8, 8), torch.rand(2, 1, 8, 8, requires_grad=True)
    mask = game.holes(x)
    game.score(completed(x, mask, made)).sum().backward()
    assert made.grad is not None
    assert (made.grad[mask == 1] == 0).all()
    assert (made.grad[mask == 0] != 0).any()


def test_the_second_version_also_judges_what_was_made_of_whole_images():
    rows = batch(0, 1, 2, -1)
    terms, taught = small(raw=True).discriminator_loss(rows), small(raw=True).generator_loss(rows)
    assert {"raw", "real", "fake", "label"} <= set(terms)
    assert set(taught) == {"fake", "raw"}
    assert "raw" not in small().discriminator_loss(rows)


def test_data_without_labels_teach_no_classes_and_penalties_are_taken_of_the_score():
    game = CCGAN(Spec(x=FIELD), 4, architecture=Plain(8), width=8, penalties=(R1(1.0),))
    terms = game.discriminator_loss({"x": torch.rand(4, 1, 8, 8)})
    assert "label" not in terms
    assert terms["r1"].item() > 0
    with pytest.raises(ValueError, match="learned no classes"):
        game.classify(torch.rand(2, 1, 8, 8))
    with pytest.raises(ValueError, match="at least 0; got label_weight=-1"):
        small(label_weight=-1.0)


# -- the verb ----------------------------------------------------------------------------------------------------

TRAIN = "train ccgan --data digits --rounds 3 --batch 16 --width 8 --architecture flat --quiet"


def test_holes_are_filled_from_the_command_line(run):
    assert run(f"{TRAIN} --holes.area 0.3")[0] == 0
    code, out, _ = run("complete ccgan-digits-001 --count 5 --each 2 --seed 3 --out x.npz")
    assert (code, out) == (0, "5 images, 2 completions of each: x.npz\n")
    found = np.load("x.npz")
    x, mask, made = (torch.from_numpy(found[name]) for name in ("x", "mask", "completion"))
    assert x.shape == (5, 1, 8, 8)
    assert made.shape == (5, 2, 1, 8, 8)
    assert (1 - mask).sum((1, 2, 3)).eq(round(math.sqrt(0.3) * 8) ** 2).all()
    known = mask.bool().expand_as(x)
    assert all(torch.equal(made[:, i][known], x[known]) for i in range(2))
    assert not torch.equal(made[:, 0], made[:, 1])
    # The same seed, the same holes and completions; a folder has them as files, and a grid.
    assert run("complete ccgan-digits-001 --count 5 --each 2 --seed 3 --out again.npz")[0] == 0
    assert all(np.array_equal(found[name], np.load("again.npz")[name]) for name in found)
    assert run("complete ccgan-digits-001 --count 5 --each 2 --out filled")[0] == 0
    assert sorted(path.name for path in (run.place / "filled").iterdir()) == [
        "completion-1",
        "completion-2",
        "grid.png",
    ]
    assert len(list((run.place / "filled" / "completion-2").iterdir())) == 5
    # And of a folder of the user's, with a mask of theirs.
    Image.new("L", (8, 8), 0).save("mask.png")
    code, _, err = run("complete ccgan-digits-001 --data filled/completion-1 --mask mask.png --count 2 --out y.npz")
    assert (code, err) == (0, "")
    assert (np.load("y.npz")["mask"] == 0).all()
    assert run("complete ccgan-digits-001 --holes central-square --holes.area 0.5 --out z.png")[0] == 0
    with Image.open("z.png") as grid:
        assert grid.width > 16 * 8


def test_what_cannot_be_completed_is_said(run):
    assert run("train gan --data ring --data.count 500 --rounds 2 --batch 16 --quiet")[0] == 0
    assert run(TRAIN)[0] == 0
    for line, message in {
        "complete gan-ring-001": "GAN does not complete. These games do: ccgan.",
        "complete ccgan-digits-001 --mask none.png": "There is no mask none.png",
        "complete ccgan-digits-001 --each 0": "At least one completion",
        "complete ccgan-digits-001 --holes.area 2": "from 0 to 1; got area=2",
        "complete ccgan-digits-001 --data ring": "The run plays on 'x'",
    }.items():
        code, _, err = run(f"{line} --out nothing")
        assert code == 2, line
        assert message in err, line
        assert not (run.place / "nothing").exists()
