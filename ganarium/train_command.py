"""``ganarium train``: options from the game's signature, the loader's and the settings'."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import yaml

from ganarium import data as datasets
from ganarium import forms, index, options
from ganarium.forms import Misuse, Row
from ganarium.game import Game
from ganarium.randomness import mix, seeded
from ganarium.run import fit
from ganarium.settings import Settings
from ganarium.spec import Spec

__all__ = ["train"]

_COMMAND = [
    Row("data", str, "", "What to learn from: a name (`ganarium list data`), a path, or toy."),
    Row("out", str | None, None, "The run's folder; numbered under ./runs if left out."),
    Row("paper", bool, False, "The paper's own settings instead of the measured recipe."),
    Row("config", str | None, None, "A file of settings, such as a run's config.yaml; options given beside it win."),
    Row("stop_after", int | None, None, "Stop, and save, after so many rounds; `resume` goes on."),
    Row("quiet", bool, False, "Say nothing."),
]


def train(words: list[str]) -> int:
    """Run the command.

    Args:
        words: The words after ``ganarium train``: a game, then options.
    """
    config = _config(words)
    command = words.pop(0) if not words[0].startswith("-") else config["game"]["command"]
    game_class = index.game_class(command)
    program = f"ganarium train {command}"
    name = _first(words, "data") or _source(config).get("name", "")
    same = command == config.get("game", {}).get("command")
    written = {k: options.read(v) for k, v in config["game"]["options"].items()} if same else {}
    rows = _rows(game_class, name, config, written)
    answer = forms.fill(rows, words, program, inspect.getdoc(game_class).split("\n")[0])  # type: ignore[union-attr]
    if not name:
        raise Misuse(f"On what? `{program} --data DATA`; see `ganarium list data`, or --data toy.")
    settings = _settings(answer)
    toy = game_class.toy() if name == "toy" else None
    data = datasets.random(toy.spec) if toy else datasets.load(name, **_part(answer, "data"))
    if toy is not None:
        recipe = toy.arguments
    else:
        data.spec.require(game_class.needs, game_class.__name__)
        recipe = {} if answer["paper"] else game_class.recipe(data.spec)
    # The recipe is known only now that the data is: read the words again, with its numbers as defaults.
    answer = forms.fill(_rows(game_class, name, config, {**recipe, **written}), words, program, "")
    game = _build(game_class, data.spec, _part(answer, "game"), settings.seed)
    fit(game, data, settings, out=answer["out"], stop_after=answer["stop_after"], quiet=answer["quiet"])
    return 0


def _rows(game_class: type[Game], name: str, config: dict[str, Any], defaults: dict[str, Any]) -> list[Row]:
    """All options: of the command, the data, the settings and the game."""
    rows = list(_COMMAND)
    rows += [_named(row, "data") for row in _loader_rows(name, _source(config).get("options", {}))]
    written = {k: v for k, v in config.get("settings", {}).items() if k != "lr"}
    for row in forms.rows_of(Settings, written):
        if row.name == "lr":
            rates = config.get("settings", {}).get("lr", {})
            rows += [
                Row(
                    f"lr.{player}",
                    float | None,
                    rates.get(player),
                    f"The learning rate of the {player}.",
                    f"lr.{player}",
                )
                for player in _players(game_class)
            ]
        else:
            rows.append(Row(row.name, row.hint, row.default, row.help, {"batch_size": "batch"}.get(row.name, "")))
    taken = {row.option or row.name for row in rows}
    for row in forms.rows_of(game_class, defaults):
        if row.name in taken:
            raise TypeError(f"{game_class.__name__} has a keyword '{row.name}', which is an option of every run.")
        if row.name != "spec":
            rows.append(Row(f"game.{row.name}", row.hint, row.default, row.help, row.name))
    return rows


def _loader_rows(name: str, written: dict[str, Any]) -> list[Row]:
    if name not in index.loaders():
        return []
    rows = forms.rows_of(datasets.LOADERS[name].make, written)
    help = "Which part of the data."
    return [*rows, Row("split", forms.typing.Literal["all", "train", "test"], written.get("split", "all"), help)]


def _named(row: Row, group: str) -> Row:
    return Row(f"{group}.{row.name}", row.hint, row.default, row.help, f"{group}.{row.name}")


def _part(answer: dict[str, Any], group: str) -> dict[str, Any]:
    return {name.removeprefix(f"{group}."): value for name, value in answer.items() if name.startswith(f"{group}.")}


def _settings(answer: dict[str, Any]) -> Settings:
    known = {row.name for row in forms.rows_of(Settings)}
    rates = {player: rate for player, rate in _part(answer, "lr").items() if rate is not None}
    return Settings(**{name: value for name, value in answer.items() if name in known}, lr=rates)


def _players(game_class: type[Game]) -> list[str]:
    stages = game_class.toy().stages()
    return list(dict.fromkeys(player.name for stage in stages for player in stage.players))


def _build(game_class: type[Game], spec: Spec, keywords: dict[str, Any], seed: int) -> Game:
    """The game, its first weights a function of the seed."""
    import torch

    with seeded(torch.device("cpu"), mix(seed, 0)):
        return game_class(spec, **keywords)  # type: ignore[arg-type]


def _config(words: list[str]) -> dict[str, Any]:
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


def _first(words: list[str], option: str) -> str | None:
    """The word after an option."""
    found = forms.words_after(words, option)
    return found[0] if found else None
