"""The report of a run: all that is known about it on one page."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from ganarium import pictures
from ganarium.files import write_whole
from ganarium.game import Samples
from ganarium.pages import docstrings
from ganarium.pages.findings import findings
from ganarium.pages.page import (
    Markup,
    beside,
    definitions,
    details,
    figure,
    items,
    joined,
    link,
    page,
    paragraph,
    preformatted,
    section,
    table,
)
from ganarium.pages.scores import evaluations
from ganarium.pages.settings_table import settings_table
from ganarium.pictures.charts import panels
from ganarium.pictures.films import captions, encode, frames_of
from ganarium.running import checkpoint
from ganarium.running.gallery import gallery
from ganarium.running.run import Run, data_of
from ganarium.terminal.console import duration
from ganarium.terminal.progress import watched
from ganarium.zoo import index

__all__ = ["report", "write_report"]

#: What goes wrong where a run's game or data cannot be made here.
_FAILURES = (ValueError, OSError, RuntimeError, TypeError, KeyError)
_COUNT, _SEED = 64, 0
_MOST = 2 * 2**20  # bytes of the film in a page


def write_report(run: Run, out: Path | None = None) -> Path:
    """Write a run's report; for games of points in the plane also ``plane.png`` into the run's folder.

    Args:
        run: The run, with its averaged networks.
        out: Where to; ``report.html`` in the run's folder if left out.

    Returns:
        Where it is.
    """
    out = out or run.path / "report.html"
    text = report(run)
    write_whole(out, lambda file: file.write(text.encode()))
    return out


def report(run: Run) -> str:
    """A run's report as HTML. What cannot be shown is said, and the rest is shown."""
    parts = _Parts(run)
    makers = parts.makers()
    made = [make() for make in watched(makers, len(makers), lambda _: 1, doing="making the report")]
    return page(f"{run.config['game']['command']} on {_data_name(run)}: {run.path.name}", *made)


