"""Augmentations: shapes, gradients, and that each does what it says and no more."""

import pytest
import torch

from ganarium.ingredients import (
    Augmentation,
    Brightness,
    Contrast,
    Cutout,
    DiffAugment,
    Flip,
    Hue,
    LumaFlip,
    QuarterTurn,
    Saturation,
    Shift,
    Stretch,
    Translation,
    Zoom,
)
from ganarium.ingredients.augment.geometry import resample

COLOUR = [Brightness(), Saturation(), Contrast(), Hue(), LumaFlip()]
GEOMETRY = [Translation(), Cutout(), Flip(), QuarterTurn(), Zoom(), Stretch(), Shift()]
ALL = [*COLOUR, *GEOMETRY, DiffAugment()]
SHAPES = [(5, 1, 8, 8), (5, 3, 12, 9), (5, 4, 6, 8, 8)]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def name(augmentation: Augmentation) -> str:
    return type(augmentation).__name__


@pytest.mark.parametrize("augmentation", ALL, ids=name)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_shape_and_type_stay(augmentation, shape, dtype):
    if isinstance(augmentation, QuarterTurn):
        shape = (*shape[:-1], shape[-2])
    x = torch.rand(shape, dtype=dtype)
    kept = x.clone()
    y = augmentation(x)
    assert y.shape == x.shape
    assert y.dtype == dtype
    assert torch.equal(x, kept)


@pytest.mark.parametrize("augmentation", ALL, ids=name)
def test_gradients_are_right_to_second_order(augmentation):
    x = torch.randn(2, 3, 3, 3, dtype=torch.float64, requires_grad=True)

    def fixed(x):
        torch.manual_seed(1)
        return augmentation(x).square()

    assert torch.autograd.gradcheck(fixed, x)
    assert torch.autograd.gradgradcheck(fixed, x)


@pytest.mark.parametrize("augmentation", ALL, ids=name)
def test_each_sample_has_its_own_numbers(augmentation):
    x = torch.randn(1, 3, 16, 16).expand(32, -1, -1, -1)
    y = augmentation(x)
    assert (y != y[:1]).flatten(1).any(1).sum() > 8


@pytest.mark.parametrize("augmentation", ALL, ids=name)
def test_same_seed_same_numbers(augmentation):
    x = torch.randn(4, 3, 8, 8)
    first = augmentation(x)
    torch.manual_seed(0)
    again = augmentation(torch.randn(4, 3, 8, 8))
    assert torch.equal(first, again)


@pytest.mark.parametrize(
    "augmentation",
    [
        Brightness(0.0),
        Saturation(0.0),
        Contrast(0.0),
        Translation(0.0),
        Cutout(0.0),
        DiffAugment(()),
        Hue(0.0),
        Zoom(0.0),
        Stretch(0.0),
        Shift(0.0),
    ],
    ids=name,
)
def test_nothing_asked_nothing_done(augmentation):
    x = torch.randn(6, 3, 8, 8)
    torch.testing.assert_close(augmentation(x), x)


def test_saturation_leaves_grey_images():
    x = torch.randn(4, 1, 8, 8)
    assert torch.equal(Saturation()(x), x)
    grey = x.expand(-1, 3, -1, -1)
    torch.testing.assert_close(Saturation()(grey), grey)


def test_colours_move_as_the_paper_says():
    x = torch.randn(400, 3, 4, 4)
    shift = (Brightness()(x) - x).flatten(1)
    torch.testing.assert_close(shift, shift[:, :1].expand_as(shift), atol=1e-6, rtol=0)
    assert -0.5 <= shift.min() < -0.45
    assert 0.45 < shift.max() <= 0.5 + 1e-6

    y = Saturation()(x)
    torch.testing.assert_close(y.mean(1), x.mean(1))
    factor = (y - y.mean(1, keepdim=True)).flatten(1).norm(dim=1) / (x - x.mean(1, keepdim=True)).flatten(1).norm(dim=1)
    assert factor.min() < 0.05
    assert 1.95 < factor.max() <= 2 + 1e-5

    y = Contrast()(x)
    torch.testing.assert_close(y.mean((1, 2, 3)), x.mean((1, 2, 3)))
    factor = y.flatten(1).std(1) / x.flatten(1).std(1)
    assert 0.5 - 1e-5 <= factor.min() < 0.55
    assert 1.45 < factor.max() <= 1.5 + 1e-5


def test_values_may_leave_the_range():
    assert Brightness()(torch.ones(50, 1, 8, 8)).max() > 1


def test_translation_moves_pads_with_zeros_and_never_wraps():
    side = 16
    x = torch.arange(1.0, side * side + 1).reshape(1, 1, side, side).expand(300, 2, -1, -1)
    y = Translation()(x)
    moves = set()
    for image in y[:, 0]:
        row, column = (int(i) for i in (image > 0).nonzero()[0])
        value = int(image[row, column]) - 1
        down, right = row - value // side, column - value % side
        moves.add((down, right))
        moved = torch.zeros(side, side)
        rows, columns = slice(max(down, 0), side + min(down, 0)), slice(max(right, 0), side + min(right, 0))
        back = slice(max(-down, 0), side - max(down, 0)), slice(max(-right, 0), side - max(right, 0))
        moved[rows, columns] = x[0, 0][back]
        assert torch.equal(image, moved)
    assert torch.equal(y[:, 0], y[:, 1])
    assert moves == {(i, j) for i in range(-2, 3) for j in range(-2, 3)}


