"""How the fold of a lane is kept in a table: an entry for each sum, each memory, and the lane's position.

    <context>/sum/<series>/<size>/<start>/<field>   [build, sequence, amount]
    <context>/memory/<series>/<stream id>           [build, sequence, value]
    <context>/forgotten/<series>/<size>/<start>     [build, sequence, null]
    <context>/published                             [build, sequence, {"closed_until_ms", "topic_id"}]
    <context>/position                              [build, sequence, {"time_ms", "code", "topic_id"}]

`build` is the time, in seconds since 1970, at which the lane was begun with its first event: an entry of an earlier
build is gone. So are the sums of a forgotten window, however many of them are still there. A topic's id tells it from
another one of its name: what was written to that one may be gone, too. Values are JSON as Python writes it: a sum of
money may have more than 64 bits.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

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
        yield f"{context}/sum/{_path(window)}/{field}", _value(build, *total)
    for (series, stream_id), memory in changes.memories.items():
        yield f"{context}/memory/{series}/{stream_id}", None if memory is None else _value(build, *memory)
    for window in changes.forgotten:
        yield f"{context}/forgotten/{_path(window)}", _value(build, position.sequence, None)
    yield position_entry(context, position)


def keys_of(context: str, window: WindowKey, fields: list[str]) -> list[str]:
    """The keys of the entries of a forgotten window, in the order in which they must be removed."""
    path = _path(window)
    return [*(f"{context}/sum/{path}/{field}" for field in fields), f"{context}/forgotten/{path}"]


def _path(window: WindowKey) -> str:
    return f"{window.series}/{window.size}/{window.start}"


def _value(*parts: Any) -> bytes:
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()


def position_entry(context: str, position: Position) -> Entry:
    """The entry of a lane's position."""
    rest = {"time_ms": position.time_ms, "code": position.code, "topic_id": position.topic_id}
    return f"{context}/position", _value(position.build, position.sequence, rest)


def removed_position(context: str) -> Entry:
    """The entry that has the lane begun anew."""
    return f"{context}/position", None


def published_entry(context: str, published: Published) -> Entry:
    """The entry that says what was published."""
    rest = {"closed_until_ms": published.closed_until_ms, "topic_id": published.topic_id}
    return f"{context}/published", _value(published.build, published.sequence, rest)


def position_in(context: str, entries: Mapping[str, bytes]) -> Position | None:
    """The position of a lane with these entries, if it has one."""
    value = entries.get(f"{context}/position")
    if value is None:
        return None
    build, sequence, rest = json.loads(value)
    return Position(build, sequence, rest["time_ms"], rest["code"], rest["topic_id"])


def published_in(context: str, entries: Mapping[str, bytes], build: int, topic_id: str) -> Published:
    """What was published of this build, in this topic."""
    value = entries.get(f"{context}/published")
    if value is not None:
        published_build, sequence, rest = json.loads(value)
        if (published_build, rest["topic_id"]) == (build, topic_id):
            return Published(build, sequence, rest["closed_until_ms"], topic_id)
    return Published(build, 0, 0, topic_id)


def last_build(entries: Mapping[str, bytes]) -> int:
    """The highest build of any entry; 0: there is none."""
    return max((json.loads(value)[0] for value in entries.values()), default=0)


def restore(fold: LaneFold, context: str, entries: Mapping[str, bytes], position: Position | None) -> list[str]:
    """Give an empty fold what these entries hold of the position's build. Returns the keys of what is gone, in the
    order in which they must be removed: all of it if there is no position.
    """
    start = len(prefix_of(context))
    build, last = (0, 0) if position is None else position[:2]
    parsed = [(key, *key[start:].partition("/")[::2], json.loads(value)) for key, value in entries.items()]
    forgotten = {
        window_of(rest)
        for _, kind, rest, (own_build, sequence, _) in parsed
        if kind == "forgotten" and own_build == build and sequence <= last
    }
    gone, gone_marks = [], []
    for key, kind, rest, (own_build, sequence, content) in parsed:
        if kind == "forgotten":
            if own_build != build or sequence <= last:
                gone_marks.append(key)
        elif kind in ("position", "published"):
            continue
        elif own_build != build or (kind == "sum" and window_of(rest) in forgotten):
            gone.append(key)
        elif kind == "sum":
            fold.windows.setdefault(window_of(rest), {})[rest.split("/", 3)[3]] = Sum(sequence, content)
        else:
            series, stream_id = rest.split("/", 1)
            fold.memories[series, stream_id] = Memory(sequence, content)
    if position is not None:
        fold.position, fold.time_ms = position.sequence, position.time_ms
    return gone + gone_marks


def window_of(path: str) -> WindowKey:
    """The window in `<series>/<size>/<start>`, which may go on with `/<field>`."""
    series, size, begin = path.split("/", 3)[:3]
    return WindowKey(series, int(size), int(begin))


def windows_in(context: str, keys: Iterable[str]) -> set[WindowKey]:
    """The windows that these keys are of."""
    kinds = [key[len(prefix_of(context)) :].partition("/") for key in keys]
    return {window_of(rest) for kind, _, rest in kinds if kind in ("sum", "forgotten")}


def is_newer(value: bytes, than: bytes) -> bool:
    """Whether one value of an entry is of a later event, or of a later build, than another one."""
    first: list[Any] = json.loads(value)
    second: list[Any] = json.loads(than)
    return first[:2] > second[:2]
