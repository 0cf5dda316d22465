"""``ganarium claim``: papers' headlines, proved in miniature."""

from __future__ import annotations

from collections import Counter
from itertools import takewhile

from ganarium.cli.commands.base import call, table, verb
from ganarium.zoo import index

__all__ = ["claim"]


@verb(
    "claim",
    says="NAME | --all",
    about="what its paper says, proved in miniature: baseline, control, seeds",
    group="what papers say",
)
def claim(words: list[str]) -> int:
    """Prove what a paper says: a game against a baseline that it must beat and a control that must fail.

    Three to twelve seeds, as follows from the claim's pilot, of three arms, side by side. What was found before is not
    played again while it stands: where the code has changed, a few rounds of the arm, its echo, tell whether it does.
    So the same command goes on with what was interrupted. Exit code 0: holds; 1: does not hold.

    Args:
        all: Every claim.
        seeds: How many seeds, from 0 on, for another look; with fewer than follow from its pilot no claim holds. With
            --pilot: how many of the pilot's, three if left out.
        quick: One seed and a tenth of the budget, to see it run; proves nothing and keeps nothing. Exit code 0: it ran.
        pilot: The pilot's seeds instead, from 100 on; prints the figures that a claim's file freezes, and how many
            seeds follow from them. Keeps nothing.
        check: Play no arm, only the echoes of those whose code has changed: whether what was found stands. Exit code
            0: it does; 1: some differ.
        fresh: Play again what was found before; with --check, all echoes.
        out: The folder in which results are kept: a file for each claim, claims.md and pictures.
        workers: How many runs at once; one for each processor if left out.
        quiet: Show no progress.
    """

    def run(
        all: bool = False,
        seeds: int | None = None,
        quick: bool = False,
        pilot: bool = False,
        check: bool = False,
        fresh: bool = False,
        out: str = "claims",
        workers: int | None = None,
        quiet: bool = False,
    ) -> int:
        if bool(names) == all:
            raise ValueError("Which claim? `ganarium claim NAME ...` or --all; see `ganarium list claims`.")
        chosen = list(index.claims()) if all else [index.claim(name).name for name in dict.fromkeys(names)]
        if quick and pilot:
            raise ValueError("--quick plays a tenth of the budget and --pilot all of it; ask for one of them.")
        if check and (quick or pilot):
            raise ValueError("--check plays echoes alone; ask for it without --quick and --pilot.")
        if check:
            return _check(chosen, fresh, out, workers, quiet)
        if pilot:
            return _pilot(chosen, 3 if seeds is None else seeds, workers, quiet)
        return _prove(chosen, seeds, quick, fresh, out, workers, quiet)

    names = list(takewhile(lambda word: not word.startswith("-"), words))
    return call(run, words[len(names) :], "ganarium claim NAME ...", claim.__doc__)


def _pilot(names: list[str], seeds: int, workers: int | None, quiet: bool) -> int:
    from ganarium.proving.proving import pilot
    from ganarium.proving.words import following, frozen

    whole = True
    for name in names:
        found = pilot(name, seeds=seeds, workers=workers, quiet=quiet)
        print(found, end="\n\n")
        whole &= found.whole
        if found.whole:
            print(f"{frozen(found)}\n{following(found)}\n")
    return 0 if whole else 1


def _check(names: list[str], fresh: bool, out: str, workers: int | None, quiet: bool) -> int:
    from ganarium.proving.checking import check_claims

    found = check_claims(names, out=out, fresh=fresh, workers=workers, quiet=quiet)
    if all(each.said == "not measured" for each in found):
        raise ValueError(f"{out} holds no results of these claims. Name the folder that does with --out.")
    shown = [each.row() for each in found if each.said != "unchanged"]
    if shown:
        table(shown)
    counts = Counter(each.row()["result"] for each in found)
    print(f"{len(found)} arms: {', '.join(f'{count} {said}' for said, count in counts.items())}")
    return 1 if any(each.wrong for each in found) else 0


def _prove(
    names: list[str], seeds: int | None, quick: bool, fresh: bool, out: str, workers: int | None, quiet: bool
) -> int:
    from ganarium.proving.checking import check_claims
    from ganarium.proving.proving import prove, write_page
    from ganarium.proving.words import summary

    if not (quick or fresh):
        check_claims(names, out=out, workers=workers, quiet=quiet)  # of all claims at once
    found = []
    for place, name in enumerate(names, 1):
        if len(names) > 1 and not quiet:
            print(f"[{place}/{len(names)}] {name}")
        found += prove([name], seeds=seeds, quick=quick, fresh=fresh, out=out, workers=workers, quiet=quiet)
        print(found[-1], end="\n\n")
    if not quick:
        write_page(out)
    if len(names) > 1:
        table(summary(found))
    return 0 if all(each.whole if quick else each.holds for each in found) else 1
