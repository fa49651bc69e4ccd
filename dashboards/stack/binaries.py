"""The servers that are not ours: found on the PATH under Debian's names, or where a variable says."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dashboards.stack.child import StackError

# variable -> what it is called on the PATH; Debian's name of Alertmanager first
_NAMES = {"PROMETHEUS": ("prometheus",), "ALERTMANAGER": ("prometheus-alertmanager", "alertmanager")}


@dataclass(frozen=True, slots=True)
class Binaries:
    prometheus: Path
    promtool: Path
    alertmanager: Path


def binaries(environment: Mapping[str, str]) -> Binaries:
    """promtool is the one beside Prometheus: both read the same files."""
    found = {variable: _found(variable, environment) for variable in _NAMES}
    promtool = found["PROMETHEUS"].with_name("promtool")
    if not promtool.exists():
        raise StackError(f"{promtool} is missing: it comes with every release of Prometheus")
    return Binaries(found["PROMETHEUS"], promtool, found["ALERTMANAGER"])


def _found(variable: str, environment: Mapping[str, str]) -> Path:
    given = environment.get(variable)
    names = (given,) if given else _NAMES[variable]
    for name in names:
        path = shutil.which(name, path=environment.get("PATH"))
        if path:
            return Path(path)
    if given:
        raise StackError(f"{variable}={given} is no program that can be run")
    raise StackError(
        f"{names[0]} is not on the PATH. On Debian and Ubuntu, as root:"
        " apt-get install -y --no-install-recommends prometheus prometheus-alertmanager"
        f"\nElse unpack a release of it and name the program: {variable}=/path/to/{names[-1]} make stack"
    )
