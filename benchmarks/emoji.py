"""A folder of 1,911 real pictures for recipes: emoji of 64 x 64, in class folders by what they show.

``python -m benchmarks.emoji PACKAGE OUT`` makes it from the unpacked npm package ``emoji-datasource-google`` (16.0.0;
``npm pack emoji-datasource-google && tar xzf emoji-datasource-google-*.tgz`` leaves it in ``package``): one drawing of
each, without the variants in skin tones.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path


def main() -> None:
    """Copy the drawings."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.emoji", description=__doc__)
    parser.add_argument("package", type=Path)
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    rows = json.loads((asked.package / "emoji.json").read_text())
    drawn = [row for row in rows if (asked.package / "img/google/64" / row["image"]).exists()]
    for row in drawn:
        folder = asked.out / row["category"].replace(" & ", "-").replace(" ", "-").lower()
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(asked.package / "img/google/64" / row["image"], folder)
    print(f"{len(drawn)} pictures in {asked.out}")


if __name__ == "__main__":
    main()
