"""Real or fake? A page that shows data and samples one by one, and counts how often a person errs.

Where the two cannot be told apart, a person errs half of the time; an error rate of a half within its interval (Wilson)
is what a generator could hope for, from this person, at this size and in this time. As many pictures are real as are
fake; both are drawn by the seed and none is chosen; both are encoded alike, in files of the same length.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganarium import data as datasets
from ganarium.files import write_whole
from ganarium.game import Samples, Translates, evaluating
from ganarium.pages.page import Markup, element, page, paragraph, picture_address, table
from ganarium.pictures import tiles
from ganarium.randomness import mix, seeded
from ganarium.running import checkpoint
from ganarium.running.run import Run, data_of
from ganarium.spec import Field, Spec
from ganarium.zoo import index

__all__ = ["Quiz", "make_quiz", "unlock", "write_quiz"]

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Quiz:
    """What a quiz is made of.

    Args:
        count: How many pictures; half of them are real.
        seed: What the choice of data, the samples and their order follow from.
        data: What is real: a name or a path; empty: what the run was trained on.
        split: Which part of it; empty: the test part for a run that was trained on the train part, else all it saw.
        seconds: How long each picture can be seen; None: until it is answered.
    """

    count: int = 24
    seed: int = 0
    data: str = ""
    split: str = ""
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.count < 2 or self.count % 2:
            raise ValueError(f"Half of a quiz's pictures are real: count is even, 2 or more; got {self.count}.")
        if self.seconds is not None and not (self.seconds > 0 and math.isfinite(self.seconds)):
            raise ValueError(f"A picture is seen for some time: seconds is above zero; got {self.seconds}.")
        if self.split not in ("", "all", "train", "test"):
            raise ValueError(f"split is all, train or test; got {self.split!r}.")
        if self.seed < 0:
            raise ValueError(f"seed is not negative; got {self.seed}.")


def write_quiz(run: Run, quiz: Quiz, out: Path | None = None) -> Path:
    """Write a quiz on a run's samples.

    Args:
        run: The run, with its averaged networks.
        quiz: What it is made of.
        out: Where to; ``quiz.html`` in the run's folder if left out.

    Returns:
        Where it is.
    """
    out = out or run.path / "quiz.html"
    text = make_quiz(run, quiz)
    write_whole(out, lambda file: file.write(text.encode()))
    return out


def make_quiz(run: Run, quiz: Quiz) -> str:
    """A quiz as HTML.

    Raises:
        ValueError: if the game makes nothing that is looked at one by one, or there is too little data.
    """
    field = _field(run)
    data, origin = _data(run, quiz)
    real, fake = _pairs(run, quiz, data)
    both = tiles.tiles(torch.cat([real, fake]), field, 1 if field.kind == "image" else None)
    order = torch.randperm(quiz.count, generator=torch.Generator().manual_seed(mix(quiz.seed, 1))).tolist()
    # Not compressed: all files have the same length, which tells nothing.
    shown = [picture_address(tiles.image_of(both[place]), compress_level=0) for place in order]
    return _page(run, quiz, origin, shown, [place < quiz.count // 2 for place in order])


def unlock(text: str, key: str) -> list[bool]:
    """Which pictures are real, from what is locked in a page.

    Example:
        >>> unlock(*_locked([True, False, True], seed=0))
        [True, False, True]
    """
    locked, keys = base64.b64decode(text), base64.b64decode(key)
    return [bool((byte ^ keys[place % len(keys)]) & 1) for place, byte in enumerate(locked)]


def _locked(truth: Sequence[bool], seed: int) -> tuple[str, str]:
    """Answers that a glance at the page's source does not give away, and their key. This is no secret."""
    generator = torch.Generator().manual_seed(mix(seed, 2))
    keys, noise = (torch.randint(256, (len(truth),), generator=generator).tolist() for _ in range(2))
    locked = bytes((noise_ & 0xFE | real) ^ key for real, key, noise_ in zip(truth, keys, noise, strict=True))
    return base64.b64encode(locked).decode(), base64.b64encode(bytes(keys)).decode()


def _field(run: Run) -> Field:
    """What is looked at: samples, or translations to ``b``."""
    game = run.game
    if isinstance(game, Samples):
        field = run.spec["x"]
    elif isinstance(game, Translates) and "b" in game.targets:
        field = run.spec["b"]
    else:
        able = ", ".join(
            {**dict.fromkeys(index.with_ability("sample")), **dict.fromkeys(index.with_ability("translate"))}
        )
        raise ValueError(f"{type(game).__name__} makes nothing to compare with data. These games do: {able}.")
    if field.kind not in tiles.KINDS:
        raise ValueError(
            f"A quiz shows samples one by one: {', '.join(tiles.KINDS[:-1])} or {tiles.KINDS[-1]}; "
            f"this run makes {field.kind}, of which one alone tells little."
        )
    return field


