"""Claims in words: for a terminal, and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from ganarium.terminal.tables import columns
from ganarium.terminal.tables import markdown as as_table

if TYPE_CHECKING:
    from ganarium.proving.verdict import Verdict
    from ganarium.zoo.claim import Claim

__all__ = ["following", "frozen", "markdown", "summary", "table", "text"]

_RULE = """Each claim is a paper's headline (or a lecture's), in miniature: a game, a baseline that it must beat and a
control that must fail, with the same data, first weights, batches and budget. A pilot on other seeds says how many
seeds are played, and how much is needed: half of what it found. A claim holds when the 95 % interval of the paired
gains lies above zero, their mean reaches what is needed, the control does not pass and gains less than a third of what
the game does, and no trivial answer (copies, one sample repeated, noise, a prototype) measures as well as the game.
Those that do not hold stay here, with what was tried."""


def text(found: Verdict) -> str:
    """What a claim says, every seed of every arm, and whether it holds."""
    claim = found.claim
    head = {
        "claim": claim.says,
        "source": claim.source,
        "world": claim.world,
        "measure": f"{claim.measure} ({claim.better} is better)",
        **claim.arms,
        **_more(claim),
    }
    lines = [f"{name:<10}{words}" for name, words in head.items()]
    lines += ["", columns(found.rows()), ""]
    failed = [(arm, seed, error) for arm, rows in found.errors.items() for seed, error in rows.items()]
    lines += [f"failed: {arm}, seed {seed}: {error}" for arm, seed, error in failed]
    verdict = "a quick look" if found.share < 1 else "holds" if found.holds else "does not hold"
    lines.append(f"{claim.name}: {verdict}: {found.why}; {found.seconds:.0f} s in all")
    return "\n".join(lines)


def frozen(found: Verdict) -> str:
    """The figures of a pilot, as they stand in a claim's file."""
    rows = [f'        "{arm}": {values},' for arm, values in _rounded(found).items()]
    return "\n".join(["    pilot={", *rows, "    },"])


def following(found: Verdict) -> str:
    """How many seeds follow from a pilot, and how much gain is needed."""
    claim = replace(found.claim, pilot=_rounded(found))
    if claim.needed is None:
        return "The pilot found no gain: there is nothing to prove."
    chance = "; the baseline fails or not by chance" if claim.chance else ""
    return f"{claim.seeds} seeds follow, and a mean gain of {claim.needed:.3g} is needed{chance}."


def _rounded(found: Verdict) -> dict[str, list[float]]:
    return {arm: [float(f"{value:.4g}") for value in found.values(arm)] for arm in found.found}


def summary(found: Sequence[Verdict]) -> list[dict[str, str]]:
    """A row for each claim."""
    return [
        {
            "claim": each.claim.name,
            "verdict": "holds" if each.holds else "does not hold" if each.whole else "not measured",
            "why": each.why,
        }
        for each in found
    ]


def markdown(found: Sequence[Verdict], place: str = "") -> str:
    """The page of all claims: a table, then each with its seeds.

    Args:
        found: What came out of each.
        place: From the page to the folder of the results, where the pictures are: empty, or ends with a slash.
    """
    holding = sum(each.holds for each in found)
    parts = [
        "# Claims",
        "`make claims` plays them (`ganarium claim --all --out docs/claims`); `ganarium claim NAME` repeats one.",
        _RULE,
        f"**{holding} of {len(found)} hold.**",
        as_table(_counts(found)),
        as_table([_line(each) for each in found]),
        *(f"## {each.claim.name}\n\n{table(each, place)}" for each in found),
    ]
    return "\n\n".join(parts) + "\n"


def table(found: Verdict, place: str = "") -> str:
    """A claim as part of a page: what it says, how it was tested, every seed, pictures, and the verdict.

    Args:
        found: What came out of it.
        place: From the page to the folder of the results: empty, or ends with a slash.
    """
    claim = found.claim
    rows = {
        "the paper says": f"{claim.says} ({claim.source})",
        "here": claim.world,
        "measured": f"{claim.measure}; {claim.better} is better",
        **claim.arms,
        **_more(claim),
    }
    lines = [f"* *{name}*: {words}" for name, words in rows.items()]
    pilot = "; ".join(f"{arm} {', '.join(f'{v:.4g}' for v in values)}" for arm, values in claim.pilot.items())
    needed = f" The pilot: {pilot}; half of its gain is needed, of {claim.seeds} seeds." if pilot else ""
    parts = ["\n".join(lines), as_table(_merged(found.rows()))]
    if found.pictures:
        parts.append(as_table([{arm: f"![{arm}]({place}{path})" for arm, path in found.pictures.items()}]))
    when = f"{found.date} ({found.commit})" if found.commit else found.date
    cost = f"{found.seconds:.0f} s of one core in all, on {found.machine}, {when}. `ganarium claim {claim.name}`"
    parts.append(f"**{'Holds' if found.holds else 'Does not hold'}**: {found.why}.{needed} {cost}")
    parts += [f"*Tried*: {claim.tried}"] if claim.tried else []
    return "\n\n".join(part for part in parts if part)


def _counts(found: Sequence[Verdict]) -> list[dict[str, str]]:
    """A row for those that hold, and one for each fault that keeps others from holding: how many have it, and which."""
    rows: dict[str, list[str]] = {"hold": [each.claim.name for each in found if each.holds]}
    for each in found:
        for fault in each.faults:
            rows.setdefault(fault, []).append(each.claim.name)
    return [{"": said, "claims": str(len(names)), "which": ", ".join(names)} for said, names in rows.items()]


def _more(claim: Claim) -> dict[str, str]:
    """What else a claim says of itself, where it does."""
    said = {"plays": claim.plays, "chance": claim.chance, "trivial": claim.no_trivial}
    return {name: words for name, words in said.items() if words}


def _line(found: Verdict) -> dict[str, str]:
    claim = found.claim
    measured = "; ".join(f"{arm} {_mean(found, arm)}" for arm in found.found) if found.whole else "not measured"
    return {
        "claim": f"[{claim.name}](#{claim.name})",
        "the paper says": claim.says,
        "we measured": f"{claim.measure.split(':')[0]}: {measured}",
        "verdict": "holds" if found.holds else "**does not hold**",
        "seconds": f"{found.seconds:.0f}",
    }


def _mean(found: Verdict, arm: str) -> str:
    values = found.values(arm)
    return f"{sum(values) / len(values):.3g}"


def _merged(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Rows whose arm is named once."""
    merged = []
    for arm, group in groupby(rows, key=lambda row: row["arm"]):
        merged += [{**row, "arm": arm if place == 0 else ""} for place, row in enumerate(group)]
    return merged
