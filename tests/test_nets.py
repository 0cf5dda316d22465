"""Networks: shapes, gradients, norms, and that DCGAN is the paper's."""

import copy
import math
from itertools import product
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from ganarium import nets
from ganarium.nets import Norm
from ganarium.nets.layers.conv import pyramid
from ganarium.spec import Field

IMAGES = [(8, 8), (12, 12), (13, 9), (16, 16), (28, 28), (32, 24), (64, 64), (8, 40), (256, 256)]
FIELDS = {
    "points": Field((2,), "points"),
    "image": Field((3, 12, 8), "image"),
    "volume": Field((1, 8, 8, 9), "volume"),
}
NORMS: tuple[Norm | None, ...] = (None, "batch", "layer", "spectral")


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def layers(network: nn.Module, *kinds: type[nn.Module]) -> list[nn.Module]:
    return [module for module in network.modules() if isinstance(module, kinds)]


def weights(network: nn.Module) -> list[Tensor]:
    """The weights as they act, so with spectral norm if there is one."""
    modules = layers(network, nn.Linear, nn.modules.conv._ConvNd)
    return [module.weight for module in modules if isinstance(module.weight, Tensor)]


def matrix(layer: nn.Module) -> Tensor:
    """A weight with one row for each output channel."""
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return (weight.transpose(0, 1) if isinstance(layer, nn.modules.conv._ConvTransposeNd) else weight).flatten(1)


def assert_gradients(network: nn.Module) -> None:
    idle = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle


# --- shapes ---


@pytest.mark.parametrize(
    ("sides", "channels"), [(sides, c) for sides, c in product(IMAGES, (1, 3, 4)) if c == 3 or max(sides) < 64]
)
@pytest.mark.parametrize("paper", [False, True])
def test_images_of_many_sizes(sides, channels, paper):
    field = Field((channels, *sides), "image")
    z = torch.randn(2, 5)
    if paper:
        generator, discriminator = nets.DCGANGenerator(5, field, 2), nets.DCGANDiscriminator(field, 2)
    else:
        generator, discriminator = nets.generator(5, field, width=4), nets.discriminator(field, width=4)
    x = generator(z)
    assert x.shape == (2, *field.shape)
    assert x.abs().max() <= 1
    assert discriminator(x).shape == (2,)
    assert discriminator.features(x).shape == (2, discriminator.feature_size)


@pytest.mark.parametrize("dimension", [1, 2, 10])
def test_points_of_many_dimensions(dimension):
    field = Field((dimension,), "points")
    x = nets.generator(3, field)(torch.randn(4, 3))
    assert x.shape == (4, dimension)
    assert nets.discriminator(field)(x).shape == (4,)
    assert nets.encoder(field, 7)(x).shape == (4, 7)


@pytest.mark.parametrize("kernel", [3, 4, 5, 6])
@pytest.mark.parametrize("sides", [(8, 8), (9, 11), (15, 16), (28, 31)])
def test_dcgan_with_any_kernel_makes_any_size(kernel, sides):
    field = Field((1, *sides), "image")
    x = nets.DCGANGenerator(4, field, 2, kernel)(torch.randn(2, 4))
    assert x.shape == (2, 1, *sides)
    assert nets.DCGANDiscriminator(field, 2, kernel)(x).shape == (2,)


@pytest.mark.parametrize("side", range(8, 70))
@pytest.mark.parametrize("kernel", [4, 5])
def test_smallest_maps_are_four_to_seven_a_side(side, kernel):
    assert 4 <= min(pyramid(Field((1, side, 99), "image"), kernel)[-1]) <= 7


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_one_score_has_no_axis_and_a_code_always_has(field):
    x = field.random(3)
    assert nets.discriminator(field, width=4)(x).shape == (3,)
    assert nets.discriminator(field, 5, width=4)(x).shape == (3, 5)
    assert nets.encoder(field, 1, width=4)(x).shape == (3, 1)


