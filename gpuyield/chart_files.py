"""`python -m gpuyield.chart_files [--check]`: writes what the Helm chart takes from the code, into its `files/`.

Helm reads no Python: instance types and the rules of the collector's role are written out for it, and a test holds them
to what the code says today.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from analyzer.commands.permissions import roles_for
from analyzer.permissions.source_tree import modules
from analyzer.pricing.instances import instance_types

FILES = Path(__file__).parents[1] / "charts" / "gpuyield" / "files"
_VENDORS = {"nvidia": "nvidia", "aws-neuron": "neuron"}


def chart_files() -> Iterator[tuple[str, str]]:
    """(path under `files/`, text) of each."""
    for vendor, kind in _VENDORS.items():
        names = sorted(one.name for one in instance_types().values() if one.vendor == vendor)
        yield f"{kind}-instance-types.yaml", _yaml(names)
    (role,) = roles_for("cluster", modules(), "").objects
    yield "collector-rules.yaml", _yaml(role["rules"])


def outdated() -> list[str]:
    """Paths that are missing, differ, or that nothing writes any more."""
    wanted = dict(chart_files())
    there = {path.relative_to(FILES).as_posix() for path in FILES.rglob("*") if path.is_file()}
    differing = [name for name, text in wanted.items() if name in there and (FILES / name).read_text() != text]
    return sorted([*differing, *(wanted.keys() ^ there)])


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=120).rstrip("\n")


def main() -> int:
    """Writes, or with --check says what is out of date and ends with 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is out of date")
    if parser.parse_args().check:
        late = outdated()
        for name in late:
            print(f"charts/gpuyield/files/{name} is out of date: run make chart-files", file=sys.stderr)
        return 1 if late else 0
    for name in outdated():
        (FILES / name).unlink(missing_ok=True)
    for name, text in chart_files():
        (FILES / name).parent.mkdir(parents=True, exist_ok=True)
        (FILES / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
