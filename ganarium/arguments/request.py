"""What a command line asks for: options from the game's signature, the loader's and the settings'."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from ganarium import data as datasets
from ganarium.arguments import forms
from ganarium.arguments.forms import Row
from ganarium.arguments.misuse import Misuse
from ganarium.game import Game
from ganarium.randomness import mix, seeded
from ganarium.running.records import find, read_config
from ganarium.running.settings import Settings
from ganarium.zoo import index, options

__all__ = ["GAME", "Request", "loader_rows", "part"]

#: The options that say which game and data a command is about.
GAME = [
    Row("data", str, "", "What to learn from: a name (`ganarium list data`), a path, or toy."),
    Row("paper", bool, False, "The paper's own settings instead of the measured recipe, its batches and averages too."),
    Row("config", str | None, None, "A file of settings, such as a run's config.yaml; options given beside it win."),
    Row("origin", str | None, None, "A run to begin with: its game's options, and its networks that fit.", "from"),
]


class Request:
    """What a command line asks for: a game, data, and how to play.

    The data's options depend on its name, and the game's and the run's defaults on the data: :meth:`data`, then
    :meth:`game` and :meth:`settings` read the words in that order.

    Args:
        words: A game, unless a config names it; then options.
        verb: The command, for messages.
        rows: The command's own options.

    Raises:
        Misuse: if an option is unknown, or its value does not fit.
    """

    def __init__(self, words: Sequence[str], verb: str, rows: Sequence[Row]):
        self._words, self._config = list(words), _config(words)
        self.origin = _first(words, "from")
        if self.origin is not None:
            self._config = {"game": read_config(find(self.origin))["game"], **self._config}
        named = not self._words[0].startswith("-")
        written = self._config.get("game", {})
        self.word = self._words.pop(0) if named else written.get("command", "")
        self.game_class = index.game_class(self.word) if named else index.class_of(written)
        self.name = _first(words, "data") or _source(self._config).get("name", "")
        same = self.game_class.__name__ == written.get("class")
        self._written = {k: options.read(v) for k, v in written["options"].items()} if same else {}
        rows = [_about_paper(row, self.game_class) for row in rows]
        self._own, self._rows = rows, [*rows, *_run_rows(self.game_class, self.name, self._config, {})]
        self._program = f"ganarium {verb} {self.word}"
        self._about = (inspect.getdoc(self.game_class) or "").split("\n")[0]
        game_rows = self._game_rows(self._written)
        if {"-h", "--help"} & set(words):
            forms.fill([*self._rows, *game_rows], self._words, self._program, self._about)
        #: The options of the command, the data and the settings.
        self.answer = forms.fill(self._rows, self._words, self._program, self._about, later=game_rows)
        if not self.name:
            where = "--data DATA" if verb == "train" else "DATA"
            raise Misuse(f"On what? `{self._program} {where}`; see `ganarium list data`, or {where[:-4]}toy.")
        self._toy = self.game_class.toy() if self.name == "toy" else None

    @property
    def loading(self) -> dict[str, Any]:
        """The options of the data."""
        return part(self.answer, "data")

    def data(self) -> Any:
        """The data; random data for a toy."""
        if self._toy:
            datasets.mention(self.name)
            return datasets.random(self._toy.spec)
        return datasets.load(self.name, **self.loading)

    def settings(self, data: Any) -> Settings:
        """How to play on this data: at the measured pace, or the paper's, but for what is asked."""
        known = self.game_class.paper.run if self.answer["paper"] else self.game_class.pace(data.spec)
        pace = {} if self._toy else known
        rows = [*self._own, *_run_rows(self.game_class, self.name, self._config, pace)]
        later = self._game_rows(self._written)
        return _settings(forms.fill(rows, self._words, self._program, self._about, later=later))

    def game(self, data: Any) -> Game:
        """The game for this data, its first weights a function of the seed.

        Raises:
            ValueError: if the data lacks what the game needs, or the game cannot be made of it.
        """
        import torch

        data.spec.require(self.game_class.needs, self.game_class.__name__)
        recipe = self._toy.arguments if self._toy else {} if self.answer["paper"] else self.game_class.recipe(data.spec)
        rows = self._game_rows({**recipe, **self._written})
        keywords = forms.fill(rows, self._words, self._program, self._about, later=self._rows)
        with seeded(torch.device("cpu"), mix(self.answer["seed"], 0)):
            return self.game_class(data.spec, **part(keywords, "game"))

    def _game_rows(self, defaults: Mapping[str, Any]) -> list[Row]:
        """The options of the game's constructor; one that is called as another of the command is ``--game.<name>``."""
        taken = {"help", *(row.option or row.name for row in self._rows)}
        rows = [row for row in forms.rows_of(self.game_class, defaults) if row.name != "spec"]
        names = {row.name: f"game.{row.name}" if row.name in taken else row.name for row in rows}
        return [Row(f"game.{row.name}", row.hint, row.default, row.help, names[row.name]) for row in rows]


