"""How the folder is laid out, and how a store is made and opened.

    gpuyield-store.json                      the schema version
    series/<segment>.parquet                 series key, name, labels (JSON object)
    samples/day=YYYY-MM-DD/<segment>.parquet name, series key, at, value; sorted in this order

A segment is written under a temporary name and renamed when whole; its series file comes first, so that a crash
leaves at worst series without samples. Writing a segment twice is harmless: a reader drops equal samples.
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

from exporters.source import GpuyieldError
from exporters.whole_file import write_whole

SCHEMA_VERSION = 1
MARKER = "gpuyield-store.json"

SERIES_SCHEMA = pa.schema([("series", pa.int64()), ("name", pa.string()), ("labels", pa.string())])
SAMPLES_SCHEMA = pa.schema(
    [
        ("name", pa.dictionary(pa.int32(), pa.string())),
        ("series", pa.int64()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("value", pa.float64()),
    ]
)


class StoreError(GpuyieldError):
    """A store folder cannot be used; the text says which, why, and what to do."""


def open_store(path: Path) -> Path:
    """The folder of an existing store; refuses a folder that is none or that a newer gpuyield wrote."""
    marker = path / MARKER
    if not marker.is_file():
        hint = "import or record into it first" if not path.exists() else "it holds no gpuyield-store.json"
        raise StoreError(f"{path} is not a gpuyield store: {hint} (gpuyield import PATH --store {path})")
    try:
        version = json.loads(marker.read_text())["schema_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f'{marker} is damaged ({error}); restore it as {{"schema_version": 1}}') from error
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema version {version}, this gpuyield reads {SCHEMA_VERSION}:"
            " upgrade gpuyield, or import again"
        )
    return path


def create_store(path: Path) -> Path:
    """Opens a store, making it first when the folder is missing or empty."""
    if (path / MARKER).is_file():
        return open_store(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise StoreError(f"{path} exists, is not empty and is not a gpuyield store: choose another folder for --store")
    try:
        (path / "series").mkdir(parents=True, exist_ok=True)
        (path / "samples").mkdir(exist_ok=True)
        write_whole(path / MARKER, json.dumps({"schema_version": SCHEMA_VERSION}).encode() + b"\n")
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}; choose another folder for --store"
        ) from error
    return path
