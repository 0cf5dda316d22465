"""What ``ganarium doctor`` says: what data is like, and what a run on it would take, before anything is learned."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganarium import data as datasets
from ganarium import pictures
from ganarium.arguments import forms
from ganarium.arguments.forms import Row
from ganarium.arguments.misuse import Misuse
from ganarium.arguments.request import GAME, Request, loader_rows
from ganarium.cli.commands.base import NARROWEST, as_json
from ganarium.data.files.examine import examined
from ganarium.data.files.scan import Scan
from ganarium.data.loading import is_folder
from ganarium.doctor.forecast import Forecast, forecast
from ganarium.doctor.risks import risks
from ganarium.files import at_home
from ganarium.game import Game
from ganarium.running.gallery import SEEN, seen
from ganarium.running.settings import Settings
from ganarium.terminal.output import is_terminal
from ganarium.terminal.progress import silent

__all__ = ["Checkup", "of_data", "with_game"]

_COMMAND = [
    Row("out", str | None, None, f"The folder that {SEEN} is written into; the current one if left out."),
    Row("json", bool, False, "Print JSON, every file named."),
]
_ABOUT = "Say what of the data is used, converted and skipped, and why."


@dataclass
class Checkup:
    """What there is to say before a start.

    Args:
        data: The data, in a line; empty if none can be used.
        scan: What was found in a folder; None for other data.
        forecast: What the run would take; None without a game, or if it cannot start.
        risks: What is likely to go wrong, a sentence each.
        refused: Why training would not start, a text each.
        picture: Where the picture is of what the discriminator sees, or why there is none.
    """

    data: str = ""
    scan: Scan | None = None
    forecast: Forecast | None = None
    risks: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    picture: str = ""

    def plain(self) -> dict[str, Any]:
        """It as plain values."""
        return {
            **vars(self),
            "scan": self.scan and self.scan.plain(),
            "forecast": self.forecast and self.forecast.plain(),
        }

    def lines(self) -> list[tuple[str, str]]:
        """What follows the table, each with what it is about."""
        return [
            *([("data", self.data)] if self.data else []),
            *(self.forecast.lines().items() if self.forecast else ()),
            *(("take care", sentence) for sentence in self.risks),
            *(("refused", text) for text in self.refused),
            ("picture", self.picture),
        ]

    def show(self, json: bool) -> int:
        """Print it; 1 if training would refuse, else 0."""
        if json:
            print(as_json(self.plain()))
            return int(bool(self.refused))
        if self.scan is not None:
            _show_table(self.scan)
        for name, text in self.lines():
            first, *more = text.splitlines()
            print(f"{name:<12}{first}")
            for line in more:
                print(f"{'':<12}{line}")
        return int(bool(self.refused))


def of_data(words: list[str]) -> int:
    """Run the command on data alone.

    Args:
        words: The words after ``ganarium doctor``: a name or path, then options; with or without ``data.`` before them.
    """
    name, rest = words[0], [word.replace("--data.", "--", 1) if word[:2] == "--" else word for word in words[1:]]
    rows = loader_rows(name, {})
    answer = forms.fill([*_COMMAND, *rows], rest, f"ganarium doctor {name}", _ABOUT)
    _check_place(name, answer["out"])
    with silent(answer["json"]):
        data, checkup = _looked_at(name, {row.name: answer[row.name] for row in rows})
    if data is not None:
        checkup.picture = _picture(name, answer["out"], data, None, {})
    return checkup.show(answer["json"])


def with_game(words: list[str]) -> int:
    """Run the command on a game and data.

    Args:
        words: The words after ``ganarium doctor``: a game, data, then the options of ``ganarium train``.
    """
    if len(words) > 1 and not words[1].startswith("-"):
        words = [words[0], "--data", *words[1:]]
    request = Request(words, "doctor", [*GAME, *_COMMAND])
    out = request.answer["out"]
    _check_place(request.name, out)
    with silent(request.answer["json"]):
        if request.name == "toy":
            data: Any = request.data()
            checkup = Checkup(str(data))
        else:
            data, checkup = _looked_at(request.name, request.loading)
    if data is not None:
        settings = request.settings(data)
        game = _tried(request, data, settings, checkup)
        how = {"batch_size": settings.batch_size, "seed": settings.seed}
        checkup.picture = _picture(request.name, out, data, game, how)
    return checkup.show(request.answer["json"])


def _tried(request: Request, data: Any, settings: Settings, checkup: Checkup) -> Game | None:
    """The game, after a short trial; None if it cannot be made. What was found out is noted."""
    game = None
    try:
        game = request.game(data)
        data.batches(settings.batch_size)
        checkup.forecast = forecast(game, data, settings)
        checkup.risks = risks(game, data, settings, checkup.forecast)
    except Misuse:
        raise
    except ValueError as error:
        checkup.refused.append(str(error))
    return game


def _looked_at(name: str, options: dict[str, Any]) -> tuple[Any, Checkup]:
    """The data, None if none can be used, and what was found."""
    if not is_folder(name):
        data = datasets.load(name, **options)
        return data, Checkup(str(data))
    scan, data = examined(name, **options)
    refused = [scan.refusal] if scan.refusal else []
    return data, Checkup("" if data is None else str(data), scan, refused=refused, picture="none, for want of images")


def _check_place(name: str, out: str | None) -> None:
    """Raise if a picture was asked for where it would become part of the data.

    Raises:
        ValueError: saying so.
    """
    if out is not None and _among(name, out):
        raise ValueError(f"{SEEN} in {out} would become part of the data itself. Name a folder outside of it.")


def _among(name: str, out: str) -> bool:
    """Whether a folder is the data's, or below it."""
    path = at_home(name.removeprefix("folder:")).resolve()
    return is_folder(name) and Path(out).resolve().is_relative_to(path)


def _picture(name: str, out: str | None, data: Any, game: Game | None, how: Mapping[str, int]) -> str:
    """Draw what the discriminator sees, and say where, or why not."""
    if out is None and _among(name, "."):
        return f"none, for {SEEN} in the current folder would become part of the data. Say --out DIR."
    image = seen(data, game, **how)
    if image is None:
        return "none, for there are no pictures of such data"
    path = Path(out or ".", SEEN)
    pictures.save(image, path)
    return f"{path}: batches as the {'discriminator gets' if game else 'data deals'} them"


def _show_table(scan: Scan) -> None:
    """The table of a scan: in colour on a terminal, else in plain text."""
    if not is_terminal(sys.stdout):
        print(scan.table())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    styles = {"skipped": "red", "used, noted": "yellow", "converted": "cyan"}
    for name in ("", "files", "what", "such as"):
        table.add_column(name, overflow="fold", justify="right" if name == "files" else "left")
    for row in scan.rows():
        table.add_row(Text(row.group, styles.get(row.group, "")), f"{row.count:,}", Text(row.what), Text(row.names))
    console = Console(width=max(Console().width, NARROWEST))
    console.print(scan.title, style="bold", markup=False, highlight=False)
    console.print(table)
    for note in scan.notes:
        console.print(note, markup=False, highlight=False)