def test_a_full_translation_empties_some_images():
    y = Translation(1.0)(torch.ones(300, 1, 4, 4))
    assert y.flatten(1).sum(1).min() == 0


@pytest.mark.parametrize("side", [8, 10, 15])
def test_cutout_zeroes_a_box_that_may_reach_over_the_edge(side):
    cut = int(side / 2 + 0.5)
    y = Cutout()(torch.ones(2000, 1, side, side))[:, 0]
    gone = y == 0
    heights, widths = gone.any(2).sum(1), gone.any(1).sum(1)
    assert torch.equal(gone.sum((1, 2)), heights * widths)  # a box
    assert heights.max() == widths.max() == cut
    assert heights.min() >= cut // 2
    # Every pixel of the interior is as likely as another to be lost; the corner least.
    lost = gone.double().mean(0)
    centre = lost[side // 2, side // 2].item()
    chance = (cut / (side + 1 - cut % 2)) ** 2
    assert centre == pytest.approx(chance, abs=0.04)
    assert lost[0, 0] < centre


def test_cutout_of_everything_around_the_centre():
    y = Cutout(1.0)(torch.ones(400, 1, 8, 8))
    assert y.flatten(1).sum(1).min() == 0  # a box at the centre covers all
    assert y.flatten(1).sum(1).max() > 0  # one at a corner does not


def test_flips_and_turns_are_each_of_their_images_alike():
    x = torch.randn(1, 2, 5, 5).expand(2000, -1, -1, -1)
    turned, flipped, dimmed = QuarterTurn()(x), Flip()(x), LumaFlip()(x)
    for times in range(4):
        share = (turned == x.rot90(times, (2, 3))).flatten(1).all(1).double().mean().item()
        assert share == pytest.approx(1 / 4, abs=0.05)
    for result, other in ((flipped, x.flip(3)), (dimmed, x - 2 * x.mean(1, keepdim=True))):
        shares = [(result == each).flatten(1).all(1).double().mean().item() for each in (x, other)]
        assert sum(shares) == 1
        assert shares[0] == pytest.approx(1 / 2, abs=0.05)


def test_hues_turn_about_grey():
    x = torch.randn(3000, 3, 1, 1, dtype=torch.float64)
    y = Hue()(x)
    torch.testing.assert_close(y.mean(1), x.mean(1))
    torch.testing.assert_close(y.norm(dim=1), x.norm(dim=1))
    a, b = (v[..., 0, 0] - v[..., 0, 0].mean(1, keepdim=True) for v in (x, y))
    cosine = torch.nn.functional.cosine_similarity(a, b)
    assert cosine.mean().abs() < 0.05  # angles of a full circle
    assert cosine.square().mean().item() == pytest.approx(0.5, abs=0.05)


def test_resampling_is_linear_interpolation_reflected_at_the_edge():
    x = torch.arange(6.0, dtype=torch.float64).reshape(1, 1, 1, 6)
    source = torch.tensor([[-1.25, -0.5, 0.0, 2.75, 5.5, 16.0]], dtype=torch.float64)
    assert resample(x, 3, source).flatten().tolist() == pytest.approx([1.25, 0.5, 0.0, 2.75, 4.5, 4.0])
    assert torch.equal(resample(x, 2, torch.tensor([[0.3]])), x)


@pytest.mark.parametrize(("augmentation", "moment"), [(Zoom(), 0.2), (Stretch(), 0.2)], ids=str)
def test_zooms_scale_around_the_middle_with_the_paper_s_law(augmentation, moment):
    side = 33
    place = torch.arange(side, dtype=torch.float64) - side // 2
    x = torch.stack([place.expand(side, side).T, place.expand(side, side)]).expand(4000, -1, -1, -1)
    y = augmentation(x)
    middle = side // 2
    assert y[:, :, middle, middle].abs().max() < 1e-9
    down, right = (-torch.log2(v) for v in (y[:, 0, middle + 1, middle], y[:, 1, middle, middle + 1]))
    torch.testing.assert_close(down, right if isinstance(augmentation, Zoom) else -right)
    assert right.std().item() == pytest.approx(moment, rel=0.06)
    assert right.mean().item() == pytest.approx(0.0, abs=0.015)


def test_shifts_are_normal_shares_of_the_side():
    side = 64
    x = torch.arange(side, dtype=torch.float64).expand(4000, 1, side, side)
    # The middle pixel reads where it came from; reflection begins four standard deviations away.
    move = side // 2 - Shift()(x)[:, 0, 0, side // 2]
    assert move.std().item() == pytest.approx(side / 8, rel=0.06)
    assert move.mean().item() == pytest.approx(0.0, abs=0.5)


def test_diffaugment_is_its_policy_in_order():
    x = torch.rand(8, 3, 16, 16) + 1
    y = DiffAugment((Cutout(), Brightness()))(x)
    torch.manual_seed(0)
    torch.rand(8, 3, 16, 16)
    assert torch.equal(y, Brightness()(Cutout()(x)))


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"Brightness takes images .*got \(B, 2\)"):
        Brightness()(torch.zeros(4, 2))
    with pytest.raises(ValueError, match="ratio=2"):
        Translation(2)
    with pytest.raises(ValueError, match="ratio=-1"):
        Cutout(-1)


def test_equal_settings_are_equal():
    assert DiffAugment() == DiffAugment()
    assert Cutout(0.25) != Cutout(0.5)
