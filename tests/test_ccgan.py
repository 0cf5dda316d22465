"""The context-conditional GAN: holes, what fills them, where gradients stop, labels, and the command that completes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import cross_entropy, softplus
from zoo import toy, toy_batch

from ganarium import data
from ganarium.claims.ccgan import Alone
from ganarium.cli import dispatch as cli
from ganarium.engine.trainer import Trainer
from ganarium.games.adversarial.ccgan import CCGAN
from ganarium.ingredients import R1, CentralSquare, Holes, RandomPixels, RandomSquare, checked, completed, read_mask
from ganarium.nets import Plain, completer
from ganarium.running.gallery import gallery
from ganarium.spec import Field, Spec
from ganarium.zoo import options

IMAGE = Field((1, 8, 8), "image")
SPEC = Spec(x=IMAGE, y=Field((), "label", classes=3))


def small(spec: Spec = SPEC, **settings) -> CCGAN:
    torch.manual_seed(0)
    return CCGAN(spec, **{"latent": 4, "architecture": Plain(8), "width": 8, **settings})


def batch(*labels: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return {"x": torch.rand(len(labels), 1, 8, 8) * 2 - 1, "y": torch.tensor(labels)}


# -- holes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("area", "lost"), [(0.0, 0), (0.25, 16), (0.5, 36), (1.0, 64), (1e-6, 1)])
@pytest.mark.parametrize("law", [RandomSquare, CentralSquare])
def test_a_square_hole_is_whole_and_as_large_as_is_asked(law, area, lost):
    masks = law(area)(torch.zeros(50, 3, 8, 8))
    assert masks.shape == (50, 1, 8, 8)
    assert ((masks == 0) | (masks == 1)).all()
    holes = 1 - masks
    assert (holes.sum((1, 2, 3)) == lost).all()
    # Rows and columns that the hole meets make a rectangle that is all hole.
    rows, columns = holes.amax(3), holes.amax(2)
    assert torch.equal(rows[..., :, None] * columns[..., None, :], holes)
    assert torch.equal(rows.sum(2), columns.sum(2))
    for side in (rows, columns):
        jumps = (side[:, 0, 1:] - side[:, 0, :-1]).abs().sum(1) + side[:, 0, 0] + side[:, 0, -1]
        assert (jumps == (2 if lost else 0)).all(), "without a gap"


def test_every_place_with_room_is_as_probable():
    torch.manual_seed(0)
    holes = 1 - RandomSquare(0.25)(torch.zeros(25_000, 1, 8, 8))
    top, left = (holes.amax(axis).squeeze(1).argmax(1) for axis in (3, 2))
    counts = torch.bincount(top * 5 + left, minlength=25)
    assert len(counts) == 25
    assert ((counts - 1000).abs() < 5 * math.sqrt(1000)).all()


def test_a_hole_has_the_proportions_of_the_images_and_other_laws_their_share():
    holes = 1 - CentralSquare(0.25)(torch.zeros(1, 1, 8, 16, dtype=torch.float64))
    assert holes.dtype == torch.float64
    assert holes[0, 0].amax(1).tolist() == [0, 0, 1, 1, 1, 1, 0, 0]
    assert holes[0, 0].amax(0).tolist() == [0] * 4 + [1] * 8 + [0] * 4
    torch.manual_seed(0)
    lost = 1 - RandomPixels(0.3)(torch.zeros(100, 3, 32, 32)).mean().item()
    assert lost == pytest.approx(0.3, abs=5 * math.sqrt(0.21 / 102_400))


@pytest.mark.parametrize("area", [-0.1, 1.5])
def test_a_hole_is_a_share_of_an_image(area):
    with pytest.raises(ValueError, match=rf"from 0 to 1; got area={area}"):
        RandomSquare(area)


def test_holes_are_a_family_of_options():
    assert set(options.choices(Holes)) == {"random-square", "central-square", "random-pixels"}
    assert options.read(options.plain(RandomPixels(0.1))) == RandomPixels(0.1)


def test_what_is_known_stays_to_the_bit_and_neither_side_has_a_gradient_in_the_other():
    x, made = torch.randn(4, 3, 8, 8, requires_grad=True), torch.randn(4, 3, 8, 8, requires_grad=True)
    mask = RandomSquare(0.3)(x)
    whole = completed(x, mask, made)
    assert torch.equal(whole[mask.expand_as(x) == 1], x[mask.expand_as(x) == 1])
    assert torch.equal(whole[mask.expand_as(x) == 0], made[mask.expand_as(x) == 0])
    known, filled = torch.autograd.grad(whole.sum(), (x, made))
    assert torch.equal(known, mask.expand_as(x))
    assert torch.equal(filled, 1 - mask.expand_as(x))


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (torch.ones(2, 1, 8, 8), r"got shape \(2, 1, 8, 8\)"),
        (torch.ones(8, 1), r"got shape \(8, 1\)"),
        (torch.full((8, 8), 0.5), "holds other numbers"),
        (torch.full((8, 8), float("nan")), "holds other numbers"),
    ],
)
def test_masks_that_fit_nothing_are_refused(mask, words):
    with pytest.raises(ValueError, match=words):
        checked(mask, torch.zeros(4, 3, 8, 8))


def test_a_mask_is_read_from_a_picture(tmp_path):
    pixels = np.full((16, 16), 255, np.uint8)
    pixels[:8, 8:] = 0
    Image.fromarray(pixels).save(tmp_path / "grey.png")
    clear = np.full((16, 16, 4), 255, np.uint8)
    clear[:8, 8:, 3] = 0
    Image.fromarray(clear).save(tmp_path / "clear.png")
    wanted = torch.ones(1, 1, 8, 8)
    wanted[..., :4, 4:] = 0
    for name in ("grey.png", "clear.png"):
        assert torch.equal(read_mask(tmp_path / name, (8, 8)), wanted)
    (tmp_path / "text.png").write_text("no picture")
    Image.new("L", (16, 16), 255).save(tmp_path / "white.png")
    Image.new("L", (16, 8)).save(tmp_path / "wide.png")
    for name, words in {
        "lost.png": "no mask",
        "text.png": "cannot be read",
        "white.png": "no hole",
        "wide.png": "16 x 8 pixels, and the images 8 x 8",
    }.items():
        with pytest.raises(ValueError, match=words):
            read_mask(tmp_path / name, (8, 8))


# -- the network -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 13, 10), (3, 64, 40)])
@pytest.mark.parametrize("norm", ["batch", "layer", "spectral", None])
def test_images_of_all_sizes_are_filled(shape, norm):
    fill = completer(Field(shape, "image"), 4, 8, norm)
    made = fill(torch.zeros(2, *shape), torch.ones(2, 1, *shape[1:]), torch.randn(2, 4))
    assert made.shape == (2, *shape)
    assert made.abs().max() <= 1


def test_what_is_in_the_hole_is_not_seen_and_the_rest_the_mask_and_the_noise_are():
    torch.manual_seed(0)
    fill = completer(Field((2, 8, 8), "image"), 4, 8, None)
    x, z, mask = torch.randn(3, 2, 8, 8), torch.randn(3, 4), RandomSquare(0.25)(torch.zeros(3, 2, 8, 8))
    made = fill(x, mask, z)
    assert torch.equal(made, fill(completed(x, mask, torch.full_like(x, float("nan"))), mask, z))
    assert torch.equal(made, fill(x, mask.expand_as(x), z))
    assert not torch.allclose(made, fill(x + mask, mask, z))
    assert not torch.allclose(made, fill(x, mask, z + 1))
    nothing = torch.zeros_like(x)
    assert not torch.allclose(fill(nothing, mask, z), fill(nothing, 1 - mask, z))
    lost = mask.expand_as(x).clone()
    lost[:, 1] = 1
    assert torch.equal(fill(x, lost, z), made), "a pixel of which a channel is lost is lost"


def test_only_images_have_holes():
    with pytest.raises(ValueError, match="filled in images; got 'points 2'"):
        completer(Field((2,), "points"), 4)
    with pytest.raises(ValueError, match="latent=0"):
        completer(IMAGE, 0)


# -- the game ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [False, True])
def test_the_losses_are_those_of_the_page(raw):
    game = small(raw=raw, label_weight=0.5)
    rows = batch(0, 2, -1, 1, -1, -1)
    game.count_labels([rows])
    torch.manual_seed(5)
    found, mine = game.discriminator_loss(rows), game.generator_loss(rows)
    torch.manual_seed(5)
    x, wanted, whole = rows["x"], {}, []
    for _ in range(2):
        mask = game.holes(x)
        made = game.generator(x, mask, game.noise(len(x)))
        whole.append((mask * x + (1 - mask) * made, made))
    real, logits = game.discriminator(x)[:, 0], game.discriminator(x)[:, 1:]
    first, second = ([game.discriminator(each)[:, 0] for each in pair] for pair in whole)
    wanted = {"real": softplus(-real).mean(), "fake": softplus(first[0]).mean()}
    known = rows["y"] >= 0
    wanted["label"] = 0.5 * cross_entropy(logits[known], rows["y"][known])
    assert ("raw" in found) is ("raw" in mine) is raw
    if raw:
        wanted["raw"] = softplus(first[1]).mean()
        torch.testing.assert_close(mine["raw"], softplus(-second[1]).mean())
    torch.testing.assert_close(mine["fake"], softplus(-second[0]).mean())
    for name, term in wanted.items():
        torch.testing.assert_close(found[name], term)
    share = torch.cat([real > 0, first[0] < 0]).float().mean()
    assert found["accuracy"].item() == pytest.approx(share.item())
    assert not found["accuracy"].requires_grad


def test_no_gradient_of_the_generator_s_loss_comes_from_what_is_known():
    game, rows = small(), batch(0, 1, 2, -1)
    seen = []
    game.generator.register_forward_hook(lambda module, args, made: seen.append((args[1], made)))
    loss = game.generator_loss(rows)["fake"]
    mask, made = seen[0]
    (gradient,) = torch.autograd.grad(loss, made)
    assert not (gradient * mask).any()
    assert (gradient * (1 - mask)).flatten(1).any(1).all()


def test_in_the_second_version_known_pixels_have_a_gradient_too():
    game, rows = small(raw=True), batch(0, 1, 2, -1)
    seen = []
    game.generator.register_forward_hook(lambda module, args, made: seen.append((args[1], made)))
    terms = game.generator_loss(rows)
    mask, made = seen[0]
    (gradient,) = torch.autograd.grad(terms["fake"] + terms["raw"], made)
    assert (gradient * mask).flatten(1).any(1).all()


def test_completed_images_teach_no_classes():
    game = small()
    rows = batch(0, 1, 2, -1)
    head = game.discriminator.get_submodule("head").get_parameter("weight")
    terms = game.discriminator_loss(rows)
    (of_scores,) = torch.autograd.grad(terms["real"] + terms["fake"], head, retain_graph=True)
    (of_labels,) = torch.autograd.grad(terms["label"], head)
    assert of_scores[0].any()
    assert not of_scores[1:].any()
    assert not of_labels[0].any()
    assert of_labels[1:].any(1).all()


def test_the_mean_of_the_label_term_over_batches_is_the_mean_over_the_known_labels():
    game = small()
    rows = batch(*[0, 1, 2, -1] * 4, *[-1] * 16)
    game.count_labels([rows])
    assert game.labelled.item() == pytest.approx(12 / 32)
    whole = cross_entropy(game.classify(rows["x"]), rows["y"], ignore_index=-1)
    parts = [{name: value[i::4] for name, value in rows.items()} for i in range(4)]
    mean = torch.stack([game.discriminator_loss(part)["label"] for part in parts]).mean()
    torch.testing.assert_close(mean, whole)
    none = game.discriminator_loss(batch(-1, -1))["label"]
    assert none.item() == 0
    assert none.requires_grad


def test_without_labels_it_fills_holes_and_says_that_it_knows_no_classes():
    bare = data.from_tensors(torch.rand(40, 1, 8, 8), kind="image")
    trainer = Trainer(small(bare.spec))
    for report in trainer.play(bare, 8, 2):
        assert "discriminator/label" not in report.scalars
    game = trainer.game
    assert isinstance(game, CCGAN)
    assert game.score(torch.zeros(3, 1, 8, 8)).shape == (3,)
    assert game.complete(torch.zeros(3, 1, 8, 8), torch.zeros(8, 8)).shape == (3, 1, 8, 8)
    for silent in (game, small(label_weight=0.0)):
        with pytest.raises(ValueError, match="learned no classes"):
            silent.classify(torch.zeros(3, 1, 8, 8))
    with pytest.raises(ValueError, match="label_weight=-1"):
        small(label_weight=-1.0)


def test_labels_that_are_all_hidden_weigh_nothing():
    hidden = data.from_tensors(torch.rand(40, 1, 8, 8), torch.tensor([0, 1, 2] + [-1] * 37), kind="image")
    hidden = hidden.subset(torch.arange(3, 40))
    trainer = Trainer(small(hidden.spec))
    for report in trainer.play(hidden, 8, 2):
        assert report.scalars["discriminator/label"] == 0
    assert all(value.isfinite().all() for value in trainer.game.state_dict().values())


def test_a_game_completes_what_any_mask_leaves_open():
    game = toy("ccgan").eval()
    x = toy_batch(game, 4)["x"]
    for mask in (torch.ones(8, 8), CentralSquare(0.5)(x), RandomPixels(0.5)(x).expand_as(x).bool()):
        whole = game.complete(x, mask)
        kept = mask.expand_as(x) == 1
        assert torch.equal(whole[kept], x[kept])
        assert kept.all() != (whole[~kept] != x[~kept]).any()
    assert not torch.equal(game.complete(x, CentralSquare()(x)), game.complete(x, CentralSquare()(x))), "noise"
    with pytest.raises(ValueError, match="got shape"):
        game.complete(x, torch.ones(4, 4))


def test_penalties_are_of_the_score_alone():
    game, rows = small(penalties=(R1(2.0),)), batch(0, 1, 2, -1)
    x = rows["x"].requires_grad_()
    (slope,) = torch.autograd.grad(game.score(x).sum(), x)
    expected = slope.square().flatten(1).sum(1).mean()
    torch.testing.assert_close(game.discriminator_loss({**rows, "x": x.detach()})["r1"], expected)


def test_the_picture_in_training_shows_image_hole_and_completion():
    game = toy("ccgan")
    found = gallery(game, data.random(game.spec, count=20))
    assert found is not None
    assert game.training
    again = gallery(game, data.random(game.spec, count=20))
    assert again is not None
    assert found.tobytes() == again.tobytes()
    assert found.width > 8 * 48
    assert found.height > 3 * 48


# -- the command -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a run of ccgan and one of gan."""
    folder = tmp_path_factory.mktemp("runs")
    rounds = ["--rounds", "2", "--batch", "16", "--quiet"]
    small = ["--width", "8", "--architecture.width", "8"]
    assert cli.main(["train", "ccgan", "--data", "digits", *small, *rounds, "--out", str(folder / "run")]) == 0
    assert cli.main(["train", "gan", "--data", "ring", *rounds, "--out", str(folder / "other")]) == 0
    for name in ("photos", "black"):
        (folder / name).mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (3, 20, 20, 3), dtype=np.uint8)
    for number, each in enumerate(pixels):
        Image.fromarray(each).save(folder / "photos" / f"{number}.png")
    Image.fromarray(np.repeat(np.array([[0, 255]], np.uint8), 8, 1).repeat(16, 0)).save(folder / "left.png")
    return folder


