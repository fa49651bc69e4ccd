"""Takes samples at one end and sends batches at the other; whoever calls it says when, so that it runs on any clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from exporters.agent.clock import Clock
from exporters.agent.sampling import place_of
from exporters.metric import Sample
from exporters.sinks.delivery.backoff import Backoff
from exporters.sinks.delivery.batch import Encoded, Encoder, Later, Refused, Transport
from exporters.sinks.delivery.spool import Spool

NOTHING_TO_DO_SECONDS = 1.0
_FAULT = "fault"  # of ours
_FAULTS_BORNE = 5  # of one batch


class Delivery:
    """`take` and `send_next` may be called by two threads; a request that hangs holds up neither `take` nor counts."""

    def __init__(
        self,
        encoder: Encoder,
        transport: Transport,
        spool: Spool,
        clock: Clock,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._encoder = encoder
        self._transport = transport
        self._spool = spool
        self._clock = clock
        self._backoff = Backoff(chance)
        self._lock = Lock()
        self._is_sending = False
        self._faults = 0
        self._again_at = 0.0  # monotonic
        self.trouble = ""

    def take(self, samples: Sequence[Sample]) -> None:
        """They are counted from here on, whatever happens."""
        with self._lock:
            self._spool.tally.offered += len(samples)
            self._spool.keep()
            try:
                self._put(self._encoder.add(samples, self._clock.time()))
            except Exception:
                self._spool.tally.drop({_FAULT: self._missing()})
                raise

    def flush(self) -> None:
        """Nothing is held back any more; and what failed before may be tried at once."""
        with self._lock:
            self._put(self._encoder.flush(self._clock.time()))
            self._again_at = 0.0

    def send_next(self) -> float:
        """Sends the oldest batch, if it is time; seconds until it makes sense to call again, 0 where more waits."""
        with self._lock:
            wait = self._again_at - self._clock.monotonic()
            head = self._spool.head() if wait <= 0 else None
            if head is None:
                return max(wait, NOTHING_TO_DO_SECONDS)
            self._is_sending = True
        rejected, failed = self._send(head.body, head.samples)
        with self._lock:
            self._is_sending = False
            if failed is None:
                self._faults = 0
                self._backoff.succeed()
                self._spool.settle(dict(rejected))
            else:
                self._again_at = self._clock.monotonic() + self._backoff.fail(failed.after_seconds)
            self._spool.trim(self._clock.time())
            self._spool.keep()
            return 0.0 if failed is None else self._again_at - self._clock.monotonic()

    @property
    def is_empty(self) -> bool:
        """Whether everything that was offered has come to its end."""
        with self._lock:
            return self._spool.samples == 0 and self._encoder.held == 0

    @property
    def spooled_bytes(self) -> int:
        return self._spool.bytes

    def results(self) -> dict[str, int]:
        """How many samples came to which end."""
        with self._lock:
            return self._spool.tally.results()

    def offered(self) -> tuple[int, int, int]:
        """Samples offered, those held for their period, and those in the spool."""
        with self._lock:
            return self._spool.tally.offered, self._encoder.held, self._spool.samples

    def close(self) -> None:
        with self._lock:
            self._spool.close()

    def _put(self, encoded: Encoded) -> None:
        self._spool.tally.drop(encoded.dropped)
        for batch in encoded.batches:
            self._spool.put(batch)
        if not self._is_sending:
            self._spool.trim(self._clock.time())
        self._spool.keep()

    def _missing(self) -> int:
        return self._spool.tally.on_the_way - self._encoder.held - self._spool.samples

    def _send(self, body: bytes, samples: int) -> tuple[Mapping[str, int], Later | None]:
        try:
            rejected = self._transport.send(body)
        except Later as later:
            self.trouble = str(later)
            return {}, later
        except Refused as refused:
            self.trouble = str(refused)
            return {refused.reason: samples}, None
        except Exception as error:  # noqa: BLE001 - what nobody foresaw must not end the sending, nor hold it up for ever
            self.trouble = place_of(error)
            self._faults += 1
            return ({_FAULT: samples}, None) if self._faults >= _FAULTS_BORNE else ({}, Later(self.trouble))
        self.trouble = ""
        return rejected, None
