r"""A game's options are its annotated attributes: each is said once, where it is declared, and inherited.

.. code-block:: python

    class LSGAN(Adversarial):
        latent: int = 1024                      # an option, with the paper's number
        real: float = 1.0
        objective: Objective = follows(factory=lambda game: LeastSquares(game.real))    # no option: it follows
        generator: nn.Module = made(factory=lambda game: Generator(game.latent))        # an option: a network

They are keywords of the constructor, after the spec, and stay attributes of the same name. What follows is worked out
when the options are set, before networks are made; a tensor among it becomes a buffer, which checkpoints keep.
"""

from __future__ import annotations

import difflib
import inspect
import math
from abc import ABC
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Self, TypeVar, cast, dataclass_transform, get_origin, get_type_hints

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm
from torch.nn.parameter import is_lazy

from ganarium.randomness import mix, seeded

__all__ = ["Configured", "follows", "made"]

T = TypeVar("T")


@dataclass(frozen=True)
class _Worked:
    """What is worked out when a game is built, from what is there by then."""

    factory: Callable[[Any], Any]
    is_option: bool


def made(*, factory: Callable[[Any], T]) -> T:
    """An option that is a network: made from the other options, unless the user gives one; or a list of networks.

    Args:
        factory: From the game, with its options and the networks declared before, to the network.
    """
    return cast(T, _Worked(factory, is_option=True))


def follows(*, factory: Callable[[Any], T], init: Literal[False] = False) -> T:
    """An attribute that is no option, because it follows from the options; a tensor becomes a buffer.

    Args:
        factory: From the game, with its options, to the value.
        init: For type checkers: it is no keyword of the constructor.
    """
    return cast(T, _Worked(factory, is_option=init))


def given(*, kw_only: bool = True) -> Any:
    """An option that must be given."""
    return inspect.Parameter.empty


@dataclass_transform(kw_only_default=True, field_specifiers=(given, made, follows))
class Configured(nn.Module, ABC):
    """A module whose annotated attributes are the keywords of its constructor; a class may also write it out."""

    #: What the constructor was called with, by name, so that a run can write it down.
    arguments: dict[str, Any]
    #: Settings that a run takes unless it is told others; see ``Game.pace``.
    measured: Mapping[str, Any] = MappingProxyType({})
    #: A game's clock, and whether all its gradients are taken before any step.
    progress: Tensor
    simultaneous: bool = False
    #: The lengths of the parameters as they were built; None where a class wrote its constructor out.
    _built: Mapping[str, float] | None = None
    #: What a class declares itself, and that with what its bases do: defaults and types.
    _own: ClassVar[Mapping[str, Any]] = {}
    _own_hints: ClassVar[Mapping[str, Any]] = {}
    _defaults: ClassVar[Mapping[str, Any]] = {}
    _hints: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        hints, known = _annotated(cls), _merged(cls, "_own")
        cls._own = {name: value for name, value in vars(cls).items() if name in hints or name in known}
        cls._own_hints, cls._hints = hints, {**_merged(cls, "_own_hints"), **hints}
        replaced = {name for name, value in {**known, **cls._own}.items() if isinstance(value, property)}
        cls._defaults = {name: value for name, value in {**known, **cls._own}.items() if name not in replaced}
        for name in cls._own.keys() - replaced:
            delattr(cls, name)  # or it would hide a network of this name
        cls.__signature__ = _signature(cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        game = super().__new__(cls)
        signature = inspect.signature(cls)
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
            _refuse_unknown(cls, kwargs, signature.parameters)
        _refuse_by_place(cls, args, signature)
        # A copy is made without arguments.
        vars(game)["arguments"] = signature.bind_partial(*args, **kwargs).arguments
        return game

    def __init__(self, spec: Any, **options: Any):
        super().__init__()
        self.begin(spec)
        defaults = type(self)._defaults
        _refuse_unknown(type(self), options, _options(type(self)))
        worked = {name: default for name, default in defaults.items() if isinstance(default, _Worked)}
        for name, default in defaults.items():
            if name not in worked and name != "spec":
                setattr(self, name, options.get(name, default))
        self.check()
        for name, default in sorted(worked.items(), key=lambda row: row[1].is_option):
            value = options.get(name)
            value = default.factory(self) if value is None else value
            if default.is_option and isinstance(value, list | tuple):
                value = nn.ModuleList(value)
            if isinstance(value, Tensor) and not default.is_option:
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)
        self.build()
        self._built = _lengths(self)

    def begin(self, spec: Any) -> None:
        """Take the spec, before any option is set."""
        self.spec = spec

    def check(self) -> None:
        """Refuse options that do not go together, with a ValueError, before anything is made of them."""

    def build(self) -> None:
        """What else the module is made of, once its networks are there."""

    def redraw(self, seed: int) -> None:
        """Let the first weights follow from a seed; those that are no first weights any more stay as they are.

        What was trained, loaded or set since the module was built stays, and so does all where networks were given.

        Args:
            seed: What they follow from.
        """
        given = [each for value in self.arguments.values() for each in (value if isinstance(value, list) else [value])]
        if self._built is None or any(isinstance(each, nn.Module) for each in given) or not _alike(self):
            return
        with seeded(torch.device("cpu"), mix(seed, 0)):
            self.load_state_dict(type(self)(**self.arguments).state_dict())


