"""Pages served over real HTTP, and those of an exporter by hand: nobody has recorded one with every trap on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from exporters.metric import Metric, Sample
from exporters.pages.parser import PageParser
from exporters.sources.pages.address import address_of
from exporters.sources.pages.meaning import Meanings
from exporters.sources.pages.page import told
from tests.exporters.recording.conftest import target

__all__ = ["target"]

NODE = "node-a"
AT = 1_794_268_800.0  # 2026-11-10 00:00 UTC
VLLM = Path(__file__).parents[3] / "recorded" / "vllm-0.32" / "page.prom"
_BOARD = 'modelName="NVIDIA A100-SXM4-40GB",Hostname="node-a",DCGM_FI_DRIVER_VERSION="570.86.15"'
_GPU_0 = f'gpu="0",UUID="GPU-0",pci_bus_id="00000000:10:1C.0",device="nvidia0",{_BOARD}'
_GPU_1 = f'gpu="1",UUID="GPU-1",pci_bus_id="00000000:20:1C.0",device="nvidia1",{_BOARD}'
_HELD = f'{_GPU_0},container="main",namespace="ml",pod="train-0"'

# One held card and one that is free. The last card's energy and Xid are DCGM's markers for "no value".
DCGM = f"""\
# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %).
# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{{{_HELD}}} 97
DCGM_FI_DEV_GPU_UTIL{{{_GPU_1}}} 0
# TYPE DCGM_FI_DEV_POWER_USAGE gauge
DCGM_FI_DEV_POWER_USAGE{{{_HELD}}} 350.125000
DCGM_FI_DEV_POWER_USAGE{{{_GPU_1}}} 52.000000
# TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION counter
DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{{{_HELD}}} 5000000
DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{{{_GPU_1}}} 9223372036854775794
# TYPE DCGM_FI_DEV_GPU_TEMP gauge
DCGM_FI_DEV_GPU_TEMP{{{_HELD}}} 61
DCGM_FI_DEV_GPU_TEMP{{{_GPU_1}}} 30
# TYPE DCGM_FI_DEV_XID_ERRORS gauge
DCGM_FI_DEV_XID_ERRORS{{{_HELD},err_code="0",err_msg="No Error"}} 0
DCGM_FI_DEV_XID_ERRORS{{{_GPU_1},err_code="0",err_msg="No Error"}} 9223372036854775792
# TYPE DCGM_FI_DEV_FB_USED gauge
DCGM_FI_DEV_FB_USED{{{_HELD}}} 30000
DCGM_FI_DEV_FB_USED{{{_GPU_1}}} 0
# TYPE DCGM_FI_DEV_FB_FREE gauge
DCGM_FI_DEV_FB_FREE{{{_HELD}}} 10000
# TYPE DCGM_FI_PROF_GR_ENGINE_ACTIVE gauge
DCGM_FI_PROF_GR_ENGINE_ACTIVE{{{_HELD}}} 0.951000
# TYPE DCGM_FI_PROF_PIPE_TENSOR_ACTIVE gauge
DCGM_FI_PROF_PIPE_TENSOR_ACTIVE{{{_HELD}}} 0.412000
DCGM_FI_PROF_PIPE_TENSOR_ACTIVE{{{_GPU_1}}} 0.000000
# TYPE DCGM_FI_PROF_DRAM_ACTIVE gauge
DCGM_FI_PROF_DRAM_ACTIVE{{{_HELD}}} 0.333000
"""


@dataclass(slots=True)
class Told:
    """What was made of one page."""

    samples: list[Sample]

    def of(self, metric: Metric, *labels: str) -> dict[tuple[str, ...], float]:
        """Values of one metric by these labels."""
        return {
            tuple(dict(one.labels)[label] for label in labels): one.value
            for one in self.samples
            if one.metric is metric
        }


def read(text: str | bytes, fragment: str = "", meanings: Meanings | None = None) -> Told:
    """What a page says, as it is read from this node."""
    body = text if isinstance(text, bytes) else text.encode()
    address = address_of(f"http://127.0.0.1:9400/metrics{fragment and '#' + fragment}", NODE)
    return Told(told(PageParser().parse(body, AT), meanings or Meanings(address.labels)))


class Served(ThreadingHTTPServer):
    """Answers every path with the page that is put in."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.body = b""
        self.paths: list[str] = []

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def url(self, fragment: str = "") -> str:
        return f"http://{self.place}/metrics{fragment and '#' + fragment}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Served

    def do_GET(self) -> None:
        body = self.server.body  # once: a test may put in another between the length and the page
        self.server.paths.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the agent would be told."""

    pages: tuple[str, ...] = ()
    node_name: str = NODE
    interval_seconds: float = 5.0


def in_order(samples: Iterable[Sample]) -> list[tuple[str, object, float]]:
    """Comparable, without times."""
    return sorted((one.name, one.labels, one.value) for one in samples)


@pytest.fixture
def served() -> Iterator[Served]:
    with Served() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def settings() -> Callable[..., Settings]:
    return lambda *pages, **told: Settings(pages, **told)
