"""The servers behind the gateway: whether each answers. Readiness depends on it, and the log tells it.

The text of a driver's error is not sent to clients: it names addresses. It is logged when it changes, and each minute.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic

import structlog

from workers.background import asked_to_end
from workers.ports.lanes import Unavailable

CHECK_SECONDS = 2.0
WATCH_INTERVAL_SECONDS = 5.0
REMINDER_SECONDS = 60.0

log = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[None]]


class Servers:
    """Checks servers. `checks` are by the servers' names; each raises an exception when its server cannot be used."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._reasons: dict[str, str] = {}
        self._said_at: dict[str, float] = {}

    async def missing(self) -> list[str]:
        """The names of the servers that cannot be used now."""
        answers = await asyncio.gather(*(self._answers(name, check) for name, check in self._checks.items()))
        return [name for name, answers_now in zip(self._checks, answers, strict=True) if not answers_now]

    @property
    def names(self) -> list[str]:
        return list(self._checks)

    async def watch(self) -> None:
        """Check the servers at intervals, so that the log tells which are away. Runs until cancelled."""
        while True:
            await self.missing()
            await asyncio.sleep(WATCH_INTERVAL_SECONDS)

    async def _answers(self, name: str, check: Check) -> bool:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await check()
        except asyncio.CancelledError as error:
            if asked_to_end():
                raise
            self._is_away(name, error)
        except Exception as error:  # noqa: BLE001  # a bug too means that the server cannot be used
            self._is_away(name, error)
        else:
            self._is_back(name)
            return True
        return False

    def _is_away(self, name: str, error: BaseException) -> None:
        reason, now = str(error) or f"no answer within {CHECK_SECONDS:g} s", monotonic()
        if self._reasons.get(name) == reason and now - self._said_at[name] < REMINDER_SECONDS:
            return
        self._reasons[name], self._said_at[name] = reason, now
        if isinstance(error, Unavailable | TimeoutError):
            log.warning("not ready", server=name, reason=reason)
        else:
            log.error("not ready: a bug", server=name, exc_info=error)

    def _is_back(self, name: str) -> None:
        if self._reasons.pop(name, None) is not None:
            log.info("a server is back", server=name)
