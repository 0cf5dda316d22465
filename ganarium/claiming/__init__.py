"""What a paper says, proved in miniature: against a baseline it must beat, and with a control that must fail.

.. code-block:: python

    (found,) = ga.prove(["wgan-gp"])      # three seeds of three arms, side by side; kept in ./claims
    print(found)
    found.holds

The claims themselves are the files of :mod:`ganarium.claims`, one each, named as their game.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganarium.claiming.arm import Arm
    from ganarium.claiming.proving import kept, pilot, prove, write_page
    from ganarium.claiming.statement import Claim, claim
    from ganarium.claiming.verdict import Verdict

__all__ = ["Arm", "Claim", "Verdict", "claim", "kept", "pilot", "prove", "write_page"]

_WHERE = {
    "Arm": "arm",
    "Claim": "statement",
    "Verdict": "verdict",
    "claim": "statement",
    "kept": "proving",
    "pilot": "proving",
    "prove": "proving",
    "write_page": "proving",
}


def __getattr__(name: str) -> Any:
    # A list of claims reads this package's words alone, and should not import torch.
    if name in _WHERE:
        return getattr(import_module(f"ganarium.claiming.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'ganarium.claiming' has no attribute '{name}'")
