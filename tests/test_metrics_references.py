"""Each metric against its named reference: the field's own library, or the definition worked out directly."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from ganarium.metrics import frechet, neighbours, similarity, transport
from ganarium.metrics.looks import Moments
from ganarium.metrics.requested import parzen


def _normal(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _whole(n: int, d: int, seed: int, high: int = 4) -> torch.Tensor:
    """Rows of small whole numbers: many are equal, many distances are."""
    return torch.randint(0, high, (n, d), generator=torch.Generator().manual_seed(seed)).double()


def _moments(rows: torch.Tensor) -> Moments:
    moments = Moments(rows.shape[1])
    for part in rows.split(64):
        moments.add(part)
    return moments


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Libraries warn about things they do themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class _AsTheyAre(torch.nn.Module):
    """Features that were taken before, for torchmetrics."""

    def __init__(self, size: int):
        super().__init__()
        self.num_features = size

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


# -- torchmetrics -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "m"), [(400, 500), (13, 14)])
def test_the_frechet_distance_equals_torchmetrics(n, m):
    from torchmetrics.image.fid import FrechetInceptionDistance

    a, b = _normal(n, 12, 0) * 2, _normal(m, 12, 1) + 0.3
    metric = FrechetInceptionDistance(_AsTheyAre(12)).set_dtype(torch.float64)
    metric.update(a, real=True)
    metric.update(b, real=False)
    assert frechet.frechet(_moments(a), _moments(b)) == pytest.approx(float(metric.compute()), rel=1e-4)


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e7, 1e8])
def test_the_frechet_distance_of_rows_far_from_zero_is_that_of_the_same_rows_near_it(offset):
    """torchmetrics' raw sums cancel here; the direct computation centres the rows first."""
    a, b = _normal(500, 4, 0) + offset, 1.5 * _normal(500, 4, 1) + 0.5 + offset
    (mean_a, cov_a), (mean_b, cov_b) = (((x - offset).mean(0), torch.cov((x - offset).T)) for x in (a, b))
    root = torch.linalg.eigvals(cov_a @ cov_b).sqrt().real.sum()
    direct = (mean_a - mean_b).square().sum() + cov_a.trace() + cov_b.trace() - 2 * root
    assert frechet.frechet(_moments(a), _moments(b)) == pytest.approx(float(direct), rel=1e-6)


def test_the_frechet_distance_between_samples_of_one_normal_law_is_its_known_bias():
    scales = torch.tensor([0.1, 0.3, 1.0, 2.0], dtype=torch.float64)
    values = [
        frechet.frechet(_moments(_normal(300, 4, 2 * k) * scales), _moments(_normal(200, 4, 2 * k + 1) * scales))
        for k in range(60)
    ]
    spread = scales**2
    pairs = spread[:, None] * spread / (spread[:, None] + spread)
    bias = (1 / 300 + 1 / 200) * (1.25 * spread.sum() + pairs.sum() / 2)
    assert np.mean(values) == pytest.approx(float(bias), abs=float(3 * np.std(values) / math.sqrt(60)))


@pytest.mark.parametrize(
    ("real", "made"),
    [(_normal(150, 6, 0), _normal(150, 6, 1) + 0.3), (_whole(40, 3, 0), _whole(40, 3, 1)), (_normal(4, 2, 0),) * 2],
)
def test_the_kernel_distance_equals_torchmetrics(real, made):
    from torchmetrics.image.kid import KernelInceptionDistance

    # One subset that holds all is the unbiased estimate over all pairs.
    metric = KernelInceptionDistance(_AsTheyAre(real.shape[1]), subsets=1, subset_size=len(real))
    metric.set_dtype(torch.float64)
    metric.update(real, real=True)
    metric.update(made, real=False)
    assert frechet.kernel_distance(real, made)[0] == pytest.approx(float(metric.compute()[0]), rel=1e-4, abs=1e-9)


def test_the_inception_style_score_equals_torchmetrics():
    from torchmetrics.image.inception import InceptionScore

    for n in (500, 12):
        logits = 3 * _normal(n, 7, n)
        metric = InceptionScore(_AsTheyAre(7), splits=1).set_dtype(torch.float64)
        metric.update(logits)
        assert frechet.class_score(logits)[0] == pytest.approx(float(metric.compute()[0]), rel=1e-4)


def test_a_class_that_nobody_may_have_is_no_number_less():
    """Sure of one class by more than single precision holds: 0 log 0 is 0."""
    sure = torch.full((100, 5), -4000.0)
    sure[:, 0] = 0
    assert frechet.class_score(sure) == (pytest.approx(1), pytest.approx(0, abs=1e-6))
    sure[:50, 0], sure[:50, 1] = -4000, 0
    assert frechet.class_score(sure)[0] == pytest.approx(2)
    assert frechet.class_score(torch.eye(1000).repeat(5, 1) * 1e4)[0] == pytest.approx(1000)
    assert frechet.class_score(torch.eye(1000).repeat(5, 1) * 1e4, splits=10)[0] < 500


