"""Who gets in: TLS, client certificates, passwords; and that all of these can change while the agent runs."""

from __future__ import annotations

import base64
import shutil
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import bcrypt
import pytest

from exporters.agent.agent import Agent
from exporters.agent.passwords import Passwords
from exporters.agent.web_config import WebConfigError
from tests.exporters.agent.conftest import Card, Logged, Slots, Start

PASSWORD = "päss:wörd"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, the certificates of two servers, and that of a client."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is not there")
    folder = tmp_path_factory.mktemp("pki")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-batch"]
    authority = ["-x509", "-days", "2", "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem"]
    openssl(folder, "req", *key, *authority, "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    server = "subjectAltName=IP:127.0.0.1"
    for name, extra in (("server", server), ("renewed", server), ("client", "extendedKeyUsage=clientAuth")):
        openssl(folder, "req", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (folder / f"{name}.ext").write_text(f"{extra}\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext"]
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.pem")
    return folder


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def served(pki: Path, tmp_path: Path) -> Path:
    """A folder with the server's files, which a test may change."""
    for name in ("ca.pem", "server.pem", "server.key"):
        shutil.copy(pki / name, tmp_path / name)
    return tmp_path


def config(folder: Path, tls: str = "", users: Mapping[str, str] = {}) -> Path:
    file = folder / "web-config.yml"
    lines = [f"tls_server_config: {{cert_file: server.pem, key_file: server.key{tls}}}"] if tls != "-" else []
    lines += ["basic_auth_users:", *(f"  {user}: {password}" for user, password in users.items())] if users else []
    file.write_text("\n".join(lines) + "\n")
    return file


def trusting(pki: Path, client: str = "", newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(pki / "ca.pem"))
    context.maximum_version = newest
    if client:
        context.load_cert_chain(pki / f"{client}.pem", pki / f"{client}.key")
    return context


def status(agent: Agent, path: str, tls: ssl.SSLContext | None = None, login: str | None = None) -> int:
    request = urllib.request.Request(f"{agent.url}{path}")
    if login is not None:
        request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=20, context=tls) as answer:
            found: int = answer.status
            return found
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_tls(start: Start, pki: Path, served: Path) -> None:
    agent = start(Slots("cards", a=Card("GPU-0")), web_config=config(served, ", min_version: TLS13"))
    assert agent.url.startswith("https://")
    assert status(agent, "/metrics", trusting(pki)) == 200
    with pytest.raises(OSError):
        status(agent, "/metrics", trusting(pki, newest=ssl.TLSVersion.TLSv1_2))
    with pytest.raises(OSError):
        urllib.request.urlopen(agent.url.replace("https", "http"), timeout=20)
    assert status(agent, "/metrics", trusting(pki)) == 200


def test_a_client_that_never_says_hello_keeps_nobody_out(start: Start, pki: Path, served: Path) -> None:
    agent = start(Slots("cards"), web_config=config(served))
    host, port = agent.url.removeprefix("https://").split(":")
    with socket.create_connection((host, int(port)), timeout=20):
        assert status(agent, "/metrics", trusting(pki)) == 200


def test_only_clients_of_our_authority(start: Start, pki: Path, served: Path) -> None:
    clients = ", client_ca_file: ca.pem, client_auth_type: RequireAndVerifyClientCert"
    agent = start(Slots("cards"), web_config=config(served, clients))
    assert status(agent, "/metrics", trusting(pki, "client")) == 200
    with pytest.raises(OSError):
        status(agent, "/-/healthy", trusting(pki))


def test_a_renewed_certificate_is_used_and_a_broken_one_is_not(
    start: Start, pki: Path, served: Path, logged: Logged
) -> None:
    agent = start(Slots("cards"), web_config=config(served))

    def subject() -> str:
        host, port = agent.url.removeprefix("https://").split(":")
        with (
            socket.create_connection((host, int(port)), timeout=20) as plain,
            trusting(pki).wrap_socket(plain, server_hostname=host) as secured,
        ):
            der = secured.getpeercert(binary_form=True) or b""
            return "renewed" if b"renewed" in der else "server"

    assert subject() == "server"
    shutil.copy(pki / "renewed.pem", served / "server.pem")  # its key is not there yet
    assert subject() == "server"
    assert any("certificates are broken" in line for line in logged.lines)
    shutil.copy(pki / "renewed.key", served / "server.key")
    assert subject() == "renewed"


def test_certificates_that_cannot_be_used_are_said_at_the_start(start: Start, served: Path) -> None:
    (served / "server.key").write_text("no key")
    with pytest.raises(WebConfigError, match=r"TLS cannot be set up from .*server\.pem, .*server\.key"):
        start(Slots("cards"), web_config=config(served))


def test_passwords(start: Start, tmp_path: Path) -> None:
    agent = start(Slots("cards"), web_config=config(tmp_path, "-", {"prometheus": HASH}))
    assert [status(agent, path) for path in ("/metrics", "/", "/-/healthy", "/nowhere")] == [401, 401, 200, 401]
    logins = [
        f"prometheus:{PASSWORD}",
        "prometheus:no",
        f"other:{PASSWORD}",
        ":",
        "prometheus",
        "prometheus:" + "x" * 99,
    ]
    assert [status(agent, "/metrics", login=login) for login in logins] == [200, 401, 401, 401, 401, 401]
    config(tmp_path, "-", {"anna": HASH})
    assert status(agent, "/metrics", login=f"prometheus:{PASSWORD}") == 401
    assert status(agent, "/metrics", login=f"anna:{PASSWORD}") == 200


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic ?", "Bearer x", "Basic " + base64.b64encode(b"\xff:x").decode()]
)
def test_headers_that_are_no_login(header: str) -> None:
    assert not Passwords().allows(header, {"a": HASH})


def test_a_password_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    worked_out: list[bytes] = []
    real = bcrypt.checkpw

    def counting(password: bytes, hashed_password: bytes) -> bool:
        worked_out.append(password)
        return real(password, hashed_password)

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    passwords = Passwords()
    right, wrong = ("Basic " + base64.b64encode(f"prometheus:{word}".encode()).decode() for word in (PASSWORD, "guess"))
    for _ in range(3):
        assert passwords.allows(right, {"prometheus": HASH})
        assert not passwords.allows(wrong, {"prometheus": HASH})
    assert len(worked_out) == 2
    assert not passwords.allows(right, {})
    assert len(worked_out) == 3  # a user who is not there takes the same work
