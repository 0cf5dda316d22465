"""What keeps the size of a network's activations, or the slope of a network, in bounds."""

from __future__ import annotations

from typing import Literal, TypeVar, get_args

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

__all__ = ["Norm", "check_norm", "make_norm", "make_spectral"]

#: "batch" couples the samples of a batch; "layer" and "spectral" do not.
Norm = Literal["batch", "layer", "spectral"]

Network = TypeVar("Network", bound=nn.Module)


def check_norm(norm: Norm | None) -> None:
    """Raise if ``norm`` is not the name of one."""
    if norm is not None and norm not in get_args(Norm):
        raise ValueError(f"A network's norm is None or one of {', '.join(get_args(Norm))}; got {norm!r}.")


def make_norm(norm: Norm | None, channels: int, dims: int) -> nn.Module | None:
    r"""The layer that normalises maps of ``channels`` channels with ``dims`` axes (0 for vectors), if there is one.

    "batch" is batch norm (Ioffe and Szegedy, 2015). "layer" takes one mean and one variance of each sample, over its
    channels and places, and has one gain and one bias for each channel (Ba et al., 2016). None and "spectral" have
    no such layer.
    """
    if norm == "batch":
        return (nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[dims](channels)
    if norm == "layer":
        return nn.GroupNorm(1, channels)
    return None


def make_spectral(network: Network) -> Network:
    r"""Divide every weight of ``network`` by its largest singular value (Miyato et al., 2018), in place.

    .. math:: \bar W = W / \sigma(W), \qquad \sigma(W) \approx u^\top W v.

    A convolution's weight counts as a matrix with one row for each output channel. Each forward in training mode
    moves :math:`u, v` by one step of the power method; in evaluation mode they rest.

    Call this after the weights have got their first values, so that :math:`u, v` begin near them.
    """
    for module in list(network.modules()):
        if isinstance(module, (nn.Linear, nn.modules.conv._ConvNd)):
            spectral_norm(module)
    return network