# -- prdc -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("real", "made"),
    [
        (_normal(300, 5, 0), _normal(250, 5, 1) * 0.8 + 0.2),
        (_normal(60, 64, 0), _normal(60, 64, 1)),
        (_whole(200, 3, 0, 12), _whole(150, 3, 1, 12)),
        (_whole(200, 3, 0, 12), _whole(200, 3, 0, 12)),
        (_whole(7, 2, 0), _whole(7, 2, 1)),
        (_normal(100, 2, 0), torch.zeros(50, 2, dtype=torch.float64)),
    ],
    ids=["normal", "wide", "ties", "the data", "few", "collapsed"],
)
def test_neighbours_equal_prdc(real, made):
    """Of whole numbers the library's distances are exact, so that it decides ties as its definition says."""
    prdc = pytest.importorskip("prdc")
    ours = {name: value for name, (value, _) in neighbours.balls(real, made).items()}
    theirs = {k: prdc.compute_prdc(real.numpy(), made.numpy(), nearest_k=k) for k in (3, 5)}
    for name, k in (("precision", 3), ("recall", 3), ("density", 5), ("coverage", 5)):
        assert ours[name] == pytest.approx(theirs[k][name], abs=1e-12), name


def test_a_ball_of_no_width_holds_its_centre():
    """The library's holds nothing, so that equal rows on both sides would cover nothing of each other."""
    sides = torch.eye(4, dtype=torch.float64)
    found = {name: value for name, (value, _) in neighbours.balls(sides.repeat(20, 1), sides[:2].repeat(20, 1)).items()}
    assert found == {"precision": 1, "recall": 0.5, "density": 20 / 5, "coverage": 0.5}


def test_an_edge_does_not_depend_on_rounding():
    """Samples that are the data, and the same far away and turned: what is equal stays equal."""
    rows = _normal(300, 5, 0)
    turn = torch.linalg.qr(_normal(5, 5, 1))[0]
    found = {name: value for name, (value, _) in neighbours.balls(rows, rows).items()}
    # Each is within its own ball, and in those of the rows whose first four it is among.
    assert found["precision"] == found["recall"] == found["coverage"] == 1
    assert found["density"] == pytest.approx((5 - 1 + 1) / 5)
    moved = rows @ turn + 1e5
    assert neighbours.balls(moved, moved)["density"][0] == pytest.approx(found["density"], abs=1e-12)
    assert neighbours.balls(moved, rows @ turn + 1e5)["recall"][0] == 1


# -- POT --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "m"), [(200, 200), (30, 200), (200, 31), (3, 3)])
@pytest.mark.parametrize("rows", [_normal, _whole], ids=["normal", "ties"])
def test_sliced_distances_equal_pot(rows, n, m):
    ot = pytest.importorskip("ot")
    a, b = rows(n, 3, 0), rows(m, 3, 1) * 1.5 + 1
    seed = torch.Generator().manual_seed(5)
    directions = torch.randn(3, 50, generator=seed, dtype=torch.float64)
    directions /= directions.norm(dim=0)
    theirs = ot.sliced_wasserstein_distance(a.numpy(), b.numpy(), projections=directions.numpy(), p=1)
    line = np.mean([ot.wasserstein_1d((a @ each).numpy(), (b @ each).numpy(), p=1) for each in directions.T])
    assert float(theirs) == pytest.approx(line, rel=1e-6)
    assert transport.shadows(a, b, directions) == pytest.approx(line, rel=1e-4)


@pytest.mark.parametrize("rows", [_normal, _whole], ids=["normal", "ties"])
@pytest.mark.parametrize("n", [200, 3])
def test_exact_distances_equal_pot(rows, n):
    ot = pytest.importorskip("ot")
    a, b = rows(n, 3, 0), rows(n, 3, 1) * 1.5 + 1
    weights = np.full(n, 1 / n)
    assert transport.exact(a, b) == pytest.approx(ot.emd2(weights, weights, torch.cdist(a, b).numpy()), rel=1e-9)


def test_of_many_points_a_random_part_is_looked_at():
    """The last 500 of 1,500 lie far away: the first 1,000 would not know."""
    ot = pytest.importorskip("ot")
    a, b = _normal(1500, 2, 0), _normal(1500, 2, 1)
    b[1000:] += 50
    whole = ot.emd2(np.full(1500, 1 / 1500), np.full(1500, 1 / 1500), torch.cdist(a, b).numpy())
    assert transport.exact(a, b) == pytest.approx(whole, rel=0.15)


# -- scikit-image -----------------------------------------------------------------------------------------------------


