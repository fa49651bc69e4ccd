"""Small recorded worlds: samples written down by hand, put into a store, turned into a ledger."""

from __future__ import annotations

import tarfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from analyzer.ledger.ledger import Ledger, compute_ledger
from analyzer.ledger.options import Options
from analyzer.pricing.instances import DatedTable
from analyzer.stores.parquet import ParquetStore
from analyzer.window import Window
from exporters.series import Series
from exporters.store.writer import StoreWriter

RECORDED = Path(__file__).parents[1] / "recorded"
RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "recordings"
START = 1_794_268_800.0  # 2026-11-10 00:00 UTC, a cell edge

Point = tuple[Series, float, float]  # series, unix seconds, value


def every(start: float, end: float, step: float, value: float = 1.0) -> list[tuple[float, float]]:
    """The same value from `start` to `end`, both included."""
    return [(start + step * number, value) for number in range(int((end - start) // step) + 1)]


class Scene:
    """Samples of a small world."""

    def __init__(self) -> None:
        self.points: list[Point] = []

    def add(self, name: str, points: Iterable[tuple[float, float]], **labels: str) -> Scene:
        """One series with its (time, value) points."""
        series = Series.of(name, labels.items())
        self.points.extend((series, at, value) for at, value in points)
        return self

    def node(self, name: str, times: list[tuple[float, float]], instance_type: str, gpus: int, **more: str) -> Scene:
        """A node that was made long ago and is Ready all the time."""
        self.add("kube_node_info", times, node=name, provider_id=f"aws:///{name}", **more)
        self.add("kube_node_labels", times, node=name, label_node_kubernetes_io_instance_type=instance_type, **more)
        self.add("kube_node_created", [(at, times[0][0] - 90_000) for at, _ in times], node=name, **more)
        self.add("kube_node_status_condition", times, node=name, condition="Ready", status="true", **more)
        for table in ("capacity", "allocatable"):
            count = [(at, float(gpus)) for at, _ in times]
            self.add(f"kube_node_status_{table}", count, node=name, resource="nvidia_com_gpu", **more)
        return self

    def pod(self, name: str, node: str, times: list[tuple[float, float]], gpus: float, ip: str, **more: str) -> Scene:
        """A Ready pod of the namespace `ml`; pass resource to ask for something else than whole GPUs."""
        resource = more.pop("resource", "nvidia_com_gpu")
        own = {"namespace": "ml", "pod": name, "uid": f"uid-{name}", **more}
        asked = [(at, gpus) for at, _ in times]
        self.add("kube_pod_info", times, node=node, pod_ip=ip, **own)
        self.add("kube_pod_status_phase", times, phase="Running", **own)
        self.add("kube_pod_status_ready", times, condition="true", **own)
        self.add("kube_pod_status_scheduled_time", [(at, times[0][0] - 80_000) for at, _ in times], **own)
        return self.add(
            "kube_pod_container_resource_requests", asked, node=node, container="main", resource=resource, **own
        )

    def gpu(self, node: str, index: int, times: list[tuple[float, float]], active: float, **more: str) -> Scene:
        """A GPU with an engine activity and some memory in use."""
        own = {"gpu": str(index), "UUID": f"GPU-{node}-{index}", "modelName": "NVIDIA H100 80GB HBM3"}
        own |= {"Hostname": node, "instance": f"{node}:9400", **more}
        self.add("DCGM_FI_DEV_FB_USED", [(at, 1000.0) for at, _ in times], **own)
        return self.add("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", [(at, active) for at, _ in times], **own)

    def store(self, path: Path) -> ParquetStore:
        """The store with these samples."""
        with StoreWriter(path) as writer:
            writer.add(
                [series for series, _, _ in self.points],
                [value for _, _, value in self.points],
                [at for _, at, _ in self.points],
            )
        return ParquetStore(path)


class Ledgers:
    """Makes ledgers of scenes, each in a fresh store."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder

    def __call__(self, scene: Scene, start: float, end: float, options: Options | None = None) -> Ledger:
        return ledger_of(self.store(scene), start, end, options)

    def store(self, scene: Scene) -> ParquetStore:
        return scene.store(self._folder() / "store")


def ledger_of(store: ParquetStore, start: float, end: float, options: Options | None = None) -> Ledger:
    return compute_ledger(store, Window.of_seconds(start, end), DatedTable(), options or Options())


def rows_of(ledger: Ledger) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ledger.rows.to_pylist()
    return rows


def by(ledger: Ledger, column: str, measure: str = "seconds") -> dict[str, float]:
    """Seconds or dollars summed by one column."""
    found: dict[str, float] = defaultdict(float)
    for row in rows_of(ledger):
        found[row[column]] += row[measure] or 0.0
    return dict(found)


def grown(ledger: Ledger, table: str = "generation") -> float:
    """What a counter grew by in the window."""
    return float(ledger.inputs.db.execute(f"SELECT coalesce(sum(amount), 0) FROM {table}_grown").fetchall()[0][0])


@pytest.fixture(scope="session")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> Ledgers:
    return Ledgers(lambda: tmp_path_factory.mktemp("scene"))


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a shared recording, unpacked; the test is skipped where it is not there."""
    unpacked: dict[str, Path] = {}

    def unpack(name: str) -> Path:
        archive = RECORDED / f"{name}.tar.xz"
        if not archive.exists():  # too large for the repository
            archive = RECORDINGS / f"{name}.tar.xz"
        if not archive.exists():
            pytest.skip(f"{archive} is not there")
        if name not in unpacked:
            folder = tmp_path_factory.mktemp("recording")
            with tarfile.open(archive) as tar:
                if hasattr(tarfile, "data_filter"):  # Python 3.11.4
                    tar.extraction_filter = tarfile.data_filter
                tar.extractall(folder)
            unpacked[name] = folder / name
        return unpacked[name]

    return unpack
