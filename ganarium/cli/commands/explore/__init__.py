"""``ganarium explore RUN WALK``: the latent of a trained game, walked.

A walk is a function under ``@verb("explore WALK", ...)`` in a file of this folder.
"""

from __future__ import annotations

from ganarium.cli.commands.base import on_run, verb
from ganarium.zoo import index

__all__ = ["explore"]


@verb(
    "explore",
    says="RUN WALK",
    about="walks of the latent: interpolate, arithmetic, invert and more",
    group="what a trained game does",
)
def explore(words: list[str]) -> int:
    """``ganarium explore RUN WALK [options]``.

    Raises:
        ValueError: if there is no such run, walk or option.
    """
    walks = {word.removeprefix("explore "): each for word, each in index.verbs().items() if " " in word}
    if not words or words[0] in ("-h", "--help") or words[1:2] in ([], ["-h"], ["--help"]):
        if {"-h", "--help"} & set(words):
            print("ganarium explore RUN WALK [options]\n")
            print("\n".join(f"  {name:<13}{walk.about}" for name, walk in walks.items()))
            print("\n`ganarium explore RUN WALK --help` lists the options of a walk.")
            return 0
        missing = "Which walk" if words else "Which run"
        raise ValueError(f"{missing}? `ganarium explore RUN WALK`; walks are {', '.join(walks)}.")
    run, name, *rest = words
    if name not in walks:
        raise ValueError(f"There is no walk '{name}'. {index.nearest(name, walks)}")
    from ganarium.cli.commands.on_runs import conditions

    walk = walks[name]
    return on_run(walk.call, [run, *rest], walk.word, conditions, walk.called)
