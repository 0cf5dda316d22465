"""The improved techniques, each in closed form: nearness, averages, virtual norms, features, smoothed labels."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import batch_norm

from ganarium.games.adversarial.improved_gan import ImprovedGAN
from ganarium.history import HistoricalAverage
from ganarium.nets.architecture import Plain
from ganarium.nets.flat import Flat
from ganarium.nets.minibatch import MinibatchDiscriminating, MinibatchDiscrimination
from ganarium.nets.roles import Discriminator
from ganarium.nets.virtual import Referred, VirtualBatchNorm, make_virtual
from ganarium.objectives import NonSaturating
from ganarium.spec import Field, Spec
from ganarium.trainer import Trainer

SPEC = Spec(x=Field((2,), "points"))
NORMED = Flat(16, generator_norm="batch", depth=2)


def small(**options) -> ImprovedGAN:
    torch.manual_seed(0)
    return ImprovedGAN(SPEC, **{"latent": 4, "reference": 0, "architecture": NORMED, **options})


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


class Product(nn.Module):
    """One number, x or y of the game min max xy."""

    def __init__(self):
        super().__init__()
        self.value = nn.Parameter(torch.ones(()))


def radius(weight: float, steps: int = 1500, rate: float = 0.05) -> float:
    """How far from rest simultaneous steps of min_x max_y xy end, from (1, 1)."""
    x, y = Product(), Product()
    histories = [HistoricalAverage(player, weight) for player in (x, y)]
    for _ in range(steps):
        loss = x.value * y.value
        prices = [history.price(player) for history, player in zip(histories, (x, y), strict=True)]
        slopes = [
            torch.autograd.grad(sign * loss + price, p.value, retain_graph=True)[0]
            for sign, price, p in zip((1, -1), prices, (x, y), strict=True)
        ]
        with torch.no_grad():
            for player, history, slope in zip((x, y), histories, slopes, strict=True):
                player.value.sub_(rate * slope)
                history.remember(player)
    return math.hypot(x.value.item(), y.value.item())


def test_historical_averaging_turns_a_spiral_inwards():
    assert radius(0.0) == pytest.approx(math.sqrt(2) * (1 + 0.05**2) ** 750, rel=1e-3)
    assert radius(0.1) < 0.2


def test_the_average_is_of_all_weights_since_the_first():
    layer = nn.Linear(2, 1)
    history = HistoricalAverage(layer, weight=3.0)
    seen = [[p.detach().clone() for p in layer.parameters()]]
    for _ in range(4):
        for p in layer.parameters():
            p.data.add_(torch.randn_like(p))
        history.remember(layer)
        seen.append([p.detach().clone() for p in layer.parameters()])
    means = [torch.stack(past).mean(0) for past in zip(*seen, strict=True)]
    for mean, expected in zip(history.means(), means, strict=True):
        torch.testing.assert_close(mean, expected)
    price = 3 * sum((p - mean).square().sum() for p, mean in zip(layer.parameters(), means, strict=True))
    torch.testing.assert_close(history.price(layer), price)
    assert not list(history.parameters())


def test_historical_averaging_without_weight_keeps_nothing_and_negative_ones_are_refused():
    layer = nn.Linear(2, 1)
    history = HistoricalAverage(layer, 0.0)
    history.remember(layer)
    assert history.price(layer).item() == len(history.means()) == 0
    with pytest.raises(ValueError, match="weight of at least 0; got -1"):
        HistoricalAverage(layer, -1.0)


def test_both_players_pay_for_and_remember_their_history():
    game = small(history=0.5)
    trainer = Trainer(game)
    batches = [{"x": torch.randn(8, 2)} for _ in range(3)]
    for player in game.players():
        assert player.loss(batches[0])["history"].item() == 0, player.name
    for batch in batches:
        trainer._take_seats()
        for seat in trainer._seats:
            terms, gradients = seat.gradient(batch, 1)
            seat.step(gradients)
            seat.after(terms)
    assert game.discriminator_history.count.item() == game.generator_history.count.item() == 4
    assert all(player.loss(batches[0])["history"].item() > 0 for player in game.players())
    assert all("history" not in player.loss(batches[0]) for player in small().players())


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
    game = small(reference=8)
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


def test_the_generator_matches_mean_features_of_a_batch_of_its_own():
    game = small(feature_matching=True, architecture=Flat(16, depth=2))
    judge, x = game.discriminator, torch.randn(8, 2)
    assert isinstance(judge, Discriminator)
    torch.manual_seed(3)
    gap = judge.features(x).mean(0) - judge.features(game.draw(8)).mean(0)
    torch.manual_seed(3)
    terms = game.generator_loss({"x": x})
    assert list(terms) == ["feature"]
    torch.testing.assert_close(terms["feature"], gap.square().mean())
    assert [player.fresh for player in game.players()] == [False, True]
    assert [player.fresh for player in small().players()] == [False, False]


def test_features_are_matched_only_where_there_are_any():
    game = small(feature_matching=True, discriminator=nn.Sequential(nn.Linear(2, 1), nn.Flatten(0)))
    with pytest.raises(ValueError, match=r"matches features of a Discriminator.*got Sequential"):
        game.generator_loss({"x": torch.randn(8, 2)})


def test_labels_are_smoothed_on_one_side():
    scores = torch.linspace(-4, 4, 2001, dtype=torch.float64)
    p, q, alpha = 0.7, 0.2, small().objective.smoothing  # type: ignore[attr-defined]
    one = [NonSaturating(smoothing=alpha).discriminator(s, s) for s in scores]
    best = scores[torch.stack([p * terms["real"] + q * terms["fake"] for terms in one]).argmin()]
    # With the target alpha of data: D = alpha p / (p + q).
    assert torch.sigmoid(best).item() == pytest.approx(alpha * p / (p + q), abs=1e-3)
    assert alpha == 0.9
