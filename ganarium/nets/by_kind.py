"""The network for a role, chosen by the kind of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import nn

from ganarium.nets.layers.conv import conv_body, conv_trunk
from ganarium.nets.layers.mlp import mlp_body, mlp_trunk
from ganarium.nets.layers.norms import Norm, check_norm, make_spectral
from ganarium.nets.roles import Discriminator, Encoder, Generator, check_counts
from ganarium.spec import Field

__all__ = ["discriminator", "encoder", "generator"]

BODIES: dict[str, Callable[..., nn.Sequential]] = {"points": mlp_body, "image": conv_body, "volume": conv_body}
TRUNKS: dict[str, Callable[..., tuple[nn.Sequential, int]]] = {
    "points": mlp_trunk,
    "image": conv_trunk,
    "volume": conv_trunk,
}


def check(field: Field, norm: Norm | None, width: int | None, **counts: int) -> None:
    """Raise if there is no network for these choices."""
    if field.kind not in BODIES:
        kinds = f"{', '.join(list(BODIES)[:-1])} and {list(BODIES)[-1]}"
        raise ValueError(f"There are ready networks for {kinds}; got '{field}'. Pass the game a network of your own.")
    check_norm(norm)
    check_counts(**counts, **({} if width is None else {"width": width}))


def generator(
    latent: int,
    field: Field,
    condition: int = 0,
    *,
    width: int | None = None,
    norm: Norm | Literal["default"] | None = "default",
) -> Generator:
    r"""A network from latents to data: ``(z, c=None) -> x`` of shape (B, \*shape).

    Points come from three hidden layers and a linear end. Images and volumes come from a linear layer onto a small map,
    which transposed convolutions double up to the data's size, and end in tanh, in [-1, 1].

    Args:
        latent: How many numbers a latent has; z is (B, latent).
        field: What a sample looks like.
        condition: How many numbers a condition has; c is (B, condition) and is concatenated to z.
        width: Units of the hidden layers (128), or channels of the smallest maps (64 to 256, by size).
        norm: "batch", "layer", "spectral" or None. By default batch norm for images and volumes, none for points.

    Raises:
        ValueError: if there is no network for ``field``.

    Example:
        >>> import torch
        >>> generator(16, Field((3, 32, 24), "image"))(torch.randn(5, 16)).shape
        torch.Size([5, 3, 32, 24])
    """
    if norm == "default":
        norm = None if field.kind == "points" else "batch"
    check(field, norm, width, latent=latent, condition=condition)
    network = Generator(BODIES[field.kind](latent + condition, field, width, norm), latent, condition)
    return make_spectral(network) if norm == "spectral" else network


def discriminator(
    field: Field, outputs: int = 1, condition: int = 0, norm: Norm | None = None, *, width: int | None = None
) -> Discriminator:
    r"""A network from data to raw scores: ``(x, c=None) -> scores`` of shape (B,), or (B, outputs) if outputs > 1.

    It mirrors :func:`generator`, with leaky ReLUs. ``features(x, c)`` is what its last layer ``head`` sees, of shape
    (B, feature_size).

    Args:
        field: What a sample looks like.
        outputs: How many scores a sample gets.
        condition: How many numbers a condition has; c is (B, condition) and is concatenated to points, or to an image
            as constant channels.
        norm: "batch", "layer", "spectral" or None. Gradient penalties need one that is not "batch".
        width: As in :func:`generator`.

    Raises:
        ValueError: if there is no network for ``field``.

    Example:
        >>> import torch
        >>> critic = discriminator(Field((2,), "points"), norm="spectral")
        >>> critic(torch.randn(5, 2)).shape, critic.features(torch.randn(5, 2)).shape
        (torch.Size([5]), torch.Size([5, 128]))
    """
    check(field, norm, width, outputs=outputs, condition=condition)
    network = Discriminator(*TRUNKS[field.kind](condition, field, width, norm), outputs, condition)
    return make_spectral(network) if norm == "spectral" else network


def encoder(field: Field, outputs: int, *, width: int | None = None, norm: Norm | None = None) -> Encoder:
    r"""A network from data to codes: ``x -> code`` of shape (B, outputs). Its trunk is the discriminator's.

    Args:
        field: What a sample looks like.
        outputs: How many numbers a code has.
        width: As in :func:`generator`.
        norm: As in :func:`discriminator`.

    Raises:
        ValueError: if there is no network for ``field``.

    Example:
        >>> import torch
        >>> encoder(Field((1, 8, 8), "image"), 10)(torch.randn(5, 1, 8, 8)).shape
        torch.Size([5, 10])
    """
    check(field, norm, width, outputs=outputs)
    network = Encoder(*TRUNKS[field.kind](0, field, width, norm), outputs)
    return make_spectral(network) if norm == "spectral" else network
