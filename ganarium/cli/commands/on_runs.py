"""``ganarium resume``, ``sample`` and ``runs``: what is done with runs on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ganarium.cli.commands.base import as_json, table, verb
from ganarium.cli.commands.loading import chosen, of_data

__all__ = ["classes", "conditions", "of_data", "resume", "runs", "sample", "value"]


@verb("resume", says="RUN", about="go on where a run was stopped", group="playing", takes="run", more="of_data")
def resume(
    run: str,
    rounds: int | None = None,
    stop_after: int | None = None,
    quiet: bool = False,
    checkpoint: str = "latest",
    data: str = "",
    other_data: bool = False,
    **loading: Any,
) -> int:
    """Go on where a run was stopped.

    Args:
        run: The run's folder, or its name under ./runs.
        rounds: A new length, for a run that is to go on longer than was planned.
        stop_after: Stop, and save, after so many rounds.
        quiet: Say nothing.
        checkpoint: Where to go on from: latest, best, or a round.
        data: Where the data is now, if it was moved; it is read with the run's own options.
        other_data: Go on also if the data are not those that the run began with.
    """
    from ganarium.running import fitting

    fitting.resume(
        run,
        rounds=rounds,
        data=data or None,
        other_data=other_data,
        stop_after=stop_after,
        quiet=quiet,
        checkpoint=checkpoint,
        **chosen(loading),
    )
    return 0


@verb(
    "sample",
    says="RUN --out FILE",
    about="draw samples: x.png, x.npz or a folder",
    group="what a trained game does",
    takes="run",
    more="conditions",
)
def sample(
    run: str,
    count: int = 64,
    seed: int | None = None,
    out: Path = Path("samples.png"),
    weights: Literal["average", "last"] = "average",
    checkpoint: str = "latest",
    **condition: str | None,
) -> int:
    """Draw samples from a run.

    Args:
        run: The run's folder, or its name under ./runs.
        count: How many samples.
        seed: Makes the samples a function of this number.
        out: Where to: x.png (a grid), x.npz (an array "x" of images in [-1, 1], or of points in the data's units),
            or a folder (a file for each).
        weights: The averaged networks, or those of the last round.
        checkpoint: Of which checkpoint: latest, best, or a round.
    """
    from ganarium import pictures
    from ganarium.running import run as runs

    loaded = runs.load(run, weights=weights, checkpoint=checkpoint)
    fields = getattr(loaded.game, "conditions", {})
    asked = {name: value(text, fields.get(name)) for name, text in condition.items() if text is not None}
    samples = loaded.sample(count, seed=seed, units="game", **asked)
    pictures.write_samples(samples, loaded.spec["x"], out)
    print(f"{count} samples in {out}")
    for note in runs.drawn_evenly(loaded.game, asked):
        print(f"  {note}")
    return 0


def conditions(run: str, words: Sequence[str] = ()) -> list[Any]:
    """What samples of a run can be asked to have, as options."""
    from ganarium.arguments.forms import Row
    from ganarium.running import run as runs

    found = getattr(runs.Run(run).game, "conditions", {})
    called: dict[str, str] = {"y": "label"}
    return [
        Row(name, str | None, None, f"What samples are to have: {_said(field)}.", called.get(name) or str(name))
        for name, field in found.items()
    ]


def _said(field: Any) -> str:
    """A condition, and what its classes are called."""
    from ganarium.spec import some

    return f"{field}: {some(field.called)}" if field.kind == "label" else str(field)


def value(text: str, field: Any = None) -> Any:
    """What was asked for: names of classes, numbers where the words are numbers, else the words."""
    if field is not None and field.kind == "label":
        return classes(text, field)
    try:
        numbers = [float(word) for word in text.replace(",", " ").split()]
    except ValueError:
        return text
    numbers = [int(number) if number.is_integer() else number for number in numbers]
    return numbers[0] if len(numbers) == 1 else numbers


def classes(text: str, field: Any) -> str | list[str]:
    """The name of a class, or several names with commas between them."""
    names = [text] if text in field.called else [word.strip() for word in text.split(",")]
    return names[0] if len(names) == 1 else names


@verb("runs", about="the runs in ./runs", group="playing", takes="options")
def runs(folder: Path = Path("runs"), json: bool = False) -> int:
    """List the runs in a folder.

    Args:
        folder: Where to look.
        json: Print JSON.
    """
    from ganarium.running import run as runs

    rows = [runs.Run(path).row() for path in runs.runs(folder)]
    if json:
        print(as_json(rows))
    elif rows:
        table(rows)
    else:
        print(f"There are no runs in {folder}.")
    return 0
