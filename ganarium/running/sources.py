"""The data of a run, taken back from wherever it is: moved, read with other options, or given."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from typing import Any

from ganarium import data as datasets
from ganarium.running.run import check_spec

__all__ = ["taken_back", "with_options"]


def taken_back(
    config: Mapping[str, Any], what: Any, other: bool = False, loading: Mapping[str, Any] | None = None
) -> Any:
    """Data that somebody gives for a run: where it is now, or itself.

    Args:
        config: The run's config.
        what: A path, which is read with the run's own options, or anything that :func:`ganarium.data.load` takes.
        other: Whether it may be other data than the run began with.
        loading: Options of the data that are to be others than the run's.

    Raises:
        ValueError: if the game cannot play on it, or it is other data and may not be.
    """
    data = _loaded(config["data"], what, loading or {})
    check_spec(config, data)
    why = "" if other else _otherness(config, data)
    if why:
        where = what if isinstance(what, str | os.PathLike) else data.name
        raise ValueError(
            f"The data in {where} are not those that the run began with: {why}.\nTo go on with "
            "them all the same, say --other-data (in Python other_data=True)."
        )
    return data


def with_options(config: Mapping[str, Any], loading: Mapping[str, Any] | None) -> dict[str, Any]:
    """A run's config with other options of its data.

    Args:
        config: The config.
        loading: The options that are to be others.
    """
    source = config["data"]
    if not loading or source is None:
        return dict(config)
    return {**config, "data": {**source, "options": {**source.get("options", {}), **loading}}}


def _loaded(source: Mapping[str, Any] | None, what: Any, loading: Mapping[str, Any]) -> Any:
    """Data from a path or name, with the options of the run's source if it takes them; anything else as it is."""
    if source is None or source["name"] == "toy" or not isinstance(what, str | os.PathLike):
        return datasets.load(what, **loading)
    place, options = os.fspath(what), source.get("options", {})
    known = {"split", "labels", *inspect.signature(datasets.maker(place)).parameters}
    if not known >= options.keys():
        return datasets.load(place, **loading)
    return datasets.from_source({"name": place, "options": {**options, **loading}})


def _otherness(config: Mapping[str, Any], data: Any) -> str:
    """Why data are not those that a run began with, as far as that is known; empty if they are."""
    then, source = config.get("ran_with", {}), config["data"] or {}
    files = then.get("files") or source.get("fingerprint", "")
    if files and data.fingerprint:
        return "" if files == data.fingerprint else "their files are others"
    if len(data) != then.get("samples", len(data)):
        return f"they are {len(data):,} samples, and were {then['samples']:,}"
    now = data.source or {}
    both = {name: (source.get(name), now.get(name)) for name in ("name", "options")}
    named = all(each in datasets.LOADERS for each in both["name"])
    return "they are made otherwise" if named and both["options"][0] != both["options"][1] else ""
