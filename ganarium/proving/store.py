"""Where results of claims are kept: a file for each claim in a folder, ``<name>.json``, with pictures beside them.

Of each arm a file holds the digests of what it depends on and of what measures it (:mod:`ganarium.proving.stale`), its
echo (:mod:`ganarium.proving.echo`), and what was found with each seed. All of it is of the same code, or of code that
measures alike and gives the same echo: an arm that is played by other code begins anew.
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
from ganarium.proving.stale import measuring
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
        file, old = self.file(claim), self.folder / "claims.json"
        if not file.exists() and not old.exists():
            return {}
        try:
            if file.exists():
                found = json.loads(file.read_text(encoding="utf-8"))
                if found["claim"] != claim.name:
                    raise ValueError(f"it is of the claim {found['claim']}")
                return {arm: _whole(kept) for arm, kept in found["arms"].items()}
            return _converted(json.loads(old.read_text(encoding="utf-8"))["results"].get(claim.name, {}))
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
            file = file if file.exists() else old
            raise ValueError(
                f"{file} holds no results of claims ({error}). Name another --out, or remove it."
            ) from None

    def arm(self, claim: Claim, arm: str, digest: str) -> dict[str, Any]:
        """What is kept of an arm, if it is of this digest; else what an arm begins with."""
        kept = self.arms(claim).get(arm)
        if kept and kept["digest"] == digest:
            return kept
        return {"digest": digest, "measuring": measuring(claim.module), "echo": None, "seeds": {}}

    def keep(self, claim: Claim, digest: str, arm: str, seed: int, result: Mapping[str, Any]) -> None:
        """Keep what was found of an arm with a seed, and write it down at once; what other code found is forgotten."""
        kept = self.arm(claim, arm, digest)
        row = {"found": result["found"], "seconds": result["seconds"], "date": date.today().isoformat()}
        seeds = {**kept["seeds"], str(seed): {**row, "machine": machine(), "commit": commit()}}
        self._write(claim, arm, {**kept, "seeds": {name: seeds[name] for name in sorted(seeds, key=int)}})

    def hear(self, claim: Claim, digest: str, arm: str, echo: Mapping[str, Any]) -> None:
        """Keep the echo of an arm."""
        self._write(claim, arm, {**self.arm(claim, arm, digest), "echo": echo})

    def confirm(self, claim: Claim, digest: str, arm: str) -> None:
        """Write down that what is kept of an arm also stands for the code of this digest."""
        self._write(claim, arm, {**self.arms(claim)[arm], "digest": digest})

    def _write(self, claim: Claim, arm: str, kept: Mapping[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder):
            arms = {**self.arms(claim), arm: kept}  # read again: somebody else may keep results here too
            whole = {"claim": claim.name, "arms": {name: arms[name] for name in ARMS if name in arms}}
            write_text(self.file(claim), json.dumps(whole, indent=1) + "\n")

    def seeds(self, claim: Claim) -> tuple[int, ...]:
        """The seeds of which something is kept; the first three if there are none."""
        return tuple(sorted({int(seed) for arm in self.arms(claim).values() for seed in arm["seeds"]})) or (0, 1, 2)

    def picture(self, claim: Claim, arm: str) -> Path:
        """The picture of an arm."""
        return self.folder / "pictures" / f"{claim.name}-{arm}.png"

    def verdict(self, claim: Claim, seeds: tuple[int, ...], digest: str = "") -> Verdict:
        """What the kept results say of a claim; not whole, where some are missing.

        Args:
            claim: The claim.
            seeds: Which seeds.
            digest: What results depend on today: those of other code are left out; of any code, if this is.
        """
        arms = {arm: kept["seeds"] for arm, kept in self.arms(claim).items() if digest in ("", kept["digest"])}
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
