"""Sends a command and waits for its outcome.

The outcome arrives as a reply. As a reply may be lost, the stored outcome is queried about once a second, and once more
at the end. While the database is not available, no command is sent: a 503 means that nothing was changed. Only a
request that was waiting when the database failed may have been delivered; its answer tells where the outcome will be
found.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

import structlog

from contracts.message import Command
from contracts.outcome import IDEMPOTENCY_KEY_REUSED, Outcome
from workers.gateway.problems import Problem, unavailable
from workers.gateway.request_headers import RequestMetadata
from workers.ports.commands import Commands
from workers.ports.lanes import Unavailable
from workers.ports.outcomes import CommandKey, Outcomes

LOOK_INTERVAL_SECONDS = 1.0
LOOK_TIMEOUT_SECONDS = 1.0
# How long to wait for a reply while stored outcomes cannot be read.
DOUBT_SECONDS = 1.0
MAX_CONCURRENT_LOOKS = 64
MAX_OUTCOMES = 10
"""Of those under one id. More than one is rare: an id belongs to one command of a stream."""

Stream = tuple[str, str]
"""A context and a stream id."""
Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


def location_of(command_id: str) -> str:
    """The path at which the outcome of a command is found."""
    return f"/commands/{command_id}"


class KeyReused(Problem):
    """The Idempotency-Key belongs to another request, which was handled, with the same method and path."""

    def __init__(self) -> None:
        detail = "Another request with this Idempotency-Key was handled; this one was not run."
        super().__init__(422, IDEMPOTENCY_KEY_REUSED, detail)


class SeveralCommands(Problem):
    """Several commands have this id, each about a stream of its own."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        streams = [f"{outcome.context}/{outcome.stream_id}" for outcome in outcomes]
        detail = f"Commands about several streams have this id: say which with ?stream=, such as {streams[0]}."
        super().__init__(409, "SeveralCommands", detail, extensions={"streams": streams})


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
            outcome = await self.earlier(metadata.command_id, command)
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
                stored = await self._stored(metadata.command_id, command)
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
            return await self._stored(metadata.command_id, command)
        except Unavailable as error:
            raise _perhaps_handled(error, metadata) from error

    async def awaited(self, command_id: str, stream: Stream | None, seconds: float) -> Outcome | None:
        """The stored outcome of the command with this id, after waiting for it up to `seconds`; None if there is none.
        `stream`: the one that the command is about; None: any. Raises Unavailable, and SeveralCommands.
        """
        end = asyncio.get_running_loop().time() + seconds
        while True:
            outcome = await self._known_by(command_id, stream)
            remaining_seconds = end - asyncio.get_running_loop().time()
            if outcome is not None or remaining_seconds <= 0:
                return outcome
            await asyncio.sleep(min(self._look_interval_seconds, remaining_seconds))

    async def _known_by(self, command_id: str, stream: Stream | None) -> Outcome | None:
        if stream is not None:
            return await self._of(CommandKey(*stream, command_id))
        outcomes = await self._under(command_id)
        if len(outcomes) > 1:
            raise SeveralCommands(outcomes)
        return outcomes[0] if outcomes else None

    async def _stored(self, command_id: str, command: Command) -> Outcome | None:
        """The stored outcome, if there is one now. None also if too many requests look at once. Raises Unavailable, and
        KeyReused if it is the outcome of another command.
        """
        outcome = await self._of(CommandKey(command.context, command.stream_id, command_id))
        if outcome is not None and not outcome.is_of(command):
            raise KeyReused
        return outcome

    async def earlier(self, command_id: str, command: Command) -> Outcome | None:
        """The stored outcome of a command that may have been sent before, if there is one now. None also if too many
        requests look at once. Raises Unavailable, and KeyReused if the caller's Idempotency-Key has led to this id for
        another command, perhaps about another stream.
        """
        own = await self._stored(command_id, command)
        if own is None and any(outcome.context == command.context for outcome in await self._under(command_id)):
            raise KeyReused
        return own

    async def _of(self, key: CommandKey) -> Outcome | None:
        document = await self._look(lambda: self._outcomes.outcome(key))
        return None if document is None else Outcome.model_validate_json(document)

    async def _under(self, command_id: str) -> Sequence[Outcome]:
        """The first of the outcomes of the commands with this id, of whatever stream."""
        documents = await self._look(lambda: self._outcomes.outcomes(command_id, MAX_OUTCOMES))
        return [Outcome.model_validate_json(document) for document in documents or ()]

    async def _look(self, ask: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """The answer of the store; None if too many requests look at once. Raises Unavailable."""
        if self._looks >= MAX_CONCURRENT_LOOKS:
            return None
        self._looks += 1
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_SECONDS):
                answer = await ask()
        except (Unavailable, TimeoutError) as error:
            if self._doubt_since is None:
                self._doubt_since = asyncio.get_running_loop().time()
                log.warning("stored outcomes cannot be read", error=str(error) or "no answer in time")
            raise error if isinstance(error, Unavailable) else Unavailable("Postgres", "no answer in time") from error
        finally:
            self._looks -= 1
        self._doubt_since = None
        return answer

    def _doubted_seconds(self) -> float:
        return 0.0 if self._doubt_since is None else asyncio.get_running_loop().time() - self._doubt_since

    async def check_commands(self) -> None:
        """Check that commands can be sent. Raises Unavailable."""
        await self._commands.check()

    async def check_outcomes(self) -> None:
        """Check that outcomes can be read. Raises Unavailable."""
        await self._outcomes.outcomes(str(UUID(int=0)), 1)


def _perhaps_handled(error: Unavailable, metadata: RequestMetadata) -> Problem:
    location = location_of(metadata.command_id)
    detail = (
        f"{error.server} is not available. The command may have been sent and will then be handled later: look at "
        f"{location}, or repeat the request with the same Idempotency-Key."
    )
    return unavailable(error.server, detail=detail, headers={"Location": location})
