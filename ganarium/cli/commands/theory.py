"""``ganarium theory``: the mathematics, worked out and drawn."""

from __future__ import annotations

from ganarium.cli.commands.base import as_json, table, verb
from ganarium.zoo import index

__all__ = ["theory"]


@verb(
    "theory",
    says="[LESSON]",
    about="the mathematics, worked out and drawn beside what is exact",
    group="what papers say",
)
def theory(words: list[str]) -> int:
    """``ganarium theory`` lists the lessons; ``ganarium theory LESSON [options]`` works one out.

    Raises:
        ValueError: if there is no such lesson or option.
    """
    if not words or words[0].startswith("-"):
        return _list(words)
    return _teach(index.lesson(words[0]), words[1:])


def _list(words: list[str]) -> int:
    if {"-h", "--help"} & set(words):
        print("ganarium theory                      the lessons")
        print("ganarium theory LESSON [--out FILE]  work one out: figures beside exact ones, and a picture")
        print("\n`ganarium theory LESSON --help` lists a lesson's options.")
        return 0
    if words not in ([], ["--json"]):
        raise ValueError(f"Which lesson? `ganarium theory LESSON [options]`; got '{words[0]}'. See `ganarium theory`.")
    rows = [{"lesson": each.name, "says": each.says, "source": each.source} for each in index.lessons().values()]
    if words:
        print(as_json(rows))
    else:
        table(rows)
    return 0


def _teach(lesson: index.Lesson, words: list[str]) -> int:
    """Work one out.

    Args:
        out: Where the picture goes: a .png, .svg or .pdf file; a film's also a .gif. The lesson's name if left out.
        json: Print the figures as JSON.
    """
    from ganarium.arguments import forms
    from ganarium.theory.teaching import check

    def base(out: str = "", json: bool = False) -> None: ...

    base.__doc__ = _teach.__doc__
    rows = [*forms.rows_of(lesson.call), *forms.rows_of(base)]
    given = forms.fill(rows, words, f"ganarium theory {lesson.name}", lesson.says)
    out, json = given.pop("out"), given.pop("json")
    path = check(out or f"{lesson.name}{'.gif' if lesson.film else '.png'}", lesson.film)
    shown = lesson.call(**given)
    shown.save(path)
    print(as_json([dict(row) for row in shown.rows]) if json else shown)
    if not json:
        print(f"wrote {path}")
    return 0
