"""Where results of claims are kept: a file for each claim in a folder, ``<name>.json``, with pictures beside them.

Of each arm a file holds the digests of what it depends on and of what measures it (:mod:`ganarium.proving.stale`), its
echo (:mod:`ganarium.proving.echo`), the versions of the libraries, and what was found with each seed. All of it is of
the same code, or of code that measures alike and gives the same echo: an arm that is played by other code begins anew.
Beside the arms stands what trivial answers score (:mod:`ganarium.proving.answers`).
"""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from ganarium._version import __version__
from ganarium.files import locked, write_text
from ganarium.jobs.team import cores
from ganarium.proving.echo import here
from ganarium.proving.stale import digest, libraries, measuring
from ganarium.proving.verdict import Verdict
from ganarium.zoo.claim import ARMS, Claim

__all__ = ["Store"]

_ARM = {"digest", "echo", "measuring", "seeds"}
_ROW = {"commit", "date", "found", "machine", "seconds"}


class Store:
    """Kept results.

    Args:
        folder: Where; made when something is kept.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)

    def file(self, claim: Claim) -> Path:
        """Where the results of a claim are."""
        return self.folder / f"{claim.name}.json"

    def arms(self, claim: Claim) -> dict[str, dict[str, Any]]:
        """What is kept of a claim, by arm: ``digest``, ``echo`` (None before there was one) and ``seeds``.

        Raises:
            ValueError: if its file holds something else.
        """
        return self._read(claim)[0]

    def trivial(self, claim: Claim) -> dict[str, Any] | None:
        """What trivial answers score: ``digest``, ``where`` it was, and ``found``, by answer; None if none are kept.

        Raises:
            ValueError: if the claim's file holds something else.
        """
        return None if claim.no_trivial else self._read(claim)[1]

    def _read(self, claim: Claim) -> tuple[dict[str, dict[str, Any]], dict[str, Any] | None]:
        file, old = self.file(claim), self.folder / "claims.json"
        if not file.exists() and not old.exists():
            return {}, None
        try:
            if file.exists():
                found = json.loads(file.read_text(encoding="utf-8"))
                if found["claim"] != claim.name:
                    raise ValueError(f"it is of the claim {found['claim']}")
                trivial = found.get("trivial")
                return {arm: _whole(kept) for arm, kept in found["arms"].items()}, trivial and _scores(trivial)
            return _converted(json.loads(old.read_text(encoding="utf-8"))["results"].get(claim.name, {})), None
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
            file = file if file.exists() else old
            raise ValueError(
                f"{file} holds no results of claims ({error}). Name another --out, or remove it."
            ) from None

    def arm(self, claim: Claim, arm: str, stamp: str) -> dict[str, Any]:
        """What is kept of an arm, if it is of this digest; else what an arm begins with."""
        kept = self.arms(claim).get(arm)
        if kept and kept["digest"] == stamp:
            return kept
        return {**_stamped(claim, stamp), "echo": None, "seeds": {}}

    def keep(self, claim: Claim, stamp: str, arm: str, seed: int, result: Mapping[str, Any]) -> None:
        """Keep what was found of an arm with a seed, and write it down at once; what other code found is forgotten."""
        kept = self.arm(claim, arm, stamp)
        row = {"found": result["found"], "seconds": result["seconds"], "date": date.today().isoformat()}
        seeds = {**kept["seeds"], str(seed): {**row, "machine": machine(), "commit": commit()}}
        self._write(claim, {arm: {**kept, "seeds": {name: seeds[name] for name in sorted(seeds, key=int)}}})

    def hear(self, claim: Claim, stamp: str, arm: str, echo: Mapping[str, Any]) -> None:
        """Keep the echo of an arm."""
        self._write(claim, {arm: {**self.arm(claim, arm, stamp), "echo": echo}})

    def confirm(self, claim: Claim, stamp: str, arm: str) -> None:
        """Write down that what is kept of an arm also stands for the code of this digest, and these libraries."""
        self._write(claim, {arm: {**self.arms(claim)[arm], **_stamped(claim, stamp)}})

    def score(self, claim: Claim, found: Mapping[str, Mapping[str, float]]) -> None:
        """Keep what trivial answers score with the code of today."""
        self._write(claim, {}, {"digest": digest(claim.module, "trivial"), "where": here(), "found": found})

    def _write(self, claim: Claim, arms: Mapping[str, Any], trivial: Mapping[str, Any] | None = None) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder):
            kept, scores = self._read(claim)  # again: somebody else may keep results here too
            kept, scores = {**kept, **arms}, trivial or scores
            whole = {"claim": claim.name, "arms": {name: kept[name] for name in ARMS if name in kept}}
            write_text(self.file(claim), json.dumps({**whole, "trivial": scores} if scores else whole, indent=1) + "\n")

    def seeds(self, claim: Claim) -> tuple[int, ...]:
        """The seeds by which a claim is judged, of which something is kept; all of them if there are none."""
        kept = {int(seed) for arm in self.arms(claim).values() for seed in arm["seeds"]}
        return tuple(seed for seed in range(claim.seeds) if seed in kept) or tuple(range(claim.seeds))

    def picture(self, claim: Claim, arm: str) -> Path:
        """The picture of an arm."""
        return self.folder / "pictures" / f"{claim.name}-{arm}.png"

    def verdict(self, claim: Claim, seeds: tuple[int, ...], stamp: str = "") -> Verdict:
        """What the kept results say of a claim; not whole, where some are missing.

        Args:
            claim: The claim.
            seeds: Which seeds.
            stamp: The digest of today: results of other code are left out; of any code, if this is.
        """
        arms = {arm: kept["seeds"] for arm, kept in self.arms(claim).items() if stamp in ("", kept["digest"])}
        kept = {arm: {seed: arms[arm][str(seed)] for seed in seeds if str(seed) in arms.get(arm, {})} for arm in ARMS}
        rows = [row for of_arm in kept.values() for row in of_arm.values()]
        newest = max(rows, key=lambda row: row["date"], default={"machine": "", "date": "", "commit": ""})
        return Verdict(
            claim,
            seeds,
            {arm: {seed: row["found"] for seed, row in of_arm.items()} for arm, of_arm in kept.items()},
            seconds=sum(row["seconds"] for row in rows),
            machine=newest["machine"],
            date=newest["date"],
            commit=newest["commit"],
            trivial={} if (scores := self.trivial(claim)) is None else scores["found"],
            pictures={arm: f"pictures/{path.name}" for arm in ARMS if (path := self.picture(claim, arm)).exists()},
        )


def _whole(kept: dict[str, Any]) -> dict[str, Any]:
    """What is kept of an arm, if nothing is missing."""
    for row, fields in [(kept, _ARM), *((row, _ROW) for row in kept["seeds"].values())]:
        if not row.keys() >= fields:
            raise KeyError(", ".join(sorted(fields - row.keys())))
    for name, value in [row for part in ("steady", "shaky") for row in (kept["echo"] or {part: {}})[part].items()]:
        if not isinstance(value, int | float):
            raise ValueError(f"{name} is no number")
    return kept


def _scores(kept: dict[str, Any]) -> dict[str, Any]:
    """What is kept of trivial answers, if nothing is missing."""
    if not kept.keys() >= {"digest", "where", "found"} or not all(kept["found"].values()):
        raise KeyError("scores of trivial answers")
    return kept


def _stamped(claim: Claim, stamp: str) -> dict[str, Any]:
    """What the results of an arm depend on today."""
    module = claim.module
    return {"digest": stamp, "measuring": measuring(module), "libraries": libraries(module)}


def _converted(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What is kept of a claim in ``claims.json``, one file for all, as versions before wrote it."""
    arms: dict[str, dict[str, Any]] = {}
    for name, row in sorted(rows.items(), key=lambda pair: pair[1]["date"], reverse=True):
        arm, seed = name.split()
        kept = arms.setdefault(arm, {"digest": row["digest"], "measuring": "", "echo": None, "seeds": {}})
        if row["digest"] == kept["digest"]:
            kept["seeds"][str(int(seed))] = {"commit": "", **{key: row[key] for key in _ROW - {"commit"}}}
    return arms


def machine() -> str:
    """The machine, in a few words."""
    import torch

    return f"{cores()} CPU cores ({platform.machine()}), torch {torch.__version__.split('+')[0]}"


@cache
def commit() -> str:
    """The commit of a checkout, in seven digits or more; the version of what was installed."""
    here = Path(__file__).parents[2]
    if not (here / ".git").exists():
        return __version__
    try:
        words = ["git", "-C", str(here), "rev-parse", "--short", "HEAD"]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return __version__
