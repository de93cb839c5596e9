"""The read-model store: documents, indexes, parked streams and the lane's checkpoint, changed in one transaction.

A projection's read model exists in generations: each is a whole build of its own, and one of them is live, the one that
queries see and the workers keep up to date.
"""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from workers.core.projection import Document, Index
from workers.ports.lanes import Unavailable
from workers.ports.parked import ParkedStream, ParkedStreamRequest


class Generation(NamedTuple):
    """One build of a projection's read model. The first has the number 1."""

    projection: str
    number: int = 1


LEFTOVERS = "+"


class Checkpoint(NamedTuple):
    """How far one lane has been applied: the last sequence, and the log offset to read next.

    `built_by` is the fingerprint of the code that the lane was begun with; empty when that is not known. `LEFTOVERS`
    behind it: the lane goes over documents that are left from before, and has not come to its end.
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
        return self.built_by.endswith(LEFTOVERS)


START = Checkpoint(0, 0)


class CheckpointMoved(Exception):
    """The stored checkpoint is not the one that the writer believed in, or another generation is live: another owner, a
    switch, or a store that was emptied or rolled back. Nothing was written. Read the checkpoint and go on from it.
    """


class EvictionAllowed(Unavailable):
    """The store's server may throw away any key when its memory is full: read models would lose documents unseen. No
    lane works on it; once the policy is another one, the lanes go on by themselves.
    """

    def __init__(self, where: str, policy: str) -> None:
        super().__init__(
            "Redis",
            f"{where} may evict any key when its memory is full (maxmemory-policy {policy}), so read models would lose "
            "documents. Run CONFIG SET maxmemory-policy noeviction there, and set it in its configuration "
            "(with a managed Redis: in the provider's parameters); the worker goes on by itself then",
        )
        self.where = where
        self.policy = policy

    def __str__(self) -> str:
        return self.explanation


class PartlyWritten(Unavailable):
    """The store refused a part of a transaction and carried out the rest: what it refused is missing now."""


class ServerSigns(NamedTuple):
    """What the store's server says of itself. `evicted` keys were thrown away since the start called `run_id`; they may
    have been ours, unless `spares_ours`: only keys with an end of their own are thrown away, and we give ours none.
    """

    run_id: str
    evicted: int
    spares_ours: bool


class IndexChange(NamedTuple):
    """An entry of an index that appears or goes."""

    entry: Index
    document_id: str


class ReadModelBatch(NamedTuple):
    """All that one transaction of a projection lane writes. Documents are JSON; one that is None is removed.

    `unparked` are streams that no longer wait; `parked` those that wait now, or wait with another event than before.
    Either ends the requests about them. `only_if_live`: not if another generation is live by then.
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


class ReadModelWriter(Protocol):
    """What the projection loop needs. Every method raises Unavailable when the store does not answer in time."""

    async def live(self, projection: str) -> Generation:
        """The generation that queries see; the first, unless another was switched to."""
        ...

    async def checkpoint(self, generation: Generation, topic: str, partition: int) -> Checkpoint:
        """The stored checkpoint; START when there is none."""
        ...

    async def is_empty(self, generation: Generation) -> bool:
        """Whether the generation has no documents at all."""
        ...

    async def documents(self, generation: Generation, document_ids: Sequence[str]) -> Mapping[str, Document]:
        """Those of the documents that exist."""
        ...

    async def present(self, generation: Generation, entries: Collection[IndexChange]) -> AbstractSet[IndexChange]:
        """Those of the index entries that exist."""
        ...

    async def signs(self) -> ServerSigns | None:
        """What the server says of itself; None: it does not tell. Raises EvictionAllowed."""
        ...

    async def remember_live(self, generation: Generation) -> bool:
        """Make a generation live if the store does not know any more which one is. Whether it was so."""
        ...

    async def parked(self, generation: Generation, topic: str, partition: int) -> Sequence[ParkedStream]:
        """The streams that wait in this lane, in the order of their ids."""
        ...

    async def parked_requests(
        self, generation: Generation, topic: str, partition: int
    ) -> Sequence[ParkedStreamRequest]:
        """What operators ask for, about streams that wait in this lane."""
        ...

    async def commit(self, batch: ReadModelBatch) -> None:
        """Write the batch if the stored checkpoint is `expected`; else raise CheckpointMoved.

        After PartlyWritten a part of it is missing. After any other Unavailable it is unknown whether it was written:
        read the checkpoint, it knows.
        """
        ...


class Page(NamedTuple):
    """A page of documents in the order of their entries; `cursor` is the place of the last one, None at the end."""

    documents: Sequence[Document]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entries there are, and the greatest `order` among them; None when there is none."""

    count: int
    last_order: str | None


class ReadModels(Protocol):
    """What queries need: always of the live generation. Every method raises Unavailable; so does one that comes upon a
    document that the store has lost: it is not there, and its entry among all is.
    """

    async def document(self, projection: str, document_id: str) -> Document | None:
        """None: there is none."""
        ...

    async def documents(self, projection: str, document_ids: Sequence[str]) -> Mapping[str, Document]:
        """Those of the documents that exist."""
        ...

    async def find(
        self, projection: str, index: Index | None, limit: int, after: str | None, newest_first: bool = False
    ) -> Page:
        """The documents found by an index's name and key (None: all of them), by `order`, then by id, or the other way
        round with `newest_first`; at most `limit`, those that follow the place `after` (a cursor). Entries that come or
        go between two pages disturb no others.
        """
        ...

    async def tally(self, projection: str, indexes: Sequence[Index], until: str | None = None) -> Sequence[Tally]:
        """Of each index's name and key, the entries: all, or, when they have an order, those of at most `until`."""
        ...

    async def reached(self, projection: str, topic: str, partition: int) -> int:
        """The last sequence applied."""
        ...
