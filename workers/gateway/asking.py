"""Sends a command and waits for what becomes of it.

The outcome comes as a reply; as a reply may be lost, the stored outcomes are looked into about every second, and once
more at the end. With the database away no command is begun: who gets a 503 then has changed nothing. Only the request
that finds out first may have been delivered, and is told where its outcome will be.
"""

import asyncio
from uuid import UUID

import structlog

from contracts.message import Command
from contracts.outcome import IDEMPOTENCY_KEY_REUSED, Outcome
from workers.gateway.problems import Problem, unavailable
from workers.gateway.request_headers import Asked
from workers.ports.commands import Commands
from workers.ports.lanes import Unavailable
from workers.ports.outcomes import Outcomes

LOOK_INTERVAL_SECONDS = 1.0
LOOK_TIMEOUT_SECONDS = 1.0
# How long to go on waiting for a reply when the database cannot be looked into.
DOUBT_SECONDS = 1.0
MAX_LOOKS = 64

log = structlog.get_logger(__name__)


def location_of(command_id: str) -> str:
    """Where a command's outcome is found."""
    return f"/commands/{command_id}"


class KeyReused(Problem):
    """Another request under the Idempotency-Key of an earlier one, at the same address and with the same method."""

    def __init__(self) -> None:
        detail = "This Idempotency-Key was given to another request, which was handled; this one was not run."
        super().__init__(422, IDEMPOTENCY_KEY_REUSED, detail)


class Asking:
    """The gateway's way to the command worker and back.."""

    def __init__(
        self, commands: Commands, outcomes: Outcomes, *, look_interval_seconds: float = LOOK_INTERVAL_SECONDS
    ) -> None:
        self._commands = commands
        self._outcomes = outcomes
        self._look_interval_seconds = look_interval_seconds
        self._doubt_since: float | None = None
        self._looks = 0

    async def outcome(
        self,
        command: Command,
        asked: Asked,
        expected_version: int | None = None,
        causation_id: str | None = None,
    ) -> Outcome | None:
        """The outcome; None when there is none within the wait. Raises Unavailable, Overloaded, TooLarge or Problem:
        KeyReused for another command than the one that was handled under this id.
        """
        if asked.may_be_repeat or self._doubt_since is not None:
            known = await self.stored(asked.command_id, command)
            if known is not None:
                return known
        meta = asked.meta(expected_version, causation_id)
        reply = asyncio.create_task(self._commands.ask(command, meta, asked.wait_seconds))
        try:
            found = await self._first(command, reply, asked)
        finally:
            reply.cancel()
            await asyncio.wait({reply})
        if found is not None and found.error is not None and found.error.code == IDEMPOTENCY_KEY_REUSED:
            raise KeyReused
        return found

    async def _first(self, command: Command, reply: "asyncio.Task[Outcome | None]", asked: Asked) -> Outcome | None:
        """What comes first: the reply, or the stored outcome."""
        while not reply.done():
            await asyncio.wait({reply}, timeout=self._look_interval_seconds)
            if reply.done():
                break
            try:
                found = await self.stored(asked.command_id, command)
            except Unavailable as error:
                if self._doubted_seconds() > DOUBT_SECONDS:
                    raise _perhaps_handled(error, asked) from error
                continue
            if found is not None:
                return found
        outcome = reply.result()
        if outcome is not None:
            return outcome
        try:
            return await self.stored(asked.command_id, command)
        except Unavailable as error:
            raise _perhaps_handled(error, asked) from error

    async def awaited(self, command_id: str, seconds: float) -> Outcome | None:
        """The stored outcome, waiting up to `seconds` for it. Raises Unavailable."""
        end = asyncio.get_running_loop().time() + seconds
        while True:
            found = await self.stored(command_id)
            left = end - asyncio.get_running_loop().time()
            if found is not None or left <= 0:
                return found
            await asyncio.sleep(min(self._look_interval_seconds, left))

    async def stored(self, command_id: str, command: Command | None = None) -> Outcome | None:
        """The stored outcome, now. Also None when too many look at once. Raises Unavailable, and KeyReused when it is
        not the outcome of this command.
        """
        if self._looks >= MAX_LOOKS:
            return None
        self._looks += 1
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_SECONDS):
                found = await self._outcomes.outcome(command_id)
        except (Unavailable, TimeoutError) as error:
            if self._doubt_since is None:
                self._doubt_since = asyncio.get_running_loop().time()
                log.warning("stored outcomes cannot be read", error=str(error) or "no answer in time")
            raise error if isinstance(error, Unavailable) else Unavailable("Postgres", "no answer in time") from error
        finally:
            self._looks -= 1
        self._doubt_since = None
        outcome = None if found is None else Outcome.model_validate_json(found)
        if outcome is not None and command is not None and not outcome.is_of(command):
            raise KeyReused
        return outcome

    def _doubted_seconds(self) -> float:
        return 0.0 if self._doubt_since is None else asyncio.get_running_loop().time() - self._doubt_since

    async def check_commands(self) -> None:
        """Raises Unavailable when commands cannot be sent."""
        await self._commands.check()

    async def check_outcomes(self) -> None:
        """Raises Unavailable when outcomes cannot be read."""
        await self._outcomes.outcome(str(UUID(int=0)))


def _perhaps_handled(error: Unavailable, asked: Asked) -> Problem:
    location = location_of(asked.command_id)
    detail = (
        f"{error.server} is not available. The command may have been taken and will be handled later: look at "
        f"{location}, or repeat the request with the same Idempotency-Key."
    )
    return unavailable(error.server, detail=detail, headers={"Location": location})