def _data(run: Run, quiz: Quiz) -> tuple[Any, str]:
    """What is real, and in words where it comes from."""
    if quiz.data:
        name = "x" if isinstance(run.game, Samples) else "b"
        seen = Spec({name: run.spec[name]})
        data = datasets.like(quiz.data, seen, split=quiz.split or "all")  # type: ignore[arg-type]
        return data, f"{data}; whether the run saw it is not known here"
    source = run.config["data"]
    if source is None:
        raise ValueError("This run was trained on data that has no name. Say what is real with --data.")
    trained = source.get("options", {}).get("split", "all")
    split = quiz.split or ("test" if trained == "train" else trained)
    if source["name"] == "toy":
        return data_of(run.config), "random numbers, which the run was trained on"
    changed = {**source, "options": {**source.get("options", {}), "split": split, "labels": None}}
    data = data_of({**run.config, "data": changed})
    unseen = (trained, split) in (("train", "test"), ("test", "train"))
    return data, f"{data}; {'held out in training' if unseen else 'the run was trained on these or some of them'}"


def _pairs(run: Run, quiz: Quiz, data: Any) -> tuple[Tensor, Tensor]:
    """As many real as generated samples, by the seed."""
    game, half = run.game, quiz.count // 2
    generator = torch.Generator().manual_seed(mix(quiz.seed, 0))
    order = torch.randperm(len(data), generator=generator)
    if isinstance(game, Samples):
        batch = _gathered(run, data, order[:half], half, "x")
        given = {name: batch[name] for name in game.conditions if name in batch and not (batch[name] < 0).any()}
        return batch["x"], run.sample(half, seed=quiz.seed, units="game", **given)
    # Others than the real ones where there are enough, or a pair would be seen twice.
    real = _gathered(run, data, order[:half], half, "b")["b"]
    inputs = _gathered(run, data, order[-half:], half, "a")["a"]
    with evaluating(game), torch.no_grad(), seeded(game.device, mix(quiz.seed, 3)):
        translated = [game.translate(part.to(game.device), "b").cpu() for part in inputs.split(64)]  # type: ignore[attr-defined]
    return real, torch.cat(translated)


def _gathered(run: Run, data: Any, places: Tensor, half: int, field: str) -> dict[str, Tensor]:
    needed, given = run.spec[field], data.spec.get(field)
    if given is None or given.shape != needed.shape:
        raise ValueError(f"The run plays on '{field}' of {needed}; this data has {given or 'no such field'}.")
    if len(places) < half:
        raise ValueError(
            f"A quiz of {2 * half} takes {half} real samples; {data.name} has {len(data)}. Ask for fewer by --count."
        )
    return {name: value.cpu() for name, value in data.gather(places).items()}


def _page(run: Run, quiz: Quiz, origin: str, shown: Sequence[str], truth: Sequence[bool]) -> str:
    answers, key = _locked(truth, quiz.seed)
    facts = json.dumps({"answers": answers, "key": key, "seconds": quiz.seconds})
    script = f"const QUIZ = {facts};\n" + (_HERE / "quiz.js").read_text(encoding="utf-8")
    rounds = checkpoint.rounds(run.path / "checkpoints")
    average = "averaged networks" if run.config["settings"]["average"] > 0 else "networks"
    about = {
        "fake": f"{run.config['game']['command']}, run {run.path.name}, {average} after round {rounds[-1]:,}",
        "real": origin,
        "seed": f"{quiz.seed}; no picture was chosen",
    }
    hidden = element("div", *(Markup(f'<img src="{each}" alt="">') for each in shown), id="pictures", hidden="")
    parts = [_start(quiz), _ask(), _end(), hidden, table(list(about.items()))]
    style = (_HERE / "quiz.css").read_text(encoding="utf-8")
    return page("Real or fake?", *parts, style=style, script=script)


def _start(quiz: Quiz) -> Markup:
    time = "" if quiz.seconds is None else f" Each is seen for {quiz.seconds:g} s; the answer can wait."
    text = f"{quiz.count} pictures, half of them real and half generated, one after another.{time}"
    keys = "Keys: R or the left arrow for real, F or the right arrow for fake."
    return element("div", paragraph(text), paragraph(keys), element("button", "Start", id="go"), id="start")


def _ask() -> Markup:
    picture = Markup('<img id="picture" alt="real or fake?">')
    buttons = [element("button", "Real", id="real"), element("button", "Fake", id="fake")]
    return element("div", element("p", id="count"), picture, *buttons, id="ask", hidden="")


def _end() -> Markup:
    result = element("div", element("table", element("tbody", id="result")), class_="wide")
    fooled = [
        paragraph("What was taken for what it is not:"),
        element("div", id="fooled"),
        element("p", "Nothing.", id="none"),
    ]
    note = paragraph("One person, one sitting. Who has seen the answers knows more the next time.")
    return element("div", result, *fooled, note, element("button", "Again", id="again"), id="end", hidden="")
