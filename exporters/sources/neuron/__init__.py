"""AWS Neuron devices: by neuron-monitor where it is installed or its lines are at hand, else by the driver's files."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from exporters.source import Source, SourceAbsent
from exporters.sources.neuron.child import ChildFeed
from exporters.sources.neuron.feed import Feed, feed_of
from exporters.sources.neuron.monitor import MonitorSource
from exporters.sources.neuron.place import Place, instance_id_of_firmware
from exporters.sources.neuron.sysfs import SysfsDevice, SysfsNode, device_numbers
from exporters.sources.neuron.telling import Telling


class NeuronSettings(Protocol):
    """What is needed of the agent's settings."""

    @property
    def node_name(self) -> str: ...

    @property
    def interval_seconds(self) -> float: ...

    @property
    def neuron_monitor(self) -> tuple[str, ...]:
        """The command that starts neuron-monitor, without options."""

    @property
    def neuron_source(self) -> Path | None:
        """A file or unix socket with the lines of a neuron-monitor that somebody else runs."""

    @property
    def sysfs(self) -> Path: ...


class NeuronRoster:
    """One source for all that neuron-monitor tells, or the driver's list and one for each device in it."""

    name = "neuron"

    def __init__(self, settings: NeuronSettings) -> None:
        self._settings = settings
        self._monitor: MonitorSource | None = None
        self._node = SysfsNode(settings.sysfs, settings.node_name)
        self._devices: dict[int, SysfsDevice] = {}

    def sources(self) -> Mapping[str, Source]:
        """The way that was found first is kept: a name that changes is a device that was lost."""
        if self._monitor is None and not self._devices:
            self._monitor = self._found_monitor()
        if self._monitor is not None:
            return {"neuron": self._monitor}
        return self._driver_devices()

    def close(self) -> None:
        """Ends a neuron-monitor that was started here."""
        if self._monitor is not None:
            self._monitor.close()

    def _found_monitor(self) -> MonitorSource | None:
        feed = self._feed()
        if feed is None:
            return None
        settings = self._settings
        telling = Telling(settings.node_name, instance_id_of_firmware(settings.sysfs))
        return MonitorSource(feed, telling, settings.node_name, settings.interval_seconds, self._is_expected)

    def _is_expected(self) -> bool:
        """Whoever names a source of lines wants them; a program may just happen to be installed."""
        return self._settings.neuron_source is not None or bool(device_numbers(self._settings.sysfs))

    def _feed(self) -> Feed | None:
        settings = self._settings
        if settings.neuron_source is not None:
            return feed_of(settings.neuron_source, 3 * settings.interval_seconds)
        if settings.neuron_monitor and shutil.which(settings.neuron_monitor[0]):
            return ChildFeed(settings.neuron_monitor, settings.interval_seconds)
        return None

    def _driver_devices(self) -> Mapping[str, Source]:
        settings = self._settings
        numbers = device_numbers(settings.sysfs)
        if not numbers and not self._devices:
            raise SourceAbsent("no Neuron device: neither neuron-monitor nor the Neuron driver is here")
        machine = instance_id_of_firmware(settings.sysfs) or settings.node_name
        for number in numbers:
            if number not in self._devices:
                self._devices[number] = SysfsDevice(settings.sysfs, number, Place(settings.node_name, machine))
        found: dict[str, Source] = {f"neuron/neuron{number}": self._devices[number] for number in numbers}
        return {"neuron": self._node, **found}


def make_roster(settings: NeuronSettings) -> NeuronRoster:
    """The Neuron devices of this node."""
    return NeuronRoster(settings)
