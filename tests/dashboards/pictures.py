"""Pictures of the boards over two simulated clusters: `python -m tests.dashboards.pictures docs/boards`.

GRAFANA_PREVIEW is the path of a program that draws a board's JSON from a Prometheus into a PNG, with the options used
below; it is no part of this project. Nothing else is needed but a `prometheus` with its `promtool`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from analyzer.kpi.scope import Scope
from analyzer.window import rfc3339
from dashboards.grafana import boards
from dashboards.grafana_json import Links, grafana_json, text_of
from tests.dashboards.world import World, make_world, served
from tests.real_servers import Running, prometheus_binaries

HOURS = 30.0
SIZES = (("light", "1600"), ("dark", "800"))
COLOURS = 128  # enough for flat areas and text, a third of the bytes
# A board over one cluster, or over few nodes, is easier to read in a picture.
CHOSEN = {"accelerator": ("cluster=lab", "node=ip-10-0-1-11.ec2.internal", "node=node-1"), "fleet": ("cluster=prod",)}


def main(folder: Path, hours: float = HOURS) -> None:
    """Fills two clusters, serves them, draws each board light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        world = make_world(work, hours)
        with served(world, prometheus_binaries()[0], work) as server:
            for board, declared in boards().items():
                file = work / f"{board}.json"
                file.write_text(text_of(grafana_json(declared, Scope(), Links())))
                for theme, width in SIZES:
                    _draw(server, world, file, folder / f"{board}-{theme}-{width}.png", theme, width)


def _draw(server: Running, world: World, board: Path, picture: Path, theme: str, width: str) -> None:
    words: list[str | Path] = ["node", os.environ["GRAFANA_PREVIEW"], "--dashboard", board, "--prometheus", server.url]
    words += ["--from", rfc3339(world.window.start), "--to", rfc3339(world.window.end), "--scrape-interval", "60s"]
    words += ["--theme", theme, "--width", width, "--out", picture]
    words += [word for choice in CHOSEN.get(board.stem, ()) for word in ("--var", choice)]
    subprocess.run(words, check=True)
    with Image.open(picture) as drawn:
        few = drawn.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(picture, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else HOURS)
