"""The read-model store: documents, indexes, parked streams and checkpoints, changed in one transaction.

The read model of a projection exists in generations. Each is a complete build; one of them is live: queries see it, and
the workers keep it up to date.
"""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from workers.core.projection import Document, Index
from workers.ports.lanes import Unavailable
from workers.ports.parked import ParkedStream, ParkedStreamRequest


class Generation(NamedTuple):
    """One build of the read model of a projection. The first has the number 1."""

    projection: str
    number: int = 1


LEFTOVERS = "+"


class Checkpoint(NamedTuple):
    """How far a lane has been applied: the last sequence, and the log offset to read next.

    `built_by` is the fingerprint of the code with which the lane was begun; empty: unknown. A `LEFTOVERS` suffix means
    that the lane is being rebuilt over documents of an earlier build and has not reached the end of its log yet.
    """

    sequence: int
    offset: int
    built_by: str = ""

    @property
    def code(self) -> str:
        """The fingerprint alone."""
        return self.built_by.removesuffix(LEFTOVERS)

    @property
    def over_leftovers(self) -> bool:
        """Whether the lane is being rebuilt over documents of an earlier build."""
        return self.built_by.endswith(LEFTOVERS)


START = Checkpoint(0, 0)


class CheckpointMoved(Exception):
    """The stored checkpoint is not the one that the writer expected, or another generation is live: the lane has
    another owner, an operator has switched generations, or the store was emptied or rolled back. Nothing was written.
    Read the checkpoint and continue from it.
    """


class EvictionAllowed(Unavailable):
    """The server may evict any key when its memory is full, so read models would lose documents unnoticed. No lane
    works on such a server. Once its policy has been changed, the lanes continue by themselves.
    """

    def __init__(self, where: str, policy: str) -> None:
        super().__init__(
            "Redis",
            f"{where} may evict any key when its memory is full (maxmemory-policy {policy}), so read models would lose "
            "documents. Run CONFIG SET maxmemory-policy noeviction there, and set it in its configuration "
            "(with a managed Redis: in the provider's parameters); the worker continues by itself then",
        )
        self.where = where
        self.policy = policy

    def __str__(self) -> str:
        return self.explanation


class PartlyWritten(Unavailable):
    """The store rejected a part of a transaction and carried out the rest. The rejected part is missing now."""


class DocumentLost(Unavailable):
    """The store has lost a document that was asked for, or its sections; others may be there."""


class ServerSigns(NamedTuple):
    """Signs of data loss that the server reports: the number of keys `evicted` since the server start `run_id`. They
    may be ours, unless `spares_ours`: then the server evicts only keys with a time to live, and ours have none.
    """

    run_id: str
    evicted: int
    spares_ours: bool


class IndexChange(NamedTuple):
    """An entry of an index that is added or removed."""

    entry: Index
    document_id: str


class ReadModelBatch(NamedTuple):
    """All that one transaction of a projection lane writes. Documents are JSON; None removes a document.

    `parked` are streams that are parked now, or whose first waiting event has changed; `unparked` those that are no
    longer parked. Both remove the operators' requests about these streams. `only_if_live`: write nothing if another
    generation is live. With a `section`, `documents` are this lane's values in it (workers/ports/sections.py).
    """

    generation: Generation
    topic: str
    partition: int
    expected: Checkpoint
    checkpoint: Checkpoint
    documents: Mapping[str, bytes | None]
    added: Sequence[IndexChange]
    removed: Sequence[IndexChange]
    parked: Sequence[ParkedStream] = ()
    unparked: Sequence[str] = ()
    only_if_live: bool = True
    section: str = ""


class ReadModelWriter(Protocol):
    """What the projection loop needs. Every method raises Unavailable when the store does not answer in time."""

    async def live(self, projection: str) -> Generation:
        """The generation that queries see: the first, unless an operator has switched to another."""
        ...

    async def checkpoint(self, generation: Generation, topic: str, partition: int) -> Checkpoint:
        """The stored checkpoint; START if there is none."""
        ...

    async def stored_checkpoints(
        self, generation: Generation, topic: str, partitions: Sequence[int]
    ) -> Sequence[Checkpoint]:
        """The stored checkpoints of these partitions, in their order."""
        ...

    async def is_empty(self, generation: Generation) -> bool:
        """Tell whether the generation has no documents at all."""
        ...

    async def documents(self, generation: Generation, document_ids: Sequence[str]) -> Mapping[str, Document]:
        """The documents that exist, by id."""
        ...

    async def present(self, generation: Generation, entries: Collection[IndexChange]) -> AbstractSet[IndexChange]:
        """The index entries that exist."""
        ...

    async def signs(self) -> ServerSigns | None:
        """The signs that the server reports; None: it reports none. Raises EvictionAllowed."""
        ...

    async def remember_live(self, generation: Generation) -> bool:
        """Make this generation live if the store has lost the information which one is. Tell whether it had."""
        ...

    async def parked(self, generation: Generation, topic: str, partition: int) -> Sequence[ParkedStream]:
        """The parked streams of this lane, in the order of their ids."""
        ...

    async def parked_requests(
        self, generation: Generation, topic: str, partition: int
    ) -> Sequence[ParkedStreamRequest]:
        """The operators' requests about parked streams of this lane."""
        ...

    async def commit(self, batch: ReadModelBatch) -> None:
        """Write the batch if the stored checkpoint is `expected`; else raise CheckpointMoved.

        After PartlyWritten a part of the batch is missing. After any other Unavailable it is unknown whether the batch
        was written: the stored checkpoint tells.
        """
        ...


class Page(NamedTuple):
    """A page of documents in the order of their index entries. `cursor` is the position of the last one; None: no more
    pages.
    """

    documents: Sequence[Document]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of entries, and the greatest `order` among them; None: no entry has one."""

    count: int
    last_order: str | None


class ReadModels(Protocol):
    """What queries need, always of the live generation. A document has its sections, if there are any, in its field
    `SECTIONS`. Every method raises Unavailable when the store does not answer
    in time, and when it finds that the store has lost a document: the document is missing, but its entry among all is
    not.
    """

    async def document(self, projection: str, document_id: str) -> Document | None:
        """The document, or None if there is none."""
        ...

    async def documents(self, projection: str, document_ids: Sequence[str]) -> Mapping[str, Document]:
        """The documents that exist, by id."""
        ...

    async def find(
        self, projection: str, index: Index | None, limit: int, after: str | None, newest_first: bool = False
    ) -> Page:
        """At most `limit` documents with this name and key of an index (None: all documents) after the position `after`
        (a cursor), sorted by `order`, then by id; descending with `newest_first`. Entries that are added or removed
        between two pages do not affect the others.
        """
        ...

    async def tally(self, projection: str, indexes: Sequence[Index], until: str | None = None) -> Sequence[Tally]:
        """The tally of each of these index keys, over all entries or, if they have an order, those up to `until`."""
        ...

    async def reached(self, projection: str, topic: str, partition: int) -> int:
        """The last sequence that was applied."""
        ...
