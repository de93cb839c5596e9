"""The names of Redis keys, and the members of indexes.

    <prefix>annals:<projection>:live                                   the number of the live generation; none: 1
    <prefix>annals:<projection>:live_copy                              the same, in case the store loses one of the two
    <prefix>annals:<projection>:previous                               the one that was live before it
    <prefix>annals:<projection>:begun                                  set: the numbers of the generations begun by hand
    <prefix>annals:<projection>:<number>:document:<id>                 a document's JSON
    <prefix>annals:<projection>:<number>:sections:<id>                 hash: `<section>:<partition>` to a value's JSON
    <prefix>annals:<projection>:<number>:index:<name>                  sorted set of entries, all with score 0
    <prefix>annals:<projection>:<number>:checkpoint:<topic>:<partition>   `<sequence>:<offset>:<fingerprint>`
    <prefix>annals:<projection>:<number>:parked:<topic>:<partition>    hash: stream id to `ParkedStream`, as JSON
    <prefix>annals:<projection>:<number>:parked_requests:<topic>:<partition>   hash: stream id to what an operator asks

The topic of a section's lanes is `<topic>:<section>` (workers/ports/sections.py).

An entry is `<key> NUL <order> NUL <id>`, or `<key> NUL <id>` where there is no order. An index is one sorted set: a
batch changes it by one command, a query is a range of it from either end, and entries of different lanes never disturb
one another. What follows the key and its NUL is an entry's place: a page's cursor is the place of its last entry.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from workers.core.projection import Index
from workers.ports.read_models import START, Checkpoint, Generation

SEPARATOR = b"\x00"
NUMBER = re.compile(rb"[1-9][0-9]{0,8}")
CHECKPOINT = re.compile(rb"([0-9]{1,18}):([0-9]{1,18}):([0-9a-z+]*)")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys under one prefix (`ANNALS_TOPIC_PREFIX`)."""

    prefix: str = ""

    def projection(self, projection: str) -> str:
        """What all keys of a projection begin with."""
        return f"{self.prefix}annals:{projection}:"

    def live(self, projection: str) -> str:
        return f"{self.prefix}annals:{projection}:live"

    def both_live(self, projection: str) -> tuple[str, str]:
        """Where the number of the live generation is kept: twice."""
        return self.live(projection), f"{self.prefix}annals:{projection}:live_copy"

    def previous(self, projection: str) -> str:
        return f"{self.prefix}annals:{projection}:previous"

    def begun(self, projection: str) -> str:
        return f"{self.prefix}annals:{projection}:begun"

    def everything(self, generation: Generation) -> str:
        """What all keys of a generation begin with."""
        return f"{self.prefix}annals:{generation.projection}:{generation.number}:"

    def document(self, generation: Generation, document_id: str) -> str:
        return f"{self.everything(generation)}document:{document_id}"

    def sections(self, generation: Generation, document_id: str) -> str:
        return f"{self.everything(generation)}sections:{document_id}"

    def index(self, generation: Generation, name: str) -> str:
        return f"{self.everything(generation)}index:{name}"

    def checkpoint(self, generation: Generation, topic: str, partition: int) -> str:
        return f"{self.everything(generation)}checkpoint:{topic}:{partition}"

    def parked(self, generation: Generation, topic: str, partition: int) -> str:
        return f"{self.everything(generation)}parked:{topic}:{partition}"

    def parked_requests(self, generation: Generation, topic: str, partition: int) -> str:
        return f"{self.everything(generation)}parked_requests:{topic}:{partition}"


def member(index: Index, document_id: str) -> bytes:
    """An index entry."""
    _, key, order = index
    return (f"{key}\0{order}\0{document_id}" if order else f"{key}\0{document_id}").encode()


def entry_of(name: str, entry: bytes) -> tuple[Index, str]:
    """The entry of the index called `name` that a member stands for: the inverse of `member`."""
    key, _, place = entry.partition(SEPARATOR)
    order, _, document_id = place.rpartition(SEPARATOR)
    return Index(name, key.decode(), order.decode()), document_id.decode()


def id_of(entry: bytes) -> str:
    """The document id of an index entry."""
    return entry.rpartition(SEPARATOR)[2].decode()


def place_of(entry: bytes) -> str:
    """Where an entry stands among those of its key."""
    return entry.partition(SEPARATOR)[2].decode()


class Bounds(NamedTuple):
    """A range of members, as the arguments of Redis' commands by lexicographic order."""

    lowest: bytes
    highest: bytes


def bounds(key: str, *, after: str | None = None, newest_first: bool = False, until: str | None = None) -> Bounds:
    """The entries of a key: those that follow the place `after` in the direction of reading, or those that have an
    order, of `until` at most. No text in an entry holds a control character, so U+0001 comes before all that follows.
    """
    begins = key.encode() + SEPARATOR
    lowest, highest = b"[" + begins, b"(" + key.encode() + b"\x01"
    if until is not None:
        highest = b"(" + begins + until.encode() + b"\x01"
    if after is not None and newest_first:
        highest = b"(" + begins + after.encode()
    elif after is not None:
        lowest = b"(" + begins + after.encode()
    return Bounds(lowest, highest)


def live_number(stored: bytes | None, copy: bytes | None) -> int:
    """The number that the keys of `both_live` hold: the copy counts if the first is missing or no number."""
    return generation_number(stored) or generation_number(copy) or 1


def generation_number(stored: bytes | None) -> int | None:
    """None if there is none, or another program has written it."""
    return int(stored) if stored is not None and NUMBER.fullmatch(stored) else None


def write_checkpoint(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.sequence}:{checkpoint.offset}:{checkpoint.built_by}"


def read_checkpoint(stored: bytes | None) -> Checkpoint:
    """START if there is none, or another program has written it: then the lane starts over."""
    match = None if stored is None else CHECKPOINT.fullmatch(stored)
    return START if match is None else Checkpoint(int(match[1]), int(match[2]), match[3].decode())


def field_of(section: str, partition: int) -> str:
    """The field of a lane's value in the hash of a document's sections."""
    return f"{section}:{partition}"


def section_of(field: bytes) -> tuple[str, int] | None:
    """The section and the partition of a field; None if another program has written it."""
    section, _, partition = field.decode(errors="replace").rpartition(":")
    return (section, int(partition)) if section and partition.isascii() and partition.isdigit() else None
