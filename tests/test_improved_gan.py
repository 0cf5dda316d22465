"""The improved techniques, each in closed form: nearness, averages, virtual norms, features, smoothed labels."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import batch_norm
from zoo import game_class, toy_data

from ganarium.engine.trainer import Trainer
from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.improved_gan import ImprovedGAN
from ganarium.ingredients import (
    R1,
    SGD,
    Adam,
    FeatureMatching,
    Hinge,
    HistoricalAveraging,
    LeastSquares,
    Linear,
    NonSaturating,
    RMSprop,
    Uniform,
)
from ganarium.nets import Architecture, Discriminator, Flat, MinibatchDiscriminating, Plain
from ganarium.nets.families.minibatch import MinibatchDiscrimination
from ganarium.nets.families.virtual import Referred, VirtualBatchNorm, VirtuallyNormed, make_virtual
from ganarium.spec import Field, Spec
from ganarium.zoo.options import choices

SPEC = Spec(x=Field((2,), "points"))
NORMED = Flat(16, generator_norm="batch", depth=2)


def small(**options) -> ImprovedGAN:
    torch.manual_seed(0)
    return ImprovedGAN(SPEC, **{"latent": 4, "architecture": NORMED, **options})


def test_a_collapsed_batch_is_as_near_as_can_be():
    layer = MinibatchDiscrimination(3, kernels=4, size=2)
    near = layer(torch.ones(6, 3))[:, 3:]
    torch.testing.assert_close(near, torch.full((6, 4), 5.0))


def test_nearness_is_the_sum_over_the_others():
    torch.manual_seed(0)
    layer, x = MinibatchDiscrimination(3, kernels=4, size=2), torch.randn(5, 3)
    rows = (x @ layer.project.weight.T).view(5, 4, 2)
    for i in range(5):
        near = torch.stack([torch.exp(-(rows[i] - rows[j]).abs().sum(1)) for j in range(5) if j != i]).sum(0)
        torch.testing.assert_close(layer(x)[i], torch.cat([x[i], near]))
    assert torch.equal(layer(x[:1])[0, 3:], torch.zeros(4)), "one sample has no others"


@pytest.mark.parametrize("sizes", [{"kernels": 0}, {"size": 0}])
def test_minibatch_discrimination_has_kernels_of_some_size(sizes):
    with pytest.raises(ValueError, match="A network needs"):
        MinibatchDiscrimination(3, **sizes)


def test_any_family_can_discriminate_minibatches():
    family = MinibatchDiscriminating(Plain(), kernels=7)
    judge = family.discriminator(Field((1, 8, 8), "image"), outputs=3)
    x = torch.rand(4, 1, 8, 8)
    assert judge(x).shape == (4, 3)
    assert judge.features(x).shape == (4, judge.feature_size)
    assert judge.feature_size == Plain().discriminator(Field((1, 8, 8), "image")).feature_size + 7


@pytest.mark.parametrize(
    "word",
    sorted(set(choices(Architecture)) - {"fourier-features", "minibatch-discriminating", "packed", "virtually-normed"}),
)
@pytest.mark.parametrize("condition", [0, 3])
def test_every_family_discriminates_minibatches_with_its_own_way_of_taking_conditions(word, condition):
    field, family = Field((1, 16, 16), "image"), choices(Architecture)[word]()
    needs_condition = word in ("two-streams", "normed-perceptrons")
    if needs_condition and not condition:
        pytest.skip("judges pairs of a sample and a condition")
    x, told = torch.rand(3, *field.shape), (torch.eye(3),) if condition else ()
    judge = MinibatchDiscriminating(family, kernels=7).discriminator(field, condition=condition)
    assert judge(x, *told).shape == (3,)
    features = judge.features(x, *told)
    assert features.shape == (3, judge.feature_size)
    # Three times the same sample: in evaluation all are as near as can be.
    near = judge.eval().features(x[:1].expand_as(x), *(c[:1].expand_as(c) for c in told))[:, -7:]
    torch.testing.assert_close(near, torch.full((3, 7), 2.0))


def test_penalties_on_slopes_refuse_what_looks_across_the_batch():
    family = MinibatchDiscriminating(Flat(8), kernels=2)
    with pytest.raises(ValueError, match=r"GAN penalises .* 'trunk.across' compares the samples of a batch"):
        GAN(SPEC, architecture=family, penalties=(R1(1.0),))
    assert GAN(SPEC, architecture=family).penalties == ()


def radius(weight: float, steps: int = 1500, rate: float = 0.05) -> float:
    """How far from rest simultaneous steps of min_x max_y xy end, from (1, 1)."""
    x, y = nn.Parameter(torch.ones(())), nn.Parameter(torch.ones(()))
    optimizers = [HistoricalAveraging(weight, SGD(rate))([each]) for each in (x, y)]
    for _ in range(steps):
        x.grad, y.grad = y.detach().clone(), -x.detach().clone()
        for optimizer in optimizers:
            optimizer.step()
    return math.hypot(x.item(), y.item())


def test_historical_averaging_turns_a_spiral_inwards():
    assert radius(0.0) == pytest.approx(math.sqrt(2) * (1 + 0.05**2) ** 750, rel=1e-3)
    assert radius(0.1) < 0.2


@pytest.mark.parametrize(
    "rule", [SGD(0.1), SGD(0.1, momentum=0.9), Adam(0.1), RMSprop(0.1), RMSprop(0.1, start=1.0)], ids=repr
)
def test_the_pull_is_the_slope_of_the_price_towards_the_mean_of_all_weights(rule):
    torch.manual_seed(0)
    start = torch.randn(3)
    mine, plain = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    pulled, other = HistoricalAveraging(3.0, rule)([mine]), rule([plain])
    past = []
    for _ in range(5):
        past.append(mine.detach().clone())
        gradient = torch.randn(3)
        mine.grad = gradient.clone()
        # The price as a term of the loss, by hand.
        leaf = plain.detach().clone().requires_grad_()
        price = 3.0 * (leaf - torch.stack(past).mean(0)).square().sum()
        plain.grad = gradient + torch.autograd.grad(price, leaf)[0]
        pulled.step()
        other.step()
        torch.testing.assert_close(mine, plain)
    # What is kept is kept with the optimiser.
    again = HistoricalAveraging(3.0, rule)([mine])
    again.load_state_dict(pulled.state_dict())
    assert again.state[mine]["count"] == 6
    torch.testing.assert_close(again.state[mine]["mean"], torch.stack([*past, mine.detach()]).mean(0))


def test_parameters_without_a_gradient_have_no_history():
    moved, idle = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimizer = HistoricalAveraging(1.0, Adam())([moved, idle])
    moved.grad = torch.ones(2)
    optimizer.step()
    assert set(optimizer.state) == {moved}


def test_the_weight_may_be_a_schedule_and_is_never_negative():
    rule = HistoricalAveraging(Linear(1.0, 0.0), Adam(Linear(0.1, 0.0)))
    assert rule.schedule(0.5) == {"weight": 0.5, "lr": 0.05}
    with pytest.raises(ValueError, match="weight of at least 0; got weight=-1"):
        HistoricalAveraging(-1.0)
    with pytest.raises(ValueError, match="of a rule that has none yet"):
        HistoricalAveraging(1.0, HistoricalAveraging(1.0, SGD(0.1)))


@pytest.mark.parametrize("command", ["gan", "wgan-gp", "cgan", "vae"])
def test_any_game_can_pay_for_its_history(command):
    cls = game_class(command)
    toy = cls.toy()
    options = {name: value for name, value in toy.arguments.items() if name != "spec"}
    ends = []
    for weight in (0.0, 5.0):
        torch.manual_seed(0)
        rule = HistoricalAveraging(weight, Adam(1e-2))
        game = cls(toy.spec, **{**options, "optimizer": rule})
        before = [p.detach().clone() for p in game.parameters()]
        for _ in Trainer(game).play(toy_data(game), 16, 15):
            pass
        gaps = [(p - b).square().sum() for p, b in zip(game.parameters(), before, strict=True)]
        ends.append(torch.stack(gaps).sum().item())
    assert ends[1] < 0.8 * ends[0], "the pull holds weights near where they were"


def test_virtual_norm_does_not_see_the_other_samples():
    norm, first = VirtualBatchNorm(3, reference=5), torch.randn(5, 3, 4, 4)
    one, others = torch.randn(1, 3, 4, 4), torch.randn(6, 3, 4, 4)
    alone = norm(torch.cat([first, one]))[5:]
    torch.testing.assert_close(norm(torch.cat([first, one, 9 * others]))[5:6], alone)


@pytest.mark.parametrize("sides", [(), (4, 4)])
def test_virtual_norm_is_batch_norm_of_the_reference_and_the_sample(sides):
    norm = VirtualBatchNorm(3, reference=5)
    rows = torch.randn(7, 3, *sides)
    out = norm(rows)
    torch.testing.assert_close(out[:5], batch_norm(rows[:5], None, None, training=True))
    for i in (5, 6):
        joined = torch.cat([rows[:5], rows[i : i + 1]])
        torch.testing.assert_close(out[i], batch_norm(joined, None, None, training=True)[5])


def test_a_virtual_generator_draws_each_sample_by_itself_in_training_too():
    game = small(architecture=VirtuallyNormed(NORMED, 8, Uniform(0.0, 1.0)))
    assert game.generator.body.reference.min() >= 0  # type: ignore[union-attr]
    assert isinstance(game.generator.body, Referred)
    z = torch.rand(6, 4)
    assert game.generator.training
    torch.testing.assert_close(game.decode(z)[:2], game.decode(z[:2]))
    assert not any(isinstance(part, nn.BatchNorm1d) for part in game.generator.modules())
    torch.testing.assert_close(game.eval().decode(z), game.train().decode(z))
    assert "generator.body.reference" in game.state_dict()


def test_virtual_norms_begin_with_the_gains_that_they_replace():
    generator = NORMED.generator(4, SPEC["x"])
    gains = [part.weight for part in generator.modules() if isinstance(part, nn.BatchNorm1d)]
    for gain in gains:
        nn.init.normal_(gain)
    make_virtual(generator, torch.rand(8, 4))
    norms = [part for part in generator.modules() if isinstance(part, VirtualBatchNorm)]
    assert len(norms) == len(gains) > 0
    assert all(torch.equal(norm.weight, gain) for norm, gain in zip(norms, gains, strict=True))


@pytest.mark.parametrize(
    ("generator", "size", "message"),
    [
        (Flat(8).generator(4, SPEC["x"]), 8, "has no batch norm"),
        (NORMED.generator(4, SPEC["x"]), 1, "two latents or more"),
        (NORMED.generator(4, SPEC["x"], condition=2), 8, "without a condition"),
    ],
)
def test_what_cannot_be_virtual_is_refused(generator, size, message):
    with pytest.raises(ValueError, match=message):
        make_virtual(generator, torch.rand(size, 4))


def test_the_generator_matches_mean_features():
    game = small(objective=FeatureMatching(), architecture=Flat(16, depth=2))
    judge, x = game.discriminator, torch.randn(8, 2)
    assert isinstance(judge, Discriminator)
    torch.manual_seed(3)
    gap = judge.features(x).mean(0) - judge.features(game.draw(8)).mean(0)
    torch.manual_seed(3)
    terms = game.generator_loss({"x": x})
    assert list(terms) == ["feature"]
    torch.testing.assert_close(terms["feature"], gap.square().mean())


@pytest.mark.parametrize("command", ["gan", "sngan", "cgan", "infogan"])
def test_any_game_with_an_objective_matches_features(command):
    cls = game_class(command)
    toy = cls.toy()
    options = {name: value for name, value in toy.arguments.items() if name != "spec"}
    torch.manual_seed(0)
    game = cls(toy.spec, **{**options, "objective": FeatureMatching(Hinge())})
    (report,) = Trainer(game).play(toy_data(game), 16, 1)
    assert "generator/feature" in report.scalars
    assert "generator/fake" not in report.scalars
    assert report.scalars["discriminator/real"] >= 0


def test_the_critic_of_matched_features_descends_what_it_did_before():
    real, fake = torch.randn(8), torch.randn(8)
    assert FeatureMatching(LeastSquares()).discriminator(real, fake) == LeastSquares().discriminator(real, fake)
    assert torch.equal(FeatureMatching(LeastSquares()).margin(real, fake), LeastSquares().margin(real, fake))


def test_features_are_matched_only_where_there_are_any():
    with pytest.raises(ValueError, match=r"matches features of a Discriminator.*got Sequential"):
        small(objective=FeatureMatching(), discriminator=nn.Sequential(nn.Linear(2, 1), nn.Flatten(0)))
    with pytest.raises(ValueError, match="no features to match"):
        game_class("cyclegan")(game_class("cyclegan").toy().spec, objective=FeatureMatching())


def test_labels_are_smoothed_on_one_side():
    scores = torch.linspace(-4, 4, 2001, dtype=torch.float64)
    p, q, alpha = 0.7, 0.2, small().objective.smoothing  # type: ignore[attr-defined]
    one = [NonSaturating(smoothing=alpha).discriminator(s, s) for s in scores]
    best = scores[torch.stack([p * terms["real"] + q * terms["fake"] for terms in one]).argmin()]
    # With the target alpha of data: D = alpha p / (p + q).
    assert torch.sigmoid(best).item() == pytest.approx(alpha * p / (p + q), abs=1e-3)
    assert alpha == 0.9
