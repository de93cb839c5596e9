"""A schedule in which little goes wrong, with something of every kind in what it leaves behind.

Of four users one has changed, one was deleted (and the saga of the circles sent a command, which was rejected), and
the deadline of the last one still waits, because the database's clock was set back. One record is a dead letter.
"""

from random import Random
from uuid import UUID

from contracts.envelope import CommandEnvelope
from contracts.message import Command
from contracts.partitioner import partition_for
from contracts.users.commands import CreateUser, DeleteUser, UpdateUser
from contracts.users.examples import PASSWORD_HASH
from tests.simulation.captured_logs import collected_bugs
from tests.simulation.circle_saga import circle_of
from tests.simulation.commands import PARTITIONS, Submission
from tests.simulation.evidence import at_rest
from tests.simulation.faults import Fault
from tests.simulation.world import Plan, World
from workers.ports.log import OutboundRecord

CHANGED, DELETED, UNCHANGED, LATE = "user-0", "user-1", "user-2", "user-4"
LONELY_CIRCLE = circle_of(DELETED)
"""Of the deleted user alone. The last thing that it has handled is that its step was rejected."""


def _user(user_id: str, email: str) -> CreateUser:
    return CreateUser(
        user_id=user_id,
        first_name="Ada",
        last_name="Lovelace",
        email=f"{email}@example.org",
        password_hash=PASSWORD_HASH,
    )


def record_of(command: Command) -> OutboundRecord:
    """A client's record; its command id follows from the command."""
    command_id = str(UUID(int=Random(command.to_json()).getrandbits(128), version=4))
    envelope = CommandEnvelope(
        id=command_id,
        type=command.type,
        source="/simulation",
        subject=command.stream_id,
        time="2026-01-01T00:00:00Z",
        correlation_id=f"correlation of {command_id}",
        causation_id=command_id,
    )
    return OutboundRecord(command.stream_id.encode(), command.to_json(), envelope.to_headers())


def partition_of(user_id: str) -> int:
    """The lane of a user."""
    return partition_for(user_id.encode(), PARTITIONS)


def _submission(at: float, command: Command) -> Submission:
    return Submission(at, 0, partition_of(command.stream_id), record_of(command), 3)


PLAN = Plan(
    seed=0,
    submissions=(
        _submission(0.3, _user(CHANGED, "ada")),
        _submission(0.4, _user(DELETED, "bob")),
        _submission(0.5, _user(UNCHANGED, "cyd")),
        _submission(0.8, UpdateUser(user_id=DELETED, city="Turin")),
        _submission(0.9, UpdateUser(user_id=CHANGED, city="London")),
        _submission(1.1, DeleteUser(user_id=DELETED)),
        Submission(1.3, 0, 0, OutboundRecord(CHANGED.encode(), b"{", []), 3),
        _submission(4.0, _user(LATE, "dan")),
    ),
    faults=(Fault(4.8, "database clock", "Postgres", 0.0, -3600.0),),
)


def calm_world() -> World:
    """The schedule's world, at rest. Its processes stand still and have to be ended."""
    world = World(PLAN)
    with collected_bugs(None):
        world.run(at_rest)
    return world
