"""Sends a command and waits for its outcome.

The outcome arrives as a reply. As a reply may be lost, the stored outcome is queried about once a second, and once more
at the end. While the database is not available, no command is sent: a 503 means that nothing was changed. Only a
request that was waiting when the database failed may have been delivered; its answer tells where the outcome will be
found.
"""

import asyncio
from uuid import UUID

import structlog

from contracts.message import Command
from contracts.outcome import IDEMPOTENCY_KEY_REUSED, Outcome
from workers.gateway.problems import Problem, unavailable
from workers.gateway.request_headers import RequestMetadata
from workers.ports.commands import Commands
from workers.ports.lanes import Unavailable
from workers.ports.outcomes import Outcomes

LOOK_INTERVAL_SECONDS = 1.0
LOOK_TIMEOUT_SECONDS = 1.0
# How long to wait for a reply while stored outcomes cannot be read.
DOUBT_SECONDS = 1.0
MAX_CONCURRENT_LOOKS = 64

log = structlog.get_logger(__name__)


def location_of(command_id: str) -> str:
    """The path at which the outcome of a command is found."""
    return f"/commands/{command_id}"


class KeyReused(Problem):
    """The Idempotency-Key belongs to another request, which was handled, with the same method and path."""

    def __init__(self) -> None:
        detail = "Another request with this Idempotency-Key was handled; this one was not run."
        super().__init__(422, IDEMPOTENCY_KEY_REUSED, detail)


class CommandDispatcher:
    """Sends commands to the command worker and brings their outcomes back."""

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
        metadata: RequestMetadata,
        expected_version: int | None = None,
        causation_id: str | None = None,
    ) -> Outcome | None:
        """Send the command and return its outcome; None if there is none within the wait. Raises Unavailable,
        Overloaded, TooLarge or Problem, and KeyReused if another command was handled under this id.
        """
        if metadata.may_be_repeat or self._doubt_since is not None:
            outcome = await self.stored(metadata.command_id, command)
            if outcome is not None:
                return outcome
        meta = metadata.meta(expected_version, causation_id)
        reply = asyncio.create_task(self._commands.ask(command, meta, metadata.wait_seconds))
        try:
            outcome = await self._first(command, reply, metadata)
        finally:
            reply.cancel()
            await asyncio.wait({reply})
        if outcome is not None and outcome.error is not None and outcome.error.code == IDEMPOTENCY_KEY_REUSED:
            raise KeyReused
        return outcome

    async def _first(
        self, command: Command, reply: "asyncio.Task[Outcome | None]", metadata: RequestMetadata
    ) -> Outcome | None:
        """The reply or the stored outcome, whichever comes first."""
        while not reply.done():
            await asyncio.wait({reply}, timeout=self._look_interval_seconds)
            if reply.done():
                break
            try:
                stored = await self.stored(metadata.command_id, command)
            except Unavailable as error:
                if self._doubted_seconds() > DOUBT_SECONDS:
                    raise _perhaps_handled(error, metadata) from error
                continue
            if stored is not None:
                return stored
        outcome = reply.result()
        if outcome is not None:
            return outcome
        try:
            return await self.stored(metadata.command_id, command)
        except Unavailable as error:
            raise _perhaps_handled(error, metadata) from error

    async def awaited(self, command_id: str, seconds: float) -> Outcome | None:
        """The stored outcome, after waiting for it up to `seconds`; None if there is none. Raises Unavailable."""
        end = asyncio.get_running_loop().time() + seconds
        while True:
            outcome = await self.stored(command_id)
            remaining_seconds = end - asyncio.get_running_loop().time()
            if outcome is not None or remaining_seconds <= 0:
                return outcome
            await asyncio.sleep(min(self._look_interval_seconds, remaining_seconds))

    async def stored(self, command_id: str, command: Command | None = None) -> Outcome | None:
        """The stored outcome, if there is one now. None also if too many requests look at once. Raises Unavailable, and
        KeyReused if it is the outcome of another command.
        """
        if self._looks >= MAX_CONCURRENT_LOOKS:
            return None
        self._looks += 1
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_SECONDS):
                document = await self._outcomes.outcome(command_id)
        except (Unavailable, TimeoutError) as error:
            if self._doubt_since is None:
                self._doubt_since = asyncio.get_running_loop().time()
                log.warning("stored outcomes cannot be read", error=str(error) or "no answer in time")
            raise error if isinstance(error, Unavailable) else Unavailable("Postgres", "no answer in time") from error
        finally:
            self._looks -= 1
        self._doubt_since = None
        outcome = None if document is None else Outcome.model_validate_json(document)
        if outcome is not None and command is not None and not outcome.is_of(command):
            raise KeyReused
        return outcome

    def _doubted_seconds(self) -> float:
        return 0.0 if self._doubt_since is None else asyncio.get_running_loop().time() - self._doubt_since

    async def check_commands(self) -> None:
        """Check that commands can be sent. Raises Unavailable."""
        await self._commands.check()

    async def check_outcomes(self) -> None:
        """Check that outcomes can be read. Raises Unavailable."""
        await self._outcomes.outcome(str(UUID(int=0)))


def _perhaps_handled(error: Unavailable, metadata: RequestMetadata) -> Problem:
    location = location_of(metadata.command_id)
    detail = (
        f"{error.server} is not available. The command may have been sent and will then be handled later: look at "
        f"{location}, or repeat the request with the same Idempotency-Key."
    )
    return unavailable(error.server, detail=detail, headers={"Location": location})
