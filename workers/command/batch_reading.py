"""Reads the records of a batch, and who has sent each."""

from collections.abc import Sequence

from contracts.stored_events import NewerRelease
from workers.command.command_ports import CommandPorts
from workers.command.identifying import identifying
from workers.command.reading import DeadLetter, Request, read
from workers.ports.log import InboundRecord


async def read_batch(
    records: Sequence[InboundRecord], context: str, ports: CommandPorts
) -> tuple[list[Request], list[DeadLetter]]:
    """The requests and the dead letters of these records, each in order.

    Raises NewerRelease for a command that this release does not declare, if another command worker of now does: the
    lane is left to it. Without such a worker the command becomes a dead letter, to be retried after an upgrade: it may
    be of no release at all, and must stop no lane.
    """
    commands, identities = ports.commands, ports.identities
    if identities is None:
        items = [read(record, commands, context) for record in records]
    else:
        items = await identifying(
            identities, lambda identify: [read(record, commands, context, identify) for record in records]
        )
    requests = [item for item in items if isinstance(item, Request)]
    letters = [item for item in items if isinstance(item, DeadLetter)] if len(requests) < len(items) else []
    for letter in letters:
        if letter.unknown_type and letter.unknown_type in ports.newer_types():
            raise NewerRelease(letter.unknown_type)
    return requests, letters
