"""The loop of the audit role: verifies again and again and keeps the metrics, or stands by while another process does.

A server that is away ends a run, not the process: the verdict is unknown then, and the audit tries again with a growing
delay. Of several processes one audits. When it dies, its turn ends with its session, and another process takes over.
"""

import asyncio
import time
from contextlib import suppress

import structlog

from workers.operations.audit import gauges
from workers.operations.audit.pace import SlowPace
from workers.operations.audit.parked_totals import parked_totals
from workers.operations.audit.ports import AuditPorts
from workers.operations.parked_streams import parked_streams
from workers.ports.clock import WaitingClock
from workers.ports.lanes import Unavailable
from workers.retrying import Retrying

WATCH_INTERVAL_SECONDS = 5.0
RETRY_DELAY_SECONDS = 2.0
MAX_RETRY_DELAY_SECONDS = 60.0
STUCK_SECONDS = 120.0

log = structlog.get_logger(__name__)


class VerificationTaskEnded(Exception):
    """The task that verifies again and again has ended by itself."""


class AuditHost:
    """Runs as a `LaneHost` does. A run of the verification is followed by `interval_seconds` of rest."""

    def __init__(self, ports: AuditPorts, clock: WaitingClock, interval_seconds: float) -> None:
        self._ports = ports
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._stopping = asyncio.Event()
        self._connected = False
        self._ready = False
        self._resting = True
        self._progress_at = clock()

    @property
    def ready(self) -> bool:
        """Whether the servers answered the last time; this process audits, or stands by."""
        return self._ready

    @property
    def alive(self) -> bool:
        """Whether the current run makes progress, or none is under way."""
        return self._resting or self._clock() - self._progress_at < STUCK_SECONDS

    def stop(self) -> None:
        """Ask `run` to return; a run of the verification is cancelled."""
        self._stopping.set()

    async def run(self) -> None:
        """Audit or stand by until `stop`."""
        retrying = Retrying("the audit waits", log, RETRY_DELAY_SECONDS, MAX_RETRY_DELAY_SECONDS)
        try:
            while not self._stopping.is_set():
                retrying.begin()
                try:
                    await self._audit_or_stand_by()
                except Exception as error:  # noqa: BLE001  # logged; if this loop ended, no process would audit
                    self._ready = False
                    self._forget_all()
                    await self._pause(retrying.after(error))
        finally:
            self._ports.turn.give_up()

    async def _audit_or_stand_by(self) -> None:
        """Audit while it is this process's turn; else stand by for a moment."""
        if not self._connected:
            await self._ports.connect()
            self._connected = True
        if not await self._ports.turn.taken():
            self._stand_by()
            await self._pause(WATCH_INTERVAL_SECONDS)
            return
        log.info("this process audits")
        gauges.ACTIVE.set(1)
        verifying = asyncio.create_task(self._verify_repeatedly(), name="verify repeatedly")
        try:
            while await self._ports.turn.taken() and not self._stopping.is_set():
                if verifying.done():
                    raise VerificationTaskEnded from (None if verifying.cancelled() else verifying.exception())
                await self._show_what_waits()
                await self._pause(WATCH_INTERVAL_SECONDS)
        finally:
            verifying.cancel()
            await asyncio.wait({verifying})
            self._stand_by()

    def _stand_by(self) -> None:
        gauges.ACTIVE.set(0)
        self._forget_all()
        self._ready = True

    def _forget_all(self) -> None:
        gauges.forget_result()
        gauges.forget_parked()
        gauges.forget_letters()

    async def _show_what_waits(self) -> None:
        """Show parked streams and open dead letters. If a server is away, they become unknown and the audit goes on."""
        ready = True
        try:
            now = await self._ports.now()
            gauges.show_parked(parked_totals(await parked_streams(self._ports.parked)), now)
        except Unavailable as error:
            ready = False
            gauges.forget_parked()
            log.warning("the parked streams are unknown", reason=str(error))
        try:
            gauges.show_letters(await self._ports.letters.refresh())
        except Unavailable as error:
            ready = False
            gauges.forget_letters()
            log.warning("the open dead letters are unknown", reason=str(error))
        self._ready = ready

    async def _verify_repeatedly(self) -> None:
        delay_seconds = RETRY_DELAY_SECONDS
        while True:
            if await self._verify():
                delay_seconds = RETRY_DELAY_SECONDS
                await self._clock.sleep(self._interval_seconds)
            else:
                await self._clock.sleep(delay_seconds)
                delay_seconds = min(delay_seconds * 2, MAX_RETRY_DELAY_SECONDS)

    async def _verify(self) -> bool:
        """Run one verification. Returns whether it was completed."""
        self._note_progress()
        self._resting = False
        started_at = self._clock()
        try:
            result = await self._ports.verify(SlowPace(self._clock, self._note_progress))
        except Unavailable as error:
            gauges.show_failure()
            log.warning("the verification was not completed", reason=str(error))
            return False
        except Exception:
            gauges.show_failure()
            log.exception("the verification failed by a bug")
            return False
        finally:
            self._resting = True
        duration_seconds = self._clock() - started_at
        gauges.show_result(result, time.time(), duration_seconds)
        findings = {kind: count for kind, count in result.findings.items() if count}
        write = log.info if result.passes else log.error
        write("verified", passes=result.passes, findings=findings, seconds=round(duration_seconds, 1))
        return True

    def _note_progress(self) -> None:
        self._progress_at = self._clock()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
