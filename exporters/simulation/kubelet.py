"""A kubelet's pod-resources socket: a real gRPC server that gives what it is told to, and fails when it is told to."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from exporters.kubelet.grpc_library import grpc_library
from exporters.kubelet.pod_resources_pb2 import (
    AllocatableResourcesResponse,
    ContainerDevices,
    ContainerResources,
    ListPodResourcesResponse,
    PodResources,
)
from exporters.source import GpuyieldError

HANG_SECONDS = 30.0  # the longest that a call is held back
_LONGEST_PATH_BYTES = 107  # what the kernel takes as the address of a unix socket, by unix(7)


@dataclass(frozen=True, slots=True)
class Holding:
    """One container and the device ids that it holds of one resource."""

    namespace: str
    pod: str
    container: str
    resource: str
    device_ids: tuple[str, ...]


def listing(holdings: Iterable[Holding]) -> bytes:
    """The answer to List: pods in the order in which they are first named."""
    pods: dict[tuple[str, str], PodResources] = {}
    for one in holdings:
        pod = pods.setdefault((one.namespace, one.pod), PodResources(name=one.pod, namespace=one.namespace))
        devices = ContainerDevices(resource_name=one.resource, device_ids=one.device_ids)
        container = next((known for known in pod.containers if known.name == one.container), None)
        if container is None:
            pod.containers.append(ContainerResources(name=one.container, devices=[devices]))
        else:
            container.devices.append(devices)
    return ListPodResourcesResponse(pod_resources=pods.values()).SerializeToString()


def allocatable(ids_by_resource: Iterable[tuple[str, Iterable[str]]]) -> bytes:
    """The answer to GetAllocatableResources."""
    devices = [ContainerDevices(resource_name=name, device_ids=list(ids)) for name, ids in ids_by_resource]
    return AllocatableResourcesResponse(devices=devices).SerializeToString()


class Kubelet:
    """Serves on `path` while it is entered; `start` after `stop` is a restart, which makes a new socket.

    `pods` and `offered` are whole answers and may be set at any time. `fault` is a code of gRPC and its text.
    """

    def __init__(self, path: Path) -> None:
        self.pods = listing(())
        self.offered = allocatable(())
        self.fault: tuple[Any, str] | None = None
        self.calls: Counter[str] = Counter()
        self._path = path
        self._open = threading.Event()
        self._open.set()
        self._threads: ThreadPoolExecutor
        self._server: Any = None

    def __enter__(self) -> Kubelet:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self.stop()

    def start(self) -> None:
        """Listens; a socket that an earlier one left is replaced, as the kubelet does."""
        grpc = grpc_library()
        address = self._path.absolute()
        if (size := len(os.fsencode(address))) > _LONGEST_PATH_BYTES:
            raise GpuyieldError(
                f"{address}: {size} bytes are too long for a socket, {_LONGEST_PATH_BYTES} are the most; set TMPDIR to"
                " a folder with a shorter path"
            )
        self._path.unlink(missing_ok=True)
        handlers = {
            "List": grpc.unary_unary_rpc_method_handler(self._answering("List", lambda: self.pods)),
            "GetAllocatableResources": grpc.unary_unary_rpc_method_handler(
                self._answering("GetAllocatableResources", lambda: self.offered)
            ),
        }
        service = grpc.method_handlers_generic_handler("v1.PodResourcesLister", handlers)
        self._threads = ThreadPoolExecutor(4, "kubelet")
        server = grpc.server(self._threads, handlers=(service,))
        server.add_insecure_port(f"unix:{address}")
        server.start()
        self._server = server

    def stop(self) -> None:
        """Ends at once, as a kubelet that is killed: calls under way are cut, the socket goes."""
        self._server.stop(None).wait()
        self._threads.shutdown()
        self._path.unlink(missing_ok=True)

    def hang(self) -> None:
        """Calls are taken and not answered, until `release`."""
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def _answering(self, method: str, answer: Callable[[], bytes]) -> Callable[[bytes, Any], bytes]:
        def handle(_request: bytes, context: Any) -> bytes:
            self.calls[method] += 1
            self._open.wait(HANG_SECONDS)
            if self.fault is not None:
                context.abort(*self.fault)
            return answer()

        return handle
