"""The GAN zoo, alive: every generative adversarial network as one short, faithful game on one fast engine.

Names are found when they are first used, so that ``import ganarium`` costs no more than ``import torch``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ganarium._moved import find_moved
from ganarium._version import __version__

find_moved()

_NAMES = {
    "Adam": "ingredients.optimizers",
    "Batch": "spec",
    "Field": "spec",
    "Game": "game",
    "Linear": "ingredients.schedules",
    "Normal": "ingredients.priors",
    "Paper": "game",
    "Player": "game",
    "RMSprop": "ingredients.optimizers",
    "Run": "running.run",
    "SGD": "ingredients.optimizers",
    "Samples": "game",
    "Scores": "game",
    "Settings": "running.run",
    "Spec": "spec",
    "Stage": "game",
    "Terms": "game",
    "Trainer": "engine.trainer",
    "Uniform": "ingredients.priors",
    "check_claims": "proving.checking",
    "compare": "comparing",
    "diagnose": "diagnosis",
    "evaluate": "running.evaluation",
    "fit": "running.fitting",
    "load": "running.run",
    "prove": "proving.proving",
    "resume": "running.fitting",
    "rounds": "running.fitting",
    "runs": "running.run",
    "teach": "theory.teaching",
}
_MODULES = {
    "augment": "ingredients.augment",
    "data": "data",
    "divergences": "ingredients.divergences",
    "holes": "ingredients.holes",
    "latent": "latent",
    "metrics": "metrics",
    "nets": "nets",
    "objectives": "ingredients.objectives",
    "optimizers": "ingredients.optimizers",
    "penalties": "ingredients.penalties",
    "pictures": "pictures",
    "priors": "ingredients.priors",
    "schedules": "ingredients.schedules",
}

__all__ = ["__version__", *_MODULES, *_NAMES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(f"ganarium.{_NAMES[name]}"), name)
    if name in _MODULES:
        return import_module(f"ganarium.{_MODULES[name]}")
    if not name.startswith("_"):
        # Not `from ganarium import index`, which would ask this function for it.
        index = import_module("ganarium.zoo.index")
        for entry in index.games().values():
            if entry.name == name:
                return getattr(import_module(entry.module), name)
    raise AttributeError(f"module 'ganarium' has no attribute '{name}'")


def __dir__() -> list[str]:
    games = import_module("ganarium.zoo.index").games().values()
    return sorted([*__all__, *(entry.name for entry in games)])
