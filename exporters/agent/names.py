"""Finds names that nothing reads, and says which one may be meant: a setting that is misspelt must not be lost."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable


def unknown_name(found: Iterable[object], known: Collection[str]) -> str:
    """What is wrong with the first name that is not known; "" where all of them are."""
    for name in map(str, found):
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            return f"`{name}` is not known; " + (f"is `{near[0]}` meant?" if near else f"known are {', '.join(known)}")
    return ""
