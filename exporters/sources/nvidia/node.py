"""The NVIDIA devices of a node as a whole: how many there are, and which of them answer and can be given work.

It asks no device, so it tells of one that hangs or is lost even though that one's own source cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from exporters.canonical import device, nodes, targets
from exporters.metric import Metric, Sample
from exporters.sources.nvidia.faults import FaultBook
from exporters.sources.nvidia.watch import Watch

_HUNG_AFTER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class View:
    """What was last found on the node. `most` is the highest number of devices that this exporter ever found."""

    watches: tuple[Watch, ...]
    most: int
    driver_version: str  # empty where the driver does not tell

    @property
    def visible(self) -> int:
        """Devices that the driver lists and has not declared lost."""
        return sum(not watch.is_away for watch in self.watches)


class NodeOfDevices:
    """Answers from memory. `view` gives what the roster found last."""

    metrics: tuple[Metric, ...] = (
        device.accelerator_info,
        device.accelerator_up,
        device.healthy,
        targets.driver_info,
        nodes.accelerators,
    )

    def __init__(
        self,
        node: str,
        interval_seconds: float,
        faults: FaultBook,
        view: Callable[[], View],
        now: Callable[[], float],
    ) -> None:
        self._node, self._faults, self._view, self._now = node, faults, view, now
        self._patience_seconds = max(interval_seconds, _HUNG_AFTER_SECONDS)

    def read(self) -> list[Sample]:
        view, at = self._view(), self._now()
        return [*self._counts(view, at), *self._verdicts(view, at), *self._identities(view, at)]

    def _counts(self, view: View, at: float) -> Iterator[Sample]:
        """Expected is what was once there: a device that is missing from the start is not missed here. The instance
        type would tell, and the analyzer knows it."""
        yield nodes.accelerators.sample(view.visible, at, node=self._node, state="visible")
        yield nodes.accelerators.sample(view.most, at, node=self._node, state="expected")
        if view.driver_version:
            yield targets.driver_info.sample(1, at, instance="", version=view.driver_version)

    def _verdicts(self, view: View, at: float) -> Iterator[Sample]:
        for watch in view.watches:
            is_up = watch.is_up(at, self._patience_seconds)
            if is_up is not None:
                yield device.accelerator_up.sample(is_up, at, uuid=watch.uuid)
            is_healthy = watch.is_healthy(is_up, self._faults)
            if is_healthy is not None:
                yield device.healthy.sample(is_healthy, at, uuid=watch.uuid)

    def _identities(self, view: View, at: float) -> Iterator[Sample]:
        """Who the silent ones are: without it nobody could say on which node a lost device sits."""
        for watch in view.watches:
            if watch.is_silent:
                yield from (replace(one, at=at) for one in watch.identity)
