"""Which cluster is meant, and as whom: the same answer that kubectl would give."""

from __future__ import annotations

import base64
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporters.kubernetes.kubeconfig import ClusterError, api_server
from tests.exporters.kubernetes.conftest import TOKEN, FakeApiServer, Kubeconfig, ask


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    files = tmp_path / "tls.crt", tmp_path / "tls.key"
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=alice"
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(files[0]), "-keyout", str(files[1])]
    subprocess.run(["openssl", *command.split(), *more], check=True, capture_output=True)
    return files


def test_the_current_context_is_used_and_another_where_it_is_named(
    kubeconfig: Kubeconfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kubeconfig.write("https://blue.example:6443/", context="blue")
    other = tmp_path / "other"
    kubeconfig.write("https://green.example/k8s/clusters/c-1", context="green").rename(other)
    kubeconfig.write("https://blue.example:6443/", context="blue")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'none'}:{kubeconfig.file}:{other}")
    assert (api_server().url, api_server().namespace) == ("https://blue.example:6443", "team")
    assert api_server("green").url == "https://green.example/k8s/clusters/c-1"


def test_of_two_files_the_first_holds(kubeconfig: Kubeconfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kubeconfig.write("https://old.example").rename(tmp_path / "old")
    monkeypatch.setenv("KUBECONFIG", f"{kubeconfig.write('https://new.example')}:{tmp_path / 'old'}")
    assert api_server().url == "https://new.example"


def test_the_file_in_the_home_folder_is_the_default(
    kubeconfig: Kubeconfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".kube").mkdir()
    kubeconfig.write("https://home.example").rename(tmp_path / ".kube" / "config")
    monkeypatch.delenv("KUBECONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert api_server().url == "https://home.example"


def test_nothing_secret_is_printed(kubeconfig: Kubeconfig) -> None:
    kubeconfig.write("https://user:hunter2@blue.example:6443")
    assert TOKEN not in repr(api_server())
    assert str(api_server()) == "the Kubernetes API server blue.example:6443 (context blue)"


def test_without_any_cluster_the_message_says_where_it_looked(kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"no pod with a service account; set KUBECONFIG") as caught:
        api_server(None, tmp_path)
    assert str(kubeconfig.file) in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"current-context": ""}, "no current context.*use-context.*blue"),
        ({"current-context": "red"}, "no context red in the kubeconfig: there are blue"),
        ({"clusters": []}, "lacks its cluster or user"),
        ({"users": []}, "lacks its cluster or user"),
        ({"users": [{"name": "u-blue", "user": {"token": 5}}]}, "lacks its cluster or user"),
        ({"users": [{"name": "u-blue", "user": {"as": "root"}}]}, "sets as, which"),
        ({"users": [{"name": "u-blue", "user": {"auth-provider": {"name": "gcp"}}}]}, "auth-provider not supported"),
        ({"clusters": [{"name": "c-blue", "cluster": {"server": "https://a", "proxy-url": "http://b"}}]}, "proxy-url"),
        (
            {"clusters": [{"name": "c-blue", "cluster": {"server": "https://a", "certificate-authority": "gone"}}]},
            "certificate or key that cannot be used: No such file",
        ),
        ({"contexts": "secret"}, "is no kubeconfig"),
    ],
)
def test_what_cannot_be_used_is_said_without_guessing(
    kubeconfig: Kubeconfig, change: dict[str, Any], message: str
) -> None:
    content = yaml.safe_load(kubeconfig.write("https://blue.example").read_text())
    kubeconfig.file.write_text(yaml.safe_dump({**content, **change}))
    with pytest.raises(ClusterError, match=message) as caught:
        api_server()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", [": secret", "secret", "[secret", "\x00", "- secret"])
def test_a_file_that_is_no_kubeconfig_is_named_and_not_quoted(kubeconfig: Kubeconfig, text: str) -> None:
    kubeconfig.file.write_text(text)
    with pytest.raises(ClusterError, match="is no kubeconfig") as caught:
        api_server()
    assert "secret" not in str(caught.value)


@pytest.fixture
def account(certificate: tuple[Path, Path], tmp_path: Path) -> Path:
    """What the kubelet puts into a pod."""
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text("of-the-pod")
    (account / "namespace").write_text("gpuyield")
    shutil.copy(certificate[0], account / "ca.crt")
    return account


def test_inside_a_pod_its_service_account_is_used(
    api: FakeApiServer,
    kubeconfig: Kubeconfig,
    certificate: tuple[Path, Path],
    account: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over TLS with the cluster's own authority."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    api.socket = tls.wrap_socket(api.socket, server_side=True)
    api.tokens = {"of-the-pod"}
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(api.server_port))
    server = api_server(None, account)
    assert server.namespace == "gpuyield"
    assert ask(server) == 200


def test_a_server_that_the_cluster_does_not_vouch_for_gets_no_token(
    api: FakeApiServer, kubeconfig: Kubeconfig, certificate: tuple[Path, Path]
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    api.socket = tls.wrap_socket(api.socket, server_side=True)
    kubeconfig.write(api.url.replace("http:", "https:"))
    with pytest.raises(httpx2.ConnectError, match="certificate verify failed"):
        ask(api_server())
    assert api.asked == []


def test_the_address_of_the_api_server_may_be_ipv6(
    kubeconfig: Kubeconfig, account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    assert api_server(None, account).url == "https://[fd00::1]:443"


@pytest.mark.parametrize("inline", [False, True])
def test_a_client_certificate_signs_in(
    api: FakeApiServer, kubeconfig: Kubeconfig, certificate: tuple[Path, Path], inline: bool
) -> None:
    """The server lets nobody in without one. Relative paths count from the kubeconfig's folder."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate[0])
    tls.load_cert_chain(*certificate)
    tls.verify_mode = ssl.CERT_REQUIRED
    api.socket = tls.wrap_socket(api.socket, server_side=True)
    api.tokens = {""}
    keys = ["certificate-authority", "client-certificate", "client-key"]
    values = [certificate[0].name, *(file.name for file in certificate)]
    if inline:
        keys = [f"{key}-data" for key in keys]
        values = [base64.b64encode((kubeconfig.file.parent / name).read_bytes()).decode() for name in values]
    user = dict(zip(keys[1:], values[1:], strict=True))
    kubeconfig.write(api.url.replace("http:", "https:"), user, **{keys[0]: values[0]})
    server = api_server()
    assert (server.auth, ask(server)) == (None, 200)


def test_a_token_file_is_read_again_when_its_token_ran_out(api: FakeApiServer, kubeconfig: Kubeconfig) -> None:
    token = kubeconfig.file.with_name("token")
    token.write_text("first\n")
    kubeconfig.write(api.url, {"tokenFile": "token"})
    api.tokens = {"first"}
    server = api_server()
    assert ask(server) == 200
    token.write_text("second\n")
    api.tokens = {"second"}
    assert ask(server) == 200


def broken_entries() -> st.SearchStrategy[object]:
    leaves = st.none() | st.integers() | st.text("ab/:", max_size=3)
    keys = st.sampled_from(["name", "cluster", "user", "context", "server", "exec", "command", "args", "token"])
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner), max_leaves=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.sampled_from(["clusters", "contexts", "users"]), broken_entries())
def test_any_shape_is_either_read_or_refused(kubeconfig: Kubeconfig, section: str, entry: object) -> None:
    content = yaml.safe_load(kubeconfig.write("http://blue.example").read_text())
    kubeconfig.file.write_text(yaml.safe_dump({**content, section: [entry, *content[section]]}))
    try:
        api_server()
    except ClusterError as error:
        assert str(error)  # noqa: PT017


def test_without_the_extra_the_message_says_what_to_install(
    kubeconfig: Kubeconfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lightkube.config.kubeconfig", None)
    with pytest.raises(ClusterError, match=r"pip install 'gpuyield\[kubernetes\]'"):
        api_server()
