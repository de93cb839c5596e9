"""Sends commands and waits for their outcomes. Other services, the gateway and the command line use it.

Commands go to the partition of their stream id; to be sure of the order of two commands to one stream, wait for the
first before sending the second. Sending again under the same command id is harmless: the stored outcome comes back.
Another command under that id is rejected with the code IdempotencyKeyReused.
Every call ends within its deadline, and the number of commands under way is bounded. Kafka may be away when the client
starts; it connects when it can.
"""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from contracts.client.connection import PLAINTEXT, Security, broker_options
from contracts.client.errors import ClientNotRunning, CommandTooLarge, KafkaUnavailable, TooManyCommands
from contracts.client.identifiers import new_identifier
from contracts.client.replies import Replies
from contracts.client.sender import Sender
from contracts.envelope import CommandEnvelope, read_command, rfc3339
from contracts.identity import IdentitySource
from contracts.message import Command
from contracts.outcome import Outcome
from contracts.principal import Principal
from contracts.signatures import SignatureSource
from contracts.topics import MAX_MESSAGE_BYTES, Topics

DELIVERY_TIMEOUT_SECONDS = 5.0
MAX_OUTSTANDING = 10_000


class CommandClient:
    """A client of one installation. `source` is the URI reference of the sending service (`/shop`). `partitions`: the
    number that the installation was laid out with; None: as many as its topics have. `replies_signed_by`: the keys of
    the installation, so that no reply of others is believed; None: every reply is, so let nobody else write to the
    topic.

    `identities` prove who sends each command: `principal`, unless the call names another one. A service does it by its
    API key: `identities=by_service_key(api_key), principal=WHOSE_KEY_IT_IS` (contracts/identity.py).
    """

    def __init__(
        self,
        bootstrap_servers: str,
        *,
        source: str,
        topic_prefix: str = "",
        security: Security = PLAINTEXT,
        delivery_timeout_seconds: float = DELIVERY_TIMEOUT_SECONDS,
        max_outstanding: int = MAX_OUTSTANDING,
        partitions: int | None = None,
        replies_signed_by: SignatureSource | None = None,
        identities: IdentitySource | None = None,
        principal: Principal | None = None,
    ) -> None:
        self._identities = identities
        self._principal = principal
        self._replies_signed_by = replies_signed_by
        self._partitions = partitions
        self._source = source
        self._topics = Topics(topic_prefix)
        self._timeout_seconds = delivery_timeout_seconds
        self._max_outstanding = max_outstanding
        self._outstanding = 0
        self._options = broker_options(bootstrap_servers, security, delivery_timeout_seconds)
        self._sender: Sender | None = None
        self._replies: Replies | None = None

    async def start(self) -> None:
        """Begin to connect; does not wait for Kafka."""
        if self._sender is None:
            self._sender = Sender(self._options, self._timeout_seconds, self._partitions)
            self._replies = Replies(
                self._options, self._topics.replies, self._answered_partitions, self._replies_signed_by
            )
            self._sender.start()
            self._replies.start()

    async def _answered_partitions(self, topic: str) -> Collection[int]:
        """Those of the replies' partitions that workers answer to."""
        partitions = await self._running_sender().partitions(topic)
        return [number for number in partitions if self._partitions is None or number < self._partitions]

    async def stop(self) -> None:
        """Deliver what was accepted, within the delivery timeout, and close. Calls that wait for an outcome end."""
        sender, replies, self._sender, self._replies = self._sender, self._replies, None, None
        if replies is not None:
            await replies.stop()
        if sender is not None:
            await sender.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def send(
        self,
        command: Command,
        *,
        command_id: str | None = None,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        actor: str | None = None,
        principal: Principal | None = None,
        traceparent: str | None = None,
        expected_version: int | None = None,
        expires_at: datetime | None = None,
    ) -> str:
        """Deliver a command without waiting for its outcome; returns its id once Kafka has it.

        `command_id` is a UUID (None: a new one); with `expected_version` the command is rejected when its stream has
        another version; with an aware `expires_at`, when it is handled later. Raises KafkaUnavailable, TooManyCommands,
        CommandTooLarge, ClientNotRunning, ValueError (`command_id`) or MalformedMessage (a header that no
        reader accepts).
        """
        envelope = self._envelope(
            command, command_id, correlation_id, causation_id, actor, traceparent, expected_version, expires_at
        )
        with self._slot():
            await self._deliver(command, envelope, principal)
        return envelope.id

    async def ask(
        self,
        command: Command,
        *,
        wait_seconds: float,
        command_id: str | None = None,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        actor: str | None = None,
        principal: Principal | None = None,
        traceparent: str | None = None,
        expected_version: int | None = None,
        expires_at: datetime | None = None,
    ) -> Outcome | None:
        """Deliver a command and wait for its outcome, `wait_seconds` from the call on; None when there is none by then.

        Takes at most the longer of `wait_seconds` and twice the delivery timeout. Raises what `send` raises.
        """
        envelope = self._envelope(
            command, command_id, correlation_id, causation_id, actor, traceparent, expected_version, expires_at
        )
        end = asyncio.get_running_loop().time() + wait_seconds
        with self._slot():
            replies = self._running_replies()
            addressed = envelope._replace(reply_to=await self._reply_address(replies))
            with replies.expecting(addressed.id, command) as reply:
                try:
                    await self._deliver(command, addressed, principal)
                    async with asyncio.timeout_at(end):
                        return await reply
                except TimeoutError:
                    return None
                except KafkaUnavailable:
                    if reply.done():
                        return reply.result()
                    raise

    async def check(self) -> None:
        """Whether commands can be sent and answered now. Raises KafkaUnavailable or ClientNotRunning."""
        await self._running_sender().check()
        await self._reply_address(self._running_replies())

    async def _reply_address(self, replies: Replies) -> str:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await replies.address()
        except TimeoutError as error:
            explanation = f"topic {self._topics.replies} cannot be read"
            if replies.failure:
                explanation += f": {replies.failure}"
            raise KafkaUnavailable(explanation, waited_seconds=self._timeout_seconds) from error

    async def _deliver(self, command: Command, envelope: CommandEnvelope, principal: Principal | None) -> None:
        value, principal = command.to_json(), principal or self._principal
        if len(value) > MAX_MESSAGE_BYTES:
            raise CommandTooLarge(len(value), MAX_MESSAGE_BYTES)
        if principal is not None and self._identities is not None:
            envelope = (await self._identities.current()).signed(principal, envelope, value)
        key, headers = envelope.subject.encode(), envelope.to_headers()
        read_command(headers, key)  # a header that a reader would reject fails here, where the caller can correct it
        topic = self._topics.commands(command.context)
        await self._running_sender().send(topic, key, value, headers, command_id=envelope.id)

    def _envelope(
        self,
        command: Command,
        command_id: str | None,
        correlation_id: str | None,
        causation_id: str | None,
        actor: str | None,
        traceparent: str | None,
        expected_version: int | None,
        expires_at: datetime | None,
    ) -> CommandEnvelope:
        identity = new_identifier() if command_id is None else str(UUID(command_id))
        return CommandEnvelope(
            id=identity,
            type=command.type,
            source=self._source,
            subject=command.stream_id,
            time=rfc3339(datetime.now(UTC)),
            correlation_id=correlation_id or identity,
            causation_id=causation_id or identity,
            traceparent=traceparent,
            actor=actor,
            expected_version=expected_version,
            expires_at=expires_at,
        )

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if self._outstanding >= self._max_outstanding:
            raise TooManyCommands(self._max_outstanding)
        self._outstanding += 1
        try:
            yield
        finally:
            self._outstanding -= 1

    def _running_sender(self) -> Sender:
        if self._sender is None:
            raise ClientNotRunning
        return self._sender

    def _running_replies(self) -> Replies:
        if self._replies is None:
            raise ClientNotRunning
        return self._replies
