"""``ganarium evaluate``: how good samples are."""

from __future__ import annotations

from typing import Any, Literal

from ganarium.cli.commands.base import as_json, table, verb
from ganarium.cli.commands.loading import chosen, of_data

__all__ = ["evaluate", "of_data"]


@verb(
    "evaluate",
    says="RUN",
    about="how good its samples are: metrics, intervals, floors, stamps",
    group="how good it is",
    takes="run",
    more="of_data",
)
def evaluate(
    run: str,
    data: str = "",
    held_out: str = "",
    split: str = "",
    count: int | None = None,
    reference: str = "half",
    features: str = "",
    metrics: str = "",
    seed: int = 0,
    resamples: int = 100,
    to: str = "b",
    weights: Literal["average", "last"] = "average",
    checkpoint: str = "latest",
    json: bool = False,
    quiet: bool = False,
    **loading: Any,
) -> int:
    """Measure how good samples are, with intervals, the floor of real data, and how it was measured.

    Args:
        run: The run's folder, or its name under ./runs; or a folder, .npz or .npy file of samples, with --data.
        data: What samples are compared with, read at the run's size, channels and range; what the run was trained on
            if left out.
        held_out: Data of the same law that the samples' model did not learn from, beside data that it did: copies of
            that are then looked for. For a run it is found by itself, if it can be.
        split: Which part of the data: train, test or all; that on which the run was trained if left out.
        count: How many samples are drawn, as many as the reference has if left out; of given ones how many random
            ones are judged, all if left out.
        reference: How much of the data is the reference: half (at most 10,000), all, or a number.
        features: What samples are compared by, with commas between: digits, classes, rotations, world, pixels,
            coordinates, random, inception:PATH; or FILE.py:NAME, a network of yours or what returns it. What suits
            the data if left out.
        metrics: What to measure, with commas between; all that fit if left out. On request: accuracy, path-length,
            parzen.
        seed: What samples and every choice follow from.
        resamples: How many random halves the intervals are estimated from, at most 24; 0 estimates none.
        to: For games that translate, the domain to translate to.
        weights: The averaged networks, or those of the last round.
        checkpoint: Of which checkpoint: latest, best, or a round.
        json: Print JSON.
        quiet: Show no progress.
    """
    from ganarium.running import evaluation
    from ganarium.terminal.progress import silent

    with silent(quiet or json):
        found = evaluation.evaluate(
            run,
            data or None,
            held_out=held_out or None,
            count=count,
            features=_files(features),
            metrics=_names(metrics),
            reference=_reference(reference),
            split=split,
            seed=seed,
            resamples=resamples,
            to=to,
            checkpoint=checkpoint,
            weights=weights,
            **chosen(loading),
        )
    if json:
        print(as_json([found.plain()]))
        return 0
    table(found.rows())
    for line in found.lines():
        print(f"  {line}")
    return 0


def _names(text: str) -> list[str] | None:
    return text.replace(",", " ").split() or None


def _files(text: str) -> list[str] | None:
    """Names that may hold spaces."""
    return [each.strip() for each in text.split(",") if each.strip()] or None


def _reference(word: str) -> Literal["half", "all"] | int:
    if word == "half" or word == "all":
        return word
    if not word.isdigit():
        raise ValueError(f"A reference is half, all, or a number of samples; got '{word}'.")
    return int(word)