# --- what holds for every network ---


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_gradient_reaches_every_parameter(field, norm):
    generator = nets.generator(6, field, 2, width=8, norm=norm)
    discriminator = nets.discriminator(field, 2, 2, norm, width=8)
    c = torch.randn(8, 2)
    scores = discriminator(generator(torch.randn(8, 6), c), c)
    scores.square().sum().backward()
    assert_gradients(generator)
    assert_gradients(discriminator)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_a_score_is_the_head_of_the_features(field, norm):
    x, c = field.random(4), torch.randn(4, 3)
    discriminator = nets.discriminator(field, 2, 3, norm, width=8).eval()
    features = discriminator.features(x, c)
    assert features.shape == (4, discriminator.feature_size)
    assert torch.equal(discriminator.head(features), discriminator(x, c))
    encoder = nets.encoder(field, 2, width=8, norm=norm).eval()
    assert torch.equal(encoder.head(encoder.features(x)), encoder(x))


@pytest.mark.parametrize("norm", [None, "layer", "spectral"])
@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_without_batch_norm_samples_are_independent(field, norm):
    discriminator = nets.discriminator(field, norm=norm, width=8).eval()
    x = field.random(5)
    torch.testing.assert_close(discriminator(x)[:1], discriminator(x[:1]))


def test_batch_norm_couples_samples():
    discriminator = nets.discriminator(FIELDS["image"], norm="batch", width=8)
    x = FIELDS["image"].random(5)
    assert not torch.allclose(discriminator(x)[:2], discriminator(x[:2]), rtol=1e-2)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_double_precision_copies_and_states(field, norm):
    discriminator = nets.discriminator(field, norm=norm, width=8).double()
    x = field.random(4).double()
    scores = discriminator(x)
    assert scores.dtype == torch.float64
    discriminator.eval()
    other = nets.discriminator(field, norm=norm, width=8).double().eval()
    other.load_state_dict(discriminator.state_dict())
    for twin in (copy.deepcopy(discriminator), other):
        assert torch.equal(twin(x), discriminator(x))
        assert not {p.data_ptr() for p in twin.parameters()} & {p.data_ptr() for p in discriminator.parameters()}


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_conditions_change_what_comes_out(field):
    generator, discriminator = nets.generator(3, field, 2, width=8).eval(), nets.discriminator(field, 1, 2, width=8)
    z, one, two = torch.randn(4, 3), torch.eye(2)[[0] * 4], torch.eye(2)[[1] * 4]
    x = generator(z, one)
    assert not torch.allclose(x, generator(z, two))
    assert not torch.allclose(discriminator(x, one), discriminator(x, two))
    assert torch.equal(discriminator(x, one), discriminator(x, one.long()))


def test_a_first_draw_keeps_the_size_of_activations():
    x = torch.randn(64, 3, 32, 32)
    trunk = nets.discriminator(Field((3, 32, 32), "image")).trunk
    assert 0.3 < trunk(x).square().mean() / x.square().mean() < 3
    z = torch.randn(512, 32)
    body = nets.generator(32, Field((3, 32, 32), "image"), norm=None).body
    hidden = nn.Sequential(*list(body.children())[:-2])
    assert 0.3 < hidden(z).square().mean() < 3


def test_channels_last_is_kept():
    network = nets.generator(4, Field((3, 16, 16), "image"), width=8)
    network.to(memory_format=torch.channels_last)  # pyright: ignore
    assert network(torch.randn(2, 4)).is_contiguous(memory_format=torch.channels_last)


def test_parameter_names_are_stable():
    generator = nets.generator(4, Field((1, 8, 8), "image"), width=8)
    assert [name for name, _ in generator.named_parameters()] == [
        "body.project.layer.weight",
        "body.project.layer.bias",
        "body.project.norm.weight",
        "body.project.norm.bias",
        "body.up1.layer.weight",
        "body.up1.norm.weight",
        "body.up1.norm.bias",
        "body.out.weight",
        "body.out.bias",
    ]
    names = [name for name, _ in nets.discriminator(Field((1, 8, 8), "image"), width=8).named_parameters()]
    assert names == [
        "trunk.stem.layer.weight",
        "trunk.stem.layer.bias",
        "trunk.down1.layer.weight",
        "trunk.down1.layer.bias",
        "head.weight",
        "head.bias",
    ]
    names = [name for name, _ in nets.discriminator(Field((2,), "points")).named_parameters()]
    hidden = [f"trunk.hidden{i}.layer.{part}" for i in (1, 2, 3) for part in ("weight", "bias")]
    assert names == [*hidden, "head.weight", "head.bias"]