def _lengths(module: nn.Module) -> dict[str, float]:
    """The sum of absolute values of each parameter that has any yet."""
    there = {name: p for name, p in module.named_parameters() if not is_lazy(p) and p.device.type != "meta"}
    return {name: float(vector_norm(p.detach(), 1, dtype=torch.float64)) for name, p in there.items()}


def _alike(module: Configured) -> bool:
    """Whether the parameters are those that were built, wherever they are now."""
    now, then = _lengths(module), module._built or {}
    return now.keys() == then.keys() and all(math.isclose(now[name], then[name], rel_tol=1e-9) for name in now)


def _annotated(cls: type) -> dict[str, Any]:
    """The types of a class's own annotated attributes."""
    try:
        hints = inspect.get_annotations(cls, eval_str=True)
    except NameError as error:
        raise TypeError(
            f"An annotation of {cls.__name__} cannot be read: {error}. Import it at the file's head."
        ) from None
    hints = {name: hint for name, hint in hints.items() if hint is not ClassVar and get_origin(hint) is not ClassVar}
    for name in hints:
        _refuse_taken(cls, name)
        if isinstance(vars(cls).get(name), list | dict | set):
            kind = type(vars(cls)[name]).__name__
            raise TypeError(
                f"{cls.__name__}.{name} is a {kind} by default, which all games would share. Let it be a tuple."
            )
        if name not in vars(cls):
            raise TypeError(
                f"{cls.__name__}.{name} has no default. An option has one ({name}: ... = ...); what is no option is a "
                "ClassVar, or is set in build() and not declared."
            )
    return hints


def _refuse_taken(cls: type, name: str) -> None:
    """Raise if an option is called as something else that all games of this kind have, which it would hide."""
    values = [vars(base)[name] for base in cls.__mro__[1:] if name in vars(base)]
    hides = any(not isinstance(value, bool | int | float | str | tuple) for value in values)
    hides = hides or name in ("arguments", "progress", "training")
    if name == "spec" if name in _merged(cls, "_own_hints") else hides:
        raise TypeError(
            f"{cls.__name__}.{name} cannot be an option: games have a '{name}' already. Call the option otherwise; "
            "what is no option has no annotation, or is a ClassVar."
        )


def _merged(cls: type, attribute: str) -> dict[str, Any]:
    """What a class and its bases declare, each name as the first of them in Python's order of bases has it."""
    return {name: value for base in reversed(cls.__mro__) for name, value in vars(base).get(attribute, {}).items()}


def _options(cls: type[Configured]) -> list[str]:
    """The names of a class's options: the spec, then numbers and choices, then networks."""
    names = [name for name, value in cls._defaults.items() if not isinstance(value, _Worked) or value.is_option]
    return sorted(names, key=lambda name: isinstance(cls._defaults[name], _Worked))


def _signature(cls: type[Configured]) -> inspect.Signature:
    """The constructor's: its options as keywords after the spec, or what a class wrote out."""
    if cls.__init__ is not Configured.__init__:
        hints, parameters = _written(cls), list(inspect.signature(cls.__init__).parameters.values())[1:]
        return inspect.Signature([row.replace(annotation=hints.get(row.name, row.annotation)) for row in parameters])
    kinds = inspect.Parameter
    rows = []
    for name in _options(cls):
        default, is_made = cls._defaults[name], isinstance(cls._defaults[name], _Worked)
        hint = cls._hints[name] | None if is_made else cls._hints[name]
        kind = kinds.POSITIONAL_OR_KEYWORD if default is kinds.empty else kinds.KEYWORD_ONLY
        rows.append(kinds(name, kind, default=None if is_made else default, annotation=hint))
    return inspect.Signature(rows)


def _written(cls: type) -> dict[str, Any]:
    """The types of a constructor that is written out, which may name its class; none if one is for checkers only."""
    try:
        return get_type_hints(cls.__init__, localns={cls.__name__: cls})
    except NameError:
        return {}


def _refuse_by_place(cls: type, args: tuple[Any, ...], signature: inspect.Signature) -> None:
    """Raise if options are given by their place, as games took them before they were attributes."""
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    places = sum(kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds)
    if len(args) > places and inspect.Parameter.VAR_POSITIONAL not in kinds:
        names = [name for name, row in signature.parameters.items() if row.kind is inspect.Parameter.KEYWORD_ONLY]
        raise TypeError(
            f"{cls.__name__} takes options by name, not by place: {cls.__name__}(spec, "
            f"{names[0] if names else 'option'}=...); got {args[places]!r}. See help({cls.__name__})."
        )


def _refuse_unknown(cls: type, options: Iterable[str], known: Iterable[str]) -> None:
    known = list(known)
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            offer = f"Did you mean {' or '.join(near)}?" if near else f"It takes {', '.join(known)}."
            raise TypeError(f"{cls.__name__} takes no option '{name}'. {offer}")
