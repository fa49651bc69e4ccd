"""The file that says who may ask: what Prometheus exporters take, and what is refused by name."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from exporters.agent.web_config import WebConfig, WebConfigError, WebConfigFile, read_web_config
from tests.exporters.agent.conftest import Logged, log_into

HASH = "$2y$04$Wea/YozDQpvDFpO3qxCqSOkGr7Thvz7yIUqOt4wMOpnkL28hLUn3G"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "web-config.yml"


def test_all_of_it(file: Path) -> None:
    file.write_text(
        "tls_server_config:\n  cert_file: tls.crt\n  key_file: /etc/tls.key\n  client_ca_file: ca.crt\n"
        "  client_auth_type: RequireAndVerifyClientCert\n  min_version: TLS13\n"
        f"basic_auth_users:\n  prometheus: {HASH}\n"
    )
    config = read_web_config(file)
    assert config.tls is not None
    assert config.tls.cert_file == file.parent / "tls.crt"
    assert config.tls.key_file == Path("/etc/tls.key")
    assert config.tls.client_ca_file == file.parent / "ca.crt"
    assert (config.tls.clients, config.tls.min_version) == (ssl.CERT_REQUIRED, ssl.TLSVersion.TLSv1_3)
    assert config.users == {"prometheus": HASH}
    assert HASH not in repr(config)


def test_nothing_in_it(file: Path) -> None:
    file.write_text("")
    assert read_web_config(file) == WebConfig()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("basic_auth_user: {}\n", "is `basic_auth_users` meant?"),
        ("rate_limit: {burst: 1}\n", "`rate_limit` is not known"),
        ("tls_server_config: {cert_file: a, key_file: b, cipher_suites: [x]}\n", "`cipher_suites` is not known"),
        ("tls_server_config: {cert_file: a}\n", "key_file is missing"),
        ("tls_server_config: {cert_file: a, key_file: b, min_version: TLS10}\n", "one of TLS12, TLS13"),
        (
            "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequestClientCert}\n",
            "client_auth_type: one of NoClientCert",
        ),
        ("tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}\n", "go together"),
        (
            "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert}\n",
            "go together",
        ),
        ("basic_auth_users: {anna: secret}\n", "anna: no bcrypt hash"),
        ("basic_auth_users: [secret]\n", "names with values"),
        ("basic_auth_users: {anna: 'secret\n", "is no YAML"),
    ],
)
def test_what_is_wrong_is_named_and_no_value_repeated(file: Path, text: str, says: str) -> None:
    file.write_text(text)
    with pytest.raises(WebConfigError, match=r"web-config\.yml") as caught:
        read_web_config(file)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_changed_file_counts_and_a_broken_one_does_not(file: Path, logged: Logged) -> None:
    file.write_text("")
    config = WebConfigFile(file, log_into(logged))
    file.write_text(f"basic_auth_users:\n  anna: {HASH}\n")
    assert config.current().users == {"anna": HASH}
    file.write_text("basic_auth: {}\n")
    assert config.current().users == {"anna": HASH}
    assert len(logged.lines) == 2
    file.unlink()
    assert config.current().users == {"anna": HASH}


def test_a_missing_file_is_said_at_the_start(file: Path, logged: Logged) -> None:
    with pytest.raises(WebConfigError, match="cannot be read"):
        WebConfigFile(file, log_into(logged))