def _about_paper(row: Row, game_class: type[Game]) -> Row:
    """An option's row; that of ``--paper`` says what this game's paper has."""
    known = row.name == "paper" and game_class.paper.run
    return replace(row, help=f"{row.help} It has {game_class.paper.run_in_words}.") if known else row


def _run_rows(game_class: type[Game], name: str, config: dict[str, Any], pace: Mapping[str, Any]) -> list[Row]:
    """The options of the data and the settings; what a config says wins over the measured pace."""
    rows = [*(_named(row, "data") for row in loader_rows(name, _source(config).get("options", {})))]
    written = {**pace, **config.get("settings", {})}
    for row in forms.rows_of(Settings, {k: v for k, v in written.items() if k != "lr"}):
        if row.name == "lr":
            for player in _players(game_class):
                rate, help = written.get("lr", {}).get(player), f"The learning rate of the {player}."
                rows.append(_named(Row(player, float | None, rate, help), "lr"))
        else:
            rows.append(Row(row.name, row.hint, row.default, row.help, {"batch_size": "batch"}.get(row.name, "")))
    return rows


def loader_rows(name: str, written: dict[str, Any]) -> list[Row]:
    """The options of the data: the loader's, or a file's; and which part of it."""
    if not name or name == "toy":
        return []
    rows = forms.rows_of(datasets.maker(name), written)
    rows = [row for row in rows if row.name not in ("x", "y", "fields", "path")]
    parts = [row for row in forms.rows_of(datasets.load, written) if row.name in ("split", "labels")]
    return rows + parts


def _named(row: Row, group: str) -> Row:
    return Row(f"{group}.{row.name}", row.hint, row.default, row.help, f"{group}.{row.name}")


def part(answer: dict[str, Any], group: str) -> dict[str, Any]:
    """The options of a group, by their own names."""
    return {name.removeprefix(f"{group}."): value for name, value in answer.items() if name.startswith(f"{group}.")}


def _settings(answer: dict[str, Any]) -> Settings:
    known = {row.name for row in forms.rows_of(Settings)}
    rates = {player: rate for player, rate in part(answer, "lr").items() if rate is not None}
    return Settings(**{name: value for name, value in answer.items() if name in known}, lr=rates)


def _players(game_class: type[Game]) -> list[str]:
    stages = game_class.toy().stages()
    return list(dict.fromkeys(player.name for stage in stages for player in stage.players))


def _config(words: Sequence[str]) -> dict[str, Any]:
    """The file that ``--config`` names, or nothing."""
    path = _first(words, "config")
    if path is None:
        return {}
    try:
        config = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise Misuse(f"The config {path} cannot be read: {error}") from None
    if not isinstance(config, dict) or not {"game", "data", "settings"} & set(config):
        raise Misuse(f"{path} is no config: it has none of game, data, settings. A run's config.yaml is an example.")
    return config


def _source(config: dict[str, Any]) -> dict[str, Any]:
    return config.get("data") or {}


def _first(words: Sequence[str], option: str) -> str | None:
    """The word after an option."""
    found = forms.words_after(list(words), option)
    return found[0] if found else None
