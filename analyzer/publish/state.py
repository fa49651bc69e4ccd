"""The file that keeps the totals across restarts: written whole before anything in it is told."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any
from zlib import crc32

from analyzer.publish.newest import Newest
from analyzer.publish.totals import Total, Totals
from exporters.source import GpuyieldError
from exporters.whole_file import write_whole

_VERSION = 1
_NAME = "gpuyield-publish"


class StateError(GpuyieldError):
    """The state file cannot be used; the text says why, and what to do."""


@contextmanager
def owned(path: Path) -> Iterator[None]:
    """As long as this lasts, no other `publish` counts into the same file."""
    lock = path.with_name(f".{path.name}.lock")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(f"--state {path} cannot be written: {error.strerror}; choose another place") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StateError(f"--state {path} is in use: another gpuyield publish counts into it") from None
    finally:
        os.close(handle)


def read_state(path: Path) -> tuple[Totals, Newest]:
    """What was kept; empty where there is no file yet."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return Totals(), Newest()
    except OSError as error:
        raise StateError(f"--state {path} cannot be read: {error.strerror}") from None
    words = head.decode(errors="replace").split(" ")
    if words[:1] != [_NAME] or len(words) != 3:
        raise StateError(f"--state {path} was not written by gpuyield publish: choose another file")
    if words[1] != str(_VERSION):
        raise StateError(
            f"--state {path} has version {words[1]}, this gpuyield reads {_VERSION}: upgrade, or begin a new file"
        )
    if words[2] != f"{crc32(body):08x}":
        raise StateError(f"--state {path} is damaged: restore it, or remove it to begin again at the newest cell")
    return _decoded(json.loads(body))


def write_state(path: Path, totals: Totals, newest: Newest) -> None:
    """The file has the old content or the new one, whatever happens meanwhile."""
    body = json.dumps(_encoded(totals, newest), separators=(",", ":")).encode()
    try:
        write_whole(path, f"{_NAME} {_VERSION} {crc32(body):08x}\n".encode() + body)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # else the rename itself may be lost with the power
        finally:
            os.close(folder)
    except OSError as error:
        raise StateError(f"--state {path} cannot be written: {error.strerror}; choose another place") from None


def _encoded(totals: Totals, newest: Newest) -> dict[str, Any]:
    numbers = {key: number for number, key in enumerate(totals.series)}
    return {
        "closed": totals.closed,
        "counts": [totals.published, totals.corrected, totals.skipped],
        "series": [[key, *astuple(one)] for key, one in totals.series.items()],
        "cells": [
            [cell, [[numbers[key], amount] for key, amount in amounts.items()]]
            for cell, amounts in totals.cells.items()
        ],
        "newest": [[key, value] for key, value in newest.items()],
    }


def _decoded(read: dict[str, Any]) -> tuple[Totals, Newest]:
    keys = [tuple(row[0]) for row in read["series"]]
    published, corrected, skipped = read["counts"]
    totals = Totals(
        closed=read["closed"],
        series={key: Total(*row[1:]) for key, row in zip(keys, read["series"], strict=True)},
        cells={cell: {keys[number]: amount for number, amount in amounts} for cell, amounts in read["cells"]},
        published=published,
        corrected=corrected,
        skipped=skipped,
    )
    return totals, {tuple(key): value for key, value in read["newest"]}
