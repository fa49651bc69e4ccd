"""Programs that sign in (aws, gke-gcloud-auth-plugin, kubelogin): run as kubectl runs them, and never overheard."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from exporters.kubernetes.kubeconfig import api_server
from exporters.source import SourceFailed
from tests.exporters.kubernetes.conftest import FakeApiServer, Kubeconfig, ask

BETA, V1 = "client.authentication.k8s.io/v1beta1", "client.authentication.k8s.io/v1"

GIVES = """
import json, os
asked = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
token = "-".join([asked["apiVersion"].rpartition("/")[2], os.environ["STAGE"]])
print(json.dumps({"apiVersion": asked["apiVersion"], "kind": "ExecCredential", "status": {"token": token}}))
"""


def program(folder: Path, text: str) -> Path:
    """An executable that runs this Python."""
    file = folder / "sign-in"
    file.write_text(f"#!{sys.executable}\n{text}")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(("version", "token"), [(BETA, "v1beta1-prod"), (V1, "v1-prod")])
def test_the_token_of_a_program_is_used(api: FakeApiServer, kubeconfig: Kubeconfig, version: str, token: str) -> None:
    """It is told which version to speak; its path counts from the kubeconfig's folder."""
    program(kubeconfig.file.parent, GIVES)
    env = [{"name": "STAGE", "value": "prod"}]
    kubeconfig.write(api.url, {"exec": {"apiVersion": version, "command": "./sign-in", "args": ["get"], "env": env}})
    api.tokens = {token}
    assert ask(api_server()) == 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import sys\nsys.exit('Trace\\nThe SSO session has expired: run aws sso login')", "run aws sso login; see"),
        ("print('secret')", "printed no token"),
        ('print(\'{"status": {"clientKeyData": "secret"}}\')', "printed no token"),
        ("print('[1]')", "printed no token"),
    ],
)
def test_a_program_that_fails_is_told_without_what_it_printed(
    api: FakeApiServer, kubeconfig: Kubeconfig, text: str, message: str
) -> None:
    command = program(kubeconfig.file.parent, text)
    kubeconfig.write(api.url, {"exec": {"apiVersion": BETA, "command": str(command)}})
    with pytest.raises(SourceFailed, match=message) as caught:
        ask(api_server())
    assert "context blue" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_missing_program_comes_with_its_hint(api: FakeApiServer, kubeconfig: Kubeconfig) -> None:
    hint = "Install the plugin:\n  apt install it"
    kubeconfig.write(api.url, {"exec": {"apiVersion": V1, "command": "no-such-program", "installHint": hint}})
    with pytest.raises(SourceFailed, match=r"no-such-program: No such file.*Install the plugin: apt install it"):
        ask(api_server())


def test_a_version_that_nobody_knows_is_refused(api: FakeApiServer, kubeconfig: Kubeconfig) -> None:
    command = program(kubeconfig.file.parent, GIVES)
    kubeconfig.write(api.url, {"exec": {"apiVersion": "example.com/v9", "command": str(command)}})
    with pytest.raises(SourceFailed, match=r"example\.com/v9"):
        ask(api_server())


def test_a_token_that_is_refused_twice_is_refused_for_good(api: FakeApiServer, kubeconfig: Kubeconfig) -> None:
    command = program(kubeconfig.file.parent, GIVES)
    env = [{"name": "STAGE", "value": "old"}]
    kubeconfig.write(api.url, {"exec": {"apiVersion": BETA, "command": str(command), "env": env}})
    assert ask(api_server()) == 401


def test_a_token_file_that_is_gone_is_named(api: FakeApiServer, kubeconfig: Kubeconfig) -> None:
    kubeconfig.write(api.url, {"tokenFile": "gone"})
    with pytest.raises(SourceFailed, match=r"Token file .*gone not found"):
        ask(api_server())
