"""How good samples are: metrics, each with an interval, the floor of real data, and a stamp of how it was obtained.

.. code-block:: python

    found = ga.evaluate("runs/r3gan-digits-001")       # all that fit
    found["frechet/digits"].value, found["precision"].low
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ganarium._moved import moved_name

if TYPE_CHECKING:
    from ganarium.metrics.features import Features
    from ganarium.metrics.judge import Judge
    from ganarium.metrics.known_features import named
    from ganarium.metrics.stamp import Number, Stamp

__all__ = ["Features", "Judge", "Number", "Stamp", "named"]

_WHERE = {
    "Features": "features",
    "Judge": "judge",
    "Number": "stamp",
    "Stamp": "stamp",
    "named": "known_features",
}


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"ganarium.metrics.{_WHERE[name]}"), name)
    return moved_name("ganarium.metrics", name)
