"""``ganarium train``: options from the game's signature, the loader's and the settings'."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ganarium import data as datasets
from ganarium import forms, index, options
from ganarium.data.progress import silent
from ganarium.fitting import fit
from ganarium.forms import Misuse, Row
from ganarium.game import Game
from ganarium.randomness import mix, seeded
from ganarium.records import find, read_config
from ganarium.settings import Settings
from ganarium.spec import Spec

__all__ = ["train"]

_COMMAND = [
    Row("data", str, "", "What to learn from: a name (`ganarium list data`), a path, or toy."),
    Row("out", str | None, None, "The run's folder; numbered under ./runs if left out."),
    Row("paper", bool, False, "The paper's own settings instead of the measured recipe."),
    Row("config", str | None, None, "A file of settings, such as a run's config.yaml; options given beside it win."),
    Row("origin", str | None, None, "A run to begin with: its game's options, and its networks that fit.", "from"),
    Row("stop_after", int | None, None, "Stop, and save, after so many rounds; `resume` goes on."),
    Row("quiet", bool, False, "Say nothing."),
]


def train(words: list[str]) -> int:
    """Run the command.

    Args:
        words: The words after ``ganarium train``: a game, then options.
    """
    config, origin = _config(words), _first(words, "from")
    if origin is not None:
        config = {"game": read_config(find(origin))["game"], **config}
    command = words.pop(0) if not words[0].startswith("-") else config["game"]["command"]
    game_class = index.game_class(command)
    program = f"ganarium train {command}"
    name = _first(words, "data") or _source(config).get("name", "")
    same = command == config.get("game", {}).get("command")
    written = {k: options.read(v) for k, v in config["game"]["options"].items()} if same else {}
    run_rows, game_rows = _run_rows(game_class, name, config, {}), _game_rows(game_class, written)
    about = (inspect.getdoc(game_class) or "").split("\n")[0]
    if {"-h", "--help"} & set(words):
        forms.fill([*run_rows, *game_rows], words, program, about)
    # The game's defaults depend on the data, and so the words are read twice: for the data, then for the game.
    answer = forms.fill(run_rows, words, program, about, later=game_rows)
    if not name:
        raise Misuse(f"On what? `{program} --data DATA`; see `ganarium list data`, or --data toy.")
    pace: dict[str, Any] = {}
    if name == "toy":
        toy = game_class.toy()
        data, recipe = datasets.random(toy.spec), toy.arguments
    else:
        with silent(answer["quiet"]):
            data = datasets.load(name, **_part(answer, "data"))
        data.spec.require(game_class.needs, game_class.__name__)
        recipe = {} if answer["paper"] else game_class.recipe(data.spec)
        pace = {} if answer["paper"] else game_class.pace(data.spec)
    run_rows = _run_rows(game_class, name, config, pace)
    settings = _settings(forms.fill(run_rows, words, program, about, later=game_rows))
    game_rows = _game_rows(game_class, {**recipe, **written})
    keywords = forms.fill(game_rows, words, program, about, later=run_rows)
    game = _build(game_class, data.spec, _part(keywords, "game"), settings.seed)
    session = {name: answer[name] for name in ("out", "stop_after", "quiet")}
    fit(game, data, settings, origin=origin, **session)
    return 0


def _run_rows(game_class: type[Game], name: str, config: dict[str, Any], pace: Mapping[str, Any]) -> list[Row]:
    """The options of the command, the data and the settings; what a config says wins over the measured pace."""
    rows = [*_COMMAND, *(_named(row, "data") for row in _loader_rows(name, _source(config).get("options", {})))]
    written = {**pace, **config.get("settings", {})}
    for row in forms.rows_of(Settings, {k: v for k, v in written.items() if k != "lr"}):
        if row.name == "lr":
            for player in _players(game_class):
                rate, help = written.get("lr", {}).get(player), f"The learning rate of the {player}."
                rows.append(_named(Row(player, float | None, rate, help), "lr"))
        else:
            rows.append(Row(row.name, row.hint, row.default, row.help, {"batch_size": "batch"}.get(row.name, "")))
    return rows


def _game_rows(game_class: type[Game], defaults: dict[str, Any]) -> list[Row]:
    """The options of the game's constructor."""
    rows = [row for row in forms.rows_of(game_class, defaults) if row.name != "spec"]
    return [Row(f"game.{row.name}", row.hint, row.default, row.help, row.name) for row in rows]


def _loader_rows(name: str, written: dict[str, Any]) -> list[Row]:
    """The options of the data: the loader's, or a file's; and which part of it."""
    if not name or name == "toy":
        return []
    rows = forms.rows_of(datasets.maker(name), written)
    rows = [row for row in rows if row.name not in ("x", "y", "fields", "path")]
    parts = [row for row in forms.rows_of(datasets.load, written) if row.name in ("split", "labels")]
    return rows + parts


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
