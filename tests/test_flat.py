"""Perceptrons for data of any kind."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from ganarium.nets import Flat
from ganarium.spec import Field

FIELDS = [Field((2,), "points"), Field((3, 8, 5), "image"), Field((1, 4, 4, 4), "volume")]


@pytest.mark.parametrize("field", FIELDS, ids=str)
@pytest.mark.parametrize("norm", [None, "batch", "layer", "spectral"])
def test_shapes_with_and_without_a_condition(field, norm):
    family = Flat(16, norm, norm)
    for condition in (0, 3):
        c = torch.randn(4, condition) if condition else None
        x = family.generator(5, field, condition)(torch.randn(4, 5), c)
        assert x.shape == (4, *field.shape)
        assert family.discriminator(field, 1, condition)(x, c).shape == (4,)
    assert family.discriminator(field, outputs=2)(x).shape == (4, 2)
    assert family.encoder(field, 7)(x).shape == (4, 7)


def test_images_stay_in_their_range_and_points_do_not():
    z = 1e6 * torch.randn(4, 5)
    assert Flat(16).generator(5, FIELDS[1])(z).abs().max() <= 1
    assert Flat(16).generator(5, FIELDS[0])(z).abs().max() > 1


def test_spectral_norm_holds_every_weight():
    layers = [m for m in Flat(16, "spectral").discriminator(FIELDS[1]).modules() if isinstance(m, nn.Linear)]
    assert len(layers) == 4
    assert all(parametrize.is_parametrized(layer) for layer in layers)


def test_an_unknown_norm_is_refused():
    with pytest.raises(ValueError, match="norm"):
        Flat(16, "group").discriminator(FIELDS[0])  # type: ignore[arg-type]
