"""An in-memory Redis, as far as the read models use it: values, sorted sets, hashes, and optimistic transactions.

Each key has a version that changes with its value. A transaction is carried out as a whole, and only if the keys that
it watches still have the versions that it saw. Emptying the store changes every key.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from workers.core.projection import Index
from workers.ports.read_models import Generation, Tally

SEPARATOR = "\x00"

Key = tuple[Any, ...]
"""The kind of the key, the generation or projection, and the rest."""
Entry = tuple[Index, str]
"""An index entry, and the id of the document that is found there. Entries stand in the order of `place`."""


class WatchedKeyChanged(Exception):
    """A key has changed since it was watched; nothing was written."""


class Watched(NamedTuple):
    """The values of the keys that were asked for, and the versions that they have now."""

    values: Sequence[Any]
    versions: Mapping[Key, int]


@dataclass(slots=True)
class Transaction:
    """What changes together. A value, or a field of a hash, that becomes None is removed."""

    values: dict[Key, Any] = field(default_factory=dict)
    added: list[tuple[Key, Entry]] = field(default_factory=list)
    removed: list[tuple[Key, Entry]] = field(default_factory=list)
    fields: dict[Key, dict[str, Any]] = field(default_factory=dict)


def place(entry: Entry) -> tuple[str, str]:
    """Where an entry stands: its key, then its order, if it has one, and the document's id."""
    (_, key, order), document_id = entry
    return key, f"{order}{SEPARATOR}{document_id}" if order else document_id


def _after(entry: Entry) -> tuple[str, str]:
    """The first place behind an entry."""
    key, rest = place(entry)
    return key, rest + SEPARATOR


def _behind(key: str) -> tuple[str, str]:
    """A place behind all entries of a key, and before those of any other."""
    return key + SEPARATOR, ""


def live(projection: str) -> Key:
    """The number of the live generation; no value: 1."""
    return ("live", projection)


def document(generation: Generation, document_id: str) -> Key:
    return ("document", generation, document_id)


def index(generation: Generation, name: str) -> Key:
    return ("index", generation, name)


def sections(generation: Generation, document_id: str) -> Key:
    """A hash: the values of the document's sections, by section and partition."""
    return ("sections", generation, document_id)


def checkpoint(generation: Generation, topic: str, partition: int) -> Key:
    return ("checkpoint", generation, topic, partition)


def parked(generation: Generation, topic: str, partition: int) -> Key:
    return ("parked", generation, topic, partition)


def parked_requests(generation: Generation, topic: str, partition: int) -> Key:
    return ("parked_requests", generation, topic, partition)


class ReadModelServer:
    """The server. Documents are kept as the bytes that they came as."""

    def __init__(self) -> None:
        self.policy = "noeviction"
        self.run_id = "first"
        self.evicted = 0
        self.values: dict[Key, Any] = {}
        self.indexes: dict[Key, list[Entry]] = {}
        self.hashes: dict[Key, dict[str, Any]] = {}
        self._versions: dict[Key, int] = {}

    def get(self, key: Key) -> Any:
        return self.values.get(key)

    def mget(self, keys: Sequence[Key]) -> list[Any]:
        return [self.values.get(key) for key in keys]

    def hash_of(self, key: Key) -> dict[str, Any]:
        return dict(self.hashes.get(key, {}))

    def has_entries(self, key: Key) -> bool:
        return bool(self.indexes.get(key))

    def entries(self, index: Key, key: str, after: str | None, newest_first: bool, limit: int) -> list[Entry]:
        """At most `limit` entries of an index with this key: those that follow the place `after` in reading order."""
        first, end = (key, ""), _behind(key)
        if after is not None and newest_first:
            end = (key, after)
        elif after is not None:
            first = (key, after + SEPARATOR)
        entries = self._between(index, first, end)
        return entries[::-1][:limit] if newest_first else entries[:limit]

    def tally(self, index: Key, key: str, until: str | None) -> Tally:
        """The number of entries of an index with this key, and the last order; `until`: of those up to this order."""
        entries = self._between(index, (key, ""), _behind(key) if until is None else (key, f"{until}\x01"))
        return Tally(len(entries), entries[-1][0].order if entries else None)

    def _between(self, index: Key, first: tuple[str, str], end: tuple[str, str]) -> list[Entry]:
        """The entries from the place `first` to before `end`."""
        entries = self.indexes.get(index, [])
        return entries[bisect_left(entries, first, key=place) : bisect_left(entries, end, key=place)]

    def watch(self, keys: Sequence[Key]) -> Watched:
        """WATCH and MGET."""
        return Watched(self.mget(keys), {key: self._versions.get(key, 0) for key in keys})

    def execute(self, watched: Mapping[Key, int], changes: Transaction) -> None:
        """MULTI to EXEC. Raises WatchedKeyChanged."""
        if any(self._versions.get(key, 0) != version for key, version in watched.items()):
            raise WatchedKeyChanged
        for key, value in changes.values.items():
            self.set(key, value)
        for key, entry in changes.removed:
            self._remove(key, entry)
        for key, entry in changes.added:
            self._add(key, entry)
        for key, fields in changes.fields.items():
            kept = self.hashes.get(key, {}) | fields
            self.hashes[key] = {name: value for name, value in kept.items() if value is not None}
            self._touch(key)

    def set(self, key: Key, value: Any) -> None:
        """SET, or DEL for None. Setting the same value again is a change too."""
        if value is not None:
            self.values[key] = value
            self._touch(key)
        elif self.values.pop(key, None) is not None:
            self._touch(key)

    def _add(self, key: Key, entry: Entry) -> None:
        entries = self.indexes.setdefault(key, [])
        at = bisect_left(entries, place(entry), key=place)
        if entries[at : at + 1] != [entry]:
            entries.insert(at, entry)
            self._touch(key)

    def _remove(self, key: Key, entry: Entry) -> None:
        entries = self.indexes.get(key, [])
        at = bisect_left(entries, place(entry), key=place)
        if entries[at : at + 1] == [entry]:
            del entries[at]
            self._touch(key)

    def set_if_missing(self, key: Key, value: Any) -> bool:
        """SET … NX."""
        if key in self.values:
            return False
        self.set(key, value)
        return True

    def present(self, wanted: Sequence[tuple[Key, Entry]]) -> list[tuple[Key, Entry]]:
        """Those of the index entries that exist (ZMSCORE)."""
        return [(key, entry) for key, entry in wanted if entry in self._between(key, place(entry), _after(entry))]

    def lose(self, keys: Sequence[Key], *, evicted: bool = False) -> None:
        """DEL, of whatever type; `evicted`: the server does it, for want of memory."""
        for key in keys:
            removed = [stored.pop(key, None) for stored in (self.values, self.indexes, self.hashes)]
            if any(value is not None for value in removed):
                self._touch(key)
                self.evicted += evicted

    def lose_entry(self, key: Key, entry: Entry) -> None:
        """ZREM."""
        self._remove(key, entry)

    def empty(self) -> None:
        """FLUSHALL."""
        for key in [*self.values, *self.indexes, *self.hashes]:
            self._touch(key)
        self.values.clear()
        self.indexes.clear()
        self.hashes.clear()

    def _touch(self, key: Key) -> None:
        self._versions[key] = self._versions.get(key, 0) + 1
