"""What a saga lane is given: ports, the declared events, and a source of secrets."""

import time
import uuid
from collections.abc import Callable
from typing import NamedTuple

from contracts.identity import IdentitySource
from contracts.stored_events import StoredEvents
from contracts.topics import Topics
from workers.ports.clock import Clock
from workers.ports.log import MessageSender
from workers.ports.sagas import SagaStore
from workers.saga.shared_instances import SharedInstances


def random_seed() -> str:
    """A UUID from the system's source of secrets."""
    return str(uuid.uuid4())


class SagaPorts(NamedTuple):
    """The ports of a saga lane, and what it knows about the installation. The lanes of a process share `instances`.
    `draw_seed` gives a random UUID that nobody can guess. `identities`: by which commands are signed; None: they are
    not.
    """

    store: SagaStore
    sender: MessageSender
    topics: Topics
    owner: str
    events: StoredEvents
    instances: SharedInstances
    clock: Clock = time.monotonic
    draw_seed: Callable[[], str] = random_seed
    identities: IdentitySource | None = None
