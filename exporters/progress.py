"""Shows how far long work has come: a bar on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(title: str, total: int) -> Iterator[Callable[[int, str], None]]:
    """Gives a function (done, note) that moves the bar; it stands on stderr, so that stdout stays clean.

    It shows with its first move, so that one bar may be made while another is still on the screen.
    """
    if not sys.stderr.isatty():
        yield lambda done, note: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(title),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[note]}"),
    )
    progress = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
    task = progress.add_task(title, total=total, note="")

    def move(done: int, note: str) -> None:
        progress.start()
        progress.update(task, completed=done, note=note)

    try:
        yield move
    finally:
        progress.stop()
