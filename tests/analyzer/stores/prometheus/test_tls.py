"""TLS with authorities of one's own, and client certificates."""

from __future__ import annotations

import argparse
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.stores.prometheus.access import access_of, add_access_arguments
from analyzer.stores.prometheus.server import Server
from exporters.source import SourceFailed
from tests.analyzer.stores.prometheus.conftest import Replay, text_reply


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a server's and a client's certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is not there")
    folder = tmp_path_factory.mktemp("pki")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-batch"]
    authority = ["-x509", "-days", "2", "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem"]
    run(folder, "req", *key, *authority, "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    for name, extra in (("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")):
        run(folder, "req", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        extensions = f"{extra}\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
        (folder / f"{name}.ext").write_text(extensions)
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext"]
        run(folder, "x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.pem")
    return folder


def run(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(params=[False, True], ids=["anyone", "known clients only"])
def secured(request: pytest.FixtureRequest, pki: Path) -> Iterator[tuple[Replay, bool]]:
    """A server, and whether it wants a client certificate."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pki / "ca.pem"))
    tls.load_cert_chain(pki / "server.pem", pki / "server.key")
    tls.verify_mode = ssl.CERT_REQUIRED if request.param else ssl.CERT_NONE
    replay = Replay(lambda asked: text_reply("in"), tls)
    yield replay, request.param
    replay.close()


def get(replay: Replay, *words: str) -> bytes:
    parser = argparse.ArgumentParser()
    parser.add_argument("--prometheus")
    add_access_arguments(parser)
    server = Server(access_of(parser.parse_args(["--prometheus", replay.url, "--timeout", "5s", *words])))
    try:
        return server.get("/x")
    finally:
        server.close()


def test_a_strange_authority_is_refused_at_once(secured: tuple[Replay, bool]) -> None:
    with pytest.raises(SourceFailed, match=r"TLS: .*--ca-file") as caught:
        get(secured[0])
    assert type(caught.value) is SourceFailed  # no other try would mend it


def test_our_own_authority_and_certificate(secured: tuple[Replay, bool], pki: Path) -> None:
    certificate = ["--cert-file", str(pki / "client.pem"), "--key-file", str(pki / "client.key")]
    assert get(secured[0], "--ca-file", str(pki / "ca.pem"), *certificate) == b"in"


def test_without_a_certificate(secured: tuple[Replay, bool], pki: Path) -> None:
    replay, wants_certificate = secured
    for trust in (["--ca-file", str(pki / "ca.pem")], ["--insecure-skip-verify"]):
        if wants_certificate:
            with pytest.raises(SourceFailed):
                get(replay, *trust)
        else:
            assert get(replay, *trust) == b"in"