def test_defaults():
    image, points = Field((3, 32, 32), "image"), Field((2,), "points")
    assert len(layers(nets.generator(8, image), nn.BatchNorm2d)) == 4
    assert not layers(nets.generator(8, points), nn.BatchNorm1d)
    assert not layers(nets.discriminator(image), nn.modules.batchnorm._BatchNorm, nn.GroupNorm)
    assert nets.discriminator(points).feature_size == 128
    assert nets.discriminator(image).feature_size == 128 * 4 * 4
    assert not layers(nets.discriminator(image, norm="batch").trunk.get_submodule("stem"), nn.BatchNorm2d)


# --- spectral norm ---


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_spectral_norm_makes_the_top_singular_value_one(field):
    generator = nets.generator(4, field, norm="spectral", width=16)
    discriminator = nets.discriminator(field, norm="spectral", width=16)
    with torch.no_grad():
        for p in [*generator.parameters(), *discriminator.parameters()]:
            p.mul_(3).add_(0.1 * torch.randn_like(p))
        for _ in range(50):
            discriminator(generator(torch.randn(2, 4)))
    for layer in layers(nn.ModuleList([generator, discriminator]).eval(), nn.Linear, nn.modules.conv._ConvNd):
        assert abs(torch.linalg.matrix_norm(matrix(layer), 2).item() - 1) < 1e-2


def test_spectral_vectors_move_in_training_only():
    discriminator = nets.discriminator(FIELDS["image"], norm="spectral", width=8)
    x = FIELDS["image"].random(2)

    def vectors():
        return torch.cat([b.flatten().clone() for b in discriminator.buffers()])

    with torch.no_grad():
        discriminator.head.parametrizations.weight.original.normal_()  # pyright: ignore
    start = vectors()
    discriminator.eval()(x)
    assert torch.equal(start, vectors())
    discriminator.train()(x)
    assert not torch.equal(start, vectors())


def test_two_passes_before_one_backward():
    discriminator = nets.discriminator(FIELDS["image"], norm="spectral", width=8)
    x = FIELDS["image"].random(2)
    (discriminator(x) - discriminator(-x)).sum().backward()
    # The last bias cancels in a difference of scores.
    assert all(p.grad is not None for p in discriminator.parameters())


def test_a_spectral_mlp_has_slope_below_one():
    discriminator = nets.discriminator(FIELDS["points"], norm="spectral")
    for _ in range(50):
        discriminator(torch.randn(2, 2))
    discriminator.eval()
    x, step = torch.randn(500, 2), 0.1 * torch.randn(500, 2)
    assert ((discriminator(x + step) - discriminator(x)).abs() / step.norm(dim=1)).max() < 1.01


# --- DCGAN ---


def test_dcgan_is_the_papers_for_64_pixels():
    field = Field((3, 64, 64), "image")
    generator = nets.DCGANGenerator(100, field, 128)
    discriminator = nets.DCGANDiscriminator(field, 128)
    assert [m.out_channels for m in layers(generator, nn.ConvTranspose2d)] == [512, 256, 128, 3]
    assert [m.out_channels for m in layers(discriminator, nn.Conv2d)] == [128, 256, 512, 1024]
    assert [m.out_features for m in layers(generator, nn.Linear)] == [1024 * 4 * 4]
    assert [m.in_features for m in layers(discriminator, nn.Linear)] == [1024 * 4 * 4]
    convolutions = layers(nn.ModuleList([generator, discriminator]), nn.modules.conv._ConvNd)
    assert all(m.kernel_size == (5, 5) and m.stride == (2, 2) and m.bias is None for m in convolutions)
    # No batch norm at the generator's output and the discriminator's input, one everywhere else.
    assert [m.num_features for m in layers(generator, nn.modules.batchnorm._BatchNorm)] == [16384, 512, 256, 128]
    assert [m.num_features for m in layers(discriminator, nn.modules.batchnorm._BatchNorm)] == [256, 512, 1024]
    assert [type(m) for m in generator.body.get_submodule("up4").children()] == [nn.ConvTranspose2d, nn.Tanh]
    assert [type(m) for m in discriminator.trunk.get_submodule("down1").children()] == [nn.Conv2d, nn.LeakyReLU]
    assert {m.negative_slope for m in layers(discriminator, nn.LeakyReLU)} == {0.2}
    for weight in weights(generator) + weights(discriminator):
        assert weight.std().item() == pytest.approx(0.02, rel=0.05)
        assert weight.mean().abs().item() < 0.02 * 5 / math.sqrt(weight.numel())
    gains = torch.cat([m.weight for m in layers(discriminator, nn.BatchNorm2d)])  # pyright: ignore
    assert gains.mean().item() == pytest.approx(1, abs=0.01)
    assert gains.std().item() == pytest.approx(0.02, rel=0.2)


