"""Metrics against closed forms and against other libraries; features, floors, stamps."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import torch

import ganarium as ga
from ganarium.metrics import frechet, modes, neighbours, requested, similarity, transport
from ganarium.metrics.judge import Judge
from ganarium.metrics.known_features import default, named
from ganarium.metrics.looks import Moments, embed, of_tensor
from ganarium.metrics.memorised import unseen
from ganarium.spec import Field


def _normal(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def _moments(rows: torch.Tensor) -> Moments:
    moments = Moments(rows.shape[1])
    moments.add(rows)
    return moments


@pytest.fixture(scope="module")
def digits():
    return ga.data.load("digits")


# -- against closed forms ---------------------------------------------------------------------------------------------


def test_the_frechet_distance_of_gaussians_is_known():
    rows = _normal(500, 3, 0).double()
    rows = (rows - rows.mean(0)) @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(rows.T)).T)
    here = _moments(rows)
    assert frechet.frechet(here, here) == pytest.approx(0, abs=1e-6)
    assert frechet.frechet(here, _moments(rows + torch.tensor([1.0, 2.0, 0.0]))) == pytest.approx(5, abs=1e-6)
    # Of two centred laws with standard deviations 1 and s in each coordinate: n (1 - s)^2.
    assert frechet.frechet(here, _moments(3 * rows)) == pytest.approx(3 * 4, abs=1e-6)
    assert frechet.frechet(here, _moments(rows * torch.tensor([1.0, 1.0, 0.0]))) == pytest.approx(1, abs=1e-6)


def test_of_the_same_law_the_frechet_distance_is_its_known_bias():
    values = [
        frechet.frechet(_moments(_normal(500, 16, 2 * k)), _moments(_normal(500, 16, 2 * k + 1))) for k in range(8)
    ]
    assert np.mean(values) == pytest.approx(16 * 17 / 1000 + 2 * 16 / 500, rel=0.1)


def test_moments_are_those_of_all_rows_however_they_came():
    rows = _normal(100, 4, 0)
    parts = Moments(4)
    for part in rows.split(30):
        parts.add(part)
    assert torch.allclose(parts.covariance, torch.cov(rows.T.double()))


def test_kernel_distances_have_no_bias():
    values = [frechet.kernel_distance(_normal(200, 8, 3 * k), _normal(200, 8, 3 * k + 1), k) for k in range(12)]
    mean, error = np.mean([value for value, _ in values]), np.std([value for value, _ in values])
    assert abs(mean) < 2.5 * error / math.sqrt(12)
    assert any(value < 0 for value, _ in values)
    assert frechet.kernel_distance(_normal(200, 8, 0), _normal(200, 8, 1) + 1, 0)[0] > 1


def test_an_inception_style_score_counts_sure_even_classes():
    even = torch.eye(4).repeat(250, 1) * 100
    assert frechet.class_score(even, 0)[0] == pytest.approx(4, rel=0.02)
    assert frechet.class_score(even[:1].repeat(1000, 1), 0)[0] == pytest.approx(1, abs=1e-5)
    assert frechet.class_score(torch.zeros(1000, 4), 0)[0] == pytest.approx(1, abs=1e-5)


def test_precision_falls_with_strangers_and_recall_with_what_is_missing():
    left, right = _normal(200, 2, 0), _normal(200, 2, 1) + 50
    both = torch.cat([left, right])
    found = neighbours.balls(both, both)
    assert found["precision"][0] == found["recall"][0] == found["coverage"][0] == 1
    found = neighbours.balls(both, left)
    assert found["precision"][0] == 1
    assert found["recall"][0] == found["coverage"][0] == pytest.approx(0.5)


def test_of_the_same_law_density_is_one_and_coverage_is_known():
    found = neighbours.balls(_normal(2000, 8, 0), _normal(2000, 8, 1))
    assert found["density"][0] == pytest.approx(1, abs=0.05)
    assert found["coverage"][0] == pytest.approx(0.969, abs=0.02)


def test_two_samples_of_one_law_cannot_be_told_apart_and_copies_do_not_hide():
    a, b = _normal(600, 4, 0), _normal(600, 4, 1)
    value, error = neighbours.two_sample(a, b, 100)
    assert error is not None
    assert abs(value - 0.5) < 3 * error
    assert neighbours.two_sample(a, b + 5)[0] == 1
    # Equal samples are each other's nearest: a generator that repeats itself is told from data.
    assert neighbours.two_sample(a, b[:300].repeat(2, 1))[0] == pytest.approx((1 + 2 / 3) / 2, abs=0.05)
    assert neighbours.two_sample(a, torch.zeros(600, 4))[0] > 0.95
    # Of as many equal rows on both sides, as in data of whole numbers, nobody can tell.
    even = torch.randint(0, 2, (600, 2), generator=torch.Generator().manual_seed(2)).float()
    other = torch.randint(0, 2, (600, 2), generator=torch.Generator().manual_seed(3)).float()
    assert neighbours.two_sample(even, other)[0] == pytest.approx(0.5, abs=0.02)


def test_transport_is_exact_where_it_is_known():
    x = _normal(300, 2, 0)
    shift = torch.tensor([3.0, 4.0])
    assert transport.exact(x, x + shift) == pytest.approx(5, abs=1e-5)
    assert transport.exact(x, x.flip(0)) == pytest.approx(0, abs=1e-6)
    # A shift by a vector moves its shadow on a random direction by |v| 2 / pi in the plane.
    assert transport.sliced(x, x + shift, directions=4000) == pytest.approx(10 / math.pi, rel=0.02)


def test_similarity_is_one_for_equal_images_and_its_scales_fit():
    images = torch.rand(12, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert torch.allclose(similarity.similarity(images, images), torch.ones(12, dtype=torch.float64), atol=1e-9)
    assert float(similarity.pairs(images).mean()) < 0.2
    assert float(similarity.pairs(images[:1].repeat(6, 1, 1, 1)).min()) > 0.999
    assert len(similarity.pairs(images[:7])) == 3
    for side in range(7, 200):
        noise = torch.rand(2, 1, side, side + side % 3, generator=torch.Generator().manual_seed(side))
        assert torch.allclose(similarity.similarity(noise, noise), torch.ones(2, dtype=torch.float64))
    with pytest.raises(ValueError, match="7 pixels"):
        similarity.similarity(images[..., :4, :4], images[..., :4, :4])


def test_modes_are_counted_by_their_good_samples():
    truth = ga.data.load("grid").truth
    centres, sd = truth["centres"], truth["sd"]
    found = modes.mixture(centres.repeat(40, 1), centres, sd)
    assert {name: value for name, (value, _) in found.items()} == {"modes": 25, "good": 1, "divergence": 0}
    half = torch.cat([centres[:10].repeat(40, 1), centres[10:].repeat(40, 1) + 0.4])
    found = modes.mixture(half, centres, sd)
    assert found["modes"][0] == 10
    assert found["good"][0] == pytest.approx(0.4)
    assert found["divergence"][0] == pytest.approx(math.log(2.5))
    assert modes.mixture(centres + 9, centres, sd)["divergence"][0] == pytest.approx(math.log(25))


def test_parzen_windows_know_a_gaussian():
    # The log-likelihood of a standard normal law under itself is -d/2 log(2 pi e); windows widen it a little.
    value, _ = requested.parzen(_normal(4000, 2, 0), _normal(500, 2, 1), _normal(500, 2, 2))
    assert value == pytest.approx(-math.log(2 * math.pi * math.e), abs=0.12)
    assert requested.parzen(_normal(4000, 2, 0) + 3, _normal(500, 2, 1), _normal(500, 2, 2))[0] < value - 1


# -- against other libraries ------------------------------------------------------------------------------------------


# ``tests/test_metrics_references.py``

# -- features ---------------------------------------------------------------------------------------------------------


def test_digits_are_recognised_by_features_that_never_saw_them(digits):
    features = named("digits", digits)
    _, logits = features.embed(digits.test["x"])
    assert logits is not None
    assert (logits.argmax(1) == digits.test["y"]).float().mean() > 0.95
    again = named("digits", ga.data.load("digits", size=16))
    assert again.digest == features.digest
    assert "antialiasing" in again.resize


def test_stacked_digits_are_spelt():
    data = ga.data.load("stacked-digits", count=2000)
    _, logits = named("digits", data).embed(data["x"][:300])
    assert logits is not None
    assert logits.shape == (300, 1000)
    assert (logits.argmax(1) == data["y"][:300]).float().mean() > 0.95


def test_features_are_the_same_in_another_process_and_kept(tmp_path, monkeypatch, digits):
    from ganarium.metrics import learned

    monkeypatch.setattr(learned, "_STEPS", 3)
    monkeypatch.setattr(learned, "_KNOWN", {})
    monkeypatch.setenv("GANARIUM_CACHE", str(tmp_path))
    before = torch.get_rng_state()
    first = named("rotations", digits)
    assert torch.equal(torch.get_rng_state(), before)
    (file,) = (tmp_path / "features").glob("*.safetensors")
    learned._KNOWN.clear()
    assert named("rotations", digits).digest == first.digest
    # A damaged file is made again.
    file.write_bytes(b"no weights")
    learned._KNOWN.clear()
    assert named("rotations", digits).digest == first.digest


def test_factors_are_read_off_made_up_data():
    data = ga.data.load("sprites", count=400)
    assert data.factors is not None
    world = named("world", data)
    found, _ = world.embed(data["x"][:50])
    for name, columns in world.counted.items():
        assert torch.equal(found[:, columns].argmax(1), data.factors[name][:50])
    assert float(found[:, -1].abs().max()) < 1e-3
    assert "factor-template" not in world.counted
    ring = ga.data.load("ring", count=500)
    assert torch.equal(named("world", ring).embed(ring["x"])[0][:, :8].argmax(1), ring["y"])


def test_defaults_suit_the_data(digits):
    assert default(digits) == ["digits", "pixels"]
    assert default(ga.data.load("moons", count=100)) == ["coordinates"]
    assert default(ga.data.load("sprites", count=400)) == ["classes", "pixels", "world"]
    assert default(ga.data.load("shape-pairs", count=40), "b") == ["rotations", "pixels", "world"]
    assert default(ga.data.load("voxels", count=40)) == ["pixels", "world"]
    assert default(ga.data.load("melodies", count=40)) == ["coordinates", "world"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("digts", "Did you mean digits"),
        ("world", "was not made from factors"),
        ("coordinates", "Use pixels"),
        ("inception", "inception:PATH"),
        ("inception:/nowhere.pt", "there is none at /nowhere.pt"),
        ("pixels:file", "Only inception"),
    ],
)
def test_features_that_do_not_fit_are_refused(digits, name, words):
    with pytest.raises(ValueError, match=words):
        named(name, digits)


class _Small(torch.nn.Module):
    def forward(self, x: torch.Tensor, return_features: bool = False) -> torch.Tensor:
        pooled = torch.nn.functional.adaptive_avg_pool2d(x.float() / 255, 2).flatten(1)
        return pooled if return_features else pooled[:, :1]


def test_an_inception_file_is_a_torchscript_of_bytes(tmp_path, digits):
    path = tmp_path / "inception.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(_Small()).save(str(path))
        features = named(f"inception:{path}", digits)
        judge = Judge(digits, features=[f"inception:{path}"])
        found = judge.judge(judge.look(of_tensor(digits["x"][:200]), 200), ["frechet"], resamples=0)
    assert features.size == 12
    assert found[0].title == "FID"
    assert "unverified" in found[0].protocol
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"not a network")
    with pytest.raises(ValueError, match="is not the TorchScript"):
        named(f"inception:{broken}", digits)


# -- the judge --------------------------------------------------------------------------------------------------------


def test_real_data_reaches_the_floor_and_noise_does_not(digits):
    judge = Judge(digits)
    noise = torch.rand(600, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    found = {n.metric: n for n in judge.judge(judge.look(of_tensor(noise), 600)) if n.features == "digits"}
    for number in found.values():
        assert number.floor is not None
        aim = number.floor
        assert number.se is None or number.se >= 0
        if number.better == "lower":
            assert number.value > 3 * aim, number.metric
        elif number.better == "higher" and number.metric != "recall":  # outliers have large balls
            assert number.value < 0.7 * aim, number.metric
    assert found["two-sample"].value > 0.95
    assert found["two-sample"].floor == pytest.approx(0.5, abs=0.06)


def test_samples_beyond_the_reference_come_in_blocks_and_sharpen_the_number():
    data = ga.data.load("ring", count=2000)
    judge = Judge(data, reference=200)
    other = ga.data.load("ring", count=1600, seed=5)
    more = data.spec["x"].normalise(other.spec["x"].restore(other["x"]))
    one = {n.metric: n for n in judge.judge(judge.look(of_tensor(more[:200]), 200))}
    many = {n.metric: n for n in judge.judge(judge.look(of_tensor(more), 1600))}
    assert many["frechet"].blocks == 8
    assert many["frechet"].stamp == one["frechet"].stamp
    assert many["coverage"].se is not None
    assert one["coverage"].se is not None
    assert many["coverage"].se < one["coverage"].se
    assert many["coverage"].floor == one["coverage"].floor
    assert many["coverage"].value == pytest.approx(one["coverage"].floor, abs=0.05)


def test_unlike_numbers_are_not_compared(digits):
    def measured(**options):
        judge = Judge(digits, features=["pixels"], **options)
        return judge.judge(judge.look(of_tensor(digits["x"][:300]), 300), ["frechet", "sliced"], resamples=0)

    one, other = measured(), measured(reference=500)
    assert one[0].minus(measured()[0]) == 0
    with pytest.raises(ValueError, match="reference differ"):
        one[0].minus(other[0])
    with pytest.raises(ValueError, match="one is frechet, the other sliced"):
        one[0].minus(one[1])


def test_held_out_data_is_the_test_part_or_another_draw(digits):
    assert unseen(digits) is None
    assert len(unseen(digits.train)) == 397
    ring = ga.data.load("ring", count=100)
    assert not torch.equal(unseen(ring)["x"], ring["x"])
    assert unseen(ga.data.from_tensors(torch.randn(20, 2))) is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reference": 5}, "12 samples or more"),
        ({"reference": 5000}, "which has 1,797"),
        ({"field": "b"}, "has no field 'b'"),
    ],
)
def test_references_that_cannot_be_are_refused(digits, options, words):
    with pytest.raises(ValueError, match=words):
        Judge(digits, features=["pixels"], **options)


def test_samples_that_cannot_be_judged_are_refused(digits):
    judge = Judge(digits, features=["pixels"])
    with pytest.raises(ValueError, match="12 or more"):
        judge.look(of_tensor(digits["x"][:5]), 5)
    with pytest.raises(ValueError, match=r"shape is \(1, 8, 8\)"):
        judge.look(of_tensor(torch.zeros(20, 1, 16, 16)), 20)
    few = judge.look(of_tensor(digits["x"][:40]), 40)
    assert judge.judge(few, ["frechet"]) == []
    assert "more than 64 samples" in judge.notes[0]
    # What fails alone loses nothing else.
    assert {number.metric for number in judge.judge(few)} >= {"kid", "precision", "sliced", "similarity"}
    assert "more than 64 samples" in judge.notes[-1]
    with pytest.raises(ValueError, match="not finite"):
        judge.look(of_tensor(torch.full((20, 1, 8, 8), math.nan)), 20)
    with pytest.raises(ValueError, match="Did you mean frechet"):
        judge.judge(judge.look(of_tensor(digits["x"][:400]), 400), ["frechett"])
    with pytest.raises(ValueError, match="tokens"):
        named("pixels", ga.data.load("sprites", count=40), "text")


def test_streaming_keeps_features_and_not_samples():
    """Samples come and go in parts; what is kept of each is its features, and pictures of a few."""
    data = ga.data.from_tensors(torch.zeros(40, 3, 64, 64), kind="image", range=(-1, 1))
    parts = (torch.rand(250, 3, 64, 64) * 2 - 1 for _ in range(12))
    (rows,) = embed(parts, [named("pixels", data)], 3000, "")
    assert rows.some is not None
    kept = sum(x.nbytes for x in (*rows.features.values(), rows.some, rows.moments["pixels"].outer))
    assert rows.n == 3000
    assert kept < 3000 * 3 * 64 * 64 * 4 / 8
    assert Field((3, 64, 64), "image").size * 1000 == rows.some.nbytes
