"""With snapshots or without, and whatever is done to their table: the same outcomes, events and unique_claims."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.command.installation import Installation
from tests.command.test_batches_are_as_one_command_at_a_time import DECIDERS, Run, runs
from workers.core.decider import Decider
from workers.ports.event_store import SnapshotRow

RESERVED = {("email", "taken@x.org"): "somebody else", ("email", "gone@x.org"): "yet another"}

Rows = dict[tuple[str, str], SnapshotRow]


def delete(rows: Rows) -> None:
    rows.clear()


def exchange(rows: Rows) -> None:
    """Each stream has the snapshot of another."""
    streams = [stream_id for _, stream_id in rows]
    moved = zip(streams, [*streams[1:], *streams[:1]], list(rows.values()), strict=True)
    changed = {("users", other): row._replace(stream_id=other) for _, other, row in moved}
    rows.clear()
    rows.update(changed)


def each(**changes: Callable[[SnapshotRow], Any]) -> Callable[[Rows], None]:
    """Every row, changed."""

    def change(rows: Rows) -> None:
        rows.update(
            {key: row._replace(**{name: made(row) for name, made in changes.items()}) for key, row in rows.items()}
        )

    return change


ACCIDENTS: dict[str, Callable[[Rows], None]] = {
    "nothing": lambda _: None,
    "deleted": delete,
    "garbage": each(state=lambda _: b"[1, {}]"),
    "another state": each(state=lambda _: b'["alive","Eve","Eve","eve@x.org",null,true]'),
    "the state of a stranger": each(state=lambda _: b"[]"),
    "an earlier version": each(stream_version=lambda row: max(1, row.stream_version - 1)),
    "a later version": each(stream_version=lambda row: row.stream_version + 1),
    "a version beyond the end": each(stream_version=lambda row: row.stream_version + 1000),
    "another digest": each(digest=lambda _: "0" * 64),
    "other code": each(fingerprint=lambda _: "other code"),
    "each other's": exchange,
}
accidents = st.lists(st.sampled_from(sorted(ACCIDENTS)), min_size=1, max_size=6)


async def played(run: Run, decider: Decider[Any], interval_events: int, happens: list[str]) -> Installation:
    """The installation after the run. Before each batch a new owner, who knows nothing, takes the lane; in turn, things
    happen to the snapshots.
    """
    installation = Installation(decider, snapshot_interval_events=interval_events)
    installation.table.reserve(RESERVED)
    for number, (_, batch) in enumerate(run.batches):
        ACCIDENTS[happens[number % len(happens)]](installation.table.table.snapshots)
        await installation.handle(batch)
    return installation


@settings(max_examples=100)
@pytest.mark.parametrize("decider", DECIDERS.values(), ids=DECIDERS.keys())
@given(run=runs(), interval_events=st.integers(1, 4), happens=accidents)
async def test_in_the_table(decider: Decider[Any], run: Run, interval_events: int, happens: list[str]) -> None:
    expected = await played(run, decider, 10**6, ["nothing"])
    result = await played(run, decider, interval_events, happens)
    assert expected.table.table.snapshots == {}
    assert result.table.handled == expected.table.handled
    assert result.table.lane() == expected.table.lane()
    assert result.table.unique_claims == expected.table.unique_claims
    assert result.table.credentials == expected.table.credentials
    assert result.table.rows == expected.table.rows
    assert result.published == expected.published


async def test_the_accidents_do_happen_to_snapshots() -> None:
    """Else the test above would say nothing."""
    row = SnapshotRow("ada", 5, "code", "digest", b"[]")
    for name, accident in ACCIDENTS.items():
        rows = {("users", "ada"): row, ("users", "bob"): row._replace(stream_id="bob", state=b'["deleted"]')}
        before = dict(rows)
        accident(rows)
        assert (rows == before) is (name == "nothing"), name
