"""What all objects of the API have: names, identities, times in whole seconds, and who wrote which field."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from exporters.simulation.steps import FOREVER
from exporters.simulation.story import identity

Json = dict[str, Any]


def stamp(at: float) -> str:
    """The API server keeps whole seconds."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def uid(seed: int, *words: str) -> str:
    return str(uuid.UUID(identity(seed, *words)))


def metadata(name: str, own_uid: str, created: float, *, deleted: float = FOREVER, **more: Any) -> Json:
    """`deleted`: when somebody asked for it; the object stays until its finalizers are done."""
    found = {"name": name, "uid": own_uid, "creationTimestamp": stamp(created), **more}
    if deleted < FOREVER:
        found |= {"deletionTimestamp": stamp(deleted), "deletionGracePeriodSeconds": 0}
    return found


def owner(api_version: str, kind: str, name: str, own_uid: str, is_controller: bool = True) -> Json:
    found: Json = {"apiVersion": api_version, "kind": kind, "name": name, "uid": own_uid, "blockOwnerDeletion": True}
    return found | ({"controller": True} if is_controller else {})


def managed(found: Json, manager: str, at: float) -> Json:
    """The object with the list of its fields that the API server adds: nobody reads it, but it is half of the bytes."""
    fields = {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "v1",
        "time": stamp(at),
        "fieldsType": "FieldsV1",
        "fieldsV1": _fields({key: value for key, value in found.items() if key != "metadata"}),
    }
    return {**found, "metadata": {**found["metadata"], "managedFields": [fields]}}


def _fields(value: Any) -> Json:
    if isinstance(value, Mapping):
        return {f"f:{key}": _fields(one) for key, one in value.items()}
    if isinstance(value, list):
        return {f'k:{{"{key}":"{one[key]}"}}': _fields(one) for one in value if (key := _merge_key(one))}
    return {}


def _merge_key(one: Any) -> str:
    """What tells the entries of a list apart; "" where the list is one field."""
    names = ("type", "name", "key") if isinstance(one, Mapping) else ()
    return next((name for name in names if name in one), "")
