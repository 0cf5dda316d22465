"""The judge of the benchmarks: closed forms and what must come out of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import ganarium as ga
from benchmarks.quality import frechet, mixture_row, precision_recall, stacked_row


def test_the_frechet_distance_of_gaussians_is_known():
    rows = np.random.default_rng(0).normal(size=(500, 3))
    rows = (rows - rows.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T
    assert frechet(rows, rows) == pytest.approx(0, abs=1e-6)
    assert frechet(rows, rows + np.array([1.0, 2.0, 0.0])) == pytest.approx(5, abs=1e-6)
    # Of two centred laws with standard deviations 1 and s in each coordinate: n (1 - s)^2.
    assert frechet(rows, 3 * rows) == pytest.approx(3 * 4, abs=1e-6)
    assert frechet(rows, rows * np.array([1.0, 1.0, 0.0])) == pytest.approx(1, abs=1e-6)


def test_precision_falls_with_strangers_and_recall_with_what_is_missing():
    generator = np.random.default_rng(0)
    left, right = generator.normal(size=(200, 2)), generator.normal(size=(200, 2)) + 50
    both = np.concatenate([left, right])
    assert precision_recall(both, both) == (1, 1)
    precision, recall = precision_recall(both, left)
    assert precision == 1
    assert recall == pytest.approx(0.5)
    assert precision_recall(left, both) == (recall, precision)


def test_modes_are_counted_by_their_good_samples():
    data = ga.data.load("grid")
    centres = data.truth["centres"]
    row = mixture_row(centres.repeat(40, 1), data)
    assert row == {"modes": 25, "of": 25, "good": 1}
    half = torch.cat([centres[:10].repeat(40, 1), centres[10:].repeat(40, 1) + 0.4])
    row = mixture_row(half, data)
    assert row["modes"] == 10
    assert row["good"] == pytest.approx(0.4)


def test_real_stacked_digits_have_nearly_all_modes():
    data = ga.data.load("stacked-digits", count=12_500)
    row = stacked_row(data["x"])
    assert row["modes"] > 980
    # Even shares, counted n times, have a divergence of about (1000 - 1) / 2n.
    assert row["divergence"] < 0.15
    assert stacked_row(data["x"][:1].repeat(100, 1, 1, 1)) == {
        "modes": 1,
        "of": 1000,
        "divergence": pytest.approx(6.9078, abs=1e-3),
    }
