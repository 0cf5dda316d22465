r"""A network as it will be after some gradient steps of its own, as a function of what it is trained on.

With a loss :math:`L(\theta, \phi)` of the network's parameters :math:`\theta` and of whatever else
:math:`\phi`, say the samples that it is shown,

.. math::

    \theta^0 = \theta, \qquad \theta^{k+1} = \theta^k - \eta\, \nabla_\theta L(\theta^k, \phi).

The :math:`\theta^K` are tensors that can be differentiated with respect to :math:`\phi`, through all steps; the
network's own parameters and buffers stay as they are.

Reference:
    Metz, Poole, Pfau, Sohl-Dickstein: Unrolled Generative Adversarial Networks, ICLR 2017, arXiv 1611.02163,
    equations 7 to 10.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.func import functional_call

__all__ = ["unrolled"]

Network = Callable[..., Tensor]


def unrolled(
    network: nn.Module,
    loss: Callable[[Network], Tensor],
    steps: int,
    rate: float | Tensor,
    through: bool = True,
) -> Network:
    """The network after some steps of gradient descent, as a function of its inputs.

    Args:
        network: Whose steps they are; it stays as it is.
        loss: What it descends: a scalar of the network that it is given, differentiable in its parameters.
        steps: How many; none gives the network itself.
        rate: The size of a step.
        through: Whether the result remembers how the steps depend on what else the loss depends on; otherwise its
            parameters are constants.

    Raises:
        ValueError: if there are fewer than no steps.

    Example:
        >>> line = nn.Linear(1, 1, bias=False)
        >>> nn.init.constant_(line.weight, 1.0) is line.weight
        True
        >>> target = torch.tensor(3.0, requires_grad=True)
        >>> later = unrolled(line, lambda net: (net(torch.ones(1)) - target).square().sum() / 2, steps=2, rate=0.5)
        >>> later(torch.ones(1)).item(), line.weight.item()     # halfway to 3, twice
        (2.5, 1.0)
        >>> torch.autograd.grad(later(torch.ones(1)).sum(), target)[0].item()
        0.75
    """
    if steps < 0:
        raise ValueError(f"A network is unrolled by no steps or more; got steps={steps}.")
    if not steps:
        return network
    # Leaves of their own: whoever moves has frozen the network's parameters, and may not change its buffers.
    weights = {name: value.detach().requires_grad_() for name, value in network.named_parameters()}
    buffers = {name: value.detach().clone() for name, value in network.named_buffers()}
    for _ in range(steps):
        weights = _step(network, weights, buffers, loss, rate, through)
    if not through:
        weights = {name: value.detach() for name, value in weights.items()}
    return partial(_called, network, {**weights, **buffers})


def _step(
    network: nn.Module,
    weights: dict[str, Tensor],
    buffers: dict[str, Tensor],
    loss: Callable[[Network], Tensor],
    rate: float | Tensor,
    through: bool,
) -> dict[str, Tensor]:
    # A player at rest has its loss taken without gradients, but the steps need theirs.
    keep = through and torch.is_grad_enabled()
    with torch.enable_grad():
        value = loss(partial(_called, network, {**weights, **buffers}))
        slopes = torch.autograd.grad(value, [*weights.values()], create_graph=keep, allow_unused=True)
    moved = {
        name: weight if slope is None else weight - rate * slope
        for (name, weight), slope in zip(weights.items(), slopes, strict=True)
    }
    return moved if keep else {name: value.detach().requires_grad_() for name, value in moved.items()}


def _called(network: nn.Module, state: dict[str, Tensor], *inputs: Tensor) -> Tensor:
    return functional_call(network, state, inputs)
