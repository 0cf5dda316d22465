"""How good the samples of a run, a game, or a file are: honestly, with intervals, floors and stamps.

.. code-block:: python

    found = ga.evaluate("runs/r3gan-digits-001")
    print(found)
    found["frechet"].value, found["frechet"].floor
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from torch import Tensor

from ganarium import data as datasets
from ganarium.files import ending, locked, write_text
from ganarium.game import Game, Samples, Translates
from ganarium.metrics.judge import Judge, Reference, check_metrics
from ganarium.metrics.looks import of_game, of_given
from ganarium.metrics.stamp import Number
from ganarium.spec import Spec
from ganarium.terminal.tables import columns
from ganarium.zoo import index

__all__ = ["FILE", "Evaluation", "evaluate", "evaluate_game", "read"]

#: Where a run keeps its evaluations.
FILE = "evaluation.json"


@dataclass(frozen=True)
class Evaluation:
    """The numbers of some samples.

    Args:
        numbers: What was measured.
        notes: What could not be measured, and why.
        facts: Of what: round, seen, weights, data; when; and the seconds it took.
    """

    numbers: list[Number]
    notes: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Number:
        """A number by its metric (``frechet``, on the first features that have it) or both (``frechet/pixels``).

        Raises:
            ValueError: if it was not measured.
        """
        metric, _, features = name.partition("/")
        for number in self.numbers:
            if number.metric == metric and features in ("", number.features):
                return number
        measured = ", ".join(f"{number.metric}/{number.features}" for number in self.numbers)
        raise ValueError(f"'{name}' was not measured; there are {measured}.")

    def plain(self) -> dict[str, Any]:
        """As values that JSON holds."""
        return {**self.facts, "notes": self.notes, "numbers": [number.plain() for number in self.numbers]}

    @classmethod
    def read(cls, row: dict[str, Any]) -> Evaluation:
        """The evaluation whose :meth:`plain` this is."""
        facts = {name: value for name, value in row.items() if name not in ("numbers", "notes")}
        return cls([Number.read(number) for number in row["numbers"]], list(row["notes"]), facts)

    def save(self, run: Path) -> None:
        """Add to the evaluations that a run keeps, in the place of those whose numbers it measured again."""
        mine = self.plain()
        with locked(run):
            kept = [
                row
                for row in _rows(run)
                if any(row.get(name) != mine.get(name) for name in ("round", "weights"))
                or not _names(row) <= _names(mine)
            ]
            write_text(run / FILE, json.dumps([*kept, mine], indent=1) + "\n")

    def rows(self) -> list[dict[str, str]]:
        """The numbers as rows of a table: value, 95 % interval, and the same of real data at the same counts."""
        return [
            {
                "metric": number.title,
                "features": number.features,
                "value": f"{number.value:.4g}",
                "+-": "" if number.se is None else f"{1.96 * number.se:.2g}",
                "real data": "" if number.floor is None else f"{number.floor:.4g}",
                "better": {"lower": "low", "higher": "high", "real": "as real"}[number.better],
            }
            for number in self.numbers
        ]

    def lines(self) -> list[str]:
        """How the numbers were obtained, then what some of them looked at, then what could not be measured."""
        whole = dict.fromkeys(
            replace(number, stamp=replace(number.stamp, looked="")).protocol for number in self.numbers
        )
        looked: dict[str, dict[str, None]] = {}
        for number in self.numbers:
            if number.stamp.looked:
                looked.setdefault(number.stamp.looked, {})[number.title] = None
        return [*whole, *(f"{', '.join(names)}: {words}" for words, names in looked.items()), *self.notes]

    def __str__(self) -> str:
        return "\n".join([columns(self.rows()), *(f"  {line}" for line in self.lines())])


def evaluate(
    what: Any,
    data: Any = None,
    *,
    held_out: Any = None,
    count: int | None = None,
    features: Any = None,
    metrics: Sequence[str] | None = None,
    reference: Reference = "half",
    split: str = "",
    seed: int = 0,
    resamples: int = 100,
    to: str = "b",
    checkpoint: str | int = "latest",
    weights: Any = "average",
    save: bool = True,
    **loading: Any,
) -> Evaluation:
    """How good samples are.

    Args:
        what: A run (its folder, name or :class:`ganarium.Run`), a game, samples as a tensor, or the path of a folder,
            ``.npz`` or ``.npy`` file of samples.
        data: What they are compared with; what a run was trained on if left out. For a run, files are read as its game
            sees them (:func:`ganarium.data.like`); files of samples are read as the data is.
        held_out: Data of the same law that the samples' model did not learn from, beside data that it did: copies of
            that are then looked for. For a run it is found by itself, if it can be.
        count: How many samples are drawn, as many as the reference has if left out; of samples that are given, how
            many random ones are judged, all if left out.
        features: Names of features (:mod:`ganarium.metrics.known_features`), ``./file.py:function``, or networks and
            functions that map samples to features (:mod:`ganarium.metrics.own_features`).
        metrics: Names of metrics; all that fit, but for those on request, if left out.
        reference: How much of the data is the reference: "half", "all", or a number.
        split: Another part of the run's data: "train", "test" or "all".
        seed: What samples and every choice follow from.
        resamples: How many random halves standard errors are estimated from, at most 24; 0 estimates none.
        to: For games that translate, the domain to translate to.
        checkpoint: Of which checkpoint of a run.
        weights: A run's averaged networks, or the "last".
        save: Whether a run keeps the numbers.
        loading: Options of the data, such as ``size=32``.

    Raises:
        ValueError: if there is no such thing, or too few samples, or shapes do not match, or the game draws none, or
            nothing could be measured. What one metric cannot measure is a note.
    """
    from ganarium.running import run as runs
    from ganarium.running.sources import with_options

    check_metrics(metrics)
    options = {"count": count, "metrics": metrics, "seed": seed, "resamples": resamples, "to": to}
    judging: dict[str, Any] = {"features": features, "reference": reference, "seed": seed}
    if not isinstance(what, runs.Run | Game | Tensor) and _is_run(what):
        what = runs.load(what, weights=weights, checkpoint=checkpoint)
    if not isinstance(what, runs.Run):
        if data is None:
            raise ValueError("Samples are compared with data; say which (--data).")
        judged = datasets.load(data, split=split or "all", **loading)  # type: ignore[arg-type]
        judge = Judge(judged, learned_from=False, held_out=_alike(held_out, judged), **judging)
        game = what if isinstance(what, Game) else None
        samples = None if game is not None else _samples(what, judge)
        return evaluate_game(judge, game, samples=samples, **options)
    own = data is None and not split
    judged = runs.data_of(with_options(what.config, loading)) if own else _other(what, data, split, loading)
    field = to if isinstance(what.game, Translates) and not isinstance(what.game, Samples) else "x"
    judge = Judge(judged, field=field, learned_from=own, held_out=_alike(held_out, judged), **judging)
    facts = {**what.played, "weights": what.weights}
    found = evaluate_game(judge, what.game, facts=facts, **options)
    if save:
        found.save(what.path)
    return found


def evaluate_game(
    judge: Judge,
    game: Any,
    *,
    count: int | None = None,
    metrics: Sequence[str] | None = None,
    seed: int = 0,
    resamples: int = 100,
    to: str = "b",
    samples: Tensor | None = None,
    facts: dict[str, Any] | None = None,
) -> Evaluation:
    """The numbers of a game's samples, or of those that are given, before a judge.

    Args:
        judge: It has looked at the data.
        game: It samples or translates.
        count: As for :func:`evaluate`.
        metrics: As there.
        seed: As there.
        resamples: As there.
        to: As there.
        samples: Samples instead of a game's.
        facts: What the evaluation is of.
    """
    begun = time.perf_counter()
    if samples is None and not isinstance(game, Samples | Translates):
        able = ", ".join(index.with_ability("sample"))
        raise ValueError(f"{type(game).__name__} draws no samples to judge. These games do: {able}.")
    if samples is not None:
        count = min(len(samples), count or len(samples))
        batches: Any = of_given(samples, count, seed)
    else:
        translates = not isinstance(game, Samples)
        count = len(judge.sources) if translates else count or judge.reference
        batches = of_game(game, count, seed, judge.data, to, judge.sources)
    from ganarium.running.run import drawn_evenly

    made = judge.look(batches, count)
    asked = [index.metrics()[name] for name in metrics or () if name in index.metrics() and index.metrics()[name].asked]
    usual = metrics is None or len(asked) < len(metrics)
    numbers = judge.judge(made, metrics, resamples=resamples) if usual else []
    notes = [*(judge.notes if usual else []), *([] if samples is not None else drawn_evenly(game))]
    if asked:
        from ganarium.metrics.requested import Asked, measured

        numbers += measured(asked, Asked(judge, game, made[0], count, seed, notes))
    if not numbers:
        what = f"None of {', '.join(metrics)}" if metrics else "Nothing"
        raise ValueError(" ".join([f"{what} can be measured here.", *notes]))
    when = datetime.now().astimezone().isoformat(timespec="seconds")
    row = {**(facts or {}), "data": str(judge.data), "when": when, "seconds": round(time.perf_counter() - begun, 1)}
    return Evaluation(numbers, notes, row)


def read(run: str | Path) -> list[Evaluation]:
    """The evaluations that a run keeps, the newest last."""
    from ganarium.running.records import find

    return [Evaluation.read(row) for row in _rows(find(run))]


def _rows(run: Path) -> list[dict[str, Any]]:
    path = run / FILE
    if not path.exists():
        return []
    try:
        return list(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}). Remove it, and evaluate the run again.") from error


def _names(row: dict[str, Any]) -> set[tuple[str, str]]:
    """What was measured, and how."""
    return {(number["metric"], number["protocol"]) for number in row["numbers"]}


def _is_run(what: Any) -> bool:
    if not isinstance(what, str | Path):
        return False
    path = Path(what)
    folder = path.is_dir() and not (path / "config.yaml").is_file()
    if folder or ending(path) in (".npz", ".npy", ".zip"):
        return (Path("runs") / path / "config.yaml").is_file()
    return True


def _other(run: Any, data: Any, split: str, loading: dict[str, Any]) -> Any:
    """Other data than a run's, or another part of it, as its game sees it."""
    from ganarium.running.run import data_of
    from ganarium.running.sources import with_options

    if split not in ("", "all", "train", "test"):
        raise ValueError(f"split is 'all', 'train' or 'test'; got {split!r}.")
    if data is not None:
        seen = {
            name: run.spec[name]
            for name in run.spec
            if name not in ("y", "index") or name in getattr(run.game, "conditions", {})
        }
        return datasets.like(data, Spec(seen), split=split or "all", **loading)  # type: ignore[arg-type]
    return data_of(with_options(run.config, {"split": split, "labels": None, **loading}))


def _alike(held_out: Any, judged: Any) -> Any:
    """Held-out data, read as what is judged by it is read; None if there is none."""
    if held_out is None:
        return None
    seen = Spec({name: field for name, field in judged.spec.items() if name not in ("y", "index")})
    return datasets.like(held_out, seen, who="Held-out data is of the shape of what was learned from, which has")


def _samples(what: Any, judge: Judge) -> Tensor:
    """Samples that somebody else made, as the reference's games would see them."""
    if isinstance(what, Tensor):
        return what
    seen = Spec(x=judge.data.spec[judge.field])
    return datasets.like(str(what), seen, who="Samples are compared with data that has")["x"]
