"""`compose.yaml`: valid, closed to other machines, and made of programs and options that are there."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from dashboards.stack.files import Places
from gpuyield.__main__ import VERBS

ROOT = Path(__file__).resolve().parents[3]
# The part of the Compose Specification that is used here, nothing else let through. Written after
# https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json
SCHEMA = json.loads((Path(__file__).parent / "compose.schema.json").read_text())
PORT = re.compile(r"127\.0\.0\.1:(\d+):(\d+)")
IMAGE = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)?:v?[0-9.]+@\$\{[A-Z]+_DIGEST:\?[^}]+\}")


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "compose.yaml").read_text()))


def test_it_is_valid(content: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(content, SCHEMA)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("privileged", True),
        ("ports", ["0.0.0.0:9090:9090:9090"]),
        ("restart", False),
        ("depends_on", {"fleet": {"condition": "ready"}}),
        ("network_mode", "service fleet"),
    ],
)
def test_the_schema_sees(content: dict[str, Any], key: str, value: object) -> None:
    services = {**content["services"], "publish": {**content["services"]["publish"], key: value}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "services": services}, SCHEMA)


def test_what_is_named_is_there(content: dict[str, Any]) -> None:
    services = content["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        mode = service.get("network_mode", "none")
        assert mode == "none" or mode.removeprefix("service:") in services
        for volume in service.get("volumes", []):
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            assert (ROOT / source).is_dir() if source.startswith(".") else source in content["volumes"]


def test_only_this_machine_can_reach_it(content: dict[str, Any]) -> None:
    published = [port for service in content["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(PORT.fullmatch(port) for port in published)


def test_every_container_has_the_least(content: dict[str, Any]) -> None:
    for service in content["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_images_of_others_are_pinned_by_digest_and_name_no_registry(content: dict[str, Any]) -> None:
    others = [service["image"] for service in content["services"].values() if "build" not in service]
    assert len(others) == 3
    assert all(IMAGE.fullmatch(image) for image in others), others


def test_our_programs_and_their_options_are_there(content: dict[str, Any]) -> None:
    for service in content["services"].values():
        if "build" not in service:
            continue
        if "entrypoint" in service:
            python, flag, module, *_ = service["entrypoint"]
            assert (python, flag) == ("python", "-m")
            assert importlib.util.find_spec(module)
        else:
            verb, *words = service["command"]
            parser = argparse.ArgumentParser(exit_on_error=False)
            importlib.import_module(VERBS[verb].module).add_arguments(parser)
            parser.parse_args(words)


def test_prometheus_is_told_the_ports_that_are_used(content: dict[str, Any]) -> None:
    places, services = Places(), content["services"]
    assert f"--listen={places.publish}" in services["publish"]["command"]
    published = {match[2] for port in services["fleet"]["ports"] if (match := PORT.fullmatch(port))}
    assert {place.rpartition(":")[2] for place in (places.prometheus, places.alertmanager)} <= published


def test_the_image_is_small_and_not_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert sum(line.startswith("FROM ") for line in lines) == 2
    assert next(line for line in lines if line.startswith("ARG ")).endswith("-slim")
    user = next(line for line in lines if line.startswith("USER "))
    assert 0 not in map(int, re.findall(r"\d+", user))
    copied = {words[1] for line in lines if (words := line.split()) and words[0] == "COPY" and len(words) == 3}
    assert all((ROOT / one).exists() for one in copied if not one.startswith("--"))