def _images(side: int, wide: int, channels: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(side)
    a = torch.rand(3, channels, side, wide, generator=generator, dtype=torch.float64) * 2 - 1
    return a, (a + 0.5 * torch.randn(a.shape, generator=generator)).clamp(-1, 1)


def _by_hand(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Structural similarity of one channel in [0, 1], and its contrast term, as scikit-image works them out."""
    window = min(11, min(a.shape) - (min(a.shape) + 1) % 2)
    sd = 1.5 * window / 11

    def mean(x: np.ndarray) -> np.ndarray:
        return gaussian_filter(x, sd, truncate=3.5, mode="reflect")

    at_a, at_b = mean(a), mean(b)
    var_a, var_b, both = mean(a * a) - at_a**2, mean(b * b) - at_b**2, mean(a * b) - at_a * at_b
    contrast = (2 * both + 9e-4) / (var_a + var_b + 9e-4)
    whole = contrast * (2 * at_a * at_b + 1e-4) / (at_a**2 + at_b**2 + 1e-4)
    rim = slice(window // 2, -(window // 2))
    return float(whole[rim, rim].mean()), float(contrast[rim, rim].mean())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("side", "wide"), [(7, 7), (8, 12), (10, 10), (11, 11), (16, 16), (21, 40)])
def test_structural_similarity_equals_scikit_image(side, wide, channels):
    """On one scale; by the formula where the library is not installed, and by the library where it is."""
    assert similarity.scales(side) == 1
    a, b = _images(side, wide, channels)
    found = similarity.similarity(a, b)
    one, other = (((x + 1) / 2).numpy() for x in (a, b))
    for i in range(len(a)):
        by_hand = np.mean([_by_hand(one[i, c], other[i, c])[0] for c in range(channels)])
        assert float(found[i]) == pytest.approx(by_hand, abs=1e-6)
    skimage = pytest.importorskip("skimage.metrics")
    window = min(11, side - (side + 1) % 2)
    options = {"gaussian_weights": True, "sigma": 1.5 * window / 11, "use_sample_covariance": False}
    for i in range(len(a)):
        theirs = skimage.structural_similarity(one[i], other[i], data_range=1, channel_axis=0, **options)
        assert float(found[i]) == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("side", "wide"), [(22, 22), (25, 31), (50, 50), (56, 61), (100, 100), (177, 180)])
def test_multi_scale_similarity_is_the_product_of_its_terms(side, wide, channels):
    a, b = _images(side, wide, channels)
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])[: similarity.scales(side)]
    one, other = (((x + 1) / 2) for x in (a, b))
    terms = []
    for _ in weights:
        pairs = [
            [_by_hand(x[c].numpy(), y[c].numpy()) for c in range(channels)] for x, y in zip(one, other, strict=True)
        ]
        terms.append(np.array(pairs).mean(1))
        one, other = (torch.nn.functional.avg_pool2d(x, 2) for x in (one, other))
    last = [terms[-1][:, 0]]
    factors = np.array([term[:, 1] for term in terms[:-1]] + last).clip(0) ** (weights / weights.sum())[:, None]
    assert similarity.similarity(a, b).numpy() == pytest.approx(factors.prod(0), abs=1e-6)


# -- by hand ----------------------------------------------------------------------------------------------------------


def test_parzen_windows_are_a_mean_of_gaussians():
    made, validation, test = _normal(40, 2, 0), _normal(30, 2, 1), _normal(20, 2, 2)
    spread = float(validation.std(0).square().mean().sqrt())

    def likelihood(x: torch.Tensor, width: float) -> float:
        found = []
        for row in x.numpy():
            exponents = -((row - made.numpy()) ** 2).sum(1) / (2 * width**2)
            found.append(np.log(np.exp(exponents).mean() / (2 * math.pi * width**2)))
        return float(np.mean(found))

    widths = [spread * 10 ** (-2 + 2 * step / 9) for step in range(2, 10)]
    best = max(widths, key=lambda width: likelihood(validation, width))
    assert parzen(made, validation, test)[0] == pytest.approx(likelihood(test, best), rel=1e-9)


@pytest.mark.parametrize("kind", ["normal", "ties"])
def test_two_samples_are_told_apart_as_by_hand(kind):
    rows = {"normal": _normal, "ties": _whole}[kind]
    a, b = rows(60, 2, 0), rows(60, 2, 1) + (0.5 if kind == "normal" else 0)
    union, own = torch.cat([a, b]).numpy(), np.repeat([0, 1], 60)
    shares = []
    for i, row in enumerate(union):
        distance = ((union - row) ** 2).sum(1)
        distance[i] = np.inf
        shares.append((own[distance == distance.min()] == own[i]).mean())
    assert neighbours.two_sample(a, b)[0] == pytest.approx(np.mean(shares), abs=1e-9)
