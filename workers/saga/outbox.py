"""The outbox of a saga lane. Steps are sent after the commit; the next owner sends them again from the lane's mark on.

Delivery is at least once. As the ids of the commands are derived, a repeat has no effect.
"""

from collections import Counter
from collections.abc import Sequence

import structlog

from contracts.envelope import CommandEnvelope
from contracts.identity import Identities, IdentitySource
from contracts.principal import saga_principal
from contracts.topics import Topics
from workers import telemetry
from workers.ports.lanes import LaneGrant, LaneKey
from workers.ports.log import MessageSender, OutboundRecord
from workers.ports.sagas import SagaStore, StepRow

RESEND_BATCH_STEPS = 500

log = structlog.get_logger(__name__)


class Outbox:
    """Sends the steps of one lane. `published` is the position of the last step that is known to be sent."""

    def __init__(
        self,
        lane: LaneKey,
        store: SagaStore,
        sender: MessageSender,
        topics: Topics,
        identities: IdentitySource | None = None,
    ) -> None:
        """`identities`: by which it proves that the saga has sent a command; None: it does not."""
        self.published = 0
        self._identities = identities
        self._lane = lane
        self._store = store
        self._sender = sender
        self._topics = topics

    async def send_the_rest(self, grant: LaneGrant) -> None:
        """Send the steps that an earlier owner has committed and perhaps not sent. Raises Unavailable."""
        self.published = grant.mark.sequence
        while self.published < grant.sequence:
            steps = await self._store.outbox_after(self._lane, self.published, RESEND_BATCH_STEPS)
            if not steps:
                break
            await self.send(steps)
            log.info("sent the committed steps of an earlier owner", lane=str(self._lane), steps=len(steps))

    async def send_all(self, steps: Sequence[StepRow], again: Sequence[StepRow]) -> None:
        """Send a batch's steps, and those that it requests once more. Raises Unavailable."""
        if steps:
            await self.send(steps)
        if again:
            await self.send_again(again)

    async def send(self, steps: Sequence[StepRow]) -> None:
        """Send steps that follow one another. Raises Unavailable."""
        await self._sender.send(await self._messages(steps))
        self.published = steps[-1].position
        for labels, count in Counter((step.saga, step.step) for step in steps).items():
            telemetry.STEPS.labels(*labels).inc(count)

    async def send_again(self, steps: Sequence[StepRow]) -> None:
        """Send steps that were requested before: their rows are in the outbox already. If the worker dies before this,
        nothing is lost: the deadline that repeats the request is set again. Raises Unavailable.
        """
        await self._sender.send(await self._messages(steps))

    async def _messages(self, steps: Sequence[StepRow]) -> list[tuple[str, None, OutboundRecord]]:
        identities = None if self._identities is None else await self._identities.current()
        return [self._message(step, identities) for step in steps]

    def _message(self, step: StepRow, identities: Identities | None) -> tuple[str, None, OutboundRecord]:
        envelope = CommandEnvelope(
            id=step.command_id,
            type=step.command_type,
            source=f"/annals/sagas/{step.saga}",
            subject=step.stream_id,
            time=step.caused_at,
            correlation_id=step.correlation_id,
            causation_id=step.causation_id,
            traceparent=step.traceparent,
            actor=step.actor,
        )
        if identities is not None:
            envelope = identities.signed(saga_principal(step.saga), envelope, step.data)
        record = OutboundRecord(step.stream_id.encode(), step.data, envelope.to_headers())
        return self._topics.commands(step.command_type.partition(".")[0]), None, record
