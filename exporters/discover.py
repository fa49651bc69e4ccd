"""Finds one-file additions: each module of a package exposes one agreed object."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def discover(package: ModuleType, name: str, kind: type[T]) -> dict[str, T]:
    """The object called `name` of each module in `package`, by module name, in alphabetical order.

    A module without it, or with something else under that name, is refused by its name: a file that
    silently does nothing is worse than an error at start.
    """
    found: dict[str, T] = {}
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
        path = f"{package.__name__}.{module_info.name}"
        item = getattr(importlib.import_module(path), name, None)
        if not isinstance(item, kind):
            raise TypeError(f"{path} must expose `{name}`, a {kind.__name__}; it exposes {item!r}")
        found[module_info.name] = item
    return found
