"""Pages of exporters and engines that run on this node already, told again under canonical names.

A page of DCGM's exporter is read beside the devices themselves. NVML may have many readers, and the nvidia source
never uses DCGM's profiling module, which may have one only: no device is opened twice for the same signal. Where both
tell of one series the nvidia source wins, as it comes first; the page fills in what NVML lacks, such as how busy the
tensor pipes are before Hopper.

An engine's page says nothing of its pod, so its URL does: `http://127.0.0.1:8000/metrics#namespace=ml&pod=llama-0`.
Without that, a Prometheus in Kubernetes would take the agent's pod for the engine's.

address.py is the URL, meaning.py what a series of a page means here, page.py reads one page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from exporters.source import Source, SourceAbsent
from exporters.sources.pages.address import PageAddress, addresses_of

if TYPE_CHECKING:
    from exporters.sources.pages.page import PageSource

__all__ = ["Pages", "make_roster"]

_LONGEST_SECONDS = 10.0  # a page of this node that takes longer is of no use to a scrape


class PagesSettings(Protocol):
    """What is needed of the agent's settings."""

    @property
    def node_name(self) -> str: ...

    @property
    def interval_seconds(self) -> float: ...

    @property
    def pages(self) -> tuple[str, ...]: ...


class Pages:
    """The pages that were named: they are there, whether they answer or not."""

    name = "pages"

    def __init__(self, addresses: Sequence[PageAddress], timeout_seconds: float) -> None:
        self._sources = _sources(addresses, timeout_seconds) if addresses else {}

    def sources(self) -> Mapping[str, Source]:
        if not self._sources:
            raise SourceAbsent("no page is named: --pages names those of DCGM's exporter and of engines")
        return self._sources

    def close(self) -> None:
        for source in self._sources.values():
            source.close()


def make_roster(settings: PagesSettings) -> Pages:
    """Raises PageAddressError, at the start, for a URL that does not make sense."""
    return Pages(addresses_of(settings.pages, settings.node_name), min(settings.interval_seconds, _LONGEST_SECONDS))


def _sources(addresses: Sequence[PageAddress], timeout_seconds: float) -> dict[str, PageSource]:
    from exporters.recording.access import tls_context  # brings an HTTP client, which agents without pages do not need
    from exporters.sources.pages.page import PageSource

    tls = tls_context(None, False)
    return {address.source_name: PageSource(address, timeout_seconds, tls) for address in addresses}
