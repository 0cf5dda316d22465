"""The GAN zoo, alive: every generative adversarial network as one short, faithful game on one fast engine.

Names are found when they are first used, so that ``import ganarium`` costs no more than ``import torch``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ganarium._version import __version__

_NAMES = {
    "Adam": "optimizers",
    "Batch": "spec",
    "Field": "spec",
    "Game": "game",
    "Linear": "schedules",
    "Normal": "priors",
    "Paper": "game",
    "Player": "game",
    "RMSprop": "optimizers",
    "Run": "run",
    "SGD": "optimizers",
    "Samples": "game",
    "Scores": "game",
    "Settings": "run",
    "Spec": "spec",
    "Stage": "game",
    "Terms": "game",
    "Trainer": "trainer",
    "Uniform": "priors",
    "check_claims": "claiming.checking",
    "compare": "comparing",
    "diagnose": "diagnosis",
    "fit": "fitting",
    "load": "run",
    "prove": "claiming.proving",
    "teach": "theory.lesson",
    "resume": "fitting",
    "rounds": "fitting",
    "runs": "run",
}
_MODULES = (
    "augment",
    "data",
    "divergences",
    "holes",
    "latent",
    "metrics",
    "nets",
    "objectives",
    "optimizers",
    "penalties",
    "pictures",
    "priors",
    "schedules",
)

__all__ = ["__version__", *_MODULES, *_NAMES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(f"ganarium.{_NAMES[name]}"), name)
    if name in _MODULES:
        return import_module(f"ganarium.{name}")
    if not name.startswith("_"):
        # Not `from ganarium import index`, which would ask this function for it.
        index = import_module("ganarium.index")
        for entry in index.games().values():
            if entry.name == name:
                return getattr(import_module(entry.module), name)
    raise AttributeError(f"module 'ganarium' has no attribute '{name}'")


def __dir__() -> list[str]:
    games = import_module("ganarium.index").games().values()
    return sorted([*__all__, *(entry.name for entry in games)])
