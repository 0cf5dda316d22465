"""What messages advise can be done: the options that they name are those of the command that says them."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from zoo import GAMES

import ganarium
from ganarium.cli.commands.base import on_run, perform
from ganarium.zoo import index

ROOT = Path(str(ganarium.__file__)).parent
OPTION = re.compile(r"(?<![\w-])--([a-z][a-z0-9_.-]*[a-z0-9])")
COMMAND = re.compile(r"ganarium ([a-z][a-z-]*)([^`\n]*)")
#: How a message says that another training would help.
ADVICE = re.compile(r"\b[Tt]rain with\b")
#: Options of every command, and those that stand for others.
ALWAYS = {"help", "version"}

#: By which commands the messages of shared modules are said, where they name options; all of a folder, or one file.
#: "train" also stands for advice to train otherwise, whoever gives it.
SPOKEN_BY = {
    "arguments/request.py": ["train", "compare", "doctor"],
    "cli/commands/checkup.py": ["doctor"],
    "cli/commands/diagnose.py": ["train"],
    "comparing/fairness.py": ["train"],
    "comparing": ["compare"],
    "data/axes.py": ["train", "compare"],
    "data/files/classes.py": ["train", "doctor", "compare"],
    "data/files/scan.py": ["train", "doctor", "compare"],
    "diagnosis": ["train"],
    "doctor": ["train", "doctor"],
    "data/ranges.py": ["train", "compare"],
    "games": ["train"],
    "metrics/inception.py": ["evaluate"],
    "metrics/judge.py": ["evaluate"],
    "nets": ["train"],
    "pages/quiz.py": ["quiz"],
    "pages/report.py": ["train"],
    "pages/zoo.py": ["train"],
    "proving": ["claim"],
    "running/checkpoint.py": ["train"],
    "running/evaluation.py": ["evaluate"],
    "running/fitting.py": ["resume"],
    "running/memory.py": ["train", "resume"],
    "running/records.py": ["train"],
    "running/run.py": ["evaluate", "quiz", "diagnose", "resume"],
    "running/settings.py": ["train"],
    "running/sources.py": ["resume"],
    "zoo/index.py": ["train", "compare", "evaluate"],
    "zoo/own/runs.py": ["show", "resume", "sample", "evaluate", "diagnose", "quiz"],
}


@dataclass(frozen=True)
class Message:
    """A string of the code that a person may read.

    Args:
        file: Where it stands, below the package.
        line: The line there.
        text: It, with an X for each value.
    """

    file: str
    line: int
    text: str


@cache
def messages() -> list[Message]:
    """All strings that name an option or a command; not docstrings, and not words that are options themselves."""
    return [each for file in sorted(ROOT.rglob("*.py")) for each in of_file(file) if is_message(each.text)]


def is_message(text: str) -> bool:
    return " " in text and bool(OPTION.search(text) or COMMAND.search(text))


def of_file(file: Path) -> Iterator[Message]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(inner) for inner in ast.walk(node)}
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        yield Message(file.relative_to(ROOT).as_posix(), node.lineno, text)


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> dict[str, set[str]]:
    """The options of each command, as its help lists them; of ``train``, of all games on all kinds of data."""
    place = tmp_path_factory.mktemp("options")
    (place / "photos").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        found = {word: listed(word, "--help") for word in index.verbs() if word != "train"}
        np.save("rows.npy", np.zeros((8, 2), dtype=np.float32))
        datas = ["digits", "ring", "./photos", "rows.npy"]
        found["train"] = {name for data in datas for name in listed("train", "gan", "--data", data, "--help")}
        found["train"] |= {name for game in GAMES for name in listed("train", game, "--help")}
    # What they take of `train`: `doctor GAME` all, `compare` the data's.
    of_data = {name for name in found["train"] if name.startswith("data.")}
    found["doctor"] |= found["train"]
    for word, verb in index.verbs().items():
        found[word] |= of_data if word == "compare" or verb.more == "of_data" else set()
    return found


def listed(word: str, *words: str) -> set[str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        found = index.verbs()[word]
        # A walk is called by the command above it.
        on_run(found.call, list(words), word, called=found.called) if " " in word else perform(found, list(words))
    return set(OPTION.findall(out.getvalue()))


def known(name: str, of: set[str]) -> bool:
    """Whether an option is there, by itself, negated, or as the member of a family that takes members."""
    if {name, name.removeprefix("no-")} & (of | ALWAYS) or any(other.startswith(f"{name}.") for other in of):
        return True
    family, dot, _ = name.partition(".")
    return bool(dot) and family in of and family != "data"


def lacking(message: Message, options: dict[str, set[str]]) -> str:
    """What a message advises that cannot be done where it is said; empty if all can."""
    names = OPTION.findall(COMMAND.sub("", message.text))
    place = next((place for place in SPOKEN_BY if message.file == place or message.file.startswith(f"{place}/")), None)
    if ADVICE.search(message.text):
        place = "diagnosis"
    if place is None:
        # A command's own file: it may hold several, of which one says it.
        own = set().union(*(options[v.word] for v in index.verbs().values() if v.module == module_of(message.file)))
        return ", ".join(f"--{name} of no command of this file" for name in names if not known(name, own))
    return ", ".join(
        f"`{word}` has no --{n}" for n in names for word in SPOKEN_BY[place] if not known(n, options[word])
    )


def module_of(file: str) -> str:
    return "ganarium." + file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def test_there_are_messages():
    assert len(messages()) > 60
    assert any("--data.split" in each.text for each in messages())


def test_every_command_that_a_message_names_is_there_and_has_the_options_beside_it(options):
    verbs = {word.split()[0] for word in index.verbs()}
    for each in messages():
        for word, rest in COMMAND.findall(each.text):
            if "`" not in each.text and not each.text.startswith("ganarium "):
                continue
            assert word in verbs, each
            wrong = [name for name in OPTION.findall(rest) if not known(name, options[word])]
            assert not wrong, (each, wrong)


def test_every_option_that_a_message_names_is_one_of_the_command_that_says_it(options):
    wrong = [
        f"{each.file}:{each.line}: {lack}: {each.text!r}" for each in messages() if (lack := lacking(each, options))
    ]
    assert not wrong, "\n".join(wrong)


def test_every_place_that_is_listed_still_speaks():
    files = {each.file for each in messages() if OPTION.search(each.text)}
    assert not [place for place in SPOKEN_BY if not any(f == place or f.startswith(f"{place}/") for f in files)]
