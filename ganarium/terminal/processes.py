"""Which of several processes this is, before they have met."""

from __future__ import annotations

import os

__all__ = ["speaks"]


def speaks() -> bool:
    """Whether this process is the only one, or the first of several that were started alike: only that one speaks.

    Example:
        >>> speaks()
        True
    """
    return os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")) == "0"