def test_dcgan_learns_in_every_parameter_and_takes_conditions():
    field = Field((1, 8, 12, 8), "volume")
    generator, discriminator = nets.DCGANGenerator(4, field, 4, condition=2), nets.DCGANDiscriminator(field, 4, 5, 3, 2)
    c = torch.randn(6, 2)
    x = generator(torch.randn(6, 4), c)
    scores = discriminator(x, c)
    assert scores.shape == (6, 3)
    scores.square().sum().backward()
    assert_gradients(generator)
    assert_gradients(discriminator)
    discriminator.eval()
    assert torch.equal(discriminator.head(discriminator.features(x, c)), discriminator(x, c))


# --- errors ---


@pytest.mark.parametrize("kind", ["sequence", "attributes"])
def test_other_kinds_are_refused(kind):
    field = Field((6, 4) if kind == "sequence" else (4,), kind)
    for build in (lambda: nets.generator(3, field), lambda: nets.discriminator(field), lambda: nets.encoder(field, 2)):
        with pytest.raises(ValueError, match=r"points, image and volume; got 'sequence|attributes"):
            build()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: nets.generator(3, Field((1, 7, 9), "image")), "at least 8; got 'image 1 x 7 x 9'.*8 x 9"),
        (lambda: nets.DCGANDiscriminator(Field((1, 4, 4), "image")), "at least 8"),
        (lambda: nets.DCGANDiscriminator(Field((2,), "points")), "Convolutional networks take"),
        (lambda: nets.discriminator(Field((8, 8), "image")), r"\(C, H, W\) for an image.*'image 8 x 8'"),
        (lambda: nets.discriminator(Field((2, 2), "points")), r"shape \(D,\)"),
        (
            lambda: nets.discriminator(FIELDS["points"], norm=cast(Any, "instance")),
            "one of batch, layer, spectral; got 'instance'",
        ),
        (lambda: nets.generator(0, FIELDS["points"]), "latent >= 1; got latent=0"),
        (lambda: nets.generator(2, FIELDS["points"], -1), "condition >= 0"),
        (lambda: nets.generator(2, FIELDS["points"], width=0), "width >= 1"),
        (lambda: nets.encoder(FIELDS["points"], 0), "outputs >= 1"),
        (lambda: nets.DCGANGenerator(2, FIELDS["image"], 0), "channels >= 1"),
        (lambda: nets.DCGANGenerator(2, FIELDS["image"], kernel=2), "at least 3 wide"),
    ],
)
def test_bad_choices_are_refused_with_a_reason(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_wrong_conditions_are_refused():
    z, c = torch.randn(4, 3), torch.randn(4, 2)
    with pytest.raises(ValueError, match=r"c of shape \(4, 2\).*got nothing"):
        nets.generator(3, FIELDS["points"], 2)(z)
    with pytest.raises(ValueError, match=r"takes no condition.*got shape \(4, 2\)"):
        nets.generator(3, FIELDS["points"])(z, c)
    with pytest.raises(ValueError, match=r"got shape \(2,\)"):
        nets.discriminator(FIELDS["points"], 1, 2)(torch.randn(4, 2), c[0])
