"""Asks the kubelet's pod-resources socket: what each container holds, and what the node has to give.

A connection is kept while the socket stays the same and calls succeed: a kubelet that restarts makes a new socket.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError, Message

from exporters.kubelet.grpc_library import grpc_library
from exporters.kubelet.pod_resources_pb2 import (
    AllocatableResourcesRequest,
    AllocatableResourcesResponse,
    ContainerDevices,
    ListPodResourcesRequest,
    ListPodResourcesResponse,
)
from exporters.source import SourceAbsent, SourceFailed

_SERVICE = "/v1.PodResourcesLister"
_ANSWER_BYTES = 64 << 20  # gRPC's own limit of 4 MiB is too small for a node with thousands of pods listed
_OPTIONS = (
    ("grpc.max_receive_message_length", _ANSWER_BYTES),
    ("grpc.default_authority", "localhost"),  # Go's servers refuse the path that gRPC would send here
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),  # a new channel starts without the back-off of the one before
)

Identity = tuple[int, int, int]  # device, inode and time of the socket's making


@dataclass(frozen=True, slots=True)
class Offer:
    """A device id that the kubelet may give to a container; ids of unhealthy devices are not offered."""

    resource: str
    device_id: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A device id that a container holds."""

    namespace: str
    pod: str
    container: str
    resource: str
    device_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the kubelet said of one moment."""

    offers: tuple[Offer, ...]
    claims: tuple[Claim, ...]  # in the kubelet's order, which means nothing


class PodResources:
    """The kubelet behind one socket. `deadline_seconds` is for an answer in whole, both of its calls."""

    def __init__(self, path: Path, deadline_seconds: float) -> None:
        self._path = path
        self._deadline_seconds = deadline_seconds
        self._channel: Any = None
        self._identity: Identity | None = None

    def ask(self) -> Answer:
        """Raises SourceAbsent where there never was a socket, SourceFailed where it does not answer as it should."""
        try:
            grpc = grpc_library()
        except ImportError:
            raise SourceFailed("the kubelet cannot be asked: install gpuyield[node], which brings grpcio") from None
        end = time.monotonic() + self._deadline_seconds
        channel = self._connected(end)
        try:
            offered = self._call(channel, "GetAllocatableResources", AllocatableResourcesRequest(), end)
            listed = self._call(channel, "List", ListPodResourcesRequest(), end)
            return Answer(
                tuple(dict.fromkeys(_offers(AllocatableResourcesResponse.FromString(offered)))),
                tuple(dict.fromkeys(_claims(ListPodResourcesResponse.FromString(listed)))),
            )
        except grpc.RpcError as error:
            self.close()
            raise self._failure(error) from error
        except DecodeError as error:
            raise SourceFailed(f"the kubelet at {self._path} answered with what is not pod-resources v1") from error

    def close(self) -> None:
        """Closes the connection; the next question opens another."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _call(self, channel: Any, method: str, request: Message, end: float) -> bytes:
        call = channel.unary_unary(f"{_SERVICE}/{method}", request_serializer=type(request).SerializeToString)
        return bytes(call(request, timeout=max(0.0, end - time.monotonic())))

    def _connected(self, end: float) -> Any:
        identity = self._look()
        if self._channel is None or identity != self._identity:
            grpc = grpc_library()
            self.close()
            self._knock(end)
            self._channel = grpc.insecure_channel(f"unix:{self._path.absolute()}", options=_OPTIONS)
            self._identity = identity
        return self._channel

    def _look(self) -> Identity:
        try:
            found = os.stat(self._path)
        except (FileNotFoundError, NotADirectoryError):
            self.close()
            if self._identity is not None:
                raise SourceFailed(f"the kubelet's socket {self._path} is gone: the kubelet is restarting") from None
            raise SourceAbsent(f"no kubelet here: {self._path} does not exist") from None
        except OSError as error:
            raise self._unreachable(error) from error
        return found.st_dev, found.st_ino, found.st_ctime_ns

    def _knock(self, end: float) -> None:
        """A plain connection first: the system says clearly what gRPC wraps in the words of its retries."""
        with closing(socket.socket(socket.AF_UNIX)) as plain:
            plain.settimeout(max(0.001, end - time.monotonic()))
            try:
                plain.connect(str(self._path))
            except OSError as error:
                raise self._unreachable(error) from error

    def _unreachable(self, error: OSError) -> SourceFailed:
        remedy = ""
        if isinstance(error, PermissionError):
            remedy = "; run as root, and mount its directory (read-only is enough)"
        elif isinstance(error, ConnectionRefusedError):
            remedy = "; no kubelet listens there: mount the directory, not the socket, so that a new one is seen"
        return SourceFailed(f"the kubelet's socket {self._path}: {error.strerror or error}{remedy}")

    def _failure(self, error: Any) -> SourceFailed:
        code, where = error.code().name, f"the kubelet at {self._path}"
        if code == "DEADLINE_EXCEEDED":
            return SourceFailed(f"{where} did not answer within {self._deadline_seconds:g} s")
        if code == "UNIMPLEMENTED":
            return SourceFailed(f"{where} does not speak pod-resources v1: Kubernetes 1.23 or newer is needed")
        return SourceFailed(f"{where} answered {code}: {error.details()}")


def _offers(answer: AllocatableResourcesResponse) -> Iterable[Offer]:
    for resource, device_id in _ids(answer.devices):
        yield Offer(resource, device_id)


def _claims(answer: ListPodResourcesResponse) -> Iterable[Claim]:
    for pod in answer.pod_resources:
        for container in pod.containers:
            for resource, device_id in _ids(container.devices):
                yield Claim(pod.namespace, pod.name, container.name, resource, device_id)


def _ids(devices: Iterable[ContainerDevices]) -> Iterable[tuple[str, str]]:
    """Resource and id; an older kubelet repeats a device for each NUMA node that it is near to."""
    for entry in devices:
        for device_id in entry.device_ids:
            yield entry.resource_name, device_id
