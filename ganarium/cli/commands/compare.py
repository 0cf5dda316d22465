"""``ganarium compare``: games on equal terms."""

from __future__ import annotations

from itertools import takewhile

from ganarium.cli.commands.base import call, verb

__all__ = ["compare"]


@verb(
    "compare",
    says="GAME GAME --data DATA --seen N | RUN RUN",
    about="games on equal terms: seeds, intervals, a page",
    group="how good it is",
)
def compare(words: list[str]) -> int:
    """Play games on the same data with the same budget, batch and seeds, and compare what they make; or compare runs.

    Finished runs need nothing else: ganarium compare RUN RUN. Those that differ in their seed alone are one
    contestant's, and contestants are paired by seed. --count, --metrics and --out are taken.

    Games stand first; one with options of its own in quotes: "wgan-gp --critic-moves 1". Options of the data are given
    as for train: --data.size 32.

    Args:
        data: What to learn from: a name (`ganarium list data`) or a path.
        seen: Samples that each sees.
        minutes: Minutes that each plays for, instead of --seen: a short trial of each turns them into samples.
        seeds: How many seeds, from 0 on.
        seed_list: Which seeds, with commas between, instead.
        batch: Samples in a batch.
        measure: How often quality is measured on the way.
        count: By how many samples, against as many of the data; half of it at most.
        metrics: Which metrics at the end, with commas between; all that are measured unasked, if none is named.
        paper: The papers' own settings instead of the measured recipes.
        out: The comparison's folder; the same command again goes on with it. Numbered under ./comparisons if left out.
        resume: A comparison's folder to go on with; nothing else is needed.
        workers: How many runs at once; one for each processor if left out.
        quiet: Say nothing.
    """

    def run(
        data: str = "",
        seen: int | None = None,
        minutes: float | None = None,
        seeds: int = 3,
        seed_list: str = "",
        batch: int = 64,
        measure: int = 8,
        count: int = 2000,
        metrics: str = "",
        paper: bool = False,
        out: str | None = None,
        resume: str | None = None,
        workers: int | None = None,
        quiet: bool = False,
    ) -> int:
        from ganarium import comparing

        if resume is not None:
            if games or data or data_words or seen or minutes or out:
                raise ValueError("--resume FOLDER goes on with what the folder says; give it neither games nor data.")
            found = comparing.go_on(resume, workers, quiet)
        else:
            runs = not data and comparing.finished.are_runs(games)
            if not runs and (not data or (seen is None and minutes is None)):
                raise ValueError("On what, and for how long? `ganarium compare GAME GAME --data DATA --seen SAMPLES`.")
            found = comparing.compare(
                games,
                data,
                seen=seen,
                minutes=minutes,
                seeds=_seeds(seed_list) if seed_list else seeds,
                batch=batch,
                measure=measure,
                count=count,
                metrics=metrics.replace(",", " ").split(),
                paper=paper,
                data_options=data_words,
                out=out,
                workers=workers,
                quiet=quiet,
            )
        if not quiet:
            print(found)
            print(f"\n{found.path / 'comparison.html'}")
        return 1 if all(result.error for result in found.summary.results) else 0

    games = list(takewhile(lambda word: not word.startswith("--") and word != "-h", words))
    data_words, rest = _of_data(words[len(games) :])
    return call(run, rest, "ganarium compare GAME GAME ...", compare.__doc__)


def _seeds(text: str) -> list[int]:
    try:
        return [int(word) for word in text.replace(",", " ").split()]
    except ValueError:
        raise ValueError(f"--seed-list takes whole numbers with commas between; got '{text}'.") from None


def _of_data(words: list[str]) -> tuple[list[str], list[str]]:
    """The data's own options, with their values, and all other words."""
    own: list[str] = []
    rest: list[str] = []
    into = rest
    for word in words:
        if word.startswith("--"):
            into = own if word.startswith("--data.") else rest
        into.append(word)
    return own, rest
