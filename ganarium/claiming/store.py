"""Where results of claims are kept: ``claims.json`` in a folder, with pictures beside it.

Every result has the digest of what it depends on (:mod:`ganarium.claiming.stale`); one whose digest is not today's is
stale, and is not used.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ganarium.claiming.statement import ARMS, Claim
from ganarium.claiming.verdict import Verdict
from ganarium.files import write_text
from ganarium.side_by_side import cores

__all__ = ["Store"]

_FIELDS = {"date", "digest", "found", "machine", "seconds"}


class Store:
    """Kept results.

    Args:
        folder: Where; made when something is kept.

    Raises:
        ValueError: if there is a ``claims.json`` that is none.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.file = self.folder / "claims.json"
        self._rows = self._read()

    def _read(self) -> dict[str, dict[str, Any]]:
        if not self.file.exists():
            return {}
        try:
            rows = json.loads(self.file.read_text(encoding="utf-8"))["results"]
            if any(not row.keys() >= _FIELDS for of_claim in rows.values() for row in of_claim.values()):
                raise KeyError(", ".join(sorted(_FIELDS)))
            return rows
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
            raise ValueError(
                f"{self.file} holds no results of claims ({error}). Name another --out, or remove it."
            ) from None

    def seeds(self, claim: Claim) -> tuple[int, ...]:
        """The seeds of which something is kept; the first three if there are none."""
        return tuple(sorted({int(name.split()[1]) for name in self._rows.get(claim.name, {})})) or (0, 1, 2)

    def get(self, claim: Claim, digest: str, arm: str, seed: int) -> Mapping[str, Any] | None:
        """What was found of an arm with a seed; None if it was not, or is stale."""
        row = self._rows.get(claim.name, {}).get(f"{arm} {seed}")
        return row if row is not None and row["digest"] == digest else None

    def keep(self, claim: Claim, digest: str, arm: str, seed: int, result: Mapping[str, Any]) -> None:
        """Keep what was found, and write it down at once."""
        self._rows = self._read()  # somebody else may keep results here too
        row = {"digest": digest, "date": date.today().isoformat(), "machine": machine(), **result}
        rows = {**self._rows.get(claim.name, {}), f"{arm} {seed}": row}
        self._rows[claim.name] = {name: rows[name] for name in sorted(rows, key=_order)}
        self.folder.mkdir(parents=True, exist_ok=True)
        whole = {"results": {name: self._rows[name] for name in sorted(self._rows)}}
        write_text(self.file, json.dumps(whole, indent=1) + "\n")

    def picture(self, claim: Claim, arm: str) -> Path:
        """The picture of an arm."""
        return self.folder / "pictures" / f"{claim.name}-{arm}.png"

    def verdict(self, claim: Claim, digest: str, seeds: tuple[int, ...], stale: bool = False) -> Verdict:
        """What the kept results say of a claim; not whole, where some are missing.

        Args:
            claim: The claim.
            digest: What its results depend on today.
            seeds: Which seeds.
            stale: Whether results of earlier code are taken too; the verdict then says so.
        """
        known = self._rows.get(claim.name, {})
        fit = {name: row for name, row in known.items() if stale or row["digest"] == digest}
        kept = {arm: {seed: fit[name] for seed in seeds if (name := f"{arm} {seed}") in fit} for arm in ARMS}
        rows = [row for of_arm in kept.values() for row in of_arm.values()]
        return Verdict(
            claim,
            seeds,
            {arm: {seed: row["found"] for seed, row in of_arm.items()} for arm, of_arm in kept.items()},
            seconds=sum(row["seconds"] for row in rows),
            machine=max((row["machine"] for row in rows), default=""),
            date=max((row["date"] for row in rows), default=""),
            stale=any(row["digest"] != digest for row in rows),
            pictures={arm: f"pictures/{path.name}" for arm in ARMS if (path := self.picture(claim, arm)).exists()},
        )


def machine() -> str:
    """The machine, in a few words."""
    import torch

    return f"{cores()} CPU cores ({platform.machine()}), torch {torch.__version__.split('+')[0]}"


def _order(name: str) -> tuple[int, int]:
    arm, seed = name.split()
    return ARMS.index(arm), int(seed)