class _Parts:
    """The sections of a report, each made on its own."""

    def __init__(self, run: Run):
        self.run, self.config, self.log = run, run.config, run.log

    def makers(self) -> list[Callable[[], Markup]]:
        return [
            lambda: self.paper,
            lambda: section("What it is", self.summary),
            lambda: section("To repeat it", self.command),
            lambda: section("Samples", self.samples),
            lambda: section("Scores", evaluations(self.run.path)),
            lambda: section("Diagnosis", findings(self.run.path)),
            lambda: section("The plane", self.plane),
            lambda: section("The training", self.film),
            lambda: section("Curves", self.curves),
            lambda: section("What was mended", self.events),
            lambda: section("What each logged term means", self.terms),
            lambda: section("Deviations from the paper", self.deviations),
            lambda: section("Settings", settings_table(self.config, self.game_class)),
        ]

    # -- what is known ------------------------------------------------------------------------------------------

    @cached_property
    def game_class(self) -> type | None:
        """The game's class; None if it is not to be had."""
        try:
            return index.class_of(self.config["game"])
        except ValueError:
            return None

    @cached_property
    def game(self) -> Any:
        """The trained game, or why it cannot be shown."""
        try:
            return self.run.game
        except _FAILURES as error:
            return f"The trained game cannot be shown. {error}"

    @cached_property
    def data(self) -> Any:
        """The data, or why it cannot be shown."""
        if self.config["data"] is None:
            return "The data has no name, and so it is not shown."
        try:
            return data_of(self.config)
        except _FAILURES as error:
            return f"The data cannot be shown. {error}"

    @property
    def problems(self) -> list[str]:
        return [each for each in (self.game, self.data) if isinstance(each, str)]

    # -- the sections -------------------------------------------------------------------------------------------

    @property
    def paper(self) -> Markup:
        if self.game_class is None:
            return paragraph(f"{self.config['game']['class']} is a game of one's own: no paper is known here.")
        paper = self.game_class.paper  # type: ignore[attr-defined]
        if not paper.authors:
            return paragraph(f"{self.config['game']['class']} is a game of one's own, which names no paper.")
        where = [paper.venue] if paper.venue else []
        lines: list[object] = [f"{', '.join(paper.authors)}: {paper.title}. {', '.join([*where, str(paper.year)])}."]
        if paper.arxiv:
            lines += [" ", link(f"https://arxiv.org/abs/{paper.arxiv}", f"arXiv {paper.arxiv}")]
        return joined([paragraph(*lines), details("BibTeX", preformatted(paper.cite()))])

    @property
    def summary(self) -> Markup:
        config, last = self.config, (self.log or [{}])[-1]
        with_what, settings = config.get("ran_with", {}), config["settings"]
        saved = checkpoint.rounds(self.run.path / "checkpoints")
        about = docstrings.sections(self.game_class)[""].split("\n")[0] if self.game_class else ""
        stages = config.get("budget", {}).get("stages", {})
        rows = {
            "game": f"{config['game']['command']} ({config['game']['class']}). {about}".strip(),
            "data": config["data_summary"],
            "played": f"{last.get('round', 0):,} of {settings['rounds']:,} rounds, {last.get('seen', 0):,} samples "
            f"seen, {duration(last.get('seconds', 0))}",
            "stages": ", ".join(f"{name} (rounds {a:,} to {b:,})" for name, (a, b) in stages.items()),
            "checkpoints": ", ".join(f"round {round:,}" for round in saved) or "none yet",
            "started": config.get("started", ""),
            "ran with": ", ".join(f"{name} {value}" for name, value in with_what.items() if value != ""),
        }
        rows = {name: text for name, text in rows.items() if text and (name != "stages" or len(stages) > 1)}
        return joined([table(list(rows.items())), *(paragraph(problem, note=True) for problem in self.problems)])

    @property
    def command(self) -> Markup:
        file = self.run.path / "config.yaml"
        if self.config["game"]["own"] or self.game_class is None or self.config["data"] is None:
            how = paragraph("This run has parts of one's own, which a command cannot name; repeat it from Python.")
        else:
            name = index.word_of(self.config["game"])
            how = preformatted(f"ganarium train {name} --config {shlex.quote(str(file))} --out again")
        return joined([how, details("config.yaml", preformatted(file.read_text(encoding="utf-8")))])

    @property
    def samples(self) -> Markup:
        if isinstance(self.game, str):
            return self.last_picture
        try:
            image = self.drawn()
        except _FAILURES as error:
            return paragraph(f"No samples are shown. {error}", note=True)
        if image is None:
            return paragraph("There is no picture of what this game does.")
        average = self.config["settings"]["average"] > 0
        weights = "the averaged networks" if average else "the networks (no average was kept)"
        rounds = checkpoint.rounds(self.run.path / "checkpoints")
        of = f"of {weights} after round {rounds[-1]:,}" if rounds else f"of {weights}"
        what = "Samples" if isinstance(self.game, Samples) else "Translations of the first samples of the data"
        how = f", drawn with seed {_SEED}" if isinstance(self.game, Samples) else ""
        return figure(image, f"{what} {of}{how}. Uncurated: none was chosen.", "what the trained game makes")

    def drawn(self) -> Any:
        """A picture of what the game does: with its data where that is known."""
        if not isinstance(self.data, str):
            return gallery(self.game, self.data)
        field = self.run.spec.get("x")
        if not isinstance(self.game, Samples) or field is None or field.kind not in pictures.KINDS:
            return None
        return pictures.draw(self.run.sample(_COUNT, seed=_SEED, units="game"), field)

    @property
    def last_picture(self) -> Markup:
        """The newest picture that training drew."""
        try:
            path = frames_of(self.run.path)[-1]
        except ValueError:
            return Markup()
        said = captions([path], self.run.path)[0]
        return figure(path, f"Drawn in training, at {said}. Uncurated: none was chosen.", "samples in training")

    @property
    def plane(self) -> Markup:
        field = self.run.spec.get("x")
        drawable = field is not None and (field.kind, field.size) == ("points", 2) and not self.problems
        if not (drawable and isinstance(self.game, Samples)):
            return Markup()
        try:
            image = pictures.plane(cast(Any, self.game), self.data, seed=_SEED)
        except _FAILURES as error:
            return paragraph(f"The plane is not shown. {error}", note=True)
        pictures.save(image, self.run.path / "plane.png")
        return figure(image, f"In the data's own units; latents drawn with seed {_SEED}.", "the game in the plane")

    @property
    def film(self) -> Markup:
        try:
            paths = frames_of(self.run.path)
            data = encode(paths, captions(paths, self.run.path), _MOST)
        except _FAILURES:
            return Markup()
        return figure(data, "The same latents or inputs, round after round; the last frame is held.", "the training")

    @property
    def curves(self) -> Markup:
        titles = list(dict.fromkeys(panel.title for panel in panels(self.log)))
        if not titles:
            return paragraph("Nothing is logged yet.")
        last = self.log[-1].get("terms", {})
        drawn = beside(figure(pictures.curves(self.log, only=t), t, f"the curves of {t}") for t in titles)
        rows = [(name, f"{value:.4g}") for name, value in last.items()]
        return joined([drawn, details("The last values", table(rows))])

    @property
    def events(self) -> Markup:
        events = self.run.events
        return items(event["event"] for event in events) if events else Markup()

    @property
    def terms(self) -> Markup:
        known = docstrings.players(self.game_class) if self.game_class else {}
        return definitions({name: docstrings.formatted(text) for name, text in known.items()}) if known else Markup()

    @property
    def deviations(self) -> Markup:
        known = docstrings.deviations(self.game_class) if self.game_class else []
        if not known:
            return Markup()
        return items((docstrings.formatted(text) for text in known), numbered=True)


def _data_name(run: Run) -> str:
    return run.config["data_summary"].partition(":")[0]
