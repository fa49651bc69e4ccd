"""Receivers behind TLS, over HTTP and gRPC, with certificates that the environment names."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from exporters.sinks.delivery.batch import Later
from exporters.sinks.otlp.environment import Receiver
from exporters.sinks.otlp.names import Names
from exporters.sinks.otlp.opening import Choice, Protocol, transport_of
from tests.exporters.sinks.otlp import receiver
from tests.exporters.sinks.otlp.test_transports import batch


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cert.pem, which signs itself and serves for both sides, and key.pem."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is not there")
    folder = tmp_path_factory.mktemp("pki")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -batch -days 2 -subj /CN=test"
    names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command.split(), *names], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("protocol", Protocol)
def test_a_receiver_with_the_right_certificate_is_trusted_and_any_other_is_not(protocol: Protocol, files: Path) -> None:
    accepted: list[list[receiver.Accepted]] = []
    server = receiver.Receiver(lambda _: receiver.Fault.NONE, accepted.append, 1.0)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=files / "cert.pem")
    context.load_cert_chain(files / "cert.pem", files / "key.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    grpc_port = server.secure(context, files / "cert.pem", files / "key.pem")
    server.start()
    port = grpc_port if protocol is Protocol.GRPC else server.http_port
    choice = Choice(f"https://localhost:{port}", protocol, Names.GPUYIELD, None, 5.0)
    known = Receiver(None, None, {}, files / "cert.pem", files / "key.pem", files / "cert.pem")
    with closing(transport_of(choice, known, time)) as transport:
        assert transport.send(batch().body) == {}
    with closing(transport_of(choice, Receiver(), time)) as transport, pytest.raises(Later):
        transport.send(batch().body)
    server.stop()
    assert len(accepted) == 1
