"""The audit role's work: take the turn, verify again and again, keep the gauges; stand by while another one does.

A server that is away ends a run, not the process: the verdict is unknown then, and it tries again with a growing delay.
Of several processes one works; when it dies, its turn ends with its session and another one takes it.
"""

import asyncio
import time
from contextlib import suppress

import structlog

from infra.audit import gauges
from infra.audit.pace import Unhurried
from infra.audit.waiting import waiting_streams
from infra.dlq.open_letters import OpenLetters
from infra.postgres.pool import Database
from infra.postgres.standing_by import Turn
from infra.retrying import Retrying
from infra.verify.run import verify
from infra.verify.sources import Sources
from workers.ports.lanes import Unavailable

TURN_NUMBER = 0x6175646974  # "audit"
WATCH_INTERVAL_SECONDS = 5.0
RETRY_DELAY_SECONDS = 2.0
MAX_RETRY_DELAY_SECONDS = 60.0
STUCK_SECONDS = 120.0

log = structlog.get_logger(__name__)


class VerifyingEnded(Exception):
    """The task that verifies again and again has ended by itself."""


class AuditHost:
    """Runs like a host of lanes does. `database` is opened here, and opened again when it was away at first."""

    def __init__(
        self, database: Database, turn: Turn, sources: Sources, letters: OpenLetters, interval_seconds: float
    ) -> None:
        self._database = database
        self._turn = turn
        self._sources = sources
        self._letters = letters
        self._interval_seconds = interval_seconds
        self._stopping = asyncio.Event()
        self._opened = False
        self._ready = False
        self._resting = True
        self._stirred_at = time.monotonic()

    @property
    def ready(self) -> bool:
        """The servers answered the last time that they were asked: it audits, or stands by."""
        return self._ready

    @property
    def alive(self) -> bool:
        """A run goes on, or rests."""
        return self._resting or time.monotonic() - self._stirred_at < STUCK_SECONDS

    def stop(self) -> None:
        """Ask `run` to return; a run of the verification is given up."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop`."""
        retrying = Retrying("the audit waits", log, RETRY_DELAY_SECONDS, MAX_RETRY_DELAY_SECONDS)
        try:
            while not self._stopping.is_set():
                retrying.begin()
                try:
                    await self._take_part()
                except Exception as error:  # noqa: BLE001  # said aloud; nobody audits if this ends
                    self._knows_nothing()
                    await self._pause(retrying.after(error))
        finally:
            self._turn.give_up()

    async def _take_part(self) -> None:
        """Audit while it is our turn; else wait a little."""
        if not self._opened:
            await self._database.open()
            self._opened = True
        if not await self._turn.taken():
            self._stand_by()
            await self._pause(WATCH_INTERVAL_SECONDS)
            return
        log.info("this process audits")
        gauges.ACTIVE.set(1)
        verifying = asyncio.create_task(self._verify_again_and_again(), name="verify again and again")
        try:
            while await self._turn.taken() and not self._stopping.is_set():
                if verifying.done():
                    raise VerifyingEnded from (None if verifying.cancelled() else verifying.exception())
                await self._show_what_waits()
                await self._pause(WATCH_INTERVAL_SECONDS)
        finally:
            verifying.cancel()
            await asyncio.wait({verifying})
            self._stand_by()

    def _stand_by(self) -> None:
        gauges.ACTIVE.set(0)
        gauges.forget_verdict()
        gauges.forget_parked()
        gauges.forget_letters()
        self._ready = True

    def _knows_nothing(self) -> None:
        self._ready = False
        gauges.forget_verdict()
        gauges.forget_parked()
        gauges.forget_letters()

    async def _show_what_waits(self) -> None:
        """Parked streams and open dead letters. A server that is away makes them unknown, and ends nothing."""
        ready = True
        try:
            now = await self._database.now()
            gauges.show_parked(await waiting_streams(self._sources), now)
        except Unavailable as error:
            ready = False
            gauges.forget_parked()
            log.warning("the parked streams are not known", reason=str(error))
        try:
            gauges.show_letters(await self._letters.refresh())
        except Unavailable as error:
            ready = False
            gauges.forget_letters()
            log.warning("the open dead letters are not known", reason=str(error))
        self._ready = ready

    async def _verify_again_and_again(self) -> None:
        delay = RETRY_DELAY_SECONDS
        while True:
            if await self._verify():
                delay = RETRY_DELAY_SECONDS
                await asyncio.sleep(self._interval_seconds)
            else:
                await asyncio.sleep(delay)
                delay = min(delay * 2, MAX_RETRY_DELAY_SECONDS)

    async def _verify(self) -> bool:
        """One run; whether it came to its end."""
        self._stir()
        self._resting = False
        started = time.monotonic()
        try:
            verdict = await verify(self._sources, Unhurried(self._stir))
        except Unavailable as error:
            gauges.show_failure()
            log.warning("the verification came to no end", reason=str(error))
            return False
        except Exception:
            gauges.show_failure()
            log.exception("the verification failed by a bug")
            return False
        finally:
            self._resting = True
        duration_seconds = time.monotonic() - started
        gauges.show_verdict(verdict, time.time(), duration_seconds)
        say = log.info if verdict.content else log.error
        say("verified", content=verdict.content, found=verdict.counts, seconds=round(duration_seconds, 1))
        return True

    def _stir(self) -> None:
        self._stirred_at = time.monotonic()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
