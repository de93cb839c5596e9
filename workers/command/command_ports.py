"""What a command lane works with."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from contracts.identity import IdentitySource
from contracts.message import Command
from contracts.stored_events import StoredEvents
from contracts.topics import Topics
from workers.command.snapshots import SNAPSHOT_INTERVAL_EVENTS
from workers.ports.clock import Clock
from workers.ports.event_store import EventStore
from workers.ports.log import EventLog, MessageSender


class CommandPorts(NamedTuple):
    """The ports of a command lane, and what it knows about the installation. `identities`: by which it is proven who
    has sent a command, for the rules of its context; None: nobody is asked, and everybody may everything.
    `newer_types()`: the types of messages that another command worker knows, and this one does not.
    """

    store: EventStore
    log: EventLog
    sender: MessageSender
    topics: Topics
    partitions: int
    owner: str
    commands: Mapping[str, type[Command]]
    events: StoredEvents
    identities: IdentitySource | None = None
    clock: Clock = time.monotonic
    snapshot_interval_events: int = SNAPSHOT_INTERVAL_EVENTS
    newer_types: Callable[[], frozenset[str]] = frozenset