@pytest.fixture
def complete(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    monkeypatch.setenv("GANARIUM_CACHE", str(place / "cache"))

    def run(words: str) -> tuple[int, str]:
        code = cli.main(["complete", *words.split()])
        return code, capsys.readouterr().err

    return run


def test_completions_follow_their_seed_and_keep_what_is_known(place, complete):
    for out, seed in (("a.npz", 3), ("b.npz", 3), ("c.npz", 4)):
        assert complete(f"run --count 5 --each 2 --holes.area 0.5 --seed {seed} --out {out}") == (0, "")
    a, b, c = (np.load(place / name) for name in ("a.npz", "b.npz", "c.npz"))
    assert a["completion"].shape == (5, 2, 1, 8, 8)
    assert a["mask"].shape == (5, 1, 8, 8)
    assert (1 - a["mask"]).sum() == 5 * 36
    assert all((a[name] == b[name]).all() for name in ("x", "mask", "completion"))
    assert (a["mask"] != c["mask"]).any()
    assert (a["x"] == data.load("digits")["x"][:5].numpy()).all()
    known, x = np.broadcast_to(a["mask"] == 1, a["x"].shape), a["x"]
    for turn in range(2):
        assert (a["completion"][:, turn][known] == x[known]).all()
    assert (a["completion"][:, 0] != a["completion"][:, 1]).any(), "each with noise of its own"


def test_images_of_a_folder_are_read_at_the_run_s_size_and_a_mask_says_where(place, complete):
    assert complete("run --data photos --mask left.png --each 2 --out done")[0] == 0
    found = sorted(path.relative_to(place / "done").as_posix() for path in (place / "done").rglob("*.png"))
    files = [f"completion-{turn}/{number:05d}.png" for turn in (1, 2) for number in range(3)]
    assert found == sorted([*files, "grid.png"])
    assert complete("run --data photos --mask left.png --each 2 --out done")[0] == 0, "again, into the same folder"
    assert complete("run --data photos --mask left.png --out x.npz")[0] == 0
    mask = np.load(place / "x.npz")["mask"]
    assert (mask[..., :4] == 0).all()
    assert (mask[..., 4:] == 1).all()
    assert complete("run --holes central-square --out grid.png")[0] == 0
    with Image.open(place / "grid.png") as image:
        assert image.size > (16 * 48, 5 * 48)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("other", "GAN does not complete. These games do: ccgan"),
        ("run --mask none.png", "There is no mask none.png"),
        ("run --holes.area 2", "got area=2.0"),
        ("run --each 0", "each=0"),
        ("run --count 0", "count=0"),
        ("run --data ring", "The run plays on 'x' of image 1 x 8 x 8"),
        ("run --data black", "no images"),
        ("run --out photos", "holds other things, such as 0.png"),
        ("run --out x.nothing", "no suffix of a picture"),
        ("run --holes squares", "holes"),
        ("lost", "lost"),
    ],
)
def test_what_cannot_be_completed_is_said(complete, words, answer):
    code, said = complete(words)
    assert code == 2
    assert answer in said


# -- the claim ---------------------------------------------------------------------------------------------------


def test_the_baseline_learns_from_labels_alone_and_the_control_from_no_hole():
    torch.manual_seed(0)
    alone = Alone(SPEC, latent=4, architecture=Plain(8), width=8)
    rows = batch(0, 1, 2, 1)
    assert [player.owns for player in alone.players()] == [[alone.discriminator]]
    terms = alone.discriminator_loss(rows)
    assert list(terms) == ["label"]
    torch.testing.assert_close(terms["label"], cross_entropy(alone.classify(rows["x"]), rows["y"]))
    control = small(holes=RandomSquare(0.0))
    mask = control.holes(rows["x"])
    assert torch.equal(control.complete(rows["x"], mask), rows["x"])
    fake, inside = control.generator_loss(rows)["fake"], list(control.generator.parameters())
    assert not any(slope.any() for slope in torch.autograd.grad(fake, inside))
