"""How the fold of a lane is kept in a table: an entry for each sum, each memory, and the lane's position.

    <context>/sum/<series>/<size>/<start>/<field>   [build, sequence, amount]
    <context>/memory/<series>/<stream id>           [build, sequence, value]
    <context>/published                             [build, sequence, {"closed_until_ms", "topic_id"}]
    <context>/position                              [build, sequence, {"time_ms", "code", "topic_id"}]

`build` is the time, in seconds since 1970, at which the lane was begun with its first event: an entry of an earlier
build is gone. A topic's id tells it from another one of its name: what was written to that one may be gone, too.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from workers.analytics.fold import Changes, LaneFold, Memory, Sum
from workers.core.analytics import WindowKey

Entry = tuple[str, bytes | None]
"""A key and its value; None: the entry is removed."""


class Position(NamedTuple):
    """How far a lane was folded, by which code (fingerprint.py), and the id of the table's topic."""

    build: int
    sequence: int
    time_ms: int
    code: str
    topic_id: str


class Published(NamedTuple):
    """Up to which sequence the windows were published, up to which time their ends, and the id of their topic."""

    build: int
    sequence: int
    closed_until_ms: int
    topic_id: str


def prefix_of(context: str) -> str:
    """With what the keys of a context's entries begin."""
    return f"{context}/"


def written(context: str, build: int, changes: Changes, position: Position) -> Iterator[Entry]:
    """The entries for what has changed, in the order in which they must be written."""
    for (window, field), total in changes.sums.items():
        key = f"{context}/sum/{window.series}/{window.size}/{window.start}/{field}"
        yield key, None if total is None else orjson.dumps([build, *total])
    for (series, stream_id), memory in changes.memories.items():
        yield f"{context}/memory/{series}/{stream_id}", None if memory is None else orjson.dumps([build, *memory])
    yield position_entry(context, position)


def position_entry(context: str, position: Position) -> Entry:
    """The entry of a lane's position."""
    rest = {"time_ms": position.time_ms, "code": position.code, "topic_id": position.topic_id}
    return f"{context}/position", orjson.dumps([position.build, position.sequence, rest])


def published_entry(context: str, published: Published) -> Entry:
    """The entry that says what was published."""
    rest = {"closed_until_ms": published.closed_until_ms, "topic_id": published.topic_id}
    return f"{context}/published", orjson.dumps([published.build, published.sequence, rest])


def position_in(context: str, entries: Mapping[str, bytes]) -> Position | None:
    """The position of a lane with these entries, if it has one."""
    value = entries.get(f"{context}/position")
    if value is None:
        return None
    build, sequence, rest = orjson.loads(value)
    return Position(build, sequence, rest["time_ms"], rest["code"], rest["topic_id"])


def published_in(context: str, entries: Mapping[str, bytes], build: int, topic_id: str) -> Published:
    """What was published of this build, in this topic."""
    value = entries.get(f"{context}/published")
    if value is not None:
        published_build, sequence, rest = orjson.loads(value)
        if (published_build, rest["topic_id"]) == (build, topic_id):
            return Published(build, sequence, rest["closed_until_ms"], topic_id)
    return Published(build, 0, 0, topic_id)


def last_build(entries: Mapping[str, bytes]) -> int:
    """The highest build of any entry; 0: there is none."""
    return max((orjson.loads(value)[0] for value in entries.values()), default=0)


def restore(fold: LaneFold, context: str, entries: Mapping[str, bytes], position: Position) -> list[str]:
    """Give an empty fold what these entries hold of the position's build. Returns the keys of all others."""
    others = []
    start = len(prefix_of(context))
    for key, value in entries.items():
        kind, _, rest = key[start:].partition("/")
        build, sequence, content = orjson.loads(value)
        if kind in ("position", "published"):
            continue
        if build != position.build:
            others.append(key)
        elif kind == "sum":
            series, size, begin, field = rest.split("/", 3)
            fold.windows.setdefault(WindowKey(series, int(size), int(begin)), {})[field] = Sum(sequence, content)
        else:
            series, stream_id = rest.split("/", 1)
            fold.memories[series, stream_id] = Memory(sequence, content)
    fold.position, fold.time_ms = position.sequence, position.time_ms
    return others


def is_newer(value: bytes, than: bytes) -> bool:
    """Whether one value of an entry is of a later event, or of a later build, than another one."""
    first: list[Any] = orjson.loads(value)
    second: list[Any] = orjson.loads(than)
    return first[:2] > second[:2]
