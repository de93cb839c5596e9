"""The names of Redis keys, and the members of indexes.

    <prefix>annals:<projection>:document:<id>                    a document's JSON
    <prefix>annals:<projection>:index:<name>                     sorted set of `<key> NUL <id>`, all with score 0
    <prefix>annals:<projection>:checkpoint:<topic>:<partition>   `<sequence>:<offset>`

An index is one sorted set: a batch changes it by one command, a query is a range of it in the order of ids, and entries
of different lanes never disturb one another.
"""

from dataclasses import dataclass

from workers.ports.read_models import START, Checkpoint

SEPARATOR = b"\x00"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys under one prefix (`ANNALS_TOPIC_PREFIX`)."""

    prefix: str = ""

    def document(self, projection: str, document_id: str) -> str:
        return f"{self.prefix}annals:{projection}:document:{document_id}"

    def index(self, projection: str, name: str) -> str:
        return f"{self.prefix}annals:{projection}:index:{name}"

    def checkpoint(self, projection: str, topic: str, partition: int) -> str:
        return f"{self.prefix}annals:{projection}:checkpoint:{topic}:{partition}"


def member(key: str, document_id: str) -> bytes:
    """An index entry."""
    return key.encode() + SEPARATOR + document_id.encode()


def id_of(entry: bytes) -> str:
    """The document id of an index entry."""
    return entry.rpartition(SEPARATOR)[2].decode()


def write_checkpoint(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.sequence}:{checkpoint.offset}"


def read_checkpoint(stored: bytes | None) -> Checkpoint:
    if stored is None:
        return START
    sequence, offset = stored.split(b":")
    return Checkpoint(int(sequence), int(offset))
