"""The objects of one kind as they are now: listed once, then kept up to date by a watch, on a thread of its own."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Generic, Protocol, TypeVar

from exporters.agent.sampling import place_of
from exporters.cluster.api import Api, Busy, Forbidden
from exporters.cluster.resource import Change, ChangeKind, Expired, Page, Reader, Resource
from exporters.source import SourceAbsent, SourceError, SourceFailed

_LARGEST_PAGE = 1_000_000

Kept = TypeVar("Kept")
Told = TypeVar("Told", contravariant=True)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take and wait, in seconds."""

    first_pause: float = 0.5  # after a failure; doubles with each one in a row
    longest_pause: float = 30.0
    look_again: float = 60.0  # after "you may not" and "there is no such kind"
    resync: float = 3600.0  # a new listing although the watch runs: heals what was missed, should that happen
    patience: float = 30.0  # trouble that lasts longer makes what is known too old to be told
    first_listing: float = 8.0  # so long a reader waits for the first listing
    remember_gone: float = 600.0
    page_limit: int = 500


class Observer(Protocol[Told]):
    """Is told of each change of an object that is kept, in order, while the mirror stands still."""

    def see(self, before: Told | None, after: Told | None, at: float, is_listed: bool) -> None:
        """`is_listed`: found by a listing, so that nobody knows when it came to be so."""


class Mirror(Generic[Kept]):
    """`objects` and `gone` may be asked by any thread, and raise what keeps the mirror from knowing."""

    def __init__(
        self,
        resource: Resource[Kept],
        observer: Observer[Kept] | None = None,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.resource = resource
        self._reader = Reader(resource)
        self._observer = observer
        self._pace = pace or Pace()
        self._clock = clock
        self._lock = Lock()
        self._objects: dict[str, Kept] = {}
        self._gone: deque[tuple[float, Kept]] = deque()
        self._version = ""
        self._is_listed = False
        self._is_heard = Event()  # of a listing, or of why there is none
        self._listed_at = 0.0  # monotonic, as the next one
        self._trouble: SourceError | None = None
        self._trouble_since = 0.0

    def objects(self) -> Mapping[str, Kept]:
        """By uid. Waits a little for the first listing."""
        self._is_heard.wait(self._pace.first_listing)
        with self._lock:
            self._raise()
            return dict(self._objects)

    def gone(self) -> tuple[tuple[float, Kept], ...]:
        """(when, as it was last) of what was deleted in the last minutes, where the watch said so."""
        with self._lock:
            self._prune()
            return tuple(self._gone)

    def known(self) -> Mapping[str, Kept]:
        """The objects, where they are known; else none, for facts that one can do without."""
        with self._lock:
            return {} if self._trouble is not None and self._is_too_old() else dict(self._objects)

    def run(self, api: Api, stop: Event) -> None:
        """Until `stop`."""
        failures = 0
        while not stop.is_set():
            began = time.monotonic()
            pause = self._round(api, stop, failures)
            lasted = time.monotonic() - began > self._pace.first_pause
            failures = 0 if self._trouble is None and lasted else failures + 1
            stop.wait(pause)

    def replace(self, page: Page[Kept]) -> None:
        """A whole listing takes the place of what is there."""
        with self._lock:
            now = self._clock()
            for uid, kept in page.found.items():
                self._put(uid, kept, now, is_listed=True)
            for uid in self._objects.keys() - page.found.keys():
                self._put(uid, None, now, is_listed=True)
            self._version = page.version
            self._listed_at = time.monotonic()
            self._trouble = None
            self._is_listed = True
            self._is_heard.set()

    def apply(self, change: Change[Kept], at: float) -> None:
        """One line of a watch, which came at this time."""
        with self._lock:
            self._version = change.version or self._version
            if change.kind is None:
                return
            is_deleted = change.kind is ChangeKind.DELETED
            if is_deleted and change.kept is not None:
                self._gone.append((at, change.kept))
                self._prune()
            self._put(change.uid, None if is_deleted else change.kept, at, is_listed=False)

    def _put(self, uid: str, kept: Kept | None, at: float, is_listed: bool) -> None:
        before = self._objects.get(uid)
        if kept is None:
            self._objects.pop(uid, None)
        else:
            self._objects[uid] = kept
        if self._observer is not None and before is not kept:
            self._observer.see(before, kept, at, is_listed)

    def _round(self, api: Api, stop: Event, failures: int) -> float:
        """Lists where that is needed, then watches until that ends; the seconds to wait before the next round."""
        try:
            if not self._version:
                self.replace(self._list(api))
            self._watch(api, stop)
        except Expired:
            self._version = ""
            return self._pause(failures)
        except (SourceAbsent, Forbidden) as error:
            self._fail(error)
            return self._pace.look_again
        except Busy as busy:
            self._fail(busy)
            return max(busy.wait_seconds, self._pause(failures))
        except SourceFailed as failed:
            self._fail(failed)
        except Exception as error:  # noqa: BLE001 - a fault met in one object must not end the watching of all
            self._version = ""
            self._fail(SourceFailed(place_of(error)))
        return self._pause(failures)

    def _list(self, api: Api) -> Page[Kept]:
        """All pages. Where a token expires it starts anew with larger pages, to be faster than the next expiry."""
        limit = self._pace.page_limit
        while limit < _LARGEST_PAGE:
            try:
                return self._pages(api, limit)
            except Expired:
                limit *= 4
        raise SourceFailed(f"listings of {self.resource.path} expire before they end, however large their pages are")

    def _pages(self, api: Api, limit: int) -> Page[Kept]:
        page = api.page(self._reader, limit)
        found = dict(page.found)
        while page.token:
            page = api.page(self._reader, limit, page.token)
            found.update(page.found)
        return Page(found, page.version, "")

    def _watch(self, api: Api, stop: Event) -> None:
        for change in api.watch(self._reader, self._version):
            self._trouble = None
            if change is not None:
                self.apply(change, self._clock())
            if stop.is_set():
                return
            if time.monotonic() - self._listed_at > self._pace.resync:
                raise Expired

    def _pause(self, failures: int) -> float:
        return min(self._pace.first_pause * 2.0 ** min(failures, 16), self._pace.longest_pause) * random.uniform(0.5, 1)

    def _fail(self, error: SourceError) -> None:
        with self._lock:
            if self._trouble is None:
                self._trouble_since = time.monotonic()
            self._trouble = error
            self._is_heard.set()
            if isinstance(error, SourceAbsent):
                self._objects.clear()
                self._version = ""
            elif isinstance(error, Forbidden):
                self._version = ""

    def _raise(self) -> None:
        if self._trouble is not None and self._is_too_old():
            raise self._trouble
        if not self._is_listed:
            raise SourceFailed("the first listing is not done yet")

    def _is_too_old(self) -> bool:
        is_final = isinstance(self._trouble, SourceAbsent | Forbidden) or not self._is_listed
        return is_final or time.monotonic() - self._trouble_since > self._pace.patience

    def _prune(self) -> None:
        until = self._clock() - self._pace.remember_gone
        while self._gone and self._gone[0][0] < until:
            self._gone.popleft()


def thread_of(mirror: Mirror[Kept], api: Api, stop: Event) -> Thread:
    """A daemon: a watch that waits for the server is left behind at the end."""
    return Thread(target=mirror.run, args=(api, stop), name=f"watch {mirror.resource.name}", daemon=True)
