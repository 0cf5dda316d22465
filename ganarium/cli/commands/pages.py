"""``ganarium show``, ``quiz`` and ``film``: what is made of a run to look at."""

from __future__ import annotations

from pathlib import Path

from ganarium.cli.commands.base import verb
from ganarium.files import ending

__all__ = ["film", "quiz", "show"]


@verb(
    "show",
    says="RUN",
    about="what a run is and how far it got; writes its report, RUN/report.html",
    group="how good it is",
    takes="run",
)
def show(run: str, out: Path | None = None, open: bool = False, page: bool = True) -> int:
    """Say what a run is and how far it got, and write its report: a page that needs nothing but a browser.

    Args:
        run: The run's folder, or its name under ./runs.
        out: The report; report.html in the run's folder if left out.
        open: Open the report in the browser.
        page: Write the report; --no-page only prints.
    """
    from ganarium.running import run as runs

    loaded = runs.Run(run)
    print(loaded.summary())
    if page:
        from ganarium.pages.report import write_report

        _tell(write_report(loaded, _html(out)), "report", open)
    return 0


@verb(
    "quiz",
    says="RUN",
    about="real or fake? a page that counts how often a person errs",
    group="how good it is",
    takes="run",
)
def quiz(
    run: str,
    count: int = 24,
    seed: int = 0,
    out: Path | None = None,
    data: str = "",
    split: str = "",
    seconds: float | None = None,
    open: bool = False,
) -> int:
    """Make a quiz: real or fake? A page that shows data and samples one by one and counts errors.

    Args:
        run: The run's folder, or its name under ./runs.
        count: How many pictures; half of them are real.
        seed: What the choice of data, the samples and their order follow from.
        out: The page; quiz.html in the run's folder if left out.
        data: What is real: a name or a path; if left out, what the run was trained on.
        split: Which part of it: all, train or test. If left out, test for a run that was trained on train.
        seconds: How long each picture can be seen; until it is answered if left out.
        open: Open the page in the browser.
    """
    from ganarium.pages.quiz import Quiz, write_quiz
    from ganarium.running import run as runs

    asked = Quiz(count=count, seed=seed, data=data, split=split, seconds=seconds)
    _tell(write_quiz(runs.Run(run), asked, _html(out)), "quiz", open)
    return 0


@verb("film", says="RUN", about="the training as an animated GIF", group="how good it is", takes="run")
def film(run: str, out: Path | None = None) -> int:
    """Make a film of a training: an animated GIF of the pictures that were drawn of the same latents.

    Args:
        run: The run's folder, or its name under ./runs.
        out: The film; film.gif in the run's folder if left out.
    """
    from ganarium import pictures
    from ganarium.running.records import find

    folder = find(run)
    out = out or folder / "film.gif"
    frames = pictures.film(folder, out)
    print(f"{frames} frames in {out}")
    return 0


def _html(out: Path | None) -> Path | None:
    if out is not None and ending(out) not in (".html", ".htm"):
        raise ValueError(f"A page is an .html file; got {out.name}. Call it {out.stem or 'page'}.html.")
    return out


def _tell(path: Path, what: str, show: bool) -> None:
    print(f"  {what:<12}{path}")
    if show:
        import webbrowser

        if not webbrowser.open(path.resolve().as_uri()):
            print(f"No browser was found; open {path} in one.")
